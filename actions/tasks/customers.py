"""The orders of a seller's customers: cover, state, until when, how far a claim is, what was paid.

Read-only, and without who bought, where he lives, or where it was sent. Another shop's order and one that does not exist
end in the same reply, after the same query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.choosing import (
    LOOKED_AT,
    RECENT,
    at_place,
    linked_orders,
    listed,
    of_what,
    offered,
    order_card,
    policy_for,
    talked_about,
)
from actions.asking.linking import NUMBER, Linked, handles, points_at_it, speaks_of_having
from actions.asking.naming import read
from actions.asking.one_policy import OnOnePolicy, policy_card, way_of
from actions.asking.shops import Meant, shops_for
from actions.desk import claims, payout, rules
from actions.desk.claims import Stage
from actions.desk.cover import STATE_NAMES, Decision, State, decide, facts_of
from actions.desk.payout import Cause
from actions.desk.rules import NoRules
from actions.policydb.facts import ClaimFacts, CloseReason, OrderFacts, Payee, Payer, PolicyFacts
from actions.policydb.queries import own
from actions.policydb.queries.own import Having
from xiaoer.clock import local
from xiaoer.principal import Role

SHOWN = 10  # orders of a list, at most
_USUALLY = 5
_COUNT = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,2})(?:个订单|[单笔])")
_WITHOUT = re.compile(r"没有?(?:买|上|带)?(?:任何)?(?:险|保)|没保")
_ANY = re.compile(
    r"都?保(?:没保|了?没|着没|了吗)|都?[有带](?:没|不)[有带]?(?:险|保)|哪[个些几]?[单笔个]?没有?(?:险|保)|[单笔个]呢$|是(?:啥|什么)"
)
_SEVERAL = re.compile(r"拉[出给]|哪些|哪几|最近|近\d|所有|全部|列|清单|几[单笔]|都有")

STAGES = {
    Stage.REQUESTED: ("等店铺同意退货", "请在千牛的退款管理里处理这笔退货申请"),
    Stage.AGREED: ("等买家寄回商品", "买家要在 7 天内寄回并填对退货单号（选上门取件会自动填）"),
    Stage.SHIPPED_BACK: ("商品寄回途中，等店铺签收", "收到退货后签收、退款；退款成功后系统自动理赔，买家不用再申请"),
    Stage.RECEIVED: ("店铺已签收，等店铺退款", "请您尽快退款；退款成功后系统才会理赔"),
    Stage.REVIEWING: ("退款成功，理赔审核中", "等审核结果，店铺和买家都不用再操作"),
    Stage.REFUSED: ("已拒赔", ""),
    Stage.APPEALED: ("申诉处理中", "等保险公司重新审核，结果会显示在买家的保单里"),
    Stage.PAID: ("已赔付", ""),
    Stage.WITHDRAWN: ("退货申请已撤销", "保障仍在时，买家可以重新申请「退货退款」"),
}
_BY_BUYER = "申诉只能由买家本人提交：订单详情 → 运费险 → 拒赔申诉"
_NEXT = {
    State.NONE: "买家退货要自己付寄回的运费；质量问题或发错货的，由店铺承担",
    State.NOT_STARTED: "发货后自动生效，店铺不用操作",
    State.LAPSED: "已经不能再用；质量问题或发错货的退货运费，由店铺承担",
    State.PAID: "这单的一次赔付已经用掉；同一订单再退换的运费不再赔",
    State.VOID: "店铺不用操作",
}
_TO_RETURN = (
    "买家要退，让他先别确认收货：在订单里申请「退货退款」，您同意后 7 天内寄回并填对单号，退款成功后系统自动理赔"
)
_TO_OFFSET = (
    "买家要退换，让他在订单里申请，寄回时在页面选上门取件或寄件点，首重运费直接抵扣；自行寄回的先垫付，审核后补"
)


class ForBothSides(OnOnePolicy):
    """A task on one order: the buyer's own, or one of a seller's customers'."""

    role = Role.BUYER
    also = (Role.SELLER,)

    def answer(self, session: Session, ask: Ask) -> Reply:
        if ask.principal.role is Role.SELLER:
            return of_customers(session, ask, self.topic)
        return super().answer(session, ask)


