"""Conversations in memory that nobody has talked in for a while are packed, and come back as they were."""

from __future__ import annotations

from bot.stores.memory import LIKE, MemoryBook
from bot.stores.window import Window
from tests.stores.talk import DOMAIN, said, started


def _state(window: Window | None) -> object:
    assert window is not None
    state = window.tracker().current_state()
    return {name: value for name, value in state.items() if name != "sender_id"}


async def test_what_sleeps_takes_little_room_and_wakes_unchanged() -> None:
    book = MemoryBook(10, DOMAIN.slots, awake=1)
    events = [*started(), *(event for place in range(3) for event in said(place))]
    await book.append("first", events, 0)
    before = _state(await book.window("first"))
    await book.append("second", [*started(), *said(0)], 0)
    record = book._records["first"]
    assert record.packed
    assert not record.events
    assert len(record.packed) < 100 * len(events)
    assert [event.as_dict() for event in await book.everything("first")] == [event.as_dict() for event in events]
    assert book._records["second"].packed
    assert _state(await book.window("first")) == before


async def test_many_share_what_they_have_in_common() -> None:
    book = MemoryBook(50, DOMAIN.slots, awake=1)
    talks = {
        f"c{number}": [*started(), *(event for place in range(6) for event in said(place))] for number in range(40)
    }
    for name, events in talks.items():
        await book.append(name, events, 0)
    assert len(book._like) == LIKE
    first, late = book._records["c0"], book._records["c35"]
    assert len(late.packed) < len(first.packed) / 2
    for name, events in talks.items():
        assert [event.as_dict() for event in await book.everything(name)] == [event.as_dict() for event in events]


async def test_a_sleeping_conversation_goes_on_where_it_was() -> None:
    book = MemoryBook(10, DOMAIN.slots, awake=1)
    await book.append("first", [*started(), *said(0)], 0)
    window = await book.window("first")
    assert window is not None
    given = window.tracker()
    await book.append("second", [*started(), *said(0)], 0)
    for event in said(1):
        given.update(event)
    await book.append("first", list(given.events), given.given)
    assert [event.as_dict()["event"] for event in await book.everything("first")] == [
        event.as_dict()["event"] for event in [*started(), *said(0), *said(1)]
    ]


async def test_those_that_sleep_count_for_the_bound_on_all() -> None:
    book = MemoryBook(2, DOMAIN.slots, awake=1)
    for name in ("first", "second", "third"):
        await book.append(name, [*started(), *said(0)], 0)
    assert await book.senders() == ["second", "third"]
    assert book._total == 2 * len([*started(), *said(0)])
    assert set(book._awake) == {"third"}
