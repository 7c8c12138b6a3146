"""Five hundred conversations through Rasa's own machinery and through ours: the same replies, events and slots."""

from __future__ import annotations

import itertools
import json
import random
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rasa.core.agent import Agent as RasaAgent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event
from sqlalchemy import select

from bot.answers.generator import Answers
from bot.command.inprocess import CHANNEL, InProcessActions
from bot.engine.agent import Agent
from bot.engine.training.models import model_or_raise
from bot.stores.locks import WaitingLockStore
from bot.stores.trackers import WindowedTrackerStore
from bot.stores.window import SLACK, TURNS
from xiaoer import clock
from xiaoer.plain import as_text
from xiaoer.principal import Source, parse_principal
from xiaoer.settings import ROOT

pytestmark = pytest.mark.model

CONVERSATIONS = 500
LONG = 4  # of them, longer than what a tracker holds
# What opens a form, what may come beside it, what ends it; what a person hands over, and takes back.
TASKS = {
    "buyer:demo": (
        ("我的订单有哪些保单", "第二单呢", "能赔多少", "为什么只赔这些"),
        ("大衣那单为什么拒赔", "腰带呢", "不对，我说的是裙子", "被拒的有哪几单", "一共赔了多少"),
        ("我要申诉", "第一单", "SF1234567890123", "截图在这 a.jpg", "运费险怎么用", "快递员弄丢了", "确认", "好了吗"),
        ("理赔到哪一步了", "算了", "转人工", "在吗", "返回机器人", "运费险多久到账"),
    ),
    "seller:demo": (
        ("我要开通退货宝", "协议在哪看", "确认", "办好了吗", "撤回刚才的开通", "确认", "谢谢"),
        ("关掉运费险", "多久生效", "确认"),
        ("我的店能开材质保真险吗", "差哪条", "一单大概多少钱", "上个月的报表"),
        ("尾号9443那单有没有运费险", "理赔到哪了", "我办过什么"),
    ),
    "seller:chain": (("开通运费险", "第一家", "不对，改成退货宝", "算了", "别给我开"),),
    "buyer:new": (("我这单有运费险吗", "那怎么买"),),
    "visitor": (("卖家呢", "怎么开通", "我是卖家", "怎么开通", "退货宝呢"), ("查我的单", "2837465012345678901")),
}


@dataclass(frozen=True)
class Conversation:
    who: str
    texts: tuple[str, ...]


@dataclass
class Machinery:
    """One way of running the model. said: every event of every conversation, as data."""

    agent: Any
    store: Any


def conversations(count: int = CONVERSATIONS) -> list[Conversation]:
    """Single questions and tasks in turn, mixed from the evaluation sets; the same each time."""
    draw = random.Random(6)
    questions = sorted(
        {
            json.loads(line)["text"]
            for path in sorted((ROOT / "bench" / "quality" / "sets").glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        }
    )
    made = []
    for number in range(count):
        who = draw.choice(list(TASKS))
        length = TURNS + SLACK + 6 if number < LONG else draw.choice((1, 1, 2, 3))
        texts = draw.sample(questions, length)
        if number % 4 == 0:
            at = draw.randrange(len(texts) + 1)
            texts[at:at] = draw.choice(TASKS[who])
        made.append(Conversation(who, tuple(texts)))
    return made


@pytest.fixture
def reproducible(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Numbers that are drawn by chance come in the same order each time it is called."""

    def begin() -> None:
        numbers = itertools.count()
        monkeypatch.setattr(secrets, "token_hex", lambda size=16: f"{next(numbers):0{2 * size}x}")
        monkeypatch.setattr(secrets, "choice", lambda among: among[next(numbers) * 7919 % 1009 % len(among)])

    return begin


def rasas() -> Machinery:
    """Rasa's agent, runner, stores and remote actions, and every rule looked through at each step."""
    store = InMemoryTrackerStore(Domain.empty())
    agent = RasaAgent(None, Answers(), store, InMemoryLockStore(), InProcessActions())
    agent.load_model(model_or_raise())
    return Machinery(agent, store)


def ours() -> Machinery:
    store = WindowedTrackerStore(Domain.empty())
    agent = Agent(None, Answers(), store, WaitingLockStore(None), InProcessActions())
    agent.load_model(model_or_raise())
    return Machinery(agent, store)


async def replay(machinery: Machinery, said: Sequence[Conversation]) -> list[dict[str, Any]]:
    """What each conversation left behind: its events, slots and open form."""
    results = []
    for number, conversation in enumerate(said):
        sender = f"conversation-{number}"
        metadata = {"principal": parse_principal(conversation.who, Source.COMMAND).as_dict()}
        for text in conversation.texts:
            message = UserMessage(as_text(text), CollectingOutputChannel(), sender, None, CHANNEL, "id", metadata)
            await machinery.agent.handle_message(message)
        tracker = await machinery.store.retrieve_full_tracker(sender)
        results.append(
            {
                "texts": conversation.texts,
                "events": [as_data(event) for event in tracker.events],
                "replies": [event.text for event in tracker.events if isinstance(event, BotUttered)],
                "slots": plain(tracker.current_slot_values()),
                "form": tracker.active_loop_name,
            }
        )
    return results


def as_data(event: Event) -> dict[str, Any]:
    """An event without its time, and without what says which policy named an action and what others may see of it."""
    ours_alone = ("timestamp", "policy", "hide_rule_turn")
    return plain({name: value for name, value in event.as_dict().items() if name not in ours_alone})


def plain(value: Any) -> Any:
    """Numbers to five digits: what is left can differ with the order in which a processor adds them up."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


async def test_replies_events_and_slots_are_the_same(
    seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reproducible: Any
) -> None:
    said = conversations()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    results = []
    for number, make in enumerate((rasas, ours)):
        file = tmp_path / f"{number}.db"
        shutil.copy(seeded, file)
        monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{file}")
        monkeypatch.setenv("XIAOER_TODAY", "2026-11-23")
        reproducible()
        results.append((await replay(make(), said), written(file)))
    (theirs, their_rows), (our, our_rows) = results
    for number, (one, other) in enumerate(zip(theirs, our, strict=True)):
        assert other["replies"] == one["replies"], (number, one["texts"])
        # Rasa's store in memory forgets what came before the session's start: the slot with the message's metadata.
        more = len(other["events"]) - len(one["events"])
        assert [event["name"] for event in other["events"][:more]] in ([], ["session_started_metadata"])
        for our_event, their_event in zip(other["events"][more:], one["events"], strict=True):
            assert our_event == their_event, (number, one["texts"])
        assert (other["slots"], other["form"]) == (one["slots"], one["form"]), (number, one["texts"])
    assert our_rows == their_rows
    assert their_rows, "no task has written anything: the conversations are too tame to tell"


def written(file: Path) -> list[tuple[Any, ...]]:
    """What the tasks have written, in order."""
    from actions.policydb import session, tables

    with session.reading() as opened:
        rows = opened.execute(select(tables.Request.kind, tables.Request.product_id).order_by(tables.Request.id)).all()
    session.dispose()
    return [tuple(row) for row in rows]
