"""Points of one's own: that those which files name are there, and what words ask, as a table. No database, no model."""

from __future__ import annotations

import pytest

from actions.points.filters import EXTREMES, NEEDS, STATES, states_of
from actions.points.order import FACTS, POINTS
from actions.points.words import POINTS as ASKED
from actions.points.words import Asks, asks, without_states
from bot.understanding.normaliser import tidy
from knowledge import live
from xiaoer.principal import Role

OF_SELLERS = {"shop", "customer"}  # `actions.points.seller` says which


def asked(text: str) -> Asks:
    return asks(tidy(text))


# ---------------------------------------------------------------------- files that name points


def test_points_of_buyers_are_points_of_an_order() -> None:
    knowledge = live().current
    assert OF_SELLERS | set(POINTS) >= set(knowledge.points)
    for topic, points in knowledge.own[Role.BUYER.value].items():
        assert set(points) <= POINTS.keys(), topic
    for topic, points in knowledge.own[Role.SELLER.value].items():
        assert set(points) <= OF_SELLERS, topic


def test_points_that_words_ask_for_are_points_of_an_order() -> None:
    assert set(ASKED) <= POINTS.keys()
    assert POINTS.keys() >= FACTS


def test_states_and_extremes_that_words_say_are_conditions_on_orders() -> None:
    said = {name for text in STATED for name in asked(text[0]).states}
    assert said <= STATES.keys()
    assert {condition.point for condition in STATES.values()} <= POINTS.keys()
    assert {extreme for _, extreme in EXTREME} - {""} == EXTREMES.keys()
    assert set(NEEDS) <= EXTREMES.keys()
    assert set(NEEDS.values()) <= STATES.keys()


def test_every_state_has_its_words() -> None:
    assert {state for _, states in STATED for state in states.split()} == set(STATES)


# ---------------------------------------------------------------------- what words ask


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("啥时候给我发出来的", "sent"),
        ("店家寄了吗", "sent"),
        ("东西到哪了", "signed"),
        ("几号签收的啊", "signed"),
        ("快递到了没有", "signed"),
        ("我啥时候点的确认", "confirmed"),
        ("货款退我没", "refunded"),
        ("哪天退的款", "refunded"),
        ("当时多少钱拍的", "price"),
        ("啥时候下的单", "bought"),
        ("在哪家店拍的", "shop"),
        ("谁承保", "insurer"),
        ("这险是哪家公司的", "insurer"),
        ("保险是店家送的还是我自己买的", "payer"),
        ("保费几毛", "payer"),
        ("凭啥不给赔", "refused"),
        ("拒的理由是啥", "refused"),
        ("哪天给我拒的", "refused"),
        ("还剩几天到期", "until"),
        ("过保了没", "until"),
        ("现在退还赶得上不", "returnable"),
        ("什么时候寄回去的", "returned"),
        ("卖家收到退货了没", "returned"),
        ("打给谁了", "paid_to"),
        ("到的支付宝还是银行卡", "paid_to"),
        ("差的那几块谁出", "difference"),
        ("才赔这么点", "explained"),
        ("能给我赔多少", "estimated"),
        ("理赔卡哪了", "claimed"),
        ("审核完了吗", "claimed"),
        ("有没有运费险", "covered"),
        # they ask nothing of an order
        ("快递好慢", ""),
        ("那件卫衣", ""),
        ("你好", ""),
        ("谢谢啦", ""),
        ("沙发", ""),
    ],
)
def test_the_point_that_is_asked(text: str, point: str) -> None:
    assert asked(text).point == point


@pytest.mark.parametrize(
    ("text", "point"),
    [("快递好慢", "signed"), ("那个退款", "refunded"), ("保额写的12", "estimated"), ("想退", "to_do"), ("晚安", "")],
)
def test_the_point_that_is_spoken_of(text: str, point: str) -> None:
    assert asked(text).speaks_of == point


