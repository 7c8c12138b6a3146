"""Which of a few things do words name? Titles of what was bought, names of shops. Pure.

`named` is certain enough to write on, `read` enough to answer a question. Certain is a telling part of a title (two characters or more: 「大衣」, 「水果店」) that no other title has, with nothing beside it
that the title has not: 「羊绒大衣」 is no 毛呢大衣, 「大江水果店」 no 果然新鲜水果店. Words that speak of a thing in any other way (of
two, of none of these, 「不是大衣」) leave it *unclear*: then it is asked, and nothing is written on another one. Words that
speak of no thing at all are neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml
from pypinyin import lazy_pinyin
from pypinyin.constants import RE_HANS

_LONGEST_SLIP = 4  # characters of a name that is told by its sound
_TELLING = 2  # characters that a name has to share with the words, at least
_MODEL = 3  # figures
_APART = 5  # things that are named one by one, at most
# Rare characters, of Unicode's extension A, for what is named in other ways than by its title.
_FIRST_PLACE, _FIRST_PRODUCT, _PLACES = 0x3400, 0x3800, 1000
PLACE = re.compile(rf"([{chr(_FIRST_PLACE)}-{chr(_FIRST_PLACE + _PLACES)}])\1")  # `place_word`
PRODUCT = re.compile(rf"([{chr(_FIRST_PRODUCT)}-{chr(_FIRST_PRODUCT + _PLACES)}])\1")  # `product_word`
_WORDS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_KINDS = "".join(_WORDS["kinds"])
_TOLD = re.compile("|".join(_WORDS["told"]))
PHRASES = re.compile("|".join(_WORDS["phrases"]))
_BESIDE = frozenset(_WORDS["beside"])
_COMMON = _BESIDE | frozenset(_WORDS["common"])
_ASKING = _BESIDE | frozenset(_WORDS["asking"])
_HOLLOW = frozenset(_WORDS["hollow"])
_LONGEST = max(map(len, _COMMON | _ASKING | _HOLLOW))
_BREAK = re.compile(r"[^\w]|_")  # between clauses
_AND = re.compile("还有|以及|[和跟与及]")  # between things
# Points at what is named before it: 「大衣那单」, 「水果店」; 「我店」, 「我这单」 at nothing but one's own.
_POINTS = re.compile(
    r"[那这]一?[单笔家间件条双套箱盏盒款袋把支瓶桶台部张只顶床副罐](?![号事])|(?:商行|超市|店铺|店|馆|铺|坊)(?![里家])"
)
_THAT_THING = re.compile(
    r"[那这]一?[件条双套箱盏盒款袋把支瓶桶台部张只顶床副罐]"
)  # what it is stands behind it: 「那条裤子」
_OWN = re.compile(r"(?:[我俺咱本]|我们|咱们)(?:自己)?家?的?[那这]?一?[个家]?$")
_ANOTHER = re.compile(r"(?:另外?|换|别的|其他|其它)(?:那|一|的)?[家间单笔](?:店|订单)?|(?:别的|其他|另外的)店|别家店?")
_MEASURES = "件条双套台部只顶张床盏款"
_KIND = re.compile(
    rf"([{_KINDS}])子|(?:[那这两俩仨三][一仨]?[个{_MEASURES}]?)([{_KINDS}])(?!子)|([{_KINDS}])(?:[那这两俩]一?[单笔件条双个])"
)
# What may be a name that no title has: before 那单, or behind 买的, 那件.
_BEFORE = re.compile(rf"([\w]+?)的?[那这]一?[单笔个{_MEASURES}](?![号事])")
_BEHIND = re.compile(
    rf"我(?:那|的)(?P<mine>[\w]{{2,6}}?)的[单订]|(?:买的(?:[那这]一?[{_MEASURES}])?|[那这]一?[{_MEASURES}])([\w]{{2,6}}?)(?=有|能|还|的|理赔|[赔退到呢吗要想寄被在给我保带从]|怎么|为什么|可以|现在|是不是|咋|啥|[小大长短]了|坏|破|掉|$)"
)
_SORTS = "款色装版码"
_TELLS_SORTS = frozenset("男女红黑白蓝绿粉黄灰紫")
_MEASURED = re.compile(rf"[那这一两][{_MEASURES}]")
_DENIES = re.compile(r"不(?:是|要|用|给|想|办|开|关|说|问|看|管)|别|除了|而非|并非|甭")
_DENIED = re.compile(
    r"[那这]?一?[单笔家间件条双个]?店?(?:先|就|还是|都)?(?:不对|不是|错了|弄错|搞错|选错|除外|留着|别[关开动停]|不[关开动停]|换成|改成|改为|换到|改到)"
)


@dataclass(frozen=True)
class Naming:
    """thing: the place of the one that is named, certainly; unclear: words speak of a thing, and it is not certain which."""

    thing: int | None = None
    unclear: bool = False


@dataclass(frozen=True)
class Reading:
    """What words that ask say of things. things: the places of those that all of it names, else of each that is named;
    words: those that name them; parts: the same, each alone; sure: nothing beside them belongs to another name; missing:
    a name that none has; apart: several are named, each by a name of its own; anyway: all that any part of the
    words names."""

    things: frozenset[int] = frozenset()
    words: str = ""
    sure: bool = True
    missing: str = ""
    parts: tuple[str, ...] = field(default=(), compare=False)
    apart: bool = False
    anyway: frozenset[int] = field(default=frozenset(), compare=False)


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


def read(words: str, things: Sequence[Sequence[str]]) -> Reading:
    """What words that ask say of things, each given by its titles: loosely, since nothing is written on it.

    >>> orders = [["法式连衣裙"], ["毛呢大衣"], ["羽绒服 女 长款"], ["羽绒服 男 短款"]]
    >>> [sorted(read(words, orders).things) for words in ("大依那单", "裙子呢", "羽绒服", "女款羽绒服", "电视机那单")]
    [[1], [0], [2, 3], [2], []]
    >>> read("电视机那单", orders).missing
    '电视机'
    """
    clauses = [
        (clause, [each for each in mentions if _tells(clause[each.start : each.end])])
        for clause, mentions in _clauses(_AND.sub(",", words), things)
    ]
    clauses += [(clause, [each]) for clause, each in _kinds_beside(clauses, things)]
    said = [(clause, each) for clause, mentions in clauses for each in mentions if not each.denied]
    if not said:
        kind = _of_a_kind(words, things)
        denied = any(mention.denied for _, mentions in clauses for mention in mentions)
        return kind or _by_sound(clauses, things) or Reading(missing="" if denied else _missing(clauses))
    sets = [each.things for _, each in said]
    together = frozenset.intersection(*sets)
    meant = together or frozenset.union(*sets)
    meant -= frozenset().union(
        *(each.things for _, mentions in clauses for each in mentions if each.denied and len(each.things) == 1)
    )
    parts = tuple(dict.fromkeys(clause[each.start : each.end] for clause, each in said))
    sure = all(each.fits for _, each in said)
    apart = not together and 1 < len(meant) <= _APART and len(sets) > 1
    nearer = _nearer(said, meant, things) if len(meant) > 1 and not apart else meant
    nearer = _of_sort(words, nearer, things) if len(nearer) > 1 and not apart else nearer
    anyway = frozenset.union(*sets)
    return Reading(nearer, "".join(parts), sure and nearer == meant, parts=parts, apart=apart, anyway=anyway)


def _tells(part: str) -> bool:
    """Figures tell none, 2026 is a year in many titles, but for those of a model: 501. Nor do units, kg."""
    if part.isdigit():
        return len(part) == _MODEL
    return not part.isascii() or len(part) > _TELLING


def _nearer(
    said: Sequence[tuple[str, _Mention]], meant: frozenset[int], things: Sequence[Sequence[str]]
) -> frozenset[int]:
    """Of those that share what is named, the one that has a character beside it as well: 女 of 「女款羽绒服」."""
    beside = {
        character
        for clause, each in said
        for character in clause[max(each.start - _TELLING, 0) : each.start] + clause[each.end : each.end + 1]
        if character not in _BESIDE
    }
    for character in beside:
        having = frozenset(place for place in meant if any(character in _even(title) for title in things[place]))
        if len(having) == 1:
            return having
    return meant


def _kinds_beside(
    clauses: Sequence[tuple[str, Sequence[_Mention]]], things: Sequence[Sequence[str]]
) -> Iterator[tuple[str, _Mention]]:
    """Things named by their kind, in a clause of their own beside a title: 裙子 of 「大衣和裙子」."""
    if any(mentions for _, mentions in clauses):
        for clause, mentions in clauses:
            kind = None if mentions else _of_a_kind(clause, things)
            if kind is not None:
                at = max(clause.find(kind.words), 0)
                yield clause, _Mention(at, at + len(kind.words), kind.things)


def _of_sort(words: str, meant: frozenset[int], things: Sequence[Sequence[str]]) -> frozenset[int]:
    """Of those that share a name, those of the sort that words name by one character: 「女的那件羽绒服」."""
    for character in _TELLS_SORTS.intersection(words):
        having = frozenset(place for place in meant if any(character in _even(title) for title in things[place]))
        meant = having or meant
    return meant


def _of_a_kind(words: str, things: Sequence[Sequence[str]]) -> Reading | None:
    """Those of the kind that words name by one character: 「裙子」, 「那双鞋」."""
    for found in _KIND.finditer(_even(words)):
        kind = next(filter(None, found.groups()))
        having = frozenset(place for place, titles in enumerate(things) if any(kind in title for title in titles))
        if having:
            words = f"{kind}子" if found[1] else kind
            return Reading(having, words, sure=len(having) > 1, parts=(words,))
    return None


def _by_sound(clauses: Sequence[tuple[str, Sequence[_Mention]]], things: Sequence[Sequence[str]]) -> Reading | None:
    """Those that words name with characters that sound alike: 「大依」 for 大衣, beside a word that points."""
    for clause, _ in clauses:
        if not (_POINTS.search(clause) or "我的" in clause or "买的" in clause):
            continue
        for size in range(_LONGEST_SLIP, _TELLING - 1, -1):
            slips = list(_named_alone(_MEASURED.sub(",", clause), size))
            parts = _parts_by_sound(things, size) if slips else {}
            for slip in slips:
                found = parts.get(_sounds(slip), {})
                for part, having in found.items():
                    if any(one == other for one, other in zip(slip, part, strict=True)):
                        return Reading(frozenset(having), part, sure=False, parts=(slip,))
    return None


def _parts_by_sound(things: Sequence[Sequence[str]], size: int) -> dict[tuple[str, ...], dict[str, set[int]]]:
    """Sounds -> parts of titles that sound so -> the places of those that have them."""
    parts: dict[tuple[str, ...], dict[str, set[int]]] = {}
    for place, titles in enumerate(things):
        for title in titles:
            for sounds, part in _sounding(title, size):
                parts.setdefault(sounds, {}).setdefault(part, set()).add(place)
    return parts


@lru_cache(maxsize=2048)
def _sounding(title: str, size: int) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The parts of a title with their sounds: three quarters of the time of a question, and the same for every one."""
    return tuple((_sounds(part), part) for part in _runs(_even(title), size))


