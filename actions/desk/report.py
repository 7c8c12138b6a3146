"""A seller's month in figures: which month is meant, what it is compared with, the rates, and the sheet to download.

What is counted is defined in `actions.policydb.queries.figures`. Here: claim rate (出险率) = claims ÷ policies and return rate
(退货率) = returned ÷ orders of the same days, in hundredths of a per cent, half up; None where nothing is to be divided by.

A running month is compared with the same days of the month before, a full month with the full month before.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from urllib.parse import quote

from actions.policydb.facts import ReturnReason
from actions.policydb.queries.figures import Counts, Part
from xiaoer.clock import SHANGHAI, local
from xiaoer.errors import XiaoerError

MONTHS_SHOWN = 6

REASON_NAMES = {
    ReturnReason.SIZE: "尺码不合适",
    ReturnReason.CHANGED_MIND: "不想要了",
    ReturnReason.QUALITY: "质量问题",
    ReturnReason.NOT_AS_DESCRIBED: "与描述不符",
    ReturnReason.WRONG_ITEM: "发错货",
    ReturnReason.DAMAGED: "收到时破损",
    ReturnReason.OTHER: "其他",
}


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


def midnight(day: date) -> datetime:
    """The instant at which a day begins in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(timezone.utc)


# ---------------------------------------------------------------- which month is meant

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


def asked_month(text: str, today: date) -> Month:
    """The month a message asks about; the latest where it names several, the running one where it names none.

    「12月」 without a year is the last December there has been; 「明年3月」 is what it says, and is yet to come.
    Raises BadMonth for what cannot be a month (13月).
    """
    said = _COMPARED.sub(" ", _plain(text))
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
    said = _SIX.sub(" ", _COMPARED.sub(" ", _plain(text)))
    said = _SALE.sub(lambda sale: " " if sale[3] else sale[0], _WHOLE.sub(" ", said))
    found = _PART_OF_MONTHS.search(said) or _PERIOD.search(_BARE.sub(" ", said))
    return found[0] if found else ""


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("個當這雙較", "个当这双较"))
    return re.sub(r"双\s+(?=[1十])", "双", text)


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


# ---------------------------------------------------------------- what is counted, and compared with what


@dataclass(frozen=True)
class Span:
    """Days of a report, first and last included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The instant at which it is over, which does not belong to it."""
        return midnight(self.last + timedelta(days=1))

    def sum(self, parts: Sequence[Part]) -> Counts:
        """The figures of the parts that lie in it."""
        return sum((part.counts for part in parts if self.start <= part.start < self.end), Counts())


@dataclass(frozen=True)
class Frame:
    """The days of a month's report and of what it is compared with. partial: the month is still running."""

    month: Month
    partial: bool
    days: Span
    before: Span
    series: tuple[Month, ...]

    @classmethod
    def of(cls, month: Month, today: date, opened: date | None = None) -> Frame:
        """month: not in the future; opened: when the shop did, so that no month before that is shown."""
        previous = month.shift(-1)
        partial = month == Month.of(today)
        last = today if partial else month.last
        # The 31st is compared with all of a shorter month.
        until = previous.first + timedelta(days=today.day - 1) if partial else previous.last
        earliest = Month.of(opened) if opened else month.shift(1 - MONTHS_SHOWN)
        shown = (month.shift(-back) for back in reversed(range(MONTHS_SHOWN)))
        return cls(
            month,
            partial,
            Span(month.first, last),
            Span(previous.first, min(until, previous.last)),
            tuple(each for each in shown if each >= earliest or each == month),
        )

    @property
    def edges(self) -> list[datetime]:
        """Where the figures have to be cut for all of this."""
        ends = {midnight(each.first) for each in self.series}
        return sorted(ends | {self.before.start, self.before.end, self.days.start, self.days.end})

    def whole(self, month: Month) -> Span:
        """A month of the series, the running one to date."""
        return self.days if month == self.month else Span(month.first, month.last)


def day_edges(month: Month, today: date) -> list[datetime]:
    """Where a month is cut into days, the running one to date."""
    last = today if month == Month.of(today) else month.last
    return [midnight(month.first + timedelta(days=day)) for day in range(last.day + 1)]


def rate_bp(part: int, whole: int) -> int | None:
    """part ÷ whole in hundredths of a per cent, half up; None for a whole of nothing."""
    return (part * 20_000 + whole) // (2 * whole) if whole else None


