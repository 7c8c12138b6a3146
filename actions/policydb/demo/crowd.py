"""What a shop sells in half a year: the many orders of the demo buyer `crowd`, from which a report has its figures.

The same for the same anchor, and the same number of rows for every anchor: which order comes back and how far it has
come follows from the days since it was paid; premiums and reasons follow from the calendar month, so that months
differ. Written in bulk: a flush of so many objects would take seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions.policydb import tables
from actions.policydb.demo.data import insurer_of, read
from actions.policydb.facts import (
    ClaimKind,
    CloseReason,
    EventKind,
    Fault,
    Payee,
    Payer,
    RefusalReason,
    ReturnMethod,
    ReturnReason,
)
from xiaoer.clock import SHANGHAI

BUYER = ("buyer", "crowd")


@dataclass(frozen=True)
class Trade:
    """How a shop sells. days: how far back; a_day: orders a day, in turn; returned: one order in so many comes back,
    in the last 40 days and before; premiums: fen an order this month, last month, ...; the last holds from there on.
    """

    shop: str
    days: int
    a_day: tuple[int, ...]
    returned: tuple[int, int]
    product: str
    premiums: tuple[int, ...]
    items: tuple[tuple[str, int], ...]


def _trade(written: Mapping[str, Any]) -> Trade:
    rows = {name: tuple(written[name]) for name in ("a_day", "returned", "premiums")}
    return Trade(**{**written, **rows, "items": tuple(written["items"].items())})


_WRITTEN = read("crowd")
TRADES = tuple(map(_trade, _WRITTEN["trades"]))
_ADDRESSES = tuple((each["region"], each["courier"], each["sum_fen"]) for each in _WRITTEN["addresses"])
_REASONS = tuple(tuple(map(ReturnReason, month)) for month in _WRITTEN["reasons"])
_SELLERS_FAULT = {
    ReturnReason.QUALITY,
    ReturnReason.NOT_AS_DESCRIBED,
    ReturnReason.WRONG_ITEM,
    ReturnReason.DAMAGED,
}
_REFUSALS = (RefusalReason.BAD_TRACKING, RefusalReason.ACCOUNT_RISK, RefusalReason.SHARED_PARCEL)
_REFUSED = 9  # one return in so many
# Days from payment to each step; a step that would not be over by yesterday has not happened.
_SHIPPED, _SIGNED, _CONFIRMED = 1, 4, 13
_STEPS = {
    EventKind.REQUESTED: 5,
    EventKind.AGREED: 5,
    EventKind.SHIPPED_BACK: 6,
    EventKind.RECEIVED: 9,
    EventKind.REFUNDED: 10,
    EventKind.PAID: 12,
    EventKind.REFUSED: 13,
}
_HOURS = {EventKind.REQUESTED: 11, EventKind.AGREED: 13, EventKind.SHIPPED_BACK: 17, EventKind.REFUNDED: 19}


@dataclass(frozen=True)
class _Sale:
    """One order. ago: days since it was paid; place: its number among the shop's; lot: a number drawn from its name."""

    trade: Trade
    anchor: date
    ago: int
    place: int
    lot: int
    number: str

    def at(self, after: int, hour: int = 15, minute: int = 20) -> datetime | None:
        """The instant `after` days after payment; None when that is not over by yesterday."""
        if after >= self.ago:
            return None
        day = self.anchor - timedelta(days=self.ago - after)
        return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(timezone.utc)

    @property
    def paid_at(self) -> datetime:
        paid = self.at(0, 8 + self.lot % 15, self.lot % 60)
        assert paid is not None
        return paid

    @property
    def premium_fen(self) -> int:
        paid = self.anchor - timedelta(days=self.ago)
        back = (self.anchor.year - paid.year) * 12 + self.anchor.month - paid.month
        return self.trade.premiums[min(back, len(self.trade.premiums) - 1)]

    @property
    def address(self) -> tuple[str, str, int]:
        return _ADDRESSES[self.lot % len(_ADDRESSES)]

    @property
    def returned(self) -> int | None:
        """Which of the shop's returns this is; None for an order that is kept or has not been asked back yet."""
        every = self.trade.returned[0 if self.ago <= 40 else 1]
        return self.place // every if self.place % every == 0 and self.at(_STEPS[EventKind.REQUESTED]) else None


def fill(session: Session, anchor: date, buyer: int, shops: Mapping[str, int]) -> int:
    """Write the crowd's orders. buyer: its account's row; shops: rows by code. Returns how many orders."""
    sales = [sale for trade in TRADES for sale in _sales(trade, anchor)]
    _insert(session, tables.ShopOrder, (_order(sale, buyer, shops[sale.trade.shop]) for sale in sales))
    orders = _ids(session, tables.ShopOrder.number, tables.ShopOrder.id, buyer)
    _insert(session, tables.OrderLine, (_line(sale, orders[sale.number]) for sale in sales))
    _insert(session, tables.Policy, (_policy(sale, orders[sale.number]) for sale in sales))
    lines = _ids(session, tables.ShopOrder.number, tables.OrderLine.id, buyer, tables.OrderLine)
    policies = _ids(session, tables.ShopOrder.number, tables.Policy.id, buyer, tables.Policy)
    returns = [(sale, nth) for sale in sales if (nth := sale.returned) is not None]
    _insert(
        session, tables.Claim, (_claim(sale, nth, policies[sale.number], lines[sale.number]) for sale, nth in returns)
    )
    claims = _ids(session, tables.ShopOrder.number, tables.Claim.id, buyer, tables.Policy, tables.Claim)
    _insert(
        session, tables.ClaimEvent, (row for sale, nth in returns for row in _events(sale, nth, claims[sale.number]))
    )
    _insert(session, tables.Payout, (row for sale, nth in returns for row in _payouts(sale, nth, claims[sale.number])))
    return len(sales)


