"""What staff say reaches the conversation once: open tabs, history, after a restart; and the bot's silence is no failure.

Rasa's own tracker store (SQLite) and remote actions, with the real actions behind them; only the
understanding of messages is the tests' own: 转人工 hands over, anything else is echoed.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import requests
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from actions.policydb import admin, session
from actions.policydb.queries import queue
from actions.policydb.writes import tickets
from actions.tasks.handoff import HandOff, PassOn
from bot.channel import delivery as staff
from bot.stores.locks import WaitingLockStore
from tests.channel.conftest import Client, token
from tests.channel.server import Server
from xiaoer.clock import now
from xiaoer.principal import VISITOR

DOMAIN = Domain.from_dict(
    {
        "version": "3.1",
        "slots": {
            "ticket": {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]},
        },
        "actions": ["action_handoff", "action_pass_on"],
    }
)


class Actions(EndpointConfig):
    """The action server, in this process."""

    def __init__(self) -> None:
        super().__init__(url="http://in-process/webhook")
        self._executor = ActionExecutor()
        for action in (HandOff, PassOn):
            self._executor.register_action(action)

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await self._executor.run(kwargs["json"])


class Agent:
    """Where Rasa's agent stands; it is its own processor, and turns run on Rasa's trackers."""

    action_endpoint = None
    domain = DOMAIN

    def __init__(self, store: TrackerStore) -> None:
        self.tracker_store = FailSafeTrackerStore(store)
        self.lock_store = WaitingLockStore()
        self.processor = self
        self._actions = Actions()

    def is_ready(self) -> bool:
        return True

    async def fetch_tracker_with_initial_session(self, conversation: str) -> Any:
        tracker = await self.tracker_store.get_or_create_tracker(conversation, append_action_listen=False)
        tracker.update(ActionExecuted("action_session_start"))
        return tracker

    async def handle_message(self, message: UserMessage) -> None:
        tracker = await self.fetch_tracker_with_initial_session(message.sender_id)
        text = message.text or ""
        about = {"input_channel": message.input_channel, "message_id": message.message_id}
        tracker.update(UserUttered(text, {"name": "x"}, metadata=message.metadata, **about))
        if tracker.get_slot("ticket"):
            await self._run("action_pass_on", message, tracker)
        elif text == "转人工":
            await self._run("action_handoff", message, tracker)
        if not tracker.get_slot("ticket") and not isinstance(tracker.events[-2], BotUttered):
            await self._say(BotUttered(f"您说：{text}"), message, tracker)
        await self.tracker_store.save(tracker)

    async def _run(self, name: str, message: UserMessage, tracker: Any) -> None:
        tracker.update(ActionExecuted(name))
        for event in await RemoteAction(name, self._actions).run(message.output_channel, None, tracker, self.domain):
            await self._say(event, message, tracker)

    @staticmethod
    async def _say(event: Any, message: UserMessage, tracker: Any) -> None:
        tracker.update(event, DOMAIN)
        if isinstance(event, BotUttered):
            await message.output_channel.send_response(message.sender_id, event.message())


@pytest.fixture
def desk(tmp_path: Path, settings_of_the_channel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A policy database of this test's own; its file."""
    path = tmp_path / "policy.db"
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setattr(staff, "EVERY", 0.1)
    monkeypatch.setattr(staff, "ELSEWHERE", 0.4)
    monkeypatch.setattr(staff, "NO_TABLE", 0.2)
    admin.upgrade()
    yield path
    session.dispose()


