"""The seller's two questions as people meet them: may my shop have it, what would it cost; and what a shop sold."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action
from sqlalchemy import event, select, text

from actions.desk import rules
from actions.policydb import session, tables
from actions.policydb.facts import ShopFacts
from actions.policydb.queries import own
from actions.tasks.selling import CheckShopEligibility, EstimatePremium
from xiaoer import clock
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

Ask = Callable[..., Any]
ELIGIBLE, PRICE = CheckShopEligibility(), EstimatePremium()
TASKS: list[Action] = [ELIGIBLE, PRICE]
SELLER = parse_principal("seller:demo", Source.SHELL)
CHAIN = parse_principal("seller:chain", Source.SHELL)
SHOPS = ("seller:demo", "seller:risky", "seller:chain", "seller:other")
PRODUCTS = sorted(path.parent.name for path in Path("knowledge").glob("*/product.yml"))


def shown(payload: str) -> tuple[str, dict[str, str]]:
    """A button's intent and entities."""
    intent, _, rest = payload.removeprefix("/").partition("{")
    return intent, json.loads("{" + rest) if rest else {}


def intents(said: Any) -> list[str]:
    return [shown(each["payload"])[0] for each in said.buttons]


# ---------------------------------------------------------------- eligibility
@pytest.mark.parametrize(
    ("who", "product", "eligible", "parts"),
    [
        (
            "seller:demo",
            "freight",
            True,
            ["**已经开着**退货运费险", "6.2%", "要低于 30%", "多处资料，2023 年口径"],
        ),
        ("seller:demo", "return_care", True, ["**可以申请开通**", "虚拟类目除外", "平台公告或媒体报道，2024 年口径"]),
        (
            "seller:risky",
            "freight",
            False,
            [
                "**现在开不了**",
                "差 2 条",
                "七天无理由：未支持",
                "34.2%",
                "**怎么办**：把退货降下来",
            ],
        ),
        (
            "seller:other",
            "freight",
            False,
            ["差 1 条", "家具家装", "2023 年 1 月起", "**怎么办**：大件商品改看大件运费险"],
        ),
        ("seller:other", "bulky_freight", True, ["**已经开着**大件运费险"]),
        ("seller:demo", "bulky_freight", False, ["服饰鞋包", "不属于大件"]),
        ("seller:demo", "trade_protection", True, ["天猫店", "2021 年整理的资料"]),
        ("seller:risky", "trade_protection", None, ["**定不了**", "**要核对** 店铺类型：淘宝店"]),
        ("seller:demo", "material_fidelity", None, ["没有查到可靠要求的", "服饰鞋包"]),
        ("seller:demo", "deposit_performance", True, ["不在我这里开", "保证金账户", "逐店评估"]),
    ],
)
def test_eligibility(ask: Ask, who: str, product: str, eligible: bool | None, parts: list[str]) -> None:
    said = ask(ELIGIBLE, who, product=product)
    assert said.outcome == "task"
    assert said.meta["card"]["eligible"] is eligible
    for part in parts:
        assert part in said.text
    assert said.meta["sources"]


def test_what_fails_comes_first_and_decides(ask: Ask) -> None:
    said = ask(ELIGIBLE, "seller:risky", product="freight")
    bullets = [line for line in said.text.splitlines() if line.startswith("- ")]
    marks = [re.match(r"- \*\*(\S+)\*\*", line)[1] for line in bullets]  # type: ignore[index]
    assert marks == sorted(marks, key=["不符合", "要核对", "符合"].index)
    assert said.meta["grade"] == rules.need("freight", "risk_limit").grade


def test_an_eligibility_card(ask: Ask) -> None:
    card = ask(ELIGIBLE, "seller:risky", product="freight").meta["card"]
    assert {key: card[key] for key in ("type", "product", "product_name", "shop", "shop_code")} == {
        "type": "eligibility",
        "product": "freight",
        "product_name": "退货运费险",
        "shop": "潮流快闪女装店",
        "shop_code": "risky-shop",
    }
    checks = {check["id"]: check for check in card["checks"]}
    assert len(checks) == len(card["checks"]) == 7
    risk = checks["freight.risk_limit"]
    assert (risk["name"], risk["state"], risk["figure"]) == ("店铺风险率", "fail", "34.2%")
    assert set(risk["rule"]) == {"id", "text", "grade", "as_of"}
    for check in card["checks"]:
        assert check["state"] in ("pass", "fail", "unknown")
        assert ("remedy" in check) == (check["state"] != "pass")


