"""The `xiaoer` command, as a process."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.command import lines
from knowledge import load
from tests.conftest import Talk
from xiaoer import clock, settings
from xiaoer.plain import as_text
from xiaoer.principal import VISITOR, Principal, Role, Source
from xiaoer.settings import ROOT

KEYS = ["text", "as", "topic", "topics", "product", "confidence", "outcome", "article", "answer", "answers", "lead", "readings", "sources", "reply", "buttons", "ms", "conversation", "things", "point", "wrote", "asked_for", "entities"]  # fmt: skip
OUTCOMES = {"answered", "clarify", "unknown", "outside", "sign_in", "handoff", "task", "error"}


def xiaoer(*arguments: str, text: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return python("bot.command.cli", *arguments, text=text, **more)


def python(*arguments: str, text: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """A module of ours as a process, with its arguments and its settings."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        input=text, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **more}, timeout=300, check=False,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.model
def test_a_person_who_asks_sees_the_answer_and_nothing_of_the_machinery(
    policy_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    done = xiaoer("ask", "运费险怎么理赔")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "运费险" in done.stdout


@pytest.mark.model
def test_ask_json_prints_one_object_a_line_in_order(policy_database: Path) -> None:
    questions = [
        "运费险怎么理赔，多久到账？",
        json.dumps({"text": "我这单有运费险吗", "as": "buyer:demo"}, ensure_ascii=False),
        json.dumps({"text": "怎么开通运费险", "as": "seller:demo"}, ensure_ascii=False),
        "拼多多运费险怎么关",
        "你好",
        "/restart",
    ]
    done = xiaoer("ask", "--json", text="\n".join(questions))
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["text"] for record in records] == [
        "运费险怎么理赔，多久到账？", "我这单有运费险吗", "怎么开通运费险", "拼多多运费险怎么关", "你好", "/restart",
    ]  # fmt: skip
    topics = set(load(settings.get("XIAOER_KNOWLEDGE")).topics)
    for record in records:
        assert list(record) == KEYS
        assert record["outcome"] in OUTCOMES
        assert record["topic"] is None or record["topic"] in topics
        assert set(record["topics"]) <= topics
        assert isinstance(record["ms"], float)
    assert [record["as"] for record in records] == [
        "visitor",
        "buyer:demo",
        "seller:demo",
        "visitor",
        "visitor",
        "visitor",
    ]
    assert records[0]["topics"] == ["claim_steps", "payout_time"]
    assert records[1]["outcome"] in ("task", "clarify")
    assert records[2]["article"] == "freight/enable_service"
    assert records[3]["outcome"] == "outside"


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (("ask", "--as", "admin:1", "运费险怎么用"), "", "expected buyer:ID, seller:ID or visitor"),
        (("ask", "--as", "buyer:", "运费险怎么用"), "", "expected buyer:ID, seller:ID or visitor"),
    ],
)
def test_wrong_use_says_what_was_expected(arguments: tuple[str, ...], text: str, says: str) -> None:
    done = xiaoer(*arguments, text=text)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"txt": "a"}', "one of text and press"),
        ('{"text": "a", "press": "/affirm"}', "one of text and press"),
        ('{"text": 1}', "text must be a string"),
        ("{oops", "Expecting property name"),
        ("{" + '"a":{' * 100_000, "recursion"),
        ('{"text": "a", "as": 5}', "as must be a string"),
        ('{"text": "a", "as": "admin:1"}', "expected buyer:ID, seller:ID or visitor, got 'admin:1'"),
        ('{"text": "a", "conversation": 1}', "conversation must be a string"),
        ('{"text": "a", "order": 3265939354289388915}', "order must be a string"),
        ('{"text": "a", "order": "a b"}', "order must be an order number"),
        ('{"press": " "}', "press must not be empty"),
        ('{"text": "a", "today": "11-30"}', "today must be a day such as 2026-11-30, got '11-30'"),
        ('{"text": "a", "today": "2026-02-30"}', "today must be a day"),
        ('{"text": "a", "today": "0001-01-01"}', "today must be a day"),
        ('{"text": "\\ud800"}', "text holds half a character"),
        (b'{"text": "\xff"}', "not UTF-8: invalid start byte at byte 10"),
        ('{"text": "a", "conversation": "c", "as": "buyer:other"}', "conversation 'c' is of buyer:demo, and stays so"),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_read(line: str | bytes, says: str) -> None:
    from xiaoer.errors import XiaoerError

    read = lines.read(["\n", '{"text": "a", "conversation": "c", "as": "buyer:demo"}\n', line], VISITOR)
    assert next(read).text == "a"
    with pytest.raises(XiaoerError, match=r"^line 3: expected \{.*, got ") as raised:
        next(read)
    assert says in str(raised.value)
    assert len(str(raised.value)) < 500


