"""What have I had done here: my_requests, over all requests of the account, from whatever session."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, instant
from actions.asking.requested import (
    LOOKED_AT,
    REQUESTS,
    at_its_place,
    moment,
    named_receipt,
    the_latest,
    those_named,
    title_of,
)
from actions.desk import requests as desk
from actions.desk import rules
from actions.policydb.facts import RequestFacts, RequestKind, RequestState
from actions.policydb.queries import own, receipts
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role

LISTED = 10
# Asks about one: whether it is done, what its number is.
_ONE = re.compile(r"[办弄搞交提]?(?:成功?|好|妥|上去|上)了?(?:没|吗|么|[?？])|回执|那[个次件]|怎么样|结果|进度|到哪")
_ALL = re.compile(r"哪些|[几两二三四][次件个单]|都|所有|全部|记录|历史|什么|啥")
NO_RECEIPT = "没有在您名下查到这个回执号。请核对一下，回执号像 XR-7K3M9Q2DAB；也可以问「我办过什么」。"
STATES = {
    RequestState.DONE: "已办成",
    RequestState.PENDING: "已提交，等保险公司答复",
    RequestState.REJECTED: "没有通过",
    RequestState.WITHDRAWN: "已撤回",
}


class MyRequests(TaskAction):
    """Receipt, what, state, when: the newest first; or the one that is asked about."""

    topic = "my_requests"
    role = None

    def answer(self, session: Session, ask: Ask) -> Reply:
        receipt = named_receipt(ask) or at_its_place(ask)
        if receipt:
            one = receipts.of_receipt(session, ask.principal, receipt)
            return _one(session, ask, one) if one else Reply(NO_RECEIPT, outcome="unknown")
        found = receipts.newest(session, ask.principal, limit=LOOKED_AT)
        if not found:
            return nothing(ask, _on_record(session, ask))
        named = those_named(session, ask, found, undone=False)
        if named is not None and not named:
            verb = "办过" if ask.principal.role is Role.SELLER else "提交过"
            lead = f"**没有{verb}您说的这一件**，所以没有回执。{_on_now(session, ask)}您名下办过的是："
            return _listed(session, ask, found, lead)
        if named is None and ask.asked.assures:
            return _listed(session, ask, found, _assured(found, ask) + _on_now(session, ask))
        among = found if named is None else named
        one_is_meant = (
            len(among) == 1 or the_latest(ask) or (_ONE.search(ask.asked.plain) and not _ALL.search(ask.asked.plain))
        )
        return _one(session, ask, among[0]) if one_is_meant else _listed(session, ask, among, "")


def _assured(found: Sequence[RequestFacts], ask: Ask) -> str:
    """Of what was done, that it is all."""
    of_a_seller = ask.principal.role is Role.SELLER
    done, besides = ("办过", "别的**没有动过**") if of_a_seller else ("提交过", "别的**没有交过**")
    return f"在我这里只{done}下面这 {len(found)} 件，{besides}。"


def _on_now(session: Session, ask: Ask) -> str:
    """What a seller's shops have open, where it is asked whether something was changed; "" for others."""
    if ask.principal.role is not Role.SELLER or not ask.asked.assures:
        return ""
    open_ones = [
        f"「{shop.name}」{'、'.join(rules.product_name(each.product) for each in shop.enrollments if each.ended_at is None) or '没有'}"
        for shop in own.shops(session, ask.principal)
    ]
    return f"现在开着的：{'；'.join(open_ones)}。" if open_ones else ""


def _on_record(session: Session, ask: Ask) -> str:
    """When a seller's shops have opened and left what, wherever that was done; "" for others."""
    if ask.principal.role is not Role.SELLER:
        return ""
    today = local(ask.at).date()
    lines = [
        f"「{shop.name}」{rules.product_name(each.product)}：{wording.day(each.enrolled_at, today)}开通，"
        + (f"{wording.day(each.ended_at, today)}退出" if each.ended_at else "现在开着")
        for shop in own.shops(session, ask.principal)
        for each in sorted(shop.enrollments, key=lambda each: each.enrolled_at, reverse=True)
    ]
    return f"店铺的记录是：\n\n{wording.bullets(*lines[:LISTED])}" if lines else ""


