"""Writes the demo data, dated backwards from today.

Seeding again moves the dates to the new today and touches demo accounts only. What shops sell beside the named orders is
in `crowd`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from actions.policydb import tables
from actions.policydb.demo import crowd
from actions.policydb.demo.data import (
    ACCOUNTS,
    NUMBERS,
    ORDERS,
    SHOPS,
    DemoClaim,
    DemoOrder,
    DemoShop,
    digits,
    insurer_of,
)
from actions.policydb.facts import EventKind, Payee, ReturnMethod
from xiaoer.clock import SHANGHAI, local
from xiaoer.errors import DeskError

# Days after which the data says other things than it was made to say: the claim under review is overdue first.
FRESH_DAYS = 2
_HOURS = {"paid": 10, "requested": 11, "agreed": 13, "withdrawn": 14, "shipped": 16, "shipped_back": 17, "refunded": 19}
_EVENTS = tuple(kind for kind in EventKind if kind is not EventKind.APPEALED)


class Calendar:
    """Instants counted back from the anchor day, at fixed hours of Asia/Shanghai."""

    def __init__(self, anchor: date) -> None:
        self._anchor = anchor

    def at(self, days_ago: int | None, what: str = "") -> datetime | None:
        if days_ago is None:
            return None
        moment = datetime.combine(self._anchor - timedelta(days=days_ago), time(_HOURS.get(what, 15), 20), SHANGHAI)
        return moment.astimezone(timezone.utc)


def anchored_on(session: Session) -> date | None:
    """The day that the demo data in the database counts back from; None where there is none."""
    shop = SHOPS[0]  # it opened so many days before, and no task moves that
    opened: datetime | None = session.execute(select(tables.Shop.opened_at).filter_by(code=shop.code)).scalar()
    return local(opened).date() + timedelta(days=shop.opened) if opened is not None else None


def fill(session: Session, anchor: date) -> dict[str, Any]:
    """Write the demo data anew, dated back from `anchor` (Asia/Shanghai).

    Returns how many accounts and orders there are now, and how many requests and tickets were thrown away.
    Raises DeskError when a demo id or a demo shop code belongs to a real account: nothing is written then.
    """
    calendar = Calendar(anchor)
    accounts = {(role, name): _account(session, role, name, calendar) for role, name in ACCOUNTS}
    shops = {shop.code: _shop(session, shop, accounts[("seller", shop.owner)], calendar) for shop in SHOPS}
    session.flush()
    dropped = _clear(session, [account.id for account in accounts.values()], [shop.id for shop in shops.values()])
    for shop in SHOPS:
        _enroll(session, shop, shops[shop.code], calendar)
    for order in ORDERS:
        session.add(order_row(order, NUMBERS[order.key], accounts[("buyer", order.buyer)], shops[order.shop], calendar))
    session.flush()
    many = crowd.fill(session, anchor, accounts[crowd.BUYER].id, {code: shop.id for code, shop in shops.items()})
    return {"accounts": len(accounts), "orders": len(ORDERS) + many, "dropped": dropped}


def _account(session: Session, role: str, name: str, calendar: Calendar) -> Any:
    account = session.execute(select(tables.Account).filter_by(role=role, external_id=name)).scalars().first()
    if account is None:
        account = tables.Account(role=role, external_id=name, is_demo=True, created_at=calendar.at(400))
        session.add(account)
    elif not account.is_demo:
        raise DeskError(
            f"{role}:{name} is a real account here, so the demo data was not written; use another database."
        )
    return account


def _shop(session: Session, shop: DemoShop, owner: Any, calendar: Calendar) -> Any:
    row = session.execute(select(tables.Shop).filter_by(code=shop.code)).scalars().first()
    if row is None:
        row = tables.Shop(code=shop.code, owner=owner)
        session.add(row)
    elif row.owner_id != owner.id:
        raise DeskError(f"shop {shop.code} belongs to a real account, so the demo data was not written.")
    row.name, row.risk_rate_bp, row.return_region = shop.name, shop.risk_rate_bp, shop.region
    row.consumer_protection, row.seven_day_return = shop.consumer_protection, shop.seven_day_return
    row.site, row.category = shop.site.value, shop.category.value
    row.deposit_fen, row.deposit_due_fen = shop.deposit_fen, shop.deposit_due_fen
    row.opened_at = calendar.at(shop.opened)
    return row


def _clear(session: Session, accounts: list[int], shops: list[int]) -> dict[str, int]:
    """Remove what the demo accounts had; what hangs on an order goes with it (ON DELETE CASCADE). The journal stays.

    Returns how many requests and tickets that were.
    """
    dropped = {}
    for name, table in (("tickets", tables.Ticket), ("requests", tables.Request)):
        gone: Any = session.execute(delete(table).where(table.account_id.in_(accounts)))
        dropped[name] = gone.rowcount
    session.execute(delete(tables.Enrollment).where(tables.Enrollment.shop_id.in_(shops)))
    session.execute(
        delete(tables.ShopOrder)
        .where(tables.ShopOrder.buyer_id.in_(accounts))
        .execution_options(synchronize_session=False)
    )
    return dropped


def _enroll(session: Session, shop: DemoShop, row: Any, calendar: Calendar) -> None:
    for service in shop.services:
        session.add(
            tables.Enrollment(
                shop_id=row.id,
                product_id=service.product,
                enrolled_at=calendar.at(service.since),
                ended_at=calendar.at(service.ended),
                fee_fen=service.fee_fen,
            )
        )


def order_row(order: DemoOrder, number: str, buyer: Any, shop: Any, calendar: Calendar) -> Any:
    """One order with its policy and claims. buyer, shop: rows."""
    lines = [
        tables.OrderLine(position=position, title=title, quantity=1, amount_fen=amount)
        for position, (title, amount) in enumerate(order.items)
    ]
    row = tables.ShopOrder(
        number=number,
        buyer_id=buyer.id,
        shop_id=shop.id,
        amount_fen=sum(amount for _, amount in order.items),
        paid_at=calendar.at(order.paid, "paid"),
        shipped_at=calendar.at(order.shipped, "shipped"),
        signed_at=calendar.at(order.signed),
        confirmed_at=calendar.at(order.confirmed),
        closed_at=calendar.at(order.closed),
        close_reason=order.close_reason.value if order.close_reason else None,
        courier=order.courier if order.shipped is not None else "",
        tracking_number="7" + digits(f"parcel {order.key}", 13) if order.shipped is not None else "",
        ship_to_region=order.region,
        lines=lines,
    )
    if order.product:
        row.policies = [
            tables.Policy(
                number="PD" + digits(f"policy {order.key}", 16),
                product_id=order.product,
                payer=order.payer.value,
                insurer=insurer_of(order.product),
                premium_fen=order.premium_fen,
                sum_insured_fen=order.sum_fen,
                issued_at=calendar.at(order.paid, "paid"),
                claims=[_claim(order, claim, lines[claim.line], calendar) for claim in order.claims],
            )
        ]
    return row


def _claim(order: DemoOrder, claim: DemoClaim, line: Any, calendar: Calendar) -> Any:
    days = {kind: getattr(claim, kind.value) for kind in _EVENTS}
    sent = claim.shipped_back is not None
    payee = Payee.COURIER if claim.method is ReturnMethod.PICKUP else Payee.ALIPAY
    return tables.Claim(
        line=line,
        kind=claim.kind.value,
        method=claim.method.value,
        fault=claim.fault.value,
        opened_at=calendar.at(claim.requested, "requested"),
        flash=claim.flash,
        courier=order.courier if sent else "",
        tracking_number="7" + digits(f"return {claim.parcel or order.key + str(claim.line)}", 13) if sent else "",
        freight_paid_fen=claim.freight_fen,
        weight_g=claim.weight_g,
        refusal=claim.refusal.value if claim.refusal else None,
        events=[
            tables.ClaimEvent(kind=kind.value, at=calendar.at(ago, kind.value))
            for kind, ago in days.items()
            if ago is not None
        ],
        payout=tables.Payout(amount_fen=claim.payout_fen, payee=payee.value, paid_at=calendar.at(claim.paid, "paid"))
        if claim.paid is not None
        else None,
    )
