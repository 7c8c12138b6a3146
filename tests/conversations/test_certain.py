"""Nothing is written on a thing that is not certain: which shop, which order, by every way of saying it.

The sentences go through the trained model; what a form goes on with is read off its slots, what it asks off its reply.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.policydb.demo.data import NUMBERS
from xiaoer import clock

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

FRUIT, GAMES = "chain-fruit", "chain-games"
COAT, BELT, SLIPPERS = (NUMBERS[key] for key in ("refused_bad_tracking", "refused_abnormal_trade", "refused_no_return"))


async def slots(asker) -> dict[str, object]:
    return (await asker.assistant.tracker(asker.id)).current_slot_values()


async def asked_for(asker) -> object:
    return (await slots(asker))["requested_slot"]


# ---------------------------------------------------------------------- which shop


@pytest.fixture
def alike(content) -> None:
    """A third shop of seller:chain, whose name has much of the first's: 甜果新鲜水果店."""
    from actions.policydb import session, tables

    with session.writing() as opened:
        first = opened.query(tables.Shop).filter_by(code=FRUIT).one()
        columns = {each.name: getattr(first, each.name) for each in first.__table__.columns if each.name != "id"}
        opened.add(tables.Shop(**{**columns, "code": "chain-sweet", "name": "甜果新鲜水果店"}))


async def chosen(seller, text: str) -> tuple[object, dict[str, object]]:
    """(the shop that the enrolment goes on with, the reply), after a message that answers which shop."""
    asked = await seller.say("帮我开通材质保真险")
    assert "要给哪一家开通" in asked["reply"], asked["reply"]
    record = await seller.say(text)
    return (await slots(seller))["form_shop"], record


@pytest.mark.parametrize(
    ("text", "shop"),
    [
        *(("第一家", FRUIT), ("第一个", FRUIT), ("第二家", GAMES), ("第2个", GAMES), ("1", FRUIT), ("2", GAMES)),
        *(("最后一个", GAMES), ("最后一家", GAMES), ("最后那家", GAMES), ("倒数第一", GAMES), ("倒数第一个", GAMES)),
        *(("倒数第二家", FRUIT), ("倒数第二个", FRUIT), ("选第二个", GAMES)),
        *(
            ("果然新鲜水果店", FRUIT),
            ("果然新鲜", FRUIT),
            ("水果店", FRUIT),
            ("水果那家", FRUIT),
            ("给水果店开", FRUIT),
        ),
        *(("云端点卡充值店", GAMES), ("点卡那家店", GAMES), ("卖点卡的那家", GAMES), ("云端的店", GAMES)),
        *(
            ("我要开的是水果店", FRUIT),
            ("不是水果店，是点卡店", GAMES),
            ("不是第一家，是第二家", GAMES),
            ("第二家点卡店", GAMES),
            ("把第二家换成第一家", FRUIT),
            ("果然新鮮水果店", FRUIT),
        ),
    ],
)
async def test_the_shop_that_is_surely_meant(talk, content, text: str, shop: str) -> None:
    seller = talk("seller:chain")
    got, record = await chosen(seller, text)
    name = {FRUIT: "果然新鲜水果店", GAMES: "云端点卡充值店"}[shop]
    assert f"「{name}」" in record["reply"], record["reply"]
    assert got == shop or "没有写下任何东西" in record["reply"]
    assert "要给哪一家" not in record["reply"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(("第三家", "只列了 2 家"), ("第五个", "只列了 2 家"), ("倒数第三个", "只列了 2 家"), ("3", "只列了 2 家")),
        *(
            ("第一家和第二家", "没认出"),
            ("第二家水果店", "没认出"),
            ("倒着数第二个", "没认出"),
            ("从后面数第一家", "没认出"),
        ),
        *(("不是第二家", "没认出"), ("第十一家", "没认出"), ("倒数第四个", "只列了 2 家")),
        *(
            ("店", "没认出"),
            ("上面那家", "没认出"),
            ("另一家", "没认出"),
            ("两家都开", "一次办一家"),
            ("旗舰店", "没认出"),
        ),
        *(
            ("大江水果店", "没认出"),
            ("果然新鲜水果店二店", "没认出"),
            ("水果批发店", "没认出"),
            ("汇通水果店", "没认出"),
        ),
        *(("小鹿家鞋服旗舰店", "没认出"), ("暖木家居生活馆", "没认出"), ("不是水果店", "没认出")),
        *(("果然新鲜水果店和云端点卡充值店", "没认出"), ("卖水果罐头的那家", "没认出"), ("充值慢的那家", "没认出")),
    ],
)
async def test_a_shop_that_is_not_sure_is_asked_for_again(talk, content, text: str, says: str) -> None:
    before = content()
    seller = talk("seller:chain")
    got, record = await chosen(seller, text)
    assert got is None
    assert record["outcome"] == "clarify"
    assert says in record["reply"]
    assert [each["title"] for each in record["buttons"]] == ["果然新鲜水果店", "云端点卡充值店"]
    for word in ("看过了", "确认"):
        await seller.say(word)
    assert content() == before


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize("text", ["水果店", "新鲜水果店", "新鲜", "给水果店开"])
async def test_a_name_that_fits_two_shops_alike_is_asked_for_again(talk, text: str) -> None:
    got, record = await chosen(talk("seller:chain"), text)
    assert got is None
    assert "没认出是哪一家" in record["reply"]


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize(("text", "name"), [("果然新鲜", "果然新鲜水果店"), ("甜果新鲜水果店", "甜果新鲜水果店")])
async def test_a_part_that_only_one_has_tells_it_apart(talk, text: str, name: str) -> None:
    _, record = await chosen(talk("seller:chain"), text)
    assert f"「{name}」" in record["reply"]
    assert "要给哪一家" not in record["reply"]


