"""Tells which product a question is about that names none: 差价 is a matter of price protection, whoever asks.

Without it everything unnamed is about the default product. Learnt from phrases that name one product (the name itself is
taken out) and from the asks of answers. A service that one has instead of the default insurance is spoken of in the same
words: what is said of it counts for the default one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.parse import GUESSES, QUESTIONS
from bot.understanding.ranking.component import Ranking
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
    "neighbours": False,
}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP")
class ProductGuesser(Ranking[TopicModel]):
    """Rasa component around a `TopicModel` of products, without sentence vectors: what is sold tells by its words."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """least: how probable a product has to be, to be written; most: phrases of one product that are learnt from, or the
        default one, of which there are most, would win every doubtful case."""
        return {"least": 0.02, "most": 1200}

    @classmethod
    def read(cls, config: dict[str, Any], folder: Path) -> TopicModel:
        return TopicModel.load(folder, encoder=None)

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        """Learns from the phrases about one product. Without two products there is nothing to tell apart."""
        found = list(
            _few(_examples(training_data, model, load_knowledge(settings.get("XIAOER_KNOWLEDGE"))), self.config["most"])
        )
        with self.storage.write_to(self.resource) as folder:
            if len({product for _, product in found}) > 1:
                utterances = [utterance for utterance, _ in found]
                TopicModel.fit(
                    utterances,
                    [product for _, product in found],
                    [utterance.text for utterance in utterances],
                    encoder=None,
                    **_FEATURES,
                ).save(folder)
        return self.resource

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Writes into each question that names no product those that its words may be about."""
        unnamed = [
            (message, question)
            for message in messages
            for question in message.get(QUESTIONS) or ()
            if not question["products"]
        ]
        if self.learnt is None or not unnamed:
            return messages
        pieces = [
            cut(utterance_of(message, model), question["start"], question["end"]) for message, question in unnamed
        ]
        for (_, question), row in zip(unnamed, self.learnt.probabilities(pieces), strict=True):
            likely = [at for at in np.argsort(-row).tolist() if row[at] >= self.config["least"]]
            question[GUESSES] = [[self.learnt.classes[at], float(row[at])] for at in likely]
        return messages


def _examples(data: TrainingData, model: SpacyModel, knowledge: Knowledge) -> Iterator[tuple[Utterance, str]]:
    """(phrase, product): one that names none is of the article that it is an ask of, else of the default product."""
    for phrase in data.training_examples:
        topic = phrase.get(INTENT) or said_of(phrase, "answer").partition("#")[0]
        if topic not in knowledge.knowledge_topics or not phrase.get(TEXT):
            continue
        if not phrase.get(INTENT) and not said_of(phrase, "product"):
            continue  # of what is asked of several products it is not known which it was
        utterance = utterance_of(phrase, model)
        named = {entity.value for entity in utterance.entities if entity.label == PRODUCT}
        if len(named) <= 1:
            product = next(iter(named), said_of(phrase, "product") or knowledge.default_product)
            service = knowledge.products[product].kind == "service"
            yield utterance, knowledge.default_product if service else product


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
