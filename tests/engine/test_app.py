"""The server's agent: warm before the first asker, and nothing of that kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.utils import AvailableEndpoints

from bot.engine.agent import Agent
from bot.engine.app import load_agent, warm
from bot.engine.reading import MOST, Reading
from bot.engine.remote import KeptEndpoint
from bot.engine.training.models import model_or_raise
from bot.stores.locks import WaitingLockStore
from xiaoer.settings import ROOT


@pytest.mark.model
async def test_the_agent_has_the_stores_of_endpoints_yml_and_warming_leaves_no_trace() -> None:
    agent = await load_agent(model_or_raise(), AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml")))
    assert isinstance(agent, Agent)
    assert isinstance(agent.lock_store, WaitingLockStore)
    assert isinstance(agent.action_endpoint, KeptEndpoint)
    store = agent.processor.tracker_store
    await warm(agent)
    assert agent.processor.tracker_store is store
    assert list(await agent.tracker_store.keys()) == []


class Reader:
    """Reads a message as its text, and notes which were read together. Not 坏."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []

    def __call__(self, messages: list[UserMessage]) -> list[dict[str, Any]]:
        texts = [message.text for message in messages]
        self.together.append(texts)
        if "坏" in texts:
            raise ValueError("坏")
        return [{"text": text} for text in texts]


async def test_messages_of_one_moment_are_read_together_and_each_gets_its_own() -> None:
    reader = Reader()
    reading = Reading(reader)
    found = await asyncio.gather(*(reading.read(UserMessage(text)) for text in "甲乙丙"))
    assert [each["text"] for each in found] == ["甲", "乙", "丙"]
    assert reader.together == [["甲", "乙", "丙"]]
    await reading.read(UserMessage("丁"))
    assert reader.together[1:] == [["丁"]]


async def test_no_more_than_some_are_read_at_once_and_none_is_left() -> None:
    reader = Reader()
    reading = Reading(reader)
    texts = [str(number) for number in range(2 * MOST + 3)]
    found = await asyncio.gather(*(reading.read(UserMessage(text)) for text in texts))
    assert [each["text"] for each in found] == texts
    assert [len(each) for each in reader.together] == [MOST, MOST, 3]


async def test_one_that_cannot_be_read_fails_alone() -> None:
    reading = Reading(Reader())
    found = await asyncio.gather(*(reading.read(UserMessage(text)) for text in "甲坏丙"), return_exceptions=True)
    assert [found[0], found[2]] == [{"text": "甲"}, {"text": "丙"}]
    assert isinstance(found[1], ValueError)


async def test_a_turn_that_was_given_up_is_not_read() -> None:
    reader = Reader()
    reading = Reading(reader)
    given_up = asyncio.ensure_future(reading.read(UserMessage("甲")))
    other = asyncio.ensure_future(reading.read(UserMessage("乙")))
    given_up.cancel()
    await asyncio.sleep(0)
    given_up.cancel()
    assert await other == {"text": "乙"}