def of_customers(session: Session, ask: Ask, topic: str) -> Reply:
    """The reply to a seller about his customers' orders. topic: what is asked of them."""
    found = customers_meant(session, ask)
    if isinstance(found, Reply):
        return found
    if found is None:
        return _recent(session, ask, topic)
    useful = [
        order
        for order in found.orders
        if topic in _ON_A_CLAIM and any(each.claims for each in order.policies) and "、" not in found.said
    ]
    if len(found.orders) == 1 or len(useful) == 1:
        chosen = useful[0] if len(useful) == 1 else found.orders[0]
        return one(chosen, ask, topic, sure=found.sure and len(found.orders) == 1)
    return several(found.orders, ask, f"{found.said}有 {found.count} 单：", found.count)


@dataclass(frozen=True)
class Found:
    """The orders that were named. said: how; count: how many there are of which these are the newest."""

    orders: tuple[OrderFacts, ...]
    said: str = ""
    count: int = 1
    sure: bool = True


def customers_meant(session: Session, ask: Ask) -> Found | Reply | None:
    """The orders that a seller's words mean, the reply that says that there are none such, or None: they name none."""
    numbers = list(dict.fromkeys(NUMBER.findall(ask.asked.plain))) or [
        number for number in [ask.order_number] if number
    ]
    if numbers:
        orders = own.orders(session, ask.principal, numbers[-1:] if ask.asked.corrects else numbers[:SHOWN])
        return Found(orders, "这些号码的订单", len(orders)) if orders else not_in_shops("这个订单")
    linked = linked_orders(session, ask)
    if not linked.said:
        linked = by_title(session, ask) if speaks_of_having(ask.asked.plain) else linked
    if linked.said:
        orders = own.orders(session, ask.principal, linked.orders[:SHOWN])
        if not orders:
            return not_in_shops(of_what(linked))
        return Found(orders, of_what(linked), len(linked.orders), linked.sure)
    if ask.ordinal is not None and listed(ask):
        number = at_place(listed(ask), ask.ordinal)
        if number is None:
            return Reply(f"刚才只列了 {len(listed(ask))} 单，没有您说的那一单。", outcome="clarify")
        return _of_number(session, ask, number)
    if not _SEVERAL.search(ask.asked.plain) or points_at_it(ask.asked.plain):
        number = (ask.current_order if ask.asked.shown else "") or ask.principal.order
        return _of_number(session, ask, number) if number else None
    return None


def by_title(session: Session, ask: Ask) -> Linked:
    """The orders of an item that none of the newest is of: a shop sells few things often."""
    today = local(ask.at).date()
    words = handles(ask.asked.plain, ask.bare, today, corrects=ask.asked.corrects).words if ask.bare else ""
    if not words:
        return Linked()
    since = ask.at - timedelta(days=RECENT)
    titles = own.titles(session, ask.principal, since=since)
    reading = read(words, [[title] for title in titles])
    of = [titles[place] for place in sorted(reading.things)[:_USUALLY]]
    entries = {entry for title in of for entry in own.order_index(session, ask.principal, since=since, title=title)}
    newest = sorted(entries, key=lambda entry: entry.paid_at, reverse=True)
    numbers, parts = tuple(entry.number for entry in newest), reading.parts
    return Linked(numbers, f"「{reading.words}」" if newest else "", reading.sure, evidence="title", parts=parts)


def _of_number(session: Session, ask: Ask, number: str) -> Found | Reply:
    order = own.order(session, ask.principal, number)
    return Found((order,)) if order else not_in_shops("这个订单")


def not_in_shops(what: str) -> Reply:
    """One reply for what is another shop's and what does not exist."""
    return Reply(
        f"没有在您的店铺查到{what}（按尾号、商品查的是最近 {RECENT} 天）。"
        "请核对一下，或发完整订单号（千牛 → 交易管理 → 已卖出的宝贝里可以复制）；别家店的订单我查不了。",
        outcome="unknown",
        buttons=(button("最近有险的订单", "list_policies"), button("转人工", "handoff")),
    )