@pytest.mark.parametrize(
    "text", ["给大江水果店开通退货宝", "给小鹿家鞋服旗舰店开通退货宝", "给第二家店开通退货宝", "给我两个店都开通退货宝"]
)
async def test_a_first_message_that_names_no_shop_of_theirs_surely_asks(talk, text: str) -> None:
    seller = talk("seller:chain")
    record = await seller.say(text)
    assert record["outcome"] == "clarify"
    assert (await slots(seller))["form_shop"] is None


@pytest.mark.parametrize(
    "text", ["给暖木家居生活馆开通退货宝", "帮大江水果店开通退货宝", "把暖木家居生活馆的运费险关了"]
)
async def test_who_has_one_shop_and_names_another_is_asked(talk, content, text: str) -> None:
    before = content()
    seller = talk("seller:demo")
    record = await seller.say(text)
    assert record["outcome"] == "clarify"
    assert "只有「小鹿家鞋服旗舰店」这一家店" in record["reply"]
    assert "暖木" not in record["reply"]
    await seller.say("确认")
    assert content() == before
    agreed = await seller.press("小鹿家鞋服旗舰店") if (await asked_for(seller)) == "form_shop" else record
    assert "小鹿家鞋服旗舰店" in agreed["reply"]


@pytest.mark.parametrize("text", ["给我的店开通退货宝", "我们店要开通退货宝", "帮我天猫店开退货宝", "退货宝给店里开上"])
async def test_who_has_one_shop_has_nothing_to_choose(talk, text: str) -> None:
    record = await talk("seller:demo").say(text)
    assert "给「小鹿家鞋服旗舰店」开通「退货宝」" in record["reply"]


async def test_a_list_older_than_the_last_reply_is_shown_again(talk) -> None:
    seller = talk("seller:chain")
    await seller.say("帮我开通退货宝")
    await seller.say("运费险多久到账？")
    record = await seller.say("第一家")
    assert "要给哪一家" in record["reply"]
    assert (await slots(seller))["form_shop"] is None
    again = await seller.say("第一家")
    assert "给「果然新鲜水果店」开通" in again["reply"]


