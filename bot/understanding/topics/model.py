"""Which topic an utterance is about, as probabilities. Knows no topic, no product and nothing of Rasa.

Names are taken out first: every entity becomes one character for its kind, so that what was learned of one product
or platform holds for all. Two voters read what is left, and both read the sentence vector too, if there is an encoder:

* a linear support vector machine over character n-grams, words, pairs of characters with others between them, sounds,
  and the vector;
* kernel least squares, where each training phrase speaks for its neighbourhood: the same terms plus
  exp(SHARPNESS * (cosine - 1)) of the vectors.

Both have equal say. The sum of their scores is scaled to be a calibrated log-probability on ways of asking that
neither voter has seen. Training memory grows with the square of the phrases: 200 MB for 7,000.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse
from sklearn.svm import LinearSVC

from bot.understanding.normaliser import sound
from bot.understanding.topics.encoder import Remembering, SentenceEncoder
from bot.understanding.topics.graphs import Graph, Session
from xiaoer.errors import NotReady

logger = logging.getLogger(__name__)

Floats = NDArray[np.float32]

FOLDS = 5
_CHUNK = 1024
_SHORTEST = 1e-6  # vectors that are shorter are taken to have this length
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
    views: which terms of a text are read (`_VIEWS`), each with the length that its part of a row has.
    vector_width: how many directions of the sentence vectors are read: more cost time and say nothing more.
    """

    dropped: tuple[str, ...] = ("site",)
    kept: tuple[str, ...] = ("audience",)
    views: tuple[tuple[str, float], ...] = (("characters", 1.0), ("words", 1.0), ("skips", 0.7), ("sounds", 0.5))
    seen_at_least: int = 2
    vector_width: int = 160
    margin_cost: float = 0.5
    sharpness: float = 4.0
    smoothing: float = 0.5


class _Terms:
    """Weighs the terms of a text: (1 + log count) * how rare the term is, each row of length 1.

    For one text at a time it is ten times as fast as scikit-learn's vectoriser.
    """

    def __init__(self, terms: Sequence[str], rarity: Floats) -> None:
        self.terms = list(terms)
        self.rarity = rarity
        self._column = {term: column for column, term in enumerate(self.terms)}

    @classmethod
    def fit(cls, bags: Sequence[Sequence[str]], seen_at_least: int) -> _Terms:
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


