"""The figures of a seller's own shop, each asked by itself: deposit, risk rate, seven days, what a service costs or cost,
which was first. What is asked of it beyond that is a task's (`actions.tasks.own_shop`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button
from actions.asking.shops import names_one, shops_for, spoken_of
from actions.desk import eligibility, rules
from actions.points.words import asks_as_it_stands, shop_points
from actions.policydb.facts import EnrollmentFacts, ShopFacts
from actions.tasks.selling import CheckShopEligibility
from actions.tasks.shops import CheckShopServices, named_loosely, service_meant
from knowledge import live
from xiaoer.clock import local

_Say = Callable[[ShopFacts, str, date], str]
# Points that a task's reply says first, where its product is the one that is meant.
_TASKS: Mapping[str, TaskAction] = {
    "lacks": CheckShopEligibility(),
    "has_now": CheckShopServices(),
    "still_on": CheckShopServices(),
    "had_once": CheckShopServices(),
}
# Points that one asks of nothing but what one has, whatever was spoken of before.
_PLAINLY = frozenset({"which_shops", "fee_then", "had_once", "which_first", "who_charges"})
_WHICH_SHOP = re.compile(r"[哪谁](?:一?[家个])?店?(?:的)?(?:更|要|比较)?[高低多少贵]")
_WITH_OTHERS = frozenset({"since", "fee"})
_AT_ONCE = 2


def of_figures(session: Session, ask: Ask, shops: Sequence[ShopFacts]) -> Reply | None:
    """The figures that words ask of the asker's shops; None where they ask none, or one of shops in general."""
    points = _asked(ask, shops)
    if not points:
        return None
    meant = shops_for(session, ask, "check_shop_services")
    if isinstance(meant, Reply):
        return meant
    if points[0] in _TASKS:
        of_talk = ask.topical if points[0] == "still_on" else ""
        product = named_loosely(ask, meant.shops) or _left(points[0], ask, meant.shops) or of_talk
        reply = _TASKS[points[0]].answer(session, replace(ask, product=product) if product else ask)
        return replace(reply, topic=_TASKS[points[0]].topic, data={**reply.data, "point": points[0]})
    product = named_loosely(ask, meant.shops) or service_meant(ask, meant.shops)
    today = local(ask.at).date()
    said = [
        wording.paragraphs(*(text for shop in meant.shops if (text := SAY[point](shop, product, today))))
        for point in points
    ]
    lead = _compared(points[0], meant.shops)
    if not any(said):
        return None
    reply = Reply(
        wording.paragraphs(lead, *said, "以千牛「店铺管理」显示的为准。"),
        product=product or None,
        buttons=(
            button("能不能开通", "check_shop_eligibility", shop=meant.button),
            button("开了哪些保障", "check_shop_services", shop=meant.button),
        ),
        data={"point": points[0]},
        topic="check_shop_services",
    )
    return meant.told(reply)


def _asked(ask: Ask, shops: Sequence[ShopFacts]) -> list[str]:
    """The points that the words ask for, of one's own shops."""
    asked = shop_points(ask.asked.plain)
    points = [point for point in asked if point in SAY]
    if len(points) < 2 and (ask.product or not named_loosely(ask, shops)):
        points = [point for point in points if point not in _WITH_OTHERS]  # a task says it, with all there is
    points = points or [point for point in asked if point in _TASKS][:1]
    going_on, before = spoken_of(ask), ask.asked.before_point
    other = names_one(ask, shops) or _WHICH_SHOP.search(ask.asked.plain) is not None
    if not points and before in SAY and going_on and other and len(ask.asked.plain) <= 10:
        return [before]
    own = going_on or names_one(ask, shops) or asks_as_it_stands(ask.asked.plain)
    own_by_turn = ask.asked.shown is not None and ask.asked.topic not in live().current.knowledge_topics
    plainly = {*_PLAINLY, *(["lacks"] if own_by_turn else []), *(["still_on"] if ask.product or ask.topical else [])}
    return [point for point in points if own or point in plainly][:_AT_ONCE]


def _left(point: str, ask: Ask, shops: Sequence[ShopFacts]) -> str:
    """The one service that was left, where it is asked about having left."""
    ended = {each.product for shop in shops for each in shop.enrollments if each.ended_at is not None}
    return next(iter(ended)) if point == "had_once" and len(ended) == 1 and not ask.product else ""


# ---------------------------------------------------------------------- what is said of one


def _deposit(shop: ShopFacts, product: str, today: date) -> str:
    due, paid = shop.deposit_due_fen, shop.deposit_fen
    short = f"**还差 {wording.yuan(due - paid)}**" if paid < due else "**已经交够**"
    return f"「{shop.name}」的消保保证金{short}：应缴 {wording.yuan(due)}，已缴 {wording.yuan(paid)}。"


