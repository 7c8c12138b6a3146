"""From Rasa's bot messages to the wire: one event a reply, uncut, with opaque buttons and the reply's data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.channel.memory.buttons import Buttons, offered, reply_id
from xiaoer.reply import META, SHOWN
from xiaoer.reply import data_of as said_of

CHANNEL = "widget"  # xiaoer.principal believes the principal that this channel puts into the metadata


def moment(timestamp: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def data_of(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """`custom` of a reply: what the assistant says about it, or a custom payload of somebody else's action."""
    data = said_of(message)
    if data or META in message:
        return {name: data[name] for name in SHOWN if data.get(name) is not None}
    return dict(message["custom"]) if isinstance(message.get("custom"), Mapping) and message["custom"] else None


def is_silent(message: Mapping[str, Any]) -> bool:
    """Whether a message says that nothing is said, because a person has the conversation (actions.tasks.handoff)."""
    return bool(said_of(message).get("silent"))


def wire(conversation: str, message: Mapping[str, Any], buttons: Buttons | None) -> dict[str, Any] | None:
    """A bot message of Rasa (`BotUttered.message()`) as `bot_uttered`; None where there is nothing to show.

    buttons: None leaves them out.
    """
    text = str(message.get("text") or "").strip()
    custom = data_of(message)
    has_buttons = bool(offered(message))
    if not text and not has_buttons and not (custom and (custom.get("card") or META not in message)):
        return None
    timestamp = float(message["timestamp"])
    reply: dict[str, Any] = {"id": reply_id(conversation, timestamp), "text": text, "at": moment(timestamp)}
    if has_buttons and buttons is not None:
        reply["quick_replies"] = buttons.of_reply(conversation, reply["id"], message)
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
