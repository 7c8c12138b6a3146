"""Conversations are kept as they were, in memory and in a database; nothing that was not saved is."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import read_endpoint_config
from sqlalchemy import create_engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import DBAPIError

from bot.stores import database, rows
from bot.stores.database import DatabaseBook
from bot.stores.memory import ON_AVERAGE, MemoryBook
from bot.stores.rows import Rows
from bot.stores.trackers import WindowedTrackerStore
from tests.stores.conftest import Make
from tests.stores.talk import DOMAIN, bot, said, started, step
from xiaoer.errors import SettingError, StoreError
from xiaoer.settings import ROOT


async def turn(store: TrackerStore, events: list[Event], name: str = "c") -> DialogueStateTracker:
    tracker = await store.get_or_create_tracker(name, append_action_listen=False)
    for event in events:
        tracker.update(event)
    await store.save(tracker)
    return tracker


async def talk(store: TrackerStore, turns: int, name: str = "c") -> list[Event]:
    everything: list[Event] = []
    for number in range(turns):
        new = [*(started() if number == 0 else []), *said(number)]
        everything += new
        await turn(store, new, name)
    return everything


async def kept(store: TrackerStore, name: str = "c") -> list[dict[str, Any]]:
    tracker = await store.retrieve_full_tracker(name)
    return dicts(tracker.events) if tracker is not None else []


def dicts(events: Any) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(event.as_dict())) for event in events]


class Broker:
    """Where Rasa's event broker stands."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, event: dict[str, Any]) -> None:
        self.published.append(event)


# ---------------------------------------------------------------------- as Rasa finds it


