"""Which order is meant? The one the message names or points at, was spoken of last, or was opened on; else the one that
fits; else ask.

Order of belief: number in the message; tail, title, day, price (`linking`); place in the list last shown; the order spoken
of last; the page's order; the only order that fits the task. An order that is not theirs and one that does not exist end
in the same reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from rasa_sdk.events import EventType, SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.linking import NUMBER, Handles, Linked, handles, link, points_at_it, speaks_of_having
from actions.policydb.facts import OrderEntry, OrderFacts, PolicyFacts
from actions.policydb.queries import own
from actions.policydb.queries.own import Having
from xiaoer.clock import SHANGHAI, local

T = TypeVar("T")

OFFERED = 5
_OF_ONES_OWN = frozenset({"check_claim", "estimate_payout", "explain_payout"})
LOOKED_AT = 30  # newest orders searched for those that fit
RECENT = 180  # days within which a name, a tail or a price is looked for
ANOTHER = re.compile(
    r"(?:另外?|别的|其他|其它)(?:的|那)?一?[单笔个件条双把支袋瓶台箱包盒]|换一单|另外的订单|别的订单|其他订单"
)
_ALL = re.compile(r"我的(?:理赔|保单|赔付|订单)|我有|哪些|哪几|所有|全部|都")

SPOKEN_BEFORE = "spoken_before"  # slot: the orders spoken of before, the last first
REMEMBERED = 2
SPOKEN_ON = "spoken_on"  # slot: the page, by its order, on which the order spoken of last was spoken of


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


@dataclass(frozen=True)
class Found:
    """The order meant. sure: nothing was named beside it; else the reply says first what was understood."""

    order: OrderFacts
    sure: bool = True


def order_for(session: Session, ask: Ask, wanted: Wanted) -> Found | Reply:
    """The order meant, or the reply that asks or says why there is none."""
    if number := _number(ask):
        return _own_or_not(session, ask, wanted, number)
    linked = linked_orders(session, ask)
    if linked.said:
        return _of_linked(session, ask, wanted, linked)
    if ask.ordinal is not None:
        return _pointed_at(session, ask, wanted, ask.ordinal)
    if ANOTHER.search(ask.asked.plain):
        return _another(session, ask, wanted)
    if ask.asked.corrects and not ask.products and (ask.intent == "mention" or not ask.asked.plain.strip(",")):
        return _put_right(session, ask, wanted)
    at_hand = _at_hand(session, ask, wanted)
    if at_hand is not None:
        return at_hand
    fitting = fitting_orders(session, ask, wanted)
    if len(fitting) == 1:
        return Found(fitting[0])
    if fitting:
        return offer(ask, wanted, fitting)
    current = spoken_of(session, ask)
    return Found(current) if current else Reply(wanted.none, buttons=(button("运费险怎么用", "claim_steps"),))


def linked_orders(session: Session, ask: Ask, *, loosely: bool = False) -> Linked:
    """The asker's orders that the words name; asks nothing of the database where there are none (a press). loosely: also
    by a part of a title beside another name, which the caller judges by what is asked."""
    if not ask.bare:
        return Linked()
    today = local(ask.at).date()
    at_hand = bool(ask.current_order or ask.principal.order)
    said = handles(ask.asked.plain, ask.said or ask.bare, today, corrects=ask.asked.corrects, at_hand=at_hand)
    if said.broken:
        return Linked(said="这个号码")
    if not said.any:
        return Linked()
    index = _index(session, ask, said)
    linked = link(said, index, today, asked=asked_among(ask))
    if linked.missing and not linked.orders and len(index) >= own.INDEXED:
        older = own.order_index(session, ask.principal, since=_since(ask), title=linked.missing)
        linked = link(said, older, today) if older else linked
    # In a talk about one's own, a title that is said is that of one's own.
    at_hand = at_hand or bool(ask.offered)
    # So it is in a question that nobody asks but of what is his own.
    own_task = ask.asked.topic in _OF_ONES_OWN
    having = said.tails or speaks_of_having(ask.asked.plain) or (ask.asked.corrects and ask.intent == "mention")
    return linked if linked.sure or at_hand or own_task or having or loosely else Linked()


def _index(session: Session, ask: Ask, said: Handles) -> list[OrderEntry]:
    """The orders that a message may name, the newest first: recent ones, and those of the days that it names."""
    since = _since(ask)
    # By tail: an account with many orders has more than an index holds.
    by_tail = [own.order_index(session, ask.principal, since=since, tail=tail) for tail in said.tails[:OFFERED]]
    found = list(dict.fromkeys(entry for each in by_tail for entry in each))
    if not said.tails:
        found = list(own.order_index(session, ask.principal, since=since))
    if said.when is None:
        return found
    days = said.when.days
    first, after = (datetime.combine(day, time(), SHANGHAI) for day in (days.first, days.last + timedelta(days=1)))
    # Whatever happens to an order does so within half a year of its payment.
    since = min(since, first - timedelta(days=RECENT))
    then = own.order_index(session, ask.principal, since=since, on=(said.when.kind, first, after))
    return sorted(dict.fromkeys((*found, *then)), key=lambda entry: entry.paid_at, reverse=True)


def asked_among(ask: Ask) -> tuple[str, ...]:
    """The orders that the reply just before asked among."""
    shown = ask.asked.shown or {}
    return tuple(map(str, shown.get("orders") or ())) if shown.get("outcome") == "clarify" else ()


def _since(ask: Ask) -> datetime:
    return ask.at - timedelta(days=RECENT)


def _number(ask: Ask) -> str:
    """The full number that a message names, the last of several where it corrects itself; "" for none."""
    numbers = NUMBER.findall(ask.asked.plain)
    return str(numbers[-1]) if numbers and ask.asked.corrects else ask.order_number


def _own_or_not(session: Session, ask: Ask, wanted: Wanted, number: str) -> Found | Reply:
    order = own.order(session, ask.principal, number)
    return Found(order) if order else not_found(wanted)


def _of_linked(session: Session, ask: Ask, wanted: Wanted, linked: Linked) -> Found | Reply:
    """The one that was named; of several, those that the task is of use for, if it is for any."""
    orders = own.orders(session, ask.principal, linked.orders[:LOOKED_AT])
    if not orders:
        return none_of(session, ask, wanted, linked)
    fitting = [order for order in orders if fits(order, ask, wanted)] or orders
    if len(fitting) == 1:
        return Found(fitting[0], linked.sure)
    many = f"{len(orders)} 单" if len(linked.orders) <= LOOKED_AT else f"{LOOKED_AT} 单以上"
    return offer(ask, wanted, fitting, f"{of_what(linked)}有 {many}，请选一单：")


def of_what(linked: Linked) -> str:
    """What was named, as it stands in a sentence: 尾号 8915 的订单, 「大衣」的订单."""
    return f"{linked.said}{' ' if linked.said[-1].isdigit() else ''}的订单"


def none_of(session: Session, ask: Ask, wanted: Wanted, linked: Linked) -> Reply:
    """What was looked for, and those that a part of it names, else those that fit; never the nearest one itself."""
    near = own.orders(session, ask.principal, linked.near[:LOOKED_AT]) or fitting_orders(session, ask, wanted)
    if not near:
        return Reply(f"没有在您名下查到{of_what(linked)}。{wanted.none}", outcome="unknown")
    return offer(ask, wanted, near, f"没有在您名下查到{of_what(linked)}（查了最近 {RECENT} 天）。是下面这些里的吗？")


def another_of(ask: Ask) -> str:
    """The number of the other one of a list of two, where the words want another than the one spoken of; else ""."""
    if not ANOTHER.search(ask.asked.plain):
        return ""
    shown, current = listed(ask), ask.current_order or ask.principal.order
    others = [number for number in shown if number != current]
    return others[0] if len(others) == 1 and len(shown) == 2 else ""


def _another(session: Session, ask: Ask, wanted: Wanted) -> Found | Reply:
    """Another one than the one spoken of: the other of a list of two, or those that fit without it."""
    current = ask.current_order or ask.principal.order
    if other := another_of(ask):
        return _own_or_not(session, ask, wanted, other)
    fitting = [order for order in fitting_orders(session, ask, wanted) if order.number != current]
    if len(fitting) == 1:
        return Found(fitting[0])
    return offer(ask, wanted, fitting) if fitting else Reply(wanted.none)


_BESIDE = re.compile(
    r"(?P<above>上面?|前面?|前一|上一)[那个一]{0,2}[单笔个件条]|(?:下面?|后面?|后一|下一)[那个一]{0,2}[单笔个件条]"
)


def _put_right(session: Session, ask: Ask, wanted: Wanted) -> Found | Reply:
    """Another one than the one spoken of is meant, and what was said tells none apart: never that one again."""
    beside = _beside(ask)
    return _not_this(session, ask, wanted) if beside is None else _own_or_not(session, ask, wanted, beside)


def _beside(ask: Ask) -> str | None:
    """「不是这个，上面那个」: the one above, or below, the one spoken of in the list last shown; None where it is none."""
    found = _BESIDE.search(ask.asked.plain) if ask.asked.corrects else None
    shown, current = listed(ask), ask.current_order
    if found is None or current not in shown:
        return None
    place = shown.index(current) + (-1 if found["above"] else 1)
    return shown[place] if 0 <= place < len(shown) else None


def _not_this(session: Session, ask: Ask, wanted: Wanted) -> Reply:
    """「不对」 alone: which one then, of those that fit or, where that was the only one, of all; or what was wrong with it."""
    current = ask.current_order or ask.principal.order
    recent = own.recent_orders(session, ask.principal, limit=LOOKED_AT)
    others = [
        [order for order in orders if order.number != current]
        for orders in (fitting_orders(session, ask, wanted), recent)
    ]
    chosen = next(filter(None, others), [])
    if not chosen:
        return Reply("您名下最近只有刚才那一单。哪里不对？想问的是哪一点，换个说法告诉我。", outcome="clarify")
    return offer(
        ask,
        wanted,
        chosen,
        "抱歉，我弄错了。您说的是哪一单？说商品名、尾号或第几个都行；想问的不是这一点，直接说想问什么：",
    )


def _at_hand(session: Session, ask: Ask, wanted: Wanted) -> Found | Reply | None:
    """The order spoken of last in this session, the page's, the one spoken of before; None where there is none."""
    current = spoken_of(session, ask)
    just_now = current is not None and (ask.asked.shown or {}).get("order") == current.number
    if current is not None and ask.asked.shown:
        goes_on = just_now and not _ALL.search(ask.asked.plain)
        if goes_on or points_at_it(ask.asked.plain) or fits(current, ask, wanted):
            return Found(current)
    if ask.principal.order:
        return _own_or_not(session, ask, wanted, ask.principal.order)
    return Found(current) if current is not None and fits(current, ask, wanted) else None


