"""Rows as plain data: orders with lines, policies and claims, and shops with enrolments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from knowledge.rules import Category, Site

# What hangs on orders is fetched by statements made once: nested loader options cost 8 ms of CPU a question.
_IDS: Any = bindparam("ids", expanding=True)
_LINES = (
    select(tables.OrderLine)
    .where(tables.OrderLine.order_id.in_(_IDS))
    .order_by(tables.OrderLine.order_id, tables.OrderLine.position)
)
_POLICIES = (
    select(tables.Policy)
    .where(tables.Policy.order_id.in_(_IDS))
    .order_by(tables.Policy.order_id, tables.Policy.issued_at, tables.Policy.id)
)
_CLAIMS = (
    select(tables.Claim, tables.OrderLine.title, tables.Payout)
    .outerjoin(tables.OrderLine, tables.OrderLine.id == tables.Claim.line_id)
    .outerjoin(tables.Payout, tables.Payout.claim_id == tables.Claim.id)
    .where(tables.Claim.policy_id.in_(_IDS))
    .order_by(tables.Claim.opened_at, tables.Claim.id)
)
_EVENTS = (
    select(tables.ClaimEvent)
    .where(tables.ClaimEvent.claim_id.in_(_IDS))
    .order_by(tables.ClaimEvent.at, tables.ClaimEvent.id)
)


def order_facts(session: Session, statement: Any) -> tuple[facts.OrderFacts, ...]:
    """The orders of a statement, with everything that hangs on them, in its order.

    statement: selects ShopOrder, the shop's name as `shop`, and its `return_region`.
    """
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


def shop_facts(row: Any, orders_30d: int, orders_90d: int, amount_30d_fen: int) -> facts.ShopFacts:
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
