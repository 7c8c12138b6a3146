"""The dated rules that decide, from the keys `rules:`, `tables:` and `desk:` of knowledge/<product>/product.yml.

A rule says what it is about, from which day it holds, in which words people are told, and how sure it is (grade,
as-of, sources). A table is a rule with rows. `actions.desk` decides by them and has no period and no amount of its own:
correct the file, and the next answer follows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, NamedTuple


class Category(str, Enum):
    """A shop's main category (主营类目), as coarse as the conditions of the insurances need it."""

    CLOTHING = "clothing"
    FURNITURE = "furniture"
    FRESH = "fresh"
    FLOWERS = "flowers"
    FOOD = "food"
    DIGITAL = "digital"
    VIRTUAL = "virtual"
    OTHER = "other"


class Site(str, Enum):
    """Where a shop is: 天猫 or 淘宝 (C 店)."""

    TMALL = "tmall"
    TAOBAO = "taobao"


class Condition(str, Enum):
    """What a rule asks of a shop before it may have a product (准入条件)."""

    CONSUMER_PROTECTION = "consumer_protection"
    SEVEN_DAY_RETURN = "seven_day_return"
    RISK_RATE = "risk_rate"
    CATEGORY = "category"
    BULKY = "bulky"
    SITE = "site"
    DEPOSIT = "deposit"
    HISTORY = "history"


# What a rule can be about: the questions that the desk asks.
ABOUT = (
    *("issue", "void", "confirm", "validity", "once", "exchange", "real_return", "refused_delivery", "shared_parcel"),
    *("refusal", "amount", "overweight", "difference", "payout_time", "offset", "appeal", "appeal_time"),
    *("risk_limit", "eligibility", "reopen", "withdrawn"),
    *("premium", "premium_basis", "premium_cut", "premium_reported", "premium_ratio", "premium_rate", "deposit_rate"),
)


@dataclass(frozen=True)
class Rule:
    """One clause. text: what people are told, without a full stop; caveat: where pages differ.

    Numbers, None where the clause has none: days (after shipping, or after leaving), hours and fast_hours (after the
    refund), min_fen, max_fen, first_weight_g, percent and most_percent, rate_bp (hundredths of a per cent; of an order
    or, a year, of a deposit) and half_year_bp. covers: the case is covered; fixed: the sum is paid whatever the
    freight was.

    A rule with a condition is asked of a shop, under a short name, with a remedy for who fails it. accepts, excepts:
    categories or sites that pass or fail, perhaps: those where a finer division decides that a shop's row does not
    have. unsettled: nobody reliable says whether it is asked for, so it neither passes nor fails.
    """

    id: str
    product: str
    about: str
    text: str
    grade: str
    as_of: str
    sources: tuple[str, ...]
    effective_from: date = date.min
    caveat: str = ""
    days: int | None = None
    hours: int | None = None
    fast_hours: int | None = None
    max_fen: int | None = None
    first_weight_g: int | None = None
    percent: int | None = None
    min_fen: int | None = None
    most_percent: int | None = None
    rate_bp: int | None = None
    half_year_bp: int | None = None
    covers: bool = False
    fixed: bool = False
    condition: Condition | None = None
    name: str = ""
    remedy: str = ""
    accepts: tuple[str, ...] = ()
    excepts: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    unsettled: bool = False


@dataclass(frozen=True)
class Row:
    """A step of a rate table: what an order costs up to a risk rate, for shops with enough orders a quarter.

    up_to_bp: the highest risk rate of the step, itself included; derived: no source states it, it lies between two
    that are stated.
    """

    up_to_bp: int
    fen: int
    orders_from: int = 0
    derived: bool = False


@dataclass(frozen=True)
class Table:
    """A dated rate table. rule: what it is, since when, and how sure that is; rows: from the lowest step up."""

    rule: Rule
    rows: tuple[Row, ...]

    @property
    def lowest_fen(self) -> int:
        """The price of the lowest step."""
        return min(row.fen for row in self.rows)

    def row(self, risk_rate_bp: int, orders: int) -> Row | None:
        """The step of a risk rate and a number of orders in the last quarter; None above the last step."""
        fitting = (row for row in self.rows if risk_rate_bp <= row.up_to_bp and orders >= row.orders_from)
        return next(fitting, None)


