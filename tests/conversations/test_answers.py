"""The thing that is asked is answered, in the first line: by the trained model, on sentences that nobody trained on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("who", "text", "answer"),
    [
        ("visitor", "已经付过款了 那个运费险还能去掉不", "freight/disable_service#after_payment"),
        ("visitor", "三件里头只退一双袜子 有运费不", "freight/multi_item_times#partial_return"),
        ("visitor", "包裹我当面拒收的 快递直接拉回去了 险赔吗", "freight/refuse_delivery#overview"),
        ("visitor", "顺丰寄的 是不是能多赔点", "freight/payout_amount#express"),
        ("visitor", "签收都点完了 现在想退 运费险还算不算数", "freight/coverage_period#after_receipt"),
        ("visitor", "退货宝到底算不算保险", "return_care/what_is_product#is_insurance"),
        ("visitor", "价保 红包付的那部分补不补", "price_protection/payout_amount#red_packet"),
        ("seller:demo", "运费险的票 开票找谁", "freight/accounting_invoice#invoice"),
        ("buyer:demo", "88VIP 和运费险一起能用不", "freight/membership_benefit#with_freight"),
    ],
)
async def test_the_first_line_answers(talk, who: str, text: str, answer: str) -> None:
    record = await talk(who).say(text)
    assert (record["outcome"], record["answer"]) == ("answered", answer)
    assert record["lead"] in record["reply"].split("\n")[0]
    assert len(record["lead"]) <= 45


async def test_sisters_are_offered_and_lead_to_their_answers(talk) -> None:
    visitor = talk("visitor")
    record = await visitor.say("运费险多久到账")
    titles = [button["title"] for button in record["buttons"]]
    assert record["answer"] == "freight/payout_time#overview"
    pressed = await visitor.press(titles[0])
    assert pressed["answer"] != record["answer"]
    assert pressed["answer"].startswith("freight/payout_time#")
    assert titles[0] not in [button["title"] for button in pressed["buttons"]]


async def test_two_questions_are_answered_each_below_what_it_answers(talk) -> None:
    record = await talk("visitor").say("换货运费险赔不赔，换完了再退还能用吗")
    assert record["answers"] == [
        "freight/exchange_coverage#overview",
        "freight/exchange_coverage#return_after_exchange",
    ]
    assert record["reply"].count("**换") >= 1


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("买完第二天就降了三十 差价能补给我吗", "price_protection"),
        ("退货寄回去的邮费谁出", "freight"),
    ],
)
async def test_a_product_that_is_not_named_is_told_by_the_words(talk, text: str, product: str) -> None:
    record = await talk("visitor").say(text)
    assert record["product"] == product
    assert (record["article"] or product).split("/")[0] == product


async def test_a_name_is_held_to(talk) -> None:
    """价保 and 保价险 are two things of one product."""
    visitor = talk("visitor")
    promise, insurance = await visitor.say("价保怎么申请"), await visitor.say("保价险怎么申请")
    assert (promise["answer"], insurance["answer"]) == (
        "price_protection/claim_steps#overview",
        "price_protection/claim_steps#insurance",
    )


async def test_a_visitor_who_asks_for_his_own_gets_what_to_look_at(talk) -> None:
    record = await talk("visitor").say("我退货的运费咋还没到 都好几天了")
    assert record["outcome"] in ("answered", "sign_in")
    assert record["answer"] in ("freight/payout_time#not_arrived", "freight/payout_time#overdue")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("我的快递到哪了", "快递公司"),
        ("店铺被扣分了怎么申诉", "规则中心"),
        ("淘宝密码忘了怎么办", "账号安全"),
        ("毛衣起球怎么处理质量太差了", "店家"),
    ],
)
async def test_what_is_not_ours_is_said_to_be_whose(talk, text: str, says: str) -> None:
    record = await talk("visitor").say(text)
    assert record["outcome"] == "outside"
    assert says in record["reply"]
