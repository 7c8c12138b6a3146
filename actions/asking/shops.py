"""Which of the seller's shops is a question about? The one place that says so; what is written asks `certain` instead.

Order of belief: a button's shop; another seller's shop, which is never looked at; the one named; 另一家; its place; the
one spoken of last in this session; else all of them. Every reply names the shop that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.choosing import at_place
from actions.asking.naming import PLACE, PRODUCT, belongs_to_no_name, read, without_beside
from actions.policydb.facts import ShopFacts
from actions.policydb.queries import own

SHOPS = "shops"  # in a reply's data: the codes of the shops that it lists, in their order
CURRENT = "current_shop"  # slot: the one shop spoken of last
_OFFERED = 5
_HALF = 12  # characters of a message that may be nothing but the name of a shop
_ONLY = "您名下只有「{}」这一家店。"

_WORDS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_KIND = "|".join(sorted(_WORDS["kinds"], key=len, reverse=True))
_NAME = re.compile(rf"([一-龥A-Za-z0-9]{{2,12}}?(?:{_KIND}))(?=$|[^一-龥]|(?:{'|'.join(_WORDS['behind'])}))")
_NAMED_BEFORE = re.compile(r"([一-龥A-Za-z0-9]{2,8}?)的?[那这]一?家(?!店?[我咱]|伙)")
_OTHERS = re.compile("|".join(_WORDS["others"]))
_OURS = re.compile("|".join(_WORDS["ours"]))
_ALL = re.compile("|".join(_WORDS["all"]))
_SEVERAL = re.compile("|".join(each for each in _WORDS["all"] if re.search("[店家]", each) and "哪" not in each))
_THE_OTHER = re.compile("|".join(_WORDS["another"]))
_NO_NAME = re.compile(r"[的了吗呢有没能要想不是在哪几开关卖买做同一两三每各整全单赔费险]")
_THAT_HOUSE = re.compile(r"的?[那这]一?[家个间](?:店铺?)?$")
_SORTS = re.compile(rf"(?:是|的|小|网|{'|'.join(_WORDS['sorts'])})+店铺?")
_SINCE = re.compile(
    r"^.{0,4}?(?:\d{1,2}|[一二三四五六七八九十]{1,2}|上+个?|这个|本|今|去)[月年]份?的?"
)  # 「10月水果店」
_A_SHOP = re.compile(r"[家店铺](?!里的?[客人])")


@dataclass(frozen=True)
class Meant:
    """The shops that a question is about, one at least. lead: what is said first, of how it was understood; of: how many
    there are; evidence: by what they are meant."""

    shops: tuple[ShopFacts, ...]
    lead: str = ""
    of: int = 1
    evidence: str = "matter"

    @property
    def things(self) -> list[dict[str, Any]]:
        """What a reply about them is about: a code each; certain where words name one."""
        sure = self.evidence in ("title", "number") and len(self.shops) == 1
        return [
            {"kind": "shop", "number": shop.code, "evidence": self.evidence, "certain": sure} for shop in self.shops
        ]

    @property
    def button(self) -> str:
        """The shop that a button goes on with: the one meant of several; "" where it need not be said."""
        return self.shops[0].code if len(self.shops) == 1 < self.of else ""

    @property
    def spoken_of(self) -> Any:
        """The event that lets 那家 mean it from now on; nothing where it was about several."""
        return SlotSet(CURRENT, self.shops[0].code if len(self.shops) == 1 else None)

    def told(self, reply: Reply, **data: Any) -> Reply:
        """A reply about them: with what was understood before it, and which they are in its data. data: more of it."""
        return replace(
            reply,
            text=wording.paragraphs(self.lead, reply.text),
            data={"things": self.things, **reply.data, SHOPS: [shop.code for shop in self.shops], **data},
            events=(*reply.events, self.spoken_of),
        )


def no_shops() -> Reply:
    """The account has no shop that it may see."""
    return Reply(
        "没有查到这个账号名下的店铺。请确认登录的是店铺主账号；子账号请让主账号来查。",
        outcome="unknown",
        buttons=(button("转人工", "handoff"),),
    )


def shops_for(session: Session, ask: Ask, topic: str) -> Meant | Reply:
    """The shops meant, or the reply that says why none is looked at. topic: what a button for one of them asks."""
    shops = own.shops(session, ask.principal)
    found = _meant(ask, shops, topic) if shops else no_shops()
    return replace(found, of=len(shops)) if isinstance(found, Meant) else found


def _meant(ask: Ask, shops: tuple[ShopFacts, ...], topic: str) -> Meant | Reply:
    if pressed := ask.named.get("shop", ""):
        chosen = tuple(shop for shop in shops if shop.code == pressed)
        return Meant(chosen, evidence="number") if chosen else no_shops()
    if not ask.bare:
        return _spoken_of(ask, shops)
    words = PRODUCT.sub(",", ask.bare)
    reading = read(PLACE.sub(",", words), [[shop.name] for shop in shops])
    foreign = _foreign(words, shops, own_named=bool(reading.things))
    if foreign and reading.things and not reading.sure:
        near = tuple(shop for place, shop in enumerate(shops) if place in reading.things)
        return _only_own(foreign, near, ask, topic)
    if foreign and not reading.things:
        return _only_own(foreign, shops, ask, topic)
    if reading.things:
        return Meant(tuple(shop for place, shop in enumerate(shops) if place in reading.things), evidence="title")
    return _pointed_at(ask, shops) or _spoken_of(ask, shops)


def names_one(ask: Ask, shops: Sequence[ShopFacts]) -> bool:
    """Whether words speak of a shop: by its name, its place, as 我店 or 另一家, or of somebody else's."""
    if not ask.bare:
        return bool(ask.named.get("shop"))
    plain, words = ask.asked.plain, PRODUCT.sub(",", ask.bare)
    if (
        _OURS.search(plain)
        or _SEVERAL.search(plain)
        or _THE_OTHER.search(plain)
        or (ask.ordinal is not None and _A_SHOP.search(plain))
    ):
        return True
    named = bool(read(PLACE.sub(",", words), [[shop.name] for shop in shops]).things)
    return named or bool(_foreign(words, shops, own_named=False))


