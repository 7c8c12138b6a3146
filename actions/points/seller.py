"""What a seller asks: of his shop, of a customer's order, or in general."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking.base import Ask, Reply
from actions.asking.binding import Bound, bind, has_handle
from actions.points.filters import narrowed
from actions.points.words import asks
from actions.policydb.facts import OrderFacts
from actions.tasks import customers
from actions.tasks.own_shop import own_of_shop
from knowledge import live
from xiaoer.asked import ANSWERED, GENERAL, OWN
from xiaoer.principal import Role

_TASKS = frozenset({"check_policy", "list_policies", "check_claim", "estimate_payout", "explain_payout"})
_HALF = 16  # characters: half a sentence goes on with the order that is spoken of


def of_seller(session: Session, ask: Ask) -> Reply:
    """The seller's own answer; nothing but the word that it is a general question, where it is one."""
    topic = ask.asked.topic
    reply = _by_order(session, ask, topic) or _by_shop(session, ask, topic)
    if reply is None or not reply.text:
        return Reply("", events=(SlotSet(ANSWERED, GENERAL),))
    knowledge = live().current
    own = [each for each in (topic, ask.asked.before) if knowledge.points_of(each, Role.SELLER.value)]
    goes_on = next(iter(own), "check_policy" if reply.data.get("things") else "check_shop_services")
    known = reply.topic or (topic if topic in own else goes_on)
    data = {"point": "customer" if reply.data.get("things") else "shop", **reply.data, "carry": goes_on}
    return replace(reply, topic=known, data=data, events=(*reply.events, SlotSet(ANSWERED, OWN)))


def _by_shop(session: Session, ask: Ask, topic: str) -> Reply | None:
    if topic in _TASKS:
        return customers.of_customers(session, ask, topic)
    return own_of_shop(session, ask, topic)


def _by_order(session: Session, ask: Ask, topic: str) -> Reply | None:
    """About a customer's order that is named, pointed at, or spoken of; None where none is."""
    bound = bind(session, ask)
    if bound is None or not bound.orders or not _is_of_orders(bound, ask, topic):
        return None
    orders = bound.orders
    if not bound.apart and len(orders) > 1:
        orders = narrowed(orders, ask, asks(ask.asked.clauses or ask.asked.plain))
    about = topic if topic in _TASKS or live().current.points_of(topic, Role.SELLER.value) else _before(ask)
    if len(orders) == 1:
        reply = customers.one(orders[0], ask, about, sure=bound.linked.sure)
    else:
        reply = customers.several(orders, ask, f"{bound.linked.said or '这些'}有 {len(orders)} 单：", len(orders))
    return _about(reply, orders, bound)


def _is_of_orders(bound: Bound, ask: Ask, topic: str) -> bool:
    """Whether a customer's order is meant, and not the shop or a rule."""
    if bound.evidence in ("number", "tail"):
        return True
    if bound.at_hand:
        going_on = bool((ask.asked.shown or {}).get("order")) and len(ask.asked.plain) <= _HALF
        asked = asks(ask.asked.clauses or ask.asked.plain)
        return going_on and not asked.general and bool(asked.point or asked.speaks_of)
    if bound.evidence in ("place", "these"):
        return bool((ask.asked.shown or {}).get("orders"))
    if bound.evidence in ("title", "time", "price"):
        return (has_handle(ask, bound) and topic not in live().current.conversation) or topic in _TASKS
    return bound.bare or topic in _TASKS


def _before(ask: Ask) -> str:
    """What was asked before of an order: 「0209那单呢」."""
    return ask.asked.before if ask.asked.before in _TASKS else "check_policy"


def _about(reply: Reply, orders: Sequence[OrderFacts], bound: Bound) -> Reply:
    things = [
        {"kind": "order", "number": order.number, "evidence": bound.evidence, "certain": bound.certain}
        for order in orders
    ]
    return replace(reply, data={**reply.data, "things": things})
