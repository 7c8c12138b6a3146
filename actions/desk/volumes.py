"""How many orders do words speak of? 「一千单」, 「一天50单一个月」. Pure.

A month is counted as 30 days, a year as 365, a week as 7: the reply says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季": 90, "季度": 90, "年": 365}
_DIGITS = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "k": 1000, "w": 10_000}
_NUMBER = r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千万零]+)(?:[百千万kw])?"
_COUNT = re.compile(
    r"(?P<each>(?:每|一|1)?个?(?P<span>天|日|周|星期|礼拜|月|季度?|年)(?:均|销|出|发|卖|大概|大约|差不多|能|有|就|平均|也就|左右|走|做|要是|做到|的)*)?"
    rf"(?P<number>{_NUMBER})多?来?(?:个|笔)?(?:订单|单(?![价位号量件])|件(?!事))"
)
_OVER = re.compile(r"(?:一|每|1)?个?(?P<span>天|日|周|星期|礼拜|月|季度?|年)(?!前|内)")
_MOST = 10_000_000


@dataclass(frozen=True)
class Volume:
    """So many orders. each: of how many days, 0 where of none; over: the days that are asked about, 0 for none."""

    orders: int
    each: int = 0
    over: int = 0

    @property
    def total(self) -> int:
        """The orders of all the days that are asked about, rounded half up."""
        if not (self.each and self.over):
            return self.orders
        return (2 * self.orders * self.over + self.each) // (2 * self.each)


def volume_of(text: str) -> Volume | None:
    """The orders that words speak of; None where they speak of none, or of one (「一单多少钱」).

    >>> [volume_of(said).total for said in ("一千单要多少保费", "一天50单一个月多少", "每月3000单一年呢", "2.5万单")]
    [1000, 1500, 36500, 25000]
    >>> [volume_of(said) for said in ("一单多少钱", "每单多少", "尾号8915那单", "近30天订单")]
    [None, None, None, None]
    """
    for found in _COUNT.finditer(text):
        before = text[: found.start("number")]
        if before.endswith(("号", "近", "第", "前")):
            continue
        orders = _number(found["number"])
        if not 1 < orders <= _MOST:
            continue
        each = _DAYS.get(found["span"] or "", 0)
        rest = text[found.end() :]
        asked = _OVER.search(rest) or (None if each else _OVER.search(text[: found.start()]))
        over = _DAYS.get(asked["span"], 0) if asked else 0
        if each and not over:
            over = 30 if each < 30 else each
        return Volume(orders, each, over)
    return None


def _number(said: str) -> int:
    """2500, 2.5万, 一千, 两千五, 一万二 -> a whole number; 0 for none."""
    unit = _UNITS.get(said[-1], 1) if said[-1] in _UNITS and re.match(r"\d", said) else 1
    plain = said[:-1] if unit > 1 else said
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return round(float(plain) * unit)
    total = section = digit = last = 0
    for character in plain:
        if character in _UNITS:
            last = _UNITS[character]
            if last == 10_000:
                total, section = (total + section + digit) * last, 0
            else:
                section += (digit or 1) * last
            digit = 0
        else:
            digit = _DIGITS.find(character.replace("两", "二"))
            last = last if digit else 1  # 零 ends the short way of saying
    return total + section + digit * (last // 10 if last >= 100 and plain[-1] not in _UNITS else 1)
