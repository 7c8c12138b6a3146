"""What the forms share: one slot after the other is validated, read back, and confirmed; nothing is written before.

A form is a Rasa form (`forms:` in domain.yml) whose `validate_<topic>_form` action is a `FormTask`: it takes what the
message gives, validates each slot in order, and asks for the first that is missing, in one call. When all are filled
the form ends and the dialogue policy runs `action_<topic>` (a `WriteTask`), which validates once more inside the
transaction that writes.

A 确认 counts for the read-back just shown and for no other: by the key on the button, or typed as the answer to it.
It counts for ten minutes. `summary` holds the read-back in force, `confirmed` its key once it was confirmed; the latter
is cleared by the reply that says how it went, so that a conversation that still has it does not know yet.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from sqlalchemy.orm import Session

from actions import wording
from actions.base import Ask, OneReply, Reply, TaskAction, button, in_thread, instant
from actions.desk import requests as desk
from actions.desk.rules import Rule, product_name
from actions.policydb import requests
from actions.policydb.facts import RequestFacts, RequestKind
from actions.policydb.requests import Changed, Wish, Written
from actions.policydb.session import reading, writing
from xiaoer import settings
from xiaoer.errors import DeskError, error_number
from xiaoer.phrases import says_yes

logger = logging.getLogger(__name__)

REQUESTED = "requested_slot"
SUMMARY = "summary"
CONFIRMED = "confirmed"
AGREED = "agreement"
# Every slot that any form fills; a form that ends, however it ends, leaves none of them.
SLOTS = (
    "form_shop",
    "form_product",
    AGREED,
    "form_order",
    "evidence_tracking",
    "evidence_photo",
    "evidence_note",
    SUMMARY,
    CONFIRMED,
)
_PATIENCE = 3  # times the limit of one statement: a write is a handful, and usually none of them waits


def cleared() -> tuple[EventType, ...]:
    """What ends any form and leaves nothing of it."""
    return (ActiveLoop(None), SlotSet(REQUESTED, None), *(SlotSet(slot, None) for slot in SLOTS))


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
    """What is about to be written, in words. key: see `actions.desk.requests`; rows: (name, value), the three lines."""

    key: str
    title: str
    product: str
    rows: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


class FormTask(TaskAction):
    """One form. A subclass names its `slots` in the order they are asked, has a `validate_<slot>` for each but
    `confirmed`, and says in `read_back` what will be written."""

    kind: RequestKind
    slots: tuple[str, ...]

    def name(self) -> str:
        return f"validate_{self.topic}_form"

    @abstractmethod
    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        """What a confirmation would write. Every slot before `confirmed` is filled."""

    def answer(self, session: Session, ask: Ask) -> Reply:
        key = _in_force(ask)
        if key and confirms(ask) and requests.find(session, ask.principal, key) is not None:
            # Confirmed in another tab meanwhile: the same receipt, not the state that it has led to.
            return Reply("", events=(SlotSet(CONFIRMED, key), SlotSet(REQUESTED, None)))
        filled: dict[str, Any] = {}
        for slot in self.slots:
            checked: Checked = getattr(self, f"validate_{slot}")(session, ask, filled)
            if isinstance(checked, Ends):
                return replace(checked.reply, events=(*checked.reply.events, *cleared()))
            if isinstance(checked, Asks):
                kept = (SlotSet(name, filled.get(name, ask.slots.get(name))) for name in self.slots if name != slot)
                asked = (SlotSet(slot, None), SlotSet(REQUESTED, slot))
                return replace(checked.reply, events=(*kept, *checked.reply.events, *asked))
            filled[slot] = checked.value
        return Reply("", events=(*(SlotSet(name, value) for name, value in filled.items()), SlotSet(REQUESTED, None)))

    def validate_confirmed(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        """The key, when the message confirms the read-back in force; else the read-back (again)."""
        now = self.read_back(session, ask, filled)
        shown = ask.slots.get(SUMMARY) or {}
        lead = ""
        if ask.slots.get(REQUESTED) == CONFIRMED:
            if not confirms(ask):
                lead = "" if now.key != shown.get("key") else "我没看懂这句。要办就回「确认」，不办就回「算了」："
            elif _in_force(ask) != now.key:
                lead = "刚才那份已经不是最新的了，没有办。请看这一份："
            elif desk.expired(datetime.fromisoformat(shown["at"]), ask.at):
                lead = "刚才那份确认已经过了 10 分钟，没有办。情况可能变了，请再看一遍："
            else:
                return Filled(now.key)
        return Asks(self._shown(now, lead, ask))

    def _shown(self, now: ReadBack, lead: str, ask: Ask) -> Reply:
        expires = ask.at + desk.CONFIRM_WITHIN
        return Reply(
            wording.paragraphs(
                lead,
                f"请核对：**{now.title}**",
                wording.bullets(*(f"**{name}**：{value}" for name, value in now.rows)),
                "没问题请回「确认」（10 分钟内有效），不办请回「算了」。确认之前什么都不会写下。",
                wording.footer(now.rules),
            ),
            product=now.product,
            rules=now.rules,
            buttons=(button("确认", "affirm", summary=now.key), button("算了", "stop")),
            card={
                "type": "summary",
                "kind": self.kind.value,
                "title": now.title,
                "rows": [{"name": name, "value": value} for name, value in now.rows],
                "expires_at": instant(expires),
            },
            data={SUMMARY: now.key},
            events=(
                SlotSet(SUMMARY, {"key": now.key, "at": ask.at.isoformat(), "title": now.title, "topic": self.topic}),
            ),
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


def _in_force(ask: Ask) -> str:
    """The key of the read-back in force, when the message's 确认 would be for that one: by its button, or as the answer
    to it; else nothing."""
    key = str((ask.slots.get(SUMMARY) or {}).get("key") or "")
    meant = ask.named.get(SUMMARY) or ask.shown.get(SUMMARY)
    return key if ask.slots.get(REQUESTED) == CONFIRMED and meant == key else ""


def confirms(ask: Ask) -> bool:
    """Whether the message says yes and nothing else: by the read-back's button, or in words."""
    return (ask.intent == "affirm" and bool(ask.named.get(SUMMARY))) or says_yes(ask.text)


