"""Shared by all tests: the trained assistant in this process, on a policy database of its own."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

# Before anything reads the settings: no test touches the demo database of the checkout.
_FOLDER = tempfile.mkdtemp(prefix="xiaoer-tests-")
os.environ["POLICY_DATABASE_URL"] = f"sqlite:///{_FOLDER}/policy.db"
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from xiaoer.principal import VISITOR, Principal, Source, parse_principal  # noqa: E402


@pytest.fixture(scope="session")
def policy_database() -> Path:
    """A migrated database with the demo accounts; its file."""
    from actions.policydb import admin

    admin.upgrade()
    admin.seed()
    return Path(_FOLDER) / "policy.db"


@pytest.fixture(scope="session")
def assistant(policy_database: Path) -> object:
    """The newest trained model, answering in this process (make train comes before the tests)."""
    from bot.inprocess import Assistant
    from bot.project import model_or_raise

    return Assistant(model_or_raise())


class Talk:
    """One conversation, as a test writes it."""

    def __init__(self, assistant: object, who: str) -> None:
        self._assistant = assistant
        self.principal: Principal = parse_principal(who, Source.COMMAND) if who != "visitor" else VISITOR
        self.id = uuid.uuid4().hex
        self.last: object = None

    async def say(self, text: str) -> dict[str, object]:
        self.last = await self._assistant.say(text, self.principal, self.id)  # type: ignore[attr-defined]
        return self.last.record()  # type: ignore[attr-defined]

    async def press(self, title: str) -> dict[str, object]:
        """Presses the button of the last reply whose title holds `title`."""
        buttons = self.last.record()["buttons"]  # type: ignore[attr-defined]
        payload = next((button["payload"] for button in buttons if title in button["title"]), None)
        assert payload, f"no button {title!r} among {[button['title'] for button in buttons]}"
        self.last = await self._assistant.press(payload, self.principal, self.id)  # type: ignore[attr-defined]
        return self.last.record()  # type: ignore[attr-defined]


@pytest.fixture
def talk(assistant: object) -> Callable[[str], Talk]:
    """`talk("buyer:demo")` starts a conversation."""
    return lambda who="visitor": Talk(assistant, who)
