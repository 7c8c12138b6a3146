"""Which orders do words mean that ask about what is one's own, and by what evidence?

Much as `choosing` finds the order of a task, and looser at its end: where nothing means one, nothing is asked back and no
order that merely fits is taken, since the question may be a general one. Several that are named one by one are all meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from difflib import SequenceMatcher

from sqlalchemy.orm import Session

from actions.asking.base import Ask
from actions.asking.choosing import (
    ANOTHER,
    RECENT,
    SPOKEN_BEFORE,
    another_of,
    asked_among,
    at_place,
    linked_orders,
    listed,
    spoken_of,
)
from actions.asking.linking import NUMBER, TAIL, YUAN, Linked, points_at_it, speaks_of_having
from actions.asking.naming import PLACE, is_hollow, place_word, shares
from actions.policydb.facts import OrderFacts
from actions.policydb.queries import own
from xiaoer import dates
from xiaoer.clock import SHANGHAI, local
from xiaoer.dates import BadDay

MOST = 5  # things that are answered at once
LIKELY = 30  # of which words may mean one
# Evidence, the strongest first: what words name, what they point at, what was spoken of or is looked at.
NAMED = ("number", "tail", "title", "time", "price")
POINTED = ("place", "other", "before", "these", "pointing")
AT_HAND = ("asked", "matter", "page")

_BARE_PLACE = re.compile(r"(?:选|第|看|那)?(\d{1,2}|[一二两三四五六七八九十])[号.、]?(?:呢|吧)?")
_MEASURE = "[单笔个件条双家支袋把箱样套台款瓶盒包头位]"
_NTH = re.compile(
    rf"(?:倒数)?第(\d{{1,2}}|[一二三四五六七八九十])(?![\d次天年月周批代方大])"
    rf"|(?:倒数)?(?<![\d月年一二三四五六七八九十])(\d|[一二三四五六七八九])号(?={_MEASURE}|那|呢|咋|怎|$)|(?<![\d一-龥])([一二三四五六七八九])(?=[跟和与呢])"
    r"|(?<=[跟和与])([一二三四五六七八九])(?![\d一-龥]|$|哪|都|谁)"
)
_ENDS = (
    (re.compile(rf"头一{_MEASURE}|最(?:上|前|头)(?:面|头|边)?|打头|排头|首个"), 1),
    (re.compile(rf"最(?:下|底|末|后)(?:面|头|边|尾|了)?(?:的|那|一|这|$)|末尾|末了|垫底|压轴|最后{_MEASURE}"), -1),
)
_MIDDLE = re.compile("中间")
_LAST_FEW = re.compile("(?:倒数|最后|后面?)这?([俩仨两三四])")
_LEFT = re.compile(r"剩下|剩余|还剩|余下|其他的|其余|另外(?:那)?[两俩三仨]")
_BELOW = re.compile(rf"(?:下面|底下|下边|下头|后面|后头|后边)(?:的|那|这|一|紧接着|{_MEASURE}|呢)")
_ABOVE = re.compile(rf"(?:上面|上头|上边|前面|前头|前边)(?:的|那|这|一|{_MEASURE}|呢)")
_PAIRS = str.maketrans("俩仨", "二三")
_WORDS_OF_PLACE = re.compile(
    "|".join(each.pattern for each in (_NTH, *(words for words, _ in _ENDS), _MIDDLE, _LAST_FEW, _LEFT, _BELOW, _ABOVE))
)
_NUMERALS = "零一二三四五六七八九十"
_DIGITS = re.compile(r"(?<![\d.¥a-z])\d{4}(?![\d.元块年月天a-z])")
_POINTED_DIGITS = re.compile(r"(?<!\d)\d{4}(?:的|那|这|呢|单|$)")
_SHARED = 3  # characters of a title that make two things alike
_PRICED = re.compile(
    r"(?<![\d.])(\d{2,5}(?:\.\d)?)(?:多)?(?:块|元)?(?:多)?(?:的?[那这]?一?[条件个双支箱袋把款台部瓶盒套单笔](?![号月周])|的(?:$|呢|吧))"
)
_ALL_OF_THEM = re.compile(
    r"(?<!我)都(?!退了|寄了|取消)|各(?!种)|分别|俩|仨|[两俩三][双条件个单袋支把箱套包台]|一块儿?|一起|[哪谁]个?(?:高|低|多|少|贵|便宜|早|晚)|一样"
)
_ALL_MONEY = re.compile("一共|总共|合计|加(?:一)?起来|合起来|合一块|加一块|拢共|统共|总计")
_ONE = re.compile(r"[那这]一?[单笔个]|它")
_SORT = re.compile(r"([男女红黑白蓝绿粉黄灰紫])(?:的|款|色|那)")
_OLDER = re.compile(
    r"再下面|再往下|紧挨着.{0,2}下面|(?:再)?往前(?:一|那)?[个单笔]?|再前面|(?:再)?上一[单笔]|前一[单笔]"
)
_NEWER = re.compile(
    r"再上面|再往上|紧挨着.{0,2}上面|(?:后面?|之后)紧接着|紧接着(?:买|下)?的?那|(?:再)?往后(?:一|那)?[个单笔]?|再后面|下一[单笔]|后一[单笔]"
)
_COUNTS = {"俩": 2, "两": 2, "三": 3, "仨": 3}
_THESE = re.compile(
    r"(?:这|那|上面|刚才|以上)(?:些|几|两|俩|三|四|五)[单笔个件条双家支袋把箱样]?|[这那]?[俩仨](?!字)|(?:它|他)们|(?:两|三)[单笔个件条双样]|(?<![点啥么谁连哪])都(?=.{0,6}(?:吗|没|么|了))|分别|各(?:自|是)"
)
_BEFORE = re.compile(
    r"(?:回到|说回|再说|还是说?|接着说?)(?:刚才|之前|前面|先前|最开始|上一?个|原来)|(?:上一?个|前一?个|先前|最开始|一开始)(?:问|说)?(?:的|那)?一?[单个笔件]"
)
_POINTS = re.compile(
    r"[那该][单笔](?![子])|[那该]个订单|我那[单笔]|[那这][把支袋瓶台箱包盒双件条](?=$|[^一-龥]|还|能|的|是|有|没|要|呢|吗|怎|咋|啥|什|现|到|在|保|险|退|赔|多|几)"
)


@dataclass(frozen=True)
class Bound:
    """What is meant. orders: up to `MOST`, in the order in which they are said or listed; evidence: one of the above;
    linked: what the words name; apart: several are meant, each by itself, not one of them; bare: the words name it
    and ask nothing; together: words such as 都 and 各 mean all that the name fits."""

    orders: tuple[OrderFacts, ...]
    evidence: str
    linked: Linked = field(default_factory=Linked)
    apart: bool = False
    bare: bool = False
    together: bool = False

    @property
    def is_named(self) -> bool:
        return self.evidence in NAMED

    @property
    def at_hand(self) -> bool:
        """Whether the words do not mean it themselves."""
        return self.evidence in AT_HAND

    @property
    def certain(self) -> bool:
        """Whether something may be written on it: see `certain`."""
        exact = self.evidence in ("number", "tail", "place") or (self.evidence == "title" and self.linked.sure)
        return exact and len(self.orders) == 1


def bind(session: Session, ask: Ask) -> Bound | None:
    """What the message means; no orders where something is named that the account has not; None where it means nothing."""
    looks = (
        _by_number,
        _by_words,
        _by_digits,
        _by_price,
        _by_day,
        _by_sort,
        _by_place,
        _these,
        _by_another,
        _before,
        _beside,
        _pointed_at,
        _at_hand,
    )
    for look in looks:
        found = look(session, ask)
        if found is not None and not found.orders and look is _by_words and listed(ask):
            found = _by_place(session, ask) or found  # 「末尾那条」 is no title that is not there
        if found is not None:
            return found
    return None


def _by_number(session: Session, ask: Ask) -> Bound | None:
    numbers = list(dict.fromkeys(NUMBER.findall(ask.asked.plain))) or [each for each in [ask.order_number] if each]
    if ask.asked.corrects:
        numbers = numbers[-1:]
    if not numbers:
        return None
    bare = is_hollow(NUMBER.sub(",", ask.asked.plain))
    return Bound(_of(session, ask, numbers), "number", Linked(said="这个号码"), len(numbers) > 1, bare)


def _by_words(session: Session, ask: Ask) -> Bound | None:
    linked = linked_orders(session, ask, loosely=True)
    if not linked.said:
        return None
    bare = _is_bare(ask, linked)
    beside = _goes_on(ask) or (bool(ask.current_order) and not linked.orders)
    if linked.evidence == "time" and beside and not (bare or speaks_of_having(ask.asked.plain)):
        return None  # 「我18号点的收货?」 is said of the order that is spoken of
    orders = _of(session, ask, linked.orders)
    together = 1 < len(orders) <= MOST and _ALL_OF_THEM.search(ask.asked.plain) is not None
    return Bound(orders, linked.evidence, linked, linked.apart, bare, together)


def _goes_on(ask: Ask) -> bool:
    return bool(ask.current_order) and (ask.asked.shown or {}).get("order") == ask.current_order


def _by_digits(session: Session, ask: Ask) -> Bound | None:
    """By the tail of a number though nothing says that it is one: 「9443赔没」, 「看我的 0154」. Where no order ends so, only
    digits that are pointed at speak of one."""
    plain = ask.asked.plain
    tails = [found[0] for found in _DIGITS.finditer(plain)][-1 if ask.asked.corrects else 0 :]
    if not tails or not ask.bare:
        return None
    index = own.order_index(
        session, ask.principal, since=ask.at - timedelta(days=RECENT), tail=tails[0] if len(tails) == 1 else ""
    )
    numbers = [entry.number for tail in tails for entry in index if entry.number.endswith(tail)]
    if not numbers and not _POINTED_DIGITS.search(plain):
        return None
    bare = is_hollow(_DIGITS.sub(",", plain))
    return Bound(_of(session, ask, numbers), "tail", Linked(said=f"尾号 {'、'.join(tails)}"), len(numbers) > 1, bare)


def _by_price(session: Session, ask: Ask) -> Bound | None:
    """By a price that only its measure tells: 「615那条」; where an order costs that."""
    found = _PRICED.search(YUAN.sub(r"\1.\2元", ask.asked.plain))
    if not found or not ask.bare:
        return None
    fen = round(float(found[1]) * 100)
    index = own.order_index(session, ask.principal, since=ask.at - timedelta(days=RECENT))
    exact = "." in found[1]
    numbers = [
        entry.number
        for entry in index
        if entry.amount_fen == fen or (not exact and entry.amount_fen // 100 == fen // 100)
    ]
    if not numbers:
        return None
    return Bound(
        _of(session, ask, numbers),
        "price",
        Linked(said=f"{found[1]}元"),
        bare=is_hollow(_PRICED.sub(",", ask.asked.plain)),
    )


def _by_sort(session: Session, ask: Ask) -> Bound | None:
    """「女的呢」: of those that were listed, or of those alike to the one spoken of, the one of that sort."""
    found = _SORT.search(ask.asked.plain)
    if not found or not (ask.current_order or listed(ask)):
        return None
    index = own.order_index(session, ask.principal, since=ask.at - timedelta(days=RECENT))
    current = next((entry for entry in index if entry.number == ask.current_order), None)
    near = set(listed(ask))
    if current is not None:
        near |= {entry.number for entry in index if _longest(current.titles, entry.titles) >= _SHARED}
    numbers = [
        entry.number for entry in index if entry.number in near and any(found[1] in title for title in entry.titles)
    ]
    if len(numbers) != 1:
        return None
    bare = is_hollow(_SORT.sub(",", ask.asked.plain))
    return Bound(_of(session, ask, numbers), "other", Linked(said=found[0]), bare=bare)


def _by_day(session: Session, ask: Ask) -> Bound | None:
    """By a day and nothing else: 「12号的呢」 is what was bought on it."""
    plain, today = ask.asked.plain, local(ask.at).date()
    spans = dates.spans(plain)
    if len(spans) != 1 or not is_hollow(f"{plain[: spans[0].start]},{plain[spans[0].end :]}"):
        return None
    try:
        days = dates.resolve(spans[0].expression, today)
    except BadDay:
        return None
    first, after = (datetime.combine(day, time(), SHANGHAI) for day in (days.first, days.last + timedelta(days=1)))
    on = (spans[0].kind or dates.PAID, first, after)
    index = own.order_index(session, ask.principal, since=first - timedelta(days=RECENT), on=on)
    said = Linked(said=f"{days.name(today)}买的订单")
    return Bound(_of(session, ask, [entry.number for entry in index]), "time", said, bare=True)


def _by_place(session: Session, ask: Ask) -> Bound | None:
    shown = listed(ask)
    places = _places(ask, shown)
    if places is None:
        return None
    numbers = list(dict.fromkeys(number for place in places if (number := at_place(shown, place))))
    bare = _BARE_PLACE.fullmatch(ask.asked.plain) is not None or is_hollow(
        _WORDS_OF_PLACE.sub(",", PLACE.sub(",", ask.bare))
    )
    return Bound(_of(session, ask, numbers), "place", Linked(said="刚才列出的"), len(numbers) > 1, bare)


def _by_another(session: Session, ask: Ask) -> Bound | None:
    if not ANOTHER.search(ask.asked.plain):
        return None
    number = another_of(ask) or _not_named(session, ask) or _alike(session, ask)
    bare = is_hollow(ANOTHER.sub(",", ask.asked.plain))
    if not number and not (bare or ask.current_order):
        return None
    return Bound(_of(session, ask, [number] if number else []), "other", Linked(said="另外的订单"), bare=bare)


def _not_named(session: Session, ask: Ask) -> str:
    """The number of the other one of a list of two, where one of them is named as the one that is not meant: 「不是浴巾，另一个」."""
    shown = listed(ask)
    if len(shown) != 2 or not ask.asked.corrects:
        return ""
    titles = [[line.title for line in order.lines] for order in _of(session, ask, shown)]
    denied = [place for place, each in enumerate(titles) if any(shares(ask.text, title) for title in each)]
    return shown[1 - denied[0]] if len(denied) == 1 and len(titles) == 2 else ""


def _alike(session: Session, ask: Ask) -> str:
    """The number of the one other order whose title shares the most with that of the order that is spoken of: 「另一把呢」."""
    index = own.order_index(session, ask.principal, since=ask.at - timedelta(days=RECENT))
    current = next((entry for entry in index if entry.number == ask.current_order), None)
    if current is None:
        return ""
    shared = {entry.number: _longest(current.titles, entry.titles) for entry in index if entry is not current}
    most = max(shared.values(), default=0)
    nearest = [number for number, length in shared.items() if length == most]
    return nearest[0] if most >= _SHARED and len(nearest) == 1 else ""


def _longest(titles: Sequence[str], others: Sequence[str]) -> int:
    """The length of the longest run of characters that two orders' titles share."""
    return max(
        (
            SequenceMatcher(None, title, other, autojunk=False).find_longest_match().size
            for title in titles
            for other in others
        ),
        default=0,
    )


