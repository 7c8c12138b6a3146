"""Conversations in a database, in the table of Rasa's own SQLTrackerStore: either reads what the other has written.

Everything here blocks, for the time limit of `xiaoer/sql.py` a statement, and is called in threads.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.constants import ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, deserialise_events
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from xiaoer.errors import StoreError
from xiaoer.sql import limited_engine

_TABLE = SQLTrackerStore.SQLEvent.__table__
_COLUMNS = _TABLE.c
# The new ones among a tracker's events, beside what is stored already.
Choose = Callable[[Sequence[Event]], Sequence[Event]]


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
        """Connects to nothing yet. limit: seconds a statement. Raises StoreError when an SQLite folder cannot be made."""
        self._engine = limited_engine(where, limit, keep=True)
        self._is_sqlite = where.get_backend_name() == "sqlite"
        self._has_table = False
        self._making = threading.Lock()
        if self._is_sqlite:
            folder = Path(str(where.database)).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"the folder {folder} of the conversations cannot be made: {error.strerror}") from None

    def close(self) -> None:
        self._engine.dispose()

    def last_session(self, sender_id: str) -> tuple[list[Event], int]:
        """The events of the last session, and the id of the last row (0: there is none)."""
        with self._connected() as connection:
            begun = connection.execute(
                select(func.max(_COLUMNS.id)).where(
                    _COLUMNS.sender_id == sender_id, _COLUMNS.type_name == SessionStarted.type_name
                )
            ).scalar()
            action = None
            if begun is not None:
                action = connection.execute(
                    select(func.max(_COLUMNS.id)).where(
                        _COLUMNS.sender_id == sender_id,
                        _COLUMNS.type_name == ActionExecuted.type_name,
                        _COLUMNS.action_name == ACTION_SESSION_START_NAME,
                        _COLUMNS.id < begun,
                    )
                ).scalar()
            return _read(connection, sender_id, (action or begun or 1) - 1)

    def after(self, sender_id: str, row: int = 0) -> tuple[list[Event], int]:
        """The events after that row, and the id of the last (`row` itself where nothing follows)."""
        with self._connected() as connection:
            return _read(connection, sender_id, row)

    def write(self, sender_id: str, events: Sequence[Event], known: int) -> Written:
        """Appends events. known: the last row that the caller has seen."""
        with self._connected(writing=True) as connection:
            return _append(connection, sender_id, events, known)

    def write_unseen(self, sender_id: str, choose: Choose) -> Written:
        """Appends those events that `choose` picks, given all that are there."""
        with self._connected(writing=True) as connection:
            stored, last = _read(connection, sender_id, 0)
            new = choose(stored)
            if not new:
                return Written((), 0, last, not stored)
            written = _append(connection, sender_id, new, last)
            return Written(new, written.rows, written.last, not stored)

    def has(self, sender_id: str) -> bool:
        with self._connected() as connection:
            query = select(_COLUMNS.id).where(_COLUMNS.sender_id == sender_id).limit(1)
            return connection.execute(query).scalar() is not None

    def senders(self) -> list[str]:
        with self._connected() as connection:
            return list(connection.execute(select(_COLUMNS.sender_id).distinct()).scalars())

    @contextmanager
    def _connected(self, *, writing: bool = False) -> Iterator[Connection]:
        try:
            self._make_table()
            # IMMEDIATE: a writer that began as a reader could fail at its first write.
            engine = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE") if writing else self._engine
            with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            # The first line alone, and no cause: PostgreSQL goes on with the row that it refused.
            problem = next(iter(str(cause).strip().splitlines()), "")
            raise StoreError(f"the conversations could not be used ({type(cause).__name__}: {problem})") from None

    def _make_table(self) -> None:
        if self._has_table:
            return
        with self._making:
            if self._is_sqlite:  # readers do not wait for a writer, nor the other way round
                raw = self._engine.raw_connection()
                try:
                    raw.cursor().execute("PRAGMA journal_mode = WAL", ())
                finally:
                    raw.close()
            try:
                _TABLE.create(self._engine, checkfirst=True)
            except DBAPIError:
                if not inspect(self._engine).has_table(_TABLE.name):  # else another server was faster
                    raise
            self._has_table = True


def _read(connection: Connection, sender_id: str, row: int) -> tuple[list[Event], int]:
    query = select(_COLUMNS.id, _COLUMNS.data).where(_COLUMNS.sender_id == sender_id, _COLUMNS.id > row)
    rows = connection.execute(query.order_by(_COLUMNS.id)).all()
    events = deserialise_events([json.loads(each.data) for each in rows])
    return events, rows[-1].id if rows else row


def _append(connection: Connection, sender_id: str, events: Sequence[Event], known: int) -> Written:
    connection.execute(_TABLE.insert(), [_row(sender_id, event) for event in events])
    rows, last = connection.execute(
        select(func.count(), func.max(_COLUMNS.id)).where(_COLUMNS.sender_id == sender_id, _COLUMNS.id > known)
    ).one()
    return Written(events, rows, last)


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }
