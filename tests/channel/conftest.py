"""What the channel's tests share: settings of their own, tokens, a running server, clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
import socketio

if not hasattr(aiohttp, "ClientWSTimeout"):
    # python-engineio's client expects aiohttp 3.11, Rasa pins 3.9, where the time-out is a plain number.
    aiohttp.ClientWSTimeout = lambda *, ws_close: ws_close  # type: ignore[misc, assignment]

KEY = "k" * 40
WAIT = 5.0


@pytest.fixture(scope="package")
def settings_of_the_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A key, a folder of its own, room for many messages; returns the folder."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("var")
        patch.setenv("XIAOER_VAR", str(folder))
        patch.setenv("XIAOER_JWT_KEY", KEY)
        patch.setenv("XIAOER_MESSAGES_A_MINUTE", "100000")
        patch.setenv("XIAOER_ADDRESS_MESSAGES_A_MINUTE", "100000")
        patch.setenv("XIAOER_CONNECTIONS_AN_ADDRESS", "500")
        patch.setenv("XIAOER_TURN_TIMEOUT", "1")
        patch.setenv("XIAOER_LOG", "text")
        patch.delenv("XIAOER_DEMO", raising=False)
        yield folder


@pytest.fixture(scope="package")
def server(settings_of_the_channel: Path) -> Iterator[Any]:
    """The channel with the tests' small assistant behind it, which has no tickets: test_staff.py starts its own."""
    from bot.channel.delivery import Delivery
    from tests.channel.server import Server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Delivery, "start", _idle)
        running = Server().start()
    yield running
    running.stop()


async def _idle(*_: Any) -> None:
    pass


@pytest.fixture(autouse=True)
def no_delivery(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of other tests do not look for tickets: what test_staff.py counts would be theirs as well."""
    from bot.channel.delivery import Delivery

    if request.module.__name__ != "tests.channel.test_staff":
        monkeypatch.setattr(Delivery, "start", _idle)


def token(sub: Any = "amy", role: Any = "buyer", *, key: Any = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """A token as a host page's back end signs it; a claim given as None is left out."""
    data = {"sub": sub, "role": role, "aud": "xiaoer", "exp": int(time.time()) + 600, **claims}
    return jwt.encode({name: value for name, value in data.items() if value is not None}, key, algorithm=algorithm)


class Client:
    """A real Socket.IO client that keeps what it gets."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.got: list[tuple[str, Any]] = []
        self.sio = socketio.AsyncClient(reconnection=False)
        for event in ("session_confirm", "history", "bot_uttered", "user_echo", "problem"):
            self.sio.on(event, self._keep(event))

    def _keep(self, event: str) -> Callable[..., None]:
        return lambda *data: self.got.append((event, data[0] if data else None))

    async def connect(self, *, start: bool = True, **auth: Any) -> Client:
        await self.sio.connect(self._url, auth=auth, transports=["websocket"], wait_timeout=WAIT)
        if start:
            await self.sio.emit("session_request", {})
            await self.until("history")
        return self

    async def say(self, message: Any, **more: Any) -> dict[str, Any]:
        """The ack."""
        return await self.call("user_uttered", {"message": message, **more})

    async def call(self, event: str, data: Any) -> dict[str, Any]:
        return await self.sio.call(event, data, timeout=WAIT)  # type: ignore[no-any-return]

    def all(self, event: str) -> list[Any]:
        return [data for name, data in self.got if name == event]

    async def until(self, event: str, count: int = 1) -> Any:
        """The count-th event of that name; waits for it."""
        deadline = time.monotonic() + WAIT
        while len(self.all(event)) < count:
            assert time.monotonic() < deadline, f"no {event} came; got {self.got}"
            await asyncio.sleep(0.01)
        return self.all(event)[count - 1]

    async def quiet(self, seconds: float = 0.15) -> None:
        """Waits for what should not come."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        await self.sio.disconnect()


@pytest_asyncio.fixture(loop_scope="function")
async def client(server: Any) -> AsyncIterator[Callable[[], Client]]:
    """`client()` makes one; all are closed at the end."""
    made: list[Client] = []

    def make() -> Client:
        made.append(Client(server.url))
        return made[-1]

    yield make
    for each in made:
        if each.sio.connected:
            await each.close()
