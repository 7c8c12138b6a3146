"""`python -m bench.quality.replies --out FILE`: every reply to every question and transcript, to be compared.

--model FILE          ask this model file, even when it is older than what it is made of
--against COMMIT      ask that commit's code, too, with a model of its own, and say what differs
--against FILE        the same with what an earlier run has written
--against-model FILE  that commit's model, so that none is trained

Beside FILE stand FILE.<commit>, what that commit says, and FILE.diff. 0 = nothing differs, 1 = something does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import commits
from bench.quality import process

NOTHING = "–"
FIELDS = ("topic", "outcome", "product", "article", "source", "card", "button", "text")
GONE, NEW, OTHER = "only before", "only now", "question"
SHOWN = 5  # blocks that the summary names of each kind
_TOKEN = re.compile(r'("summary": ?)"[^"]*"')  # a confirmation counts for one read-back
_ANY_TOKEN = r'\1"…"'

Fields = Mapping[str, Sequence[str]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.replies", description="every reply, to be compared")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the replies are written")
    parser.add_argument("--model", type=Path, help="ask this model file instead of the newest")
    parser.add_argument("--against", metavar="COMMIT|FILE", help="compare with that commit, or an earlier run's file")
    parser.add_argument("--against-model", type=Path, metavar="FILE", help="that commit's model, already trained")
    options = parser.parse_args()
    commit = ""
    if options.against and not Path(options.against).is_file():
        try:
            commit = commits.full_name(options.against)
        except ValueError as error:
            parser.error(f"--against: {error}")
    if not write(options.out, options.model):
        return 2
    if not options.against:
        return 0
    before = Path(options.against)
    if commit:
        before = options.out.with_name(f"{options.out.name}.{commit[:7]}")
        of_commit(commit, before, options.against_model)
    return compare(before, options.out)


# ---------------------------------------------------------------- asking


def write(out: Path, model: Path | None = None) -> bool:
    """Asks everything and writes it down; False where a training is needed first. Nothing of Rasa is imported yet."""
    with tempfile.TemporaryDirectory() as folder:
        process.environment(Path(folder))
        os.environ.pop("XIAOER_KNOWLEDGE", None)  # each commit has its own
        os.environ["XIAOER_QUERY_TIMEOUT"] = "60"  # a busy machine changes no reply
        process.quiet()
        commits.stand_in()
        from bot.command.inprocess import Assistant
        from bot.engine.training.models import model_or_raise, needs_training

        if model is None and (stale := needs_training()):
            print(f"{stale}: run `xiaoer train` first", file=sys.stderr)
            return False
        blocks = asyncio.run(everything(Assistant(model or model_or_raise())))
    out.write_text(text_of(blocks), encoding="utf-8")
    return True


def of_commit(commit: str, out: Path, model: Path | None = None) -> None:
    """What another commit's code says to the same; it is trained where no model is given or kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commits.checkout(commit, folder)
        model = model.resolve() if model else commits.trained(folder, commit)
        command = ["-m", "bench.quality.replies", "--out", str(out.resolve()), "--model", str(model)]
        subprocess.run([sys.executable, "-W", "ignore", *command], cwd=folder, check=True)


async def everything(assistant: Any) -> list[str]:
    from bench.quality.running import questions
    from tools.transcripts import DOCUMENT

    asked = [block async for block in answers(assistant, questions(None))]
    return asked + [block async for block in talks(assistant, DOCUMENT.read_text(encoding="utf-8"))]


async def answers(assistant: Any, questions: Iterable[Any]) -> AsyncIterator[str]:
    """A block a question, named by its set and its place there; each on a database that no other has written to."""
    from bench.quality.running import put
    from tools.transcripts import own_database

    place: dict[str, int] = defaultdict(int)
    with own_database() as afresh:
        for question in questions:
            place[question.group] += 1
            exchange, _ = await put(assistant, question)
            afresh()
            name = f"{question.group}:{place[question.group]:03}"
            said = [("before", text) for text in question.before] + [("asked", question.text)]
            yield block(f"{name} {question.as_}", said, exchange)


