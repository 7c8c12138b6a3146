"""Take it back: take_back, for an appeal that nobody has decided yet and for an opening or closing of today."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import NEVER_MIND, Ask, Reply, button
from actions.asking.forms import CONFIRMED, LAST, REQUESTED, Asks, Checked, Ends, Filled, FormTask, ReadBack, WriteTask
from actions.asking.requested import (
    LOOKED_AT,
    REQUESTS,
    TASKS,
    at_its_place,
    moment,
    named_receipt,
    the_latest,
    those_named,
    title_of,
)
from actions.desk import requests as desk
from actions.desk import rules
from actions.desk.requests import Stays
from actions.policydb.facts import EnrollmentFacts, RequestFacts, RequestKind
from actions.policydb.queries import own, receipts
from actions.policydb.writes.requests import Changed, Wish, Written
from actions.policydb.writes.taking_back import take_back
from actions.tasks.done import NO_RECEIPT, nothing
from actions.tasks.enrolling import receipt_card, stops
from xiaoer.clock import local
from xiaoer.principal import Role

OFFERED = 5
_ALL = re.compile("都|全部?撤|所有|全给|两个|两[单件项]")


class TakeBackForm(FormTask):
    """Finds the request, says why it stays where it does, else reads back what becomes of it."""

    topic = "take_back"
    role = None
    slots = ("form_request", CONFIRMED)

    def doing(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> str:
        """撤回今天开通「…」的退货宝, as far as it is known."""
        request = receipts.of_receipt(session, ask.principal, str(filled.get("form_request") or ""))
        return f"撤回{title_of(session, ask, request)}" if request else "撤回办过的"

    def validate_form_request(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        found = receipts.newest(session, ask.principal, limit=LOOKED_AT)
        kept = str(ask.slots.get("form_request") or "")
        receipt = named_receipt(ask) or at_its_place(ask)
        if receipt:
            request = receipts.of_receipt(session, ask.principal, receipt)
            return self._may(session, ask, found, request) if request else Ends(Reply(NO_RECEIPT, outcome="unknown"))
        if not found:
            return Ends(nothing(ask))
        if ask.ordinal is not None:  # a place in a list that was not shown
            return self._which(session, ask, found, "没认出是哪一件。")
        if kept and not (ask.asked.corrects and ask.bare):
            return self._may(session, ask, found, receipts.of_receipt(session, ask.principal, kept))
        return self._among(session, ask, found)

    def _among(self, session: Session, ask: Ask, found: Sequence[RequestFacts]) -> Checked:
        """The one that the words name; the one done just now; the only one that can be taken back; else asks."""
        named = those_named(session, ask, found, undone=True)
        if named is not None and not named:
            return self._which(session, ask, found, "没有查到您说的这一件。")
        among: Sequence[RequestFacts] = (
            self._just_done(ask, found) if named is None and not ask.slots.get(REQUESTED) else ()
        )
        among = () if _ALL.search(ask.asked.plain) else among
        among = among or (found if named is None else named)
        movable = [request for request in among if desk.why_it_stays(request, found, ask.at) is None]
        if not movable:
            return self._may(session, ask, found, among[0])
        if len(movable) > 1 and _ALL.search(ask.asked.plain):
            return self._which(session, ask, found, "一次撤一件。")
        if len(movable) == 1 or (the_latest(ask) and named is not None):
            return Filled(movable[0].receipt)
        return self._which(session, ask, found, "")

    @staticmethod
    def _just_done(ask: Ask, found: Sequence[RequestFacts]) -> tuple[RequestFacts, ...]:
        """The one that the reply just before was about, or that 刚才 speaks of in this conversation."""
        shown = ask.asked.shown or {}
        listed = list(shown.get(REQUESTS) or ())
        of_it = str(shown.get("receipt") or (listed[0] if len(listed) == 1 else ""))
        last = str((ask.slots.get(LAST) or {}).get("receipt") or "") if the_latest(ask) else ""
        return tuple(request for request in found if request.receipt == (of_it or last))

    def _may(self, session: Session, ask: Ask, found: Sequence[RequestFacts], request: RequestFacts | None) -> Checked:
        if request is None:
            raise Changed("the request is not there any more")
        stays = desk.why_it_stays(request, found, ask.at)
        return Filled(request.receipt) if stays is None else Ends(self._stays(session, ask, request, stays))

    def _stays(self, session: Session, ask: Ask, request: RequestFacts, stays: Stays) -> Reply:
        """Why it cannot be taken back, and what can be done instead."""
        title, when = title_of(session, ask, request), moment(ask, request)
        text, *instead = {
            Stays.TAKEN_BACK: ("**已经撤回过了**，不用再撤。", button("看办过的全部", "my_requests")),
            Stays.DECIDED: (
                "保险公司**已经有了结果，撤不回来了**。\n\n**下一步**：看看结果；不认可的话转人工。",
                button("看理赔进度", "check_claim", order_number=request.order_number),
            ),
            Stays.ANOTHER_DAY: (
                f"**不是今天办的，撤不回来了**（当天办的才能撤）。\n\n**下一步**：{_instead(request)}",
                button(*_other_way(request), shop=request.shop_code, product=request.product),
            ),
            Stays.CHANGED_SINCE: (
                "**后来又办过别的，不能再撤这一次**。\n\n**下一步**：看看现在的状态，再说要开还是要关。",
                button("看我的店开了哪些", "check_shop_services"),
            ),
        }[stays]
        return Reply(
            wording.paragraphs(f"{when}{title}（回执号 {request.receipt}），{text}", "这次没有改动任何东西。"),
            product=request.product,
            buttons=(*instead, button("转人工", "handoff")),
        )

    def _which(self, session: Session, ask: Ask, found: Sequence[RequestFacts], why: str) -> Checked:
        movable = [request for request in found if desk.why_it_stays(request, found, ask.at) is None][:OFFERED]
        if not movable:
            lead = why or "您名下"
            return Ends(
                Reply(
                    f"{lead}现在**没有能撤回的**：没有还在等答复的申诉，也没有今天办的开通或关闭。什么都没有改动。",
                    buttons=(button("看办过的全部", "my_requests"), button("转人工", "handoff")),
                )
            )
        titles = [f"{moment(ask, request)} {title_of(session, ask, request)}" for request in movable]
        lines = "\n".join(f"{place}. {title}" for place, title in enumerate(titles, 1))
        lead = "能撤的只有这一件，是它吗？" if len(movable) == 1 else f"能撤的有 {len(movable)} 件，要撤哪一件？"
        return Asks(
            Reply(
                wording.paragraphs(why + lead, lines),
                outcome="clarify",
                buttons=(
                    *(
                        button(title, self.topic, receipt=request.receipt)
                        for title, request in zip(titles, movable, strict=True)
                    ),
                    NEVER_MIND,
                ),
                data={REQUESTS: [request.receipt for request in movable]},
            )
        )

    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        request = receipts.of_receipt(session, ask.principal, filled["form_request"])
        if request is None:
            raise Changed("the request is not there any more")
        title, rows = self._what_becomes(session, ask, request)
        done = f"{moment(ask, request)}，回执号 {request.receipt}"
        return ReadBack(
            key=desk.taking_back(request.key),
            title=title,
            product=request.product,
            rows=(("办的时候", done), *rows),
            values={"receipt": request.receipt, "kind": request.kind},
        )

    def _what_becomes(
        self, session: Session, ask: Ask, request: RequestFacts
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The read-back's title, and what is so once it is confirmed."""
        title = title_of(session, ask, request)
        if request.kind is RequestKind.APPEAL:
            return f"撤回{title}", (("撤回后", "不再等保险公司答复，这单回到「已拒赔」；之后想再申诉，可以重新提交"),)
        thing = f"「{request.shop}」的「{rules.product_name(request.product)}」"
        if request.kind is RequestKind.ENABLE:
            return f"撤销今天的开通：停掉{thing}", stops(request.product)[0]
        ended = _ended(session, ask, request)
        since = wording.day(ended.enrolled_at, local(ask.at).date()) if ended else ""
        return f"撤销今天的关闭：恢复{thing}", (
            ("恢复后", f"接着原来的算，还是从{since}起开通，不算重新开通"),
            ("中间付款的订单", "关闭到恢复之间付款的订单没有出单，不会补"),
        )


