"""Who may see this row? Every function takes (session, principal, ...) and filters by the principal.

- A visitor never reaches the database: NotSignedIn.
- A principal of the wrong role gets WrongRole, before anything is read.
- Another account's order and an order that does not exist are the same: None, after the same single query.
- Whoever came through `rasa shell` merely said a name, so a shell principal resolves to demo accounts only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session, selectinload

from actions.policydb import facts, models
from knowledge.rules import Category, Site
from xiaoer import clock
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
    found = _orders(session, _own_orders(principal).where(models.ShopOrder.number == number))
    return found[0] if found else None


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
    return _orders(session, statement.limit(limit))


def shops(session: Session, principal: Principal) -> tuple[facts.ShopFacts, ...]:
    """The seller's own shops with enrolments and what they sold lately, only the token's shop where it names one.

    Raises NotSignedIn, WrongRole (a buyer).
    """
    asker = own_account(principal, Role.SELLER)
    statement = (
        select(models.Shop)
        .join(models.Shop.owner)
        .where(*asker)
        .options(selectinload(models.Shop.enrollments))
        .order_by(models.Shop.id)
    )
    if principal.shop:
        statement = statement.where(models.Shop.code == principal.shop)
    rows = list(session.execute(statement).scalars())
    sold = _sold(session, [row.id for row in rows], clock.now())
    return tuple(_shop(row, *sold.get(row.id, (0, 0, 0))) for row in rows)


def _sold(session: Session, shop_ids: list[int], at: datetime) -> Mapping[int, tuple[int, int, int]]:
    """By shop: orders paid in the last 30 days, in the last 90, and the fen of the former; reads no older order.

    Whole days of Asia/Shanghai up to yesterday: what is quoted in the morning still holds in the evening.
    """
    if not shop_ids:
        return {}
    today = clock.local(at).replace(hour=0, minute=0, second=0, microsecond=0)
    order, month = models.ShopOrder, today - timedelta(days=30)
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


def require(principal: Principal, *roles: Role) -> None:
    """Nothing for a principal of one of these roles. Raises NotSignedIn for a visitor, else WrongRole."""
    if principal.is_visitor:
        raise NotSignedIn("expected a signed-in buyer or seller, got a visitor; sign in on the host page")
    if principal.role not in roles:
        raise WrongRole(f"expected {' or '.join(role.value for role in roles)}, got {principal.role.value}")


def own_account(principal: Principal, *roles: Role) -> tuple[Any, ...]:
    """Conditions that hold for the principal's own account row and no other. Raises NotSignedIn, WrongRole."""
    require(principal, *(roles or (Role.BUYER, Role.SELLER)))
    own = (models.Account.role == principal.role.value, models.Account.external_id == principal.account)
    return (*own, models.Account.is_demo.is_(True)) if principal.source is Source.SHELL else own


def _own_orders(principal: Principal) -> Any:
    """The principal's orders, as rows of the order with its shop's name and return region."""
    asker = own_account(principal, Role.BUYER, Role.SELLER)
    statement = select(models.ShopOrder, models.Shop.name.label("shop"), models.Shop.return_region).join(
        models.Shop, models.Shop.id == models.ShopOrder.shop_id
    )
    if principal.role is Role.BUYER:
        return statement.join(models.Account, models.Account.id == models.ShopOrder.buyer_id).where(*asker)
    own = statement.join(models.Account, models.Account.id == models.Shop.owner_id).where(*asker)
    return own.where(models.Shop.code == principal.shop) if principal.shop else own


# What hangs on orders is fetched by statements made once: nested loader options cost 8 ms of CPU a question.
_IDS: Any = bindparam("ids", expanding=True)
_LINES = (
    select(models.OrderLine)
    .where(models.OrderLine.order_id.in_(_IDS))
    .order_by(models.OrderLine.order_id, models.OrderLine.position)
)
_POLICIES = (
    select(models.Policy)
    .where(models.Policy.order_id.in_(_IDS))
    .order_by(models.Policy.order_id, models.Policy.issued_at, models.Policy.id)
)
_CLAIMS = (
    select(models.Claim, models.OrderLine.title, models.Payout)
    .outerjoin(models.OrderLine, models.OrderLine.id == models.Claim.line_id)
    .outerjoin(models.Payout, models.Payout.claim_id == models.Claim.id)
    .where(models.Claim.policy_id.in_(_IDS))
    .order_by(models.Claim.opened_at, models.Claim.id)
)
_EVENTS = (
    select(models.ClaimEvent)
    .where(models.ClaimEvent.claim_id.in_(_IDS))
    .order_by(models.ClaimEvent.at, models.ClaimEvent.id)
)