async def test_rasa_makes_it_from_endpoints_yml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing is set, conversations are in a file that is its owner's alone."""
    monkeypatch.delenv("XIAOER_CONVERSATIONS", raising=False)
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path / "var"))
    config = read_endpoint_config(str(ROOT / "endpoints.yml"), endpoint_type="tracker_store")
    made = TrackerStore.create(config, DOMAIN)
    assert isinstance(made, WindowedTrackerStore)
    await talk(made, 1)
    with closing(sqlite3.connect(tmp_path / "var" / "conversations.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("SELECT count(*) FROM events").fetchone() == (8,)
    files = list((tmp_path / "var").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    made.close()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/x", "::", "sqlite://", "postgres//u:secret@h"])
def test_a_setting_that_cannot_be_used_is_refused_without_its_password(store: Make, url: str) -> None:
    with pytest.raises(SettingError, match="XIAOER_CONVERSATIONS") as error:
        store(url)
    assert "secret" not in str(error.value)


def test_shared_locks_with_conversations_of_ones_own_are_warned_about(
    store: Make, caplog: pytest.LogCaptureFixture
) -> None:
    store(locks="redis://127.0.0.1/0")
    assert "each keeps conversations of its own" in caplog.text


async def test_all_of_rasas_kinds_of_tracker_can_be_saved(store: Make) -> None:
    """A new conversation's first tracker and those of Rasa's HTTP API are plain ones."""
    made = store()
    first = await turn(made, [*started(), *said(0)])
    assert type(first) is DialogueStateTracker
    await made.save(first)
    full = await made.retrieve_full_tracker("c")
    assert full is not None
    for event in said(1):
        full.update(event)
    await made.save(full)
    await made.save(full)
    copy = (await made.retrieve("c")).copy()  # type: ignore[union-attr]
    copy.update(bot("more"))
    await made.save(copy)
    texts = [event.get("text") for event in await kept(made) if event["event"] in ("user", "bot")]
    assert texts == ["q0", "a0", "q1", "a1", "more"]


# ---------------------------------------------------------------------- nothing that was not saved


async def test_a_turn_that_is_not_saved_leaves_no_trace(store: Make) -> None:
    made = store()
    await talk(made, 3)
    await turn(made, step("first_form", 3, await turn(made, [])))
    before, state = await kept(made), (await made.retrieve("c")).current_state()  # type: ignore[union-attr]
    tracker = await made.retrieve("c")
    assert tracker is not None
    for event in [*said(9), *step("refuse", 10, tracker)]:
        tracker.update(event)
    assert await kept(made) == before
    assert (await made.retrieve("c")).current_state() == state  # type: ignore[union-attr]


async def test_of_two_turns_at_once_both_are_kept(store: Make) -> None:
    made = store()
    await talk(made, 2)
    first, second = await made.retrieve("c"), await made.retrieve("c")
    assert first is not None
    assert second is not None
    first.update(bot("one"))
    first.update(SlotSet("shop", "mine"))
    second.update(bot("two"))
    await made.save(first)
    await made.save(second)
    assert [event["text"] for event in await kept(made) if event["event"] == "bot"] == ["a0", "a1", "one", "two"]
    assert (await made.retrieve("c")).get_slot("shop") == "mine"  # type: ignore[union-attr]


async def test_a_conversation_is_there_once_something_was_said(store: Make) -> None:
    made = store()
    await made.get_or_create_tracker("c", append_action_listen=False)
    assert await made.retrieve("c") is None
    assert not await made.exists("c")
    await talk(made, 1)
    assert await made.exists("c")
    assert list(await made.keys()) == ["c"]


async def test_the_broker_hears_of_each_event_once(store: Make) -> None:
    broker = Broker()
    made = store(event_broker=broker)
    everything = await talk(made, 30)
    assert [event["timestamp"] for event in broker.published] == [event.timestamp for event in everything]
    assert {event["sender_id"] for event in broker.published} == {"c"}


async def test_a_new_domain_has_its_slots_in_the_next_turn(store: Make) -> None:
    made = store()
    await talk(made, 30)
    assert (await made.retrieve("c")).get_slot("product") == "p29"  # type: ignore[union-attr]
    made.domain = Domain.from_dict(
        {"version": "3.1", "slots": {"product": DOMAIN.as_dict()["slots"]["product"], "late": {
            "type": "text", "initial_value": "x", "mappings": [{"type": "custom"}]}}}
    )  # fmt: skip
    slots = (await made.retrieve("c")).current_slot_values()  # type: ignore[union-attr]
    assert (slots["product"], slots["late"]) == ("p29", "x")
    assert "shop" not in slots


# ---------------------------------------------------------------------- bounds


async def test_conversations_not_heard_of_longest_are_forgotten(store: Make) -> None:
    made = store(kept=3)
    for name in ("a", "b", "c"):
        await talk(made, 1, name)
    await turn(made, said(1), "a")
    await talk(made, 1, "d")
    assert list(await made.keys()) == ["c", "a", "d"]


async def test_a_conversation_forgotten_while_its_turn_goes_on_goes_on(store: Make) -> None:
    made = store(kept=1)
    await talk(made, 2, "a")
    tracker = await made.retrieve("a")
    assert tracker is not None
    await talk(made, 1, "b")
    for event in said(2):
        tracker.update(event)
    await made.save(tracker)
    assert [event["text"] for event in await kept(made, "a") if event["event"] == "user"] == ["q0", "q1", "q2"]
    assert (await made.retrieve("a")).get_slot("product") == "p2"  # type: ignore[union-attr]


async def test_a_long_conversation_is_shortened_in_front_and_keeps_its_state(store: Make) -> None:
    made = store(book=MemoryBook(10, DOMAIN.slots, events=100))
    await turn(made, [*started(), SlotSet("shop", "first")])
    for number in range(100):
        await turn(made, said(number))
        assert len(await kept(made)) <= 100
    tracker = await made.retrieve_full_tracker("c")
    assert tracker is not None
    replayed = DialogueStateTracker.from_events("c", list(tracker.events), DOMAIN.slots)
    assert (replayed.get_slot("shop"), replayed.get_slot("product")) == ("first", "p99")
    assert [event["text"] for event in await kept(made) if event["event"] == "bot"][-10:] == [
        f"a{number}" for number in range(90, 100)
    ]
    made.domain = Domain.from_dict(DOMAIN.as_dict())  # what is left is enough to make the window anew
    assert (await made.retrieve("c")).get_slot("shop") == "first"  # type: ignore[union-attr]


async def test_many_conversations_one_after_the_other_leave_as_many_as_may_be_kept(store: Make) -> None:
    made = store(kept=4)
    for number in range(60):
        await talk(made, 2, f"c{number}")
    assert list(await made.keys()) == ["c56", "c57", "c58", "c59"]


async def test_long_conversations_leave_room_for_fewer(store: Make) -> None:
    made = store(kept=4)
    for name in "abcd":
        await talk(made, 1, name)
    await talk(made, 4 * ON_AVERAGE // 5, "long")
    assert "long" in await made.keys()
    assert "b" not in await made.keys()
    assert sum([len(await kept(made, name)) for name in await made.keys()]) <= 4 * ON_AVERAGE + 8


# ---------------------------------------------------------------------- a database


async def test_a_database_has_what_memory_has(store: Make, database_url: str) -> None:
    made, plain = store(database_url), InMemoryTrackerStore(DOMAIN)
    kinds = ["start", "say", "first_form", "answer", "session", "fallback", *["say"] * 20, "back", "restart", "say"]
    for number, kind in enumerate(kinds, 1):
        seen = await made.get_or_create_tracker("c", append_action_listen=False)
        new = [*started(), *said(0)] if kind == "start" else step(kind, number, seen)
        other = await plain.get_or_create_full_tracker("c", append_action_listen=False)
        for event in new:
            seen.update(event)
            other.update(event)
        await made.save(seen)
        await plain.save(other)
        again = await store(database_url).retrieve("c")  # after a restart, that is
        here = await made.retrieve("c")
        assert again is not None
        assert here is not None
        assert again.current_state() == here.current_state()
        assert dicts(again.events)[-3:] == dicts(here.events)[-3:]
    assert await kept(made) == await kept(plain)
    assert await made.exists("c")
    assert not await made.exists("d")
    assert list(await made.keys()) == ["c"]


async def test_it_reads_what_rasas_own_store_has_written_and_the_other_way_round(
    store: Make, database_url: str
) -> None:
    rasas = SQLTrackerStore(DOMAIN, host=database_url) if database_url.startswith("postgresql") else None
    if rasas is None:
        path = database_url.removeprefix("sqlite:///")
        Path(path).parent.mkdir()
        rasas = SQLTrackerStore(DOMAIN, db=path)
    await talk(rasas, 3)
    made = store(database_url)
    await turn(made, said(3))
    tracker = await rasas.retrieve("c")
    assert tracker.get_slot("product") == "p3"
    assert dicts(tracker.events) == [event for event in await kept(made) if event.get("name") != "action_session_start"]
    with rasas.session_scope() as session:
        found = session.query(rasas.SQLEvent).order_by(rasas.SQLEvent.id).all()
        columns = [(row.type_name, row.intent_name, row.action_name, row.timestamp) for row in found]
    same = [each[:3] for each in columns]
    assert same[-5:] == same[-10:-5]  # ours beside Rasa's
    rasas.engine.dispose()


async def test_servers_with_shared_locks_see_each_others_turns(store: Make, database_url: str) -> None:
    one, two = (store(database_url, locks="redis://127.0.0.1/0") for _ in range(2))
    for number in range(25):
        await turn((one, two)[number % 2], [*(started() if number == 0 else []), *said(number)])
        for each in (one, two):
            tracker = await each.retrieve("c")
            assert tracker is not None
            assert tracker.get_slot("product") == f"p{number}"
    assert await kept(one) == await kept(two)
    assert [event["text"] for event in await kept(one) if event["event"] == "user"] == [f"q{n}" for n in range(25)]


async def test_a_row_that_another_server_has_put_in_between_is_not_missed(store: Make, database_url: str) -> None:
    one, two = store(database_url), store(database_url)
    await talk(one, 2)
    tracker = await one.retrieve("c")
    assert tracker is not None
    await turn(two, [SlotSet("shop", "theirs")])
    tracker.update(bot("ours"))
    await one.save(tracker)
    assert (await one.retrieve("c")).get_slot("shop") == "theirs"  # type: ignore[union-attr]


async def test_what_is_kept_in_memory_is_bounded_and_the_rest_is_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, read = list[str](), Rows.last_session
    monkeypatch.setattr(Rows, "last_session", lambda self, name: (asked.append(name), read(self, name))[1])
    book = DatabaseBook(Rows(make_url(database_url), 3.0), 90, DOMAIN.slots, shared=False, awake=2)
    for name in "abcd":
        await book.append(name, [*started(), *said(0)], None)
    found = {name: await book.window(name) for name in "dcbad"}
    assert asked == ["b", "a", "d"]
    assert all(window is not None and window.tracker().get_slot("product") == "p0" for window in found.values())
    book.close()


async def test_conversations_that_nobody_has_talked_in_for_long_are_removed(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and once a day while the server runs."""
    day, now = 86_400.0, time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr(time, "time", lambda: now - 91 * day)
        before = store(database_url)
        for number in range(3 * database.REMOVED_AT_ONCE // 2):
            await turn(before, [bot("old", at=now - 91 * day)], f"old-{number}")
        await turn(before, [bot("begun", at=now - 91 * day)], "long")
        await turn(before, [bot("still here", at=now - 89 * day)], "long")
        before.close()
    made = store(database_url)
    assert await _until(lambda: made.keys(), ["long"])
    assert [event["text"] for event in await kept(made, "long")] == ["begun", "still here"]
    await talk(made, 1, "new")
    monkeypatch.setattr(time, "time", lambda: now + 2 * day)
    assert (await made.retrieve("long")).latest_bot_utterance.text == "still here"  # type: ignore[union-attr]
    await turn(made, said(1), "new")
    assert await _until(lambda: made.keys(), ["new"])
    assert await made.retrieve("long") is None  # in memory it is no more, either


async def _until(question: Callable[[], Awaitable[Any]], answer: Any) -> bool:
    for _ in range(200):
        if sorted(await question()) == answer:
            return True
        await asyncio.sleep(0.05)
    return False


async def test_other_conversations_go_on_while_a_write_takes_its_time(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(database_url)
    await talk(made, 1, "slow")
    await talk(made, 1, "other")
    go_on, write = threading.Event(), Rows.write

    def slow(self: Rows, sender_id: str, *rest: Any) -> Any:
        assert go_on.wait(20)
        return write(self, sender_id, *rest)

    monkeypatch.setattr(Rows, "write", slow)
    monkeypatch.setattr(Rows, "write_at_once", somebody_else_is_writing)
    saving = asyncio.ensure_future(turn(made, said(1), "slow"))
    await asyncio.sleep(0.05)
    assert await made.retrieve("other") is not None  # in memory
    assert len(await kept(made, "other")) == 8  # and read
    assert not saving.done()
    reading = asyncio.ensure_future(made.retrieve("slow"))
    await asyncio.sleep(0.05)
    assert not reading.done()  # it waits for what is being written of it
    go_on.set()
    await saving
    assert (await reading).get_slot("product") == "p1"  # type: ignore[union-attr]


def somebody_else_is_writing(*_: Any) -> None:
    """In place of `Rows.write_at_once`."""


async def test_whoever_holds_the_file_holds_up_nobody_but_who_writes(store: Make, tmp_path: Path) -> None:
    made = store(f"sqlite:///{tmp_path}/c.db")
    await talk(made, 1, "waiting")
    await talk(made, 1, "other")
    with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        started_at = time.monotonic()
        saving = asyncio.ensure_future(turn(made, said(1), "waiting"))
        await asyncio.sleep(0.05)
        assert time.monotonic() - started_at < 1.0  # the event loop went on
        assert len(await kept(made, "other")) == 8
        assert not saving.done()
        holder.execute("ROLLBACK")
    await saving
    assert (await made.retrieve("waiting")).get_slot("product") == "p1"  # type: ignore[union-attr]


async def test_what_waits_to_be_stored_is_not_overtaken(
    store: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(f"sqlite:///{tmp_path}/c.db")
    await talk(made, 1)
    go_on, write = threading.Event(), Rows.write
    monkeypatch.setattr(Rows, "write", lambda *given: (go_on.wait(20), write(*given))[1])
    first, second = await made.retrieve("c"), await made.retrieve("c")
    assert first is not None
    assert second is not None
    first.update(bot("first"))
    second.update(bot("second"))
    with monkeypatch.context() as busy:
        busy.setattr(Rows, "write_at_once", somebody_else_is_writing)
        saving = asyncio.ensure_future(made.save(first))
        await asyncio.sleep(0.05)
    also = asyncio.ensure_future(made.save(second))
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(saving, also)
    assert [event["text"] for event in await kept(made) if event["event"] == "bot"] == ["a0", "first", "second"]


async def test_the_log_of_what_was_written_is_cleared(store: Make, tmp_path: Path) -> None:
    made = store(f"sqlite:///{tmp_path}/c.db")
    sizes = []
    for number in range(10 * database.HANDED_OVER):
        await turn(made, said(number))
        if number % database.HANDED_OVER == 0:
            sizes.append((tmp_path / "c.db-wal").stat().st_size)
    assert sizes[-1] == sizes[-3]  # it is used again from its beginning


async def test_a_turn_stopped_while_it_is_stored_is_not_half_there(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(database_url)
    await talk(made, 1)
    go_on, write = threading.Event(), Rows.write
    monkeypatch.setattr(Rows, "write", lambda *given: (go_on.wait(20), write(*given))[1])
    monkeypatch.setattr(Rows, "write_at_once", somebody_else_is_writing)
    saving = asyncio.ensure_future(turn(made, said(1)))
    await asyncio.sleep(0.05)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    go_on.set()
    assert (await made.retrieve("c")).get_slot("product") == "p1"  # type: ignore[union-attr]
    await turn(made, said(2))
    assert [event["text"] for event in await kept(made) if event["event"] == "user"] == ["q0", "q1", "q2"]


async def test_history_read_while_a_turn_is_stored_does_not_bring_an_old_window_back(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk(store(database_url), 1)
    made = store(database_url)
    go_on, read = threading.Event(), Rows.last_session

    def slow(self: Rows, sender_id: str) -> Any:
        found = read(self, sender_id)
        assert go_on.wait(20)
        return found

    with monkeypatch.context() as slowly:
        slowly.setattr(Rows, "last_session", slow)
        reading = asyncio.ensure_future(made.retrieve("c"))
        await asyncio.sleep(0.2)
    await turn(made, said(1))
    go_on.set()
    await reading
    assert (await made.retrieve("c")).get_slot("product") == "p1"  # type: ignore[union-attr]


async def test_a_database_that_fails_says_so_and_nothing_is_kept(
    store: Make, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = store(database_url)
    await talk(made, 1)
    tracker = await made.retrieve("c")
    assert tracker is not None
    tracker.update(bot("private words"))
    refuse, allow = REFUSING_REPLIES[make_url(database_url).get_backend_name()]
    change(database_url, refuse)
    with pytest.raises(StoreError, match="the conversations could not be used") as error:
        await made.save(tracker)
    assert "private words" not in "".join(traceback.format_exception(error.value))
    await FailSafeTrackerStore(made).save(tracker)
    assert "the conversations could not be used" in caplog.text
    assert "private words" not in caplog.text
    assert len(await kept(made)) == 8
    change(database_url, allow)
    await made.save(tracker)
    assert (await kept(made))[-1]["text"] == "private words"


# What makes a database refuse what the assistant says, and what ends that.
REFUSING_REPLIES = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.type_name = 'bot'"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END",
        "DROP TRIGGER refuse",
    ),
    "postgresql": (
        "ALTER TABLE events ADD CONSTRAINT refuse CHECK (type_name <> 'bot') NOT VALID",
        "ALTER TABLE events DROP CONSTRAINT refuse",
    ),
}


def change(url: str, statement: str) -> None:
    engine = create_engine(url, future=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


async def test_a_write_that_was_done_and_not_answered_is_known(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(database_url)
    await talk(made, 1)

    def broken_off(write: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any) -> None:
            if write(*given) is not None:
                raise StoreError("the connection broke")

        return done

    with monkeypatch.context() as broken:
        for name in ("write", "write_at_once"):
            broken.setattr(Rows, name, broken_off(getattr(Rows, name)))
        with pytest.raises(StoreError):
            await turn(made, said(1))
    assert (await made.retrieve("c")).get_slot("product") == "p1"  # type: ignore[union-attr]


async def test_of_two_servers_that_make_the_table_at_once_neither_fails(
    store: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table = rows.EVENTS.create

    def beaten(*given: Any, **more: Any) -> None:
        make_table(*given, **more)
        raise DBAPIError("CREATE TABLE", {}, Exception("it exists"))

    monkeypatch.setattr(rows.EVENTS, "create", beaten)
    made = store(database_url)
    await talk(made, 1)
    assert await made.exists("c")


def test_servers_may_start_at_the_same_moment(database_url: str) -> None:
    together = threading.Barrier(4)

    def server(_: int) -> list[str]:
        mine = Rows(make_url(database_url), 3.0)
        together.wait()
        try:
            return mine.senders() + mine.remove_silent(0.0, 1)
        finally:
            mine.close()

    with ThreadPoolExecutor(4) as servers:
        assert list(servers.map(server, range(4))) == [[]] * 4


async def test_a_window_is_made_from_the_last_session_alone(store: Make, database_url: str) -> None:
    made = store(database_url)
    await talk(made, 3)
    await turn(made, [*started(), *said(3)])
    mine = Rows(make_url(database_url), 3.0)
    events, _ = mine.last_session("c")
    mine.close()
    assert dicts(events) == (await kept(made))[-8:]


async def test_a_database_that_is_not_there_is_an_error_without_its_password(store: Make) -> None:
    made = store("postgresql://somebody:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="could not be used") as error:
        await made.retrieve("c")
    assert "secret" not in str(error.value)
    assert await FailSafeTrackerStore(made).retrieve("c") is None


async def test_a_database_that_does_not_keep_up_says_so(
    store: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(f"sqlite:///{tmp_path}/c.db")
    monkeypatch.setattr(database, "WAITING", 2)
    go_on, write = threading.Event(), Rows.write_unseen
    monkeypatch.setattr(Rows, "write_unseen", lambda *given: (go_on.wait(20), write(*given))[1])
    waiting = [asyncio.ensure_future(talk(made, 1, name)) for name in "ab"]
    await asyncio.sleep(0.1)
    with pytest.raises(StoreError, match="wait to be stored"):
        await talk(made, 1, "c")
    go_on.set()
    await asyncio.gather(*waiting)
    await talk(made, 1, "c")


async def test_a_statement_that_takes_too_long_ends(
    store: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.2")
    made = store(f"sqlite:///{tmp_path}/c.db")
    await talk(made, 1)
    locking = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await asyncio.wait_for(turn(made, said(1)), 20)
    locking.execute("ROLLBACK")
    locking.close()
    await turn(made, said(1))
