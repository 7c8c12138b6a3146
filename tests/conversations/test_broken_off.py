"""Action server or database dying in the middle of a confirmation: exactly one request or none, and it is said which."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy import text

from actions.policydb import admin, session
from actions.policydb.demo.data import NUMBERS
from actions.policydb.writes import requests
from xiaoer.errors import DeskError
from xiaoer.settings import ROOT

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

WRITTEN, NOT_WRITTEN, DOUBTFUL = "已经办成", "没有写下任何东西", "不确定"


async def at_read_back(talk):
    seller = talk("seller:demo")
    record = await seller.say("帮我开通退货宝")
    assert "请核对" in record["reply"]
    return seller


def one_more(before, after) -> bool:
    return (
        after.requests == before.requests + 1
        and after.audits == before.audits + 1
        and after.on - before.on == {("demo-shop", "return_care")}
    )


def killed(*_: object, **__: object) -> None:
    raise DeskError("killed")


@contextmanager
def in_doubt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing can be written, nor looked up whether it was."""
    from actions.asking import forms

    async def unknown(*_: object) -> None:
        raise DeskError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(requests, "enable", killed)
        patch.setattr(forms, "_look_up", unknown)
        yield


# ---------------------------------------------------------------------- the database, in process


async def test_the_write_failing_writes_nothing_and_says_so(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content()
    seller = await at_read_back(talk)
    monkeypatch.setattr(requests, "enable", killed)
    record = await seller.say("确认")
    assert NOT_WRITTEN in record["reply"]
    assert re.search(r"E[0-9A-F]{6}", record["reply"])
    assert content() == before


async def test_the_answer_to_the_commit_lost_is_looked_up(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has committed, and the connection dies before it can say so."""
    from actions.asking import forms

    before = content()
    seller = await at_read_back(talk)
    real = session.writing
    lost: list[None] = []

    @contextmanager
    def writing(**kwargs: Any) -> Iterator[Any]:
        with real(**kwargs) as opened:
            yield opened
        if not lost:
            lost.append(None)
            raise DeskError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(forms, "writing", writing)
        record = await seller.say("确认")
    assert WRITTEN in record["reply"]
    assert one_more(before, content())
    again = await seller.say("确认")
    assert "没有再办" in again["reply"]
    assert one_more(before, content())


@pytest.mark.parametrize("committed", [False, True])
async def test_a_database_gone_for_a_while_is_in_doubt_and_settled_by_the_next_message(
    talk, content, database: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    from actions.asking import forms

    before = content()
    seller = await at_read_back(talk)
    away = database.with_suffix(".away")
    real = session.writing

    @contextmanager
    def writing(**kwargs: Any) -> Iterator[Any]:
        if committed:
            with real(**kwargs) as opened:
                yield opened
        database.rename(away)
        raise DeskError("the database is gone")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(forms, "writing", writing)
        record = await seller.say("确认")
        assert DOUBTFUL in record["reply"]
        still = await seller.say("办好了没")
        assert DOUBTFUL in still["reply"]
    os.replace(away, database)  # asking a missing SQLite file has left an empty one
    settled = await seller.say("办好了没")
    assert (WRITTEN if committed else NOT_WRITTEN) in settled["reply"]
    assert one_more(before, content()) if committed else content() == before


async def test_a_question_after_a_doubt_is_answered_as_well(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = await at_read_back(talk)
    with in_doubt(monkeypatch):
        assert DOUBTFUL in (await seller.say("确认"))["reply"]
    record = await seller.say("运费险多久到账？")
    assert NOT_WRITTEN in record["reply"]
    assert record["reply"].index(NOT_WRITTEN) < record["reply"].index("72 小时")


# ---------------------------------------------------------------------- the action server, as a process


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def action_server(port: int, database: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts an action server on the port (a doomed one, or a good one); all are stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*, doomed: bool = False) -> subprocess.Popen[bytes]:
        module = ["tests.conversations.doomed", str(port)]
        if not doomed:
            module = ["rasa_sdk", "--actions", "actions", "--port", str(port)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "SANIC_HOST": "127.0.0.1", "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        started.append(process)
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            assert process.poll() is None, "the action server did not start"
            time.sleep(0.1)
        raise AssertionError("the action server did not start in a minute")

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def over_http(assistant: Any, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The assistant's actions run in the server on the port."""
    endpoint = EndpointConfig(url=f"http://127.0.0.1:{port}/webhook")
    monkeypatch.setattr(assistant.agent.processor, "action_endpoint", endpoint)


@pytest.mark.usefixtures("over_http")
async def test_the_action_server_killed_after_the_commit(talk, content, action_server) -> None:
    before = content()
    doomed = action_server(doomed=True)
    seller = await at_read_back(talk)
    record = await seller.say("确认")
    assert doomed.wait(10) == -signal.SIGKILL
    assert record["outcome"] == "error"
    assert DOUBTFUL in record["reply"]
    action_server()
    settled = await seller.say("办好了没")
    assert WRITTEN in settled["reply"]
    assert one_more(before, content())
    await seller.say("确认")
    assert one_more(before, content())


@pytest.mark.usefixtures("over_http")
async def test_the_action_server_killed_before_the_commit(
    talk, content, action_server, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "20")  # on a busy machine the server comes late to where it has to wait
    before = content()
    server = action_server()
    seller = await at_read_back(talk)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the action has to wait for this one
        confirming = asyncio.ensure_future(seller.say("确认"))
        await asyncio.sleep(3.0)
        assert not confirming.done()
        server.kill()
        record = await confirming
        other.execute("ROLLBACK")
    assert DOUBTFUL in record["reply"]
    action_server()
    settled = await seller.press("查一下结果")
    assert NOT_WRITTEN in settled["reply"]
    assert content() == before
    await seller.press("再办一次")
    await seller.say("确认")
    assert one_more(before, content())


# ---------------------------------------------------------------------- PostgreSQL


@pytest.fixture
def postgresql(content: object, monkeypatch: pytest.MonkeyPatch, postgresql_url: str) -> Iterator[str]:
    monkeypatch.setenv("POLICY_DATABASE_URL", postgresql_url)
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "20")  # on a busy machine two that wait for each other take their time
    admin.upgrade()
    admin.seed()
    yield postgresql_url
    session.dispose()


@pytest.mark.service
@pytest.mark.usefixtures("postgresql")
async def test_the_databases_connection_killed_while_the_write_waits(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    with session.engine().connect() as other, other.begin():
        other.execute(text("SELECT 1 FROM shop WHERE code = 'demo-shop' FOR UPDATE"))
        confirming = asyncio.ensure_future(seller.say("确认"))
        killed: list[Any] = []
        while not killed:  # as soon as it waits, however long it takes to come to that
            await asyncio.sleep(0.1)
            assert not confirming.done()
            with session.engine().connect() as third, third.begin():
                killed = third.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                        "AND datname = current_database()"
                    )
                ).all()
        assert killed == [(True,)]
        record = await confirming
    assert NOT_WRITTEN in record["reply"]
    assert content() == before


