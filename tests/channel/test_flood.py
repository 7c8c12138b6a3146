"""Messages that the limiter refuses cost nobody anything: no store read, no room in memory, nobody's button, nobody's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.channel.guard.problems import Problem
from bot.channel.memory.incoming import Sender
from tests.channel.conftest import Client, token
from tests.channel.room import ALLOWED, Room
from tests.channel.server import Server
from tests.channel.test_http import bearer, post

ATTACKER = Sender("203.0.113.66")


async def refused(room: Room, times: int) -> None:
    """So many posts of one address, each of a visitor of its own, once its share is used up."""
    for _ in range(times):
        with pytest.raises(Problem) as problem:
            await room.say(room.identity.visitor(), "你好", sender=ATTACKER)
        assert problem.value.code == "too_many_messages"


@pytest.fixture
def room(settings_of_the_channel: Path) -> Room:
    return Room()


async def test_refused_messages_read_and_keep_nothing_and_leave_others_alone(room: Room) -> None:
    amy, bob = room.account("amy"), room.account("bob")
    offered = (await room.say(amy, "按钮")).replies[0]["quick_replies"]
    running = asyncio.ensure_future(room.say(bob, "等", id="b1"))
    for _ in range(ALLOWED.address):
        await room.say(room.identity.visitor(), "你好", sender=ATTACKER)
    reads, known = room.reads, len(room.agent.tracker_store.conversations)
    await refused(room, 5000)
    assert room.reads == reads
    assert len(room.agent.tracker_store.conversations) == known
    again = asyncio.ensure_future(room.say(bob, "等", id="b1"))
    room.agent.go.set()
    assert (await running) is (await again)
    assert room.texts.count("等") == 1
    assert (await room.press(amy, offered[0]["payload"])).replies[0]["custom"]["outcome"] == "answered"


async def test_a_flood_that_is_let_in_takes_no_running_turn(room: Room) -> None:
    """Ten addresses and more, each within its share."""
    amy = room.account("amy")
    running = asyncio.ensure_future(room.say(amy, "等", id="a1"))
    await asyncio.sleep(0)
    for number in range(4200):
        await room.say(room.identity.visitor(), "你好", sender=Sender(f"10.0.0.{number // 290}"))
    again = asyncio.ensure_future(room.say(amy, "等", id="a1"))
    room.agent.go.set()
    assert (await running) is (await again)
    assert room.texts.count("等") == 1


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
    await room.say(amy, "一", sender=ATTACKER)
    for _ in range(5):
        with pytest.raises(Problem):
            await room.say(amy, "二", sender=ATTACKER)
    await room.say(amy, "三")


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
