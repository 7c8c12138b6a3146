"""Where conversations are kept, and which place it is that XIAOER_CONVERSATIONS names: `memory`, or a `database`.

This module must not import Rasa: the command asks here before it starts anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.engine.url import URL
from sqlalchemy.exc import SQLAlchemyError

from xiaoer import settings
from xiaoer.errors import StoreError
from xiaoer.settings import private_file
from xiaoer.sql import limited_engine, url_of

if TYPE_CHECKING:
    from rasa.shared.core.events import Event
    from rasa.shared.core.slots import Slot

    from bot.stores.window import Window

SETTING = "XIAOER_CONVERSATIONS"
MEMORY = "memory"
# Conversations that are in memory as they are: more than talk at the same time. Of the others it has a tenth of an
# event's 2 KB, or nothing where a database has them; to bring one back takes a few milliseconds.
AWAKE = 256


class Book(Protocol):
    """Where conversations are kept. Methods raise StoreError."""

    async def window(self, sender_id: str) -> Window | None:
        """The conversation's window; None where there is no such conversation."""

    async def everything(self, sender_id: str) -> Sequence[Event]:
        """All events that are kept, over all sessions, oldest first; none where there is no such conversation."""

    async def append(self, sender_id: str, events: Sequence[Event], given: int | None) -> Sequence[Event]:
        """Keeps those of a tracker's events that are new; returns them.

        given: how many of them came from here; None where that is not known.
        """

    async def has(self, sender_id: str) -> bool:
        """Whether there is such a conversation."""

    async def senders(self) -> list[str]:
        """Every conversation."""

    def use(self, slots: Sequence[Slot]) -> None:
        """The domain's slots have changed."""

    def close(self) -> None:
        """Ends the threads, when what is being written is written."""


def place() -> URL | None:
    """The database that conversations are kept in; None: they are in memory. Raises SettingError."""
    if settings.get(SETTING) == MEMORY:
        return None
    return url_of(SETTING, "memory, or an SQLAlchemy URL (sqlite:///… or postgresql://…)")


def writable_place() -> URL | None:
    """The same, after trying that it can be written; an SQLite file is made, readable by its owner alone.

    Raises SettingError, and StoreError with what a person can do about it.
    """
    where = place()
    if where is None:
        return None
    try:
        make_file(where)
        engine = limited_engine(where, settings.seconds("XIAOER_QUERY_TIMEOUT"))
        with engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").begin() as connection:
            connection.exec_driver_sql("SELECT 1")
        engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        problem = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
        raise StoreError(
            f"对话存不进 {where.render_as_string()}（{problem}）。请检查它的权限和磁盘，"
            f"或用 {SETTING} 换个地方（{SETTING}={MEMORY} 只放内存，重启就忘）。"
        ) from None
    return where


def make_file(where: URL) -> None:
    """Makes the file of an SQLite database, readable by its owner alone. Raises OSError."""
    if where.get_backend_name() == "sqlite":
        private_file(Path(str(where.database)))


def unseen(events: Sequence[Event], stored: Sequence[Event]) -> Sequence[Event]:
    """Of a tracker that came from elsewhere, the events after the last one that is stored; all where none is."""
    if not stored:
        return events
    there = set(map(_identity, stored))
    for place in range(len(events), 0, -1):
        if _identity(events[place - 1]) in there:
            return events[place:]
    return events


def _identity(event: Event) -> str:
    """Equality of Rasa's events leaves their time out."""
    return json.dumps(event.as_dict(), sort_keys=True)
