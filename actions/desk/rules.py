"""Which of a product's rules decides, and what the desk does with it: looked up in the one live copy of knowledge/.

`knowledge.rules` has what a rule, a table and a desk are. A product whose file breaks while the program runs keeps its
last good version; one that is broken from the start stops the tasks of that product and no others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from knowledge import Product, live
from knowledge.rules import Desk, Rule, Table
from xiaoer.errors import XiaoerError

_ELSEWHERE = "在千牛「店铺管理 → 商家保障」里看有没有这一项，没有的问千牛在线客服"


class NoRules(XiaoerError):
    """A product has no rules that a decision could rest on; the reply says 资料不足."""


def rules_of(product: str) -> tuple[Rule, ...]:
    """Every rule of a product, none where it has no file or no rules. Raises KnowledgeError for a broken file."""
    known = _product(product)
    return known.rules if known else ()


def tables_of(product: str) -> tuple[Table, ...]:
    """Every table of a product, none where it has no file or no tables. Raises KnowledgeError for a broken file."""
    known = _product(product)
    return known.tables if known else ()


def desk_of(product: str) -> Desk:
    """What this desk does with a product; without a word about it in its file, it is not opened here.

    Raises KnowledgeError for a broken file.
    """
    known = _product(product)
    desk = known.desk if known else Desk(product)
    return replace(desk, where=desk.where or where_to_look(product, "enable_service") or _ELSEWHERE)


def find(product: str, about: str, *, on: date | None = None) -> Rule | None:
    """The newest rule about something that holds on a day (by default: the newest there is); None without one."""
    day = on or date.max
    holding = [rule for rule in rules_of(product) if rule.about == about and rule.effective_from <= day]
    return max(holding, key=lambda rule: rule.effective_from, default=None)


def find_table(product: str, about: str, *, on: date | None = None) -> Table | None:
    """The newest table about something that holds on a day (by default: the newest there is); None without one."""
    day = on or date.max
    holding = [table for table in tables_of(product) if table.rule.about == about and table.rule.effective_from <= day]
    return max(holding, key=lambda table: table.rule.effective_from, default=None)


def need(product: str, *about: str, on: date | None = None) -> Rule:
    """The first of several kinds of rule that the product has. Raises NoRules."""
    for kind in about:
        rule = find(product, kind, on=on)
        if rule is not None:
            return rule
    raise NoRules(f"{product} has no rule about {' or '.join(about)}; add one to its product.yml")


def product_name(product: str) -> str:
    """What people call it; its id where its file cannot be read, or is gone."""
    known = live().catalogue.products.get(product)
    return known.name if known else product


def default_product() -> str:
    """The product that a question is about when it names none: `default_product` of topics.yml."""
    return live().catalogue.default_product


def desk_products() -> tuple[str, ...]:
    """The products that this desk opens and closes, in the order of topics.yml."""
    return tuple(known.id for known in live().catalogue.products.values() if known.desk.enable)


def where_to_look(product: str, topic: str) -> str:
    """Where people find what nobody reliable says about a topic: from `unknown` of product.yml; "" without a word."""
    known = _product(product)
    return next((each.where for each in known.unknowns if each.topic == topic), "") if known else ""


def speaks_of(product: str, topic: str) -> bool:
    """Whether a question about the topic gets a reply that says something about this product."""
    return (live().catalogue.root / product / f"{topic}.md").is_file() or bool(where_to_look(product, topic))


def _product(product: str) -> Product | None:
    """None for an id that topics.yml does not have. Raises KnowledgeError for a file that has never been good."""
    catalogue = live().catalogue
    known = catalogue.products.get(product)
    if known is None and product in catalogue.broken:
        raise catalogue.broken[product].with_traceback(None)
    return known