def test_both_shops_of_an_account_are_walked(ask: Ask) -> None:
    said = ask(ELIGIBLE, "seller:chain", product="freight")
    assert said.meta["card"]["type"] == "eligibilities"
    assert [(item["shop_code"], item["eligible"]) for item in said.meta["card"]["items"]] == [
        ("chain-fruit", True),
        ("chain-games", False),
    ]
    assert "要给「果然新鲜水果店」开通" in said.text
    enable = [shown(each["payload"]) for each in said.buttons if "request_enable" in each["payload"]]
    assert enable == [("request_enable", {"product": "freight", "shop": "chain-fruit"})]


def test_several_shops_that_may_have_it_name_none(ask: Ask) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE shop SET category = 'food' WHERE code = 'chain-games'"))
    said = ask(ELIGIBLE, "seller:chain", product="freight")
    enable = [shown(each["payload"]) for each in said.buttons if "request_enable" in each["payload"]]
    assert enable == [("request_enable", {"product": "freight"})], "the form asks which"


@pytest.mark.parametrize(
    ("who", "product", "offered"),
    [
        ("seller:demo", "freight", False),  # on already
        ("seller:demo", "return_care", True),
        ("seller:risky", "freight", False),  # two conditions fail
        ("seller:risky", "trade_protection", False),  # nobody knows
        ("seller:other", "material_fidelity", True),  # the system looks when it is opened
        ("seller:demo", "deposit_performance", False),  # not opened here
        ("seller:chain", "fresh_rot", False),
    ],
)
def test_opening_it_is_offered_where_it_can_be_opened(ask: Ask, who: str, product: str, offered: bool) -> None:
    assert ("request_enable" in intents(ask(ELIGIBLE, who, product=product))) is offered


def test_a_shop_that_just_left_need_not_wait(ask: Ask) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE shop SET risk_rate_bp = 500, seven_day_return = 1 WHERE code = 'risky-shop'"))
    said = ask(ELIGIBLE, "seller:risky", product="freight")
    assert "**可以申请开通**" in said.text
    assert "45" not in said.text, "how long to wait is said by one source of 2014"
    assert "request_enable" in intents(said)
    assert said.meta["card"]["eligible"] is True


# ---------------------------------------------------------------- price
def test_a_price(ask: Ask) -> None:
    said = ask(PRICE, "seller:other", product="freight")
    with session.reading() as opened:
        [shop] = own.shops(opened, parse_principal("seller:other", Source.SHELL))
    assert shop.orders_30d, "the demo shop sold something"
    card = said.meta["card"]
    assert (card["low_fen"], card["high_fen"], card["per"]) == (45, 60, "order")
    assert card["month_low_fen"] == 45 * shop.orders_30d
    assert card["month_high_fen"] == 60 * shop.orders_30d
    assert card["saving"] == {
        "risk_rate_bp": 400,
        "month_low_fen": 10 * shop.orders_30d * 75 // 100,
        "month_high_fen": 10 * shop.orders_30d,
    }
    for part in [
        "**每单约 0.45–0.6元（估算）**",
        f"近 30 天 {shop.orders_30d} 单",
        "风险率 4.1%，旧费率表里是 0.6元一单",
        "2021 年 5 月 24 日下调以前的卖家版旧阶梯费率表",
        "最低 0.01 元、最高 3 元一单，平均降 25%、最多降 93%",
        "从几角到约 5 元一单",
        "实际可能比这里估的高",
        "风险率降到 4% 以内，每月约省",
    ]:
        assert part in said.text
    assert "**注意**" in said.text, "a furniture shop may not have it"
    assert "request_enable" not in intents(said)


def test_a_price_beside_what_the_shop_really_pays(ask: Ask) -> None:
    said = ask(PRICE, "seller:demo", product="freight")
    assert "目前实际每单 0.68元" in said.text
    assert "**注意**" not in said.text
    assert "实际每单" not in ask(PRICE, "seller:demo", product="return_care").text, "left 25 days ago"


def test_a_quote_card(ask: Ask) -> None:
    card = ask(PRICE, "seller:demo", product="freight").meta["card"]
    assert set(card) == {
        *("type", "product", "product_name", "shop", "shop_code", "per", "low_fen", "high_fen", "month_low_fen"),
        *("month_high_fen", "orders_30d", "risk_rate_bp", "saving", "rules"),
    }
    assert (card["type"], card["shop_code"], card["risk_rate_bp"]) == ("quote", "demo-shop", 620)
    assert card["rules"][0]["id"] == "freight.premium.ladder"