STATED = [
    ("没发货的有几单", "not_sent"),
    ("在路上的都有哪些", "on_the_way"),
    ("点过确认的", "confirmed"),
    ("被拒的", "refused"),
    ("还没到账的", "open"),
    ("已经赔了的一共多少", "paid"),
    ("退过货的有哪些", "returned"),
    ("没退过的", "kept"),
    ("没发货就取消的那单", "cancelled"),
    ("没险的有哪些", "uncovered"),
    ("直接抵给快递的是哪单", "offset"),
    ("自己掏钱买险的有哪几单", "bought_cover"),
    ("商家送的险有哪几单", "given_cover"),
    ("还能退的有哪些", "usable"),
    ("已经过期的", "lapsed"),
    ("有运费险的是哪几单", "covered"),
    ("快过期的是哪个", ""),  # an extreme: it can still be used
    ("大衣那单", ""),
    ("多久到账", ""),
]


@pytest.mark.parametrize(("text", "states"), STATED)
def test_the_state_that_is_said(text: str, states: str) -> None:
    assert " ".join(states_of(asked(text))) == states


EXTREME = [
    ("最近买的一单", "newest"),
    ("最早那单", "oldest"),
    ("赔得最多的是哪单", "most_paid"),
    ("里面最多的是哪个", "most_of_list"),
    ("赔得最少的", "least_paid"),
    ("最贵的那单有险没", "dearest"),
    ("最便宜的那个", "cheapest"),
    ("快过期的是哪个", "soonest"),
    ("保额最高的是哪单", "largest_cover"),
    ("便宜点的那个", "cheaper_of_list"),
    ("贵的那单", "dearer_of_list"),
    ("先买的那个", "older_of_list"),
    ("后买的那件", "newer_of_list"),
    ("保额最低的", "least_cover"),
    ("最多能退几次", ""),
    ("大衣那单", ""),
]


@pytest.mark.parametrize(("text", "extreme"), EXTREME)
def test_the_one_that_is_most_of_something(text: str, extreme: str) -> None:
    assert asked(text).extreme == extreme


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("单号填错被拒的有哪些", ("bad_tracking",)),
        ("合寄被拒的是哪单", ("shared_parcel",)),
        ("因为过期被拒的", ("expired",)),
        ("快过期的是哪个", ()),
        ("被拒的有哪些", ()),
    ],
)
def test_what_was_refused_for_what(text: str, reasons: tuple[str, ...]) -> None:
    assert asked(text).reasons == reasons


@pytest.mark.parametrize(
    ("text", "which", "money"),
    [
        ("哪几单在理赔", True, False),
        ("一共赔了多少", True, True),
        ("总共花了多少钱", True, True),
        ("被拒的都列一下", True, False),
        ("大衣那单赔了没", False, False),
    ],
)
def test_all_of_them_and_what_they_come_to(text: str, which: bool, money: bool) -> None:
    assert (asked(text).which, asked(text).money) == (which, money)


@pytest.mark.parametrize(
    ("text", "general"),
    [
        ("一般多久到账", True),
        ("别人的单子能查吗", True),
        ("拼多多也有吗", True),
        ("以后还送吗", True),
        ("值不值得买", True),
        ("我的多久到账", False),
        ("那单到账没", False),
    ],
)
def test_how_things_are_in_general(text: str, general: bool) -> None:
    assert asked(text).general is general


@pytest.mark.parametrize(("text", "supposes"), [("要是明天退能赔多少", True), ("万一丢了呢", True), ("退了没", False)])
def test_what_would_be(text: str, supposes: bool) -> None:
    assert asked(text).supposes is supposes


@pytest.mark.parametrize(("text", "rest"), [("没发货的呢", "呢"), ("被拒的呢", "的呢"), ("大衣呢", "大衣呢")])
def test_what_is_left_without_states(text: str, rest: str) -> None:
    assert without_states(tidy(text)).strip(",") == rest
