"""Masks what is personal in a typed text, before it is stored, logged or understood.

Masked: mobile and landline numbers, bank cards, identity numbers, e-mail, postal addresses. Kept: order numbers
(15 to 24 digits) and tracking numbers, which the tasks need. Where a run of digits could be either:

1. It stays when it is the asker's own order number (of the token, or shown in this conversation), whatever it looks like.
2. The nearest word before it decides: 订单, 单号, 运单, 快递 ... keep 12 digits or more (a mobile number has 11);
   卡号, 银行卡, 身份证, 手机, 电话 ... mask.
3. Without a word: an identity number needs a real birth date and its checksum, a bank card the Luhn checksum and a
   first digit that cards of its length have (16: 3, 4, 5, 6, 9, 2221-2720; 17 to 19: 5, 6, 9), a mobile number 1[3-9]
   and 11 digits. An order number that meets all of a card's conditions by chance is masked:
   with 订单号 before it, or a press on the order's button, it is understood.

Digits may be full-width, Chinese (一三八...) or in groups (138 1234 5678). Length and offsets of the rest stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum


class Personal(str, Enum):
    """What was masked; the value stands in the text in its place."""

    PHONE = "【手机号】"
    CARD = "【银行卡号】"
    IDENTITY = "【证件号】"
    EMAIL = "【邮箱】"
    ADDRESS = "【地址】"


def mask(text: str, own: Collection[str] = ()) -> str:
    """The text with what is personal replaced; masking twice changes nothing more.

    own: order numbers known to be the asker's, which stay.

    >>> mask("我的手机13812345678，订单2837465012345678901")
    '我的手机【手机号】，订单2837465012345678901'
    """
    text = _EMAIL.sub(Personal.EMAIL.value, text)
    text = _mask_numbers(text, own)
    return _mask_addresses(text)


# ---------------------------------------------------------------------- e-mail

_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}\s?[@＠]\s?[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[.．。])+[A-Za-z]{2,24}(?![A-Za-z0-9])"
)

# ---------------------------------------------------------------------- numbers

_CHINESE_DIGITS = {character: str(value) for value, character in enumerate("零一二三四五六七八九")}
_CHINESE_DIGITS.update({"〇": "0", "幺": "1", "两": "2", "壹": "1", "贰": "2", "叁": "3", "肆": "4", "伍": "5"})
_CHINESE_DIGITS.update({"陆": "6", "柒": "7", "捌": "8", "玖": "9"})
_SPELLED = re.compile(f"[{''.join(_CHINESE_DIGITS)}]{{7,}}")
# What people put between groups of digits, invisible characters included.
_GAP = r"[\s\-_.,，、。·•–—－/\u00ad\u200b-\u200f\u2060\ufeff]{1,2}"
_RUN = re.compile(rf"\+?[0-9](?:(?:{_GAP})?[0-9])*(?:(?:{_GAP})?[Xx](?![0-9]))?")
_GROUP = re.compile(r"[0-9]+[Xx]?|[Xx]")
_LETTERS_BEFORE = re.compile(r"[A-Za-z]{1,12}$")
# Letters that announce a number instead of belonging to it, as SF and YT of a tracking number do.
_ANNOUNCING = frozenset({"tel", "phone", "mobile", "mob", "call", "wx", "vx", "wechat", "qq", "id", "no", "card"})
_NEAR = 12  # characters before a number in which a word says what it is


class _Said(Enum):
    """What the words before a number say it is."""

    SHIPMENT = re.compile(r"订单|单号|运单|快递|物流|编号|order|tracking", re.IGNORECASE)
    CARD = re.compile(r"卡号|银行卡|储蓄卡|信用卡|借记卡|账号|帐号|card", re.IGNORECASE)
    IDENTITY = re.compile(r"身份证|证件|\bid\b", re.IGNORECASE)
    PHONE = re.compile(r"手机|电话|座机|联系方式|号码|微信|vx|wx|tel|phone|mobile", re.IGNORECASE)


@dataclass(frozen=True)
class _Number:
    """Digits (ASCII, an X at the end for identity numbers) with what was said before them."""

    digits: str
    said: _Said | None
    own: bool


def _mask_numbers(text: str, own: Collection[str]) -> str:
    plain = _plain_digits(text)
    pieces: list[str] = []
    at = 0
    for run in _RUN.finditer(plain):
        for start, end, kind in _judge(plain, run.start(), run.end(), own):
            pieces += [text[at:start], kind.value]
            at = end
    return "".join([*pieces, text[at:]])


def _plain_digits(text: str) -> str:
    """The text with every kind of digit as ASCII, character for character."""
    spelled = _SPELLED.sub(lambda found: "".join(_CHINESE_DIGITS[each] for each in found.group()), text)
    if spelled.isascii():
        return spelled
    return "".join(character if character.isascii() else _as_ascii(character) for character in spelled)


def _as_ascii(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 and folded.isascii() and (folded.isdigit() or folded in "+Xx-") else character


def _judge(plain: str, start: int, end: int, own: Collection[str]) -> Iterator[tuple[int, int, Personal]]:
    """The personal stretches of one run of digits and gaps: the run as a whole, else windows of its groups."""
    letters = _LETTERS_BEFORE.search(plain[:start])
    if letters and letters.group().lower() not in _ANNOUNCING:
        return  # SF1234567890123: a tracking number, or part of a word
    said = _said(plain[max(0, start - _NEAR) : start])
    whole = _number(plain[start:end], said, own)
    if whole.digits.endswith("X") and _kind(whole) is None:  # a letter after a number
        end = start + len(plain[start:end].rstrip("Xx"))
        whole = _number(plain[start:end], said, own)
    groups = [(start + found.start(), start + found.end()) for found in _GROUP.finditer(plain[start:end])]
    if _stays(whole) and (whole.own or whole.said is _Said.SHIPMENT or len(groups) == 1):
        return
    kind = _kind(whole)
    if kind is not None:
        yield start, end, kind
        return
    at = 0
    while at < len(groups):
        size, found = _window(plain, groups[at:], said, own)
        if found is not None:
            yield groups[at][0], groups[at + size - 1][1], found
        at += size


def _window(
    plain: str, groups: list[tuple[int, int]], said: _Said | None, own: Collection[str]
) -> tuple[int, Personal | None]:
    """How many of the groups belong together, and what they are; (1, None) where the first is nothing personal."""
    for size in range(min(len(groups), 12), 0, -1):
        number = _number(plain[groups[0][0] : groups[size - 1][1]], said, own)
        if number.own:
            return size, None
        kind = _kind(number)
        if kind is not None:
            return size, kind
    return 1, None


def _number(written: str, said: _Said | None, own: Collection[str]) -> _Number:
    digits = re.sub(r"[^0-9Xx]", "", written).upper()
    return _Number(digits, said, digits in own)


def _said(before: str) -> _Said | None:
    """The nearest word."""
    found = [(match.end(), said) for said in _Said for match in said.value.finditer(before)]
    return max(found, key=lambda each: each[0])[1] if found else None


def _stays(number: _Number) -> bool:
    return number.own or (number.said is _Said.SHIPMENT and len(number.digits) >= 12) or _kind(number) is None


def _kind(number: _Number) -> Personal | None:
    """What the digits are, or None for nothing personal."""
    digits, length = number.digits, len(number.digits)
    if not 7 <= length <= 19:
        return None
    if number.said is _Said.SHIPMENT and length >= 12:
        return None
    if _is_identity(digits) or (number.said is _Said.IDENTITY and length in (15, 17, 18)):
        return Personal.IDENTITY
    if "X" in digits:
        return None
    if _is_mobile(digits) or _is_landline(digits) or (number.said is _Said.PHONE and 7 <= length <= 13):
        return None if digits.startswith("400") and length == 10 else Personal.PHONE
    if _is_card(digits) or (number.said is _Said.CARD and 12 <= length <= 19):
        return Personal.CARD
    return None


def _is_mobile(digits: str) -> bool:
    return re.fullmatch(r"(?:0{0,2}86)?1[3-9]\d{9}", digits) is not None


def _is_landline(digits: str) -> bool:
    return re.fullmatch(r"0(?:10|2\d|[3-9]\d\d)[2-8]\d{6,7}", digits) is not None


def _is_card(digits: str) -> bool:
    """A card number by ISO/IEC 7812: length, first digits, Luhn."""
    american_express = len(digits) == 15 and digits[:2] in ("34", "37")
    mastercard = len(digits) == 16 and "2221" <= digits[:4] <= "2720"
    # Longer than 16 are cards of China's own schemes; order numbers of that length begin with 1 to 4.
    usual = digits[0] in ("34569" if len(digits) == 16 else "569") and 16 <= len(digits) <= 19
    return (american_express or mastercard or usual) and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_identity(digits: str) -> bool:
    """An identity number by GB 11643: region, birth date, checksum (ISO 7064 MOD 11-2)."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", digits):
        return False
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    try:
        born = date(year, month, day)
    except ValueError:
        return False
    total = sum(int(character) * pow(2, 17 - place, 11) for place, character in enumerate(digits[:17]))
    return 1900 <= born.year <= 2100 and "10X98765432"[total % 11] == digits[17]