def test_at_30_per_cent_a_price_is_declined(ask: Ask) -> None:
    said = ask(PRICE, "seller:risky", product="freight")
    assert said.outcome == "task"
    assert said.meta["card"] is None
    for part in ["**现在报不出价**", "34.2%", "达到 30% 时停保", "**怎么办**：把退货降下来", "刚恢复时", "2.47–5元"]:
        assert part in said.text
    assert "request_enable" not in intents(said)


def test_return_care_is_priced_from_freight(ask: Ask) -> None:
    said = ask(PRICE, "seller:demo", product="return_care")
    assert (said.meta["card"]["low_fen"], said.meta["card"]["high_fen"]) == (42, 72)
    for part in ["比原运费险至少低 10%", "退货运费险旧费率表", "没有可靠的价目"]:
        assert part in said.text
    assert "request_enable" in intents(said)
    assert ask(PRICE, "seller:risky", product="return_care").outcome == "unknown", "nothing to compare with"


def test_one_shop_without_a_price_does_not_hide_the_other(ask: Ask) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE shop SET deposit_due_fen = 0 WHERE code = 'chain-fruit'"))
    said = ask(PRICE, "seller:chain", product="deposit_insurance")
    assert said.outcome == "task"
    assert "「果然新鲜水果店」的保险保证金**资料不足**" in said.text
    assert "「云端点卡充值店」的保险保证金，**一年约 30元，半年约 18元（估算）**" in said.text
    assert said.meta["card"]["shop_code"] == "chain-games"
    assert said.meta["card"]["month_low_fen"] is None


def test_what_the_insurer_lends_has_to_be_paid_back(ask: Ask) -> None:
    said = ask(PRICE, "seller:demo", product="deposit_performance")
    assert "一年约 1500元" in said.text
    assert "15 天内要还清" in said.text


# ---------------------------------------------------------------- which product, which shop
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
def test_the_product_named_then_the_one_talked_of_then_freight(ask: Ask, task: Action) -> None:
    talked_of = {"product": "deposit_performance"}
    assert ask(task, "seller:demo", talked_of, product="return_care").meta["product"] == "return_care"
    assert ask(task, "seller:demo", talked_of).meta["product"] == "deposit_performance"
    assert ask(task, "seller:demo").meta["product"] == "freight"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
def test_a_button_names_one_of_two_shops(ask: Ask, task: Action) -> None:
    said = ask(task, "seller:chain", shop="chain-fruit")
    assert "果然新鲜水果店" in said.text
    assert "云端点卡充值店" not in said.text


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
def test_another_sellers_shop_and_none_get_the_same_reply(ask: Ask, task: Action) -> None:
    foreign = ask(task, "seller:chain", shop="risky-shop")
    assert foreign == ask(task, "seller:chain", shop="no-such-shop") == ask(task, "seller:nobody")
    assert foreign.outcome == "unknown"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
def test_a_token_for_one_shop_shows_that_one(ask: Ask, task: Action) -> None:
    said = ask(task, Principal(Role.SELLER, "chain", shop="chain-games", source=Source.TOKEN))
    assert "云端点卡充值店" in said.text
    assert "果然新鲜水果店" not in said.text


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
@pytest.mark.parametrize("who", ["visitor", VISITOR, "buyer:demo"], ids=str)
def test_who_is_no_seller_sees_nothing(ask: Ask, task: Action, who: str | Principal) -> None:
    said = ask(task, who, product="freight", shop="demo-shop")
    assert said.outcome == "sign_in"
    assert said.meta["card"] is None
    assert "小鹿家" not in said.text


# ---------------------------------------------------------------- what is not known, or no more
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
def test_a_withdrawn_product(ask: Ask, task: Action) -> None:
    said = ask(task, "seller:demo", product="order_insurance")
    assert said.outcome == "task"
    assert "2021 年 3 月 29 日起下线" in said.text
    assert shown(said.buttons[0]["payload"]) == ("check_shop_eligibility", {"product": "deposit_insurance"})


