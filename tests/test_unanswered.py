"""`xiaoer report`: likes together, unlikes apart; hostile texts harm nothing; drafts are refused until they are done."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.command import cli
from bot.staff.unanswered import draft, grouping, report
from bot.staff.unanswered.report import Report
from bot.staff.unanswered.store import Asked, UnansweredStore, anonymous, is_unanswered
from bot.understanding.ranking.topic_classifier import TopicClassifier
from knowledge import Knowledge, lint, load
from knowledge.files import read_source
from tests.knowledge.tree import Tree
from xiaoer.errors import XiaoerError
from xiaoer.settings import ROOT

TODAY = date(2026, 11, 24)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7*7 }} {% raw %}",
    "</title></style><h1>大标题",
    "javascript:alert(3) ' onclick='x",
    "&lt;b&gt; &amp; ]]> -->",
    "\x1b[2J\x1b[31m红 \u202e反 \x00 \r\n换行",
    '- intent: greet\n  examples: |\n    - [x](product){"entity": "y"}',
    "---\nas_of: 2020\n---\n正文",
    "!!python/object/apply:os.system [id]",
    "/restart",
]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load(ROOT / "knowledge")


@pytest.fixture(scope="module")
def encoder() -> Any:
    return grouping.configured_encoder()


def asked(*texts: str, role: str = "buyer", **more: Any) -> list[Asked]:
    return [Asked(text, role, **more) for text in texts]


def together(grouped: grouping.Grouped) -> list[set[str]]:
    return [set(group.texts) for group in grouped.groups]


# ---------------------------------------------------------------------- groups

ALIKE = [
    ["退货宝怎么退出", "退货宝怎么退出呀", "退货宝怎样退出"],
    ["确认收货后运费险还能用吗", "确认收货了还有运费险吗"],
    ["坏单包赔多久到账", "坏单包赔多久能到账"],
]


@pytest.mark.parametrize("meaning", [True, False], ids=["vectors", "letters alone"])
def test_likes_are_together_and_unlikes_apart(knowledge: Knowledge, encoder: Any, meaning: bool) -> None:
    texts = [text for group in ALIKE for text in group]
    grouped = grouping.group(asked(*texts, "今天天气怎么样"), knowledge, encoder if meaning else None)
    found = together(grouped)
    for group in ALIKE:
        assert set(group) in found, found
    assert {"今天天气怎么样"} in found


def test_the_encoder_sees_what_letters_do_not(knowledge: Knowledge, encoder: Any) -> None:
    questions = asked("怎么申请赔付", "如何理赔")
    assert len(grouping.group(questions, knowledge, encoder).groups) == 1
    assert len(grouping.group(questions, knowledge, None).groups) == 2


def test_one_question_about_two_products_is_two(knowledge: Knowledge, encoder: Any) -> None:
    grouped = grouping.group(asked("退货宝怎么开通", "保价险怎么开通"), knowledge, encoder)
    assert {group.product: group.nearest[0].id for group in grouped.groups} == {
        "return_care": "return_care/enable_service",
        "price_protection": "price_protection/enable_service",
    }


def test_ways_of_writing_are_one_wording(knowledge: Knowledge) -> None:
    grouped = grouping.group(asked("運費險怎麼用？？？", "云费险怎么用", "运费险 怎么用😭"), knowledge, None)
    assert [(group.count, len(group.texts)) for group in grouped.groups] == [(3, 1)]


def test_what_was_taken_for_the_same_is_more_alike(knowledge: Knowledge, encoder: Any) -> None:
    texts = ("退货宝怎么退出", "退货宝在哪里取消")
    about = {"topic": "disable_service", "product": "return_care"}
    assert len(grouping.group(asked(*texts), knowledge, encoder).groups) == 2
    assert len(grouping.group(asked(*texts, outcome="unknown", **about), knowledge, encoder).groups) == 1
    assert len(grouping.group(asked(*texts, outcome="outside", **about), knowledge, encoder).groups) == 2


def test_what_a_group_says(knowledge: Knowledge) -> None:
    about = {"topic": "disable_service", "product": "return_care"}
    questions = [
        *asked("退货宝怎么退出", role="seller", outcome="unknown", day=date(2026, 11, 2), **about),
        *asked("退货宝怎么退出啊", "退货宝怎么退出啊", outcome="unknown", day=date(2026, 11, 1), **about),
        *asked("退货宝怎么退出呢", role="visitor", outcome="answered", useless=True, topic="claim_steps"),
        *asked("今天天气", role="visitor", outcome="outside", day=date(2026, 11, 3)),
    ]
    group, other = grouping.group(questions, knowledge, None).groups
    assert (group.count, group.by, group.outcomes) == (
        4,
        {"seller": 1, "buyer": 2, "visitor": 1},
        {"unknown": 3, "useless": 1},
    )
    assert group.texts[0] == "退货宝怎么退出啊"  # what most people said
    assert (group.last, group.topic, group.product) == (date(2026, 11, 2), "disable_service", "return_care")
    assert (group.nearest[0].id, group.nearest[0].unknown) == ("return_care/disable_service", True)
    assert 0.5 < group.nearest[0].likeness <= 1
    assert (other.count, other.product) == (1, None)


def test_the_same_questions_give_the_same_groups(knowledge: Knowledge, encoder: Any) -> None:
    questions = asked(*(text for group in ALIKE for text in group))
    assert grouping.group(questions, knowledge, encoder) == grouping.group(questions[::-1], knowledge, encoder)


@pytest.mark.parametrize("questions", [[], asked("😭"), asked("", " ")], ids=["none", "a picture", "blanks"])
def test_nothing_to_read_is_no_group(knowledge: Knowledge, questions: Sequence[Asked]) -> None:
    assert grouping.group(questions, knowledge, None).groups == ()


@pytest.mark.parametrize("text", ["?", "退货宝", "qqq", "运" * 300, "𠀀𠀁", *HOSTILE])
def test_odd_texts_are_grouped(knowledge: Knowledge, text: str) -> None:
    grouped = grouping.group(asked(text, "运费险怎么用"), knowledge, None)
    assert sum(group.count for group in grouped.groups) == 2


def test_too_many_questions_leave_the_rarest_out(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST", 2)
    grouped = grouping.group(asked("甲甲", "甲甲", "乙乙", "乙乙", "丙丙"), knowledge, None)
    assert (sum(group.count for group in grouped.groups), grouped.left_out) == (4, 1)
    made = Report(grouped, knowledge, 20, None)
    assert made.questions == 5
    assert "另有 1 次" in report.terminal(made)


def test_the_encoder_is_the_assistants(tmp_path: Path, encoder: Any) -> None:
    configured = next(
        each for each in yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["pipeline"] if "encoder" in each
    )
    assert configured["encoder"].endswith(type(encoder).__name__)
    config = tmp_path / "config.yml"
    config.write_text("pipeline:\n- name: bot.understanding.ranking.topic_classifier.TopicClassifier\n")
    assert TopicClassifier.get_default_config()["encoder"].endswith(type(grouping.configured_encoder(config)).__name__)
    config.write_text("pipeline:\n- name: x\n  encoder: null\n")
    assert grouping.configured_encoder(config) is None
    config.write_text("pipeline:\n- name: x\n  encoder: no.such.Encoder\n")
    with pytest.raises(XiaoerError, match=r"no\.such\.Encoder"):
        grouping.configured_encoder(config)


# ---------------------------------------------------------------------- report


def made(knowledge: Knowledge, questions: Sequence[Asked], **more: Any) -> Report:
    about = {"encoder": None, "since": date(2026, 10, 26), "until": TODAY, **more}
    return Report(grouping.group(questions, knowledge, None), knowledge, about.pop("limit", 20), **about)


class Page(HTMLParser):
    """What a browser makes of a page: tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_texts_are_only_texts_in_the_page(knowledge: Knowledge) -> None:
    questions = [Asked(anonymous(text), "visitor", text, text, text, day=TODAY) for text in HOSTILE]
    harmless = Page(report.page(made(knowledge, asked("运费险怎么用", day=TODAY)), TODAY))
    page = Page(report.page(made(knowledge, questions), TODAY))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in harmless.tags} | {"details", "summary"}
    attributes = {name for _, given in page.tags for name in given}
    assert attributes <= {"lang", "charset", "name", "content", "http-equiv", "style", "class"}
    assert all(re.fullmatch(r"width: \d+%", given["style"] or "") for _, given in page.tags if "style" in given)
    for text in ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7*7 }} {% raw %}"):
        assert text in page.text


