"""Ranks the answers that each question of a message may be asking for, by how they are asked for (`knowledge/answers.py`).

An answer of the same topic and id is one thing to know, whatever the product: `payout_time#how_long`. What is known of a
product, who asks and what was said before is weighed later (`bot/answers/choose.py`). The work is done by a scorer, a
class path in config.yml.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.parse import ANSWERS, PIECES, QUESTIONS
from bot.understanding.ranking.component import Ranking
from bot.understanding.ranking.utterances import cut, said_of, utterance_of
from bot.understanding.topics.encoder import SentenceEncoder, shared_encoder
from bot.understanding.topics.features import Floats, Utterance
from knowledge import load as load_knowledge
from xiaoer import settings
from xiaoer.errors import SettingError

RANKED = 10  # answers that are written for a question
OTHERS = 700  # phrases about what is not ours that are learnt from
ELSEWHERE = "elsewhere"  # what is asked of what is not ours: no answer, and known to be none


class AnswerScorer(Protocol):
    """What tells answers by their asks. `classes`: the answers it knows."""

    classes: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        utterances: Sequence[Utterance],
        labels: Sequence[str],
        ways: Sequence[str],
        *,
        encoder: SentenceEncoder | None,
        **options: Any,
    ) -> AnswerScorer:
        """Learns from asks; labels: their answers; ways: what asks that are alike share; options: those of config.yml."""
        ...

    def probabilities(self, utterances: Sequence[Utterance]) -> Floats:
        """(n, classes), each row sums to 1."""
        ...

    def save(self, folder: Path) -> None:
        """Writes itself into an existing folder."""
        ...

    @classmethod
    def load(cls, folder: Path, *, encoder: SentenceEncoder | None) -> AnswerScorer:
        """Reads what `save` wrote."""
        ...


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP")
class AnswerRanker(Ranking[AnswerScorer]):
    """Rasa component around an `AnswerScorer`; stands behind `TopicClassifier`, whose questions it reads."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """scorer: class path of an `AnswerScorer`; options: what it is fitted with beside the phrases; encoder: as of
        `TopicClassifier`.

        piece_sure, piece_surer: how probable the answer of a piece has to be, for the piece to be a question of its own,
        where the answer has at least piece_seen of the whole message, and where it has not.

        With all views, all terms and the second voter the scorer is three times as large and no better on questions that
        it has not seen.
        """
        return {
            "scorer": "bot.understanding.topics.model.TopicModel",
            "piece_sure": 0.7,
            "piece_surer": 0.95,
            "piece_seen": 0.005,
            "options": {
                "views": (("characters", 1.0), ("words", 1.0)),
                "seen_at_least": 4,
                "vector_width": 64,
                "margin_cost": 0.25,
                "neighbours": False,
                "weights": (6.5, 0.0),  # as fitted on these asks with this encoder
            },
            "encoder": "bot.understanding.topics.universal.UniversalSentenceEncoder",
        }

    @classmethod
    def read(cls, config: dict[str, Any], folder: Path) -> AnswerScorer:
        return scorer_of(config).load(folder, encoder=shared_encoder(config["encoder"]))

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        """Learns from the texts that say which answer they ask for. Without two answers there is nothing to rank."""
        asks = [each for each in training_data.training_examples if each.get(TEXT) and said_of(each, "answer")]
        outside = load_knowledge(settings.get("XIAOER_KNOWLEDGE")).outside
        others = [each for each in training_data.intent_examples if each.get(TEXT) and each.get(INTENT) in outside]
        others = others[:: max(1, len(others) // OTHERS)]
        labels = [said_of(ask, "answer") for ask in asks]
        with self.storage.write_to(self.resource) as folder:
            if len(set(labels)) > 1:
                scorer_of(self.config).fit(
                    [utterance_of(each, model) for each in (*asks, *others)],
                    [*labels, *(ELSEWHERE for _ in others)],
                    [each.get(TEXT) for each in (*asks, *others)],  # each is a way of its own
                    encoder=shared_encoder(self.config["encoder"]),
                    **self.config["options"],
                ).save(folder)
        return self.resource

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Writes into each question of each message the answers that are likeliest asked for. Pieces that are surely for
        different answers are questions of their own, though their topics alone did not tell."""
        if self.learnt is None:
            return messages
        asked = [
            (utterance, question)
            for message in messages
            if (questions := _to_rank(message))
            for utterance in [utterance_of(message, model)]
            for question in questions
        ]
        if asked:
            self._rank(self.learnt, asked)
        for message in messages:
            self._divide(message)
        return messages

    def _divide(self, message: Message) -> None:
        """Makes one question several, where its pieces are."""
        asked = list(message.get(QUESTIONS) or ())
        if len(asked) == 1 and (several := self._several(message.get(PIECES) or (), asked[0])):
            message.set(QUESTIONS, several, add_to_output=True)

    @staticmethod
    def _rank(scorer: AnswerScorer, asked: Sequence[tuple[Utterance, dict[str, Any]]]) -> None:
        """Writes into each question, a piece of the utterance beside it, which answers it may ask for."""
        rows = scorer.probabilities([cut(whole, question["start"], question["end"]) for whole, question in asked])
        for (_, question), row in zip(asked, rows, strict=True):
            best = np.argsort(-row)[:RANKED].tolist()
            question[ANSWERS] = [[scorer.classes[at], float(row[at])] for at in best]

    def _several(self, pieces: Sequence[dict[str, Any]], whole: dict[str, Any]) -> list[dict[str, Any]]:
        """The pieces with the topics of their answers, where at least two are surely for different ones, and the whole does
        not deny it; else none. 「怎么操作？在哪设置？」 is one question in two pieces."""
        shown = {key for key, probability in whole[ANSWERS] if probability >= self.config["piece_seen"]}
        found: dict[str, dict[str, Any]] = {}
        for piece in pieces:
            key, probability = piece[ANSWERS][0]
            topic, _, name = key.partition("#")
            least = self.config["piece_sure"] if key in shown else self.config["piece_surer"]
            if topic != ELSEWHERE and name and probability >= least:
                found.setdefault(key, {**piece, "topic": topic, "confidence": probability})
        return list(found.values()) if len(found) > 1 else []


def _to_rank(message: Message) -> list[dict[str, Any]]:
    """The questions of a message, and where it is one, the pieces that it may have. Several questions are such pieces."""
    asked = list(message.get(QUESTIONS) or ())
    return [*asked, *(message.get(PIECES) or ())] if len(asked) == 1 else asked


def scorer_of(config: dict[str, Any]) -> type[AnswerScorer]:
    """The class that the configuration names. Raises SettingError where there is none."""
    path = str(config["scorer"])
    module, _, name = path.rpartition(".")
    try:
        found: type[AnswerScorer] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        expected = "the path of an answer scorer class, such as bot.understanding.topics.model.TopicModel"
        raise SettingError("scorer", path, expected) from error
    return found
