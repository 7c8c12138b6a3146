"""Replays the conversations of docs/tasks.md and writes what the assistant says now: `make transcripts`.

A conversation is a fenced block that begins with ```chat and who is asking. `» ` begins what a person says, 〔…〕 is a
button (pressed, where a person's line has nothing else), `$ xiaoer …` a command of staff; the rest is what came back.
The database is filled anew for the file, and all of it happens at one instant of a fixed day. Numbers that differ each time
(tickets, receipts, errors, conversations) are written as T-…, XR-…, E… and …. tests/conversations/test_transcripts.py compares.
The READMEs show such blocks abridged; they are written by hand and compared, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "tasks.md"
TODAY = "2026-11-23"
INSTANT = datetime(2026, 11, 23, 6, 0, tzinfo=timezone.utc)
_BLOCK = re.compile(r"^```chat (?P<who>\S+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_SAID, _COMMAND = "» ", "$ xiaoer "
MISSING = "（没有这个按钮）"
_VARIES = ((re.compile(r"\bT-[0-9A-Z]{4,}\b"), "T-…"), (re.compile(r"\bE[0-9A-F]{6}\b"), "E…"),
           (re.compile(r"\bXR-[0-9A-Z]{10}\b"), "XR-…"), (re.compile(r"(?<=对话 )[0-9a-f]{12}\b"), "…"),
           (re.compile(r"\d\d-\d\d \d\d:\d\d"), "11-23 …"), (re.compile(r" +$", re.MULTILINE), ""))  # fmt: skip


def prompts(lines: str) -> list[str]:
    """What the people of a block say and type, in order."""
    return [line for line in lines.splitlines() if line.startswith((_SAID, _COMMAND))]


@dataclass(frozen=True)
class Step:
    """What a person says, presses or types, and what comes back. `exchange` is none for a command of staff."""

    prompt: str
    text: str
    exchange: Any = None


def conversations(document: str) -> list[tuple[str, list[str]]]:
    """(who is asking, what the people say and type) of every block, in order."""
    return [(block["who"], prompts(block["lines"])) for block in _BLOCK.finditer(document)]


def talks(document: str) -> list[str]:
    """What every block shows, in order."""
    return [block["lines"] for block in _BLOCK.finditer(document)]


def abridges(shown: str, said: str) -> bool:
    """Whether what is shown is what was said, but for what … stands for: on a line of its own for any lines, at the end of
    one for the rest of it. Blank lines do not count."""
    pattern = ""
    for line in filter(None, shown.splitlines()):
        rest = ".*" if line.endswith("…") else ""
        pattern += "(?:.*\n)*" if line == "…" else re.escape(line.removesuffix("…")) + rest + "\n"
    return re.fullmatch(pattern, re.sub(r"\n{2,}", "\n", said)) is not None


async def replayed(assistant: Any, document: str) -> str:
    """The document with every block as the conversation goes now."""
    result, at = [], 0
    for block in _BLOCK.finditer(document):
        talk = "\n".join([line async for line in _lines(assistant, block["who"], prompts(block["lines"]))])
        result += [document[at : block.start()], f"```chat {block['who']}\n{talk}\n```"]
        at = block.end()
    return "".join([*result, document[at:]])


async def _lines(assistant: Any, who: str, said: list[str]) -> AsyncIterator[str]:
    async for step in steps(assistant, who, said):
        yield step.prompt
        yield step.text
        if step.exchange and (buttons := step.exchange.record()["buttons"]):
            yield "".join(f"〔{button['title']}〕" for button in buttons)


async def steps(assistant: Any, who: str, said: list[str]) -> AsyncIterator[Step]:
    """One conversation as it goes now. A button that is no longer offered is said to be missing, and the rest goes on."""
    from xiaoer.principal import VISITOR, Source, parse_principal

    principal = parse_principal(who, Source.COMMAND) if who != "visitor" else VISITOR
    conversation, buttons, number = uuid.uuid4().hex, [], ""
    for prompt in said:
        if prompt.startswith(_COMMAND):
            yield Step(prompt, steady(_staff(prompt.removeprefix(_COMMAND).replace("T-…", number))))
            continue
        text = prompt.removeprefix(_SAID)
        payload: str | None = text
        if text.startswith("〔"):
            payload = next((button["payload"] for button in buttons if button["title"] == text.strip("〔〕")), None)
        if payload is None:
            yield Step(prompt, MISSING)
            continue
        send = assistant.press if payload.startswith("/") else assistant.say
        exchange = await send(payload, principal, conversation)
        record = exchange.record()
        buttons = record["buttons"]
        number = next(iter(re.findall(r"\bT-[0-9A-Z]{4,}\b", record["reply"])), number)
        yield Step(prompt, steady(record["reply"] or "（不作声）"), exchange)


def _staff(command: str) -> str:
    """What a command prints; of a command that there is not, how it is used."""
    import shlex

    from bot.command import cli

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.suppress(SystemExit):
        cli.main(shlex.split(command))
    return out.getvalue().rstrip()


def steady(text: str) -> str:
    """Without what is different each time."""
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


@contextlib.contextmanager
def own_database() -> Iterator[Callable[[], None]]:
    """A fresh demo database on the fixed day, for this process; what it gives makes the database fresh again."""
    from actions.policydb import admin, session
    from xiaoer import clock

    running, clock.now = clock.now, lambda: INSTANT
    before = {name: os.environ.get(name) for name in ("POLICY_DATABASE_URL", "XIAOER_TODAY", "XIAOER_STAFF_HOURS")}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "policy.db"
        os.environ["POLICY_DATABASE_URL"] = f"sqlite:///{database}"
        os.environ["XIAOER_TODAY"] = TODAY
        os.environ["XIAOER_STAFF_HOURS"] = "0:00-24:00"  # whatever the time is now
        session.dispose()
        try:
            admin.upgrade()
            admin.seed()
            session.dispose()
            shutil.copy(database, filled := database.with_name("filled.db"))

            def afresh() -> None:
                session.dispose()
                shutil.copy(filled, database)

            yield afresh
        finally:
            clock.now = running
            session.dispose()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from bot.command.quiet import quiet

    quiet()
    from bot.command.inprocess import Assistant
    from bot.engine.training.models import model_or_raise

    with own_database():
        document = DOCUMENT.read_text(encoding="utf-8")
        new = asyncio.run(replayed(Assistant(model_or_raise()), document))
    DOCUMENT.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
