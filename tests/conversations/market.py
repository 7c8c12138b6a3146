"""A buyer of a market: long titles with brackets and brands, equal ones, several orders a day. Days are counted back
from today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

from actions.policydb import session, tables
from xiaoer import clock

BUYER = "buyer:market"
_STEM = "328804771290551"


@dataclass(frozen=True)
class Bought:
    """One order with a policy paid by the seller; paid_fen: what a return of it has paid two days ago."""

    tail: str
    title: str
    fen: int
    paid: int
    signed: int | None = None
    covered: bool = True
    paid_fen: int = 0


BOUGHT = (
    Bought("5127", "【官方旗舰】波司登羽绒服女2026新款中长款加厚冬季外套", 129900, 1),
    Bought("6338", "【官方旗舰】波司登羽绒服男短款连帽90绒", 99900, 1),
    Bought("4402", "蓝月亮洗衣液深层洁净护理3kg*2瓶（薰衣草香）", 6990, 3, 1),
    Bought("8173", "三只松鼠坚果大礼包1588g/30包", 15800, 5, 2),
    Bought("1694", "良品铺子猪肉脯500g靖江特产", 3990, 5, 2, covered=False),
    Bought("2241", "[Nike/耐克] Air Force 1空军一号男子板鞋CW2288", 79900, 12, 6),
    Bought("7719", "蓝月亮洗衣液深层洁净护理3kg*2瓶（薰衣草香）", 6990, 12, 8),
    Bought("3550", "【买一送一】南极人保暖内衣套装男加绒加厚", 8900, 12, 9, paid_fen=1200),
    Bought("6805", "适用iPhone17Pro手机壳液态硅胶磁吸", 4900, 20, 16),
    Bought("9086", "戴森（Dyson）吸尘器V12 Detect Slim无线除螨", 349000, 29, 25),
)


def number(tail: str) -> str:
    return _STEM + tail


def fill() -> None:
    """Writes the account and its orders."""
    with session.writing() as opened:
        buyer = tables.Account(role="buyer", external_id="market", is_demo=True, created_at=_at(300))
        opened.add(buyer)
        shop = opened.query(tables.Shop).filter_by(code="other-shop").one()
        for bought in BOUGHT:
            order = tables.ShopOrder(
                number=number(bought.tail),
                buyer=buyer,
                shop=shop,
                amount_fen=bought.fen,
                paid_at=_at(bought.paid),
                shipped_at=_at(bought.paid - 1) if bought.signed else None,
                signed_at=_at(bought.signed) if bought.signed else None,
                ship_to_region="浙江杭州",
            )
            order.lines.append(tables.OrderLine(position=0, title=bought.title, quantity=1, amount_fen=bought.fen))
            opened.add(order)
            opened.flush()
            if bought.covered:
                _insure(opened, order, bought)


def _insure(opened: session.Session, order: tables.ShopOrder, bought: Bought) -> None:
    policy = tables.Policy(
        number=f"PDM{bought.tail}",
        order_id=order.id,
        product_id="freight",
        payer="seller",
        insurer="示例财产保险",
        premium_fen=45,
        sum_insured_fen=1200,
        issued_at=order.paid_at,
    )
    opened.add(policy)
    opened.flush()
    if bought.paid_fen:
        claim = tables.Claim(
            policy_id=policy.id, kind="return", method="self", fault="buyer", opened_at=_at(6), freight_paid_fen=1500
        )
        opened.add(claim)
        opened.flush()
        for ago, kind in ((6, "requested"), (5, "agreed"), (4, "shipped_back"), (3, "refunded"), (2, "paid")):
            opened.add(tables.ClaimEvent(claim_id=claim.id, kind=kind, at=_at(ago)))
        opened.add(tables.Payout(claim_id=claim.id, amount_fen=bought.paid_fen, payee="alipay", paid_at=_at(2)))


def _at(ago: int) -> datetime:
    day = clock.local(clock.now()).date() - timedelta(days=ago)
    return datetime.combine(day, time(10), clock.SHANGHAI).astimezone(timezone.utc)
