"""The principal's own orders and shops. Every function takes (session, principal, ...); `access` says who may see what.

Another account's order and an order that does not exist are the same: None, after the same single query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import groupby
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, selectinload

from actions.policydb import facts, tables
from actions.policydb.queries.access import own_account
from actions.policydb.queries.rows import order_facts, shop_facts
from xiaoer import clock
from xiaoer.principal import Principal, Role

TITLES = 500  # different ones that a name is looked for among
INDEXED = 60  # orders that a name is looked for among
_NEWEST: tuple[Any, ...] = (tables.ShopOrder.paid_at.desc(), tables.ShopOrder.id.desc())
_REFUNDED_AT: Any = func.coalesce(
    select(func.max(tables.ClaimEvent.at))
    .join(tables.Claim, tables.Claim.id == tables.ClaimEvent.claim_id)
    .join(tables.Policy, tables.Policy.id == tables.Claim.policy_id)
    .where(tables.Policy.order_id == tables.ShopOrder.id, tables.ClaimEvent.kind == facts.EventKind.REFUNDED.value)
    .correlate(tables.ShopOrder)
    .scalar_subquery(),
    tables.ShopOrder.closed_at,
)


class Having(str, Enum):
    """What an order must have to be of use to a task."""

    ANYTHING = "anything"
    POLICY = "policy"
    CLAIM = "claim"
    PAYOUT = "payout"


def order(session: Session, principal: Principal, number: str) -> facts.OrderFacts | None:
    """The order of that number: the buyer's own, or one of the seller's own shop. None: not theirs or not there.

    Raises NotSignedIn.
    """
    found = order_facts(session, _own_orders(principal).where(tables.ShopOrder.number == number))
    return found[0] if found else None


def has_orders(session: Session, principal: Principal) -> bool:
    """Whether the principal has any. Raises NotSignedIn."""
    return session.execute(_own_orders(principal).limit(1)).first() is not None


def recent_orders(
    session: Session, principal: Principal, *, having: Having = Having.ANYTHING, limit: int = 5
) -> tuple[facts.OrderFacts, ...]:
    """The principal's newest orders, the newest first. Raises NotSignedIn."""
    statement = _own_orders(principal).order_by(*_NEWEST)
    policies: Any = tables.ShopOrder.policies
    claims: Any = tables.Policy.claims
    if having is Having.POLICY:
        statement = statement.where(policies.any())
    elif having is Having.CLAIM:
        statement = statement.where(policies.any(claims.any()))
    elif having is Having.PAYOUT:
        statement = statement.where(policies.any(claims.any(tables.Claim.payout.has())))
    return order_facts(session, statement.limit(limit))


def orders(session: Session, principal: Principal, numbers: Sequence[str]) -> tuple[facts.OrderFacts, ...]:
    """The principal's orders of these numbers, the newest first; those that are not theirs are left out.

    Raises NotSignedIn.
    """
    if not numbers:
        return ()
    statement = _own_orders(principal).where(tables.ShopOrder.number.in_(numbers)).order_by(*_NEWEST)
    return order_facts(session, statement)


def order_index(
    session: Session,
    principal: Principal,
    *,
    since: datetime,
    tail: str = "",
    title: str = "",
    on: tuple[str, datetime, datetime] | None = None,
) -> tuple[facts.OrderEntry, ...]:
    """What tells the principal's newest orders from one another, the newest first, in one statement.

    since: older ones are left out. tail: only those whose numbers end with it; title: those with a
    line that has it. on: only those of which something happened from an instant until before another:
    (paid, shipped, signed, confirmed or refunded, from, until). Raises NotSignedIn.
    """
    order, line = tables.ShopOrder, tables.OrderLine
    statement = _own_orders(principal).where(order.paid_at >= since)
    if tail:
        statement = statement.where(order.number.endswith(tail, autoescape=True))
    if title:
        statement = statement.where(order.lines.any(line.title.contains(title, autoescape=True)))
    if on is not None:
        happened = _REFUNDED_AT if on[0] == "refunded" else getattr(order, f"{on[0]}_at")
        statement = statement.where(happened >= on[1], happened < on[2])
    newest = (
        statement.with_only_columns(
            *(order.id, order.number, order.amount_fen, order.paid_at, order.shipped_at, order.signed_at),
            *(order.confirmed_at, tables.Shop.name.label("shop"), _REFUNDED_AT.label("refunded_at")),
        )
        .order_by(*_NEWEST)
        .limit(INDEXED)
        .subquery()
    )
    rows = session.execute(
        select(newest, line.title)
        .outerjoin(line, line.order_id == newest.c.id)
        .order_by(newest.c.paid_at.desc(), newest.c.id.desc(), line.position)
    )
    return tuple(_entry(list(each)) for _, each in groupby(rows, key=lambda row: row.number))


