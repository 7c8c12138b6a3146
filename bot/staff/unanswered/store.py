"""The questions that got no good answer: `unanswered.db`, beside `feedback.db` in XIAOER_VAR.

A row is what an editor needs and nothing that tells who asked: no account, conversation, reply or order, and the day
instead of the instant, so that it cannot be matched with the log or the tracker. It is a file of its own, which can be
given to an editor; `feedback.db` has conversations in it.

Writing happens in one thread behind the turn. What cannot be written is lost with a line in the log; what is too old
or too much goes, the oldest first.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from xiaoer import clock, settings
from xiaoer.errors import NotReady
from xiaoer.privacy import mask
from xiaoer.settings import private_folder
from xiaoer.sql import sqlite_engine

logger = logging.getLogger(__name__)

LONGEST = 300
"""Characters kept of a question. No more are understood of a message either (bot/understanding/normaliser.py)."""
ROLES = ("buyer", "seller", "visitor")
_LONGEST_NAME = 64
_WAITING = 1_000  # questions that may wait for a slow disk; more are dropped
_GATHERING = 0.2  # seconds
_WRITING = 3.0  # seconds for a statement, the wait for another server's included
_READING = 60.0  # as many rows as anybody keeps
_METADATA = MetaData()
_UNANSWERED = Table(
    "unanswered",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("day", Date, nullable=False, index=True),  # Asia/Shanghai
    Column("text", String(LONGEST), nullable=False),
    Column("role", String(_LONGEST_NAME), nullable=False),
    Column("outcome", String(_LONGEST_NAME), nullable=False),
    Column("topic", String(_LONGEST_NAME)),
    Column("product", String(_LONGEST_NAME)),
    Column("useless", Boolean, nullable=False),
)
# Beyond what `mask` takes out: the numbers of orders and parcels, which lead to a person as well.
_NUMBER = re.compile(r"[A-Za-z]{2,4}\d{8,}|[\d〇零一二三四五六七八九](?:[ -]?[\d〇零一二三四五六七八九]){10,}")
_NUMBER_MARK = "【编号】"


@dataclass(frozen=True)
class Asked:
    """One question without a good answer.

    outcome, topic, product: of the reply; outcome is empty where there was none (a list from elsewhere).
    useless: the reply was judged 没用. day: in Asia/Shanghai; None where it is not known.
    """

    text: str
    role: str
    outcome: str = ""
    topic: str | None = None
    product: str | None = None
    useless: bool = False
    day: date | None = None

    @classmethod
    def of_reply(cls, text: str, role: str, reply: Mapping[str, Any], *, useless: bool = False) -> Asked:
        """From the data of the reply, which may be of somebody else's action: only names are taken from it."""
        outcome, topic, product = (_name(reply.get(key)) for key in ("outcome", "topic", "product"))
        return cls(text, role, outcome or "", topic, product, useless)

    @classmethod
    def of_turn(cls, text: str, role: str, replies: Sequence[Mapping[str, Any]]) -> list[Asked]:
        """The question of a turn, once for each thing in it that was not answered. replies: their data."""
        questions = [cls.of_reply(text, role, reply) for reply in replies if is_unanswered(reply)]
        return list(dict.fromkeys(questions))


def _name(value: object) -> str | None:
    return value[:_LONGEST_NAME] if isinstance(value, str) and value else None


def is_unanswered(reply: Mapping[str, Any]) -> bool:
    """Whether the data of a reply says that the question is still open: unknown, outside, or which topic is meant."""
    outcome = reply.get("outcome")
    return outcome in ("unknown", "outside") or (outcome == "clarify" and reply.get("choice") == "topic")


def anonymous(text: str) -> str:
    """One printable line of at most LONGEST characters, without what is personal and without long numbers.

    >>> anonymous("订单2837465012345678901\\n的运费险呢，打我13812345678")
    '订单【编号】 的运费险呢，打我【手机号】'
    """
    visible = (" " if not each.isprintable() else each for each in text if unicodedata.category(each) != "Cf")
    line = " ".join("".join(visible).split())
    return _NUMBER.sub(_NUMBER_MARK, mask(line))[:LONGEST].strip()


def file_in_force() -> Path:
    """Where the questions are, whether there are any or not."""
    return settings.var("unanswered.db")


