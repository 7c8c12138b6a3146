"""This tree and another commit in one run: the same conversations, alternately, on this machine in these minutes.

The machine's speed changes by half from one minute to the next, so nothing measured at another time can be compared.
A round starts both sides anew, then drives each kind of turn on one and at once on the other; who comes first changes
from round to round. In a round no text comes twice (bench/speed/conversations.py); the rounds say the same.
"""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bench.speed import conversations, counting, orders, pairs, report
from bench.speed.conversations import KINDS, Cast, Texts
from bench.speed.pairs import HERE, THERE
from bench.speed.servers import checkout, systems
from bench.speed.servers.checkout import Checkout
from bench.speed.servers.processes import Running
from bench.speed.servers.systems import Bench

# Where one of these names a database, each side would find what the other has written.
SHARED = ("XIAOER_CONVERSATIONS", "XIAOER_LOCKS", "XIAOER_LIMITS_STORAGE")
COUNTED = ("server", "actions")
CPU_TICK = 0.01  # seconds; less than that the system does not tell
FORMS_LENGTH = 1  # one step a form: the median of two that cost differently would fall between them


@dataclass(frozen=True)
class Sizes:
    """turns: of each kind, a round and side; seconds: after which no turn of a kind is begun; warm_up: turns."""

    rounds: int = 5
    turns: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys(KINDS, 120) | {"knowledge": 200, "form": 80, "follow_up": 80}
    )
    seconds: float = 20.0
    warm_up: int = 40
    orders: int = 20_000
    regulars: int = 60


QUICK = Sizes(rounds=1, turns=dict.fromkeys(KINDS, 6), seconds=5.0, warm_up=6, orders=1_000, regulars=4)


@dataclass(frozen=True)
class Side:
    """start: starts its servers, for as long as the context lasts."""

    name: str
    start: Callable[[], AbstractContextManager[Running]]


class SharedPlace(ValueError):
    """A setting names a place that both sides would write to."""


def run(
    commit: str, bench: Bench, sizes: Sizes, sources: Mapping[str, Sequence[str]], say: Callable[[str], None]
) -> dict[str, Any]:
    """The whole comparison: what result files say.

    Raises NoSuchCommit, SharedPlace, NotStarted, RuntimeError with the driver's log.
    """
    begun = time.monotonic()
    if named := [name for name in SHARED if "://" in os.environ.get(name, "").replace("memory://", "")]:
        raise SharedPlace(f"{', '.join(named)} names one place for both sides; unset it for this run")
    about = {"commit": checkout.short("HEAD"), "changed": checkout.changed()}
    with checkout.checked_out(commit, bench.path("tree")) as other:
        said = _prepare(other, bench, say)
        filled = orders.fill(bench.database, sizes.orders, sizes.regulars)
        there = _database_of(other, bench, sizes)
        sides = (
            Side(HERE, lambda: systems.assistant(bench)),
            Side(THERE, lambda: systems.assistant(bench, other, database=there)),
        )
        measured = rounds(bench, sides, sizes, lambda: Cast(Texts(sources), filled), say)
    return {
        "machine": report.machine(),
        "when": date.today().isoformat(),
        HERE: about,
        THERE: {"commit": other.commit},
        "rounds": sizes.rounds,
        "noise": pairs.NOISE,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        **measured,
        "said": [*said, *measured["said"]],
    }


def _prepare(other: Checkout, bench: Bench, say: Callable[[str], None]) -> list[str]:
    """Trains either where needed; what the reader has to know of its environment."""
    say("models: kept, or trained now")
    checkout.HERE.run(bench.path("train.log"), "train")
    if checkout.train(other, bench.path("train.log")):
        say(f"{other.commit}: trained")
    if checkout.same_lock(other):
        return []
    told = (
        f"{checkout.LOCK} of {other.commit} is another than this tree's; both ran with the packages of this environment. "
        f"To run both with the other's: `git show {other.commit}:{checkout.LOCK} > {checkout.LOCK}`, `make install`, "
        "and back afterwards."
    )
    say(told)
    return [told]


