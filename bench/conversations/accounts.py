"""Accounts on which nothing was developed: buyers with 3, 30 and 300 orders of a market, and the sellers of their shops.

The same for the same seed and day. Titles are long, alike and sometimes equal, some days have several orders.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from actions.policydb import tables
from actions.policydb.demo.data import DemoClaim, DemoOrder, DemoService, DemoShop, digits
from actions.policydb.demo.seed import Calendar, order_row
from actions.policydb.facts import CloseReason, Payer, RefusalReason
from knowledge.rules import Category, Site

SEED = 20261130
_MARKET: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("market.yml").read_text("utf-8"))
BUYERS: dict[str, int] = _MARKET["buyers"]
_REFUSALS = tuple(RefusalReason)
_REGIONS = ("浙江杭州", "四川成都", "黑龙江哈尔滨", "北京朝阳", "湖北武汉")
_COURIERS = ("中通", "圆通", "韵达", "顺丰")


@dataclass(frozen=True)
class Bought:
    """An order of a seeded buyer."""

    number: str
    order: DemoOrder


def shops() -> tuple[DemoShop, ...]:
    """The shops, as the demo data writes its own."""
    return tuple(_shop(code, dict(written)) for code, written in _MARKET["shops"].items())


def orders(buyer: str) -> tuple[Bought, ...]:
    """The orders of a buyer, the newest first."""
    lot = random.Random(f"{SEED} {buyer}")
    found = sorted(_orders(buyer, BUYERS[buyer], lot), key=lambda order: order.paid)
    return tuple(Bought("4" + digits(f"{SEED} {order.key}", 18), order) for order in found)


def fill(session: Session, anchor: date) -> None:
    """Writes accounts, shops and orders, dated back from a day, into a database that has none of them."""
    calendar = Calendar(anchor)
    names = [("buyer", name) for name in BUYERS]
    names += [("seller", owner) for owner in dict.fromkeys(shop.owner for shop in shops())]
    accounts = {
        name: tables.Account(role=name[0], external_id=name[1], is_demo=True, created_at=calendar.at(400))
        for name in names
    }
    session.add_all(accounts.values())
    rows = {shop.code: _shop_row(shop, accounts[("seller", shop.owner)], calendar) for shop in shops()}
    session.add_all(rows.values())
    session.flush()
    for buyer in BUYERS:
        for bought in orders(buyer):
            order = bought.order
            session.add(order_row(order, bought.number, accounts[("buyer", buyer)], rows[order.shop], calendar))
    session.flush()


def _shop(code: str, written: dict[str, Any]) -> DemoShop:
    services = tuple(DemoService(**service) for service in written.pop("services"))
    written["site"] = Site(written.get("site", Site.TMALL.value))
    written["category"] = Category(written.get("category", Category.OTHER.value))
    return DemoShop(code=code, services=services, **written)


def _shop_row(shop: DemoShop, owner: Any, calendar: Calendar) -> Any:
    return tables.Shop(
        code=shop.code,
        owner=owner,
        name=shop.name,
        risk_rate_bp=shop.risk_rate_bp,
        return_region=shop.region,
        consumer_protection=shop.consumer_protection,
        seven_day_return=shop.seven_day_return,
        site=shop.site.value,
        category=shop.category.value,
        deposit_fen=shop.deposit_fen,
        deposit_due_fen=shop.deposit_due_fen,
        opened_at=calendar.at(shop.opened),
        enrollments=[
            tables.Enrollment(
                product_id=each.product,
                enrolled_at=calendar.at(each.since),
                ended_at=calendar.at(each.ended),
                fee_fen=each.fee_fen,
            )
            for each in shop.services
        ],
    )


def _orders(buyer: str, count: int, lot: random.Random) -> Iterator[DemoOrder]:
    codes = tuple(_MARKET["shops"])
    paid = 1
    for place in range(count):
        goods = lot.choice(_MARKET["goods"])
        title = goods["title"].format(brand=lot.choice(goods["brands"]), sort=lot.choice(goods["sorts"]))
        state = _MARKET["states"][place % len(_MARKET["states"])]
        order = DemoOrder(
            key=f"{buyer} {place}",
            items=((title, goods["fen"] + 100 * lot.randrange(0, 30)),),
            paid=paid,
            shop=lot.choice(codes),
            buyer=buyer,
            sum_fen=lot.choice((900, 1200, 1500)),
            region=lot.choice(_REGIONS),
            courier=lot.choice(_COURIERS),
        )
        yield _in_state(order, state, lot)
        paid += lot.choice((0, 1, 1, 2)) if count > 100 else lot.choice((0, 2, 3, 5))


def _in_state(order: DemoOrder, state: str, lot: random.Random) -> DemoOrder:
    """What has happened to it by now; a step that would lie in the future has not."""

    def ago(after: int) -> int | None:
        days = order.paid - after
        return days if days >= 1 else None

    if state == "cancelled" and ago(1):
        return replace(order, closed=ago(1), close_reason=CloseReason.CANCELLED)
    order = replace(order, shipped=ago(1), signed=ago(3))
    if state == "sent":
        return replace(order, signed=None)
    if state == "uncovered":
        return replace(order, product="")
    if state == "bought":
        return replace(order, payer=Payer.BUYER, premium_fen=lot.choice((90, 120, 150)))
    if state == "confirmed":
        return replace(order, confirmed=ago(13))
    if state in ("kept", "cancelled") or order.signed is None or ago(4) is None:
        return order
    steps = {"requested": ago(4), "agreed": ago(4), "shipped_back": ago(5)}
    freight = lot.choice((900, 1200, 1600))
    claim = DemoClaim(**{name: day for name, day in steps.items() if day is not None}, freight_fen=freight)  # type: ignore[arg-type]
    if state == "waiting" or ago(8) is None:
        return replace(order, claims=(claim,))
    claim = replace(claim, received=ago(7), refunded=ago(8))
    if state == "paid" and ago(10):
        claim = replace(claim, paid=ago(10), payout_fen=min(order.sum_fen, freight))
    elif state == "paid_short" and ago(10):
        claim = replace(claim, paid=ago(10), payout_fen=order.sum_fen, freight_fen=order.sum_fen + 700, weight_g=1900)
    elif state == "refused" and ago(10):
        claim = replace(claim, refused=ago(10), refusal=lot.choice(_REFUSALS))
    return replace(order, claims=(claim,))
