"""Which order is meant? The one the message names, points at, or was opened on; else the one that fits; else ask.

Order of belief: number in the message, place in the list last shown, the page's order, the order talked about, the
only order that fits the task. An order that is not theirs and one that does not exist end in the same reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from rasa_sdk.events import EventType, SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.policydb.facts import OrderFacts, PolicyFacts
from actions.policydb.queries import own
from actions.policydb.queries.own import Having
from xiaoer.clock import local

T = TypeVar("T")

OFFERED = 5
LOOKED_AT = 30  # newest orders searched for those that fit


@dataclass(frozen=True)
class Wanted:
    """What a task needs of an order. none: what to say when the account has no such order."""

    topic: str
    none: str
    having: Having = Having.ANYTHING
    fits: Callable[[OrderFacts, Ask], bool] = lambda order, ask: True


NOT_FOUND = (
    "没有在您名下查到这个订单。请核对订单号（在「我的淘宝 → 已买到的宝贝 → 订单详情」里可以复制），"
    "或确认登录的是下单的那个账号。"
)


def pick(text: str, titles: Sequence[str]) -> int | None:
    """The place of the title that the text names by a part of its own: 「毛呢大衣那单」, 「尾号 9443」, 「水果店」; None when it
    names none, or more than one alike.

    Two characters in common are enough in a short text, three in a longer one.
    """
    said = re.sub(r"\s", "", text)
    common = [_common(said, re.sub(r"\s", "", title)) for title in titles]
    best = max(common, default=0)
    enough = 2 if len(said) <= 12 else 3
    return common.index(best) if best >= enough and common.count(best) == 1 else None


def _common(one: str, other: str) -> int:
    """The length of the longest run of characters that both have."""
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match(0, len(one), 0, len(other)).size


def order_for(session: Session, ask: Ask, wanted: Wanted) -> OrderFacts | Reply:
    """The order meant, or the reply that asks or says why there is none."""
    if ask.order_number:
        return own.order(session, ask.principal, ask.order_number) or not_found(wanted)
    if ask.ordinal is not None:
        return _pointed_at(session, ask, wanted, ask.ordinal)
    if ask.principal.order:
        return own.order(session, ask.principal, ask.principal.order) or not_found(wanted)
    current = own.order(session, ask.principal, ask.current_order) if ask.current_order else None
    if current is not None and fits(current, ask, wanted):
        return current
    fitting = fitting_orders(session, ask, wanted)
    if len(fitting) == 1:
        return fitting[0]
    named = pick(ask.text, [wording.order_button(order, local(ask.at).date()) for order in fitting])
    if named is not None:
        return fitting[named]
    if fitting:
        return offer(ask, wanted, fitting)
    return current or Reply(wanted.none, buttons=(button("运费险怎么用", "claim_steps"),))


def not_found(wanted: Wanted) -> Reply:
    """One reply for what is not theirs and what does not exist."""
    return Reply(
        NOT_FOUND, outcome="unknown", buttons=(button("看我的订单", "list_policies"), button("转人工", "handoff"))
    )


def offer(ask: Ask, wanted: Wanted, orders: Sequence[OrderFacts], lead: str = "您有几单都可能是，请选一单：") -> Reply:
    """A choice of orders as buttons, numbered so that 第二单 can be said as well."""
    shown = orders[:OFFERED]
    today = local(ask.at).date()
    titles = [wording.order_button(order, today) for order in shown]
    more = f"只列出最近 {OFFERED} 单，别的订单请直接发订单号。" if len(orders) > OFFERED else ""
    return Reply(
        wording.paragraphs(lead, "\n".join(f"{place}. {title}" for place, title in enumerate(titles, 1)), more),
        outcome="clarify",
        buttons=tuple(
            button(title, wanted.topic, order_number=order.number, product=ask.product)
            for title, order in zip(titles, shown, strict=True)
        ),
        card={
            "type": "orders",
            "orders": [order_card(order, title) for order, title in zip(shown, titles, strict=True)],
        },
        events=(offered(shown),),
    )


def offered(orders: Sequence[OrderFacts]) -> EventType:
    """The list that 第二单 points into from now on."""
    return SlotSet("offered_orders", [order.number for order in orders])


def talked_about(order: OrderFacts) -> EventType:
    """The order that 它 means from now on."""
    return SlotSet("current_order", order.number)


def order_card(order: OrderFacts, title: str) -> dict[str, object]:
    return {
        "order_number": order.number,
        "title": title,
        "item": wording.item(order),
        "shop": order.shop,
        "amount_fen": order.amount_fen,
    }


def policy_for(order: OrderFacts, ask: Ask) -> PolicyFacts | None:
    """The order's policy that is asked about: the product named; else the one talked about; else the first.

    None: the order has none, or none of the product that the message names.
    """
    by_product = {policy.product: policy for policy in order.policies}
    if ask.product:
        return by_product.get(ask.product)
    return by_product.get(ask.topical) or next(iter(order.policies), None)


def at_place(listed: Sequence[T], place: int) -> T | None:
    """What stands at a place of a list, as the entity `ordinal` counts: 1 the first, -1 the last. None: outside it.

    >>> [at_place("ab", place) for place in (1, 2, -1, -2, 0, 3, -3)]
    ['a', 'b', 'b', 'a', None, None, None]
    """
    index = place - 1 if place > 0 else place
    return listed[index] if place and -len(listed) <= index < len(listed) else None


def _pointed_at(session: Session, ask: Ask, wanted: Wanted, place: int) -> OrderFacts | Reply:
    number = at_place(ask.offered, place)
    if number is None:
        orders = fitting_orders(session, ask, wanted)
        if not orders:
            return Reply(wanted.none)
        lead = f"刚才只列了 {len(ask.offered)} 单，请从这些里选一单：" if ask.offered else "请先选一单："
        return offer(ask, wanted, orders, lead)
    return own.order(session, ask.principal, number) or not_found(wanted)


def fits(order: OrderFacts, ask: Ask, wanted: Wanted) -> bool:
    """Whether the task is of use for an order."""
    has = {
        Having.ANYTHING: True,
        Having.POLICY: bool(order.policies),
        Having.CLAIM: any(policy.claims for policy in order.policies),
        Having.PAYOUT: any(claim.payout for policy in order.policies for claim in policy.claims),
    }
    return has[wanted.having] and wanted.fits(order, ask)


def fitting_orders(session: Session, ask: Ask, wanted: Wanted) -> list[OrderFacts]:
    """The newest orders that the task is of use for."""
    recent = own.recent_orders(session, ask.principal, having=wanted.having, limit=LOOKED_AT)
    return [order for order in recent if wanted.fits(order, ask)]
