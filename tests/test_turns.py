"""A turn is read off the tracker once, however often it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue import turn as turns
from bot.dialogue.turn import Turn, turn_of


def said(text: str, product: str = "freight") -> DialogueStateTracker:
    entities = [{"entity": "product", "value": product, "start": 0, "end": 3}]
    parsed = {"intent": {"name": "claim_steps", "confidence": 1.0}, "entities": entities, "text": text}
    slots = [AnySlot(name, mappings=[{}]) for name in ("product", "stated_role")]
    events = [ActionExecuted("action_listen"), UserUttered(text, parsed["intent"], entities, parsed)]
    return DialogueStateTracker.from_events("buyer:demo", events, slots=slots)


@pytest.fixture
def understood(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were understood, one after the other."""
    texts: list[str] = []
    understand = turns._understood

    def noted(tracker: DialogueStateTracker, message: Any) -> Turn:
        texts.append(message.text)
        return understand(tracker, message)

    monkeypatch.setattr(turns, "_understood", noted)
    return texts


def test_once_for_a_message_and_anew_when_a_slot_has_changed(understood: list[str]) -> None:
    tracker = said("怎么理赔")
    first = turn_of(tracker)
    tracker.update(ActionExecuted("utter_answer"))
    second = turn_of(tracker.copy())
    assert understood == ["怎么理赔"]
    assert (first.answered, second.answered) == (0, 1)
    assert first.questions == second.questions
    tracker.update(SlotSet("stated_role", "seller"))
    assert turn_of(tracker).stated_role == "seller"
    assert understood == ["怎么理赔"] * 2


def test_equal_messages_of_two_conversations_are_not_taken_for_each_other(understood: list[str]) -> None:
    one, other = said("怎么理赔"), said("怎么理赔", "return_care")
    assert [turn_of(each).product for each in (one, other, one)] == ["freight", "return_care", "freight"]
    assert len(understood) == 2


def test_messages_do_not_pile_up() -> None:
    trackers = [said(f"怎么理赔{number}") for number in range(turns._TURNS_AT_ONCE + 5)]
    for tracker in trackers:
        turn_of(tracker)
    assert len(turns._LATEST) <= turns._TURNS_AT_ONCE
