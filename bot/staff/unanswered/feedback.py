"""有用 / 没用: what people think of replies, in `feedback.db` beside the policy database. Reasons are masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, String, Table, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from xiaoer import clock, settings, threads
from xiaoer.errors import StoreError, TooSlow
from xiaoer.settings import private_folder
from xiaoer.sql import sqlite_engine

LONGEST_REASON = 500
LIMIT = 3.0  # seconds for a statement; for a judgement twice that, the wait behind others included
# One thread: nobody else of this server writes the file.
_pool = threads.pool("feedback", 1)
_METADATA = MetaData()
_FEEDBACK = Table(
    "feedback",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("reply", String(64), nullable=False),
    Column("topic", String(64)),
    Column("article", String(128)),
    Column("useful", Boolean, nullable=False),
    Column("reason", String(LONGEST_REASON)),
    Column("at", DateTime, nullable=False),  # UTC
)


@dataclass(frozen=True)
class Judgement:
    """What somebody thinks of a reply. reason: masked already."""

    conversation: str
    reply: str
    useful: bool
    topic: str | None = None
    article: str | None = None
    reason: str | None = None


class FeedbackStore:
    """Connects at first use; a store that cannot be used costs its feedback and nothing else."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or settings.var("feedback.db")
        self._engine: Engine | None = None

    async def add(self, judgement: Judgement) -> bool:
        """Stores it; whether it is the first 没用 of the reply (the widget sends it again with a reason).

        Raises StoreError.
        """
        try:
            return await threads.in_time(_pool, 2 * LIMIT, self._add, judgement, clock.now())
        except (SQLAlchemyError, OSError, TooSlow) as error:
            raise StoreError(f"{self._file} cannot be used ({getattr(error, 'orig', None) or error})") from error

    def _add(self, judgement: Judgement, at: datetime) -> bool:
        useless = select(_FEEDBACK.c.id).where(_FEEDBACK.c.reply == judgement.reply, ~_FEEDBACK.c.useful).limit(1)
        # IMMEDIATE: another server may write between the look and the row.
        with self._connected().execution_options(sqlite_begin="BEGIN IMMEDIATE").begin() as connection:
            first = not judgement.useful and connection.execute(useless).first() is None
            connection.execute(insert(_FEEDBACK).values(**vars(judgement), at=at.replace(tzinfo=None)))
        return first

    def _connected(self) -> Engine:
        if self._engine is None:
            private_folder(self._file.parent)
            engine = sqlite_engine(self._file, LIMIT)
            _METADATA.create_all(engine)
            self._engine = engine
        return self._engine
