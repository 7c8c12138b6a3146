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


# ---------------------------------------------------------------------- a point of a customer's order, first


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["尾号2577那单客人几号寄回来的"], ["尾号 2577", "寄回"]),
        (["尾号2577那单赔了没", "险是我们送的还是他自己买的"], ["尾号 2577", "**店铺送的**", "保费"]),
        (["尾号2577那单赔了没", "保额多少来着"], ["尾号 2577", "保额 **12元**"]),
        (["尾号2577那单赔了没", "哪家公司保的"], ["尾号 2577", "承保"]),
        (["尾号2577那单赔了没", "货款退给他没"], ["尾号 2577", "退款"]),
        (["尾号2577那单赔了没", "啥时候签收的"], ["尾号 2577", "签收"]),
        (["尾号2577那单赔了没", "他点过确认没"], ["尾号 2577", "确认收货"]),
        (["尾号8915那单有险吗", "能赔人家多少"], ["尾号 8915", "12元"]),
        (["尾号8915那单有险吗", "货发了没"], ["尾号 8915", "已发货"]),
        (["尾号8915那单有险吗", "最晚保到几号"], ["尾号 8915", "最晚保到 2027年2月16日"]),
        (["尾号1178咋样了", "为啥拒的"], ["尾号 1178", "没有真实寄回"]),
        (["尾号8915 跟 2577 保额分别多少", "俩都咱店送的吧"], ["8915", "2577", "店铺送的"]),
        (["8915跟2577哪个保额高"], ["保额", "尾号"]),
        (["没发货的有几单", "第二个保多少"], ["尾号", "元"]),
        (["被拒赔的有几单"], ["被拒赔的有 **"]),
        (["还在理赔的有多少单"], ["没有结果的有 **"]),
        (["客人自己掏钱买险的有哪些"], ["买家自己买的"]),
        (["没发货的都列出来"], ["还没发货的有 **"]),
    ],
)
async def test_what_is_asked_of_customers_orders(talk, texts: list[str], says: list[str]) -> None:
    reply = await said(talk("seller:demo"), *texts)
    assert not [words for words in says if words not in reply.split("\n\n**下一步**")[0]], reply
    assert not [words for words in BUYERS_VIEW if words in reply], reply


@pytest.mark.parametrize(
    "texts", [["客人手机号发我一下"], ["买家地址是哪"], ["尾号8915那单有险吗", "他叫什么名字告诉我"]]
)
async def test_what_is_the_buyers_alone_is_not_told(talk, texts: list[str]) -> None:
    assert "不能提供" in first(await said(talk("seller:demo"), *texts))


@pytest.mark.parametrize("text", ["顺手看下7777", "查一下1485", "6190那单赔没赔"])
async def test_a_tail_that_no_shop_of_his_has(talk, text: str) -> None:
    record = await talk("seller:demo").say(text)
    assert record["outcome"] == "unknown"
    assert "没有在您的店铺查到" in str(record["reply"])


# ---------------------------------------------------------------------- a figure of the shop, first


@pytest.mark.parametrize(
    ("who", "texts", "says"),
    [
        ("seller:other", ["店里保证金差不差"], ["已经交够", "50000元"]),
        ("seller:risky", ["我店保证金还差多少"], ["还差 1000元"]),
        ("seller:risky", ["保证金现在交够没"], ["还差 1000元"]),
        ("seller:other", ["风险率现在到几了"], ["4.1%"]),
        ("seller:other", ["我们店七天无理由开着没"], ["已支持"]),
        ("seller:risky", ["我店七天无理由开没开"], ["没有开"]),
        ("seller:other", ["哪项要收费"], ["退货宝每单 0.35元", "大件运费险每单 2.6元", "2.95元"]),
        ("seller:other", ["我店开了啥", "大件那个每单多少"], ["大件运费险", "2.6元"]),
        ("seller:other", ["我店开了啥", "那大件的呢"], ["大件运费险", "已开通"]),
        ("seller:other", ["最先开的是哪个"], ["退货宝"]),
        ("seller:demo", ["运费险啥时候开的 一单收我多少"], ["4月27日", "0.68元"]),
        ("seller:risky", ["之前运费险一单多少钱"], ["3.2元"]),
        ("seller:chain", ["我名下几家店"], ["2 家店", "果然新鲜水果店", "云端点卡充值店"]),
        ("seller:chain", ["水果店风险率多少", "另一家呢"], ["云端点卡充值店", "0.9%"]),
        ("seller:chain", ["水果店风险率多少", "哪家高"], ["「果然新鲜水果店」的风险率高"]),
        ("seller:chain", ["两家保证金都交够没"], ["果然新鲜水果店", "云端点卡充值店", "已经交够"]),
        ("seller:demo", ["我店开了啥", "没给我关掉啥吧"], ["没有办理记录", "已开通"]),
    ],
)
async def test_a_figure_of_the_shop(talk, who: str, texts: list[str], says: list[str]) -> None:
    reply = (await said(talk(who), *texts)).replace("**", "")
    assert not [words for words in says if words not in reply], reply


async def test_replies_about_shops_say_which(talk) -> None:
    record = await talk("seller:chain").say("水果店开了啥")
    assert [(thing["kind"], thing["evidence"]) for thing in record["things"]] == [("shop", "title")]
    assert len((await talk("seller:chain").say("两家店都开了哪些险"))["things"]) == 2


@pytest.mark.parametrize(
    ("texts", "topic"),
    [
        (["我店退货宝一单多少钱", "那开吧"], "request_enable"),
        (["我店开了啥", "运费险停了吧"], "request_disable"),
        (["我店运费险一单多少", "关了吧 太贵"], "request_disable"),
    ],
)
async def test_a_word_about_what_was_just_spoken_of_asks_for_confirmation(
    talk, content, texts: list[str], topic: str
) -> None:
    before = content()
    talking = talk("seller:demo")
    record: dict[str, object] = {}
    for text in texts:
        record = await talking.say(text)
    assert record["topic"] == topic
    assert content() == before


# ---------------------------------------------------------------------- what is general stays general


@pytest.mark.parametrize(
    "texts",
    [
        *(["保费怎么算的"], ["一般多久到账"], ["风险率多少算高"], ["消保保证金要交多少"], ["七天无理由怎么开"]),
        *(["为什么同一款衣服保额不同"], ["退款后多久赔给买家"], ["买家自己买的险和我送的有啥不一样"], ["退货宝收费吗"]),
        *(["尾号8915那单有险吗", "一般多久到账"], ["尾号8915那单有险吗", "换货保不保"]),
        *(["尾号8915那单有险吗", "那保费怎么算的"], ["我店开了啥", "退货宝和运费险有啥区别"]),
        *(["店铺运费险保额是怎么定的"], ["哪些类目不能开运费险"], ["淘宝店怎么装修"], ["关了运费险以前的单还赔吗"]),
    ],
)
async def test_a_question_of_rules_gets_no_figure_of_his(talk, texts: list[str]) -> None:
    talking = talk("seller:demo")
    record: dict[str, object] = {}
    for text in texts:
        record = await talking.say(text)
    assert not record["things"], record["reply"]
    assert record["outcome"] in ("answered", "outside"), record["reply"]
