"""What counts as right. Pure rules on a turn and what came back; rates with their uncertainty are of `bench.quality.counting`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.conversations.reading import KINDS, Conversation, Turn
from bench.quality.counting import figure

SIDES = ("buyer", "seller", "visitor")
_TAIL = 4
_ASKS = re.compile(r"哪|请选|选一|还是|[?？]")


@dataclass(frozen=True)
class Owned:
    """What an asker has: tail -> titles of the orders that end so; shops: code -> name, of everybody's."""

    titles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shops: Mapping[str, str] = field(default_factory=dict)

    def named_in(self, text: str, expected: Iterable[str]) -> set[str]:
        """Of the own tails, of the shops where one is expected, and of what is expected, that which a text holds."""
        figures = re.findall(r"(?<!\d)(?:\d{15,24}|\d{4})(?!\d)", text)
        found = {number[-_TAIL:] for number in figures} & set(self.titles)
        wanted = set(expected)
        names = set(self.shops.values())
        found |= {name for name in (names if wanted & names else ()) if name in text}
        return found | {name for name in wanted if not name.isdigit() and name in text}


@dataclass(frozen=True)
class Reply:
    """What came back. text: as judged; record: of `ask --json`; wrote: something was written; no_button: of that title."""

    text: str
    record: Mapping[str, Any]
    wrote: bool = False
    no_button: bool = False


@dataclass(frozen=True)
class Verdict:
    """failed: why the reply is not as expected; wrong: it is proven untrue; right_thing: None where no thing is asked for;
    false_write: something was written that was not to be; missed_write: nothing was that was to be."""

    turn: Turn
    reply: Reply
    failed: tuple[str, ...]
    wrong: bool
    right_thing: bool | None
    false_write: bool
    missed_write: bool

    @property
    def expected(self) -> bool:
        return not self.failed


@dataclass(frozen=True)
class Judged:
    """A conversation with its verdicts, in order."""

    conversation: Conversation
    verdicts: tuple[Verdict, ...]

    @property
    def whole(self) -> bool:
        return all(verdict.expected for verdict in self.verdicts)


def text_of(record: Mapping[str, Any]) -> str:
    """The reply as the patterns see it: all that was said, without marks, the buttons' titles behind it."""
    buttons = " ".join(f"[{button['title']}]" for button in record["buttons"])
    return "\n".join(filter(None, (str(record["reply"]).replace("**", ""), buttons)))


def judge(turn: Turn, reply: Reply, owned: Owned) -> Verdict:
    """What was written and should not have been is not as expected, whatever the words say."""
    false_write = reply.wrote and not turn.writes
    failed = (*turn.failed(reply.text), *(["writes: false"] if false_write else []))
    return Verdict(
        turn,
        reply,
        failed,
        wrong=any(each.startswith("wrong: ") for each in failed),
        right_thing=right_thing(turn, reply, owned) if turn.things else None,
        false_write=false_write,
        missed_write=turn.writes and not reply.wrote,
    )


def right_thing(turn: Turn, reply: Reply, owned: Owned) -> bool:
    """The reply is about these things and no others, by its data or by its words; or asks among a set with them."""
    wanted = set(turn.things)
    if wanted == said_things(reply.record, owned, wanted):
        return True
    said = str(reply.record["reply"]).replace("**", "")
    if wanted == owned.named_in(said, wanted):
        return True
    return turn.ask and _asks(reply.record) and all(_offered(each, reply.text, owned) for each in wanted)


def said_things(record: Mapping[str, Any], owned: Owned, wanted: Iterable[str]) -> set[str]:
    """The orders and shops that the reply says it is about, as the sets call them: what is expected, else shop or tail."""
    numbers = [str(thing.get("number") or "") for thing in record.get("things") or ()]
    return {called for number in numbers if (called := _called(number, owned, wanted))}


def _called(number: str, owned: Owned, wanted: Iterable[str]) -> str:
    """ "" for what is neither an order nor a shop: a month, a request. A shop's service (shop/product) is the shop's."""
    if number.isdigit():
        return next((each for each in wanted if each.isdigit() and number.endswith(each)), number[-_TAIL:])
    return owned.shops.get(number.partition("/")[0], number if number in wanted else "")


def _asks(record: Mapping[str, Any]) -> bool:
    return record.get("outcome") == "clarify" or bool(_ASKS.search(str(record["reply"])))


def _offered(thing: str, text: str, owned: Owned) -> bool:
    return thing in owned.named_in(text, [thing]) or any(title in text for title in owned.titles.get(thing, ()))


# ---------------------------------------------------------------- figures


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Every figure with its interval: {"n", "right", "rate", "low", "high"}, by side and by kind."""
    verdicts = [(each.conversation.side, verdict) for each in judged for verdict in each.verdicts]
    times = [float(verdict.reply.record["ms"]) for _, verdict in verdicts]
    return {
        "conversations": len(judged),
        "turns": len(verdicts),
        "expected": _by_side(verdicts, lambda verdict: verdict.expected),
        "whole": _by_side([(each.conversation.side, each) for each in judged], lambda each: each.whole),
        "wrong": _by_side(verdicts, lambda verdict: verdict.wrong),
        "right_thing": _by_side(verdicts, lambda verdict: verdict.right_thing),
        "false_writes": _by_side(verdicts, lambda verdict: verdict.false_write if not verdict.turn.writes else None),
        "missed_writes": _by_side(verdicts, lambda verdict: verdict.missed_write if verdict.turn.writes else None),
        "kinds": {
            kind: {
                "expected": _figure(chosen, lambda verdict: verdict.expected),
                "right_thing": _figure(chosen, lambda verdict: verdict.right_thing),
            }
            for kind in KINDS
            if (chosen := [verdict for _, verdict in verdicts if verdict.turn.kind == kind])
        },
        "ms": round(median(times), 1) if times else 0.0,
    }  # fmt: skip


def _figure(chosen: Iterable[Any], rule: Callable[[Any], bool | None]) -> dict[str, Any]:
    held = [found for each in chosen if (found := rule(each)) is not None]
    return figure(sum(held), len(held))


def _by_side(sided: Sequence[tuple[str, Any]], rule: Callable[[Any], bool | None]) -> dict[str, Any]:
    found = {"all": _figure([each for _, each in sided], rule)}
    found |= {side: _figure([each for of, each in sided if of == side], rule) for side in SIDES}
    return {side: rate for side, rate in found.items() if rate["n"]}
