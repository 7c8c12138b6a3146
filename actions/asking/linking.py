"""Which of the asker's own orders do words that ask mean? By tail, title, day, price. Pure: no database, no Rasa.

Each handle narrows, and what none fits is said; the nearest is never taken. Much looser than `certain`, since nothing is
written on it, and the reply names the order that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from actions.asking.naming import PHRASES, PLACE, PRODUCT, nearest, read, says_nothing
from actions.asking.wording import yuan
from actions.policydb.facts import OrderEntry
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadDay, Days

NUMBER = re.compile(r"(?<!\d)\d{15,24}(?!\d)")
TAIL = re.compile(
    r"尾号\D{0,2}(?P<named>\d{4,8})(?!\d)|订单号?(?:尾号)?[是为:]?(?P<of>\d{4,8})(?![\d元块天年月])"
    r"|(?<!\d)(?P<pointed>\d{4,8})的?(?:[那这]一?)?[单笔](?!号)|^,*(?P<whole>\d{4,8})[吧呀啊呢]?$"
)
_AND_TAIL = re.compile(r"(尾号\D{0,2}\d{4,8})[和跟与及、,](?:尾号)?(?=\d{4,8}(?!\d))")
_NO_NUMBER = re.compile(
    r"(?:尾号|订单号)[是为:]?\D?\d{1,14}(?!\d)|订单\D?\d{9,14}(?!\d)|(?<!\d)\d{9,14}的?[那这]一?个?[单笔]|\d{25,}"
)
YUAN = re.compile(r"(\d+)块(\d)(?!\d)")  # 80块9
_COUNTED = r"[一二两三四五六七八九十百零]{2,6}"
_PRICE = re.compile(
    rf"(?P<sum>\d{{1,6}}(?:\.\d{{1,2}})?|{_COUNTED})(?:元|块钱?)(?:买|拍|下单)?的?(?:[那这]一?[单笔个件条双]|的[单笔个件条双])"
)
_NO_PRICE = re.compile(r"(?:赔[了付到给]*|保额|运费|邮费|退了?|差|抵|补|到账)[才只就是有大概约]*$")
_THIS = re.compile(r"它|这一?[单笔个件条双](?!月|周|星期|礼拜)")
_THAT = re.compile(r"那天|当天|的?[那]一?[单笔个件条双]|的$|的[单笔]")
_HAVING = re.compile(
    r"[那这]一?[单笔个件条双套箱盏盒款袋把支瓶桶台部张只顶床副罐](?![月周])|的[单笔](?!号)|[买拍订]的|卖(?:[出掉]去?)?的|下的单|[我俺咱]们?的"
    r"|[买拍退寄撤囤]了(?!.{0,5}[险宝])|[买退]过|有[把件双条台袋套瓶](?![没险])|我(?:退|买|寄|撤|拍)|给我.{0,2}买"
)
_MAY_BE_A_NAME = re.compile(r"[一二三四五六七八九十]+号")  # 空军一号
_VERBS = {
    dates.PAID: "付款",
    dates.SHIPPED: "发货",
    dates.SIGNED: "签收",
    dates.CONFIRMED: "确认收货",
    dates.REFUNDED: "退款",
}


@dataclass(frozen=True)
class When:
    """A stretch of days, and what happened then, as `dates` has it."""

    days: Days
    kind: str


@dataclass(frozen=True)
class Handles:
    """What a message says that orders can be told by. fen: a price, and by how much it may be off; words: the rest;
    broken: figures that are no order's."""

    tails: tuple[str, ...] = ()
    when: When | None = None
    fen: tuple[int, int] | None = None
    words: str = ""
    broken: bool = False
    this: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything that an order could be told by."""
        return bool(self.tails or self.when or self.fen or self.words)


@dataclass(frozen=True)
class Linked:
    """orders: numbers, in the order of the index; said: what was named, for people, "" for nothing; sure: nothing else
    was named beside it; missing: a name that no title has; near: those that a part of it names, where none has all.
    evidence: what tells them: tail, title, time or price; parts: of titles, as they were said; apart: several, each
    named by itself."""

    orders: tuple[str, ...] = ()
    said: str = ""
    sure: bool = True
    missing: str = ""
    near: tuple[str, ...] = ()
    evidence: str = ""
    parts: tuple[str, ...] = ()
    apart: bool = False


def handles(plain: str, bare: str, today: date, *, corrects: bool = False, at_hand: bool = False) -> Handles:
    """What a message says. plain: as the normaliser left it; bare: without what the lexicon names; corrects: what is
    named last is meant; at_hand: there is an order that 这单 can mean: what is said of it tells it from no other."""
    this = at_hand and points_at_it(plain)
    plain, bare = YUAN.sub(r"\1.\2元", plain), YUAN.sub(r"\1.\2元", bare)
    plain = _AND_TAIL.sub(r"\1尾号", plain)
    spans = dates.spans(plain)
    rest = _blank(plain, [(span.start, span.end) for span in spans])
    tails = [next(filter(None, found.groups())) for found in TAIL.finditer(rest)]
    if corrects:
        tails = tails[-1:]
    when = _when(plain, spans, today)
    words = _words(bare)
    return Handles(
        tails=tuple(dict.fromkeys(tails)),
        when=None if this else when,
        fen=None if this else _price(rest),
        words="" if says_nothing(words) else words,
        broken=not tails and _NO_NUMBER.search(rest) is not None,
        this=this,
    )


def link(said: Handles, things: Sequence[OrderEntry], today: date, *, asked: Sequence[str] = ()) -> Linked:
    """The orders that a message names, each handle narrowing; none, with what was looked for, where one fits none.

    asked: the numbers that the reply just before asked among, of which it is one, if it can be.
    """
    found = _link(said, things, today)
    among = [thing for thing in things if thing.number in asked]
    meant = tuple(number for number in found.orders if number in asked)
    if meant or found.orders or not found.missing:
        return replace(found, orders=meant or found.orders)
    place = nearest(found.missing, [thing.titles for thing in among])
    return found if place is None else replace(found, orders=(among[place].number,), sure=False)


def _link(said: Handles, things: Sequence[OrderEntry], today: date) -> Linked:
    reading = read(said.words, [thing.titles for thing in things]) if said.words else None
    title = (reading.words or reading.missing) if reading else ""
    # An article that is spoken of beside 这单 need not be an order's.
    if reading and not reading.things and said.this:
        title = ""
    named = _named(said, title, today)
    if not named:
        return Linked()
    of_title = [thing for place, thing in enumerate(things) if reading is not None and place in reading.things]
    told = [
        thing
        for thing in things
        if (not said.tails or thing.number.endswith(said.tails)) and (said.when is None or happened(thing, said.when))
    ]
    told = _of_price(told, *said.fen) if said.fen else told
    chosen = [thing for thing in told if thing in of_title] if title else told
    loosely = not chosen and bool(said.when or said.fen) and reading is not None
    if loosely and reading is not None:  # 「昨天买的坚果礼盒」: two words that no one title has
        anyway = [thing for place, thing in enumerate(things) if place in reading.anyway]
        chosen = [thing for thing in told if thing in anyway]
    elsewise = said.tails or said.when or said.fen
    near = () if chosen or not elsewise else _numbers(of_title) or _numbers(told if title and not said.tails else ())
    return Linked(
        _numbers(chosen),
        named,
        sure=not (loosely and chosen) and (reading is None or reading.sure or bool(elsewise)),
        missing=reading.missing if reading and title else "",
        near=near,
        evidence="tail" if said.tails else "title" if title else "time" if said.when else "price",
        parts=reading.parts if reading else (),
        apart=len(said.tails) > 1 if said.tails else reading is not None and reading.apart,
    )


def _numbers(things: Sequence[OrderEntry]) -> tuple[str, ...]:
    return tuple(thing.number for thing in things)


def speaks_of_having(plain: str) -> bool:
    """Whether words point at something bought: 那单, 买的. 「老人手机」 alone does not mean whoever bought a 手机壳."""
    return _HAVING.search(plain) is not None


def points_at_it(plain: str) -> bool:
    """Whether words point at the order that is spoken of: 它, 这单."""
    return _THIS.search(plain) is not None


def happened(thing: OrderEntry, when: When) -> bool:
    """Whether it happened to an order within these days."""
    moment = getattr(thing, f"{when.kind}_at")
    return moment is not None and when.days.first <= local(moment).date() <= when.days.last


def _of_price(things: Sequence[OrderEntry], fen: int, off: int) -> list[OrderEntry]:
    exact = [thing for thing in things if thing.amount_fen == fen]
    return exact or [thing for thing in things if abs(thing.amount_fen - fen) < off]


def _named(said: Handles, title: str, today: date) -> str:
    """What is named, for people: 11月3日付款的「大衣」."""
    parts = [f"尾号 {'、'.join(said.tails)}" if said.tails else ""]
    parts += [f"{said.when.days.name(today)}{_VERBS[said.when.kind]}" if said.when else ""]
    parts += [yuan(said.fen[0]) if said.fen else ""]
    before = "、".join(filter(None, parts))
    if not title:
        return before
    return f"{before}的「{title}」" if before else f"「{title}」"


def _when(plain: str, spans: Sequence[dates.Span], today: date) -> When | None:
    """The first stretch of time that tells an order: with what happened then, or beside 那单."""
    for span in spans:
        if span.kind or (_THAT.match(plain, span.end) and not _MAY_BE_A_NAME.fullmatch(span.expression)):
            try:
                return When(dates.resolve(span.expression, today), span.kind or dates.PAID)
            except BadDay:
                continue
    return None


def _price(text: str) -> tuple[int, int] | None:
    """A price beside a word that points, and by how much it may be off; what was paid out is none."""
    for found in _PRICE.finditer(text):
        if _NO_PRICE.search(text[: found.start()]):
            continue
        amount = found["sum"]
        if "." in amount:
            return round(float(amount) * 100), 1
        fen = 100 * (int(amount) if amount.isdigit() else _counted(amount))
        return (fen, 100) if fen else None
    return None


def _counted(words: str) -> int:
    """八十九 -> 89, 一百二 -> 120; 0 for what is none."""
    total = number = unit = 0
    for character in words:
        if character in "十百":
            unit = 10 if character == "十" else 100
            total, number = total + (number or 1) * unit, 0
        else:
            number = "零一二三四五六七八九".find(character.replace("两", "二"))
    return total + number * (10 if unit == 100 and words[-2:-1] == "百" else 1)


def _words(bare: str) -> str:
    """The words without what is said in another way."""
    rest = _blank(bare, [(span.start, span.start + len(span.expression)) for span in dates.spans(bare)])
    for said_otherwise in (PLACE, PRODUCT, PHRASES, TAIL, _PRICE):
        rest = said_otherwise.sub(",", rest)
    return rest


def _blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]},{text[end:]}"
    return text
