"""What words name, certainly, of a few titles; and what leaves it unclear."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.asking.naming import Naming, named, place_word, product_word, speaks_of, wished

SHOPS = [["果然新鲜水果店"], ["云端点卡充值店"]]
ONE_SHOP = [["小鹿家鞋服旗舰店"]]
ORDERS = [
    ["毛呢大衣"],
    ["皮质腰带"],
    ["女鞋 真皮乐福鞋"],
    ["纯棉T恤 白色", "纯棉长裤 黑色"],
    ["休闲运动鞋"],
    ["运动内衣"],
]
UNCLEAR = Naming(unclear=True)
NOTHING = Naming()


@pytest.mark.parametrize(
    ("words", "titles", "thing"),
    [
        ("水果店", SHOPS, 0),
        ("给果然新鲜水果店开通", SHOPS, 0),
        ("卖点卡的那家", SHOPS, 1),
        ("不是水果店,是点卡店", SHOPS, 1),
        ("把水果店换成点卡店", SHOPS, 1),
        ("水果店错了,点卡店", SHOPS, 1),
        ("小鹿家", ONE_SHOP, 0),
        ("那件大衣", ORDERS, 0),
        ("我昨天买的大衣被拒赔了", ORDERS, 0),
        ("女鞋", ORDERS, 2),
        ("真皮乐福鞋那单", ORDERS, 2),
        ("黑色", ORDERS, 3),
        ("纯棉t恤白色", ORDERS, 3),
        ("运动鞋", ORDERS, 4),
        ("ＰＩＮＫ连衣裙", [["pink 连衣裙"], ["连衣裙"]], 0),
        ("连衣裙", [["pink 连衣裙"], ["连衣裙"]], 1),
    ],
)
def test_what_is_named(words: str, titles: list[list[str]], thing: int) -> None:
    assert named(words, titles) == Naming(thing)


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("大江水果店", SHOPS),
        ("水果批发店", SHOPS),
        ("果然新鲜水果店二店", SHOPS),
        ("红色的水果店", SHOPS),
        ("不是水果店", SHOPS),
        ("水果店和点卡店", SHOPS),
        ("暖木家居生活馆", SHOPS),
        ("另一家", SHOPS),
        ("给大江旗舰店开通", ONE_SHOP),
        ("女装店", ONE_SHOP),
        ("羊绒大衣", ORDERS),
        ("大衣柜", ORDERS),
        ("大衣和腰带", ORDERS),
        ("不是大衣", ORDERS),
        ("大衣,不是大衣", ORDERS),
        ("运动", ORDERS),
        ("裤子那单", ORDERS),
        ("我那条裤子的拒赔", ORDERS),
        ("纯棉", [["纯棉T恤"], ["纯棉长裤"]]),
    ],
)
def test_what_is_unclear(words: str, titles: list[list[str]]) -> None:
    assert named(words, titles) == UNCLEAR


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("", SHOPS),
        ("帮我开通", SHOPS),
        ("给我的店开通", SHOPS),
        ("我家店铺要开", ONE_SHOP),
        ("店里没带电脑", ONE_SHOP),
        ("看过了,同意", SHOPS),
        ("我这单被拒了,我要申诉", ORDERS),
        ("凭啥不赔这单我要申诉", ORDERS),
        ("我要申诉", [["我要减肥茶"]]),
        ("给我开通", [["开通宽带店"]]),
    ],
)
def test_words_that_name_nothing(words: str, titles: list[list[str]]) -> None:
    assert named(words, titles) == NOTHING


def test_a_place_is_a_name_of_what_stands_there() -> None:
    first, second, last = (place_word(place) for place in (1, 2, -1))
    listed = [["毛呢大衣", first], ["皮质腰带", second, last]]
    assert named(f"不是{first},是{second}", listed) == Naming(1)
    assert named(f"{last}的腰带", listed) == Naming(1)
    assert named(f"{second}大衣", listed) == UNCLEAR
    assert named(f"{first}和{second}", listed) == UNCLEAR
    assert named(f"倒着数{second}", listed) == UNCLEAR
    assert len({place_word(place) for place in range(-99, 100)}) == 199


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("关{0}和{1}", [0, 1]),
        ("{0}留着,把{1}关了", [1]),
        ("{0}先不关,把{1}关掉", [1]),
        ("把{0}关了,{1}别关", [0]),
        ("要{0},不是{1}", [0]),
        ("不是{0},是{1}", [1]),
        ("把{0}换成{1}", [1]),
        ("不要{0}", []),
    ],
)
def test_of_several_things_those_that_are_not_denied(words: str, wanted: list[int]) -> None:
    names = [product_word(number) for number in range(2)]
    assert wished(words.format(*names), [[name] for name in names]) == wanted


def test_a_kind_of_thing_that_is_spoken_of() -> None:
    assert speaks_of("把包坏果的险关了", "险")
    assert not speaks_of("把这个险关了", "险")
    assert not speaks_of("帮我关了", "险")


@given(st.text(max_size=40), st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_anything_may_be_said_of_anything(words: str, titles: list[str]) -> None:
    naming = named(words, [[title] for title in titles])
    assert naming.thing is None or (0 <= naming.thing < len(titles) and not naming.unclear)


def test_long_words_cost_little() -> None:
    titles = [["我们的给力水果" * 5 + str(number)] for number in range(30)]
    started = time.perf_counter()
    named("我们的给力水果的那家店" * 30, titles)
    assert time.perf_counter() - started < 0.5
