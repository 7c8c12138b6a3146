"""Objecting to a refusal by chat: what is collected, what can succeed, what stands in the database afterwards."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from actions.policydb.demo.data import NUMBERS

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]


def detail_of(receipt: str) -> dict[str, dict[str, str]]:
    from actions.policydb import session, tables

    with session.reading() as opened:
        return json.loads(opened.execute(select(tables.Request.detail).filter_by(receipt=receipt)).scalar_one())


def receipt_in(record) -> str:
    return "XR-" + record["reply"].split("**XR-")[1][:10]


async def at_tracking(talk, key: str = "refused_bad_tracking", who: str = "buyer:demo"):
    buyer = talk(who)
    record = await buyer.say(f"我要对这单{NUMBERS[key]}的拒赔申诉")
    assert "快递单号" in record["reply"], record["reply"]
    return buyer


async def at_read_back(talk, note: str = "没有"):
    buyer = await at_tracking(talk)
    await buyer.say("SF1234567890123")
    await buyer.say("没有")
    record = await buyer.say(note)
    assert "请核对" in record["reply"], record["reply"]
    return buyer


async def test_an_appeal_from_the_first_word_to_the_receipt(talk, content) -> None:
    before = content()
    buyer = talk("buyer:demo")
    listed = await buyer.say("我要对拒赔申诉")
    assert listed["outcome"] == "clarify"
    asked = await buyer.press("毛呢大衣")
    assert "退货单号错误" in asked["reply"]
    assert "可以申诉" in asked["reply"]
    photo = await buyer.say("单号是 SF1234567890123")
    assert "照片" in photo["reply"]
    note = await buyer.say("IMG_2031.jpg")
    assert "说明" in note["reply"]
    read_back = await buyer.say("第一次填错了一位，正确的是这个")
    for part in ("SF1234567890123", "IMG_2031.jpg", "第一次填错了一位", "9443"):
        assert part in read_back["reply"]
    assert content() == before
    done = await buyer.press("确认")
    assert (done["outcome"], done["topic"]) == ("task", "file_appeal")
    assert "多久答复没有查到可靠规定" in done["reply"], "one source of 2021 is no date to wait for"
    after = content()
    assert (after.requests, after.audits, after.appeals) == (1, 1, before.appeals + 1)
    assert detail_of(receipt_in(done))["evidence"] == {
        "tracking": "SF1234567890123",
        "photo": "IMG_2031.jpg",
        "note": "第一次填错了一位，正确的是这个",
    }
    progress = await buyer.press("看理赔进度")
    assert "申诉处理中" in progress["reply"]


async def test_evidence_there_is_none_of_is_left_out(talk, content) -> None:
    buyer = await at_tracking(talk)
    for _ in range(3):
        await buyer.say("没有")
    done = await buyer.say("确认")
    assert detail_of(receipt_in(done))["evidence"] == {}


async def test_the_number_on_record_is_a_button(talk, content) -> None:
    buyer = await at_tracking(talk)
    record = await buyer.press("就是 7")
    assert "第 2 项" in record["reply"]


@pytest.mark.parametrize("text", ["12", "1234", "电话13812345678", "3265939354289388915"])
async def test_what_is_no_tracking_number_is_said_once_and_goes_on(talk, content, text: str) -> None:
    buyer = await at_tracking(talk)
    record = await buyer.say(text)
    assert "没看到快递单号" in record["reply"]
    assert "第 2 项" in record["reply"]
    read_back = [await buyer.say("没有"), await buyer.say("SF1234567890123")][-1]
    assert "请核对" in read_back["reply"] or "第 3 项" in read_back["reply"]


async def test_personal_data_in_the_note_is_masked(talk, content) -> None:
    buyer = await at_read_back(talk, "打我电话13812345678，卡号6222021234567890128")
    done = await buyer.say("确认")
    note = detail_of(receipt_in(done))["evidence"]["note"]
    assert "13812345678" not in note
    assert "【手机号】" in note


async def test_a_note_that_is_too_long_is_sent_back(talk, content) -> None:
    buyer = await at_tracking(talk)
    await buyer.say("没有")
    await buyer.say("没有")
    record = await buyer.say("我寄得很早" * 70)
    assert "最多 300 个字" in record["reply"]


async def test_a_question_while_evidence_is_collected(talk, content) -> None:
    buyer = await at_tracking(talk)
    beside = await buyer.say("运费险多久到账？")
    assert beside["article"] == "freight/payout_time"
    assert "接着刚才的" in beside["reply"]
    record = await buyer.say("SF1234567890123")
    assert "第 2 项" in record["reply"]


async def test_not_that_order_but_another(talk, content) -> None:
    buyer = await at_tracking(talk)
    again = await buyer.say("不对，是另一单")
    assert again["outcome"] == "clarify"
    picked = await buyer.press("皮质腰带")
    assert "虚假或异常" in picked["reply"]
    for _ in range(3):
        await buyer.say("没有")
    done = await buyer.say("确认")
    assert NUMBERS["refused_abnormal_trade"][-4:] in done["reply"]


@pytest.mark.parametrize("step", range(4))
async def test_cancelling_leaves_nothing_behind(talk, content, step: int) -> None:
    before = content()
    buyer = await at_tracking(talk)
    for answer in ["SF1234567890123", "没有", "没有"][:step]:
        await buyer.say(answer)
    stopped = await buyer.say("算了，不申诉了")
    assert "什么都没有写下" in stopped["reply"]
    await buyer.say("确认")
    assert content() == before
    tracker = await buyer.assistant.tracker(buyer.id)
    assert not [slot for slot in ("form_order", "evidence_tracking", "summary") if tracker.get_slot(slot)]


@pytest.mark.parametrize(
    ("key", "says"),
    [("two_parcels", "一般不会成功"), ("paid", "没有被拒赔"), ("reviewing", "没有被拒赔"), ("no_policy", "没有被拒赔")],
)
async def test_what_cannot_be_appealed_is_said(talk, content, key: str, says: str) -> None:
    before = content()
    buyer = talk("buyer:demo")
    record = await buyer.say(f"我要对这单{NUMBERS[key]}的拒赔申诉")
    assert says in record["reply"]
    assert record["buttons"]
    assert content() == before
    assert (await buyer.assistant.tracker(buyer.id)).active_loop_name is None


async def test_an_appeal_already_made_is_named(talk, content) -> None:
    first = await (await at_read_back(talk)).say("确认")
    once = content()
    again = await talk("buyer:demo").say(f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉")
    assert receipt_in(first) in again["reply"]
    assert "已经提交过" in again["reply"]
    assert content() == once


async def test_confirming_twice_and_from_two_tabs_is_one_appeal(talk, content) -> None:
    first, second = await at_read_back(talk), await at_read_back(talk)
    one = await first.say("确认")
    other = await second.say("确认")
    assert receipt_in(one) == receipt_in(other)
    await first.say("确认")
    after = content()
    assert (after.requests, after.appeals) == (1, 1)


async def test_a_confirmation_expires(talk, content, later) -> None:
    buyer = await at_read_back(talk)
    later(minutes=11)
    record = await buyer.say("确认")
    assert "过了 10 分钟" in record["reply"]
    assert content().requests == 0


@pytest.mark.parametrize("key", ["amy_in_force", "bob_paid"])
async def test_somebody_elses_order_and_none_are_told_alike(talk, content, key: str) -> None:
    foreign = await talk("buyer:demo").say(f"我要对这单{NUMBERS[key]}的拒赔申诉")
    missing = await talk("buyer:demo").say("我要对这单1234567890123456789的拒赔申诉")
    assert foreign["reply"] == missing["reply"]
    assert foreign["outcome"] == "unknown"


async def test_who_has_no_refusals_is_told_so(talk, content) -> None:
    buyer = talk("buyer:new")
    record = await buyer.say("我要对拒赔申诉")
    assert "没有被拒赔" in record["reply"]
    assert (await buyer.assistant.tracker(buyer.id)).active_loop_name is None


async def test_evidence_of_one_order_stays_with_it(talk, content) -> None:
    buyer = await at_tracking(talk)
    for answer in ("SF1234567890123", "coat.jpg", "大衣单号填错一位"):
        await buyer.say(answer)
    await buyer.say("不对，是另一单")
    await buyer.press("皮质腰带")
    photo = await buyer.say("77007300910006")
    assert "第 2 项" in photo["reply"], "asked for anew"
    await buyer.say("没有")
    read_back = await buyer.say("没有")
    assert "coat.jpg" not in read_back["reply"]
    assert "大衣" not in read_back["reply"]


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("单号错了，应该是SF9876543210987", "SF9876543210987"),
        ("照片换成b.jpg", "b.jpg"),
        ("说明改成：我填错了两位", "我填错了两位"),
    ],
)
async def test_evidence_is_corrected_at_the_read_back(talk, content, text: str, shows: str) -> None:
    buyer = await at_read_back(talk)
    record = await buyer.say(text)
    assert "请核对" in record["reply"], record["reply"]
    assert shows in record["reply"]
    assert content().requests == 0


@pytest.mark.parametrize("step", range(3))
async def test_a_person_is_in_reach_at_every_step(talk, content, step: int) -> None:
    buyer = await at_tracking(talk)
    for answer in ["SF1234567890123", "没有"][:step]:
        await buyer.say(answer)
    record = await buyer.say("转人工")
    assert record["outcome"] == "handoff"


@pytest.mark.parametrize("text", ["毛呢大衣", "毛呢大衣那单", "尾号9443", "大衣"])
async def test_an_order_is_picked_by_what_it_is_called(talk, content, text: str) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("我要对拒赔申诉")
    record = await buyer.say(text)
    assert "9443" in record["reply"]
    assert "第 1 项" in record["reply"]


async def test_an_old_button_does_not_file_new_evidence(talk, content) -> None:
    buyer = await at_read_back(talk, "旧的说明")
    old = next(each["payload"] for each in buyer.last.record()["buttons"] if each["title"] == "确认")
    await buyer.say("算了")
    await buyer.say(f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉")
    for answer in ("没有", "没有", "新的说明"):
        await buyer.say(answer)
    record = await buyer.press_payload(old)
    assert content().requests == 0
    assert "不是最新的" in record["reply"]
