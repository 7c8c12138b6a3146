"""Taking a request back: its state, what it had changed, and a journal line under the same receipt, in one transaction.

An appeal that nobody has decided yet goes, and the claim stands refused again; a closing of today is undone, and the
enrolment runs on from its old date for its old fee; an opening of today ends. The request stays, as WITHDRAWN, with its
receipt. Two that take the same back at once queue up for the shop's or claim's row, and the second finds it done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from actions.policydb.queries import receipts
from actions.policydb.queries.access import account_of, require
from actions.policydb.writes import audit
from actions.policydb.writes.requests import DECIDING, Changed, Wish, Written, agreed_to, own_shop, running_in
from xiaoer.clock import local
from xiaoer.principal import Principal, Role

_WITHDRAWN = facts.RequestState.WITHDRAWN.value


def take_back(session: Session, principal: Principal, wish: Wish, *, receipt: str) -> Written:
    """Take the principal's own request of that receipt back; one that is taken back already is left as it is.

    Raises Changed when it is not there, decided, not of today, or when something else has changed the same since;
    NotSignedIn.
    """
    require(principal, Role.BUYER, Role.SELLER)
    account = account_of(session, principal)
    row = _own(session, account, receipt) if account else None
    if account is None or row is None:
        raise Changed("the request is not there")
    undo = _appeal if row.kind == facts.RequestKind.APPEAL.value else _switch
    claim_or_shop = _locked(session, principal, row)
    session.refresh(row, with_for_update=True)  # whoever held the lock may have taken it back
    if row.state == _WITHDRAWN:
        return Written(receipts.facts_of(session, row), new=False)
    before, after = undo(session, row, claim_or_shop, wish)
    detail = {**json.loads(row.detail), "taken_back": dict(wish.agreed)}
    row.state, row.detail = _WITHDRAWN, audit.as_json(detail)
    row.decided_at = max(wish.at, row.created_at)
    request = receipts.facts_of(session, row)
    audit.note(
        session,
        at=wish.at,
        principal=str(principal),
        action="request_take_back",
        subject=f"{request.shop_code or request.order_number}/{row.product_id}",
        outcome=_WITHDRAWN,
        receipt=row.receipt,
        conversation=wish.conversation,
        before=before,
        after=after,
        detail=agreed_to(wish),
    )
    session.flush()
    return Written(request, new=True)


def _own(session: Session, account: Any, receipt: str) -> Any:
    statement = select(tables.Request).filter_by(account_id=account.id, receipt=receipt)
    return session.execute(statement).scalars().first()


def _locked(session: Session, principal: Principal, row: Any) -> Any:
    """The claim or shop that the request is about, locked against another writer, in the order in which all writers lock."""
    if row.claim_id:
        statement = select(tables.Claim).filter_by(id=row.claim_id).with_for_update()
        return session.execute(statement).scalars().one()
    shop: Any = session.get(tables.Shop, row.shop_id)
    return own_shop(session, principal, shop.code)[1]


_Change = tuple[Mapping[str, Any], Mapping[str, Any]]  # the state before and after, for the journal


def _appeal(session: Session, row: Any, claim: Any, wish: Wish) -> _Change:
    """The claim stands refused again. Its step goes: what was filed and when stands in the journal and in the request."""
    session.expire(claim, ["events"])
    decided = [event for event in claim.events if event.kind in DECIDING]
    appealed = decided[-1] if decided else None
    if row.state != facts.RequestState.PENDING.value or appealed is None:
        raise Changed("the appeal is decided")
    if appealed.kind != facts.EventKind.APPEALED.value:
        raise Changed("the claim has gone on")
    claim.events.remove(appealed)
    return {"stage": "appealed"}, {"stage": "refused", "refusal": claim.refusal}


def _switch(session: Session, row: Any, shop: Any, wish: Wish) -> _Change:
    """The enrolment as it was before: a closing undone runs on, an opening undone ends."""
    if row.state != facts.RequestState.DONE.value or local(row.created_at).date() != local(wish.at).date():
        raise Changed("only what was done today can be undone")
    if _newest_standing(session, row) != row.id:
        raise Changed("something else was done about the same since")
    on = running_in(session, shop.id, row.product_id)
    if row.kind == facts.RequestKind.ENABLE.value:
        if on is None:
            raise Changed("it is not on")
        on.ended_at = max(wish.at, on.enrolled_at)
        return {"state": "on", "since": on.enrolled_at.isoformat()}, {"state": "off", "until": on.ended_at.isoformat()}
    ended = _last(session, shop.id, row.product_id)
    if on is not None or ended is None:
        raise Changed("it is on again")
    until, ended.ended_at = ended.ended_at.isoformat(), None
    since = ended.enrolled_at.isoformat()
    return {"state": "off", "until": until}, {"state": "on", "since": since, "fee_fen": ended.fee_fen}


def _newest_standing(session: Session, row: Any) -> int | None:
    """The id of the newest request about the same shop and product, whoever's, that was not taken back."""
    statement = (
        select(tables.Request.id)
        .filter_by(shop_id=row.shop_id, product_id=row.product_id)
        .where(tables.Request.state != _WITHDRAWN)
        .order_by(tables.Request.created_at.desc(), tables.Request.id.desc())
    )
    found: int | None = session.execute(statement).scalars().first()
    return found


def _last(session: Session, shop: int, product: str) -> Any:
    """The enrolment that ended last."""
    statement = (
        select(tables.Enrollment)
        .filter_by(shop_id=shop, product_id=product)
        .order_by(tables.Enrollment.enrolled_at.desc(), tables.Enrollment.id.desc())
    )
    return session.execute(statement).scalars().first()
