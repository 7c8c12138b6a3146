"""What is no sentence of ours, through the trained model: pictures and links, bare numbers and words, other scripts, other subjects."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[图片]", "看不了"),
        ("[视频]", "看不了"),
        ("[图片][图片]", "看不了"),
        ("[语音]", "听不了"),
        ("[动画表情]", "在的"),
        ("[微笑][微笑]", "在的"),
        ("https://item.taobao.com/item.htm?id=123", "打不开"),
        ("8￥ CZ0001 abC1dEfGh2I￥ https://m.tb.cn/h.5xYz 毛呢大衣女", "打不开"),
        ("【淘宝】https://m.tb.cn/h.gXk8Qw2 「羊毛大衣」点击链接直接打开", "打不开"),
        ("复制打开淘宝 ￥abcDEF12￥ 毛呢大衣", "打不开"),
        ("13812345678", "手机号"),
        ("SF1234567890123", "快递单号"),
        ("73123456789012", "快递单号"),
        ("中通78901234567890", "快递单号"),
        ("1", "没有可以按序号选"),
        ("2.", "没有可以按序号选"),
        ("第三个", "没有可以按序号选"),
        ("选2", "没有可以按序号选"),
        ("hello", "I only understand Chinese"),
        ("how do i get a refund for shipping", "I only understand Chinese"),
        ("where is my money??", "I only understand Chinese"),
        ("are you a human", "I only understand Chinese"),
        ("i dont want an agent", "I only understand Chinese"),
        ("Здравствуйте", "I only understand Chinese"),
        ("안녕하세요", "I only understand Chinese"),
        ("こんにちは 返品したい", "I only understand Chinese"),
    ],
)
@pytest.mark.parametrize("who", ["visitor", "buyer:demo"])
async def test_no_sentence(talk, who: str, text: str, says: str) -> None:
    record = await talk(who).say(text)
    assert record["outcome"] == "clarify"
    assert says in str(record["reply"])


@pytest.mark.parametrize(
    "text",
    ["I want to talk to a human", "agent please", "can i speak to someone", "customer service pls", "real person!!!"],
)
async def test_english_calls_a_person(talk, text: str) -> None:
    assert (await talk("buyer:demo").say(text))["outcome"] == "handoff"


@pytest.mark.parametrize(
    "text", ["退货", "怎么办", "为什么", "运费", "理赔", "多少", "赔", "怎么弄", "为啥", "到账", "保险"]
)
async def test_a_bare_word_asks_back(talk, text: str) -> None:
    record = await talk("visitor").say(text)
    assert record["outcome"] == "clarify"
    assert len(record["buttons"]) >= 2


@pytest.mark.parametrize(
    "text",
    [
        "纠纷率怎么降",
        "我店里退款率太高会被降权吗",
        "信用卡逾期怎么办",
        "医保卡能给家人用吗",
        "保证书有什么用",
        "保质期多久",
        pytest.param("质检报告哪里看", marks=pytest.mark.xfail(reason="taken for that of 材质保真险")),
    ],
)
async def test_a_subject_of_others_is_outside(talk, text: str) -> None:
    assert (await talk("visitor").say(text))["outcome"] == "outside"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("ok", "answered"),
        ("yunfeixian", "clarify"),
        ("pdd", "outside"),
        ("多久到账", "answered"),
        ("怎么理赔", "answered"),
    ],
)
async def test_what_only_looks_like_it(talk, text: str, outcome: str) -> None:
    record = await talk("visitor").say(text)
    assert record["outcome"] == outcome
    assert "Chinese" not in str(record["reply"])
