"""spaCy's Chinese pipeline with jieba as segmenter, given to Rasa as its spaCy model.

No downloaded weights: spaCy's blank Chinese with our lexicon in the segmenter and an entity ruler over it, so Rasa's own
`SpacyTokenizer` and `SpacyEntityExtractor` work unchanged. A lexicon word or a number that means something (order,
amount, weight, date) is always exactly one token, whatever jieba would do around it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from typing import Any

import jieba
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.utils import spacy_utils
from spacy.lang.zh import Chinese
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from bot.understanding.names import warm_segmenter
from bot.understanding.normaliser import tidy
from knowledge import Knowledge, load
from xiaoer import settings

PRODUCT = "product"
WORDS = "words"  # lexicon entry that only helps the segmenter
# Entities that are written in figures. Order numbers are 15 to 24 digits; the normaliser has closed the gaps.
PATTERNS = {
    "order_number": r"(?<!\d)\d{15,24}(?!\d)",
    "tracking_number": r"(?<![a-z0-9])(?:[a-z]{2,4}\d{10,18}|\d{12,14})(?![a-z0-9])",
    "date": r"\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}[日号]?)?|\d{1,2}月\d{1,2}[日号]",
    "amount": r"\d+(?:\.\d+)?(?:元|块钱|块|rmb)",
    "weight": r"\d+(?:\.\d+)?(?:公斤|千克|kg|斤|克)",
}
_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in PATTERNS.items()))


def words_of(knowledge: Knowledge) -> dict[str, dict[str, str]]:
    """entity -> (word as the normaliser writes it -> value), products included."""
    words: dict[str, dict[str, str]] = {PRODUCT: {}}
    for product in knowledge.products.values():
        words[PRODUCT].update({tidy(name): product.id for name in product.names})
    for entity, values in knowledge.lexicon.items():
        words[entity] = {tidy(word): value for value, written in values.items() for word in written}
    return words


class LexiconTokenizer:
    """spaCy tokenizer: lexicon words and figures first (longest, leftmost), jieba for what lies between.

    The tokens and the blanks between them rebuild the text exactly.
    """

    def __init__(self, vocab: Any, words: list[str]) -> None:
        self.vocab = vocab
        ordered = sorted(words, key=len, reverse=True)
        # A Latin word of the lexicon (jd, pdd) is found only where it stands alone.
        written = [
            rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word) for word in ordered
        ]
        self._cut = re.compile("|".join([*written, _PATTERN.pattern]))
        for word in words:
            if not word.isascii():
                jieba.add_word(word)

    def __call__(self, text: str) -> Doc:
        pieces: list[str] = []
        at = 0
        for found in self._cut.finditer(text):
            pieces.extend(jieba.cut(text[at : found.start()]))
            pieces.append(found.group())
            at = found.end()
        pieces.extend(jieba.cut(text[at:]))
        words, spaces = get_words_and_spaces([piece for piece in pieces if piece], text)
        return Doc(self.vocab, words=words, spaces=spaces)


class ReadingOnce(Chinese):
    """spaCy's Chinese that keeps the texts it read last: Rasa's SpacyNLP and SpacyEntityExtractor both ask for each."""

    KEPT = 32  # more than are ever read together (bot/engine/reading.py)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._read: OrderedDict[str, Doc] = OrderedDict()

    def __call__(self, text: str | Doc, **options: Any) -> Doc:
        if not isinstance(text, str) or options:
            return super().__call__(text, **options)
        doc = self._read.get(text)
        if doc is None:
            doc = self._read[text] = super().__call__(text)
            if len(self._read) > self.KEPT:
                self._read.popitem(last=False)
        return doc


def build(knowledge: Knowledge) -> Language:
    """The Chinese pipeline over this knowledge's lexicon; jieba's dictionary is loaded when it returns."""
    warm_segmenter()
    words = words_of(knowledge)
    nlp = ReadingOnce()
    nlp.tokenizer = LexiconTokenizer(nlp.vocab, [word for entries in words.values() for word in entries])
    ruler = nlp.add_pipe("entity_ruler", config={"validate": False})
    # A word is a phrase of one token, which spaCy looks up; token patterns it tries one after the other.
    patterns: list[dict[str, Any]] = [
        {"label": entity, "pattern": word, "id": value}
        for entity, entries in words.items()
        if entity != WORDS
        for word, value in entries.items()
    ]
    patterns += [
        {"label": name, "pattern": [{"TEXT": {"REGEX": f"^(?:{pattern})$"}}]} for name, pattern in PATTERNS.items()
    ]
    ruler.add_patterns(patterns)  # type: ignore[attr-defined]
    return nlp


# Rasa finds a model's provider by the class's bare name, so this one has to be called like the one it replaces.
@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MODEL_LOADER, DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER],
    is_trainable=False,
    model_from="SpacyNLP",
)
class SpacyNLP(spacy_utils.SpacyNLP):
    """Rasa's SpacyNLP whose model is built from `knowledge/` instead of being loaded from a folder."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpacyNLP:
        knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
        # The name is the model's fingerprint: a changed lexicon must not meet what was trained on the old one.
        digest = hashlib.sha256(json.dumps(words_of(knowledge), sort_keys=True).encode()).hexdigest()[:12]
        model = spacy_utils.SpacyModel(model=build(knowledge), model_name=f"xiaoer-zh-{digest}")
        return cls(model, {**cls.get_default_config(), **config})
