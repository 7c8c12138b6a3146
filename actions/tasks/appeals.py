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
from actions.asking.choosing import Wanted, not_found, offer, talked_about
from actions.asking.forms import CONFIRMED, REQUESTED, Asks, Checked, Ends, Filled, FormTask, ReadBack, WriteTask
from actions.desk import claims, rules
from actions.desk import requests as desk
from actions.desk.claims import Stage
from actions.desk.rules import NoRules
from actions.policydb.facts import ClaimFacts, OrderFacts, PolicyFacts, RequestFacts, RequestKind
from actions.policydb.queries import own, receipts
from actions.policydb.queries.own import Having
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Wish, Written
from actions.tasks.enrolling import receipt_card
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role
from xiaoer.privacy import mask

NOTE_LENGTH = 300
_TRACKING = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2,4}\d{8,18}|\d{10,18})(?!\d)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
# What a picture is called: a file's name, its address, its number in the order's chat.
_PHOTO = re.compile(
    r"https?://[^\s，。]{4,200}|[\w.-]{1,60}\.(?:jpe?g|png|pdf|webp|heic)|(?:IMG|DSC|MVIMG)?[-_#]?\d{3,24}|图\s?\d{1,2}",
    re.IGNORECASE,
)
_OTHER_ORDER = re.compile(
    r"^(?:不对|错了|不是这?单?|弄错了|选错了)?[，,、 ]*(?:是|换|改成?|要)?(?:另外?一?|别的|其他|其它)[单个]?(?:订单)?[吧的啊呢]*$"
)
# Which piece of evidence a correction speaks of.
_SPEAKS_OF = {
    "evidence_photo": re.compile(r"照片|底单|截图|图片|回执"),
    "evidence_note": re.compile(r"说明|备注|情况|补充"),
    "evidence_tracking": re.compile(r"单号|快递号|运单"),
}
# 「不对，是腰带那单」, where a tracking number was asked for.
_ANOTHER_ORDER = re.compile(r"(?:不对|不是|错了|弄错|搞错|选错|换|改)[^。]{0,12}(?:[那这]一?[单笔]|尾号|订单)(?!号)")
_CHANGES = re.compile(r"错|不对|改|换|应该是|加|补充|重[填写]")
_NEW_NOTE = re.compile(
    r"(?:说明|备注|情况|补充)(?:一下|一点|改一?下|改)?(?:成|为|是|[:：，, ])+(?P<note>.{2,})", re.DOTALL
)
NOTHING = "无"  # asked for, and there is none


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
        if isinstance(meant, OrderFacts) or (meant and ask.slots.get(REQUESTED) != "evidence_note"):
            return meant
        if not kept:
            return order_at_hand(session, ask, self.wanted)
        if ask.slots.get(REQUESTED) == CONFIRMED and ask.asked.corrects and not self._speaks_of(ask):
            return which(session, ask, self.wanted, "")
        return own.order(session, ask.principal, kept) or not_found(self.wanted)

    def _may_change(self, ask: Ask) -> bool:
        """Whether a message may name another order than the form has: where evidence is asked for, only if it says so."""
        given = self._speaks_of(ask)
        return not given or (given == ask.slots.get(REQUESTED) and _ANOTHER_ORDER.match(ask.text) is not None)

    @staticmethod
    def _speaks_of(ask: Ask) -> str:
        """The piece of evidence that the message gives or corrects: the one it names, else the one asked for; else ""."""
        asked = str(ask.slots.get(REQUESTED) or "")
        if ask.named.get("order_number") and ask.intent == AppealForm.topic:
            return ""  # a button for an order
        if (asked == CONFIRMED or asked in _SPEAKS_OF) and _CHANGES.search(ask.text):
            named = [slot for slot, words in _SPEAKS_OF.items() if words.search(ask.text)]
            if named and asked != "evidence_note":
                return named[0]
        return asked if asked in _SPEAKS_OF else ""

    def _evidence(self, slot: str, ask: Ask) -> tuple[str, str]:
        """(what the form has, what the message says about it)."""
        kept = str(ask.slots.get(slot) or "")
        return kept, ask.text.strip() if self._speaks_of(ask) == slot else ""

    def _not_refused(self, session: Session, ask: Ask, order: OrderFacts) -> Reply:
        name = wording.order_name(order, local(ask.at).date())
        earlier = receipts.last(session, ask.principal, order_number=order.number)
        if earlier is not None and earlier.kind is RequestKind.APPEAL:
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
        kept, said = self._evidence("evidence_tracking", ask)
        found = [
            number
            for number in _TRACKING.findall(re.sub(r"(?<=\w)[\s-](?=\d)", "", said))
            if not _MOBILE.fullmatch(number)
        ]
        if found:
            return Filled(found[-1].upper())
        if said and ask.asked.lacks:
            return Filled(NOTHING)
        if kept and not said:
            return Filled(kept)
        order, policy, claim = self._claim(session, ask, filled)
        refusal = claims.refusal_of(claim)
        clause = claims.clause_of(claim, policy.product, Stage.REFUSED)
        lead = (
            ""
            if not said
            else "这不像快递单号（10 到 18 位数字，前面可能有几个字母）；找不到就回「没有」，核对时还能改。"
        )
        intro = (
            f"这单（{wording.order_name(order, local(ask.at).date())}）的{rules.product_name(policy.product)}，拒赔的原因是**{refusal.name}**，{wording.cite(clause)}。"
            f"可以申诉，成不成由保险公司看凭证定：{refusal.remedy}。"
        )
        return Asks(
            Reply(
                wording.paragraphs(lead or intro, f"{_step(order, 1)}：**寄回的快递单号**是多少？没有就回「没有」。"),
                product=policy.product,
                rules=() if lead else (clause,),
                buttons=(*self._on_record(claim), {"title": "没有单号", "payload": "没有"}, NEVER_MIND),
                events=talked_about(order, ask),
            )
        )

    def _on_record(self, claim: ClaimFacts) -> tuple[dict[str, str], ...]:
        """The number the claim has, as a button that types it."""
        number = claim.tracking_number
        return ({"title": f"就是 {number}", "payload": number},) if number else ()

    def validate_evidence_photo(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        kept, said = self._evidence("evidence_photo", ask)
        found = _PHOTO.search(said)
        if found:
            return Filled(found.group())
        if said and ask.asked.lacks:
            return Filled(NOTHING)
        if kept and not said:
            return Filled(kept)
        order, _, _ = self._claim(session, ask, filled)
        lead = "" if not said else "这不像照片的编号；找不到就回「没有」，一样能交，核对时还能改。"
        return Asks(
            Reply(
                wording.paragraphs(
                    lead,
                    f"{_step(order, 2)}：**底单（寄件回执）照片**的文件名、链接，或它在订单凭证里的编号？"
                    "我这里不能传图，原图请留好，保险公司可能会要。没有就回「没有」。",
                ),
                buttons=({"title": "没有照片", "payload": "没有"}, NEVER_MIND),
            )
        )

    def validate_evidence_note(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        kept, said = self._evidence("evidence_note", ask)
        if said and ask.slots.get(REQUESTED) != "evidence_note":  # a correction: what comes after 说明改成
            corrected = _NEW_NOTE.search(said)
            said, kept = (corrected["note"] if corrected else ""), ""
        if said and ask.asked.lacks:
            return Filled(NOTHING)
        if said and len(said) <= NOTE_LENGTH:
            return Filled(mask(" ".join(said.split()), (filled["form_order"], filled["evidence_tracking"])))
        if kept and not said:
            return Filled(kept)
        order, _, _ = self._claim(session, ask, filled)
        lead = f"这段有 {len(said)} 个字，最多 {NOTE_LENGTH} 个字，请说短一点。" if len(said) > NOTE_LENGTH else ""
        return Asks(
            Reply(
                wording.paragraphs(
                    lead, f"{_step(order, 3)}：用一两句话**说明情况**（什么时候寄的、哪里弄错了）。不想写就回「没有」。"
                ),
                buttons=({"title": "不写说明", "payload": "没有"}, NEVER_MIND),
            )
        )

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
        evidence = {name: filled[f"evidence_{name}"] for name in ("tracking", "photo", "note")}
        return ReadBack(
            key=desk.key_of(self.kind, ask.principal, policy.product, order.number, desk.appeal_start(claim)),
            title=f"对尾号 {order.tail}（{wording.item(order)}）这单的{rules.product_name(policy.product)}拒赔提交申诉",
            product=policy.product,
            rows=(
                ("拒赔原因", claims.refusal_of(claim).name),
                ("凭证", f"单号：{evidence['tracking']}；底单照片：{evidence['photo']}" + _thin(evidence)),
                ("说明", evidence["note"]),
            ),
            rules=used,
            values={"order": order.number, "opened_at": claim.opened_at, "evidence": evidence},
        )


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
        next_step = _dates(timing, request.created_at) + "进度可以问「我的理赔到哪一步了」"
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
        )


def _dates(timing: Rule | None, filed_at: datetime) -> str:
    """When an answer and the money may come, as dates, by the rule there is."""
    if timing is None or timing.days is None:
        return "多久答复没有查到可靠规定，以申诉页的进度为准；"
    filed = local(filed_at).date()
    answer = desk.workdays_after(filed, timing.days)
    return f"{wording.cite(timing)}，大约 {answer.month}月{answer.day}日前会有答复（遇节假日顺延）；"
