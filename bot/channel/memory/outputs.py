"""From Rasa's bot messages to the wire: one event a reply, uncut, with opaque buttons and the reply's data."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.channel.memory.buttons import Buttons

CHANNEL = "widget"  # xiaoer.principal believes the principal that this channel puts into the metadata
META = "xiaoer"  # where bot.answers.generator and the actions put a reply's data (bot.dialogue.turn.META; a test compares them)
# Of that data, what a browser gets; the rest steers the dialogue.
SHOWN = ("outcome", "choice", "topic", "product", "article", "sources", "as_of", "grade", "card", "author")


def moment(timestamp: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reply_id(conversation: str, timestamp: float) -> str:
    """A reply's id. It follows from the event, so history gives the same one as the live event did."""
    return "m-" + hashlib.sha256(f"{conversation} {timestamp!r}".encode()).hexdigest()[:20]


def data_of(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """`custom` of a reply: what the assistant says about it, or a custom payload of somebody else's action."""
    data = message.get(META)
    if isinstance(data, Mapping):
        return {name: data[name] for name in SHOWN if data.get(name) is not None}
    return dict(message["custom"]) if isinstance(message.get("custom"), Mapping) and message["custom"] else None


def is_silent(message: Mapping[str, Any]) -> bool:
    """Whether a message says that nothing is said, because a person has the conversation (actions.tasks.handoff)."""
    data = message.get(META)
    return isinstance(data, Mapping) and bool(data.get("silent"))


def quick_replies(buttons: Buttons, offered: list[Mapping[str, Any]] | None) -> list[dict[str, str]]:
    """Rasa's buttons as the wire has them."""
    return [
        {
            "title": str(each["title"]),
            "payload": buttons.issue(str(each["title"]), str(each.get("payload") or each["title"])),
            "content_type": "text",
        }
        for each in offered or ()
        if each.get("title")
    ]


def wire(conversation: str, message: Mapping[str, Any], buttons: Buttons) -> dict[str, Any] | None:
    """A bot message of Rasa (`BotUttered.message()`) as `bot_uttered`; None where there is nothing to show."""
    text = str(message.get("text") or "").strip()
    custom = data_of(message)
    offered = message.get("buttons") or message.get("quick_replies")
    if not text and not offered and not (custom and (custom.get("card") or META not in message)):
        return None
    timestamp = float(message["timestamp"])
    reply: dict[str, Any] = {"id": reply_id(conversation, timestamp), "text": text, "at": moment(timestamp)}
    if offered:
        reply["quick_replies"] = quick_replies(buttons, offered)
    if custom:
        reply["custom"] = custom
    return reply


class WidgetOutput(OutputChannel):
    """Gives every reply of a turn to `deliver`, whole. silent: the assistant chose to say nothing."""

    def __init__(self, buttons: Buttons, deliver: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._buttons = buttons
        self._deliver = deliver
        self.silent = False

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """One event for one message; Rasa's own version splits text, buttons and custom data into several."""
        self.silent = self.silent or is_silent(message)
        reply = wire(recipient_id, message, self._buttons)
        if reply is not None:
            await self._deliver(reply)
