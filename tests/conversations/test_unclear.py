"""Messages whose words alone leave open what is meant: half sentences, bare names, two questions at once, near misses."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("who", "before", "text", "topic", "product"),
    [
        ("buyer:demo", "运费险怎么理赔", "那多久到账", "payout_time", "freight"),
        ("buyer:demo", "运费险多久到账", "退货宝呢", "payout_time", "return_care"),
        ("buyer:demo", "运费险赔多少", "要是超重了呢", "excess_freight", "freight"),
        ("seller:demo", "退货宝怎么开通", "一单收几毛", "premium_cost", "return_care"),
        ("buyer:demo", "保价险怎么申请", "最多补多少", "payout_amount", "price_protection"),
        ("buyer:demo", "碎屏险多少钱", "能用几回", "multi_item_times", "screen"),
        ("seller:demo", "运费险怎么开通", "抖音的呢", "other_platform", None),
        ("buyer:demo", "运费险怎么理赔", "车险呢", "other_insurance", None),
        ("buyer:demo", "运费险怎么理赔", "优惠券能退吗", "out_of_scope", None),
    ],
)
async def test_half_a_sentence_goes_on(talk, who: str, before: str, text: str, topic: str, product: str | None) -> None:
    conversation = talk(who)
    await conversation.say(before)
    record = await conversation.say(text)
    assert record["topic"] == topic
    if product:
        assert record["product"] == product


async def test_the_other_side_is_asked_for(talk) -> None:
    """「卖家呢」 of a buyer: the seller's version."""
    conversation = talk("buyer:demo")
    buyers = await conversation.say("怎么开通运费险")
    sellers = await conversation.say("卖家呢")
    assert buyers["article"] == sellers["article"] == "freight/enable_service"
    assert "商家保障" in sellers["reply"]
    assert buyers["reply"] != sellers["reply"]


@pytest.mark.parametrize(
    ("who", "text"), [("buyer:demo", "运费险"), ("seller:demo", "材质保真险"), ("visitor", "退货宝")]
)
async def test_a_bare_product_offers_its_commonest_questions(talk, who: str, text: str) -> None:
    record = await talk(who).say(text)
    assert record["outcome"] == "clarify"
    assert len(record["buttons"]) >= 2


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("运费险怎么理赔多久到账", ["claim_steps", "payout_time"]),
        ("退货宝是什么 必须开吗", ["what_is_product", "is_it_required"]),
        ("保价险怎么申请？一单能用几次", ["claim_steps", "multi_item_times"]),
    ],
)
async def test_two_questions_get_two_answers(talk, text: str, topics: list[str]) -> None:
    assert (await talk("buyer:demo").say(text))["topics"] == topics


async def test_a_polite_word_beside_a_question_is_no_question(talk) -> None:
    assert (await talk("buyer:demo").say("运费险怎么理赔,您能给说句实在话吗"))["topics"] == ["claim_steps"]


@pytest.mark.parametrize(
    ("text", "topic", "where"),
    [
        ("抖音小店的运费险怎么关", "other_platform", "那个平台"),
        ("车险理赔需要什么材料", "other_insurance", "承保的保险公司"),
        ("延迟发货赔多少红包", "out_of_scope", "官方客服"),
        ("花呗怎么关掉", "out_of_scope", "官方客服"),
    ],
)
async def test_each_kind_of_outside_says_where_to_go(talk, text: str, topic: str, where: str) -> None:
    record = await talk("buyer:demo").say(text)
    assert (record["outcome"], record["topic"]) == ("outside", topic)
    assert where in record["reply"]
