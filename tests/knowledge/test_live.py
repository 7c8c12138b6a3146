"""A running process follows the files, keeps what was good, and has one copy."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from bot.answers.generator import Answers
from knowledge import LiveKnowledge, files, live, load
from tests.knowledge.tree import FRONT, Tree
from xiaoer.errors import KnowledgeError

GOOD = FRONT % "check_policy"
FREIGHT, RETURN_CARE = "freight/product.yml", "return_care/product.yml"


def body(live: LiveKnowledge) -> str:
    article = live.current.article("return_care", "what_is_product", None)
    assert article is not None
    return article.body


CARE = "return_care/what_is_product.md"


def test_changed_file_is_served(tree: Tree) -> None:
    live = LiveKnowledge(tree.root, every=0)
    assert body(live) == "商家订购的平台服务。"
    tree.replace(CARE, "商家订购的平台服务。", "改过的一句话，长短不同。")
    assert body(live) == "改过的一句话，长短不同。"


def test_added_and_removed_files_are_seen(tree: Tree) -> None:
    live = LiveKnowledge(tree.root, every=0)
    path = tree.write("return_care/payout_amount.md", GOOD + "最高 26 元。\n")
    assert live.current.knows("return_care", "payout_amount")
    path.unlink()
    assert not live.current.knows("return_care", "payout_amount")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CARE, "---\ngrade: [\n---\n"),
        ("return_care/product.yml", ""),
        ("topics.yml", "a: b\n"),
        ("labels.yml", "- a\n"),
    ],
)
def test_broken_file_keeps_the_last_good_version(
    tree: Tree, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    good = (tree.root / name).read_text("utf-8")
    live = LiveKnowledge(tree.root, every=0)
    tree.write(name, text)
    with caplog.at_level(logging.ERROR):
        assert body(live) == "商家订购的平台服务。"
    assert str(tree.root / name) in caplog.text
    caplog.clear()
    assert body(live) == "商家订购的平台服务。"
    assert not caplog.records, "a broken file is logged once, not at every question"
    tree.write(name, good)
    tree.replace(CARE, "商家订购的平台服务。", "修好了的一句话。")
    assert body(live) == "修好了的一句话。"


def test_files_are_looked_at_no_more_often_than_asked(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []

    def state(root: Path) -> frozenset[tuple[str, int, int]]:
        looked.append(root)
        return files.state(root)

    monkeypatch.setattr(import_module("knowledge.live"), "state", state)
    live = LiveKnowledge(tree.root, every=3600)
    first, before = live.current, len(looked)
    assert before
    tree.replace(CARE, "商家订购的平台服务。", "改过的一句话。")
    assert live.current is first
    assert len(looked) == before


def test_knowledge_is_read_once_for_all_until_a_file_changes(tree: Tree) -> None:
    first = load(tree.root)
    assert load(tree.root) is first
    tree.replace(CARE, "商家订购的平台服务。", "改过的一句话。")
    again = load(tree.root)
    assert again is not first
    assert "改过的一句话" in again.versions("return_care", "what_is_product")[0].body


def test_broken_at_the_start_is_refused(tree: Tree) -> None:
    tree.write(CARE, "")
    with pytest.raises(KnowledgeError):
        LiveKnowledge(tree.root, every=0).newest()


# ---------------------------------------------------------------- the catalogue: what tasks need


def test_a_product_broken_from_the_start_stops_no_other(tree: Tree) -> None:
    tree.replace(FREIGHT, "kind: insurance", "kind: cover")
    known = LiveKnowledge(tree.root, every=0)
    assert set(known.catalogue.products) == {"return_care"}
    assert known.catalogue.broken["freight"].line == 3
    with pytest.raises(KnowledgeError, match="'cover' is not one of"):
        _ = known.current
    tree.replace(FREIGHT, "kind: cover", "kind: insurance")
    assert list(known.catalogue.products) == ["freight", "return_care"]
    assert not known.catalogue.broken
    assert known.current.products == known.catalogue.products


def test_an_article_broken_from_the_start_stops_no_product(tree: Tree) -> None:
    tree.write(CARE, "")
    known = LiveKnowledge(tree.root, every=0)
    assert set(known.catalogue.products) == {"freight", "return_care"}
    assert known.catalogue.default_product == "freight"
    with pytest.raises(KnowledgeError, match="no front matter"):
        _ = known.current


def test_a_server_whose_answers_cannot_be_read_does_not_start(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tree.root))
    tree.write(CARE, "")
    with pytest.raises(KnowledgeError, match="no front matter"):
        Answers()


def test_each_product_keeps_its_own_last_good_version(tree: Tree, caplog: pytest.LogCaptureFixture) -> None:
    known = LiveKnowledge(tree.root, every=0)
    before = known.current
    tree.replace(FREIGHT, "kind: insurance", "kind: cover")
    tree.replace(RETURN_CARE, "退换货时抵首重运费。", "改过的一句话。")
    with caplog.at_level(logging.ERROR):
        now = known.catalogue
    assert now.products["freight"] == before.products["freight"]
    assert now.products["return_care"].summary == "改过的一句话。"
    assert f"{tree.root / FREIGHT}:3" in caplog.text
    assert known.current is before, "answers and buttons change together, once all files are good"
    caplog.clear()
    tree.replace(RETURN_CARE, "kind: service", "kind: x")
    with caplog.at_level(logging.ERROR):
        assert known.catalogue.products["return_care"].summary == "改过的一句话。"
    assert str(tree.root / RETURN_CARE) in caplog.text, "the second broken file is named, too"


def test_a_process_has_one_copy(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tree.root))
    assert live() is live()
    assert live().current is load(tree.root)
    assert live().current.products["freight"] is live().catalogue.products["freight"]


def test_those_who_ask_first_wait_for_whoever_reads(tree: Tree) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len({id(each) for each in threads.map(lambda _: load(tree.root), range(8))}) == 1


def test_load_says_what_the_files_say_now(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tree.root))
    good = live().current
    tree.write(CARE, "")
    with pytest.raises(KnowledgeError, match="no front matter"):
        load(tree.root)
    assert live().current is good
