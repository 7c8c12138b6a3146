"""Conversations in this process, for tests, for `xiaoer ask` and for whoever wants nothing on the disk."""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from rasa.shared.core.events import Event, deserialise_events
from rasa.shared.core.slots import Slot

from bot.stores.book import AWAKE, unseen
from bot.stores.window import Window, condensed, turn_starts

# Events of one conversation that memory keeps: about 170 turns, more than anybody scrolls back.
EVENTS = 1000
# Bytes of other conversations that packing may refer to, as far as zlib looks back: saves a third.
LIKE = 32_768
# Events of all, for each conversation that may be kept: 8 turns. Few are long, and those must not fill the memory.
ON_AVERAGE = 50


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

    def forget(self, sender_id: str) -> None:
        """Nothing is kept of the conversation any more."""
        record = self._records.pop(sender_id, None)
        self._awake.pop(sender_id, None)
        if record is not None:
            self._total -= record.length

    async def senders(self) -> list[str]:
        """See Book."""
        return list(self._records)

    def use(self, slots: Sequence[Slot]) -> None:
        """See Book."""
        self._slots = tuple(slots)
        for record in self._records.values():
            record.window = None

    def close(self) -> None:
        """See Book. There is none."""

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
