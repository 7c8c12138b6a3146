"""Writing requests down: request, enrolment or appeal, and journal line in one transaction, or nothing of them.

Every function takes (session, principal, ...) and writes for that principal alone. Two that confirm the same wish at once
queue up (SQLite: BEGIN IMMEDIATE, PostgreSQL: the shop's or claim's row is locked), and the second finds the first one's
request by key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from actions.policydb.queries import receipts
from actions.policydb.queries.access import account_of, require
from actions.policydb.writes import audit
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Role


class Changed(XiaoerError):
    """What the request starts from is no longer so. Nothing was written; look again and ask again."""


@dataclass(frozen=True)
class Wish:
    """What is written down. key, receipt: see `actions.desk.requests`; agreed: what was read back, name -> value."""

    kind: facts.RequestKind
    product: str
    key: str
    receipt: str
    agreed: Mapping[str, str]
    conversation: str
    at: datetime


@dataclass(frozen=True)
class Written:
    """request: as it stands in the database; new: False when an earlier confirmation had written it."""

    request: facts.RequestFacts
    new: bool


def lock(session: Session, key: str) -> None:
    """Waits until nobody else writes or looks for the request of that key, and holds it until the transaction ends.

    For sessions of `session.writing`. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def enable(session: Session, principal: Principal, wish: Wish, *, shop: str) -> Written:
    """Switch a product on for a shop. What an order costs is not known yet: the fee is 0 until the insurer bills it.

    Raises Changed when it is on already (by another wish), WrongRole, NotSignedIn.
    """
    account, row = own_shop(session, principal, shop)
    earlier = _earlier(session, account, wish)
    if earlier is not None:
        return earlier
    if running_in(session, row.id, wish.product) is not None:
        raise Changed(f"{wish.product} is on already in {shop}")
    enrollment = tables.Enrollment(shop_id=row.id, product_id=wish.product, enrolled_at=wish.at, fee_fen=0)
    session.add(enrollment)
    before, after = {"state": "off"}, {"state": "on", "since": wish.at.isoformat()}
    return _write(session, principal, account, wish, subject=shop, before=before, after=after, shop_id=row.id)


def disable(session: Session, principal: Principal, wish: Wish, *, shop: str) -> Written:
    """Switch a product off for a shop. Raises Changed when it is not on, WrongRole, NotSignedIn."""
    account, row = own_shop(session, principal, shop)
    earlier = _earlier(session, account, wish)
    if earlier is not None:
        return earlier
    running = running_in(session, row.id, wish.product)
    if running is None:
        raise Changed(f"{wish.product} is not on in {shop}")
    before = {"state": "on", "since": running.enrolled_at.isoformat(), "fee_fen": running.fee_fen}
    # XIAOER_TODAY makes a day begin again at midnight; an end comes after its beginning all the same.
    running.ended_at = max(wish.at, running.enrolled_at)
    after = {"state": "off", "until": running.ended_at.isoformat()}
    return _write(session, principal, account, wish, subject=shop, before=before, after=after, shop_id=row.id)


def appeal(
    session: Session,
    principal: Principal,
    wish: Wish,
    *,
    order_number: str,
    opened_at: datetime,
    evidence: Mapping[str, str],
) -> Written:
    """Appeal against the refusal of the claim that was opened then. Raises Changed when it is no longer refused."""
    require(principal, Role.BUYER)
    account = account_of(session, principal)
    found = _own_claim(session, account, wish.product, order_number, opened_at) if account else None
    if account is None or found is None:
        raise Changed("the claim is not there")
    earlier = _earlier(session, account, wish)
    if earlier is not None:
        return earlier
    if not _is_refused(found.Claim):
        raise Changed("the claim is not refused")
    session.add(tables.ClaimEvent(claim_id=found.Claim.id, kind=facts.EventKind.APPEALED.value, at=wish.at))
    before = {"stage": "refused", "refusal": found.Claim.refusal}
    after = {"stage": "appealed", "evidence": sorted(name for name, value in evidence.items() if value)}
    about = {"order_id": found.order_id, "claim_id": found.Claim.id}
    return _write(
        session, principal, account, wish, subject=order_number, before=before, after=after, evidence=evidence, **about
    )