class _Features:
    """Utterances as rows of a sparse matrix (the terms of each view) and of a dense one (sentence vectors).

    marks, common: for each kind of entity that is taken out, the character and the name that take its place.
    """

    def __init__(
        self,
        config: Config,
        encoder: SentenceEncoder | None,
        marks: dict[str, str],
        common: dict[str, str],
        terms: Sequence[_Terms],
    ) -> None:
        self.config = config
        self.encoder = encoder
        self.marks = marks
        self.common = common
        self.terms = list(terms)
        self._offsets = np.cumsum([0, *(len(view.terms) for view in self.terms)])

    @classmethod
    def fit(cls, utterances: Sequence[Utterance], config: Config, encoder: SentenceEncoder | None) -> _Features:
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
            _Terms.fit(
                [_VIEWS[view](text, utterance) for text, utterance in zip(marked, utterances, strict=True)],
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
            found, weights = terms.row(_VIEWS[view](marked, utterance))
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


_VIEWS: dict[str, Callable[[str, Utterance], Sequence[str]]] = {
    "characters": _characters,
    "words": _words,
    "skips": _skips,
    "sounds": _sounds,
}


@dataclass
class _Voters:
    """The two fitted voters: everything that `scores` multiplies with."""

    projection: Floats  # (dimension, width)
    linear: Floats  # (features + width, classes)
    offsets: Floats  # (classes,)
    smooth: Floats  # (features, classes)
    phrases: Floats  # (phrases, width), each of length 1
    influence: Floats  # (phrases, classes)

    @classmethod
    def fit(
        cls, rows: sparse.csr_matrix, vectors: Floats, labels: NDArray[np.intp], classes: int, config: Config
    ) -> _Voters:
        """labels: class numbers (n,). A class without phrases gets the lowest scores there are."""
        projection = _main_directions(vectors, config.vector_width)
        projected = vectors @ projection
        machine = LinearSVC(C=config.margin_cost, tol=1e-2, random_state=0)
        machine.fit(sparse.hstack([rows, sparse.csr_matrix(projected)], format="csr"), labels)
        coefficients, offsets = machine.coef_, machine.intercept_
        if len(machine.classes_) == 2:
            coefficients, offsets = np.vstack([-coefficients, coefficients]), np.concatenate([-offsets, offsets])
        linear = np.zeros((coefficients.shape[1], classes), dtype=np.float32)
        linear[:, machine.classes_] = coefficients.T
        all_offsets = np.full(classes, -2.0, dtype=np.float32)
        all_offsets[machine.classes_] = offsets

        phrases = _of_length_one(projected)
        kernel = _likeness(phrases, phrases, config.sharpness)
        for first in range(0, len(labels), _CHUNK):
            kernel[first : first + _CHUNK] += (rows[first : first + _CHUNK] @ rows.T).toarray() / 2
        # Phrases of small classes are smoothed less, or the large ones would win every doubtful case.
        sizes = np.bincount(labels, minlength=classes)
        weights = np.sqrt(np.median(sizes[sizes > 0]) / sizes[labels])
        kernel[np.diag_indices_from(kernel)] += config.smoothing / weights
        wanted = np.eye(classes, dtype=np.float32)[labels]
        factor = linalg.cho_factor(kernel, overwrite_a=True, check_finite=False)
        influence = linalg.cho_solve(factor, wanted, overwrite_b=True, check_finite=False)
        return cls(projection, linear, all_offsets, (rows.T @ influence / 2).astype(np.float32), phrases, influence)

    def scores(self, rows: sparse.csr_matrix, vectors: Floats, sharpness: float) -> tuple[Floats, Floats]:
        """Both voters' scores, each (n, classes)."""
        features = rows.shape[1]
        projected = vectors @ self.projection
        first = rows @ self.linear[:features] + projected @ self.linear[features:] + self.offsets
        second = rows @ self.smooth + _likeness(_of_length_one(projected), self.phrases, sharpness) @ self.influence
        return first, second


@dataclass(frozen=True)
class _Weighed:
    """Both voters as one: what they are weighed with is multiplied out. This is what is kept of a trained model."""

    terms: Floats  # (features, classes)
    projection: Floats  # (dimension, width)
    directions: Floats  # (width, classes)
    offsets: Floats  # (classes,)
    phrases: Floats  # (phrases, width)
    influence: Floats  # (phrases, classes)

    @classmethod
    def of(cls, voters: _Voters, weights: tuple[float, float]) -> _Weighed:
        first, second = (np.float32(weight) for weight in weights)
        features = len(voters.smooth)
        return cls(
            first * voters.linear[:features] + second * voters.smooth,
            voters.projection,
            first * voters.linear[features:],
            first * voters.offsets,
            voters.phrases,
            second * voters.influence,
        )


class _Scorer:
    """The sum of both voters' scores, in the form that is fastest for a few utterances.

    What a term says is one row of a matrix, so a text costs as many rows as it has terms, and no matrix is built for it.
    What the vectors say is one graph.
    """

    def __init__(self, weighed: _Weighed, sharpness: float) -> None:
        self._terms = weighed.terms
        self._offsets = weighed.offsets
        self._session = _vectors_graph(weighed, sharpness) if weighed.projection.size else None

    def scores(self, rows: Sequence[tuple[NDArray[np.intp], Floats]], vectors: Floats) -> Floats:
        """(n, classes). rows: columns and values of each utterance's terms; vectors: (n, dimension)."""
        if self._session is None:
            result = np.tile(self._offsets, (len(rows), 1))
        else:
            result = self._session.run({"vectors": vectors})
        for at, (columns, values) in enumerate(rows):
            result[at] += values @ self._terms[columns]
        return result


def _vectors_graph(weighed: _Weighed, sharpness: float) -> Session:
    """What `_Voters.scores` makes of the sentence vectors, weighed."""
    g = Graph()
    projected = g("MatMul", g.input("vectors", np.float32, None, len(weighed.projection)), g.weight(weighed.projection))
    length = g("Max", g("ReduceL2", projected, axes=[1], keepdims=1), g.number(_SHORTEST))
    cosines = g("MatMul", g("Div", projected, length), g.weight(weighed.phrases.T))
    likeness = g("Exp", g("Mul", g("Sub", cosines, g.number(1)), g.number(sharpness)))
    straight = g("Add", g("MatMul", projected, g.weight(weighed.directions)), g.weight(weighed.offsets))
    return g.session(g("Add", straight, g("MatMul", likeness, g.weight(weighed.influence))))


class TopicModel:
    """Topics of utterances. Made by `fit` or `load`; `classes` names the columns of `probabilities`."""

    _ARRAYS = "topic_model.npz"
    _ABOUT = "topic_model.json"

    def __init__(
        self, classes: tuple[str, ...], features: _Features, weighed: _Weighed, weights: tuple[float, float]
    ) -> None:
        """weights: those that `weighed` was made with, for the record."""
        self.classes = classes
        self._features = features
        self._weighed = weighed
        self._weights = weights
        self._scorer = _Scorer(weighed, features.config.sharpness)

    @classmethod
    def fit(
        cls,
        utterances: Sequence[Utterance],
        labels: Sequence[str],
        ways: Sequence[str],
        *,
        encoder: SentenceEncoder | None,
        weights: tuple[float, float] | None = None,
        **config: Any,
    ) -> TopicModel:
        """Learns from n utterances with a label and a way of asking each; `config` sets fields of `Config`.

        weights: how much each voter says, if that is known (it is a third of the work to find out); else one way in
        FOLDS of each topic is held out to find the weights. All utterances are used for the voters.
        """
        settings = Config(**config)
        classes, numbers = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"at least two topics are needed to learn from, got {len(classes)}")
        features = _Features.fit(utterances, settings, encoder)
        rows, vectors = features.sparse(utterances), features.dense(utterances)

        def voters(chosen: NDArray[np.intp]) -> _Voters:
            return _Voters.fit(rows[chosen], vectors[chosen], numbers[chosen], len(classes), settings)

        everything = np.arange(len(numbers))
        if weights is not None:
            return cls(tuple(classes.tolist()), features, _Weighed.of(voters(everything), weights), weights)
        out = way_folds(labels, ways) == FOLDS - 1
        if not out.any():
            logger.warning("No topic has %d ways of asking: calibrated on single phrases, too sure of itself.", FOLDS)
            out = way_folds(labels, [str(number) for number in everything]) == FOLDS - 1
        weights = (1.0, 1.0)
        # Both fits spend their time in code that lets go of the interpreter: two cores do them at once.
        with ThreadPoolExecutor(max_workers=2) as pool:
            final = pool.submit(voters, everything)
            if out.any() and len(np.unique(numbers[~out])) > 1:
                held = voters(everything[~out]).scores(rows[out], vectors[out], settings.sharpness)
                weights = _calibrated(held, numbers[out])
        return cls(tuple(classes.tolist()), features, _Weighed.of(final.result(), weights), weights)

    def probabilities(self, utterances: Sequence[Utterance]) -> Floats:
        """(n, classes), calibrated; each row sums to 1."""
        if not utterances:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        rows = [self._features.row(utterance) for utterance in utterances]
        return np.exp(_log_softmax(self._scorer.scores(rows, self._features.dense(utterances))))

    def save(self, folder: Path) -> None:
        """Writes two files into an existing folder: arrays, and JSON for the rest. Nothing in them is executed."""
        features = self._features
        views = [view for view, _ in features.config.views]
        rarity = {f"rarity_{view}": terms.rarity for view, terms in zip(views, features.terms, strict=True)}
        # Half precision halves the file; on 876 questions no probability moved by more than 0.002 and no topic changed.
        weighed = {name: array.astype(np.float16) for name, array in vars(self._weighed).items()}
        np.savez(folder / self._ARRAYS, **rarity, **weighed)
        about = {
            "classes": self.classes,
            "weights": self._weights,
            "config": asdict(features.config),
            "marks": features.marks,
            "common": features.common,
            "encoder": _name(features.encoder),
            "terms": {view: terms.terms for view, terms in zip(views, features.terms, strict=True)},
        }
        (folder / self._ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, encoder: SentenceEncoder | None) -> TopicModel:
        """Reads what `save` wrote. Raises NotReady when it was made with another encoder."""
        about = json.loads((folder / cls._ABOUT).read_text(encoding="utf-8"))
        if about["encoder"] != _name(encoder):
            raise NotReady(
                f"The topic model was trained with the sentence encoder {about['encoder']}, but now it is {_name(encoder)}. Run `make train`."
            )
        with np.load(folder / cls._ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name].astype(np.float32) for name in file.files}
        terms = [_Terms(written, arrays.pop(f"rarity_{view}")) for view, written in about["terms"].items()]
        features = _Features(Config(**about["config"]), encoder, about["marks"], about["common"], terms)
        if isinstance(encoder, Remembering):
            words = dict(zip(about["terms"], terms, strict=True)).get("words")
            encoder.remember(["、".join(words.commonest())] if words else [])
        return cls(tuple(about["classes"]), features, _Weighed(**arrays), tuple(about["weights"]))


