"""Stores on the settings of a test, closed at its end."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.stores.trackers import WindowedTrackerStore
from tests.stores.talk import DOMAIN

Make = Callable[..., WindowedTrackerStore]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """`store(where="memory", locks="memory", kept=10000)` makes one."""
    made: list[WindowedTrackerStore] = []

    def make(
        where: str = "memory", *, locks: str = "memory", kept: int = 10000, **more: object
    ) -> WindowedTrackerStore:
        monkeypatch.setenv("XIAOER_CONVERSATIONS", where)
        monkeypatch.setenv("XIAOER_LOCKS", locks)
        monkeypatch.setenv("XIAOER_CONVERSATIONS_KEPT", str(kept))
        made.append(WindowedTrackerStore(DOMAIN, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/made/conversations.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def redis_url() -> str:
    """A Redis server, for names that no other test uses. Skipped where there is none, a failure under CI=true."""
    from redis import Redis  # type: ignore[import-untyped]
    from redis.exceptions import RedisError

    url = os.environ.get("XIAOER_TEST_REDIS", "redis://127.0.0.1:6379/15")
    try:
        Redis.from_url(url, socket_connect_timeout=3).ping()
    except RedisError as error:
        missing = f"needs a Redis server (XIAOER_TEST_REDIS): {error}"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return url


@pytest.fixture
def name() -> str:
    """A conversation that no other test has."""
    return uuid.uuid4().hex
