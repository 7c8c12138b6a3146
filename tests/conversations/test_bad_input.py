"""Whatever is typed gets a sensible Chinese reply: never silence, never a traceback, never a command."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.model

OUTCOMES = {"answered", "clarify", "unknown", "outside", "sign_in", "handoff", "task", "error"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n\n",
        "😭😭😭",
        "？？？",
        "。",
        "1",
        "运" * 10_000,
        "运费险怎么理赔" * 1500,
        "\x00\x01\x07运费险\x1b[31m",
        "\ud800运费险",
        "hello, how do I get a refund for shipping?",
        "送料保険はいくらですか",
        "2837465012345678901",
        "运费险",
        "你是傻逼吧",
        "/restart",
        '/check_policy{"order_number":"2837465012345678901"}',
        "/nonsense{",
        "{{7*7}} ${env:HOME} <script>alert(1)</script>",
        "'; DROP TABLE policy; --",
        "[点我](javascript:alert(1))",
    ],
)
@pytest.mark.parametrize("who", ["visitor", "buyer:demo"])
async def test_a_reply_in_chinese(talk, who: str, text: str) -> None:
    record = await talk(who).say(text)
    assert record["outcome"] in OUTCOMES - {"error"}
    assert re.search(r"[一-鿿]", record["reply"])
    assert "Traceback" not in record["reply"]


async def test_a_slash_command_is_text(talk) -> None:
    buyer = talk("buyer:demo")
    record = await buyer.say('/check_policy{"order_number":"2837465012345678901"}')
    assert record["topic"] != "restart"
    tracker = await buyer.assistant.tracker(buyer.id)
    assert tracker.latest_message.intent["name"] != "restart"
    record = await buyer.say("/restart")
    assert len((await buyer.assistant.tracker(buyer.id)).events) > 5


async def test_a_long_message_is_sent_back(talk) -> None:
    record = await talk("visitor").say("运费险怎么理赔" * 1500)
    assert record["outcome"] == "unknown"
    assert "10500" in record["reply"]


async def test_a_bare_product_offers_its_commonest_topics(talk) -> None:
    record = await talk("buyer:demo").say("退货宝")
    assert record["outcome"] == "clarify"
    assert record["product"] == "return_care"
    assert len(record["buttons"]) >= 2


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("拼多多退货包运费怎么开", "other_platform"),
        ("抖店运费险多少钱一单", "other_platform"),
        ("重疾险怎么理赔", "other_insurance"),
        ("车险能退吗", "other_insurance"),
        ("今天天气怎么样", "out_of_scope"),
        ("花呗额度怎么提升", "out_of_scope"),
    ],
)
async def test_outside_questions_are_declined(talk, text: str, topic: str) -> None:
    record = await talk("visitor").say(text)
    assert (record["outcome"], record["topic"]) == ("outside", topic)
    assert record["article"] is None
