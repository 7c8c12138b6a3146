"""Demo accounts, shops and orders: every state there is, the same every time, dated backwards from today.

Seeding again moves the dates to the new today and touches demo accounts only. Order numbers look like Taobao's
(19 digits) and are made from the order's key below, so they stay the same across seeds; `NUMBERS` looks them up.
What shops sell beside these is in `crowd`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from actions.policydb import crowd, models
from actions.policydb.facts import (
    Category,
    ClaimKind,
    CloseReason,
    EventKind,
    Fault,
    Payee,
    Payer,
    RefusalReason,
    ReturnMethod,
    Site,
)
from xiaoer.clock import SHANGHAI, local
from xiaoer.errors import DeskError

INSURER = "示例财产保险"
# Days after which the data says other things than it was made to say: the claim under review is overdue first.
FRESH_DAYS = 2


@dataclass(frozen=True)
class DemoClaim:
    """Days are counted back from today: `requested=8` is eight days ago. None: has not happened."""

    requested: int
    agreed: int | None = None
    shipped_back: int | None = None
    received: int | None = None
    refunded: int | None = None
    refused: int | None = None
    paid: int | None = None
    withdrawn: int | None = None
    kind: ClaimKind = ClaimKind.RETURN
    method: ReturnMethod = ReturnMethod.SELF
    fault: Fault = Fault.BUYER
    refusal: RefusalReason | None = None
    payout_fen: int = 0
    freight_fen: int | None = None
    weight_g: int | None = 800
    flash: bool = False
    line: int = 0
    parcel: str = ""


@dataclass(frozen=True)
class DemoOrder:
    """One order. product "" = no policy; other fields as in `DemoClaim`."""

    key: str
    items: tuple[tuple[str, int], ...]
    paid: int
    shipped: int | None = None
    signed: int | None = None
    confirmed: int | None = None
    closed: int | None = None
    close_reason: CloseReason | None = None
    product: str = "freight"
    payer: Payer = Payer.SELLER
    sum_fen: int = 1200
    premium_fen: int = 45
    claims: tuple[DemoClaim, ...] = ()
    shop: str = "demo-shop"
    buyer: str = "demo"
    region: str = "浙江杭州"
    courier: str = "中通"


ACCOUNTS = (
    ("buyer", "demo"),
    ("buyer", "new"),
    ("buyer", "amy"),
    ("buyer", "bob"),
    crowd.BUYER,
    ("seller", "demo"),
    ("seller", "risky"),
    ("seller", "other"),
    ("seller", "chain"),
)


@dataclass(frozen=True)
class DemoShop:
    """services: (product, enrolled days ago, ended days ago or None, fen an order); opened: days ago."""

    code: str
    owner: str
    name: str
    risk_rate_bp: int
    region: str
    services: tuple[tuple[str, int, int | None, int], ...] = ()
    site: Site = Site.TMALL
    category: Category = Category.CLOTHING
    deposit_fen: int = 5_000_000
    deposit_due_fen: int = 5_000_000
    opened: int = 800
    consumer_protection: bool = True
    seven_day_return: bool = True


SHOPS = (
    DemoShop(
        "demo-shop",
        "demo",
        "小鹿家鞋服旗舰店",
        620,
        "浙江嘉兴",
        (
            ("freight", 210, None, 68),
            ("trade_protection", 180, None, 0),
            ("material_fidelity", 95, None, 0),
            ("return_care", 60, 25, 40),
        ),
    ),
    DemoShop(
        "risky-shop",
        "risky",
        "潮流快闪女装店",
        3420,
        "广东广州",
        (("freight", 150, 12, 320),),
        site=Site.TAOBAO,
        deposit_fen=0,
        deposit_due_fen=100_000,
        opened=45,
        seven_day_return=False,
    ),
    DemoShop(
        "other-shop",
        "other",
        "暖木家居生活馆",
        410,
        "江苏苏州",
        (("return_care", 80, None, 35), ("bulky_freight", 70, None, 260)),
        category=Category.FURNITURE,
    ),
    # -- one account with two shops: which one is meant has to be asked
    DemoShop(
        "chain-fruit",
        "chain",
        "果然新鲜水果店",
        180,
        "海南海口",
        (),
        site=Site.TAOBAO,
        category=Category.FRESH,
        deposit_fen=100_000,
        deposit_due_fen=100_000,
        opened=300,
    ),
    DemoShop(
        "chain-games",
        "chain",
        "云端点卡充值店",
        90,
        "上海",
        (),
        site=Site.TAOBAO,
        category=Category.VIRTUAL,
        deposit_fen=100_000,
        deposit_due_fen=100_000,
        opened=500,
    ),
)


def _returned(back: int, **kwargs: Any) -> DemoClaim:
    """A return that was refunded `back` days ago, asked for five days before."""
    usual = {"agreed": back + 5, "shipped_back": back + 4, "received": back + 1, "refunded": back, "freight_fen": 1200}
    return DemoClaim(back + 5, **{**usual, **kwargs})


def _refused(reason: RefusalReason, **kwargs: Any) -> tuple[DemoClaim, ...]:
    return (_returned(6, refused=4, refusal=reason, **kwargs),)


ORDERS = (
    # -- cover that can still be used
    DemoOrder("not_started", (("秋冬加绒卫衣", 15900),), paid=1),
    DemoOrder("in_force", (("女鞋 真皮乐福鞋", 12900),), paid=6, shipped=5, signed=2),
    DemoOrder(
        "in_force_bought",
        (("儿童羽绒服", 25900),),
        paid=4,
        shipped=3,
        payer=Payer.BUYER,
        premium_fen=120,
        sum_fen=1500,
        region="四川成都",
        courier="圆通",
    ),
    DemoOrder("withdrawn", (("羊毛围巾", 8900),), paid=9, shipped=8, signed=5, claims=(DemoClaim(4, withdrawn=3),)),
    # -- cover that has ended
    DemoOrder("lapsed_confirmed", (("女士短靴", 19900),), paid=20, shipped=19, signed=16, confirmed=12),
    DemoOrder("lapsed_90_days", (("登山双肩包", 23900),), paid=121, shipped=120, signed=116, courier="韵达"),
    DemoOrder(
        "cancelled",
        (("针织开衫", 13900),),
        paid=10,
        closed=9,
        close_reason=CloseReason.CANCELLED,
        payer=Payer.BUYER,
        premium_fen=90,
    ),
    DemoOrder("no_policy", (("手机壳 透明防摔", 1990),), paid=7, shipped=6, signed=4, product=""),
    # -- claims on their way
    DemoOrder(
        "waiting_refund",
        (("牛仔直筒裤", 16900),),
        paid=11,
        shipped=10,
        signed=7,
        claims=(DemoClaim(4, agreed=4, shipped_back=2, flash=True),),
    ),
    DemoOrder(
        "reviewing",
        (("休闲运动鞋", 29900),),
        paid=15,
        shipped=14,
        signed=11,
        claims=(_returned(1, freight_fen=1300),),
    ),
    DemoOrder("overdue", (("法式连衣裙", 21900),), paid=24, shipped=23, signed=20, claims=(_returned(8),)),
    # -- paid
    DemoOrder(
        "paid",
        (("男士衬衫", 11900),),
        paid=30,
        shipped=29,
        signed=26,
        claims=(_returned(18, paid=16, payout_fen=1200),),
    ),
    DemoOrder(
        "paid_short",
        (("冬季马丁靴 加厚底", 32900),),
        paid=34,
        shipped=33,
        signed=30,
        region="黑龙江哈尔滨",
        sum_fen=1400,
        claims=(_returned(21, paid=19, payout_fen=1400, freight_fen=2200, weight_g=1850),),
    ),
    DemoOrder(
        "paid_short_seller_fault",
        (("棉服 发错颜色", 26900),),
        paid=36,
        shipped=35,
        signed=32,
        sum_fen=1200,
        claims=(_returned(22, paid=20, payout_fen=1200, freight_fen=1500, fault=Fault.SELLER),),
    ),
    DemoOrder(
        "courier_offset",
        (("帆布鞋", 9900),),
        paid=28,
        shipped=27,
        signed=24,
        courier="菜鸟速递",
        claims=(_returned(15, paid=14, payout_fen=1200, freight_fen=1500, method=ReturnMethod.PICKUP),),
    ),
    DemoOrder(
        "exchange",
        (("马丁靴 换大一码", 27900),),
        paid=27,
        shipped=26,
        signed=23,
        claims=(_returned(14, paid=13, payout_fen=1200, kind=ClaimKind.EXCHANGE),),
    ),
    DemoOrder(
        "two_parcels",
        (("纯棉T恤 白色", 5900), ("纯棉长裤 黑色", 9900)),
        paid=32,
        shipped=31,
        signed=28,
        claims=(
            _returned(20, paid=18, payout_fen=1200, line=0),
            _returned(14, refused=12, refusal=RefusalReason.SECOND_CLAIM, line=1),
        ),
    ),
    DemoOrder(
        "shared_parcel_paid",
        (("瑜伽裤", 12900),),
        paid=26,
        shipped=25,
        signed=22,
        claims=(_returned(12, paid=10, payout_fen=1200, parcel="shared"),),
    ),
    DemoOrder(
        "bulky_refused_delivery",
        (("实木餐桌 1.4米", 159900),),
        paid=40,
        shipped=38,
        closed=30,
        close_reason=CloseReason.REFUSED_DELIVERY,
        product="bulky_freight",
        premium_fen=260,
        sum_fen=38000,
        shop="other-shop",
        courier="德邦",
        claims=(
            DemoClaim(
                33,
                agreed=33,
                received=31,
                refunded=30,
                paid=28,
                kind=ClaimKind.REFUSED_DELIVERY,
                method=ReturnMethod.PICKUP,
                payout_fen=26000,
                freight_fen=26000,
                weight_g=38000,
            ),
        ),
    ),
    DemoOrder(
        "return_care_paid",
        (("床品四件套", 39900),),
        paid=45,
        shipped=44,
        signed=41,
        product="return_care",
        premium_fen=35,
        sum_fen=2600,
        shop="other-shop",
        claims=(_returned(33, paid=32, payout_fen=1800, freight_fen=2400, weight_g=2600, method=ReturnMethod.PICKUP),),
    ),
    # -- the other insurances, still to be used
    DemoOrder(
        "bulky",
        (("布艺双人沙发", 219900),),
        paid=13,
        shipped=11,
        signed=7,
        product="bulky_freight",
        premium_fen=260,
        sum_fen=42000,
        shop="other-shop",
        courier="德邦",
    ),
    DemoOrder(
        "return_care",
        (("全棉浴巾 两条装", 8900),),
        paid=8,
        shipped=7,
        signed=5,
        product="return_care",
        premium_fen=35,
        sum_fen=2600,
        shop="other-shop",
    ),
    # -- refused, each reason of the insurer once
    DemoOrder("refused_bad_tracking", (("毛呢大衣", 45900),), 22, 21, 18, claims=_refused(RefusalReason.BAD_TRACKING)),
    DemoOrder(
        "refused_shared_parcel",
        (("运动内衣", 7900),),
        26,
        25,
        22,
        claims=(_returned(12, refused=10, refusal=RefusalReason.SHARED_PARCEL, parcel="shared"),),
    ),
    DemoOrder(
        "refused_abnormal_trade", (("皮质腰带", 6900),), 23, 22, 19, claims=_refused(RefusalReason.ABNORMAL_TRADE)
    ),
    DemoOrder("refused_account_risk", (("打底裤", 4900),), 25, 24, 21, claims=_refused(RefusalReason.ACCOUNT_RISK)),
    DemoOrder(
        "refused_expired",
        (("雪地靴", 22900),),
        29,
        28,
        25,
        confirmed=17,
        claims=_refused(RefusalReason.EXPIRED),
    ),
    DemoOrder(
        "refused_no_return",
        (("家居拖鞋", 2990),),
        19,
        18,
        15,
        closed=9,
        close_reason=CloseReason.REFUND_ONLY,
        claims=(DemoClaim(10, refunded=9, refused=7, refusal=RefusalReason.NO_RETURN),),
    ),
    DemoOrder(
        "refused_before_receipt",
        (("格纹半身裙", 13900),),
        18,
        17,
        8,
        claims=(
            DemoClaim(
                11,
                agreed=11,
                shipped_back=10,
                received=6,
                refunded=5,
                refused=3,
                refusal=RefusalReason.RETURNED_BEFORE_RECEIPT,
                freight_fen=1200,
            ),
        ),
    ),
    # -- other people's, which nobody else may see
    DemoOrder("amy_in_force", (("羊绒大衣", 89900),), 5, 4, 2, buyer="amy", region="北京朝阳"),
    DemoOrder("bob_in_force", (("男士板鞋", 18900),), 6, 5, 3, buyer="bob", region="湖北武汉"),
    DemoOrder(
        "bob_paid",
        (("冲锋衣", 49900),),
        33,
        32,
        29,
        buyer="bob",
        region="湖北武汉",
        claims=(_returned(20, paid=18, payout_fen=1100, freight_fen=1100),),
        sum_fen=1100,
    ),
)


def _digits(key: str, count: int) -> str:
    return str(int(hashlib.sha256(key.encode()).hexdigest(), 16))[-count:]


NUMBERS = {order.key: "3" + _digits(order.key, 18) for order in ORDERS}
_HOURS = {"paid": 10, "requested": 11, "agreed": 13, "withdrawn": 14, "shipped": 16, "shipped_back": 17, "refunded": 19}
_EVENTS = tuple(kind for kind in EventKind if kind is not EventKind.APPEALED)


class _Calendar:
    """Instants counted back from the anchor day, at fixed hours of Asia/Shanghai."""

    def __init__(self, anchor: date) -> None:
        self._anchor = anchor

    def at(self, days_ago: int | None, what: str = "") -> datetime | None:
        if days_ago is None:
            return None
        moment = datetime.combine(self._anchor - timedelta(days=days_ago), time(_HOURS.get(what, 15), 20), SHANGHAI)
        return moment.astimezone(timezone.utc)


def anchored_on(session: Session) -> date | None:
    """The day that the demo data in the database counts back from; None where there is none."""
    shop = SHOPS[0]  # it opened so many days before, and no task moves that
    opened: datetime | None = session.execute(select(models.Shop.opened_at).filter_by(code=shop.code)).scalar()
    return local(opened).date() + timedelta(days=shop.opened) if opened is not None else None


def fill(session: Session, anchor: date) -> dict[str, Any]:
    """Write the demo data anew, dated back from `anchor` (Asia/Shanghai).

    Returns how many accounts and orders there are now, and how many requests and tickets were thrown away.
    Raises DeskError when a demo id or a demo shop code belongs to a real account: nothing is written then.
    """
    calendar = _Calendar(anchor)
    accounts = {(role, name): _account(session, role, name, calendar) for role, name in ACCOUNTS}
    shops = {shop.code: _shop(session, shop, accounts[("seller", shop.owner)], calendar) for shop in SHOPS}
    session.flush()
    dropped = _clear(session, [account.id for account in accounts.values()], [shop.id for shop in shops.values()])
    for shop in SHOPS:
        _enroll(session, shop, shops[shop.code], calendar)
    for order in ORDERS:
        session.add(_order(order, accounts[("buyer", order.buyer)], shops[order.shop], calendar))
    session.flush()
    many = crowd.fill(session, anchor, accounts[crowd.BUYER].id, {code: shop.id for code, shop in shops.items()})
    return {"accounts": len(accounts), "orders": len(ORDERS) + many, "dropped": dropped}


def _account(session: Session, role: str, name: str, calendar: _Calendar) -> Any:
    account = session.execute(select(models.Account).filter_by(role=role, external_id=name)).scalars().first()
    if account is None:
        account = models.Account(role=role, external_id=name, is_demo=True, created_at=calendar.at(400))
        session.add(account)
    elif not account.is_demo:
        raise DeskError(
            f"{role}:{name} is a real account here, so the demo data was not written; use another database."
        )
    return account


def _shop(session: Session, shop: DemoShop, owner: Any, calendar: _Calendar) -> Any:
    row = session.execute(select(models.Shop).filter_by(code=shop.code)).scalars().first()
    if row is None:
        row = models.Shop(code=shop.code, owner=owner)
        session.add(row)
    elif row.owner_id != owner.id:
        raise DeskError(f"shop {shop.code} belongs to a real account, so the demo data was not written.")
    row.name, row.risk_rate_bp, row.return_region = shop.name, shop.risk_rate_bp, shop.region
    row.consumer_protection, row.seven_day_return = shop.consumer_protection, shop.seven_day_return
    row.site, row.category = shop.site.value, shop.category.value
    row.deposit_fen, row.deposit_due_fen = shop.deposit_fen, shop.deposit_due_fen
    row.opened_at = calendar.at(shop.opened)
    return row


def _clear(session: Session, accounts: list[int], shops: list[int]) -> dict[str, int]:
    """Remove what the demo accounts had; what hangs on an order goes with it (ON DELETE CASCADE). The journal stays.

    Returns how many requests and tickets that were.
    """
    dropped = {}
    for name, table in (("tickets", models.Ticket), ("requests", models.Request)):
        gone: Any = session.execute(delete(table).where(table.account_id.in_(accounts)))
        dropped[name] = gone.rowcount
    session.execute(delete(models.Enrollment).where(models.Enrollment.shop_id.in_(shops)))
    session.execute(
        delete(models.ShopOrder)
        .where(models.ShopOrder.buyer_id.in_(accounts))
        .execution_options(synchronize_session=False)
    )
    return dropped


def _enroll(session: Session, shop: DemoShop, row: Any, calendar: _Calendar) -> None:
    for product, since, ended, fee in shop.services:
        session.add(
            models.Enrollment(
                shop_id=row.id,
                product_id=product,
                enrolled_at=calendar.at(since),
                ended_at=calendar.at(ended),
                fee_fen=fee,
            )
        )


def _order(order: DemoOrder, buyer: Any, shop: Any, calendar: _Calendar) -> Any:
    lines = [
        models.OrderLine(position=position, title=title, quantity=1, amount_fen=amount)
        for position, (title, amount) in enumerate(order.items)
    ]
    row = models.ShopOrder(
        number=NUMBERS[order.key],
        buyer_id=buyer.id,
        shop_id=shop.id,
        amount_fen=sum(amount for _, amount in order.items),
        paid_at=calendar.at(order.paid, "paid"),
        shipped_at=calendar.at(order.shipped, "shipped"),
        signed_at=calendar.at(order.signed),
        confirmed_at=calendar.at(order.confirmed),
        closed_at=calendar.at(order.closed),
        close_reason=order.close_reason.value if order.close_reason else None,
        courier=order.courier if order.shipped is not None else "",
        tracking_number="7" + _digits(f"parcel {order.key}", 13) if order.shipped is not None else "",
        ship_to_region=order.region,
        lines=lines,
    )
    if order.product:
        row.policies = [
            models.Policy(
                number="PD" + _digits(f"policy {order.key}", 16),
                product_id=order.product,
                payer=order.payer.value,
                insurer="" if order.product == "return_care" else INSURER,
                premium_fen=order.premium_fen,
                sum_insured_fen=order.sum_fen,
                issued_at=calendar.at(order.paid, "paid"),
                claims=[_claim(order, claim, lines[claim.line], calendar) for claim in order.claims],
            )
        ]
    return row


def _claim(order: DemoOrder, claim: DemoClaim, line: Any, calendar: _Calendar) -> Any:
    days = {kind: getattr(claim, kind.value) for kind in _EVENTS}
    sent = claim.shipped_back is not None
    payee = Payee.COURIER if claim.method is ReturnMethod.PICKUP else Payee.ALIPAY
    return models.Claim(
        line=line,
        kind=claim.kind.value,
        method=claim.method.value,
        fault=claim.fault.value,
        opened_at=calendar.at(claim.requested, "requested"),
        flash=claim.flash,
        courier=order.courier if sent else "",
        tracking_number="7" + _digits(f"return {claim.parcel or order.key + str(claim.line)}", 13) if sent else "",
        freight_paid_fen=claim.freight_fen,
        weight_g=claim.weight_g,
        refusal=claim.refusal.value if claim.refusal else None,
        events=[
            models.ClaimEvent(kind=kind.value, at=calendar.at(ago, kind.value))
            for kind, ago in days.items()
            if ago is not None
        ],
        payout=models.Payout(amount_fen=claim.payout_fen, payee=payee.value, paid_at=calendar.at(claim.paid, "paid"))
        if claim.paid is not None
        else None,
    )
