"""The points of a customer's order as the seller who is asked about it has them: what was asked, first.

What became of an order (sent, signed, ...) is said in the words of `order`, which speak to nobody; what is the buyer's
(his cover, his Alipay) is said of the buyer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from actions.asking import wording
from actions.asking.base import Ask, Reply
from actions.desk import claims, payout, rules
from actions.desk.claims import Stage
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.rules import NoRules
from actions.points.order import brief_of
from actions.policydb.facts import ClaimFacts, OrderFacts, Payer, PolicyFacts
from actions.tasks import customers
from xiaoer.clock import local

_FACTS = frozenset({"sent", "signed", "refunded", "confirmed", "returned", "bought", "price", "shop"})
# The task whose reply has the rest of what a point is asked with.
_TASK = {
    **dict.fromkeys(("claimed", "paid_to", "refused", "returned", "refunded"), "check_claim"),
    **dict.fromkeys(("explained", "difference"), "explain_payout"),
    **{"estimated": "estimate_payout", "payer": "who_pays"},
}
POINTS = frozenset({*_FACTS, *_TASK, "insurer", "until", "returnable", "to_do", "covered", "stands", "voided"})
_MORE = re.compile(r"哪|谁|多|高|一样")
_COMPARES = re.compile(r"[多少高低贵]|便宜")
_NO_CLAIM = "没有理赔记录"


def of_one(point: str, order: OrderFacts, ask: Ask, *, sure: bool, besides: str = "") -> Reply:
    """The reply about one order by a point. sure: the words name it clearly; besides: another point that is asked for."""
    topic = _TASK.get(point, "check_policy")
    policy = customers.policy_meant(order, ask, topic)
    first = ""
    if point in _FACTS or policy is not None:
        said = _full(point, order, policy, ask)
        name = f"这单（{wording.order_name(order, local(ask.at).date())}）"
        first = f"{name}{said}。" if said else ""
    reply = customers.one(order, ask, topic, sure=sure, first=first)
    told = brief(besides, order, ask) if besides else ""
    if told:
        head, *rest = reply.text.split("\n\n")
        reply = replace(reply, text=wording.paragraphs(head, f"{told.removeprefix('的')}。", *rest))
    return reply


def of_several(points: Sequence[str], orders: Sequence[OrderFacts], ask: Ask, lead: str, count: int) -> Reply:
    """A line for each by the first of the points, and what they come to where that is asked."""
    asked = [each for each in dict.fromkeys(points) if each in POINTS] or ["covered"]
    if (
        asked[0] in ("claimed", "explained")
        and _MORE.search(ask.asked.plain)
        and not any(_paid(each, ask) for each in orders)
    ):
        asked[0] = "estimated"  # 「哪个赔得多」 of what has not been paid
    lead = wording.paragraphs(_together(asked[0], orders, ask), lead)

    def says(order: OrderFacts, given: Ask) -> str:
        return "；".join(dict.fromkeys(brief(point, order, given) for point in asked))

    return customers.several(orders, ask, lead, count, says)


def brief(point: str, order: OrderFacts, ask: Ask) -> str:
    """A point in a line, without the order's name."""
    policy = customers.policy_meant(order, ask, _TASK.get(point, "check_policy"))
    if point in _FACTS or policy is None:
        said = brief_of([point], order, ask) if point in _FACTS else ""
        return "；".join(filter(None, [said, customers.line(order, ask)]))
    said = _full(point, order, policy, ask).removeprefix("的")
    if point == "estimated" and not said:
        said = f"{_limit(policy)}（{_name(policy)}{_state(order, policy, ask).removeprefix('，状态')}）"
    return said or customers.line(order, ask)


def _decided(order: OrderFacts, policy: PolicyFacts, ask: Ask) -> Decision | None:
    try:
        return decide(facts_of(order, policy), at=ask.at)
    except NoRules:
        return None


def _full(point: str, order: OrderFacts, policy: PolicyFacts | None, ask: Ask) -> str:
    """What is said of a point behind the order's name; "" where the task's own first sentence says it."""
    if point in _FACTS:
        return brief_of([point], order, ask)
    say = _SAY.get(point)
    if say is None or policy is None:
        return ""
    try:
        return say(order, policy, customers.claim_of(policy, ask), ask)
    except NoRules:
        return ""


