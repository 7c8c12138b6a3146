"""What would it cost this shop? An estimate from dated tables and rates, in whole fen, with what it rests on.

How a product is priced follows from what its product.yml has, the first of
 - a table about `premium`: fen an order by risk rate, lowered by `premium_cut`, doubted by `premium_reported`;
 - `premium_ratio`: so many per cent below what the product `freight` costs the same shop;
 - `premium_rate`: a share of the order's amount, up to a limit;
 - `deposit_rate`: a share of the deposit due, a year.
Pure. Low is rounded down and high up, so the range never claims more than its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from actions.desk import rules
from actions.desk.eligibility import reaches
from actions.desk.rules import NoRules
from actions.policydb.facts import ShopFacts
from knowledge.rules import Row, Rule, Table
from xiaoer.clock import local

COMPARED_WITH = "freight"  # what the platform measured 退货宝 against


class Per(str, Enum):
    """What a price is for."""

    ORDER = "order"
    YEAR = "year"


@dataclass(frozen=True)
class Saving:
    """What the next lower step of the table would save a month, and the risk rate it ends at (itself included)."""

    risk_rate_bp: int
    month_low_fen: int
    month_high_fen: int


@dataclass(frozen=True)
class Quote:
    """An estimate. low_fen, high_fen: an order or a year; None when refused. month_*: at orders_30d, None a year.

    rules: what it rests on, the deciding one first (the table's included); row: the step of the table; cut, reported:
    what came after the table, officially and from merchants; half_year_fen: where half a year can be bought; refused:
    the rule by which the shop cannot have it at present, so there is no price.
    """

    product: str
    per: Per
    low_fen: int | None
    high_fen: int | None
    orders_30d: int
    risk_rate_bp: int
    rules: tuple[Rule, ...]
    month_low_fen: int | None = None
    month_high_fen: int | None = None
    row: Row | None = None
    table: Table | None = None
    cut: Rule | None = None
    reported: Rule | None = None
    saving: Saving | None = None
    half_year_fen: int | None = None
    refused: Rule | None = None

    @property
    def conflict(self) -> str:
        """What speaks against the official cut, without a full stop; "" where nothing does."""
        if self.cut is None or self.reported is None:
            return ""
        return f"{self.reported.text}，高于官方下调时公布的最高价，没有更新的官方费率表，实际可能比这里估的高"


def quote(product: str, shop: ShopFacts, *, at: datetime) -> Quote:
    """The price of a product for a shop by what holds on the day of `at`; refused at the limit of its risk rate.

    Raises NoRules where there is nothing to work a price out from.
    """
    day = local(at).date()
    limit = rules.find(product, "risk_limit", on=day)
    if limit and reaches(limit, shop.risk_rate_bp):
        return Quote(product, Per.ORDER, None, None, shop.orders_30d, shop.risk_rate_bp, (limit,), refused=limit)
    if table := rules.find_table(product, "premium", on=day):
        return _by_table(table, shop, day)
    if ratio := rules.find(product, "premium_ratio", on=day):
        return _below(ratio, quote(COMPARED_WITH, shop, at=at))
    if rate := rules.find(product, "premium_rate", on=day):
        return _of_the_order(rate, shop)
    if rate := rules.find(product, "deposit_rate", on=day):
        return _of_the_deposit(rate, shop)
    raise NoRules(f"{product} has no table and no rate; add one to its product.yml")


def is_priced(product: str, *, on: date) -> bool:
    """Whether a price can be worked out from the shop's figures at all."""
    rates = ("premium_ratio", "premium_rate", "deposit_rate")
    return rules.find_table(product, "premium", on=on) is not None or any(
        rules.find(product, rate, on=on) for rate in rates
    )


def _by_table(table: Table, shop: ShopFacts, day: date) -> Quote:
    """The step of the table; after the cut, that less the average cut up to that in full."""
    row = table.row(shop.risk_rate_bp, shop.orders_90d)
    if row is None:
        raise NoRules(f"{table.rule.id} ends below a risk rate of {shop.risk_rate_bp} bp")
    product = table.rule.product
    cut = rules.find(product, "premium_cut", on=day)
    reported = rules.find(product, "premium_reported", on=day)
    low, high = _after(cut, reported, row, table)
    others = (rules.find(product, "premium_basis", on=day), cut, reported)
    return Quote(
        product,
        Per.ORDER,
        low,
        high,
        shop.orders_30d,
        shop.risk_rate_bp,
        (table.rule, *(rule for rule in others if rule)),
        month_low_fen=low * shop.orders_30d,
        month_high_fen=high * shop.orders_30d,
        row=row,
        table=table,
        cut=cut,
        reported=reported,
        saving=_saving(table, row, cut, shop),
    )


def _after(cut: Rule | None, reported: Rule | None, row: Row, table: Table) -> tuple[int, int]:
    """A step's range after the cut: from less the average to the step itself, which nobody pays more than by it.

    The lowest step was cut to a sum that is known. Where the cut's own ceiling would bind, the reports contradict it,
    so the range goes up to them.
    """
    if cut is None:
        return row.fen, row.fen
    low = row.fen * (100 - (cut.percent or 0)) // 100
    if cut.min_fen is not None and row.fen == table.lowest_fen:
        low = cut.min_fen
    if cut.max_fen is None or row.fen <= cut.max_fen:
        return low, row.fen
    return low, reported.max_fen if reported and reported.max_fen else cut.max_fen


def _saving(table: Table, row: Row, cut: Rule | None, shop: ShopFacts) -> Saving | None:
    """The step below that costs less; None on the lowest, and for a shop that sold nothing."""
    cheaper = [each for each in table.rows if each.fen < row.fen and shop.orders_90d >= each.orders_from]
    if not cheaper or not shop.orders_30d:
        return None
    next_lower = max(cheaper, key=lambda each: (each.fen, each.up_to_bp))
    difference = (row.fen - next_lower.fen) * shop.orders_30d
    remaining = 100 - (cut.percent or 0) if cut else 100
    return Saving(next_lower.up_to_bp, difference * remaining // 100, difference)


def _below(ratio: Rule, compared: Quote) -> Quote:
    """So many per cent less than another product costs the same shop."""
    if compared.low_fen is None or compared.high_fen is None:
        raise NoRules(f"{ratio.id} compares with {compared.product}, which has no price for this shop")
    low = compared.low_fen * (100 - (ratio.most_percent or 0)) // 100
    high = -(-compared.high_fen * (100 - (ratio.percent or 0)) // 100)
    return Quote(
        ratio.product,
        Per.ORDER,
        low,
        high,
        compared.orders_30d,
        compared.risk_rate_bp,
        (ratio, *compared.rules),
        month_low_fen=low * compared.orders_30d,
        month_high_fen=high * compared.orders_30d,
        row=compared.row,
        table=compared.table,
        cut=compared.cut,
        reported=compared.reported,
    )


def _of_the_order(rate: Rule, shop: ShopFacts) -> Quote:
    """A share of what the shop's orders cost on average; up to the limit's share for a shop without orders."""
    rate_bp = _rate(rate)
    most = None if rate.max_fen is None else rate.max_fen * rate_bp
    if shop.orders_30d:
        share, parts = shop.amount_30d_fen * rate_bp, shop.orders_30d
        if most is not None:
            share = min(share, most * parts)
        low, high = share // (parts * 10_000), -(-share // (parts * 10_000))
    elif most is not None:
        low, high = 0, -(-most // 10_000)
    else:
        raise NoRules(f"{rate.id} is a share of the order, and the shop had none in the last 30 days")
    return Quote(
        rate.product,
        Per.ORDER,
        low,
        high,
        shop.orders_30d,
        shop.risk_rate_bp,
        (rate,),
        month_low_fen=low * shop.orders_30d,
        month_high_fen=high * shop.orders_30d,
    )


def _of_the_deposit(rate: Rule, shop: ShopFacts) -> Quote:
    """A share of the deposit due, a year."""
    rate_bp, due = _rate(rate), shop.deposit_due_fen
    if not due:
        raise NoRules(f"{rate.id} is a share of the deposit, and the shop's row says of none that is due")
    return Quote(
        rate.product,
        Per.YEAR,
        due * rate_bp // 10_000,
        -(-due * rate_bp // 10_000),
        shop.orders_30d,
        shop.risk_rate_bp,
        (rate,),
        half_year_fen=None if rate.half_year_bp is None else -(-due * rate.half_year_bp // 10_000),
    )


def _rate(rule: Rule) -> int:
    if rule.rate_bp is None:
        raise NoRules(f"{rule.id} has no rate_bp; add it to product.yml")
    return rule.rate_bp
