"""A seller's month in figures: what it is compared with, the rates, and the sheet to download.

What is counted is defined in `actions.policydb.queries.figures`. Here: claim rate (出险率) = claims ÷ policies and return rate
(退货率) = returned ÷ orders of the same days, in hundredths of a per cent, half up; None where nothing is to be divided by.

A running month is compared with the same days of the month before, a full month with the full month before.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from urllib.parse import quote

from actions.policydb.facts import ReturnReason
from actions.policydb.queries.figures import Counts, Part
from xiaoer.clock import SHANGHAI, local
from xiaoer.dates import Month

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


def midnight(day: date) -> datetime:
    """The instant at which a day begins in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(timezone.utc)


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
