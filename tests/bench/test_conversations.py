"""The bench of conversations: its sets and their patterns, what counts as right, and a conversation had with a fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.conversations import __main__ as command
from bench.conversations import judging, reading, report, running
from bench.conversations.judging import Judged, Owned, Reply
from bench.conversations.reading import Conversation, Turn
from bot.command.inprocess import Exchange
from xiaoer.errors import XiaoerError

COMMITTED = reading.files()
TURN: dict[str, Any] = {
    "say": "大衣那单咋给拒了",
    "kind": "named",
    "things": ["9443"],
    "must": ["9443|大衣", "单号|轨迹"],
    "must_not": ["没有查到"],
    "wrong": ["已赔付"],
    "good": "尾号 9443 毛呢大衣被拒：退货单号查不到轨迹。",
    "bad": "尾号 9443 毛呢大衣已赔付，单号没错。",
}


def talk(*turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "a_01", "as": "buyer:demo", "turns": list(turns) or [TURN] * 3} | more


def written(folder: Path, *talks: Any, name: str = "learn_a.yml") -> Path:
    file = folder / name
    file.write_text(yaml.safe_dump(list(talks), allow_unicode=True), encoding="utf-8")
    return file


# ------------------------------------------------------------------ the sets


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_patterns_of_a_committed_set_accept_the_good_and_refuse_the_bad_and_the_stock_replies(path: Path) -> None:
    assert not list(reading.faults([path]))


def test_committed_sets_say_what_they_are_for() -> None:
    talks = reading.load(COMMITTED)
    assert all(each.split in reading.SPLITS for each in talks)
    assert len({each.id for each in talks}) == len(talks)


def test_there_are_twelve_stock_replies() -> None:
    names = "general list unknown outside handoff cancelled sign_in nodata thanks other notfound receipt"
    assert sorted(reading.STOCK) == sorted(names.split())


def test_a_sound_set_has_no_fault(tmp_path: Path) -> None:
    assert not list(reading.faults([written(tmp_path, talk())]))
    (found,) = reading.load([tmp_path / "learn_a.yml"])
    assert (found.side, found.split, found.page, len(found.turns)) == ("buyer", "learn", "", 3)


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        ({"must": ["."]}, "stock reply unknown is accepted"),
        ({"must": ["."], "stock_ok": ["unknown"]}, "stock reply thanks is accepted"),
        ({"good": "已赔付"}, "good is refused: must: 9443|大衣; must: 单号|轨迹; wrong: 已赔付"),
        ({"bad": "9443 单号"}, "bad is accepted"),
        ({"press": "确认"}, "either say or press"),
        ({"kind": "hard"}, "kind: expected one of"),
        ({"must": ["("]}, "pattern '('"),
        ({"must": []}, "lacks ['must']"),
        ({"good": ""}, "lacks ['good']"),
        ({"things": [108]}, "things: expected a list of strings (a tail stands in quotes), got [108]"),
        ({"must": "9443"}, "must: expected a list of strings"),
        ({"stock_ok": ["hello"]}, "stock_ok: there is no ['hello']"),
        ({"musst": []}, "unknown keys ['musst']"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, turn: dict[str, Any], says: str) -> None:
    path = written(tmp_path, talk(TURN, TURN | turn, TURN))
    assert any(each.startswith("learn_a.yml a_01: turn 2: ") and says in each for each in reading.faults([path]))
    assert command.main(["--check", "--sets", str(path)]) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (talk(TURN), "expected 3 to 8 turns, got 1"),
        (talk(**{"as": "admin"}), "as: expected"),
        (talk(page=3630030376875007957), "page: an order number stands in quotes"),
        ({"id": "x"}, "expected id, as and a list of turns"),
        ("x", "expected id, as and a list of turns"),
        (talk("x", "y", "z"), "turn 1: expected a mapping"),  # type: ignore[arg-type]
    ],
)
def test_a_conversation_out_of_shape_is_named(tmp_path: Path, data: Any, says: str) -> None:
    path = written(tmp_path, data)
    assert any(says in each for each in reading.faults([path]))


def test_a_set_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: [", encoding="utf-8")
    (tmp_path / "b.yml").write_text("a: 1", encoding="utf-8")
    assert all(fault.startswith(str(tmp_path)) for fault in reading.faults(sorted(tmp_path.glob("*.yml"))))
    for path in [*tmp_path.glob("*.yml"), written(tmp_path, {"id": "x"}, name="c.yml"), tmp_path / "none.yml"]:
        with pytest.raises(XiaoerError, match=path.name):
            reading.load([path])
    with pytest.raises(XiaoerError, match="begin with report_"):
        reading.files([tmp_path], "report")
    assert list(reading.faults([written(tmp_path, talk(), talk())])) == ["learn_a.yml a_01: the id stands twice"]


def test_sets_are_chosen_by_what_they_are_for(tmp_path: Path) -> None:
    for name in ("report_b.yml", "learn_a.yml", "c.yml"):
        written(tmp_path, talk(), name=name)
    assert [path.name for path in reading.files([tmp_path])] == ["c.yml", "learn_a.yml", "report_b.yml"]
    assert [path.name for path in reading.files([tmp_path], "report")] == ["report_b.yml"]
    assert reading.files([tmp_path / "c.yml"]) == [tmp_path / "c.yml"]


# ------------------------------------------------------------------ judging

ONE = Turn("大衣呢", kind="half", things=("9443",), must=("大衣|9443",), wrong=("保障中",))
SEVERAL = replace(ONE, things=("2577", "2738"), must=("靴",), ask=True)
SHOP = replace(ONE, things=("北巷百货旗舰店",), must=("北巷",))
OWNED = Owned(
    {"9443": ["毛呢大衣"], "2577": ["马丁靴 换大一码"], "2738": ["冬季马丁靴"], "0154": ["皮质腰带"]},
    {"seed-north": "北巷百货旗舰店", "seed-rival": "北巷生活馆"},
)


def reply(text: str, *numbers: str, outcome: str = "task", buttons: tuple[str, ...] = (), **more: Any) -> Reply:
    things = [{"kind": "order", "number": number, "evidence": "tail", "certain": True} for number in numbers]
    shown = [{"title": title, "payload": title} for title in buttons]
    record = {"reply": text, "buttons": shown, "things": things, "outcome": outcome, "ms": 1.0}
    return Reply(judging.text_of(record), record, **more)


@pytest.mark.parametrize(
    ("turn", "came", "right"),
    [
        (ONE, reply("这单", "3088736943559319443"), True),
        (ONE, reply("这单（尾号 9443）", "3397163767265480154"), True),  # by its words
        (ONE, reply("这单（尾号 0154）", "3397163767265480154"), False),
        (ONE, reply("尾号 9443 和尾号 0154"), False),
        (ONE, reply("这单（**3088736943559319443**）2022 年口径"), True),
        (ONE, reply("大衣在保"), False),
        (ONE, reply("是哪一单？", outcome="clarify", buttons=("毛呢大衣 9443", "皮质腰带 0154")), False),
        (SEVERAL, reply("是哪一单？", outcome="clarify", buttons=("马丁靴 尾号2577", "尾号2738", "尾号0154")), True),
        (SEVERAL, reply("哪一单？马丁靴 换大一码，还是冬季马丁靴"), True),
        (SEVERAL, reply("是哪一单？", outcome="clarify", buttons=("尾号2577",)), False),
        (SEVERAL, reply("两单：尾号 2577 在保；尾号 2738 已赔", "1", "2"), True),
        (SEVERAL, reply("两单：尾号 2577 在保", "2577", "2738"), True),
        (SHOP, reply("这家店", "seed-north"), True),
        (SHOP, reply("这家店", "seed-north/freight", "2026-11"), True),
        (SHOP, reply("北巷百货旗舰店每单 0.75 元"), True),
        (SHOP, reply("北巷百货旗舰店和北巷生活馆"), False),
        (SHOP, reply("这家店", "seed-rival"), False),
        (replace(ONE, things=()), reply("随便"), None),
    ],
)  # fmt: skip
def test_the_right_thing(turn: Turn, came: Reply, right: bool | None) -> None:
    assert judging.judge(turn, came, OWNED).right_thing is right


def test_a_turn_is_judged_by_its_patterns_and_by_what_was_written() -> None:
    good = judging.judge(ONE, reply("毛呢大衣被拒"), OWNED)
    assert (good.expected, good.wrong, good.false_write) == (True, False, False)
    wrong = judging.judge(ONE, reply("毛呢**大衣**保**障中**"), OWNED)
    assert (wrong.failed, wrong.wrong) == (("wrong: 保障中",), True)
    written_too = judging.judge(ONE, reply("毛呢大衣", wrote=True), OWNED)
    assert (written_too.expected, written_too.false_write, written_too.missed_write) == (False, True, False)
    wanted = judging.judge(replace(ONE, writes=True), reply("毛呢大衣"), OWNED)
    assert (wanted.expected, wanted.false_write, wanted.missed_write) == (True, False, True)


def test_patterns_see_marks_removed_and_buttons_behind() -> None:
    record = {"reply": "**好**的\n\n第二段", "buttons": [{"title": "确认"}, {"title": "算了"}]}
    assert judging.text_of(record) == "好的\n\n第二段\n[确认] [算了]"
    assert not Turn("a", must=("好的.*第二段",)).failed(judging.text_of(record))


def test_figures_count_by_side_and_kind_with_intervals() -> None:
    good, bad = (judging.judge(ONE, reply(text), OWNED) for text in ("毛呢大衣，尾号 9443", "不知道"))
    seller = judging.judge(replace(SHOP, kind="shop", wrong=("北巷",)), reply("北巷百货旗舰店"), OWNED)
    judged = [
        Judged(Conversation("1", "buyer:demo", (ONE, ONE)), (good, bad)),
        Judged(Conversation("2", "buyer:few", (ONE,)), (good,)),
        Judged(Conversation("3", "seller:seed", (SHOP,)), (seller,)),
    ]
    found = judging.figures(judged)
    assert (found["conversations"], found["turns"]) == (3, 4)
    assert found["expected"]["all"] == {"n": 4, "right": 2, "rate": 0.5, "low": 0.15, "high": 0.85}
    assert {side: rate["right"] for side, rate in found["expected"].items()} == {"all": 2, "buyer": 2, "seller": 0}
    assert (found["whole"]["buyer"]["right"], found["whole"]["buyer"]["n"]) == (1, 2)
    assert found["wrong"]["all"]["right"] == 1
    assert found["right_thing"]["all"]["right"] == 3
    assert found["false_writes"]["all"]["right"] == 0
    assert found["missed_writes"] == {}
    assert list(found["kinds"]) == ["half", "shop"]
    assert found["kinds"]["half"]["right_thing"]["n"] == 3
    assert "2/4 50.0% (15.0%–85.0%)" in report.table(found)
    page = report.page(judged)
    assert "== 1 buyer:demo: 1 of 2" in page
    assert "✗ 1 shop: 大衣呢" in page
    assert "PROVEN WRONG" in page
    assert "  must: 大衣|9443" in page
    assert judging.figures([])["turns"] == 0


# ------------------------------------------------------------------ having them


class Fake:
    """An assistant that offers a button, and says what was pressed, typed and on which page."""

    def __init__(self, writes: Callable[[], None]) -> None:
        self._writes = writes

    async def say(self, text: str, principal: Any, conversation: str) -> Exchange:
        return self._answer(f"说了 {text} {principal} {principal.order}", text)

    async def press(self, payload: str, principal: Any, conversation: str) -> Exchange:
        if payload == "/affirm":
            self._writes()
        return self._answer(f"按了 {payload}", payload)

    @staticmethod
    def _answer(text: str, said: str) -> Exchange:
        buttons = [{"title": "先不确认", "payload": "/deny"}, {"title": "确认", "payload": "/affirm"}]
        return Exchange(said, "buyer:demo", ({"text": text, "buttons": buttons},), 1.0, 1.0)


class FakeDesk:
    def __init__(self) -> None:
        self.written = self.made = 0

    def fresh(self) -> None:
        self.written, self.made = 0, self.made + 1

    def owned(self, asker: str) -> Owned:
        return OWNED

    def done(self) -> int:
        return self.written

    def write(self) -> None:
        self.written += 1


async def test_a_conversation_is_had_turn_by_turn_on_a_fresh_database() -> None:
    desk = FakeDesk()
    turns = (
        Turn("开通", kind="change", must=("说了 开通 buyer:demo 77",)),
        Turn("确认", pressed=True, kind="change", must=("按了 /affirm",), writes=True),
        Turn("确认", pressed=True, kind="change", must=("按了 /affirm",)),
        Turn("返回", pressed=True, kind="change", must=("说了 返回",)),
    )
    talks = [Conversation(str(number), "buyer:demo", turns, page="77") for number in range(2)]
    had = [each async for each in running.have(Fake(desk.write), desk, talks)]  # type: ignore[arg-type]
    assert desk.made == 2
    for judged in had:
        assert [verdict.expected for verdict in judged.verdicts] == [True, True, False, True]
        assert [verdict.false_write for verdict in judged.verdicts] == [False, False, True, False]
        assert [verdict.reply.no_button for verdict in judged.verdicts] == [False, False, False, True]
    assert "没有这个按钮" in report.page(had)


@pytest.mark.model
def test_a_database_with_all_accounts_is_made_and_made_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from actions.policydb import session, tables

    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    monkeypatch.setenv("XIAOER_TODAY", running.TODAY)
    desk = running.Desk()
    assert len(desk.owned("buyer:few").titles) == 3
    assert desk.owned("buyer:demo").titles["7957"] == ["法式连衣裙"]
    assert desk.owned("buyer:few").shops["seed-north"] == "北巷百货旗舰店"
    assert desk.owned("seller:rival").titles
    assert not desk.owned("visitor").titles
    assert desk.done() == 0
    with session.writing() as opened:
        opened.add(tables.Product(id="made_up"))
    desk.fresh()
    with session.reading() as opened:
        assert opened.get(tables.Product, "made_up") is None
    session.dispose()


@pytest.mark.model
def test_the_command_has_the_sample_and_writes_every_turn(tmp_path: Path) -> None:
    from tests.test_cli import python

    sample = reading.SETS / "learn_sample.yml"
    out = tmp_path / "made" / "turns.txt"
    done = python("bench.conversations", "--sets", str(sample), "--only", "learn", "--out", str(out), "--json",
                  PYTHONWARNINGS="ignore")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["conversations"], found["turns"]) == (3, 9)
    assert found["false_writes"]["all"]["right"] == 0
    assert out.read_text(encoding="utf-8").startswith("== sample_01 buyer:demo: ")