@dataclass(frozen=True)
class Desk:
    """What this desk does with a product for a seller, and on which terms; "" where nothing reliable is known.

    enable: it opens and closes it; withdrawn: nobody can have it any more; instead: the product to look at then;
    where: where to do it when not here. Texts are without a full stop.
    """

    product: str
    enable: bool = False
    withdrawn: bool = False
    scope: str = ""
    agreement: str = ""
    start: str = ""
    leave: str = ""
    term: str = ""
    where: str = ""
    instead: str = ""
    grade: str = ""
    as_of: str = ""
    sources: tuple[str, ...] = ()


NUMBERS = (
    *("days", "hours", "fast_hours", "max_fen", "first_weight_g", "percent"),
    *("min_fen", "most_percent", "rate_bp", "half_year_bp"),
)
FLAGS = ("covers", "fixed", "unsettled")
LISTS = ("accepts", "excepts", "perhaps")
_VALUES: dict[str, Any] = {
    **dict.fromkeys(NUMBERS, int),
    **dict.fromkeys((*FLAGS, "enable", "withdrawn", "derived"), lambda said: said == "yes"),
    **dict.fromkeys((*LISTS, "sources"), tuple),
    **dict.fromkeys(("up_to_bp", "fen", "orders_from"), int),
    "condition": Condition,
    "from": date.fromisoformat,
}


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A checked entry of the file, each value as its type."""
    named = {"from": "effective_from"}
    return {named.get(key, key): _VALUES.get(key, str)(value) for key, value in entry.items()}


def rule_of(product: str, entry: Mapping[str, Any]) -> Rule:
    """A rule from what the file says of it, which is checked (schema.PRODUCT, `faults`)."""
    return Rule(product=product, **_fields(entry))


def table_of(product: str, entry: Mapping[str, Any]) -> Table:
    """A table from what the file says of it, which is checked."""
    described = {key: value for key, value in entry.items() if key != "rows"}
    return Table(rule_of(product, described), tuple(Row(**_fields(row)) for row in entry["rows"]))


def desk_of(product: str, entry: Mapping[str, Any]) -> Desk:
    """What the desk does with a product, from what the file says of it, which is checked; nothing where it says nothing."""
    return Desk(product, **_fields(entry))


# ---------------------------------------------------------------- what a schema cannot say


class Fault(NamedTuple):
    """Something wrong in a product.yml: where (keys and indexes that lead there), what, and what to do."""

    where: tuple[str | int, ...]
    problem: str
    remedy: str


def faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the rules and tables of a product.yml that has the shape of its schema."""
    entries = [((key, n), entry) for key in ("rules", "tables") for n, entry in enumerate(data.get(key, ()))]
    counts = Counter(entry["id"] for _, entry in entries)
    for where, entry in entries:
        for fault in _faults(entry):
            yield Fault((*where, *fault.where), f"{entry['id']}: {fault.problem}", fault.remedy)
        if counts[entry["id"]] > 1:
            yield Fault((*where, "id"), f"the id {entry['id']!r} is there twice", "Give each its own.")


def _faults(entry: Mapping[str, Any]) -> Iterator[Fault]:
    if "from" in entry and not _is_day(entry["from"]):
        yield Fault(("from",), f"there is no day {entry['from']}", "Write a day of the calendar, YYYY-MM-DD.")
    if "condition" in entry:
        yield from _of_a_condition(entry, Condition(entry["condition"]))
    steps = [int(row["up_to_bp"]) for row in entry.get("rows", ())]
    if steps != sorted(steps):
        yield Fault(("rows",), "rows are not in the order of up_to_bp", "Begin with the lowest step.")


def _of_a_condition(entry: Mapping[str, Any], condition: Condition) -> Iterator[Fault]:
    """What a shop can be held against is complete."""
    if not entry.get("name"):
        yield Fault(("condition",), "a condition needs a name", "Add `name`, a few characters that people are told.")
    known = _values_of(Site if condition is Condition.SITE else Category)
    for key in LISTS:
        for n, value in enumerate(entry.get(key, ())):
            if value not in known:
                problem = f"{key} does not know {value!r} where the condition is {condition.value}"
                yield Fault((key, n), problem, f"Use some of {', '.join(known)}.")
    if condition is Condition.RISK_RATE and "percent" not in entry and entry.get("unsettled") != "yes":
        problem = "a risk rate needs percent, or unsettled: yes"
        yield Fault(("condition",), problem, "Write the limit, or that nobody reliable states one.")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _values_of(kind: type[Enum]) -> Sequence[str]:
    return [str(each.value) for each in kind]