def _payer(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    """「保费」 of a service is the fee of the shop."""
    fee = "保费" if policy.insurer else "服务费"
    by = "买家自己付" if policy.payer is Payer.BUYER else "由店铺付，买家没有花钱"
    return (
        f"的{rules.product_name(policy.product)}是**{customers.payer_of(policy)}**，"
        f"{fee} **{wording.yuan(policy.premium_fen)}**（{by}）{_state(order, policy, ask)}"
    )


def _state(order: OrderFacts, policy: PolicyFacts, ask: Ask) -> str:
    decision = _decided(order, policy, ask)
    return f"，状态{STATE_NAMES[decision.state]}" if decision else ""


def _insurer(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    return f"的{rules.product_name(policy.product)}{brief_of(['insurer'], order, ask)}"


def _until(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    decision, today = _decided(order, policy, ask), local(ask.at).date()
    if decision is None or decision.state is not State.IN_FORCE or decision.until is None:
        return ""
    left = (local(decision.until).date() - today).days
    early = "，买家确认收货会提前结束" if rules.find(policy.product, "confirm") else ""
    return (
        f"的{rules.product_name(policy.product)}**保障中，最晚保到 {wording.day(decision.until, today)}**"
        f"（还有 {left} 天，{customers.because(order, policy, decision, today)}）{early}"
    )


def _limit(policy: PolicyFacts) -> str:
    return f"{'保额' if policy.insurer else '最高可抵'} **{wording.yuan(policy.sum_insured_fen)}**"


def _estimated(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    """What it can pay at most; of a return that runs, what it will; of one that is over, what came of it."""
    if claim is None or claims.stage_of(claim, ask.at)[0] is Stage.WITHDRAWN:
        decision = _decided(order, policy, ask)
        usable = decision is not None and decision.state.is_usable
        return "" if usable else f"的{_name(policy)}{_limit(policy)}{_state(order, policy, ask)}，现在不能再赔"
    freight = claim.freight_paid_fen
    if claims.stage_of(claim, ask.at)[0].is_open and freight is not None:
        will = payout.estimate(policy, freight_fen=freight, fault=claim.fault, method=claim.method)
        expected = f"，寄回运费 {wording.yuan(freight)}，**预计赔 {wording.yuan(will.payout_fen)}**"
    else:
        expected = ""
    return f"的{_name(policy)}{_limit(policy)}{expected}；理赔{customers.progress_of(policy, claim, ask)}"


def _name(policy: PolicyFacts) -> str:
    return rules.product_name(policy.product)


def _difference(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    """What the freight was above the payout, and whose that is."""
    if claim is None:
        return ""
    said = customers.why_so_much(policy, claim, ask)
    return f"{said[-1]}；理赔{customers.progress_of(policy, claim, ask)}" if said else ""


def _claimed(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    if claim is None:
        return f"**{_NO_CLAIM}**，{_name(policy)}{_stands(order, policy, ask)}"
    return f"的{_name(policy)}理赔{customers.progress_of(policy, claim, ask)}"


def _stands(order: OrderFacts, policy: PolicyFacts, ask: Ask) -> str:
    decision = _decided(order, policy, ask)
    if decision is None:
        return ""
    return f"{STATE_NAMES[decision.state]}：{customers.because(order, policy, decision, local(ask.at).date())}"


def _refused(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    if claim is not None and claims.stage_of(claim, ask.at)[0] is Stage.REFUSED:
        return _claimed(order, policy, claim, ask)
    return f"**没有被拒赔**；{_claimed(order, policy, claim, ask).removeprefix('的')}"


def _explained(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts | None, ask: Ask) -> str:
    said = _claimed(order, policy, claim, ask)
    why = customers.why_so_much(policy, claim, ask) if claim is not None else []
    return f"{said}。{'；'.join(why)}" if why else said


_SAY: Mapping[str, Callable[[OrderFacts, PolicyFacts, ClaimFacts | None, Ask], str]] = {
    "payer": _payer,
    "insurer": _insurer,
    "until": _until,
    "estimated": _estimated,
    "difference": _difference,
    "claimed": _claimed,
    "paid_to": _claimed,
    "refused": _refused,
    "explained": _explained,
}


# ---------------------------------------------------------------------- several


def _figures(point: str, orders: Sequence[OrderFacts], ask: Ask) -> tuple[str, list[int]] | None:
    """The figure of each by which they are compared and summed, with its name; None where a point has none."""
    if point in ("explained", "paid_to", "difference", "claimed"):
        return "赔付", [_paid(order, ask) for order in orders]
    if point == "payer":
        return "保费", [sum(policy.premium_fen for policy in order.policies) for order in orders]
    if point == "estimated":
        return "保额", [max((policy.sum_insured_fen for policy in order.policies), default=0) for order in orders]
    if point in ("price", "bought"):
        return "商品", [order.amount_fen for order in orders]
    return None


def _paid(order: OrderFacts, ask: Ask) -> int:
    return sum(
        claim.payout.amount_fen
        for policy in order.policies
        for claim in policy.claims
        if claim.payout is not None and claim.payout.paid_at <= ask.at
    )


def _together(point: str, orders: Sequence[OrderFacts], ask: Ask) -> str:
    """What they come to, which has most, whether they are alike: as far as the words ask for that."""
    plain, found = ask.asked.plain, _figures(point, orders, ask)
    if found is None or len(orders) < 2:
        return ""
    what, figures = found
    if any(word in plain for word in ("加起来", "合计", "一共", "总共", "统共", "拢共", "总额", "一起算", "算一起")):
        return f"这 {len(orders)} 单{what}合计 **{wording.yuan(sum(figures))}**。"
    if any(word in plain for word in ("一样", "相同", "差多少", "差不多")):
        if len(set(figures)) == 1:
            return f"{what}**一样**，都是 {wording.yuan(figures[0])}。"
        return f"{what}**不一样**：{_each(orders, figures)}。"
    which = any(word in plain for word in ("哪个", "谁", "哪单", "哪件", "哪条", "最"))
    if ((which and _COMPARES.search(plain)) or "高" in plain) and max(figures) != min(figures):
        most = "少" if any(word in plain for word in ("少", "低", "便宜")) else "多"
        best = figures.index(min(figures) if most == "少" else max(figures))
        return f"{what}{most}的是**尾号 {orders[best].tail}**：{_each(orders, figures)}。"
    return ""


def _each(orders: Sequence[OrderFacts], figures: Sequence[int]) -> str:
    return "，".join(f"尾号 {order.tail} {wording.yuan(figure)}" for order, figure in zip(orders, figures, strict=True))