def way_folds(labels: Sequence[str], ways: Sequence[str]) -> NDArray[np.intp]:
    """(n,) fold of each phrase, 0 to FOLDS - 1: the ways of a topic are dealt out in turn and never divided."""
    seen: dict[str, dict[str, int]] = defaultdict(dict)
    return np.array(
        [seen[label].setdefault(way, len(seen[label])) % FOLDS for label, way in zip(labels, ways, strict=True)]
    )


def _main_directions(vectors: Floats, width: int) -> Floats:
    """(dimension, at most width): the directions along which the vectors differ most."""
    if not vectors.shape[1]:
        return np.zeros((0, 0), dtype=np.float32)
    directions = np.linalg.eigh(vectors.T @ vectors)[1]
    return np.ascontiguousarray(directions[:, ::-1][:, :width])


def _of_length_one(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _SHORTEST), dtype=np.float32)


def _likeness(ones: Floats, others: Floats, sharpness: float) -> Floats:
    """(ones, others): 1 for equal vectors, falling off with the angle; all zero without an encoder."""
    result = ones @ others.T
    if ones.shape[1]:
        result -= 1
        result *= sharpness
        np.exp(result, out=result)
    return np.asarray(result, dtype=np.float32)


def _calibrated(scores: tuple[Floats, Floats], labels: NDArray[np.intp]) -> tuple[float, float]:
    """The weight of each voter: both brought to their own best temperature, so that they have equal say, then their sum."""
    first, second = (_temperature(voter, labels) for voter in scores)
    both = _temperature(first * scores[0] + second * scores[1], labels)
    return first * both, second * both


def _temperature(scores: Floats, labels: NDArray[np.intp]) -> float:
    """What to multiply scores with so that the right classes get the highest likelihood."""
    right = np.arange(len(labels)), labels
    found = optimize.minimize_scalar(
        lambda log: -_log_softmax(np.exp(log) * scores)[right].mean(), bounds=(-4, 5), method="bounded"
    )
    return float(np.exp(found.x))


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), dtype=np.float32)


def _name(encoder: SentenceEncoder | None) -> str | None:
    return encoder.name if encoder else None