async def talks(assistant: Any, document: str) -> AsyncIterator[str]:
    """A block a step of the documented conversations; they share one database, as they do where they are written."""
    from tools.transcripts import conversations, own_database, steps

    with own_database():
        for number, (who, said) in enumerate(conversations(document), 1):
            place = 0
            async for step in steps(assistant, who, said):
                place += 1
                name = f"transcript:{number:02}.{place:02}"
                yield block(f"{name} {who}", [("asked", step.prompt)], step.exchange, step.text)


# ---------------------------------------------------------------- writing down


def block(title: str, said: Iterable[tuple[str, str]], exchange: Any, text: str = "") -> str:
    """A title and, indented, a line for each thing. `exchange` is none where a command printed the text."""
    from tools.transcripts import steady

    lines = [f"{name}: {line}" for name, value in said for line in value.split("\n")]
    if exchange is not None:
        record = exchange.record()
        lines += [f"{name}: {_each(exchange, name)}" for name in ("topic", "outcome", "product", "article")]
        lines += [f"source: {source}" for source in record["sources"]]
        lines += [f"card: {line}" for reply in exchange.replies for line in _card(reply.get("card") or {})]
        lines += [f"button: 〔{button['title']}〕 {button['payload']}" for button in record["buttons"]]
        text = record["reply"]
    lines += [f"| {line}" for line in text.split("\n")]
    return "\n".join([title, *(f"  {_TOKEN.sub(_ANY_TOKEN, steady(line))}".rstrip() for line in lines)])


def _each(exchange: Any, name: str) -> str:
    """What each reply says of it; where none does, what the record as a whole says."""
    values = [reply.get(name) for reply in exchange.replies]
    return ", ".join(value or NOTHING for value in values) if any(values) else exchange.record()[name] or NOTHING


def _card(card: Mapping[str, Any]) -> list[str]:
    return [f"{name} {json.dumps(card[name], ensure_ascii=False, sort_keys=True)}" for name in sorted(card)]


def text_of(blocks: Iterable[str]) -> str:
    """The file: blocks in the order of their titles, a blank line between two."""
    return "\n\n".join(sorted(blocks)) + "\n"


# ---------------------------------------------------------------- comparing


def compare(before: Path, now: Path) -> int:
    """Writes the unified diff beside `now` and prints how many blocks differ in what. 1 where any does."""
    command = ["git", "diff", "--no-index", "--no-color", "--no-ext-diff", str(before), str(now)]
    diff = subprocess.run(command, capture_output=True, check=False).stdout
    now.with_name(f"{now.name}.diff").write_bytes(diff)
    was, is_ = read(before.read_text(encoding="utf-8")), read(now.read_text(encoding="utf-8"))
    print(summary(len(is_), changes(was, is_)))
    return int(bool(diff))


def read(text: str) -> dict[str, Fields]:
    """Name of a block -> field -> its lines. `question` is who asks, what is asked and what was said before."""
    blocks: dict[str, Fields] = {}
    for part in text.strip("\n").split("\n\n"):
        title, *lines = part.split("\n")
        name, _, who = title.partition(" ")
        fields: dict[str, list[str]] = defaultdict(list, {OTHER: [who]})
        for line in lines:
            field, _, value = line[2:].partition(" ")
            field = "text" if field == "|" else field.rstrip(":")
            fields[field if field in FIELDS else OTHER].append(value)
        blocks[name] = fields
    return blocks


def changes(before: Mapping[str, Fields], now: Mapping[str, Fields]) -> dict[str, list[str]]:
    """Kind of change -> names of the blocks; a block is under each of its kinds."""
    found: dict[str, list[str]] = {kind: [] for kind in (*FIELDS, OTHER, GONE, NEW)}
    for name in sorted(before.keys() | now.keys()):
        if name not in now or name not in before:
            found[NEW if name in now else GONE].append(name)
            continue
        for kind in (*FIELDS, OTHER):
            if before[name].get(kind, []) != now[name].get(kind, []):
                found[kind].append(name)
    return {kind: names for kind, names in found.items() if names}


def summary(blocks: int, found: Mapping[str, Sequence[str]]) -> str:
    """How many blocks differ, and in what."""
    lines = [f"{len({name for names in found.values() for name in names})} of {blocks} blocks differ"]
    for kind, names in found.items():
        what = kind if kind in (GONE, NEW) else f"{kind} changed"
        lines.append(f"{len(names):5}  {what:16} {', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