def _insert(session: Session, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    if given := list(rows):
        session.execute(insert(table.__table__), given)


def _ids(session: Session, key: Any, value: Any, buyer: int, *joined: Any) -> dict[str, int]:
    """{order number: row} of what hangs on the buyer's orders."""
    statement = select(key, value).select_from(tables.ShopOrder).where(tables.ShopOrder.buyer_id == buyer)
    for table in joined:
        statement = statement.join(table)
    return {number: row for number, row in session.execute(statement)}


def _sales(trade: Trade, anchor: date) -> Iterator[_Sale]:
    place = 0
    for ago in range(trade.days, 0, -1):
        for _ in range(trade.a_day[ago % len(trade.a_day)]):
            place += 1
            lot = int(hashlib.sha256(f"crowd {trade.shop} {place}".encode()).hexdigest(), 16)
            yield _Sale(trade, anchor, ago, place, lot, "3" + str(lot)[-18:])


def _order(sale: _Sale, buyer: int, shop: int) -> dict[str, Any]:
    region, courier, _ = sale.address
    shipped, back = sale.at(_SHIPPED, 16), sale.returned is not None
    refunded = sale.at(_STEPS[EventKind.REFUNDED], _HOURS[EventKind.REFUNDED]) if back else None
    return {
        "number": sale.number,
        "buyer_id": buyer,
        "shop_id": shop,
        "amount_fen": _item(sale)[1],
        "paid_at": sale.paid_at,
        "shipped_at": shipped,
        "signed_at": sale.at(_SIGNED),
        "confirmed_at": None if back else sale.at(_CONFIRMED),
        "closed_at": refunded,
        "close_reason": CloseReason.RETURNED.value if refunded else None,
        "courier": courier if shipped else "",
        "tracking_number": "7" + str(sale.lot)[-31:-18] if shipped else "",
        "ship_to_region": region,
    }


def _item(sale: _Sale) -> tuple[str, int]:
    return sale.trade.items[sale.lot // 10 % len(sale.trade.items)]  # not in step with the addresses


def _line(sale: _Sale, order: int) -> dict[str, Any]:
    title, amount = _item(sale)
    return {"order_id": order, "position": 0, "title": title, "quantity": 1, "amount_fen": amount}


def _policy(sale: _Sale, order: int) -> dict[str, Any]:
    return {
        "number": "PD" + str(sale.lot)[-47:-31],
        "order_id": order,
        "product_id": sale.trade.product,
        "payer": Payer.SELLER.value,
        "insurer": insurer_of(sale.trade.product),
        "premium_fen": sale.premium_fen,
        "sum_insured_fen": sale.address[2],
        "issued_at": sale.paid_at,
    }


def _refused(nth: int) -> bool:
    return nth % _REFUSED == 4


def _reason(sale: _Sale, nth: int, opened: datetime) -> ReturnReason:
    month = _REASONS[opened.astimezone(SHANGHAI).month % len(_REASONS)]
    return month[nth % len(month)]


def _claim(sale: _Sale, nth: int, policy: int, line: int) -> dict[str, Any]:
    opened = sale.at(_STEPS[EventKind.REQUESTED], _HOURS[EventKind.REQUESTED])
    assert opened is not None
    reason = _reason(sale, nth, opened)
    sent = sale.at(_STEPS[EventKind.SHIPPED_BACK]) is not None
    refused = _refused(nth) and sale.at(_STEPS[EventKind.REFUSED]) is not None
    return {
        "policy_id": policy,
        "line_id": line,
        "kind": ClaimKind.RETURN.value,
        "method": (ReturnMethod.PICKUP if nth % 3 else ReturnMethod.SELF).value,
        "fault": (Fault.SELLER if reason in _SELLERS_FAULT else Fault.BUYER).value,
        "opened_at": opened,
        "flash": False,
        "courier": sale.address[1] if sent else "",
        "tracking_number": "7" + str(sale.lot)[-60:-47] if sent else "",
        "freight_paid_fen": sale.address[2] + 100 * (nth % 4) if sent else None,
        "weight_g": 600 + sale.lot % 500,
        "refusal": _REFUSALS[nth // _REFUSED % len(_REFUSALS)].value if refused else None,
        "reason": reason.value,
    }


def _events(sale: _Sale, nth: int, claim: int) -> Iterator[dict[str, Any]]:
    skipped = EventKind.PAID if _refused(nth) else EventKind.REFUSED
    for kind, after in _STEPS.items():
        at = sale.at(after, _HOURS.get(kind, 15))
        if kind is not skipped and at is not None:
            yield {"claim_id": claim, "kind": kind.value, "at": at, "note": ""}


def _payouts(sale: _Sale, nth: int, claim: int) -> Iterator[dict[str, Any]]:
    paid = sale.at(_STEPS[EventKind.PAID])
    if paid is not None and not _refused(nth):
        payee = Payee.COURIER if nth % 3 else Payee.ALIPAY
        yield {"claim_id": claim, "amount_fen": sale.address[2], "payee": payee.value, "paid_at": paid}
