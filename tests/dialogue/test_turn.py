"""A turn is read off the tracker once, however often it is asked for; what knowledge no longer has is left out of it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue import turn as turns
from bot.dialogue.turn import Turn, turn_of


def said(text: str, product: str = "freight", before: tuple[Any, ...] = ()) -> DialogueStateTracker:
    entities = [{"entity": "product", "value": product, "start": 0, "end": 3}]
    parsed = {"intent": {"name": "claim_steps", "confidence": 1.0}, "entities": entities, "text": text}
    slots = [AnySlot(name, mappings=[{}]) for name in ("product", "stated_role")]
    events = [*before, ActionExecuted("action_listen"), UserUttered(text, parsed["intent"], entities, parsed)]
    return DialogueStateTracker.from_events("buyer:demo", events, slots=slots)


@pytest.fixture
def understood(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were understood, one after the other."""
    texts: list[str] = []
    understand = turns.understood

    def noted(tracker: DialogueStateTracker, message: Any) -> Turn:
        texts.append(message.text)
        return understand(tracker, message)

    monkeypatch.setattr(turns, "understood", noted)
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


def test_messages_do_not_pile_up(understood: list[str]) -> None:
    first, *_ = trackers = [said(f"怎么理赔{number}") for number in range(200)]
    for tracker in trackers:
        turn_of(tracker)
    turn_of(first)
    assert understood.count(first.latest_message.text) == 2, "forgotten meanwhile"


@pytest.mark.model
async def test_what_opens_a_form_comes_last(talk: Any, assistant: Any, database: Any) -> None:
    conversation = talk("seller:demo")
    await conversation.say("能帮我开退货宝吗？多久生效？")
    turn = turn_of(await assistant.tracker(conversation.id))
    assert [(question.topic, question.product) for question in turn.questions] == [
        ("coverage_period", "return_care"),
        ("request_enable", "return_care"),
    ]


def test_a_product_that_is_gone_is_dropped_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "bot.dialogue.turn")
    pressed = turn_of(said("/claim_steps", "no_such_thing"))
    assert (pressed.product, pressed.products, pressed.topical) == ("freight", (), "")
    assert "no_such_thing" in caplog.text


def test_a_product_that_the_conversation_had_and_is_gone_is_dropped() -> None:
    before = (UserUttered("那个呢"), SlotSet("product", "no_such_thing"), BotUttered("…"))
    turn = turn_of(said("怎么理赔", "return_care", before))
    assert turn.past.product is None
    assert not turn.questions[0].carried


@pytest.mark.parametrize("stated", ["admin", {"a": 1}, ["seller"]])
def test_a_side_is_buyer_or_seller(stated: Any) -> None:
    tracker = said("怎么理赔")
    tracker.update(SlotSet("stated_role", stated))
    assert turn_of(tracker).audience != stated
