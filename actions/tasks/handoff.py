"""Handing a conversation to a person, and being silent while one has it: action_handoff, action_pass_on.

`action_handoff` opens a ticket with what staff need to know and sets the slot `ticket`. While the slot is set,
`action_pass_on` runs before anything else in a turn, and the turn then stands as follows:

- slot still set: the message is in the ticket (or the reply says that it is not); the turn is over;
- slot null and something said: the person took the conversation back; the turn is over;
- slot null and nothing said: the ticket was closed meanwhile; the turn goes on as any other.
"""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.asking import wording
from actions.asking.base import Ask, OneReply, Reply, button, in_time, instant
from actions.asking.choosing import SPOKEN_ON
from actions.asking.forms import cleared
from actions.desk import staffing
from actions.desk.staffing import Hours
from actions.policydb.facts import Author, TicketFacts
from actions.policydb.session import writing
from actions.policydb.writes import tickets
from actions.policydb.writes.tickets import Line, Opening, QueueFull
from xiaoer import asked, threads
from xiaoer.clock import local
from xiaoer.errors import DeskError, error_number
from xiaoer.principal import Role
from xiaoer.privacy import mask
from xiaoer.reply import META, data_of

logger = logging.getLogger(__name__)

TOPIC = "handoff"
SLOT = "ticket"
LAST_MESSAGES = 12
LONGEST_LINE = 500  # characters of a message from before the ticket
LONGEST_MESSAGE = 2000  # characters of a message in it
LONGEST_VALUE = 200  # characters of a slot's text
BACK = "返回机器人"
# Rasa's own, and what says nothing of the asker's case: the metadata of a session's start holds the principal.
_NOT_OURS = frozenset({"session_started_metadata", "requested_slot", asked.SLOT, asked.ANSWERED, SLOT, SPOKEN_ON})
_ORDER_NUMBER = re.compile(r"\d{15,24}")
_ERROR_NUMBER = re.compile(r"\bE[0-9A-F]{6}\b")
_WANTS_BACK = re.compile(
    r"(算了|那|还是|好吧)*(请|请你|我要|我想|帮我)?(返回|找?机器人|(返回|回到|转回|切回|换回|叫回)(给)?(机器人|险小二)|(不用|不找|不要|结束|取消|退出)人工(客服|服务)?)(吧|了|啦|了吧)?"
)

# Apart from the tasks' threads: when those all wait for a slow query, people want a person.
_pool = threads.pool("tickets", 4)


class _TicketAction(OneReply):
    """Works in a thread within its time, and has an answer in every case. The asker may be anybody, a visitor too."""

    topic = TOPIC

    @abstractmethod
    def work(self, ask: Ask, tracker: Tracker) -> Reply:
        """The reply. Whatever it raises goes to `failed`."""

    @abstractmethod
    def failed(self, number: str, ask: Ask | None, error: Exception) -> Reply:
        """The reply when `work` raised. number: the error's, which is in the log."""

    async def _reply(self, tracker: Tracker) -> Reply:
        ask: Ask | None = None
        try:
            ask = Ask.of(tracker)
            return await in_time(self.work, ask, tracker, among=_pool)
        except Exception as error:
            number = error_number()
            foreseen = isinstance(error, DeskError)
            logger.error("%s %s failed: %s", number, self.name(), error, exc_info=None if foreseen else error)
            return self.failed(number, ask, error)


class HandOff(_TicketAction):
    """Opens the conversation's ticket, or says the one that is open."""

    def name(self) -> str:
        return f"action_{TOPIC}"

    def work(self, ask: Ask, tracker: Tracker) -> Reply:
        hours = staffing.hours()  # before anything is written: it may be set wrongly
        try:
            with writing() as session:
                ticket, new = tickets.open_ticket(session, opening_of(ask, tracker))
        except QueueFull:
            return Reply(f"现在排队的人太多，先不开新的工单。请{OFFICIAL[ask.principal.role]}", outcome=TOPIC)
        return Reply(
            _opened_text(ticket, new, hours, ask),
            outcome=TOPIC,
            buttons=({"title": BACK, "payload": BACK},),
            card={
                "type": "ticket",
                "number": ticket.number,
                "position": ticket.position,
                "hours": str(hours),
                "in_hours": hours.holds(ask.at),
                "opened_at": instant(ticket.opened_at),
            },
            events=(SlotSet(SLOT, ticket.number), *_end_of_form(tracker)),
        )

    def failed(self, number: str, ask: Ask | None, error: Exception) -> Reply:
        # A connection may be lost at the commit as well, so it cannot be told whether the ticket is there.
        happened = "工单系统没有及时回应，**不能确定工单开出来没有**。再说一次「转人工」就知道，不会重复开。"
        role = ask.principal.role if ask else Role.VISITOR
        return Reply(
            f"抱歉，这次没能转给人工：{happened}\n\n急的话请{OFFICIAL[role]}（错误编号 **{number}**）",
            outcome="error",
            buttons=(button("再试一次", TOPIC),),
        )