# ---------------------------------------------------------------- several
def _recent(session: Session, ask: Ask, topic: str) -> Reply:
    """Where no order is named: the newest ones that what is asked can be about."""
    meant = shops_for(session, ask, topic)
    if isinstance(meant, Reply):
        return meant
    if topic == "list_policies" and _ANY.search(ask.asked.plain) and not ask.product:
        return _newest(session, ask, meant)
    having = {"list_policies": Having.POLICY, "check_claim": Having.CLAIM, "explain_payout": Having.PAYOUT}.get(topic)
    names = {shop.name for shop in meant.shops}
    recent = own.recent_orders(session, ask.principal, having=having or Having.POLICY, limit=LOOKED_AT)
    narrow = next((each for each in _NARROWS if each.said.search(ask.asked.plain)), None)
    fitting = [
        order
        for order in recent
        if order.shop in names and _has(order, ask.product) and (narrow is None or narrow.fits(order, ask.at))
    ]
    what = (
        narrow.what
        if narrow
        else {Having.CLAIM: "有理赔", Having.PAYOUT: "赔过"}.get(having or Having.POLICY, "有保障")
    )
    if not fitting:
        shops = "、".join(f"「{name}」" for name in sorted(names))
        return meant.told(Reply(f"{shops}最近没有查到{what}的订单。要查某一单，请发订单号或尾号。"))
    count = _asked_count(ask.asked.plain)
    shown = fitting[:count]
    lead = f"最近{what}的 {len(shown)} 单："
    if topic not in ("list_policies",) and not _SEVERAL.search(ask.asked.plain):
        lead = f"您问的是哪一单？请发订单号或尾号。{lead}"
    reply = several(shown, ask, lead, len(shown))
    return replace(reply, events=(*reply.events, meant.spoken_of))


def _newest(session: Session, ask: Ask, meant: Meant) -> Reply:
    """「最近三单都保没保」: the newest, with or without cover; where it asks which of them have none, those."""
    names = {shop.name for shop in meant.shops}
    recent = [order for order in own.recent_orders(session, ask.principal, limit=LOOKED_AT) if order.shop in names]
    shown = recent[: _asked_count(ask.asked.plain)]
    bare = [order for order in shown if not order.policies]
    whose = f"「{meant.shops[0].name}」" if len(meant.shops) == 1 else ""
    if not shown:
        return meant.told(Reply(f"{'、'.join(f'「{name}」' for name in sorted(names))}最近没有查到订单。"))
    lead = f"{whose}最近 {len(shown)} 单" + ("**都有保障**：" if not bare else f"里，**{len(bare)} 单没有任何保障**：")
    if bare and _WITHOUT.search(ask.asked.plain):
        if len(bare) == 1:
            reply = one(bare[0], ask, "check_policy")
            return replace(
                reply, text=wording.paragraphs(f"{lead.removesuffix('：')}，其余 {len(shown) - 1} 单都有。", reply.text)
            )
        shown = bare
    reply = several(shown, ask, lead, len(shown))
    return replace(reply, events=(*reply.events, meant.spoken_of))


@dataclass(frozen=True)
class _Narrow:
    """Words that take some of a list. what: how those are called."""

    said: re.Pattern[str]
    what: str
    fits: Callable[[OrderFacts, datetime], bool]


def _in_stage(order: OrderFacts, at: datetime, *wanted: Stage) -> bool:
    return any(claims.stage_of(claim, at)[0] in wanted for policy in order.policies for claim in policy.claims)


def _of_payer(order: OrderFacts, payer: Payer) -> bool:
    return any(policy.payer is payer for policy in order.policies)


