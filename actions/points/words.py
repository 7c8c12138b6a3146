"""What do words ask of one's own orders, where no topic says it? Pure; the words stand in words.yml beside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_WRITTEN: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_Rows = tuple[tuple[str, re.Pattern[str]], ...]


def _compiled(kind: str) -> _Rows:
    asks = f"(?:{_WRITTEN['asks']})"
    return tuple((name, re.compile("|".join(row).replace("{asks}", asks))) for name, row in _WRITTEN[kind].items())


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


def _first(rows: _Rows, plain: str) -> str:
    return next((name for name, words in rows if words.search(plain)), "")


def without_states(plain: str) -> str:
    """What is left of words without those that say states: 「呢」 of 「没发货的呢」."""
    for _, words in _STATES:
        plain = words.sub(",", plain)
    return plain
