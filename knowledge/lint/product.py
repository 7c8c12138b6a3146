"""What is wrong in a product.yml that can be read: ids, dead buttons, dates and sources of its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from knowledge.lint.tree import Problem, ProductFile, Tree, dead, future, month, source_problems, unknown_id
from knowledge.model import AUDIENCES
from xiaoer.principal import ROLE_NAMES


def problems(tree: Tree, file: ProductFile, today: date) -> Iterator[Problem]:
    """What is wrong in one product.yml; `today` decides what is in the future."""
    yield from _topics(tree, file)
    yield from _unknown(tree, file)
    yield from _rules_and_desk(tree, file, today)


def _topics(tree: Tree, file: ProductFile) -> Iterator[Problem]:
    product = file.product
    for audience in AUDIENCES:
        for n, topic in enumerate(product.topics.get(audience, ())):
            line = file.line("topics", audience, n)
            if topic not in tree.topics:
                yield unknown_id(file.path, line, topic, "knowledge topic")
            elif (product.id, topic) not in tree.written and topic not in file.unknown:
                text = f"{topic}, listed for the {audience}, has neither an article nor an entry in `unknown`"
                remedy = f"Write {product.id}/{topic}.md ({ROLE_NAMES[audience]}), or say in `unknown` where to look."
                yield Problem("error", file.path, line, text, remedy)
        for n, topic in enumerate(product.popular.get(audience, ())):
            line = file.line("popular", audience, n)
            if topic not in tree.topics and topic not in tree.tasks:
                yield unknown_id(file.path, line, topic, "topic or task")
            elif not tree.leads_somewhere(product.id, topic):
                yield dead(file.path, line, "popular", product.id, topic)


def _unknown(tree: Tree, file: ProductFile) -> Iterator[Problem]:
    for entry_number, entry in enumerate(file.data.get("unknown", ())):
        for n, topic in enumerate(entry["topics"]):
            line = file.line("unknown", entry_number, "topics", n)
            if topic not in tree.topics:
                yield unknown_id(file.path, line, topic, "knowledge topic")
            elif (file.product.id, topic) in tree.written:
                text = f"`unknown` says that nothing is known of {topic}, but {topic}.md answers it"
                yield Problem("warning", file.path, line, text, "Take it out of `unknown`.")


def _rules_and_desk(tree: Tree, file: ProductFile, today: date) -> Iterator[Problem]:
    """What rules, tables and desk share with articles: dates and sources."""
    dated: list[tuple[Sequence[str | int], Mapping[str, Any]]] = [(("desk",), file.data.get("desk", {}))]
    for key in ("rules", "tables"):
        dated += [((key, n), entry) for n, entry in enumerate(file.data.get(key, ()))]
    for where, entry in dated:
        as_of = entry.get("as_of", "")
        if as_of > month(today, as_of):
            yield future(file.path, file.line(*where, "as_of"), as_of)
        for m, source in enumerate(entry.get("sources", ())):
            yield from source_problems(file.path, file.line(*where, "sources", m), source)
    instead = file.product.desk.instead
    if instead and instead not in tree.vocabulary["products"]:
        line = file.line("desk", "instead")
        yield Problem("error", file.path, line, f"{instead!r} is not a product", "Use an id of topics.yml.")
