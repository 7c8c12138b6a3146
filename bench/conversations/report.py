"""What is told of a run: the table for a terminal, and every turn for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.conversations.judging import SIDES, Judged, Verdict
from bench.quality.report import terminal

_LABELS = {
    "expected": "turns as expected",
    "whole": "whole conversations",
    "right_thing": "the right thing",
    "wrong": "proven wrong (low is good)",
    "false_writes": "written, and should not be",
    "missed_writes": "not written, and should be",
}


def table(found: Mapping[str, Any]) -> str:
    """Figures by side, then by kind, each with its 95 % interval."""
    sides = [side for side in ("all", *SIDES) if side in found["expected"]]
    by_side = [["", *sides]]
    by_side += [[label, *(_cell(found[name].get(side)) for side in sides)] for name, label in _LABELS.items()]
    by_kind = [["kind", "as expected", "the right thing"]]
    by_kind += [[kind, _cell(rates["expected"]), _cell(rates["right_thing"])] for kind, rates in found["kinds"].items()]
    head = f"{found['conversations']} conversations, {found['turns']} turns, {found['ms']} ms a turn (median)"
    return "\n\n".join((head, terminal(by_side), terminal(by_kind)))


def _cell(figure: Mapping[str, Any] | None) -> str:
    if not figure or not figure["n"]:
        return "—"
    return f"{figure['right']}/{figure['n']} {figure['rate']:.1%} ({figure['low']:.1%}–{figure['high']:.1%})"


def page(judged: Sequence[Judged]) -> str:
    """Every turn: what was said, what came back, the verdict, and each pattern that failed. Failed turns begin with ✗."""
    return "\n".join(line for each in judged for line in _conversation(each))


def _conversation(each: Judged) -> Iterator[str]:
    talk = each.conversation
    right = sum(verdict.expected for verdict in each.verdicts)
    on = f" page {talk.page}" if talk.page else ""
    yield f"== {talk.id} {talk.as_}{on}: {right} of {len(each.verdicts)}"
    for number, verdict in enumerate(each.verdicts, 1):
        yield from _turn(number, verdict)
    yield ""


def _turn(number: int, verdict: Verdict) -> Iterator[str]:
    turn, record = verdict.turn, verdict.reply.record
    pressed = "〔按〕" if turn.pressed else ""
    missing = "（没有这个按钮，当话说了）" if verdict.reply.no_button else ""
    yield f"{'✓' if verdict.expected else '✗'} {number} {turn.kind}: {pressed}{turn.text}{missing}"
    yield from (f"    | {line}" for line in verdict.reply.text.splitlines() or ["（不作声）"])
    yield from (f"  {note}" for note in _notes(verdict))
    understood = {name: record.get(name) for name in ("topic", "point", "outcome", "wrote", "asked_for")}
    yield "  " + ", ".join(f"{name} {value}" for name, value in understood.items() if value is not None)
    if not verdict.expected:
        yield f"  good: {' '.join(turn.good.split())}"


def _notes(verdict: Verdict) -> Iterable[str]:
    yield from verdict.failed
    if verdict.wrong:
        yield "PROVEN WRONG"
    if verdict.right_thing is False:
        things = [thing.get("number") for thing in verdict.reply.record.get("things") or ()]
        yield f"not the right thing: {', '.join(verdict.turn.things)}; it says {things}"
    if verdict.missed_write:
        yield "nothing was written"
