"""Is my order covered? check_policy (one order) and list_policies (the recent ones)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button
from actions.asking.choosing import (
    OFFERED,
    Wanted,
    linked_orders,
    listed,
    of_what,
    offered,
    order_card,
    policy_for,
    talked_about,
)
from actions.asking.one_policy import policy_card, why
from actions.desk import rules
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.rules import NoRules
from actions.policydb.facts import OrderFacts, Payer, PolicyFacts
from actions.policydb.queries import own
from actions.policydb.queries.own import Having
from actions.tasks.customers import ForBothSides, of_customers
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role

NO_ORDERS = (
    "您名下还没有查到订单，所以也没有保单。如果确实下过单，请确认登录的是下单的那个账号；刚付款的订单请过几分钟再查。"
)


class CheckPolicy(ForBothSides):
    """Is this order covered, in what state, until when, by which rule, and what next."""

    topic = "check_policy"
    wanted = Wanted(topic, none=NO_ORDERS)

    def without_policy(self, order: OrderFacts, decision: Decision, ask: Ask) -> Reply:
        return _checked(order, None, decision, ask)

    def on_policy(self, order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> Reply:
        return _checked(order, policy, decision, ask)


def _checked(order: OrderFacts, policy: PolicyFacts | None, decision: Decision, ask: Ask) -> Reply:
    today = local(ask.at).date()
    product = decision.clause.product
    name = rules.product_name(product)
    state = f"**没有{name}**" if policy is None else f"的{name}**{STATE_NAMES[decision.state]}**"
    early_end = rules.find(product, "confirm") if decision.state is State.IN_FORCE else None
    used = [decision.clause, *filter(None, [early_end])]
    order_number = order.number
    follow_ups = {
        State.NOT_STARTED: ("estimate_payout",),
        State.IN_FORCE: ("estimate_payout",),
        State.CLAIMED: ("check_claim", "estimate_payout"),
        State.PAID: ("explain_payout", "check_claim"),
        State.REFUSED: ("check_claim",),
    }.get(decision.state, ())
    return Reply(
        wording.paragraphs(
            f"这单（{wording.order_name(order, today)}）{state}：{why(order, policy, decision, today)}，"
            f"{wording.cite(decision.clause)}。",
            _details(policy, early_end) if policy else "",
            f"**下一步**：{decision.next_step}。",
            wording.footer(used),
        ),
        product=product,
        rules=tuple(used),
        buttons=(
            *(button(_FOLLOW_UPS[topic], topic, order_number=order_number) for topic in follow_ups),
            button("看别的订单", "list_policies"),
        ),
        card=policy_card(order, policy, decision, today),
        events=talked_about(order, ask),
    )


def _details(policy: PolicyFacts, early_end: Rule | None) -> str:
    """What it is good for, and who pays for it."""
    given = "卖家赠送" if policy.insurer else "由卖家付费"
    return wording.bullets(
        f"{'保额' if policy.insurer else '最高可抵'}：{wording.yuan(policy.sum_insured_fen)}，"
        f"{'您下单时购买' if policy.payer is Payer.BUYER else given}",
        f"承保：{policy.insurer}" if policy.insurer else "",
        f"提前结束：{early_end.text}" if early_end else "",
    )


_FOLLOW_UPS = {"estimate_payout": "退货能赔多少", "check_claim": "看理赔进度", "explain_payout": "为什么赔这么多"}


class ListPolicies(TaskAction):
    """The newest orders with a policy, or those that are named, each with its state; one that is named or pointed at by
    its place, as `CheckPolicy` has it."""

    topic = "list_policies"
    role = Role.BUYER
    also = (Role.SELLER,)

    def answer(self, session: Session, ask: Ask) -> Reply:
        if ask.principal.role is Role.SELLER:
            return of_customers(session, ask, self.topic)
        if ask.order_number or (ask.ordinal is not None and listed(ask)):
            return CheckPolicy().answer(session, ask)
        linked = linked_orders(session, ask)
        if linked.said and len(linked.orders) < 2:
            return CheckPolicy().answer(session, ask)
        if linked.said:
            named = own.orders(session, ask.principal, linked.orders[: OFFERED + 1])
            return _listed(named, ask, f"{of_what(linked)}（{len(linked.orders)} 单）：")
        orders = own.recent_orders(session, ask.principal, having=Having.POLICY, limit=OFFERED + 1)
        if not orders:
            return Reply(
                "您名下还没有查到有保障的订单。下单时可以在提交订单页勾选运费险；商品页「保障」处写着运费险的，表示卖家会送。",
                buttons=(button("运费险怎么买", "buyer_buy_policy"),),
                card={"type": "orders", "orders": []},
            )
        return _listed(orders, ask, f"您最近有保障的订单（{min(len(orders), OFFERED)} 单）：")


def _listed(orders: Sequence[OrderFacts], ask: Ask, lead: str) -> Reply:
    """Numbered, so that 第二单 can be asked about."""
    shown = orders[:OFFERED]
    rows = [_row(order, ask) for order in shown]
    used = tuple(dict.fromkeys(row.clause for row in rows if row.clause is not None))
    more = f"只列出最近 {OFFERED} 单，更早的请直接发订单号。" if len(orders) > OFFERED else ""
    return Reply(
        wording.paragraphs(
            lead,
            "\n".join(f"{place}. {row.title}：{row.state}" for place, row in enumerate(rows, 1)),
            more,
            "**下一步**：想看哪一单，点下面的按钮" + ("，或说「第二单呢」。" if len(shown) > 1 else "。"),
            wording.footer(used),
        ),
        rules=used,
        buttons=tuple(
            button(row.title, "check_policy", order_number=order.number) for order, row in zip(shown, rows, strict=True)
        ),
        card={"type": "orders", "orders": [row.card for row in rows]},
        events=(offered(shown),),
    )


@dataclass(frozen=True)
class _Row:
    """A line of the list. clause None: nobody has written the product's rules down."""

    title: str
    state: str
    card: dict[str, Any]
    clause: Rule | None = None


def _row(order: OrderFacts, ask: Ask) -> _Row:
    today = local(ask.at).date()
    title = wording.order_button(order, today)
    policy = policy_for(order, ask) or next(iter(order.policies), None)
    if policy is None:
        return _Row(title, "**没有保障**（订单里查不到保单记录）", order_card(order, title))
    name = rules.product_name(policy.product)
    try:
        decision = decide(facts_of(order, policy), at=ask.at)
    except NoRules:
        return _Row(title, f"{name}，状态请看保单页", order_card(order, title))
    state = f"{name}**{STATE_NAMES[decision.state]}**（{why(order, policy, decision, today)}）"
    return _Row(title, state, policy_card(order, policy, decision, today), decision.clause)
