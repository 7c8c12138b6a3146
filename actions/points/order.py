"""The points of one order: each a full reply, and a line for where several orders are answered at once.

A point says None where it has nothing to say of the order; then the next one is tried (`knowledge/topics.yml`, own).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.choosing import policy_for, talked_about
from actions.asking.one_policy import policy_card, way_of, why
from actions.desk import claims, payout, rules
from actions.desk.claims import STAGE_NAMES, Stage
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.rules import NoRules
from actions.policydb.facts import (
    ClaimFacts,
    ClaimKind,
    EventKind,
    Fault,
    OrderFacts,
    Payee,
    Payer,
    PolicyFacts,
    ReturnMethod,
)
from actions.tasks.claims import CheckClaim, EstimatePayout, ExplainPayout, can_pay
from actions.tasks.policies import CheckPolicy
from knowledge.rules import Rule
from xiaoer.clock import local


@dataclass(frozen=True)
class Point:
    """full: the reply, None where it has nothing to say; brief: a line without the order's name, "" likewise."""

    full: Callable[[OrderFacts, Ask], Reply | None]
    brief: Callable[[OrderFacts, Ask], str]


def first_of(points: Sequence[str], order: OrderFacts, ask: Ask) -> tuple[str, Reply] | None:
    """The first point that has something to say of an order, with what it says."""
    for name in points:
        reply = POINTS[name].full(order, ask)
        if reply is not None:
            return name, reply
    return None


def brief_of(points: Sequence[str], order: OrderFacts, ask: Ask) -> str:
    """The same in a line."""
    return next(filter(None, (POINTS[name].brief(order, ask) for name in points)), "")


# ---------------------------------------------------------------------- what is known of an order


def _today(ask: Ask) -> date:
    return local(ask.at).date()


def _name(order: OrderFacts, ask: Ask) -> str:
    return f"这单（{wording.order_name(order, _today(ask))}）"


def _policy(order: OrderFacts, ask: Ask) -> PolicyFacts | None:
    """The policy that is asked about; of several, one with a claim comes before one without."""
    chosen = policy_for(order, ask)
    if chosen is None or chosen.claims or ask.product:
        return chosen
    return next((policy for policy in order.policies if policy.claims), chosen)


def _decided(order: OrderFacts, policy: PolicyFacts | None, ask: Ask) -> Decision | None:
    """The state of its cover; None where nobody has written the product's rules down."""
    try:
        return decide(facts_of(order, policy), at=ask.at)
    except NoRules:
        return None


def _newest(order: OrderFacts, ask: Ask, *stages: Stage) -> tuple[PolicyFacts, ClaimFacts, datetime] | None:
    """The newest claim that is in one of these stages, and since when."""
    standing = [
        (policy, claim, since)
        for policy in order.policies
        for claim in policy.claims
        for stage, since in [claims.stage_of(claim, ask.at)]
        if stage in stages
    ]
    return max(standing, key=lambda each: each[1].opened_at, default=None)


def _has_claim(order: OrderFacts) -> bool:
    return any(policy.claims for policy in order.policies)


def _reply(
    order: OrderFacts,
    ask: Ask,
    *parts: str,
    used: Sequence[Rule] = (),
    product: str = "",
    buttons: Sequence[dict[str, str]] = (),
) -> Reply:
    """A reply about an order, with its card."""
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    return Reply(
        wording.paragraphs(*parts, wording.footer(used)),
        product=product or (policy.product if policy else None),
        rules=tuple(used),
        buttons=(*buttons, button("看别的订单", "list_policies")),
        card=policy_card(order, policy, decision, _today(ask)) if decision else None,
        events=talked_about(order, ask),
    )


def _look(order: OrderFacts, title: str, topic: str) -> dict[str, str]:
    return button(title, topic, order_number=order.number)


# ---------------------------------------------------------------------- all of it, in three lines

_STEPS = {
    EventKind.REQUESTED: "申请退货",
    EventKind.AGREED: "卖家同意",
    EventKind.SHIPPED_BACK: "寄回",
    EventKind.RECEIVED: "卖家签收退货",
    EventKind.REFUNDED: "退款成功",
    EventKind.REFUSED: "拒赔",
    EventKind.APPEALED: "申诉",
    EventKind.PAID: "赔付到账",
    EventKind.WITHDRAWN: "撤销退货申请",
}


