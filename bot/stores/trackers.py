"""Rasa's tracker store: a turn gets the end of its conversation, a save appends what the turn has added.

Conversations are kept in this process, or in a database (XIAOER_CONVERSATIONS). The trackers that are given out are
made from a window kept in memory (`bot/stores/window.py`), without reading or replaying anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from bot.stores.book import Book, place
from bot.stores.database import DatabaseBook
from bot.stores.locks import shared_place
from bot.stores.memory import MemoryBook
from bot.stores.rows import Rows
from bot.stores.window import WindowedTracker
from xiaoer import settings

logger = logging.getLogger(__name__)


class WindowedTrackerStore(TrackerStore):
    """Loaded by Rasa from `endpoints.yml`:

    tracker_store:
      type: bot.stores.trackers.WindowedTrackerStore

    It only ever appends, so two turns that were given the same tracker lose nothing of each other. Methods raise
    StoreError when the database cannot be used; Rasa wraps the store in its FailSafeTrackerStore, which logs that.
    """

    _domain: Domain

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        *,
        book: Book | None = None,
        **kwargs: Any,
    ) -> None:
        """host: `url` of `endpoints.yml`, which is not used. book: the place; the one of XIAOER_CONVERSATIONS by default.

        Raises SettingError, StoreError.
        """
        super().__init__(domain, event_broker, **kwargs)
        self._book = book or _book(self._domain)

    @property
    def domain(self) -> Domain:
        """The domain whose slots trackers have. A new one makes every window anew, when it is next asked for."""
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        if domain is not self._domain:
            self._domain = domain or Domain.empty()
            self._book.use(self._domain.slots)

    async def retrieve(self, sender_id: str) -> WindowedTracker | None:
        """A tracker of its own, with the last turns of the last session and the state that everything led to."""
        window = await self._book.window(sender_id)
        return window.tracker() if window is not None else None

    async def retrieve_full_tracker(self, conversation_id: str) -> WindowedTracker | None:
        """The same with every event that is kept, over all sessions."""
        events = await self._book.everything(conversation_id)
        window = await self._book.window(conversation_id) if events else None
        return window.tracker(events) if window is not None else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Appends what is new, and tells the event broker. Saving a tracker twice adds nothing twice."""
        events = list(tracker.events)
        given = tracker.given if isinstance(tracker, WindowedTracker) else None
        new = await self._book.append(tracker.sender_id, events, given)
        if isinstance(tracker, WindowedTracker):
            tracker.given = len(events)
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, list(new), tracker.sender_id)

    async def exists(self, conversation_id: str) -> bool:
        """Whether anything was said in the conversation."""
        return await self._book.has(conversation_id)

    async def keys(self) -> Iterable[str]:
        """The ids of all conversations."""
        return await self._book.senders()

    def close(self) -> None:
        """Ends the threads, when what is being written is written."""
        self._book.close()


def _book(domain: Domain) -> Book:
    several_servers = shared_place() is not None
    where = place()
    if where is None:
        if several_servers:
            logger.warning("XIAOER_LOCKS is shared by servers, but each keeps conversations of its own in memory")
        return MemoryBook(settings.whole("XIAOER_CONVERSATIONS_KEPT"), domain.slots)
    rows = Rows(where, settings.seconds("XIAOER_QUERY_TIMEOUT"))
    days = settings.whole("XIAOER_CONVERSATIONS_DAYS", 1, 3650)
    return DatabaseBook(rows, days, domain.slots, shared=several_servers)