def test_the_page_needs_nothing_else(knowledge: Knowledge) -> None:
    page = report.page(made(knowledge, asked("退货宝怎么退出", day=TODAY)), TODAY)
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img|iframe)|https?:|@import|url\(", page)
    assert "退货宝怎么退出" in page
    assert "标着资料不足" in page


def test_nothing_hostile_reaches_the_terminal(knowledge: Knowledge) -> None:
    questions = asked(*map(anonymous, HOSTILE))
    shown = report.terminal(made(knowledge, questions))
    assert all(each.isprintable() or each in "\n\u3000" for each in shown)
    assert "<script>" in shown


@pytest.mark.parametrize("role", [None, "seller"])
def test_nothing_is_said_clearly(knowledge: Knowledge, role: str | None) -> None:
    for text in (report.terminal(made(knowledge, [], role=role)), report.page(made(knowledge, [], role=role), TODAY)):
        assert "2026-10-26 至 2026-11-24 没有" in text
        assert ("没有卖家没答上的问题" in text) == (role is not None)
    assert "输入里没有问题" in report.terminal(made(knowledge, [], since=None, until=None))
    assert report.record(made(knowledge, []))["groups"] == []


def test_the_terminal_says_what_an_editor_needs(knowledge: Knowledge) -> None:
    about = {"outcome": "unknown", "topic": "disable_service", "product": "return_care", "day": TODAY}
    lines = asked("退货宝怎么退出", "退货宝怎么退出啊", role="seller", **about) + asked(
        "淘金币", outcome="outside", topic="out_of_scope"
    )
    shown = report.terminal(made(knowledge, lines))
    for part in (
        "3 次，归成 2 组",
        "2 次　退货宝怎么退出",
        "也说：退货宝怎么退出啊",
        "卖家 2；没听懂或资料不足 2；最近 2026-11-24",
        "当时听成「退货宝：怎么退出？」，标着资料不足",
        "最接近 return_care/disable_service「退货宝：怎么退出？」",
        "当时听成「与保险无关的电商或生活问题」",
        "只按字分组",
        "xiaoer report --draft",
    ):
        assert part in shown, part
    assert "只列问得最多的 1 组" in report.terminal(made(knowledge, lines, limit=1))
    assert "xiaoer report --days 7 --role seller --draft" in report.terminal(
        made(knowledge, lines, since=date(2026, 11, 18), role="seller")
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("运费险怎么用\n", ("运费险怎么用", "visitor")),
        ('{"text": "怎么开", "as": "seller:amy"}', ("怎么开", "seller")),
        ('{"text": "怎么开", "as": "buyer", "topic": "x"}', ("怎么开", "buyer")),
        ('{"text": "怎么开"}', ("怎么开", "visitor")),
        ("打我13812345678", ("打我【手机号】", "visitor")),
    ],
)
def test_lines_are_read(line: str, expected: tuple[str, str]) -> None:
    assert [(each.text, each.role) for each in report.read_lines(["", line, " \n"])] == [expected]


