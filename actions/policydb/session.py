"""Engines and sessions for POLICY_DATABASE_URL (SQLite file or PostgreSQL). Importing this connects to nothing.

Every statement has a time-out in seconds, on both databases: a stuck query ends, its thread comes back, and the
asker gets the failure reply. What SQLAlchemy raises leaves here as `DeskError`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from xiaoer import settings
from xiaoer.errors import DeskError
from xiaoer.settings import private_folder
from xiaoer.sql import limited_engine, url_of

logger = logging.getLogger(__name__)

URL_SETTING = "POLICY_DATABASE_URL"

_engines: dict[tuple[str, float], Engine] = {}
_lock = threading.Lock()


def url() -> URL:
    """POLICY_DATABASE_URL, checked. Raises SettingError without repeating a password."""
    return url_of(URL_SETTING, "an SQLAlchemy URL such as sqlite:///var/policy.db or postgresql://user@host/name")


def address() -> str:
    """POLICY_DATABASE_URL as it may be shown: its password masked, which `str` of a URL does not do."""
    return url().render_as_string()


def engine(*, timeout: float | None = None) -> Engine:
    """The engine for POLICY_DATABASE_URL, one a process, URL and time-out.

    timeout: seconds for one statement, for waiting on a lock and for connecting; XIAOER_QUERY_TIMEOUT by default.
    Raises SettingError.
    """
    where = url()
    limit = settings.seconds("XIAOER_QUERY_TIMEOUT") if timeout is None else timeout
    key = (where.render_as_string(hide_password=False), limit)
    with _lock:
        if key not in _engines:
            _engines[key] = limited_engine(where, limit, keep=True)
            event.listen(_engines[key], "before_cursor_execute", _note_start)
            event.listen(_engines[key], "after_cursor_execute", _log_query)
        return _engines[key]


def _note_start(connection: Any, *_: Any) -> None:
    connection.info["started"] = time.perf_counter()


def _log_query(connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, *_: Any) -> None:
    """One line a query, without its values: they may be somebody's. A statement may be executed `unlogged`."""
    if context.execution_options.get("unlogged"):
        return
    milliseconds = 1000 * (time.perf_counter() - connection.info["started"])
    logger.info("query", extra={"sql": " ".join(statement.split())[:120], "ms": round(milliseconds, 1)})


def dispose() -> None:
    """Close every connection and forget the engines (tests, and before a process forks)."""
    with _lock:
        for known in _engines.values():
            known.dispose()
        _engines.clear()


def make_folder() -> None:
    """Make the folder of an SQLite file. Raises DeskError when that is impossible."""
    where = url()
    if where.get_backend_name() != "sqlite":
        return
    folder = Path(str(where.database)).parent
    try:
        private_folder(folder)
    except OSError as error:
        raise DeskError(f"the folder {folder} of the policy database cannot be made: {error.strerror}") from error


@contextmanager
def reading() -> Iterator[Session]:
    """A session that sees one moment of the database and keeps nothing it changes.

    Raises DeskError for anything the database refuses, lacks or takes too long over.
    """
    options = (
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        if url().get_backend_name() == "postgresql"
        else {}
    )
    with _speaking_plainly(), Session(engine().execution_options(**options), future=True) as session:
        yield session


@contextmanager
def writing(*, timeout: float | None = None) -> Iterator[Session]:
    """A session whose changes are committed together at the end, or not at all. Raises DeskError."""
    # IMMEDIATE: two writers queue up from the start; one that began as a reader would fail at its first write.
    options = {"sqlite_begin": "BEGIN IMMEDIATE"}
    bind = engine(timeout=timeout).execution_options(**options)
    with _speaking_plainly(), Session(bind, future=True) as session, session.begin():
        yield session


@contextmanager
def _speaking_plainly() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        problem = " ".join(str(cause).split())
        remedy = " Run `xiaoer db upgrade`." if "no such table" in problem or "does not exist" in problem else ""
        raise DeskError(
            f"the policy database could not be used ({type(cause).__name__}: {problem}).{remedy}"
        ) from error
