"""Which order a question is about, by every way of saying it, through the trained model. Today is Monday, 23 November."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from actions.policydb.demo.data import NUMBERS
from tests.conversations import market

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

JACKET, SHOES, SCARF, HOODIE, COAT, BELT = (
    NUMBERS[key]
    for key in (
        "in_force_bought",
        "in_force",
        "withdrawn",
        "not_started",
        "refused_bad_tracking",
        "refused_abnormal_trade",
    )
)


@pytest.fixture
def bought(content) -> None:
    market.fill()


def about(record: dict[str, object]) -> str | None:
    """The tail of the order that a reply is about; None for one that asks or says that there is none."""
    tails = re.findall(r"这单（尾号 (\d{4})", str(record["reply"]))
    return tails[0] if record["outcome"] == "task" and len(set(tails)) == 1 else None


def among(record: dict[str, object]) -> set[str]:
    """The tails of those that a reply asks among."""
    assert record["outcome"] == "clarify", record["reply"]
    return set(re.findall(r"尾号(\d{4})", str(record["reply"])))


async def say(buyer, *texts: str) -> dict[str, object]:
    record: dict[str, object] = {}
    for text in texts:
        record = await buyer.say(text)
    return record


# ---------------------------------------------------------------------- one that is named


@pytest.mark.parametrize(
    ("texts", "tail"),
    [
        (["女鞋那单理赔到哪一步了"], "8915"),
        (["拖鞋理赔到哪一步了"], "1178"),
        (["我的连衣裙理赔到哪一步了"], "7957"),
        (["沙发那单退货能赔多少"], "1485"),
        (["手机壳那单退货能赔多少"], "9018"),
        (["马丁靴换大一码那单为什么只赔这么点"], "2577"),
        (["羽绒服那单有运费险吗", "卫衣那单有运费险吗"], "9345"),
        (["羽绒服那单有运费险吗", "尾号8915那单呢"], "8915"),
        (["大衣那单理赔到哪一步了", "不对，我说的是腰带那单"], "0154"),
        (["这单卫衣有运费险吗"], "9345"),
        (["329块那单为什么赔这么少"], "2738"),
    ],
)
@pytest.mark.parametrize("page", ["", JACKET])
async def test_what_is_named_goes_before_everything(talk, texts: list[str], tail: str, page: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    record = await say(buyer, *texts)
    assert about(record) == tail, record["reply"]


async def test_an_order_without_a_claim_is_said_to_have_none(talk) -> None:
    assert "还没有理赔记录" in (await talk("buyer:demo").say("女鞋那单理赔到哪一步了"))["reply"]


@pytest.mark.parametrize(
    ("text", "tails"),
    [
        ("尾号9345和9504的有运费险吗", {"9345", "9504"}),
        ("乐福鞋跟浴巾还能退吗", {"8915", "9731"}),
    ],
)
async def test_things_that_are_named_one_by_one_are_all_answered(talk, text: str, tails: set[str]) -> None:
    record = await talk("buyer:demo").say(text)
    assert record["outcome"] == "task"
    assert set(re.findall(r"尾号(\d{4})：", str(record["reply"]))) == tails, record["reply"]


@pytest.mark.parametrize(
    ("text", "tails"),
    [
        ("马丁靴那单为什么只赔这么点", {"2577", "2738"}),
        ("裙子那单有运费险吗", {"7957", "7361"}),
        ("上周一收到的那单有运费险吗", {"1485", "9434"}),
    ],
)
@pytest.mark.parametrize("page", ["", SHOES])
async def test_a_tie_is_asked_among_the_tied_alone(talk, text: str, tails: set[str], page: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    record = await buyer.say(text)
    assert among(record) == tails
    assert "有 2 单" in record["reply"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("尾号8916那单有运费险吗", "尾号 8916 的订单"),
        ("尾号8914有运费险吗", "尾号 8914 的订单"),
        ("电视机那单有运费险吗", "「电视机」的订单"),
        ("我买的电饭煲那单有运费险吗", "「电饭煲」的订单"),
        ("前天买的那单有运费险吗", "11月21日付款的订单"),
        ("双十一买的那单有运费险吗", "11月11日付款的订单"),
        ("订单326593935428有运费险吗", "这个号码的订单"),
    ],
)
@pytest.mark.parametrize("page", ["", JACKET])
async def test_what_is_not_there_is_said_and_no_other_taken(talk, text: str, says: str, page: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    record = await buyer.say(text)
    assert record["outcome"] == "clarify"
    assert f"没有在您名下查到{says}" in record["reply"]


async def test_another_buyers_tail_and_title_are_as_if_they_were_not_there(talk) -> None:
    buyer = talk("buyer:demo")
    theirs = NUMBERS["amy_in_force"][-4:]
    replies = [(await buyer.say(f"尾号{tail}那单有运费险吗"))["reply"].replace(tail, "") for tail in (theirs, "0000")]
    assert replies[0] == replies[1]
    assert "羊绒" not in replies[0]


@pytest.mark.parametrize(
    ("page", "text"),
    [(JACKET, "我这单退货能赔19元吗"), (JACKET, "那这单呢，有运费险吗"), (JACKET, "我这单昨天才收到，运费险还在吗")],
)
async def test_a_sum_or_a_day_that_is_asked_about_is_no_order(talk, page: str, text: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    assert about(await buyer.say(text)) == page[-4:]


async def test_what_was_paid_is_no_price(talk) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=NUMBERS["paid_short"])
    assert about(await buyer.say("赔了12元怎么这么少，查下我这单")) == NUMBERS["paid_short"][-4:]


@pytest.mark.parametrize(("text", "tail"), [("我的大依理赔到哪一步了", "9443"), ("羽容服那单有运费险吗", "9504")])
async def test_a_name_that_sounds_alike_is_marked_as_understood(talk, text: str, tail: str) -> None:
    record = await talk("buyer:demo").say(text)
    assert record["reply"].startswith(f"您说的是「尾号 {tail}")


# ---------------------------------------------------------------------- when


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("昨天买的那单有运费险吗", "9345"),
        ("昨天下单的那个有运费险吗", "9345"),
        ("上周六收到的那单有运费险吗", "8915"),
        ("11月3号买的那单还有运费险吗", "3168"),
        ("昨天退款成功了，我的理赔到哪一步了", "6839"),
    ],
)
@pytest.mark.parametrize("page", ["", JACKET])
async def test_a_day_with_what_happened(talk, text: str, tail: str, page: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    record = await buyer.say(text)
    assert about(record) == tail, record["reply"]


async def test_the_policies_of_a_month(talk) -> None:
    record = await talk("buyer:demo").say("上个月买的有哪些有运费险")
    assert "10月1日到31日买的、有退货运费险的" in record["reply"], "two of the 14 have another cover"
    assert "**12 单**" in record["reply"]


# ---------------------------------------------------------------------- at hand, in a list


@pytest.mark.parametrize("text", ["我这单退货能赔多少", "它退货能赔多少"])
async def test_what_was_spoken_of_last_goes_before_the_page(talk, text: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=JACKET)
    assert about(await say(buyer, "女鞋那单有运费险吗", text)) == SHOES[-4:]


async def test_the_page_goes_before_what_an_earlier_session_spoke_of(talk) -> None:
    from rasa.shared.core.events import SessionStarted

    buyer = talk("buyer:demo")
    await buyer.say("女鞋那单有运费险吗")
    tracker = await buyer.assistant.tracker(buyer.id)
    tracker.update(SessionStarted())
    await buyer.assistant.store.save(tracker)
    buyer.principal = replace(buyer.principal, order=JACKET)
    assert about(await buyer.say("我这单有运费险吗")) == JACKET[-4:]


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        (["第二单呢"], 1),
        (["第三个"], 2),
        (["最后一个呢"], 4),
        (["第二单呢", "第三单呢"], 2),
        (["倒数第二单"], 3),
    ],
)
@pytest.mark.parametrize("page", ["", COAT])
async def test_a_place_in_the_list_of_policies(talk, texts: list[str], place: int, page: str) -> None:
    buyer = talk("buyer:demo")
    buyer.principal = replace(buyer.principal, order=page)
    shown = await buyer.say("我有哪些保单")
    record = await say(buyer, *texts)
    assert about(record) == shown["buttons"][place]["title"][-4:], record["reply"]


@pytest.mark.parametrize(("text", "tail"), [("围巾那单", "8257"), ("尾号9443那单呢", "9443")])
async def test_one_that_is_named_after_the_list(talk, text: str, tail: str) -> None:
    assert about(await say(talk("buyer:demo"), "我有哪些保单", text)) == tail


async def test_a_place_that_the_list_has_not(talk) -> None:
    record = await say(talk("buyer:demo"), "我有哪些保单", "第九单呢")
    assert "刚才只列了 5 单" in record["reply"]


# ---------------------------------------------------------------------- titles of a market


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("波司登男短款那单有运费险吗", "6338"),
        ("女款羽绒服那单有运费险吗", "5127"),
        ("耐克那单有运费险吗", "2241"),
        ("nike那双鞋有运费险吗", "2241"),
        ("戴森吸尘器那单还能赔吗，有运费险吗", "9086"),
        ("坚果理赔到哪一步了", "8173"),
        ("猪肉脯那单有运费险吗", "1694"),
        ("南极人那单为什么只赔这么少", "3550"),
        ("手机壳那单有运费险吗", "6805"),
    ],
)
@pytest.mark.parametrize("page", ["", "5127"])
async def test_a_part_of_a_long_title(talk, text: str, tail: str, page: str) -> None:
    buyer = talk(market.BUYER)
    buyer.principal = replace(buyer.principal, order=market.number(page) if page else "")
    record = await buyer.say(text)
    assert about(record) == tail, record["reply"]


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("text", "tails"),
    [
        ("羽绒服那单有运费险吗", {"5127", "6338"}),
        ("洗衣液那单有运费险吗", {"7719", "4402"}),
        ("昨天买的有运费险吗", {"5127", "6338"}),
    ],
)
async def test_equal_titles_and_days_are_asked_among(talk, text: str, tails: set[str]) -> None:
    assert among(await talk(market.BUYER).say(text)) == tails


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("texts", "tail"),
    [
        (["洗衣液那单有运费险吗", "双十一买的那单"], "7719"),
        (["洗衣液那单有运费险吗", "第二单呢"], "7719"),
        (["羽绒服那单有运费险吗", "男款的那单"], "6338"),
    ],
)
async def test_one_of_those_that_were_asked_among(talk, texts: list[str], tail: str) -> None:
    assert about(await say(talk(market.BUYER), *texts)) == tail


@pytest.mark.parametrize(("text", "tail"), [("第二个", "2738"), ("另外那单为什么赔这么少", "2738")])
async def test_the_other_of_a_list_of_two(talk, text: str, tail: str) -> None:
    buyer = talk("buyer:demo")
    await buyer.say("马丁靴那单为什么只赔这么点")
    if text.startswith("另外"):
        assert about(await buyer.say("第一单")) == "2577"
    assert about(await buyer.say(text)) == tail


@pytest.mark.usefixtures("bought")
async def test_the_list_does_not_hold_praise(talk) -> None:
    record = await talk(market.BUYER).say("羽绒服那单有运费险吗")
    assert "官方旗舰" not in record["reply"]
    assert "波司登羽绒服男短款" in record["reply"]


@pytest.mark.parametrize(
    ("text", "title"), [("昨天买的女鞋有运费险吗", "女鞋"), ("床品四件套那单有运费险吗", "床品四件套")]
)
async def test_among_hundreds_of_orders(talk, text: str, title: str) -> None:
    """The second is older than the newest 60."""
    record = await talk("buyer:crowd").say(text)
    assert "没有在您名下" not in record["reply"]
    assert title in record["reply"]


@pytest.mark.parametrize(
    "text",
    [
        "女儿给我定的老人手机，她说一起买了碎屏险的，我左看右看没有，您查查到底有没有呀",
        "以前都是我女儿拿我手机买东西，也不知道给我上了多少种保险，能不能一样一样念给我看看",
    ],
)
async def test_a_word_beside_another_name_means_no_order(talk, text: str) -> None:
    """The account bought a 手机壳."""
    record = await talk("buyer:demo").say(text)
    assert "您说的是" not in record["reply"]
    assert len(record["buttons"]) > 2


async def test_a_name_that_no_order_has_is_said_though_the_day_fits(talk) -> None:
    record = await talk("buyer:demo").say("昨天买的那个滑雪板坏了，有运费险没有")
    assert "没有在您名下查到" in record["reply"]
    assert "滑雪板" in record["reply"]


async def test_a_page_that_is_opened_means_its_order_until_another_is_named(talk) -> None:
    """The same account, first without a page, then on the pages of two orders."""
    buyer = talk("buyer:demo")
    await buyer.say("羽绒服那单有运费险吗")
    for key in ("in_force", "lapsed_confirmed"):
        buyer.principal = replace(buyer.principal, order=NUMBERS[key])
        assert f"尾号 {NUMBERS[key][-4:]}" in (await buyer.say("这单有运费险吗"))["reply"], (
            "the page that was just opened"
        )
        assert (
            f"尾号 {NUMBERS['return_care'][-4:]}"
            in (await buyer.say(f"尾号{NUMBERS['return_care'][-4:]}那单呢"))["reply"]
        )
        said = (await buyer.say("它保到什么时候"))["reply"]
        assert f"尾号 {NUMBERS[key][-4:]}" not in said, "another one was named on this page"
