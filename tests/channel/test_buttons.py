"""A button works once, for whom it was offered to, after a restart and on another server too; nothing is kept for it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.channel.guard.keys import Keys
from bot.channel.guard.problems import Problem
from bot.channel.memory import buttons as module
from bot.channel.memory.buttons import PRESSED, Button, Buttons, looks_like_button, mark, offered, reply_id
from bot.channel.memory.incoming import Sender
from tests.channel.conftest import Client, token
from tests.channel.room import ALLOWED, Room
from tests.channel.server import Server

KEYS = Keys("HS256", "t" * 40, b"s" * 40)
NAME = "buyer-1"
MESSAGE = [
    {"title": "看保单", "payload": '/check_policy{"x":"1"}'},
    {"title": "看保单", "payload": '/check_policy{"x":"1"}'},
    {"title": "再说", "payload": "再说一遍"},
    {"title": "只有字"},
]


def said(at: float = 1000.25, buttons: Any = None) -> BotUttered:
    return BotUttered("选一个", {"buttons": MESSAGE if buttons is None else buttons}, timestamp=at)


def ids(event: BotUttered, name: str = NAME, keys: Keys = KEYS) -> list[str]:
    message = event.message()
    replies = Buttons(keys).of_reply(name, reply_id(name, message["timestamp"]), message)
    return [each["payload"] for each in replies]


def pressed(name: str, at: float = 2000.0) -> UserUttered:
    return UserUttered("x", metadata={PRESSED: mark(name)}, timestamp=at)


# ---------------------------------------------------------------------- ids


def test_an_id_leads_to_its_own_button() -> None:
    events = [said(1.0), UserUttered("x"), said(), BotUttered("nothing to press")]
    names = ids(said())
    assert len(set(names)) == 4, "two buttons that are alike are two"
    assert all(looks_like_button(name) and len(name) == 24 for name in names)
    found = [Buttons(KEYS).find(NAME, events, name) for name in names]
    assert found == offered(said().message())
    assert found[3] == Button("只有字", "只有字")


def test_it_is_the_same_on_a_server_that_reads_it_from_a_database() -> None:
    stored = Event.from_parameters(json.loads(json.dumps(said(1700000000.123457).as_dict())))
    assert ids(stored) == ids(said(1700000000.123457))


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([said(1000.5)], id="another reply"),
        pytest.param([said(buttons=[{**MESSAGE[0], "payload": "/check_policy"}, *MESSAGE[1:]])], id="another payload"),
        pytest.param([said(buttons=[{**MESSAGE[0], "title": "看"}, *MESSAGE[1:]])], id="another title"),
        pytest.param([said(buttons=[MESSAGE[3], MESSAGE[0]])], id="another place"),
        pytest.param([], id="nothing said"),
    ],
)
def test_an_id_of_anything_else_is_unknown(events: list[Event]) -> None:
    assert Buttons(KEYS).find(NAME, events, ids(said())[0]) is None


def test_an_id_of_another_conversation_or_key_is_unknown() -> None:
    other = replace(KEYS, session=b"o" * 40)
    for name in (ids(said(), "buyer-2")[0], ids(said(), NAME, other)[0]):
        assert Buttons(KEYS).find(NAME, [said()], name) is None


@pytest.mark.parametrize(
    "name",
    ["", "b_", "b_" + "x" * 22, "b_" + "x" * 21, "b_" + "é" * 22, "再说一遍", "/check_policy", "b_gAAAA" + "A" * 95,
     "b_gAAAA" + "A" * 50_000, "b_gAAAA" + "A" * 92 + "==", "b_" + "\ud800" * 22, "b_gAAAA" + "=" * 100],
)  # fmt: skip
def test_what_was_made_up_is_unknown(name: str) -> None:
    assert Buttons(KEYS).find(NAME, [said()], name) is None


def test_an_id_that_was_pressed_is_used() -> None:
    names = ids(said())
    events = [said(), pressed(names[0]), said(3000.0)]
    assert Buttons(KEYS).find(NAME, events, names[0]) is None
    assert Buttons(KEYS).find(NAME, events, names[2]) == Button("再说", "再说一遍")


# ---------------------------------------------------------------------- sealed


def sealed(conversation: str = NAME, keys: Keys = KEYS) -> str:
    [reply] = Buttons(keys).of_ours(conversation, [Button("再试一次", "我想退货")])
    assert (reply["title"], reply["content_type"]) == ("再试一次", "text")
    return reply["payload"]


def test_a_reply_of_our_own_needs_no_tracker() -> None:
    name = sealed()
    assert looks_like_button(name)
    assert "退货" not in name
    assert sealed() != name
    assert Buttons(KEYS).find(NAME, [], name) == Button("再试一次", "我想退货")
    assert Buttons(KEYS).find(NAME, [pressed(sealed())], name) is not None
    assert Buttons(KEYS).find(NAME, [pressed(name)], name) is None
    assert len(mark(name)) < 40, "of an id as long as a message, little is stored"


def test_a_seal_is_for_one_conversation_and_key() -> None:
    assert Buttons(KEYS).find("buyer-2", [], sealed()) is None
    assert Buttons(KEYS).find(NAME, [], sealed(keys=replace(KEYS, session=b"o" * 40))) is None
    assert Buttons(KEYS).find(NAME, [], sealed("buyer-2")) is None


def test_a_seal_that_was_changed_is_broken() -> None:
    name = sealed()
    for place in range(2, len(name) - 3):
        other = name[:place] + ("A" if name[place] != "A" else "B") + name[place + 1 :]
        assert Buttons(KEYS).find(NAME, [], other) is None


def test_another_spelling_of_a_seal_that_was_used_is_used() -> None:
    """Base64 has more than one way to write its last character."""
    name = sealed()
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        stem = name.rstrip("=")
        for other in (stem[:-1] + last, stem[:-1] + last + "=", stem[:-1] + last + "=="):
            assert Buttons(KEYS).find(NAME, [pressed(name)], other) is None


def test_a_seal_is_over_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    name, real = sealed(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + module.SEALED - 5)
    assert Buttons(KEYS).find(NAME, [], name) is not None
    monkeypatch.setattr(time, "time", lambda: real() + module.SEALED + 5)
    assert Buttons(KEYS).find(NAME, [], name) is None


# ---------------------------------------------------------------------- how far back


async def test_a_button_counts_as_far_back_as_the_window_of_a_turn() -> None:
    from bot.stores.trackers import WindowedTrackerStore
    from bot.stores.window import SLACK, TURNS

    store = WindowedTrackerStore(Domain.empty())
    names = []
    for number in range(2 * (TURNS + SLACK)):
        tracker = await store.retrieve(NAME) or DialogueStateTracker(NAME, ())
        reply = said(1000.0 + number)
        for event in (ActionExecuted("action_listen"), UserUttered("x"), reply):
            tracker.update(event)
        await store.save(tracker)
        names.append(ids(reply)[0])
    recent = list((await store.retrieve(NAME)).events)  # type: ignore[union-attr]
    works = [Buttons(KEYS).find(NAME, recent, name) is not None for name in names]
    assert works == sorted(works), "the oldest go"
    assert TURNS <= sum(works) <= TURNS + SLACK
    assert len(recent) < 60


# ---------------------------------------------------------------------- in a conversation


@pytest.fixture
def room(settings_of_the_channel: Path) -> Room:
    return Room()


async def offer(room: Room, speaker: Any, text: str = "按钮") -> list[str]:
    return [each["payload"] for each in (await room.say(speaker, text)).replies[-1]["quick_replies"]]


def is_refused(turn: Any) -> bool:
    [reply] = turn.replies
    if "这个按钮已经点过，或者过期了" in reply["text"]:
        assert reply["custom"] == {"outcome": "unknown"}
        assert "quick_replies" not in reply
        return True
    return False


async def test_it_works_once_after_a_restart_and_on_another_server(room: Room) -> None:
    amy = room.account("amy")
    policy, again = await offer(room, amy)
    other = Room(agent=room.agent)  # the same key and the same store
    assert not is_refused(await other.press(amy, policy))
    for server in (room, other, Room(agent=room.agent)):
        assert is_refused(await server.press(amy, policy))
    assert not is_refused(await room.press(amy, again))
    assert room.texts == ["按钮", '/check_policy{"x":"1"}', "再说一遍"]
    assert room.agent.messages[1].metadata[PRESSED] == policy
    assert room.agent.messages[1].metadata["shown"] == "看保单"


async def test_nobody_else_can_press_it(room: Room) -> None:
    amy, bob, visitor = room.account("amy"), room.account("bob"), room.identity.visitor()
    policy, _ = await offer(room, amy)
    await offer(room, bob)
    for other in (bob, visitor):
        assert is_refused(await room.press(other, policy))
    assert not is_refused(await room.press(amy, policy))


@pytest.mark.parametrize("servers", [1, 2])
async def test_pressed_twice_at_once_it_is_one_turn(room: Room, servers: int) -> None:
    """Two message ids, one server or two that share store and locks."""
    amy = room.account("amy")
    policy, _ = await offer(room, amy)
    others = [room, Room(agent=room.agent)]
    turns = await asyncio.gather(*(others[n % servers].press(amy, policy, id=f"p{n}") for n in range(6)))
    assert sorted(map(is_refused, turns)) == [False] + [True] * 5
    assert room.texts.count('/check_policy{"x":"1"}') == 1


async def test_a_press_that_came_to_nothing_leaves_the_button(settings_of_the_channel: Path) -> None:
    room = Room(replace(ALLOWED, turn=0.2))
    amy = room.account("amy")
    room.agent.buttons = [{"title": "等等", "payload": "等"}, {"title": "坏", "payload": "坏"}]
    slow, broken = await offer(room, amy)
    with pytest.raises(Problem) as problem:
        await room.press(amy, slow)
    assert problem.value.code == "turn_timeout"
    room.agent.go.set()
    assert not is_refused(await room.press(amy, slow))
    assert is_refused(await room.press(amy, slow))
    failed = await room.press(amy, broken)
    assert failed.replies[0]["custom"] == {"outcome": "error"}
    assert (await room.press(amy, broken)).replies[0]["custom"] == {"outcome": "error"}


async def test_the_buttons_of_a_failure_work_once_after_a_restart_too(room: Room) -> None:
    amy = room.account("amy")
    again, person = await offer(room, amy, "坏")
    assert room.texts == ["坏"]
    other = Room(agent=room.agent)
    room.agent.broken = False
    turn = await other.press(amy, again)
    assert [reply["text"] for reply in turn.replies] == ["您说：坏"]
    assert is_refused(await room.press(amy, again))
    assert is_refused(await room.press(room.account("bob"), person))
    assert not is_refused(await room.press(amy, person))
    assert room.texts == ["坏", "坏", "/handoff"]


async def test_words_that_failed_stay_words(room: Room) -> None:
    """What somebody typed does not become a command by way of 再试一次."""
    amy = room.account("amy")
    room.agent.broken = True
    again, _ = await offer(room, amy, "/restart")
    room.agent.broken = False
    await room.press(amy, again)
    assert not room.texts[-1].startswith("/")
    assert room.texts[0] == room.texts[-1]


async def test_a_press_is_looked_up_only_when_it_is_allowed(settings_of_the_channel: Path) -> None:
    room = Room(replace(ALLOWED, asker=2))
    amy = room.account("amy")
    policy, _ = await offer(room, amy)
    assert not is_refused(await room.press(amy, policy))
    reads = room.reads
    for name in (policy, "b_" + "x" * 22, "b_gAAAA" + "A" * 100):
        with pytest.raises(Problem):
            await room.press(amy, name)
    assert room.reads == reads


async def test_a_typed_message_reads_no_events_once_the_conversation_is_known(room: Room) -> None:
    amy = room.account("amy")
    policy, _ = await offer(room, amy)
    reads = room.reads
    await room.say(amy, "你好")
    assert room.reads == reads
    await room.press(amy, policy)
    assert room.reads == reads + 1


async def test_nothing_grows_with_the_buttons(room: Room) -> None:
    """A thousand offers in as many conversations; the first one's button works."""
    amy = room.account("amy")
    policy, _ = await offer(room, amy)
    for number in range(1000):
        await room.say(room.identity.visitor(), "按钮", sender=Sender(f"10.0.{number // 250}.1"))
    assert not is_refused(await room.press(amy, policy))