def _named_alone(clause: str, size: int) -> Iterator[str]:
    """The runs before which nothing stands that belongs to another name."""
    for piece in clause.split(","):
        for run in _runs(piece, size):
            if _is_beside(piece[: piece.index(run)]):
                yield run


def _runs(text: str, size: int) -> Iterator[str]:
    """Every run of so many Chinese characters that is not made of words that belong to no name."""
    for at in range(len(text) - size + 1):
        run = text[at : at + size]
        if RE_HANS.fullmatch(run) and max(_reached(run, _COMMON)) < size:
            yield run


def _sounds(text: str) -> tuple[str, ...]:
    return tuple(map(_sound, text))


@lru_cache(maxsize=4096)
def _sound(character: str) -> str:
    return str(lazy_pinyin(character)[0])


def _missing(clauses: Sequence[tuple[str, Sequence[_Mention]]]) -> str:
    """What is pointed at by a name that no title has; "" for what is told in another way."""
    for clause, _ in clauses:
        for found in (*_BEFORE.finditer(clause), *_BEHIND.finditer(clause)):
            name = without_beside(next(filter(None, found.groups())))
            if (
                len(name) >= _TELLING
                and not name.isdigit()
                and not _TOLD.search(name)
                and max(_reached(name, _COMMON)) < len(name)
            ):
                return name
    return ""