def _these(session: Session, ask: Ask) -> Bound | None:
    """「这几单都到账了吗」, of the list that was shown just now; 「这俩」 of what was spoken of last."""
    plain = ask.asked.plain
    said = _THESE.search(plain) or (_ALL_MONEY.search(plain) if _just_listed(ask) and "我" not in plain else None)
    if not said or (said[0] == "都" and _ONE.search(ask.asked.plain)):
        return None
    count = next((count for word, count in _COUNTS.items() if word in said[0]), 0)
    shown = tuple(map(str, (ask.asked.shown or {}).get("orders") or ()))
    if count and len(shown) != count and len(ask.offered) == count:
        shown = ask.offered
    elif count and len(shown) != count:
        shown = tuple([ask.current_order, *_earlier(ask)][:count]) if ask.current_order else ()
    if len(shown) < 2:
        return None
    return Bound(_of(session, ask, shown), "these", apart=True, bare=is_hollow(_THESE.sub(",", ask.asked.plain)))


def _before(session: Session, ask: Ask) -> Bound | None:
    """「回到刚才那个」: what was spoken of before what is spoken of now."""
    earlier = _earlier(ask)
    if not earlier or not _BEFORE.search(ask.asked.plain):
        return None
    bare = is_hollow(_BEFORE.sub(",", ask.asked.plain))
    return Bound(_of(session, ask, earlier[:1]), "before", bare=bare)