class PassOn(_TicketAction):
    """Hands a message to whoever has the ticket, in silence; gives the conversation back when that is asked for."""

    def name(self) -> str:
        return "action_pass_on"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        """As every action, and where the message was handed on: an utterance without text.

        No channel shows it; in the tracker the turn counts as answered, and the widget's channel knows that it was.
        """
        events = await super().run(dispatcher, tracker, domain)
        if not dispatcher.messages and not events:
            dispatcher.utter_message(**{META: {"outcome": TOPIC, "topic": TOPIC, "silent": True}})
        return events

    def work(self, ask: Ask, tracker: Tracker) -> Reply:
        number = str(tracker.slots.get(SLOT) or "")
        free = SlotSet(SLOT, None)
        with writing() as session:
            if wants_back(ask.asked.plain):
                left = tickets.leave(session, number, ask.conversation, ask.principal, _LEFT, ask.at)
                return Reply(_BACK_TEXT.format(number=number) if left else _BACK_ALREADY, events=(free,))
            latest = {**(tracker.latest_message or {}), "text": ask.text}  # as it was typed
            text = mask(_text(latest, _titles(tracker.events)), _own_orders(ask, tracker))
            if not tickets.say(session, number, ask.conversation, text[:LONGEST_MESSAGE] or "（空白消息）", ask.at):
                return Reply("", outcome=TOPIC, events=(free,))
        return Reply("", outcome=TOPIC)

    def failed(self, number: str, ask: Ask | None, error: Exception) -> Reply:
        again = ({"title": "再发一次", "payload": ask.text},) if ask and ask.text else ()
        return Reply(
            f"抱歉，**不能确定**这句话交给客服没有：工单系统暂时出了问题（错误编号 **{number}**）。请稍后再发一次。",
            outcome="error",
            buttons=again,
            card={"type": "ticket", "number": ask.slots.get(SLOT)} if ask else None,  # a person has it still
        )


# ---------------------------------------------------------------------- words

OFFICIAL = {
    Role.BUYER: "走官方入口：淘宝 App → 我的淘宝 → 官方客服，在对话里输入「人工客服」，报订单号，说明是运费险还是别的保障。",
    Role.SELLER: "走官方入口：在千牛里找官方客服，输入「人工客服」，说明是哪一项保障和店铺名。",
    Role.VISITOR: "走官方入口：淘宝 App → 我的淘宝 → 官方客服，输入「人工客服」；商家在千牛里找官方客服。",
}
_LEFT = "用户返回机器人，工单结束。"
_BACK_TEXT = "好的，工单 **{number}** 已结束，我回来了。您想问什么，直接说就行；还要找人，再说「转人工」。"
_BACK_ALREADY = "我在。您的人工工单之前已经结束了；想问什么，直接说就行。"


def _opened_text(ticket: TicketFacts, new: bool, hours: Hours, ask: Ask) -> str:
    before = ticket.position - 1
    queue = f"前面还有 {before} 位，您排第 {ticket.position}" if before else "您排在第 1 位"
    opened = (
        f"已为您转人工，工单号 **{ticket.number}**，{queue}。"
        if new
        else f"您的工单 **{ticket.number}** 还开着，不用再开新的，{queue}。"
    )
    if hours.holds(ask.at):
        when = f"人工每天 {hours} 在，现在在服务时间内。刚才的对话已经交给客服，不用重说，客服会直接在这里回您。"
    else:
        start = hours.next_start(ask.at)
        today = start.date() == local(ask.at).date()
        when = (
            f"人工每天 {hours} 在，**现在不在服务时间**，{'今天' if today else '明天'} {hours.start} 起按顺序回您；"
            f"刚才的对话已经交给客服，可以先在这里补充情况。急的话请{OFFICIAL[ask.principal.role]}"
        )
    silent = f"从现在起您发的话都交给客服，**我不再插话**，直到客服结束工单。想继续问我，发「{BACK}」。"
    return wording.paragraphs(opened, when, silent)


def wants_back(text: str) -> bool:
    """Whether a message asks for the assistant instead of the person. text: as the normaliser leaves it."""
    return _WANTS_BACK.fullmatch("".join(character for character in text if character.isalnum())) is not None


# ---------------------------------------------------------------------- what the ticket gets