@pytest.mark.service
@pytest.mark.usefixtures("postgresql")
async def test_two_at_once_on_postgresql(talk, content) -> None:
    before = content()
    first, second = await at_read_back(talk), await at_read_back(talk)
    one, other = await asyncio.gather(first.say("确认"), second.say("确认"))
    assert len({record["reply"].split("**XR-")[1][:10] for record in (one, other)}) == 1
    assert one_more(before, content())


async def test_a_write_that_comes_too_late_is_taken_back(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would come through after the failure has been told."""
    before = content()
    seller = await at_read_back(talk)
    real = requests.enable

    def slow(*arguments: Any, **named: Any) -> Any:
        written = real(*arguments, **named)
        time.sleep(0.6)
        return written

    monkeypatch.setattr(requests, "enable", slow)
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.5")
    record = await seller.say("确认")
    assert NOT_WRITTEN in record["reply"]
    await asyncio.sleep(0.5)
    assert content() == before


async def test_a_write_that_does_not_end_is_in_doubt(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = await at_read_back(talk)
    real = requests.enable

    def stuck(*arguments: Any, **named: Any) -> Any:
        time.sleep(1.2)
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(requests, "enable", stuck)
        patch.setenv("XIAOER_QUERY_TIMEOUT", "0.3")
        record = await seller.say("确认")
        assert DOUBTFUL in record["reply"]
        await asyncio.sleep(1.0)
    settled = await seller.say("办好了没")
    assert NOT_WRITTEN in settled["reply"]
    assert content().requests == 0


async def test_a_turn_cut_off_after_the_commit_is_not_denied(
    talk, content, assistant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tracker of that turn was never saved: the form is still open there, and the request is written."""

    async def lost(tracker: Any) -> None:
        """Nothing of the turn is kept."""

    before = content()
    seller = await at_read_back(talk)
    with monkeypatch.context() as patch:
        patch.setattr(assistant.store, "save", lost)
        await seller.say("确认")
    assert (await assistant.tracker(seller.id)).active_loop_name is not None
    record = await seller.say("算了")
    assert WRITTEN in record["reply"]
    assert one_more(before, content())


async def test_a_doubt_does_not_shut_out_questions_and_people(talk, content, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = await at_read_back(talk)
    with in_doubt(monkeypatch):
        await seller.say("确认")
        record = await seller.say("运费险多久到账？")
        assert DOUBTFUL in record["reply"]
        assert "72 小时" in record["reply"]
        assert (await seller.say("转人工"))["outcome"] == "handoff"


@pytest.mark.service
@pytest.mark.usefixtures("postgresql")
async def test_appeals_at_once_on_postgresql(talk, content) -> None:
    number = NUMBERS["refused_bad_tracking"]
    buyers = [talk("buyer:demo") for _ in range(3)]
    for buyer in buyers:
        await buyer.say(f"我要对这单{number}的拒赔申诉")
        for _ in range(3):
            await buyer.say("没有")
    records = await asyncio.gather(*(buyer.say("确认") for buyer in buyers))
    assert len({record["reply"].split("**XR-")[1][:10] for record in records}) == 1
    assert content().appeals == 1