def all_of(order: OrderFacts, ask: Ask) -> str:
    """What the rows know of an order: what became of it, of its returns, and the money."""
    return wording.bullets(
        _cover(order, ask),
        f"{way_of(order, ask.at)}（店铺「{order.shop}」）",
        *_returns(order, ask),
        _money(order, ask),
    )


def _cover(order: OrderFacts, ask: Ask) -> str:
    said = []
    for policy in order.policies:
        decision = _decided(order, policy, ask)
        if decision is not None:
            early = (
                "；确认收货后一般结束"
                if decision.state is State.IN_FORCE and rules.find(policy.product, "confirm")
                else ""
            )
            said.append(
                f"{rules.product_name(policy.product)}{_end(order, policy, decision, ask).replace('**', '')}{early}"
            )
    return f"保障：{'；'.join(said) or '没有，订单里查不到保单记录'}"


def _returns(order: OrderFacts, ask: Ask) -> list[str]:
    return [
        f"{'换货' if claim.kind is ClaimKind.EXCHANGE else '退货'}{f'（{claim.item}）' if claim.item and len(order.lines) > 1 else ''}："
        + "，".join(
            f"{wording.day(event.at, _today(ask))} {_STEPS[event.kind]}" for event in claims.happened(claim, ask.at)
        )
        + f"；{_outcome(policy, claim, ask)}"
        for policy in order.policies
        for claim in policy.claims
    ]


def _outcome(policy: PolicyFacts, claim: ClaimFacts, ask: Ask) -> str:
    stage, _ = claims.stage_of(claim, ask.at)
    if stage is Stage.PAID and claim.payout is not None:
        return f"赔了 {wording.yuan(claim.payout.amount_fen)}，{_where(claim)}"
    if stage is Stage.REFUSED:
        return f"拒赔原因：{claims.refusal_of(claim).name}"
    return "赔款还没到账" if stage.is_open else STAGE_NAMES[stage]


def _money(order: OrderFacts, ask: Ask) -> str:
    parts = [f"商品 {wording.yuan(order.amount_fen)}"]
    for policy in order.policies:
        payer = f"您自己买的，保费 {wording.yuan(policy.premium_fen)}" if policy.payer is Payer.BUYER else "卖家送的"
        parts.append(f"{rules.product_name(policy.product)}保额 {wording.yuan(policy.sum_insured_fen)}（{payer}）")
        for claim in policy.claims:
            if claim.freight_paid_fen:
                parts.append(f"寄回运费 {wording.yuan(claim.freight_paid_fen)}{_rest(policy, claim)}")
    return f"金额：{'，'.join(parts)}"


def _rest(policy: PolicyFacts, claim: ClaimFacts) -> str:
    """What of the freight is not covered, and whose it is."""
    if claim.freight_paid_fen is None or claim.refusal is not None:
        return ""
    covered = claim.payout.amount_fen if claim.payout else min(payout.ceiling(policy), claim.freight_paid_fen)
    short = claim.freight_paid_fen - covered
    if short <= 0:
        return ""
    return f"，差的 {wording.yuan(short)} {'应由卖家补' if claim.fault is Fault.SELLER else '由您承担'}"


def _stands(order: OrderFacts, ask: Ask) -> Reply | None:
    """How it stands, in a sentence and all that is known: for what nobody can read closer."""
    if _has_claim(order):
        said = _claimed_briefly(order, ask)
        return _reply(
            order, ask, f"{_name(order, ask)}：{said}。", buttons=(_look(order, "看理赔进度", "check_claim"),)
        )
    policy = _policy(order, ask)
    said = _until_briefly(order, ask) if policy is not None else _covered_briefly(order, ask)
    return _reply(order, ask, f"{_name(order, ask)}：{said}。", buttons=(_look(order, "看保障详情", "check_policy"),))


# ---------------------------------------------------------------------- cover


def _covered(order: OrderFacts, ask: Ask) -> Reply | None:
    return CheckPolicy().on_order(order, ask)


