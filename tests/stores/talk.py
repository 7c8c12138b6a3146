"""Conversations as Rasa's processor would write them, event by event."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

_NO_FEATURE = {"influence_conversation": False, "mappings": [{"type": "custom"}]}
DOMAIN = Domain.from_dict(
    {
        "version": "3.1",
        "slots": {
            "product": {"type": "text", **_NO_FEATURE},
            "shop": {"type": "text", "initial_value": "none", **_NO_FEATURE},
            "orders": {"type": "list", **_NO_FEATURE},
        },
        "forms": {
            "first_form": {"required_slots": ["product", "shop"]},
            "second_form": {"required_slots": ["product"]},
        },
        "actions": ["action_look"],
    }
)
STEPS = (
    "say", "say", "say", "look", "first_form", "second_form", "answer", "answer", "refuse", "finish", "fallback", "back",
    "session", "restart", "pause", "resume", "reset", "staff",
)  # fmt: skip

_clock = itertools.count(int(time.time()))


def _at() -> float:
    return float(next(_clock))


def user(text: str) -> UserUttered:
    return UserUttered(
        text, {"name": "ask"}, [], {"text": text, "intent": {"name": "ask"}, "entities": []}, _at(), "widget", text
    )


def did(name: str) -> ActionExecuted:
    return ActionExecuted(name, timestamp=_at())


def bot(text: str, topic: str | None = None, *, at: float | None = None) -> BotUttered:
    return BotUttered(text, {}, {"xiaoer": {"topic": topic}}, _at() if at is None else at)


def said(number: int) -> list[Event]:
    """A plain turn."""
    return [
        user(f"q{number}"), SlotSet("product", f"p{number}", _at()), did("utter_answer"), bot(f"a{number}", f"t{number}"),
        did("action_listen"),
    ]  # fmt: skip


def started(carried: Sequence[SlotSet] = ()) -> list[Event]:
    again = [SlotSet(event.key, event.value, _at()) for event in carried]
    return [did("action_session_start"), SessionStarted(_at()), *again, did("action_listen")]


def step(kind: str, number: int, tracker: DialogueStateTracker) -> list[Event]:
    """What a turn of that kind adds to the tracker; a plain one where the kind does not fit."""
    form = tracker.active_loop_name
    asks = user(f"q{number}")
    if kind == "session":
        carried = [event for event in tracker.applied_events() if isinstance(event, SlotSet)]
        return [*started(carried), *said(number)]
    if kind == "staff":
        return [bot(f"s{number}")]
    if kind in ("pause", "resume", "reset"):
        does = {"pause": ConversationPaused, "resume": ConversationResumed, "reset": AllSlotsReset}[kind](_at())
        return [asks, did("action_look"), does, did("action_listen")]
    if kind == "restart":
        return [asks, did("action_restart"), Restarted(_at()), *started()]
    if kind == "look":
        return [asks, did("action_look"), SlotSet("orders", [str(number)], _at()), bot("x"), did("action_listen")]
    if kind == "fallback":
        undone = UserUtteranceReverted(_at())
        return [asks, SlotSet("product", "lost", _at()), did("action_default_fallback"), undone, did("action_listen")]
    if kind == "back":
        undone = [UserUtteranceReverted(_at()), UserUtteranceReverted(_at())]
        return [asks, did("action_back"), *undone, did("action_listen")]
    if kind.endswith("_form") and form is None:
        opens = [did(kind), ActiveLoop(kind, _at()), SlotSet(REQUESTED_SLOT, "product", _at())]
        return [asks, *opens, bot("which?"), did("action_listen")]
    if form is not None:
        if kind == "answer":
            filled = [SlotSet("shop", f"s{number}", _at()), SlotSet(REQUESTED_SLOT, f"r{number}", _at())]
            return [asks, did(form), *filled, bot("and?"), did("action_listen")]
        if kind == "refuse":
            refused = ActionExecutionRejected(form, timestamp=_at())
            return [asks, refused, did("utter_answer"), bot("no", "t"), did("action_listen")]
        if kind == "finish":
            ends = [SlotSet(REQUESTED_SLOT, None, _at()), ActiveLoop(None, _at())]
            return [asks, did(form), *ends, bot("done"), did("action_listen")]
    return said(number)
