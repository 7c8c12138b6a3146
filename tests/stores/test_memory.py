"""Conversations in memory that nobody has talked in for a while are packed, and come back as they were."""

from __future__ import annotations

import gc
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from rasa.shared.core.events import Event

from bot.stores.memory import ON_AVERAGE, MemoryBook
from bot.stores.window import Window
from tests.stores.talk import DOMAIN, said, started

MANY = 60
TURNS = 6


def _state(window: Window | None) -> object:
    assert window is not None
    state = window.tracker().current_state()
    return {name: value for name, value in state.items() if name != "sender_id"}


def _talk(turns: int) -> list[Event]:
    return [*started(), *(event for place in range(turns) for event in said(place))]


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def _room(book: MemoryBook, kind: str, count: int) -> int:
    """Bytes that the book takes for so many conversations more."""
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        await book.append(f"{kind}{number}", _talk(TURNS), 0)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.usefixtures("traced")
async def test_what_sleeps_takes_little_room() -> None:
    awake = await _room(MemoryBook(MANY, DOMAIN.slots, awake=MANY), "a", MANY)
    asleep = await _room(MemoryBook(MANY, DOMAIN.slots, awake=1), "b", MANY)
    assert asleep < awake / 4


@pytest.mark.usefixtures("traced")
async def test_many_share_what_they_have_in_common() -> None:
    """Those that are packed later refer to those that were first. Beside its text, a record takes some 400 bytes."""
    alone = len(zlib.compress(json.dumps([event.as_dict() for event in _talk(TURNS)]).encode()))
    book = MemoryBook(3 * MANY, DOMAIN.slots, awake=1)
    await _room(book, "first", MANY)
    assert await _room(book, "later", MANY) / MANY < alone / 2 + 450


async def test_what_sleeps_wakes_unchanged() -> None:
    book = MemoryBook(MANY, DOMAIN.slots, awake=1)
    talks = {f"c{number}": _talk(TURNS) for number in range(MANY)}
    states = {}
    for name, events in talks.items():
        await book.append(name, events, 0)
        states[name] = _state(await book.window(name))
    for name, events in talks.items():
        assert [event.as_dict() for event in await book.everything(name)] == [event.as_dict() for event in events]
        assert _state(await book.window(name)) == states[name]


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
    book = MemoryBook(4, DOMAIN.slots, awake=1)
    long = (4 * ON_AVERAGE // 3 - 3) // len(said(0))  # turns: three such conversations are just within the bound
    for name in ("first", "second", "third"):
        await book.append(name, _talk(long), 0)
    assert await book.senders() == ["first", "second", "third"]
    await book.append("fourth", _talk(3), 0)
    assert await book.senders() == ["second", "third", "fourth"]


async def test_those_that_are_forgotten_in_their_sleep_count_no_more() -> None:
    book = MemoryBook(2, DOMAIN.slots, awake=1)
    for number in range(MANY):
        await book.append(f"c{number}", _talk(1), 0)
    assert await book.senders() == [f"c{MANY - 2}", f"c{MANY - 1}"]
