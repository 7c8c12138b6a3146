"""What a seller is told of his customers' orders, and of his shops: what is in it, and what never is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action
from sqlalchemy import event, select

from actions.asking.base import Ask as Asking
from actions.desk.volumes import volume_of
from actions.policydb import session, tables
from actions.policydb.demo.data import NUMBERS, ORDERS
from actions.tasks.claims import CheckClaim, EstimatePayout, ExplainPayout
from actions.tasks.own_shop import OF_ORDER, OF_SHOP, own_of_shop
from actions.tasks.policies import CheckPolicy, ListPolicies
from knowledge import live
from xiaoer import clock
from xiaoer.asked import Asked
from xiaoer.principal import Principal, Role, Source, parse_principal

Ask = Callable[..., Any]
ABOUT_ONE: list[Action] = [CheckPolicy(), CheckClaim(), EstimatePayout(), ExplainPayout()]
OWN = [order for order in ORDERS if order.shop == "demo-shop"]
BUYERS_VIEW = ("您下单", "您的支付宝", "打给您", "由您承担", "等您寄回", "您名下", "您有闪电", "补给您", "您11月")


@pytest.mark.parametrize("task", ABOUT_ONE, ids=lambda task: task.topic)
def test_every_order_is_told_from_the_sellers_view_and_without_the_buyer(ask: Ask, task: Action) -> None:
    with session.reading() as opened:
        names = set(opened.execute(select(tables.Account.external_id).where(tables.Account.role == "buyer")).scalars())
        regions = set(opened.execute(select(tables.ShopOrder.ship_to_region)).scalars())
    for order in OWN:
        said = ask(task, "seller:demo", order_number=NUMBERS[order.key])
        assert said.outcome in ("task", "unknown"), order.key
        assert f"尾号 {NUMBERS[order.key][-4:]}" in said.text
        assert not [words for words in BUYERS_VIEW if words in said.text], said.text
        everything = said.text + json.dumps([said.meta, said.buttons], ensure_ascii=False)
        assert not [each for each in regions if each and each in everything], order.key
        assert not [each for each in names - {"demo"} if f'"{each}"' in everything], order.key


@pytest.mark.parametrize("task", [*ABOUT_ONE, ListPolicies()], ids=lambda task: task.topic)
def test_another_shops_order_and_none_get_one_reply(ask: Ask, task: Action) -> None:
    other = next(NUMBERS[order.key] for order in ORDERS if order.shop == "other-shop")
    foreign = ask(task, "seller:demo", order_number=other)
    missing = ask(task, "seller:demo", order_number="1234567890123456789")
    short = ask(task, "seller:demo", order_number="12")
    assert foreign == missing == short
    assert foreign.outcome == "unknown"


def test_a_token_for_one_shop_sees_no_other(ask: Ask, database: Path) -> None:
    only = Principal(Role.SELLER, "demo", shop="other-shop", source=Source.TOKEN)
    assert ask(CheckPolicy(), only, order_number=NUMBERS["in_force"]).outcome == "unknown"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("in_force", ["保障中", "店铺送的", "保额 12元", "2027年2月16日"]),
        ("in_force_bought", ["买家自己买的", "保额 15元"]),
        ("lapsed_confirmed", ["已失效", "买家11月11日确认收货"]),
        ("no_policy", ["没有退货运费险"]),
        ("paid", ["已赔付", "12元", "打到买家的支付宝"]),
        ("waiting_refund", ["商品寄回途中，等店铺签收", "收到退货后签收、退款"]),
    ],
)
def test_what_is_said_of_one(ask: Ask, order: str, says: list[str]) -> None:
    said = ask(CheckPolicy(), "seller:demo", order_number=NUMBERS[order])
    assert not [words for words in says if words not in said.text], said.text
    assert "下一步" in said.text


def test_a_refusal_says_why_and_that_only_the_buyer_can_appeal(ask: Ask) -> None:
    said = ask(CheckClaim(), "seller:demo", order_number=NUMBERS["refused_bad_tracking"])
    assert "退货单号错误" in said.text
    assert "只能由买家本人提交" in said.text


def test_the_rest_of_a_short_payout_is_said_to_be_somebodys(ask: Ask) -> None:
    with session.reading() as opened:
        short = [
            number
            for number in (NUMBERS[order.key] for order in OWN if any(claim.payout_fen for claim in order.claims))
            if "差的" in ask(ExplainPayout(), "seller:demo", order_number=number).text
        ]
        assert opened is not None
    assert short
    for number in short:
        text = ask(ExplainPayout(), "seller:demo", order_number=number).text
        assert "店铺补" in text or "买家承担" in text


def test_a_shop_with_many_orders_is_looked_at_in_few_statements(ask: Ask) -> None:
    counted: list[str] = []
    with session.reading() as opened:
        engine = opened.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    asked = Asking(
        principal=parse_principal("seller:demo", Source.COMMAND),
        at=clock.now(),
        asked=Asked(text="尾号8915那单有险没", plain="尾号8915那单有险没"),
        bare="尾号8915那单有险没",
    )
    with session.reading() as opened:
        CheckPolicy().answer(opened, asked)
    assert len(counted) <= 12
    assert all("LIMIT" in each or "WHERE" in each for each in counted if "FROM shop_order" in each)


# ---------------------------------------------------------------------- n orders


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("一千单要多少保费", 1000),
        ("一天50单一个月多少", 1500),
        ("每月3000单一年呢", 36500),
        ("日均80单的话一个月", 2400),
        ("一天发一百二十单一年要交多少", 43800),
        ("一万二千单", 12000),
        ("两千五单多少钱", 2500),
        ("2.5万单", 25000),
        ("月销500单要多少", 500),
        ("一周200单一年保费", 10429),
        ("平均每天30来单每月得交多少", 900),
        ("1k单多少", 1000),
    ],
)
def test_orders_are_counted(text: str, total: int) -> None:
    volume = volume_of(text)
    assert volume is not None
    assert volume.total == total


@pytest.mark.parametrize(
    "text", ["一单多少钱", "每单多少", "尾号8915那单", "近30天订单", "第二单呢", "8830这单", "保费呢"]
)
def test_one_order_or_none_is_no_volume(text: str) -> None:
    assert volume_of(text) is None


# ---------------------------------------------------------------------- knowledge topics


def own_reply(topic: str, plain: str, shown: dict[str, Any] | None = None, who: str = "seller:demo") -> str | None:
    shown = shown or {}
    asked = Asking(
        principal=parse_principal(who, Source.COMMAND),
        at=clock.now(),
        asked=Asked(text=plain, plain=plain, shown=shown or None),
        bare=plain,
        slots={"current_shop": next(iter(shown.get("shops") or ()), None)},
        current_order=str(shown.get("order") or ""),
    )
    with session.reading() as opened:
        reply = own_of_shop(opened, asked, topic)
    return reply.text if reply else None


def test_topics_are_topics() -> None:
    assert set(OF_SHOP) | OF_ORDER <= set(live().current.knowledge_topics)


@pytest.mark.parametrize(
    ("topic", "plain", "says"),
    [
        ("premium_cost", "我店保费多少一单", "每单约"),
        ("premium_cost", "我的店上个月保费多少", "10月"),
        ("seller_eligibility", "我店为什么不能开", "退货运费险"),
        ("coverage_period", "我店那个险什么时候生效的", "4月27日起"),
        ("disable_service", "退货宝什么时候关的", "10月29日"),
        ("policy_change", "什么时候给停的", "已退出"),
        ("claim_rejected", "尾号1178那单为什么拒赔", "没有真实寄回"),
        ("payout_amount", "尾号8915那单能赔多少", "12元"),
        ("who_pays", "尾号9504那单的保费谁付的", "儿童羽绒服 259元 尾号9504：退货运费险（买家自己买的）"),
    ],
)
def test_the_own_answer_to_a_knowledge_topic(database: Path, topic: str, plain: str, says: str) -> None:
    assert says in (own_reply(topic, plain) or "")


@pytest.mark.parametrize(
    ("topic", "plain"),
    [
        ("premium_cost", "运费险保费一般多少"),
        ("disable_service", "退货宝怎么关"),
        ("enable_service", "我店怎么开通运费险"),
        ("seller_eligibility", "开通要什么条件"),
        ("payout_amount", "运费险能赔多少"),
        ("coverage_period", "运费险多久失效"),
        ("claim_rejected", "为什么会拒赔"),
    ],
)
def test_a_general_question_stays_general(database: Path, topic: str, plain: str) -> None:
    assert own_reply(topic, plain) is None


@pytest.mark.parametrize(
    ("topic", "plain", "shown", "says"),
    [
        ("premium_cost", "那保费呢", {"shops": ["demo-shop"], "topic": "check_shop_eligibility"}, "每单约"),
        ("premium_cost", "那保费呢", {"shops": ["demo-shop"], "month": "2026-09"}, "9月：**保费"),
        ("payout_destination", "那赔付呢", {"shops": ["demo-shop"], "month": "2026-09"}, "9月：**赔付"),
        ("excess_freight", "还差啥", {"shops": ["demo-shop"], "topic": "check_shop_eligibility"}, "条件"),
        ("payout_time", "啥时候到账", {"order": NUMBERS["paid"], "topic": "check_policy"}, "11月7日赔付"),
        ("out_of_scope", "第四个呢", {"shops": ["demo-shop"]}, None),
    ],
)
def test_half_a_sentence_goes_on(
    database: Path, topic: str, plain: str, shown: dict[str, Any], says: str | None
) -> None:
    reply = own_reply(topic, plain, shown)
    assert reply is None if says is None else says in (reply or "")


def test_the_other_shop(database: Path) -> None:
    shown = {"shops": ["chain-fruit"], "topic": "check_shop_eligibility"}
    assert "云端点卡充值店" in (own_reply("multi_item_times", "另一家呢", shown, "seller:chain") or "")


def test_the_shop_that_is_named(database: Path) -> None:
    reply = own_reply("seller_eligibility", "点卡那家能开运费险吗", {}, "seller:chain") or ""
    assert "云端点卡充值店" in reply
    assert "果然新鲜" not in reply


@pytest.mark.parametrize("plain", ["能帮买家买个运费险吗", "我替客人补份运费险行不行", "给这位顾客加个运费险"])
def test_buying_for_a_buyer_is_declined_with_the_way(database: Path, plain: str) -> None:
    assert "只能由他本人" in (own_reply("is_it_required", plain) or "")
