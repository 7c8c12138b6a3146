"""What do words ask of one's own orders, where no topic says it? Pure; the words stand in words.yml beside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_WRITTEN: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_SELLERS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("seller.yml").read_text("utf-8"))
_Rows = tuple[tuple[str, re.Pattern[str]], ...]


def _compiled(kind: str, written: Mapping[str, Any] = _WRITTEN) -> _Rows:
    asks = f"(?:{_WRITTEN['asks']})"
    return tuple((name, re.compile("|".join(row).replace("{asks}", asks))) for name, row in written[kind].items())


_POINTS, _SPEAKS_OF, _STATES, _REASONS, _EXTREMES = map(
    _compiled, ("points", "speaks_of", "states", "reasons", "extremes")
)
_GENERAL = re.compile("|".join(_WRITTEN["general"]))
_SUPPOSES = re.compile(_WRITTEN["supposes"])
_DIFFER = re.compile(_WRITTEN["differ"])
_FILLERS = re.compile(_WRITTEN["fillers"])
_OTHERS = re.compile(_WRITTEN["others"])
_MINE = re.compile(_WRITTEN["mine"])
_WHICH, _MONEY = re.compile(_WRITTEN["which"]), re.compile(_WRITTEN["money"])
_OF_CUSTOMERS = {kind: _compiled(kind, _SELLERS) for kind in ("points", "speaks_of", "states", "shop")}
_LATELY = re.compile(r"最近(?:这)?(?:[一两三半几]|\d+)个?(?:月|周|星期|天|年)")  # 「最近一个月」 is no newest one
_EITHER = re.compile(r"[带上送保]没[带上送保]|(?<!还)有没[有带买上]?|没$")
_ALL_CUSTOMERS = re.compile("|".join(_SELLERS["general"]))
_OWN_NOW = re.compile(_SELLERS["own_now"])
_PRIVATE = re.compile("|".join(_SELLERS["private"]))
_CLAUSES = re.compile(r"[,，。;；!！?？]|还有|另外|顺便")
_PRIVATE_ASKS, _OF_A_BUYER = re.compile(_SELLERS["private_asks"]), re.compile(_SELLERS["of_a_buyer"])
POINTS = frozenset(name for name, _ in (*_POINTS, *_SPEAKS_OF))


@dataclass(frozen=True)
class Asks:
    """point: of one order, asked in so many words; speaks_of: the point that is spoken of, "" for none; states, reasons:
    which of all orders are meant (of refusals, for what); which: all of these are asked for; money: what they come to;
    extreme: the one that is most of something; general: how things are in general, whatever is spoken of;
    supposes: what would be, if something happened; mine:
    how many of one's own, or which; others: of somebody else's orders; differ: by how
    much two differ."""

    point: str = ""
    speaks_of: str = ""
    states: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    which: bool = False
    money: bool = False
    extreme: str = ""
    general: bool = False
    supposes: bool = False
    mine: bool = False
    others: bool = False
    differ: bool = False


@lru_cache(maxsize=256)
def asks(plain: str) -> Asks:
    """What a message asks for.

    >>> [asks(text).point for text in ("发货了没", "这险谁买的", "还能退不", "签收是前天吧")]
    ['sent', 'payer', 'returnable', '']
    >>> asks("签收是前天吧").speaks_of
    'signed'
    >>> [asks(text).states for text in ("哪几单还没到账", "被拒的有哪些")]
    [('open',), ('refused',)]
    """
    short = _FILLERS.sub("", plain)
    return Asks(
        point=_first(_POINTS, plain) or _first(_POINTS, short),
        speaks_of=_first(_SPEAKS_OF, plain),
        states=tuple(name for name, words in _STATES if words.search(plain)),
        reasons=tuple(name for name, words in _REASONS if words.search(plain)),
        which=_WHICH.search(plain) is not None,
        money=_MONEY.search(plain) is not None,
        extreme=_first(_EXTREMES, plain),
        general=_GENERAL.search(plain) is not None,
        supposes=_SUPPOSES.search(plain) is not None,
        mine=_MINE.search(plain) is not None,
        differ=_DIFFER.search(plain) is not None,
        others=_OTHERS.search(plain) is not None,
    )


@lru_cache(maxsize=256)
def asks_of_customers(plain: str) -> Asks:
    """What a seller's message asks of a customer's order: in his own words, else in those that buyers share.

    >>> [asks_of_customers(text).point for text in ("俩都咱店送的对吧", "他掏了几块", "那2块谁补", "几号签的")]
    ['payer', 'payer', 'difference', 'signed']
    """
    shared = asks(plain)
    states = tuple(name for name, words in _OF_CUSTOMERS["states"] if words.search(plain))
    either = _EITHER.sub(",", plain)  # 「有没有带险」 says that none has
    if "uncovered" in (*states, *shared.states) and not _is_of("uncovered", either):
        states = tuple(state for state in states if state != "uncovered")
        shared = replace(shared, states=tuple(state for state in shared.states if state != "uncovered"))
    return replace(
        shared,
        point=_first(_OF_CUSTOMERS["points"], plain) or shared.point,
        speaks_of=_first(_OF_CUSTOMERS["speaks_of"], plain) or shared.speaks_of,
        states=tuple(dict.fromkeys((*states, *shared.states))),
        extreme=_first(_EXTREMES, _LATELY.sub("", plain)),
        general=_GENERAL.search(plain.replace("人家", "客人")) is not None or _ALL_CUSTOMERS.search(plain) is not None,
    )


def shop_points(plain: str) -> list[str]:
    """The figures of one's own shop that words ask for, the first first.

    >>> shop_points("俩店保证金都交够了么")
    ['deposit']
    """
    found = [(match.start(), name) for name, words in _OF_CUSTOMERS["shop"] if (match := words.search(plain))]
    return [name for _, name in sorted(found)]


def asks_as_it_stands(plain: str) -> bool:
    """Whether words ask for a figure as it stands, which is one's own: 「风险率现在到几了」."""
    return _OWN_NOW.search(plain) is not None


def points_asked(clauses: str) -> list[str]:
    """The points that the clauses of a message ask for, two at most.

    >>> points_asked("真退的话顶天赔多少,险到几号没")
    ['estimated', 'until']
    """
    found = [asks_of_customers(clause).point for clause in _CLAUSES.split(clauses) if clause]
    return list(dict.fromkeys(filter(None, found)))[:2]


def also_called(word: str) -> tuple[str, ...]:
    """What titles have for a word: iphone for 苹果."""
    return tuple(_SELLERS["also_called"].get(word, ()))


def asks_for_private(plain: str, *, spoken_of: bool) -> bool:
    """Whether words ask for what is the buyer's alone: name, address, telephone. spoken_of: an order is spoken of."""
    asked = _PRIVATE.search(plain) is not None and _PRIVATE_ASKS.search(plain) is not None
    return asked and (spoken_of or _OF_A_BUYER.search(plain) is not None)


def _is_of(state: str, plain: str) -> bool:
    return any(name == state and words.search(plain) for name, words in (*_OF_CUSTOMERS["states"], *_STATES))


def _first(rows: _Rows, plain: str) -> str:
    return next((name for name, words in rows if words.search(plain)), "")


def without_states(plain: str) -> str:
    """What is left of words without those that say states: 「呢」 of 「没发货的呢」."""
    for _, words in _STATES:
        plain = words.sub(",", plain)
    return plain
