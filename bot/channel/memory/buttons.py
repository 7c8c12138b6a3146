"""What a quick reply stands for. Nothing is kept for it, so a button outlives a restart and works on every server.

The browser gets an opaque id. Under a reply of Rasa's it is a digest, by the session key, of conversation, reply, place
and what the button stands for, and is looked for among the replies in the tracker. It counts as far back as the store
hands the conversation out for a turn (bot/stores/window.py: the last dozen turns of the last session). That it was
pressed stands in the metadata of the message that came of it: a turn that was not stored leaves the button as it was.

A reply of the channel's own is in no tracker: its buttons carry what they stand for, sealed, and count for an hour.
They are worth no more than what the asker may say or has pressed already.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot.channel.guard.keys import Keys

PRESSED = "button"  # metadata of a message that came of a button: its mark
SEALED = 3600  # seconds that a sealed button counts
_ID = re.compile(r"b_(?:[A-Za-z0-9_-]{22}|gAAAA[A-Za-z0-9_-]{90,}={0,2})")
_MARK = 36  # characters: a whole digest; of a seal its time and its random part


@dataclass(frozen=True)
class Button:
    """title: what the person saw and pressed; payload: what Rasa gets (an intent, or plain text to be said again)."""

    title: str
    payload: str


class Buttons:
    """Makes ids and finds what they stand for."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._box = Fernet(base64.urlsafe_b64encode(keys.digest("sealed button")))

    def of_reply(self, conversation: str, reply: str, message: Mapping[str, Any]) -> list[dict[str, str]]:
        """The buttons of a bot message of Rasa, as the wire has them. reply: its id."""
        named = ((each, self._digest(conversation, reply, place, each)) for place, each in enumerate(offered(message)))
        return _quick_replies(named)

    def of_ours(self, conversation: str, buttons: Iterable[Button]) -> list[dict[str, str]]:
        """Buttons of a reply that is in no tracker."""
        return _quick_replies((each, self._seal(conversation, each)) for each in buttons)

    def find(self, conversation: str, events: Sequence[Event], name: str) -> Button | None:
        """The button of that id; None for one that is made up, another conversation's, too old, or pressed before.

        events: of the conversation, oldest first, while nobody else adds to it.
        """
        if not looks_like_button(name):
            return None
        for event in reversed(events):
            if isinstance(event, UserUttered) and (event.metadata or {}).get(PRESSED) == mark(name):
                return None
            if isinstance(event, BotUttered):
                found = self._under(conversation, event.message(), name)
                if found is not None:
                    return found
        return self._opened(conversation, name)

    def _under(self, conversation: str, message: Mapping[str, Any], name: str) -> Button | None:
        reply = reply_id(conversation, float(message["timestamp"]))
        for place, button in enumerate(offered(message)):
            if hmac.compare_digest(self._digest(conversation, reply, place, button), name):
                return button
        return None

    def _digest(self, conversation: str, reply: str, place: int, button: Button) -> str:
        digest = self._keys.digest("button", conversation, reply, str(place), button.title, button.payload)
        return f"b_{base64.urlsafe_b64encode(digest[:16]).decode().rstrip('=')}"

    def _seal(self, conversation: str, button: Button) -> str:
        written = json.dumps([conversation, button.title, button.payload], ensure_ascii=False)
        return f"b_{self._box.encrypt(written.encode()).decode()}"

    def _opened(self, conversation: str, name: str) -> Button | None:
        try:
            owner, title, payload = json.loads(self._box.decrypt(name[2:].encode(), ttl=SEALED))
        except InvalidToken:
            return None
        return Button(title, payload) if owner == conversation else None


def looks_like_button(text: str) -> bool:
    """Whether a text is a button's id, as stock Rasa clients send it."""
    return _ID.fullmatch(text) is not None


def mark(name: str) -> str:
    """What is kept of an id that was pressed. No two ids have one mark."""
    return name[:_MARK]


def offered(message: Mapping[str, Any]) -> list[Button]:
    """The buttons of a bot message of Rasa (`BotUttered.message()`)."""
    return [
        Button(str(each["title"]), str(each.get("payload") or each["title"]))
        for each in message.get("buttons") or message.get("quick_replies") or ()
        if each.get("title")
    ]


def reply_id(conversation: str, timestamp: float) -> str:
    """A reply's id. It follows from the event, so history gives the same one as the live event did."""
    return "m-" + sha256(f"{conversation} {timestamp!r}".encode()).hexdigest()[:20]


def _quick_replies(named: Iterable[tuple[Button, str]]) -> list[dict[str, str]]:
    return [{"title": button.title, "payload": name, "content_type": "text"} for button, name in named]
