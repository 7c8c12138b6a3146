"""What a quick reply stands for. The browser gets an opaque id; the payload stays here, for one conversation, for one press."""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections import OrderedDict
from dataclasses import dataclass

KEPT = 200  # buttons a conversation; the oldest go first
_ID = re.compile(r"b_[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Button:
    """title: what the person saw and pressed; payload: what Rasa gets (an intent, or plain text to be said again)."""

    title: str
    payload: str


class Buttons:
    """The buttons of one conversation that can still be pressed."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._buttons: OrderedDict[str, Button] = OrderedDict()
        self._packed = b""  # all of them, while they rest

    def issue(self, title: str, payload: str) -> str:
        """A new id for the button."""
        name = f"b_{secrets.token_urlsafe(16)}"
        buttons = self._awake()
        buttons[name] = Button(title, payload)
        while len(buttons) > self._kept:
            buttons.popitem(last=False)
        return name

    def take(self, name: str) -> Button | None:
        """The button, which cannot be pressed again; None for one that is unknown, used or forgotten."""
        return self._awake().pop(name, None)

    def give_back(self, name: str, button: Button) -> None:
        """Makes a button usable again whose press came to nothing."""
        self._awake()[name] = button

    def rest(self) -> None:
        """Takes a tenth of the room until one of them is wanted."""
        if self._buttons:
            written = json.dumps([[name, each.title, each.payload] for name, each in self._buttons.items()])
            self._packed = zlib.compress(written.encode())
            self._buttons = OrderedDict()

    def _awake(self) -> OrderedDict[str, Button]:
        if self._packed:
            written = json.loads(zlib.decompress(self._packed))
            self._buttons = OrderedDict((name, Button(title, payload)) for name, title, payload in written)
            self._packed = b""
        return self._buttons


def looks_like_button(text: str) -> bool:
    """Whether a text is a button's id, as stock Rasa clients send it."""
    return _ID.fullmatch(text) is not None
