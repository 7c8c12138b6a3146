"""Estimates: exact to the fen, never lower for a riskier shop, each step of the table at its boundaries."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.desk import quotes, rules
from actions.desk.quotes import Per, Quote, Saving, quote
from actions.desk.rules import NoRules
from actions.policydb.facts import ShopFacts
from tests.knowledge.tree import FREIGHT, Tree
from xiaoer.errors import KnowledgeError

NOW = datetime(2026, 11, 23, 4, tzinfo=timezone.utc)
BEFORE_THE_CUT = datetime(2021, 5, 23, 15, 59, tzinfo=timezone.utc)  # 23:59 in Shanghai
AFTER_THE_CUT = datetime(2021, 5, 23, 16, tzinfo=timezone.utc)  # the 24th has begun there
SHOP = ShopFacts(
    *("shop", "店", 620, True, True),
    orders_30d=200,
    orders_90d=450,
    amount_30d_fen=3_000_000,
    deposit_due_fen=5_000_000,
)
PRICED = ("freight", "return_care", "damage", "deposit_insurance", "deposit_performance")
below_the_limit = st.integers(0, 2999)
counts = st.integers(0, 1_000_000)


def shop(risk_rate_bp: int, orders_30d: int = 200, orders_90d: int = 450) -> ShopFacts:
    return replace(SHOP, risk_rate_bp=risk_rate_bp, orders_30d=orders_30d, orders_90d=orders_90d)


def prices(product: str, of: ShopFacts, at: datetime = NOW) -> tuple[int, int]:
    found = quote(product, of, at=at)
    assert found.low_fen is not None
    assert found.high_fen is not None
    return found.low_fen, found.high_fen


# ---------------------------------------------------------------- the table
# Highest risk rate of the step (bp), its price (fen); what the source states, not what lies between.
STATED = [(100, 30), (200, 30), (300, 40), (1000, 110), (1500, 170), (2000, 230), (2500, 300), (2900, 330)]


@pytest.mark.parametrize(("up_to_bp", "fen"), STATED)
def test_the_stated_steps_before_the_cut(up_to_bp: int, fen: int) -> None:
    for risk_rate_bp in (up_to_bp - 1, up_to_bp):
        found = quote("freight", shop(risk_rate_bp), at=BEFORE_THE_CUT)
        assert (found.low_fen, found.high_fen) == (fen, fen)
        assert found.row is not None
        assert not found.row.derived
    above = quote("freight", shop(up_to_bp + 1), at=BEFORE_THE_CUT)
    assert above.row is not None
    assert above.row.up_to_bp > up_to_bp


@pytest.mark.parametrize("up_to_bp", [row.up_to_bp for row in rules.tables_of("freight")[0].rows])
def test_every_boundary_belongs_to_the_lower_step(up_to_bp: int) -> None:
    at, beyond = (quote("freight", shop(bp), at=BEFORE_THE_CUT) for bp in (up_to_bp, up_to_bp + 1))
    if up_to_bp == 3000:
        assert at.refused
        assert beyond.refused
        return
    assert at.row is not None
    assert at.row.up_to_bp == up_to_bp
    assert beyond.row is not None
    assert beyond.row.up_to_bp > up_to_bp


def test_steps_between_stated_ones_are_marked_and_rise_about_as_the_source_says() -> None:
    rows = [row for row in rules.tables_of("freight")[0].rows if not row.orders_from]
    assert {row.up_to_bp for row in rows if not row.derived} == {bp for bp, _ in STATED}
    for row, above in itertools.pairwise(rows):
        assert row.up_to_bp < above.up_to_bp
        assert 0 <= above.fen - row.fen <= 30
    for row in rows:
        lower = max((fen for bp, fen in STATED if bp <= row.up_to_bp), default=0)
        upper = min((fen for bp, fen in STATED if bp >= row.up_to_bp), default=330)
        assert lower <= row.fen <= upper, row


@pytest.mark.parametrize(
    ("risk_rate_bp", "orders_90d", "fen"),
    [(100, 500, 15), (100, 499, 30), (0, 500, 15), (101, 500, 30), (101, 499, 30)],
)
def test_many_orders_a_quarter_make_the_lowest_step_cheaper(risk_rate_bp: int, orders_90d: int, fen: int) -> None:
    assert prices("freight", shop(risk_rate_bp, 1, orders_90d), BEFORE_THE_CUT) == (fen, fen)


# ---------------------------------------------------------------- after the cut
@pytest.mark.parametrize(
    ("risk_rate_bp", "orders_90d", "expected"),
    [
        (100, 500, (1, 15)),  # the lowest price is known
        (100, 499, (22, 30)),
        (620, 450, (60, 80)),
        (2500, 450, (225, 300)),
        (2501, 450, (232, 500)),  # above the ceiling that the reports contradict
        (2999, 450, (247, 500)),
    ],
)
def test_today(risk_rate_bp: int, orders_90d: int, expected: tuple[int, int]) -> None:
    assert prices("freight", shop(risk_rate_bp, 200, orders_90d)) == expected


def test_the_cut_came_on_its_day_and_the_reports_later() -> None:
    assert quote("freight", shop(620), at=BEFORE_THE_CUT).cut is None
    after = quote("freight", shop(2999), at=AFTER_THE_CUT)
    assert (after.low_fen, after.high_fen) == (247, 300)
    assert after.cut is not None
    assert after.reported is None
    assert after.conflict == ""


def test_the_conflict_is_named() -> None:
    found = quote("freight", shop(620), at=NOW)
    assert "约 5 元" in found.conflict
    assert "可能比这里估的高" in found.conflict
    assert {rule.id for rule in found.rules} >= {
        "freight.premium.ladder",
        "freight.premium_cut",
        "freight.premium_reported",
    }
    assert {rule.grade for rule in found.rules} <= {"A", "B", "seed"}


@pytest.mark.parametrize(("risk_rate_bp", "refused"), [(2999, False), (3000, True), (3001, True), (10_000, True)])
def test_at_30_per_cent_there_is_no_price(risk_rate_bp: int, refused: bool) -> None:
    found = quote("freight", shop(risk_rate_bp), at=NOW)
    assert (found.refused is not None) is refused
    assert (found.low_fen is None) is refused
    if refused:
        assert found.rules == (rules.find("freight", "risk_limit"),)
        assert found.high_fen is found.month_low_fen is found.month_high_fen is found.saving is None


# ---------------------------------------------------------------- what lowering it saves
@pytest.mark.parametrize(
    ("risk_rate_bp", "orders_30d", "orders_90d", "saving"),
    [
        (620, 200, 450, Saving(600, 1500, 2000)),  # 10 fen an order less, of which a quarter was cut
        (1500, 10, 450, Saving(1400, 150, 200)),
        (3000 - 1, 10, 450, Saving(2700, 75, 100)),
        (150, 100, 500, Saving(100, 1125, 1500)),  # 30 -> 15 with enough orders
        (150, 100, 499, None),  # 1-2 % costs as much as below 1 %
        (100, 100, 500, None),
        (620, 0, 450, None),
    ],
)
def test_savings(risk_rate_bp: int, orders_30d: int, orders_90d: int, saving: Saving | None) -> None:
    assert quote("freight", shop(risk_rate_bp, orders_30d, orders_90d), at=NOW).saving == saving


@given(risk=below_the_limit, orders_30d=counts, orders_90d=counts)
def test_a_saving_leads_to_a_cheaper_step(risk: int, orders_30d: int, orders_90d: int) -> None:
    found = quote("freight", shop(risk, orders_30d, orders_90d), at=BEFORE_THE_CUT)
    if found.saving is None:
        return
    there = quote("freight", shop(found.saving.risk_rate_bp, orders_30d, orders_90d), at=BEFORE_THE_CUT)
    assert found.saving.risk_rate_bp < risk
    assert found.month_high_fen is not None
    assert there.month_high_fen is not None
    assert found.month_high_fen - there.month_high_fen == found.saving.month_high_fen
    one_above = quote("freight", shop(found.saving.risk_rate_bp + 1, orders_30d, orders_90d), at=BEFORE_THE_CUT)
    assert one_above.high_fen == found.high_fen, "the very next step, not one further down"


# ---------------------------------------------------------------- properties
def whole(found: Quote) -> bool:
    amounts = (found.low_fen, found.high_fen, found.month_low_fen, found.month_high_fen, found.half_year_fen)
    return all(amount is None or (type(amount) is int and amount >= 0) for amount in amounts)


@given(
    product=st.sampled_from(PRICED),
    risk=below_the_limit,
    orders_30d=counts,
    orders_90d=counts,
    amount=st.integers(0, 10**11),
    due=st.integers(1, 10**9),
)
def test_fen_exact(product: str, risk: int, orders_30d: int, orders_90d: int, amount: int, due: int) -> None:
    of = replace(shop(risk, orders_30d, orders_90d), amount_30d_fen=amount, deposit_due_fen=due)
    found = quote(product, of, at=NOW)
    assert whole(found)
    assert found.low_fen is not None
    assert found.high_fen is not None
    assert found.low_fen <= found.high_fen
    if found.per is Per.ORDER:
        assert found.month_low_fen == found.low_fen * orders_30d
        assert found.month_high_fen == found.high_fen * orders_30d
    else:
        assert found.month_low_fen is found.month_high_fen is None
    if found.saving:
        assert 0 < found.saving.month_low_fen <= found.saving.month_high_fen


@given(
    product=st.sampled_from(PRICED),
    one=below_the_limit,
    other=below_the_limit,
    orders_90d=counts,
    at=st.sampled_from([BEFORE_THE_CUT, AFTER_THE_CUT, NOW]),
)
def test_a_riskier_shop_never_pays_less(product: str, one: int, other: int, orders_90d: int, at: datetime) -> None:
    if product == "return_care" and at != NOW:
        return
    lower, higher = sorted((one, other))
    less, more = (prices(product, shop(risk, 200, orders_90d), at) for risk in (lower, higher))
    assert less[0] <= more[0]
    assert less[1] <= more[1]


@given(risk=st.integers(3000, 10_000))
def test_a_shop_above_the_limit_is_always_refused(risk: int) -> None:
    assert quote("freight", shop(risk), at=NOW).refused is rules.find("freight", "risk_limit")


# ---------------------------------------------------------------- the other products
@given(risk=below_the_limit, orders_90d=counts)
def test_return_care_is_10_to_30_per_cent_below_freight(risk: int, orders_90d: int) -> None:
    low, high = prices("freight", shop(risk, 200, orders_90d))
    care_low, care_high = prices("return_care", shop(risk, 200, orders_90d))
    assert care_low == low * 70 // 100
    assert 0 <= care_high * 100 - high * 90 < 100, "rounded up by less than a fen"


def test_return_care_says_what_it_is_derived_from() -> None:
    found = quote("return_care", SHOP, at=NOW)
    assert found.rules[0].id == "return_care.premium_ratio"
    assert "freight.premium.ladder" in {rule.id for rule in found.rules}
    assert found.saving is None
    with pytest.raises(NoRules, match="no price"):
        quote("return_care", shop(3000), at=NOW)
    with pytest.raises(NoRules):
        quote("return_care", SHOP, at=datetime(2024, 9, 1, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("orders_30d", "amount_fen", "expected"),
    [
        (200, 3_000_000, (15, 15)),  # 150 yuan on average
        (3, 46_000, (15, 16)),
        (1, 60_000, (60, 60)),
        (1, 60_001, (60, 60)),  # the limit is 600 yuan
        (2, 1_000_000, (60, 60)),
        (1, 0, (0, 0)),
        (0, 0, (0, 60)),  # no order to go by
    ],
)
def test_damage_is_a_thousandth_of_the_order(orders_30d: int, amount_fen: int, expected: tuple[int, int]) -> None:
    of = replace(SHOP, orders_30d=orders_30d, amount_30d_fen=amount_fen)
    assert prices("damage", of) == expected


@pytest.mark.parametrize(
    ("product", "due_fen", "expected", "half_year_fen"),
    [
        ("deposit_insurance", 100_000, (3000, 3000), 1800),
        ("deposit_insurance", 33, (0, 1), 1),
        ("deposit_performance", 5_000_000, (150_000, 150_000), None),
    ],
)
def test_deposits(product: str, due_fen: int, expected: tuple[int, int], half_year_fen: int | None) -> None:
    found = quote(product, replace(SHOP, deposit_due_fen=due_fen), at=NOW)
    assert found.per is Per.YEAR
    assert (found.low_fen, found.high_fen) == expected
    assert found.half_year_fen == half_year_fen


def test_no_deposit_due_gives_no_price() -> None:
    with pytest.raises(NoRules, match="none that is due"):
        quote("deposit_insurance", replace(SHOP, deposit_due_fen=0), at=NOW)


def test_every_other_product_has_no_price() -> None:
    every = {path.parent.name for path in Path("knowledge").glob("*/product.yml")}
    assert {product for product in every if quotes.is_priced(product, on=NOW.date())} == set(PRICED)
    for product in every - set(PRICED):
        with pytest.raises(NoRules, match=product):
            quote(product, SHOP, at=NOW)


# ---------------------------------------------------------------- files
HEAD = "id: t, about: premium, text: 表, grade: B, as_of: '2021', sources: [x]"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("[{up_to_bp: 200, fen: 2}, {up_to_bp: 100, fen: 1}]", "order of up_to_bp"),
        ("[{up_to_bp: 200}]", "'fen' is a required property"),
        ("[{up_to_bp: 200, fen: 0.5}]", "rows/0/fen: expected a whole number"),
        ("[]", "too short"),
        ("3", "not of type 'array'"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str, problem: str
) -> None:
    Tree(tmp_path).write("freight/product.yml", f"{FREIGHT}tables:\n  - {{{HEAD}, rows: {rows}}}\n")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path))
    with pytest.raises(KnowledgeError, match=problem):
        quote("freight", SHOP, at=NOW)


def test_a_newer_table_takes_over_on_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        f"{FREIGHT}tables:\n  - {{{HEAD.replace('id: t', 'id: new')}, from: 2026-11-23, rows: [{{up_to_bp: 900, fen: 7}}]}}\n"
        f"  - {{{HEAD}, rows: [{{up_to_bp: 900, fen: 5}}]}}\n"
    )
    Tree(tmp_path).write("freight/product.yml", text)
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path))
    assert prices("freight", SHOP, datetime(2026, 11, 22, 15, 59, tzinfo=timezone.utc)) == (5, 5)
    assert prices("freight", SHOP, datetime(2026, 11, 22, 16, tzinfo=timezone.utc)) == (7, 7)
    with pytest.raises(NoRules, match="ends below"):
        quote("freight", shop(901), at=NOW)