def opening_of(ask: Ask, tracker: Tracker) -> Opening:
    """What staff get to see of the conversation so far, masked."""
    own = _own_orders(ask, tracker)
    said = [_data(event) for event in _spoken(tracker.events, "bot")]
    return Opening(
        conversation=ask.conversation,
        principal=ask.principal,
        at=ask.at,
        topic=next((str(data["topic"]) for data in reversed(said) if data.get("topic") not in (None, TOPIC)), "")[:64],
        product=(ask.product or ask.topical or _last(said, "product"))[:40],
        order_number=_own_order(ask, own),
        reason=_reason(ask.asked.shown or {}),
        last_error=_last_error(tracker.events),
        state=_state(tracker.slots, own),
        lines=_lines(tracker, own, ask.at),
    )


def _own_order(ask: Ask, own: set[str]) -> str:
    """The order it is about; not one that was merely typed: it may be anybody's, and would stand there as the asker's."""
    typed = ask.order_number if ask.order_number in own else ""
    return (typed or ask.current_order or ask.principal.order)[:32]


def _reason(shown: Mapping[str, Any]) -> str:
    """Why: what the last reply offered a person for, how it ended, or that it was simply asked for."""
    after = {"error": "after_error", "unknown": "after_unknown"}
    return str(shown.get("person") or after.get(str(shown.get("outcome")), "asked"))


def _last(said: Sequence[Mapping[str, Any]], key: str) -> str:
    return next((str(data[key]) for data in reversed(said) if data.get(key)), "")


def _last_error(events: Sequence[Mapping[str, Any]]) -> str:
    for event in reversed(list(_spoken(events, "bot"))):
        found = _ERROR_NUMBER.search(str(event.get("text") or ""))
        if found and not _data(event).get("author"):
            return found.group()
    return ""


def _state(slots: Mapping[str, Any], own: set[str]) -> dict[str, Any]:
    return {
        name: _masked(value, own)
        for name, value in slots.items()
        if name not in _NOT_OURS and value not in (None, "", [], {})
    }


def _masked(value: Any, own: set[str]) -> Any:
    if isinstance(value, str):
        return mask(value, own)[:LONGEST_VALUE]
    if isinstance(value, Mapping):
        return {str(name): _masked(each, own) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_masked(each, own) for each in value]
    return value


def _lines(tracker: Tracker, own: set[str], at: datetime) -> tuple[Line, ...]:
    """The last messages of both sides."""
    titles = _titles(tracker.events)
    # XIAOER_TODAY moves the desk's clock and not the tracker's: what was said is as old as it is.
    moved = at - datetime.now(timezone.utc)
    said = [(event, _text(event, titles)) for event in _spoken(tracker.events, "user", "bot")]
    last = [(event, text) for event, text in said if text.strip()][-LAST_MESSAGES:]
    return tuple(Line(_author(event), mask(text, own)[:LONGEST_LINE], _when(event, at, moved)) for event, text in last)


def _when(event: Mapping[str, Any], at: datetime, moved: timedelta) -> datetime:
    said = event.get("timestamp")
    return min(at, datetime.fromtimestamp(float(said), timezone.utc) + moved) if said else at


def _author(event: Mapping[str, Any]) -> Author:
    """Who spoke; with the assistant's mouth staff may have, in an earlier ticket."""
    if event["event"] == "user":
        return Author.ASKER
    known = {author.value: author for author in (Author.STAFF, Author.SYSTEM)}
    return known.get(str(_data(event).get("author")), Author.BOT)


def _spoken(events: Sequence[Mapping[str, Any]], *kinds: str) -> Iterator[Mapping[str, Any]]:
    return (event for event in events if event.get("event") in kinds)


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reply says about itself."""
    return data_of(event.get("metadata"))


def _titles(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The title of every button that was offered, by its payload."""
    buttons = [each for event in _spoken(events, "bot") for each in (event.get("data") or {}).get("buttons") or ()]
    return {str(each.get("payload")): str(each.get("title")) for each in buttons}


def _text(message: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """A message as people see it: the title of a pressed button, not its payload."""
    text = str(message.get("text") or "")
    if message.get("event") == "bot":
        return text
    return str((message.get("metadata") or {}).get("shown") or titles.get(text) or text)


def _own_orders(ask: Ask, tracker: Tracker) -> set[str]:
    """Order numbers known to be the asker's, which need no mask."""
    cards = [_data(event).get("card") for event in _spoken(tracker.events, "bot")]
    rows = [row for card in cards if isinstance(card, Mapping) for row in (card, *(card.get("orders") or ()))]
    shown = {str(row.get("order_number") or "") for row in rows if isinstance(row, Mapping)}
    return {
        number
        for number in {*shown, *ask.offered, ask.current_order, ask.principal.order}
        if _ORDER_NUMBER.fullmatch(number)
    }


def _end_of_form(tracker: Tracker) -> tuple[EventType, ...]:
    """Ends the form that was being filled in: the person takes over."""
    return cleared() if tracker.active_loop.get("name") else ()
