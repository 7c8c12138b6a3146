"""Which of their customers' orders do a seller's words mean? `bind`, and what only a shop needs: it sells one thing often.

So a tail goes before a title, 俩 are the last two that were spoken of, a colour or a size tells those that were just listed
from one another, and a day means the orders of that day, of the kind that is spoken of where there are such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import SequenceMatcher
from itertools import product

from sqlalchemy.orm import Session

from actions.asking.base import Ask
from actions.asking.binding import MOST, Bound, bind, talked_of
from actions.asking.choosing import RECENT, listed
from actions.asking.linking import Linked
from actions.asking.naming import is_hollow, read
from actions.points.filters import STATES, days_in, happened_within, narrowed, states_of
from actions.points.words import Asks, also_called
from actions.policydb.facts import OrderFacts
from actions.policydb.queries import own
from actions.tasks import customers
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import PAID, SHIPPED, SIGNED, BadDay, Days

_LOOKED_AT = 60
_TAILS = re.compile(r"(?<![\d.¥a-z])\d{4}(?![\d.元块年月天a-z])")
_WITH = re.compile(r"[跟和与及]|一起|一块|加上")
_BOTH = re.compile(
    r"(?<![这那\d一-龥])[俩两三](?:个|单|条|件|双|笔|家)?|[这那][俩两三](?:个|单|条|件|双|笔)?|(?<=[^一-龥])俩|^俩"
)
_ENDS = (
    (0, re.compile(r"(?:前面|头里|上面)的?那?(?:个|单|条|件)")),
    (-1, re.compile(r"(?:后面|末尾|下面|后一)的?那?(?:个|单|条|件)")),
)
_OF_CLAIMS = frozenset({"explained", "difference", "paid_to", "refused", "claimed"})
_COUNT = {"俩": 2, "两": 2, "三": 3}
_OTHER = re.compile(r"另|还有一|别的")
_PRICE = re.compile(r"(?<![\d.])(\d{2,5})(?:元|块钱?)?(?:的|那)(?!天|年|月)")
_COLOUR = re.compile(r"[黑白红绿蓝灰粉紫黄米棕青金银男女](?=的|色|款|那|$)")
_WHAT = re.compile(r"的|那|呢|款|色|这")
_ASKED = re.compile(r"(?:发|签|收|到)[货收走出去到]*了?(?:没|吗|么|不)")
_SHORT_DAY = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})(?![\d号日月天单笔个])")
_LOOKS = re.compile(r"^\D{0,4}\d{4}(?![\d单份个]).*(?:[看查瞅]|咋样|怎么样)|(?:[看查瞅]).{0,4}\d{4}(?![\d单份个])")
_TOGETHER = re.compile(r"^,*(?:那|再)?(?:跟|和|与|加上|连)|一起算|一块算|加起来|合计")
_THAT = re.compile(r"[那这]一?[个单笔条件双套把瓶箱台]|有一?[个单笔条件双]|的呢$|的(?:单|$)")
_NO_TELLING = frozenset("的那个呢这单条件双款有没险保赔退是什么多少几号天吗吧了")
_SHARED = 3  # characters of a title that two things of a kind share
_LENGTH = 16
_EVENTS = (
    (SHIPPED, re.compile("发(?!票|现)|寄出|出库")),
    (SIGNED, re.compile("签|收到|到手|收的")),
    (PAID, re.compile("买|拍|下单|付|卖|订|出的?单")),
)
# States that tell one order from another; the others are rather asked of it.
_TELL = frozenset(
    {"not_sent", "on_the_way", "refused", "returned", "cancelled", "uncovered", "bought_cover", "given_cover", "offset"}
)


def meant(session: Session, ask: Ask, words: Asks) -> Bound | None:
    """What the words mean; no orders where something is named that is not theirs; None where they mean nothing."""
    bound = bind(session, ask)
    if bound is not None and bound.evidence == "number":
        return bound
    if bound is not None and bound.evidence == "title" and not bound.orders and not bound.linked.orders:
        bound = None
    looks: tuple[Callable[[Session, Ask, Bound | None], Bound | None], ...] = (
        *(_by_tail, _with_this, _by_end, _both, _by_day, _of_shop),
    )
    of_all = words.which and bool(states_of(words))
    for look in looks:
        found = None if of_all and look is _by_day else look(session, ask, bound)
        if found is not None:
            return _narrowed(found, ask, words)
    if bound is None or bound.at_hand or bound.evidence == "pointing":
        found = _by_state(session, ask, words) or _among_listed(session, ask) or _by_title(session, ask, words)
        if found is not None:
            return _narrowed(found, ask, words)
    return _narrowed(bound, ask, words) if bound is not None else None


def _narrowed(bound: Bound, ask: Ask, words: Asks) -> Bound:
    """Of several that a name or a day fits, those that fit what else is said."""
    if len(bound.orders) < 2 or bound.apart or bound.at_hand or bound.evidence in ("tail", "place", "these"):
        return bound
    orders = list(bound.orders)
    tests: list[Callable[[OrderFacts], bool]] = [
        lambda order: bool(_OTHER.search(ask.asked.plain)) and order.number not in talked_of(ask)[:1],
        *(
            lambda order, state=state: STATES[state].holds(order, ask)  # type: ignore[misc]
            for state in states_of(words)
            if state in _TELL
            and not words.which
            and not (words.point and state == "returned" and "过" not in ask.asked.plain)
        ),
    ]
    one = _THAT.search(ask.asked.plain) and not re.search("[俩两三几都各]", ask.asked.plain)
    if one and words.point in _OF_CLAIMS:
        tests.append(lambda order: any(policy.claims for policy in order.policies))
    for test in tests:
        fitting = [order for order in orders if test(order)]
        orders = fitting or orders
    coloured = _told_apart(orders, ask)
    orders = list(coloured) if coloured else orders
    if not bound.together and len(orders) > 1:
        orders = list(narrowed(orders, ask, replace(words, states=())))
    return replace(bound, orders=tuple(orders))


def _by_tail(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """By tails, wherever they stand: 「6632牛奶那单」; with a title that is named beside them: 「餐桌跟5687这俩」."""
    plain = ask.asked.plain
    tails = [found[0] for found in _TAILS.finditer(plain)][
        -1 if ask.asked.corrects and not _WITH.search(plain) else 0 :
    ]
    numbers = [
        entry.number
        for tail in dict.fromkeys(tails)
        for entry in own.order_index(session, ask.principal, since=ask.at - timedelta(days=RECENT), tail=tail)[:2]
    ]
    if not numbers:
        missing = bound is None and tails and _LOOKS.search(plain) and not ask.asked.corrects
        return Bound((), "tail", Linked(said=f"尾号 {tails[0]}")) if missing else None
    beside = [
        order.number
        for order in (bound.orders if bound is not None and not bound.at_hand and len(bound.orders) <= MOST else ())
        if bound is not None and bound.evidence in ("title", "pointing") and order.number not in numbers
    ]
    fitting = [number for number in numbers if bound is not None and number in {each.number for each in bound.orders}]
    if _WITH.search(plain) and beside:
        numbers = [*beside, *numbers] if len(beside) == 1 or not fitting else numbers
    bare = is_hollow(_TAILS.sub(",", plain)) or (bound is not None and bound.bare)
    return Bound(_of(session, ask, numbers), "tail", Linked(said=f"尾号 {'、'.join(tails)}"), len(numbers) > 1, bare)


def _by_end(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """「后面那个」, of those just listed."""
    shown = listed(ask) if (ask.asked.shown or {}).get("orders") else ()
    end = next((at for at, words in _ENDS if words.search(ask.asked.plain)), None)
    if end is None or len(shown) < 2 or (bound is not None and bound.is_named):
        return None
    return Bound(_of(session, ask, [shown[end]]), "place", bare=len(ask.asked.plain) <= 6)


def _with_this(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """「跟餐桌的一起算」: what is named, and what is spoken of."""
    if (
        bound is None
        or bound.evidence not in ("title", "price")
        or len(bound.orders) != 1
        or not _TOGETHER.search(ask.asked.plain)
    ):
        return None
    others = [number for number in talked_of(ask) or () if number != bound.orders[0].number][:1]
    if not others or bound.apart:
        return None
    return Bound((*bound.orders, *_of(session, ask, others)), "these", apart=True, bare=bound.bare)


def _of_shop(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """「南风那条」: that of the things just spoken of which one of his shops sold."""
    if (bound is not None and not bound.at_hand and bound.evidence != "pointing") or not _THAT.search(ask.asked.plain):
        return None
    shops = own.shops(session, ask.principal)
    named = read(ask.bare, [[shop.name] for shop in shops]).things
    if len(shops) < 2 or len(named) != 1:
        return None
    name = shops[next(iter(named))].name
    found = tuple(order for order in _spoken_of(session, ask) if order.shop == name)
    if not 0 < len(found) <= MOST:
        return None
    said = Linked(tuple(order.number for order in found), f"「{name}」的这些")
    return Bound(found, "title", said, bare=len(ask.asked.plain) <= _LENGTH)


def _spoken_of(session: Session, ask: Ask) -> list[OrderFacts]:
    """Those just listed, and those that are of the kind of what is spoken of."""
    shown = listed(ask)
    orders = list(_of(session, ask, shown)) if len(shown) > 1 else []
    seed = own.order(session, ask.principal, ask.current_order) if ask.current_order else next(iter(orders), None)
    if seed is not None:
        known = {order.number for order in orders}
        recent = own.recent_orders(session, ask.principal, limit=_LOOKED_AT)
        orders += [order for order in recent if order.number not in known and _alike(order, seed)]
    return orders


def _both(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """「俩都咱店送的」: those that were listed, or the last that were spoken of, as many as are said."""
    said = _BOTH.search(ask.asked.plain)
    if (
        not said
        or re.search(r"[家店]", said[0])
        or (bound is not None and bound.is_named and bound.evidence != "price")
    ):
        return None
    count = next(count for word, count in _COUNT.items() if word in said[0])
    shown = listed(ask)
    numbers = shown if len(shown) == count else talked_of(ask)[:count]
    if len(numbers) != count:
        return None
    return Bound(_of(session, ask, numbers), "these", apart=True, bare=is_hollow(_BOTH.sub(",", ask.asked.plain)))


def _by_day(session: Session, ask: Ask, bound: Bound | None) -> Bound | None:
    """The orders of a day that is named where nothing else is: 「昨天发走那条」, 「昨天出的单都带险没」, 「还有一套 12号的」."""
    when = days_named(ask)
    if when is None or (bound is not None and bound.evidence in ("title", "price", "tail", "place") and bound.orders):
        return None
    if when[0].first != when[0].last and not (bound is not None and bound.evidence == "time"):
        return None
    plain = ask.asked.plain
    kinds = dict.fromkeys([each for each in (when[1], *_happened(plain)) if each] or [PAID])
    if (
        bound is not None
        and bound.evidence in ("matter", "page", "asked")
        and not re.search(r"[单笔条件双套把个瓶箱]|的$|呢", plain)
    ):
        return None
    recent = own.recent_orders(session, ask.principal, limit=_LOOKED_AT)
    named = customers.by_title(session, ask)
    if named.orders:
        recent = _of(session, ask, named.orders)
    earlier = [_a_month_before(when[0])] if re.search(r"(?<!月)\d{1,2}[号日]", plain) else []
    for days, kind in product([when[0], *earlier], kinds):
        found = [order for order in recent if happened_within(order, days, kind, ask)]
        alike = [order for order in found if _is_alike(order, session, ask)]
        chosen = (
            alike
            if not named.orders and alike and (bound is None or bound.evidence != "time" or _WHAT.search(plain))
            else found
        )
        if chosen:
            together = len(chosen) > 1 and re.search("都|各|全", plain) is not None
            said = (bound.linked.said if bound is not None and bound.is_named else "") or "那天的订单"
            return Bound(tuple(chosen), "time", Linked(said=said), bare=bool(bound and bound.bare), together=together)
    return None


def days_named(ask: Ask) -> tuple[Days, str] | None:
    """As `days_in`, and 「10月24下单的」 for a day though 日 is left out."""
    when, said = days_in(ask), _SHORT_DAY.search(ask.asked.plain)
    if when is None or not said:
        return when
    today = local(ask.at).date()
    try:
        return dates.resolve(f"{said[1]}月{said[2]}日", today), when[1]
    except BadDay:
        return when


def _happened(plain: str) -> list[str]:
    """What words say happened on a day, the nearest to it first."""
    told = _ASKED.sub(",", plain)  # 「昨天那几单都发走了没」 asks it
    found = [(match.start(), name) for name, words in _EVENTS if (match := words.search(told))]
    return [name for _, name in sorted(found)]


def _a_month_before(days: Days) -> Days:
    first = days.first.replace(day=1) - timedelta(days=1)
    try:
        day = first.replace(day=days.first.day)
    except ValueError:
        return days
    return replace(days, first=day, last=day)


def _is_alike(order: OrderFacts, session: Session, ask: Ask) -> bool:
    """Whether it is of the kind of the order that is spoken of."""
    current = own.order(session, ask.principal, ask.current_order) if ask.current_order else None
    return current is not None and _alike(order, current)


def _alike(order: OrderFacts, other: OrderFacts) -> bool:
    return any(
        SequenceMatcher(None, one.title, two.title, autojunk=False).find_longest_match().size
        >= min(_SHARED, len(two.title))
        for one in order.lines
        for two in other.lines
    )


def _by_state(session: Session, ask: Ask, words: Asks) -> Bound | None:
    """The one that is in a state: 「路上还没签的那个呢」, 「有个还没发出去的枕头」; of the kind that is spoken of, or named."""
    states = [state for state in states_of(words) if state in _TELL]
    if not states or words.which or not _THAT.search(ask.asked.plain):
        return None
    recent: Sequence[OrderFacts] = own.recent_orders(session, ask.principal, limit=_LOOKED_AT)
    named = customers.by_title(session, ask)
    if named.orders:
        recent = _of(session, ask, named.orders[:_LOOKED_AT])
    elif ask.current_order:
        recent = [order for order in recent if _is_alike(order, session, ask)] or recent
    found = tuple(order for order in recent if all(STATES[state].holds(order, ask) for state in states))
    others = tuple(order for order in found if order.number != ask.current_order) or found
    if not others or len(others) > MOST:
        return None
    name = "".join(STATES[state].name for state in states)
    return Bound(
        others, "title", Linked(tuple(order.number for order in others), name), bare=len(ask.asked.plain) <= _LENGTH
    )


def _among_listed(session: Session, ask: Ask) -> Bound | None:
    """One of those just listed, or of the kind of the one that is spoken of, by a word that it alone has."""
    if len(ask.asked.plain) > _LENGTH:
        return None
    shown, other = listed(ask), _OTHER.search(ask.asked.plain) is not None
    found = _told_apart(_of(session, ask, shown), ask) if len(shown) > 1 else ()
    if other:
        found = tuple(order for order in found if order.number != ask.current_order)
    if (_tells(ask) and len(found) < len(_COLOUR.findall(ask.asked.plain))) or (not found and _tells(ask)):
        found = _told_apart(_spoken_of(session, ask), ask)
    if other:
        found = tuple(order for order in found if order.number != ask.current_order)
    if not found or len(found) > MOST:
        return None
    bare = is_hollow(_PRICE.sub(",", _COLOUR.sub(",", ask.asked.plain))) or len(ask.asked.plain) <= 6
    return Bound(
        found, "title", Linked(said="这些", orders=tuple(order.number for order in found)), len(found) > 1, bare
    )


def _tells(ask: Ask) -> bool:
    return bool(_COLOUR.search(ask.asked.plain) or _PRICE.search(ask.asked.plain))


def _told_apart(orders: Sequence[OrderFacts], ask: Ask) -> tuple[OrderFacts, ...]:
    """Those of some orders that a price, a colour or a word of their titles tells from the others; none where nothing does."""
    if len(orders) < 2:
        return ()
    plain = ask.asked.plain
    prices = {int(found) for found in _PRICE.findall(plain)}
    priced = tuple(order for order in orders if order.amount_fen // 100 in prices)
    if priced:
        return priced
    if prices and not priced:
        insured = tuple(
            order for order in orders if any(policy.sum_insured_fen // 100 in prices for policy in order.policies)
        )
        if len(insured) == 1:
            return insured
    words = [found[0] for found in _COLOUR.finditer(plain)] or [
        called for pair in _pairs(plain) for called in (pair, *also_called(pair))
    ]
    fitting = [
        {order.number for order in orders if any(word.lower() in line.title.lower() for line in order.lines)}
        for word in words
    ]
    telling = [numbers for numbers in fitting if 0 < len(numbers) < len(orders)]
    together = set.intersection(*telling) if telling else set()
    chosen = together or set().union(*telling)
    return tuple(order for order in orders if order.number in chosen)


def _pairs(plain: str) -> list[str]:
    pairs = [plain[at : at + 2] for at in range(len(plain) - 1)]
    return [pair for pair in pairs if not _NO_TELLING & set(pair) and pair.isalnum() and not pair.isdigit()]


def _by_title(session: Session, ask: Ask, words: Asks) -> Bound | None:
    """By the name of something that is not among the newest; where a point of an order is asked for."""
    if not (words.point or words.speaks_of or words.states):
        return None
    linked = customers.by_title(session, ask)
    if not linked.orders:
        return None
    return Bound(_of(session, ask, linked.orders[:_LOOKED_AT]), "title", linked)


def _of(session: Session, ask: Ask, numbers: Sequence[str]) -> tuple[OrderFacts, ...]:
    """The own orders of these numbers, in this order."""
    found = {order.number: order for order in own.orders(session, ask.principal, list(numbers))}
    return tuple(found[number] for number in numbers if number in found)