def _earlier(session: Session, account: Any, wish: Wish) -> Written | None:
    """What an earlier confirmation of the same wish has written. Raises Changed when that was taken back since."""
    earlier = receipts.of_key(session, account, wish.key)
    if earlier is None:
        return None
    if earlier.state == facts.RequestState.WITHDRAWN.value:
        raise Changed("it was done and taken back since")
    return Written(receipts.facts_of(session, earlier), new=False)


DECIDING = frozenset(kind.value for kind in (facts.EventKind.REFUSED, facts.EventKind.APPEALED, facts.EventKind.PAID,
                                              facts.EventKind.WITHDRAWN))  # fmt: skip
_STATES = {facts.RequestKind.APPEAL: facts.RequestState.PENDING}  # an appeal is decided by the insurer


def _write(
    session: Session,
    principal: Principal,
    account: Any,
    wish: Wish,
    *,
    subject: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    evidence: Mapping[str, str] | None = None,
    **about: int,
) -> Written:
    state = _STATES.get(wish.kind, facts.RequestState.DONE)
    detail = {"agreed": dict(wish.agreed), **({"evidence": dict(evidence)} if evidence is not None else {})}
    row = _row(account, wish, state, detail, about)
    session.add(row)
    audit.note(
        session,
        at=wish.at,
        principal=str(principal),
        action=f"request_{wish.kind.value}",
        subject=f"{subject}/{wish.product}",
        outcome=state.value,
        receipt=wish.receipt,
        conversation=wish.conversation,
        before=before,
        after=after,
        # What was agreed to stands in the request, which goes with its order; that it was just this stays here.
        detail=agreed_to(wish),
    )
    session.flush()
    return Written(receipts.facts_of(session, row), new=True)


def agreed_to(wish: Wish) -> dict[str, str]:
    """That it was just this that was agreed to, without a word of it."""
    return {"agreed_sha256": hashlib.sha256(audit.as_json(wish.agreed).encode()).hexdigest()}


def _row(
    account: Any, wish: Wish, state: facts.RequestState, detail: Mapping[str, Any], about: Mapping[str, int]
) -> Any:
    """about: the shop, or the order and claim, by column."""
    return tables.Request(
        account_id=account.id,
        kind=wish.kind.value,
        product_id=wish.product,
        idempotency_key=wish.key,
        receipt=wish.receipt,
        state=state.value,
        detail=audit.as_json(detail),
        created_at=wish.at,
        decided_at=wish.at if state is facts.RequestState.DONE else None,
        **about,
    )


def own_shop(session: Session, principal: Principal, code: str) -> tuple[Any, Any]:
    """The account and its shop of that code, locked against another writer."""
    require(principal, Role.SELLER)
    account = account_of(session, principal)
    statement = select(tables.Shop).where(tables.Shop.code == code).with_for_update()
    row = session.execute(statement).scalars().first() if account else None
    if account is None or row is None or row.owner_id != account.id or principal.shop not in ("", code):
        raise Changed("the shop is not there")
    return account, row


def _own_claim(session: Session, account: Any, product: str, order_number: str, opened_at: datetime) -> Any:
    """The claim on the account's order that was opened then, with its `order_id`, locked against another writer."""
    return session.execute(
        select(tables.Claim, tables.ShopOrder.id.label("order_id"))
        .join(tables.Policy, tables.Policy.id == tables.Claim.policy_id)
        .join(tables.ShopOrder, tables.ShopOrder.id == tables.Policy.order_id)
        .where(
            tables.ShopOrder.buyer_id == account.id,
            tables.ShopOrder.number == order_number,
            tables.Policy.product_id == product,
            tables.Claim.opened_at == opened_at,
        )
        .with_for_update(of=tables.Claim)
    ).first()


def _is_refused(claim: Any) -> bool:
    """Whether a refusal is the last that was decided about a claim."""
    decided = [event.kind for event in claim.events if event.kind in DECIDING]
    return bool(decided) and decided[-1] == facts.EventKind.REFUSED.value


def running_in(session: Session, shop: int, product: str) -> Any:
    statement = select(tables.Enrollment).filter_by(shop_id=shop, product_id=product, ended_at=None)
    return session.execute(statement).scalars().first()