_OPEN = tuple(stage for stage in Stage if stage.is_open)
_NARROWS = (
    _Narrow(re.compile("拒|没赔成|不给赔|驳回"), "被拒赔", lambda order, at: _in_stage(order, at, Stage.REFUSED)),
    _Narrow(
        re.compile("没到账|没赔[下完]?|还没赔|在审|审核|在走|没下来"),
        "理赔还没完",
        lambda order, at: _in_stage(order, at, *_OPEN),
    ),
    _Narrow(re.compile("赔[了过完]|已赔|到账"), "赔过", lambda order, at: _in_stage(order, at, Stage.PAID)),
    _Narrow(
        re.compile("(?:自己|自个儿?|自费)(?:掏钱)?[买投上]|自[买费]"),
        "买家自己买险",
        lambda order, at: _of_payer(order, Payer.BUYER),
    ),
    _Narrow(
        re.compile("[我店]们?(?:家|铺)?[送给]的|赠送"), "店铺送险", lambda order, at: _of_payer(order, Payer.SELLER)
    ),
)


def _has(order: OrderFacts, product: str) -> bool:
    return not product or any(policy.product == product for policy in order.policies)


def _asked_count(plain: str) -> int:
    found = _COUNT.search(plain)
    if not found:
        return _USUALLY
    said = found[1]
    count = int(said) if said.isdigit() else _chinese(said)
    return min(max(count, 1), SHOWN)


def _chinese(said: str) -> int:
    tens, ten, ones = said.rpartition("十")
    digit = "零一二三四五六七八九".find(ones.replace("两", "二")) if ones else 0
    return (("零一二三四五六七八九".find(tens) if tens else 1) * 10 if ten else 0) + max(digit, 0)


def several(
    orders: Sequence[OrderFacts], ask: Ask, lead: str, count: int, says: Callable[[OrderFacts, Ask], str] | None = None
) -> Reply:
    """A line each, numbered, so that 第二单 can be asked about. says: what of each, where that is not its cover."""
    says = says or line
    shown = orders[:SHOWN]
    today = local(ask.at).date()
    titles = [wording.order_button(order, today) for order in shown]
    lines = [
        f"{place}. {title}：{says(order, ask)}"
        for place, (title, order) in enumerate(zip(titles, shown, strict=True), 1)
    ]
    return Reply(
        wording.paragraphs(
            lead,
            "\n".join(lines),
            f"只列出最近 {len(shown)} 单，别的请发订单号或尾号。" if count > len(shown) else "",
            "**下一步**：想看哪一单，说「第二单」或尾号就行。" if len(shown) > 1 else "",
        ),
        buttons=tuple(
            button(title, "check_policy", order_number=order.number)
            for title, order in list(zip(titles, shown, strict=True))[:_USUALLY]
        ),
        card={
            "type": "orders",
            "orders": [order_card(order, title) for order, title in zip(shown, titles, strict=True)],
        },
        events=(offered(shown), SlotSet("current_order", None)),
    )


def line(order: OrderFacts, ask: Ask) -> str:
    """How the cover of an order stands."""
    policy = policy_for(order, ask) or next(iter(order.policies), None)
    if policy is None:
        return "**没有保障**"
    name = f"{rules.product_name(policy.product)}（{payer_of(policy)}）"
    try:
        decision = decide(facts_of(order, policy), at=ask.at)
    except NoRules:
        return f"有{name}"
    return f"{name}**{STATE_NAMES[decision.state]}**（{because(order, policy, decision, local(ask.at).date())}）"


# ---------------------------------------------------------------- one
def one(order: OrderFacts, ask: Ask, topic: str, *, sure: bool = True, first: str = "") -> Reply:
    """The reply about one order: what was asked first, then the rest of what there is. first: what was asked, where that is
    no point of the topic."""
    today = local(ask.at).date()
    name = wording.order_name(order, today)
    policy = policy_meant(order, ask, topic)
    lead = "" if sure else f"您说的是「{name}」这单吧？"
    lacks = ""
    if ask.product and policy is not None and policy.product != ask.product:
        lacks = f"这单没有{rules.product_name(ask.product)}，有的是{rules.product_name(policy.product)}。"
    asked = ask.product if ask.product and rules.find(ask.product, "issue") else "freight"
    try:
        decision = decide(facts_of(order, policy, product=asked), at=ask.at)
    except NoRules:
        return _no_rules(order, policy, ask, lead)
    claim = claim_of(policy, ask)
    next_step = _next_step(order, policy, decision, claim, ask)
    rules_used = (decision.clause,)
    return Reply(
        wording.paragraphs(
            lead,
            lacks + (first or _first(topic, order, policy, decision, claim, ask)),
            wording.bullets(*_rest(topic, order, policy, decision, claim, ask)),
            f"**下一步**：{next_step}。",
            wording.footer(rules_used),
        ),
        product=decision.clause.product,
        rules=rules_used,
        buttons=_buttons(order, policy, claim, topic),
        card={**policy_card(order, policy, decision, today), "next_step": next_step},
        events=talked_about(order, ask),
    )