def _covered_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    if policy is None:
        return "**没有保障**（订单里查不到保单记录）"
    name, decision = rules.product_name(policy.product), _decided(order, policy, ask)
    if decision is None:
        return f"有{name}，状态请看保单页"
    insured = f"，保额 {wording.yuan(policy.sum_insured_fen)}"
    return f"{name}**{STATE_NAMES[decision.state]}**{insured}（{why(order, policy, decision, _today(ask))}）"


def _until(order: OrderFacts, ask: Ask) -> Reply | None:
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    if policy is None or decision is None:
        return _covered(order, ask)
    early = rules.find(policy.product, "confirm") if decision.state is State.IN_FORCE else None
    used = [decision.clause, *filter(None, [early])]
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}的{rules.product_name(policy.product)}{_end(order, policy, decision, ask)}，"
        f"{wording.cite(decision.clause)}。",
        f"提前结束：{early.text}。" if early else "",
        f"**下一步**：{decision.next_step}。",
        used=used,
        product=policy.product,
        buttons=(_look(order, "退货能赔多少", "estimate_payout"),),
    )


def _until_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    if policy is None or decision is None:
        return _covered_briefly(order, ask)
    return f"{rules.product_name(policy.product)}{_end(order, policy, decision, ask)}"


def _end(order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> str:
    """Until when it is good, or since when it is not: **最晚保到12月25日**（还有 25 天）."""
    today = _today(ask)
    if decision.state is State.IN_FORCE and decision.until is not None:
        left = (local(decision.until).date() - today).days
        return f"**保障中，最晚保到{wording.day(decision.until, today)}**（还有 {left} 天）"
    if decision.state is State.NOT_STARTED:
        term = rules.find(policy.product, "validity")
        days = f"，从发货那天起最长 {term.days} 天" if term is not None and term.days else "，从发货那天起算"
        return f"**已出单，还没开始**：卖家发货后生效{days}；没发货就取消的，保障随之作废"
    state = STATE_NAMES[decision.state]
    if decision.state in (State.LAPSED, State.VOID) and decision.until is not None:
        return f"**{state}，{wording.day(decision.until, today)}结束**（{why(order, policy, decision, today)}）"
    return f"**{state}**（{why(order, policy, decision, today)}）"


def _returnable(order: OrderFacts, ask: Ask) -> Reply | None:
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    if policy is None or decision is None or not decision.state.is_usable:
        return _to_do(order, ask)
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}**现在退货，{rules.product_name(policy.product)}还能用**："
        f"{_end(order, policy, decision, ask).replace('**', '')}。能不能退本身看商品的退货规则和卖家是否同意。",
        f"**下一步**：{decision.next_step}。",
        used=[decision.clause],
        product=policy.product,
        buttons=(_look(order, "退货能赔多少", "estimate_payout"),),
    )


def _to_do(order: OrderFacts, ask: Ask) -> Reply | None:
    """What to do now: that of a claim, else that of the cover."""
    if _has_claim(order):
        return CheckClaim().on_order(order, ask)
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    if decision is None:
        return None
    name = rules.product_name(decision.clause.product)
    state = f"没有{name}" if policy is None else f"的{name}{STATE_NAMES[decision.state]}"
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}{state}（{why(order, policy, decision, _today(ask))}）。**这样做**：{decision.next_step}。",
        used=[decision.clause],
        buttons=(_look(order, "看保障详情", "check_policy"),),
    )


def _to_do_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    return f"{_covered_briefly(order, ask)}；{decision.next_step}" if decision else _covered_briefly(order, ask)


def _voided(order: OrderFacts, ask: Ask) -> Reply | None:
    decision = _decided(order, _policy(order, ask), ask)
    return _covered(order, ask) if decision is not None and decision.state is State.VOID else None


# ---------------------------------------------------------------------- who paid for it


def _payer(order: OrderFacts, ask: Ask) -> Reply | None:
    policy = _policy(order, ask)
    if policy is None:
        return _covered(order, ask)
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}的{rules.product_name(policy.product)}{_payer_briefly(order, ask)}。",
        buttons=(_look(order, "看保障详情", "check_policy"),),
    )