# ---------------------------------------------------------------------- postal addresses

_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西"
    "|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_HAN = r"[\u3400-\u9fff]"
_NUMBER = r"[0-9A-Za-z一二三四五六七八九十百零〇]{1,6}"
_AREA = rf"(?:(?:{_PROVINCES})(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?)"
# No character that ends a level stands inside one, so there is one way to cut: matching stays linear.
_LEVEL = r"(?:[^\W\d_a-zA-Z市州盟区县旗镇乡街]{1,8}(?:州市?|市区?|盟|区|县|旗|镇|乡|街道))"
# Which door. A number with 号 or 楼 alone is a day or a shop floor as often, so it counts after a street only.
_WEAK = rf"{_NUMBER}\s?(?:号|楼|层|门|组|队)(?!线|店家|下单|发货|到货|签收|到账)"
_STRONG = rf"{_NUMBER}\s?(?:号院|号楼|弄|幢|栋|座|单元|室)"
_DOOR = rf"(?:{_STRONG}|{_WEAK})"
_MORE = rf"(?:[\s,，-]?{_HAN}{{0,12}}?{_DOOR})*(?:[\s-]?[0-9]{{3,4}}室?)?"
_ROAD = rf"{_HAN}{{1,10}}?(?:大道|公路|胡同|路|街|巷|弄)"
_ESTATE = (
    rf"{_HAN}{{1,10}}?(?:小区|花园|家园|公寓|大厦|新村|广场|雅苑|园区|科技园|学校|大学|宿舍|苑|府|庭|城|湾|里|村|屯|道)"
)
_DOORS = rf"(?:{_STRONG}|{_WEAK}[\s,，-]?{_DOOR}){_MORE}"
_PLACED = re.compile(rf"(?:{_ROAD}\s?{_DOOR}{_MORE}|{_ESTATE}\s?{_DOORS})")
_ANNOUNCED = re.compile(
    rf"(?P<word>(?:地址|住址|家住|住在|我住|寄到|寄往|送到|收货地|退到)(?:是|为|在|写的)?[:：\s]{{0,3}})"
    rf"(?P<area>(?:{_AREA}\s?{_LEVEL}{{1,4}}|{_LEVEL}{{2,4}}))(?P<rest>[^，。,；;！!？?\n【】]{{0,40}})"
)
# Asking words: what comes after them was no address.
_ASKING = re.compile(
    r"怎么|能不能|可以|可不可以|会不会|需要|要|多少|多久|运费|赔|吗|呢|是不是|有没有|退货|的话|保险|的快递|的订单"
)


