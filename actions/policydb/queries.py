"""Who may see this row? Every function takes (session, principal, ...) and filters by the principal.

- A visitor never reaches the database: NotSignedIn.
- A principal of the wrong role gets WrongRole, before anything is read.
- Another account's order and an order that does not exist are the same: None, after the same single query.
- Whoever came through `rasa shell` merely said a name, so a shell principal resolves to demo accounts only.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from actions.policydb import facts, models
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Role, Source


class NotSignedIn(XiaoerError):
    """A visitor asked for account data."""


class WrongRole(XiaoerError):
    """A buyer asked for a seller's data, or a seller for a buyer's."""


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
    statement = _own_orders(principal).where(models.ShopOrder.number == number)
    found = session.execute(statement).scalars().first()
    return _order(found) if found is not None else None


def recent_orders(
    session: Session, principal: Principal, *, having: Having = Having.ANYTHING, limit: int = 5
) -> tuple[facts.OrderFacts, ...]:
    """The principal's newest orders, the newest first. Raises NotSignedIn."""
    statement = _own_orders(principal).order_by(models.ShopOrder.paid_at.desc(), models.ShopOrder.id.desc())
    policies: Any = models.ShopOrder.policies
    claims: Any = models.Policy.claims
    if having is Having.POLICY:
        statement = statement.where(policies.any())
    elif having is Having.CLAIM:
        statement = statement.where(policies.any(claims.any()))
    elif having is Having.PAYOUT:
        statement = statement.where(policies.any(claims.any(models.Claim.payout.has())))
    return tuple(_order(row) for row in session.execute(statement.limit(limit)).scalars())


def shops(session: Session, principal: Principal) -> tuple[facts.ShopFacts, ...]:
    """The seller's own shops with their enrolments, only the token's shop where the token names one.

    Raises NotSignedIn, WrongRole (a buyer).
    """
    asker = _asker(principal, Role.SELLER)
    statement = (
        select(models.Shop)
        .join(models.Shop.owner)
        .where(*asker)
        .options(selectinload(models.Shop.enrollments))
        .order_by(models.Shop.id)
    )
    if principal.shop:
        statement = statement.where(models.Shop.code == principal.shop)
    return tuple(_shop(row) for row in session.execute(statement).scalars())


def require(principal: Principal, *roles: Role) -> None:
    """Nothing for a principal of one of these roles. Raises NotSignedIn for a visitor, else WrongRole."""
    if principal.is_visitor:
        raise NotSignedIn("expected a signed-in buyer or seller, got a visitor; sign in on the host page")
    if principal.role not in roles:
        raise WrongRole(f"expected {' or '.join(role.value for role in roles)}, got {principal.role.value}")


def _asker(principal: Principal, *roles: Role) -> tuple[Any, ...]:
    """Conditions that hold for the principal's own account row and no other."""
    require(principal, *roles)
    own = (models.Account.role == principal.role.value, models.Account.external_id == principal.account)
    return (*own, models.Account.is_demo.is_(True)) if principal.source is Source.SHELL else own


def _own_orders(principal: Principal) -> Any:
    asker = _asker(principal, Role.BUYER, Role.SELLER)
    statement = select(models.ShopOrder).options(
        joinedload(models.ShopOrder.shop),
        selectinload(models.ShopOrder.lines),
        selectinload(models.ShopOrder.policies)
        .selectinload(models.Policy.claims)
        .options(
            joinedload(models.Claim.line),
            joinedload(models.Claim.payout),
            selectinload(models.Claim.events),
        ),
    )
    if principal.role is Role.BUYER:
        return statement.join(models.ShopOrder.buyer).where(*asker)
    own = statement.join(models.ShopOrder.shop).join(models.Shop.owner).where(*asker)
    return own.where(models.Shop.code == principal.shop) if principal.shop else own


def _order(row: Any) -> facts.OrderFacts:
    return facts.OrderFacts(
        number=row.number,
        shop=row.shop.name,
        amount_fen=row.amount_fen,
        paid_at=row.paid_at,
        lines=tuple(facts.LineFacts(line.title, line.quantity, line.amount_fen) for line in row.lines),
        policies=tuple(_policy(policy) for policy in row.policies),
        shipped_at=row.shipped_at,
        signed_at=row.signed_at,
        confirmed_at=row.confirmed_at,
        closed_at=row.closed_at,
        close_reason=facts.CloseReason(row.close_reason) if row.close_reason else None,
        ship_to=row.ship_to_region,
        return_to=row.shop.return_region,
    )


def _policy(row: Any) -> facts.PolicyFacts:
    return facts.PolicyFacts(
        number=row.number,
        product=row.product_id,
        payer=facts.Payer(row.payer),
        insurer=row.insurer,
        premium_fen=row.premium_fen,
        sum_insured_fen=row.sum_insured_fen,
        issued_at=row.issued_at,
        claims=tuple(_claim(claim) for claim in row.claims),
    )


def _claim(row: Any) -> facts.ClaimFacts:
    payout = row.payout
    return facts.ClaimFacts(
        kind=facts.ClaimKind(row.kind),
        method=facts.ReturnMethod(row.method),
        fault=facts.Fault(row.fault),
        opened_at=row.opened_at,
        events=tuple(facts.EventFacts(facts.EventKind(event.kind), event.at, event.note) for event in row.events),
        payout=facts.PayoutFacts(payout.amount_fen, facts.Payee(payout.payee), payout.paid_at) if payout else None,
        refusal=facts.RefusalReason(row.refusal) if row.refusal else None,
        flash=row.flash,
        freight_paid_fen=row.freight_paid_fen,
        weight_g=row.weight_g,
        courier=row.courier,
        tracking_number=row.tracking_number,
        item=row.line.title if row.line else "",
    )


def _shop(row: Any) -> facts.ShopFacts:
    return facts.ShopFacts(
        code=row.code,
        name=row.name,
        risk_rate_bp=row.risk_rate_bp,
        consumer_protection=row.consumer_protection,
        seven_day_return=row.seven_day_return,
        enrollments=tuple(
            facts.EnrollmentFacts(each.product_id, each.enrolled_at, each.ended_at, each.fee_fen)
            for each in row.enrollments
        ),
    )
