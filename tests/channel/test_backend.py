"""One lock a conversation, Rasa's own: turns and staff's words go one after the other, and a turn that is stopped gives it back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from rasa.core.channels.channel import UserMessage

from bot.channel.backend import Backend
from bot.channel.guard.problems import Problem
from bot.stores.locks import WaitingLockStore
from tests.channel.room import ALLOWED, Room

NAME = "buyer-1"


class Agent:
    """Its turns take as long as `work` does; what happens is in `log`."""

    domain = None

    def __init__(self, work: Any) -> None:
        self.lock_store = WaitingLockStore()
        self.tracker_store = self.processor = self
        self.work = work
        self.log: list[str] = []

    def is_ready(self) -> bool:
        return True

    async def handle_message(self, message: UserMessage) -> None:
        self.log.append(f"{message.text} begins")
        await self.work()
        self.log.append(f"{message.text} ends")

    async def retrieve(self, conversation: str) -> Any:
        self.log.append("looked")
        return SimpleNamespace(events=[])

    retrieve_full_tracker = retrieve


def backend(agent: Agent) -> Backend:
    made = Backend()
    made.attach(SimpleNamespace(ctx=SimpleNamespace(agent=agent)))  # type: ignore[arg-type]
    return made


async def handle(behind: Backend, text: str, limit: float) -> None:
    """A turn, as the exchange has one."""
    async with behind.held(NAME, limit):
        await behind.handle(UserMessage(text, sender_id=NAME), limit)


async def quick() -> None:
    await asyncio.sleep(0.2)


async def for_ever() -> None:
    await asyncio.sleep(3600)


async def stubborn() -> None:
    """Goes on after it was stopped, longer than anybody waits for it."""
    for _ in range(2):
        try:
            await asyncio.sleep(1.5)
        except asyncio.CancelledError:
            continue


async def just_in_time() -> None:
    """Has done everything when it is stopped."""
    with suppress(asyncio.CancelledError):
        await for_ever()


def waited() -> float:
    return REGISTRY.get_sample_value("xiaoer_turn_seconds_sum", {"stage": "wait"}) or 0.0


async def test_a_turn_does_not_pay_for_the_turns_before_it() -> None:
    agent, before = Agent(quick), waited()
    behind = backend(agent)
    await asyncio.gather(*(handle(behind, text, 0.3) for text in "甲乙丙"))
    assert agent.log == ["甲 begins", "甲 ends", "乙 begins", "乙 ends", "丙 begins", "丙 ends"]
    assert 0.5 < waited() - before < 3.0


@pytest.mark.parametrize("work", [for_ever, stubborn])
async def test_a_turn_that_is_stopped_gives_the_lock_back(work: Any) -> None:
    agent = Agent(work)
    behind = backend(agent)
    with pytest.raises(Problem) as problem:
        await handle(behind, "甲", 0.1)
    assert problem.value.code == "turn_timeout"
    assert not agent.lock_store.is_someone_waiting(NAME)
    agent.work = quick
    await handle(behind, "乙", 1.0)
    assert agent.log[-1] == "乙 ends"


async def test_a_turn_that_was_over_when_it_was_stopped_is_a_turn() -> None:
    agent = Agent(just_in_time)
    await handle(backend(agent), "甲", 0.1)
    assert agent.log == ["甲 begins", "甲 ends"]


async def test_staff_wait_for_the_turn_that_is_running() -> None:
    agent = Agent(quick)
    behind = backend(agent)
    turn = asyncio.ensure_future(handle(behind, "甲", 1.0))
    await asyncio.sleep(0)
    await asyncio.gather(turn, behind.add(NAME, lambda events, tracker: (), create=False))
    assert agent.log[:2] == ["甲 begins", "甲 ends"]
    assert agent.log[2] == "looked"


async def test_what_goes_wrong_gives_the_lock_back() -> None:
    async def broken() -> None:
        raise ValueError("broken on purpose")

    agent = Agent(broken)
    with pytest.raises(ValueError, match="on purpose"):
        await handle(backend(agent), "甲", 1.0)
    assert not agent.lock_store.is_someone_waiting(NAME)


async def test_a_turn_is_not_passed_over_while_it_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock's usual life-time is shorter than a turn may take."""
    monkeypatch.setattr("bot.channel.backend.LOCK_LIFETIME", 0.1)
    agent = Agent(quick)
    behind = backend(agent)
    await asyncio.gather(*(handle(behind, text, 0.5) for text in "甲乙"))
    assert agent.log == ["甲 begins", "甲 ends", "乙 begins", "乙 ends"]


async def test_a_turn_that_never_comes_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agent = Agent(quick)
    monkeypatch.setattr("bot.channel.backend.LOCK_LIFETIME", 0.1)
    monkeypatch.setattr("bot.channel.backend.STOPPING", 0.0)
    async with agent.lock_store.lock(NAME, 60):
        with pytest.raises(Problem) as problem:
            await handle(backend(agent), "甲", 0.1)
    assert problem.value.code == "unavailable"
    assert "Could not acquire lock" in caplog.text
    assert agent.log == []


async def test_a_turn_that_was_stopped_and_stored_all_the_same_is_not_run_again(settings_of_the_channel: Path) -> None:
    room = Room(replace(ALLOWED, turn=0.2))
    amy = room.account("amy")
    for text, times in [("存", 1), ("等", 2)]:
        with pytest.raises(Problem) as problem:
            await room.say(amy, text, id=f"m{times}")
        assert problem.value.code == "turn_timeout"
        room.agent.go.set()
        turn = await room.say(amy, text, id=f"m{times}")
        room.agent.go.clear()
        assert [reply["text"] for reply in turn.replies] == [f"您说：{text}"]
    assert room.texts == ["存", "等"]
