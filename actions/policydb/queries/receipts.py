"""Requests as they were written down, each under its receipt: the principal's own, by key or by order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from actions.policydb.queries.access import account_of
from xiaoer.principal import Principal

TAKES_BACK = "back."  # in front of a request's key: the key of the wish to take it back


def find(session: Session, principal: Principal, key: str) -> facts.RequestFacts | None:
    """What the principal's own wish of that key has led to; None when nothing was written. Raises NotSignedIn.

    Of a wish to take something back that is the request itself, once it is taken back.
    """
    account = account_of(session, principal)
    row = of_key(session, account, key.removeprefix(TAKES_BACK)) if account else None
    if row is not None and key.startswith(TAKES_BACK) and row.state != facts.RequestState.WITHDRAWN.value:
        return None
    return facts_of(session, row) if row is not None else None


def newest(session: Session, principal: Principal, *, limit: int) -> tuple[facts.RequestFacts, ...]:
    """The principal's own requests, the newest first, at most so many; in a shop's session those of that shop."""
    account = account_of(session, principal)
    if account is None:
        return ()
    statement = select(tables.Request).where(tables.Request.account_id == account.id)
    if principal.shop:
        statement = statement.join(tables.Shop, tables.Shop.id == tables.Request.shop_id).where(
            tables.Shop.code == principal.shop
        )
    rows = session.execute(
        statement.order_by(tables.Request.created_at.desc(), tables.Request.id.desc()).limit(limit)
    ).scalars()
    return tuple(facts_of(session, row) for row in rows)


def of_receipt(session: Session, principal: Principal, receipt: str) -> facts.RequestFacts | None:
    """The principal's own request of that receipt; None for somebody else's and for one that there is not."""
    account = account_of(session, principal)
    statement = select(tables.Request).filter_by(account_id=account.id, receipt=receipt) if account else None
    row = session.execute(statement).scalars().first() if statement is not None else None
    found = facts_of(session, row) if row is not None else None
    return found if found is not None and principal.shop in ("", found.shop_code) else None


def taken_back(session: Session, principal: Principal, product: str, *, shop: str = "", order_number: str = "") -> int:
    """How many requests about a product, in a shop or of an order, were taken back: what starts from there is another wish."""
    account = account_of(session, principal)
    if account is None:
        return 0
    statement = select(func.count()).select_from(tables.Request)
    if shop:
        statement = statement.join(tables.Shop, tables.Shop.id == tables.Request.shop_id)
    else:
        statement = statement.join(tables.ShopOrder, tables.ShopOrder.id == tables.Request.order_id)
    about = tables.Shop.code == shop if shop else tables.ShopOrder.number == order_number
    return int(
        session.execute(
            statement.where(
                about,
                tables.Request.account_id == account.id,
                tables.Request.product_id == product,
                tables.Request.state == facts.RequestState.WITHDRAWN.value,
            )
        ).scalar_one()
    )


def last(session: Session, principal: Principal, *, order_number: str) -> facts.RequestFacts | None:
    """The principal's newest request about an order."""
    account = account_of(session, principal)
    if account is None:
        return None
    row = (
        session.execute(
            select(tables.Request)
            .join(tables.ShopOrder, tables.ShopOrder.id == tables.Request.order_id)
            .where(tables.Request.account_id == account.id, tables.ShopOrder.number == order_number)
            .order_by(tables.Request.created_at.desc(), tables.Request.id.desc())
        )
        .scalars()
        .first()
    )
    return facts_of(session, row) if row is not None else None


def of_key(session: Session, account: Any, key: str) -> Any:
    """The row of the account's request of that key; None when nothing was written."""
    statement = select(tables.Request).filter_by(account_id=account.id, idempotency_key=key)
    return session.execute(statement).scalars().first()


def facts_of(session: Session, row: Any) -> facts.RequestFacts:
    """A request's row as plain data."""
    shop = session.get(tables.Shop, row.shop_id) if row.shop_id else None
    order = session.get(tables.ShopOrder, row.order_id) if row.order_id else None
    return facts.RequestFacts(
        receipt=row.receipt,
        kind=facts.RequestKind(row.kind),
        state=facts.RequestState(row.state),
        product=row.product_id,
        key=row.idempotency_key,
        created_at=row.created_at,
        decided_at=row.decided_at,
        shop=shop.name if shop else "",
        shop_code=shop.code if shop else "",
        order_number=order.number if order else "",
        reason=row.reason,
        detail=row.detail,
    )
