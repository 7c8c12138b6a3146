"""What is certain enough to write on: the order of an appeal, the shop of an enrolment.

Certain is what a button names, a full number, a tail or a title that fits one thing, a place in the list that the reply
just before showed, the one order that it was about. A list or an order of some time ago, a price, a day are not, and
then it is asked. Where the words speak of nothing, the page's order and the only one that fits are gone on with, since
each step of a form names its thing, and only 确认 after a read-back writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from actions.asking.base import Ask, Reply
from actions.asking.choosing import LOOKED_AT, Wanted, at_place, fits, fitting_orders, not_found, offer
from actions.asking.linking import NUMBER, TAIL
from actions.asking.naming import PLACE, PRODUCT, named, place_word, read, speaks_of, without_beside
from actions.asking.shops import SHOPS
from actions.desk.evidence import without_reasons
from actions.policydb.facts import OrderFacts, ShopFacts
from actions.policydb.queries import own
from knowledge import live
from xiaoer.dates import names_a_day

_GOES_ON = re.compile("^(?:那就?|就)(?!件|单|个|[双条])|就?[对给]?它")  # with what was spoken of: 那申诉, 就它申诉
_THAT_ONE = re.compile(r"那一?[个项种款](?=险|宝|包赔|包退)")
_OF_REFUSALS = ("claim_rejected", "claim_appeal")  # articles that one reads for one's own order
_BARE_PLACE = re.compile(r"(?:选|第)?(\d{1,2})[号.、]?")
# A price, or digits that are no tail: they speak of an order, and are no certain handle.
_OTHERWISE = re.compile(
    r"[\d一二两三四五六七八九十百]+(?:\.\d+)?(?:元|块钱?)的?(?:[那这]一?)?[单笔个件]|(?:尾号|订单号?)[是为:]?\D?\d{1,14}(?!\d)|\d{25,}"
)


@dataclass(frozen=True)
class Pointed:
    """thing: what the words mean, certainly; why: that they mean one, and why it has to be asked; among: of
    which it is one, where that is known. Neither: they mean none."""

    thing: str = ""
    why: str = ""
    among: tuple[str, ...] = ()


_DENIED = re.compile("不[是要用给想办对]|别|除了|[和跟与]|还有")  # of a kind alone, or of several
_UNCLEAR = "没认出是哪一{}。"


# ---------------------------------------------------------------------- shops


def shop_meant(ask: Ask, shops: Sequence[ShopFacts], *, asked: bool) -> Pointed:
    """The code of the seller's shop that a message names. asked: it answers the question which one."""
    listed = [str(code) for code in (ask.asked.shown or {}).get(SHOPS) or ()]
    words = _words(ask) if asked or re.search(r"[家店]", ask.asked.plain) else PLACE.sub(",", _words(ask))
    things = [(shop.code, [shop.name]) for shop in shops]
    meant = _named(words, things, listed, "家")
    if meant.thing or not meant.why or PLACE.search(words):
        return meant
    alone = _named(_without_wishes(ask), things, [], "家")
    return alone if alone.thing else meant


def product_meant(ask: Ask, products: Sequence[tuple[str, str]]) -> str:
    """The id of the one of a few products that a telling part of its name means: 「大件那个」; "" for none. products: (id, name)."""
    if not ask.bare or ask.products:
        return ""
    return _named(_without_wishes(ask), [(product, [name]) for product, name in products], [], "项").thing


def _without_wishes(ask: Ask) -> str:
    """The message's words with a comma for each verb of what can be done, and where a blank was typed."""
    tasks = live().current.tasks.values()
    verbs = {*live().current.acts.does, *(verb for task in tasks for verb in (*task.verbs, *task.of_a_thing))}
    wish = re.compile("|".join(map(re.escape, sorted(verbs, key=len, reverse=True))))
    return wish.sub(",", PLACE.sub(",", PRODUCT.sub(",", ask.said)))


def speaks_of_a_product(ask: Ask) -> bool:
    """Whether words that name none of ours speak of one: 包坏果的险."""
    return speaks_of(_words(ask), r"(?<![保风])险|宝(?!贝)|保障|服务|包赔|包退")


def speaks_of_one_loosely(ask: Ask) -> bool:
    """As `speaks_of_a_product`, and also where 那个 stands between: 坏果那个险. For what is only asked."""
    return speaks_of_a_product(ask) or speaks_of(_THAT_ONE.sub("", _words(ask)), r"(?<![保风])险|宝(?!贝)|包赔|包退")


# ---------------------------------------------------------------------- orders