def _database_of(other: Checkout, bench: Bench, sizes: Sizes) -> str:
    """The same orders in a database of the other's schema."""
    url = f"sqlite:///{bench.path('policy.db')}"
    log = bench.path("upgrade.log")
    orders.fill(
        url,
        sizes.orders,
        sizes.regulars,
        upgrade=lambda: other.run(log, "db", "upgrade", POLICY_DATABASE_URL=url),
    )
    return url


# ------------------------------------------------------------------ rounds


def rounds(
    bench: Bench, sides: Sequence[Side], sizes: Sizes, cast: Callable[[], Cast], say: Callable[[str], None]
) -> dict[str, Any]:
    """{"kinds": {kind: see pairs.compared}, "said": [what went wrong, ...]}; cast: makes a round's conversations."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in sizes.turns}
    said: list[str] = []
    for place in range(sizes.rounds):
        ordered = sides[::-1] if place % 2 else sides
        with _both(ordered) as running:
            say(f"round {place + 1} of {sizes.rounds}: both are ready")
            talks = cast()
            if sizes.warm_up:
                warm_up = bench.plan("ours", [talks.mix(0, sizes.warm_up)])
                for one in running.values():
                    systems.drive(bench, one, warm_up, seconds=sizes.seconds)
            for kind, count in sizes.turns.items():
                talk = [
                    [each] for each in talks.of(kind, count, FORMS_LENGTH if kind == "form" else conversations.MOST)
                ]
                drive = _driving(bench, bench.plan("ours", talk), kind, sizes.seconds)
                pair = {name: drive(one) for name, one in running.items()}
                said += [f"round {place + 1}, {kind}, {each}" for each in _wrong(pair, count)]
                if all(each["turns"] for each in pair.values()):
                    found[kind].append({**pair, "same_replies": {"share": _alike(pair)}})
                    say(f"{kind}: {_shown(pair)}")
    return {"kinds": {kind: pairs.compared(each) for kind, each in found.items() if each}, "said": said}


@contextmanager
def _both(sides: Sequence[Side]) -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        yield {side.name: stack.enter_context(side.start()) for side in sides}


def _driving(bench: Bench, plan: list[Any], kind: str, seconds: float) -> Callable[[Running], dict[str, Any]]:
    def drive(running: Running) -> dict[str, Any]:
        """{"turns", "cpu" and "p50" in ms, "silent", "replies" (how each begins), "problems"} of one side."""
        result = systems.drive(bench, running, plan, seconds=seconds, in_turn=True)
        of_kind = [turn for turn in result["turns"] if turn[0] == kind]
        found = {
            "turns": len(of_kind),
            "silent": sum(not turn[3] for turn in of_kind),
            "replies": [turn[4] for turn in of_kind],
            "problems": result["problems"],
        }
        if of_kind:
            used = max(sum(result["cpus"].get(part, 0.0) for part in COUNTED), CPU_TICK)
            found["cpu"] = 1000 * used / len(result["turns"])
            found["p50"] = counting.percentile(counting.times(of_kind), 50)
        return found

    return drive


def _wrong(pair: Mapping[str, Mapping[str, Any]], count: int) -> Iterator[str]:
    for side, figures in pair.items():
        if figures["problems"] or figures["turns"] < count:
            yield f"{side}: {figures['turns']} of {count} turns; {'; '.join(figures['problems'][:2]) or 'out of time'}"


def _alike(pair: Mapping[str, Mapping[str, Any]]) -> float:
    """The share of turns whose reply begins the same on both sides."""
    here, there = pair[HERE]["replies"], pair[THERE]["replies"]
    same = sum(map(operator.eq, here, there))
    return float(same / max(len(here), len(there)))


def _shown(pair: Mapping[str, Mapping[str, Any]]) -> str:
    each = (f"{side} CPU {pair[side]['cpu']:.2f}, p50 {pair[side]['p50']:.2f}" for side in (HERE, THERE))
    return "; ".join(each) + " ms"
