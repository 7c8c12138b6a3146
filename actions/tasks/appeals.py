"""My claim was refused, and I object: file_appeal, for the buyer's own orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import NEVER_MIND, Ask, Reply, button
from actions.asking.certain import order_at_hand, order_meant, which
from actions.asking.choosing import Wanted, linked_orders, not_found, offer, talked_about
from actions.asking.forms import (
    ASIDE,
    CONFIRMED,
    REQUESTED,
    Asks,
    Checked,
    Ends,
    Filled,
    FormTask,
    ReadBack,
    WriteTask,
    put_off,
)
from actions.desk import claims, rules
from actions.desk import requests as desk
from actions.desk.claims import Stage
from actions.desk.evidence import NOTE, NOTHING, PHOTO, TRACKING, Heard, asks, ending_in, hear
from actions.desk.rules import NoRules
from actions.policydb.facts import ClaimFacts, OrderFacts, PolicyFacts, RequestFacts, RequestKind, RequestState
from actions.policydb.queries import own, receipts
from actions.policydb.queries.own import Having
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Wish, Written
from actions.tasks.done import answer_due
from actions.tasks.enrolling import receipt_card
from knowledge import live
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role
from xiaoer.privacy import mask

NOTE_LENGTH = 300
_OTHER_ORDER = re.compile(
    r"^(?:不对|错了|不是这?单?|弄错了|选错了)?[，,、 ]*(?:是|换|改成?|要)?(?:另外?一?|别的|其他|其它)[单个]?(?:订单)?[吧的啊呢]*$"
)
# 「不对，是腰带那单」, where a tracking number was asked for.
_ANOTHER_ORDER = re.compile(r"(?:不对|不是|错了|弄错|搞错|选错|换|改)[^。]{0,12}(?:[那这]一?[单笔]|尾号|订单)(?!号)")
# What says nothing to a question; it is asked again.
_NO_ANSWERS = ("affirm", "thanks", "greet", "repeat", "help", "bot_challenge")
_BARE = 8  # characters: 「不对」, 「不是这单」 take back the order; what is longer corrects something that it names
_EVIDENCE = (TRACKING, PHOTO, NOTE)


def refused(order: OrderFacts, ask: Ask) -> bool:
    return _refused_claim(order, ask) is not None


def _refused_claim(order: OrderFacts, ask: Ask) -> tuple[PolicyFacts, ClaimFacts] | None:
    """The order's newest claim that stands refused."""
    standing = [
        (policy, claim)
        for policy in order.policies
        for claim in policy.claims
        if claims.stage_of(claim, ask.at)[0] is Stage.REFUSED
    ]
    return max(standing, key=lambda pair: pair[1].opened_at, default=None)


