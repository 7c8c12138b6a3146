"""Which of a few things do words name, certainly enough to write on it? Titles of what was bought, names of shops. Pure.

Certain is a telling part of a title (two characters or more: 「大衣」, 「水果店」) that no other title has, with nothing beside it
that the title has not: 「羊绒大衣」 is no 毛呢大衣, 「大江水果店」 no 果然新鲜水果店. Words that speak of a thing in any other way (of
two, of none of these, 「不是大衣」) leave it *unclear*: then it is asked, and nothing is written on another one. Words that
speak of no thing at all are neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

_TELLING = 2  # characters that a name has to share with the words, at least
# Rare characters, of Unicode's extension A, for what is named in other ways than by its title.
_FIRST_PLACE, _FIRST_PRODUCT, _PLACES = 0x3400, 0x3800, 1000
PLACE = re.compile(rf"([{chr(_FIRST_PLACE)}-{chr(_FIRST_PLACE + _PLACES)}])\1")  # `place_word`
PRODUCT = re.compile(rf"([{chr(_FIRST_PRODUCT)}-{chr(_FIRST_PRODUCT + _PLACES)}])\1")  # `product_word`
_WORDS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_BESIDE = frozenset(_WORDS["beside"])
_COMMON = _BESIDE | frozenset(_WORDS["common"])
_LONGEST = max(map(len, _BESIDE | _COMMON))
_BREAK = re.compile(r"[^\w]|_")  # between clauses
# Points at what is named before it: 「大衣那单」, 「水果店」; 「我店」, 「我这单」 at nothing but one's own.
_POINTS = re.compile(r"[那这]一?[单笔家间件条双套箱盏盒款](?![号事])|(?:商行|超市|店铺|店|馆|铺|坊)(?![里家])")
_THAT_THING = re.compile(r"[那这]一?[件条双套箱盏盒款]")  # what it is stands behind it: 「那条裤子」
_OWN = re.compile(r"(?:[我俺咱本]|我们|咱们)(?:自己)?家?的?[那这]?一?[个家]?$")
_ANOTHER = re.compile(r"(?:另外?|换|别的|其他|其它)(?:那|一|的)?[家间单笔](?:店|订单)?|(?:别的|其他|另外的)店|别家店?")
_DENIES = re.compile(r"不(?:是|要|用|给|想|办|开|关)|别|除了|而非|并非|甭")
_DENIED = re.compile(
    r"[那这]?一?[单笔家间件条双个]?店?(?:先|就|还是|都)?(?:不对|不是|错了|弄错|搞错|选错|除外|留着|别[关开动停]|不[关开动停]|换成|改成|改为|换到|改到)"
)


@dataclass(frozen=True)
class Naming:
    """thing: the place of the one that is named, certainly; unclear: words speak of a thing, and it is not certain which."""

    thing: int | None = None
    unclear: bool = False


@dataclass(frozen=True)
class _Mention:
    """A part of titles in a clause. things: whose; fits: nothing stands beside it that belongs to another name;
    denied: it is said not to be that one."""

    start: int
    end: int
    things: frozenset[int]
    fits: bool = True
    denied: bool = False


def named(words: str, things: Sequence[Sequence[str]]) -> Naming:
    """What words say of things, each given by its titles.

    >>> shops = [["果然新鲜水果店"], ["云端点卡充值店"]]
    >>> [named(words, shops).thing for words in ("水果店", "不是水果，是点卡那家", "大江水果店", "我的店")]
    [0, 1, None, None]
    >>> [named(words, shops).unclear for words in ("大江水果店", "水果店和点卡店", "我的店")]
    [True, True, False]
    """
    said: list[frozenset[int]] = []
    denied: frozenset[int] = frozenset()
    unclear = False
    for clause, mentions in _clauses(words, things):
        said += [mention.things for mention in mentions if not mention.denied]
        unclear = unclear or any(not (mention.fits or mention.denied) for mention in mentions)
        denied = denied.union(
            *(each.things for each in mentions if each.denied and each.fits and len(each.things) == 1)
        )
        unclear = unclear or _ANOTHER.search(clause) is not None or _points_elsewhere(clause, mentions)
    meant = frozenset.intersection(*said) - denied if said else frozenset()
    if len(meant) == 1 and not unclear:
        return Naming(next(iter(meant)))
    return Naming(unclear=unclear or bool(said) or bool(denied))


def wished(words: str, things: Sequence[Sequence[str]]) -> list[int]:
    """The things that words name without denying them, each once, in order: of 「不是大衣，是围巾和帽子」 the last two."""
    said = [mention for _, mentions in _clauses(words, things) for mention in mentions if not mention.denied]
    return list(dict.fromkeys(min(mention.things) for mention in said))


def place_word(place: int) -> str:
    """The name of a place in a list, 1 the first, -1 the last: characters that nobody writes."""
    return chr(_FIRST_PLACE + place % _PLACES) * _TELLING


def product_word(number: int) -> str:
    """The name of the so-manyth product of a message, as `place_word`."""
    return chr(_FIRST_PRODUCT + number % _PLACES) * _TELLING


def speaks_of(words: str, noun: str) -> bool:
    """Whether words name something of a kind: 「坏果的险」 for 险, not 「这个险」. noun: a regular expression."""
    return any(
        not (_is_beside(before) or _OWN.search(before) or _is_beside(before[-_TELLING:]))
        for clause in _BREAK.split(_even(words))
        for before in (clause[: found.start()] for found in re.finditer(noun, clause))
    )


def _clauses(words: str, things: Sequence[Sequence[str]]) -> Iterator[tuple[str, list[_Mention]]]:
    titles = [[_BREAK.sub("", _even(title)) for title in each] for each in things]
    for clause in filter(None, _BREAK.split(_even(words))):
        yield clause, list(_mentions(clause, titles))


def _mentions(clause: str, titles: Sequence[Sequence[str]]) -> Iterator[_Mention]:
    """Every longest part of titles in a clause, in order, with what stands beside it."""
    parts = list(_parts(clause, titles))
    for place, part in enumerate(parts):
        before = clause[parts[place - 1].end if place else 0 : part.start]
        after = clause[part.end : parts[place + 1].start if place + 1 < len(parts) else len(clause)]
        yield _Mention(
            part.start,
            part.end,
            part.things,
            fits=_is_beside(before) and _goes_on(after),
            denied=bool(_DENIES.search(before) or _DENIED.match(after)),
        )


def _parts(clause: str, titles: Sequence[Sequence[str]]) -> Iterator[_Mention]:
    at = 0
    while at < len(clause):
        end = at + _TELLING
        while end <= len(clause) and _having(clause[at:end], titles):
            end += 1
        part = clause[at : end - 1]
        if len(part) < _TELLING or max(_reached(part, _COMMON)) == len(part):
            at += 1
            continue
        whole = frozenset(place for place, each in enumerate(titles) if part in each)
        yield _Mention(at, end - 1, whole or _having(part, titles))
        at = end - 1


def _having(part: str, titles: Sequence[Sequence[str]]) -> frozenset[int]:
    return frozenset(place for place, each in enumerate(titles) if any(part in title for title in each))


def _points_elsewhere(clause: str, mentions: Sequence[_Mention]) -> bool:
    """Whether 「那单」, 「…店」 point at something that is named before them and is no mention."""
    for found in _POINTS.finditer(clause):
        if any(mention.start <= found.start() < mention.end for mention in mentions):
            continue
        begin = max((mention.end for mention in mentions if mention.end <= found.start()), default=0)
        before = clause[begin : found.start()]
        # 「这单」 names itself; what stands right before it may be another sentence.
        if not (_is_beside(before) or _OWN.search(before) or (found[0][0] == "这" and _is_beside(before[-_TELLING:]))):
            return True
        follows = any(mention.start == found.end() for mention in mentions)
        if _THAT_THING.fullmatch(found[0]) and not follows and not _goes_on(clause[found.end() :]):
            return True
    return False


def _is_beside(before: str) -> bool:
    """Whether nothing but words that belong to no name stands before a name."""
    return max(_reached(before, _BESIDE)) == len(before)


def _goes_on(after: str) -> bool:
    """Whether what stands behind a name belongs to no name: a word of two characters is enough to tell."""
    return max(_reached(after, _BESIDE)) >= min(len(after), _TELLING)


def _reached(text: str, words: frozenset[str]) -> set[int]:
    """How far into a text one comes with these words, one behind the other."""
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached |= {
                at + size for size in range(1, min(_LONGEST, len(text) - at) + 1) if text[at : at + size] in words
            }
    return reached


def _even(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