def _ended(session: Session, ask: Ask, request: RequestFacts) -> EnrollmentFacts | None:
    """The enrolment that a closing has ended."""
    shops = (shop for shop in own.shops(session, ask.principal) if shop.code == request.shop_code)
    spans = [each for shop in shops for each in shop.enrollments if each.product == request.product]
    return max(spans, key=lambda each: each.enrolled_at, default=None)


def _instead(request: RequestFacts) -> str:
    name = rules.product_name(request.product)
    if request.kind is RequestKind.ENABLE:
        return f"不想用了，跟我说「帮我关闭{name}」。"
    return f"想再用，跟我说「帮我开通{name}」，能不能马上再开以规则为准。"


def _other_way(request: RequestFacts) -> tuple[str, str]:
    """The button that does the opposite: what it says, and its task."""
    if request.kind is RequestKind.ENABLE:
        return "帮我关闭", TASKS[RequestKind.DISABLE]
    return "帮我开通", TASKS[RequestKind.ENABLE]


class WriteTakeBack(WriteTask):
    """Writes the request's new state, what it had changed, and the journal line, together."""

    form = TakeBackForm()

    def kind(self, now: ReadBack) -> RequestKind:
        found: RequestKind = now.values["kind"]
        return found

    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        return take_back(session, ask.principal, wish, receipt=now.values["receipt"])

    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        title = f"已撤回：{title_of(session, ask, request)}"
        again = "" if new else "（刚才已经撤过，没有再撤一次）"
        next_step = _NEXT[request.kind]
        see = (
            button("看理赔进度", "check_claim", order_number=request.order_number)
            if ask.principal.role is Role.BUYER
            else button("看我的店开了哪些", "check_shop_services")
        )
        return Reply(
            wording.paragraphs(
                f"**{title}**{again}。回执号还是 **{request.receipt}**，状态改成了「已撤回」。",
                f"**下一步**：{next_step}。",
            ),
            product=request.product,
            buttons=(see, button("看办过的全部", "my_requests")),
            card=receipt_card(request, title=title, rows=now.rows if now else (), next_step=next_step),
        )


_NEXT = {
    RequestKind.APPEAL: "这单回到「已拒赔」；想再申诉，跟我说「我要申诉」",
    RequestKind.ENABLE: "从下一笔订单起不再出单；已经付款的订单，保障不受影响",
    RequestKind.DISABLE: "保障接着原来的算，到千牛核对一次状态",
}