# ---------------------------------------------------------------------- over the wire


async def test_after_a_restart_of_the_server(settings_of_the_channel: Path) -> None:
    first = Server().start()
    buyer = await Client(first.url).connect(token=token("survivor"))
    await buyer.say("按钮")
    offered = (await buyer.until("bot_uttered"))["quick_replies"]
    await buyer.close()
    first.stop()
    second = Server()
    second.agent.tracker_store = first.agent.tracker_store
    second.start()
    buyer = await Client(second.url).connect(token=token("survivor"))
    assert buyer.all("history")[0]["messages"][-1]["quick_replies"] == offered
    assert (await buyer.call("button", {"id": offered[0]["payload"], "client_id": "p1"}))["ok"]
    assert second.agent.messages[-1].text == '/check_policy{"x":"1"}'
    await buyer.say(offered[0]["payload"])  # as a stock client sends it
    assert len(second.agent.messages) == 1
    assert "按钮" in buyer.all("bot_uttered")[-1]["text"]
    await buyer.close()
    second.stop()


# ---------------------------------------------------------------------- through the trained model


@pytest.fixture(scope="module")
def rasa() -> Any:
    """Rasa's agent with the project's stores, model and actions."""
    from bot.answers.generator import Answers
    from bot.command.inprocess import InProcessActions
    from bot.engine.agent import Agent
    from bot.engine.training.models import model_or_raise
    from bot.stores.locks import WaitingLockStore
    from bot.stores.trackers import WindowedTrackerStore

    agent = Agent(
        generator=Answers(),
        tracker_store=WindowedTrackerStore(Domain.empty()),
        lock_store=WaitingLockStore(),
        action_endpoint=InProcessActions(),
    )
    agent.load_model(model_or_raise())
    return agent


