"""What has my shop switched on? check_shop_services."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, instant
from actions.desk import rules
from actions.policydb.facts import EnrollmentFacts, ShopFacts
from actions.policydb.queries import own
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role


def no_shops() -> Reply:
    """The account has no shop that it may see."""
    return Reply(
        "没有查到这个账号名下的店铺。请确认登录的是店铺主账号；子账号请让主账号来查。",
        outcome="unknown",
        buttons=(button("转人工", "handoff"),),
    )


class CheckShopServices(TaskAction):
    """The services of the seller's own shops: which are on, since when, and which have ended."""

    topic = "check_shop_services"
    role = Role.SELLER

    def answer(self, session: Session, ask: Ask) -> Reply:
        shops = own.shops(session, ask.principal)
        if not shops:
            return no_shops()
        today = local(ask.at).date()
        limit = rules.find("freight", "risk_limit")
        used: list[Rule] = [limit] if limit and any(_at_risk(shop, limit) for shop in shops) else []
        lead = "" if not ask.product else _about(ask.product, shops, today)
        return Reply(
            wording.paragraphs(
                lead,
                *(_shop_text(shop, today) for shop in shops),
                *(_risk_text(shop, limit) for shop in shops if limit and _at_risk(shop, limit)),
                "**下一步**：要开通或关闭哪一项，直接跟我说，例如「帮我开通退货宝」；状态以千牛「店铺管理 → 商家保障」显示的为准。",
                wording.footer(used),
            ),
            product=ask.product or None,
            rules=tuple(used),
            buttons=(
                button("帮我开通", "request_enable", product=ask.product),
                button("帮我关闭", "request_disable", product=ask.product),
                button("这个月的报表", "shop_report"),
            ),
            card={"type": "services", "shops": [_card(shop) for shop in shops]},
        )


def _on(shop: ShopFacts) -> list[EnrollmentFacts]:
    return [service for service in shop.enrollments if service.ended_at is None]


def _ended(shop: ShopFacts) -> list[EnrollmentFacts]:
    """Services that were on and are not now, each at its last end."""
    running = {service.product for service in _on(shop)}
    ended = {service.product: service for service in shop.enrollments if service.ended_at is not None}
    return [service for product, service in ended.items() if product not in running]


def _about(product: str, shops: tuple[ShopFacts, ...], today: date) -> str:
    name = rules.product_name(product)
    since = [service.enrolled_at for shop in shops for service in _on(shop) if service.product == product]
    return f"{name}**已开通**，从{wording.day(min(since), today)}起。" if since else f"{name}**现在没有开通**。"


def _shop_text(shop: ShopFacts, today: date) -> str:
    running = _on(shop)
    lines = [
        f"{rules.product_name(service.product)}：已开通，{wording.day(service.enrolled_at, today)}起"
        + (f"，目前每单 {wording.yuan(service.fee_fen)}" if service.fee_fen else "")
        for service in running
    ]
    lines += [
        f"{rules.product_name(service.product)}：已退出，{wording.day(service.enrolled_at, today)}至"
        f"{wording.day(service.ended_at, today)}"
        for service in _ended(shop)
        if service.ended_at is not None
    ]
    head = f"您的店铺「{shop.name}」现在" + (
        f"开通了 **{len(running)} 项**保障：" if running else "**没有**开通中的保障："
    )
    return f"{head}\n\n{wording.bullets(*lines)}" if lines else f"您的店铺「{shop.name}」**还没有开通**任何保障。"


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
