"""Ranks the topics of each question of a message. What is done with the ranking is decided later (`verdict`).

Sets ``intent`` (the likeliest topic) and ``intent_ranking`` as every Rasa classifier does, and what `parse` describes.
A message that names things without asking anything has the intent ``mention``, an empty one has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.normaliser import BREAKS
from bot.understanding.parse import MENTION, PIECES, QUESTIONS, RANKING, READING, REST
from bot.understanding.ranking import questions
from bot.understanding.ranking.component import Ranking
from bot.understanding.ranking.utterances import cut, said_of, utterance_of
from bot.understanding.spacy_zh import PRODUCT
from bot.understanding.topics.encoder import shared_encoder
from bot.understanding.topics.features import Entity, Floats, Utterance
from bot.understanding.topics.model import TopicModel
from bot.understanding.verdict import Thresholds
from knowledge import load as load_knowledge
from xiaoer import settings

RANKING_LENGTH = 10
_CLAUSES = ("clause_at_least", "clause_sure", "clause_seen")
# What may stand around a thing that is only named.
_FILLER = re.compile(
    r"[?!,。;、~.:\s]|请问|你好|您好|那么|那|这个|这|它|他|的话|的|呢|嘞|啊|呀|哈|啦|咯|吧|嘛|吗|哦|嗯|和|跟|与|是|我|单号|订单号|订单|编号|单|改成|换成|换"
)
_ONLY_NAMES = frozenset({PRODUCT, "platform", "other_insurance", "order_number", "ordinal", "audience"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP")
class TopicClassifier(Ranking[TopicModel], IntentClassifier):
    """Rasa component around `TopicModel`.

    It makes its features itself, from text, tokens and entities: the questions of one message are judged one by
    one, which featurizers that see whole messages cannot do.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """encoder: class path of a `SentenceEncoder`, or null to run on words and characters alone.

        weights: see `TopicModel.fit`.

        outside_share, refuse_below, gap: see `verdict.Thresholds`; they go with every ranking.
        clause_at_least, clause_sure, clause_seen: a piece of a message is a question of its own when its topic has at
        least clause_at_least, and the whole message does not deny it: the topic is sure (clause_sure) or shows in
        the whole, too (clause_seen). 「怎么操作？在哪设置？」 is one question in two pieces.
        """
        return {
            "encoder": "bot.understanding.topics.universal.UniversalSentenceEncoder",
            "weights": None,
            **asdict(Thresholds()),
            "clause_at_least": 0.7,
            "clause_sure": 0.98,
            "clause_seen": 0.005,
        }

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, topics: TopicModel | None = None
    ) -> None:
        self._thresholds = asdict(Thresholds.of(config))
        for name in _CLAUSES:
            if not 0.0 <= float(config[name]) <= 1.0:
                raise ValueError(
                    f"TopicClassifier: {name} must lie between 0 and 1, got {config[name]!r}; mend config.yml"
                )
        super().__init__(config, model_storage, resource, topics)
        knowledge = load_knowledge(settings.get("XIAOER_KNOWLEDGE"))
        classes = topics.classes if topics else ()
        self._outside = np.array([name in knowledge.outside for name in classes], dtype=bool)
        self._rests = questions.Rests(knowledge.acts)
        self._talk = np.array([name in knowledge.conversation for name in classes], dtype=bool)

    @classmethod
    def read(cls, config: dict[str, Any], folder: Path) -> TopicModel:
        return TopicModel.load(folder, encoder=shared_encoder(config["encoder"]))

    @classmethod
    def load(cls, *arguments: Any, **named: Any) -> TopicClassifier:
        """See the parent. The first message should not pay for what is loaded lazily."""
        classifier = super().load(*arguments, **named)
        if classifier.learnt is not None:
            word = Utterance("运费险怎么用", ("运费险", "怎么", "用"), (Entity(0, 3, PRODUCT, "freight"),))
            classifier.learnt.probabilities([word])
        return classifier

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        self.learnt = TopicModel.fit(
            [utterance_of(example, model) for example in examples],
            [example.get(INTENT) for example in examples],
            [said_of(example, "way") for example in examples],
            encoder=shared_encoder(self.config["encoder"]),
            weights=self.config["weights"] and tuple(self.config["weights"]),
        )
        with self.storage.write_to(self.resource) as folder:
            self.learnt.save(folder)
        return self.resource

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Ranks each message. What several are multiplied with is read from memory once for all of them."""
        asked = [
            (message, pieces, self._rest(message, pieces[0][0]))
            for message in messages
            if (pieces := self._pieces(message, model))
        ]
        if not asked:
            return messages
        assert self.learnt is not None, "the component was created, not loaded"
        rows = self.learnt.probabilities(
            [piece for _, pieces, rest in asked for piece in (*(each for each, _ in pieces), *filter(None, [rest]))]
        )
        at = 0
        for message, pieces, rest in asked:
            self._classify(message, rows[at : at + len(pieces)], [span for _, span in pieces])
            at += len(pieces)
            if rest is not None:
                message.set(REST, {**message.get(REST), **self._ranked(rows[at])}, add_to_output=True)
                at += 1
        return messages

    def _rest(self, message: Message, whole: Utterance) -> Utterance | None:
        """What a message is about beside what it takes back, to be ranked too; None where there is nothing such."""
        found = self._rests.of(whole.text, message.get(BREAKS) or ())
        if found is None:
            return None
        text = whole.text[found.start : found.end]
        entities = [
            each for each in message.get(ENTITIES) or [] if found.start <= each["start"] and each["end"] <= found.end
        ]
        moved = [{**each, "start": each["start"] - found.start, "end": each["end"] - found.start} for each in entities]
        only = bool({each["entity"] for each in entities} & _ONLY_NAMES) and not _left_over(text, moved)
        message.set(REST, {**asdict(found), "named": only}, add_to_output=True)
        return None if only or not text.strip(" ,.。!?;~") else cut(whole, found.start, found.end)

    def _ranked(self, row: Floats) -> dict[str, Any]:
        """A ranking, and what all topics outside have together."""
        assert self.learnt is not None
        order = np.argsort(-row)[:RANKING_LENGTH].tolist()
        ranking = [{"name": self.learnt.classes[at], "confidence": float(row[at])} for at in order]
        return {"ranking": ranking, "outside": float(row[self._outside].sum())}

    def _pieces(self, message: Message, model: SpacyModel) -> list[tuple[Utterance, tuple[int, int]]]:
        """The whole message, and its pieces where it has several, each with its place; none where nothing is asked."""
        text = message.get(TEXT) or ""
        entities = message.get(ENTITIES) or []
        named = {entity["entity"] for entity in entities}
        if not text:
            _write(message, None, 0.0)
            return []
        if named & _ONLY_NAMES and not _left_over(text, entities):
            _write(message, MENTION, 1.0)
            return []
        whole = utterance_of(message, model)
        spans = questions.clauses(whole.text, message.get(BREAKS) or ())
        pieces = [] if len(spans) == 1 else [(cut(whole, start, end), (start, end)) for start, end in spans]
        return [(whole, (0, len(whole.text))), *pieces]

    def _classify(self, message: Message, rows: Floats, spans: list[tuple[int, int]]) -> None:
        """rows: (1 + pieces, classes), the whole message first; spans: where each stands."""
        assert self.learnt is not None
        parts = self._separate_questions(rows, spans[1:])
        order = np.argsort(-rows[0])[:RANKING_LENGTH].tolist()
        names = self.learnt.classes
        if not parts:
            parts = [(names[order[0]], float(rows[0][order[0]]), *spans[0])]
        entities = message.get(ENTITIES) or []
        pieces = [
            (names[at], float(row[at]), *span)
            for row, span in zip(rows[1:], spans[1:], strict=True)
            for at in [int(row.argmax())]
        ]
        message.set(PIECES, [_question(part, entities) for part in pieces])
        _write(
            message,
            *parts[0][:2],
            ranking=[{"name": names[at], "confidence": float(rows[0][at])} for at in order],
            asked=[_question(part, entities) for part in parts],
            reading={"outside": float(rows[0][self._outside].sum()), **self._thresholds},
        )

    def _separate_questions(self, rows: Floats, spans: list[tuple[int, int]]) -> list[tuple[str, float, int, int]]:
        """(topic, confidence, start, end) a question of a message with several; nothing where it is really one.

        rows: (1 + pieces, classes), the whole message first.
        """
        assert self.learnt is not None
        found: dict[str, tuple[str, float, int, int]] = {}
        for row, (start, end) in zip(rows[1:], spans, strict=False):
            best = int(row.argmax())
            if self._talk[best]:  # 「您给说句实在话」 beside a question asks nothing
                continue
            confidence = float(row[best])
            shows = confidence >= self.config["clause_sure"] or rows[0][best] >= self.config["clause_seen"]
            if self._outside[best] or confidence < self.config["clause_at_least"] or not shows:
                return []
            topic = self.learnt.classes[best]
            found.setdefault(topic, (topic, confidence, start, end))
        return list(found.values()) if len(found) > 1 else []


def _write(
    message: Message,
    topic: str | None,
    confidence: float,
    *,
    ranking: Sequence[dict[str, Any]] = (),
    asked: Sequence[dict[str, Any]] = (),
    reading: dict[str, float] | None = None,
) -> None:
    """Puts what was found into the message, in Rasa's fields and in ours."""
    first = {"name": topic, "confidence": confidence}
    message.set(INTENT, first, add_to_output=True)
    message.set(RANKING, list(ranking) or [first], add_to_output=True)
    message.set(QUESTIONS, list(asked), add_to_output=True)
    message.set(READING, reading or {}, add_to_output=True)


def _question(part: tuple[str, float, int, int], entities: list[dict[str, Any]]) -> dict[str, Any]:
    """As `parse.QUESTIONS` has it. part: topic, confidence, start, end."""
    topic, confidence, start, end = part
    products = products_in(entities, start, end)
    return {"topic": topic, "confidence": confidence, "start": start, "end": end, "products": products}


def products_in(entities: list[dict[str, Any]], start: int, end: int) -> list[str]:
    """Product ids named between two offsets, each once, in order."""
    return list(
        dict.fromkeys(
            entity["value"] for entity in entities if entity["entity"] == PRODUCT and start <= entity["start"] < end
        )
    )


def _left_over(text: str, entities: list[dict[str, Any]]) -> str:
    """What remains of a text without the things it names and the words around them."""
    for entity in sorted(entities, key=lambda entity: -entity["start"]):
        if entity["entity"] in _ONLY_NAMES:
            text = text[: entity["start"]] + text[entity["end"] :]
    return _FILLER.sub("", text)
