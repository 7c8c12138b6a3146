"""Is my order covered? check_policy (one order) and list_policies (the recent ones)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, instant, rule_card
from actions.asking.choosing import OFFERED, Wanted, offered, order_card, order_for, policy_for, talked_about
from actions.desk import claims, rules
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.rules import NoRules
from actions.policydb import queries
from actions.policydb.facts import CloseReason, OrderFacts, Payee, Payer, PolicyFacts
from actions.policydb.queries import Having
from xiaoer.clock import local
from xiaoer.principal import Role

NO_ORDERS = (
    "您名下还没有查到订单，所以也没有保单。如果确实下过单，请确认登录的是下单的那个账号；刚付款的订单请过几分钟再查。"
)


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


def other_products(order: OrderFacts, ask: Ask) -> Reply | None:
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
        events=(talked_about(order),),
    )


def no_rules(order: OrderFacts, policy: PolicyFacts, ask: Ask) -> Reply:
    """The policy is there, and nobody has written down its rules: 资料不足, and where to look."""
    name = rules.product_name(policy.product)
    today = local(ask.at).date()
    return Reply(
        f"这单（{wording.order_name(order, today)}）有{name}，{wording.day(policy.issued_at, today)}出单。"
        f"它的保障期和赔付规则我这里资料不足，不敢乱说，请以订单详情里的保单页为准，或转人工。",
        outcome="unknown",
        product=policy.product,
        buttons=(button("转人工", "handoff"),),
        events=(talked_about(order),),
    )


def uncovered(order: OrderFacts, ask: Ask) -> Decision:
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
        where = "直接抵给快递" if claim.payout.payee is Payee.COURIER else "打到支付宝"
        return f"{on(claim.payout.paid_at)}赔付 {wording.yuan(claim.payout.amount_fen)}，{where}"
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


class CheckPolicy(TaskAction):
    """Is this order covered, in what state, until when, by which rule, and what next."""

    topic = "check_policy"
    role = Role.BUYER
    wanted = Wanted(topic, none=NO_ORDERS)

    def answer(self, session: Session, ask: Ask) -> Reply:
        order = order_for(session, ask, self.wanted)
        if isinstance(order, Reply):
            return order
        other = other_products(order, ask)
        if other is not None:
            return other
        policy = policy_for(order, ask)
        if policy is None:
            return _checked(order, None, uncovered(order, ask), ask)
        try:
            return _checked(order, policy, decide(facts_of(order, policy), at=ask.at), ask)
        except NoRules:
            return no_rules(order, policy, ask)


def _checked(order: OrderFacts, policy: PolicyFacts | None, decision: Decision, ask: Ask) -> Reply:
    today = local(ask.at).date()
    product = decision.clause.product
    name = rules.product_name(product)
    state = f"**没有{name}**" if policy is None else f"的{name}**{STATE_NAMES[decision.state]}**"
    early_end = rules.find(product, "confirm") if decision.state is State.IN_FORCE else None
    used = [decision.clause, *filter(None, [early_end])]
    details = ""
    if policy is not None:
        given = "卖家赠送" if policy.insurer else "由卖家付费"
        details = wording.bullets(
            f"{'保额' if policy.insurer else '最高可抵'}：{wording.yuan(policy.sum_insured_fen)}，"
            f"{'您下单时购买' if policy.payer is Payer.BUYER else given}",
            f"承保：{policy.insurer}" if policy.insurer else "",
            f"提前结束：{early_end.text}" if early_end else "",
        )
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
            details,
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
        events=(talked_about(order),),
    )


_FOLLOW_UPS = {"estimate_payout": "退货能赔多少", "check_claim": "看理赔进度", "explain_payout": "为什么赔这么多"}


class ListPolicies(TaskAction):
    """The newest orders with a policy, each with its state; numbered, so that 第二单 can be asked about."""

    topic = "list_policies"
    role = Role.BUYER

    def answer(self, session: Session, ask: Ask) -> Reply:
        today = local(ask.at).date()
        orders = queries.recent_orders(session, ask.principal, having=Having.POLICY, limit=OFFERED + 1)
        if not orders:
            return Reply(
                "您名下还没有查到有保障的订单。下单时可以在提交订单页勾选运费险；商品页「保障」处写着运费险的，表示卖家会送。",
                buttons=(button("运费险怎么买", "buyer_buy_policy"),),
                card={"type": "orders", "orders": []},
            )
        shown = orders[:OFFERED]
        lines, cards, used = [], [], []
        for place, order in enumerate(shown, 1):
            policy = policy_for(order, ask) or order.policies[0]
            title = wording.order_button(order, today)
            try:
                decision = decide(facts_of(order, policy), at=ask.at)
            except NoRules:
                lines.append(f"{place}. {title}：{rules.product_name(policy.product)}，状态请看保单页")
                cards.append(order_card(order, title))
                continue
            used.append(decision.clause)
            facts = why(order, policy, decision, today)
            name = rules.product_name(policy.product)
            lines.append(f"{place}. {title}：{name}**{STATE_NAMES[decision.state]}**（{facts}）")
            cards.append(policy_card(order, policy, decision, today))
        more = f"只列出最近 {OFFERED} 单，更早的请直接发订单号。" if len(orders) > OFFERED else ""
        return Reply(
            wording.paragraphs(
                f"您最近有保障的订单（{len(shown)} 单）：",
                "\n".join(lines),
                more,
                "**下一步**：想看哪一单，点下面的按钮" + ("，或说「第二单呢」。" if len(shown) > 1 else "。"),
                wording.footer(used),
            ),
            rules=tuple(dict.fromkeys(used)),
            buttons=tuple(
                button(wording.order_button(order, today), "check_policy", order_number=order.number) for order in shown
            ),
            card={"type": "orders", "orders": cards},
            events=(offered(shown),),
        )