def order_meant(session: Session, ask: Ask, wanted: Wanted) -> OrderFacts | Reply | None:
    """The order that a message names, or the reply that asks which; None where it speaks of none.

    Somebody else's number and one that does not exist end in the same reply, after the same query.
    """
    numbers = list(dict.fromkeys(NUMBER.findall(ask.asked.plain))) or [ask.order_number]
    if len(numbers) > 1 and not ask.asked.corrects:
        return which(session, ask, wanted, "一次办一单。")
    if numbers[-1]:
        return own.order(session, ask.principal, numbers[-1]) or not_found(wanted)
    if not ask.bare:
        return None
    fitting = fitting_orders(session, ask, wanted)
    pointed = _order_pointed_at(ask, _known(session, ask, wanted), fitting)
    if pointed.thing:
        return own.order(session, ask.principal, pointed.thing) or not_found(wanted)
    return which(session, ask, wanted, pointed.why, pointed.among) if pointed.why else None


def order_at_hand(session: Session, ask: Ask, wanted: Wanted) -> OrderFacts | Reply:
    """Where the message names none: the order that the reply just before was about, the page's, the only one that fits;
    else the reply that asks, or says that there is none."""
    plain = without_reasons(ask.asked.clauses or ask.asked.plain, live().current.acts)
    if names_a_day(plain) or _OTHERWISE.search(plain) or (not ask.products and speaks_of_a_product(ask)):
        return which(session, ask, wanted, _UNCLEAR.format("单"))
    about = _own(session, ask, _just_spoken_of(ask))
    if about is not None and fits(about, ask, wanted):
        return about
    put_off = _own(session, ask, _put_off(ask))
    if put_off is not None and fits(put_off, ask, wanted):
        return put_off
    spoken_of = _own(session, ask, ask.current_order)
    page = ask.principal.order
    if page and (spoken_of is None or spoken_of.number == page or not fits(spoken_of, ask, wanted)):
        return own.order(session, ask.principal, page) or not_found(wanted)
    fitting = fitting_orders(session, ask, wanted)
    goes_on = _GOES_ON.search(ask.asked.plain) is not None and not page and not _lists(ask)
    if goes_on and spoken_of is not None and fits(spoken_of, ask, wanted):
        return spoken_of
    if len(fitting) == 1 and not page and (spoken_of is None or spoken_of.number == fitting[0].number):
        return fitting[0]
    return which(session, ask, wanted, "") if fitting else spoken_of or Reply(wanted.none)


def _just_spoken_of(ask: Ask) -> str:
    """The number of the one order that the reply just before was about; of an article on refusals, the order spoken of."""
    shown = ask.asked.shown or {}
    things = [str(each.get("number")) for each in shown.get("things") or () if each.get("kind") == "order"]
    about = str(shown.get("order") or (things[0] if len(things) == 1 else ""))
    return about or (ask.current_order if shown.get("topic") in _OF_REFUSALS else "")


def _lists(ask: Ask) -> bool:
    """Whether the reply just before was about several things, or belongs to another session."""
    shown = ask.asked.shown or {}
    return not shown or len(shown.get("orders") or shown.get("things") or ()) > 1


def _put_off(ask: Ask) -> str:
    """The number of the order that was given up a few replies ago; its form names it when it is taken up again."""
    return "" if _lists(ask) else str((ask.asked.aside or {}).get("form_order") or "")


def which(session: Session, ask: Ask, wanted: Wanted, why: str, among: Sequence[str] = ()) -> Reply:
    """Asks which order, among those that fit, or some of them. why: a sentence that comes before, or nothing."""
    fitting = [each for each in fitting_orders(session, ask, wanted) if not among or each.number in among]
    if not fitting:
        return Reply(wanted.none)
    lead = "您有几单都可能是，请选一单：" if len(fitting) > 1 else "能办的只有这一单，是它吗？"
    # The buttons name orders alone: a product that was named need not be theirs.
    return offer(replace(ask, product=""), wanted, fitting, why + lead)


def _order_pointed_at(ask: Ask, known: Sequence[OrderFacts], fitting: Sequence[OrderFacts]) -> Pointed:
    tails = [next(filter(None, found.groups())) for found in TAIL.finditer(ask.asked.plain)]
    by_tail = _of_tails(set(tails[-1:] if ask.asked.corrects else tails), known)
    words = TAIL.sub(",", PLACE.sub(",", _words(ask)) if tails else _words(ask))
    by_name = _named(words, _titled(known), _listed(ask), "单")
    if not by_name.thing:
        by_name = _among_fitting(ask, by_name, fitting)
    if by_tail.why or not by_tail.thing:
        return by_tail if by_tail.why else by_name
    differ = by_name.why or by_name.thing not in ("", by_tail.thing)
    return Pointed(why=_UNCLEAR.format("单")) if differ else by_tail


