"""The two voters: how they are fitted, what each says, and both as one for a server.

* a linear support vector machine over the terms and the vector;
* kernel least squares, where each training phrase speaks for its neighbourhood: the same terms plus
  exp(sharpness * (cosine - 1)) of the vectors.

Training memory grows with the square of the phrases: 200 MB for 7,000.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse
from sklearn.svm import LinearSVC

from bot.understanding.topics.features import Config, Floats
from bot.understanding.topics.graphs import Graph, Session

_MUCH = 2_000_000  # phrases times classes: less is fitted in one process before another has started
_CHUNK = 1024
_SHORTEST = 1e-6  # vectors that are shorter are taken to have this length


@dataclass
class Voters:
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
    ) -> Voters:
        """labels: class numbers (n,). A class without phrases gets the lowest scores there are."""
        projection = _main_directions(vectors, config.vector_width)
        projected = vectors @ projection
        everything = sparse.hstack([rows, sparse.csr_matrix(projected)], format="csr")
        linear, all_offsets = _straight(everything, labels, classes, config.margin_cost)

        if not config.neighbours:
            none = np.zeros((0, projection.shape[1]), dtype=np.float32), np.zeros((0, classes), dtype=np.float32)
            return cls(projection, linear, all_offsets, np.zeros((rows.shape[1], classes), dtype=np.float32), *none)
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


def _straight(
    rows: sparse.csr_matrix, labels: NDArray[np.intp], classes: int, margin_cost: float
) -> tuple[Floats, Floats]:
    """(features, classes), (classes,): a machine for each class against all others. Each is fitted by itself, so those of a
    part of the classes, with all others as one class more, are fitted beside those of another part: in processes, as
    liblinear has one state for all threads."""
    linear = np.zeros((rows.shape[1], classes), dtype=np.float32)
    offsets = np.full(classes, -2.0, dtype=np.float32)  # of a class without phrases
    known = np.unique(labels)
    at_once = min(4, os.cpu_count() or 1) if rows.shape[0] * len(known) > _MUCH else 1
    parts = [known[at::at_once] for at in range(at_once)]
    fits = (delayed(_machines)(rows, np.where(np.isin(labels, part), labels, -1), margin_cost) for part in parts)
    for part, coefficients, intercepts in Parallel(n_jobs=at_once, mmap_mode="c")(fits):
        linear[:, part] = coefficients.T
        offsets[part] = intercepts
    return linear, offsets


def _machines(
    rows: sparse.csr_matrix, labels: NDArray[np.intp], margin_cost: float
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Classes, coefficients (classes, features), offsets; label -1 stands for all others."""
    machine = LinearSVC(C=margin_cost, tol=1e-2, random_state=0).fit(rows, labels)
    found = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        found = np.vstack([-found[0], found[0]]), np.concatenate([-found[1], found[1]])
    ours = machine.classes_ >= 0
    return machine.classes_[ours], found[0][ours].astype(np.float32), found[1][ours].astype(np.float32)


@dataclass(frozen=True)
class Weighed:
    """Both voters as one: what they are weighed with is multiplied out. This is what is kept of a trained model."""

    terms: Floats  # (features, classes)
    projection: Floats  # (dimension, width)
    directions: Floats  # (width, classes)
    offsets: Floats  # (classes,)
    phrases: Floats  # (phrases, width)
    influence: Floats  # (phrases, classes)

    @classmethod
    def of(cls, voters: Voters, weights: tuple[float, float]) -> Weighed:
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


class Scorer:
    """The sum of both voters' scores, in the form that is fastest for a few utterances.

    What a term says is one row of a matrix, so a text costs as many rows as it has terms, and no matrix is built for it.
    What the vectors say is one graph.
    """

    def __init__(self, weighed: Weighed, sharpness: float) -> None:
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


def _vectors_graph(weighed: Weighed, sharpness: float) -> Session:
    """What `Voters.scores` makes of the sentence vectors, weighed."""
    g = Graph()
    projected = g("MatMul", g.input("vectors", np.float32, None, len(weighed.projection)), g.weight(weighed.projection))
    straight = g("Add", g("MatMul", projected, g.weight(weighed.directions)), g.weight(weighed.offsets))
    if not len(weighed.phrases):
        return g.session(straight)
    length = g("Max", g("ReduceL2", projected, axes=[1], keepdims=1), g.number(_SHORTEST))
    cosines = g("MatMul", g("Div", projected, length), g.weight(weighed.phrases.T))
    likeness = g("Exp", g("Mul", g("Sub", cosines, g.number(1)), g.number(sharpness)))
    return g.session(g("Add", straight, g("MatMul", likeness, g.weight(weighed.influence))))


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


def calibrated(scores: tuple[Floats, Floats], labels: NDArray[np.intp]) -> tuple[float, float]:
    """The weight of each voter: both brought to their own best temperature, so that they have equal say, then their sum."""
    first, second = (_temperature(voter, labels) for voter in scores)
    both = _temperature(first * scores[0] + second * scores[1], labels)
    return first * both, second * both


def _temperature(scores: Floats, labels: NDArray[np.intp]) -> float:
    """What to multiply scores with so that the right classes get the highest likelihood."""
    right = np.arange(len(labels)), labels
    found = optimize.minimize_scalar(
        lambda log: -log_softmax(np.exp(log) * scores)[right].mean(), bounds=(-4, 5), method="bounded"
    )
    return float(np.exp(found.x))


def log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), dtype=np.float32)
