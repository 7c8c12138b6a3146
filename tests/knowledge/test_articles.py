"""The articles that are served."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from knowledge import GRADES, Knowledge, lint, load
from knowledge.lint.coverage import rows_of
from knowledge.model import AUDIENCES
from xiaoer.settings import ROOT

FOLDER = ROOT / "knowledge"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load(FOLDER)


def test_no_lint_errors() -> None:
    found = lint.problems(FOLDER, today=date.today())
    assert [str(problem) for problem in found if problem.level == "error"] == []


def test_nothing_expected_is_missing(knowledge: Knowledge) -> None:
    assert [row for row in rows_of(knowledge) if row.state == "missing"] == []


def test_every_label_is_of_a_topic_and_every_topic_has_one(knowledge: Knowledge) -> None:
    assert set(knowledge.labels) <= set(knowledge.topics)
    assert {*knowledge.knowledge_topics, *knowledge.tasks} <= set(knowledge.labels)


def test_every_button_text_is_filled(knowledge: Knowledge) -> None:
    for product in knowledge.products:
        for topic in knowledge.labels:
            assert "{" not in knowledge.label(topic, product)


def test_every_article_renders(knowledge: Knowledge) -> None:
    for (product, topic), versions in knowledge.articles.items():
        readers = [who for who in AUDIENCES if knowledge.article(product, topic, who)]
        assert readers, f"{product}/{topic} is for nobody"
        for who in readers:
            article = knowledge.article(product, topic, who)
            assert article is not None
            assert article.body.strip(), f"{article.id} is empty for the {who}"
            assert article.grade in GRADES
            assert "---" not in article.body, f"{article.id} shows its front matter"
            assert not article.body.startswith("#"), f"{article.id} shows its heading"
        assert len({version.audience for version in versions}) == len(versions)


def test_first_sentence_answers_briefly(knowledge: Knowledge) -> None:
    for versions in knowledge.articles.values():
        for article in versions:
            first = article.body.split("\n", 1)[0]
            assert len(first) <= 60, f"{article.path}: {first}"
            assert not first.startswith(("-", "1.")), f"{article.path} begins with a list"


def test_every_file_is_an_article_or_a_product(knowledge: Knowledge) -> None:
    served = {Path(version.path) for versions in knowledge.articles.values() for version in versions}
    assert set(FOLDER.glob("*/*.md")) == served
    assert {path.parent.name for path in FOLDER.glob("*/product.yml")} == set(knowledge.products)