def _mask_addresses(text: str) -> str:
    text = _ANNOUNCED.sub(_announced, text)
    pieces: list[str] = []
    at = 0
    for found in _PLACED.finditer(text):
        pieces += [text[at : _beginning(text, at, found.start(), found.end())], Personal.ADDRESS.value]
        at = found.end()
    return "".join([*pieces, text[at:]])


def _announced(found: re.Match[str]) -> str:
    """An address that a word announces. A city or district alone stays: what a return costs depends on it."""
    asking = _ASKING.search(found["rest"])
    at = asking.start() if asking else len(found["rest"])
    if at < 2 and not found["area"].endswith(("街道", "镇", "乡")):
        return found.group()
    return f"{found['word']}{Personal.ADDRESS.value}{found['rest'][at:]}"


_BEFORE = 24  # characters of province, city and district that may stand before the street
_CHINESE_TAIL = re.compile(rf"{_HAN}+$")
_LEAD = re.compile(
    r"地址|住址|我家|家里|住在|住|寄到|寄往|寄给|送到|发到|退到|收货|改成|改到|换成|是在|就在|我在|在|到|是"
)


def _beginning(text: str, from_: int, start: int, end: int) -> int:
    """Where the address really begins whose street was found: after 我住在, at its province, or a little before.

    The street's own match begins up to ten characters early, or in the middle of a city's name.
    """
    sentence = _CHINESE_TAIL.search(text, max(from_, start - _BEFORE), start)
    first = sentence.start() if sentence else start
    street = text[first:end]
    leads = [found.end() for found in _LEAD.finditer(street) if found.end() < len(street) - 2]
    if leads:
        return first + leads[-1]
    area = re.search(_AREA, street)
    if area:
        return first + area.start()
    return first if re.search(r"[市区县镇乡]", text[first:start]) else start
