"""Does a message call a person? 人工, 客服, 真人 and 人 stand in many sentences, and few of them call anybody.

Clause by clause, over letters (words in `knowledge/acts.yml`): a person is called off (别转人工了, 待会儿再找人工), asked about
(人工几点上班), told of (客服说不赔, 转过人工了), or called. What the last clause says that speaks of a person is what is meant; a
clause behind it that only refuses takes it back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from bot.dialogue.words.lexer import Lexer
from knowledge.model import ActWords


class Call(Enum):
    """What a message says of a person. PLAIN: it calls one and says nothing else in that clause; CALLED: it may, if that is
    what the message is about; OFF: not now; ASKED and TOLD: about persons; NONE: there is no word of any."""

    PLAIN = "plain"
    CALLED = "called"
    OFF = "off"
    ASKED = "asked"
    TOLD = "told"
    NONE = "none"

    @property
    def is_none_wanted(self) -> bool:
        """Whether words speak of a person and want none."""
        return self in (Call.OFF, Call.ASKED, Call.TOLD)


# P a person, h 人 (one where it is fetched: 找个人), F fetches, T does so though none is named, n no, c a condition, l later, p earlier, k somebody else, t tells, q asks,
# m may, a again, r refuses, e 了, z does not help, s soft, M ? and 吗, x anything else.
_CLASSES = {
    "o": ("no_person",),
    "P": ("staff",),
    "W": ("still",),
    "z": ("fails",),
    "r": ("refuses",),
    "c": ("conditions",),
    "l": ("later", "not_yet"),
    "p": ("earlier",),
    "k": ("somebody",),
    "T": ("transfers",),
    "F": ("fetches",),
    "t": ("tells",),
    "q": ("asks_about",),
    "m": ("may", "asks_leave"),
    "n": ("no", "forbids", "has_not"),
    "a": ("again",),
    "i": ("to_be",),
    "s": (
        *("around_calling", "persons", "helps", "between", "softens", "thanks", "tails", "wishes", "lets", "gives"),
        *("sighs", "first", "ends_firmly", "yes", "completes", "leads"),
    ),
}
_MARKS = re.compile(r"(?<!是)[,，.。!！;；、~～…\n ]+|(?<=[?？])")
_WHETHER = re.compile(r"(?<![能行可好成])([^能行可好成有动])[不没]\1")  # 久不久 asks, 能不能 asks leave
_CALLEE = "(?:P|(?<=[FT])h|(?<=[FT]g)h)"
_OFF = re.compile(
    rf"(?<!W)n[smagFTctpi]*(?:{_CALLEE}|T[sea]*$)|{_CALLEE}[se]*r|[lc].*(?:{_CALLEE}|T)|a[sg]*[FT][sg]*{_CALLEE}"
    rf"|{_CALLEE}[se]*n[sw]*[eM]*$"
)
_TOLD = re.compile(
    rf"i[sg]*P|[kp].*(?:{_CALLEE}|T)|[FT][sg]*u|[FT][sg]*P[s]*[FT]e[s]*[nx]|(?:^|[^FTsg])[sg]*P[es]*t|P[s]*t[s]*x|[FT][sg]*Pu"
)
_ASKED = re.compile(rf"q.*{_CALLEE}|{_CALLEE}.*q|{_CALLEE}[s]*m.*x|{_CALLEE}.*x.*M|W?[s]*{_CALLEE}.*[xo].*[M]")
_PLAIN = re.compile(rf"[smgaerWz]*(?:[FTgsami]*{_CALLEE}|T)[smgaeMFTz]*")
_REFUSAL = re.compile(r"[s]*(?:r|n[s]*)[seaMrnFT]*")
_SPEAKS = re.compile(rf"{_CALLEE}|T[sea]*$|[FT]u")


def call_of(text: str, words: ActWords, breaks: Sequence[int] = ()) -> Call:
    """What a text says of a person. breaks: where blanks stood in it."""
    reader, said = _reader(words), Call.NONE
    for clause in _clauses(text, breaks):
        row = reader.row(clause)
        if _SPEAKS.search(row):
            said = _stands(row)
        elif said in (Call.PLAIN, Call.CALLED) and _REFUSAL.fullmatch(row):
            said = Call.OFF
    return said


def _stands(row: str) -> Call:
    for call, pattern in ((Call.TOLD, _TOLD), (Call.OFF, _OFF), (Call.ASKED, _ASKED)):
        if pattern.search(row):
            return call
    return Call.PLAIN if _PLAIN.fullmatch(row) else Call.CALLED


def _clauses(text: str, breaks: Sequence[int]) -> list[str]:
    for at in sorted(breaks, reverse=True):
        text = f"{text[:at]} {text[at:]}"
    return [clause for clause in _MARKS.split(text) if clause]


class _Reader:
    def __init__(self, words: ActWords) -> None:
        classes = {kind: [word for name in lists for word in getattr(words, name)] for kind, lists in _CLASSES.items()}
        self._lexer = Lexer(
            {
                **classes,
                "g": ["个", "位", "一个", "一下", "下"],
                "h": ["人"],
                "e": ["了"],
                "u": ["过"],
                "M": ["吗", "么", "?", "不", "没"],
            }
        )

    def row(self, clause: str) -> str:
        """The clause as letters. (A 没 or 不 at its end asks.)"""
        row = self._lexer.letters(_WHETHER.sub("吗", clause))
        return re.sub("n(?=[?M]*$)", "M", row) if len(row) > 1 and row[-1] == "n" else row


@lru_cache(maxsize=2)
def _reader(words: ActWords) -> _Reader:
    return _Reader(words)
