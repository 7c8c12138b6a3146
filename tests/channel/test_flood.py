"""Messages that the limiter refuses cost nobody anything: no store read, no room in memory, nobody's button, nobody's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage

from bot.channel.backend import Backend
from bot.channel.exchange import Exchange, Incoming, Sender
from bot.channel.guard import keys
from bot.channel.guard.identity import Identity, Speaker
from bot.channel.guard.limits import Allowed, Limits
from bot.channel.guard.problems import Problem
from bot.staff.unanswered.feedback import FeedbackStore
from bot.staff.unanswered.store import UnansweredStore
from tests.channel.conftest import Client, token
from tests.channel.server import Agent, Server
from tests.channel.test_http import bearer, post

ALLOWED = Allowed(length=2000, body=65536, asker=30, address=300, connections=50, turn=60.0)
ATTACKER = Sender("203.0.113.66")


class Deaf:
    """Nobody is connected."""

    def listeners(self, conversation: str) -> set[str]:
        return set()

    async def tell(self, conversation: str, event: str, data: Any, *, but: str | None = None) -> None:
        pass

    async def tell_one(self, connection: str, event: str, data: Any) -> None:
        pass


class Slow(Agent):
    """``等`` is not answered before `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def handle_message(self, message: UserMessage) -> None:
        if message.text == "等":
            await self.go.wait()
        await super().handle_message(message)


class Room:
    """An exchange without a wire, and what was read of its store."""

    def __init__(self, allowed: Allowed = ALLOWED) -> None:
        self.agent = Slow()
        backend = Backend(self.agent.handle_message)
        backend.attach(SimpleNamespace(ctx=SimpleNamespace(agent=self.agent)))  # type: ignore[arg-type]
        self.exchange = Exchange(backend, Deaf(), Limits(allowed), FeedbackStore(), UnansweredStore())
        self.identity = Identity(keys.load())

    @property
    def reads(self) -> int:
        return self.agent.tracker_store.reads

    def account(self, name: str) -> Speaker:
        return self.identity.speaker(token(name))

    async def say(self, speaker: Speaker, text: str, *, id: str = "", sender: Sender = ATTACKER) -> Any:
        data = {"message": text, **({"id": id} if id else {})}
        return await self.exchange.receive(speaker, Incoming.read(data), sender)

    async def press(self, speaker: Speaker, button: str, *, sender: Sender = ATTACKER) -> Any:
        return await self.exchange.receive(speaker, Incoming.read({"button": button}, button_key="button"), sender)

    async def refused(self, times: int) -> None:
        """So many posts of one address, each of a visitor of its own, once its share is used up."""
        for _ in range(times):
            with pytest.raises(Problem) as problem:
                await self.say(self.identity.visitor(), "你好")
            assert problem.value.code == "too_many_messages"


@pytest.fixture
def room(settings_of_the_channel: Path) -> Room:
    return Room()


async def test_refused_messages_read_and_keep_nothing_and_leave_others_alone(room: Room) -> None:
    home = Sender("198.51.100.7")
    amy, bob = room.account("amy"), room.account("bob")
    offered = (await room.say(amy, "按钮", sender=home)).replies[0]["quick_replies"]
    running = asyncio.ensure_future(room.say(bob, "等", id="b1", sender=home))
    for _ in range(ALLOWED.address):
        await room.say(room.identity.visitor(), "你好")
    reads, known = room.reads, len(room.agent.tracker_store.conversations)
    await room.refused(5000)
    assert room.reads == reads
    assert len(room.agent.tracker_store.conversations) == known
    again = asyncio.ensure_future(room.say(bob, "等", id="b1", sender=home))
    room.agent.go.set()
    assert (await running) is (await again)
    assert [message.text for message in room.agent.messages].count("等") == 1
    assert (await room.press(amy, offered[0]["payload"], sender=home)).replies[0]["custom"]["outcome"] == "answered"


async def test_a_flood_that_is_let_in_takes_no_running_turn(room: Room) -> None:
    """Ten addresses and more, each within its share."""
    amy, home = room.account("amy"), Sender("198.51.100.7")
    running = asyncio.ensure_future(room.say(amy, "等", id="a1", sender=home))
    await asyncio.sleep(0)
    for number in range(4200):
        await room.say(room.identity.visitor(), "你好", sender=Sender(f"10.0.0.{number // 290}"))
    again = asyncio.ensure_future(room.say(amy, "等", id="a1", sender=home))
    room.agent.go.set()
    assert (await running) is (await again)
    assert [message.text for message in room.agent.messages].count("等") == 1


async def test_a_message_sent_again_is_answered_though_nothing_more_is_allowed(settings_of_the_channel: Path) -> None:
    room = Room(replace(ALLOWED, asker=1))
    amy = room.account("amy")
    first = await room.say(amy, "你好", id="once")
    reads = room.reads
    assert await room.say(amy, "你好", id="once") is first
    assert room.reads == reads
    with pytest.raises(Problem) as problem:
        await room.say(amy, "还有", id="more")
    assert problem.value.code == "too_many_messages"
    assert room.reads == reads


async def test_what_is_too_long_reads_nothing(room: Room) -> None:
    with pytest.raises(Problem) as problem:
        await room.say(room.account("amy"), "运" * 2001)
    assert problem.value.code == "too_long"
    assert room.reads == 0


async def test_a_refused_address_does_not_use_up_an_asker_s_share(settings_of_the_channel: Path) -> None:
    room = Room(replace(ALLOWED, address=1, asker=2))
    amy = room.account("amy")
    await room.say(amy, "一")
    for _ in range(5):
        with pytest.raises(Problem):
            await room.say(amy, "二")
    await room.say(amy, "三", sender=Sender("198.51.100.7"))


# ---------------------------------------------------------------------- over the wire


@pytest.fixture
def narrow(settings_of_the_channel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("XIAOER_ADDRESS_MESSAGES_A_MINUTE", "5")
    monkeypatch.setenv("XIAOER_PROXIES", "1")
    server = Server().start()
    yield server
    server.stop()


async def test_every_mouth_counts_before_it_reads(narrow: Any) -> None:
    """Over HTTP and sockets: messages, history, feedback."""
    home = {"X-Forwarded-For": "198.51.100.7"}
    store = narrow.agent.tracker_store
    fool = await Client(narrow.url).connect(token=token("fool"))
    async with aiohttp.ClientSession(narrow.url) as http:
        status, answer = await post(http, {"message": "按钮"}, headers={**bearer("amy"), **home})
        assert status == 200
        for _ in range(5):
            await post(http, {"message": "你好"})
            await fool.call("token", {"token": token("fool")})
        reads = store.reads
        for _ in range(300):
            assert (await post(http, {"message": "你好"}))[0] == 429
        for data in ({}, {"session_id": "v1.x"}):
            await fool.sio.emit("session_request", data)
        judged = await fool.call("feedback", {"reply": "m-1", "useful": True})
        assert judged["code"] == "too_many_messages"
        assert (await fool.say("你好"))["code"] == "too_many_messages"
        assert len(fool.all("history")) == len(fool.all("session_confirm")) == 1
        assert store.reads == reads
        payload = answer["replies"][0]["quick_replies"][0]["payload"]
        _, pressed = await post(http, {"button": payload}, headers={**bearer("amy"), **home})
        assert pressed["replies"][0]["custom"]["outcome"] == "answered"
    await fool.close()
