"""Broken rules, tables and desks are named by lint, each with file, line and remedy, and stop no other product."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge import LiveKnowledge, lint, load
from knowledge.rules import Category, Condition, Desk, Row, Rule
from tests.knowledge.tree import FREIGHT, Tree
from xiaoer.errors import KnowledgeError

PRODUCT = "freight/product.yml"
RULES = """\
rules:
  - id: freight.issue
    about: issue
    from: 2019-09-04
    days: 90
    covers: yes
    text: 话
    grade: B
    as_of: "2022"
    sources: [网页]
  - id: freight.rate
    about: eligibility
    condition: risk_rate
    name: 风险率
    percent: 12
    text: 话
    grade: B
    as_of: "2022"
    sources: [网页]
  - id: freight.category
    about: eligibility
    condition: category
    name: 主营类目
    excepts: [virtual]
    text: 话
    grade: B
    as_of: "2022"
    sources: [网页]
tables:
  - id: freight.premium
    about: premium
    text: 表
    grade: B
    as_of: "2021"
    sources: [网页]
    rows:
      - {up_to_bp: 100, fen: 15, orders_from: 500, derived: yes}
      - {up_to_bp: 200, fen: 20}
desk:
  enable: yes
  scope: 全店
"""


@pytest.fixture
def tree(tree: Tree) -> Tree:
    tree.write(PRODUCT, FREIGHT + RULES)
    return tree


def test_what_the_file_says_is_what_decides(tree: Tree) -> None:
    product = load(tree.root).products["freight"]
    issue, rate, category = product.rules
    assert issue == Rule(
        *("freight.issue", "freight", "issue", "话", "B", "2022", ("网页",)),
        effective_from=date(2019, 9, 4),
        days=90,
        covers=True,
    )
    assert (rate.condition, rate.percent, rate.effective_from) == (Condition.RISK_RATE, 12, date.min)
    assert category.excepts == (Category.VIRTUAL.value,)
    (table,) = product.tables
    assert (table.rule.id, table.rule.about) == ("freight.premium", "premium")
    assert table.rows == (Row(100, 15, orders_from=500, derived=True), Row(200, 20))
    assert product.desk == Desk("freight", enable=True, scope="全店")
    assert load(tree.root).products["return_care"].desk == Desk("return_care")


FIELDS = "See docs/knowledge.md for the fields."
# (old, new), what the line holds, part of the problem, part of the remedy
BROKEN = [
    (("days: 90", "days: ninety"), "ninety", "rules/freight.issue/days: expected a whole number, got 'ninety'", FIELDS),
    (("days: 90", "days: -1"), "-1", "expected a whole number", FIELDS),
    (("days: 90", "days: [90]"), "[90]", "rules/freight.issue/days: ['90'] is not of type 'string'", FIELDS),
    (("covers: yes", "covers: perhaps"), "perhaps", "'perhaps' is not one of ['yes', 'no']", FIELDS),
    (("covers: yes", "colour: blue"), "colour", "rules/freight.issue: Additional properties", FIELDS),
    (("about: issue", "about: isue"), "isue", "'isue' is not one of", FIELDS),
    (("    about: issue\n", ""), "- id: freight.issue", "'about' is a required property", FIELDS),
    (("from: 2019-09-04", "from: 2019-9"), "from", "'2019-9' does not match", FIELDS),
    (("from: 2019-09-04", "from: 2019-02-30"), "from", "there is no day 2019-02-30", "Write a day of the calendar"),
    (("condition: risk_rate", "condition: risk"), "risk", "'risk' is not one of", FIELDS),
    (("    name: 风险率\n", ""), "risk_rate", "freight.rate: a condition needs a name", "Add `name`"),
    (("    percent: 12\n", ""), "risk_rate", "a risk rate needs percent, or unsettled", "Write the limit"),
    (("[virtual]", "[virtual, cars]"), "cars", "excepts does not know 'cars'", "Use some of clothing, furniture"),
    (("condition: category", "condition: site"), "virtual", "excepts does not know 'virtual'", "tmall, taobao"),
    (("[virtual]", "virtual"), "virtual", "'virtual' is not of type 'array'", FIELDS),
    (("id: freight.rate", "id: freight.issue"), "freight.issue", "the id 'freight.issue' is there twice", "its own"),
    (("{up_to_bp: 200, fen: 20}", "{up_to_bp: 200}"), "200", "'fen' is a required property", FIELDS),
    (("fen: 20}", "fen: 0.5}"), "0.5", "tables/freight.premium/rows/1/fen: expected a whole number", FIELDS),
    (("up_to_bp: 200", "up_to_bp: 50"), "rows", "not in the order of up_to_bp", "Begin with the lowest"),
    (("enable: yes", "enable: maybe"), "maybe", "desk/enable: 'maybe' is not one of", FIELDS),
    (("scope: 全店", "scop: 全店"), "scop", "'scop' was unexpected", FIELDS),
    (("desk:\n  enable: yes\n  scope: 全店\n", "desk: yes\n"), "desk", "desk: 'yes' is not of type 'object'", FIELDS),
    ((RULES, "rules:\n"), "rules", "rules: '' is not of type 'array'", FIELDS),
    ((RULES, "rules: [a]\n"), "rules", "rules/0: 'a' is not of type 'object'", FIELDS),
    ((RULES, "tables: [{id: t}]\n"), "tables", "tables/t: 'rows' is a required property", FIELDS),
]


@pytest.mark.parametrize(("change", "row", "problem", "remedy"), BROKEN, ids=[each[2] for each in BROKEN])
def test_what_is_broken_is_named_and_stops_no_other_product(
    tree: Tree, change: tuple[str, str], row: str, problem: str, remedy: str
) -> None:
    path = tree.replace(PRODUCT, *change)
    found = [each for each in lint.problems(tree.root, today=date(2026, 11, 23)) if problem in each.text]
    assert found, [str(each) for each in lint.problems(tree.root, today=date(2026, 11, 23))]
    for each in found:
        assert (each.level, each.path) == ("error", str(path))
        assert row in path.read_text("utf-8").splitlines()[each.line - 1]
        assert remedy in each.remedy
    known = LiveKnowledge(tree.root).catalogue
    assert set(known.products) == {"return_care"}
    with pytest.raises(KnowledgeError, match=r"product\.yml"):
        load(tree.root)


def test_all_that_is_broken_is_named_at_once(tree: Tree) -> None:
    tree.replace(PRODUCT, "days: 90", "days: ninety")
    tree.replace(PRODUCT, "fen: 20}", "fen: many}")
    found = lint.problems(tree.root, today=date(2026, 11, 23))
    assert [problem.line for problem in found] == [
        tree.line(PRODUCT, "ninety"),
        tree.line(PRODUCT, "many"),
    ]
