"""The dated rules: every product that decides has what a decision needs; a broken file is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from actions.desk import rules
from actions.desk.claims import REFUSALS
from actions.policydb.facts import RefusalReason
from actions.tasks.selling import CheckShopEligibility
from knowledge import live
from tests.actions.conftest import Said
from xiaoer import settings
from xiaoer.errors import KnowledgeError

PRODUCTS = ("freight", "return_care", "bulky_freight")
NEEDED = ("issue", "void", "validity", "once", "refusal", "amount", "difference", "offset")


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("about", NEEDED)
def test_every_product_has_the_rules_that_decisions_need(product: str, about: str) -> None:
    assert rules.need(product, about).text


@pytest.mark.parametrize("product", PRODUCTS)
def test_rules_are_unique_and_sourced(product: str) -> None:
    found = rules.rules_of(product)
    assert len({rule.id for rule in found}) == len(found)
    for rule in found:
        assert rule.id.startswith(f"{product}.")
        assert rule.grade in ("A", "B", "seed"), "what is only [C] decides nothing"
        assert rule.sources
        assert not rule.text.endswith("。")


@pytest.mark.parametrize(
    ("day", "days"), [("2015-01-01", 7), ("2019-09-03", 7), ("2019-09-04", 90), ("2026-11-23", 90)]
)
def test_the_newest_rule_that_holds_decides(day: str, days: int) -> None:
    assert rules.need("freight", "validity", on=date.fromisoformat(day)).days == days


def test_every_reason_of_refusal_has_words() -> None:
    assert set(REFUSALS) == set(RefusalReason)


def test_products_without_rules_are_said_to_have_none() -> None:
    with pytest.raises(rules.NoRules, match="screen"):
        rules.need("screen", "issue")
    assert rules.rules_of("nothing_like_it") == ()


def test_a_broken_file_is_named_then_the_last_good_one_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = copied(tmp_path, monkeypatch)
    path = tree / "freight" / "product.yml"
    text = path.read_text(encoding="utf-8")
    line = text[: text.index("  - id: freight.issue")].count("\n") + 1
    path.write_text(text.replace("about: issue", "colour: blue"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=rf"product\.yml:{line}: rules/freight\.issue"):
        rules.rules_of("freight")
    path.write_text(text, encoding="utf-8")
    live().newest()
    good = rules.rules_of("freight")
    assert len(good) > 10
    path.write_text("rules: [", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="not valid YAML"):
        live().newest()
    assert rules.rules_of("freight") == good


def test_a_broken_rule_stops_the_tasks_of_its_product_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Said]
) -> None:
    path = copied(tmp_path, monkeypatch) / "freight" / "product.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("days: 90", "days: ninety"), encoding="utf-8")
    assert ask(CheckShopEligibility(), "seller:demo", product="freight").outcome == "error"
    said = ask(CheckShopEligibility(), "seller:demo", product="return_care")
    assert (said.outcome, said.meta["product"]) == ("task", "return_care")
    assert "freight" not in rules.desk_products()
    assert "return_care" in rules.desk_products()
    assert rules.product_name("freight") == "freight", "its name is in the file that cannot be read"


def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of knowledge/ in a folder that a test may break, in force."""
    folder = tmp_path / "knowledge"
    shutil.copytree(settings.get("XIAOER_KNOWLEDGE"), folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(folder))
    return folder
