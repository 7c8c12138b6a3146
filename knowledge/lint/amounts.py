"""Limits that contradict each other: what a text calls the most there is (最高 26 元), against another that says it, too."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from knowledge.lint.tree import LIST_ITEM, ArticleFile, Problem, Tree, narrow

# Two articles of one product that state the same sum.
SAME_AMOUNT = ("payout_amount", "terms_overview")

_LIMIT = re.compile(
    r"(?:最高|上限|封顶|不超过|最多)[^\d，。；、！？,;()（）\n]{0,6}(\d+(?:\.\d+)?) *(万|亿)? *(元|天|小时|次|%)"
)
_LIMIT_AFTER = re.compile(r"(\d+(?:\.\d+)?) *(万|亿)? *(元|天|小时|次|%) *(?:是|为)?(?:上限|封顶)")
_SCALE = {None: 1, "": 1, "万": 10_000, "亿": 100_000_000}


class _Limit(NamedTuple):
    """A figure that a text calls the most there is: 最高 26 元."""

    unit: str
    figure: Decimal
    phrase: str
    path: str
    line: int


def _limits(path: str, rows: Sequence[tuple[int, str]]) -> list[_Limit]:
    return [
        _Limit(match[3], Decimal(match[1]) * _SCALE[match[2]], match[0].strip(), path, line)
        for line, row in rows
        for pattern in (_LIMIT, _LIMIT_AFTER)
        for match in pattern.finditer(narrow(row))
    ]


def _limits_of(file: ArticleFile, audience: str | None = None) -> list[_Limit]:
    return _limits(file.path, [(line, row) for who, line, row in file.rows() if audience in (None, who)])


def _contradictions(one: list[_Limit], other: list[_Limit]) -> Iterator[Problem]:
    """A unit whose limits have no figure in common; several figures on one side may be several rules."""
    by_unit: dict[str, tuple[list[_Limit], list[_Limit]]] = defaultdict(lambda: ([], []))
    for side, limits in enumerate((one, other)):
        for limit in limits:
            by_unit[limit.unit][side].append(limit)
    for left, right in by_unit.values():
        if left and right and not {limit.figure for limit in left} & {limit.figure for limit in right}:
            where = "" if left[0].path == right[0].path else f"{Path(left[0].path).name} "
            text = f"{right[0].phrase!r} contradicts {left[0].phrase!r} ({where}line {left[0].line})"
            yield Problem(
                "warning", right[0].path, right[0].line, text, "State the same figure, or say why they differ."
            )


def problems(tree: Tree) -> Iterator[Problem]:
    """Contradictions within each article, and between two articles of one product."""
    for file in tree.articles.values():
        yield from _within(file)
    for product in tree.products:
        one, other = (tree.articles.get((product, topic)) for topic in SAME_AMOUNT)
        if one and other:
            yield from _contradictions(_limits_of(one), _limits_of(other))


def _within(file: ArticleFile) -> Iterator[Problem]:
    yield from _contradictions(_limits_of(file, "buyer"), _limits_of(file, "seller"))
    amounts = [(file.line("amounts", n), amount) for n, amount in enumerate(file.source.meta.get("amounts", ()))]
    yield from _contradictions(_limits(file.path, amounts), _limits_of(file))
    seen: dict[tuple[str, str], int] = {}
    for audience, line, row in file.rows():
        key = (audience, re.sub(r"[\W_]", "", LIST_ITEM.sub("", row)))
        first = seen.setdefault(key, line)
        if first != line and re.search(r"\d", key[1]):
            yield Problem("warning", file.path, line, f"says again what line {first} says", "Remove one of the two.")
