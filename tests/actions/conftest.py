"""A fresh, seeded policy database for every test, and a way to run one action in process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.policydb import admin, session
from xiaoer.principal import Principal

TODAY = "2026-11-23"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated and seeded database, to be copied."""
    path = tmp_path_factory.mktemp("seeded") / "policy.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
        patch.setenv("XIAOER_TODAY", TODAY)
        admin.upgrade()
        admin.seed()
        session.dispose()
    return path


@pytest.fixture
def database(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the seeded database, in force for this test, on the fixed day."""
    path = tmp_path / "policy.db"
    shutil.copy(seeded, path)
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("XIAOER_TODAY", TODAY)
    yield path
    session.dispose()


@dataclass(frozen=True)
class Said:
    """What one run of an action said and set."""

    text: str
    buttons: list[dict[str, str]]
    meta: dict[str, Any]
    slots: dict[str, Any]

    @property
    def outcome(self) -> str:
        return str(self.meta["outcome"])


@pytest.fixture
def ask(database: Path) -> Callable[..., Said]:
    """ask(action, principal or "buyer:demo", slots=..., **entities): runs it once, exactly one utterance."""

    def run(action: Action, who: str | Principal = "buyer:demo", slots: Any = None, **entities: str) -> Said:
        shell = isinstance(who, str)
        message = {
            "entities": [{"entity": name, "value": value} for name, value in entities.items()],
            "metadata": {} if shell else {"principal": who.as_dict()},
        }
        events = [{"event": "user", "input_channel": "cmdline" if shell else "widget"}]
        sender = who if isinstance(who, str) else "conversation"
        tracker = Tracker(sender, slots or {}, message, events, False, None, {}, None)
        dispatcher = CollectingDispatcher()
        set_slots = asyncio.run(action.run(dispatcher, tracker, {}))
        assert len(dispatcher.messages) == 1, "an action says exactly one thing"
        said = dispatcher.messages[0]
        assert said["text"].strip()
        return Said(
            said["text"], said["buttons"], said["xiaoer"], {event["name"]: event["value"] for event in set_slots}
        )

    return run
