"""Rasa's lock store: a conversation's next message waits for its turn instead of asking for it once a second.

In one server messages queue up, first come first served. With XIAOER_LOCKS at a Redis address the first in each
server's queue takes, besides, a lock there. What came first is served first within a server; between servers whoever
asks first after a release has it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from redis.asyncio import Redis  # type: ignore[import-untyped]
from redis.exceptions import RedisError  # type: ignore[import-untyped]

from xiaoer import settings
from xiaoer.errors import SettingError

logger = logging.getLogger(__name__)

SETTING = "XIAOER_LOCKS"
MEMORY = "memory"

T = TypeVar("T")


class WaitingLockStore(LockStore):
    """Loaded by Rasa from `endpoints.yml`:

    lock_store:
      type: bot.stores.locks.WaitingLockStore
    """

    def __init__(self, endpoint_config: Any = None) -> None:
        """Connects to nothing yet. endpoint_config: Rasa's, which is not used. Raises SettingError."""
        super().__init__()
        self._queues: dict[str, _Queue] = {}
        where = settings.get(SETTING)
        self._shared = _RedisLocks(where) if where != MEMORY else None
        workers = os.environ.get("SANIC_WORKERS", "1")
        if self._shared is None and workers != "1":
            raise SettingError(SETTING, where, f"redis://host:port/db, as SANIC_WORKERS is {workers}")

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
            place.turn.set_exception(_not_free(name))


# Taken by one command and given back by one, so that nobody can come between. KEYS: the lock, the list that wakes a
# waiter, empty while the lock is taken. Taking returns 0, or the milliseconds that the holder has left.
_TAKE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    redis.call('DEL', KEYS[2])
    return 0
end
return math.max(1, redis.call('PTTL', KEYS[1]))
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
    redis.call('RPUSH', KEYS[2], 1)
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
"""


class _RedisLocks:
    """A lock a conversation in Redis. It expires with its life-time, whatever becomes of the server that took it."""

    AGAIN = 2.0  # seconds after which a waiter looks again, should whoever was woken before it have died since
    ANSWER = 5.0  # seconds that Redis may take for an answer

    def __init__(self, where: str) -> None:
        expected = "memory, or redis://host:port/db"
        try:
            self._redis = Redis.from_url(
                where, socket_timeout=self.ANSWER, socket_connect_timeout=self.ANSWER, max_connections=1000
            )
            address = urlsplit(where)
            self._address = f"{address.hostname}:{address.port or 6379}"
        except ValueError:
            raise SettingError(SETTING, "(unreadable)", expected) from None
        self._take = self._redis.register_script(_TAKE)
        self._give_back = self._redis.register_script(_GIVE_BACK)

    @asynccontextmanager
    async def lock(self, name: str, lifetime: float, wait: float) -> AsyncIterator[None]:
        """lifetime, wait: seconds that it is held at most, and waited for. Raises LockError."""
        keys = [f"xiaoer:lock:{name}", f"xiaoer:free:{name}"]
        token = secrets.token_hex(16)
        try:
            try:
                await self._taken(name, keys, token, lifetime, wait)
            except (RedisError, OSError) as error:
                raise LockError(f"The locks at {self._address} cannot be used: {type(error).__name__}.") from error
            yield
        finally:
            # Whether it was taken or not: of a request that was broken off that is not known here.
            await _to_the_end(self._given_back(keys, token))

    async def close(self) -> None:
        await self._redis.close()

    async def _taken(self, name: str, keys: list[str], token: str, lifetime: float, wait: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            held_for = await _to_the_end(self._take(keys, [token, max(1, round(lifetime * 1000))]))
            if held_for == 0:
                return
            left = until - loop.time()
            if left <= 0:
                raise _not_free(name)
            # Woken by whoever gives it back; looked for when the holder's time is over.
            pause = min(left, held_for / 1000, self.AGAIN)
            await self._redis.blpop([keys[1]], timeout=max(pause, 0.01))  # 0 would be for ever

    async def _given_back(self, keys: list[str], token: str) -> None:
        try:
            await self._give_back(keys, [token, round(self.AGAIN * 1000)])
        except (RedisError, OSError) as error:
            logger.warning(
                "a lock at %s could not be given back and expires by itself: %s", self._address, type(error).__name__
            )


async def _to_the_end(work: Awaitable[T]) -> T:
    """Awaits work that goes on to its end when the awaiting task is cancelled; only then is the task."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _not_free(name: str) -> LockError:
    return LockError(f"Could not acquire lock for conversation_id '{name}'.")