def read(*objects: str | bytes | dict[str, object], default: Principal = VISITOR) -> list[lines.Line]:
    return list(lines.read([each if isinstance(each, (str, bytes)) else json.dumps(each) for each in objects], default))


def test_a_line_of_text_is_said_as_it_stands() -> None:
    (said,) = read("\ufeff /restart \r\n".encode(), b"\r\n")
    assert said == lines.Line(" /restart ", VISITOR)


def test_a_conversation_keeps_who_asks_and_the_page() -> None:
    first, page, stays, other, none, away = read(
        {"text": "1", "conversation": "c", "as": "buyer:demo"},
        {"text": "2", "conversation": "c", "order": "N1"},
        {"text": "3", "conversation": "c"},
        {"text": "4", "conversation": "c", "order": "N2", "as": "buyer:demo"},
        {"text": "5", "order": "N3"},
        {"text": "6", "conversation": "c", "order": None},
    )
    assert {str(each.principal) for each in (first, page, stays, other, away)} == {"buyer:demo"}
    assert [each.principal.order for each in (first, page, stays, other, none, away)] == [
        "",
        "N1",
        "N1",
        "N2",
        "N3",
        "",
    ]
    assert len({each.id for each in (first, page, stays, other, away)}) == 1
    assert (none.id, none.conversation, str(none.principal)) == (None, None, "visitor")


def test_who_asks_by_default_stays_in_a_conversation_too() -> None:
    from xiaoer.errors import XiaoerError

    buyer = Principal(Role.BUYER, "demo", source=Source.COMMAND)
    said = read(
        {"text": "1", "conversation": "c"}, {"text": "2", "conversation": "c", "as": "buyer:demo"}, default=buyer
    )
    assert {each.principal for each in said} == {buyer}
    with pytest.raises(XiaoerError, match="line 2: "):
        read({"text": "1", "conversation": "c"}, {"text": "2", "conversation": "c", "as": "visitor"}, default=buyer)


def test_what_is_pressed_is_said_when_it_is_no_intent() -> None:
    assert [each.pressed for each in read({"press": "/affirm"}, {"press": "没有"}, {"text": "/affirm"})] == [
        True,
        False,
        False,
    ]


def test_conversations_that_nobody_goes_on_with_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_CONVERSATIONS_KEPT", "2")
    said = read(*({"text": "1", "conversation": name} for name in "aabcba"))
    ids = [each.id for each in said]
    assert ids[0] == ids[1]
    assert ids[2] == ids[4]
    assert ids[5] != ids[0]


def test_a_day_is_over_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ("2026-11-01", None):
        monkeypatch.delenv("XIAOER_TODAY", raising=False)
        if before:
            monkeypatch.setenv("XIAOER_TODAY", before)
        real = clock.today()
        with contextlib.suppress(RuntimeError), clock.on_day("2026-11-30"):
            assert clock.today().isoformat() == "2026-11-30"
            raise RuntimeError
        with clock.on_day(""):
            assert clock.today() == real
        assert os.environ.get("XIAOER_TODAY") == before


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("運費 险怎么赔", {"運費 险": (0, 3)}),
        ("  ３５２１ 1016 8294 4759345那單", {"３５２１ 1016 8294 4759345": (0, 19), "那單": (19, 21)}),
        ("😭😭云费险呢", {"云费险": (0, 3)}),
        ("「退货宝」？？？运费线", {"退货宝": (0, 3), "运费线": (4, 7)}),
        ("yunfeixian 怎么用", {"yunfeixian": (0, 3), "怎么用": (3, 6)}),
        ("/运费险", {"运费险": (0, 3)}),
    ],
)
def test_spans_are_of_the_text_as_typed(typed: str, spans: dict[str, tuple[int, int]]) -> None:
    from rasa.shared.nlu.training_data.message import Message

    from bot.command.spans import as_typed
    from bot.understanding.normaliser import Normaliser

    message = Message({"text": as_text(typed)})
    Normaliser.create({}, None, None, None).process([message])
    found = as_typed(typed, message.get("text"), list(spans.values()))
    assert [typed[start:end] for start, end in found] == list(spans)


