"""Lint names every problem of a small tree that was without one, and the real tree has no error."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from knowledge import lint, load
from knowledge.lint import Problem
from knowledge.lint.__main__ import main
from knowledge.lint.coverage import Row, rows_of, table
from tests.knowledge.tree import FRONT, Tree

TODAY = date(2026, 11, 23)
WHAT, AMOUNT, PRODUCT = "freight/what_is_product.md", "freight/payout_amount.md", "freight/product.yml"
GOOD = FRONT % "check_policy"
RULE = "id: a, about: issue, text: 话, grade: B, as_of: '%s', sources: ['%s']"
OWN = "points: {covered: 有没有保障}\nown:\n  buyer:\n    %s\ndefault_"
SENTENCE = "退货时补偿寄回的运费。"


def found(tree: Tree) -> list[Problem]:
    return lint.problems(tree.root, today=TODAY)


def test_small_tree_is_without_a_problem(tree: Tree) -> None:
    assert found(tree) == []


def test_points_of_ones_own_are_no_problem(tree: Tree) -> None:
    tree.replace("topics.yml", "default_", OWN % "check_policy: [covered]")
    assert found(tree) == []
    assert load(tree.root).points_of("check_policy", "buyer") == ("covered",)


# file, (old, new), level, what the first changed line holds, part of the text
PROBLEMS = [
    # ids
    pytest.param(
        WHAT, ("related: [payout_amount", "related: [payout_ammount"), "error", "related", "not a topic", id="related"
    ),
    pytest.param(
        PRODUCT, ("buyer: [payout_amount", "buyer: [amount"), "error", "buyer: [amount", "not a topic", id="popular"
    ),
    pytest.param(
        PRODUCT, ("[what_is_product, enable_service,", "[enabel,"), "error", "enabel", "'enabel' is not", id="topics"
    ),
    pytest.param(
        PRODUCT, ("- topics: [terms", "- topics: [term, terms"), "error", "[term,", "'term' is not", id="unknown"
    ),
    pytest.param("labels.yml", ("handoff:", "handof:"), "error", "handof:", "'handof' is not a topic", id="label"),
    pytest.param(
        "labels.yml", ("request_enable: 帮我开通\n", ""), "error", "what_is", "'request_enable' has no", id="no label"
    ),
    pytest.param(
        "topics.yml", ("  return_care: 退货宝\n", ""), "error", "", "'return_care' is not a product", id="folder"
    ),
    pytest.param(
        "topics.yml", ("  return_care:", "  screen: 碎屏险\n  return_care:"), "error", "", "is missing", id="no folder"
    ),
    # points of what is one's own
    pytest.param(
        "topics.yml",
        ("default_", OWN % "check_policy: [coverd]"),
        "error",
        "coverd",
        "'coverd' is not a point",
        id="point",
    ),
    pytest.param(
        "topics.yml",
        ("default_", OWN % "check_polcy: [covered]"),
        "error",
        "check_polcy",
        "is not a topic",
        id="own topic",
    ),
    # dead links
    pytest.param(
        WHAT, ("related: [payout_amount", "related: [terms_overview, x_y"), "error", "related", "x_y", id="related 2"
    ),
    pytest.param(
        "return_care/what_is_product.md",
        ("related: [check_policy", "related: [payout_amount"),
        "error",
        "related",
        "return_care has neither",
        id="related without an article",
    ),
    pytest.param(
        "return_care/product.yml",
        ("popular:\n  buyer: [what", "popular:\n  buyer: [payout_amount, what"),
        "error",
        "payout_amount",
        "return_care has neither",
        id="popular without an article",
    ),
    pytest.param(
        WHAT, ("[payout_amount, check", "[what_is_product, check"), "warning", "related", "itself", id="to itself"
    ),
    pytest.param(
        WHAT, ("[payout_amount, check", "[check_policy, check"), "warning", "related", "twice", id="related twice"
    ),
    pytest.param(WHAT, (SENTENCE, "见[规则](terms.md)。"), "error", "见", "leads to no file", id="link to no file"),
    pytest.param(WHAT, (SENTENCE, "见[规则](https://a)。"), "error", "见", "malformed", id="link to no host"),
    pytest.param(WHAT, (SENTENCE, "见[规则](tel:123)。"), "error", "见", "neither a web address", id="link that dials"),
    pytest.param(
        WHAT, ("https://example.com/page", "https:/example.com"), "error", "https:/", "malformed", id="one slash"
    ),
    pytest.param(WHAT, ("https://example.com/page", "http://exa mple.com"), "error", "http:", "malformed", id="blank"),
    pytest.param(
        WHAT, ("https://example.com/page", "https://example.com/a，b"), "error", "https", "malformed", id="comma"
    ),
    pytest.param(WHAT, ("https://example.com/page", "www.example.com"), "error", "www", "malformed", id="no scheme"),
    pytest.param(WHAT, ("https://example.com/page", "https://a.com:x/"), "error", "https", "malformed", id="port"),
    pytest.param(WHAT, ("https://example.com/page", "a.com …page…"), "warning", "a.com", "cut short", id="cut short"),
    pytest.param(
        PRODUCT,
        ("unknown:", f"rules:\n  - {{{RULE % ('2021', 'http:/a')}}}\nunknown:"),
        "error",
        "- {id",
        "malformed",
        id="source of a rule",
    ),
    pytest.param(
        PRODUCT,
        ("unknown:", f"tables:\n  - {{{RULE % ('2021', 'http:/a')}, rows: [{{up_to_bp: 1, fen: 1}}]}}\nunknown:"),
        "error",
        "- {id",
        "malformed",
        id="source of a table",
    ),
    pytest.param(
        PRODUCT,
        ("unknown:", "desk: {enable: yes, as_of: '2027'}\nunknown:"),
        "error",
        "desk",
        "in the future",
        id="future terms",
    ),
    pytest.param(
        PRODUCT,
        ("unknown:", "desk: {enable: no, instead: returncare}\nunknown:"),
        "error",
        "desk",
        "'returncare' is not a product",
        id="product to look at instead",
    ),
    pytest.param(
        PRODUCT,
        ("unknown:", "desk: {enable: maybe}\nunknown:"),
        "error",
        "desk",
        "'maybe' is not one of",
        id="desk that is neither open nor closed",
    ),
    # names
    pytest.param(
        "return_care/product.yml",
        ("[体验提升计划]", "[退运险]"),
        "error",
        "aliases",
        "also belongs to freight",
        id="alias",
    ),
    pytest.param(
        "return_care/product.yml", ("name: 退货宝", "name: 运 费 险"), "error", "name", "belongs to", id="spaced name"
    ),
    pytest.param(PRODUCT, ("[运费险,", "[运,"), "error", "aliases", "too short", id="alias of one character"),
    pytest.param(
        "lexicon.yml", ("[中通]", "[中通, 运费险]"), "error", "中通", "already means freight", id="word of a product"
    ),
    pytest.param(
        "lexicon.yml", ("[中通]", "[中通, 顺丰]"), "error", "中通", "already means courier/顺丰", id="word twice"
    ),
    # coverage
    pytest.param(
        "return_care/product.yml",
        ("topics:\n  buyer: [", "topics:\n  buyer: [payout_amount, "),
        "error",
        "payout_amount",
        "neither an article nor an entry",
        id="topic that is lacking",
    ),
    pytest.param(
        PRODUCT, ("enable_service, payout", "payout"), "warning", "", "does not list enable_service", id="not listed"
    ),
    pytest.param(
        PRODUCT, ("[terms_overview]", "[terms_overview, payout_amount]"), "warning", "[terms", "answers it", id="known"
    ),
    # dates
    pytest.param(WHAT, ("2027-05", "2026-10"), "warning", "review_by", "by 2026-10", id="overdue"),
    pytest.param(WHAT, ("2024-09", "2026-12"), "error", "as_of", "in the future", id="next month"),
    pytest.param(WHAT, ("2024-09", "2027"), "error", "as_of", "in the future", id="next year"),
    pytest.param(
        PRODUCT,
        ("unknown:", f"rules: [{{{RULE % ('2030', '网页')}}}]\nunknown:"),
        "error",
        "rules",
        "2030 is in the",
        id="rule's date",
    ),
    # wording
    pytest.param(WHAT, ("- 有没有", "## 注意\n有没有"), "error", "## 注意", "'注意' is neither", id="other heading"),
    pytest.param(WHAT, ("- 有没有", "字" * 300), "error", SENTENCE, "without a list", id="long without a list"),
    pytest.param(
        WHAT, ("grade: B", "grade: B\ngrade: A"), "error", "grade: A", "'grade' is there twice", id="key twice"
    ),
    pytest.param(
        PRODUCT, ("  seller: [enable", "  buyer: []\n  seller: [enable"), "error", "buyer: []", "twice", id="role twice"
    ),
    # amounts
    pytest.param(
        AMOUNT, ("得 25 元", "得 26 元"), "warning", "26", "'最高得 26 元' contradicts '最高赔 25 元'", id="two figures"
    ),
    pytest.param(AMOUNT, ("最高得 25 元", "不超过 0.1 万元"), "warning", "0.1", "contradicts", id="in ten thousands"),
    pytest.param(
        AMOUNT, ("最高得 25 元", "２６ 元封顶"), "warning", "２６", "contradicts", id="full width, figure first"
    ),
    pytest.param(AMOUNT, ("grade: B", "grade: B\namounts: [最高30元]"), "warning", "最高赔", "最高30元", id="amounts"),
    pytest.param(
        AMOUNT,
        ("最高赔 25 元。", "最高赔 25 元。\n\n- 最高赔 25 元"),
        "warning",
        "- 最高",
        "says again",
        id="line twice",
    ),
]


@pytest.mark.parametrize(("name", "change", "level", "row", "text"), PROBLEMS)
def test_problem_is_found(tree: Tree, name: str, change: tuple[str, str], level: str, row: str, text: str) -> None:
    path = tree.replace(name, *change)
    hits = [problem for problem in found(tree) if text in problem.text]
    assert len(hits) == 1, [str(problem) for problem in found(tree)]
    assert hits[0].level == level
    assert hits[0].remedy
    if row:
        assert (hits[0].path, row in path.read_text("utf-8").splitlines()[hits[0].line - 1]) == (str(path), True), hits


@pytest.mark.parametrize(
    "phone",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "0571-88158198",
        "400-800-8888",
        "4008008888",
        "95188",
        "12315",
        "９５１８８",
    ],
)
def test_phone_number(tree: Tree, phone: str) -> None:
    tree.replace(WHAT, SENTENCE, f"打{phone}，问客服。")
    assert ["gives the phone number" in problem.text for problem in found(tree)] == [True]


@pytest.mark.parametrize(
    "sentence",
    [
        "2021-05-24 以后，10–25 元。",
        "95000 元以内，12500 单起。",
        "见 https://example.com/13800138000 这一页。",
        "见[规则](https://example.com/95188)。",
        "见[另一篇](payout_amount.md#a)。",
        "最高 1000 元，首重 1 kg，72 小时内。",
        "订单号 2837465012345678 的那一单。",
        "字" * 280,
    ],
)
def test_what_is_no_problem(tree: Tree, sentence: str) -> None:
    tree.replace(WHAT, SENTENCE, sentence)
    assert found(tree) == []


@pytest.mark.parametrize(
    "seller",
    ["按 25 元封顶。", "大件最高 800 元，普通的最高 25 元。", "最高 90 天。", "得 26 元左右。"],
)
def test_amounts_that_agree(tree: Tree, seller: str) -> None:
    tree.replace(AMOUNT, "买家最高得 25 元。", seller)
    assert found(tree) == []


def test_amount_against_the_overview(tree: Tree) -> None:
    tree.replace(PRODUCT, "unknown:\n  - topics: [terms_overview]\n    where: 看订单里的保单页\n", "")
    overview = tree.write("freight/terms_overview.md", GOOD + "运费险的规则。\n\n- 多少：不超过 30 元。\n")
    (problem,) = found(tree)
    assert (problem.level, problem.path, problem.line) == ("warning", str(overview), 12)
    assert "payout_amount.md line 12" in problem.text


def test_every_problem_of_every_file(tree: Tree) -> None:
    tree.replace(WHAT, "grade: B", "grade: D")
    tree.replace(WHAT, "2027-05", "soon")
    tree.write(AMOUNT, "")
    tree.replace("return_care/product.yml", "kind: service", "kind: x")
    tree.write("labels.yml", "- a\n")
    tree.replace("freight/enable_service.md", "as_of: 2024-09", "as_of: 2030")
    lines = [(Path(problem.path).relative_to(tree.root).as_posix(), problem.line) for problem in found(tree)]
    assert lines == [
        ("freight/enable_service.md", 2),
        (AMOUNT, 1),
        (WHAT, 3),
        (WHAT, 4),
        ("labels.yml", 1),
        ("return_care/product.yml", 3),
    ]


def test_key_twice_inside_a_list(tree: Tree) -> None:
    tree.replace(PRODUCT, "    where: 看订单里的保单页\n", "    where: 看订单里的保单页\n    where: 问客服\n")
    (problem,) = found(tree)
    assert (problem.line, problem.text) == (tree.line(PRODUCT, "问客服"), "the key 'where' is there twice")


def test_article_named_after_no_topic(tree: Tree) -> None:
    path = tree.write("freight/payout_ammount.md", GOOD + "答。\n")
    (problem,) = found(tree)
    assert (problem.level, problem.path) == ("error", str(path))
    assert "'payout_ammount' is not a knowledge topic" in problem.text


def test_word_that_is_only_kept_whole_may_repeat_a_name(tree: Tree) -> None:
    tree.replace("lexicon.yml", "courier:", "words:\n  trade: [运费险]\ncourier:")
    (problem,) = found(tree)
    assert (problem.level, problem.line) == ("warning", 2)


def test_broken_vocabulary_is_the_problem(tree: Tree) -> None:
    tree.write("topics.yml", "a: [\n")
    assert [Path(problem.path).name for problem in found(tree)] == ["topics.yml"]


# ---------------------------------------------------------------- coverage


def test_coverage_states(tree: Tree) -> None:
    rows = rows_of(load(tree.root))
    assert len(rows) == 2 * 4 * 2, "product x topic x audience"
    assert Row("freight", "payout_amount", "buyer", "article") in rows
    assert Row("freight", "enable_service", "seller", "article") in rows
    assert Row("freight", "enable_service", "buyer", "not expected") in rows
    assert Row("freight", "terms_overview", "buyer", "unknown") in rows
    assert Row("return_care", "payout_amount", "buyer", "not expected") in rows
    tree.replace("return_care/product.yml", "topics:\n  buyer: [", "topics:\n  buyer: [payout_amount, ")
    tree.replace(PRODUCT, "topics:\n  buyer: [", "topics:\n  buyer: [enable_service, ")
    rows = rows_of(load(tree.root))
    assert Row("return_care", "payout_amount", "buyer", "missing") in rows
    assert Row("freight", "enable_service", "buyer", "other side's") in rows


def test_coverage_table(tree: Tree) -> None:
    rows = table(rows_of(load(tree.root))).splitlines()
    assert rows[2].split() == ["1", "2"]
    assert [row.split() for row in rows[3:7]] == [
        ["what_is_product", "AA", "AA"],
        ["enable_service", ".A", ".."],
        ["payout_amount", "AA", ".."],
        ["terms_overview", "??", ".."],
    ]
    assert rows[-1].split() == ["2", "return_care", "2", "article,", "6", "not", "expected"]


# ---------------------------------------------------------------- command


def test_command_with_errors(tree: Tree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_TODAY", TODAY.isoformat())
    monkeypatch.chdir(tree.root.parent)
    tree.replace(WHAT, "grade: B", "grade: D")
    tree.replace("freight/enable_service.md", "2027-05", "2026-10")
    assert main(["--root", str(tree.root), "--coverage"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "knowledge/freight/enable_service.md:3: warning: was to be looked at by 2026-10. "
        "Check the facts, then set as_of and a new review_by.",
        "knowledge/freight/what_is_product.md:4: error: grade: 'D' is not one of ['A', 'B', 'seed']. "
        "See docs/knowledge.md for the fields.",
    ]
    assert "No coverage table" in err
    assert "1 errors, 1 warnings" in err


def test_command_without_errors(
    tree: Tree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOER_TODAY", "2027-06-01")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tree.root))
    assert main([]) == 0, "overdue articles are warnings"
    out, _ = capsys.readouterr()
    assert out.count("warning: was to be looked at by 2027-05") == 4
    assert main(["--coverage"]) == 0
    assert "what_is_product AA AA" in capsys.readouterr().out


def test_command_says_which_setting_is_wrong(
    tree: Tree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOER_TODAY", "tomorrow")
    assert main(["--root", str(tree.root)]) == 2
    assert "XIAOER_TODAY" in capsys.readouterr().err


def test_command_on_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path / "nowhere")]) == 1
    assert "topics.yml:1: error: is missing" in capsys.readouterr().out