def nearest(name: str, things: Sequence[Sequence[str]]) -> int | None:
    """Of a few things that were asked among, the one that alone has a character of what tells sorts: 「男款」 of two coats."""
    for character in _even(name) if name[-1] in _SORTS else "":
        having = [place for place, titles in enumerate(things) if any(character in _even(title) for title in titles)]
        if len(having) == 1:
            return having[0]
    return None


def without_beside(text: str) -> str:
    """A name without the words before it that belong to none: 「帮我看下电视机」 -> 电视机."""
    return text[max(_reached(text, _BESIDE)) :]


def belongs_to_no_name(words: str) -> bool:
    """Whether words are made of those alone that belong to no name: 我们网店."""
    return max(_reached(words, _COMMON)) == len(words)


def says_nothing(words: str) -> bool:
    """Whether words are none but those that belong to no name: then no title need be looked for."""
    return all(max(_reached(clause, _ASKING)) == len(clause) for clause in _BREAK.split(_even(words)))


def shares(words: str, title: str) -> bool:
    """Whether words hold a telling part of a title."""
    return any(True for _ in _parts(_even(words), [[_BREAK.sub("", _even(title))]]))


def is_hollow(words: str) -> bool:
    """Whether words ask nothing: what is left of 「那大衣呢」 without the coat."""
    return all(max(_reached(clause, _HOLLOW)) == len(clause) for clause in _BREAK.split(_even(words)))


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
        cut = len(part) == _TELLING and part[0] in _SORTS  # 款加 of 「赔款加起来」, 中长款加厚
        of_more = part.isdigit() and (clause[at - 1 : at].isdigit() or clause[end - 1 : end].isdigit())  # 202 of 2025
        if len(part) < _TELLING or cut or of_more or max(_reached(part, _COMMON)) == len(part):
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