def test_a_record_tells_each_thing_once_and_the_first_point() -> None:
    from bot.command.inprocess import Exchange

    coat = {"kind": "order", "number": "1", "evidence": "title", "certain": True}
    skirt = {"kind": "claim", "number": "1", "evidence": "tail", "certain": False}
    replies = (
        {"text": "好的。", "buttons": []},
        {"text": "一", "buttons": [], "things": [coat, skirt], "point": "until", "more": 1},
        {"text": "二", "buttons": [], "things": [{**coat, "certain": False, "x": 1}, "?"], "point": "amount", "receipt": "XR-1"},
        {"text": "三", "buttons": [], "things": None},
    )  # fmt: skip
    record = Exchange("a", "visitor", replies, 0.5, 1.0).record()
    assert record["things"] == [coat, skirt]
    assert (record["point"], record["wrote"]) == ("until", "XR-1")
    bare = Exchange("a", "visitor", replies[:1], 0.5, 1.0).record()
    assert [bare[name] for name in KEYS[-6:]] == [None, [], None, None, None, []]


@pytest.mark.model
def test_conversations_go_on_line_by_line(database: Path) -> None:
    def line(**more: str) -> str:
        return json.dumps(more, ensure_ascii=False)

    done = xiaoer(
        "ask",
        "--json",
        text="\n".join(
            [
                line(conversation="a", text="毛呢大衣那單我要申诉", **{"as": "buyer:demo"}),
                line(conversation="b", text="运费险怎么理赔"),
                line(conversation="a", press="没有"),
                line(conversation="a", text="没有"),
                line(conversation="b", text="多久到账", today="2026-12-24"),
                line(conversation="a", text="算了"),
                line(conversation="b", text="这单呢", **{"as": "buyer:demo"}),
                "你好",
            ]
        ),
    )
    assert done.returncode == 1
    assert "line 7: expected" in done.stderr
    assert "conversation 'b' is of visitor" in done.stderr
    assert "Traceback" not in done.stderr
    records = [json.loads(each) for each in done.stdout.splitlines()]
    assert [record["conversation"] for record in records] == list("abaaba")
    asked_for = [record["asked_for"] for record in records]
    assert asked_for[0] == "evidence_tracking"
    assert asked_for[2] not in (None, asked_for[0])
    assert asked_for[1] is asked_for[4] is asked_for[5] is None
    assert records[4]["article"] == "freight/payout_time"
    assert all(record["wrote"] is None for record in records)


@pytest.mark.model
async def test_a_long_conversation_does_not_fill_the_memory(talk: Callable[[str], Talk]) -> None:
    buyer = talk("buyer:demo")
    lengths = []
    for turn in range(80):
        await buyer.say(f"运费险怎么理赔{turn}")
        tracker = await buyer.assistant.tracker(buyer.id)  # type: ignore[attr-defined]
        lengths.append(len(tracker.events))
    assert max(lengths[40:]) <= max(lengths[:40]) + 20


@pytest.mark.model
async def test_a_single_question_leaves_nothing_behind(assistant: Any) -> None:
    before = list(await assistant.store.keys())
    await assistant.say("运费险怎么理赔", VISITOR)
    await assistant.press("/handoff", VISITOR)
    assert list(await assistant.store.keys()) == before


def test_no_model_says_which_command_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.engine.training import models as project
    from xiaoer.errors import NotReady

    monkeypatch.setattr(project, "MODELS", tmp_path)
    with pytest.raises(NotReady, match="make train"):
        project.model_or_raise()


def test_training_is_asked_for_only_when_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.engine.training import models as project

    source = tmp_path / "config.yml"
    source.write_text("a")
    monkeypatch.setattr(project, "MODELS", tmp_path / "models")
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(project, "sources", lambda: [source])
    assert "no model" in (project.needs_training() or "")
    (tmp_path / "models").mkdir()
    model = tmp_path / "models" / "a.tar.gz"
    model.write_text("")
    os.utime(source, (1, 1))
    assert project.needs_training() is None
    os.utime(source, (2e9, 2e9))
    assert "config.yml is newer" in (project.needs_training() or "")


def test_an_article_asks_for_a_training_where_it_is_asked_for_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.engine.training import models as project
    from tests.knowledge.tree import Tree

    tree = Tree(tmp_path / "knowledge")
    article, model = tree.root / "freight" / "what_is_product.md", tmp_path / "models" / "a.tar.gz"
    model.parent.mkdir()
    model.write_text("")
    for name, path in {"ROOT": tmp_path, "MODELS": model.parent, "ASKS": model.parent / "asks"}.items():
        monkeypatch.setattr(project, name, path)
    monkeypatch.setattr(project, "sources", list)
    project.remember_asks()
    tree.replace("freight/what_is_product.md", "退货时补偿寄回的运费。", "寄回的运费有补偿。")
    os.utime(article, (2e9, 2e9))
    assert project.needs_training() is None, "what is said is read while running"
    tree.replace("freight/what_is_product.md", "寄回的运费有补偿。", "> 这是啥\n\n寄回的运费有补偿。")
    os.utime(article, (2e9, 2e9))
    assert "asked for has changed" in (project.needs_training() or "")


