"""What breaks is said, numbered and logged; nothing ends in silence."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from actions.policydb import session

pytestmark = pytest.mark.model


@pytest.fixture
def database_gone(monkeypatch: pytest.MonkeyPatch, assistant: object) -> Iterator[None]:
    monkeypatch.setenv("POLICY_DATABASE_URL", "sqlite:////nonexistent/policy.db")
    session.dispose()
    yield
    monkeypatch.undo()
    session.dispose()


@pytest.mark.usefixtures("database_gone")
async def test_database_down(talk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        record = await talk("buyer:demo").say("我这单有运费险吗")
    assert record["outcome"] == "error"
    number = re.search(r"E[0-9A-F]{6}", record["reply"])
    assert number
    assert number.group() in caplog.text
    assert "没有改动" in record["reply"]
    assert {"转人工"} <= {button["title"] for button in record["buttons"]}


async def test_knowledge_is_answered_while_the_database_is_down(talk, database_gone: None) -> None:
    record = await talk("buyer:demo").say("运费险怎么理赔")
    assert record["outcome"] == "answered"


async def test_an_action_that_cannot_be_run_is_not_silence(
    talk, assistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the action server is gone: Rasa swallows the exception, the person must not notice silence."""

    async def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("action server gone")

    monkeypatch.setattr(type(assistant.agent.action_endpoint), "request", refuse)
    with caplog.at_level(logging.ERROR):
        record = await talk("buyer:demo").say("我这单有运费险吗")
    assert record["outcome"] == "error"
    number = re.search(r"E[0-9A-F]{6}", record["reply"])
    assert number
    assert number.group() in caplog.text
    assert any(
        button["title"] == "再试一次" and button["payload"] == "我这单有运费险吗" for button in record["buttons"]
    )


async def test_an_answer_that_cannot_be_written(talk, assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.answers.choose import Choose

    monkeypatch.setattr(Choose, "answer", lambda *_: 1 / 0)
    record = await talk("buyer:demo").say("运费险怎么理赔")
    assert record["outcome"] == "error"
    assert re.search(r"E[0-9A-F]{6}", record["reply"])
