"""Reads days, months and other stretches of time out of words, as people in Shanghai say them.

Texts are as the normaliser leaves them (`Asked.plain`): width, script and blanks evened out. 「12月」 without a year is the last
December there has been. Knows no clock: today is an argument.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from xiaoer.errors import XiaoerError


class BadMonth(XiaoerError):
    """What was said is no month there can be a report of."""


class BadDay(XiaoerError):
    """What was said is no day there is: 2月30号."""


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
    return month_in(text, today) or Month.of(today)


def month_in(text: str, today: date) -> Month | None:
    """As `asked_month`; None where the message names no month. Raises BadMonth."""
    said = _COMPARED.sub(" ", text)
    running = Month.of(today)
    months: list[Month] = []
    for writing in (_SIX, _WHOLE):
        months += [Month(2000 + int(year[-2:]), int(number)) for year, number in writing.findall(said)]
        said = writing.sub(" ", said)
    months += [_sale(found[1] or "", found[2], running) for found in _SALE.finditer(said)]
    said = _SALE.sub(" ", said)
    months += [_named(year, number, running) for year, number in _BARE.findall(said)]
    months += [running.shift(by) for words, by in _RELATIVE.items() if re.search(words, said)]
    return max(months, default=None)


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


# ---------------------------------------------------------------- days on which something was

PAID, SHIPPED, SIGNED, CONFIRMED, REFUNDED = "paid", "shipped", "signed", "confirmed", "refunded"


@dataclass(frozen=True)
class Days:
    """A stretch of days in Asia/Shanghai, both ends in it."""

    first: date
    last: date

    def name(self, today: date) -> str:
        """11月3日, 11月16日到22日, with the year when it is not this one."""
        first = _day_name(self.first, today)
        if self.first == self.last:
            return first
        same_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        return f"{first}到{f'{self.last.day}日' if same_month else _day_name(self.last, today)}"


@dataclass(frozen=True)
class Span:
    """Words that say when: text[start:end] holds the expression with its verb. kind: what happened then (`PAID`, ...),
    "" where no verb says it."""

    start: int
    end: int
    expression: str
    kind: str = ""


_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半)"
_WEEK = r"(?:周|星期|礼拜)"
_WEEKDAY = r"[一二三四五六日天末1-6]"
_HOLIDAYS: Final[Mapping[str, tuple[int, int, int]]] = {  # month, first day, how many
    **{"双11": (11, 11, 1), "双十一": (11, 11, 1), "双12": (12, 12, 1), "双十二": (12, 12, 1)},
    **{"光棍节": (11, 11, 1), "圣诞": (12, 25, 1), "圣诞节": (12, 25, 1)},
    **{"618": (6, 18, 1), "六一八": (6, 18, 1), "国庆": (10, 1, 7), "元旦": (1, 1, 3), "五一": (5, 1, 5)},
}
_AROUND = 3  # days before and after, of 双十一那几天
_YEAR_SAID = r"(?P<year>大前年|前年|去年|今年|20\d{2}年|\d{2}年)的?"
_PART = r"(?P<part>初|中旬|中|底|末|上旬|下旬)"
# In order: the first that fits at a place is taken.
_FORMS: tuple[str, ...] = (
    r"(?P<iso>20\d{2}[-/.]\d{1,2}[-/.]\d{1,2})(?!\d)[日号]?",
    rf"(?:{_YEAR_SAID})?(?P<month>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月份?(?P<day>\d{{1,2}}|[一二三四五六七八九十廿]{{1,3}})[日号](?!码|线)",
    rf"(?:{_YEAR_SAID})?(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})(?!\d|[日号个份元块单月天年])",
    rf"(?:{_YEAR_SAID})?(?P<of>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月份?(?:{_PART})?(?!卡|内)",
    r"(?<![\d.])(?P<slash>(?:1[0-2]|0?[1-9])[./](?:3[01]|[12]\d|0?[1-9]))(?:[日号]|(?=那天|买|下单|付款|发货|收到|签收|退|就|才|寄|$))",
    r"(?<![\d/])(?P<slash>(?:1[0-2]|0?[1-9])/(?:3[01]|[12]\d|0?[1-9]))(?=[的那这])",
    rf"(?:{_YEAR_SAID})?(?P<holiday>{'|'.join(_HOLIDAYS)})(?!\d|\.\d|\s*(?:[元块份笔件个%号]|单(?![量子])))(?P<around>节?(?:期间|那几天|前后|那会儿?))?(?P<alone>节?(?:当天|那天|当日))?",
    r"(?P<back>大前天|前天|昨天|今天|昨日|今日|昨晚|前晚|今早|昨儿|前儿)",
    rf"(?P<weeks>上+|这|本)一?个?{_WEEK}(?P<weekday>{_WEEKDAY})?",
    r"(?P<months>上+|这|本|当)一?个?月份?(?:的?(?:月?(?P<part>初|中旬|中|底|末|上旬|下旬)|(?P<day>\d{1,2}|[一二三四五六七八九十廿]{1,3})[日号]))?",
    rf"(?<!每)(?<!上)(?<!下){_WEEK}(?P<weekday>{_WEEKDAY})",
    rf"(?P<count>{_COUNT})(?P<half>个半)?(?P<unit>天|个?{_WEEK}|个?月|年)多?(?:之|以)?前(?!后)",
    r"(?<![年个上这本当\d])月(?P<part>初|中|底|末)",
    r"(?<![\d年月单尾第大小.\-/])(?P<day>[12]\d|3[01]|[1-9]|二?十[一二三四五六七八九]|[一二三四五六七八九]|二?十|三十一?)(?:号(?![码线楼店])|日)",
    r"(?P<years>大前年|前年|去年)",
)
_WHEN = tuple(re.compile(form) for form in _FORMS)
_VERBS = (
    (CONFIRMED, "确认收[的了]?货|确认收的?|确认的"),
    (REFUNDED, "退[的了]?款|退[的了]?货(?![险宝运包])|退[的了掉回给]"),
    (SHIPPED, "发[的了]?货|发出|发的|寄出|出库"),
    (SIGNED, "收到|签收|收[的了]?货|收的|到[的了]?货|到的|拿到|送到|取件|取的"),
    (PAID, "下[的了]?单|下的(?=[那这单])|付[的了]?款|(?<!赔)付的|[买购拍订囤]|卖(?!家)[的了出掉]|入手|剁手"),
)
# 「昨天那单要是退货」, 「昨天还没发货」: it has not happened.
_THEN_VERB = re.compile(
    r"[^，。,；;？?！!要想能会没不若]{0,6}?(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _VERBS) + ")"
)
_DURATION = re.compile(r"[近每满超过内隔最]$")


def spans(text: str) -> tuple[Span, ...]:
    """Every stretch of time in the past that words name, in order; durations (七天, 72小时, 90天内) are none.

    >>> [(span.expression, span.kind) for span in spans("昨天买的和上周二收到的")]
    [('昨天', 'paid'), ('上周二', 'signed')]
    """
    found = []
    at = 0
    while at < len(text):
        match = next(filter(None, (form.match(text, at) for form in _WHEN)), None)
        if match is None or _DURATION.search(text[:at]):
            at = match.end() if match else at + 1
            continue
        found.append(match)
        at = match.end()
    ends = [*(each.start() for each in found), len(text)]
    return tuple(_span(text, match, until) for match, until in zip(found, ends[1:], strict=True))


def _span(text: str, match: re.Match[str], until: int) -> Span:
    verb = _THEN_VERB.match(text, match.end(), until)
    kind = next((name for name, said in verb.groupdict().items() if said), "") if verb else ""
    return Span(match.start(), verb.end() if verb else match.end(), match[0], kind)


def resolve(expression: str, today: date) -> Days:
    """The days that an expression of `spans` means as seen from today: in the past, unless it says otherwise.

    Raises BadDay for what is none: 2月30号, or no expression.
    """
    match = next(filter(None, (form.fullmatch(expression) for form in _WHEN)), None)
    if match is None:
        raise BadDay(f"expected words such as 昨天 or 11月3号, got {expression[:20]!r}")
    said = {name: value for name, value in match.groupdict().items() if value}
    reading = next(reading for name, reading in _READINGS.items() if name in said)
    try:
        return reading(said, today)
    except (ValueError, OverflowError, BadMonth) as error:
        raise BadDay(f"expected a day that there is, got {expression[:20]!r}") from error


def _one(day: date) -> Days:
    return Days(day, day)


def _iso(said: Mapping[str, str], today: date) -> Days:
    year, month, day = re.split(r"[-/.]", said["iso"])
    return _one(date(int(year), int(month), int(day)))


def _slash(said: Mapping[str, str], today: date) -> Days:
    month, day = re.split(r"[./]", said["slash"])
    return _one(_last_time(int(month), int(day), today, ""))


def _month_and_day(said: Mapping[str, str], today: date) -> Days:
    return _one(_last_time(_number(said["month"]), _number(said["day"]), today, said.get("year", "")))


def _of_a_month(said: Mapping[str, str], today: date) -> Days:
    number, year = _number(said["of"]), said.get("year", "")
    month = Month(_year(year, today), number)
    if month.first > today and not year:
        month = month.shift(-12)
    return _part(month, said.get("part", ""))


def _holiday(said: Mapping[str, str], today: date) -> Days:
    month, day, count = _HOLIDAYS[said["holiday"]]
    around = timedelta(days=_AROUND if "around" in said else 0)
    first = _last_time(month, day, today, said.get("year", ""))
    if "alone" in said:
        return _one(first)
    return Days(first - around, first + timedelta(days=count - 1) + around)


def _back(said: Mapping[str, str], today: date) -> Days:
    words = said["back"]
    days = 3 if words[0] == "大" else {"前": 2, "昨": 1, "今": 0}[words[0]]
    return _one(today - timedelta(days=days))


def _weekday(said: Mapping[str, str], today: date) -> Days:
    """周三 is the last one that there has been, 上周三 that of the week before this one."""
    monday = today - timedelta(days=today.weekday())
    weeks = said.get("weeks", "")
    if weeks.startswith("上"):
        monday -= timedelta(weeks=len(weeks))
    if "weekday" not in said:
        return Days(monday, monday + timedelta(days=6))
    day = said["weekday"]
    place = 5 if day == "末" else 6 if day in "日天" else _number(day) - 1
    first = monday + timedelta(days=place)
    if first > today and not weeks:
        first -= timedelta(weeks=1)
    return Days(first, first + timedelta(days=1 if day == "末" else 0))


def _relative_month(said: Mapping[str, str], today: date) -> Days:
    back = len(said["months"]) if said["months"].startswith("上") else 0
    month = Month.of(today).shift(-back)
    if "day" in said:
        return _one(date(month.year, month.number, _number(said["day"])))
    return _part(month, said.get("part", ""))


def _ago(said: Mapping[str, str], today: date) -> Days:
    """三天前 is a day, 半个月前 the days about it: nobody counts that far."""
    unit = {"天": 1, "月": 30, "年": 365}.get(said["unit"][-1], 7)
    whole = 0.5 if said["count"] == "半" else float(_number(said["count"]))
    days = round((whole + (0.5 if "half" in said else 0)) * unit)
    about = 0 if unit == 1 and days <= 7 else min(max(days // 7, 2), 15)
    middle = today - timedelta(days=days)
    return Days(middle - timedelta(days=about), middle + timedelta(days=about))


def _part_of_month(said: Mapping[str, str], today: date) -> Days:
    month = Month.of(today)
    found = _part(month, said["part"])
    return found if found.first <= today else _part(month.shift(-1), said["part"])


def _day_of_month(said: Mapping[str, str], today: date) -> Days:
    day, month = _number(said["day"]), Month.of(today)
    for _ in range(4):
        if day <= month.last.day and date(month.year, month.number, day) <= today:
            return _one(date(month.year, month.number, day))
        month = month.shift(-1)
    raise ValueError(day)


def _whole_year(said: Mapping[str, str], today: date) -> Days:
    year = _year(said["years"], today)
    return Days(date(year, 1, 1), date(year, 12, 31))


# By the group that tells one form from another; the first that is there decides.
_READINGS: Final[Mapping[str, Callable[[Mapping[str, str], date], Days]]] = {
    **{"iso": _iso, "slash": _slash, "month": _month_and_day, "of": _of_a_month, "holiday": _holiday},
    **{"back": _back, "weeks": _weekday, "weekday": _weekday, "months": _relative_month, "count": _ago},
    **{"part": _part_of_month, "day": _day_of_month, "years": _whole_year},
}


def _part(month: Month, part: str) -> Days:
    """初 the first ten days, 中 the next, 底 the rest; the whole month without one."""
    if not part:
        return Days(month.first, month.last)
    first = {"初": 1, "上旬": 1, "中": 11, "中旬": 11}.get(part, 21)
    start = month.first + timedelta(days=first - 1)
    return Days(start, month.last if first == 21 else start + timedelta(days=9))


def _last_time(month: int, day: int, today: date, year: str) -> date:
    """That day of that year, or without one the last there has been. Raises ValueError."""
    found = date(_year(year, today), month, day)
    return found.replace(year=found.year - 1) if found > today and not year else found


def _year(said: str, today: date) -> int:
    if said[:2].isdigit():
        return 2000 + int(said[-3:-1])
    return today.year + _YEARS[said]


def _number(said: str) -> int:
    """12, 十二, 二十三, 廿三, 两. Raises ValueError."""
    if said.isdigit():
        return int(said)
    tens, ten, ones = said.replace("两", "二").replace("廿", "二十").rpartition("十")
    if (tens and tens not in _NUMERALS) or (ones and ones not in _NUMERALS):
        raise ValueError(said)
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones, 0)


def _day_name(day: date, today: date) -> str:
    return f"{Month.of(day).name(today)}{day.day}日"


def period(as_of: str) -> str:
    """2022-09 -> 2022 年 9 月, 2022 -> 2022 年."""
    year, _, month = as_of.partition("-")
    return f"{year} 年 {int(month)} 月" if month else f"{year} 年"