async def test_a_list_of_an_earlier_session_is_no_list(talk) -> None:
    from rasa.shared.core.events import SessionStarted

    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    await buyer.say("算了")
    await buyer.say("我有哪些保单")
    tracker = await buyer.assistant.tracker(buyer.id)
    tracker.update(SessionStarted())
    await buyer.assistant.store.save(tracker)
    record = await buyer.say("第二单被拒赔了我要申诉")
    assert await appealed(buyer) is None
    assert "请选一单" in record["reply"]


@pytest.mark.parametrize("text", ["第二家", "不对，是大江水果店", "换一家店", "另一家", "不是这家店"])
async def test_later_steps_never_keep_a_shop_that_was_taken_back(talk, content, text: str) -> None:
    before = content()
    seller = talk("seller:chain")
    await seller.say("给果然新鲜水果店开通退货宝")
    record = await seller.say(text)
    assert "要给哪一家" in record["reply"], record["reply"]
    for word in ("看过了", "确认"):
        await seller.say(word)
    assert content() == before


@pytest.mark.parametrize("text", ["不对，是点卡那家", "换成云端点卡充值店", "不是水果店，是点卡店"])
async def test_the_shop_is_corrected_at_the_read_back(talk, content, text: str) -> None:
    before = content()
    seller = talk("seller:chain")
    await seller.say("给果然新鲜水果店开通退货宝")
    record = await seller.say(text)
    assert "「云端点卡充值店」" in record["reply"]
    await seller.say("确认")
    assert content() == before


async def test_each_step_of_an_enrolment_names_the_shop(talk) -> None:
    seller = talk("seller:chain")
    shop = "「果然新鲜水果店」"
    await seller.say("帮我开通")
    product = await seller.press("果然新鲜水果店")
    assert shop in product["reply"]
    read_back = await seller.say("退货宝")
    assert shop in read_back["reply"]
    receipt = await seller.say("确认")
    assert shop in receipt["reply"]
    closing = await seller.say("给果然新鲜水果店关闭退货宝")
    assert shop in closing["reply"]


@pytest.mark.parametrize(
    "text", ["给果然新鲜水果店开通破损险", "给果然新鲜水果店开通订单险", "给果然新鲜水果店关闭退货宝"]
)
async def test_each_refusal_names_the_shop(talk, text: str) -> None:
    assert "「果然新鲜水果店」" in (await talk("seller:chain").say(text))["reply"]


# ---------------------------------------------------------------------- which product


async def test_the_product_that_the_reply_just_before_was_about(talk) -> None:
    seller = talk("seller:demo")
    await seller.say("退货宝多少钱一单")
    assert "开通「退货宝」" in (await seller.say("帮我开通"))["reply"]


@pytest.mark.parametrize(("before", "text"), [("你好", "帮我开通"), ("退货宝多少钱一单", "帮我开通那个包坏果的险")])
async def test_a_product_of_some_time_ago_or_another_one_is_asked_for(talk, before: str, text: str) -> None:
    seller = talk("seller:demo")
    await seller.say("退货宝多少钱一单")
    await seller.say(before)
    record = await seller.say(text)
    assert "开通哪一项" in record["reply"], record["reply"]


async def test_a_product_of_some_time_ago_is_not_closed(talk) -> None:
    seller = talk("seller:demo")
    await seller.say("运费险多少钱")
    await seller.say("你好")
    assert "哪一项" in (await seller.say("帮我关闭"))["reply"]


@pytest.mark.parametrize(
    ("text", "product"),
    [
        *(("要运费险，不是退货宝", "freight"), ("不是退货宝，是运费险", "freight"), ("把退货宝换成运费险", "freight")),
        *(("不是运费险，是退货宝", "return_care"), ("退货宝，不是运费险", "return_care")),
    ],
)
async def test_of_two_products_the_one_that_is_not_denied(talk, text: str, product: str) -> None:
    seller = talk("seller:chain")
    await seller.say("给果然新鲜水果店开通退货宝")
    await seller.say(text)
    assert (await slots(seller))["form_product"] == product


