"""The `xiaoer` command, as a process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.command import cli
from knowledge import load
from xiaoer import settings
from xiaoer.principal import VISITOR
from xiaoer.settings import ROOT

KEYS = ["text", "as", "topic", "topics", "product", "confidence", "outcome", "article", "sources", "reply", "buttons", "ms"]  # fmt: skip
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


@pytest.mark.parametrize("line", ['{"txt": "a"}', '{"text": 1}', "{oops", '{"text": "a", "as": 5}'])
def test_a_bad_line_is_named(line: str) -> None:
    from xiaoer.errors import XiaoerError

    with pytest.raises(XiaoerError, match="line 2: expected"):
        list(cli.questions(["运费险怎么用\n", line], VISITOR))


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
