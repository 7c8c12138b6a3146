"""What a day that a question names comes to by the rule in force on it: 「半年前买的还能用吗」 is past its 90 days.

Counted for whoever has no row of his own for it, a visitor above all, and said with the rule, its date, and what the day
leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from knowledge import GRADES, Knowledge
from knowledge.rules import Rule
from xiaoer import dates
from xiaoer.dates import BadDay, Days

_AFTER = timedelta(days=7)  # between payment and sending, at most, where nobody says more
_DONE: Mapping[str, str] = {
    dates.PAID: "买的",
    dates.SHIPPED: "发货的",
    dates.SIGNED: "收到的",
    dates.CONFIRMED: "确认收货的",
    dates.REFUNDED: "退款的",
}


def counted(topic: str, product: str, plain: str, today: date, knowledge: Knowledge) -> str:
    """A paragraph that counts from the day that a question names; "" where it names none, or nothing can be counted."""
    if topic not in ("coverage_period", "payout_time"):
        return ""
    named = _named(plain, today)
    if named is None or named[0].first > today:
        return ""
    days, kind = named
    if topic == "payout_time":
        rule = _rule(knowledge, product, "payout_time", days.last)
        return _payout(days, kind, rule, today) if rule is not None and rule.hours else ""
    if kind == dates.CONFIRMED:
        rule = _rule(knowledge, product, "confirm", days.last)
        return f"{_said(days, kind, today)}：{_cited(rule)}，之后退货一般用不上了。" if rule is not None else ""
    rule = _rule(knowledge, product, "validity", days.last)
    return _validity(days, kind, rule, today) if rule is not None and rule.days else ""


def _named(plain: str, today: date) -> tuple[Days, str] | None:
    for span in dates.spans(plain):
        try:
            return dates.resolve(span.expression, today), span.kind
        except BadDay:
            continue
    return None


def _rule(knowledge: Knowledge, product: str, about: str, on: date) -> Rule | None:
    """The rule in force on a day."""
    known = knowledge.products.get(product)
    rules: Sequence[Rule] = known.rules if known else ()
    holding = [rule for rule in rules if rule.about == about and rule.effective_from <= on]
    return max(holding, key=lambda rule: rule.effective_from, default=None)


def _validity(days: Days, kind: str, rule: Rule, today: date) -> str:
    """From the sending on: a day of payment or receipt tells that to within a week."""
    term = timedelta(days=rule.days or 0)
    slack = timedelta(0) if kind == dates.SHIPPED else _AFTER
    earliest, latest = days.first - slack + term, days.last + slack + term
    if kind in ("", dates.PAID):
        earliest = days.first + term
    if today > latest:
        verdict = f"**已经过了保障期**（最晚到{_day(latest, today)}前后）"
    elif today <= earliest:
        verdict = f"**还在保障期内**（到{_day(earliest, today)}前后），前提是没有确认收货"
    else:
        verdict = "**说不准**，要看卖家是哪天发的货：到订单里的「运费险」看一眼最准"
    return f"{_said(days, kind, today)}：{_cited(rule)}，从发货那天算起，{verdict}。"


def _payout(days: Days, kind: str, rule: Rule, today: date) -> str:
    """From the refund on."""
    if kind != dates.REFUNDED:
        return ""
    over = today - (days.last + timedelta(hours=rule.hours or 0))
    verdict = f"**已经超过 {over.days} 天**，可以转人工查" if over.days > 0 else "**还在正常时间内**"
    return f"{_said(days, kind, today)}：{_cited(rule)}，{verdict}。"


def _said(days: Days, kind: str, today: date) -> str:
    return f"按您说的{days.name(today)}{_DONE.get(kind, '')}算"


def _day(day: date, today: date) -> str:
    return Days(day, day).name(today)


def _cited(rule: Rule) -> str:
    return f"「{rule.text}」（{GRADES[rule.grade]}，{rule.as_of[:4]} 年口径）"