def _risk(shop: ShopFacts, product: str, today: date) -> str:
    limit = rules.find("freight", "risk_limit", on=today)
    stands = ""
    if limit is not None:
        stands = f"（{limit.text}，{wording.basis(limit)}）"
    return f"「{shop.name}」的店铺风险率现在是 **{wording.percent(shop.risk_rate_bp)}**{stands}。"


def _seven_days(shop: ShopFacts, product: str, today: date) -> str:
    return f"「{shop.name}」**{'已支持' if shop.seven_day_return else '没有开'}七天无理由退货**。"


def _which_first(shop: ShopFacts, product: str, today: date) -> str:
    services = sorted(_on(shop), key=lambda each: each.enrolled_at)
    if len(services) < 2:
        return ""
    told = "，".join(
        f"{rules.product_name(each.product)} {wording.day(each.enrolled_at, today)}开通" for each in services
    )
    return f"「{shop.name}」最先开的是**{rules.product_name(services[0].product)}**：{told}。"


def _who_charges(shop: ShopFacts, product: str, today: date) -> str:
    services = _on(shop)
    if not services:
        return f"「{shop.name}」现在没有开通中的保障，不收费。"
    charging = [each for each in services if each.fee_fen]
    total = sum(each.fee_fen for each in charging)
    each_one = "，".join(
        f"{rules.product_name(each.product)}每单 {wording.yuan(each.fee_fen) if each.fee_fen else '0元（不收费）'}"
        for each in services
    )
    lead = f"收费的有 **{len(charging)} 项**" if len(charging) < len(services) else f"{len(services)} 项都收费"
    return f"「{shop.name}」{lead}，每单合计 **{wording.yuan(total)}**：{each_one}。"


def _free(shop: ShopFacts, product: str, today: date) -> str:
    service = next((each for each in _on(shop) if each.product == product), None)
    if service is None:
        return "" if product else _who_charges(shop, product, today)
    cost = f"**每单 {wording.yuan(service.fee_fen)}**" if service.fee_fen else "**不收费，每单 0元**"
    return f"「{shop.name}」的{rules.product_name(product)}{cost}（{wording.day(service.enrolled_at, today)}起开通）。"


def _since(shop: ShopFacts, product: str, today: date) -> str:
    return "\n\n".join(
        f"「{shop.name}」的{rules.product_name(each.product)}是**{wording.day(each.enrolled_at, today)}**开通的"
        + (f"，{wording.day(each.ended_at, today)}退出了" if each.ended_at is not None else "")
        + "。"
        for each in shop.enrollments
        if product in ("", each.product)
    )


def _fee_then(shop: ShopFacts, product: str, today: date) -> str:
    """What a service cost that was left."""
    ended = [each for each in shop.enrollments if each.ended_at is not None and product in ("", each.product)]
    return "\n\n".join(
        f"「{shop.name}」的{rules.product_name(each.product)}退出前每单 **{wording.yuan(each.fee_fen)}**"
        f"（{wording.day(each.enrolled_at, today)}开通，{wording.day(each.ended_at, today)}退出）。"
        for each in ended
        if each.ended_at is not None and each.fee_fen
    )


def _shop(shop: ShopFacts, product: str, today: date) -> str:
    since = f"，{wording.day(shop.opened_at, today)}开店" if shop.opened_at else ""
    return f"「{shop.name}」（{eligibility.SITE_NAMES[shop.site]}{since}）：开通中的保障 {len(_on(shop))} 项。"


def _on(shop: ShopFacts) -> list[EnrollmentFacts]:
    return [each for each in shop.enrollments if each.ended_at is None]


SAY: Mapping[str, _Say] = {
    "deposit": _deposit,
    "risk": _risk,
    "seven_days": _seven_days,
    "which_first": _which_first,
    "who_charges": _who_charges,
    "free": _free,
    "fee": _free,
    "since": _since,
    "fee_then": _fee_then,
    "which_shops": _shop,
}
_FIGURE: Mapping[str, tuple[str, Callable[[ShopFacts], int], Callable[[int], str]]] = {
    "risk": ("风险率", lambda shop: shop.risk_rate_bp, wording.percent),
}


def _compared(point: str, shops: Sequence[ShopFacts]) -> str:
    """Of several shops, what is said of them together."""
    if point == "which_shops":
        return f"您名下一共 **{len(shops)} 家店**："
    if point not in _FIGURE or len(shops) < 2:
        return ""
    what, figure, said = _FIGURE[point]
    most = max(shops, key=figure)
    return f"「{most.name}」的{what}高（{said(figure(most))}）。" if len({figure(shop) for shop in shops}) > 1 else ""
