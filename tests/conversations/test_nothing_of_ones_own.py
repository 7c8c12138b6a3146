"""Whoever has no order, or no shop, is told so in a line, and then what is so in general; so is a visitor."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("who", "text", "note", "topic"),
    [
        ("buyer:nobody", "我这单能赔多少", "还没有查到订单", "payout_amount"),
        ("buyer:nobody", "我退的那件 赔款怎么还没到 一般几天", "还没有查到订单", "payout_time"),
        ("seller:nobody", "我家店一单大概要扣几毛保费", "没有查到这个账号名下的店铺", "premium_cost"),
        ("seller:nobody", "我店符不符合开运费险的条件", "没有查到这个账号名下的店铺", "seller_eligibility"),
    ],
)
async def test_it_is_said_and_the_rule_is_told(talk, who: str, text: str, note: str, topic: str) -> None:
    record = await talk(who).say(text)
    assert note in record["reply"]
    assert note in record["reply"].split("\n")[0], "in a line before the answer"
    assert str(record["article"]).endswith(f"/{topic}"), record["reply"]


@pytest.mark.parametrize("text", ["我这单{}有运费险吗", "{}的理赔到哪一步了"])
async def test_a_number_that_is_named_is_said_not_to_be_there(talk, text: str) -> None:
    record = await talk("buyer:nobody").say(text.format("1234567890123456789"))
    assert record["outcome"] == "unknown"
    assert "没有在您名下查到这个订单" in record["reply"]


async def test_a_visitor_is_asked_to_sign_in_and_told_the_rule(talk) -> None:
    record = await talk("visitor").say("我这单退货能赔多少钱")
    assert "登录" in record["reply"]
    assert str(record["article"]).endswith("/payout_amount")


async def test_who_has_orders_is_answered_by_them(talk) -> None:
    record = await talk("buyer:demo").say("我这单能赔多少")
    assert "先按一般情况说" not in record["reply"]
    assert record["outcome"] in ("task", "clarify")


@pytest.mark.parametrize(
    ("who", "text", "product"),
    [
        ("buyer:nobody", "您好，我腿脚不好，儿子给买了个玻璃鱼缸，快递送来一看缸壁上裂了长长一道，水一倒就漏，问店家店家不理，请问这种路上碰坏的，多久之内要去申请才算数", "damage"),
        ("buyer:nobody", "樱桃到手化了一半水 这个烂果的钱最多赔几成", "fresh_rot"),
    ],
)  # fmt: skip
async def test_a_product_that_is_not_named_is_told_by_the_words(talk, who: str, text: str, product: str) -> None:
    record = await talk(who).say(text)
    assert record["product"] == product, record["reply"]