@pytest.mark.model
async def test_a_confirmation_pressed_twice_at_once_is_one_turn(
    rasa: Any, database: Path, settings_of_the_channel: Path
) -> None:
    """While a form is open; by two servers. Then one is pressed that was left over."""
    here, there = Room(agent=rasa), Room(agent=rasa)
    seller = here.identity.speaker(token("demo", "seller"))
    read_back = (await here.say(seller, "帮我把运费险关了")).replies[-1]
    named = {each["title"]: each["payload"] for each in read_back["quick_replies"]}
    confirm = next(name for title, name in named.items() if title.startswith("确认"))
    turns = await asyncio.gather(here.press(seller, confirm, id="p1"), there.press(seller, confirm, id="p2"))
    assert sorted(map(is_refused, turns)) == [False, True]
    cards = [reply["custom"].get("card") or {} for turn in turns for reply in turn.replies]
    assert [card.get("type") for card in cards].count("receipt") == 1
    for server in (here, there, Room(agent=rasa)):
        assert is_refused(await server.press(seller, confirm))
    left = next(name for title, name in named.items() if not title.startswith("确认"))
    assert not is_refused(await there.press(seller, left)), "the reply's other buttons are what they were"
    events = (await rasa.tracker_store.retrieve(seller.conversation)).events
    marks = [event.metadata.get(PRESSED) for event in events if isinstance(event, UserUttered)]
    assert marks == [None, confirm, left]
