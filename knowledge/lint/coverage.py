"""What each product answers to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from knowledge.model import AUDIENCES, Knowledge

State = Literal["article", "other side's", "unknown", "missing", "not expected"]


class Row(NamedTuple):
    """One cell of the coverage table."""

    product: str
    topic: str
    audience: str
    state: State


def rows_of(knowledge: Knowledge) -> list[Row]:
    """What each product answers to whom: product x topic x audience, in the order of topics.yml.

    "other side's": the one version is for the other role; the asker is told so and reads that one.
    """
    return [
        Row(product, topic, audience, _state(knowledge, product, topic, audience))
        for product in knowledge.products
        for topic in knowledge.knowledge_topics
        for audience in AUDIENCES
    ]


def _state(knowledge: Knowledge, product: str, topic: str, audience: str) -> State:
    if knowledge.article(product, topic, audience):
        return "article"
    expected = topic in knowledge.products[product].topics.get(audience, ())
    if expected and knowledge.knows(product, topic):
        return "other side's"
    if (product, topic) in knowledge.unknowns and expected:
        return "unknown"
    return "missing" if expected else "not expected"


_MARKS: Mapping[State, str] = {"article": "A", "other side's": "a", "unknown": "?", "missing": "!", "not expected": "."}


def table(rows: Sequence[Row]) -> str:
    """The coverage as text: a line a topic, a column a product, in it the buyer's and the seller's mark."""
    products = list(dict.fromkeys(row.product for row in rows))
    topics = list(dict.fromkeys(row.topic for row in rows))
    marks = {(row.topic, row.product, row.audience): _MARKS[row.state] for row in rows}
    width = max(map(len, topics), default=0)
    lines = [
        "buyer, seller: A article, a the other side's, ? unknown (says where to look), ! missing, . not expected",
        "",
    ]
    lines.append(" " * width + "".join(f"{n:>3}" for n in range(1, len(products) + 1)))
    for topic in topics:
        cells = ("".join(marks[(topic, product, who)] for who in AUDIENCES) for product in products)
        lines.append(f"{topic:<{width}} " + " ".join(cells))
    lines.append("")
    for n, product in enumerate(products, 1):
        counts = [sum(row.product == product and row.state == state for row in rows) for state in _MARKS]
        figures = ", ".join(f"{count} {state}" for count, state in zip(counts, _MARKS, strict=True) if count)
        lines.append(f"{n:>3} {product:<20} {figures}")
    return "\n".join(lines)


def markdown(knowledge: Knowledge) -> str:
    """The coverage as docs/knowledge.md shows it: a row a topic, a column a product, in it the buyer's and the seller's
    mark; how many answers each has; then what is not known, where to look, and what was searched for in vain."""
    products = knowledge.products.values()
    marks = {(row.topic, row.product, row.audience): _MARKS[row.state] for row in rows_of(knowledge)}
    lines = ["| | " + " | ".join(product.name for product in products) + " |", "|---" * (len(products) + 1) + "|"]
    for topic in knowledge.knowledge_topics:
        cells = ("".join(marks[(topic, product.id, who)] for who in AUDIENCES) for product in products)
        lines.append(f"| `{topic}` | " + " | ".join("" if cell == ".." else f"`{cell}`" for cell in cells) + " |")
    counts = (_answers(knowledge, product.id) for product in products)
    lines += [
        "| 答案 | " + " | ".join(map(str, counts)) + " |",
        "",
        "| 资料不足 | 话题 | 找过而没有的 | 去哪看 |",
        "|---|---|---|---|",
    ]
    for product in products:
        same: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for each in product.unknowns:
            same.setdefault((each.where, each.searched), []).append(f"`{each.topic}`")
        for (where, searched), unknown in same.items():
            lines.append(f"| {product.name} | {' '.join(unknown)} | {'、'.join(searched) or '—'} | {where} |")
    return "\n".join(lines)


def _answers(knowledge: Knowledge, product: str) -> int:
    return sum(
        len(version.answers)
        for (of, _), versions in knowledge.articles.items()
        if of == product
        for version in versions
    )
