"""The normaliser, a line of Chinese a case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.names import NameCorrector
from bot.understanding.normaliser import MAX_CHARACTERS, tidy
from knowledge import load
from xiaoer import settings


@pytest.fixture(scope="module")
def corrector() -> NameCorrector:
    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    names = [name for product in knowledge.products.values() for name in product.names]
    words = [word for values in knowledge.lexicon.values() for written in values.values() for word in written]
    return NameCorrector(names, protected=words)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("運費險怎麼用", "运费险怎么用"),
        ("退貨寶開通", "退货宝开通"),
        ("运费险　多少钱？？？", "运费险多少钱?"),
        ("  运费险 怎么 用 ", "运费险怎么用"),
        ("运费险怎么用😭😭", "运费险怎么用"),
        ("８８ＶＩＰ有运费险吗", "88vip有运费险吗"),
        ("运费险\u200b怎么\u0000用\n啊", "运费险怎么用啊"),
        ("急急急急急急运费险", "急急急运费险"),
        ("订单号 2837 4650 1234 5678 901 有保险吗", "订单号2837465012345678901有保险吗"),
        ("２８３７４６５０１２３４５６７８９０１", "2837465012345678901"),
        ("2837-4650-1234-5678-901", "2837465012345678901"),
        ("1 2 3 木头人", "1 2 3木头人"),
        ("how much is it", "how much is it"),
        ("", ""),
        ("😭🙏", ""),
        ("「运费险」是啥", "运费险是啥"),
    ],
)
def test_one_way_of_writing(typed: str, read: str) -> None:
    assert tidy(typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("运费线怎么退", "运费险怎么退"),
        ("云费险咋弄", "运费险咋弄"),
        ("yunfeixian多少钱", "运费险多少钱"),
        ("yun fei xian 怎么用", "运费险 怎么用"),
        ("运费xian", "运费险"),
        ("tuihuobao怎么开", "退货宝怎么开"),
        ("退活宝呢", "退货宝呢"),
        ("材质保针险赔多少", "材质保真险赔多少"),
        ("退货云费险", "退货运费险"),
        ("hello yunfeixian", "hello 运费险"),
    ],
)
def test_near_sound_and_pinyin_forms_of_names(corrector: NameCorrector, typed: str, read: str) -> None:
    corrected, changes = corrector.correct(typed)
    assert corrected == read
    assert changes


@pytest.mark.parametrize(
    "typed",
    [
        "运费先谁出",  # who pays the freight first
        "运费现在多少",
        "运费显示0元",
        "运费线上支付",
        "退货包运费怎么开",  # another platform's name for it
        "退货包邮吗",
        "退货保证",
        "运费险怎么用",
        "ok thank you",
        "我想问一下",
    ],
)
def test_words_that_only_sound_alike_stay(corrector: NameCorrector, typed: str) -> None:
    assert corrector.correct(typed) == (typed, [])


@given(st.text(max_size=3000))
def test_any_text_is_tidied_to_something_bounded(text: str) -> None:
    tidied = tidy(text)
    assert len(tidied) <= MAX_CHARACTERS
    assert tidied == tidied.strip()
    assert not any(character in tidied for character in "\n\t\x00\u200b")


@given(st.text(alphabet="运费险退货宝先线yunfeix 怎么用0123456789?", max_size=60))
def test_correction_touches_names_alone(text: str) -> None:
    corrector = NameCorrector(["运费险", "退货宝"])
    corrected, changes = corrector.correct(text)
    rebuilt = corrected
    for typed, name in changes:
        assert typed in text
        rebuilt = rebuilt.replace(name, "", 1)
    if not changes:
        assert corrected == text
