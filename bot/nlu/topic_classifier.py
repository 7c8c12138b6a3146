"""Decides the topic of each question of a message, or refuses.

Sets ``intent`` and ``intent_ranking`` as every Rasa classifier does, and two things of ours:

``questions``  ``[{"topic", "confidence", "start", "end", "products"}, …]``, one a question, in order (at most three)
``decision``   ``{"kind": "accept" | "close" | "unknown" | "mention", "candidates": [topic, …]}``

A refused message has the intent ``nlu_fallback``; one that names things without asking anything
(「退货宝呢」, an order number, 「我是卖家」) has the intent ``mention``.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import ENTITIES, INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import questions
from bot.nlu.encoder import load_encoder
from bot.nlu.spacy_zh import PRODUCT, WORDS
from bot.nlu.topic_model import Entity, TopicModel, Utterance

MENTION = "mention"
QUESTIONS = "questions"
DECISION = "decision"
RANKING_LENGTH = 10
# What may stand around a thing that is only named.
_FILLER = re.compile(r"[?!,。;、~.:\s]|请问|你好|您好|那么|那|这个|这|它|他|的话|的|呢|啊|呀|吧|嘛|吗|哦|嗯|和|跟|与|是|我|单号|订单号|订单|编号|单|改成|换成|换")
_ONLY_NAMES = frozenset({PRODUCT, "platform", "other_insurance", "order_number", "ordinal", "audience"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP")
class TopicClassifier(GraphComponent, IntentClassifier):
    """Rasa component around `TopicModel`.

    It makes its features itself, from text, tokens and entities: the questions of one message are judged one by
    one, which featurizers that see whole messages cannot do.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """encoder: class path of a `SentenceEncoder`, or null to run on words and characters alone.

        refuse_below, gap, clause_at_least: see `config.yml`.
        """
        return {
            "encoder": "bot.nlu.encoder.UniversalSentenceEncoder",
            "refuse_below": 0.35,
            "gap": 0.10,
            "clause_at_least": 0.5,
        }

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, topics: TopicModel | None = None
    ) -> None:
        for name in ("refuse_below", "gap", "clause_at_least"):
            if not 0.0 <= float(config[name]) <= 1.0:
                raise ValueError(f"TopicClassifier: {name} must lie between 0 and 1, got {config[name]!r}; mend config.yml")
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._topics = topics

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> TopicClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TopicClassifier:
        encoder = load_encoder(config["encoder"])
        with model_storage.read_from(resource) as folder:
            topics = TopicModel.load(folder, encoder=encoder)
        classifier = cls(config, model_storage, resource, topics)
        # The first message should not pay for what is loaded lazily.
        topics.probabilities([Utterance("运费险怎么用", ("运费险", "怎么", "用"), (Entity(0, 3, PRODUCT, "freight"),))])
        return classifier

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        self._topics = TopicModel.fit(
            [utterance_of(example.get(TEXT), model) for example in examples],
            [example.get(INTENT) for example in examples],
            [str(((example.get(METADATA) or {}).get("intent") or {}).get("way", "")) for example in examples],
            encoder=load_encoder(self._config["encoder"]),
        )
        with self._model_storage.write_to(self._resource) as folder:
            self._topics.save(folder)
        return self._resource

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        for message in messages:
            self._decide(message, model)
        return messages

    def _decide(self, message: Message, model: SpacyModel) -> None:
        text = message.get(TEXT) or ""
        entities = message.get(ENTITIES) or []
        named = {entity["entity"] for entity in entities}
        if not _left_over(text, entities):
            known = bool(named & _ONLY_NAMES)
            self._set(message, MENTION if known else None, 1.0 if known else 0.0, [], "mention" if known else "unknown", [])
            return
        spans = questions.clauses(text)
        whole = utterance_of(text, model)
        pieces = [whole] if len(spans) == 1 else [whole, *(_cut(whole, start, end) for start, end in spans)]
        rows = self._topics.probabilities(pieces)  # type: ignore[union-attr]
        parts = self._separate_questions(rows[1:], spans)
        if parts:
            self._set(message, parts[0][0], parts[0][1], parts, "accept", [], rows[0], entities)
            return
        order = np.argsort(-rows[0])
        names = [self._topics.classes[position] for position in order[:2]]  # type: ignore[union-attr]
        best, second = float(rows[0][order[0]]), float(rows[0][order[1]])
        whole_part = [(names[0], best, 0, len(text))]
        if best < self._config["refuse_below"]:
            kind = "unknown"
        elif best - second < self._config["gap"]:
            kind = "close"
        else:
            kind = "accept"
        self._set(message, names[0], best, whole_part, kind, names, rows[0], entities)

    def _separate_questions(
        self, rows: np.ndarray, spans: list[tuple[int, int]]
    ) -> list[tuple[str, float, int, int]]:
        """The questions of a message with several, or nothing where it is really one."""
        found: dict[str, tuple[str, float, int, int]] = {}
        for row, (start, end) in zip(rows, spans):
            best = int(row.argmax())
            if row[best] < self._config["clause_at_least"]:
                return []
            topic = self._topics.classes[best]  # type: ignore[union-attr]
            found.setdefault(topic, (topic, float(row[best]), start, end))
        return list(found.values()) if len(found) > 1 else []

    def _set(
        self,
        message: Message,
        topic: str | None,
        confidence: float,
        parts: list[tuple[str, float, int, int]],
        kind: str,
        candidates: list[str],
        row: np.ndarray | None = None,
        entities: list[dict[str, Any]] | None = None,
    ) -> None:
        refused = kind in ("unknown", "close")
        intent = {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME if refused else topic, "confidence": confidence}
        message.set(INTENT, intent, add_to_output=True)
        ranking = [intent]
        if row is not None:
            order = np.argsort(-row)[:RANKING_LENGTH]
            ranking = [{"name": self._topics.classes[at], "confidence": float(row[at])} for at in order]  # type: ignore[union-attr]
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set(DECISION, {"kind": kind, "candidates": candidates}, add_to_output=True)
        message.set(
            QUESTIONS,
            [
                {
                    "topic": name,
                    "confidence": value,
                    "start": start,
                    "end": end,
                    "products": products_in(entities or [], start, end),
                }
                for name, value, start, end in parts
            ],
            add_to_output=True,
        )


