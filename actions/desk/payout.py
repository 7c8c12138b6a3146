"""How much? What a return on a policy will pay, and why a payout was only so much. All money is integer fen.

A policy pays at most its sum insured, which was measured by the route's first-weight price when it was issued. What
the freight costs above that is the buyer's, or the seller's where the seller is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from actions.desk import rules
from actions.policydb.facts import ClaimFacts, Fault, Payee, PolicyFacts, RefusalReason, ReturnMethod
from knowledge.rules import Rule


@dataclass(frozen=True)
class Estimate:
    """payout_fen: paid or offset, exact where the freight is known, else the most it can be (`at_most`).

    buyer_fen, seller_fen: who bears the freight above it; None while the freight is not known.
    """

    payout_fen: int
    clause: Rule
    at_most: bool
    buyer_fen: int | None = None
    seller_fen: int | None = None


def estimate(
    policy: PolicyFacts,
    *,
    freight_fen: int | None = None,
    fault: Fault = Fault.BUYER,
    method: ReturnMethod = ReturnMethod.SELF,
) -> Estimate:
    """What a return would pay. freight_fen: what the courier charges, where known.

    Raises NoRules for a product without rules, ValueError for a negative freight.
    """
    if freight_fen is not None and freight_fen < 0:
        raise ValueError(f"expected a freight of 0 fen or more, got {freight_fen}")
    clause = rules.need(policy.product, "amount")
    limit = ceiling(policy)
    fixed = clause.fixed and method is ReturnMethod.SELF
    if freight_fen is None:
        return Estimate(limit, clause, at_most=not fixed)
    payout = limit if fixed else min(limit, freight_fen)
    buyer, seller = shares(freight_fen, payout, fault)
    return Estimate(payout, clause, at_most=False, buyer_fen=buyer, seller_fen=seller)


def ceiling(policy: PolicyFacts) -> int:
    """The most the policy can pay: its sum insured, and never above the product's own limit. Raises NoRules."""
    limit = rules.need(policy.product, "amount").max_fen
    return policy.sum_insured_fen if limit is None else min(policy.sum_insured_fen, limit)


def shares(freight_fen: int, payout_fen: int, fault: Fault) -> tuple[int, int]:
    """Who bears the freight above the payout, as (buyer, seller) in fen."""
    rest = max(0, freight_fen - payout_fen)
    return (0, rest) if fault is Fault.SELLER else (rest, 0)


class Cause(str, Enum):
    """Why a payout was what it was."""

    FULL = "full"
    SUM_INSURED = "sum_insured"
    OVERWEIGHT = "overweight"
    OFFSET = "offset"
    ONCE = "once"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Reason:
    cause: Cause
    clause: Rule


@dataclass(frozen=True)
class Explanation:
    """A payout taken apart. short_fen: freight above the payout (0 when it was enough), None while unknown."""

    paid_fen: int
    sum_insured_fen: int
    payee: Payee
    reasons: tuple[Reason, ...]
    freight_fen: int | None = None
    short_fen: int | None = None
    buyer_fen: int = 0
    seller_fen: int = 0


def explain(policy: PolicyFacts, claim: ClaimFacts) -> Explanation:
    """Why the claim paid only so much, the weightiest reason first.

    Raises ValueError when the claim has no payout, NoRules for a product without rules.
    """
    if claim.payout is None:
        raise ValueError("expected a claim with a payout")
    paid, freight = claim.payout.amount_fen, claim.freight_paid_fen
    short = None if freight is None else max(0, freight - paid)
    buyer, seller = shares(freight or 0, paid, claim.fault)
    return Explanation(
        paid_fen=paid,
        sum_insured_fen=ceiling(policy),
        payee=claim.payout.payee,
        reasons=tuple(_reasons(policy, claim, paid, short)),
        freight_fen=freight,
        short_fen=short,
        buyer_fen=buyer,
        seller_fen=seller,
    )


def _reasons(policy: PolicyFacts, claim: ClaimFacts, paid: int, short: int | None) -> list[Reason]:
    product = policy.product
    amount = rules.need(product, "amount")
    found: list[Reason] = []
    if short != 0 and paid >= ceiling(policy):
        found.append(Reason(Cause.SUM_INSURED, amount))
    overweight = rules.find(product, "overweight")
    if short and overweight and (claim.weight_g or 0) > (overweight.first_weight_g or 0):
        found.append(Reason(Cause.OVERWEIGHT, overweight))
    if short != 0 and not found:
        found.append(Reason(Cause.UNEXPLAINED, amount))
    if short == 0:
        found.append(Reason(Cause.FULL, amount))
    if claim.payout is not None and claim.payout.payee is Payee.COURIER:
        found.append(Reason(Cause.OFFSET, rules.need(product, "offset", "amount")))
    if any(other.refusal is RefusalReason.SECOND_CLAIM for other in policy.claims):
        found.append(Reason(Cause.ONCE, rules.need(product, "once")))
    return found
