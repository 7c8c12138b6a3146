"""What sellers ask of what is theirs, as they type it, through the trained model. Today is Monday, 23 November."""

from __future__ import annotations

import re

import pytest

from actions.policydb.demo.data import NUMBERS, ORDERS

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

BUYERS_VIEW = ("您下单", "您的支付宝", "打给您", "由您承担", "您名下还没有")
ONLY_OWN = "只能看您自己的店"


async def said(seller, *texts: str) -> str:
    record: dict[str, object] = {}
    for text in texts:
        record = await seller.say(text)
    return str(record["reply"])


def first(reply: str) -> str:
    return reply.split("\n\n")[0]


# ---------------------------------------------------------------------- customers' orders


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["帮看下尾号8915那单有没有运费险 客人急"], ["尾号 8915", "保障中", "2027年2月16日"]),
        (["客人昨天买的那件卫衣理赔到哪了"], ["尾号 9345", "没有理赔记录"]),
        (["有个客人说没赔够 尾号2577那单"], ["尾号 2577", "赔付 **12元**"]),
        (["买家说马丁靴换大一码那单没赔够"], ["尾号 2577"]),
        (["尾号1178赔了没"], ["尾号 1178", "已拒赔", "没有真实寄回"]),
        (["那个买家的钱到账了吗 尾号1178"], ["已拒赔"]),
        (["有个顾客拿尾号2738的单来找我 说运费十几块没给够"], ["尾号 2738", "赔付 **14元**"]),
        (["尾号8915客人要退 能赔他几块"], ["尾号 8915", "12元"]),
        ([f"{NUMBERS['paid']}这个单客人的险赔了没"], ["已赔付", "11月7日", "12元"]),
        (["最近有哪些单在理赔", "第二单到哪步了"], ["这单（尾号", "理赔"]),
        (["尾号8915那单有险吗", "保到几号"], ["尾号 8915", "2027年2月16日"]),
        (["尾号8915那单有险吗", "客人要是退了能赔多少"], ["尾号 8915"]),
    ],
)
async def test_a_customers_order(talk, texts: list[str], says: list[str]) -> None:
    reply = await said(talk("seller:demo"), *texts)
    assert not [words for words in says if words not in first(reply)], reply
    assert not [words for words in BUYERS_VIEW if words in reply], reply


@pytest.mark.parametrize(
    ("text", "count"),
    [("最近几单有险的列一下", 5), ("最近10单哪些有运费险", 10), ("最近三单带险的", 3), ("店里这几天有险的单列出来", 5)],
)
async def test_the_newest_with_cover(talk, text: str, count: int) -> None:
    reply = await said(talk("seller:demo"), text)
    assert len(re.findall(r"^\d+\. ", reply, re.MULTILINE)) == count, reply
    assert "店铺送的" in reply


@pytest.mark.parametrize("text", ["{}有运费险吗", "{}这单有没有险", "{}的理赔到哪了", "{}为什么只赔这么点"])
async def test_another_shops_order_and_none_get_one_reply(talk, text: str) -> None:
    other = next(NUMBERS[order.key] for order in ORDERS if order.shop == "other-shop")
    foreign = await talk("seller:demo").say(text.format(other))
    missing = await talk("seller:demo").say(text.format("3100000000000000001"))
    assert foreign["outcome"] == missing["outcome"] == "unknown"
    assert foreign["reply"] == missing["reply"]


@pytest.mark.parametrize(
    "text", ["帮客人申诉一下 尾号1178", "我能替买家提申诉吗 尾号1178那单拒了", "客户那单被拒了 我帮他申诉"]
)
async def test_filing_for_a_buyer_is_declined_with_the_way(talk, content, text: str) -> None:
    before = content()
    reply = await said(talk("seller:demo"), text)
    assert "买家" in reply
    assert "申诉" in reply
    assert content() == before


# ---------------------------------------------------------------------- which shop


@pytest.mark.parametrize(
    ("texts", "shop", "not_shop"),
    [
        (["水果店开了啥"], "果然新鲜水果店", "云端点卡"),
        (["点卡那家开了啥"], "云端点卡充值店", "果然新鲜"),
        (["第二家能开运费险不"], "云端点卡充值店", "果然新鲜"),
        (["第一家开了哪些"], "果然新鲜水果店", "云端点卡"),
        (["水果店开了啥", "一天30单一个月运费险要多少保费"], "果然新鲜水果店", "云端点卡"),
        (["水果店这个月报表", "上个月的呢"], "果然新鲜水果店", "云端点卡"),
        (["第二家开了什么", "那能开运费险不"], "云端点卡充值店", "果然新鲜"),
        (["水果店开了啥", "另一家店开了什么"], "云端点卡充值店", "果然新鲜"),
    ],
)
async def test_the_shop_that_is_meant_and_no_other(talk, texts: list[str], shop: str, not_shop: str) -> None:
    reply = await said(talk("seller:chain"), *texts)
    assert shop in reply, reply
    assert not_shop not in reply, reply