@pytest.mark.parametrize(
    "line", ["{oops", '{"txt": "a"}', '{"text": 5}', '{"text": "a", "as": "admin"}', '{"text": "a", "as": []}']
)
def test_a_bad_line_is_named(line: str) -> None:
    with pytest.raises(XiaoerError, match="line 2: expected"):
        report.read_lines(["运费险怎么用", line])


# ---------------------------------------------------------------------- the command


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process, on a folder of its own: (exit code, output, errors)."""
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path))
    monkeypatch.setenv("XIAOER_TODAY", TODAY.isoformat())
    monkeypatch.setattr(cli, "quiet", lambda: None)
    monkeypatch.setattr(grouping, "configured_encoder", lambda: None)

    def command(*arguments: str, text: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = cli.main(["report", *arguments])
        return code, *capsys.readouterr()

    return command


def keep(*questions: Asked) -> None:
    store = UnansweredStore()
    store.note(questions)
    store.written()


def test_json_shape(run: Run) -> None:
    about = {"topic": "disable_service", "product": "return_care"}
    keep(*asked("退货宝怎么退出 13812345678", "退货宝怎么退出 13912345678", role="seller", outcome="unknown", **about))
    keep(*asked("天气", role="visitor", outcome="outside"))
    code, out, _ = run("--json")
    assert code == 0
    data = json.loads(out)
    assert {key: data[key] for key in data if key != "groups"} == {
        "from": "2026-10-26", "to": "2026-11-24", "role": None, "encoder": None,
        "questions": 3, "left_out": 0, "groups_in_all": 2,
    }  # fmt: skip
    first = data["groups"][0]
    assert re.fullmatch(r"q[0-9a-f]{8}", first.pop("group"))
    nearest = first.pop("nearest")
    assert first == {
        "number": 1, "count": 2, "by": {"buyer": 0, "seller": 2, "visitor": 0},
        "outcomes": {"unknown": 2, "clarify": 0, "outside": 0, "useless": 0}, "last": "2026-11-24",
        "examples": ["退货宝怎么退出 【手机号】"], "wordings": 1, "topic": "disable_service", "product": "return_care",
    }  # fmt: skip
    assert list(nearest[0]) == ["article", "title", "likeness", "unknown"]
    assert (nearest[0]["article"], nearest[0]["unknown"]) == ("return_care/disable_service", True)
    assert json.loads(run("--json", "--role", "seller")[1])["questions"] == 2
    assert len(json.loads(run("--json", "--limit", "1")[1])["groups"]) == 1


def test_days_are_counted_from_today(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("2026-11-24", "2026-11-23", "2026-10-25"):
        monkeypatch.setenv("XIAOER_TODAY", day)
        keep(*asked(f"问{day}", outcome="unknown"))
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-24")
    assert [json.loads(run("--json", "--days", days)[1])["questions"] for days in ("1", "2", "30", "31")] == [
        1,
        2,
        2,
        3,
    ]


def test_questions_from_standard_input(run: Run) -> None:
    code, out, _ = run("-", "--json", text='退货宝怎么退出\n\n{"text": "退货宝怎么退出啊", "as": "seller:1"}\n')
    data = json.loads(out)
    assert (code, data["from"], data["questions"]) == (0, None, 2)
    assert data["groups"][0]["by"] == {"buyer": 0, "seller": 1, "visitor": 1}
    assert "输入里没有问题" in run("-", text="\n")[1]
    assert json.loads(run("-", "--json", "--role", "seller", text="a\nb\n")[1])["questions"] == 0


def test_a_page_is_written(run: Run, tmp_path: Path) -> None:
    keep(*asked(*HOSTILE, outcome="unknown"))
    page = tmp_path / "页.html"
    code, out, errors = run("--html", str(page))
    assert (code, out) == (0, "")
    assert "页.html" in errors
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(run("--html", str(page), "--json")[1])["questions"] == len(HOSTILE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--days", "0"), "--days: expected 1 to 3650, got 0"),
        (("--days", "9999"), "--days: expected 1 to 3650"),
        (("--limit", "0"), "--limit: expected 1 to 1000, got 0"),
        (("--topic", "claim_steps"), "give --draft GROUP"),
        (("--product", "freight"), "give --draft GROUP"),
        (("--draft", "1", "--json"), "leave --json and --html out"),
        (("--html", "knowledge/x.md"), "ends in .html"),
        (("--html", "/no/such/folder/x.html"), "cannot be written"),
        (("--draft", "1"), "没有第 1 组"),
        (("--draft", "q12345678"), "没有编号 'q12345678'"),
        (("--draft", "../../x"), "没有编号"),
        (("--draft", ""), "没有编号"),
    ],
)
def test_wrong_use_says_what_was_expected(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, out, errors = run(*arguments)
    assert (code, out) == (1, "")
    assert says in errors


@pytest.mark.parametrize("arguments", [("--role", "admin"), ("--days", "x"), ("file.txt",)])
def test_what_argparse_refuses(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["report", *arguments])
    assert stopped.value.code == 2
    assert "usage: xiaoer report" in capsys.readouterr().err


def test_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bot.command.cli", "report", "-"],
        input="怎么申请赔付\n如何理赔\n", capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "输入的问题 2 句，归成 1 组" in done.stdout


# ---------------------------------------------------------------------- drafts


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A small knowledge in force. It says 资料不足 of freight/terms_overview and nothing of return_care/payout_amount."""
    tree = Tree(tmp_path / "knowledge")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tree.root))
    return tree


