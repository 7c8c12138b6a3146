"""What is wrong in the answers of articles: leads that do not answer at once, asks that belong to another answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from knowledge.lint.tree import ArticleFile, Problem, Tree, month
from knowledge.model import OVERVIEW, Answer

LONGEST_LEAD = 45  # characters, as a telephone shows two lines
LONGEST_QUESTION = 16  # characters of a button
LONGEST_BODY = 10  # lines
FEWEST_ASKS = 4
NEARER = 0.65  # of the pairs of characters of two asks: so much alike, they ask the same

OLD = 36  # months: what nothing newer is known of says of when it is

_DATES_ITSELF = re.compile(r"(?:19|20)\d\d|曾|旧规|旧版|当时|下线|停售|已停")  # 2022 年口径, 曾有
_NO_ANSWER = re.compile(r"^(?:历年|关于|说来|这个问题|首先|根据)")


class _Ask(NamedTuple):
    text: str
    key: str  # topic#answer: the same thing asked of several products is one
    of: ArticleFile
    answer: Answer

    @property
    def where(self) -> str:
        return f"{self.of.product}/{self.key}"


def problems(tree: Tree, today: date) -> Iterator[Problem]:
    """Of each answer by itself, and of the asks of all; today decides which are old."""
    asks = []
    oldest = date(today.year - OLD // 12, today.month, 1)
    for file in tree.articles.values():
        for version in file.versions:
            edited = any(answer.asks for answer in version.answers)
            for answer in version.answers:
                yield from _of_one(file, answer, edited)
                yield from _old(file, answer, oldest)
                asks += [_Ask(text, f"{file.topic}#{answer.id}", file, answer) for text in answer.asks]
    yield from _twice(asks)
    yield from _nearer(asks, sorted((name for each in tree.products.values() for name in each.product.names), key=len))


def _of_one(file: ArticleFile, answer: Answer, edited: bool) -> Iterator[Problem]:
    def warning(text: str, remedy: str) -> Problem:
        return Problem("warning", file.path, answer.line, f"{answer.id}: {text}", remedy)

    if edited and (len(answer.lead) > LONGEST_LEAD or "\n" in answer.lead):
        yield warning(f"a lead of {len(answer.lead)} characters", f"Answer in {LONGEST_LEAD}; the rest goes below.")
    if edited and _NO_ANSWER.match(answer.lead):
        yield warning("the lead does not answer", "Say 能, 不能, the figure, the place or the reason first.")
    if len(answer.question) > LONGEST_QUESTION:
        yield warning(f"a button of {len(answer.question)} characters", f"Ask in {LONGEST_QUESTION}.")
    if edited and answer.body.count("\n") >= LONGEST_BODY + 2:
        yield warning("a long body", f"At most {LONGEST_BODY} lines; what else people want is an answer of its own.")
    if answer.id != OVERVIEW and len(answer.asks) < FEWEST_ASKS:
        yield warning(
            f"asked for in {len(answer.asks)} ways",
            f"Write {FEWEST_ASKS} or more, unlike each other, or nobody finds it.",
        )


def _old(file: ArticleFile, answer: Answer, oldest: date) -> Iterator[Problem]:
    if answer.as_of < month(oldest, answer.as_of) and not _DATES_ITSELF.search(answer.text):
        text = f"{answer.id}: what it says is of {answer.as_of}, and it does not say so"
        yield Problem(
            "warning", file.path, answer.line, text, "Say of when it is (2022 年口径), or find what is newer."
        )


def _twice(asks: Sequence[_Ask]) -> Iterator[Problem]:
    first: dict[str, _Ask] = {}
    for ask in asks:
        one = first.setdefault(re.sub(r"[\W_]", "", ask.text.casefold()), ask)
        if one.key != ask.key:
            text = f"the ask {ask.text!r} is also one of {one.where}"
            yield Problem("error", ask.of.path, ask.answer.line, text, "Keep it where its answer is better.")


def _nearer(asks: Sequence[_Ask], names: Sequence[str]) -> Iterator[Problem]:
    """Asks that are liker to those of another answer than to all others of their own. names: of products, the shortest
    first; they are in asks of every kind and make none alike."""
    name = re.compile("|".join(map(re.escape, reversed(names))) or "$^")
    bare = [re.sub(r"[\W_]", "", name.sub("", ask.text)) for ask in asks]
    pairs = [frozenset(text[at : at + 2] for at in range(len(text) - 1)) for text in bare]
    holding: Mapping[str, list[int]] = _index(pairs)
    for at, ask in enumerate(asks):
        shared: dict[int, int] = defaultdict(int)
        for pair in pairs[at]:
            for other in holding[pair]:
                if asks[other].of.product == ask.of.product:
                    shared[other] += 1
        alike = {
            other: 2 * count / (len(pairs[at]) + len(pairs[other])) for other, count in shared.items() if other != at
        }
        own = max((value for other, value in alike.items() if asks[other].key == ask.key), default=0.0)
        others = [at for at, value in alike.items() if asks[at].key != ask.key and value > max(own, NEARER)]
        if others:
            nearest = asks[max(others, key=lambda other: alike[other])]
            text = f"the ask {ask.text!r} is nearer to {nearest.text!r} of {nearest.where} than to its own"
            yield Problem("warning", ask.of.path, ask.answer.line, text, "Move one of them, or word it otherwise.")


def _index(pairs: Sequence[frozenset[str]]) -> Mapping[str, list[int]]:
    holding: dict[str, list[int]] = defaultdict(list)
    for at, found in enumerate(pairs):
        for pair in found:
            holding[pair].append(at)
    return holding
