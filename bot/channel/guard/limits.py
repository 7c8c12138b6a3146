"""How much one asker and one network address may send. Each refusal is a Problem with a clear Chinese sentence.

Windows are fixed minutes: their memory is one number a key, forgotten when the minute is over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from sanic.request import Request

from bot.channel.guard.problems import Problem
from xiaoer import settings
from xiaoer.errors import SettingError


class SweptMemory(MemoryStorage):
    """The library's memory, which starts a thread a hundred times a second that looks at every key, to forget what is over.

    Here that happens at a hit, now and then; whether something is over is seen when it is asked for anyway.
    """

    STORAGE_SCHEME = ["swept-memory"]
    EVERY = 5.0  # seconds

    def __init__(self, uri: str = "", **options: Any) -> None:
        super().__init__(uri, **options)
        self._swept = time.monotonic()

    def incr(self, key: str, expiry: int, elastic_expiry: bool = False, amount: int = 1) -> int:
        """The new count of the key."""
        if time.monotonic() - self._swept >= self.EVERY:
            self._swept = time.monotonic()
            for known in list(self.expirations):
                self.get(known)  # forgets it when it is over
        count = self.storage[key] = self.get(key) + amount
        if elastic_expiry or count == amount:
            self.expirations[key] = time.time() + expiry
        return count


@dataclass(frozen=True)
class Allowed:
    """The limits in force; see the settings of the same names."""

    length: int
    body: int
    asker: int
    address: int
    connections: int
    turn: float

    @classmethod
    def from_settings(cls) -> Allowed:
        """Raises SettingError."""
        return cls(
            length=settings.whole("XIAOER_MESSAGE_LENGTH"),
            body=settings.whole("XIAOER_BODY_BYTES", 1024),
            asker=settings.whole("XIAOER_MESSAGES_A_MINUTE"),
            address=settings.whole("XIAOER_ADDRESS_MESSAGES_A_MINUTE"),
            connections=settings.whole("XIAOER_CONNECTIONS_AN_ADDRESS"),
            turn=settings.seconds("XIAOER_TURN_TIMEOUT"),
        )


class Limits:
    """Counts and refuses."""

    def __init__(self, allowed: Allowed, storage: str | None = None) -> None:
        self.allowed = allowed
        where = storage or settings.get("XIAOER_LIMITS_STORAGE")
        try:
            # The strategy holds it weakly.
            self._storage = storage_from_string(f"swept-{where}" if where.startswith("memory:") else where)
        except ConfigurationError as error:
            raise SettingError("XIAOER_LIMITS_STORAGE", where, f"memory:// or redis://host:port ({error})") from None
        self._window = FixedWindowRateLimiter(self._storage)
        self._asker = RateLimitItemPerMinute(allowed.asker)
        self._address = RateLimitItemPerMinute(allowed.address)
        self._open: dict[str, set[str]] = {}

    def message(self, asker: str, address: str) -> None:
        """Counts one message. Raises Problem too_many_messages."""
        # The address first: whoever is refused as an asker uses up its share, too, and an address that is refused cannot
        # fill the memory with askers.
        for item, key in ((self._address, ("address", address)), (self._asker, ("asker", asker))):
            if not self._window.hit(item, *key):
                raise self._too_many(item, *key)

    def call(self, address: str) -> None:
        """Counts what is no message (history, feedback, a token). Raises Problem too_many_messages."""
        if not self._window.hit(self._address, "call", address):
            raise self._too_many(self._address, "call", address)

    def text(self, text: str) -> None:
        """Raises Problem too_long."""
        if len(text) > self.allowed.length:
            raise Problem("too_long", most=self.allowed.length)

    def connect(self, address: str, connection: str) -> None:
        """Counts an open connection. Raises Problem too_many_connections."""
        opened = self._open.setdefault(address, set())
        if len(opened) >= self.allowed.connections and connection not in opened:
            raise Problem("too_many_connections")
        opened.add(connection)

    def disconnect(self, address: str, connection: str) -> None:
        """Forgets a connection; safe to repeat."""
        opened = self._open.get(address, set())
        opened.discard(connection)
        if not opened:
            self._open.pop(address, None)

    def _too_many(self, item: RateLimitItemPerMinute, *key: str) -> Problem:
        until, _ = self._window.get_window_stats(item, *key)
        return Problem("too_many_messages", seconds=max(1, round(until - time.time())))


def address_of(request: Request) -> str:
    """The network address that limits count by; behind XIAOER_PROXIES, what the outermost of them saw."""
    return str(request.remote_addr or request.ip)
