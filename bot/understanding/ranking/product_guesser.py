"""Tells which product a question is about that names none: 差价 is a matter of price protection, whoever asks.

Without it everything unnamed is about the default product. Learnt from phrases that name one product (the name itself is
taken out) and from the asks of answers. A service that one has instead of the default insurance is spoken of in the same
words, so it is never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.parse import GUESS, QUESTIONS
from bot.understanding.ranking.utterances import cut, said_of, utterance_of
from bot.understanding.spacy_zh import PRODUCT
from bot.understanding.topics.features import Utterance
from bot.understanding.topics.model import TopicModel
from knowledge import Knowledge
from knowledge import load as load_knowledge
from xiaoer import settings

_FEATURES: dict[str, Any] = {
    "dropped": ("site", PRODUCT),
    "views": (("characters", 1.0), ("words", 1.0)),
    "seen_at_least": 3,
}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP")
class ProductGuesser(GraphComponent):
    """Rasa component around a `TopicModel` of products, without sentence vectors: what is sold tells by its words."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """sure: how probable a product has to be; most: phrases of one product that are learnt from, or the default one,
        of which there are most, would win every doubtful case."""
        return {"sure": 0.6, "most": 1200}

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, model: TopicModel | None
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model = model
        self._knowledge = load_knowledge(settings.get("XIAOER_KNOWLEDGE"))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ProductGuesser:
        return cls(config, model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ProductGuesser:
        with model_storage.read_from(resource) as folder:
            model = TopicModel.load(folder, encoder=None) if any(folder.iterdir()) else None
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        """Learns from the phrases about one product. Without two products there is nothing to tell apart."""
        found = list(_few(_examples(training_data, model, self._knowledge), self._config["most"]))
        with self._model_storage.write_to(self._resource) as folder:
            if len({product for _, product in found}) > 1:
                utterances = [utterance for utterance, _ in found]
                TopicModel.fit(
                    utterances,
                    [product for _, product in found],
                    [utterance.text for utterance in utterances],
                    encoder=None,
                    **_FEATURES,
                ).save(folder)
        return self._resource

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Writes the product into each question that names none, where its words tell."""
        unnamed = [
            (message, question)
            for message in messages
            for question in message.get(QUESTIONS) or ()
            if not question["products"]
        ]
        if self._model is None or not unnamed:
            return messages
        pieces = [
            cut(utterance_of(message, model), question["start"], question["end"]) for message, question in unnamed
        ]
        for (_, question), row in zip(unnamed, self._model.probabilities(pieces), strict=True):
            best = int(row.argmax())
            product = self._knowledge.products.get(self._model.classes[best])
            if row[best] >= self._config["sure"] and product is not None and product.kind != "service":
                question[GUESS] = product.id
        return messages


def _examples(data: TrainingData, model: SpacyModel, knowledge: Knowledge) -> Iterator[tuple[Utterance, str]]:
    """(phrase, product): one that names none is of the article that it is an ask of, else of the default product."""
    for phrase in data.intent_examples:
        if phrase.get(INTENT) not in knowledge.knowledge_topics or not phrase.get(TEXT):
            continue
        utterance = utterance_of(phrase, model)
        named = {entity.value for entity in utterance.entities if entity.label == PRODUCT}
        own = said_of(phrase, "product")
        if len(named) == 1:
            yield utterance, next(iter(named))
        elif not named:
            yield utterance, own or knowledge.default_product


def _few(examples: Iterator[tuple[Utterance, str]], most: int) -> Iterator[tuple[Utterance, str]]:
    """At most so many of each product, spread over all."""
    everything = list(examples)
    count = Counter(product for _, product in everything)
    seen: Counter[str] = Counter()
    for utterance, product in everything:
        step = max(1, -(-count[product] // most))
        if seen[product] % step == 0:
            yield utterance, product
        seen[product] += 1
