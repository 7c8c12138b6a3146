"""What counts as right. Pure rules on one question and what was made of it; rates with their uncertainty.

A rule says True, False, or None where the question is none of its business: the rate is right / (right + wrong).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Any

from knowledge import live

OUTSIDE = frozenset(live().catalogue.outside)
REFUSED, ASKED = "(refused)", "(asked back)"  # what a confusion shows where no topic was chosen
Z = 1.96  # 95 %


@dataclass(frozen=True)
class Question:
    """One labelled question. also: topics that are equally right; topics: those of a message with two questions.

    articles: ids of the articles that answer it, empty where there is none. before: what was said earlier in the
    conversation. second: the topic that another reader gave it, without knowing the first; none where nobody did.
    """

    text: str
    as_: str
    topic: str
    product: str | None = None
    also: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    group: str = ""
    articles: frozenset[str] = frozenset()
    before: tuple[str, ...] = ()
    second: str | None = None

    @property
    def outside(self) -> bool:
        return self.topic in OUTSIDE

    @property
    def right(self) -> frozenset[str]:
        return frozenset((self.topic, *self.also, *self.topics))


@dataclass(frozen=True)
class Given:
    """What a system made of a question.

    topics: one a question of the message, empty where none was chosen. outcome: as in `ask --json`.
    offered: the topics it asked back with, None where it did not ask back. asked_role: it asked whether a buyer or a
    seller is asking. ranking: the first topic and its probability before any refusal. understood_ms: what understanding
    took of the time.
    """

    topics: tuple[str, ...]
    outcome: str = "answered"
    product: str | None = None
    article: str | None = None
    offered: tuple[str, ...] | None = None
    asked_role: bool = False
    ranking: tuple[str, float] = ("", 0.0)
    ms: float = 0.0
    understood_ms: float = 0.0

    @property
    def topic(self) -> str | None:
        """The chosen topic; none where it asked back instead of choosing."""
        return self.topics[0] if self.topics and self.offered is None else None


Pair = tuple[Question, Given]
Rule = Callable[[Question, Given], "bool | None"]


def topic(question: Question, given: Given) -> bool | None:
    """In scope: the first topic is one of the right ones. Asking back is not right."""
    return None if question.outside else given.topic in question.right


def topic_or_offered(question: Question, given: Given) -> bool | None:
    """As `topic`, and asking back is right when a right topic is among those offered."""
    if question.outside:
        return None
    return given.topic in question.right or bool(question.right & set(given.offered or ()))


def topic_everywhere(question: Question, given: Given) -> bool:
    """All questions; of an outside one, which of the kinds it is. Declining as not understood is not right here."""
    return given.topic in question.right


def product(question: Question, given: Given) -> bool | None:
    """In scope, where the label names a product."""
    return None if question.outside or question.product is None else given.product == question.product


def article(question: Question, given: Given) -> bool | None:
    """Where an article exists: it was given; or the role was asked of a visitor after the topic was understood."""
    if not question.articles:
        return None
    return given.article in question.articles or (given.asked_role and given.topic in question.right)


def outside_declined(question: Question, given: Given) -> bool | None:
    return given.outcome in ("outside", "unknown") if question.outside else None


def in_scope_refused(question: Question, given: Given) -> bool | None:
    """A question of ours was turned away. 资料不足 on an understood topic is an honest answer, not a refusal."""
    if question.outside:
        return None
    return given.outcome in ("outside", "unknown") and not set(given.topics) - OUTSIDE


def sent_away(question: Question, given: Given) -> bool | None:
    """Somebody signed in was told to come back as somebody else, although the topic was understood: no answer. Filing for
    a buyer, which no seller may, is none of it."""
    if question.outside or question.as_ == "visitor" or question.topic == "file_appeal":
        return None
    return given.outcome == "sign_in" and given.topic in question.right


def asked_back(question: Question, given: Given) -> bool:
    return given.offered is not None


def offered(question: Question, given: Given) -> bool | None:
    """Of the questions of ours that were asked back: a right topic was offered."""
    return None if question.outside or given.offered is None else bool(question.right & set(given.offered))


def both_topics(question: Question, given: Given) -> bool | None:
    """Messages with two questions: both were understood."""
    return set(question.topics) <= set(given.topics) if len(question.topics) > 1 else None


# name -> (label, rule), in the order of the reports
METRICS: dict[str, tuple[str, Rule]] = {
    "topic": ("topic right, in scope", topic),
    "topic_or_offered": ("  … or among those asked back", topic_or_offered),
    "topic_everywhere": ("topic right, all questions", topic_everywhere),
    "product": ("product right", product),
    "article": ("right article", article),
    "outside_declined": ("outside declined", outside_declined),
    "in_scope_refused": ("in scope, refused (low is good)", in_scope_refused),
    "sent_away": ("signed in and sent to another account (low is good)", sent_away),
    "asked_back": ("asked back (low is good)", asked_back),
    "offered": ("  … and a right topic was among the buttons", offered),
    "both_topics": ("two questions, both topics", both_topics),
}


# What a test holds the committed figures to: those with enough questions to tell a point.
GUARDED = ("topic", "topic_or_offered", "topic_everywhere", "outside_declined", "in_scope_refused")


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a rate; (0, 1) without a question."""
    if n == 0:
        return 0.0, 1.0
    rate, square = right / n, Z * Z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(rate * (1 - rate) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def figure(right: int, n: int) -> dict[str, Any]:
    """A rate with its interval, as reports have it: {"n", "right", "rate", "low", "high"}; the rate of nothing is 0."""
    low, high = wilson(right, n)
    rate = right / n if n else 0.0
    return {"n": n, "right": right, "rate": _round(rate), "low": _round(low), "high": _round(high)}


def tally(pairs: Iterable[Pair], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Every metric that has a question: {"n", "right", "rate", "low", "high"}; and "ms", the median, where timed."""
    pairs = list(pairs)
    result: dict[str, Any] = {}
    for name, (_, rule) in METRICS.items():
        verdicts = [verdict for pair in pairs if (verdict := rule(*pair)) is not None]
        if not verdicts or name in without:
            continue
        result[name] = figure(sum(verdicts), len(verdicts))
    for name in ("ms", "understood_ms"):
        if times := [value for _, given in pairs if (value := getattr(given, name))]:
            result[name] = round(median(times), 1)
    return result


def agreement(questions: Sequence[Question]) -> dict[str, Any]:
    """The two readers' labels: how often the same topic, and how often one that the other calls right, too."""
    read = [question for question in questions if question.second is not None]
    same, agree = (
        sum(question.second == question.topic for question in read),
        sum(question.second in question.right for question in read),
    )
    return {"n": len(read), "same": _round(same / len(read)), "agree": _round(agree / len(read))} if read else {"n": 0}


def calibration(pairs: Iterable[Pair], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability of the first topic, how often it was right, n) a bin of the probability, empty bins left out."""
    found: dict[int, list[tuple[float, bool]]] = {}
    for question, given in pairs:
        name, probability = given.ranking
        found.setdefault(min(int(probability * bins), bins - 1), []).append((probability, name in question.right))
    return [
        (_round(sum(p for p, _ in each) / len(each)), _round(sum(right for _, right in each) / len(each)), len(each))
        for _, each in sorted(found.items())
    ]


def calibration_error(points: Sequence[tuple[float, float, int]]) -> float:
    """How far the probabilities are from the rates, on average over the questions."""
    total = sum(n for _, _, n in points)
    return _round(sum(abs(said - was) * n for said, was, n in points) / total) if total else 0.0


def by(pairs: Iterable[Pair], key: Callable[[Question], str]) -> dict[str, list[Pair]]:
    """Pairs in groups, each group in order."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(key(pair[0]), []).append(pair)
    return groups


def shown(given: Given) -> str:
    """What a confusion shows: the topic, or that there was none."""
    return ASKED if given.offered is not None else given.topic or REFUSED


def wrong(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs whose topic is not right; an outside question that was declined in whatever way is not among them."""
    return [
        (question, given)
        for question, given in pairs
        if not topic_everywhere(question, given) and not outside_declined(question, given)
    ]


def confusions(pairs: Iterable[Pair]) -> Counter[tuple[str, str]]:
    """(right topic, what was given) -> how often, of the wrong ones."""
    return Counter((question.topic, shown(given)) for question, given in wrong(pairs))


def curve(pairs: Sequence[Pair], steps: int = 100) -> list[tuple[float, float, float]]:
    """(threshold, outside declined, in scope refused) when all below a threshold of the first topic were refused.

    A question whose first topic is an outside one is declined at every threshold.
    """

    def declined(chosen: Sequence[Given], threshold: float) -> float:
        refused = sum(given.ranking[0] in OUTSIDE or given.ranking[1] < threshold for given in chosen)
        return _round(refused / len(chosen)) if chosen else 0.0

    outside = [given for question, given in pairs if question.outside]
    inside = [given for question, given in pairs if not question.outside]
    return [(at / steps, declined(outside, at / steps), declined(inside, at / steps)) for at in range(steps + 1)]


def _round(rate: float) -> float:
    return round(rate, 4)