def drafted(run: Run, *arguments: str) -> tuple[str, Path, Path]:
    """(output, article, phrases) of a draft that is written."""
    folder = Path(cli.settings.get("XIAOER_VAR")) / "drafts"
    before = set(folder.rglob("*"))
    code, out, errors = run(*arguments)
    assert code == 0, errors
    new = {path.suffix: path for path in set(folder.rglob("*")) - before if path.is_file()}
    assert set(new) == {".md", ".yml"}
    assert all(str(path) in out for path in new.values())
    return out, new[".md"], new[".yml"]


def problems_of(tree: Tree, path: Path) -> list[lint.Problem]:
    return [problem for problem in lint.problems(tree.root, today=TODAY) if problem.path == str(path)]


def fill_in(text: str, *, body: bool = True) -> str:
    """What an editor does."""
    for field, value in (("as_of", "2026"), ("review_by", "2027-05"), ("grade", "B")):
        text = re.sub(rf"^{field}: TODO.*$", f"{field}: {value}", text, flags=re.MULTILINE)
    text = re.sub(r"^sources: TODO.*$", "sources: [保单页的说明]", text, flags=re.MULTILINE)
    return re.sub(r"^## TODO.*\n", "", text, flags=re.MULTILINE) if body else text


@pytest.mark.parametrize("topic", ["terms_overview", "payout_amount"], ids=["a new article", "one that is there"])
def test_a_draft_is_refused_until_it_is_done(run: Run, tree: Tree, topic: str) -> None:
    tree.replace("freight/payout_amount.md", "related: [", "amounts: [最高赔 25 元]\nrelated: [")
    keep(*asked("运费险规则有哪些", "运费险有哪些规则", outcome="unknown", topic=topic, product="freight"))
    before = {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()}
    out, article, _ = drafted(run, "--draft", "1")
    assert {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()} == before
    target = tree.root / "freight" / article.name
    assert article.name == f"{topic}.md"
    assert f"knowledge/freight/{topic}.md" in out
    assert ("从 unknown 里删掉" in out) == (topic == "terms_overview")
    target.write_text(article.read_text("utf-8"), "utf-8")
    refused = [problem.text.split(":")[0] for problem in problems_of(tree, target) if problem.level == "error"]
    assert sorted(refused) == ["as_of", "grade", "review_by", "sources"]
    target.write_text(fill_in(article.read_text("utf-8"), body=False), "utf-8")
    assert [problem.level for problem in problems_of(tree, target)] == ["error"]  # the heading TODO
    target.write_text(fill_in(article.read_text("utf-8")), "utf-8")
    assert problems_of(tree, target) == []
    assert load(tree.root).knows("freight", topic)
    if topic == "payout_amount":
        assert "最高赔 25 元" in article.read_text("utf-8")
        assert "现在是 2024-09" in article.read_text("utf-8")
        assert read_source(target).meta["amounts"] == ["最高赔 25 元"]


