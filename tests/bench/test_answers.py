"""The evaluation by answers: what counts as right, and that its questions name answers that there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.quality.answers import LABELS, counted, lines, questions
from knowledge import load
from xiaoer import settings

ONE = [["freight/payout_time#overview", "freight/payout_time#fast"]]
TWO = [["freight/payout_time#overview"], ["damage/who_pays"]]


def record(*answers: str, outcome: str = "answered", article: str | None = None, topic: str = "") -> dict[str, Any]:
    return {"answers": answers, "outcome": outcome, "article": article, "topic": topic}


@pytest.mark.parametrize(
    ("first", "second", "given", "expected"),
    [
        (ONE, ONE, record("freight/payout_time#fast"), {"scope": 1, "right": 1, "article": 1}),
        (ONE, ONE, record("freight/payout_time#overdue"), {"scope": 1, "right": 0, "article": 1}),
        (ONE, ONE, record("return_care/payout_time#fast"), {"right": 0, "article": 0, "wrong product": 1}),
        (ONE, TWO, record(article="damage/who_pays"), {"right": 1, "wrong product": 0, "two": 0}),
        (TWO, TWO, record("freight/payout_time#overview"), {"right": 1, "two": 1, "two, both": 0}),
        (TWO, TWO, record("freight/payout_time#overview", "damage/who_pays#overview"), {"two": 1, "two, both": 1}),
        (ONE, ONE, record(outcome="outside"), {"right": 0, "wrong product": 0, "came to outside": 1}),
        ("outside", "outside", record(outcome="outside"), {"outside": 1, "outside, right": 1, "scope": 0}),
        ("outside", "outside", record("freight/payout_time#fast"), {"outside": 1, "outside, right": 0}),
        ("handoff", "handoff", record(topic="handoff"), {"handoff, right": 1}),
        ("own", ONE, record(), {"disputed": 1, "scope": 0}),
    ],
)
def test_what_counts(first: Any, second: Any, given: dict[str, Any], expected: dict[str, int]) -> None:
    found = counted(first, second, given)
    assert {name: found[name] for name in expected} == expected


def test_lines_tell_shares() -> None:
    [one, everything] = lines({"a": Counter({"scope": 4, "right": 3, "outside": 2, "outside, right": 1})})
    assert "right first 75.0%" in one
    assert "outside declined 1/2" in everything


def test_the_answers_that_are_wanted_are_there() -> None:
    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    known = {
        f"{article.id}#{answer.id}"
        for versions in knowledge.articles.values()
        for article in versions
        for answer in article.answers
    } | {f"{product}/{topic}" for product, topic in knowledge.articles}
    asked = [each for found in questions().values() for each in found]
    assert len(asked) == 1040
    for each in asked:
        for label in (each["first"], each["second"]):
            wanted = [] if isinstance(label, str) else [answer for part in label for answer in part]
            assert label in LABELS if isinstance(label, str) else not set(wanted) - known, each