def _just_listed(ask: Ask) -> bool:
    return len((ask.asked.shown or {}).get("orders") or ()) > 1


def _earlier(ask: Ask) -> list[str]:
    earlier = ask.slots.get(SPOKEN_BEFORE)
    return list(map(str, earlier)) if isinstance(earlier, list) else []


def _beside(session: Session, ask: Ask) -> Bound | None:
    """「再往前一个」: the order bought before the one that is spoken of, or after it."""
    back, on = _OLDER.search(ask.asked.plain), _NEWER.search(ask.asked.plain)
    if not ask.current_order or not (back or on):
        return None
    index = own.order_index(session, ask.principal, since=ask.at - timedelta(days=RECENT))
    places = {entry.number: place for place, entry in enumerate(index)}
    at = places.get(ask.current_order)
    if at is None or not 0 <= at + (1 if back else -1) < len(index):
        return None
    bare = is_hollow((_OLDER if back else _NEWER).sub(",", ask.asked.plain))
    return Bound(_of(session, ask, [index[at + (1 if back else -1)].number]), "other", bare=bare)


def _pointed_at(session: Session, ask: Ask) -> Bound | None:
    if not (points_at_it(ask.asked.plain) or _POINTS.search(ask.asked.plain)):
        return None
    order = _now(session, ask)
    return Bound((order,), "pointing", bare=is_hollow(ask.asked.plain)) if order else None