@pytest.mark.parametrize("field", ["as_of", "review_by", "grade", "sources"])
def test_each_field_must_be_filled(run: Run, tree: Tree, field: str) -> None:
    keep(*asked("运费险规则有哪些", outcome="unknown", topic="terms_overview", product="freight"))
    text = drafted(run, "--draft", "1")[1].read_text("utf-8")
    todo = next(line for line in text.splitlines() if line.startswith(f"{field}: "))
    done = re.sub(rf"^{field}: .*$", lambda _: todo, fill_in(text), flags=re.MULTILINE)
    target = tree.write("freight/terms_overview.md", done)
    assert any(problem.level == "error" and problem.text.startswith(field) for problem in problems_of(tree, target))


def test_a_draft_is_never_overwritten(run: Run, tree: Tree) -> None:
    keep(*asked("运费险规则有哪些", outcome="unknown", topic="terms_overview", product="freight"))
    _, article, phrases = drafted(run, "--draft", "1")
    article.write_text("我的半成品")
    phrases.unlink()
    code, _, errors = run("--draft", "1")
    assert code == 1
    assert str(article) in errors
    assert article.read_text() == "我的半成品"
    assert not phrases.exists()
    other = drafted(run, "--draft", "1", "--topic", "what_is_product", "--product", "return_care")[1]
    assert other.parts[-2:] == ("return_care", "what_is_product.md")


