"""A broken file is named with its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import Task, files, load, schema
from knowledge.rules import ABOUT
from tests.knowledge.tree import FRONT, LABELS, TOPICS, Tree
from xiaoer.errors import KnowledgeError
from xiaoer.settings import ROOT

ARTICLE = "freight/what_is_product.md"
PRODUCT = "freight/product.yml"
GOOD = FRONT % "check_policy"

# file, what is in it, (old, new) or all of it, line, part of the problem, part of the remedy
BROKEN = [
    pytest.param(ARTICLE, ("grade: B", 'grade: "B'), 4, "not valid YAML", "quotes", id="quote left open"),
    pytest.param(ARTICLE, ("grade: B", "grade B"), 4, "not valid YAML", "colons", id="colon left out"),
    pytest.param(
        ARTICLE, ("grade: B\n", ""), 1, "'grade' is a required property", "docs/knowledge.md", id="missing key"
    ),
    pytest.param(ARTICLE, ("grade: B", "grade: D"), 4, "'D' is not one of", "docs/knowledge.md", id="unknown grade"),
    pytest.param(
        ARTICLE, ("as_of: 2024-09", "as_of: 2024/9"), 2, "'2024/9' does not match", "docs", id="date as nobody writes"
    ),
    pytest.param(ARTICLE, ("2027-05", "2027-13"), 3, "'2027-13' does not match", "docs", id="thirteenth month"),
    pytest.param(
        ARTICLE, ("grade: B", "grade: B\ncolour: red"), 5, "'colour' was unexpected", "docs", id="unknown key"
    ),
    pytest.param(
        ARTICLE, ("  - https://example.com/page", "  - {a: b}"), 6, "sources/0", "docs", id="source is no text"
    ),
    pytest.param(ARTICLE, "没有开头\n", 1, "no front matter", "two lines of ---", id="no front matter"),
    pytest.param(ARTICLE, "", 1, "no front matter", "two lines of ---", id="empty file"),
    pytest.param(
        ARTICLE, "---\n一句话\n---\n正文\n", 1, "not a mapping", "key: value", id="front matter is a sentence"
    ),
    pytest.param(ARTICLE, GOOD, 9, "no answer", "Write it", id="no answer"),
    pytest.param(
        ARTICLE, GOOD + "\n先说一句\n\n## 买家\n\n答\n", 11, "text before the first", "below one", id="text first"
    ),
    pytest.param(ARTICLE, GOOD + "## 买家\n\n## 卖家\n\n答\n", 10, "for 买家 is empty", "Write it", id="empty version"),
    pytest.param(
        ARTICLE, GOOD + "## 买家\n\n答\n\n## 卖家\n", 14, "for 卖家 is empty", "heading", id="empty last version"
    ),
    pytest.param(
        ARTICLE, GOOD + "## 买家\n甲\n\n## 买家\n乙\n", 13, "## 买家 twice", "one heading", id="version twice"
    ),
    pytest.param(ARTICLE, GOOD.encode() + "答".encode("gbk"), 10, "not UTF-8", "as UTF-8", id="GBK"),
    pytest.param(ARTICLE, ("grade: B", "grade: B\x07"), 4, "does not allow", "Delete", id="control character"),
    pytest.param(
        PRODUCT, ("id: freight", "id: frieght"), 1, "id is 'frieght'", "folder's name, 'freight'", id="wrong id"
    ),
    pytest.param(PRODUCT, ("kind: insurance", "kind: cover"), 3, "'cover' is not one of", "docs", id="unknown kind"),
    pytest.param(PRODUCT, ("pays_to: 买家\n", ""), 1, "'pays_to' is a required", "docs", id="product key missing"),
    pytest.param(
        PRODUCT, ("    where: 看订单里的保单页\n", ""), 15, "'where' is a required", "docs", id="unknown without where"
    ),
    pytest.param(
        PRODUCT, ("  seller: [enable", "  visitor: [a]\n  seller: [enable"), 10, "'visitor'", "docs", id="third role"
    ),
    pytest.param(PRODUCT, ("aliases: [", "aliases: [["), 4, "not valid YAML", "quotes", id="bracket left open"),
    pytest.param(PRODUCT, "", 1, "not of type 'object'", "docs", id="empty product"),
    pytest.param(
        "topics.yml", TOPICS.replace("products:", "things:"), 1, "'products' is a required", "docs", id="no products"
    ),
    *(
        pytest.param("topics.yml", change, line, problem, "docs", id=f"task: {problem}")
        for change, line, problem in (
            (("who: buyer", "who: visitor"), 7, "'visitor' is not one of"),
            (("    says: 帮我开通\n", ""), 8, "'says' is a required"),
            (("    writes: 开通\n", ""), 8, "'writes' is a dependency of 'form'"),
            (("    verbs: [开通, 开]\n", ""), 8, "'verbs' is a dependency of 'form'"),
            (("    form: [form_shop, confirmed]\n", ""), 8, "'form' is a dependency of"),
            (("[form_shop, confirmed]", "[]"), 13, "[] is too short"),
            (("[form_shop, confirmed]", "[店铺]"), 13, "'店铺' does not match"),
            (("    writes: 开通\n", "    writes: 开通\n    role: seller\n"), 12, "'role' was unexpected"),
            (("{says: 我这单有没有保, who: buyer}", "我这单有没有保"), 7, "is not of type 'object'"),
        )
    ),
    pytest.param(
        "topics.yml", ("default_product: freight\n", ""), 1, "'default_product' is a", "docs", id="no default"
    ),
    pytest.param(
        "topics.yml",
        ("default_product: freight", "default_product: screen"),
        17,
        "'screen' is not one of the products",
        "Use an id",
        id="default product that is none",
    ),
    pytest.param("topics.yml", ("tasks:\n", "errands: {}\ntasks:\n"), 6, "'errands' was un", "docs", id="unknown part"),
    pytest.param("topics.yml", "- a\n", 1, "not of type 'object'", "docs", id="topics as a list"),
    pytest.param("labels.yml", LABELS + "greet: [a]\n", 8, "greet", "docs", id="label is a list"),
    pytest.param(
        "lexicon.yml",
        "courier:\n  顺丰: [顺丰]\n  中通: 中通\n",
        3,
        "courier/中通",
        "docs",
        id="words without brackets",
    ),
]


@pytest.mark.parametrize(("name", "change", "line", "problem", "remedy"), BROKEN)
def test_broken_file(
    tree: Tree, name: str, change: str | bytes | tuple[str, str], line: int, problem: str, remedy: str
) -> None:
    path = tree.replace(name, *change) if isinstance(change, tuple) else tree.write(name, change)
    with pytest.raises(KnowledgeError) as caught:
        load(tree.root)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("name", ["topics.yml", "labels.yml", "lexicon.yml", "freight/product.yml"])
def test_missing_file(tree: Tree, name: str) -> None:
    (tree.root / name).unlink()
    with pytest.raises(KnowledgeError, match="is missing") as caught:
        load(tree.root)
    assert caught.value.path == str(tree.root / name)


def test_article_named_after_no_topic(tree: Tree) -> None:
    path = tree.write("freight/payout_ammount.md", GOOD + "答\n")
    with pytest.raises(KnowledgeError, match="not a knowledge topic") as caught:
        load(tree.root)
    assert caught.value.path == str(path)


def test_every_wrong_field_is_kept(tree: Tree) -> None:
    tree.replace(ARTICLE, "grade: B", "grade: D")
    tree.replace(ARTICLE, "2027-05", "soon")
    with pytest.raises(files.ManyErrors) as caught:
        load(tree.root)
    assert [error.line for error in caught.value.all] == [3, 4]


def test_versions_go_to_their_readers(tree: Tree) -> None:
    knowledge = load(tree.root)
    for audience, text in [("buyer", "最高赔 25 元。"), ("seller", "买家最高得 25 元。")]:
        article = knowledge.article("freight", "payout_amount", audience)
        assert article is not None
        assert (article.audience, article.body, article.id) == (audience, text, "freight/payout_amount")
    assert knowledge.article("freight", "payout_amount", None) is None, "a visitor has to say which"
    assert knowledge.article("freight", "what_is_product", None) is not None
    assert knowledge.article("freight", "enable_service", "buyer") is None
    assert knowledge.unknowns[("freight", "terms_overview")].where == "看订单里的保单页"
    assert knowledge.label("what_is_product", "return_care") == "退货宝是什么？"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="Windows line ends"),
        pytest.param(lambda text: ("\n\n" + text).encode(), id="blank lines first"),
    ],
)
def test_what_editors_leave_behind(tree: Tree, change: object) -> None:
    before = load(tree.root).article("freight", "what_is_product", None)
    assert callable(change)
    tree.write(ARTICLE, change((tree.root / ARTICLE).read_text("utf-8")))
    assert load(tree.root).article("freight", "what_is_product", None) == before


def test_line_after_blank_lines(tree: Tree) -> None:
    tree.write(ARTICLE, "\n\n" + (GOOD + "答\n").replace("grade: B", "grade: D"))
    with pytest.raises(KnowledgeError) as caught:
        load(tree.root)
    assert caught.value.line == 6


def test_a_task_is_one_row(tree: Tree) -> None:
    knowledge = load(tree.root)
    assert knowledge.default_product == "freight"
    looks, writes = knowledge.tasks["check_policy"], knowledge.tasks["request_enable"]
    assert looks == Task("check_policy", "我这单有没有保", "buyer")
    assert (looks.action, looks.form) == ("action_check_policy", None)
    assert (writes.who, writes.writes, writes.verbs) == ("seller", "开通", ("开通", "开"))
    assert (writes.form, writes.slots) == ("request_enable_form", ("form_shop", "confirmed"))
    assert {"check_policy", "request_enable"} <= set(knowledge.topics)


def test_dates_and_words_stay_text(tree: Tree) -> None:
    tree.replace(ARTICLE, "as_of: 2024-09", "as_of: 2022")
    tree.replace("lexicon.yml", "[中通]", "[中通, no, 1.0]")
    knowledge = load(tree.root)
    assert knowledge.versions("freight", "what_is_product")[0].as_of == "2022"
    assert knowledge.lexicon["courier"]["中通"] == ("中通", "no", "1.0")


# ---------------------------------------------------------------- its documentation


def test_every_field_is_documented() -> None:
    text = (ROOT / "docs" / "knowledge.md").read_text("utf-8")
    for each in (
        *(schema.ARTICLE, schema.PRODUCT, schema.VOCABULARY, schema.TASK),
        *(schema.RULE, schema.TABLE, schema.ROW, schema.DESK),
    ):
        for name in each["properties"]:
            assert f"`{name}`" in text, f"docs/knowledge.md says nothing of {name}"
    for name in ABOUT:
        assert f"`{name}` " in text, f"docs/knowledge.md says nothing of rules about {name}"


@pytest.mark.parametrize(
    ("fence", "name"), [("markdown", "return_care/payout_amount.md"), ("yaml", "return_care/product.yml")]
)
def test_examples_of_the_documentation_can_be_read(tmp_path: Path, fence: str, name: str) -> None:
    text = (ROOT / "docs" / "knowledge.md").read_text("utf-8")
    example = text.partition(f"```{fence}\n")[2].partition("\n```")[0]
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(example, "utf-8")
    if fence == "yaml":
        assert files.read_product(path).id == "return_care"
    else:
        assert files.read_article(path)[0].grade == "A"


def test_the_files_that_are_read_are_the_files_that_are_looked_at(tree: Tree) -> None:
    for root in (tree.root, ROOT / "knowledge"):
        looked_at = {path for path, *_ in files.state(root)}
        assert looked_at == {str(path) for path in files.paths(root)}
        assert looked_at
