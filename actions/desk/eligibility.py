"""May this shop have the product? Each condition of product.yml against the shop's own row, with the rule it rests on.

`walk` looks at nothing but its arguments and the rules. What nobody reliable says, or what a shop's row cannot tell,
is unknown: shown with the shop's own figure and where to look, and neither for nor against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from actions.desk import rules
from actions.desk.rules import NoRules
from actions.policydb.facts import EnrollmentFacts, ShopFacts
from knowledge.rules import Category, Condition, Rule, Site
from xiaoer.clock import local

CATEGORY_NAMES = {
    Category.CLOTHING: "服饰鞋包",
    Category.FURNITURE: "家具家装",
    Category.FRESH: "生鲜",
    Category.FLOWERS: "鲜花绿植",
    Category.FOOD: "食品",
    Category.DIGITAL: "3C 数码",
    Category.VIRTUAL: "虚拟商品",
    Category.OTHER: "其他",
}
SITE_NAMES = {Site.TMALL: "天猫店", Site.TAOBAO: "淘宝店"}


class State(str, Enum):
    """What became of one condition."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One condition walked. figure: the shop's own, in Chinese; remedy: what to do about a failing or unknown one."""

    rule: Rule
    name: str
    state: State
    figure: str
    remedy: str = ""


@dataclass(frozen=True)
class Eligibility:
    """Every condition of one product, in the order of product.yml."""

    product: str
    checks: tuple[Check, ...]

    @property
    def eligible(self) -> bool | None:
        """False when one fails, None when none is known to decide by, else True."""
        states = {check.state for check in self.checks}
        if State.FAIL in states:
            return False
        return True if State.PASS in states else None

    def of(self, state: State) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(check for check in self.checks if check.state is state)


def walk(product: str, shop: ShopFacts, *, at: datetime) -> Eligibility:
    """The conditions of a product as they hold on the day of `at`. Raises NoRules where none is known."""
    conditions = _conditions(product, local(at).date())
    if not conditions:
        raise NoRules(f"{product} has no rule with a condition; add one to its product.yml")
    return Eligibility(product, tuple(_check(rule, shop, at) for rule in conditions))


def reaches(limit: Rule, risk_rate_bp: int) -> bool:
    """Whether a risk rate is at or above the limit, where the product ends."""
    return limit.percent is not None and risk_rate_bp >= limit.percent * 100


def running(shop: ShopFacts, product: str) -> EnrollmentFacts | None:
    """The shop's enrolment in a product that is on now."""
    return next((each for each in shop.enrollments if each.product == product and each.ended_at is None), None)


def reopens_at(product: str, shop: ShopFacts, *, at: datetime) -> datetime | None:
    """When a product that the shop left may be opened again; None: now, for all that is known."""
    pause = rules.find(product, "reopen", on=local(at).date())
    ends = [each.ended_at for each in shop.enrollments if each.product == product and each.ended_at is not None]
    if pause is None or pause.days is None or not ends or running(shop, product):
        return None
    opens = max(ends) + timedelta(days=pause.days)
    return opens if opens > at else None


def _conditions(product: str, day: date) -> list[Rule]:
    """Of several rules with one condition, the newest whose day has come."""
    newest: dict[Condition, Rule] = {}
    for rule in rules.rules_of(product):
        if rule.condition is None or rule.effective_from > day:
            continue
        earlier = newest.get(rule.condition)
        if earlier is None or rule.effective_from >= earlier.effective_from:
            newest[rule.condition] = rule
    return list(newest.values())


def _check(rule: Rule, shop: ShopFacts, at: datetime) -> Check:
    assert rule.condition is not None, "only rules with a condition are walked"
    decide = _DECIDE.get(rule.condition)
    state = State.UNKNOWN if rule.unsettled or decide is None else decide(rule, shop)
    remedy = "" if state is State.PASS else rule.remedy or rules.where_to_look(rule.product, "seller_eligibility")
    return Check(rule, rule.name, state, _FIGURES[rule.condition](shop, at), remedy)


def _yes(holds: bool) -> State:
    return State.PASS if holds else State.FAIL


def _listed(rule: Rule, value: str) -> State:
    """excepts, then perhaps, then accepts; without accepts everything else passes."""
    if value in rule.excepts:
        return State.FAIL
    if value in rule.perhaps:
        return State.UNKNOWN
    return _yes(not rule.accepts or value in rule.accepts)


# Deposit and history have no rule that a shop could be held against: they stay unknown.
_DECIDE: dict[Condition, Callable[[Rule, ShopFacts], State]] = {
    Condition.CONSUMER_PROTECTION: lambda rule, shop: _yes(shop.consumer_protection),
    Condition.SEVEN_DAY_RETURN: lambda rule, shop: _yes(shop.seven_day_return),
    Condition.RISK_RATE: lambda rule, shop: _yes(not reaches(rule, shop.risk_rate_bp)),
    Condition.CATEGORY: lambda rule, shop: _listed(rule, shop.category.value),
    Condition.BULKY: lambda rule, shop: _listed(rule, shop.category.value),
    Condition.SITE: lambda rule, shop: _listed(rule, shop.site.value),
}


def _yuan(fen: int) -> str:
    return f"{(Decimal(fen) / 100).normalize():f}元"


def _history(shop: ShopFacts, at: datetime) -> str:
    opened = f"，开店 {(at - shop.opened_at).days} 天" if shop.opened_at else ""
    return f"近 90 天 {shop.orders_90d} 单{opened}"


_FIGURES: dict[Condition, Callable[[ShopFacts, datetime], str]] = {
    Condition.CONSUMER_PROTECTION: lambda shop, at: "已加入" if shop.consumer_protection else "未加入",
    Condition.SEVEN_DAY_RETURN: lambda shop, at: "已支持" if shop.seven_day_return else "未支持",
    Condition.RISK_RATE: lambda shop, at: f"{(Decimal(shop.risk_rate_bp) / 100).normalize():f}%",
    Condition.CATEGORY: lambda shop, at: CATEGORY_NAMES[shop.category],
    Condition.BULKY: lambda shop, at: CATEGORY_NAMES[shop.category],
    Condition.SITE: lambda shop, at: SITE_NAMES[shop.site],
    Condition.DEPOSIT: lambda shop, at: f"已缴 {_yuan(shop.deposit_fen)}，应缴 {_yuan(shop.deposit_due_fen)}",
    Condition.HISTORY: _history,
}
