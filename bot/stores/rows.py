"""Conversations in a database, in the table of Rasa's own SQLTrackerStore: either reads what the other has written.

Everything here blocks, for the time limit of `xiaoer/sql.py` at most, and is called in threads. Statements are written
out and go to the driver: making them with SQLAlchemy took longer than all of the rest of keeping a turn.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, deserialise_events
from sqlalchemy import event, inspect
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.stores.book import make_file
from xiaoer.errors import StoreError
from xiaoer.sql import impatient, limited_engine, transaction

EVENTS = SQLTrackerStore.SQLEvent.__table__
# The last session begins with the action before its event, where there is one.
_LAST_SESSION = """
WITH begun AS (SELECT max(id) AS id FROM events WHERE sender_id = ? AND type_name = 'session_started'),
action AS (
    SELECT max(id) AS id FROM events
    WHERE sender_id = ? AND type_name = 'action' AND action_name = 'action_session_start'
    AND id < (SELECT id FROM begun)
)
SELECT id, data FROM events
WHERE sender_id = ? AND id >= COALESCE((SELECT id FROM action), (SELECT id FROM begun), 0) ORDER BY id
"""
_AFTER = "SELECT id, data FROM events WHERE sender_id = ? AND id > ? ORDER BY id"
_ADDED = "SELECT count(*), max(id) FROM events WHERE sender_id = ? AND id > ?"
_INSERT = "INSERT INTO events (sender_id, type_name, timestamp, intent_name, action_name, data) VALUES "
_ROW = "(?, ?, ?, ?, ?, ?)"
_AT_ONCE = 100  # rows of a statement
_HAS = "SELECT 1 FROM events WHERE sender_id = ? LIMIT 1"
# By the last row of each, for which its index is enough, and not by the time of every row.
_SILENT = """
SELECT events.sender_id FROM events JOIN (SELECT max(id) AS id FROM events GROUP BY sender_id) AS last
ON events.id = last.id WHERE events.timestamp < ? LIMIT ?
"""
_REMOVE = "DELETE FROM events WHERE sender_id = ?"
_SENDERS = "SELECT DISTINCT sender_id FROM events"
# The new ones among a tracker's events, beside what is stored already.
Choose = Callable[[Sequence[Event]], Sequence[Event]]
# Carries out a statement with its values; the rows that it gives.
Execute = Callable[..., Sequence[Any]]


@dataclass(frozen=True)
class Written:
    """What a write has done. new: the events written; rows: how many there are now beyond those known before;
    last: id of the last; first: whether the conversation had none before.
    """

    new: Sequence[Event]
    rows: int
    last: int
    first: bool = False


class Rows:
    """The table `events`. Every method raises StoreError for what the database refuses or takes too long over."""

    def __init__(self, where: URL, limit: float) -> None:
        """Connects to nothing yet. limit: seconds that one use may take. Raises StoreError when an SQLite file cannot be made."""
        self._engine = limited_engine(where, limit, keep=True)
        self._limit = limit
        self._is_sqlite = where.get_backend_name() == "sqlite"
        self._impatient: Any = None
        self._has_table = False
        self._making = threading.Lock()
        try:
            make_file(where)
        except OSError as error:
            raise StoreError(f"{where.database} cannot be made for the conversations: {error.strerror}") from None
        if self._is_sqlite:
            event.listen(self._engine, "connect", _set_up)

    def close(self) -> None:
        if self._impatient is not None:
            self._impatient.close()
        self._engine.dispose()

    def last_session(self, sender_id: str) -> tuple[list[Event], int]:
        """The events of the last session, and the id of the last row (0: there is none)."""
        with self._transaction() as execute:
            return _events(execute(_LAST_SESSION, sender_id, sender_id, sender_id), 0)

    def after(self, sender_id: str, row: int = 0) -> tuple[list[Event], int]:
        """The events after that row, and the id of the last (`row` itself where nothing follows)."""
        with self._transaction() as execute:
            return _events(execute(_AFTER, sender_id, row), row)

    def write(self, sender_id: str, events: Sequence[Event], known: int) -> Written:
        """Appends events. known: the last row that the caller has seen."""
        with self._transaction(writing=True) as execute:
            return _append(execute, sender_id, events, known)

    def write_at_once(self, sender_id: str, events: Sequence[Event], known: int) -> Written | None:
        """As `write`, without waiting for a lock or for the disk, for the event loop. One thread may call it.

        None: it would have to wait, or this kind of database cannot; nothing was written.
        """
        if not self._is_sqlite or not self._has_table:
            return None
        with self._in_words():
            if self._impatient is None:
                self._impatient = impatient(self._engine)
            cursor = self._impatient.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:  # somebody else is writing; whatever else it is, `write` will say
                return None
            try:
                written = _append(partial(self._execute, cursor), sender_id, events, known)
                self._impatient.commit()
            except BaseException:
                self._impatient.rollback()
                raise
            return written

    def write_unseen(self, sender_id: str, choose: Choose) -> Written:
        """Appends those events that `choose` picks, given all that are there."""
        with self._transaction(writing=True) as execute:
            stored, last = _events(execute(_AFTER, sender_id, 0), 0)
            new = choose(stored)
            if not new:
                return Written((), 0, last, not stored)
            written = _append(execute, sender_id, new, last)
            return Written(new, written.rows, written.last, not stored)

    def remove_silent(self, before: float, most: int) -> list[str]:
        """Removes conversations, `most` at most, in which nothing was said since `before` (seconds); which they were."""
        with self._transaction(writing=True) as execute:
            found = [sender for (sender,) in execute(_SILENT, before, most)]
            for sender in found:
                execute(_REMOVE, sender)
            return found

    def has(self, sender_id: str) -> bool:
        with self._transaction() as execute:
            return bool(execute(_HAS, sender_id))

    def senders(self) -> list[str]:
        with self._transaction() as execute:
            return [sender for (sender,) in execute(_SENDERS)]

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[Execute]:
        with self._in_words():
            self._make_table()
            with transaction(self._engine, self._limit, writing=writing) as cursor:
                yield partial(self._execute, cursor)

    def _execute(self, cursor: Any, statement: str, *values: object) -> Sequence[Any]:
        cursor.execute(statement if self._is_sqlite else statement.replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else ()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            # The first line alone, and no cause: PostgreSQL goes on with the row that it refused.
            problem = next(iter(str(cause).strip().splitlines()), "")
            raise StoreError(f"the conversations could not be used ({type(cause).__name__}: {problem})") from None

    def _make_table(self) -> None:
        if self._has_table:
            return
        with self._making:
            if self._is_sqlite:
                self._use_log()
            try:
                EVENTS.create(self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE"), checkfirst=True)
            except DBAPIError:
                if not inspect(self._engine).has_table(EVENTS.name):  # else another server was faster
                    raise
            self._has_table = True

    def _use_log(self) -> None:
        """Write-ahead logging: readers do not wait for a writer, nor the other way round."""
        until = time.monotonic() + self._limit
        while True:
            try:
                with transaction(self._engine, self._limit) as cursor:
                    cursor.execute("PRAGMA journal_mode = WAL")
                return
            except DBAPIError:  # another server does the same; SQLite does not wait for that by itself
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)


def _set_up(connection: Any, _: object) -> None:
    # What was committed outlives the process (kill -9). If the machine loses its power, the last turns may be lost.
    connection.execute("PRAGMA synchronous = NORMAL")
    # What is removed is overwritten, not only forgotten.
    connection.execute("PRAGMA secure_delete = ON")


def _events(rows: Sequence[Any], row: int) -> tuple[list[Event], int]:
    events = deserialise_events([json.loads(data) for _, data in rows])
    return events, rows[-1][0] if rows else row


def _append(execute: Execute, sender_id: str, events: Sequence[Event], known: int) -> Written:
    for begin in range(0, len(events), _AT_ONCE):
        some = events[begin : begin + _AT_ONCE]
        execute(_INSERT + ", ".join([_ROW] * len(some)), *(value for event in some for value in _row(sender_id, event)))
    ((rows, last),) = execute(_ADDED, sender_id, known)
    return Written(events, rows, last)


def _row(sender_id: str, event: Event) -> tuple[object, ...]:
    data: dict[str, Any] = event.as_dict()
    intent = data.get("parse_data", {}).get("intent", {}).get("name")
    return (sender_id, event.type_name, data.get("timestamp"), intent, data.get("name"), json.dumps(data))
