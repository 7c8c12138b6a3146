"""The end of a conversation, small enough that a turn costs the same whatever came before it.

Rasa reads a conversation back, replays all of it and hands all of it to policies and actions, each turn. What a turn
needs is the state (slots, open form, …) and the last turns. So the events from before those are condensed: into events
that set the slots as they were, and open the form that was open, where code that looks backwards finds them.

Events are shared between trackers and are taken for immutable, which is what Rasa declares them to be. What it changes
about an event (its time, the model's id, the entities of the message that has just come) it changes before the event is
saved, or to the value that it has already.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, REQUESTED_SLOT
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    ConversationPaused,
    ConversationResumed,
    Event,
    ReminderScheduled,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

# User turns that a tracker has at least. A turn looks at one or two before it, and at the last reply that was about a
# topic; twelve leaves room for a long stretch of thanks and small talk. Measured: a turn takes
# 3.1 ms with 4, 3.4 with 12, 3.9 with 24, and with all of 100 turns 67.
TURNS = 12
# How many more there may be before the front is condensed again: condensing replays what it condenses.
SLACK = 4

UNDOES = (UserUtteranceReverted, ActionReverted)


class WindowedTracker(DialogueStateTracker):
    """A tracker that knows how many of its events came from the store: what follows them is new."""

    given: int = 0

    def copy(self) -> WindowedTracker:
        """Another in the same state. Rasa makes one for each action, and replays every event to get there."""
        made = _in_state_of(self, self.events)
        made.given = self.given
        return made


class Window:
    """The last turns of a conversation, in front of them what condenses the rest of its last session."""

    def __init__(self, sender_id: str, events: Sequence[Event], slots: Iterable[Slot]) -> None:
        """events: all of the conversation, or of its last session; slots: the domain's."""
        self._slots = tuple(slots)
        self._now = _replayed(sender_id, _last_session(events), self._slots)
        self._condensed = 0  # events in front that stand for others
        self._turns = _turns(self._now.events)
        self._narrow()

    def add(self, events: Sequence[Event]) -> bool:
        """Takes in what has happened since.

        False: something before it was undone, perhaps more than the window has. The window is of no use any more, and
        is to be made anew from the whole session.
        """
        for event in events:
            self._now.update(event)
        if any(isinstance(event, UNDOES) for event in events):
            return False
        self._turns += _turns(events)
        if any(isinstance(event, SessionStarted) for event in events):
            self._put(_last_session(list(self._now.events)), 0)
        self._narrow()
        return True

    def tracker(self, events: Sequence[Event] | None = None) -> WindowedTracker:
        """A tracker of its own, in the state that replaying the whole conversation gives.

        events: what it holds; the window's by default.
        """
        made = _in_state_of(self._now, self._now.events if events is None else events)
        made.given = len(made.events)
        return made

    def _narrow(self) -> None:
        if self._turns <= TURNS + SLACK:
            return
        events = list(self._now.events)
        starts = [place for place in turn_starts(events) if place > self._condensed]
        for place in reversed(starts[: 1 - TURNS]):
            front = condensed(self._now.sender_id, events[:place], self._slots)
            if _stands_alone(front, events[place:]):
                self._put([*front, *events[place:]], len(front))
                return

    def _put(self, events: Sequence[Event], condensed_events: int) -> None:
        self._now.events.clear()
        self._now.events.extend(events)
        self._condensed = condensed_events
        self._turns = _turns(events[condensed_events:])


def turn_starts(events: Sequence[Event]) -> list[int]:
    """Where a tracker can begin: the `action_listen` before each message, by its place among the events."""
    starts: list[int] = []
    listening: int | None = None
    for place, event in enumerate(events):
        if isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME:
            listening = place
        elif isinstance(event, UserUttered) and listening is not None:
            starts.append(listening)
            listening = None
    return starts


def condensed(sender_id: str, events: Sequence[Event], slots: Iterable[Slot]) -> list[Event]:
    """Few events that leave a tracker as all of these do, for a turn to follow.

    They are the session's beginning, the slots, and if a form is open: the message that opened it, the last one that
    Rasa has applied (`_has_session_expired` takes its time; those that answer a form do not count), the form and what it
    asks for. The form's own last run is there where the next one takes up from it (`applied_events`).
    """
    state = _replayed(sender_id, events, slots)
    at = events[-1].timestamp
    applied: list[Event] = state.applied_events()
    front: list[Event] = _beginning(_last_session(events))
    form = _open_form(state, events, applied, at) if state.active_loop_name else []
    there = {event.key for event in form if isinstance(event, SlotSet)}
    front += [
        SlotSet(slot.name, slot.value, at)
        for slot in state.slots.values()
        if _is_worth_setting(slot) and slot.name not in there
    ]
    front += form
    now = time.time()
    front += [
        event for event in applied if isinstance(event, ReminderScheduled) and event.trigger_date_time.timestamp() > now
    ]
    if state.is_paused():
        front.append(ConversationPaused(at))
    return front


