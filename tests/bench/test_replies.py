"""Replies written down to be compared: the same bytes every time, what differs between two files, other commits' code."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import commits
from bench.quality import replies
from bench.quality.counting import Question
from bot.command.inprocess import Exchange
from tools import transcripts

ANSWER: dict[str, Any] = {
    "outcome": "answered",
    "topic": "claim_steps",
    "product": "freight",
    "article": "freight/claim_steps",
    "sources": ["https://example.com/a"],
    "text": "先退货。\n\n再等。",
    "buttons": [{"title": "多久到账？", "payload": "/payout_time"}],
}
DONE: dict[str, Any] = {
    "outcome": "task",
    "topic": "request_enable",
    "card": {"type": "receipt", "receipt": "XR-0123456789"},
    "text": "请核对，工单号 **T-ABC234**。",
    "buttons": [{"title": "确认", "payload": '/affirm{"summary": "k-0123456789abcdef"}'}],
}
QUESTIONS = [
    Question("转人工", "buyer", "handoff", group="a"),
    Question("转人工", "buyer", "handoff", group="a"),
    Question("多久到账", "seller", "payout_time", group="follow_ups", before=("退货宝怎么理赔",)),
    Question("我的订单有哪些保单", "buyer", "check_policy", group="b"),
    Question("这个月的报表", "seller", "shop_report", group="b"),
    Question("怎么开通，多少钱", "visitor", "enable_service", group="b"),
]
DOCUMENT = """\
```chat seller:demo
» 帮我开通退货宝
» 协议在哪看
» 〔没有的按钮〕
» 〔确认〕
$ xiaoer audit --last 1
$ xiaoer nothing
```
"""


def test_a_block_has_a_line_for_each_thing() -> None:
    exchange = Exchange("怎么理赔", "buyer:demo", (ANSWER, DONE), 0.9, 3.0)
    assert replies.block("a:001 buyer", [("before", "你好"), ("asked", "怎么理赔")], exchange) == "\n".join(
        [
            "a:001 buyer",
            "  before: 你好",
            "  asked: 怎么理赔",
            "  topic: claim_steps, request_enable",
            "  outcome: answered, task",
            "  product: freight, –",
            "  article: freight/claim_steps, –",
            "  source: https://example.com/a",
            '  card: receipt "XR-…"',
            '  card: type "receipt"',
            "  button: 〔多久到账？〕 /payout_time",
            '  button: 〔确认〕 /affirm{"summary": "…"}',
            "  | 先退货。",
            "  |",
            "  | 再等。",
            "  |",
            "  | 请核对，工单号 **T-…**。",
        ]
    )


def test_no_reply_at_all_is_a_block_too() -> None:
    written = replies.block("a:001 buyer", [("asked", "…")], Exchange("…", "buyer:demo", (), 0.0, 1.0, "freight"))
    assert written.split("\n")[2:] == ["  topic: –", "  outcome: error", "  product: freight", "  article: –", "  |"]


def changed(**what: Any) -> str:
    return replies.block("a:001 buyer", [("asked", "怎么理赔")], Exchange("", "", (ANSWER | what,), 0.9, 3.0))


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        (changed(), []),
        (changed(topic="payout_time"), ["topic"]),
        (changed(outcome="clarify", article=None), ["outcome", "article"]),
        (changed(product="return_care"), ["product"]),
        (changed(sources=[]), ["source"]),
        (changed(card={"type": "claim"}), ["card"]),
        (changed(buttons=[{"title": "多久到账？", "payload": "/payout_amount"}]), ["button"]),
        (changed(text="先退货。\n再等。"), ["text"]),
        (changed(text="topic: 别的"), ["text"]),
        (changed().replace("  asked: 怎么理赔", "  before: 你好\n  asked: 怎么理赔"), ["question"]),
        (changed().replace("buyer", "seller"), ["question"]),
        (changed().replace("a:001", "a:002"), ["only before", "only now"]),
    ],
)
def test_kinds_of_change(now: str, kinds: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = replies.block("b:001 buyer", [("asked", "你好")], None, "您好")
    before_file, now_file = tmp_path / "before.txt", tmp_path / "now.txt"
    before_file.write_text(replies.text_of([other, changed()]), encoding="utf-8")
    now_file.write_text(replies.text_of([now, other]), encoding="utf-8")
    assert replies.compare(before_file, now_file) == int(bool(kinds))
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"{len(set(kinds) & {'only now'}) + bool(kinds)} of 2 blocks differ"
    assert [line[7:].split(" changed")[0].split("  ")[0] for line in rest] == kinds
    diff = (tmp_path / "now.txt.diff").read_text(encoding="utf-8")
    assert ("\n@@ " in diff) is bool(kinds)


@pytest.mark.model
async def test_two_runs_write_the_same_bytes(assistant: object) -> None:
    async def run() -> str:
        asked = [block async for block in replies.answers(assistant, QUESTIONS)]
        return replies.text_of(asked + [block async for block in replies.talks(assistant, DOCUMENT)])

    first = await run()
    assert first == await run()
    blocks = replies.read(first)
    assert list(blocks) == ["a:001", "a:002", "b:001", "b:002", "b:003", "follow_ups:001",
                            *(f"transcript:01.0{step}" for step in range(1, 7))]  # fmt: skip
    # The second to ask for a person is first in the queue, too: nobody else has written to the database.
    assert blocks["a:001"] == blocks["a:002"]
    assert "T-…" in blocks["a:001"]["text"][0]
    assert blocks["follow_ups:001"]["question"] == ["seller", "退货宝怎么理赔", "多久到账"]
    assert (blocks["follow_ups:001"]["topic"], blocks["follow_ups:001"]["product"]) == (
        ["payout_time"],
        ["return_care"],
    )


@pytest.mark.model
async def test_a_conversation_goes_on_without_a_button_or_a_command(assistant: object) -> None:
    [(who, said)] = transcripts.conversations(DOCUMENT)
    with transcripts.own_database():
        steps = [step async for step in transcripts.steps(assistant, who, said)]
    assert [step.prompt for step in steps] == said
    assert steps[2].text == transcripts.MISSING
    assert "已开通" in steps[3].text
    assert "seller:demo" in steps[4].text
    assert "usage: xiaoer" in steps[5].text


# ---------------------------------------------------------------- other commits


def test_the_places_of_today_are_there() -> None:
    for now in commits.MOVED:
        assert importlib.util.find_spec(now), (
            f"{now} has moved: name its new place in bench/commits.py, this one behind it"
        )


def test_a_module_is_found_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "aged"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "older.py").write_text("WHAT = 'older'\n", encoding="utf-8")
    (package / "stays.py").write_text("WHAT = 'stays'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    moved = {
        "aged.room": ("aged",),
        "aged.room.new": ("aged.newer", "aged.older"),
        "aged.stays": ("aged.nowhere",),
    }
    try:
        commits.stand_in(tmp_path, moved)
        assert importlib.import_module("aged.room.new").WHAT == "older"
        from aged.room import older  # type: ignore[import-not-found]

        assert older.WHAT == "older"
        assert importlib.import_module("aged.stays").WHAT == "stays"
    finally:
        for name in ("aged", *moved, "aged.older"):
            sys.modules.pop(name, None)


def test_a_checkout_asks_as_this_commit_does(tmp_path: Path) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "checkout"
    folder.mkdir()

    def write(text: str) -> None:
        for name in ("bench/a.py", "tools/transcripts.py", "docs/tasks.md", "bot/b.py"):
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(text, encoding="utf-8")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *arguments], cwd=repository, check=True, capture_output=True)

    write("before")
    (repository / "bench" / "gone.py").write_text("before", encoding="utf-8")
    git("init")
    git("add", ".")
    git("commit", "-m", "before")
    write("now")
    (repository / "bench" / "gone.py").unlink()
    commit = commits.full_name("HEAD", repository)
    commits.checkout(commit, folder, repository)
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*") if path.is_file()}
    assert found == {"bench/a.py": "now", "tools/transcripts.py": "now", "docs/tasks.md": "now", "bot/b.py": "before"}
    with pytest.raises(ValueError, match="expected a commit or a file, got '--all'"):
        commits.full_name("--all", repository)
