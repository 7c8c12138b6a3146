"""What has my shop switched on, and since when? check_shop_services; and which product a question about a shop is of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, instant
from actions.asking.certain import speaks_of_one_loosely
from actions.asking.choosing import at_place
from actions.asking.shops import shops_for
from actions.desk import rules
from actions.policydb.facts import EnrollmentFacts, ShopFacts
from knowledge import live
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role

SERVICES = "offered_services"  # slot: the services last listed, in their order: shop, product
HALF_A_SENTENCE = 10  # characters: what goes on with the reply before
_A_SHOP = re.compile(r"[家店铺]")
_WHEN = re.compile(r"什么时候|啥时候|何时|几号|哪[天日]|多久")
_ENDED = re.compile(r"[关停退]|结束|没了")
_HOW_MANY = re.compile(r"哪些|哪几|几项|几个|什么险|啥险|都有|还有")


class CheckShopServices(TaskAction):
    """The services of the seller's own shops: which are on, since when, and which ended when. One that is named, or
    pointed at by its place in the list, is spoken of first."""

    topic = "check_shop_services"
    role = Role.SELLER

    def answer(self, session: Session, ask: Ask) -> Reply:
        meant = shops_for(session, ask, self.topic)
        if isinstance(meant, Reply):
            return meant
        shops, today = meant.shops, local(ask.at).date()
        limit = rules.find("freight", "risk_limit")
        used: list[Rule] = [limit] if limit and any(_at_risk(shop, limit) for shop in shops) else []
        listed = [(shop.code, service.product) for shop in shops for service in (*_on(shop), *_ended(shop))]
        product = service_meant(ask, shops)
        reply = Reply(
            wording.paragraphs(
                _unseen(ask) or "\n\n".join(_about(product, shop, today) for shop in shops if product),
                *_shop_texts(shops, today),
                *(_risk_text(shop, limit) for shop in shops if limit and _at_risk(shop, limit)),
                "**下一步**：要开通或关闭哪一项，直接跟我说，例如「帮我开通退货宝」；状态以千牛「店铺管理 → 商家保障」显示的为准。",
                wording.footer(used),
            ),
            product=product or None,
            rules=tuple(used),
            buttons=(
                button("帮我开通", "request_enable", product=product),
                button("帮我关闭", "request_disable", product=product),
                button("这个月的报表", "shop_report"),
            ),
            card={"type": "services", "shops": [_card(shop) for shop in shops]},
        )
        services = [list(each) for each in listed]
        told = meant.told(reply, services=services)
        return replace(told, events=(*told.events, SlotSet(SERVICES, services)))


def service_meant(ask: Ask, shops: Sequence[ShopFacts]) -> str:
    """The product that a question about a shop's services is of: named, at a place of the list last shown, or carried by
    half a sentence; "" for all of them."""
    if ask.product:
        return ask.product
    if found := _at_its_place(ask) or named_loosely(ask, shops):
        return found
    plain = ask.asked.plain
    if not 0 < len(plain) <= HALF_A_SENTENCE or _HOW_MANY.search(plain) or speaks_of_one_loosely(ask):
        return ""
    had = {each.product for shop in shops for each in shop.enrollments}
    if ask.topical in had and (ask.asked.shown or {}).get("product") == ask.topical:
        return ask.topical
    asked = {each.product for shop in shops for each in _ended(shop)} if _ENDED.search(plain) else had
    return next(iter(asked)) if len(asked) == 1 and _WHEN.search(plain) else ""


_TELL_NONE = frozenset(("运费", "保障", "退货", "天猫", "淘宝", "计划", "安全", "保险", "售后", "费险", "障险"))


def named_loosely(ask: Ask, shops: Sequence[ShopFacts]) -> str:
    """The product named, or the one of the shops' services of whose name words have a telling part: 「材质那个」,
    「大件的」; "" for none."""
    if ask.product:
        return ask.product
    products = dict.fromkeys(each.product for shop in shops for each in shop.enrollments)
    fitting = [
        product
        for product in products
        for name in [rules.product_name(product)]
        if any(part not in _TELL_NONE and part in ask.asked.plain for part in map("".join, pairwise(name)))
    ]
    return fitting[0] if len(fitting) == 1 else ""


def product_meant(ask: Ask) -> str:
    """The product that is to be priced or walked: as `service_meant`, else that of the conversation, else the default;
    "" where words speak of one that is none of ours, and no other is taken for it."""
    if found := ask.product or _at_its_place(ask):
        return found
    if speaks_of_one_loosely(ask):
        return ""
    return ask.topical or live().current.default_product


def _services(ask: Ask) -> Sequence[Any]:
    """The list of services that a place points into: that of the reply just before, else the last one of the session."""
    shown = ask.asked.shown or {}
    return shown.get("services") or (shown and ask.slots.get(SERVICES)) or ()


def _at_its_place(ask: Ask) -> str:
    """The product at the place of that list that words point at."""
    if ask.ordinal is None or _A_SHOP.search(ask.asked.plain):
        return ""
    found = at_place(_services(ask), ask.ordinal)
    return str(found[1]) if found else ""


def _unseen(ask: Ask) -> str:
    """Said first where a place points outside the list."""
    listed = _services(ask)
    if ask.product or ask.ordinal is None or not listed or _A_SHOP.search(ask.asked.plain) or _at_its_place(ask):
        return ""
    return f"刚才只列了 {len(listed)} 项，没有您说的那一项："


def _on(shop: ShopFacts) -> list[EnrollmentFacts]:
    return [service for service in shop.enrollments if service.ended_at is None]


def _ended(shop: ShopFacts) -> list[EnrollmentFacts]:
    """Services that were on and are not now, each at its last end."""
    running = {service.product for service in _on(shop)}
    ended = {service.product: service for service in shop.enrollments if service.ended_at is not None}
    return [service for product, service in ended.items() if product not in running]


def _about(product: str, shop: ShopFacts, today: date) -> str:
    """Since when one has it, and every time that it ended."""
    name, of = rules.product_name(product), [each for each in shop.enrollments if each.product == product]
    running = next((each for each in of if each.ended_at is None), None)
    ended = "，".join(
        f"{wording.day(each.enrolled_at, today)}开通、{wording.day(each.ended_at, today)}退出"
        for each in of
        if each.ended_at
    )
    if running is not None:
        before = f"（之前 {ended}）" if ended else ""
        return f"「{shop.name}」的{name}**已开通**，从{wording.day(running.enrolled_at, today)}起{before}。"
    if ended:
        return f"「{shop.name}」的{name}**现在没有开通**：{ended}。"
    return f"「{shop.name}」的{name}**现在没有开通**，也没有开通过的记录。"


def _shop_texts(shops: Sequence[ShopFacts], today: date) -> Iterator[str]:
    """A list a shop, numbered through all of them, so that 第二个 can be asked about."""
    place = 0
    for shop in shops:
        lines = [*(_running_line(service, today) for service in _on(shop)), *_ended_lines(shop, today)]
        count = len(_on(shop))
        head = f"您的店铺「{shop.name}」现在" + (f"开通了 **{count} 项**保障：" if count else "**没有**开通中的保障：")
        numbered = "\n".join(f"{place + at}. {line}" for at, line in enumerate(lines, 1))
        place += len(lines)
        yield f"{head}\n\n{numbered}" if lines else f"您的店铺「{shop.name}」**还没有开通**任何保障。"


def _running_line(service: EnrollmentFacts, today: date) -> str:
    fee = f"，目前每单 {wording.yuan(service.fee_fen)}" if service.fee_fen else ""
    return f"{rules.product_name(service.product)}：已开通，{wording.day(service.enrolled_at, today)}起{fee}"


def _ended_lines(shop: ShopFacts, today: date) -> Iterator[str]:
    for service in _ended(shop):
        if service.ended_at is not None:
            span = f"{wording.day(service.enrolled_at, today)}至{wording.day(service.ended_at, today)}"
            yield f"{rules.product_name(service.product)}：已退出，{span}"


def _at_risk(shop: ShopFacts, limit: Rule) -> bool:
    return limit.percent is not None and shop.risk_rate_bp >= limit.percent * 100


def _risk_text(shop: ShopFacts, limit: Rule) -> str:
    return (
        f"注意：「{shop.name}」目前的店铺风险率是 {wording.percent(shop.risk_rate_bp)}，{wording.cite(limit)}，"
        "这段时间卖家运费险不能出单。"
    )


def _card(shop: ShopFacts) -> dict[str, Any]:
    return {
        "code": shop.code,
        "name": shop.name,
        "risk_rate_bp": shop.risk_rate_bp,
        "services": [
            {
                "product": service.product,
                "product_name": rules.product_name(service.product),
                "state": "on" if service.ended_at is None else "ended",
                "since": instant(service.enrolled_at),
                "until": instant(service.ended_at),
                "fee_fen": service.fee_fen,
            }
            for service in (*_on(shop), *_ended(shop))
        ],
    }
