"""Conditions against a shop's row: each one, at its boundary, on its day; what nobody states decides nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.desk import eligibility, rules
from actions.desk.eligibility import Eligibility, State, walk
from actions.desk.rules import NoRules
from actions.policydb.facts import EnrollmentFacts, ShopFacts
from knowledge.rules import Category, Condition, Site
from tests.knowledge.tree import FREIGHT, Tree
from xiaoer.errors import KnowledgeError

NOW = datetime(2026, 11, 23, 4, tzinfo=timezone.utc)
GOOD = ShopFacts(
    "shop",
    "店",
    620,
    consumer_protection=True,
    seven_day_return=True,
    site=Site.TMALL,
    category=Category.CLOTHING,
    deposit_fen=5_000_000,
    deposit_due_fen=5_000_000,
    opened_at=NOW - timedelta(days=800),
    orders_30d=120,
    orders_90d=400,
    amount_30d_fen=1_800_000,
)
WALKED = (
    *("freight", "return_care", "trade_protection", "material_fidelity", "bulky_freight"),
    *("fresh_rot", "deposit_insurance", "deposit_performance"),
)
NOT_WALKED = (
    *("damage", "price_protection", "authenticity", "order_insurance", "juhuasuan_deposit"),
    *("overseas_freight", "account_security", "bank_card_security", "screen", "allergy", "bulky_aftersale"),
    "nothing_like_it",
)
shops = st.builds(
    ShopFacts,
    code=st.just("shop"),
    name=st.just("店"),
    risk_rate_bp=st.integers(0, 10_000),
    consumer_protection=st.booleans(),
    seven_day_return=st.booleans(),
    site=st.sampled_from(Site),
    category=st.sampled_from(Category),
    deposit_fen=st.integers(0, 20_000_000),
    deposit_due_fen=st.integers(0, 20_000_000),
    opened_at=st.none() | st.just(NOW - timedelta(days=3)),
    orders_90d=st.integers(0, 100_000),
)


def states(walked: Eligibility) -> dict[str, str]:
    """Condition -> state; the condition is told apart by the rule."""
    return {str(check.rule.condition.value): check.state.value for check in walked.checks if check.rule.condition}


# ---------------------------------------------------------------- each condition
@pytest.mark.parametrize(
    ("product", "change", "condition", "state", "eligible"),
    [
        ("freight", {}, "risk_rate", "pass", True),
        ("freight", {"consumer_protection": False}, "consumer_protection", "fail", False),
        ("freight", {"seven_day_return": False}, "seven_day_return", "fail", False),
        ("freight", {"risk_rate_bp": 2999}, "risk_rate", "pass", True),
        ("freight", {"risk_rate_bp": 3000}, "risk_rate", "fail", False),
        ("freight", {"risk_rate_bp": 3001}, "risk_rate", "fail", False),
        ("freight", {"category": Category.VIRTUAL}, "category", "fail", False),
        ("freight", {"category": Category.FURNITURE}, "bulky", "fail", False),
        ("freight", {"category": Category.OTHER}, "bulky", "unknown", True),
        ("freight", {"deposit_fen": 0}, "deposit", "unknown", True),
        ("freight", {"orders_90d": 0, "opened_at": None}, "history", "unknown", True),
        ("return_care", {}, "category", "pass", True),
        ("return_care", {"category": Category.VIRTUAL}, "category", "fail", False),
        ("return_care", {"risk_rate_bp": 9000}, "risk_rate", "unknown", True),
        ("return_care", {"seven_day_return": False}, "seven_day_return", "unknown", True),
        ("return_care", {"consumer_protection": False}, "consumer_protection", "unknown", True),
        ("trade_protection", {}, "site", "pass", True),
        ("trade_protection", {"site": Site.TAOBAO}, "site", "unknown", None),
        ("material_fidelity", {}, "category", "unknown", None),
        ("bulky_freight", {"category": Category.FURNITURE}, "bulky", "pass", True),
        ("bulky_freight", {}, "bulky", "fail", False),
        ("bulky_freight", {"category": Category.OTHER}, "bulky", "unknown", None),
        ("fresh_rot", {"category": Category.FRESH}, "category", "pass", True),
        ("fresh_rot", {"category": Category.FLOWERS}, "category", "pass", True),
        ("fresh_rot", {"category": Category.FOOD}, "category", "pass", True),
        ("fresh_rot", {"category": Category.DIGITAL}, "category", "fail", False),
        ("fresh_rot", {"category": Category.OTHER}, "category", "unknown", None),
        ("deposit_insurance", {"site": Site.TAOBAO}, "site", "pass", True),
        ("deposit_insurance", {}, "site", "unknown", None),
        ("deposit_performance", {}, "site", "pass", True),
        ("deposit_performance", {"site": Site.TAOBAO}, "site", "fail", False),
        ("deposit_performance", {"category": Category.FRESH}, "category", "unknown", True),
    ],
)
def test_a_condition(product: str, change: dict[str, Any], condition: str, state: str, eligible: bool | None) -> None:
    walked = walk(product, replace(GOOD, **change), at=NOW)
    assert states(walked)[condition] == state
    assert walked.eligible is eligible


@pytest.mark.parametrize(
    ("change", "condition", "figure"),
    [
        ({}, Condition.CONSUMER_PROTECTION, "已加入"),
        ({"consumer_protection": False}, Condition.CONSUMER_PROTECTION, "未加入"),
        ({"seven_day_return": False}, Condition.SEVEN_DAY_RETURN, "未支持"),
        ({"risk_rate_bp": 0}, Condition.RISK_RATE, "0%"),
        ({"risk_rate_bp": 2999}, Condition.RISK_RATE, "29.99%"),
        ({"risk_rate_bp": 3000}, Condition.RISK_RATE, "30%"),
        ({"category": Category.FURNITURE}, Condition.BULKY, "家具家装"),
        ({"deposit_fen": 10_050}, Condition.DEPOSIT, "已缴 100.5元，应缴 50000元"),
        ({}, Condition.HISTORY, "近 90 天 400 单，开店 800 天"),
        ({"orders_90d": 0, "opened_at": None}, Condition.HISTORY, "近 90 天 0 单"),
    ],
)
def test_the_shops_own_figure(change: dict[str, Any], condition: Condition, figure: str) -> None:
    walked = walk("freight", replace(GOOD, **change), at=NOW)
    assert [check.figure for check in walked.checks if check.rule.condition is condition] == [figure]


def test_the_limit_of_the_risk_rate_is_written_once() -> None:
    """The condition is the rule by which the insurer stops, and no other rule of freight has its number."""
    [check] = [check for check in walk("freight", GOOD, at=NOW).checks if check.rule.condition is Condition.RISK_RATE]
    assert check.rule is rules.find("freight", "risk_limit")
    others = [rule for rule in rules.rules_of("freight") if rule.percent == check.rule.percent and rule.condition]
    assert others == [check.rule]


# ---------------------------------------------------------------- what is not known
@pytest.mark.parametrize("product", NOT_WALKED)
def test_products_without_conditions_say_so(product: str) -> None:
    with pytest.raises(NoRules, match=product):
        walk(product, GOOD, at=NOW)


def test_every_product_is_in_one_of_the_lists() -> None:
    folders = {path.parent.name for path in Path("knowledge").glob("*/product.yml")}
    assert folders == {*WALKED, *NOT_WALKED} - {"nothing_like_it"}


@given(shop=shops, product=st.sampled_from(WALKED))
def test_deposit_and_history_never_decide(shop: ShopFacts, product: str) -> None:
    """A minimum of orders is known from a single doubtful source only, and a deposit is asked for by none."""
    for check in walk(product, shop, at=NOW).checks:
        if check.rule.condition in (Condition.DEPOSIT, Condition.HISTORY) or check.rule.unsettled:
            assert check.state is State.UNKNOWN
            assert not re.search(r"\d+ ?[笔单]", check.rule.text + check.remedy), "a number that nobody vouches for"


@given(shop=shops, product=st.sampled_from(WALKED))
def test_a_verdict_follows_from_its_checks(shop: ShopFacts, product: str) -> None:
    walked = walk(product, shop, at=NOW)
    found = [check.state for check in walked.checks]
    expected = False if State.FAIL in found else True if State.PASS in found else None
    assert walked.eligible is expected
    for check in walked.checks:
        assert check.name
        assert check.figure
        assert bool(check.remedy) == (check.state is not State.PASS), check.rule.id
        assert check.rule.grade in ("A", "B", "seed")
        assert check.rule.as_of
    assert walked == walk(product, shop, at=NOW), "the same shop gets the same verdict"


@given(shop=shops, product=st.sampled_from(WALKED), higher=st.integers(0, 10_000))
def test_a_higher_risk_rate_never_helps(shop: ShopFacts, product: str, higher: int) -> None:
    worse = replace(shop, risk_rate_bp=min(10_000, shop.risk_rate_bp + higher))
    if walk(product, shop, at=NOW).eligible is False:
        assert walk(product, worse, at=NOW).eligible is False


@given(shop=shops)
def test_joining_what_freight_asks_for_never_harms(shop: ShopFacts) -> None:
    better = replace(shop, consumer_protection=True, seven_day_return=True)
    before, after = walk("freight", shop, at=NOW), walk("freight", better, at=NOW)
    assert len(after.of(State.FAIL)) <= len(before.of(State.FAIL))


# ---------------------------------------------------------------- dates
@pytest.mark.parametrize(("day", "state"), [("2022-12-31T15:59", None), ("2022-12-31T16:00", "fail")])
def test_bulky_goods_left_on_new_years_day_in_shanghai(day: str, state: str | None) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    assert states(walk("freight", replace(GOOD, category=Category.FURNITURE), at=at)).get("bulky") == state


RULE = "grade: B, as_of: '2021', sources: [x], about: eligibility, name: 名, text: 话"


def knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *entries: str) -> None:
    lines = "".join(f"  - {{{entry}, {RULE}}}\n" for entry in entries)
    Tree(tmp_path).write("freight/product.yml", f"{FREIGHT}rules:\n{lines}")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path))


def test_the_newest_rule_of_a_condition_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    knowledge(
        tmp_path,
        monkeypatch,
        "id: new, condition: risk_rate, percent: 20, from: 2024-01-01",
        "id: old, condition: risk_rate, percent: 30",
        "id: next, condition: risk_rate, percent: 10, from: 2027-01-01",
    )
    shop = replace(GOOD, risk_rate_bp=2500)
    assert [check.rule.id for check in walk("freight", shop, at=NOW).checks] == ["new"]
    assert walk("freight", shop, at=NOW).eligible is False
    assert walk("freight", shop, at=datetime(2023, 6, 1, tzinfo=timezone.utc)).eligible is True


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("id: x, condition: colour", "'colour' is not one of"),
        ("id: x, condition: category, excepts: [sofas]", "does not know 'sofas'"),
        ("id: x, condition: site, accepts: [furniture]", "does not know 'furniture'"),
        ("id: x, condition: risk_rate", "needs percent"),
        ("id: x, condition: category, excepts: virtual", "'virtual' is not of type 'array'"),
        ("id: x, condition: history, unsettled: perhaps", "'perhaps' is not one of ['yes', 'no']"),
    ],
)
def test_a_condition_that_cannot_be_walked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, problem: str
) -> None:
    knowledge(tmp_path, monkeypatch, entry)
    with pytest.raises(KnowledgeError, match=re.escape(problem)):
        walk("freight", GOOD, at=NOW)


# ---------------------------------------------------------------- once left
def left(days: float, *, product: str = "freight", then_on: bool = False) -> ShopFacts:
    ended = EnrollmentFacts(product, NOW - timedelta(days=200), NOW - timedelta(days=days), 70)
    on = EnrollmentFacts(product, NOW - timedelta(days=1), None, 70)
    return replace(GOOD, enrollments=(ended, on) if then_on else (ended,))


def test_after_leaving_it_is_waited_as_long_as_a_rule_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "  - {id: x, about: reopen, days: 45, text: 等 45 天, grade: B, as_of: '2021', sources: [x]}\n"
    Tree(tmp_path).write("freight/product.yml", f"{FREIGHT}rules:\n{entry}")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path))
    assert eligibility.reopens_at("freight", left(44), at=NOW) == NOW + timedelta(days=1)
    assert eligibility.reopens_at("freight", left(45), at=NOW) is None
    assert eligibility.reopens_at("freight", GOOD, at=NOW) is None


def test_no_pause_is_made_up() -> None:
    assert eligibility.reopens_at("freight", left(1), at=NOW) is None, "one source of 2014 keeps nobody from opening it"
    assert eligibility.reopens_at("return_care", left(1, product="return_care"), at=NOW) is None
    assert eligibility.reopens_at("freight", left(1, product="return_care"), at=NOW) is None
    assert eligibility.reopens_at("freight", left(1, then_on=True), at=NOW) is None


# ---------------------------------------------------------------- the desk
def test_what_this_desk_opens() -> None:
    assert rules.desk_products() == ("freight", "return_care", "trade_protection", "material_fidelity")
    for product in rules.desk_products():
        desk = rules.desk_of(product)
        assert desk.agreement
        assert desk.start
        assert desk.grade in ("A", "B", "seed"), "terms are read out, so they have a source"
        assert desk.sources
        assert not desk.term, "how long the agreement runs is known from a doubtful source only"


def test_what_is_not_known_of_leaving_is_not_said() -> None:
    assert "下一笔" in rules.desk_of("freight").leave
    assert rules.desk_of("return_care").leave == ""


@pytest.mark.parametrize("product", [*NOT_WALKED, *WALKED])
def test_what_is_not_opened_here_has_a_place_to_go(product: str) -> None:
    desk = rules.desk_of(product)
    assert desk.where
    assert not desk.where.endswith("。")
    assert desk.withdrawn == (product in ("order_insurance", "bulky_aftersale"))


def test_a_desk_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tree(tmp_path).write("freight/product.yml", f"{FREIGHT}desk: {{enable: yes, colour: blue}}\n")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path))
    with pytest.raises(KnowledgeError, match="colour"):
        rules.desk_of("freight")
