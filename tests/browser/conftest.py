"""The servers of `make chat` on ports of their own, and one Chromium, for all browser tests."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.shop import Shop

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass(frozen=True)
class Running:
    """The servers while they run. folder: what they keep: feedback.db, policy.db, log/."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium's path. None there: a failure under CI, else the tests are skipped."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        missing = f"no Chromium: none of {', '.join(CHROMIUM)} is on PATH (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def servers(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Action server and Rasa as `make chat` starts them, with a policy database and a var/ of their own."""
    from bot.command import serve
    from bot.engine.training.models import model_or_raise

    model_or_raise()
    folder = tmp_path_factory.mktemp("browser")
    port, action_port = _free_ports()
    services: list[serve.Service] = []
    try:
        with pytest.MonkeyPatch.context() as patch:  # the children take the environment with them
            patch.setenv("XIAOER_VAR", str(folder))
            patch.setenv("POLICY_DATABASE_URL", f"sqlite:///{folder}/policy.db")
            patch.setenv("XIAOER_DEMO", "1")
            patch.setenv("PORT", str(port))
            patch.setenv("ACTION_PORT", str(action_port))
            for name in ("XIAOER_MESSAGES_A_MINUTE", "XIAOER_ADDRESS_MESSAGES_A_MINUTE"):
                patch.setenv(name, "100000")
            unset = (
                "XIAOER_JWT_KEY",
                "XIAOER_JWT_KEY_FILE",
                "XIAOER_SESSION_KEY",
                "XIAOER_TODAY",
                "XIAOER_CONVERSATIONS",
            )
            for name in unset:
                patch.delenv(name, raising=False)
            serve.database()
            services.append(serve.action_server())
            services.append(serve.rasa_server(port))
            serve.wait_for("Rasa and the action server", lambda: serve.ready(port), *services)
        yield Running(f"http://127.0.0.1:{port}", folder)
    finally:
        for service in reversed(services):
            service.stop()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, headless=True)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def shop(servers: Running, browser: Browser) -> AsyncIterator[Shop]:
    """Opens pages of the demo shop. At the end no page may have had a script error, a console error or a violation of
    its Content-Security-Policy, asked another host for anything, or shown a dialog."""
    opened = Shop(browser, servers.url)
    yield opened
    await opened.close()
    assert opened.trouble == []
