"""A tracker with the end of a conversation says what one with all of it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.past import past_of
from bot.stores import window
from bot.stores.trackers import WindowedTrackerStore
from tests.stores.talk import DOMAIN, STEPS, said, started, step, user


def whole(events: Sequence[Event]) -> DialogueStateTracker:
    """All of the last session, replayed as Rasa's SQL store replays it."""
    begins = max((place for place, event in enumerate(events) if isinstance(event, SessionStarted)), default=1) - 1
    return DialogueStateTracker.from_events("c", list(events)[begins:], DOMAIN.slots)


def state(tracker: DialogueStateTracker) -> dict[str, Any]:
    return {
        "slots": tracker.current_slot_values(),
        "loop": tracker.active_loop,
        "action": tracker.latest_action,
        "message": tracker.latest_message.text,
        "followup": tracker.followup_action,
        "paused": tracker.is_paused(),
        "channel": tracker.get_latest_input_channel(),
        "listens first": not tracker.applied_events(),
        "expires by": getattr(tracker.get_last_event_for(UserUttered), "timestamp", None),
        "carried": {e.key: e.value for e in tracker.applied_events() if isinstance(e, SlotSet) and e.value is not None},
    }


def carries_the_same(expected: dict[str, Any], got: dict[str, Any]) -> None:
    """A slot that was never set differs from one set to what it is anyway in nothing but the events."""
    for name, value in expected["carried"].items():
        if value != expected["slots"][name]:
            continue  # reset since
        initial = next(slot.initial_value for slot in DOMAIN.slots if slot.name == name)
        assert got["carried"].get(name, initial) == value
    expected.pop("carried"), got.pop("carried")


def looking_back(tracker: DialogueStateTracker) -> dict[str, Any]:
    """What the turn's code sees when the next message has come."""
    past = past_of(tracker, ())
    return {"form": past.form, "asked for": past.requested, "before": (past.asked, past.data)}


async def talks(steps: Sequence[str]) -> None:
    store, plain = WindowedTrackerStore(DOMAIN), InMemoryTrackerStore(DOMAIN)
    everything: list[Event] = []
    for number, kind in enumerate(["start", *steps]):
        tracker = await store.get_or_create_tracker("c", append_action_listen=False)
        other = await plain.get_or_create_full_tracker("c", append_action_listen=False)
        new = [*started(), *said(0)] if kind == "start" else step(kind, number, tracker)
        for event in new:
            tracker.update(event)
            other.update(event)
        await store.save(tracker)
        await plain.save(other)
        everything += new

        got, expected = await store.retrieve("c"), whole(everything)
        assert got is not None
        of_got, of_expected = state(got), state(expected)
        carries_the_same(of_expected, of_got)
        assert of_got == of_expected
        again = state(got.copy())  # what an action gets
        for part in ("slots", "loop", "action", "message", "paused", "followup"):
            assert again[part] == of_expected[part], part
        if not any(isinstance(event, window.UNDOES) for event in got.events):
            assert sum(isinstance(event, UserUttered) for event in got.events) <= window.TURNS + window.SLACK + 2
        now = {"form": expected.active_loop_name, "asked for": expected.get_slot(REQUESTED_SLOT)}
        for each in (got, expected):
            each.update(user("next"))
        seen, all_seen = looking_back(got), looking_back(expected)
        if any(all_seen[part] != now[part] for part in now):
            # A form that was undone, a slot that was reset: the last event about it is not true. A window need not say so.
            all_seen = all_seen | {part: seen[part] for part in now}
        assert seen == all_seen
        topic = past_of(got, ()).topic
        assert topic in (None, past_of(expected, ()).topic)
    kept, stored = await store.retrieve_full_tracker("c"), await plain.retrieve_full_tracker("c")
    assert [event.as_dict() for event in kept.events] == [event.as_dict() for event in stored.events]


@pytest.fixture(scope="module", autouse=True)
def small_windows() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "TURNS", 3)
        patch.setattr(window, "SLACK", 1)
        yield


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_any_conversation(steps: list[str]) -> None:
    asyncio.run(talks(steps))


@pytest.mark.parametrize(
    "steps",
    [
        ["first_form", *["answer"] * 12, "finish", *["say"] * 9],
        ["first_form", *["say", "answer"] * 7, "finish"],
        ["first_form", *["say"] * 12, "answer", "answer"],
        ["first_form", *["refuse"] * 9, "answer", "answer"],
        ["first_form", "refuse", *["say"] * 9],
        ["pause", "first_form", "answer", "back", "say"],
        *(["first_form", *["say"] * questions, *["answer"] * 9] for questions in range(1, 6)),
        ["say", *["fallback"] * 12, "say"],
        [*["say"] * 9, *["back"] * 9, "say"],
        ["first_form", *["say"] * 9, "session", *["say"] * 9],
        ["pause", *["say"] * 9, "resume", *["say"] * 9],
        ["first_form", "finish", "second_form", *["answer"] * 9, "restart", *["say"] * 9],
    ],
    ids=lambda steps: "-".join(f"{len(list(same))}{kind}" for kind, same in groupby(steps)),
)
def test_long_stretches(steps: list[str]) -> None:
    asyncio.run(talks(steps))


def test_a_turn_is_given_as_much_after_400_turns_as_after_20() -> None:
    made = window.Window("c", started(), DOMAIN.slots)
    lengths = []
    for number in range(400):
        made.add(said(number))
        lengths.append(len(made.tracker().events))
    assert max(lengths[-20:]) == max(lengths[20:40])


def test_a_form_that_is_open_for_long_is_found_with_what_it_asks_for() -> None:
    made = window.Window("c", started(), DOMAIN.slots)
    made.add(step("first_form", 0, made.tracker()))
    for number in range(50):
        made.add(said(number))
    tracker = made.tracker()
    tracker.update(user("next"))
    past = past_of(tracker, ())
    assert (past.form, past.requested) == ("first_form", "product")
    assert not any(getattr(event, "text", "") == "q3" for event in tracker.events)
    assert tracker.active_loop.trigger_message["text"] == "q0"
    opened = [getattr(event, "key", event.type_name) for event in tracker.events]
    assert opened.index("active_loop") < opened.index(REQUESTED_SLOT)
    assert [event.type_name for event in list(tracker.events)[:2]] == ["action", "session_started"]


def test_events_are_left_as_they_are() -> None:
    """They are shared by every tracker that is given out."""
    events = [*started(), *said(0), *step("first_form", 1, whole([])), *[e for n in range(20) for e in said(n)]]
    before = [event.as_dict() for event in events]
    made = window.Window("c", events, DOMAIN.slots)
    tracker = made.tracker()
    tracker.model_id, tracker.assistant_id = "model", "assistant"
    tracker.copy().applied_events()
    tracker.update(user("next"))
    assert [event.as_dict() for event in events] == before
