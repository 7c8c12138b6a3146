"""有用 / 没用: what people think of replies, in `feedback.db` beside the policy database. Reasons are masked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.channel.guard.problems import Problem
from xiaoer import clock, settings
from xiaoer.files import private_folder

LONGEST_REASON = 500
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

        Raises Problem unavailable.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._add, judgement, clock.now())
        except (SQLAlchemyError, OSError) as error:
            raise Problem("unavailable") from error

    def _add(self, judgement: Judgement, at: datetime) -> bool:
        useless = select(_FEEDBACK.c.id).where(_FEEDBACK.c.reply == judgement.reply, ~_FEEDBACK.c.useful).limit(1)
        with self._connected().begin() as connection:
            first = not judgement.useful and connection.execute(useless).first() is None
            connection.execute(insert(_FEEDBACK).values(**vars(judgement), at=at.replace(tzinfo=None)))
        return first

    def _connected(self) -> Engine:
        if self._engine is None:
            private_folder(self._file.parent)
            engine = create_engine(f"sqlite:///{self._file}", future=True, connect_args={"timeout": 3})
            _METADATA.create_all(engine)
            self._engine = engine
        return self._engine