@pytest.fixture
def run(desk: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`run()` starts a server on the tracker store of this test; all are stopped at the end."""
    running: list[Server] = []

    def start(store: TrackerStore | None = None) -> Server:
        made = Server()
        made.agent = Agent(store or SQLTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db")))  # type: ignore[assignment]
        running.append(made.start())
        return made

    yield start
    for each in running:
        if each._thread.is_alive():
            each.stop()


@pytest_asyncio.fixture(loop_scope="function")
async def connect() -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    made: list[Client] = []

    async def opened(server: Server, sub: str = "amy", **auth: Any) -> Client:
        made.append(Client(server.url))
        return await made[-1].connect(**(auth or {"token": token(sub)}))

    yield opened
    for each in made:
        if each.sio.connected:
            await each.close()


async def handed_over(client: Client) -> str:
    """The ticket's number."""
    assert (await client.say("转人工"))["ok"]
    return str(client.all("bot_uttered")[-1]["custom"]["card"]["number"])


def staff_say(number: str, text: str) -> None:
    with session.writing() as opened:
        tickets.reply(opened, number, text, "staff:ann", now())


def staff_close(number: str) -> None:
    with session.writing() as opened:
        tickets.close(opened, number, "客服已结束", "staff:ann", now())


def conversation_of(number: str) -> str:
    with session.reading() as opened:
        return queue.ticket(opened, number).conversation


def pending() -> int:
    with session.reading() as opened:
        return len(queue.undelivered(opened))


async def until(true: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


async def history(connect: Any, server: Server, **auth: Any) -> list[dict[str, Any]]:
    return list((await connect(server, **auth)).all("history")[0]["messages"])


# ---------------------------------------------------------------------- silence


async def test_a_silent_turn_is_no_failure(run: Any, connect: Any) -> None:
    server = run()
    buyer = await connect(server)
    other_tab = await connect(server)
    number = await handed_over(buyer)
    said = len(buyer.all("bot_uttered"))
    ack = await buyer.say("电话 13812345678", id="silent")
    assert (ack["ok"], ack["id"]) == (True, "silent")
    again = await buyer.say("电话 13812345678", id="silent")
    assert again == ack
    await buyer.quiet()
    assert len(buyer.all("bot_uttered")) == said
    assert buyer.all("problem") == []
    assert other_tab.all("user_echo")[-1]["text"] == "电话 【手机号】"
    with session.reading() as opened:
        messages = queue.ticket(opened, number).messages
    assert [message.text for message in messages] == ["转人工", "电话 【手机号】"]
    texts = [(message["from"], message["text"]) for message in await history(connect, server)]
    assert texts[-1] == ("user", "电话 【手机号】")
    assert texts[-2][0] == "bot"


async def test_a_silent_message_sent_again_after_a_restart_is_not_handed_on_twice(run: Any, connect: Any) -> None:
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    await buyer.say("在吗", id="once")
    staff_say(number, "在")
    await until(lambda: pending() == 0)
    await buyer.close()
    server.stop()
    buyer = await connect(run())
    assert (await buyer.say("在吗", id="once"))["ok"]
    assert buyer.all("bot_uttered") == []  # and what staff said is in the history, not a reply to it
    with session.reading() as opened:
        assert [message.text for message in queue.ticket(opened, number).messages] == ["转人工", "在吗", "在"]


def test_a_silent_turn_over_plain_http(run: Any) -> None:
    server = run()

    def post(text: str) -> Any:
        headers = {"Authorization": f"Bearer {token('http')}"}
        answer = requests.post(
            f"{server.url}/webhooks/widget/messages", json={"message": text}, headers=headers, timeout=9
        )
        assert answer.status_code == 200
        return answer.json()["replies"]

    assert post("转人工")[0]["custom"]["outcome"] == "handoff"
    assert post("在吗") == []


async def test_a_message_that_is_not_handed_on_is_said(
    run: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, desk: Path
) -> None:
    buyer = await connect(run())
    await handed_over(buyer)
    with monkeypatch.context() as broken:
        broken.setenv("POLICY_DATABASE_URL", "sqlite:////nonexistent/policy.db")
        assert (await buyer.say("在吗"))["ok"]
    reply = buyer.all("bot_uttered")[-1]
    assert "不能确定" in reply["text"]
    assert reply["custom"]["outcome"] == "error"


# ---------------------------------------------------------------------- staff's words


async def test_staff_reach_every_tab_and_history_once(run: Any, connect: Any) -> None:
    server = run()
    buyer, tab, stranger = await connect(server), await connect(server), await connect(server, "bob")
    number = await handed_over(buyer)
    staff_say(number, "您好，\n\n我来看看")
    staff_say(number, "稍等")
    await buyer.until("bot_uttered", 3)
    await until(lambda: pending() == 0)
    await buyer.quiet(0.4)
    first, second = buyer.all("bot_uttered")[1:]
    assert (first["text"], second["text"]) == ("您好，\n\n我来看看", "稍等")
    assert first["custom"] == {"outcome": "handoff", "author": "staff"}
    assert "reply_to" not in first
    assert [reply["id"] for reply in tab.all("bot_uttered")][1:] == [first["id"], second["id"]]
    assert stranger.all("bot_uttered") == []
    messages = await history(connect, server)
    assert [message["id"] for message in messages[-2:]] == [first["id"], second["id"]]
    assert messages[-1]["custom"]["author"] == "staff"


async def test_closing_gives_the_conversation_back(run: Any, connect: Any) -> None:
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    staff_close(number)
    await buyer.until("bot_uttered", 2)
    assert buyer.all("bot_uttered")[-1]["custom"] == {"outcome": "handoff", "author": "system"}
    await until(lambda: pending() == 0)
    tracker = await server.agent.tracker_store.retrieve(conversation_of(number))
    assert tracker.get_slot("ticket") is None
    await buyer.say("运费险")
    assert buyer.all("bot_uttered")[-1]["text"] == "您说：运费险"
    again = await handed_over(buyer)
    assert again != number


async def test_words_said_while_nobody_is_connected_are_in_history_once(run: Any, connect: Any) -> None:
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    await buyer.close()
    staff_say(number, "请发照片")
    await until(lambda: pending() == 0)
    assert [message["text"] for message in await history(connect, server)].count("请发照片") == 1


async def test_words_said_while_the_server_is_down_come_once(run: Any, connect: Any) -> None:
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    await buyer.close()
    server.stop()
    staff_say(number, "请发照片")
    assert pending() == 1
    buyer = await connect(run())
    await until(lambda: pending() == 0)
    await buyer.quiet(0.3)
    seen = [*buyer.all("history")[0]["messages"], *buyer.all("bot_uttered")]
    assert len({message["id"] for message in seen if message["text"] == "请发照片"}) == 1
    texts = [message["text"] for message in await history(connect, server=run())]
    assert texts.count("请发照片") == 1


async def test_a_message_that_was_told_but_not_noted_is_not_told_again(
    run: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops, or the database fails, between the tracker and the note that it is there."""
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    with monkeypatch.context() as broken:
        broken.setattr(staff, "_mark", lambda ids: 1 / 0)
        staff_say(number, "请发照片")
        await buyer.until("bot_uttered", 2)
        await buyer.quiet(0.4)
        assert pending() == 1
        await buyer.close()
        server.stop()
    buyer = await connect(run())
    await until(lambda: pending() == 0)
    await buyer.quiet(0.3)
    assert [message["text"] for message in buyer.all("history")[0]["messages"]].count("请发照片") == 1
    assert buyer.all("bot_uttered") == []


async def test_the_server_that_has_the_tabs_delivers(run: Any, connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "ELSEWHERE", 60.0)
    idle, server = run(), run()
    buyer = await connect(server)
    number = await handed_over(buyer)
    staff_say(number, "您好")
    await buyer.until("bot_uttered", 2)
    await buyer.close()
    staff_say(number, "还在吗")
    await buyer.quiet(0.5)
    assert pending() == 1  # nobody listens, and the time for others is not over
    elsewhere = await connect(idle)
    await elsewhere.until("bot_uttered")
    await until(lambda: pending() == 0)


async def test_a_conversation_that_is_not_there_is_left(
    run: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked from the command line: nothing is made up for it, and it does not stand in the way of others."""
    with session.writing() as opened:
        made, _ = tickets.open_ticket(opened, tickets.Opening("no-such", VISITOR, now()))
    staff_say(made.number, "有人吗")
    looked: list[str] = []
    server = run()
    retrieve = server.agent.tracker_store.retrieve

    async def noting(conversation: str) -> Any:
        looked.append(conversation)
        return await retrieve(conversation)

    monkeypatch.setattr(server.agent.tracker_store, "retrieve", noting)
    await until(lambda: "no-such" in looked)
    times = looked.count("no-such")
    buyer = await connect(server)
    number = await handed_over(buyer)
    staff_say(number, "您好")
    await buyer.until("bot_uttered", 2)
    await buyer.quiet(1.0)
    assert looked.count("no-such") == times
    assert pending() == 1
    assert await retrieve("no-such") is None


async def test_whoever_is_connected_is_told_though_the_tracker_is_gone(run: Any, connect: Any) -> None:
    """Rasa's default store keeps conversations in memory: after a restart the ticket is all there is."""
    server = run(InMemoryTrackerStore(DOMAIN))
    buyer = await connect(server)
    number = await handed_over(buyer)
    await buyer.close()
    server.stop()
    buyer = await connect(run(InMemoryTrackerStore(DOMAIN)))
    staff_say(number, "您好")
    await buyer.until("bot_uttered")
    said = len(buyer.all("bot_uttered"))
    await buyer.say("单号是多少")  # goes to the person who has just written, not to the bot
    assert len(buyer.all("bot_uttered")) == said
    with session.reading() as opened:
        assert queue.ticket(opened, number).messages[-1].text == "单号是多少"


async def test_a_tracker_store_that_fails_does_not_count_as_delivery(
    run: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = run()
    buyer = await connect(server)
    number = await handed_over(buyer)

    async def refuse(tracker: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(server.agent.tracker_store._tracker_store, "save", refuse)
        staff_say(number, "您好")
        await buyer.quiet(0.6)
        assert pending() == 1
        assert len(buyer.all("bot_uttered")) == 1
    await buyer.until("bot_uttered", 2)
    await until(lambda: pending() == 0)


# ---------------------------------------------------------------------- the database


async def test_a_failing_database_is_logged_once(
    run: Any, connect: Any, desk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await connect(run())
    number = await handed_over(buyer)
    await buyer.quiet(0.3)
    with caplog.at_level(logging.INFO):
        with monkeypatch.context() as broken:
            broken.setenv("POLICY_DATABASE_URL", "sqlite:////nonexistent/policy.db")
            await buyer.quiet(0.8)
        errors = [record for record in caplog.records if "what staff said" in record.getMessage()]
        assert len(errors) == 1
        staff_say(number, "您好")
        await buyer.until("bot_uttered", 2)
    assert "can be asked for again" in caplog.text


async def test_looking_is_not_in_the_log(run: Any, desk: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run()
        await asyncio.sleep(0.5)
    assert not [record for record in caplog.records if "ticket" in str(getattr(record, "sql", ""))]


async def test_without_tickets_in_the_database_nothing_is_asked(
    run: Any, desk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[None] = []
    look = staff._undelivered
    monkeypatch.setattr(staff, "_undelivered", lambda: asked.append(None) or look())
    missing, empty = tmp_path / "missing.db", tmp_path / "empty.db"
    sqlite3.connect(empty).close()
    for path in (missing, empty):
        monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{path}")
        server = run()
        await asyncio.sleep(0.5)
        assert asked == []
        server.stop()
    assert not missing.exists()
    server = run()
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{desk}")  # migrated while the server runs
    await until(lambda: asked)