def test_a_taken_port_is_named() -> None:
    from bot.command.serve import free_or_raise
    from xiaoer.errors import NotReady

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NotReady, match=str(port)):
            free_or_raise(port, "PORT")


def test_a_dead_service_is_named_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.command import serve
    from xiaoer.errors import NotReady

    monkeypatch.setenv("XIAOER_VAR", str(tmp_path / "made"))
    service = serve.Service.start("broken", "-c", "print('last words'); raise SystemExit(3)")
    service.process.wait()
    with pytest.raises(NotReady, match=r"(?s)broken.*3.*last words"):
        service.alive_or_raise()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.command import serve
    from xiaoer.errors import NotReady

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path / "file"))
    with pytest.raises(NotReady, match="XIAOER_VAR"):
        serve.Service.start("never", "-c", "")


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (("bot.command.cli", "chat"), "sqlite:///{folder}/file/c.db"),
        (("bot.command.cli", "chat"), "sqlite:///{folder}/file"),
        (("bot.command.cli", "chat"), "postgresql://u:secret@127.0.0.1:1/x"),
        (("bot.engine",), "sqlite:///{folder}/file"),
    ],
)
def test_nothing_starts_where_conversations_cannot_be_kept(
    tmp_path: Path, command: tuple[str, ...], where: str
) -> None:
    (tmp_path / "file").write_text("no database, and no folder")
    done = python(
        *command,
        XIAOER_CONVERSATIONS=where.format(folder=tmp_path),
        XIAOER_VAR=str(tmp_path),
        PORT=str(_free_port()),
        PYTHONWARNINGS="ignore",
    )
    assert done.returncode == 1
    *before, line = done.stderr.splitlines()
    assert not before or command == ("bot.engine",)  # there Rasa's packages may warn while they are imported
    assert "Traceback" not in done.stderr
    assert line.startswith("对话存不进")
    assert "XIAOER_CONVERSATIONS" in line
    assert "secret" not in line
    assert not (tmp_path / "log").exists()


def test_the_doctor_says_where_conversations_are_kept(tmp_path: Path) -> None:
    kept = xiaoer("doctor", XIAOER_VAR=str(tmp_path), XIAOER_CONVERSATIONS="").stdout
    assert f"✓ 对话：存在 sqlite:///{tmp_path}/conversations.db" in kept
    assert "✓ 对话：只放在内存里" in xiaoer("doctor", XIAOER_CONVERSATIONS="memory").stdout
    (tmp_path / "conversations.db").write_text("no database")
    assert "✗ 对话：对话存不进" in xiaoer("doctor", XIAOER_VAR=str(tmp_path), XIAOER_CONVERSATIONS="").stdout


def test_a_start_says_when_the_demo_data_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from actions.policydb import session
    from bot.command import serve

    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    said = {}
    for day in ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-30", "2026-11-22"):
        monkeypatch.setenv("XIAOER_TODAY", day)
        serve.database()
        said[day] = capsys.readouterr().out.splitlines()[1:]
    session.dispose()
    assert said["2026-11-23"] == said["2026-11-24"] == []
    for day in ("2026-11-25", "2026-11-30", "2026-11-22"):
        (line,) = said[day]
        assert line.startswith("演示数据是 2026-11-23 造的")
        assert "xiaoer db seed" in line


def test_seeding_says_what_it_throws_away(database: Path) -> None:
    done = xiaoer("db", "seed")
    assert "dropped: tickets 0, requests 0" in done.stdout.splitlines()


def test_a_token_is_accepted_by_the_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = xiaoer("token", "--as", "buyer:demo", "--order", "3265939354289388915", XIAOER_VAR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path))
    monkeypatch.setenv("XIAOER_DEMO", "1")
    from bot.channel.guard import keys
    from bot.channel.guard.identity import Identity

    principal = Identity(keys.load()).signed_in(done.stdout.strip()).principal
    assert (str(principal), principal.order) == ("buyer:demo", "3265939354289388915")


@pytest.mark.parametrize(
    "arguments", [("--as", "visitor"), ("--as", "buyer:demo", "--minutes", "0"), ("--as", "root:x")]
)
def test_a_token_for_nobody_is_refused(arguments: tuple[str, ...]) -> None:
    done = xiaoer("token", *arguments)
    assert done.returncode == 1
    assert "expected" in done.stderr