def _payer_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    if policy is None:
        return _covered_briefly(order, ask)
    issued = f"，{wording.day(policy.issued_at, _today(ask))}付款时出单"
    if policy.payer is Payer.BUYER:
        return f"是**您自己下单时买的**，保费 {wording.yuan(policy.premium_fen)}{issued}"
    if not policy.insurer:
        return f"是**卖家开通的服务**，费用由卖家付，您没有花钱{issued}"
    return f"是**卖家送的**，保费由卖家付，您没有花钱{issued}"


def _insurer(order: OrderFacts, ask: Ask) -> Reply | None:
    policy = _policy(order, ask)
    if policy is None:
        return _covered(order, ask)
    return _reply(
        order, ask, f"{_name(order, ask)}的{rules.product_name(policy.product)}{_insurer_briefly(order, ask)}。"
    )


def _insurer_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    if policy is None:
        return _covered_briefly(order, ask)
    if not policy.insurer:
        return "是平台的服务，不是保险，**没有承保公司**"
    return f"由**{policy.insurer}**承保，保单号 {policy.number}"


# ---------------------------------------------------------------------- claims and payouts


def _claimed(order: OrderFacts, ask: Ask) -> Reply | None:
    return CheckClaim().on_order(order, ask) if _has_claim(order) else None


def _claimed_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    if policy is None or not policy.claims:
        return f"还没有理赔记录；{_covered_briefly(order, ask)}"
    newest = max(policy.claims, key=lambda claim: (claims.stage_of(claim, ask.at)[0].is_open, claim.opened_at))
    try:
        progress = claims.progress(newest, policy.product, at=ask.at)
    except NoRules:
        return f"**{STAGE_NAMES[claims.stage_of(newest, ask.at)[0]]}**"
    today, since = _today(ask), wording.day(progress.since, _today(ask))
    if progress.stage is Stage.PAID and newest.payout is not None:
        return f"**{since}赔付了 {wording.yuan(newest.payout.amount_fen)}**，{_where(newest)}"
    if progress.stage is Stage.REFUSED:
        return f"**{since}被拒赔**，原因是{claims.refusal_of(newest).name}"
    if progress.expected_by is not None:
        due = f"应在{wording.day(progress.expected_by, today)}前审完"
        return f"**{STAGE_NAMES[progress.stage]}**，{since}退款成功，{due}" + (
            "，**已经超时**" if progress.overdue else ""
        )
    return f"**{STAGE_NAMES[progress.stage]}**（{since}起）"


def _where(claim: ClaimFacts) -> str:
    return "直接抵给了快递" if claim.payout and claim.payout.payee is Payee.COURIER else "打到您的支付宝"


def _estimated(order: OrderFacts, ask: Ask) -> Reply | None:
    return EstimatePayout().on_order(order, ask) if can_pay(order, ask) else None


def _estimated_briefly(order: OrderFacts, ask: Ask) -> str:
    policy = _policy(order, ask)
    decision = _decided(order, policy, ask)
    if policy is None or decision is None or not (decision.state.is_usable or decision.state is State.CLAIMED):
        return f"现在不能再赔；{_covered_briefly(order, ask)}"
    return f"退货最高能赔 **{wording.yuan(payout.ceiling(policy))}**（{rules.product_name(policy.product)}{STATE_NAMES[decision.state]}）"


def _difference(order: OrderFacts, ask: Ask) -> Reply | None:
    """What the freight costs beyond what is paid, and who bears it."""
    return _explained(order, ask) or _estimated(order, ask)


def _explained(order: OrderFacts, ask: Ask) -> Reply | None:
    return ExplainPayout().on_order(order, ask) if _newest(order, ask, Stage.PAID) else None


def _explained_briefly(order: OrderFacts, ask: Ask) -> str:
    paid = _newest(order, ask, Stage.PAID)
    if paid is None or paid[1].payout is None:
        return ""
    policy, claim, _ = paid
    found = payout.explain(policy, claim)
    short = f"，比寄回运费少 {wording.yuan(found.short_fen)}" if found.short_fen else ""
    return f"赔了 **{wording.yuan(found.paid_fen)}**（保额 {wording.yuan(found.sum_insured_fen)}{short}）"


