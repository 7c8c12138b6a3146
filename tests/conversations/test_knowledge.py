"""Knowledge questions: the right article, in the asker's version, with its date; and what is not known."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("who", "text", "article", "says"),
    [
        ("visitor", "天猫保险服务怎么操作?在哪设置?", "trade_protection/enable_service", "立即加入"),
        ("seller:demo", "运费险怎么开通", "freight/enable_service", "商家保障"),
        ("buyer:demo", "运费险怎么开通", "freight/enable_service", "下单"),
        ("buyer:demo", "退货成功后运费险多久到账", "freight/payout_time", "72 小时"),
        ("buyer:demo", "运费险一般赔多少钱", "freight/payout_amount", "首重"),
        ("visitor", "材质保真险是什么", "material_fidelity/what_is_product", "材质"),
        ("buyer:demo", "运费险理赔的步骤是什么", "freight/claim_steps", "确认收货"),
        ("seller:demo", "怎么退出运费险", "freight/disable_service", "申请退出"),
        ("visitor", "运费险和退货宝有什么区别", "freight/product_difference", "退货宝"),
    ],
)
async def test_the_article_answers(talk, who: str, text: str, article: str, says: str) -> None:
    record = await talk(who).say(text)
    assert (record["outcome"], record["article"]) == ("answered", article)
    assert says in record["reply"]
    assert "以页面显示为准" in record["reply"]
    assert record["sources"]


async def test_buyer_and_seller_get_different_answers(talk) -> None:
    buyer = await talk("buyer:demo").say("怎么开通运费险")
    seller = await talk("seller:demo").say("怎么开通运费险")
    assert buyer["reply"] != seller["reply"]


async def test_a_visitor_is_asked_for_the_role_once(talk) -> None:
    visitor = talk("visitor")
    asked = await visitor.say("怎么取消运费险")
    assert asked["outcome"] == "clarify"
    answered = await visitor.press("卖家")
    assert (answered["outcome"], answered["article"]) == ("answered", "freight/disable_service")
    assert "商家保障" in answered["reply"]
    again = await visitor.say("怎么取消运费险")
    assert again["outcome"] == "answered"


async def test_words_that_tell_the_side_are_not_asked_for_it(talk) -> None:
    """开通 is what a seller does; that the other side does it otherwise is a tap away."""
    visitor = talk("visitor")
    record = await visitor.say("店里的运费险怎么开通")
    assert (record["outcome"], record["answer"]) == ("answered", "freight/enable_service#overview")
    assert "商家保障" in record["lead"]
    other = await visitor.press("我是买家")
    assert other["answer"] == "freight/enable_service#overview"
    assert "商家保障" not in other["lead"]


async def test_a_visitor_who_ignores_the_question_gets_both_versions(talk) -> None:
    visitor = talk("visitor")
    await visitor.say("怎么取消运费险")
    again = await visitor.say("怎么取消运费险")
    assert again["outcome"] == "answered"
    assert "买家" in again["reply"]
    assert "卖家" in again["reply"]


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("交易保障险保费多少钱", "trade_protection"),
        ("海外运费险怎么赔", "overseas_freight"),
        ("退货宝怎么退出", "return_care"),
    ],
)
async def test_what_nobody_knows_is_not_answered(talk, text: str, product: str) -> None:
    record = await talk("seller:demo").say(text)
    assert record["outcome"] == "unknown"
    assert record["product"] == product
    assert record["article"] is None
    assert "资料不足" in record["reply"]
    assert any(button["title"] == "转人工" for button in record["buttons"])


async def test_the_product_is_carried_over(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("退货宝是什么")
    record = await buyer.say("那多久到账？")
    assert record["article"] == "return_care/payout_time"
    assert "退货宝" in record["reply"]


async def test_another_product_named_alone_asks_the_same_of_it(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("运费险怎么理赔")
    record = await buyer.say("退货宝呢")
    assert record["article"] == "return_care/claim_steps"


async def test_a_corrected_name_is_named(talk) -> None:
    record = await talk("buyer:demo").say("云费险多久到账")
    assert record["article"] == "freight/payout_time"
    assert "您问的是「运费险」" in record["reply"]


async def test_follow_up_suggestions_are_answered(talk) -> None:
    buyer = talk("buyer:demo")
    record = await buyer.say("运费险怎么理赔")
    assert 2 <= len(record["buttons"]) <= 3
    for button in record["buttons"]:
        answer = await buyer.say("运费险怎么理赔")
        answer = await buyer.press(button["title"])
        assert answer["outcome"] in ("answered", "task", "clarify"), button


async def test_two_questions_are_answered_in_order(talk) -> None:
    record = await talk("buyer:demo").say("运费险怎么理赔，多久到账？")
    assert record["topics"] == ["claim_steps", "payout_time"]
    assert record["reply"].index("退货退款") < record["reply"].index("72 小时")
