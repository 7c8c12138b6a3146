"""Conversations in a database, the last ones' windows in memory before it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot

from bot.stores.book import AWAKE, unseen
from bot.stores.rows import Rows, Written
from bot.stores.window import Window
from xiaoer.errors import StoreError

logger = logging.getLogger(__name__)

# Conversations whose turn may wait to be stored. Beyond that the database is not keeping up, and says so.
WAITING = 200
READERS = 4
HANDED_OVER = 200  # of so many writes one goes to the thread: the log of 200 turns has 4 MB
DAY = 86_400.0  # seconds
REMOVED_AT_ONCE = 100  # conversations: a turn that waits behind them waits for some 50 ms

T = TypeVar("T")


class DatabaseBook:
    """Conversations in a database; the windows of those heard of last are in memory, too.

    The event loop writes where it need not wait for the disk or for a lock. Else one thread does, so that what is written
    of a conversation is in order; others read. Only the turn whose conversation it is waits for the database. A write goes on when the turn that wants it is
    cancelled, and whoever reads the conversation next waits for it. At the start and once a day, after a write,
    conversations that nobody has talked in for too long are removed.
    """

    def __init__(self, rows: Rows, days: int, slots: Sequence[Slot], *, shared: bool, awake: int = AWAKE) -> None:
        """days: that a conversation is kept after the last word; awake: windows in memory.

        shared: other servers write, too, so each read asks for what they have added.
        """
        self._rows = rows
        self._days = days
        self._cleared = -math.inf  # when it was last looked for what is too old, in seconds as events have them
        self._most_awake = awake
        self._slots = tuple(slots)
        self._shared = shared
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._writing: dict[str, asyncio.Future[Written]] = {}  # the last write of each conversation
        self._reading: dict[str, object] = {}  # reads whose result is still true: no write was begun since
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="conversations-write")
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="conversations-read")
        self._at_once = 0
        self._clear()

    async def window(self, sender_id: str) -> Window | None:
        """See Book."""
        await self._written(sender_id)
        known = self._known.get(sender_id)
        if known is not None and self._shared:
            known = await self._caught_up(sender_id, known)
        if known is None:
            known = await self._loaded(sender_id)
        if sender_id in self._known:
            self._known.move_to_end(sender_id)
        return known.window if known is not None else None

    async def everything(self, sender_id: str) -> Sequence[Event]:
        """See Book."""
        await self._written(sender_id)
        events, _ = await self._read(partial(self._rows.after, sender_id))
        return events

    async def append(self, sender_id: str, events: Sequence[Event], given: int | None) -> Sequence[Event]:
        """See Book. Returns when they are stored."""
        if len(events) == (given or 0):
            return ()
        if len(self._writing) >= WAITING:
            raise StoreError(f"the conversations could not be used (more than {WAITING} wait to be stored)")
        self._reading.pop(sender_id, None)
        known = self._known.get(sender_id)
        last = known.last if known is not None else 0
        written = self._written_at_once(sender_id, events, given, last)
        if written is not None:
            self._note(sender_id, known, last, written)
            return written.new
        if given is not None:
            work = partial(self._rows.write, sender_id, events[given:], last)
        else:
            work = partial(self._rows.write_unseen, sender_id, partial(unseen, events))
        writing = asyncio.get_running_loop().run_in_executor(self._writer, work)
        self._writing[sender_id] = writing
        writing.add_done_callback(partial(self._is_written, sender_id, known, last))
        try:
            return (await asyncio.shield(writing)).new
        except asyncio.CancelledError:
            writing.add_done_callback(_log_failure)  # nobody else hears of it
            raise

    async def has(self, sender_id: str) -> bool:
        """See Book."""
        await self._written(sender_id)
        return await self._read(partial(self._rows.has, sender_id))

    async def senders(self) -> list[str]:
        """See Book."""
        return await self._read(self._rows.senders)

    def use(self, slots: Sequence[Slot]) -> None:
        """See Book."""
        self._slots = tuple(slots)
        self._known.clear()

    def close(self) -> None:
        """See Book."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._rows.close()

    def _is_written(self, sender_id: str, known: _Known | None, last: int, writing: asyncio.Future[Written]) -> None:
        """Before the turn goes on. known, last: what memory had of the conversation when the write was begun."""
        if self._writing.get(sender_id) is writing:
            del self._writing[sender_id]
        if writing.cancelled() or writing.exception() is not None:
            self._known.pop(sender_id, None)  # whether it was written is not known; the database is asked next time
            return
        self._note(sender_id, known, last, writing.result())

    def _written_at_once(self, sender_id: str, events: Sequence[Event], given: int | None, last: int) -> Written | None:
        """What the event loop has stored by itself, which takes less than to hand it over. None: it would have to wait."""
        if given is None or sender_id in self._writing:
            return None
        self._at_once = (self._at_once + 1) % HANDED_OVER
        if self._at_once == 0:
            return None  # the writer's write clears the log of the others'
        try:
            return self._rows.write_at_once(sender_id, events[given:], last)
        except StoreError:
            self._known.pop(sender_id, None)
            raise

    def _note(self, sender_id: str, known: _Known | None, last: int, written: Written) -> None:
        """Brings memory up to date; where somebody else has written, too, the database is asked next time."""
        self._clear()
        if self._known.get(sender_id) is not known or not written.new:
            return
        if known is None:
            if written.first:
                self._keep(sender_id, _Known(Window(sender_id, written.new, self._slots), written.last))
        elif known.last == last and written.rows == len(written.new) and known.window.add(written.new):
            known.last = written.last
        else:
            del self._known[sender_id]

    async def _caught_up(self, sender_id: str, known: _Known) -> _Known | None:
        """With what other servers have written since; None where everything is to be read."""
        before = known.last
        events, last = await self._read(partial(self._rows.after, sender_id, before))
        if self._known.get(sender_id) is not known or known.last != before:
            return self._known.get(sender_id)  # a turn of this server was faster
        if events and not known.window.add(events):
            return None
        known.last = last
        return known

    async def _loaded(self, sender_id: str) -> _Known | None:
        """From the database; kept in memory unless it has changed since it was read. `history` takes no lock."""
        mark = self._reading[sender_id] = object()
        try:
            known = await self._read(partial(self._load, sender_id))
        finally:
            is_true = self._reading.get(sender_id) is mark
            if is_true:
                del self._reading[sender_id]
        if known is not None and is_true:
            self._keep(sender_id, known)
        return known

    def _load(self, sender_id: str) -> _Known | None:
        events, last = self._rows.last_session(sender_id)
        return _Known(Window(sender_id, events, self._slots), last) if events else None

    def _keep(self, sender_id: str, known: _Known) -> None:
        self._known[sender_id] = known
        while len(self._known) > self._most_awake:
            self._known.popitem(last=False)

    def _clear(self) -> None:
        """Has what is too old removed when a day has gone by, between other writes."""
        now = time.time()
        if now - self._cleared >= DAY:
            self._cleared = now
            self._writer.submit(self._remove, now - self._days * DAY)

    def _remove(self, before: float) -> None:
        try:
            removed = self._rows.remove_silent(before, REMOVED_AT_ONCE)
        except StoreError as error:
            logger.warning("conversations that are too old could not be removed: %s", error)
            return
        for name in removed:
            self._known.pop(name, None)
        if removed:
            with suppress(RuntimeError):  # the server is being stopped
                self._writer.submit(self._remove, before)

    async def _read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def _written(self, sender_id: str) -> None:
        """Waits for the writes that were begun; how they end is their turns' concern."""
        writing = self._writing.get(sender_id)
        if writing is not None:
            await asyncio.wait({writing})


@dataclass
class _Known:
    """A window in memory. last: the row of the table up to which it goes."""

    window: Window
    last: int


def _log_failure(writing: asyncio.Future[Written]) -> None:
    if not writing.cancelled() and writing.exception() is not None:
        logger.error("a turn that was stopped could not be stored: %s", writing.exception())
