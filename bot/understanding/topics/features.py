"""What the voters read of an utterance: its terms, and the vector of its sentence, with names taken out.

Every entity becomes one character for its kind, so that what was learned of one product or platform holds for all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.understanding.names import sound
from bot.understanding.topics.encoder import SentenceEncoder

Floats = NDArray[np.float32]

# The characters that stand for kinds of entities come from Unicode's private area, which the normaliser never leaves in.
_FIRST_MARK = 0xE000


@dataclass(frozen=True)
class Entity:
    """A named thing in an utterance: text[start:end], its kind and its value."""

    start: int
    end: int
    label: str
    value: str


@dataclass(frozen=True)
class Utterance:
    """A normalised text, its tokens, and the entities in it (in order, not overlapping)."""

    text: str
    words: tuple[str, ...]
    entities: tuple[Entity, ...]


@dataclass(frozen=True)
class Config:
    """What can be set on `TopicModel.fit`.

    dropped: kinds of entities that say nothing about the topic. kept: kinds whose wording does.
    views: which terms of a text are read (`VIEWS`), each with the length that its part of a row has.
    vector_width: how many directions of the sentence vectors are read: more cost time and say nothing more.
    neighbours: whether the second voter, of each phrase's neighbourhood, is asked: it costs time that grows with the phrases.
    """

    dropped: tuple[str, ...] = ("site",)
    kept: tuple[str, ...] = ("audience",)
    views: tuple[tuple[str, float], ...] = (("characters", 1.0), ("words", 1.0), ("skips", 0.7), ("sounds", 0.5))
    seen_at_least: int = 2
    vector_width: int = 160
    margin_cost: float = 0.5
    sharpness: float = 4.0
    smoothing: float = 0.5
    neighbours: bool = True


class Terms:
    """Weighs the terms of a text: (1 + log count) * how rare the term is, each row of length 1.

    For one text at a time it is ten times as fast as scikit-learn's vectoriser.
    """

    def __init__(self, terms: Sequence[str], rarity: Floats) -> None:
        self.terms = list(terms)
        self.rarity = rarity
        self._column = {term: column for column, term in enumerate(self.terms)}

    @classmethod
    def fit(cls, bags: Sequence[Sequence[str]], seen_at_least: int) -> Terms:
        seen = Counter(term for bag in bags for term in set(bag))
        terms = sorted(term for term, times in seen.items() if times >= seen_at_least)
        times = np.array([seen[term] for term in terms], dtype=np.float32)
        return cls(terms, np.log((1 + len(bags)) / (1 + times)).astype(np.float32) + 1)

    def commonest(self) -> list[str]:
        """All terms, those of the most texts first."""
        return [self.terms[at] for at in np.argsort(self.rarity, kind="stable")]

    def row(self, found: Sequence[str]) -> tuple[NDArray[np.intp], Floats]:
        """Columns and values of those of the terms that are known. found: each as often as it occurs."""
        column = self._column.get
        known = Counter([place for term in found if (place := column(term)) is not None])
        if not known:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32)
        columns = np.fromiter(known, dtype=np.intp, count=len(known))
        values = self.rarity[columns]
        if max(known.values()) > 1:
            values *= 1 + np.log(np.fromiter(known.values(), dtype=np.float32, count=len(known)))
        return columns, values / np.sqrt(values @ values)


class Features:
    """Utterances as rows of a sparse matrix (the terms of each view) and of a dense one (sentence vectors).

    marks, common: for each kind of entity that is taken out, the character and the name that take its place.
    """

    def __init__(
        self,
        config: Config,
        encoder: SentenceEncoder | None,
        marks: dict[str, str],
        common: dict[str, str],
        terms: Sequence[Terms],
    ) -> None:
        self.config = config
        self.encoder = encoder
        self.marks = marks
        self.common = common
        self.terms = list(terms)
        self._offsets = np.cumsum([0, *(len(view.terms) for view in self.terms)])

    @classmethod
    def fit(cls, utterances: Sequence[Utterance], config: Config, encoder: SentenceEncoder | None) -> Features:
        written: dict[str, Counter[str]] = defaultdict(Counter)
        for utterance in utterances:
            for entity in utterance.entities:
                written[entity.label][utterance.text[entity.start : entity.end]] += 1
        named = sorted(written.keys() - {*config.dropped, *config.kept})
        dropped = dict.fromkeys(config.dropped, "")
        marks = {label: chr(_FIRST_MARK + number) for number, label in enumerate(named)} | dropped
        common = {label: written[label].most_common(1)[0][0] for label in named} | dropped
        marked = [_renamed(utterance, marks) for utterance in utterances]
        terms = [
            Terms.fit(
                [VIEWS[view](text, utterance) for text, utterance in zip(marked, utterances, strict=True)],
                config.seen_at_least,
            )
            for view, _ in config.views
        ]
        return cls(config, encoder, marks, common, terms)

    def sparse(self, utterances: Sequence[Utterance]) -> sparse.csr_matrix:
        """(n, terms of all views), the part of each view of the length that the configuration gives it."""
        rows = [self.row(utterance) for utterance in utterances]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        shape = len(utterances), int(self._offsets[-1])
        columns = np.concatenate([columns for columns, _ in rows])
        return sparse.csr_matrix((np.concatenate([values for _, values in rows]), columns, ends), shape=shape)

    def row(self, utterance: Utterance) -> tuple[NDArray[np.intp], Floats]:
        """One row of `sparse`: the columns of the terms that are known, and their values."""
        marked = _renamed(utterance, self.marks)
        columns: list[NDArray[np.intp]] = []
        values: list[Floats] = []
        for (view, length), terms, offset in zip(self.config.views, self.terms, self._offsets, strict=False):
            found, weights = terms.row(VIEWS[view](marked, utterance))
            columns.append(found + offset)
            values.append(weights * np.float32(length))
        return np.concatenate(columns), np.concatenate(values)

    def dense(self, utterances: Sequence[Utterance]) -> Floats:
        """(n, dimension) vectors of the texts with entities called by the commonest name; (n, 0) without encoder."""
        if self.encoder is None:
            return np.zeros((len(utterances), 0), dtype=np.float32)
        return self.encoder.encode([_renamed(utterance, self.common) for utterance in utterances])


def _renamed(utterance: Utterance, instead: dict[str, str]) -> str:
    """The text with each entity of a kind in `instead` replaced by what stands there for the kind."""
    pieces, at = [], 0
    for entity in utterance.entities:
        if entity.label in instead:
            pieces += [utterance.text[at : entity.start], instead[entity.label]]
            at = entity.end
    return "".join(pieces) + utterance.text[at:]


def _runs(items: Sequence[str], longest: int, between: str = "") -> list[str]:
    """Runs of one to `longest` items."""
    joined = [*items]
    runs = [*items]
    for size in range(1, longest):
        joined = [run + between + item for run, item in zip(joined, items[size:], strict=False)]
        runs += joined
    return runs


def _characters(marked: str, utterance: Utterance) -> list[str]:
    """Runs of one to four characters."""
    return _runs(marked, 4)


def _words(marked: str, utterance: Utterance) -> Sequence[str]:
    return utterance.words


def _skips(marked: str, utterance: Utterance) -> list[str]:
    """Pairs of characters with one to three others between them: 多…到 is in 多久到 and in 多长时间到."""
    return [left + right for gap in (2, 3, 4) for left, right in zip(marked, marked[gap:], strict=False)]


def _sounds(marked: str, utterance: Utterance) -> list[str]:
    """Runs of one to three syllables: a wrong character of the right sound changes nothing."""
    return _runs([sound(character) for character in marked], 3, " ")


VIEWS: dict[str, Callable[[str, Utterance], Sequence[str]]] = {
    "characters": _characters,
    "words": _words,
    "skips": _skips,
    "sounds": _sounds,
}
