"""Rasa's lock store: a conversation's next message waits for its turn instead of asking for it once a second.

In one server messages queue up, first come first served. With XIAOER_LOCKS at a Redis address the first in each
server's queue takes, besides, a lock there. What came first is served first within a server; between servers whoever
asks first after a release has it.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from rasa.core.lock_store import LOCK_LIFETIME, LockStore

from bot.stores.redis_locks import SETTING, RedisLocks, not_free
from xiaoer import settings
from xiaoer.errors import SettingError

MEMORY = "memory"


def shared_place() -> str | None:
    """The Redis where servers wait for each other; None: there is one server."""
    where = settings.get(SETTING)
    return where if where != MEMORY else None


class WaitingLockStore(LockStore):
    """Loaded by Rasa from `endpoints.yml`:

    lock_store:
      type: bot.stores.locks.WaitingLockStore
    """

    def __init__(self, endpoint_config: Any = None) -> None:
        """Connects to nothing yet. endpoint_config: Rasa's, which is not used. Raises SettingError."""
        super().__init__()
        self._queues: dict[str, _Queue] = {}
        where = shared_place()
        self._shared = RedisLocks(where) if where is not None else None
        workers = os.environ.get("SANIC_WORKERS", "1")
        if self._shared is None and workers != "1":
            raise SettingError(SETTING, MEMORY, f"redis://host:port/db, as SANIC_WORKERS is {workers}")

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 0.0
    ) -> AsyncIterator[None]:
        """Holds the conversation.

        lock_lifetime: seconds that this may wait, and then as long again that it may hold; a holder that takes longer is
        passed over. wait_time_in_seconds: not used, nothing is polled. Raises LockError when the conversation is not
        free in time, or Redis cannot be reached.
        """
        asked = asyncio.get_running_loop().time()
        queue = self._queues.setdefault(conversation_id, _Queue())
        place = _Place(lock_lifetime)
        try:
            await queue.enter(place, conversation_id)
            if self._shared is None:
                yield
            else:
                left = asked + lock_lifetime - asyncio.get_running_loop().time()
                async with self._shared.lock(conversation_id, lock_lifetime, left):
                    yield
        finally:
            queue.leave(place)
            if queue.is_empty and self._queues.get(conversation_id) is queue:
                del self._queues[conversation_id]

    def is_someone_waiting(self, conversation_id: str) -> bool:
        """Whether somebody in this server holds the conversation or waits for it."""
        return conversation_id in self._queues

    async def close(self) -> None:
        """Closes the connections to Redis."""
        if self._shared is not None:
            await self._shared.close()


class _Place:
    """One asker's place in a queue. until: when it is passed over, in the loop's time, once it holds."""

    def __init__(self, lifetime: float) -> None:
        self.lifetime = lifetime
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.until = 0.0


class _Queue:
    """Who holds a conversation and who waits for it, in the order in which they came."""

    def __init__(self) -> None:
        self._holder: _Place | None = None
        self._waiting: deque[_Place] = deque()
        self._passing_over: asyncio.TimerHandle | None = None

    @property
    def is_empty(self) -> bool:
        return self._holder is None and not self._waiting

    async def enter(self, place: _Place, name: str) -> None:
        """Returns when it is the place's turn. Raises LockError when that does not come within its life-time."""
        loop = asyncio.get_running_loop()
        self._waiting.append(place)
        if self._holder is None:
            self._next()
            return
        self._watch_holder()
        too_late = loop.call_later(place.lifetime, self._give_up, place, name)
        try:
            await place.turn
        finally:
            too_late.cancel()

    def leave(self, place: _Place) -> None:
        """Gives the turn to the next if the place has it still; gives the place up if it has not had it."""
        if self._holder is place:
            self._next()
        else:
            with suppress(ValueError):
                self._waiting.remove(place)

    def _next(self) -> None:
        if self._passing_over is not None:
            self._passing_over.cancel()
            self._passing_over = None
        self._holder = None
        while self._waiting and self._holder is None:
            place = self._waiting.popleft()
            if not place.turn.done():  # else it is being cancelled
                place.turn.set_result(None)
                place.until = asyncio.get_running_loop().time() + place.lifetime
                self._holder = place
        if self._waiting:
            self._watch_holder()

    def _watch_holder(self) -> None:
        if self._holder is not None and self._passing_over is None:
            self._passing_over = asyncio.get_running_loop().call_at(self._holder.until, self._pass_over)

    def _pass_over(self) -> None:
        self._passing_over = None
        if self._waiting:
            self._next()

    def _give_up(self, place: _Place, name: str) -> None:
        if not place.turn.done():
            place.turn.set_exception(not_free(name))
