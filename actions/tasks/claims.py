"""Where is my money, how much will it be, why only so much? check_claim, estimate_payout, explain_payout."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from actions.asking import wording
from actions.asking.base import Ask, Reply, button, instant, rule_card
from actions.asking.choosing import Wanted, order_card, policy_for, talked_about
from actions.asking.one_policy import policy_card, why
from actions.desk import claims, payout, rules
from actions.desk.claims import STAGE_NAMES, Progress, Stage
from actions.desk.cover import RETURN_STEPS, STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.payout import Cause, Estimate, Explanation
from actions.desk.rules import NoRules
from actions.policydb.facts import (
    ClaimFacts,
    ClaimKind,
    EventKind,
    Fault,
    OrderFacts,
    PolicyFacts,
    ReturnMethod,
)
from actions.policydb.queries.own import Having
from actions.tasks.customers import ForBothSides
from xiaoer.clock import local

TOLD = 1  # times, after which the same is said differently
_EVENT_NAMES = {
    EventKind.REQUESTED: "申请退货",
    EventKind.AGREED: "卖家同意",
    EventKind.SHIPPED_BACK: "寄回商品",
    EventKind.RECEIVED: "卖家签收",
    EventKind.REFUNDED: "退款成功",
    EventKind.REFUSED: "拒赔",
    EventKind.APPEALED: "提交申诉",
    EventKind.PAID: "赔付",
    EventKind.WITHDRAWN: "撤销退货申请",
}
_KIND_NAMES = {ClaimKind.RETURN: "退货", ClaimKind.EXCHANGE: "换货", ClaimKind.REFUSED_DELIVERY: "拒签退回"}


class _OnAClaim(ForBothSides):
    """A task on what a policy pays; of several, one with a claim comes before one without."""

    def policy(self, order: OrderFacts, ask: Ask) -> PolicyFacts | None:
        chosen = policy_for(order, ask)
        if chosen is None or chosen.claims or ask.product:
            return chosen
        return next((policy for policy in order.policies if policy.claims), chosen)

    def without_policy(self, order: OrderFacts, decision: Decision, ask: Ask) -> Reply:
        return _without(order, None, decision, "没有可以赔付的保障", ask)


def _without(order: OrderFacts, policy: PolicyFacts | None, decision: Decision, lack: str, ask: Ask) -> Reply:
    """The order has not what the task is about: say so, the state it is in, and what can be done."""
    today = local(ask.at).date()
    return Reply(
        wording.paragraphs(
            f"这单（{wording.order_name(order, today)}）**{lack}**。",
            f"{rules.product_name(decision.clause.product)}现在的状态是「{STATE_NAMES[decision.state]}」："
            f"{why(order, policy, decision, today)}，{wording.cite(decision.clause)}。",
            f"**下一步**：{decision.next_step}。",
            wording.footer([decision.clause]),
        ),
        product=decision.clause.product,
        rules=(decision.clause,),
        buttons=(button("看别的订单", "list_policies"),),
        card=policy_card(order, policy, decision, today),
        events=talked_about(order, ask),
    )


class CheckClaim(_OnAClaim):
    """How far the claim is, when an answer is due, why it was refused, and what to do."""

    topic = "check_claim"
    wanted = Wanted(
        topic,
        none=f"您名下还没有查到理赔记录。{RETURN_STEPS}，之后就能在这里查进度。",
        having=Having.CLAIM,
    )

    def on_policy(self, order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> Reply:
        if not policy.claims:
            return _without(order, policy, decision, "还没有理赔记录", ask)
        today = local(ask.at).date()
        newest = max(policy.claims, key=lambda claim: (claims.stage_of(claim, ask.at)[0].is_open, claim.opened_at))
        progress = claims.progress(newest, policy.product, at=ask.at)
        if ask.asked.told.count(order.number) >= TOLD and progress.stage not in (Stage.PAID, Stage.WITHDRAWN):
            return _said_again(order, policy, newest, progress, ask)
        earlier = [claim for claim in policy.claims if claim is not newest]
        used = [progress.clause]
        return Reply(
            wording.paragraphs(
                f"这单（{wording.order_name(order, today)}）的{rules.product_name(policy.product)}理赔"
                f"**{STAGE_NAMES[progress.stage]}**：{_situation(newest, progress, today)}，"
                f"{wording.cite(progress.clause)}。",
                wording.bullets(
                    *(f"{wording.day(step.at, today)} {_EVENT_NAMES[step.kind]}" for step in progress.steps)
                ),
                "".join(f"同一单另有一笔：{summary(claim, ask, today)}。" for claim in earlier),
                f"**下一步**：{progress.next_step}。",
                wording.footer(used),
            ),
            product=policy.product,
            rules=tuple(used),
            buttons=_claim_buttons(order, progress),
            card=_claim_card(order, policy, newest, progress, today),
            events=talked_about(order, ask),
        )


def _said_again(order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts, progress: Progress, ask: Ask) -> Reply:
    """The same asked once more: how long it has been so, what is overdue, and a person with one tap; not the same text."""
    today = local(ask.at).date()
    days = (today - local(progress.since).date()).days
    so_long = f"，到今天 {days} 天" if days else "，就在今天"
    again = ask.asked.told.count(order.number) > TOLD
    lead = "还是一样，没有变化" if again else "又查了一遍，还没有新进展"
    return Reply(
        wording.paragraphs(
            f"{lead}：这单（{wording.order_name(order, today)}）**{STAGE_NAMES[progress.stage]}**"
            f"（{wording.day(progress.since, today)}起{so_long}）。",
            _what_then(claim, progress, ask.at, today),
            _who_helps(progress.stage, again=again),
            wording.footer([progress.clause]),
        ),
        product=policy.product,
        rules=(progress.clause,),
        buttons=(
            button("转人工", "handoff"),
            *(each for each in _claim_buttons(order, progress) if each["title"] != "转人工"),
        ),
        card=_claim_card(order, policy, claim, progress, today),
        data={"person": "asked_twice"},
        events=talked_about(order, ask),
    )


def _who_helps(stage: Stage, *, again: bool) -> str:
    if stage is Stage.REFUSED:
        return "不认可这个结果，可以申诉，或点「转人工」，客服看得到这笔理赔。"
    if again:
        return "我催不了审核，再问也是这个结果。请点「转人工」，让客服去催。"
    return "要有人来催，点「转人工」，客服看得到这笔理赔，不用重说。"


def _what_then(claim: ClaimFacts, progress: Progress, at: datetime, today: date) -> str:
    """What is overdue, or when an answer is due, or what only the asker can do."""
    if progress.stage is Stage.REFUSED:
        return f"它不会自己再到账：拒赔原因是{claims.refusal_of(claim).name}，{progress.next_step}。"
    if progress.expected_by is None:
        return f"**下一步**：{progress.next_step}。"
    due = local(progress.expected_by)
    by = f"{wording.day(due, today)} {due:%H:%M}"
    apart = _length(abs(at - progress.expected_by))
    return f"应在 {by} 前审完，**已经超了{apart}**。" if progress.overdue else f"最晚 {by} 审完，还有{apart}。"


def _length(time: timedelta) -> str:
    """3 天 5 小时; less than an hour is 不到 1 小时."""
    hours = int(time.total_seconds() // 3600)
    days, hours = divmod(hours, 24)
    parts = [f" {days} 天" if days else "", f" {hours} 小时" if hours else ""]
    return "".join(parts) or "不到 1 小时"


def _situation(claim: ClaimFacts, progress: Progress, today: date) -> str:
    since = wording.day(progress.since, today)
    if progress.stage is Stage.PAID and claim.payout is not None:
        return f"{since}赔付 {wording.yuan(claim.payout.amount_fen)}，{wording.paid_to(claim.payout, '您的')}"
    if progress.stage is Stage.REFUSED:
        return f"{since}被拒，原因是{claims.refusal_of(claim).name}"
    if progress.expected_by is not None:
        due = local(progress.expected_by)
        late = "，现在已经超过" if progress.overdue else ""
        return f"{since}退款成功，应在 {wording.day(due, today)} {due:%H:%M} 前审完{late}"
    return f"{since}起"


def summary(claim: ClaimFacts, ask: Ask, today: date) -> str:
    stage, since = claims.stage_of(claim, ask.at)
    amount = f" {wording.yuan(claim.payout.amount_fen)}" if claim.payout is not None and stage is Stage.PAID else ""
    what = claim.item or _KIND_NAMES[claim.kind]
    return f"{what}，{wording.day(since, today)}{STAGE_NAMES[stage]}{amount}"


def _claim_buttons(order: OrderFacts, progress: Progress) -> tuple[dict[str, str], ...]:
    if progress.stage is Stage.PAID:
        return (
            button("为什么赔这么多", "explain_payout", order_number=order.number),
            button("钱在哪里看", "payout_destination"),
        )
    if progress.stage is Stage.REFUSED:
        return (button("怎么申诉", "claim_appeal"), button("转人工", "handoff"))
    if progress.overdue:
        return (button("转人工", "handoff"), button("钱会到哪里", "payout_destination"))
    return (button("这单能赔多少", "estimate_payout", order_number=order.number), button("看别的订单", "list_policies"))


def _claim_card(
    order: OrderFacts, policy: PolicyFacts, claim: ClaimFacts, progress: Progress, today: date
) -> dict[str, Any]:
    return {
        "type": "claim",
        **order_card(order, wording.order_button(order, today)),
        "product": policy.product,
        "product_name": rules.product_name(policy.product),
        "kind": claim.kind.value,
        "state": progress.stage.value,
        "state_name": STAGE_NAMES[progress.stage],
        "since": instant(progress.since),
        "expected_by": instant(progress.expected_by),
        "overdue": progress.overdue,
        "sum_insured_fen": policy.sum_insured_fen,
        "paid_fen": claim.payout.amount_fen if claim.payout else None,
        "refusal": claim.refusal.value if claim.refusal else None,
        "steps": [
            {"kind": step.kind.value, "name": _EVENT_NAMES[step.kind], "at": instant(step.at)}
            for step in progress.steps
        ],
        "rule": rule_card(progress.clause),
        "next_step": progress.next_step,
    }


def can_pay(order: OrderFacts, ask: Ask) -> bool:
    for policy in order.policies:
        try:
            state = decide(facts_of(order, policy), at=ask.at).state
        except NoRules:
            continue
        if (not ask.product or policy.product == ask.product) and (state.is_usable or state is State.CLAIMED):
            return True
    return False


class EstimatePayout(_OnAClaim):
    """What a return of this order will pay, and who bears the rest."""

    topic = "estimate_payout"
    wanted = Wanted(
        topic,
        none="您最近的订单里没有还能赔付的保障。想知道某一单的情况，请直接发订单号。",
        having=Having.POLICY,
        fits=can_pay,
    )

    def on_policy(self, order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> Reply:
        if not (decision.state.is_usable or decision.state is State.CLAIMED):
            return _without(order, policy, decision, "现在不能再赔付", ask)
        today = local(ask.at).date()
        claim = decision.claim
        estimate = payout.estimate(
            policy,
            freight_fen=claim.freight_paid_fen if claim else None,
            fault=claim.fault if claim else Fault.BUYER,
            method=claim.method if claim else ReturnMethod.SELF,
        )
        difference = rules.need(policy.product, "difference")
        used = list(filter(None, [estimate.clause, difference, rules.find(policy.product, "overweight")]))
        amount = f"{'最高' if estimate.at_most else ''}{wording.yuan(estimate.payout_fen)}"
        return Reply(
            wording.paragraphs(
                f"这单（{wording.order_name(order, today)}）退货能赔**{amount}**：{rules.product_name(policy.product)}"
                f"{STATE_NAMES[decision.state]}，{why(order, policy, decision, today)}，"
                f"{wording.cite(estimate.clause)}。",
                wording.bullets(*_route_and_rest(order, claim, estimate), *(rule.text for rule in used[1:])),
                f"**下一步**：{decision.next_step}。",
                wording.footer(used),
            ),
            product=policy.product,
            rules=tuple(used),
            buttons=(
                button("多久到账", "payout_time", product=policy.product),
                button("上门取件怎么抵", "pickup_direct_offset", product=policy.product),
            ),
            card={
                **policy_card(order, policy, decision, today),
                "payout_fen": estimate.payout_fen,
                "at_most": estimate.at_most,
            },
            events=talked_about(order, ask),
        )


def _route_and_rest(order: OrderFacts, claim: ClaimFacts | None, estimate: Estimate) -> tuple[str, str]:
    """Where it is sent back to; what that has cost where it is known, and who bears the rest."""
    route = f"路线：{order.ship_to} → {order.return_to}" if order.ship_to and order.return_to else ""
    rest = (estimate.buyer_fen or 0) + (estimate.seller_fen or 0)
    who = "由您承担" if estimate.buyer_fen else "应由卖家补"
    actual = f"记录里寄回运费 {wording.yuan(claim.freight_paid_fen)}" if claim and claim.freight_paid_fen else ""
    return route, f"{actual}，超出的 {wording.yuan(rest)} {who}" if actual and rest else actual


class ExplainPayout(_OnAClaim):
    """Why a payout was only so much: what was paid, what it fell short by, whose the rest is."""

    topic = "explain_payout"
    wanted = Wanted(
        topic,
        none="您名下还没有查到已经赔付的记录。想看进度可以问「我的理赔到哪一步了」。",
        having=Having.PAYOUT,
    )

    def on_policy(self, order: OrderFacts, policy: PolicyFacts, decision: Decision, ask: Ask) -> Reply:
        paid = [claim for claim in policy.claims if claim.payout is not None and claim.payout.paid_at <= ask.at]
        if not paid:
            return _without(order, policy, decision, "还没有赔付记录", ask)
        claim = paid[-1]
        explanation = payout.explain(policy, claim)
        used = list(dict.fromkeys(reason.clause for reason in explanation.reasons))
        if explanation.short_fen:
            used.append(rules.need(policy.product, "difference"))
        today = local(ask.at).date()
        progress = claims.progress(claim, policy.product, at=ask.at)
        return Reply(
            wording.paragraphs(
                f"这单（{wording.order_name(order, today)}）{_paid_line(explanation, progress, today)}。原因：",
                wording.bullets(
                    *(
                        _reason_line(reason.cause, explanation, claim) + f"，{wording.cite(reason.clause)}"
                        for reason in explanation.reasons
                    )
                ),
                _rest_line(explanation),
                f"**下一步**：{_after_explaining(explanation, progress)}。",
                wording.footer(used),
            ),
            product=policy.product,
            rules=tuple(used),
            buttons=(button("差价谁补", "excess_freight", product=policy.product), button("转人工", "handoff")),
            card={
                **_claim_card(order, policy, claim, progress, today),
                "freight_paid_fen": explanation.freight_fen,
                "short_fen": explanation.short_fen,
                "causes": [reason.cause.value for reason in explanation.reasons],
            },
            events=talked_about(order, ask),
        )


def _paid_line(explanation: Explanation, progress: Progress, today: date) -> str:
    freight = "" if explanation.freight_fen is None else f"，寄回运费是 {wording.yuan(explanation.freight_fen)}"
    return f"{wording.day(progress.since, today)}**赔付了 {wording.yuan(explanation.paid_fen)}**{freight}"


def _reason_line(cause: Cause, explanation: Explanation, claim: ClaimFacts) -> str:
    weight = f"{(claim.weight_g or 0) / 1000:g} 公斤"
    return {
        Cause.FULL: "这次赔付已经够付寄回的运费",
        Cause.SUM_INSURED: f"保单上的保额就是 {wording.yuan(explanation.sum_insured_fen)}，已按保额赔足",
        Cause.OVERWEIGHT: f"寄回的包裹 {weight}，超过首重",
        Cause.OFFSET: "这次走的是上门取件直抵，钱没有打给您，而是抵给了快递",
        Cause.ONCE: "这一单还有另一次退换没有赔",
        Cause.UNEXPLAINED: "赔付少于保额，资料里看不出原因",
    }[cause]


def _rest_line(explanation: Explanation) -> str:
    if not explanation.short_fen:
        return ""
    short = wording.yuan(explanation.short_fen)
    if explanation.seller_fen:
        return f"差的 {short}：这次退货记录为卖家责任，应由卖家补给您。"
    return f"差的 {short}：这次退货记录为买家原因，由您承担。"


def _after_explaining(explanation: Explanation, progress: Progress) -> str:
    if any(reason.cause is Cause.UNEXPLAINED for reason in explanation.reasons):
        return "请转人工，或在保单页联系保险公司核对这笔赔付"
    if explanation.seller_fen:
        return "把寄件凭证发给卖家，请卖家补差价；协商不成可在订单里申请客服介入"
    return progress.next_step
