"""An article is cut into its answers; what is out of shape is named with its line, and lint finds asks that lie elsewhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from knowledge import Knowledge, lint, load
from knowledge.model import OVERVIEW
from tests.knowledge.tree import FRONT, Tree
from xiaoer.errors import KnowledgeError
from xiaoer.settings import ROOT

ARTICLE = "freight/what_is_product.md"
GOOD = FRONT % "check_policy"
CUT = """
> 这是啥
> 干嘛用的

退货时补偿寄回的运费。

- 有没有，看订单页。

### 是不是白送的 {#free .buyer as_of=2025 grade=A}

> 要不要钱
> 这个是免费的吗
> 我没买怎么会有
> 谁掏的钱

卖家送的不用您付。

### 店里要付多少 {#price .seller}

> 一单多少
> 每单扣几毛
> 店铺保费
> 贵不贵

按单付。

- 以千牛为准。
"""
TODAY = date(2026, 11, 23)


def test_overview_and_answers(tree: Tree) -> None:
    tree.write(ARTICLE, GOOD + CUT)
    [article] = load(tree.root).versions("freight", "what_is_product")
    overview, free, price = article.answers
    assert (overview.id, overview.question, overview.asks) == (OVERVIEW, "", ("这是啥", "干嘛用的"))
    assert article.body == overview.text == "退货时补偿寄回的运费。\n\n- 有没有，看订单页。"
    assert (free.id, free.question, free.audience) == ("free", "是不是白送的", "buyer")
    assert (free.as_of, free.grade, free.lead, free.body) == ("2025", "A", "卖家送的不用您付。", "")
    assert (price.as_of, price.grade, price.text) == ("2024-09", "B", "按单付。\n\n- 以千牛为准。")
    assert price.key("what_is_product") == "what_is_product#price@seller"
    assert [each.id for each in article.answers_for("buyer")] == [OVERVIEW, "free"]
    assert article.answers_for(None) == article.answers


def test_an_article_without_headings_is_its_overview(tree: Tree) -> None:
    [article] = load(tree.root).versions("freight", "what_is_product")
    assert [answer.id for answer in article.answers] == [OVERVIEW]


def test_both_sides_have_answers_of_their_own(tree: Tree) -> None:
    tree.write(ARTICLE, GOOD + "\n## 买家\n\n> 我问\n\n甲。\n\n### 问 {#one}\n\n乙。\n\n## 卖家\n\n丙。\n")
    buyer, seller = load(tree.root).versions("freight", "what_is_product")
    assert [answer.key("what_is_product") for answer in buyer.answers] == [
        "what_is_product#overview@buyer",
        "what_is_product#one@buyer",
    ]
    assert [answer.lead for answer in seller.answers] == ["丙。"]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("{#price .seller}", "{#free}", 27, "'free' twice"),
        ("{#price .seller}", "{#Price}", 27, "'#Price' in a heading"),
        ("{#price .seller}", "{#price .visitor}", 27, "'.visitor' in a heading"),
        ("{#price .seller}", "{#price as_of=2020-13}", 27, "'as_of=2020-13' in a heading"),
        ("{#price .seller}", "", 27, "needs a question and an id"),
        ("### 店里要付多少 {#", "### {#", 27, "needs a question and an id"),
        ("\n卖家送的不用您付。\n", "", 18, "'free' says nothing"),
    ],
)
def test_what_is_out_of_shape_is_named(tree: Tree, old: str, new: str, line: int, problem: str) -> None:
    tree.write(ARTICLE, (GOOD + CUT).replace(old, new))
    with pytest.raises(KnowledgeError, match=problem) as caught:
        load(tree.root)
    assert (caught.value.line, Path(caught.value.path).name) == (line, "what_is_product.md")


@pytest.mark.parametrize(
    ("old", "new", "level", "problem"),
    [
        ("卖家送的不用您付。", "卖" * 46, "warning", "free: a lead of 46 characters"),
        ("卖家送的不用您付。", "历年变化很多。", "warning", "free: the lead does not answer"),
        ("是不是白送的", "是不是白送的" * 3, "warning", "free: a button of 18 characters"),
        ("> 谁掏的钱\n", "", "warning", "free: asked for in 3 ways"),
        (
            "as_of=2025 grade=A",
            "as_of=2023-10 grade=A",
            "warning",
            "free: what it says is of 2023-10, and it does not say so",
        ),
        ("> 贵不贵\n", "> 谁掏的钱\n", "error", "'谁掏的钱' is also one of freight/what_is_product#free"),
        ("> 贵不贵\n", "> 我没买怎么会有呢\n", "warning", "'我没买怎么会有呢' is nearer to '我没买怎么会有'"),
    ],
)
def test_lint_of_answers(tree: Tree, old: str, new: str, level: str, problem: str) -> None:
    tree.write(ARTICLE, GOOD + CUT)
    tree.replace("freight/product.yml", "  seller: [enable", "  seller: [what_is_product, enable")
    before = {str(each) for each in lint.problems(tree.root, today=TODAY)}
    assert not any("what_is_product.md" in each for each in before)
    tree.write(ARTICLE, (GOOD + CUT).replace(old, new))
    new_ones = [each for each in lint.problems(tree.root, today=TODAY) if str(each) not in before]
    assert any(each.level == level and problem in each.text for each in new_ones), new_ones


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load(ROOT / "knowledge")


@pytest.mark.parametrize("product", ["freight", "return_care", "price_protection"])
def test_every_article_of_a_product_that_was_cut_is(knowledge: Knowledge, product: str) -> None:
    for (one, topic), versions in knowledge.articles.items():
        asks = [ask for version in versions for answer in version.answers for ask in answer.asks]
        assert one != product or asks, f"{product}/{topic} is asked for in no way"


def test_every_phrase_that_says_its_answer_says_one_there_is(knowledge: Knowledge) -> None:
    keys = {
        answer.key(topic)
        for (_, topic), versions in knowledge.articles.items()
        for version in versions
        for answer in version.answers
    }
    for path in sorted((ROOT / "data" / "answers").glob("*.yml")):
        held = yaml.safe_load(path.read_text("utf-8"))
        of_product = path.stem in knowledge.products
        for topic, found in held.items() if of_product else [(path.stem, held)]:
            unknown = {f"{topic}#{name}" for name in found} - keys
            assert not unknown, f"{path.name}: {sorted(unknown)}"
            texts = [text for texts in found.values() for text in texts]
            assert len(texts) == len(set(texts)), f"{path.name} has a phrase twice"


def test_no_ask_is_a_phrase_of_another_topic(knowledge: Knowledge) -> None:
    phrases: dict[str, set[str]] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            for row in str(block.get("examples", "")).splitlines():
                phrases.setdefault(row.removeprefix("- ").strip(), set()).add(str(block.get("intent")))
    for (product, topic), versions in knowledge.articles.items():
        for ask in (ask for version in versions for answer in version.answers for ask in answer.asks):
            assert not phrases.get(ask, set()) - {topic}, f"{product}/{topic}: {ask}"