def per_cent(now: int, before: int) -> int | None:
    """How much more now is, in per cent, halves away from zero; None where there was nothing."""
    if not before:
        return None
    difference = now - before
    more = (abs(difference) * 200 + before) // (2 * before)
    return more if difference >= 0 else -more


def top_reasons(counted: Mapping[ReturnReason | None, int], most: int | None = None) -> list[tuple[ReturnReason, int]]:
    """The reasons that were given, the most frequent first, those of equal frequency in their own order."""
    order = list(ReturnReason)
    given = [(reason, count) for reason, count in counted.items() if reason is not None]
    return sorted(given, key=lambda each: (-each[1], order.index(each[0])))[:most]


def figures(counts: Counts) -> dict[str, int | None]:
    """The figures as the card has them."""
    return {
        "premium_fen": counts.premium_fen,
        "payout_fen": counts.payout_fen,
        "policies": counts.policies,
        "claims": counts.claims,
        "claim_rate_bp": rate_bp(counts.claims, counts.policies),
        "orders": counts.orders,
        "returned": counts.returned,
        "return_rate_bp": rate_bp(counts.returned, counts.orders),
    }


def card(
    code: str, name: str, frame: Frame, parts: Sequence[Part], reasons: Mapping[ReturnReason | None, int]
) -> dict[str, Any]:
    """The card `report`. series: whole months, the running one to date; before: what `Frame` compares with."""
    return {
        "type": "report",
        "shop": name,
        "shop_code": code,
        "month": str(frame.month),
        "previous": str(frame.month.shift(-1)),
        "partial": frame.partial,
        "figures": figures(frame.days.sum(parts)),
        "before": figures(frame.before.sum(parts)),
        "reasons": [
            {"reason": reason.value, "name": REASON_NAMES[reason], "count": count}
            for reason, count in top_reasons(reasons)
        ],
        "series": [
            {"month": str(month), "premium_fen": counts.premium_fen, "payout_fen": counts.payout_fen}
            for month in frame.series
            for counts in (frame.whole(month).sum(parts),)
        ],
        "csv": f"report.csv?month={frame.month}&shop={quote(code, safe='')}",
    }


# ---------------------------------------------------------------- the sheet

_COLUMNS = ("日期", "订单（单）", "保单（份）", "保费（元）", "理赔申请（笔）", "赔付（元）", "退货（单）")
_NOTES = (
    "订单：当天付款的；退货：当天退货退款完成的。",
    "保单、保费：当天出单、由店铺付保费的；买家自己买的不算。",
    "理赔申请：当天提出的；赔付：当天付出的。两者都只算店铺付保费的保单，不论哪天出单。",
    "日期按北京时间。",
)
# Excel in Chinese takes the full-width signs for the others.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def sheet(name: str, month: Month, parts: Sequence[Part], today: date) -> bytes:
    """A month as CSV that Excel opens: UTF-8 with BOM, a row a day, their sum, then the shop and the definitions.

    parts: the days of `day_edges`. No cell of text can act as a formula.
    """
    rows: list[Sequence[object]] = [_COLUMNS]
    rows += [_row(local(part.start).date().isoformat(), part.counts) for part in parts]
    rows.append(_row("合计", sum((part.counts for part in parts), Counts())))
    until = f"截至 {today.isoformat()}，当月未完" if month == Month.of(today) else "整月"
    rows += [(), ("店铺", name), ("月份", f"{month}（{until}）"), *(("说明", note) for note in _NOTES)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _row(day: str, counts: Counts) -> Sequence[object]:
    return (
        day,
        counts.orders,
        counts.policies,
        _money(counts.premium_fen),
        counts.claims,
        _money(counts.payout_fen),
        counts.returned,
    )


def _money(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets the apostrophe that makes it text again."""
    if not isinstance(value, str):
        return value
    text = "".join(char for char in value if char in "\t\r\n" or unicodedata.category(char) != "Cc")
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf").lstrip()
    return f"'{text}" if text[:1] in _FORMULA or seen[:1] in _FORMULA else text


def file_name(code: str, month: Month) -> str:
    """report-demo-shop-2026-10.csv: ASCII, and nothing a header or a file system could stumble over."""
    return f"report-{re.sub(r'[^A-Za-z0-9_-]', '_', code)[:64]}-{month}.csv"
