"""Months and stretches of time in the words that people use, evened out as the normaliser does."""

from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.normaliser import tidy
from xiaoer.dates import BadMonth, Month, asked_month, names_a_day, other_period

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("我店这个月保费花了多少", "2026-11"),
        ("本月保费", "2026-11"),
        ("我店出险率", "2026-11"),
        ("/shop_report", "2026-11"),
        ("我店上个月保费花了多少", "2026-10"),
        ("上月赔了多少", "2026-10"),
        ("上個月呢", "2026-10"),
        ("上上个月", "2026-09"),
        ("10月的报表", "2026-10"),
        ("十月份我店退货宝费用是多少", "2026-10"),
        ("１０月", "2026-10"),
        ("十一月", "2026-11"),
        ("十二月", "2025-12"),
        ("12月", "2025-12"),
        ("六月", "2026-06"),
        ("去年11月", "2025-11"),
        ("去年的十二月份", "2025-12"),
        ("前年3月", "2024-03"),
        ("今年3月", "2026-03"),
        ("明年3月", "2027-03"),
        ("今年12月", "2026-12"),
        ("下个月", "2026-12"),
        ("2026-10", "2026-10"),
        ("2026年10月", "2026-10"),
        ("2026/9 的", "2026-09"),
        ("25年3月", "2025-03"),
        ("看看这个月跟上个月各多少", "2026-11"),
        ("9月和10月比", "2026-10"),
        ("我店最近三个月运费险支出", "2026-11"),
        ("近3月", "2026-11"),
        ("订单3265939354289388915花了多少", "2026-11"),
    ],
)
def test_the_month_a_message_asks_about(text: str, month: str) -> None:
    assert str(asked_month(tidy(text), TODAY)) == month


@pytest.mark.parametrize("text", ["13月", "202613", "0月的报表", "二十月", "十三月", "2026年13月", "99月份"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(BadMonth):
        asked_month(tidy(text), TODAY)


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-1", "202610", "２０２６-10", "2026-10 ", "1999-12", "0000-01"]
)
def test_a_month_of_an_address_is_written_in_one_way(text: str) -> None:
    with pytest.raises(BadMonth):
        Month.parse(text)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("我店最近三个月运费险支出", "最近三个月"),
        ("我店上周保费扣了多少", "上周"),
        ("昨天我店扣了多少运费险", "昨天"),
        ("我店今年一共交了多少保费", "今年"),
        ("双十一那几天我店运费险花了多少", "双十一"),
        ("我店这个季度保费和赔付多少", "这个季度"),
        ("11月11日花了多少", "11月11日"),
        ("近3月", "近3月"),
        ("1到6月", "1到6月"),
        ("去年双11那几天", "去年双11"),
        ("双11那个月", ""),
        ("去年618当月", ""),
        ("保费618元对吗", ""),
        ("今年3月", ""),
        ("去年11月", ""),
        ("上个月", ""),
        ("十一月", ""),
        ("2026-10", ""),
        ("我店这个月保费花了多少", ""),
    ],
)
def test_a_stretch_of_time_that_is_no_month(text: str, period: str) -> None:
    assert other_period(tidy(text)) == period


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("前个月的报表", (2026, 9)),
        ("前個月", (2026, 9)),
        ("目前个月度报表在哪", (2026, 11)),
        ("上上上个月", (2026, 8)),
        ("大前个月", (2026, 8)),
        ("双11花了多少", (2026, 11)),
        ("双十一那几天", (2026, 11)),
        ("雙 11", (2026, 11)),
        ("双11当月", (2026, 11)),
        ("双12保费", (2025, 12)),
        ("去年双十二那个月", (2025, 12)),
        ("今年双12", (2026, 12)),
        ("2025年双11", (2025, 11)),
        ("24年的618", (2024, 6)),
        ("前年618", (2024, 6)),
        ("618那个月", (2026, 6)),
        ("六一八", (2026, 6)),
        ("保费618元对吗", (2026, 11)),
        ("单号1618那单", (2026, 11)),
        ("双11和618比", (2026, 11)),
        ("双11那个月的报表", (2026, 11)),
        ("去年双11那个月花了多少", (2025, 11)),
        ("618当月赔了多少", (2026, 6)),
        ("比上个月多了多少", (2026, 11)),
        ("保费跟上个月比怎么样", (2026, 11)),
        ("保费比上月多了吗", (2026, 11)),
        ("比上个月同期呢", (2026, 11)),
        ("較上個月", (2026, 11)),
        ("和上月比", (2026, 11)),
        ("跟上个月的保费相比", (2026, 11)),
        ("10月比上个月多吗", (2026, 10)),
        ("上个月比上上个月多吗", (2026, 10)),
        ("对比上个月和上上个月", (2026, 10)),
        ("6月和上个月的报表", (2026, 10)),
        ("6月和上个月的赔付比例", (2026, 10)),
        ("202610的报表", (2026, 10)),
        ("202610月份", (2026, 10)),
        ("202509", (2025, 9)),
        ("20261011", (2026, 11)),
        ("花了202609元", (2026, 11)),
    ],
)
def test_months_in_other_words(text: str, month: tuple[int, int]) -> None:
    assert asked_month(tidy(text), TODAY) == Month(*month)


def test_a_sale_of_the_month_that_runs_or_of_the_last_there_was() -> None:
    assert asked_month("双11", date(2026, 10, 31)) == Month(2025, 11)
    assert asked_month("双11当月", date(2026, 12, 1)) == Month(2026, 11)
    assert asked_month("618", date(2026, 5, 31)) == Month(2025, 6)


@pytest.mark.parametrize(
    "text",
    [
        "昨天买的那单",
        "前天",
        "大前天收到的",
        "上周二那单",
        "周三退的",
        "上個月的",
        "月初",
        "11月3日买的",
        "3号",
        "十一号",
        "双十一买的",
        "6月那单",
    ],
)
def test_words_that_say_when_something_was(text: str) -> None:
    assert names_a_day(tidy(text))


@pytest.mark.parametrize(
    "text", ["我要申诉", "今天就给我申诉", "现在办", "单号错了", "7天无理由", "72小时没到", "尾号9443", "换大一码"]
)
def test_words_that_do_not(text: str) -> None:
    assert not names_a_day(tidy(text))