def spoken_of(session: Session, ask: Ask) -> OrderFacts | None:
    """The order spoken of last; none on a page that was opened since."""
    opened = ask.principal.order and ask.principal.order != ask.slots.get(SPOKEN_ON)
    return own.order(session, ask.principal, ask.current_order) if ask.current_order and not opened else None


def listed(ask: Ask) -> tuple[str, ...]:
    """The list that a place points into: the one that the reply just before showed, else the last one."""
    return tuple(map(str, (ask.asked.shown or {}).get("orders") or ())) or ask.offered


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


def talked_about(order: OrderFacts, ask: Ask) -> tuple[EventType, ...]:
    """The order that 它 means from now on; until another page is opened, which means its own."""
    events = [SlotSet("current_order", order.number), SlotSet(SPOKEN_ON, ask.principal.order or None)]
    if ask.current_order and ask.current_order != order.number:
        before = ask.slots.get(SPOKEN_BEFORE)
        earlier = [number for number in before if number != order.number] if isinstance(before, list) else []
        kept = [ask.current_order, *(number for number in earlier if number != ask.current_order)]
        events.append(SlotSet(SPOKEN_BEFORE, kept[:REMEMBERED]))
    return tuple(events)


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


def _pointed_at(session: Session, ask: Ask, wanted: Wanted, place: int) -> Found | Reply:
    shown = listed(ask)
    number = at_place(shown, place)
    if number is None:
        orders = fitting_orders(session, ask, wanted)
        if not orders:
            return Reply(wanted.none)
        lead = f"刚才只列了 {len(shown)} 单，请从这些里选一单：" if shown else "请先选一单："
        return offer(ask, wanted, orders, lead)
    return _own_or_not(session, ask, wanted, number)


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