def _paid_to(order: OrderFacts, ask: Ask) -> Reply | None:
    paid = _newest(order, ask, Stage.PAID)
    if paid is None or paid[1].payout is None:
        return _will_be_paid_to(order, ask)
    policy, claim, since = paid
    progress = claims.progress(claim, policy.product, at=ask.at)
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}的 {wording.yuan(claim.payout.amount_fen if claim.payout else 0)} "
        f"**{wording.day(since, _today(ask))}{_where(claim)}**，{wording.cite(progress.clause)}。",
        f"**下一步**：{progress.next_step}。",
        used=[progress.clause],
        product=policy.product,
        buttons=(_look(order, "为什么赔这么多", "explain_payout"),),
    )


def _will_be_paid_to(order: OrderFacts, ask: Ask) -> Reply | None:
    running = _newest(order, ask, *(stage for stage in Stage if stage.is_open))
    if running is None:
        return _claimed(order, ask)
    where = "打到您的支付宝" if running[1].method is ReturnMethod.SELF else "直接抵给快递"
    return _reply(order, ask, f"{_name(order, ask)}**还没有到账**，赔付后会{where}：{_claimed_briefly(order, ask)}。")


def _refused(order: OrderFacts, ask: Ask) -> Reply | None:
    """Why it was refused, what that means, what can be done; where it was not, how the claim stands."""
    standing = _newest(order, ask, Stage.REFUSED)
    if standing is None:
        return _not_refused(order, ask)
    policy, claim, since = standing
    refusal, clause = claims.refusal_of(claim), claims.clause_of(claim, policy.product, Stage.REFUSED)
    appeal = [_look(order, "对这单申诉", "file_appeal")] if refusal.appeal else []
    what = f"（{claim.item}）" if claim.item and len(order.lines) > 1 else ""
    progress = claims.progress(claim, policy.product, at=ask.at)
    return _reply(
        order,
        ask,
        f"{_name(order, ask)}{what}{wording.day(since, _today(ask))}被拒赔，原因是**{refusal.name}**，{wording.cite(clause)}。",
        f"**下一步**：{progress.next_step}。",
        "" if refusal.appeal else "这个原因申诉一般不会成功。",
        used=[clause],
        product=policy.product,
        buttons=(*appeal, button("转人工", "handoff")),
    )


def _not_refused(order: OrderFacts, ask: Ask) -> Reply | None:
    if not _has_claim(order):
        return None
    reply = CheckClaim().on_order(order, ask)
    if any(
        event.kind is EventKind.REFUSED
        for policy in order.policies
        for claim in policy.claims
        for event in claims.happened(claim, ask.at)
    ):
        return reply  # it was, and has been appealed against
    return replace(reply, text=wording.paragraphs("这单**没有被拒赔**。", reply.text))


def _refused_briefly(order: OrderFacts, ask: Ask) -> str:
    standing = _newest(order, ask, Stage.REFUSED)
    return (
        _claimed_briefly(order, ask)
        if standing is None
        else (f"{wording.day(standing[2], _today(ask))}被拒赔，原因是**{claims.refusal_of(standing[1]).name}**")
    )


# ---------------------------------------------------------------------- what became of the order


def _fact(say: Callable[[OrderFacts, Ask], str]) -> Point:
    """A point that is said in a sentence."""

    def full(order: OrderFacts, ask: Ask) -> Reply:
        looks = [_look(order, "看保障", "check_policy")]
        if _has_claim(order):
            looks.append(_look(order, "看理赔进度", "check_claim"))
        return _reply(order, ask, f"{_name(order, ask)}{say(order, ask)}。", buttons=looks)

    return Point(full, say)


def _on(moment: datetime | None, ask: Ask) -> str:
    return wording.day(moment, _today(ask)) if moment is not None and moment <= ask.at else ""


def _sent(order: OrderFacts, ask: Ask) -> str:
    if day := _on(order.shipped_at, ask):
        signed = _on(order.signed_at, ask)
        return f"**{day}已发货**，" + (f"{signed}签收" if signed else "还没有签收记录")
    if day := _on(order.closed_at, ask):
        return f"**没有发货**，{day}已取消"
    return f"**还没有发货**，{wording.day(order.paid_at, _today(ask))}付的款"