@pytest.mark.parametrize(
    ("task", "product", "where"),
    [
        (ELIGIBLE, "damage", "加入服务（管理）"),
        (ELIGIBLE, "price_protection", "聚划算活动报名页"),
        (ELIGIBLE, "screen", "蚂蚁保"),
        (PRICE, "trade_protection", "页面报价"),
        (PRICE, "material_fidelity", "看协议和账单"),
        (PRICE, "fresh_rot", "订购服务商"),
    ],
)
def test_what_is_not_known_says_where_to_look(ask: Ask, task: Action, product: str, where: str) -> None:
    said = ask(task, "seller:demo", product=product)
    assert said.outcome == "unknown"
    assert "资料不足" in said.text
    assert where in said.text
    assert said.meta["card"] is None
    assert intents(said)[-1] == "handoff"


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("who", SHOPS)
def test_every_reply_keeps_the_contract(ask: Ask, who: str, product: str) -> None:
    for task in TASKS:
        said = ask(task, who, product=product)
        assert said.outcome in ("task", "unknown")
        assert said.meta["topic"] == task.topic
        assert said.meta["product"] == product
        json.dumps(said.meta)
        assert not re.search(r"None|。。|，。|；。|\n\n\n|\(\)|（）|: *$", said.text)
        assert not re.search(r"30 ?[笔单]有效|0\.15[–-]0\.8|90 天.{0,4}协议", said.text), "single doubtful sources"
        for each in said.buttons:
            intent, entities = shown(each["payload"])
            assert set(entities) <= {"product", "shop"}
            if intent in ("seller_eligibility", "premium_increase", "premium_cost"):
                assert rules.speaks_of(product, intent), "a button that leads nowhere"


# ---------------------------------------------------------------- what a shop sold
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=timezone.utc)


@pytest.fixture
def empty_shops(database: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """No orders at all, and a way to add some to a shop; it is NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with session.writing() as opened:
        opened.execute(text("DELETE FROM shop_order"))
        buyer = opened.execute(select(tables.Account.id).filter_by(role="buyer", external_id="demo")).scalar()
        ids = dict(opened.execute(select(tables.Shop.code, tables.Shop.id)).all())

    numbers = itertools.count(1)

    def sell(code: str, *orders: tuple[timedelta, int]) -> None:
        with session.writing() as opened:
            for ago, fen in orders:
                opened.add(
                    tables.ShopOrder(
                        number=str(next(numbers)),
                        buyer_id=buyer,
                        shop_id=ids[code],
                        amount_fen=fen,
                        paid_at=NOW - ago,
                        ship_to_region="",
                    )
                )

    return sell


def sold(principal: Principal = SELLER) -> dict[str, tuple[int, int, int]]:
    with session.reading() as opened:
        return {
            shop.code: (shop.orders_30d, shop.orders_90d, shop.amount_30d_fen) for shop in own.shops(opened, principal)
        }


def test_a_shop_that_sold_nothing(empty_shops: Callable[..., None]) -> None:
    assert sold() == {"demo-shop": (0, 0, 0)}
    assert {"orders_30d", "orders_90d", "amount_30d_fen"} <= {field.name for field in fields(ShopFacts)}


def test_orders_of_whole_days_count_up_to_yesterday(empty_shops: Callable[..., None]) -> None:
    midnight, second = timedelta(hours=12, minutes=30), timedelta(seconds=1)  # NOW is half past twelve in Shanghai
    month, quarter = midnight + timedelta(days=30), midnight + timedelta(days=90)
    empty_shops(
        "demo-shop",
        (timedelta(0), 1),  # today
        (midnight, 2),
        (midnight + second, 10),
        (month, 200),
        (month + second, 3_000),
        (quarter, 40_000),
        (quarter + second, 500_000),
        (timedelta(days=400), 6_000_000),
    )
    assert sold() == {"demo-shop": (2, 4, 210)}


def test_each_shop_has_its_own(empty_shops: Callable[..., None]) -> None:
    empty_shops("chain-fruit", (timedelta(days=1), 500), (timedelta(days=40), 700))
    empty_shops("risky-shop", (timedelta(days=1), 900))
    assert sold(CHAIN) == {"chain-fruit": (1, 2, 500), "chain-games": (0, 0, 0)}


def test_old_orders_are_not_read(empty_shops: Callable[..., None]) -> None:
    """One statement over the index, bounded on both sides: what was sold before costs nothing."""
    empty_shops("demo-shop", (timedelta(days=2), 100))
    asked: list[tuple[str, Any]] = []
    engine = session.engine()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM shop_order" in statement:
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        sold()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    [(statement, parameters)] = asked
    with session.reading() as opened:
        raw = opened.connection().connection
        plan = [row[-1] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any(
        "USING INDEX ix_shop_order_shop_id_paid_at (shop_id=? AND paid_at>? AND paid_at<?)" in step for step in plan
    ), plan
    assert not any(step.startswith("SCAN") for step in plan), plan
