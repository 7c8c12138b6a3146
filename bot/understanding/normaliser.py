"""First step of the pipeline: one way of writing for everything that means the same.

Width, traditional characters, blanks, emoji, control and repeated marks are evened out; near-sound and pinyin
forms of product names (运费线, 云费险, yunfeixian) become the name (`names`). Nothing else is corrected.
The text as typed stays in the tracker (``UserUttered.text``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import Any

import opencc
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.names import NameCorrector
from knowledge import load
from xiaoer import settings

# What is understood of a message. Longer ones are answered with a request to be brief (bot/answers/generator.py).
MAX_CHARACTERS = 300
CORRECTIONS = "corrections"
BREAKS = "breaks"

_MARKS = str.maketrans(
    {
        "？": "?",
        "！": "!",
        "，": ",",
        "；": ";",
        "：": ":",
        "（": "(",
        "）": ")",
        "「": "",
        "」": "",
        "『": "",
        "』": "",
        "“": "",
        "”": "",
        '"': "",
    }
)
_REPEATED_MARK = re.compile(r"([?!,.;:。~…、])\1+")
_REPEATED_CHARACTER = re.compile(r"(\D)\1{3,}")
_BLANKS = re.compile(r"\s+")
_BLANK_BESIDE_HAN = re.compile(r"(?<=[\u3400-\u9fff?!,;:。、]) | (?=[\u3400-\u9fff?!,;:。、])")
# An order number may be typed in groups: 2837 4650-1234 5678. Fewer than 15 digits stay as they are.
_GROUPED_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,23}(?!\d)")


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def evened(text: str) -> str:
    """Width, script, emoji, marks and blanks evened out; a run of blanks stays one blank."""
    text = text[: MAX_CHARACTERS * 4]
    text = unicodedata.normalize("NFKC", text)
    text = "".join(
        " "
        if character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Mn")
        else character
        for character in text
    )
    text = _simplifier().convert(text).lower().translate(_MARKS)
    text = _REPEATED_MARK.sub(r"\1", text)
    text = _REPEATED_CHARACTER.sub(r"\1\1\1", text)
    text = _GROUPED_DIGITS.sub(lambda found: re.sub(r"\D", "", found.group()), text)
    return _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=256)  # a turn asks several times about the same message
def tidy(text: str) -> str:
    """`evened` without the blanks that Chinese does not need.

    >>> tidy("運費險　怎麼 用？？？😭")
    '运费险怎么用?'
    """
    return closed_up(evened(text))[0]


def closed_up(text: str) -> tuple[str, list[int]]:
    """A text without blanks beside Chinese characters, and where they stood (offsets into the result).

    Whoever types without marks puts a blank between two questions.
    """
    pieces = _BLANK_BESIDE_HAN.split(text[:MAX_CHARACTERS])
    closed = "".join(pieces)
    breaks = list(accumulate(map(len, pieces)))[:-1]
    return closed, sorted({at for at in breaks if 0 < at < len(closed)})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Rasa component: evens out the text of training examples and of messages, before anything reads it."""

    def __init__(self, corrector: NameCorrector) -> None:
        self._corrector = corrector

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
        names = [name for product in knowledge.products.values() for name in product.names]
        words = [word for values in knowledge.lexicon.values() for written in values.values() for word in written]
        return cls(NameCorrector(names, protected=words))

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `text`; `corrections` ([[as typed, name], …]) where a name was put right; `breaks` where blanks stood."""
        for message in messages:
            text, breaks, changes = self._normalise(message.get(TEXT) or "")
            message.set(TEXT, text, add_to_output=True)
            if breaks:
                message.set(BREAKS, breaks, add_to_output=True)
            if changes:
                message.set(CORRECTIONS, [list(change) for change in changes], add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for example in training_data.training_examples:
            if example.get(TEXT):
                example.set(TEXT, self._normalise(example.get(TEXT))[0])
        return training_data

    def _normalise(self, text: str) -> tuple[str, list[int], list[tuple[str, str]]]:
        """The text, where blanks stood in it, and the names that were put right."""
        # A button's payload (/intent{...}) is no sentence.
        if text.startswith("/"):
            return text, [], []
        # What `xiaoer.plain.as_text` has marked must not look like a command again without its mark.
        corrected, changes = self._corrector.correct(evened(text).lstrip("/ "))
        closed, breaks = closed_up(corrected)
        return closed, breaks, [(typed, name) for typed, name in changes if typed.replace(" ", "") != name]
