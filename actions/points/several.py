"""Several orders at once: those that were named one by one, or all that words describe, with sums where money is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.choosing import offered, order_card
from actions.asking.naming import is_hollow
from actions.points import filters
from actions.points.filters import EXTREMES, NEEDS, STATES, paid_fen
from actions.points.order import FACTS, brief_of
from actions.points.words import Asks, without_states
from actions.policydb.facts import OrderFacts
from actions.policydb.queries import own
from xiaoer.clock import local

LOOKED_AT = 300  # newest orders that are looked through
LISTED = 10  # of all that words describe


def each(
    orders: Sequence[OrderFacts], points: Sequence[str], ask: Ask, lead: str = "", *, money: bool = False
) -> Reply:
    """A line for each of a few orders, numbered. money: with what they come to."""
    today = local(ask.at).date()
    shown = orders[:LISTED]
    lines = [
        f"{place}. {wording.order_button(order, today)}：{_line(order, points, ask)}"
        for place, order in enumerate(shown, 1)
    ]
    more = f"只列出前 {LISTED} 单，别的请说商品名或尾号。" if len(orders) > LISTED else ""
    total = _sums(orders, ask) if money else ""
    return Reply(
        wording.paragraphs(lead or total, "\n".join(lines), total if lead else "", more),
        buttons=tuple(
            button(wording.order_button(order, today), "check_policy", order_number=order.number) for order in shown[:5]
        ),
        card={
            "type": "orders",
            "orders": [order_card(order, wording.order_button(order, today)) for order in shown],
        },
        events=(offered(shown),),
    )


def _line(order: OrderFacts, points: Sequence[str], ask: Ask) -> str:
    """What is asked of an order, and how it stands."""
    said = brief_of([*points, "covered"], order, ask)
    return f"{said}；{brief_of(['stands'], order, ask)}" if points and points[0] in FACTS else said


def _sums(orders: Sequence[OrderFacts], ask: Ask) -> str:
    """What these come to: what was paid out where anything was, and what was paid for them."""
    paid, price = sum(paid_fen(order, ask) for order in orders), sum(order.amount_fen for order in orders)
    said = [f"一共赔了 **{wording.yuan(paid)}**"] if paid else []
    return f"这 {len(orders)} 单{'，'.join([*said, f'商品共 {wording.yuan(price)}'])}。"


@dataclass(frozen=True)
class Described:
    """What words describe among all of one's orders. one: the one that is most of something; name: how they are called;
    point: what is said of them; sure: it is all that the words ask, so that none is an answer too."""

    orders: tuple[OrderFacts, ...]
    name: str
    point: str
    one: bool = False
    sure: bool = True


def described(session: Session, ask: Ask, words: Asks, among: Sequence[OrderFacts] = ()) -> Described | None:
    """The orders in the states, of the shop, of the days that words name; None where they describe none. among: orders of
    which they are."""
    states = filters.states_of(words)
    extreme, asked_for = words.extreme, words.which or words.money
    when = filters.days_in(ask)
    of_an_event = when is not None and when[1] in filters.EVENTS
    bare = bool(states) and is_hollow(without_states(ask.asked.plain))
    if not (extreme or asked_for or of_an_event or bare):
        return None
    shown = (ask.asked.shown or {}).get("orders") or ()
    if extreme == "most_of_list" and shown:
        orders = list(own.orders(session, ask.principal, list(shown)))
    else:
        orders = list(among or own.recent_orders(session, ask.principal, limit=LOOKED_AT))
    names: list[str] = []
    if when is not None:
        orders = [order for order in orders if filters.happened_within(order, when[0], when[1], ask)]
        names.append(when[0].name(local(ask.at).date()) + _KINDS.get(when[1], ""))
    shop = filters.of_shop(orders, ask)
    if shop is not None:
        orders = shop[1]
        names.append(f"在「{shop[0]}」买的")
    if words.reasons and asked_for and "refused" in (*states, "refused"):
        for_reason = [order for order in orders if filters.refused_for(order, words.reasons, ask)]
        if for_reason and ("refused" in states or not states):
            orders, states = for_reason, ("refused",)
    if NEEDS.get(extreme) and NEEDS[extreme] not in states:
        states = (*states, NEEDS[extreme])
    if not (states or when or shop or extreme):
        return _all(orders, ask) if _COUNTS.search(ask.asked.plain) else None
    for state in states:
        orders = [order for order in orders if STATES[state].holds(order, ask)]
        names.append(STATES[state].name)
    point = STATES[states[-1]].point if states else "covered"
    if extreme and orders:
        key, greatest = EXTREMES[extreme]
        orders.sort(key=lambda order: key(order, ask), reverse=greatest)  # type: ignore[arg-type, return-value]
        return Described(tuple(orders[:1]), "".join(names), point, one=True)
    one = of_an_event and not asked_for and len(orders) == 1
    return Described(tuple(orders), "、".join(names), point, one=one, sure=asked_for or bare)


_COUNTS = re.compile(r"(?:名下|我(?:这|一共|总共)?(?:有|买了)?)(?:几|多少)[单个笔]|(?:几|多少)(?:个订单|单)")


def _all(orders: Sequence[OrderFacts], ask: Ask) -> Described:
    covered = sum(1 for order in orders if order.policies)
    return Described(tuple(orders), f"您名下的订单（其中有保障的 {covered} 单）", "covered")


_KINDS = {
    "paid": "买的",
    "shipped": "发货的",
    "signed": "签收的",
    "confirmed": "确认收货的",
    "refunded": "退款的",
    "paid_out": "到账的",
    "refused": "被拒的",
    "requested": "申请退货的",
    "shipped_back": "寄回的",
}


def of_described(found: Described, points: Sequence[str], ask: Ask, *, money: bool) -> Reply:
    """The list of what words describe, with how many they are."""
    if not found.orders:
        return Reply(f"{found.name}**一单也没有查到**。", buttons=(button("看我的保单", "list_policies"),))
    paid = sum(paid_fen(order, ask) for order in found.orders)
    total = f"，一共赔了 **{wording.yuan(paid)}**" if found.point == "paid_to" and paid else ""
    lead = f"{found.name}有 **{len(found.orders)} 单**{total}："
    return each(found.orders, points, ask, lead, money=money and not total)