def _orders(session: Session, statement: Any) -> tuple[facts.OrderFacts, ...]:
    """The orders of a statement of `_own_orders`, with everything that hangs on them, in its order."""
    rows = session.execute(statement).all()
    ids = [row.ShopOrder.id for row in rows]
    lines = _by(session, _LINES, ids, lambda row: row.OrderLine.order_id)
    policies = _by(session, _POLICIES, ids, lambda row: row.Policy.order_id)
    policy_ids = [row.Policy.id for found in policies.values() for row in found]
    claims = _by(session, _CLAIMS, policy_ids, lambda row: row.Claim.policy_id)
    claim_ids = [row.Claim.id for found in claims.values() for row in found]
    events = _by(session, _EVENTS, claim_ids, lambda row: row.ClaimEvent.claim_id)
    return tuple(
        facts.OrderFacts(
            number=row.ShopOrder.number,
            shop=row.shop,
            amount_fen=row.ShopOrder.amount_fen,
            paid_at=row.ShopOrder.paid_at,
            lines=tuple(_line(line.OrderLine) for line in lines[row.ShopOrder.id]),
            policies=tuple(
                _policy(policy.Policy, tuple(_claim(claim, events) for claim in claims[policy.Policy.id]))
                for policy in policies[row.ShopOrder.id]
            ),
            shipped_at=row.ShopOrder.shipped_at,
            signed_at=row.ShopOrder.signed_at,
            confirmed_at=row.ShopOrder.confirmed_at,
            closed_at=row.ShopOrder.closed_at,
            close_reason=facts.CloseReason(row.ShopOrder.close_reason) if row.ShopOrder.close_reason else None,
            ship_to=row.ShopOrder.ship_to_region,
            return_to=row.return_region,
        )
        for row in rows
    )


def _by(session: Session, statement: Any, ids: list[int], key: Callable[[Any], int]) -> Mapping[int, list[Any]]:
    """The rows of a statement over `ids`, grouped; nothing is asked when there are no ids."""
    grouped: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(statement, {"ids": ids}) if ids else ():
        grouped[key(row)].append(row)
    return grouped


def _line(row: Any) -> facts.LineFacts:
    return facts.LineFacts(row.title, row.quantity, row.amount_fen)


def _policy(row: Any, claims: tuple[facts.ClaimFacts, ...]) -> facts.PolicyFacts:
    return facts.PolicyFacts(
        number=row.number,
        product=row.product_id,
        payer=facts.Payer(row.payer),
        insurer=row.insurer,
        premium_fen=row.premium_fen,
        sum_insured_fen=row.sum_insured_fen,
        issued_at=row.issued_at,
        claims=claims,
    )


def _claim(row: Any, events: Mapping[int, list[Any]]) -> facts.ClaimFacts:
    claim, payout = row.Claim, row.Payout
    return facts.ClaimFacts(
        kind=facts.ClaimKind(claim.kind),
        method=facts.ReturnMethod(claim.method),
        fault=facts.Fault(claim.fault),
        opened_at=claim.opened_at,
        events=tuple(
            facts.EventFacts(facts.EventKind(found.ClaimEvent.kind), found.ClaimEvent.at, found.ClaimEvent.note)
            for found in events[claim.id]
        ),
        payout=facts.PayoutFacts(payout.amount_fen, facts.Payee(payout.payee), payout.paid_at) if payout else None,
        refusal=facts.RefusalReason(claim.refusal) if claim.refusal else None,
        flash=claim.flash,
        freight_paid_fen=claim.freight_paid_fen,
        weight_g=claim.weight_g,
        courier=claim.courier,
        tracking_number=claim.tracking_number,
        item=row.title or "",
        reason=facts.ReturnReason(claim.reason) if claim.reason else None,
    )


def _shop(row: Any, orders_30d: int, orders_90d: int, amount_30d_fen: int) -> facts.ShopFacts:
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
        site=Site(row.site),
        category=Category(row.category),
        deposit_fen=row.deposit_fen,
        deposit_due_fen=row.deposit_due_fen,
        opened_at=row.opened_at,
        orders_30d=orders_30d,
        orders_90d=orders_90d,
        amount_30d_fen=amount_30d_fen,
    )
