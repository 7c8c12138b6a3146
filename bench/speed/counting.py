"""Percentiles, spreads and ratios: pure, from lists of numbers to the figures of result.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

PERCENTILES = (50, 95, 99)
Turn = Sequence[Any]  # [kind, begun, ms, replies, beginning of the first reply], as the driver writes it


@dataclass(frozen=True)
class Target:
    """most: the ratio may be no higher; else no lower. unit: of both absolute figures; ratio: what is divided by what."""

    label: str
    bound: float
    unit: str
    ratio: str = "ours / stock"
    most: bool = True

    def met(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound


TARGETS = {
    "knowledge_p50": Target("knowledge question, one user, p50", 1 / 5, "ms"),
    "knowledge_p99": Target("knowledge question, one user, p99", 1 / 5, "ms"),
    "task_p50": Target("task with the database, one user, p50", 1 / 4, "ms"),
    "throughput": Target("turns a second of one server process, 32 users", 8, "turns/s", most=False),
    "long_conversation": Target("turn 400 of one conversation", 1.2, "ms", "turn 400 / turn 4"),
    "second_message_ms": Target("second message sent 1 ms after the first: its wait", 10, "ms", "ours, ms"),
    "orders": Target("task with 1 000 000 orders", 1.2, "ms", "10^6 / 10^3 orders, the worse database"),
    "ready": Target("start to ready", 1.3, "s", "ours / importing Rasa alone"),
    "first_message": Target("first message after the start", 2, "ms", "first / later"),
    "memory": Target("memory of server and action server, PSS", 1 / 2, "MB"),
    "memory_growth": Target("memory after 10 000 turns", 0.02, "MB", "growth after 2 500 turns' warm-up"),
    "training": Target("training", 1 / 3, "s"),
}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many in a hundred do not exceed. Raises ValueError without values."""
    if not values:
        raise ValueError("there is no percentile of no values")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def summary(values: Sequence[float]) -> dict[str, float]:
    """{"n", "p50", "p95", "p99"}; only n without values."""
    named = {f"p{each}": round(percentile(values, each), 2) for each in PERCENTILES} if values else {}
    return {"n": len(values), **named}


def times(turns: Sequence[Turn], kind: str | None = None) -> list[float]:
    """Milliseconds of the turns of a kind; without one, of all that count (the kind "" does not)."""
    return [float(turn[2]) for turn in turns if (turn[0] == kind if kind else turn[0])]


def spread(values: Sequence[float]) -> dict[str, Any]:
    """{"median", "low", "high", "each"} over rounds. Raises ValueError without values."""
    if not values:
        raise ValueError("there is no spread of no values")
    rounded = [round(float(value), 4) for value in values]
    return {"median": round(median(rounded), 4), "low": min(rounded), "high": max(rounded), "each": rounded}


def over_rounds(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several rounds' figures of one shape as one: each measured number becomes its spread, a count that is always the
    same stays a number; what only some rounds have is theirs.
    """
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in rounds for name in each):
        values = [each[name] for each in rounds if name in each]
        if isinstance(values[0], Mapping):
            found[name] = over_rounds(values)
        elif isinstance(values[0], int) and len(set(values)) == 1:
            found[name] = values[0]
        elif isinstance(values[0], (int, float)) and not isinstance(values[0], bool):
            found[name] = spread(values)
        else:
            found[name] = values[-1]
    return found


def rate(turns: Sequence[Turn], seconds: float) -> float:
    """Turns a second that were over within the time; the kind "" counts as well, it is work too."""
    return sum(turn[1] + turn[2] / 1000 <= seconds for turn in turns) / seconds


def around(turns: Sequence[Turn], place: int, reach: int = 2) -> float | None:
    """The median milliseconds of the turns around the `place`-th (counted from 1); None where it was not reached."""
    if len(turns) < place:
        return None
    return round(median(turn[2] for turn in turns[max(0, place - 1 - reach) : place + reach]), 2)


def waits(turns: Sequence[Turn], alone_ms: float) -> list[float]:
    """Of turns sent in twos: from the first one's emit to the second one's end, less twice what a turn costs alone, in ms.

    So 0 is: both were answered one after the other without a pause. Whatever the first loses by the second counts too.
    """
    ordered = sorted(turns, key=lambda turn: turn[1])
    return [
        (second[1] - first[1]) * 1000 + second[2] - 2 * alone_ms
        for first, second in zip(ordered[::2], ordered[1::2], strict=False)
    ]


def growth(before: float, after: float) -> float:
    """0.02 = two in a hundred more."""
    return round(after / before - 1, 4)


# ------------------------------------------------------------------ ratios


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """The ratios that the figures allow; see TARGETS."""
    found = {name: _ratio(pair, figures) for name, pair in PAIRS.items()}
    return {name: round(value, 4) for name in TARGETS if (value := found.get(name)) is not None}


def figure(figures: Mapping[str, Any], path: str) -> float | None:
    """The number at a path such as "latency/ours/knowledge/p50", the median of a spread; None where there is none."""
    found: Any = figures
    for name in path.split("/"):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    if isinstance(found, Mapping):
        found = found.get("median")
    return None if found is None else float(found)


# ratio -> what is divided by what (several pairs: the worst of them; one path alone: that figure)
PAIRS: dict[str, tuple[tuple[str, ...], ...]] = {
    "knowledge_p50": (("latency/ours/knowledge/p50", "latency/stock/knowledge/p50"),),
    "knowledge_p99": (("latency/ours/knowledge/p99", "latency/stock/knowledge/p99"),),
    "task_p50": (("latency/ours/task/p50", "latency/stock/task/p50"),),
    "throughput": (("throughput/ours/turns_a_second", "throughput/stock/turns_a_second"),),
    "long_conversation": (("long/ours/400", "long/ours/4"),),
    "second_message_ms": (("second/ours/wait_ms",),),
    "orders": (
        ("orders/sqlite/1000000", "orders/sqlite/1000"),
        ("orders/postgresql/1000000", "orders/postgresql/1000"),
    ),
    "ready": (("ready/ours/seconds", "ready/bare_import"),),
    "first_message": (("first/ours/first_ms", "first/ours/later_ms"),),
    "memory": (("memory/ours/after_start/all/pss", "memory/stock/after_start/all/pss"),),
    "memory_growth": (("memory/growth/since_warm_up",),),
    "training": (("training/ours/seconds", "training/stock/seconds"),),
}
# ratio -> the stock figure that stands beside ours in the table, where the ratio is not against it
STOCK_BESIDE = {
    "long_conversation": "long/stock/400",
    "second_message_ms": "second/stock/wait_ms",
    "ready": "ready/stock/seconds",
    "first_message": "first/stock/first_ms",
}


def _ratio(pairs: tuple[tuple[str, ...], ...], figures: Mapping[str, Any]) -> float | None:
    found = []
    for pair in pairs:
        numbers = [figure(figures, path) for path in pair]
        if any(number is None for number in numbers):
            continue
        first, *rest = [float(number) for number in numbers if number is not None]
        if not rest:
            found.append(first)
        elif rest[0]:
            found.append(first / rest[0])
    return max(found, default=None)
