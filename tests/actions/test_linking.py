"""Which orders words name, as a table: handles, each narrowing; no database. Today is Monday, 23 November 2026."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from actions.asking.linking import Linked, handles, link, speaks_of_having
from actions.asking.naming import Reading, read
from actions.policydb.facts import OrderEntry
from bot.understanding.normaliser import tidy
from xiaoer.clock import SHANGHAI

TODAY = date(2026, 11, 23)


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, 10, tzinfo=SHANGHAI)


def order(tail: str, title: str, fen: int, paid: datetime, **days: datetime) -> OrderEntry:
    return OrderEntry("328804771290551" + tail, "暖木家居生活馆", fen, (title,), paid, **days)


ORDERS = (
    order("5127", "【官方旗舰】波司登羽绒服女2026新款中长款", 129900, day(11, 22)),
    order("6338", "【官方旗舰】波司登羽绒服男短款连帽90绒", 99900, day(11, 22)),
    order("4402", "蓝月亮洗衣液3kg*2瓶（薰衣草香）", 6990, day(11, 20), signed_at=day(11, 22)),
    order("2241", "[Nike/耐克] Air Force 1空军一号男子板鞋", 79900, day(11, 11), signed_at=day(11, 17)),
    order("7719", "蓝月亮洗衣液3kg*2瓶（薰衣草香）", 6990, day(11, 11), signed_at=day(11, 15)),
    order("8127", "法式连衣裙", 8900, day(11, 5), shipped_at=day(11, 6), signed_at=day(11, 8), refunded_at=day(11, 16)),
    order("9443", "毛呢大衣", 45900, day(11, 1), shipped_at=day(11, 2)),
    order("0154", "羊毛围巾", 8900, day(10, 31), signed_at=day(11, 4), confirmed_at=day(11, 12)),
    order("1990", "手机壳 透明防摔", 1990, day(10, 20)),
)


def linked(text: str, **given: bool) -> Linked:
    plain = tidy(text)
    return link(handles(plain, plain, TODAY, **given), ORDERS, TODAY)


@pytest.mark.parametrize(
    ("text", "tails"),
    [
        # number's tail
        ("尾号9443那单", "9443"),
        ("尾号是9443", "9443"),
        ("9443那单呢", "9443"),
        ("订单尾号9443的", "9443"),
        ("9443", "9443"),
        ("尾号551127", ""),
        ("尾号9443和0154", "9443 0154"),
        ("尾号9444那单", ""),
        # title
        ("大衣那单", "9443"),
        ("我的大衣", "9443"),
        ("那条裙子", "8127"),
        ("耐克那双", "2241"),
        ("nike那双鞋", "2241"),
        ("空军一号那双", "2241"),
        ("波司登", "5127 6338"),
        ("羽绒服男短款", "6338"),
        ("男款羽绒服", "6338"),
        ("洗衣液那单", "4402 7719"),
        ("不是大衣，是围巾", "0154"),
        ("大依那单", "9443"),
        ("我买的羽容服", "5127 6338"),
        ("电视机那单", ""),
        # day
        ("昨天买的", "5127 6338"),
        ("昨天买的羽绒服男短款", "6338"),
        ("昨天收到的那个", "4402"),
        ("上周二收到的", "2241"),
        ("双十一买的", "2241 7719"),
        ("双十一买的洗衣液", "7719"),
        ("20号买的洗衣液", "4402"),
        ("11月6号发货的", "8127"),
        ("上周一退款的那单", "8127"),
        ("11月12号确认收货的", "0154"),
        ("10月31号那单", "0154"),
        ("上个月买的", "0154 1990"),
        ("前天买的", ""),
        ("昨天买的大衣", ""),
        # price
        ("89块那个", "8127 0154"),
        ("89元的那单", "8127 0154"),
        ("八十九块那个裙子", "8127"),
        ("19.9的那个手机壳", "1990"),
        ("19.9元那单", "1990"),
        ("20块那个", "1990"),
        ("459元买的那件", "9443"),
        ("12元那单", ""),
    ],
)
def test_orders_that_words_name(text: str, tails: str) -> None:
    found = linked(text)
    assert found.said
    assert [number[-4:] for number in found.orders] == tails.split()


@pytest.mark.parametrize(
    "text",
    [
        "我这单有运费险吗",
        "理赔到哪一步了",
        "退货能赔19元吗",
        "赔了12元怎么这么少",
        "赔了89元的那单",
        "运费89元的那单",
        "保额89块的那个",
        "为什么那单赔得少",
        "寄回去的那单",
        "最便宜的那单",
        "刚才那单",
        "退款三天了还没到",
        "7天无理由能退吗",
        "今天能到吗",
        "手机上怎么看",
        "2026年11月",
        "我的订单2026年的",
        "没发货能退吗",
        "一块那个",
        "我准备退那单",
        "帮我看哈我那笔运费险走到哪一步",
        "破损那单报了三天了",
        "以前都是一样的那个",
    ],
)
def test_words_that_name_none(text: str) -> None:
    assert linked(text) == Linked()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("尾号9444那单", "尾号 9444"),
        ("昨天买的大衣", "11月22日付款的「大衣」"),
        ("上周收到的那单", "11月16日到22日签收"),
        ("89块那条裙子", "89元的「裙子」"),
        ("电视机那单", "「电视机」"),
        ("帮我看下电视机那单", "「电视机」"),
        ("那件冲锋衣有运费险吗", "「冲锋衣」"),
        ("去年双十一买的那台冰箱", "2025年11月11日付款的「冰箱」"),
        ("我上周三买台灯的那笔订单", "11月18日付款的「台灯」"),
        ("昨天拍的那条半身裙保起没得", "11月22日付款的「半身裙」"),
        ("我准备把这双球鞋从武汉退回泉州", "「球鞋」"),
        ("那双健步鞋", "「健步鞋」"),
    ],
)
def test_what_was_named_is_said(text: str, said: str) -> None:
    assert linked(text).said == said


@pytest.mark.parametrize(("text", "near"), [("昨天买的大衣", ["9443"]), ("昨天买的电视机", ["5127", "6338"])])
def test_what_a_part_of_it_names(text: str, near: list[str]) -> None:
    found = linked(text)
    assert found.orders == ()
    assert [number[-4:] for number in found.near] == near


@pytest.mark.parametrize("text", ["这单是昨天买的", "我这单89块的那个", "它昨天收到的"])
def test_what_is_said_of_the_one_at_hand_tells_no_other(text: str) -> None:
    assert linked(text, at_hand=True) == Linked()
    assert linked(text).said or "它" in text


@pytest.mark.parametrize(
    ("text", "tails"),
    [
        ("双十一买的那单", ["7719"]),
        ("薰衣草那单", ["4402", "7719"]),
        ("男款的那单", ["6338"]),
        ("大衣那单", ["9443"]),
        ("电视机那单", []),
        ("男士那单", []),
    ],
)
def test_of_those_that_were_just_asked_among(text: str, tails: list[str]) -> None:
    asked = [entry.number for entry in ORDERS if entry.number[-4:] in ("4402", "7719", "5127", "6338")]
    found = link(handles(text, text, TODAY), ORDERS, TODAY, asked=asked)
    assert [number[-4:] for number in found.orders] == tails


def test_of_a_correction_the_last_tail() -> None:
    assert linked("不是尾号9443，是尾号0154", corrects=True).orders == (ORDERS[7].number,)


@pytest.mark.parametrize("text", ["订单326593935428有吗", "尾号12那单", "32659393542893889151234567890"])
def test_figures_that_are_no_orders(text: str) -> None:
    assert handles(text, text, TODAY).broken


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        ("大衣", Reading(frozenset({6}), "大衣")),
        ("羊绒大衣那单", Reading(frozenset({6}), "大衣", sure=False)),
        ("我的大依", Reading(frozenset({6}), "大衣", sure=False)),
        ("大依", Reading()),
        ("不是大衣", Reading()),
        ("电视机那单", Reading(missing="电视机")),
    ],
)
def test_how_surely_a_title_is_read(words: str, reading: Reading) -> None:
    assert read(words, [entry.titles for entry in ORDERS]) == reading


@pytest.mark.parametrize(
    ("said", "does"),
    [
        ("羽绒服那单有运费险吗", True),
        ("昨天买的有没有保险", True),
        ("下的单还没发货", True),
        ("女儿给的老人手机碎屏险呢", False),
        ("我的大衣理赔了没", True),
        ("女儿拿我手机买东西", False),
        ("订单号是多少", False),
    ],
)
def test_words_of_having(said: str, does: bool) -> None:
    assert speaks_of_having(said) is does
