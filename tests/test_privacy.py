"""What is masked, what stays: one line a case, then properties over generated numbers."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xiaoer.privacy import mask

CASES = [
    # mobile and landline numbers
    ("我的手机13812345678", "我的手机【手机号】"),
    ("138 1234 5678", "【手机号】"),
    ("打我电话138-1234-5678好吗", "打我电话【手机号】好吗"),
    ("+86 13812345678", "【手机号】"),
    ("8613812345678", "【手机号】"),
    ("１３８１２３４５６７８", "【手机号】"),
    ("手机一三八一二三四五六七八", "手机【手机号】"),
    ("1 3 8 1 2 3 4 5 6 7 8", "【手机号】"),
    ("138\u200b1234\u200b5678", "【手机号】"),
    ("021-61234567", "【手机号】"),
    ("wx13812345678", "wx【手机号】"),
    ("13812345678、13987654321", "【手机号】、【手机号】"),
    ("13812345678 2837465012345678901", "【手机号】 2837465012345678901"),
    ("2026-11-23 13812345678", "2026-11-23 【手机号】"),
    ("单号13812345678", "单号【手机号】"),  # eleven digits are no order number, whatever is said
    ("95188", "95188"),
    ("400-800-8820 打不通", "400-800-8820 打不通"),
    # bank cards
    ("卡号6222021234567890128", "卡号【银行卡号】"),
    ("6222 0212 3456 7890 128", "【银行卡号】"),
    ("4111111111111111", "【银行卡号】"),
    ("4111-1111-1111-1111", "【银行卡号】"),
    ("378282246310005", "【银行卡号】"),
    ("退到卡号6222021234567890129", "退到卡号【银行卡号】"),  # no checksum, but the word says it
    ("订单里的银行卡6222021234567890128", "订单里的银行卡【银行卡号】"),  # the nearest word decides
    # identity numbers
    ("身份证11010519491231002X", "身份证【证件号】"),
    ("110105 19491231 002x", "【证件号】"),
    ("11010519491231002X", "【证件号】"),
    ("身份证号是110105194912310021", "身份证号是【证件号】"),
    ("11000020770104000Xabc", "【证件号】abc"),
    ("13812345678x2", "【手机号】x2"),
    ("13812345678xx", "【手机号】xx"),
    # order and tracking numbers stay
    ("2837465012345678901", "2837465012345678901"),
    ("订单 2837 4650 1234 5678 901 有运费险吗", "订单 2837 4650 1234 5678 901 有运费险吗"),
    ("订单4111111111111111", "订单4111111111111111"),
    ("单号：6222021234567890128 到哪了", "单号：6222021234567890128 到哪了"),
    ("SF1381234567890到哪了", "SF1381234567890到哪了"),
    ("运单123456789012 到了吗", "运单123456789012 到了吗"),
    ("13812345678901", "13812345678901"),
    # e-mail
    ("邮箱abc.def+1@example.com.cn谢谢", "邮箱【邮箱】谢谢"),
    ("a_b@qq．com", "【邮箱】"),
    ("退货@卖家", "退货@卖家"),
    # postal addresses
    ("浙江省杭州市余杭区文一西路969号3幢502室", "【地址】"),
    ("我住在北京市朝阳区建国路88号院6号楼1203", "我住在【地址】"),
    ("收货地址：广东省深圳市南山区粤海街道科技园", "收货地址：【地址】"),
    ("寄到上海市浦东新区世纪大道100号，运费谁出", "寄到【地址】，运费谁出"),
    ("我住在阳光花园3栋2单元501室", "我住在【地址】"),
    ("我家在中山路12号", "我家在【地址】"),
    # ... and what only looks like one
    ("我在浙江省杭州市，退货运费赔多少", "我在浙江省杭州市，退货运费赔多少"),
    ("寄到新疆维吾尔自治区乌鲁木齐市要多少运费", "寄到新疆维吾尔自治区乌鲁木齐市要多少运费"),
    ("退货地址填错了怎么办", "退货地址填错了怎么办"),
    ("我12号下单，15号收货，20号退款", "我12号下单，15号收货，20号退款"),
    ("支付宝里5号才到账", "支付宝里5号才到账"),
    ("保费12.5元，重量1.2kg", "保费12.5元，重量1.2kg"),
    ("运费险怎么理赔，多久到账？", "运费险怎么理赔，多久到账？"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


def test_an_own_order_number_stays_whatever_it_looks_like() -> None:
    number = "6222021234567890128"
    assert mask(number) == "【银行卡号】"
    assert mask(f"我这单{number}有运费险吗", {number}) == f"我这单{number}有运费险吗"


def test_an_order_number_of_nineteen_digits_is_no_card() -> None:
    number = "4000000000000000006"  # passes Luhn; a Visa card has 16 digits
    assert mask(number) == number


words = st.sampled_from(["", "我的是", "你看，", "（", "abc ", "运费险怎么赔", "。"])
gaps = st.sampled_from(["", " ", "-", "."])


def luhn_digit(digits: str) -> str:
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def grouped(digits: str, gap: str, size: int = 4) -> str:
    return gap.join(digits[at : at + size] for at in range(0, len(digits), size))


def only_digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@given(words, words, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), gaps)
def test_no_mobile_number_gets_through(before: str, after: str, number: str, gap: str) -> None:
    written = f"{number[:3]}{gap}{number[3:7]}{gap}{number[7:]}"
    assert number not in only_digits(mask(f"{before}{written}{after}"))


@given(words, words, st.from_regex(r"62[0-9]{13,16}|(4[0-9]|5[1-5])[0-9]{13}", fullmatch=True), gaps)
def test_no_card_gets_through(before: str, after: str, number: str, gap: str) -> None:
    number += luhn_digit(number)
    assert number not in only_digits(mask(f"{before}{grouped(number, gap)}{after}"))


births = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(words, words, births, st.integers(110000, 659999), st.integers(0, 999))
def test_no_identity_number_gets_through(before: str, after: str, born: date, region: int, place: int) -> None:
    body = f"{region}{born:%Y%m%d}{place:03d}"
    total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(body))
    number = body + "10X98765432"[total % 11]
    assert number not in mask(f"{before}{number}{after}")


@given(
    st.sampled_from(["订单", "订单号", "单号：", "我的订单号是"]), st.from_regex(r"[1-9][0-9]{14,23}", fullmatch=True)
)
def test_an_announced_order_number_stays(word: str, number: str) -> None:
    assert mask(f"{word}{number}") == f"{word}{number}"


@given(st.text(max_size=300))
def test_masking_never_fails_and_is_idempotent(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    "piece", ["路", "市", "1 ", "1号", "寄到市区", "a@", "a.", "一", "浙江省", "小区", "栋1", "路1号", "1,", "+1"]
)
def test_masking_is_quick(piece: str) -> None:
    text = piece * (2000 // len(piece))
    started = time.perf_counter()
    mask(text)
    assert time.perf_counter() - started < 1.0  # backtracking took minutes
