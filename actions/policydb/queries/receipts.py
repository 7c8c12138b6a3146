"""Requests as they were written down, each under its receipt: the principal's own, by key or by order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from actions.policydb.queries.access import account_of
from xiaoer.principal import Principal


def find(session: Session, principal: Principal, key: str) -> facts.RequestFacts | None:
    """The principal's own request of that key; None when nothing was written. Raises NotSignedIn."""
    account = account_of(session, principal)
    row = of_key(session, account, key) if account else None
    return facts_of(session, row) if row is not None else None


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
        order_number=order.number if order else "",
        reason=row.reason,
        detail=row.detail,
    )