# ---------------------------------------------------------------------- which order


async def appealed(buyer) -> object:
    return (await slots(buyer))["form_order"]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(
            ("第二单", SLIPPERS),
            ("第2个", SLIPPERS),
            ("第三单", COAT),
            ("3", COAT),
            ("倒数第二单", BELT),
            ("倒数第3个", COAT),
        ),
        *(("大衣", COAT), ("毛呢大衣", COAT), ("那件大衣", COAT), ("我的大衣那单", COAT), ("皮带不是，是腰带", BELT)),
        *(("9443", COAT), ("尾号9443", COAT), ("尾号是0154那单", BELT), ("订单尾号0154", BELT), ("0154那单", BELT)),
        *(
            ("不是大衣，是腰带", BELT),
            ("大衣那单不对，腰带那单", BELT),
            ("家居拖鞋", SLIPPERS),
            ("毛呢大衣第三单", COAT),
        ),
        *((COAT, COAT), (f"不是{COAT}，是{BELT}", BELT)),
    ],
)
async def test_the_order_that_is_surely_meant(talk, content, text: str, order: str) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    record = await buyer.say(text)
    assert f"尾号 {order[-4:]}" in record["reply"], record["reply"]
    assert await appealed(buyer) == order


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(("第九单", "只列了 5 单"), ("第6个", "只列了 5 单"), ("9", "只列了 5 单"), ("倒数第十单", "只列了 5 单")),
        *(
            ("第一单和第二单", "没认出"),
            ("不是第二单", "没认出"),
            ("倒着数第二单", "没认出"),
            ("倒数第六单", "只列了 5 单"),
        ),
        *(("尾号9444", "尾号 9444"), ("944", ""), ("45900", "尾号 45900"), ("459元那单", "没认出"), ("69块的那个", "")),
        *(
            ("羊绒大衣", "没认出"),
            ("大衣柜", "没认出"),
            ("裤子那单", ""),
            ("昨天那单", ""),
        ),
        *(("不是大衣", "没认出"), ("大衣和腰带", "没认出"), ("大衣第一单", "没认出"), ("大衣那单，尾号0154", "没认出")),
        *(("上面那单", ""), (f"{COAT} 和 {BELT}", "一次办一单")),
    ],
)
async def test_an_order_that_is_not_sure_is_asked_for_again(talk, content, text: str, says: str) -> None:
    before = content()
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    record = await buyer.say(text)
    assert record["outcome"] == "clarify", record["reply"]
    assert says in record["reply"]
    assert await appealed(buyer) is None
    assert content() == before


@pytest.mark.parametrize("off", [COAT[:-1] + "4", COAT[:-1], COAT + "0", COAT[1:], "1" + COAT[1:]])
async def test_a_number_one_digit_off_is_no_order(talk, content, off: str) -> None:
    buyer = talk("buyer:demo")
    record = await buyer.say(f"我要对这单{off}的拒赔申诉")
    assert record["outcome"] == "unknown"
    assert "没有在您名下查到" in record["reply"]
    assert await appealed(buyer) is None


@pytest.mark.parametrize("text", ["我要对订单326593935428的拒赔申诉", "订单尾号9444被拒赔了，我要申诉"])
async def test_figures_that_are_no_order_never_end_with_another(talk, text: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=BELT)
    record = await buyer.say(text)
    assert record["outcome"] == "clarify"
    assert await appealed(buyer) is None


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(("大衣那单被拒赔了，我要申诉", COAT), ("尾号9443那单被拒赔了，我要申诉", COAT), ("我要对拒赔申诉", BELT)),
        *(("我这单被拒了 我要申诉", BELT), ("帮我申诉这单", BELT), ("凭啥拒我 我要申诉到底", BELT)),
        *(("羊绒大衣那单被拒赔了，我要申诉", None), ("昨天买的那单被拒赔了，我要申诉", None)),
        *(
            ("我要对我那条裤子的拒赔申诉", None),
            ("459块那单被拒赔了，我要申诉", None),
            ("第二单被拒赔了我要申诉", None),
        ),
    ],
)
async def test_words_go_before_the_page(talk, text: str, order: str | None) -> None:
    """The widget was opened on the belt's page."""
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=BELT)
    record = await buyer.say(text)
    assert await appealed(buyer) == order, record["reply"]
    assert (f"尾号 {order[-4:]}" if order else "请选一单") in record["reply"]


