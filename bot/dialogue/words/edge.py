"""What is no sentence of ours: pictures and links, a bare number, another script. Seen by form, before any topic is thought of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.words.question import asks
from knowledge.model import ActWords

PICTURE, VOICE, FACE, LINK, PHONE, PARCEL, NOTHING_LISTED, FOREIGN, FOREIGN_PERSON, OTHER_SCRIPT = (
    "picture", "voice", "face", "link", "phone", "parcel", "nothing_listed", "foreign", "foreign_person", "other_script",
)  # fmt: skip
MAY_ANSWER = frozenset({LINK, PHONE, PARCEL, NOTHING_LISTED})
"""What may be an answer where a form asks."""
# What a client puts in place of what is no text.
_MARKERS = (
    (VOICE, re.compile(r"\[(?:语音|语音消息|语音通话|voice)[^\]]{0,12}\]")),
    (PICTURE, re.compile(r"\[(?:图片|照片|图像|截图|视频|短视频|小视频|文件|image|photo|video|file)[^\]]{0,40}\]")),
    (LINK, re.compile(r"\[(?:链接|商品|宝贝|订单|卡片|分享|位置|小程序|红包|link)[^\]]{0,60}\]")),
    (FACE, re.compile(r"\[[^\]\d]{1,8}\]")),
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。]+|\b(?:m\.)?(?:tb\.cn|taobao\.com|tmall\.com)\S*", re.IGNORECASE)
# 淘口令: a code between two signs of money, and what an app says around it.
_CODE = re.compile(r"([￥¥$€₤¢₴])[A-Za-z0-9 ]{5,24}\1|[(（/][A-Za-z0-9]{10,13}[)）/]")
_AROUND_A_CODE = re.compile(
    r"复制(?:这|打开|本|此|并)|打开(?:手机)?[淘掏]|淘[♂宝寳]|hu\d{2,4}|「[^」]+」|【[^】]*】|MF\d+|tk-", re.IGNORECASE
)
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}")
_PARCEL = re.compile(r"[a-z]{2,4}\d{8,18}|\d{12,14}", re.IGNORECASE)
_PLACE = re.compile(
    r"[(（]?\d{1,2}[)）.。、号]?|选\d{1,2}|[①-⑩]|选?第[一二三四五六七八九十\d]{1,2}[个家单笔条项]?|选?[一二三四五六七八九]"
)
_HAN = re.compile(r"[㐀-鿿]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_OTHER = re.compile(r"[぀-ヿ가-힯Ѐ-ӿ؀-ۿ฀-๿Ͱ-Ͽ֐-׿ऀ-ॿ]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ']+")


def edge_of(text: str, plain: str, *, words: ActWords, named: Sequence[str] = (), listed: bool = False) -> str:
    """The kind of what a text is, where it is no sentence in Chinese; "" where it may be one.

    text, plain: as typed, and as the normaliser left it (which brings yunfeixian home); named: kinds of what the lexicon found in
    it; listed: there is a list that a number can mean.
    """
    if text.startswith("/"):
        return ""
    marker = next((kind for kind, pattern in _MARKERS if pattern.search(text)), "")
    if marker and not _without(text, *(pattern for _, pattern in _MARKERS)):
        return marker
    if _is_a_link(text):
        return LINK
    return _of_figures(plain, listed=listed, courier="courier" in named) or _of_a_script(text, plain, words, named)


def _without(text: str, *patterns: re.Pattern[str]) -> str:
    for pattern in patterns:
        text = pattern.sub("", text)
    return "".join(filter(str.isalnum, text))


def _is_a_link(text: str) -> bool:
    """Whether it is a link or a code with nothing that was typed beside it."""
    if _LINK.search(text) and not _without(text, _LINK):
        return True
    code, around = _CODE.search(text), _AROUND_A_CODE.search(text)
    linked = _LINK.search(text) is not None
    bare = code is not None and not _HAN.search(_CODE.sub("", text))
    return (
        bare or (code is not None and (linked or around is not None)) or (linked and around is not None)
    ) and not asks(text)


def _of_figures(plain: str, *, listed: bool, courier: bool) -> str:
    if _PHONE.fullmatch(plain):
        return PHONE
    if _PARCEL.fullmatch(plain.lstrip("".join(_HAN.findall(plain))) if courier else plain):
        return PARCEL
    return NOTHING_LISTED if not listed and _PLACE.fullmatch(plain) else ""


def _of_a_script(text: str, plain: str, words: ActWords, named: Sequence[str]) -> str:
    if _HAN.search(plain) and not re.search(r"[぀-ヿ]", plain):
        return ""
    if _OTHER.search(text):
        return OTHER_SCRIPT
    said = _WORD.findall(text)
    known = {*words.yes, *words.confirm}
    if named or not said or all(word.lower() in known for word in said) or _is_a_name(text, said):
        return ""
    return FOREIGN_PERSON if _calls(text.lower(), words) else FOREIGN


def _is_a_name(text: str, said: Sequence[str]) -> bool:
    """88VIP, DSR: one word that is no English."""
    return len(said) == 1 and (len(said[0]) < 2 or said[0].isupper() or any(map(str.isdigit, text)))


def _calls(text: str, words: ActWords) -> bool:
    """Whether English asks for a person, and not about one."""
    wanted = any(re.search(rf"\b{re.escape(word)}s?\b", text) for word in words.staff_in_english)
    return wanted and not any(re.search(rf"\b{re.escape(word.strip())}\b", text) for word in words.not_in_english)