def titles(session: Session, principal: Principal, *, since: datetime) -> tuple[str, ...]:
    """What has been sold in the principal's orders since then, each title once, 500 at most. Raises NotSignedIn."""
    order, line = tables.ShopOrder, tables.OrderLine
    mine = _own_orders(principal).where(order.paid_at >= since).with_only_columns(order.id).subquery()
    statement = select(line.title).join(mine, mine.c.id == line.order_id).distinct().order_by(line.title).limit(TITLES)
    return tuple(str(title) for title in session.execute(statement).scalars())


def _entry(rows: Sequence[Any]) -> facts.OrderEntry:
    first = rows[0]
    return facts.OrderEntry(
        number=first.number,
        shop=first.shop,
        amount_fen=first.amount_fen,
        titles=tuple(row.title for row in rows if row.title is not None),
        paid_at=first.paid_at,
        shipped_at=first.shipped_at,
        signed_at=first.signed_at,
        confirmed_at=first.confirmed_at,
        refunded_at=first.refunded_at,
    )


def shops(session: Session, principal: Principal) -> tuple[facts.ShopFacts, ...]:
    """The seller's own shops with enrolments and what they sold lately, only the token's shop where it names one.

    Raises NotSignedIn, WrongRole (a buyer).
    """
    asker = own_account(principal, Role.SELLER)
    statement = (
        select(tables.Shop)
        .join(tables.Shop.owner)
        .where(*asker)
        .options(selectinload(tables.Shop.enrollments))
        .order_by(tables.Shop.id)
    )
    if principal.shop:
        statement = statement.where(tables.Shop.code == principal.shop)
    rows = list(session.execute(statement).scalars())
    sold = _sold(session, [row.id for row in rows], clock.now())
    return tuple(shop_facts(row, *sold.get(row.id, (0, 0, 0))) for row in rows)


def _sold(session: Session, shop_ids: list[int], at: datetime) -> Mapping[int, tuple[int, int, int]]:
    """By shop: orders paid in the last 30 days, in the last 90, and the fen of the former; reads no older order.

    Whole days of Asia/Shanghai up to yesterday: what is quoted in the morning still holds in the evening.
    """
    if not shop_ids:
        return {}
    today = clock.local(at).replace(hour=0, minute=0, second=0, microsecond=0)
    order, month = tables.ShopOrder, today - timedelta(days=30)
    statement = (
        select(
            order.shop_id,
            func.sum(case((order.paid_at >= month, 1), else_=0)),
            func.count(),
            func.sum(case((order.paid_at >= month, order.amount_fen), else_=0)),
        )
        .where(order.shop_id.in_(shop_ids), order.paid_at >= today - timedelta(days=90), order.paid_at < today)
        .group_by(order.shop_id)
    )
    # PostgreSQL sums whole numbers as decimals.
    return {shop: (int(of_30), int(of_90), int(fen)) for shop, of_30, of_90, fen in session.execute(statement)}


def _own_orders(principal: Principal) -> Any:
    """The principal's orders, as rows of the order with its shop's name and return region."""
    asker = own_account(principal, Role.BUYER, Role.SELLER)
    statement = select(tables.ShopOrder, tables.Shop.name.label("shop"), tables.Shop.return_region).join(
        tables.Shop, tables.Shop.id == tables.ShopOrder.shop_id
    )
    if principal.role is Role.BUYER:
        return statement.join(tables.Account, tables.Account.id == tables.ShopOrder.buyer_id).where(*asker)
    own = statement.join(tables.Account, tables.Account.id == tables.Shop.owner_id).where(*asker)
    return own.where(tables.Shop.code == principal.shop) if principal.shop else own
