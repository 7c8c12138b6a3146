"""Tasks on the asker's own rows, from the sentence to the database and back."""

from __future__ import annotations

import pytest

from actions.policydb.demo.data import NUMBERS

pytestmark = pytest.mark.model


def grouped(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


@pytest.mark.parametrize("writing", ["订单号是{}有运费险吗", "{} 这单有没有运费险", "帮我查下{}的运费险还在不在"])
@pytest.mark.parametrize("form", [str, grouped, lambda number: "".join(chr(ord(digit) + 0xFEE0) for digit in number)])
async def test_an_order_number_in_any_writing(talk, writing: str, form) -> None:
    record = await talk("buyer:demo").say(writing.format(form(NUMBERS["in_force"])))
    assert (record["outcome"], record["topic"]) == ("task", "check_policy")
    assert NUMBERS["in_force"][-4:] in record["reply"]
    assert "保障中" in record["reply"]


async def test_state_date_rule_and_next_step_are_named(talk) -> None:
    record = await talk("buyer:demo").say(f"我这单{NUMBERS['lapsed_confirmed']}还有运费险吗")
    assert "已失效" in record["reply"]
    assert "规则" in record["reply"]
    assert "下一步" in record["reply"]
    assert record["sources"]


async def test_the_second_of_the_list_and_it(talk) -> None:
    buyer = talk("buyer:demo")
    listed = await buyer.say("我这单有运费险吗")
    assert listed["outcome"] == "clarify"
    second = listed["buttons"][1]["title"][-4:]
    record = await buyer.say("第二单呢")
    assert (record["outcome"], record["topic"]) == ("task", "check_policy")
    assert second in record["reply"]
    again = await buyer.say("那它能赔多少，我这单退货的话")
    assert second in again["reply"]


async def test_a_button_picks_an_order(talk) -> None:
    buyer = talk("buyer:demo")
    listed = await buyer.say("我的理赔到哪一步了")
    tail = listed["buttons"][0]["title"][-4:]
    record = await buyer.press(tail)
    assert (record["outcome"], record["topic"]) == ("task", "check_claim")
    assert tail in record["reply"]


async def test_a_bare_order_number_is_looked_up(talk) -> None:
    record = await talk("buyer:demo").say(NUMBERS["in_force"])
    assert (record["outcome"], record["topic"]) == ("task", "check_policy")


@pytest.mark.parametrize(
    "text", ["{}有运费险吗", "{}的理赔到哪一步了", "我这单{}退货能赔多少", "{}为什么只赔了这么多，给我查查我这单"]
)
async def test_somebody_elses_order_and_none_get_one_reply(talk, text: str) -> None:
    foreign = await talk("buyer:new").say(text.format(NUMBERS["amy_in_force"]))
    missing = await talk("buyer:new").say(text.format("1234567890123456789"))
    assert foreign["outcome"] == missing["outcome"] == "unknown"
    assert foreign["reply"] == missing["reply"]
    assert foreign["buttons"] == missing["buttons"]


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("visitor", "我这单有运费险吗"),
        ("visitor", "我的理赔到哪一步了"),
        ("visitor", "我的店开了哪些保险"),
        ("buyer:demo", "我的店开了哪些保险"),
    ],
)
async def test_the_wrong_identity_sees_nothing(talk, who: str, text: str) -> None:
    record = await talk(who).say(text)
    assert record["outcome"] == "sign_in"
    assert not any(number[-4:] in record["reply"] for number in NUMBERS.values())
    assert "旗舰店" not in record["reply"]


async def test_a_shops_services(talk) -> None:
    record = await talk("seller:demo").say("我的店开了哪些保险")
    assert record["outcome"] == "task"
    assert "退货运费险" in record["reply"]


async def test_a_question_and_a_task_in_one_message(talk) -> None:
    record = await talk("seller:demo").say("运费险怎么开通？我的店现在开了哪些保险？")
    assert record["topics"] == ["enable_service", "check_shop_services"]
    assert record["reply"].index("商家保障") < record["reply"].index("项**保障")
