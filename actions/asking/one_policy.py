"""What the tasks on one policy of one order share: finding both, the card, the facts behind a state."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, instant, rule_card
from actions.asking.choosing import Wanted, order_card, order_for, policy_for, talked_about
from actions.desk import claims, rules
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.rules import NoRules
from actions.policydb.facts import CloseReason, OrderFacts, PolicyFacts
from xiaoer.clock import local
from xiaoer.principal import Role


class OnOnePolicy(TaskAction):
    """A task on one policy of one order: finds both, and hands over to `on_policy`."""

    role = Role.BUYER
    wanted: Wanted

    def answer(self, session: Session, ask: Ask) -> Reply:
        found = order_for(session, ask, self.wanted)
        if isinstance(found, Reply):
            return found
        reply = self.on_order(found.order, ask)
        if found.sure:
            return reply
        name = wording.order_name(found.order, local(ask.at).date())
        return replace(reply, text=wording.paragraphs(f"您说的是「{name}」这单吧？", reply.text))

    def on_order(self, order: OrderFacts, ask: Ask) -> Reply:
        """The reply about an order."""
        other = _other_products(order, ask)
        if other is not None:
            return other
        policy = self.policy(order, ask)
        if policy is None:
            return self.without_policy(order, _uncovered(order, ask), ask)
        try:
            return self.on_policy(order, policy, decide(facts_of(order, policy), at=ask.at), ask)
        except NoRules:
            return _no_rules(order, policy, ask)

    def policy(self, order: OrderFacts, ask: Ask) -> PolicyFacts | None:
        """The policy meant: the one named or talked about, else the first."""
        return policy_for(order, ask)

    @abstractmethod
    def without_policy(self, order: OrderFacts, decision: Decision, ask: Ask) -> Reply:
        """The reply about an order that has none."""

    @abstractmethod
    def on_policy(self, order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> Reply:
        """The reply about one policy. Raises NoRules where nobody has written its rules down."""


def policy_card(order: OrderFacts, policy: PolicyFacts | None, decision: Decision, today: date) -> dict[str, Any]:
    """The card of one policy: state, sum insured, until when, the rule."""
    return {
        "type": "policy",
        **order_card(order, wording.order_button(order, today)),
        "product": decision.clause.product,
        "product_name": rules.product_name(decision.clause.product),
        "state": decision.state.value,
        "state_name": STATE_NAMES[decision.state],
        "policy_number": policy.number if policy else None,
        "payer": policy.payer.value if policy else None,
        "sum_insured_fen": policy.sum_insured_fen if policy else None,
        "since": instant(decision.since),
        "until": instant(decision.until),
        "rule": rule_card(decision.clause),
        "next_step": decision.next_step,
    }


def _other_products(order: OrderFacts, ask: Ask) -> Reply | None:
    """The reply for a product that the message names and the order lacks while it has others; None: go on."""
    if not ask.product or not order.policies or policy_for(order, ask) is not None:
        return None
    today = local(ask.at).date()
    names = "、".join(rules.product_name(policy.product) for policy in order.policies)
    asked = rules.product_name(ask.product)
    first = order.policies[0].product
    return Reply(
        f"这单（{wording.order_name(order, today)}）里没有查到「{asked}」，有的是**{names}**。要看它的情况吗？",
        product=ask.product,
        buttons=(button(f"看{rules.product_name(first)}", "check_policy", order_number=order.number, product=first),),
        events=talked_about(order, ask),
    )


def _no_rules(order: OrderFacts, policy: PolicyFacts, ask: Ask) -> Reply:
    """The policy is there, and nobody has written down its rules: 资料不足, and where to look."""
    name = rules.product_name(policy.product)
    today = local(ask.at).date()
    return Reply(
        f"这单（{wording.order_name(order, today)}）有{name}，{wording.day(policy.issued_at, today)}出单。"
        f"它的保障期和赔付规则我这里资料不足，不敢乱说，请以订单详情里的保单页为准，或转人工。",
        outcome="unknown",
        product=policy.product,
        buttons=(button("转人工", "handoff"),),
        events=talked_about(order, ask),
    )


def _uncovered(order: OrderFacts, ask: Ask) -> Decision:
    """The decision for an order without a policy, by the rules of the product asked about where it has any."""
    asked = ask.product if ask.product and rules.find(ask.product, "issue") else "freight"
    return decide(facts_of(order, None, product=asked), at=ask.at)


def why(order: OrderFacts, policy: PolicyFacts | None, decision: Decision, today: date) -> str:
    """The facts behind a state, in a clause: 您 10月12日确认收货."""

    def on(moment: datetime | None) -> str:
        return wording.day(moment, today) if moment else ""

    state, claim = decision.state, decision.claim
    if state is State.NONE or policy is None:
        return "订单里查不到保单记录"
    if state is State.NOT_STARTED:
        return f"{on(policy.issued_at)}付款时已出单，卖家还没有发货"
    if state is State.VOID:
        return f"订单{on(decision.since)}在发货前取消"
    if state is State.IN_FORCE:
        return f"卖家{on(order.shipped_at)}发货，最晚保到{on(decision.until)}"
    if state is State.PAID and claim is not None and claim.payout is not None:
        paid = wording.yuan(claim.payout.amount_fen)
        return f"{on(claim.payout.paid_at)}赔付 {paid}，{wording.paid_to(claim.payout)}"
    if state is State.REFUSED and claim is not None:
        return f"{on(decision.since)}被拒赔，原因是{claims.refusal_of(claim).name}"
    if state is State.CLAIMED and claim is not None:
        stage, since = claims.stage_of(claim, decision.since or claim.opened_at)
        return f"{on(since)}起{claims.STAGE_NAMES[stage]}"
    if state is State.CLAIMED:
        return f"{on(decision.since)}退货退款完成"
    if decision.clause.about == "confirm":
        return f"您{on(decision.since)}确认收货"
    if decision.clause.about == "validity":
        return f"卖家{on(order.shipped_at)}发货，保障{on(decision.until)}到期"
    closed = "拒收" if order.close_reason is CloseReason.REFUSED_DELIVERY else "仅退款，没有寄回商品"
    return f"这单{on(order.closed_at)}{closed}"


_CLOSED = {
    CloseReason.CANCELLED: "没发货就取消",
    CloseReason.REFUND_ONLY: "仅退款",
    CloseReason.REFUSED_DELIVERY: "拒收",
    CloseReason.RETURNED: "退货退款完成",
}


def way_of(order: OrderFacts, at: datetime) -> str:
    """What has become of an order by an instant: 订单：11月6日 付款，11月7日 发货，还没有签收."""
    today = local(at).date()
    steps = (
        (order.paid_at, "付款"),
        (order.shipped_at, "发货"),
        (order.signed_at, "签收"),
        (order.confirmed_at, "确认收货"),
        (order.closed_at, _CLOSED[order.close_reason] if order.close_reason else "关闭"),
    )
    happened = [(moment, name) for moment, name in steps if moment is not None and moment <= at]
    said = [f"{wording.day(moment, today)} {name}" for moment, name in happened]
    names = {name for _, name in happened}
    if order.closed_at is None or order.closed_at > at:
        missing = next((each for each in ("发货", "签收", "确认收货") if each not in names), "")
        said += [f"还没有{missing}"] if missing else []
    return f"订单：{'，'.join(said)}"