def test_hostile_questions_stay_out_of_the_article_and_are_plain_phrases(run: Run, tree: Tree) -> None:
    keep(*asked(*HOSTILE, "打我13812345678问规则", outcome="unknown", topic="terms_overview", product="freight"))
    for number in range(1, len(json.loads(run("--json", "--limit", "100")[1])["groups"]) + 1):
        _, article, phrases = drafted(run, "--draft", str(number))
        meta = yaml.load(article.read_text("utf-8").split("---\n")[1], Loader=yaml.BaseLoader)
        assert meta["as_of"] == meta["sources"] == "TODO"
        assert not re.search(r"alert|restart|TODOas_of: 2020|onerror", article.read_text("utf-8"))
        data = yaml.safe_load(phrases.read_text("utf-8"))
        assert set(data) == {"version", "nlu"}
        for block in data["nlu"]:
            assert (block["intent"], set(block)) == ("terms_overview", {"intent", "metadata", "examples"})
            for line in block["examples"].splitlines():
                assert re.fullmatch(r"- [^-/\s\[\]{}|].*", line), line
                assert not re.search(r"[\[\]{}|<>`]|【", line)


def test_phrases_can_be_trained_on(run: Run, tree: Tree) -> None:
    from rasa.shared.nlu.training_data.loading import load_data

    known = next(
        line.strip().removeprefix("- ")
        for line in (ROOT / "data" / "nlu" / "claims.yml").read_text("utf-8").splitlines()
        if line.strip().startswith("- ") and len(line) > 14 and "intent" not in line
    )
    texts = ["运费险规则到底有哪些嘛", "运费险[规则](product)有哪些嘛", known]
    keep(*asked(*texts, outcome="unknown", topic="terms_overview", product="freight"))
    groups = json.loads(run("--json")[1])["groups"]
    phrases = [example.get("text") for number in range(1, len(groups) + 1)
               for example in load_data(str(drafted(run, "--draft", str(number))[2])).training_examples]  # fmt: skip
    assert sorted(phrases) == ["运费险 规则 (product)有哪些嘛", "运费险规则到底有哪些嘛"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--topic", "no_topic"), "'no_topic' 不是用文章答的话题"),
        (("--topic", "check_policy"), "'check_policy' 不是用文章答的话题"),
        (("--topic", "../../etc"), "不是用文章答的话题"),
        (("--product", "no_product"), "'no_product' 不是险种"),
        (("--product", ".."), "'..' 不是险种"),
    ],
)
def test_ids_that_there_are_not(run: Run, tree: Tree, arguments: tuple[str, ...], says: str) -> None:
    keep(*asked("运费险规则有哪些", outcome="unknown"))
    code, _, errors = run("--draft", "1", *arguments)
    assert code == 1
    assert says in errors
    assert not (Path(cli.settings.get("XIAOER_VAR")) / "drafts").exists()