def nothing_but_a_shop(ask: Ask, shops: Sequence[ShopFacts]) -> bool:
    """Whether words name a shop of theirs and ask nothing: 「另一家呢」, 「那水果店呢」."""
    plain, words = ask.asked.plain, PRODUCT.sub(",", ask.bare)
    if not ask.bare or len(plain) > _HALF or not names_one(ask, shops):
        return False
    reading = read(PLACE.sub(",", words), [[shop.name] for shop in shops])
    rest = _THE_OTHER.sub("", PLACE.sub("", words)).replace(reading.words or "\0", "")
    return bool(reading.things or rest != words) and all(belongs_to_no_name(each) for each in re.split(r"\W", rest))


def _pointed_at(ask: Ask, shops: Sequence[ShopFacts]) -> Meant | None:
    """Those that a place, 另一家 or 两家 means; None where words point at none."""
    plain = ask.asked.plain
    current = _current(ask)
    if _THE_OTHER.search(plain):
        others = tuple(shop for shop in shops if shop.code != current)
        if len(shops) == 1:
            return Meant(tuple(shops), _ONLY.format(shops[0].name))
        return Meant(others) if current else Meant(tuple(shops))
    if ask.ordinal is not None and _A_SHOP.search(plain):
        listed = [str(code) for code in (ask.asked.shown or {}).get(SHOPS) or ()]
        order = {shop.code: shop for shop in shops}
        among = [order[code] for code in listed if code in order] if len(listed) > 1 else list(shops)
        found = at_place(among, ask.ordinal)
        if found:
            return Meant((found,))
        return Meant(
            tuple(among), f"您名下一共 {len(among)} 家店，都在下面：" if len(among) > 1 else _ONLY.format(among[0].name)
        )
    return Meant(tuple(shops)) if _ALL.search(plain) else None


def _spoken_of(ask: Ask, shops: Sequence[ShopFacts]) -> Meant:
    """The one spoken of last in this session, else all."""
    current = tuple(shop for shop in shops if shop.code == _current(ask))
    return Meant(current or tuple(shops))


def spoken_of(ask: Ask) -> bool:
    """Whether this session speaks of the asker's shops: the reply just before was about them, or one is in force."""
    return bool((ask.asked.shown or {}).get(SHOPS) or _current(ask))


def _current(ask: Ask) -> str:
    """The code of the shop spoken of last; a session that has just begun has none."""
    return str(ask.slots.get(CURRENT) or "") if ask.asked.shown else ""


def _foreign(words: str, shops: Sequence[ShopFacts], *, own_named: bool) -> str:
    """The name of a shop that is none of theirs, or 别人家的店; "" where words name none."""
    if not own_named and not re.search("[我俺咱]", words) and (found := _OTHERS.search(words)):
        return found[0]
    names = [shop.name for shop in shops]
    for pattern in (_NAME, _NAMED_BEFORE):
        for found in pattern.finditer(words):
            if any(ours.end() == len(found[1]) for ours in _OURS.finditer(found[1])):
                continue  # 「那我自己店」
            name = _OURS.sub("", found[1])
            if any(name in each for each in names) or belongs_to_no_name(name) or _THE_OTHER.search(found[0]):
                continue
            stripped = _stripped(name)
            if len(stripped) >= 2 and not any(stripped in each for each in names):
                return stripped
    return ""


def _stripped(name: str) -> str:
    """A name without the words before it that belong to none, and "" where only its kind is left: 「帮我看看大江水果店」."""
    left = _THAT_HOUSE.sub("", without_beside(_SINCE.sub("", name)))
    if _NO_NAME.search(left) or _SORTS.fullmatch(name):
        return ""
    kind = next((each for each in sorted(_WORDS["kinds"], key=len, reverse=True) if left.endswith(each)), "")
    return left if len(left) - len(kind) >= 1 and left not in _WORDS["kinds"] else ""


def _only_own(name: str, shops: Sequence[ShopFacts], ask: Ask, topic: str) -> Reply:
    """Somebody else's shop and one that does not exist: one reply, and nothing is looked into."""
    own_ones = "、".join(f"「{shop.name}」" for shop in shops[:_OFFERED])
    who = f"「{name}」不是您名下的店" if not _OTHERS.search(name) else "别人的店"
    return Reply(
        f"只能看您自己的店：{who}，它开了什么、花了多少我都查不了。您名下的是{own_ones}，要看它吗？",
        outcome="clarify",
        buttons=tuple(
            button(f"看「{shop.name}」", topic, shop=shop.code, product=ask.product) for shop in shops[:_OFFERED]
        ),
        data={SHOPS: [shop.code for shop in shops]},
    )
