"""The conversation so far, read back from Rasa's tracker: the last messages, and the turns they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot.channel.memory.buttons import Buttons
from bot.channel.memory.outputs import is_silent, moment, wire

LENGTH = 50
SHOWN_TEXT = "shown"  # metadata: what to show for a message whose text is a button's payload or was escaped
_ORDER_NUMBER = re.compile(r"\d{15,24}")


@dataclass
class Spoken:
    """One message. A reply's buttons are not here: see `wire_messages`."""

    sender: str
    id: str
    text: str
    at: str
    event: BotUttered | None = None
    custom: dict[str, Any] | None = None


@dataclass
class Past:
    """What a conversation holds: its messages; text and replies of each client message id.

    silent: ids of the messages that were handed to a person without a reply.
    """

    messages: list[Spoken] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    replies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def has_answered(self, message: str) -> bool:
        """Whether the message of that id was replied to, or handed to a person."""
        return bool(self.replies.get(message)) or message in self.silent


def read(conversation: str, events: Iterable[Event]) -> Past:
    """Everything said, oldest first."""
    past = Past()
    asked: str | None = None
    for event in events:
        if isinstance(event, UserUttered) and event.text is not None:
            asked = str(event.message_id or "")
            _note_asked(past, asked, event)
        elif isinstance(event, BotUttered):
            _note_said(past, asked, event, wire(conversation, event.message(), None))
    return past


def _note_asked(past: Past, asked: str, event: UserUttered) -> None:
    shown = str((event.metadata or {}).get(SHOWN_TEXT) or event.text)
    past.messages.append(Spoken("user", asked, shown, moment(event.timestamp)))
    past.asked[asked] = shown
    past.replies[asked] = []


def _note_said(past: Past, asked: str | None, event: BotUttered, reply: dict[str, Any] | None) -> None:
    if asked is not None and is_silent(event.message()):
        past.silent.add(asked)
    if reply is None:
        return
    past.messages.append(Spoken("bot", reply["id"], reply["text"], reply["at"], event, reply.get("custom")))
    if asked is not None and not (reply.get("custom") or {}).get("author"):
        past.replies[asked].append(reply)  # what a person says is no reply to a message's id


def wire_messages(conversation: str, past: Past, buttons: Buttons) -> list[dict[str, Any]]:
    """The last messages for `history`; the very last reply has its buttons, under the ids that it came with."""
    kept = past.messages[-LENGTH:]
    result = []
    for place, spoken in enumerate(kept, 1):
        message: dict[str, Any] = {"id": spoken.id, "from": spoken.sender, "text": spoken.text, "at": spoken.at}
        if spoken.custom:
            message["custom"] = spoken.custom
        if place == len(kept) and spoken.event is not None:
            reply = wire(conversation, spoken.event.message(), buttons)
            if reply and reply.get("quick_replies"):
                message["quick_replies"] = reply["quick_replies"]
        result.append(message)
    return result


def orders_in(custom: Mapping[str, Any] | None) -> set[str]:
    """The order numbers on a reply's card: the asker's own, which need no mask when they are typed."""
    card = (custom or {}).get("card")
    if not isinstance(card, Mapping):
        return set()
    rows = [card, *(row for row in card.get("orders") or () if isinstance(row, Mapping))]
    return {number for row in rows if _ORDER_NUMBER.fullmatch(number := str(row.get("order_number") or ""))}
