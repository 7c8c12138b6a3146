"""A lock a conversation in Redis, where the servers that share it wait for each other."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from rasa.core.lock_store import LockError
from redis.asyncio import Redis  # type: ignore[import-untyped]
from redis.exceptions import RedisError  # type: ignore[import-untyped]

from xiaoer.errors import SettingError

logger = logging.getLogger(__name__)

SETTING = "XIAOER_LOCKS"

T = TypeVar("T")

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


class RedisLocks:
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
                raise not_free(name)
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


def not_free(name: str) -> LockError:
    return LockError(f"Could not acquire lock for conversation_id '{name}'.")
