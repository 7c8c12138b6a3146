"""Which of all orders are in a state, of a shop, of a stretch of days; and which of them is the newest, the dearest, ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from actions.asking.base import Ask
from actions.asking.binding import talked_of
from actions.asking.naming import read
from actions.desk import claims
from actions.desk.claims import Stage
from actions.desk.cover import State, decide, facts_of
from actions.desk.rules import NoRules
from actions.points.words import Asks
from actions.policydb.facts import CloseReason, EventKind, OrderFacts, Payee, Payer
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadDay, Days


@dataclass(frozen=True)
class Filter:
    """A condition on orders. name: how they are called; point: what is said of each."""

    name: str
    point: str
    holds: Callable[[OrderFacts, Ask], bool]


def stages(order: OrderFacts, ask: Ask) -> list[Stage]:
    """The stage of each of its claims."""
    return [claims.stage_of(claim, ask.at)[0] for policy in order.policies for claim in policy.claims]


def paid_fen(order: OrderFacts, ask: Ask) -> int:
    """What has been paid on an order."""
    return sum(
        claim.payout.amount_fen
        for policy in order.policies
        for claim in policy.claims
        if claim.payout is not None and claim.payout.paid_at <= ask.at
    )


def ends_on(order: OrderFacts, ask: Ask) -> date:
    """The day on which the cover that can still be used ends; far away where there is none. What is not sent yet ends last."""
    ends = [date.max]
    for policy in order.policies:
        try:
            decision = decide(facts_of(order, policy), at=ask.at)
        except NoRules:
            continue
        if decision.state.is_usable:
            ends.append(local(decision.until).date() if decision.until else date(9000, 1, 1))
    return min(ends)


def _sum_insured(order: OrderFacts, ask: Ask) -> int:
    return max((policy.sum_insured_fen for policy in order.policies), default=0)


def _is_over(moment: datetime | None, ask: Ask) -> bool:
    return moment is not None and moment <= ask.at


def _was_returned(order: OrderFacts, ask: Ask) -> bool:
    return any(stage is not Stage.WITHDRAWN for stage in stages(order, ask))


def _was_offset(order: OrderFacts, ask: Ask) -> bool:
    payouts = [claim.payout for policy in order.policies for claim in policy.claims]
    return any(payout is not None and payout.payee is Payee.COURIER for payout in payouts)


def _has_lapsed(order: OrderFacts, ask: Ask) -> bool:
    for policy in order.policies:
        try:
            if decide(facts_of(order, policy), at=ask.at).state in (State.LAPSED, State.VOID):
                return True
        except NoRules:
            continue
    return False


STATES: Mapping[str, Filter] = {
    "not_sent": Filter(
        "还没发货的",
        "sent",
        lambda order, ask: not _is_over(order.shipped_at, ask) and not _is_over(order.closed_at, ask),
    ),
    "on_the_way": Filter(
        "已发货、还没签收的",
        "sent",
        lambda order, ask: (
            _is_over(order.shipped_at, ask)
            and not _is_over(order.signed_at, ask)
            and not _is_over(order.closed_at, ask)
        ),
    ),
    "confirmed": Filter("确认过收货的", "confirmed", lambda order, ask: _is_over(order.confirmed_at, ask)),
    "refused": Filter("被拒赔的", "refused", lambda order, ask: Stage.REFUSED in stages(order, ask)),
    "open": Filter(
        "还在理赔、没有结果的", "claimed", lambda order, ask: any(stage.is_open for stage in stages(order, ask))
    ),
    "paid": Filter("赔付到账的", "paid_to", lambda order, ask: paid_fen(order, ask) > 0),
    "returned": Filter("退过货的", "claimed", _was_returned),
    "kept": Filter("没有退过货的", "covered", lambda order, ask: not _was_returned(order, ask)),
    "cancelled": Filter("没发货就取消的", "covered", lambda order, ask: order.close_reason is CloseReason.CANCELLED),
    "uncovered": Filter("没有任何保障的", "covered", lambda order, ask: not order.policies),
    "offset": Filter("直接抵给快递的", "paid_to", _was_offset),
    "bought_cover": Filter(
        "险是您自己买的", "payer", lambda order, ask: any(each.payer is Payer.BUYER for each in order.policies)
    ),
    "given_cover": Filter(
        "险是卖家送的", "payer", lambda order, ask: any(each.payer is Payer.SELLER for each in order.policies)
    ),
    "usable": Filter("保障还能用的", "until", lambda order, ask: ends_on(order, ask) != date.max),
    "lapsed": Filter("保障已经结束的", "until", _has_lapsed),
    "covered": Filter("有保障的", "covered", lambda order, ask: bool(order.policies)),
}
# Where both are said, the first is meant: 「还没到账的」 speaks of what was paid as well.
_RATHER = (
    ("refused", ("paid", "open", "returned")),
    ("open", ("paid", "returned", "not_sent")),
    ("uncovered", ("covered", "bought_cover", "usable")),
    ("bought_cover", ("covered", "paid")),
    ("given_cover", ("covered",)),
    ("offset", ("paid", "open")),
    ("usable", ("covered", "returned", "lapsed")),
    ("lapsed", ("covered",)),
    ("on_the_way", ("paid",)),
    ("cancelled", ("not_sent",)),
    ("kept", ("returned",)),
    ("confirmed", ("paid",)),
)


def states_of(words: Asks) -> tuple[str, ...]:
    """The states that words mean, without what is only a part of how one of them is said."""
    meant = list(words.states)
    for first, others in _RATHER:
        if first in meant:
            meant = [state for state in meant if state not in others]
    return tuple(meant)


EVENTS: Mapping[str, tuple[EventKind, ...]] = {
    "paid_out": (EventKind.PAID,),
    "refused": (EventKind.REFUSED,),
    "requested": (EventKind.REQUESTED,),
    "shipped_back": (EventKind.SHIPPED_BACK,),
}
# What happened on a day, where it is said beside it: words that `dates` has none of, since orders alone are told by them.
_HAPPENED = (
    ("paid_out", re.compile(r"到账|打款|进(?:的|我)?支付宝|[那这一]笔|赔(?:的|款|了|给|到|过|付)")),
    ("refused", re.compile(r"拒")),
    ("requested", re.compile(r"申请")),
    ("shipped_back", re.compile(r"寄")),
)


def days_in(ask: Ask) -> tuple[Days, str] | None:
    """The stretch of days that the words name, and what happened then; "" where they do not say."""
    today = local(ask.at).date()
    plain = ask.asked.plain
    for span in dates.spans(plain):
        try:
            days = dates.resolve(span.expression, today)
        except BadDay:
            continue
        # 「11号到的那笔」 came as money; 「周三到的」 as goods.
        kind = next((name for name, words in _HAPPENED if words.search(plain)), "")
        return days, kind if kind and span.kind in ("", dates.SIGNED, dates.REFUNDED) else span.kind
    return None


def happened_within(order: OrderFacts, days: Days, kind: str, ask: Ask) -> bool:
    """Whether something happened to an order within these days; of no kind: it was paid for."""
    return any(days.first <= local(moment).date() <= days.last for moment in _moments(order, kind, ask))


def _moments(order: OrderFacts, kind: str, ask: Ask) -> list[datetime]:
    if kind in EVENTS or kind == dates.REFUNDED:
        kinds = EVENTS.get(kind, (EventKind.REFUNDED,))
        found = [
            event.at
            for policy in order.policies
            for claim in policy.claims
            for event in claims.happened(claim, ask.at)
            if event.kind in kinds
        ]
        if kind == "paid_out":
            found += [
                claim.payout.paid_at for policy in order.policies for claim in policy.claims if claim.payout is not None
            ]
        return found
    moment = getattr(order, f"{kind or dates.PAID}_at", None)
    return [moment] if moment is not None else []


def refused_for(order: OrderFacts, reasons: Sequence[str], ask: Ask) -> bool:
    """Whether a claim of it stands refused for one of these reasons."""
    return any(
        claim.refusal is not None and claim.refusal.value in reasons
        for policy in order.policies
        for claim in policy.claims
        if claims.stage_of(claim, ask.at)[0] is Stage.REFUSED
    )


def of_shop(orders: Sequence[OrderFacts], ask: Ask) -> tuple[str, list[OrderFacts]] | None:
    """The orders of the shop that words name, with its name; None where they name none."""
    if not re.search(r"[那这]家|店|买过|家(?:的|买|送|那)", ask.asked.plain):
        return None
    names = list(dict.fromkeys(order.shop for order in orders))
    found = read(ask.bare, [[name] for name in names])
    if len(found.things) != 1:
        return None
    name = names[next(iter(found.things))]
    return name, [order for order in orders if order.shop == name]


def last_moment(order: OrderFacts, states: Sequence[str], ask: Ask) -> datetime:
    """When it came into the state that is meant: was paid out, refused; else when it was bought."""
    kind = next((kind for state, kind in (("paid", "paid_out"), ("refused", "refused")) if state in states), "")
    return max(_moments(order, kind, ask), default=order.paid_at)


EXTREMES: Mapping[str, tuple[Callable[[OrderFacts, Ask], object], bool]] = {
    "newest": (lambda order, ask: order.paid_at, True),
    "oldest": (lambda order, ask: order.paid_at, False),
    "most_paid": (paid_fen, True),
    "most_of_list": (paid_fen, True),
    "cheaper_of_list": (lambda order, ask: order.amount_fen, False),
    "dearer_of_list": (lambda order, ask: order.amount_fen, True),
    "newer_of_list": (lambda order, ask: order.paid_at, True),
    "older_of_list": (lambda order, ask: order.paid_at, False),
    "least_paid": (paid_fen, False),
    "dearest": (lambda order, ask: order.amount_fen, True),
    "cheapest": (lambda order, ask: order.amount_fen, False),
    "soonest": (ends_on, False),
    "largest_cover": (_sum_insured, True),
    "least_cover": (_sum_insured, False),
}
NEEDS: Mapping[str, str] = {"most_paid": "paid", "least_paid": "paid", "soonest": "usable"}


# What 「险还有没有」 asks, and tells no order by.
_ASKED_NOT_TOLD = frozenset({"covered", "usable", "uncovered", "lapsed"})


def in_states(orders: Sequence[OrderFacts], ask: Ask, words: Asks) -> tuple[OrderFacts, ...]:
    """Those of some orders that are in every state that the words say."""
    return tuple(order for order in orders if all(_holds(state, ask, order) for state in states_of(words)))


def _holds(state: str, ask: Ask, order: OrderFacts) -> bool:
    return STATES[state].holds(order, ask)


def narrowed(orders: Sequence[OrderFacts], ask: Ask, words: Asks) -> tuple[OrderFacts, ...]:
    """Of some that a name fits, those that fit what else is said: a price, a state, a day, a shop, 这 of what is at hand."""
    plain = ask.asked.plain
    prices = {int(found) for found in re.findall(r"(?<![\d.])\d{2,5}(?!\d)", plain)}
    current = {ask.current_order, ask.principal.order}
    when = days_in(ask)
    states = [state for state in states_of(words) if state not in _ASKED_NOT_TOLD]
    tests: list[Callable[[OrderFacts], bool]] = [
        lambda order: order.amount_fen // 100 in prices,
        *(partial(_holds, state, ask) for state in states),
        lambda order: when is not None and happened_within(order, when[0], when[1], ask),
        lambda order: bool(re.search("另", plain)) and order.number not in current,
        lambda order: bool(re.search("[这它]", plain)) and order.number in current,
        lambda order: order.number in ((ask.asked.shown or {}).get("orders") or ()),
        lambda order: order.number in talked_of(ask),
    ]
    left = list(orders)
    for test in tests:
        fitting = [order for order in left if test(order)]
        left = fitting if fitting else left
    shop = of_shop(left, ask)
    return tuple(shop[1] if shop is not None else left)