def nothing(ask: Ask, on_record: str = "") -> Reply:
    """Of an account that has had nothing done. on_record: what is known of it from elsewhere."""
    what, topic, title = (
        ("开通或关闭", "check_shop_services", "看我的店开了哪些")
        if ask.principal.role is Role.SELLER
        else ("申诉", "check_claim", "看理赔进度")
    )
    return Reply(
        wording.paragraphs(
            f"您名下**没有办理记录**：在我这里没有提交过{what}，所以也没有回执号。在淘宝、千牛页面上自己办的，回执我这里看不到。",
            on_record,
        ),
        buttons=(button(title, topic), button("转人工", "handoff")),
    )


def _one(session: Session, ask: Ask, request: RequestFacts) -> Reply:
    """State first, then number and time, then what may be done about it."""
    title = title_of(session, ask, request)
    since = f"，{moment_of(ask, request)}" if request.decided_at and request.state is not RequestState.DONE else ""
    stays = desk.why_it_stays(request, receipts.newest(session, ask.principal, limit=LOOKED_AT), ask.at)
    timing = rules.find(request.product, "appeal_time") if request.state is RequestState.PENDING else None
    about_claim = (
        (button("看理赔进度", "check_claim", order_number=request.order_number),) if request.order_number else ()
    )
    about_shop = (button("看我的店开了哪些", "check_shop_services"),) if request.shop else ()
    undo = (button("撤回这一次", "take_back", receipt=request.receipt),) if stays is None else ()
    return Reply(
        wording.paragraphs(
            f"**{title}：{STATES[request.state]}**{since}。回执号 **{request.receipt}**，{moment(ask, request)}提交。",
            f"**接下来**：{answer_due(timing, request)}" if request.state is RequestState.PENDING else "",
            wording.footer(filter(None, [timing])),
        ),
        product=request.product,
        rules=tuple(filter(None, [timing])),
        buttons=(*about_claim, *about_shop, *undo, button("看办过的全部", "my_requests")),
        data={REQUESTS: [request.receipt]},
        card={
            "type": "requests",
            "requests": [card_of(title, request)],
        },
    )


def moment_of(ask: Ask, request: RequestFacts) -> str:
    """11月24日: when it was decided or taken back."""
    return wording.day(request.decided_at or request.created_at, local(ask.at).date())


def answer_due(timing: Rule | None, request: RequestFacts) -> str:
    """When an answer to an appeal may come, as a date, by the rule there is."""
    if timing is None or timing.days is None:
        return "多久答复没有查到可靠规定，以申诉页的进度为准。"
    answer = desk.workdays_after(local(request.created_at).date(), timing.days)
    return f"{wording.cite(timing)}，大约 {answer.month}月{answer.day}日前会有答复（遇节假日顺延）。"


def _listed(session: Session, ask: Ask, found: Sequence[RequestFacts], lead: str) -> Reply:
    shown = found[:LISTED]
    many = f"最近 {LISTED} 件" if len(found) > LISTED else f"{len(found)} 件"
    rows = [title_of(session, ask, request) for request in shown]
    lines = [
        f"{place}. {moment(ask, request)} {title}：**{STATES[request.state]}**，回执号 {request.receipt}"
        for place, (title, request) in enumerate(zip(rows, shown, strict=True), 1)
    ]
    return Reply(
        wording.paragraphs(lead or f"您在我这里办过 {many}（最近的在前）：", "\n".join(lines)),
        buttons=(button("转人工", "handoff"),),
        data={REQUESTS: [request.receipt for request in shown]},
        card={
            "type": "requests",
            "requests": [card_of(title, request) for title, request in zip(rows, shown, strict=True)],
        },
    )


def card_of(title: str, request: RequestFacts) -> dict[str, object]:
    """A request as a card shows it."""
    kind: RequestKind = request.kind
    return {
        "receipt": request.receipt,
        "title": title,
        "kind": kind.value,
        "state": request.state.value,
        "at": instant(request.created_at),
    }
