"""Where is my claim? The stage of a claim, when an answer is due, why it was refused and what to do about it.

Pure: facts and an instant go in, the answer and the rule behind it come out. Times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from actions.desk import rules
from actions.policydb.facts import ClaimFacts, ClaimKind, EventFacts, EventKind, RefusalReason, ReturnMethod
from knowledge.rules import Rule


class Stage(str, Enum):
    """How far a claim has come."""

    REQUESTED = "requested"
    AGREED = "agreed"
    SHIPPED_BACK = "shipped_back"
    RECEIVED = "received"
    REVIEWING = "reviewing"
    REFUSED = "refused"
    APPEALED = "appealed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        return self not in (Stage.REFUSED, Stage.PAID, Stage.WITHDRAWN)


STAGE_OF_EVENT = {
    EventKind.REQUESTED: Stage.REQUESTED,
    EventKind.AGREED: Stage.AGREED,
    EventKind.SHIPPED_BACK: Stage.SHIPPED_BACK,
    EventKind.RECEIVED: Stage.RECEIVED,
    EventKind.REFUNDED: Stage.REVIEWING,
    EventKind.REFUSED: Stage.REFUSED,
    EventKind.APPEALED: Stage.APPEALED,
    EventKind.PAID: Stage.PAID,
    EventKind.WITHDRAWN: Stage.WITHDRAWN,
}
_RETURNING = (Stage.REQUESTED, Stage.AGREED, Stage.SHIPPED_BACK, Stage.RECEIVED, Stage.REVIEWING)

STAGE_NAMES = {
    Stage.REQUESTED: "等卖家同意退货",
    Stage.AGREED: "等您寄回商品",
    Stage.SHIPPED_BACK: "商品寄回途中，等卖家签收",
    Stage.RECEIVED: "卖家已签收，等卖家退款",
    Stage.REVIEWING: "退款成功，理赔审核中",
    Stage.REFUSED: "已拒赔",
    Stage.APPEALED: "申诉处理中",
    Stage.PAID: "已赔付",
    Stage.WITHDRAWN: "退货申请已撤销",
}


@dataclass(frozen=True)
class Refusal:
    """A refusal in words. about: the kinds of rule it rests on, the first that the product has."""

    name: str
    remedy: str
    about: tuple[str, ...] = ("refusal",)
    appeal: bool = True


REFUSALS = {
    RefusalReason.BAD_TRACKING: Refusal(
        "退货单号错误或查不到物流轨迹", "核对退货单号，备好底单或寄件截图，用正确单号申诉"
    ),
    RefusalReason.SHARED_PARCEL: Refusal(
        "一个包裹对应了多个订单",
        "合寄的订单只能赔一笔；如果确实分开寄出，备好各自的单号和底单申诉",
        ("shared_parcel", "once"),
    ),
    RefusalReason.SECOND_CLAIM: Refusal(
        "这个订单已经赔过一次",
        "同一订单的第二次退换不再赔；是质量问题或发错货的，可请卖家承担这次运费",
        ("once",),
        False,
    ),
    RefusalReason.ABNORMAL_TRADE: Refusal("交易被判定为虚假或异常", "如属误判，备好付款、收货和寄回的凭证申诉"),
    RefusalReason.ACCOUNT_RISK: Refusal(
        "账号或订单异常（系统判定有风险，如短期内频繁下单退货）",
        "如属误判，备好收货和寄回的凭证申诉；之后减少退货，系统会自动重新评估",
    ),
    RefusalReason.EXPIRED: Refusal(
        "退货时已超出保障期", "打开保单核对保障状态；若申请退货时仍在保障中，凭时间截图申诉", ("confirm", "validity")
    ),
    RefusalReason.NO_RETURN: Refusal(
        "没有真实寄回商品（仅退款、取消订单或拒收）",
        "没有产生寄回运费，一般不赔；如果确实寄回了，凭单号和底单申诉",
        ("real_return", "refusal"),
    ),
    RefusalReason.RETURNED_BEFORE_RECEIPT: Refusal(
        "寄回时间早于签收时间（还没收到货就寄回）", "备好签收和寄回的时间截图申诉，说明先后顺序"
    ),
}


@dataclass(frozen=True)
class Progress:
    """A claim at one instant. expected_by: when the answer is due, known once the refund has succeeded."""

    stage: Stage
    since: datetime
    clause: Rule
    next_step: str
    steps: tuple[EventFacts, ...]
    expected_by: datetime | None = None
    overdue: bool = False


def happened(claim: ClaimFacts, at: datetime) -> tuple[EventFacts, ...]:
    """The steps that have happened by then, in order of time."""
    return tuple(sorted((event for event in claim.events if event.at <= at), key=lambda event: event.at))


def stage_of(claim: ClaimFacts, at: datetime) -> tuple[Stage, datetime]:
    """The stage at an instant and since when.

    Of payment, refusal, appeal and withdrawal the latest decides; without one, the furthest step of the return.
    """
    steps = [(STAGE_OF_EVENT[event.kind], event.at) for event in happened(claim, at)]
    if claim.payout is not None and claim.payout.paid_at <= at:
        return Stage.PAID, claim.payout.paid_at
    decided = [step for step in steps if step[0] not in _RETURNING]
    if decided:
        return decided[-1]
    return max(steps, key=lambda step: _RETURNING.index(step[0]), default=(Stage.REQUESTED, claim.opened_at))


def progress(claim: ClaimFacts, product: str, *, at: datetime) -> Progress:
    """The state of a claim, the rule behind it, when an answer is due and what to do next.

    Raises NoRules for a product without rules.
    """
    stage, since = stage_of(claim, at)
    timing = rules.find(product, "payout_time")
    expected_by = _due(claim, timing, since) if stage is Stage.REVIEWING else None
    overdue = expected_by is not None and at > expected_by
    return Progress(
        stage=stage,
        since=since,
        clause=clause_of(claim, product, stage),
        next_step=_next_step(claim, stage, timing, overdue=overdue),
        steps=happened(claim, at),
        expected_by=expected_by,
        overdue=overdue,
    )


def clause_of(claim: ClaimFacts, product: str, stage: Stage) -> Rule:
    """The rule that decides this stage. Raises NoRules."""
    if stage is Stage.REFUSED:
        return rules.need(product, *refusal_of(claim).about, "refusal")
    if stage is Stage.APPEALED:
        return rules.need(product, "appeal", "refusal")
    if stage is Stage.PAID and claim.method is ReturnMethod.PICKUP and claim.kind is not ClaimKind.REFUSED_DELIVERY:
        return rules.need(product, "offset", "amount")
    if claim.kind is ClaimKind.EXCHANGE:
        return rules.need(product, "exchange", "once")
    if claim.kind is ClaimKind.REFUSED_DELIVERY:
        return rules.need(product, "refused_delivery", "refusal")
    return rules.need(product, "amount") if stage is Stage.PAID else rules.need(product, "payout_time", "offset")


def refusal_of(claim: ClaimFacts) -> Refusal:
    """The refusal in words; where the insurer gave no reason, it says so."""
    return REFUSALS[claim.refusal] if claim.refusal else Refusal("保险公司没有写明原因", "到保单页查看拒赔说明")


def _due(claim: ClaimFacts, timing: Rule | None, refunded_at: datetime) -> datetime | None:
    if timing is None or timing.hours is None:
        return None
    # The two-hour privilege is for parcels the buyer sent himself: a picked-up one has been settled with the courier.
    fast = claim.flash and timing.fast_hours is not None and claim.method is ReturnMethod.SELF
    return refunded_at + timedelta(hours=timing.fast_hours if fast and timing.fast_hours else timing.hours)


def _next_step(claim: ClaimFacts, stage: Stage, timing: Rule | None, *, overdue: bool) -> str:
    if stage is Stage.REFUSED:
        refusal = refusal_of(claim)
        where = "。申诉入口：订单详情 → 运费险 → 拒赔申诉" if refusal.appeal else ""
        return refusal.remedy + where
    if stage is Stage.REVIEWING and overdue:
        return (
            "已经超过通常的审核时间。请先看保单里有没有拒赔说明，再到支付宝账单搜「运费险」；"
            "选过上门取件的，钱可能已直接抵给快递。都没有的话请转人工查询"
        )
    if stage is Stage.PAID:
        return (
            "这笔钱已直接抵给快递，不会再打到支付宝"
            if claim.payout is not None and claim.method is ReturnMethod.PICKUP
            else "到支付宝账单搜「运费险」或「保险理赔」，可以看到这笔入账"
        )
    wait = f"之后系统会自动理赔{_hours(claim, timing)}，不用再申请"
    return {
        Stage.REQUESTED: "等卖家处理退货申请；期间先别确认收货",
        Stage.AGREED: "请在 7 天内寄回并填对退货单号（选上门取件会自动填）",
        Stage.SHIPPED_BACK: f"等卖家签收并退款，{wait}",
        Stage.RECEIVED: f"等卖家退款；卖家一直不退的，可在订单里申请客服介入。退款成功{wait}",
        Stage.REVIEWING: "等审核结果即可，不用再申请；结果可在订单里的「运费险」查看",
        Stage.APPEALED: "等保险公司重新审核；结果会显示在保单里",
        Stage.WITHDRAWN: "保障仍在时，可以重新申请「退货退款」",
    }[stage]


def _hours(claim: ClaimFacts, timing: Rule | None) -> str:
    if timing is None or timing.hours is None:
        return ""
    if claim.flash and timing.fast_hours and claim.method is ReturnMethod.SELF:
        return f"（您有闪电理赔，约 {timing.fast_hours} 小时）"
    return f"（{timing.hours} 小时内审完）"
