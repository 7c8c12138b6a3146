"""The two places where conversations are kept, behind `bot.stores.trackers`: this process, or a database."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from rasa.shared.core.events import Event, deserialise_events
from rasa.shared.core.slots import Slot

from bot.stores.errors import StoreError
from bot.stores.rows import Rows, Written
from bot.stores.window import Window, condensed, turn_starts

logger = logging.getLogger(__name__)

# Events of one conversation that memory keeps: about 170 turns, more than anybody scrolls back.
EVENTS = 1000
# Conversations that memory has as they are; the others are packed, which takes a tenth of the 2 KB of an event. More than
# talk at the same time: to pack and to unpack one takes a millisecond or two.
AWAKE = 256
# Bytes of other conversations that packing may refer to, as far as zlib looks back: saves a third.
LIKE = 32_768
# Events of all, for each conversation that may be kept: 8 turns. Few are long, and those must not fill the memory.
ON_AVERAGE = 50
# Conversations whose turn may wait to be stored. Beyond that the database is not keeping up, and says so.
WAITING = 200
READERS = 4
DAY = 86_400.0  # seconds
REMOVED_AT_ONCE = 100  # conversations: a turn that waits behind them waits for some 50 ms

T = TypeVar("T")


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


class MemoryBook:
    """Conversations in this process, a bounded number of bounded length. Nothing in here waits."""

    def __init__(self, kept: int, slots: Sequence[Slot], *, events: int = EVENTS, awake: int = AWAKE) -> None:
        """kept: conversations; events: of each; awake: conversations that are not packed."""
        self._kept = kept
        self._events = events
        self._most_awake = awake
        self._awake: OrderedDict[str, _Record] = OrderedDict()
        self._slots = tuple(slots)
        self._records: OrderedDict[str, _Record] = OrderedDict()  # the one heard of last comes last
        self._total = 0  # events of all
        self._like = b""  # of the first conversations that were packed

    async def window(self, sender_id: str) -> Window | None:
        """See Book."""
        record = self._woken(sender_id)
        if record is None:
            return None
        if record.window is None:
            record.window = Window(sender_id, record.events, self._slots)
        return record.window

    async def everything(self, sender_id: str) -> Sequence[Event]:
        """See Book. Of a long conversation the beginning is condensed."""
        record = self._woken(sender_id)
        return list(record.events) if record else []

    async def append(self, sender_id: str, events: Sequence[Event], given: int | None) -> Sequence[Event]:
        """See Book. A conversation that was forgotten while its turn went on begins with what the turn was given."""
        record = self._woken(sender_id)
        new = events[given:] if given is not None else unseen(events, record.events if record else ())
        if not new:
            return new
        if record is None:
            self._records[sender_id] = _Record([])
            record = self._woken(sender_id)
            assert record is not None
            self._add(sender_id, record, events)
        else:
            self._add(sender_id, record, new)
        self._records.move_to_end(sender_id)
        while len(self._records) > self._kept or self._total > self._kept * ON_AVERAGE:
            if len(self._records) == 1:
                break
            name, forgotten = self._records.popitem(last=False)
            self._awake.pop(name, None)
            self._total -= forgotten.length
        return new

    async def has(self, sender_id: str) -> bool:
        """See Book."""
        return sender_id in self._records

    async def senders(self) -> list[str]:
        """See Book."""
        return list(self._records)

    def use(self, slots: Sequence[Slot]) -> None:
        """See Book."""
        self._slots = tuple(slots)
        for record in self._records.values():
            record.window = None

    def _woken(self, sender_id: str) -> _Record | None:
        """The conversation's record, unpacked; the one that has slept longest among those awake is packed for it."""
        record = self._records.get(sender_id)
        if record is None:
            return None
        record.unpack()
        self._awake[sender_id] = record
        self._awake.move_to_end(sender_id)
        while len(self._awake) > self._most_awake:
            written = self._awake.popitem(last=False)[1].pack(self._like)
            if len(self._like) < LIKE:
                self._like = (self._like + written)[:LIKE]
        return record

    def _add(self, sender_id: str, record: _Record, events: Sequence[Event]) -> None:
        before = len(record.events)
        record.events.extend(events)
        if record.window is not None and not record.window.add(events):
            record.window = None
        if len(record.events) > self._events:
            # By a quarter at once: what is cut off is replayed, to be condensed.
            least = len(record.events) - self._events * 3 // 4
            place = next((start for start in turn_starts(record.events) if start >= least), least)
            front = condensed(sender_id, record.events[:place], self._slots)
            record.events = [*front, *record.events[place:]]
        record.length = len(record.events)
        self._total += record.length - before


@dataclass
class _Record:
    """A conversation. packed: its events as Rasa's stores have them, when nothing else is here."""

    events: list[Event]
    window: Window | None = None
    packed: bytes = b""
    like: bytes = b""
    length: int = 0  # events, packed or not

    def pack(self, like: bytes) -> bytes:
        """like: what other conversations have in common with this one; unpacking needs it, too. Returns what was packed."""
        written = json.dumps([event.as_dict() for event in self.events]).encode()
        packer = zlib.compressobj(zdict=like)
        self.packed = packer.compress(written) + packer.flush()
        self.like = like
        self.events, self.window = [], None
        return written

    def unpack(self) -> None:
        if self.packed:
            unpacker = zlib.decompressobj(zdict=self.like)
            self.events = deserialise_events(json.loads(unpacker.decompress(self.packed) + unpacker.flush()))
            self.packed = self.like = b""


class DatabaseBook:
    """Conversations in a database; the windows of those heard of last are in memory, too.

    One thread writes, so that what is written of a conversation is in order; others read. The event loop never waits
    for the database, only the turn whose conversation it is does. A write goes on when the turn that wants it is
    cancelled, and whoever reads the conversation next waits for it. At the start and once a day, after a
    write, conversations that nobody has talked in for too long are removed.
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
        """Waits for what is being written."""
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
        written = writing.result()
        if self._known.get(sender_id) is known and written.new:
            self._note(sender_id, known, last, written)
        self._clear()

    def _note(self, sender_id: str, known: _Known | None, last: int, written: Written) -> None:
        """Brings memory up to date; where somebody else has written, too, the database is asked next time."""
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


def _log_failure(writing: asyncio.Future[Written]) -> None:
    if not writing.cancelled() and writing.exception() is not None:
        logger.error("a turn that was stopped could not be stored: %s", writing.exception())
