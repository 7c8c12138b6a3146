"""Whether this tree and another commit differ: pairs of rounds, what they agree on, and the table. Pure.

Each round measures both sides with the same conversations, so it gives one pair and one ratio, this tree's figure by
the other's. Of five ratios the lowest and the highest are left out; the middle three *agree* when all are on one side
of 1, each by more than noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.speed.report import number

NOISE = 0.11  # by so much two rounds of one commit differ
MIDDLE = 3
HERE, THERE = "here", "there"
MEASURES = {"cpu": "CPU", "p50": "p50"}  # in ms a turn
SLOWER, FASTER, ALIKE, TOO_FEW = "slower", "faster", "noise", "too few rounds"


@dataclass(frozen=True)
class Compared:
    """One measure of one kind of turn. here, there: a figure a round, in ms; those of one place are a pair."""

    here: tuple[float, ...]
    there: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """here / there, a pair each."""
        return [mine / other for mine, other in zip(self.here, self.there, strict=True)]

    @property
    def middle(self) -> list[float]:
        """The middle three ratios, the lowest first; all where there are no more."""
        ordered = sorted(self.ratios)
        left_out = max(0, len(ordered) - MIDDLE) // 2
        return ordered[left_out : len(ordered) - left_out]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """SLOWER or FASTER where the middle three agree, else ALIKE; TOO_FEW without three pairs."""
        middle = self.middle
        if len(middle) < MIDDLE:
            return TOO_FEW
        if middle[0] > 1 + NOISE:
            return SLOWER
        return FASTER if middle[-1] < 1 / (1 + NOISE) else ALIKE

    def as_dict(self) -> dict[str, Any]:
        """What result files say of it."""
        return {
            HERE: [round(each, 3) for each in self.here],
            THERE: [round(each, 3) for each in self.there],
            "ratios": [round(each, 3) for each in self.ratios],
            "middle": [round(each, 3) for each in self.middle],
            "ratio": round(self.ratio, 3),
            "agree": self.verdict in (SLOWER, FASTER),
            "verdict": self.verdict,
        }


def compared(rounds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """One kind of turn: {"turns", "same_replies" (share of turns), "silent", "cpu": see Compared.as_dict, "p50": …}.

    rounds: [{"here": {"turns", "cpu", "p50", "silent"}, "there": {…}, "same_replies": {"share"}}, …], times in ms.
    """
    found: dict[str, Any] = {
        "turns": sum(each[HERE]["turns"] for each in rounds),
        "same_replies": round(median(each["same_replies"]["share"] for each in rounds), 3),
        "silent": {side: sum(each[side]["silent"] for each in rounds) for side in (HERE, THERE)},
    }
    for measure in MEASURES:
        sides = (tuple(each[side][measure] for each in rounds) for side in (HERE, THERE))
        found[measure] = Compared(*sides).as_dict()
    return found


def rows(result: Mapping[str, Any]) -> list[list[str]]:
    """One line a kind of turn: for either measure both medians, the ratio, the middle three, the verdict."""
    there = result[THERE]["commit"]
    head = ["", "turns"]
    for label in MEASURES.values():
        head += [f"{label} {HERE}", f"{label} {there}", "ratio", "middle three", "verdict"]
    table = [[*head, "same replies"]]
    for kind, found in result["kinds"].items():
        line = [kind, str(found["turns"])]
        for measure in MEASURES:
            figures = found[measure]
            middle = figures["middle"]
            line += [number(median(figures[side])) for side in (HERE, THERE)]
            line += [f"{figures['ratio']:.2f}", f"{middle[0]:.2f}–{middle[-1]:.2f}", figures["verdict"]]
        table.append([*line, f"{found['same_replies']:.0%}"])
    return table


def notes(result: Mapping[str, Any]) -> list[str]:
    """What has to be known to read the table, and what it comes to."""
    there, rounds = result[THERE]["commit"], result["rounds"]
    changed = " with changes" if result[HERE]["changed"] else ""
    found = [
        f"This tree ({result[HERE]['commit']}{changed}) against {there}: {rounds} rounds, both sides started anew in "
        "each and driven in turn, kind by kind, with the same conversations. In ms a turn; CPU: of server and action server, "
        "user and system; p50: as the client waits; both medians of the rounds. Ratio: this tree by the other, the median of the "
        "pairs.",
        f"Two rounds of one commit differ by {NOISE:.0%}: a smaller difference is noise. slower, faster: the middle "
        f"three of the pairs agree, in direction and each beyond {NOISE:.0%}.",
        *result["said"],
    ]
    for verdict in (SLOWER, FASTER):
        kinds = [
            f"{kind} ({label} × {figures[measure]['ratio']:.2f})"
            for kind, figures in result["kinds"].items()
            for measure, label in MEASURES.items()
            if figures[measure]["verdict"] == verdict
        ]
        found.append(f"{verdict} beyond noise: {', '.join(kinds) or 'none'}")
    return found