def _at_hand(session: Session, ask: Ask) -> Bound | None:
    """What the reply just before was about, all that it asked among, or the page."""
    among = asked_among(ask)
    if 1 < len(among) <= MOST:
        return Bound(_of(session, ask, among), "asked", apart=True)
    order = spoken_of(session, ask)
    if order is not None and (ask.asked.shown or {}).get("order") == order.number:
        return Bound((order,), "matter")
    page = own.order(session, ask.principal, ask.principal.order) if ask.principal.order else None
    if page is not None:
        return Bound((page,), "page")
    return Bound((order,), "matter") if order is not None and ask.asked.shown is not None else None


def _now(session: Session, ask: Ask) -> OrderFacts | None:
    """The order that is spoken of, or else the page's."""
    current = spoken_of(session, ask)
    if current is None and ask.principal.order:
        return own.order(session, ask.principal, ask.principal.order)
    return current


def _of(session: Session, ask: Ask, numbers: Sequence[str]) -> tuple[OrderFacts, ...]:
    """The own orders of these numbers, in this order."""
    found = {order.number: order for order in own.orders(session, ask.principal, numbers[:LIKELY])}
    return tuple(found[number] for number in numbers if number in found)


# ---------------------------------------------------------------------- words


def _places(ask: Ask, shown: Sequence[str]) -> list[int] | None:
    """The places in the list last shown that are named, in order; None where none is."""
    plain = ask.asked.plain
    alone = _BARE_PLACE.fullmatch(plain)
    if alone:
        return [_number(alone[1])] if shown else None
    by_word = {place_word(place): place for place in range(-10, 11) if place}
    places = [by_word[found[0]] for found in PLACE.finditer(ask.bare) if found[0] in by_word]
    if shown:
        places += [_nth(found) for found in _NTH.finditer(ask.bare)]
        places += [place for words, place in _ENDS if words.search(plain)]
        places += _around(plain, ask, shown)
    return list(dict.fromkeys(places)) or None


