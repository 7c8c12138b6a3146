"""Switching a product on and off by chat: what is said, and what stands in the database afterwards."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from actions.desk.requests import receipt_of

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

READ_BACK = "请核对"


async def at_read_back(talk, who: str = "seller:demo", text: str = "帮我开通退货宝"):
    """A conversation in which the read-back has just been shown."""
    seller = talk(who)
    record = await seller.say(text)
    assert READ_BACK in record["reply"], record["reply"]
    return seller


def wrote_nothing(before, content) -> None:
    assert content() == before


# ---------------------------------------------------------------------- happy path


async def test_enable_is_read_back_confirmed_and_written_once(talk, content) -> None:
    before = content()
    seller = talk("seller:demo")
    read_back = await seller.say("帮我开通退货宝")
    for line in ("费用", "范围和生效", "怎么退出", "《消费者体验提升计划协议》", "看过并同意", "10 分钟"):
        assert line in read_back["reply"]
    wrote_nothing(before, content)
    done = await seller.press("确认")
    assert (done["outcome"], done["topic"], done["product"]) == ("task", "request_enable", "return_care")
    assert "回执号 **XR-" in done["reply"]
    after = content()
    assert after.on - before.on == {("demo-shop", "return_care")}
    assert (after.requests, after.audits) == (before.requests + 1, before.audits + 1)
    services = await seller.say("我的店开了哪些保险")
    assert "退货宝：已开通" in services["reply"]


async def test_disable_keeps_what_is_paid_for(talk, content) -> None:
    before = content()
    seller = talk("seller:demo")
    read_back = await seller.say("帮我把运费险关了")
    assert READ_BACK in read_back["reply"]
    assert "已付款的订单" in read_back["reply"]
    done = await seller.say("确认")
    assert "已关闭" in done["reply"]
    assert "保障不受影响" in done["reply"]
    assert before.on - content().on == {("demo-shop", "freight")}


async def test_on_and_off_again_are_two_requests(talk, content) -> None:
    seller = await at_read_back(talk)
    first = await seller.say("确认")
    await seller.say("帮我关闭退货宝")
    second = await seller.say("确认")
    assert "已关闭" in second["reply"]
    assert first["reply"] != second["reply"]
    assert content().requests == 2


async def test_which_product_is_asked_when_none_is_named(talk, content) -> None:
    seller = talk("seller:demo")
    asked = await seller.say("帮我开通")
    assert asked["outcome"] == "clarify"
    assert "退货宝" in [button["title"] for button in asked["buttons"]]
    read_back = await seller.say("退货宝")
    assert "协议" in read_back["reply"]


async def test_of_several_shops_one_is_asked_for_and_the_product_kept(talk, content) -> None:
    seller = talk("seller:chain")
    asked = await seller.say("帮我开通退货宝")
    assert [button["title"] for button in asked["buttons"]] == ["果然新鲜水果店", "云端点卡充值店"]
    read_back = await seller.say("第一个")
    assert "退货宝" in read_back["reply"]
    assert "果然新鲜水果店" in read_back["reply"]
    await seller.say("确认")
    assert ("chain-fruit", "return_care") in content().on


# ---------------------------------------------------------------------- corrections


async def test_another_product_has_its_own_agreement_and_read_back(talk, content) -> None:
    before = content()
    seller = talk("seller:chain")
    old = await seller.say("给果然新鲜水果店开通退货宝")
    assert "「退货宝」" in old["reply"]
    assert "《消费者体验提升计划协议》" in old["reply"]
    new = await seller.say("不对，改成运费险")
    assert "「退货运费险」" in new["reply"]
    assert "卖家运费险协议" in new["reply"]
    await seller.say("确认")
    assert content().on - before.on == {("chain-fruit", "freight")}


async def test_not_this_but_that_takes_the_last(talk, content) -> None:
    seller = talk("seller:chain")
    await seller.say("给果然新鲜水果店开通退货宝")
    corrected = await seller.say("不是退货宝，是运费险")
    assert "「退货运费险」" in corrected["reply"]


async def test_wrong_alone_asks_again(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    asked = await seller.say("不对")
    assert asked["outcome"] == "clarify"
    assert READ_BACK not in asked["reply"]
    wrote_nothing(before, content)


async def test_the_button_of_an_older_read_back_counts_for_nothing(talk, content) -> None:
    before = content()
    seller = talk("seller:chain")
    await seller.say("给果然新鲜水果店开通退货宝")
    old = next(each for each in seller.last.record()["buttons"] if each["title"] == "确认")
    await seller.say("改成运费险")
    reply = await seller.press_payload(old["payload"])
    assert "不是最新的" in reply["reply"]
    wrote_nothing(before, content)


# ---------------------------------------------------------------------- digressions


@pytest.mark.parametrize("step", ["product", "confirmed"])
async def test_a_question_beside_the_form_is_answered_and_the_form_goes_on(talk, content, step: str) -> None:
    before = content()
    seller = talk("seller:demo")
    await seller.say("帮我开通" if step == "product" else "帮我开通退货宝")
    beside = await seller.say("运费险多久到账？")
    assert beside["article"] == "freight/payout_time"
    assert "接着刚才的" in beside["reply"]
    wrote_nothing(before, content)
    if step == "product":
        await seller.say("退货宝")
    await seller.say("确认")
    assert ("demo-shop", "return_care") in content().on


async def test_another_task_beside_the_form(talk, content) -> None:
    seller = await at_read_back(talk)
    beside = await seller.say("我的店开了哪些保险")
    assert "项**保障" in beside["reply"]
    assert "接着刚才的" in beside["reply"]
    await seller.press("确认")
    assert ("demo-shop", "return_care") in content().on


async def test_two_questions_are_no_confirmation(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    await seller.say("确认之前我问下，运费险多久到账？")
    wrote_nothing(before, content)


# ---------------------------------------------------------------------- cancellation


@pytest.mark.parametrize("word", ["算了", "不办了", "先不开了吧", "不用了", "取消"])
@pytest.mark.parametrize("step", ["product", "confirmed"])
async def test_cancelling_leaves_nothing_behind(talk, content, step: str, word: str) -> None:
    before = content()
    seller = talk("seller:demo")
    await seller.say("帮我开通" if step == "product" else "帮我开通退货宝")
    stopped = await seller.say(word)
    assert "什么都没有写下" in stopped["reply"]
    tracker = await seller.assistant.tracker(seller.id)
    assert tracker.active_loop_name is None
    assert not [slot for slot in ("form_product", "summary", "confirmed") if tracker.get_slot(slot)]
    await seller.say("确认")
    wrote_nothing(before, content)


async def test_another_form_puts_the_first_aside(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    switched = await seller.say("帮我关闭运费险")
    assert "先放下" in switched["reply"]
    assert "关闭" in switched["reply"]
    await seller.say("确认")
    assert before.on - content().on == {("demo-shop", "freight")}
    assert content().on <= before.on


async def test_handing_over_ends_the_form(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    handed = await seller.say("转人工")
    assert handed["outcome"] == "handoff"
    tracker = await seller.assistant.tracker(seller.id)
    assert tracker.active_loop_name is None
    wrote_nothing(before, content)


# ---------------------------------------------------------------------- refusal


@pytest.mark.parametrize(
    ("who", "text", "says"),
    [
        ("seller:demo", "帮我开通运费险", "已经开通"),
        ("seller:risky", "帮我开通运费险", "不能开通"),
        ("seller:demo", "订单险帮我开一下", "停办"),
        ("seller:demo", "帮我开通破损险", "不在我这里开通"),
        ("seller:demo", "帮我关闭退货宝", "没有开通退货宝"),
        ("seller:other", "帮我关闭大件运费险", "不在我这里关闭"),
    ],
)
async def test_what_cannot_be_done_is_said_with_what_to_do(talk, content, who: str, text: str, says: str) -> None:
    before = content()
    seller = talk(who)
    record = await seller.say(text)
    assert says in record["reply"]
    assert record["buttons"]
    await seller.say("确认")
    wrote_nothing(before, content)
    assert (await seller.assistant.tracker(seller.id)).active_loop_name is None


async def test_a_shop_that_fails_a_condition_is_told_which_and_how_to_mend_it(talk, content) -> None:
    before = content()
    seller = talk("seller:chain")
    await seller.say("帮我开通退货宝")
    record = await seller.press("云端点卡充值店")
    assert "不能开通" in record["reply"]
    assert "虚拟" in record["reply"]
    assert "怎么补" in record["reply"]
    wrote_nothing(before, content)


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("buyer:demo", "帮我开通退货宝"),
        ("buyer:demo", "帮我关闭运费险"),
        ("visitor", "帮我开通退货宝"),
        ("visitor", "我要对拒赔申诉"),
        ("seller:demo", "我要对拒赔申诉"),
    ],
)
async def test_the_wrong_identity_is_declined(talk, content, who: str, text: str) -> None:
    before = content()
    asker = talk(who)
    record = await asker.say(text)
    assert record["outcome"] == "sign_in"
    assert "旗舰店" not in record["reply"]
    await asker.say("确认")
    wrote_nothing(before, content)


async def test_another_sellers_shop_is_not_there(talk, content) -> None:
    before = content()
    seller = talk("seller:demo")
    foreign = await seller.press_payload('/request_enable{"product":"return_care","shop":"other-shop"}')
    other = talk("seller:demo")
    missing = await other.press_payload('/request_enable{"product":"return_care","shop":"nowhere"}')
    assert foreign["reply"] == missing["reply"]
    assert "暖木" not in foreign["reply"]
    wrote_nothing(before, content)


# ---------------------------------------------------------------------- invalid input


async def test_what_is_not_understood_is_said_and_asked_again(talk, content) -> None:
    before = content()
    seller = await at_read_back(talk)
    record = await seller.say("嗯呃呃呃啊啊")
    assert READ_BACK in record["reply"] or "接着刚才的" in record["reply"]
    wrote_nothing(before, content)
    await seller.say("确认")
    assert ("demo-shop", "return_care") in content().on


@pytest.mark.parametrize(
    "text", ["先不确认", "确认吗", "等一下再确认", "不要确认", "确认？", "确认什么", "好贵啊", "关闭"]
)
async def test_a_yes_with_a_but_is_no_confirmation(talk, content, text: str) -> None:
    before = content()
    seller = await at_read_back(talk)
    await seller.say(text)
    wrote_nothing(before, content)


@pytest.mark.parametrize("text", ["看过了", "还没看过", "协议太长了不想看", "协议里写了啥", "协议在哪看"])
async def test_words_about_the_agreement_are_no_confirmation(talk, content, text: str) -> None:
    before = content()
    seller = await at_read_back(talk)
    await seller.say(text)
    wrote_nothing(before, content)
    assert "已开通" in (await seller.say("确认"))["reply"]


async def test_the_request_keeps_the_agreement(talk, content) -> None:
    """确认 says that it was seen and agreed to: which, the request has."""
    from actions.policydb import session, tables

    seller = await at_read_back(talk)
    receipt = "XR-" + (await seller.say("看过了，同意"))["reply"].split("**XR-")[1][:10]
    with session.reading() as opened:
        detail = opened.execute(select(tables.Request.detail).filter_by(receipt=receipt)).scalar_one()
    assert "《消费者体验提升计划协议》" in json.loads(detail)["agreed"]["协议"]
    assert "看过并同意" in json.loads(detail)["agreed"]["协议"]


# ---------------------------------------------------------------------- repeated, late, from two tabs


async def test_confirming_twice_does_nothing_more(talk, content) -> None:
    seller = await at_read_back(talk)
    first = await seller.say("确认")
    once = content()
    second = await seller.say("确认")
    assert content() == once
    receipt = first["reply"].split("**XR-")[1][:10]
    assert receipt in second["reply"]
    assert "没有再办" in second["reply"]


async def test_the_button_pressed_again_after_the_form_is_over(talk, content) -> None:
    seller = await at_read_back(talk)
    button = next(each for each in seller.last.record()["buttons"] if each["title"] == "确认")
    await seller.press("确认")
    once = content()
    again = await seller.press_payload(button["payload"])
    assert "已经办成" in again["reply"]
    assert content() == once


async def test_two_tabs_give_one_enrolment_and_equal_receipts(talk, content) -> None:
    """Two conversations of one account, as a widget beside a terminal."""
    before = content()
    first, second = await at_read_back(talk), await at_read_back(talk)
    one, other = await first.say("确认"), await second.say("确认")
    receipts = {reply["reply"].split("**XR-")[1][:10] for reply in (one, other)}
    assert len(receipts) == 1
    after = content()
    assert (after.requests, after.audits) == (before.requests + 1, before.audits + 1)


async def test_a_confirmation_expires_after_ten_minutes(talk, content, later) -> None:
    before = content()
    seller = await at_read_back(talk)
    later(minutes=10)
    late = await seller.say("确认")
    assert "过了 10 分钟" in late["reply"]
    assert READ_BACK in late["reply"]
    wrote_nothing(before, content)
    await seller.say("确认")
    assert ("demo-shop", "return_care") in content().on


async def test_within_ten_minutes_it_counts(talk, content, later) -> None:
    seller = await at_read_back(talk)
    later(minutes=9, seconds=50)
    await seller.say("确认")
    assert ("demo-shop", "return_care") in content().on


async def test_a_confirmation_from_before_a_restart_does_nothing(talk, content) -> None:
    """The conversation is gone with the server; the word alone confirms nothing."""
    before = content()
    seller = await at_read_back(talk)
    payload = next(each["payload"] for each in seller.last.record()["buttons"] if each["title"] == "确认")
    fresh = talk("seller:demo")
    typed = await fresh.say("确认")
    assert typed["topic"] == "affirm"
    pressed = await fresh.press_payload(payload)
    assert "没有写下任何东西" in pressed["reply"]
    wrote_nothing(before, content)


async def test_the_state_changing_in_between_is_said(talk, content) -> None:
    """Somebody else (千牛, another desk) switches it on between read-back and 确认."""
    from actions.policydb import session, tables
    from xiaoer import clock

    seller = await at_read_back(talk)
    with session.writing() as opened:
        shop = opened.query(tables.Shop).filter_by(code="demo-shop").one()
        opened.add(tables.Enrollment(shop_id=shop.id, product_id="return_care", enrolled_at=clock.now(), fee_fen=0))
    before = content()
    record = await seller.say("确认")
    assert "已经开通" in record["reply"]
    assert content() == before


def test_receipts_do_not_give_the_key_away() -> None:
    assert "key" not in receipt_of("key").lower()


# ---------------------------------------------------------------------- bound to the words


async def test_a_price_that_changed_since_the_read_back_is_read_back_again(talk, content) -> None:
    from actions.policydb import session, tables

    before = content()
    seller = await at_read_back(talk)
    with session.writing() as opened:
        opened.query(tables.Shop).filter_by(code="demo-shop").one().risk_rate_bp = 2400
    record = await seller.say("确认")
    assert "不是最新的" in record["reply"]
    wrote_nothing(before, content)
    await seller.say("确认")
    assert ("demo-shop", "return_care") in content().on


@pytest.mark.parametrize("text", ["别给我开退货宝", "我不想开退货宝", "退货宝先不开"])
async def test_what_should_not_be_done_opens_nothing(talk, content, text: str) -> None:
    seller = talk("seller:demo")
    await seller.say(text)
    assert (await seller.assistant.tracker(seller.id)).active_loop_name is None


@pytest.mark.parametrize("text", ["果然新鲜水果店", "水果店", "果然新鲜那家", "第一家"])
async def test_a_shop_is_picked_by_its_name_or_a_part_of_it(talk, content, text: str) -> None:
    seller = talk("seller:chain")
    await seller.say("帮我开通退货宝")
    record = await seller.say(text)
    assert "协议" in record["reply"], record["reply"]


async def test_of_two_products_one_is_done_and_it_is_said(talk, content) -> None:
    seller = talk("seller:demo")
    record = await seller.say("帮我关闭运费险和材质保真险")
    assert "一次办一项" in record["reply"]


async def test_stopping_after_it_is_done_says_that_it_is_done(talk, content) -> None:
    seller = await at_read_back(talk)
    await seller.say("确认")
    record = await seller.say("算了")
    assert "已经办好" in record["reply"]
    assert "没有办" not in record["reply"]


async def test_asking_whether_it_is_done(talk, content) -> None:
    seller = await at_read_back(talk)
    done = await seller.say("确认")
    await seller.say("运费险多久到账？")
    record = await seller.say("刚才那个办好了吗")
    assert done["reply"].split("**XR-")[1][:10] in record["reply"]


async def test_a_new_session_does_not_go_on_with_an_old_form(talk, content) -> None:
    from rasa.shared.core.events import SessionStarted

    seller = await at_read_back(talk)
    tracker = await seller.assistant.tracker(seller.id)
    tracker.update(SessionStarted())
    await seller.assistant.store.save(tracker)
    record = await seller.say("你好")
    assert "接着刚才的" not in record["reply"]
    again = await seller.say("帮我关闭运费险")
    assert "没看懂" not in again["reply"]
    assert READ_BACK in again["reply"]