def _open_form(
    state: DialogueStateTracker, events: Sequence[Event], applied: Sequence[Event], at: float
) -> list[Event]:
    loop = state.active_loop
    messages = [event for event in events if isinstance(event, UserUttered)]
    opened_by = next((event for event in reversed(messages) if event.parse_data is loop.trigger_message), None)
    last = next((event for event in reversed(applied) if isinstance(event, UserUttered)), None)
    front: list[Event] = _message(opened_by)
    front.append(ActiveLoop(loop.name, at))
    if last is not opened_by:
        front += _message(last)
    # Rasa drops a form's earlier runs, unless something else was done since; the same has to come out of this front.
    if not state._first_loop_execution_or_unhappy_path(loop.name, [*applied, ActionExecuted(ACTION_LISTEN_NAME)]):
        front.append(ActionExecuted(loop.name, timestamp=at))
    if loop.rejected:
        front.append(ActionExecutionRejected(loop.name, timestamp=at))
    if REQUESTED_SLOT in state.slots:
        front.append(SlotSet(REQUESTED_SLOT, state.get_slot(REQUESTED_SLOT), at))
    return front


def _message(event: UserUttered | None) -> list[Event]:
    if event is None:
        return []
    return [ActionExecuted(ACTION_LISTEN_NAME, timestamp=event.timestamp), event]


def _is_worth_setting(slot: Slot) -> bool:
    """Whether a tracker without the slot's events would differ: in its value, or in features (`has_been_set`)."""
    return slot.has_been_set and (slot.value != slot.initial_value or slot.influence_conversation)


def _last_session(events: Sequence[Event]) -> Sequence[Event]:
    """The events from where the last session begins; all where none does. A session's start resets all state."""
    for place in range(len(events) - 1, -1, -1):
        if isinstance(events[place], SessionStarted):
            return events[place - 1 :] if place and _starts_session(events[place - 1]) else events[place:]
    return events


def _beginning(session: Sequence[Event]) -> list[Event]:
    """SessionStarted, with the action before it; nothing where a session has begun without."""
    length = next((place for place, event in enumerate(session[:2], 1) if isinstance(event, SessionStarted)), 0)
    return list(session[:length])


def _starts_session(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_SESSION_START_NAME


def _stands_alone(front: Sequence[Event], events: Sequence[Event]) -> bool:
    """Whether nothing in the events undoes something of the front, and a message of theirs is left."""
    if not any(isinstance(event, UNDOES) for event in events):
        return True
    if any(isinstance(event, Restarted) for event in events):
        return True  # it leaves nothing that could be undone
    between = ConversationResumed()
    probe = DialogueStateTracker("probe", ())
    probe.events.extend([*front, between, *events])
    left = probe.applied_events()
    place = next((place for place, event in enumerate(left) if event is between), None)
    return place is not None and any(isinstance(event, UserUttered) for event in left[place:])


def _turns(events: Iterable[Event]) -> int:
    return sum(isinstance(event, UserUttered) for event in events)


def _replayed(sender_id: str, events: Iterable[Event], slots: Iterable[Slot]) -> WindowedTracker:
    """A tracker to which every event was applied, as Rasa's SQL store does."""
    tracker = WindowedTracker(sender_id, ())
    tracker.slots = {slot.name: _copied(slot) for slot in slots}
    for event in events:
        tracker.update(event)
    return tracker


def _in_state_of(tracker: DialogueStateTracker, events: Iterable[Event]) -> WindowedTracker:
    """A tracker of its own in the state of another, with these events."""
    made = WindowedTracker(tracker.sender_id, ())
    made.slots = {name: _copied(slot) for name, slot in tracker.slots.items()}
    made.events.extend(events)
    made._paused = tracker._paused
    made.followup_action = tracker.followup_action
    made.latest_action = tracker.latest_action
    made.latest_message = tracker.latest_message
    made.latest_bot_utterance = tracker.latest_bot_utterance
    made.active_loop = replace(tracker.active_loop) if tracker.active_loop is not None else None
    return made


def _copied(slot: Slot) -> Any:
    """As `copy.copy`, which takes ten times as long to find out that there is nothing special about a slot."""
    made = object.__new__(type(slot))
    made.__dict__.update(slot.__dict__)
    return made
