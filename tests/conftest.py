"""Shared by all tests: the trained assistant in this process, on a policy database of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.command.quiet import QUIET

# Before anything reads the settings: no test touches what the checkout keeps, and what one says the next does not hear.
_FOLDER = tempfile.mkdtemp(prefix="xiaoer-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["XIAOER_VAR"] = _FOLDER
os.environ["POLICY_DATABASE_URL"] = f"sqlite:///{_FOLDER}/policy.db"
os.environ["XIAOER_CONVERSATIONS"] = "memory"
for _name, _value in QUIET.items():
    os.environ.setdefault(_name, _value)

from xiaoer.principal import VISITOR, Principal, Source, parse_principal  # noqa: E402

TODAY = "2026-11-23"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated and seeded database, to be copied."""
    path = tmp_path_factory.mktemp("seeded") / "policy.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
        patch.setenv("XIAOER_TODAY", TODAY)
        from actions.policydb import admin, session

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
    from actions.policydb import session

    session.dispose()


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A new, empty PostgreSQL database. Skipped where there is no server, a failure under CI=true."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    server = os.environ.get("XIAOER_TEST_POSTGRESQL", "postgresql://127.0.0.1:5432/postgres")
    name = f"xiaoer_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", future=True, connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        missing = f"needs a PostgreSQL server where databases can be made (XIAOER_TEST_POSTGRESQL): {error.orig}"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    yield str(engine.url.set(database=name).render_as_string(hide_password=False))
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


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
    from bot.command.inprocess import Assistant
    from bot.engine.training.models import model_or_raise

    return Assistant(model_or_raise())


class Talk:
    """One conversation, as a test writes it."""

    def __init__(self, assistant: object, who: str) -> None:
        self.assistant = assistant
        self.principal: Principal = parse_principal(who, Source.COMMAND) if who != "visitor" else VISITOR
        self.id = uuid.uuid4().hex
        self.last: object = None

    async def say(self, text: str) -> dict[str, object]:
        self.last = await self.assistant.say(text, self.principal, self.id)  # type: ignore[attr-defined]
        return self.last.record()  # type: ignore[attr-defined]

    async def press(self, title: str) -> dict[str, object]:
        """Presses the button of the last reply whose title holds `title`."""
        buttons = self.last.record()["buttons"]  # type: ignore[attr-defined]
        payload = next((button["payload"] for button in buttons if title in button["title"]), None)
        assert payload, f"no button {title!r} among {[button['title'] for button in buttons]}"
        return await self.press_payload(payload)

    async def press_payload(self, payload: str) -> dict[str, object]:
        """What a button carries, as the channel hands it on: an intent, or words to be said."""
        send = self.assistant.press if payload.startswith("/") else self.assistant.say  # type: ignore[attr-defined]
        self.last = await send(payload, self.principal, self.id)
        return self.last.record()  # type: ignore[attr-defined]


@pytest.fixture
def talk(assistant: object) -> Callable[[str], Talk]:
    """`talk("buyer:demo")` starts a conversation."""
    return lambda who="visitor": Talk(assistant, who)
