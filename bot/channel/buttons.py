"""What a quick reply stands for. The browser gets an opaque id; the payload stays here, for one conversation, for one press."""

from __future__ import annotations

import re
import secrets
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

    def issue(self, title: str, payload: str) -> str:
        """A new id for the button."""
        name = f"b_{secrets.token_urlsafe(16)}"
        self._buttons[name] = Button(title, payload)
        while len(self._buttons) > self._kept:
            self._buttons.popitem(last=False)
        return name

    def take(self, name: str) -> Button | None:
        """The button, which cannot be pressed again; None for one that is unknown, used or forgotten."""
        return self._buttons.pop(name, None)

    def give_back(self, name: str, button: Button) -> None:
        """Makes a button usable again whose press came to nothing."""
        self._buttons[name] = button


def looks_like_button(text: str) -> bool:
    """Whether a text is a button's id, as stock Rasa clients send it."""
    return _ID.fullmatch(text) is not None
