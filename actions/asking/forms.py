"""What the forms share: one slot after the other is validated, read back, and confirmed; nothing is written before.

A form is a Rasa form (`forms:` in domain.yml) whose `validate_<topic>_form` action is a `FormTask`: it takes what the
message gives, validates each slot in order, and asks for the first that is missing, in one call. When all are filled
the form ends and the dialogue policy runs `action_<topic>` (a `WriteTask`), which validates once more inside the
transaction that writes.

A 确认 counts for the read-back just shown and for no other: by the token on its button, or typed as the answer to it; and
only while what it said still holds, word for word, and for ten minutes. `summary` holds the read-back in force,
`confirmed` its key once it was confirmed; the latter is cleared by the reply that says how it went, so a conversation
that still has it does not know yet.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import NEVER_MIND, Ask, OneReply, Reply, TaskAction, button, instant, pool
from actions.desk import requests as desk
from actions.desk.rules import product_name
from actions.policydb.facts import RequestFacts, RequestKind, RequestState
from actions.policydb.queries import receipts
from actions.policydb.session import writing
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Changed, Wish, Written
from knowledge import live
from knowledge.rules import Rule
from xiaoer import settings, threads
from xiaoer.asked import Asked
from xiaoer.errors import DeskError, TooSlow, error_number

logger = logging.getLogger(__name__)

REQUESTED = "requested_slot"
SUMMARY = "summary"
CONFIRMED = "confirmed"
LAST = "last_request"  # what was written last: {key, receipt}
ASIDE = "aside"  # in a reply's data: what was said for a form that was called off, slot by slot
_NEW = "（新）"
_PATIENCE = 3  # times the limit of one statement: a write is a handful, and usually none of them waits


def slots() -> tuple[str, ...]:
    """Every slot that any form fills; a form that ends, however it ends, leaves none of them."""
    collected = (slot for task in live().catalogue.tasks.values() for slot in task.slots)
    return tuple(dict.fromkeys((*collected, SUMMARY, CONFIRMED)))


def cleared() -> tuple[EventType, ...]:
    """What ends any form and leaves nothing of it."""
    return (ActiveLoop(None), SlotSet(REQUESTED, None), *(SlotSet(slot, None) for slot in slots()))


@dataclass(frozen=True)
class Filled:
    """The slot's value."""

    value: Any


@dataclass(frozen=True)
class Asks:
    """The slot is open; the reply asks for it."""

    reply: Reply


@dataclass(frozen=True)
class Ends:
    """There is nothing to request; the reply says why and what to do instead."""

    reply: Reply


Checked = Filled | Asks | Ends