def _titled(orders: Sequence[OrderFacts]) -> list[tuple[str, list[str]]]:
    return [(order.number, [line.title for line in order.lines]) for order in orders]


def _among_fitting(ask: Ask, by_name: Pointed, fitting: Sequence[OrderFacts]) -> Pointed:
    """What is a name of several things is certain where one alone is of use; so is the kind of a thing: 「那条裙子」. The
    reason that is told beside names nothing, nor do the words for what is wished."""
    told = without_reasons(TAIL.sub(",", ask.said), live().current.acts)
    words = _without_wishes(replace(ask, said=told))
    if not words.strip(",") or PLACE.search(_words(ask)):
        return by_name
    titled = _titled(fitting)
    alone = _named(words, titled, [], "单")
    if alone.thing:
        return alone
    of_a_kind = _of_a_kind(words, titled)
    spoken_of = {_just_spoken_of(ask)} & set(of_a_kind)
    if len(of_a_kind) == 1 or spoken_of:
        return Pointed((spoken_of or set(of_a_kind)).pop())
    return Pointed(why=_UNCLEAR.format("单"), among=of_a_kind) if of_a_kind else by_name


def _of_a_kind(words: str, titled: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The numbers of the orders of the kind that words name by one character, and by nothing else: 裙子."""
    reading = read(words, [titles for _, titles in titled])
    kind = reading.parts[0].removesuffix("子") if len(reading.parts) == 1 else ""
    if len(kind) != 1 or _DENIED.search(words):
        return ()
    having = tuple(
        titled[place][0] for place in sorted(reading.things) if any(kind in each for each in titled[place][1])
    )
    before = next(clause[: clause.index(kind)] for clause in re.split(r"[\W_]+", words) if kind in clause)
    return having if not without_beside(before) else ()


def _of_tails(tails: set[str], known: Sequence[OrderFacts]) -> Pointed:
    found = {tail: [order.number for order in known if order.number.endswith(tail)] for tail in tails}
    for tail, numbers in found.items():
        if not numbers:
            return Pointed(why=f"没有查到尾号 {tail} 的订单。")
    matched = {number for numbers in found.values() for number in numbers}
    if not matched:
        return Pointed()
    return Pointed(matched.pop()) if len(matched) == 1 else Pointed(why=_UNCLEAR.format("单"))


def _known(session: Session, ask: Ask, wanted: Wanted) -> list[OrderFacts]:
    """The orders among which a name or a tail has to be one's only: the newest, and those that are of use."""
    recent = own.recent_orders(session, ask.principal, limit=LOOKED_AT)
    having = own.recent_orders(session, ask.principal, having=wanted.having, limit=LOOKED_AT)
    return list({order.number: order for order in (*recent, *having)}.values())


def _own(session: Session, ask: Ask, number: str) -> OrderFacts | None:
    return own.order(session, ask.principal, number) if number else None


def _listed(ask: Ask) -> list[str]:
    """The orders that the reply just before listed."""
    return [str(number) for number in (ask.asked.shown or {}).get("orders") or ()]


# ---------------------------------------------------------------------- both


def _words(ask: Ask) -> str:
    """The message's words without its products; a bare 2 is the second place."""
    place = _BARE_PLACE.fullmatch(ask.asked.plain)
    return place_word(int(place[1])) if place else PRODUCT.sub(",", ask.bare)


def _named(words: str, things: Sequence[tuple[str, Sequence[str]]], listed: Sequence[str], what: str) -> Pointed:
    """What words name by title, or by its place in the list just shown. things: (id, titles); listed: ids."""
    places = {place_word(place): at_place(listed, place) for place in range(-len(listed), len(listed) + 1)}
    if any(not places.get(place[0]) for place in PLACE.finditer(words)):
        return Pointed(why=f"刚才只列了 {len(listed)} {what}。" if listed else _UNCLEAR.format(what))
    known = {thing: list(titles) for thing, titles in things}
    for word, thing in places.items():
        if thing:
            known.setdefault(thing, []).append(word)
    naming = named(words, list(known.values()))
    if naming.thing is not None:
        return Pointed(list(known)[naming.thing])
    return Pointed(why=_UNCLEAR.format(what) if naming.unclear else "")
