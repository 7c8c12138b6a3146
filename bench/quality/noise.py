"""Noisy copies of questions: what an input method, a hurried thumb or another script makes of the same words.

Purely generated (pinyin, word frequency, chance), and the same for a text every time.
"""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import jieba
import opencc
from pypinyin import lazy_pinyin
from pypinyin.constants import RE_HANS

COMMON = 200
"""A word that an input method would offer has at least this frequency in jieba's dictionary."""
EMOJI = ("😭", "🙏", "😡", "❓", "😅", "💰", "📦")


def traditional(text: str, chance: random.Random) -> str | None:
    """The whole text in traditional characters; None where that changes nothing."""
    written = _traditional().convert(text)
    return written if written != text else None


def homophones(text: str, chance: random.Random) -> str | None:
    """One word in five, at least one, as the commonest other word of the same sound."""
    words = list(jieba.cut(text))
    slips = {at: other for at, word in enumerate(words) if (other := _other(word)) is not None}
    if not slips:
        return None
    for at in chance.sample(sorted(slips), max(1, round(len(slips) / 5))):
        words[at] = slips[at]
    return "".join(words)


def pinyin_names(names: Iterable[str]) -> Callable[[str, random.Random], str | None]:
    """The first name of the text in Latin letters; None for a text without one."""
    ordered = sorted(names, key=len, reverse=True)

    def spelled(text: str, chance: random.Random) -> str | None:
        name = next((name for name in ordered if name in text and RE_HANS.fullmatch(name)), None)
        return text.replace(name, "".join(lazy_pinyin(name)), 1) if name else None

    return spelled


def characters(text: str, chance: random.Random) -> str | None:
    """One character missing, or one typed twice."""
    places = [at for at, character in enumerate(text) if RE_HANS.fullmatch(character)]
    if len(places) < 4:
        return None
    at = chance.choice(places)
    return text[:at] + (text[at] * 2 if chance.random() < 0.5 else "") + text[at + 1 :]


def blanks(text: str, chance: random.Random) -> str | None:
    """A blank inside, marks gone wild, and an emoji."""
    at = chance.randrange(1, len(text)) if len(text) > 1 else 0
    ending = chance.choice(("", "！！！", "？？", "。。。", "~~"))
    return f" {text[:at]} {text[at:]}{ending}{chance.choice(EMOJI)}"


def kinds(names: Iterable[str]) -> dict[str, Callable[[str, random.Random], str | None]]:
    """Every kind of noise by name."""
    return {
        "traditional": traditional,
        "homophones": homophones,
        "product in pinyin": pinyin_names(names),
        "characters": characters,
        "blanks and emoji": blanks,
    }


def copies(texts: Sequence[str], make: Callable[[str, random.Random], str | None]) -> list[tuple[int, str]]:
    """(which text, its noisy copy) for the texts that this kind of noise touches."""
    made = ((at, make(text, random.Random(zlib.crc32(text.encode())))) for at, text in enumerate(texts))
    return [(at, copy) for at, copy in made if copy is not None]


@lru_cache(maxsize=1)
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


@lru_cache(maxsize=1)
def _by_sound() -> dict[tuple[str, ...], list[tuple[int, str]]]:
    """Sound -> its common words of two or three characters, commonest first."""
    jieba.initialize()
    found: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for word, frequency in jieba.dt.FREQ.items():
        if frequency >= COMMON and 2 <= len(word) <= 3 and RE_HANS.fullmatch(word):
            found[tuple(lazy_pinyin(word))].append((frequency, word))
    return {sound: sorted(words, reverse=True) for sound, words in found.items()}


def _other(word: str) -> str | None:
    if not 2 <= len(word) <= 3 or not RE_HANS.fullmatch(word):
        return None
    return next((other for _, other in _by_sound().get(tuple(lazy_pinyin(word)), ()) if other != word), None)
