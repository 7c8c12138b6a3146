"""Several orders at once: those that were named one by one, or all that words describe, with sums where money is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.choosing import offered, order_card
from actions.asking.naming import is_hollow
from actions.desk import rules
from actions.points import filters
from actions.points.filters import EXTREMES, NEEDS, STATES, paid_fen
from actions.points.order import FACTS, brief_of
from actions.points.words import Asks, without_states
from actions.policydb.facts import OrderFacts, Payer
from actions.policydb.queries import own
from xiaoer.clock import local
from xiaoer.dates import PAID, Days
from xiaoer.principal import Role

LOOKED_AT = 300  # newest orders that are looked through
LISTED = 10  # of all that words describe


def each(
    orders: Sequence[OrderFacts],
    points: Sequence[str],
    ask: Ask,
    lead: str = "",
    *,
    money: bool = False,
    differ: bool = False,
) -> Reply:
    """A line for each of a few orders, numbered. money: with what they come to; differ: with how two of them differ."""
    today = local(ask.at).date()
    shown = orders[:LISTED]
    lines = [
        f"{place}. {wording.order_button(order, today)}：{_line(order, points, ask)}"
        for place, order in enumerate(shown, 1)
    ]
    more = f"只列出前 {LISTED} 单，别的请说商品名或尾号。" if len(orders) > LISTED else ""
    total = wording.paragraphs(_sums(orders, ask) if money else "", difference(orders, ask) if differ else "")
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
    """What these come to: what was paid out where anything was, what was paid for them, what they are insured for."""
    paid, price = sum(paid_fen(order, ask) for order in orders), sum(order.amount_fen for order in orders)
    said = [f"一共赔了 **{wording.yuan(paid)}**"] if paid else []
    said += [f"商品共 {wording.yuan(price)}", f"保额共 {wording.yuan(sum(map(_insured_fen, orders)))}"]
    premium = sum(policy.premium_fen for order in orders for policy in order.policies if policy.payer is Payer.BUYER)
    said += [f"您自己付的保费共 {wording.yuan(premium)}"] if premium else []
    return f"这 {len(orders)} 单{'，'.join(said)}。"


def _insured_fen(order: OrderFacts) -> int:
    return sum(policy.sum_insured_fen for policy in order.policies)


def difference(orders: Sequence[OrderFacts], ask: Ask) -> str:
    """How two orders differ in money; "" for more or fewer."""
    if len(orders) != 2:
        return ""
    one, other = orders
    price = abs(one.amount_fen - other.amount_fen)
    insured = abs(_insured_fen(one) - _insured_fen(other))
    paid = abs(paid_fen(one, ask) - paid_fen(other, ask))
    said = [f"商品相差 {wording.yuan(price)}", f"保额相差 {wording.yuan(insured)}"]
    said += [f"赔付相差 {wording.yuan(paid)}"] if paid else []
    return f"这两单{'，'.join(said)}。"


@dataclass(frozen=True)
class Described:
    """What words describe among all of one's orders. one: the one that is most of something; name: how they are called;
    point: what is said of them; sure: it is all that the words ask, so that none is an answer too."""

    orders: tuple[OrderFacts, ...]
    name: str
    point: str
    one: bool = False
    sure: bool = True


def described(
    session: Session, ask: Ask, words: Asks, among: Sequence[OrderFacts] = (), *, of_product: bool = False
) -> Described | None:
    """The orders in the states, of the shop, of the days that words name; None where they describe none. among: orders of
    which they are; of_product: those that have the product which is named are described, too."""
    when = filters.days_in(ask) or _same_day(session, ask)
    asked_for = words.which or words.money or (when is not None and _SAME_DAY.search(ask.asked.plain) is not None)
    of_an_event = when is not None and when[1] in filters.EVENTS
    bare = bool(filters.states_of(words)) and is_hollow(without_states(ask.asked.plain))
    if not (words.extreme or asked_for or of_an_event or bare):
        return None
    shown = (ask.asked.shown or {}).get("orders") or ()
    of_list = words.extreme.endswith("_of_list") or (words.extreme and _OF_LIST.search(ask.asked.plain))
    if of_list and len(shown) > 1 and not among:
        among = own.orders(session, ask.principal, list(shown))
    product = _product(ask, words) if of_product and asked_for else ""
    looking = _Looking(ask, words, product, list(among or own.recent_orders(session, ask.principal, limit=LOOKED_AT)))
    if not looking.narrow(when, asked_for=asked_for):
        return _all(looking.orders, ask) if _COUNTS.search(ask.asked.plain) else None
    return looking.found(one=of_an_event and not asked_for, sure=asked_for or bare)


def _product(ask: Ask, words: Asks) -> str:
    """The product by which orders are described. 运费险 is what people call any cover: it is meant itself where the cover
    is all that is asked, for the lines would say of an order with another that it has none."""
    named = bool(ask.asked.products) and "covered" in filters.states_of(words)
    return ask.product if named or ask.product != rules.default_product() else ""


def _has(order: OrderFacts, product: str) -> bool:
    return any(policy.product == product for policy in order.policies)


def _same_day(session: Session, ask: Ask) -> tuple[Days, str] | None:
    """「同一天还买了啥」: the day on which the order that is spoken of was bought."""
    if not (_SAME_DAY.search(ask.asked.plain) and ask.current_order):
        return None
    current = own.order(session, ask.principal, ask.current_order)
    day = local(current.paid_at).date() if current is not None else None
    return (Days(day, day), PAID) if day is not None else None


class _Looking:
    """Orders, as one condition after the other leaves them, with how those that are left are called."""

    def __init__(self, ask: Ask, words: Asks, product: str, orders: list[OrderFacts]) -> None:
        self._ask, self._words, self._product, self.orders = ask, words, product, orders
        self._names: list[str] = []
        self._states: tuple[str, ...] = filters.states_of(words)

    def narrow(self, when: tuple[Days, str] | None, *, asked_for: bool) -> bool:
        """Whether the words hold any condition."""
        ask = self._ask
        if when is not None:
            self.orders = [order for order in self.orders if filters.happened_within(order, when[0], when[1], ask)]
            self._names.append(when[0].name(local(ask.at).date()) + _KINDS.get(when[1] or PAID, ""))
        if self._product:
            self.orders = [order for order in self.orders if _has(order, self._product)]
            self._names.append(f"有{rules.product_name(self._product)}的")
            self._states = tuple(state for state in self._states if state != "covered")
        shop = filters.of_shop(self.orders, ask)
        if shop is not None:
            if ask.principal.role is Role.BUYER:  # a seller's shop is named by whoever asked
                self._names.append(f"在「{shop[0]}」买的")
            self.orders = shop[1]
        self._of_reasons(asked_for)
        needed = NEEDS.get(self._words.extreme)
        if needed and needed not in self._states:
            self._states = (*self._states, needed)
        for state in self._states:
            self.orders = [order for order in self.orders if STATES[state].holds(order, ask)]
            if when is None or _TELLS.get(when[1]) != state:
                self._names.append(STATES[state].name)
        return bool(self._states or when or shop or self._words.extreme or self._product)

    def _moment(self, order: OrderFacts, ask: Ask) -> datetime:
        return filters.last_moment(order, self._states, ask)

    def _of_reasons(self, asked_for: bool) -> None:
        """Those refused for a reason that is named."""
        reasons = self._words.reasons
        if reasons and asked_for and ("refused" in self._states or not self._states):
            found = [order for order in self.orders if filters.refused_for(order, reasons, self._ask)]
            if found:
                self.orders, self._states = found, ("refused",)

    def found(self, *, one: bool, sure: bool) -> Described:
        """one: where a single one is left, it is meant alone."""
        point = STATES[self._states[-1]].point if self._states else "covered"
        if self._words.extreme and self.orders:
            key, greatest = EXTREMES[self._words.extreme]
            if self._words.extreme in ("newest", "oldest"):
                key = self._moment
            first = sorted(self.orders, key=lambda order: key(order, self._ask), reverse=greatest)[:1]  # type: ignore[arg-type, return-value]
            return Described(tuple(first), "".join(self._names), point, one=True)
        return Described(
            tuple(self.orders), "、".join(self._names), point, one=one and len(self.orders) == 1, sure=sure
        )


_SAME_DAY = re.compile("同一?天|同日|那天还|当天还")
_OF_LIST = re.compile("[那这][单笔个件条双箱袋把]|呢|里|其中")
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


# The state that the name of the days tells already: 「10月到账的」.
_TELLS = {"paid_out": "paid", "refused": "refused"}


def of_described(found: Described, points: Sequence[str], ask: Ask, *, money: bool) -> Reply:
    """The list of what words describe, with how many they are."""
    if not found.orders:
        return Reply(f"{found.name}**一单也没有查到**。", buttons=(button("看我的保单", "list_policies"),))
    paid = sum(paid_fen(order, ask) for order in found.orders)
    total = f"，一共赔了 **{wording.yuan(paid)}**" if found.point == "paid_to" and paid else ""
    lead = f"{found.name}有 **{len(found.orders)} 单**{total}："
    return each(found.orders, points, ask, lead, money=money and not total)
