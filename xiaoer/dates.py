"""Reads months and other stretches of time out of words, as people in Shanghai say them.

Texts are as the normaliser leaves them (`Asked.plain`): width, script and blanks evened out. 「12月」 without a year is the last
December there has been. Knows no clock: today is an argument.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from xiaoer.errors import XiaoerError


class BadMonth(XiaoerError):
    """What was said is no month there can be a report of."""


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in Asia/Shanghai; str: 2026-10. Raises BadMonth for what is none."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1990 <= self.year < 9999 and 1 <= self.number <= 12):
            raise BadMonth(f"expected a month that shops can have had, got {self.year}-{self.number}")

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """From exactly 2026-10, of this century. Raises BadMonth."""
        found = re.fullmatch(r"([2-9][0-9]{3})-([0-9]{2})", text)
        if not found:
            raise BadMonth(f"expected a month such as 2026-10, got {text[:20]!r}")
        return cls(int(found[1]), int(found[2]))

    def shift(self, months: int) -> Month:
        """So many months later. Raises BadMonth beyond the calendar."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    def name(self, today: date) -> str:
        """10月, with the year when it is not this one."""
        return f"{'' if self.year == today.year else f'{self.year}年'}{self.number}月"

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


# ---------------------------------------------------------------- in words

_N = r"(?:\d+|[一二三四五六七八九十]+)"
_SIX = re.compile(r"(?<![\d.])(20[12]\d)(\d{2})(?![\d.]|\s*[元块])(?:月份?)?")  # 202610
_WHOLE = re.compile(r"(?<!\d)(20\d{2}(?=\s*[-/.年])|\d{2}(?=年))\s*[-/.年]\s*(\d{1,2})(?!\d)月?")
_BARE = re.compile(rf"(?<![近\d一二三四五六七八九十])(大前年|前年|去年|今年|明年)?的?({_N})月份?")
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_YEARS = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "明年": 1, "": 0}
_RELATIVE = {
    r"大前个?月|上上上一?个?月": -3,
    r"(?<!上)上上一?个?月|(?<![大目之以提])前个?月": -2,
    r"(?<!上)上一?个?月": -1,
    r"[这本当]个?月": 0,
    r"下一?个?月": 1,
}
# A sale is in its month, and with 那个月 behind it is that month. 618 may be an amount or a count.
_SALES = {"双11": 11, "双十一": 11, "双12": 12, "双十二": 12, "618": 6, "六一八": 6}
_YEAR = r"大前年|前年|去年|今年|明年|20\d{2}年|\d{2}年"
_SALE_DAY = rf"(?<![\d.])(?:{'|'.join(_SALES)})(?!\d|\.\d|\s*(?:[元块份笔件个%号]|单(?![量子])))"
_SALE = re.compile(rf"({_YEAR})?的?({_SALE_DAY})((?:那|这)一?个?月|当个?月|所在的?月|的?月)?份?")
# What is only compared with: 「比上个月多了多少」 and 「跟上个月比」 are about the running month.
_LAST_MONTH = r"上+一?个?月份?"
_COMPARED = re.compile(
    rf"(?:比|较)起?{_LAST_MONTH}(?!\s*(?:[和跟与、到]|同(?!期)))"
    rf"|[和跟与同]{_LAST_MONTH}的?[^，。,；;？?！!月]{{0,6}}比(?![例率重])"
)
_PART_OF_MONTHS = re.compile(rf"{_N}月{_N}[日号]|{_N}月?份?\s*[-~到至]\s*{_N}月")
_PERIOD = re.compile(
    rf"(?:{_YEAR})?的?{_SALE_DAY}|(?:最近|近|过去|前)\s*(?:{_N}|[两几半])\s*(?:个?月|[天日周年]|星期|个?季度)"
    r"|[这那本上下]一?个?(?:周|星期|季度?|礼拜)|第?[一二三四]季度|半年|全年|累计|[今去前]年|\d{4}年|昨[天日]|前天|今[天日]"
)
_DAY = re.compile(
    rf"[昨前][天日]|上+一?个?(?:周|星期|礼拜|月)|(?:周|星期|礼拜)[一二三四五六日天]|{_N}(?:月(?!卡)|[日号](?!码))|月[初中底末]|{_SALE_DAY}"
)


def asked_month(text: str, today: date) -> Month:
    """The month a message asks about; the latest where it names several, the running one where it names none.

    「12月」 without a year is the last December there has been; 「明年3月」 is what it says, and is yet to come.
    Raises BadMonth for what cannot be a month (13月).
    """
    said = _COMPARED.sub(" ", text)
    running = Month.of(today)
    months = []
    for writing in (_SIX, _WHOLE):
        months += [Month(2000 + int(year[-2:]), int(number)) for year, number in writing.findall(said)]
        said = writing.sub(" ", said)
    months += [_sale(found[1] or "", found[2], running) for found in _SALE.finditer(said)]
    said = _SALE.sub(" ", said)
    months += [_named(year, number, running) for year, number in _BARE.findall(said)]
    months += [running.shift(by) for words, by in _RELATIVE.items() if re.search(words, said)]
    return max(months, default=running)


def other_period(text: str) -> str:
    """The stretch of time a message names that is no month (最近三个月, 上周, 11月11日); "" for none."""
    said = _SIX.sub(" ", _COMPARED.sub(" ", text))
    said = _SALE.sub(lambda sale: " " if sale[3] else sale[0], _WHOLE.sub(" ", said))
    found = _PART_OF_MONTHS.search(said) or _PERIOD.search(_BARE.sub(" ", said))
    return found[0] if found else ""


def names_a_day(text: str) -> bool:
    """Whether words say when something was: 昨天, 上周二, 11月3日, 双十一; not 今天, which is when they are said."""
    return _DAY.search(text) is not None


def _named(year: str, number: str, running: Month) -> Month:
    """「去年11月」, 「十月」 as seen from the running month. Raises BadMonth."""
    value = int(number) if number.isdigit() else _chinese(number)
    month = Month(running.year + _YEARS[year], value)
    return month.shift(-12) if month > running and not year else month


def _sale(year: str, name: str, running: Month) -> Month:
    """「去年双11」, 「618」: its month, as `_named` has months."""
    if year[:2].isdigit():
        return Month(2000 + int(year[-3:-1]), _SALES[name])
    return _named(year, str(_SALES[name]), running)


def _chinese(number: str) -> int:
    """十二 -> 12. Raises BadMonth for more than a month can be."""
    tens, ten, ones = number.rpartition("十") if "十" in number else ("", "", number)
    if (tens and ten) or len(ones) > 1 or (ones and ones not in _NUMERALS):
        raise BadMonth(f"expected a month, got {number!r}")
    return (10 if ten else 0) + _NUMERALS.get(ones, 0)
