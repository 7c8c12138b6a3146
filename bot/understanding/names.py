"""Near-sound and pinyin forms of names (运费线, 云费险, yunfeixian), found by comparing sounds.

Comparing pinyin is safe only against a closed list, so nothing but names is corrected.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import jieba
from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT, RE_HANS
from pypinyin.contrib.tone_convert import to_normal

_LATIN = re.compile(r"[a-z]+")
# Homophones that stand on their own in nearly every sentence: 运费先付 is not 运费险付.
_NEVER_A_SLIP = frozenset("先现")


def warm_segmenter() -> None:
    """Loads jieba's dictionary now, quietly, instead of at the first message."""
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()


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
        taken: list[tuple[int, int]] | None = None  # most texts have nothing to put right, and do not need it
        changes: list[tuple[int, int, str]] = []
        for start, end, name in self._slips(text):
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

    def _slips(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, name) of all that is a slip for a name, the longest names first."""
        units = _units(text)
        sounds = [unit.sound for unit in units]
        starts = [at for at, sound_ in enumerate(sounds) if sound_ in self._firsts]
        for length in self._lengths:
            for first in starts:
                name = self._names.get(tuple(sounds[first : first + length]))
                if name is None:
                    continue
                window = units[first : first + length]
                start, end = window[0].start, window[-1].end
                if text[start:end] != name and _is_run(text, window) and _is_slip(text, window, name):
                    yield start, end, name

    def _protected_spans(self, text: str) -> list[tuple[int, int]]:
        return [
            found.span() for word in self._protected if word in text for found in re.finditer(re.escape(word), text)
        ]


def _is_run(text: str, window: list[_Unit]) -> bool:
    """Whether nothing but blanks stands between the sounds."""
    return not any(text[left.end : right.start].strip(" '") for left, right in itertools.pairwise(window))


def _is_slip(text: str, window: list[_Unit], name: str) -> bool:
    """Whether the window is a slip for `name`, and not words that happen to sound like it."""
    wrong = [position for position, unit in enumerate(window) if unit.latin or text[unit.start] != name[position]]
    if any(window[position].latin for position in wrong):
        return True
    if len(wrong) > len(name) // 2 or any(text[window[position].start] in _NEVER_A_SLIP for position in wrong):
        return False
    # 运费线上付: a wrong character at the edge may belong to a word that goes on outside the window.
    first, last = window[0], window[-1]
    if len(window) - 1 in wrong and _is_word(text[last.start : last.end + 1]):
        return False
    return not (0 in wrong and _is_word(text[max(first.start - 1, 0) : first.end]))


def _is_word(pair: str) -> bool:
    return len(pair) == 2 and jieba.get_FREQ(pair) is not None


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