def policy_meant(order: OrderFacts, ask: Ask, topic: str) -> PolicyFacts | None:
    """The one named or talked about; else one with a claim, where a claim is asked about; else the first."""
    chosen = policy_for(order, ask) or next(iter(order.policies), None)
    if chosen is None or chosen.claims or ask.product or topic not in _ON_A_CLAIM:
        return chosen
    return next((policy for policy in order.policies if policy.claims), chosen)


def claim_of(policy: PolicyFacts | None, ask: Ask) -> ClaimFacts | None:
    """The newest, an open one before those that are over."""
    if policy is None or not policy.claims:
        return None
    return max(policy.claims, key=lambda claim: (claims.stage_of(claim, ask.at)[0].is_open, claim.opened_at))


_ON_A_CLAIM = frozenset(
    {"check_claim", "explain_payout", "estimate_payout", "payout_amount", "payout_time", "payout_destination"}
    | {"claim_rejected", "claim_appeal", "excess_freight", "file_appeal"}
)


def _first(
    topic: str, order: OrderFacts, policy: PolicyFacts | None, decision: Decision, claim: ClaimFacts | None, ask: Ask
) -> str:
    """The point that was asked for, in a sentence."""
    today = local(ask.at).date()
    name = f"这单（{wording.order_name(order, today)}）"
    product = rules.product_name(decision.clause.product)
    if policy is None:
        return f"{name}**没有{product}**：订单里查不到保单记录，{wording.cite(decision.clause)}。"
    if topic in _WHO_PAID or (topic == "check_policy" and _ASKS_WHO.search(ask.asked.plain)):
        return f"{name}的{product}是**{payer_of(policy)}**，状态{STATE_NAMES[decision.state]}。"
    if topic in _ON_A_CLAIM and claim is not None:
        return f"{name}的{product}理赔{progress_of(policy, claim, ask)}。"
    if topic in _ON_A_CLAIM and not decision.state.is_usable:
        return (
            f"{name}**没有理赔记录**；{product}{STATE_NAMES[decision.state]}：{because(order, policy, decision, today)}，"
            f"{wording.cite(decision.clause)}。"
        )
    if topic in ("estimate_payout", "payout_amount"):
        estimate = payout.estimate(policy)
        amount = f"{'最高' if estimate.at_most else ''}{wording.yuan(estimate.payout_fen)}"
        return (
            f"{name}买家退货能赔**{amount}**：{product}{STATE_NAMES[decision.state]}，{wording.cite(estimate.clause)}。"
        )
    none = "还**没有理赔记录**；" if topic in _ON_A_CLAIM else ""
    return (
        f"{name}{none}有{product}，**{STATE_NAMES[decision.state]}**：{because(order, policy, decision, today)}，"
        f"{wording.cite(decision.clause)}。"
    )


_ASKS_WHO = re.compile(r"谁(?:给)?[买付出掏送]|[买付出掏送]的?是谁|还是(?:我|店|他|她|客|买|自己|商家|卖家)")
_WHO_PAID = frozenset({"who_pays"})


def payer_of(policy: PolicyFacts) -> str:
    return "买家自己买的" if policy.payer is Payer.BUYER else "店铺送的"


