"""Several orders at once: those that were named one by one, or all that one has, with sums where money is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.binding import MOST
from actions.asking.choosing import offered, order_card
from actions.desk import claims
from actions.desk.claims import Stage
from actions.desk.cover import decide, facts_of
from actions.desk.rules import NoRules
from actions.points.order import POINTS, brief_of
from actions.policydb.facts import OrderFacts
from actions.policydb.queries import own
from actions.policydb.queries.own import Having
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadDay, Days

LOOKED_AT = 300  # newest orders that sums are made of


def each(orders: Sequence[OrderFacts], points: Sequence[str], ask: Ask, lead: str = "") -> Reply:
    """A line for each of a few orders, numbered; with what was paid in all where there is more than one."""
    today = local(ask.at).date()
    shown = orders[:MOST]
    lines = [
        f"{place}. {wording.order_button(order, today)}：{brief_of(points, order, ask)}"
        for place, order in enumerate(shown, 1)
    ]
    paid = [paid_fen(order, ask) for order in shown]
    total = f"这几单一共赔了 **{wording.yuan(sum(paid))}**。" if sum(1 for fen in paid if fen) > 1 else ""
    more = f"只列出前 {MOST} 单，别的请说商品名或尾号。" if len(orders) > MOST else ""
    return Reply(
        wording.paragraphs(lead, "\n".join(lines), total, more),
        buttons=tuple(
            button(wording.order_button(order, today), "check_policy", order_number=order.number) for order in shown
        ),
        card={
            "type": "orders",
            "orders": [order_card(order, wording.order_button(order, today)) for order in shown],
        },
        events=(offered(shown),),
    )


def paid_fen(order: OrderFacts, ask: Ask) -> int:
    """What has been paid on an order."""
    return sum(
        claim.payout.amount_fen
        for policy in order.policies
        for claim in policy.claims
        if claim.payout is not None and claim.payout.paid_at <= ask.at
    )


# ---------------------------------------------------------------------- all that one has


@dataclass(frozen=True)
class _Group:
    """Orders of a kind among all. is_in: whether one is; point: what is said of each; name, none: how they are called."""

    having: Having
    is_in: Callable[[OrderFacts, Ask], bool]
    point: str
    name: str
    none: str


def of_all(session: Session, ask: Ask, what: str) -> tuple[Reply, tuple[OrderFacts, ...]]:
    """The reply to a question about all of one's orders, of a stretch of days where the words name one; and the orders."""
    group = _GROUPS[what]
    days = _days(ask)
    found = [
        order
        for order in own.recent_orders(session, ask.principal, having=group.having, limit=LOOKED_AT)
        if group.is_in(order, ask) and (days is None or _lies_in(order, what, days, ask))
    ]
    when = f"{days.name(local(ask.at).date())}" if days else ""
    if not found:
        return Reply(f"{when}{group.none}", buttons=(button("看我的保单", "list_policies"),)), ()
    if what == "most":
        found = sorted(found, key=lambda order: -paid_fen(order, ask))
        lead = f"{when}赔得最多的是{wording.order_button(found[0], local(ask.at).date())}，赔了 **{wording.yuan(paid_fen(found[0], ask))}**。按金额从多到少："
    else:
        lead = _lead(group, found, what, when, ask)
    if what == "returnable":
        found = sorted(found, key=lambda order: _ends(order, ask))
    reply = each(found, (group.point,), ask, lead)
    return reply, tuple(found[:MOST])


def _lead(group: _Group, found: Sequence[OrderFacts], what: str, when: str, ask: Ask) -> str:
    sum_ = f"，一共赔了 **{wording.yuan(sum(paid_fen(order, ask) for order in found))}**" if what == "paid" else ""
    more = f"，先列 {MOST} 单" if len(found) > MOST else ""
    return f"{when}{group.name}有 **{len(found)} 单**{sum_}{more}："


def _newest_stage(order: OrderFacts, ask: Ask) -> list[Stage]:
    return [claims.stage_of(claim, ask.at)[0] for policy in order.policies for claim in policy.claims]


def _is_refused(order: OrderFacts, ask: Ask) -> bool:
    return Stage.REFUSED in _newest_stage(order, ask)


def _is_open(order: OrderFacts, ask: Ask) -> bool:
    return any(stage.is_open for stage in _newest_stage(order, ask))


def _is_usable(order: OrderFacts, ask: Ask) -> bool:
    return _ends(order, ask) != date.max


def _ends(order: OrderFacts, ask: Ask) -> date:
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


def _days(ask: Ask) -> Days | None:
    """The stretch of days that the words name."""
    for span in dates.spans(ask.asked.plain):
        try:
            return dates.resolve(span.expression, local(ask.at).date())
        except BadDay:
            continue
    return None


def _lies_in(order: OrderFacts, what: str, days: Days, ask: Ask) -> bool:
    """Whether it was paid (of sums), or else bought, within the days."""
    moments = [order.paid_at]
    if what in ("paid", "most"):
        moments = [
            claim.payout.paid_at for policy in order.policies for claim in policy.claims if claim.payout is not None
        ]
    return any(days.first <= local(moment).date() <= days.last for moment in moments)


_GROUPS = {
    "paid": _Group(
        Having.PAYOUT, lambda order, ask: paid_fen(order, ask) > 0, "explained", "赔付到账的", "没有已经赔付的单子。"
    ),
    "most": _Group(Having.PAYOUT, lambda order, ask: paid_fen(order, ask) > 0, "explained", "", "没有已经赔付的单子。"),
    "refused": _Group(Having.CLAIM, _is_refused, "refused", "被拒赔的", "没有被拒赔的单子。"),
    "open": _Group(Having.CLAIM, _is_open, "claimed", "还在理赔、没有结果的", "没有还在理赔中的单子，该到的都到了。"),
    "returnable": _Group(Having.POLICY, _is_usable, "until", "保障还能用的", "没有保障还能用的单子。"),
}
assert all(group.point in POINTS for group in _GROUPS.values())
