"""A way to run one action in process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from xiaoer.asked import SLOT, Asked
from xiaoer.principal import Principal


@dataclass(frozen=True)
class Said:
    """What one run of an action said and set."""

    text: str
    buttons: list[dict[str, str]]
    meta: dict[str, Any]
    slots: dict[str, Any]

    @property
    def outcome(self) -> str:
        return str(self.meta["outcome"])


@pytest.fixture
def ask(database: Path) -> Callable[..., Said]:
    """ask(action, principal or "buyer:demo", slots=..., **entities): runs it once, exactly one utterance."""

    def run(action: Action, who: str | Principal = "buyer:demo", slots: Any = None, **entities: str) -> Said:
        shell = isinstance(who, str)
        message = {
            "entities": [{"entity": name, "value": value} for name, value in entities.items()],
            "metadata": {} if shell else {"principal": who.as_dict()},
        }
        events = [{"event": "user", "input_channel": "cmdline" if shell else "widget"}]
        sender = who if isinstance(who, str) else "conversation"
        named = tuple(value for name, value in entities.items() if name == "product")
        asked = Asked(products=named, topical=next(iter(named), str((slots or {}).get("product") or ""))).as_slot()
        tracker = Tracker(sender, {**(slots or {}), SLOT: asked}, message, events, False, None, {}, None)
        dispatcher = CollectingDispatcher()
        set_slots = asyncio.run(action.run(dispatcher, tracker, {}))
        assert len(dispatcher.messages) == 1, "an action says exactly one thing"
        said = dispatcher.messages[0]
        assert said["text"].strip()
        return Said(
            said["text"], said["buttons"], said["xiaoer"], {event["name"]: event["value"] for event in set_slots}
        )

    return run