def _rest(
    topic: str, order: OrderFacts, policy: PolicyFacts | None, decision: Decision, claim: ClaimFacts | None, ask: Ask
) -> Sequence[str]:
    """What else there is: who paid, up to how much, the claim, why it was only so much."""
    way = way_of(order, ask.at)
    if policy is None:
        return (way,)
    today = local(ask.at).date()
    limit = f"{'保额' if policy.insurer else '最高可抵'} {wording.yuan(policy.sum_insured_fen)}"
    insurer = f"，承保：{policy.insurer}" if policy.insurer else ""
    lines = [f"{payer_of(policy)}，{limit}{insurer}"]
    early_end = rules.find(policy.product, "confirm") if decision.state is State.IN_FORCE else None
    if claim is None:
        return [*lines, f"提前结束：{early_end.text}" if early_end else "", way]
    if topic not in _ON_A_CLAIM:
        lines.append(f"理赔{progress_of(policy, claim, ask)}")
    lines += why_so_much(policy, claim, ask) if topic in _ON_A_CLAIM else []
    steps = "，".join(
        f"{wording.day(step.at, today)}{_STEPS.get(step.kind.value, '')}" for step in claims.happened(claim, ask.at)
    )
    return [*lines, way, f"退货：{steps}" if steps else ""]


_STEPS = {
    **{
        "requested": "买家申请",
        "agreed": "店铺同意",
        "shipped_back": "买家寄回",
        "received": "店铺签收",
        "refunded": "退款成功",
    },
    **{"refused": "拒赔", "appealed": "买家申诉", "paid": "赔付", "withdrawn": "买家撤销"},
}


def progress_of(policy: PolicyFacts, claim: ClaimFacts, ask: Ask) -> str:
    """**已赔付**：11月10日赔付 12元，打到买家支付宝."""
    today = local(ask.at).date()
    progress = claims.progress(claim, policy.product, at=ask.at)
    stage = f"**{STAGES[progress.stage][0]}**"
    since = wording.day(progress.since, today)
    if progress.stage is Stage.PAID and claim.payout is not None:
        return f"{stage}：{since}赔付 **{wording.yuan(claim.payout.amount_fen)}**，{where_paid(claim)}"
    if progress.stage is Stage.REFUSED:
        return f"{stage}：{since}被拒，原因是{claims.refusal_of(claim).name}，{wording.cite(progress.clause)}"
    if progress.expected_by is not None:
        due = local(progress.expected_by)
        late = "，现在**已经超过**" if progress.overdue else ""
        return f"{stage}：{since}退款成功，应在 {wording.day(due, today)} {due:%H:%M} 前审完{late}"
    return f"{stage}（{since}起）"


def where_paid(claim: ClaimFacts) -> str:
    return wording.paid_to(claim.payout, "买家的")


def why_so_much(policy: PolicyFacts, claim: ClaimFacts, ask: Ask) -> list[str]:
    """Of a payout: what it fell short by, why, and whose the rest is."""
    if claim.payout is None or claim.payout.paid_at > ask.at:
        return []
    found = payout.explain(policy, claim)
    why = {
        Cause.FULL: "已经够付寄回的运费",
        Cause.SUM_INSURED: f"保单的保额就是 {wording.yuan(found.sum_insured_fen)}，已按保额赔足",
        Cause.OVERWEIGHT: f"寄回的包裹 {(claim.weight_g or 0) / 1000:g} 公斤，超过首重",
        Cause.OFFSET: "走的是上门取件直抵，钱抵给了快递，没有打给买家",
        Cause.ONCE: "这一单还有另一次退换没有赔",
        Cause.UNEXPLAINED: "赔付少于保额，资料里看不出原因，可以让买家在保单页联系保险公司核对",
    }
    freight = "" if found.freight_fen is None else f"寄回运费 {wording.yuan(found.freight_fen)}，"
    lines = [f"为什么是这个数：{freight}" + "；".join(why[reason.cause] for reason in found.reasons)]
    if found.short_fen:
        short = wording.yuan(found.short_fen)
        owed = (
            "这次退货记录为卖家责任，应由**店铺补**给买家"
            if found.seller_fen
            else "这次退货记录为买家原因，由**买家承担**"
        )
        lines.append(f"差的 {short}：{owed}")
    return lines