class _StillRunning(DeskError):
    """A write has not ended yet."""


class WriteTask(TaskAction):
    """Writes what a form has collected and somebody has confirmed, once, and gives the receipt."""

    form: FormTask

    def __init__(self) -> None:
        self.topic, self.role = self.form.topic, self.form.role

    @abstractmethod
    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        """The one write. Raises Changed."""

    @abstractmethod
    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        """The receipt in words. now: None when an earlier confirmation had written it and the state has moved on."""

    def answer(self, session: Session, ask: Ask) -> Reply:
        key = str(ask.slots.get(CONFIRMED) or "")
        now = self._still(session, ask, key)
        # Whoever confirmed the same a moment ago, here or in another tab, has led to the state that is found now.
        earlier = requests.find(session, ask.principal, key) if key else None
        if earlier is not None:
            return self._done(session, ask, earlier, None, new=False)
        if isinstance(now, Reply):
            return now
        wish = Wish(
            kind=self.form.kind,
            product=now.product,
            key=key,
            receipt=desk.receipt_of(key),
            agreed=dict(now.rows),
            conversation=ask.conversation,
            at=ask.at,
        )
        done = self.write(session, ask, wish, now)
        return self._done(session, ask, done.request, now, new=done.new)

    def _still(self, session: Session, ask: Ask, key: str) -> ReadBack | Reply:
        """What was read back, if all of it still holds; else the reply that it does not."""
        filled: dict[str, Any] = {}
        for slot in self.form.slots:
            if slot == CONFIRMED:
                break
            # What was said is in the slots; the message is only the 确认.
            checked: Checked = getattr(self.form, f"validate_{slot}")(session, _quiet(ask), filled)
            if not isinstance(checked, Filled):
                return _changed(checked.reply.text)
            filled[slot] = checked.value
        now = self.form.read_back(session, ask, filled)
        return now if now.key == key else _changed()

    def _done(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        reply = self.written(session, ask, request, now, new=new)
        return replace(reply, data={**reply.data, "receipt": request.receipt}, events=(*reply.events, *cleared()))

    async def _in_time(self, ask: Ask) -> Reply:
        """Waits until the write is over: one that came through after its failure was told would make a liar of us.

        It gives up by itself when its time is up, before the commit; each of its statements has a limit as well.
        """
        limit = settings.seconds("XIAOER_QUERY_TIMEOUT")
        work = in_thread(self._write_before, time.monotonic() + limit, ask)
        try:
            return await asyncio.wait_for(work, _PATIENCE * limit)
        except asyncio.TimeoutError:
            raise _StillRunning(f"a write did not end within {_PATIENCE * limit:g} s") from None

    def _write_before(self, deadline: float, ask: Ask) -> Reply:
        try:
            with writing() as session:
                reply = self.answer(session, ask)
                if time.monotonic() > deadline:
                    raise DeskError("the write took too long and was taken back")
                return reply
        except Changed:
            return _changed()

    def _failure(self, error: Exception, ask: Ask | None) -> Reply:
        reply = super()._failure(error, ask)
        return replace(reply, data={"over": not isinstance(error, _StillRunning)})

    async def _reply(self, tracker: Tracker) -> Reply:
        reply = await super()._reply(tracker)
        if reply.outcome != "error":
            return reply if reply.events else replace(reply, events=cleared())
        number = re.search(r"E[0-9A-F]{6}", reply.text)
        ask = Ask.of(tracker)
        return await _settled(ask, self.topic, number.group() if number else "", over=bool(reply.data["over"]))


def _quiet(ask: Ask) -> Ask:
    return replace(ask, text="", named={}, products=(), product="", order_number="", ordinal=None, intent="")


def _changed(why: str = "") -> Reply:
    """The state has moved on between read-back and 确认."""
    return Reply(
        wording.paragraphs(
            "刚才的情况变了，**这次没有写下任何东西**。", why or "请再说一次要办什么，我按现在的情况重新列一遍。"
        ),
        outcome="unknown",
        events=cleared(),
    )


# ---------------------------------------------------------------------- how did it go?


async def _settled(ask: Ask, topic: str, number: str = "", *, over: bool = True) -> Reply:
    """Whether the confirmed request was written: exactly one, or none; or that it cannot be seen (then the slots stay).

    number: of the failure that made it doubtful; over: the write has ended, one way or the other.
    """
    key = str(ask.slots.get(CONFIRMED) or ask.named.get(SUMMARY) or "")
    lead = f"刚才那一步中途出了问题（编号 **{number}**）。" if number else ""
    if ask.principal.is_visitor or not key:
        return _how_it_went(None, topic, lead)
    try:
        if not over:
            raise _StillRunning("the write is still running")
        request = await asyncio.wait_for(_look_up(ask, key), settings.seconds("XIAOER_QUERY_TIMEOUT"))
    except Exception as error:
        number = number or error_number()
        logger.error("%s: it could not be seen whether request %s was written: %s", number, key[:8], error)
        return Reply(
            f"抱歉，保单系统连不上（编号 **{number}**），**还不确定刚才有没有写进去**。"
            "过几分钟再发一句话，我先查清楚再告诉您；不会重复办。",
            outcome="error",
            buttons=(button("查一下结果", "affirm", summary=key), button("转人工", "handoff")),
        )
    return _how_it_went(request, topic, lead)


async def _look_up(ask: Ask, key: str) -> RequestFacts | None:
    def look() -> RequestFacts | None:
        with reading() as session:
            return requests.find(session, ask.principal, key)

    return await in_thread(look)


def _how_it_went(request: RequestFacts | None, topic: str, lead: str) -> Reply:
    if request is not None:
        receipt = f"回执号 **{request.receipt}**（{product_name(request.product)}）"
        return Reply(
            wording.paragraphs(lead, f"我查过了：**已经办成**，只有这一次，{receipt}。不用再办。"),
            product=request.product,
            data={"receipt": request.receipt},
            events=cleared(),
        )
    return Reply(
        wording.paragraphs(lead, "我查过了：**没有写下任何东西**，什么都没有改。要办的话请再说一次。"),
        outcome="unknown",
        buttons=(button("再办一次", topic),) if topic else (),
        events=cleared(),
    )


class Settle(OneReply):
    """Says how a confirmation went whose reply never came, or whose button was pressed when its form was over."""

    topic = "affirm"

    def name(self) -> str:
        return "action_settle"

    async def _reply(self, tracker: Tracker) -> Reply:
        ask = Ask.of(tracker)
        return await _settled(ask, str((ask.slots.get(SUMMARY) or {}).get("topic") or ""))


_ENDING = frozenset({"stop", "deny", "goodbye"})


class Cancel(OneReply):
    """Ends a form: nothing was written, nothing is left of it."""

    topic = "stop"

    def name(self) -> str:
        return "action_cancel"

    async def _reply(self, tracker: Tracker) -> Reply:
        doing = str((tracker.slots.get(SUMMARY) or {}).get("title") or "刚才那件事")
        end = "不办了" if Ask.of(tracker).intent in _ENDING else "先放下"
        return Reply(f"好的，{doing}{end}，**什么都没有写下**。", outcome="answered", events=cleared())