def products_in(entities: list[dict[str, Any]], start: int, end: int) -> list[str]:
    """Product ids named between two offsets, each once, in order."""
    return list(
        dict.fromkeys(entity["value"] for entity in entities if entity["entity"] == PRODUCT and start <= entity["start"] < end)
    )


def utterance_of(text: str, model: SpacyModel) -> Utterance:
    """Text, tokens and entity spans of a normalised text."""
    doc = model.model(text)
    return Utterance(
        text,
        tuple(token.text for token in doc if not token.is_space),
        tuple(Entity(span.start_char, span.end_char, span.label_, span.ent_id_ or span.text) for span in doc.ents if span.label_ != WORDS),
    )


def _cut(whole: Utterance, start: int, end: int) -> Utterance:
    """A piece of an utterance, with the tokens and entities that lie in it."""
    at, words = 0, []
    for word in whole.words:
        at = whole.text.index(word, at)
        if start <= at < end:
            words.append(word)
        at += len(word)
    inside = tuple(
        Entity(entity.start - start, entity.end - start, entity.label, entity.value)
        for entity in whole.entities
        if start <= entity.start and entity.end <= end
    )
    return Utterance(whole.text[start:end], tuple(words), inside)


def _left_over(text: str, entities: list[dict[str, Any]]) -> str:
    """What remains of a text without the things it names and the words around them."""
    for entity in sorted(entities, key=lambda entity: -entity["start"]):
        if entity["entity"] in _ONLY_NAMES:
            text = text[: entity["start"]] + text[entity["end"] :]
    return _FILLER.sub("", text)