def because(order: OrderFacts, policy: PolicyFacts, decision: Decision, today: date) -> str:
    """The facts behind a state, in a clause, as a seller has them."""

    def on(moment: datetime | None) -> str:
        return wording.day(moment, today) if moment else ""

    state, claim = decision.state, decision.claim
    if state is State.NOT_STARTED:
        return f"{on(policy.issued_at)}付款时已出单，还没有发货"
    if state is State.VOID:
        return f"订单{on(decision.since)}在发货前取消"
    if state is State.IN_FORCE:
        return f"{on(order.shipped_at)}发货，最晚保到 {on(decision.until)}"
    if state is State.PAID and claim is not None and claim.payout is not None:
        return f"{on(claim.payout.paid_at)}赔付 {wording.yuan(claim.payout.amount_fen)}，{where_paid(claim)}"
    if state is State.REFUSED and claim is not None:
        return f"{on(decision.since)}被拒，原因是{claims.refusal_of(claim).name}"
    if state is State.CLAIMED and claim is not None:
        return STAGES[claims.stage_of(claim, decision.since or claim.opened_at)[0]][0]
    if state is State.CLAIMED:
        return f"{on(decision.since)}退货退款完成"
    if decision.clause.about == "confirm":
        return f"买家{on(decision.since)}确认收货"
    if decision.clause.about == "validity":
        return f"{on(order.shipped_at)}发货，保障 {on(decision.until)}到期"
    closed = "拒收" if order.close_reason is CloseReason.REFUSED_DELIVERY else "仅退款，没有寄回商品"
    return f"{on(order.closed_at)}{closed}"


def _next_step(
    order: OrderFacts, policy: PolicyFacts | None, decision: Decision, claim: ClaimFacts | None, ask: Ask
) -> str:
    """What the shop, or the buyer himself, can do."""
    if policy is not None and claim is not None and decision.state is not State.PAID:
        progress = claims.progress(claim, policy.product, at=ask.at)
        if progress.stage is Stage.REFUSED:
            return f"{claims.refusal_of(claim).remedy}。{_BY_BUYER}，店铺不能代交"
        if progress.overdue:
            return (
                "已经超过通常的审核时间：请买家看保单里有没有拒赔说明，再到支付宝账单搜「运费险」；都没有的话转人工查"
            )
        return STAGES[progress.stage][1] or _NEXT[State.LAPSED]
    if decision.state is State.IN_FORCE:
        return _TO_RETURN if rules.find(decision.clause.product, "confirm") else _TO_OFFSET
    if decision.state is State.PAID and claim is not None and claim.payout is not None:
        where = "买家到支付宝账单搜「运费险」能看到这笔" if claim.payout.payee is Payee.ALIPAY else "这笔不会再打给买家"
        return f"{where}；{_NEXT[State.PAID]}"
    return _NEXT.get(decision.state, "退货已完成，系统会自动理赔")


def _no_rules(order: OrderFacts, policy: PolicyFacts | None, ask: Ask, lead: str) -> Reply:
    """The policy is there, and nobody has written down its rules: 资料不足."""
    today = local(ask.at).date()
    name = rules.product_name(policy.product) if policy else "保障"
    issued = f"，{wording.day(policy.issued_at, today)}出单，{payer_of(policy)}" if policy else ""
    return Reply(
        wording.paragraphs(
            lead,
            f"这单（{wording.order_name(order, today)}）有{name}{issued}。它的保障期和赔付规则我这里资料不足，不敢乱说，"
            "请以千牛订单详情里的保单为准，或转人工。",
        ),
        outcome="unknown",
        product=policy.product if policy else None,
        buttons=(button("转人工", "handoff"),),
        events=talked_about(order, ask),
    )


def _buttons(
    order: OrderFacts, policy: PolicyFacts | None, claim: ClaimFacts | None, topic: str
) -> tuple[dict[str, str], ...]:
    more = (
        (button("看理赔进度", "check_claim", order_number=order.number),)
        if claim is not None and topic not in _ON_A_CLAIM
        else ()
    )
    return (*more, button("最近有险的订单", "list_policies"))
