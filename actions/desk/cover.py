"""Why did the bot say lapsed? The state of a policy, computed from facts and dated rules, with the clause that decided.

`decide` looks at nothing but its arguments and the rules: facts later than `at` have not happened yet, so the same
facts give the state of any day. A cover period is half open: at its last instant the cover has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from actions.desk import claims, rules
from actions.desk.claims import Stage
from actions.policydb.facts import ClaimFacts, CloseReason, OrderFacts, Payer, PolicyFacts
from knowledge.rules import Rule
from xiaoer.clock import local


class State(str, Enum):
    """The state of a cover (保障状态)."""

    NONE = "none"
    NOT_STARTED = "not_started"
    IN_FORCE = "in_force"
    LAPSED = "lapsed"
    CLAIMED = "claimed"
    PAID = "paid"
    REFUSED = "refused"
    VOID = "void"

    @property
    def is_usable(self) -> bool:
        """A return can still be claimed for, now or once the goods are on their way."""
        return self in (State.NOT_STARTED, State.IN_FORCE)


STATE_NAMES = {
    State.NONE: "没有保障",
    State.NOT_STARTED: "已出单，未生效",
    State.IN_FORCE: "保障中",
    State.LAPSED: "已失效",
    State.CLAIMED: "理赔中",
    State.PAID: "已赔付",
    State.REFUSED: "已拒赔",
    State.VOID: "已作废",
}


@dataclass(frozen=True)
class CoverFacts:
    """What the state of one policy depends on. issued_at None: there is no policy."""

    product: str
    issued_at: datetime | None
    shipped_at: datetime | None = None
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    payer: Payer = Payer.SELLER
    claims: tuple[ClaimFacts, ...] = ()


@dataclass(frozen=True)
class Decision:
    """clause: the rule that decided; since: when the state began; until: when cover ends or ended, where known.

    claim: the claim that decided (claimed, paid, refused). next_step: what to do, in Chinese, without a full stop.
    """

    state: State
    clause: Rule
    next_step: str
    since: datetime | None = None
    until: datetime | None = None
    claim: ClaimFacts | None = None


RETURN_STEPS = "要退货请先别确认收货：在订单里申请「退货退款」，卖家同意后 7 天内寄回并填对单号，退款成功后系统自动理赔"
_OFFSET_STEPS = "要退换货请在订单里申请，寄回时在页面选上门取件或寄件点，首重运费直接抵扣；自行寄回的先垫付，审核后补"
_SELLER_PAYS = "质量问题或发错货的退货运费，可以请卖家承担"
_NEXT_STEPS = {
    State.NONE: f"没有运费险时，不想要了退货由您出寄回的运费；{_SELLER_PAYS}",
    State.NOT_STARTED: "等卖家发货后自动生效；现在就不想要的，可直接申请退款",
    State.LAPSED: _SELLER_PAYS,
    State.PAID: "这单的一次赔付已经用掉；同一订单再退换的运费不再赔",
}


def facts_of(order: OrderFacts, policy: PolicyFacts | None, *, product: str | None = None) -> CoverFacts:
    """What `decide` needs of an order; `product` is what was asked for, where there is no policy (else the default)."""
    return CoverFacts(
        product=policy.product if policy else product or rules.default_product(),
        issued_at=policy.issued_at if policy else None,
        shipped_at=order.shipped_at,
        confirmed_at=order.confirmed_at,
        closed_at=order.closed_at,
        close_reason=order.close_reason,
        payer=policy.payer if policy else Payer.SELLER,
        claims=policy.claims if policy else (),
    )


def decide(facts: CoverFacts, *, at: datetime) -> Decision:
    """The state at an instant (aware), and the clause that decided it.

    Raises NoRules for a product whose rules nobody has written down.
    """
    issue = rules.need(facts.product, "issue")
    if facts.issued_at is None or facts.issued_at > at:
        return Decision(State.NONE, issue, _NEXT_STEPS[State.NONE])
    shipped = facts.shipped_at if facts.shipped_at is not None and facts.shipped_at <= at else None
    closed = facts.closed_at if facts.closed_at is not None and facts.closed_at <= at else None
    claimed = _by_claim(facts, at)
    if claimed is not None:
        return claimed
    if shipped is None:
        if closed is not None:
            return Decision(State.VOID, rules.need(facts.product, "void"), _after_void(facts), closed, closed)
        return Decision(State.NOT_STARTED, issue, _NEXT_STEPS[State.NOT_STARTED], facts.issued_at)
    if closed is not None and facts.close_reason is CloseReason.RETURNED:
        timing = rules.need(facts.product, "payout_time", "offset")
        return Decision(State.CLAIMED, timing, "退货已完成，系统会自动理赔；结果可在订单里的「运费险」查看", closed)
    end, clause, last = _end(facts, shipped, closed)
    if at >= end:
        return Decision(State.LAPSED, clause, _after_lapse(clause), end, end)
    # What does not end with the confirmation of receipt is no insurance to claim on, but an offset to choose (退货宝).
    steps = RETURN_STEPS if rules.find(facts.product, "confirm") else _OFFSET_STEPS
    return Decision(State.IN_FORCE, last, steps, shipped, shipped + timedelta(days=last.days or 0))


def _by_claim(facts: CoverFacts, at: datetime) -> Decision | None:
    """What the claims say: a payout outweighs an open claim, that a refusal; a withdrawn claim says nothing."""
    stages = [(claim, *claims.stage_of(claim, at)) for claim in facts.claims if claim.opened_at <= at]
    paid = [(claim, since) for claim, stage, since in stages if stage is Stage.PAID]
    running = [(claim, since) for claim, stage, since in stages if stage.is_open]
    refused = [(claim, since) for claim, stage, since in stages if stage is Stage.REFUSED]
    if paid:
        claim, since = min(paid, key=lambda each: each[1])
        clause = claims.clause_of(claim, facts.product, Stage.PAID)
        return Decision(State.PAID, clause, _NEXT_STEPS[State.PAID], since, None, claim)
    for state, found in ((State.CLAIMED, running), (State.REFUSED, refused)):
        if found:
            claim, since = max(found, key=lambda each: each[1])
            progress = claims.progress(claim, facts.product, at=at)
            return Decision(state, progress.clause, progress.next_step, since, None, claim)
    return None


def _end(facts: CoverFacts, shipped: datetime, closed: datetime | None) -> tuple[datetime, Rule, Rule]:
    """When cover ends, the clause that ends it, and the clause of the longest term."""
    term = rules.need(facts.product, "validity", on=local(shipped).date())
    ends = [(shipped + timedelta(days=term.days or 0), term)]
    confirm = rules.find(facts.product, "confirm")
    if facts.confirmed_at is not None and confirm is not None:
        ends.append((facts.confirmed_at, confirm))
    if closed is not None:
        if facts.close_reason is CloseReason.REFUSED_DELIVERY:
            clause = rules.need(facts.product, "refused_delivery", "refusal")
        else:
            clause = rules.need(facts.product, "real_return", "refusal")
        if not clause.covers:
            ends.append((closed, clause))
    end, clause = min(ends, key=lambda each: each[0])
    return end, clause, term


def _after_lapse(clause: Rule) -> str:
    if clause.about == "confirm":
        return f"请打开订单里的「运费险」核对一次，以那里显示的状态为准；已失效的话，{_SELLER_PAYS}"
    return _NEXT_STEPS[State.LAPSED]


def _after_void(facts: CoverFacts) -> str:
    if facts.payer is Payer.BUYER:
        return "保费会随货款原路退回，可到支付宝账单核对；再次下单时需要重新勾选"
    return "不用做任何事；再次下单时看商品页「保障」处有没有写运费险"
