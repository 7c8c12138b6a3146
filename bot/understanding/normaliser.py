"""First step of the pipeline: one way of writing for everything that means the same.

Width, traditional characters, blanks, emoji, control and repeated marks are evened out; near-sound and pinyin
forms of product names (运费线, 云费险, yunfeixian) become the name. Nothing else is corrected: comparing pinyin is
safe only against a closed list. The text as typed stays in the tracker (``UserUttered.text``).
"""

from __future__ import annotations

import itertools
import logging
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import jieba
import opencc
from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT, RE_HANS
from pypinyin.contrib.tone_convert import to_normal
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

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
_LATIN = re.compile(r"[a-z]+")
# Homophones that stand on their own in nearly every sentence: 运费先付 is not 运费险付.
_NEVER_A_SLIP = frozenset("先现")


def warm_segmenter() -> None:
    """Loads jieba's dictionary now, quietly, instead of at the first message."""
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    toned = {sound for sounds in PINYIN_DICT.values() for sound in sounds.split(",")}
    return frozenset(map(to_normal, toned))


@lru_cache(maxsize=4096)
def sound(character: str) -> str:
    """Toneless pinyin in the confusable classes of southern speakers: zh=z, ch=c, sh=s, n=l, -ng=-n."""
    return _fuzzy(lazy_pinyin(character)[0])


def _fuzzy(syllable: str) -> str:
    syllable = re.sub(r"^([zcs])h", r"\1", syllable)
    syllable = re.sub(r"^n(?=[a-z])", "l", syllable)
    return re.sub(r"(?<=[aei])ng$", "n", syllable)


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


class _Unit(NamedTuple):
    """One sound of the text: a Chinese character, or one pinyin syllable written in Latin letters."""

    start: int
    end: int
    sound: str
    latin: bool


class NameCorrector:
    """Finds near-sound and pinyin forms of names and puts the names in their place.

    >>> NameCorrector(["运费险"]).correct("云费险怎么用")
    ('运费险怎么用', [('云费险', '运费险')])
    """

    def __init__(self, names: Iterable[str], *, protected: Iterable[str] = ()) -> None:
        warm_segmenter()
        _syllables()
        names = [name for name in names if len(name) >= 3 and RE_HANS.fullmatch(name)]
        self._names = {tuple(sound(character) for character in name): name for name in sorted(names, key=len)}
        self._lengths = sorted({len(sounds) for sounds in self._names}, reverse=True)
        self._firsts = {sounds[0] for sounds in self._names}
        self._protected = sorted({*names, *protected}, key=len, reverse=True)

    def correct(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """The text with names put right, and what was changed as (as typed, name)."""
        units = _units(text)
        sounds = [unit.sound for unit in units]
        starts = [at for at, sound_ in enumerate(sounds) if sound_ in self._firsts]
        taken: list[tuple[int, int]] | None = None  # most texts have nothing to put right, and do not need it
        changes: list[tuple[int, int, str]] = []
        for length in self._lengths:
            for first in starts:
                name = self._names.get(tuple(sounds[first : first + length]))
                if name is None:
                    continue
                window = units[first : first + length]
                start, end = window[0].start, window[-1].end
                if any(text[left.end : right.start].strip(" '") for left, right in itertools.pairwise(window)):
                    continue
                if text[start:end] == name or not _is_slip(text, window, name):
                    continue
                if taken is None:
                    taken = self._protected_spans(text)
                if any(start < stop and begin < end for begin, stop in taken):
                    continue
                taken.append((start, end))
                changes.append((start, end, name))
        corrected = text
        for start, end, name in sorted(changes, reverse=True):
            corrected = corrected[:start] + name + corrected[end:]
        return corrected, [(text[start:end], name) for start, end, name in sorted(changes)]

    def _protected_spans(self, text: str) -> list[tuple[int, int]]:
        return [
            found.span() for word in self._protected if word in text for found in re.finditer(re.escape(word), text)
        ]


def _is_slip(text: str, window: list[_Unit], name: str) -> bool:
    """Whether the window is a slip for `name`, and not words that happen to sound like it."""
    wrong = [position for position, unit in enumerate(window) if unit.latin or text[unit.start] != name[position]]
    if any(window[position].latin for position in wrong):
        return True
    if len(wrong) > len(name) // 2 or any(text[window[position].start] in _NEVER_A_SLIP for position in wrong):
        return False
    # 运费线上付: the wrong character belongs to a word that goes on after the window.
    last = window[-1]
    after = text[last.start : last.end + 1]
    if len(window) - 1 in wrong and len(after) == 2 and jieba.get_FREQ(after) is not None:
        return False
    first = window[0]
    before = text[max(first.start - 1, 0) : first.end]
    return not (0 in wrong and len(before) == 2 and jieba.get_FREQ(before) is not None)


def _units(text: str) -> list[_Unit]:
    units = [
        _Unit(at, at + 1, sound(character), False) for at, character in enumerate(text) if RE_HANS.fullmatch(character)
    ]
    for run in _LATIN.finditer(text):
        units.extend(_spelled(run.group(), run.start()))
    return sorted(units, key=lambda unit: unit.start)


def _spelled(word: str, offset: int) -> list[_Unit]:
    """A word in Latin letters as pinyin syllables, longest first; nothing where it is no pinyin."""
    result, at = [], 0
    while at < len(word):
        syllable = next((word[at : at + size] for size in range(6, 0, -1) if word[at : at + size] in _syllables()), "")
        if not syllable:
            return []
        result.append(_Unit(offset + at, offset + at + len(syllable), _fuzzy(syllable), True))
        at += len(syllable)
    return result


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
                message.set(BREAKS, breaks)
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