async def test_what_was_talked_about_and_the_page_differ(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say(f"这单{COAT}理赔到哪一步了")
    await buyer.say("你好")
    buyer.principal = replace(buyer.principal, order=BELT)
    record = await buyer.say("我要申诉")
    assert await appealed(buyer) is None
    assert "请选一单" in record["reply"]


async def test_the_order_that_the_reply_just_before_was_about(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say(f"这单{COAT}理赔到哪一步了")
    await buyer.say("我要申诉")
    assert await appealed(buyer) == COAT


@pytest.mark.parametrize(("text", "order"), [("我要申诉", None), ("腰带那单我要申诉", BELT)])
async def test_an_order_of_some_time_ago_is_not_certain(talk, text: str, order: str | None) -> None:
    buyer = talk("buyer:demo")
    await buyer.say(f"这单{COAT}理赔到哪一步了")
    await buyer.say("你好")
    await buyer.say(text)
    assert await appealed(buyer) == order


async def test_another_order_named_goes_before_the_one_just_talked_about(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say(f"这单{COAT}理赔到哪一步了")
    await buyer.say("腰带那单我要申诉")
    assert await appealed(buyer) == BELT


async def test_a_list_of_orders_older_than_the_last_reply_is_shown_again(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    await buyer.say("运费险多久到账？")
    record = await buyer.say("第二单")
    assert await appealed(buyer) is None
    assert "请选一单" in record["reply"]
    await buyer.say("第二单")
    assert await appealed(buyer) == SLIPPERS


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(
            ("不对，是腰带那单", BELT),
            ("换成腰带", BELT),
            ("不是大衣，是腰带", BELT),
            (BELT, BELT),
        ),
        *(("第二单", None), ("不是这单", None), ("不对，是羊绒大衣那单", None), ("不对，是尾号9444那单", None)),
    ],
)
async def test_the_order_is_corrected_at_the_read_back(talk, content, text: str, order: str | None) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    for answer in ("大衣", "SF1234567890123", "coat.jpg", "没有"):
        await buyer.say(answer)
    record = await buyer.say(text)
    assert await appealed(buyer) == order, record["reply"]
    await buyer.say("确认")
    assert content().requests == 0


@pytest.mark.parametrize("step", range(3))
async def test_evidence_is_not_asked_for_an_order_that_was_taken_back(talk, step: int) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    for answer in ("大衣", "SF1234567890123", "coat.jpg")[: step + 1]:
        await buyer.say(answer)
    record = await buyer.say("不对，是腰带那单")
    assert await appealed(buyer) == BELT
    assert "尾号 0154" in record["reply"]
    assert not (await slots(buyer))["evidence_tracking"]


@pytest.mark.parametrize("text", ["我把大衣那单的单号弄错了", "腰带和大衣一起寄的", "不是我填错的，是快递那单号有问题"])
async def test_a_note_may_speak_of_anything(talk, text: str) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    for answer in ("大衣", "没有", "没有"):
        await buyer.say(answer)
    record = await buyer.say(text)
    assert "请核对" in record["reply"]
    assert text in record["reply"]
    assert await appealed(buyer) == COAT


async def test_each_step_of_an_appeal_names_the_order(talk) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    replies = [
        (await buyer.say(answer))["reply"]
        for answer in ("大衣", "不告诉你", "没有", "嗯呃呃啊啊", "没有", "我寄得很早" * 70, "没有", "确认")
    ]
    assert all("尾号 9443" in reply for reply in replies), replies


@pytest.mark.parametrize(
    ("product", "text"), [("退货宝", "我要对大衣那单的退货宝拒赔申诉"), ("碎屏险", "大衣那单碎屏险被拒，我要申诉")]
)
async def test_a_refusal_of_another_product_is_not_taken_for_it(talk, product: str, text: str) -> None:
    buyer = talk("buyer:demo")
    record = await buyer.say(text)
    assert await appealed(buyer) is None
    assert f"不是{product}" in record["reply"]
    again = await buyer.press("毛呢大衣")
    assert await appealed(buyer) == COAT
    assert "退货运费险，拒赔的原因" in again["reply"]


# ---------------------------------------------------------------------- only one that fits


@pytest.fixture
def only_the_coat(content) -> None:
    """The coat is amy's: her only refused claim, beside an order with cover in force."""
    from actions.policydb import session, tables

    with session.writing() as opened:
        amy = opened.query(tables.Account).filter_by(role="buyer", external_id="amy").one()
        opened.query(tables.ShopOrder).filter_by(number=COAT).one().buyer_id = amy.id


@pytest.mark.usefixtures("only_the_coat")
@pytest.mark.parametrize(
    "text", ["我要对拒赔申诉", "凭啥不赔 我要申诉", "毛呢大衣被拒赔了我要申诉", "我这单被拒了 我要申诉"]
)
async def test_the_only_refused_claim_is_gone_on_with(talk, text: str) -> None:
    buyer = talk("buyer:amy")
    record = await buyer.say(text)
    assert await appealed(buyer) == COAT
    assert "尾号 9443，11月1日 毛呢大衣" in record["reply"]


@pytest.mark.usefixtures("only_the_coat")
@pytest.mark.parametrize(
    "text",
    [
        "裤子那单被拒赔了，我要申诉",
        "昨天买的那单被拒了，我要申诉",
        "尾号1234那单被拒赔了，我要申诉",
        "替我申诉安全险",
        "双十一买的被拒赔了，我要申诉",
    ],
)
async def test_the_only_refused_claim_is_asked_about_where_words_speak_of_another(talk, content, text: str) -> None:
    buyer = talk("buyer:amy")
    record = await buyer.say(text)
    assert await appealed(buyer) is None
    assert record["outcome"] == "clarify"
    assert "吗？" in record["reply"]
    await buyer.press("毛呢大衣")
    assert await appealed(buyer) == COAT


@pytest.mark.usefixtures("only_the_coat")
async def test_another_one_than_the_only_one_is_asked_about(talk) -> None:
    buyer = talk("buyer:amy")
    await buyer.say("我要对拒赔申诉")
    record = await buyer.say("不对，是另一单")
    assert await appealed(buyer) is None
    assert "只有这一单" in record["reply"]


@pytest.mark.usefixtures("only_the_coat")
async def test_the_only_one_is_asked_about_after_talk_of_another_order(talk) -> None:
    buyer = talk("buyer:amy")
    await buyer.say(f"这单{NUMBERS['amy_in_force']}有运费险吗")
    record = await buyer.say("我要对拒赔申诉")
    assert await appealed(buyer) is None
    assert "只有这一单" in record["reply"]


# ---------------------------------------------------------------------- what is said afterwards names it, too


async def test_what_changed_meanwhile_is_named(talk, content) -> None:
    from actions.policydb import session, tables

    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    for answer in ("大衣", "没有", "没有", "没有"):
        await buyer.say(answer)
    with session.writing() as opened:
        claim = opened.query(tables.Claim).join(tables.Policy).join(tables.ShopOrder).filter_by(number=COAT).one()
        opened.add(tables.ClaimEvent(claim_id=claim.id, kind="appealed", at=clock.now() - timedelta(minutes=1)))
    record = await buyer.say("确认")
    assert "尾号 9443" in record["reply"]
    assert content().requests == 0