def _around(plain: str, ask: Ask, shown: Sequence[str]) -> list[int]:
    """Places told by others: the middle, the last two, those below the one that is spoken of, those that are left."""
    count = len(shown)
    current = shown.index(ask.current_order) + 1 if ask.current_order in shown else 0
    if _MIDDLE.search(plain):
        middle = (count + 1) // 2
        return [middle, middle + 1] if re.search("[俩两]", plain) or count % 2 == 0 else [middle]
    if last := _LAST_FEW.search(plain):
        return [count - back for back in range(min(_number(last[1].translate(_PAIRS)), count) - 1, -1, -1)]
    if _LEFT.search(plain):
        spoken = set(talked_of(ask))
        return [place for place, number in enumerate(shown, 1) if number not in spoken]
    for words, step, first in ((_BELOW, 1, 2), (_ABOVE, -1, 1)):
        if words.search(plain) and (current or count == 2):
            place = current + step if current else first
            return [place] if 0 < place <= count else []
    return []


def _nth(found: re.Match[str]) -> int:
    place = _number(next(filter(None, found.groups())))
    return -place if found[0].startswith("倒") else place


def _number(written: str | None) -> int:
    written = written or ""
    return int(written) if written.isdigit() else max(_NUMERALS.find(written.replace("两", "二")), 0)


def _is_bare(ask: Ask, linked: Linked) -> bool:
    """Whether what is left of the words without what names the order asks nothing."""
    text = ask.asked.plain
    for part in sorted(linked.parts, key=len, reverse=True):
        text = text.replace(part, ",")
    for span in reversed(dates.spans(text)):
        text = f"{text[: span.start]},{text[span.end :]}"
    text = re.sub(r"\d+(?:\.\d+)?(?:元|块钱?)?", ",", TAIL.sub(",", text))
    return is_hollow(text)


def has_handle(ask: Ask, bound: Bound) -> bool:
    """Whether words point at something one has: 那单, 我的, 买的, 第二个."""
    return bound.evidence in POINTED or speaks_of_having(ask.asked.plain)


def talked_of(ask: Ask) -> list[str]:
    """The orders that were spoken of lately, and those that were listed last, the nearest first."""
    return [number for number in (ask.current_order, *_earlier(ask)) if number]
