"""What may come in: the shape of a message and of a judgement, whichever wire they come by."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from bot.channel.guard.problems import Problem
from bot.channel.memory.buttons import looks_like_button
from bot.staff.unanswered.feedback import LONGEST_REASON

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Sender:
    """Where a message came from. connection: None over plain HTTP."""

    address: str
    connection: str | None = None


@dataclass(frozen=True)
class Incoming:
    """A message as it came. message: text, not cleaned yet, or None; button: an opaque id or None; id: the client's, or ours."""

    id: str
    message: str | None = None
    button: str | None = None

    @classmethod
    def read(cls, data: object, *, id_key: str = "id", message_key: str = "message", button_key: str = "") -> Incoming:
        """From the data of an event or of a request; whatever else is in it has no effect. Raises Problem bad_message."""
        if not isinstance(data, Mapping):
            raise Problem("bad_message")
        name = data.get(id_key)
        if name is None:
            name = f"u-{secrets.token_hex(8)}"
        if not isinstance(name, str) or not _ID.fullmatch(name):
            raise Problem("bad_message")
        message = data.get(message_key) if message_key else None
        button = data.get(button_key) if button_key else None
        given = [each for each in (message, button) if each is not None]
        if len(given) != 1 or not isinstance(given[0], str):
            raise Problem("bad_message")
        if message is not None and looks_like_button(message):  # as stock Rasa clients send a button's payload back
            return cls(name, None, message)
        return cls(name, message, button)


@dataclass(frozen=True)
class Opinion:
    """What somebody thinks of a reply. reply: its id; reason: as typed, not cleaned yet, or nothing."""

    reply: str
    useful: bool
    reason: str = ""

    @classmethod
    def read(cls, data: object) -> Opinion:
        """From the data of an event. Raises Problem bad_message."""
        if not isinstance(data, Mapping):
            raise Problem("bad_message")
        reply, useful, reason = data.get("reply"), data.get("useful"), data.get("reason")
        if not isinstance(reply, str) or not _ID.fullmatch(reply) or not isinstance(useful, bool):
            raise Problem("bad_message")
        if reason is not None and (not isinstance(reason, str) or len(reason) > LONGEST_REASON):
            raise Problem("bad_message")
        return cls(reply, useful, reason or "")