class AppealForm(FormTask):
    """Picks the refused claim, says why and whether an appeal can succeed, collects the evidence, reads it back."""

    topic = "file_appeal"
    role = Role.BUYER
    kind = RequestKind.APPEAL
    slots = ("form_order", "evidence_tracking", "evidence_photo", "evidence_note", CONFIRMED)
    depends = {"form_order": ("evidence_tracking", "evidence_photo", "evidence_note")}
    wanted = Wanted(
        topic,
        none="您名下没有被拒赔、还能申诉的理赔。想看进度可以问「我的理赔到哪一步了」。",
        having=Having.CLAIM,
        fits=refused,
    )

    def doing(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> str:
        """对尾号 9443 这单的申诉, as far as it is known."""
        return f"对尾号 {filled['form_order'][-4:]} 这单的申诉" if "form_order" in filled else "申诉"

    def validate_form_order(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        found = self._order(session, ask)
        if isinstance(found, Reply):
            return Asks(found) if found.outcome == "clarify" else Ends(found)
        today = local(ask.at).date()
        standing = _refused_claim(found, ask)
        if standing is None:
            return Ends(self._not_refused(session, ask, found))
        policy, claim = standing
        if ask.products and policy.product not in ask.products and not ask.slots.get("form_order"):
            return Asks(self._another_product(ask, found, policy))
        refusal = claims.refusal_of(claim)
        if not refusal.appeal:
            clause = claims.clause_of(claim, policy.product, Stage.REFUSED)
            return Ends(
                Reply(
                    wording.paragraphs(
                        f"这单（{wording.order_name(found, today)}）拒赔的原因是**{refusal.name}**，{wording.cite(clause)}。"
                        "这个原因**申诉一般不会成功**，我没有替您提交。",
                        f"**下一步**：{refusal.remedy}。不认可的话可以转人工。",
                        wording.footer([clause]),
                    ),
                    product=policy.product,
                    rules=(clause,),
                    buttons=(button("转人工", "handoff"), button("差价和运费谁出", "freight_without_insurance")),
                    events=talked_about(found, ask),
                )
            )
        return Filled(found.number)

    def _another_product(self, ask: Ask, order: OrderFacts, policy: PolicyFacts) -> Reply:
        """The message names a product, and what was refused is another's."""
        refused, named = rules.product_name(policy.product), rules.product_name(ask.products[0])
        lead = f"这单最近被拒赔的是**{refused}**，不是{named}。要对它申诉吗？"
        return offer(replace(ask, product=""), self.wanted, [order], lead)

    def _order(self, session: Session, ask: Ask) -> OrderFacts | Reply:
        """The order that the message names, else the one the form has, else the one at hand. 「不对，是另一单」 asks again."""
        kept = str(ask.slots.get("form_order") or "")
        if kept and _OTHER_ORDER.search(ask.text.strip()):
            return which(session, ask, self.wanted, "")
        meant = order_meant(session, ask, self.wanted) if not kept or self._may_change(ask) else None
        if isinstance(meant, OrderFacts):
            return meant
        if meant and ask.slots.get(REQUESTED) != NOTE:
            return self._named_beside(session, ask, meant) or self._noted(ask, meant)
        if not kept:
            found = order_at_hand(session, ask, self.wanted)
            return found if isinstance(found, OrderFacts) else self._noted(ask, found)
        doubted = ask.asked.corrects and not _heard(ask).anything and len(ask.text) <= _BARE
        if ask.slots.get(REQUESTED) == CONFIRMED and doubted:
            return which(session, ask, self.wanted, "")
        return own.order(session, ask.principal, kept) or not_found(self.wanted)

    @staticmethod
    def gives(ask: Ask) -> Mapping[str, str]:
        heard = _heard(ask)
        note = mask(_note(ask, heard), (heard.tracking,))
        given = {TRACKING: heard.tracking, PHOTO: heard.photo, NOTE: note if len(note) <= NOTE_LENGTH else ""}
        return {slot: value for slot, value in given.items() if value}

    def preface(self, ask: Ask, product: str) -> str:
        kept = "" if ask.slots.get(REQUESTED) or not put_off(ask, AppealForm.topic) else "刚才说的还留着。"
        return kept or super().preface(ask, product)

    def _named_beside(self, session: Session, ask: Ask, asks_which: Reply) -> OrderFacts | None:
        """The one refused order that the title names, where a reason stands beside it: 「毛呢大衣那单申诉 单号写错了」."""
        if asks_which.outcome != "clarify" or not _heard(ask).anything:
            return None
        linked = linked_orders(session, ask)
        found = own.orders(session, ask.principal, linked.orders) if linked.sure and len(linked.orders) == 1 else ()
        return next((order for order in found if refused(order, ask)), None)

    @staticmethod
    def _noted(ask: Ask, asks: Reply) -> Reply:
        """The question which order, with what the message has said for the appeal kept for it."""
        noted = asks.outcome == "clarify" and AppealForm.gives(ask)
        return replace(asks, text=f"您说的先记下了。{asks.text}") if noted else asks

    def _may_change(self, ask: Ask) -> bool:
        """Whether a message may name another order than the form has: where evidence is asked for, or given, only if it
        says so; a button does."""
        if ask.named.get("order_number") and ask.intent == self.topic:
            return True
        if ask.slots.get(REQUESTED) not in _EVIDENCE and not _heard(ask).anything:
            return True
        return ask.slots.get(REQUESTED) != CONFIRMED and _ANOTHER_ORDER.match(ask.text) is not None

    def _not_refused(self, session: Session, ask: Ask, order: OrderFacts) -> Reply:
        name = wording.order_name(order, local(ask.at).date())
        earlier = receipts.last(session, ask.principal, order_number=order.number)
        if earlier is not None and earlier.state is RequestState.PENDING:
            when = wording.day(earlier.created_at, local(ask.at).date())
            text = f"这单（{name}）{when}**已经提交过申诉**，回执号 **{earlier.receipt}**，正在等保险公司答复，不用再交一次。"
        else:
            text = f"这单（{name}）**没有被拒赔**，没有可以申诉的。"
        return Reply(
            text,
            buttons=(button("看理赔进度", "check_claim", order_number=order.number), button("转人工", "handoff")),
            events=talked_about(order, ask),
        )

    # ------------------------------------------------------------------ the evidence

    def validate_evidence_tracking(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        given = self._given(ask, TRACKING, filled["form_order"])
        if given:
            return Filled(given)
        order, policy, claim = self._claim(session, ask, filled)
        refusal = claims.refusal_of(claim)
        clause = claims.clause_of(claim, policy.product, Stage.REFUSED)
        lead = self._lead(ask, filled)
        begins = ask.slots.get(REQUESTED) not in (*_EVIDENCE, CONFIRMED)
        intro = (
            f"这单（{wording.order_name(order, local(ask.at).date())}）的{rules.product_name(policy.product)}，拒赔的原因是**{refusal.name}**，{wording.cite(clause)}。"
            f"可以申诉，成不成由保险公司看凭证定：{refusal.remedy}。"
        )
        return Asks(
            Reply(
                wording.paragraphs(
                    intro if begins else "",
                    lead,
                    f"{_step(order, 1)}：**寄回的快递单号**是多少？没有就回「没有」。",
                ),
                product=policy.product,
                rules=(clause,) if begins else (),
                buttons=(*self._on_record(claim), {"title": "没有单号", "payload": "没有"}, NEVER_MIND),
                events=talked_about(order, ask),
            )
        )

    def _on_record(self, claim: ClaimFacts) -> tuple[dict[str, str], ...]:
        """The number the claim has, as a button that types it."""
        number = claim.tracking_number
        return ({"title": f"就是 {number}", "payload": number},) if number else ()

    def validate_evidence_photo(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        given = self._given(ask, PHOTO, filled["form_order"])
        if given:
            return Filled(given)
        order, _, _ = self._claim(session, ask, filled)
        return Asks(
            Reply(
                wording.paragraphs(
                    self._lead(ask, filled),
                    f"{_step(order, 2)}：**底单（寄件回执）照片**的文件名、链接，或它在订单凭证里的编号？"
                    "我这里不能传图，原图请留好，保险公司可能会要。没有就回「没有」。",
                ),
                buttons=({"title": "没有照片", "payload": "没有"}, NEVER_MIND),
            )
        )

    def validate_evidence_note(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        had = _had(ask, filled["form_order"]).get(NOTE, "")
        heard, kept = _heard(ask), str(ask.slots.get(NOTE) or had)
        note = _note(ask, heard, had)
        long = f"这段有 {len(note)} 个字，最多 {NOTE_LENGTH} 个字，请说短一点。" if len(note) > NOTE_LENGTH else ""
        if not long and heard.again != NOTE and (note or kept or heard.complete):
            return Filled(mask(note or kept or NOTHING, (filled["form_order"], filled[TRACKING])))
        if long and kept:
            return Filled(kept)  # the read-back says that nothing was added
        order, _, _ = self._claim(session, ask, filled)
        return Asks(
            Reply(
                wording.paragraphs(
                    long or self._lead(ask, filled),
                    f"{_step(order, 3)}：用一两句话**说明情况**（什么时候寄的、哪里弄错了）。不想写就回「没有」。",
                ),
                buttons=({"title": "不写说明", "payload": "没有"}, NEVER_MIND),
            )
        )

    def _given(self, ask: Ask, slot: str, order: str) -> str:
        """What there is of a number or a photo, `NOTHING` for none; "" where it has to be asked for.

        Each is asked for once, and not of who has told what happened: that is read back as it is, and what there is besides
        can be added there. What is no answer to it is none.
        """
        heard = _heard(ask)
        said = {TRACKING: heard.tracking, PHOTO: heard.photo}[slot]
        if said or heard.again == slot:
            return said
        kept = str(ask.slots.get(slot) or _had(ask, order).get(slot) or "")
        if slot == TRACKING and heard.ending[0] and kept:
            return ending_in(kept, heard.ending) or kept
        told = heard.note or ask.slots.get(NOTE) or _had(ask, order).get(NOTE)
        return kept or (NOTHING if heard.complete or told or _answers(ask, slot) else "")

    def _lead(self, ask: Ask, filled: Mapping[str, Any]) -> str:
        """What was made of the message, where that need not be what was meant."""
        heard, asked = _heard(ask), str(ask.slots.get(REQUESTED) or "")
        if ask.asked.waits and not heard.anything and asked:
            return "好的，不急，**还没有提交**，找到了直接发来就行。"
        said = {"单号": (TRACKING, heard.tracking), "照片": (PHOTO, heard.photo), "说明": (NOTE, heard.note)}
        noted = "".join(
            f"{what}记下了：「{value}」。"
            for what, (slot, value) in said.items()
            if value not in ("", NOTHING) and (slot != asked or slot == NOTE)
        )
        given = {TRACKING: heard.tracking, PHOTO: heard.photo}.get(asked, NOTHING)
        if not given and filled.get(asked) == NOTHING and not heard.complete:
            what = "快递单号（10 到 18 位数字，前面可能有几个字母）" if asked == TRACKING else "照片的编号"
            return f"{noted}没看到{what}，先按没有办；找到了直接发来就行，核对时也能补。"
        return noted

    # ------------------------------------------------------------------ read back

    def _claim(
        self, session: Session, ask: Ask, filled: Mapping[str, Any]
    ) -> tuple[OrderFacts, PolicyFacts, ClaimFacts]:
        order = own.order(session, ask.principal, filled["form_order"])
        standing = _refused_claim(order, ask) if order else None
        if order is None or standing is None:
            raise requests.Changed("the claim is no longer refused")
        return order, *standing

    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        order, policy, claim = self._claim(session, ask, filled)
        used = _rules(policy.product)
        taken_back = receipts.taken_back(session, ask.principal, policy.product, order_number=order.number)
        start = desk.after(desk.appeal_start(claim), taken_back)
        evidence = {name: filled[f"evidence_{name}"] for name in ("tracking", "photo", "note")}
        changed = [slot for slot in _EVIDENCE if ask.slots.get(slot) not in (None, "", filled[slot])]
        return ReadBack(
            key=desk.key_of(self.kind, ask.principal, policy.product, order.number, start),
            title=f"对尾号 {order.tail}（{wording.item(order)}）这单的{rules.product_name(policy.product)}拒赔提交申诉",
            product=policy.product,
            rows=(
                ("拒赔原因", claims.refusal_of(claim).name),
                ("凭证", f"单号：{evidence['tracking']}；底单照片：{evidence['photo']}" + _thin(evidence)),
                ("说明", evidence["note"]),
            ),
            rules=used,
            values={"order": order.number, "opened_at": claim.opened_at, "evidence": evidence},
            more=_more(evidence, claim),
            buttons=self._on_record(claim) if evidence["tracking"] == NOTHING else (),
            fresh=frozenset("说明" if slot == NOTE else "凭证" for slot in changed),
        )

    def changes(self, ask: Ask, now: ReadBack) -> str:
        heard = _heard(ask)
        if heard.note not in ("", NOTHING) and "说明" in now.fresh:
            return f"{'说明换成了' if heard.replaces else '说明里加上了'}「{heard.note}」。请看新的这一份："
        return "改好了，请看新的这一份：" if now.fresh else ""

    def not_understood(self, ask: Ask) -> str:
        if len(_note(ask, _heard(ask))) > NOTE_LENGTH:
            return f"加上这一句，说明就超过 {NOTE_LENGTH} 个字了，所以没有加。请说短一点，或者就这样回「确认」："
        if ask.asked.waits:
            return "好的，不急，**还没有提交**，就停在这里。找到了直接发来；要交就回「确认」，不办回「算了」："
        if ask.asked.lacks:
            return "没有要补的，就回「确认」；不办回「算了」："
        if any(word in ask.text for word in live().current.acts.adds):
            return "要加哪一句？直接说出来就行；不加就回「确认」："
        return super().not_understood(ask)


def _more(evidence: Mapping[str, str], claim: ClaimFacts) -> str:
    """What can still be added to a read-back, where something can."""
    lacking = {"tracking": "快递单号", "photo": "底单照片的编号", "note": "一句说明"}
    missing = [name for piece, name in lacking.items() if evidence[piece] == NOTHING]
    return f"要补{'、'.join(missing)}，现在直接发来就行；不补也能交。" if missing else ""


def _had(ask: Ask, order: str) -> Mapping[str, str]:
    """Of what was put off that which is good for this order: a reason may be another order's, evidence is its own."""
    aside = put_off(ask, AppealForm.topic)
    slots = _EVIDENCE if aside.get("form_order") == order else (NOTE,)
    return {slot: aside[slot] for slot in slots if aside.get(slot)}


def _heard(ask: Ask) -> Heard:
    """What the message says for the appeal; nothing where it is a button, or the yes that is waited for."""
    requested = str(ask.slots.get(REQUESTED) or "")
    if not ask.bare or (requested == CONFIRMED and ask.asked.yes):
        return Heard()
    knowledge = live().current
    verbs = knowledge.tasks[AppealForm.topic].verbs
    known = requested if requested in (*_EVIDENCE, CONFIRMED) else ""
    return hear(ask.text, requested=known, words=knowledge.acts, verbs=verbs)


def _note(ask: Ask, heard: Heard, had: str = "") -> str:
    """The note with what the message says, "" where it says nothing for it. had: the note that was put off."""
    kept = str(ask.slots.get(NOTE) or had)
    said = " ".join(heard.note.split())
    if not said or heard.replaces or kept in ("", NOTHING) or said == NOTHING:
        return said
    return kept if said in kept else f"{kept}；{said}"


def _answers(ask: Ask, slot: str) -> bool:
    """Whether the message came as the answer to a question for this."""
    heard = _heard(ask)
    given = {TRACKING: heard.tracking, PHOTO: heard.photo}
    if any(value and each != slot and value != ask.slots.get(each) for each, value in given.items()):
        return False  # it speaks of another piece
    beside = ask.asked.yes or ask.asked.waits or ask.intent in (AppealForm.topic, *_NO_ANSWERS) or asks(ask.text)
    return ask.slots.get(REQUESTED) == slot and bool(ask.bare) and not beside


def _step(order: OrderFacts, number: int) -> str:
    """尾号 9443（毛呢大衣）的申诉，第 2 项."""
    return f"尾号 {order.tail}（{wording.item(order)}）的申诉，第 {number} 项"


def _thin(evidence: Mapping[str, str]) -> str:
    """An appeal without anything to show is said to be what it is."""
    return "（没有凭证的申诉很少成功）" if {evidence["tracking"], evidence["photo"]} == {NOTHING} else ""


def _rules(product: str) -> tuple[Rule, ...]:
    try:
        return tuple(filter(None, [rules.need(product, "appeal"), rules.find(product, "appeal_time")]))
    except NoRules:
        return ()


class WriteAppeal(WriteTask):
    """Writes the request, the claim's new step and the journal line together."""

    form = AppealForm()

    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        evidence = {name: value for name, value in now.values["evidence"].items() if value != NOTHING}
        opened: datetime = now.values["opened_at"]
        number = now.values["order"]
        return requests.appeal(session, ask.principal, wish, order_number=number, opened_at=opened, evidence=evidence)

    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        title = f"尾号 {request.order_number[-4:]} 这单的申诉已提交"
        again = "" if new else "（刚才已经交过，没有再交一次；凭证以那一次的为准）"
        timing = rules.find(request.product, "appeal_time")
        next_step = f"{answer_due(timing, request).rstrip('。')}；进度可以问「我的理赔到哪一步了」"
        used = tuple(filter(None, [timing]))
        return Reply(
            wording.paragraphs(
                f"**{title}**{again}。回执号 **{request.receipt}**。",
                f"**接下来**：{next_step}。",
                wording.footer(used),
            ),
            product=request.product,
            rules=used,
            buttons=(
                button("看理赔进度", "check_claim", order_number=request.order_number),
                button("转人工", "handoff"),
            ),
            card=receipt_card(request, title=title, rows=now.rows if now else (), next_step=next_step),
            data={ASIDE: {NOTE: now.values["evidence"]["note"], "task": self.topic}} if now else {},
        )