def _signed(order: OrderFacts, ask: Ask) -> str:
    if day := _on(order.signed_at, ask):
        confirmed = _on(order.confirmed_at, ask)
        return f"**{day}已签收**，" + (f"{confirmed}确认收货" if confirmed else "还没有确认收货")
    return (
        _sent(order, ask) if not _on(order.shipped_at, ask) else f"{_on(order.shipped_at, ask)}发货，**还没有签收记录**"
    )


def _refunded(order: OrderFacts, ask: Ask) -> str:
    """Of the price, which is not what insurance pays."""
    days = [
        event.at
        for policy in order.policies
        for claim in policy.claims
        for event in claims.happened(claim, ask.at)
        if event.kind is EventKind.REFUNDED
    ]
    if days:
        return f"的货款**{wording.day(max(days), _today(ask))}退款成功**"
    if day := _on(order.closed_at, ask):
        return f"**{day}已取消/关闭**，货款按原路退回"
    if _has_claim(order):
        return f"的货款**还没有退款记录**：{_claimed_briefly(order, ask).replace('**', '')}"
    return "**没有退款记录**，也没有退货申请"


def _confirmed(order: OrderFacts, ask: Ask) -> str:
    if day := _on(order.confirmed_at, ask):
        return f"**{day}确认收货**"
    signed = _on(order.signed_at, ask)
    return f"**还没有确认收货**{f'，{signed}签收' if signed else ''}"


def _returned(order: OrderFacts, ask: Ask) -> str:
    """The way back: when it was asked for, sent, received."""
    told = [
        f"{wording.day(event.at, _today(ask))}{_STEPS[event.kind]}"
        for policy in order.policies
        for claim in policy.claims
        for event in claims.happened(claim, ask.at)
        if event.kind not in (EventKind.PAID, EventKind.REFUSED, EventKind.APPEALED)
    ]
    return f"退货的经过：**{'，'.join(told)}**" if told else "**没有退货记录**"


def _bought(order: OrderFacts, ask: Ask) -> str:
    return f"是**{wording.day(order.paid_at, _today(ask))}**在「{order.shop}」付款的，{wording.yuan(order.amount_fen)}"


def _price(order: OrderFacts, ask: Ask) -> str:
    return f"付了 **{wording.yuan(order.amount_fen)}**，{wording.day(order.paid_at, _today(ask))}在「{order.shop}」买的"


def _shop(order: OrderFacts, ask: Ask) -> str:
    return (
        f"是在「**{order.shop}**」买的，{wording.day(order.paid_at, _today(ask))}付款，{wording.yuan(order.amount_fen)}"
    )


POINTS: Mapping[str, Point] = {
    "covered": Point(_covered, _covered_briefly),
    "until": Point(_until, _until_briefly),
    "returnable": Point(_returnable, _until_briefly),
    "to_do": Point(_to_do, _to_do_briefly),
    "voided": Point(_voided, _covered_briefly),
    "payer": Point(_payer, _payer_briefly),
    "insurer": Point(_insurer, _insurer_briefly),
    "claimed": Point(_claimed, _claimed_briefly),
    "estimated": Point(_estimated, _estimated_briefly),
    "difference": Point(_difference, _explained_briefly),
    "stands": Point(_stands, _claimed_briefly),
    "explained": Point(_explained, _explained_briefly),
    "paid_to": Point(_paid_to, _claimed_briefly),
    "refused": Point(_refused, _refused_briefly),
    "sent": _fact(_sent),
    "signed": _fact(_signed),
    "refunded": _fact(_refunded),
    "confirmed": _fact(_confirmed),
    "returned": _fact(_returned),
    "bought": _fact(_bought),
    "price": _fact(_price),
    "shop": _fact(_shop),
}
# Points that say nothing of how the cover or a claim stands.
FACTS = frozenset(
    {"sent", "signed", "refunded", "confirmed", "returned", "bought", "price", "shop", "payer", "insurer", "difference"}
)
