"""What do words ask of one's own orders, where no topic says it? Pure; the words stand in words.yml beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_WRITTEN: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


def _compiled(rows: dict[str, list[str]]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    asks = f"(?:{_WRITTEN['asks']})"
    return tuple((name, re.compile("|".join(row).replace("{asks}", asks))) for name, row in rows.items())


_POINTS = _compiled(_WRITTEN["points"])
_ALL = _compiled(_WRITTEN["all"])
_GENERAL = re.compile("|".join(_WRITTEN["general"]))
POINTS = tuple(_WRITTEN["points"])
ALL = tuple(_WRITTEN["all"])


@dataclass(frozen=True)
class Asks:
    """point: of one order; of_all: of all orders; general: how things are in general. "" where the words do not say."""

    point: str = ""
    of_all: str = ""
    general: bool = False


@lru_cache(maxsize=256)
def asks(plain: str) -> Asks:
    """What a message asks for.

    >>> [asks(text).point for text in ("发货了没", "这险谁买的", "还能退不", "能赔多少")]
    ['sent', 'payer', 'returnable', '']
    >>> [asks(text).of_all for text in ("一共赔了我多少", "哪几单还没到账", "赔最多的是哪单")]
    ['paid', 'open', 'most']
    """
    return Asks(_first(_POINTS, plain), _first(_ALL, plain), _GENERAL.search(plain) is not None)


def _first(rows: tuple[tuple[str, re.Pattern[str]], ...], plain: str) -> str:
    return next((name for name, words in rows if words.search(plain)), "")
