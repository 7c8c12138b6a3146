"""/ready says what is wrong, without saying where or with which password; the log says the rest, now and then."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from rasa.utils.endpoints import EndpointConfig

from bot.channel.wire import health
from bot.channel.wire.health import Health

WELL = {"status": "ok", "model": True, "database": True, "actions": True}


def agent(*, ready: bool = True, url: str = "") -> Any:
    endpoint = EndpointConfig(url) if url else None
    return SimpleNamespace(is_ready=lambda: ready, action_endpoint=endpoint)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.3)


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


async def test_all_is_well(database: Path) -> None:
    assert await Health().look(agent()) == WELL


async def test_no_model(database: Path) -> None:
    for nobody in (None, agent(ready=False)):
        answer = await Health().look(nobody)
        assert answer == {**WELL, "status": "unavailable", "model": False, "errors": {"model": "NotReady"}}


async def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "missing.db"
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
    answer = await Health().look(agent())
    assert (answer["database"], answer["errors"]) == (False, {"database": "FileNotFoundError"})
    assert not path.exists()
    assert "not ready: database: FileNotFoundError" in caplog.text
    assert "missing.db" in caplog.text


async def test_a_database_without_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.db").touch()
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    assert (await Health().look(agent()))["errors"] == {"database": "OperationalError"}


@pytest.mark.parametrize(
    "url",
    ["postgresql://amy:s3cret@127.0.0.1:9/policies", "postgresql:/amy:s3cret", "mysql://amy:s3cret@x/y", "s3cret"],
)
async def test_a_password_is_told_nobody(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", url)
    with caplog.at_level(logging.DEBUG):
        answer = await Health().look(agent())
    assert answer["errors"]["database"] in ("OperationalError", "SettingError", "TooSlow")
    assert "not ready: database" in caplog.text
    assert "s3cret" not in caplog.text + str(answer)
    assert "amy" not in str(answer)


async def test_a_database_that_hangs(
    quick: None, silent: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"postgresql://amy:s3cret@{silent}/policies")
    started = time.monotonic()
    answer = await Health().look(agent())
    assert time.monotonic() - started < 2.0
    assert answer["errors"] == {"database": "TooSlow"}
    assert "no answer within 0.3 s" in caplog.text


async def test_an_action_server_that_is_down_or_hangs_or_fails(quick: None, silent: str, database: Path) -> None:
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=500)

    app = web.Application()
    app.router.add_get("/health", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    broken = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        for address, kind in [
            ("127.0.0.1:9", "ClientConnectorError"),
            (silent, "TimeoutError"),
            (broken, "ClientResponseError"),
        ]:
            answer = await Health().look(agent(url=f"http://{address}/webhook"))
            assert answer == {**WELL, "status": "unavailable", "actions": False, "errors": {"actions": kind}}
    finally:
        await runner.cleanup()


async def test_the_log_is_told_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/missing.db")
    parts = Health()
    await asyncio.gather(*(parts.look(None) for _ in range(5)))
    lines = [record.getMessage() for record in caplog.records if "not ready" in record.getMessage()]
    assert sorted(line.split(":")[1].strip() for line in lines) == ["database", "model"], "each part has its own line"
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + health.LOG_EVERY + 1)
    await parts.look(None)
    assert caplog.text.count("not ready: database") == 2
