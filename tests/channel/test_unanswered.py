"""What was not answered is kept for the report: masked, nobody's, bounded, and never at the cost of a turn."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.staff.unanswered import store
from bot.staff.unanswered.store import Asked, UnansweredStore, anonymous, read
from tests.channel.conftest import WAIT, token
from tests.channel.room import Room
from xiaoer import clock
from xiaoer.errors import NotReady, SettingError

LONG_AGO = date(2000, 1, 1)


async def kept(folder: Path, like: str, at_least: int = 1) -> list[Asked]:
    """What is kept of texts that hold `like`; waits for it, since it is written behind the turn."""
    deadline = time.monotonic() + WAIT
    while True:
        found = [each for each in store.read(LONG_AGO, file=folder / "unanswered.db") if like in each.text]
        if len(found) >= at_least or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("text", "outcome"), [("没懂甲", "unknown"), ("圈外甲", "outside"), ("哪件甲", "clarify"), ("资料甲", "unknown")]
)
@pytest.mark.parametrize("role", ["buyer", "seller", "visitor"])
async def test_what_was_not_answered_is_kept(
    client: Any, settings_of_the_channel: Path, text: str, outcome: str, role: str
) -> None:
    who = {"token": token(f"{role}-1", role)} if role != "visitor" else {}
    await (await client().connect(**who)).say(f"{text}{role}")
    expected = Asked(f"{text}{role}", role, outcome, "payout_time", "freight", False, clock.today())
    assert await kept(settings_of_the_channel, f"{text}{role}") == [expected]


async def test_what_was_answered_or_asked_back_otherwise_is_not(client: Any, settings_of_the_channel: Path) -> None:
    buyer = await client().connect(token=token("content"))
    for text in ("谢谢乙", "哪单乙", "哪边乙", "没懂乙"):
        await buyer.say(text)
    await buyer.call("button", {"id": "b_" + "x" * 22})  # the channel's own reply, whose outcome is unknown
    assert [each.text for each in await kept(settings_of_the_channel, "乙")] == ["没懂乙"]
    assert not [each for each in await kept(settings_of_the_channel, "", 0) if not each.text]


async def test_two_things_in_one_message_are_two(client: Any, settings_of_the_channel: Path) -> None:
    await (await client().connect(token=token("double"))).say("两样丙")
    assert [each.topic for each in await kept(settings_of_the_channel, "丙", 2)] == ["payout_time", "who_pays"]


async def test_a_reply_judged_useless_is_kept_once(client: Any, settings_of_the_channel: Path) -> None:
    buyer = await client().connect(token=token("strict"))
    await buyer.say("答非所问丁")
    reply = (await buyer.until("bot_uttered"))["id"]
    for judgement in ({"useful": True}, {"useful": False}, {"useful": False, "reason": "没说清"}):
        assert (await buyer.call("feedback", {"reply": reply, **judgement}))["ok"]
    await buyer.say("没懂丁")
    reply = (await buyer.until("bot_uttered", 2))["id"]
    assert (await buyer.call("feedback", {"reply": reply, "useful": False}))["ok"]
    found = await kept(settings_of_the_channel, "丁", 2)
    assert [(each.text, each.outcome, each.topic, each.useless) for each in found] == [
        ("答非所问丁", "answered", "echo", True),
        ("没懂丁", "unknown", "payout_time", False),
    ]


async def test_a_reply_from_before_a_restart_can_be_judged(settings_of_the_channel: Path) -> None:
    before = Room()
    amy = before.account("patient")
    reply = (await before.say(amy, "重启前戊")).replies[0]["id"]
    await Room(agent=before.agent).judge(amy, reply=reply, useful=False)
    assert [each.useless for each in await kept(settings_of_the_channel, "重启前戊")] == [True]


async def test_nothing_tells_who_asked(client: Any, settings_of_the_channel: Path) -> None:
    order = "6123456789012345675"  # passes as a bank card, and stays elsewhere, since the token says whose it is
    page = await client().connect(token=token("secret-account", order=order))
    await page.say(f"没懂己 我的单{order} 运单SF1234567890123 手机13812345678 邮箱amy@example.com")
    visitor = await client().connect()
    await visitor.say("没懂己 访客")
    found = await kept(settings_of_the_channel, "己", 2)
    assert found[0].text == "没懂己 我的单【银行卡号】 运单【编号】 手机【手机号】 邮箱【邮箱】"
    with closing(sqlite3.connect(settings_of_the_channel / "unanswered.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(unanswered)")]
        assert columns == ["id", "day", "text", "role", "outcome", "topic", "product", "useless"]
        rows = str(database.execute("SELECT * FROM unanswered").fetchall())
    session = visitor.all("session_confirm")[0]
    for secret in ("secret-account", order, str(session)[:20], *(each["id"] for each in page.all("bot_uttered"))):
        assert secret not in rows


async def test_a_store_that_cannot_be_used_costs_no_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, settings_of_the_channel: Path
) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    broken = UnansweredStore(tmp_path / "var" / "unanswered.db")
    room = Room(unanswered=broken)
    with caplog.at_level(logging.WARNING):
        turn = await room.say(room.account("unlucky"), "没懂庚 13812345678")
        assert turn.replies[0]["custom"]["outcome"] == "unknown"
        broken.written()
    assert "could not be kept" in caplog.text
    assert "庚" not in caplog.text


# ---------------------------------------------------------------------- the store alone


def questions(*texts: str, role: str = "buyer") -> Sequence[Asked]:
    return [Asked(text, role, "unknown") for text in texts]


def texts(file: Path) -> list[str]:
    return [each.text for each in store.read(LONG_AGO, file=file)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "unanswered.db"


def test_the_oldest_go_after_so_many_rows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_UNANSWERED_ROWS", "3")
    kept = UnansweredStore(file)
    for number in range(10):
        kept.note(questions(f"第{number}句"))
    kept.written()
    assert texts(file) == ["第7句", "第8句", "第9句"]


def test_the_oldest_go_after_so_many_days(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_UNANSWERED_DAYS", "30")
    for day in ("2026-10-01", "2026-10-02", "2026-10-31"):
        monkeypatch.setenv("XIAOER_TODAY", day)
        kept = UnansweredStore(file)
        kept.note(questions(day))
        kept.written()
    assert texts(file) == ["2026-10-02", "2026-10-31"]
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-15")  # a quiet time: nothing is asked, the server starts anew
    started = UnansweredStore(file)
    started.drop_old()
    started.written()
    assert texts(file) == ["2026-10-31"]
    assert b"2026-10-02" not in file.read_bytes()  # overwritten, not only forgotten


def test_no_days_keep_nothing_and_remove_what_was_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    UnansweredStore(file).note(questions("先前的"))
    monkeypatch.setenv("XIAOER_UNANSWERED_DAYS", "0")
    kept = UnansweredStore(file)
    deadline = time.monotonic() + WAIT
    while not file.exists() or not texts(file):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    kept.note(questions("现在的"))
    kept.drop_old()
    kept.written()
    assert texts(file) == []


def test_no_file_is_made_for_nothing(file: Path) -> None:
    kept = UnansweredStore(file)
    kept.note([])
    kept.drop_old()
    kept.written()
    assert store.read(LONG_AGO, file=file) == []
    assert not file.exists()


def test_a_slow_disk_costs_questions_and_not_memory(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "_WAITING", 2)
    kept = UnansweredStore(file)
    blocked = closing(_locked(file, kept))
    with blocked:
        started = time.perf_counter()
        for number in range(50):
            kept.note(questions(f"第{number}句"))
        assert time.perf_counter() - started < 1
    kept.written()
    assert len(texts(file)) == 3  # one before, two that waited
    assert "not kept" in caplog.text


def _locked(file: Path, kept: UnansweredStore) -> sqlite3.Connection:
    kept.note(questions("开头"))
    kept.written()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def test_blank_questions_are_not_kept(file: Path) -> None:
    kept = UnansweredStore(file)
    kept.note(questions("", "  \n", "\u200b"))
    kept.note(questions("有字"))
    kept.written()
    assert texts(file) == ["有字"]


@pytest.mark.parametrize(
    ("written", "as_kept"),
    [
        ("两行\n\x1b[31m红\x00字\x07", "两行 [31m红 字"),
        ("反\u202e着写\u2066", "反着写"),
        ("运" * 500, "运" * 300),
        ("订单2837465012345678901退了", "订单【编号】退了"),
        ("单号 2837 4650 1234 5678 901 呢", "单号 【编号】 呢"),
        ("２８３７４６５０１２３４５６７８９０１", "【编号】"),
        ("yt8812345678901到哪了", "【编号】到哪了"),
        ("2024-11-11 买的 88 元", "2024-11-11 买的 88 元"),
        ("打我13812345678", "打我【手机号】"),
    ],
)
def test_what_is_kept_of_a_text(written: str, as_kept: str) -> None:
    assert anonymous(written) == as_kept
    assert anonymous(as_kept) == as_kept


@pytest.mark.parametrize(
    ("name", "value"),
    [("XIAOER_UNANSWERED_DAYS", "-1"), ("XIAOER_UNANSWERED_ROWS", "0"), ("XIAOER_UNANSWERED_ROWS", "x")],
)
def test_settings_that_cannot_be_used(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=name):
        UnansweredStore()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "unanswered.db"
    file.write_text("nonsense" * 200)
    with pytest.raises(NotReady, match=r"unanswered\.db"):
        store.read(LONG_AGO, file=file)


def test_a_file_that_a_server_is_just_making_is_empty(tmp_path: Path) -> None:
    (tmp_path / "unanswered.db").touch()
    assert store.read(LONG_AGO, file=tmp_path / "unanswered.db") == []


def test_reading_chooses_days_and_role(file: Path) -> None:
    kept = UnansweredStore(file)
    kept.note(questions("买家的"))
    kept.note(questions("卖家的", role="seller"))
    kept.written()
    assert [each.text for each in store.read(clock.today(), "seller", file)] == ["卖家的"]
    assert store.read(clock.today() + timedelta(days=1), file=file) == []


def test_questions_that_come_together_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "unanswered.db"
    kept = UnansweredStore(file)
    written: list[int] = []
    drop_old = kept._drop_old

    def noted(connection: Any, today: date) -> None:
        written.append(len(kept._waiting))
        drop_old(connection, today)

    monkeypatch.setattr(kept, "_drop_old", noted)
    for number in range(5):
        kept.note([Asked(f"问 {number}", "buyer")])
    kept.written()
    assert [each.text for each in read(date.min, file=file)] == [f"问 {number}" for number in range(5)]
    assert len(written) == 1
    kept.note([Asked("又问", "buyer")])
    kept.written()
    assert len(written) == 2