async def test_both_shops(talk) -> None:
    reply = await said(talk("seller:chain"), "水果店开了啥", "两家店都开了哪些险")
    assert "果然新鲜水果店" in reply
    assert "云端点卡充值店" in reply


@pytest.mark.parametrize(
    "text",
    [
        *("暖木家居开了退货宝没", "暖木家居生活馆上个月赔了多少", "云端点卡充值店开了什么险", "潮流快闪那家店开了什么"),
        *("帮我看看大江水果店能不能开退货宝", "小王家女装店保费一单多少"),
    ],
)
async def test_another_sellers_shop_is_said_not_to_be_theirs(talk, text: str) -> None:
    reply = await said(talk("seller:demo"), text)
    assert ONLY_OWN in first(reply), reply
    assert "小鹿家鞋服旗舰店" in reply
    assert "0.68" not in reply
    assert "6.2%" not in reply


# ---------------------------------------------------------------------- since when, how much, which month


@pytest.mark.parametrize(
    ("who", "texts", "says"),
    [
        ("seller:demo", ["退货宝什么时候关的"], ["9月24日", "10月29日"]),
        ("seller:demo", ["我店开了啥", "第二个哪天开的"], ["天猫交易保障险", "5月27日"]),
        ("seller:demo", ["我店开了啥", "最后一个什么时候停的"], ["退货宝", "10月29日"]),
        ("seller:demo", ["我的店运费险哪天开的"], ["4月27日"]),
        ("seller:risky", ["我店开了哪些险", "什么时候停的"], ["11月11日"]),
        ("seller:other", ["退货宝从几号开始的"], ["暖木家居生活馆", "9月4日"]),
        ("seller:demo", ["一千单要多少保费 我店运费险"], ["1000 单", "**680元**"]),
        ("seller:demo", ["我店运费险一天50单一个月多少"], ["1500 单", "**1020元**", "30 天"]),
        ("seller:demo", ["我店开退货宝 一个月两千单得多少保费"], ["2000 单", "840–1440元"]),
        ("seller:demo", ["我店一单多少保费", "那五千单呢"], ["5000 单", "3400元"]),
        ("seller:demo", ["我店能开退货宝吗", "一天100单一个月要多少保费"], ["退货宝", "3000 单"]),
        ("seller:demo", ["我店上个月报表", "不对 是9月的"], ["9月"]),
        ("seller:demo", ["我店9月报表", "出险率呢"], ["9月", "出险率 7.2%"]),
        ("seller:demo", ["我店9月报表", "那赔付呢"], ["9月", "赔付 171元"]),
        ("seller:demo", ["我店9月报表", "8月的"], ["8月"]),
        ("seller:demo", ["我店报表", "比上个月多多少"], ["11月"]),
        ("seller:demo", ["我店这个月保费花了多少"], ["11月", "保费 115.79元"]),
    ],
)
async def test_the_point_stands_in_the_first_line(talk, who: str, texts: list[str], says: list[str]) -> None:
    reply = await said(talk(who), *texts)
    assert not [words for words in says if words not in first(reply)], reply


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["我家店能不能开运费险", "还差啥"], ["差 2 条", "34.2%", "低于 30%", "七天无理由", "怎么办"]),
        (["我家店能开退货宝吗"], ["潮流快闪女装店", "退货宝"]),
    ],
)
async def test_what_exactly_is_missing(talk, texts: list[str], says: list[str]) -> None:
    reply = (await said(talk("seller:risky"), *texts)).replace("降到 30% 以下", "低于 30%")
    assert not [words for words in says if words not in reply], reply


async def test_a_product_that_was_not_understood_is_not_taken_for_another(talk) -> None:
    seller = talk("seller:demo")
    await seller.say("我店能开退货宝吗")
    record = await seller.say("坏果那个险我店能开吗")
    assert "没认出您说的是哪一项" in str(record["reply"]), record["reply"]
