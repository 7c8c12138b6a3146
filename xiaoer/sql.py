"""Engines whose statements have a time limit, on SQLite and PostgreSQL, and URLs that are shown without a password."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from xiaoer import settings
from xiaoer.errors import SettingError

_PROGRESS_STEPS = 2000  # SQLite instructions between two looks at the clock: well below a millisecond


def url_of(name: str, expected: str) -> URL:
    """The setting's URL, of an SQLite file (a relative path is one of the checkout) or of PostgreSQL. Raises SettingError without repeating a password."""
    try:
        parsed = make_url(settings.get(name))
    except ArgumentError:
        raise SettingError(name, "(unreadable)", expected) from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and parsed.database in (None, "", ":memory:")):
        raise SettingError(name, parsed.render_as_string(), expected)
    if backend == "sqlite" and not str(parsed.database).startswith("file:"):
        # Whichever folder a process was started in.
        return parsed.set(database=str(settings.ROOT / str(parsed.database)))
    return parsed


def is_missing(where: URL) -> bool:
    """Whether it is an SQLite file that is not there: to connect would make an empty one."""
    return where.get_backend_name() == "sqlite" and not Path(str(where.database)).exists()


def sqlite_engine(file: Path, limit: float) -> Engine:
    """An engine for a file of our own, as `limited_engine` makes it."""
    return limited_engine(URL.create("sqlite", database=str(file)), limit)


def limited_engine(where: URL, limit: float, *, keep: bool = False) -> Engine:
    """An engine that connects to nothing yet.

    limit: seconds for one statement, for waiting on a lock and for connecting. keep: SQLite connections are kept open
    for the next use (PostgreSQL's always are). A transaction on SQLite begins as the execution option `sqlite_begin`
    says, with BEGIN by default.
    """
    return _sqlite(where, limit, keep) if where.get_backend_name() == "sqlite" else _postgresql(where, limit)


@contextmanager
def transaction(engine: Engine, limit: float, *, writing: bool = False) -> Iterator[Any]:
    """A cursor of the database's own driver in a transaction of a limited engine, kept at its end or not at all.

    For what is so short that SQLAlchemy takes several times as long as the database. limit: seconds for all of it.
    Raises SQLAlchemyError.
    """
    dialect: Any = engine.dialect
    connection: Any = engine.raw_connection()
    try:
        connection.info["deadline"] = time.monotonic() + limit
        cursor = connection.cursor()
        if writing and dialect.name == "sqlite":
            # A writer that began as a reader could fail at its first write.
            cursor.execute("BEGIN IMMEDIATE")
        yield cursor
        connection.commit()
    except dialect.dbapi.Error as error:
        raise DBAPIError(None, None, error, hide_parameters=True) from error
    finally:
        connection.close()  # undoes what is not kept


def impatient(engine: Engine) -> Any:
    """A connection of SQLite's driver that waits for nothing: not for a lock (it fails), and not for the disk.

    The log of its writes is left for other connections to clear. It is out of the pool, for its user to close. Raises
    SQLAlchemyError.
    """
    connection: Any = engine.raw_connection()
    connection.info["deadline"] = math.inf
    connection.detach()
    for setting in ("busy_timeout = 0", "wal_autocheckpoint = 0"):
        connection.cursor().execute(f"PRAGMA {setting}")
    return connection


def _sqlite(where: URL, limit: float, keep: bool) -> Engine:
    # A connection a use: opening a file costs less than a pool's hand-over between threads, and a database file
    # that was replaced underneath is seen at once.
    pool: dict[str, Any] = {"poolclass": NullPool}
    more: dict[str, Any] = {}
    if keep:
        pool, more = {"poolclass": QueuePool, "pool_timeout": limit}, {"check_same_thread": False}
    arguments = {"timeout": limit, **more}
    made: Engine = create_engine(where, future=True, hide_parameters=True, connect_args=arguments, **pool)

    def on_connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read: see on_begin
        connection.execute("PRAGMA foreign_keys = ON")
        info = record.info
        info["deadline"] = math.inf
        connection.set_progress_handler(lambda: time.monotonic() > info["deadline"], _PROGRESS_STEPS)

    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    def on_execute(connection: Any, *_: Any) -> None:
        connection.info["deadline"] = time.monotonic() + limit

    event.listen(made, "connect", on_connect)
    event.listen(made, "begin", on_begin)
    event.listen(made, "before_cursor_execute", on_execute)
    return made


def _postgresql(where: URL, limit: float) -> Engine:
    milliseconds = math.ceil(limit * 1000)
    return create_engine(
        where,
        future=True,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=4,
        pool_timeout=limit,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, math.ceil(limit)),  # libpq takes whole seconds, and 1 means 2
            "tcp_user_timeout": milliseconds,
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC",
        },
    )