@pytest.mark.parametrize(
    ("question", "arguments", "place"),
    [
        (asked("咋整", outcome="unknown", topic="enable_service", product="return_care"), (), "return_care/enable_service"),
        (asked("退货宝是什么", outcome="unknown"), (), "return_care/what_is_product"),
        (asked("能赔多少", outcome="unknown"), (), "freight/payout_amount"),
        (asked("能赔多少", outcome="clarify", topic="check_policy", product="freight"), (), "freight/payout_amount"),
        (asked("咋整", outcome="unknown"), ("--topic", "payout_amount"), "freight/payout_amount"),
        (asked("能赔多少", outcome="unknown"), ("--product", "return_care", "--topic", "payout_amount"), "return_care/payout_amount"),
    ],
)  # fmt: skip
def test_which_article_is_drafted(
    run: Run, tree: Tree, question: list[Asked], arguments: tuple[str, ...], place: str
) -> None:
    keep(*question)
    out, article, _ = drafted(run, "--draft", "1", *arguments)
    assert f"({place})" in out.replace("（", "(").replace("）", ")")
    assert article.parts[-2:] == (place.split("/")[0], place.split("/")[1] + ".md")


def test_without_anything_to_go_by_the_topic_must_be_told(run: Run, tree: Tree) -> None:
    keep(*asked("qqq", outcome="unknown"))
    code, _, errors = run("--draft", "1")
    assert code == 1
    assert "--topic" in errors


def test_a_group_is_found_by_any_of_its_questions(knowledge: Knowledge) -> None:
    groups = grouping.group(asked("退货宝怎么退出", "退货宝怎么退出啊", "退货宝怎么退出呢"), knowledge, None).groups
    assert len(groups) == 1
    assert [draft.find(groups, name).id for name in groups[0].ids] == [groups[0].id] * 3


def test_an_article_that_nothing_lists_is_to_be_listed(run: Run, tree: Tree) -> None:
    keep(*asked("退货宝赔多少", outcome="unknown", topic="payout_amount", product="return_care"))
    out, article, _ = drafted(run, "--draft", "1")
    assert "在 topics 里列上 payout_amount" in out
    target = tree.write("return_care/payout_amount.md", fill_in(article.read_text("utf-8")))
    assert [problem.level for problem in problems_of(tree, target)] == ["warning"]


# ---------------------------------------------------------------------- what the assistant says of its replies


@pytest.mark.model
@pytest.mark.parametrize(
    ("text", "outcome", "choice"),
    [("退货宝", "clarify", "topic"), ("怎么取消运费险", "clarify", "role"), ("运费险多久到账", "answered", None)],
)
async def test_a_reply_that_asks_back_says_what_is_to_be_chosen(
    talk: Any, text: str, outcome: str, choice: str
) -> None:
    conversation = talk("visitor")
    assert (await conversation.say(text))["outcome"] == outcome
    assert conversation.last.replies[0]["choice"] == choice
    assert is_unanswered(conversation.last.replies[0]) == (choice == "topic")