class UnansweredStore:
    """Where the channel leaves questions. Connects at the first one; a store that cannot be used costs nobody a turn."""

    def __init__(self, file: Path | None = None) -> None:
        """Raises SettingError."""
        self._file = file or file_in_force()
        self._days = settings.whole("XIAOER_UNANSWERED_DAYS", 0, 3650)
        self._rows = settings.whole("XIAOER_UNANSWERED_ROWS", 1)
        self._engine: Engine | None = None
        self._lock = Lock()
        self._waiting: list[Asked] = []
        self._due = False  # the writer will look at what is waiting
        self._hurry = Event()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="unanswered")

    def note(self, questions: Sequence[Asked]) -> None:
        """Keeps the questions, each with today as its day. Never waits and never raises."""
        if questions and self._days:
            self._hand_over(questions)

    def drop_old(self) -> None:
        """Removes what has been kept too long, as every writing does. For the start: a quiet server writes nothing."""
        if self._file.exists():
            self._hand_over(())

    def written(self) -> None:
        """Waits until everything handed over so far is written or lost."""
        self._hurry.set()
        self._writer.submit(self._hurry.clear).result()

    def _hand_over(self, questions: Sequence[Asked]) -> None:
        with self._lock:
            if len(self._waiting) + len(questions) > _WAITING:
                logger.warning("unanswered questions come faster than they can be written; some are not kept")
                return
            self._waiting += questions
            if self._due:
                return
            self._due = True
        with suppress(RuntimeError):  # the process is ending
            self._writer.submit(self._write)

    def _write(self) -> None:
        """Writes all that is waiting, after a moment in which more may come: a transaction waits for the disk."""
        self._hurry.wait(_GATHERING)
        with self._lock:
            questions, self._waiting, self._due = self._waiting, [], False
        try:
            today = clock.today()
            rows = [{**vars(each), "text": anonymous(each.text), "day": today} for each in questions]
            rows = [row for row in rows if row["text"]]
            with self._connected().begin() as connection:
                if rows:
                    connection.execute(insert(_UNANSWERED), rows)
                self._drop_old(connection, today)
        except Exception as error:  # a full disk, a locked or broken file, a setting: the turns are over and were fine
            logger.warning("%d unanswered questions could not be kept: %s", len(questions), error)

    def _drop_old(self, connection: Connection, today: date) -> None:
        connection.execute(delete(_UNANSWERED).where(_UNANSWERED.c.day <= today - timedelta(days=self._days)))
        newest = select(func.max(_UNANSWERED.c.id)).scalar_subquery()
        connection.execute(delete(_UNANSWERED).where(_UNANSWERED.c.id <= newest - self._rows))

    def _connected(self) -> Engine:
        if self._engine is None:
            private_folder(self._file.parent)
            engine = _engine(self._file, _WRITING)
            _METADATA.create_all(engine)
            self._engine = engine
        return self._engine


def _engine(file: Path, limit: float) -> Engine:
    """limit: seconds for a statement. Parameters are questions: `limited_engine` keeps them out of errors, and so the log."""
    engine = sqlite_engine(file, limit)
    # What is deleted is overwritten, not only forgotten.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA secure_delete = ON"))
    return engine


def read(since: date, role: str | None = None, file: Path | None = None) -> list[Asked]:
    """The questions of that day and later, oldest first; none where nothing was ever kept. Raises NotReady."""
    file = file or file_in_force()
    if not file.exists():
        return []
    chosen = select(_UNANSWERED).where(_UNANSWERED.c.day >= since).order_by(_UNANSWERED.c.id)
    if role is not None:
        chosen = chosen.where(_UNANSWERED.c.role == role)
    try:
        with _engine(file, _READING).connect() as connection:
            if not inspect(connection).has_table(_UNANSWERED.name):  # a server is making it just now
                return []
            rows = connection.execute(chosen).mappings().all()
    except SQLAlchemyError as error:
        raise NotReady(
            f"{file} 读不了（{error.__cause__ or error}）。请看它是不是被移动、改坏了，或没有读的权限。"
        ) from error
    # Masked once more: the rules may have become stricter since.
    return [
        Asked(**{**{name: row[name] for name in row if name != "id"}, "text": anonymous(row["text"])}) for row in rows
    ]
