"""Which topic an utterance is about, as probabilities. Knows no topic, no product and nothing of Rasa.

Names are taken out first (`features`). Two voters read what is left (`voters`), and both read the sentence vector too,
if there is an encoder. Both have equal say. The sum of their scores is scaled to be a calibrated log-probability on ways
of asking that neither voter has seen.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.topics.encoder import Remembering, SentenceEncoder
from bot.understanding.topics.features import Config, Features, Floats, Terms, Utterance
from bot.understanding.topics.voters import Scorer, Voters, Weighed, calibrated, log_softmax
from xiaoer.errors import NotReady

logger = logging.getLogger(__name__)

FOLDS = 5


class TopicModel:
    """Topics of utterances. Made by `fit` or `load`; `classes` names the columns of `probabilities`."""

    _ARRAYS = "topic_model.npz"
    _ABOUT = "topic_model.json"

    def __init__(
        self, classes: tuple[str, ...], features: Features, weighed: Weighed, weights: tuple[float, float]
    ) -> None:
        """weights: those that `weighed` was made with, for the record."""
        self.classes = classes
        self._features = features
        self._weighed = weighed
        self._weights = weights
        self._scorer = Scorer(weighed, features.config.sharpness)

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
        features = Features.fit(utterances, settings, encoder)
        rows, vectors = features.sparse(utterances), features.dense(utterances)

        def voters(chosen: NDArray[np.intp]) -> Voters:
            return Voters.fit(rows[chosen], vectors[chosen], numbers[chosen], len(classes), settings)

        everything = np.arange(len(numbers))
        if weights is not None:
            return cls(tuple(classes.tolist()), features, Weighed.of(voters(everything), weights), weights)
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
                weights = calibrated(held, numbers[out])
        return cls(tuple(classes.tolist()), features, Weighed.of(final.result(), weights), weights)

    def probabilities(self, utterances: Sequence[Utterance]) -> Floats:
        """(n, classes), calibrated; each row sums to 1."""
        if not utterances:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        rows = [self._features.row(utterance) for utterance in utterances]
        return np.exp(log_softmax(self._scorer.scores(rows, self._features.dense(utterances))))

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
        terms = [Terms(written, arrays.pop(f"rarity_{view}")) for view, written in about["terms"].items()]
        features = Features(Config(**about["config"]), encoder, about["marks"], about["common"], terms)
        if isinstance(encoder, Remembering):
            words = dict(zip(about["terms"], terms, strict=True)).get("words")
            encoder.remember(["、".join(words.commonest())] if words else [])
        return cls(tuple(about["classes"]), features, Weighed(**arrays), tuple(about["weights"]))


def way_folds(labels: Sequence[str], ways: Sequence[str]) -> NDArray[np.intp]:
    """(n,) fold of each phrase, 0 to FOLDS - 1: the ways of a topic are dealt out in turn and never divided."""
    seen: dict[str, dict[str, int]] = defaultdict(dict)
    return np.array(
        [seen[label].setdefault(way, len(seen[label])) % FOLDS for label, way in zip(labels, ways, strict=True)]
    )


def _name(encoder: SentenceEncoder | None) -> str | None:
    return encoder.name if encoder else None