@dataclass(frozen=True)
class ReadBack:
    """What is about to be written, in words. key: see `actions.desk.requests`; rows: (name, value), the lines; fresh: the
    rows that the message has changed, which says so and makes no other wish of it; more: what can still be added, with
    buttons that do."""

    key: str
    title: str
    product: str
    rows: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    more: str = ""
    buttons: tuple[dict[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """Of every word that is read back: the same words for the same wish."""
        said = json.dumps([self.key, self.title, self.rows], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


class FormTask(TaskAction):
    """One form. A subclass names its `slots` in the order they are asked, has a `validate_<slot>` for each but
    `confirmed`, and says in `read_back` what will be written.

    depends: slot -> the slots whose values speak of its value, and are void when that changes.
    """

    kind: RequestKind | None = None  # of the request that it makes; None: it makes none
    slots: tuple[str, ...]
    depends: Mapping[str, tuple[str, ...]] = {}

    def name(self) -> str:
        return f"validate_{self.topic}_form"

    @abstractmethod
    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        """What a confirmation would write. Every slot before `confirmed` is filled."""

    @abstractmethod
    def doing(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> str:
        """What is being done and on which thing, as far as it is known: for whoever comes back to the form."""

    def preface(self, ask: Ask, product: str) -> str:
        """What has to be said once about the message itself, before anything else."""
        return ""

    def gives(self, ask: Ask) -> Mapping[str, str]:
        """What the message gives for slots that it was not asked for: kept for when the form comes to them."""
        return {}

    def changes(self, ask: Ask, now: ReadBack) -> str:
        """What the message has changed of the read-back, said before it is read back anew."""
        return ""

    def not_understood(self, ask: Ask) -> str:
        """Of a message that neither confirms the read-back nor changes it."""
        if ask.asked.waits:
            return "好的，不急，**还没有办**，就停在这里。要办就回「确认」，不办就回「算了」："
        return "我没看懂这句。要办就回「确认」，不办就回「算了」："

    def answer(self, session: Session, ask: Ask) -> Reply:
        ask = self._without_an_earlier_forms(ask)
        key = _in_force(ask).get("key")
        if key and self.confirms(ask) and receipts.find(session, ask.principal, key) is not None:
            # Confirmed in another tab meanwhile: the same receipt, not the state that it has led to.
            return Reply("", events=(SlotSet(CONFIRMED, key), SlotSet(REQUESTED, None)))
        filled: dict[str, Any] = {}
        for place, slot in enumerate(self.slots):
            checked: Checked = getattr(self, f"validate_{slot}")(session, ask, filled)
            if isinstance(checked, Ends):
                return replace(checked.reply, events=(*checked.reply.events, *cleared()))
            if isinstance(checked, Asks):
                void = self.depends.get(slot, ())
                later = {name: None if name in void else ask.slots.get(name) for name in self.slots[place + 1 :]}
                later.update((name, value) for name, value in self.gives(ask).items() if name in later)
                kept = (SlotSet(name, value) for name, value in {**filled, **later}.items())
                asked = (SlotSet(slot, None), SlotSet(REQUESTED, slot))
                data = {**checked.reply.data, "doing": self.doing(session, ask, filled)}
                return replace(checked.reply, data=data, events=(*kept, *checked.reply.events, *asked))
            ask = self._changed(ask, slot, checked.value)
            filled[slot] = checked.value
        return Reply("", events=(*(SlotSet(name, value) for name, value in filled.items()), SlotSet(REQUESTED, None)))

    def _without_an_earlier_forms(self, ask: Ask) -> Ask:
        """Slots that a form left behind which was not closed (an old session's) mean nothing to a new one."""
        if ask.asked.form == f"{self.topic}_form":
            return ask
        return replace(
            ask, slots={name: value for name, value in ask.slots.items() if name not in (*slots(), REQUESTED)}
        )

    def _changed(self, ask: Ask, slot: str, value: Any) -> Ask:
        """Without what was said about a slot's earlier value."""
        if ask.slots.get(slot) in (None, value) or slot not in self.depends:
            return ask
        void = (*self.depends[slot], REQUESTED)
        return replace(ask, slots={name: each for name, each in ask.slots.items() if name not in void})

    def confirms(self, ask: Ask) -> bool:
        """Whether the message says yes and nothing else: by the read-back's button, or in words."""
        if ask.intent == "affirm" and ask.named.get(SUMMARY):
            return True
        return ask.asked.yes

    def validate_confirmed(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        """The key, when the message confirms the read-back in force; else the read-back (again)."""
        now = self.read_back(session, ask, filled)
        shown = ask.slots.get(SUMMARY) or {}
        lead = ""
        if ask.slots.get(REQUESTED) == CONFIRMED:
            if not self.confirms(ask):
                lead = self.changes(ask, now) if now.digest != shown.get("digest") else self.not_understood(ask)
            elif _in_force(ask).get("digest") != now.digest:
                lead = "刚才那份已经不是最新的了，没有办。请看这一份："
            elif desk.expired(datetime.fromisoformat(shown["at"]), ask.at):
                lead = "刚才那份确认已经过了 10 分钟，没有办。情况可能变了，请再看一遍："
            else:
                return Filled(now.key)
        return Asks(self._shown(now, lead or self.preface(ask, now.product), ask))

    def _shown(self, now: ReadBack, lead: str, ask: Ask) -> Reply:
        at = ask.at.isoformat()
        token = f"{now.key}-{hashlib.sha256(f'{now.digest} {at}'.encode()).hexdigest()[:16]}"
        summary = {"key": now.key, "digest": now.digest, "token": token, "at": at, "title": now.title}
        return Reply(
            wording.paragraphs(
                lead,
                f"请核对：**{now.title}**",
                wording.bullets(
                    *(f"**{name}**{_NEW if name in now.fresh else ''}：{value}" for name, value in now.rows)
                ),
                now.more,
                "没问题请回「确认」（10 分钟内有效），不办请回「算了」。确认之前什么都不会写下。",
                wording.footer(now.rules),
            ),
            product=now.product,
            rules=now.rules,
            buttons=(button("确认", "affirm", summary=token), *now.buttons, NEVER_MIND),
            card={
                "type": "summary",
                "kind": self.kind.value if self.kind else self.topic,
                "title": now.title,
                "rows": [{"name": name, "value": value} for name, value in now.rows],
                "expires_at": instant(ask.at + desk.CONFIRM_WITHIN),
            },
            data={SUMMARY: token},
            events=(SlotSet(SUMMARY, {**summary, "topic": self.topic}),),
        )

    async def _reply(self, tracker: Tracker) -> Reply:
        """Whatever comes, the form hears of a slot: Rasa takes a validation that sets none for a rejection."""
        reply = await super()._reply(tracker)
        if reply.events:
            return reply
        if reply.outcome == "error" and tracker.slots.get(REQUESTED):
            kept = tuple(SlotSet(name, tracker.slots.get(name)) for name in (*self.slots, REQUESTED))
            return replace(reply, events=kept)
        return replace(reply, events=cleared())


def put_off(ask: Ask, task: str) -> Mapping[str, str]:
    """What was said for a task before, slot by slot, where that was called off and the words take it up again:
    「还是申吧」, 「理由照刚才的」; nothing else."""
    words, plain, aside = live().current.acts, ask.asked.plain, ask.asked.aside or {}
    again = plain.startswith(words.resumes) and not ask.asked.form
    again = again or any(same in plain for same in words.same_reason)
    return aside if again and aside.get("task") == task else {}


def _in_force(ask: Ask) -> Mapping[str, Any]:
    """The read-back in force, when the message's 确认 would be for that one: by its button, or as the answer to it; else
    nothing."""
    summary: Mapping[str, Any] = ask.slots.get(SUMMARY) or {}
    meant = ask.named.get(SUMMARY) or (ask.asked.shown or {}).get(SUMMARY)
    return summary if ask.slots.get(REQUESTED) == CONFIRMED and meant and meant == summary.get("token") else {}


class _StillRunning(DeskError):
    """A write has not ended yet."""


class WriteTask(TaskAction):
    """Writes what a form has collected and somebody has confirmed, once, and gives the receipt."""

    form: FormTask

    def __init__(self) -> None:
        self.topic, self.role = self.form.topic, self.form.role

    def kind(self, now: ReadBack) -> RequestKind:
        """Of the request that is written, or changed."""
        assert self.form.kind is not None, "a form that makes no request says of which kind that is which it changes"
        return self.form.kind

    @abstractmethod
    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        """The one write. Raises Changed."""

    @abstractmethod
    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        """The receipt in words. now: None when an earlier confirmation had written it and the state has moved on."""

    def answer(self, session: Session, ask: Ask) -> Reply:
        key = str(ask.slots.get(CONFIRMED) or "")
        requests.lock(session, key)
        # Whoever confirmed the same a moment ago, here or in another tab, has led to the state that is found now.
        earlier = receipts.find(session, ask.principal, key) if key else None
        if earlier is not None:
            return self._as_it_stands(session, ask, key, earlier)
        now = self._still(session, ask)
        if isinstance(now, Reply):
            return now
        wish = Wish(
            kind=self.kind(now),
            product=now.product,
            key=key,
            receipt=desk.receipt_of(key),
            agreed=dict(now.rows),
            conversation=ask.conversation,
            at=ask.at,
        )
        done = self.write(session, ask, wish, now)
        return self._done(session, ask, done.request, now, new=done.new)

    def _as_it_stands(self, session: Session, ask: Ask, key: str, earlier: RequestFacts) -> Reply:
        """Of what an earlier confirmation has written."""
        if earlier.state is RequestState.WITHDRAWN and not key.startswith(receipts.TAKES_BACK):
            return replace(_how_it_went(ask, earlier, "", "", key), outcome="unknown")
        return self._done(session, ask, earlier, None, new=False)

    def _still(self, session: Session, ask: Ask) -> ReadBack | Reply:
        """What was read back, if every word of it still holds; else the reply that it does not."""
        filled: dict[str, Any] = {}
        for slot in self.form.slots:
            if slot == CONFIRMED:
                break
            # What was said is in the slots; the message is only the 确认.
            checked: Checked = getattr(self.form, f"validate_{slot}")(session, _quiet(ask), filled)
            if not isinstance(checked, Filled):
                return _changed(ask, checked.reply.text)
            filled[slot] = checked.value
        now = self.form.read_back(session, ask, filled)
        return now if now.digest == (ask.slots.get(SUMMARY) or {}).get("digest") else _changed(ask)

    def _done(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        reply = self.written(session, ask, request, now, new=new)
        return replace(reply, data={**reply.data, "receipt": request.receipt}, events=(*reply.events, *_over(request)))

    async def _in_time(self, ask: Ask) -> Reply:
        """Waits until the write is over: one that came through after its failure was told would make a liar of us.

        It gives up by itself when its time is up, before the commit; each of its statements has a limit as well.
        """
        limit = settings.seconds("XIAOER_QUERY_TIMEOUT")
        try:
            return await threads.in_time(pool, _PATIENCE * limit, self._write_before, time.monotonic() + limit, ask)
        except TooSlow:
            raise _StillRunning(f"a write did not end within {_PATIENCE * limit:g} s") from None

    def _write_before(self, deadline: float, ask: Ask) -> Reply:
        try:
            with writing() as session:
                reply = self.answer(session, ask)
                if time.monotonic() > deadline:
                    raise DeskError("the write took too long and was taken back")
                return reply
        except Changed:
            return _changed(ask)

    def _failure(self, error: Exception, ask: Ask | None) -> Reply:
        reply = super()._failure(error, ask)
        return replace(reply, data={**reply.data, "over": not isinstance(error, _StillRunning)})

    async def _reply(self, tracker: Tracker) -> Reply:
        reply = await super()._reply(tracker)
        if reply.outcome != "error":
            return reply if reply.events else replace(reply, events=cleared())
        ask = Ask.of(tracker)
        return await _settled(ask, self.topic, str(reply.data["error"]), over=bool(reply.data["over"]))


def _quiet(ask: Ask) -> Ask:
    """Without what the message says."""
    asked = Asked(topical=ask.topical, form=ask.asked.form)
    return replace(ask, asked=asked, bare="", named={}, product="", order_number="", ordinal=None)


def _changed(ask: Ask, why: str = "") -> Reply:
    """The state has moved on between read-back and 确认."""
    title = (ask.slots.get(SUMMARY) or {}).get("title")
    nothing = "" if "没有写下" in why else "**这次没有写下任何东西**。"
    return Reply(
        wording.paragraphs(
            f"刚才的情况变了{f'（{title}）' if title else ''}。{nothing}",
            why or "请再说一次要办什么，我按现在的情况重新列一遍。",
        ),
        outcome="unknown",
        events=cleared(),
    )


def _over(request: RequestFacts) -> tuple[EventType, ...]:
    """The form is over, and this is what came of it."""
    key = desk.taking_back(request.key) if request.state is RequestState.WITHDRAWN else request.key
    return (*cleared(), SlotSet(LAST, {"key": key, "receipt": request.receipt}))


# ---------------------------------------------------------------------- how did it go?


async def _settled(ask: Ask, topic: str, number: str = "", *, over: bool = True) -> Reply:
    """Whether the confirmed request was written: exactly one, or none; or that it cannot be seen (then the slots stay).

    number: of the failure that made it doubtful; over: the write has ended, one way or the other.
    """
    key = _key_in_question(ask)
    lead = f"刚才那一步中途出了问题（编号 **{number}**）。" if number else ""
    if ask.principal.is_visitor or not key:
        return _how_it_went(ask, None, topic, lead, key)
    try:
        if not over:
            raise _StillRunning("the write is still running")
        request = await _look_up(ask, key)
    except Exception as error:
        number = number or error_number()
        logger.error("%s: it could not be seen whether request %s was written: %s", number, key[:8], error)
        return Reply(
            f"抱歉，保单系统连不上（编号 **{number}**），**还不确定刚才有没有写进去**。"
            "过几分钟再发一句话，我先查清楚再告诉您；不会重复办。",
            outcome="error",
            buttons=(button("查一下结果", "affirm", summary=key), button("转人工", "handoff")),
        )
    return _how_it_went(ask, request, topic, lead, key)


def _key_in_question(ask: Ask) -> str:
    """Of the confirmation whose outcome is open, of the button pressed, or of what was written last."""
    pressed = str(ask.named.get(SUMMARY) or "").partition("-")[0]
    return str(ask.slots.get(CONFIRMED) or pressed or (ask.slots.get(LAST) or {}).get("key") or "")


async def _look_up(ask: Ask, key: str) -> RequestFacts | None:
    """The request, once no write of it is under way any more. Raises DeskError, TooSlow."""

    def look() -> RequestFacts | None:
        with writing() as session:
            requests.lock(session, key)
            return receipts.find(session, ask.principal, key)

    return await threads.in_time(pool, settings.seconds("XIAOER_QUERY_TIMEOUT") + 1, look)


_STANDS = {
    RequestState.DONE: "**已经办成**，只有这一次，{receipt}。不用再办。",
    RequestState.PENDING: "**已经提交**，只有这一次，{receipt}，正在等保险公司答复。不用再交。",
    RequestState.REJECTED: "已经提交过，{receipt}，结果是**没有通过**。",
    RequestState.WITHDRAWN: "那一次办过之后**已经撤回**，{receipt}。还要办的话请再说一次。",
}


def _how_it_went(ask: Ask, request: RequestFacts | None, topic: str, lead: str, key: str) -> Reply:
    """key: of the wish that is asked about."""
    if request is not None:
        stands = "**已经撤回**，{receipt}。" if key.startswith(receipts.TAKES_BACK) else _STANDS[request.state]
        thing = f"「{request.shop}」的" if request.shop else f"尾号 {request.order_number[-4:]} 这单的"
        receipt = f"回执号 **{request.receipt}**（{thing}{product_name(request.product)}）"
        return Reply(
            wording.paragraphs(lead, f"我查过了：{stands.format(receipt=receipt)}"),
            product=request.product,
            data={"receipt": request.receipt},
            events=_over(request),
        )
    return Reply(
        wording.paragraphs(lead, "我查过了：**没有写下任何东西**，什么都没有改。要办的话请再说一次。"),
        outcome="unknown",
        buttons=(_once_more(ask, topic),) if topic else (),
        events=cleared(),
    )


def _once_more(ask: Ask, topic: str) -> dict[str, str]:
    """The same again: what the form had is named by the button."""
    had = {"shop": "form_shop", "product": "form_product", "order_number": "form_order"}
    return button("再办一次", topic, **{entity: str(ask.slots.get(slot) or "") for entity, slot in had.items()})


class Settle(OneReply):
    """Says how a confirmation went: one whose reply never came, whose button is pressed again, or that is asked about."""

    topic = "affirm"

    def name(self) -> str:
        return "action_settle"

    async def _reply(self, tracker: Tracker) -> Reply:
        ask = Ask.of(tracker)
        return await _settled(ask, str((ask.slots.get(SUMMARY) or {}).get("topic") or ""))


class Cancel(OneReply):
    """Ends a form: nothing was written, nothing is left of it."""

    topic = "stop"

    def name(self) -> str:
        return "action_cancel"

    async def _reply(self, tracker: Tracker) -> Reply:
        ask = Ask.of(tracker)
        summary = ask.slots.get(SUMMARY) or {}
        if summary:
            # A turn that was cut off after its commit has left the form open: see, before saying that nothing happened.
            asked = replace(ask, slots={**ask.slots, CONFIRMED: summary.get("key")})
            found = await _settled(asked, str(summary.get("topic") or ""))
            if found.outcome != "unknown":
                return found
        aside = {
            slot: str(ask.slots[slot]) for slot in slots() if ask.slots.get(slot) and slot not in (SUMMARY, CONFIRMED)
        }
        if aside:
            aside["task"] = ask.asked.form.removesuffix("_form")
        product = str(ask.slots.get("form_product") or "")
        doing = str(summary.get("title") or (product and f"「{product_name(product)}」这件事") or "刚才那件事")
        another = live().current.tasks.get(ask.intent)
        put_off = another and another.form not in (None, ask.asked.form) and not another.takes_back
        end = "先放下" if put_off else "不办了"
        return Reply(
            f"好的，{doing}{end}，**什么都没有写下**。", outcome="answered", data={ASIDE: aside}, events=cleared()
        )
