"""What a message says about a thing that can be done, beside its verb: that it should be done if it can be, why, not yet, or
that it was not done, was it? Words come from `knowledge/acts.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.dialogue.words.question import asks
from knowledge.model import ActWords

_CLAUSES = re.compile("[,，。;；!！?？ ]+")
_ASKS_WHAT = re.compile("什么|啥|怎么|咋|吗$|哪")
_DONE_TO = ("动", "改", "停", "关", "开", "撤", "申")  # verbs of a character, beside those that stand for any


def assures(text: str, words: ActWords, breaks: Sequence[int] = ()) -> bool:
    """Whether a text makes sure that something was not done, or nothing besides, or asks how much was:
    没偷偷给我开上吧, 就交了这一个吧, 我一共交了几个."""
    for at in sorted(breaks, reverse=True):
        text = f"{text[:at]},{text[at:]}"
    return _assures(words).search(text) is not None


def gives_a_reason(text: str, words: ActWords, breaks: Sequence[int] = ()) -> bool:
    """Whether a text begins with a reason, called so, and not with a question about one. breaks: where blanks stood."""
    clauses = _clauses(text, breaks)
    found = _reasons(words).match(clauses[0]) if clauses else None
    if found is None:
        return False
    rest = clauses[0][found.end() :] or next(iter(clauses[1:]), "")
    return len(rest) > 1 and _ASKS_WHAT.search(rest) is None


def fetches(text: str, words: ActWords) -> bool:
    """Whether a text says that something is being fetched, and asks nothing: 我找下截图."""
    return _fetches(words).search(text) is not None and not asks(text)


def thinks(text: str, words: ActWords) -> bool:
    """Whether a text says that it is thought over, and asks nothing: 我再想想."""
    return any(word in text for word in words.thinks) and not asks(text)


def wishes_if_so(text: str, words: ActWords, breaks: Sequence[int] = ()) -> bool:
    """Whether a clause behind a question wishes that it be done if it can be: 能就帮我弄."""
    does = re.compile(_any((*words.does, *_DONE_TO)))
    return any(each.startswith(words.if_so) and does.search(each) for each in _clauses(text, breaks)[1:])


def _clauses(text: str, breaks: Sequence[int]) -> list[str]:
    for at in sorted(breaks, reverse=True):
        text = f"{text[:at]} {text[at:]}"
    return [each for each in _CLAUSES.split(text) if each]


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"


@lru_cache(maxsize=2)
def _reasons(words: ActWords) -> re.Pattern[str]:
    return re.compile(f"{_any(words.reasons)}(?![天书])")


@lru_cache(maxsize=2)
def _fetches(words: ActWords) -> re.Pattern[str]:
    brings = _any(words.brings)
    return re.compile(rf"(?:我|让我|等)(?:再|先|去|来|得|要){{0,2}}{brings}(?:一?[下找翻张个]|出来|看看|到|{brings})")


@lru_cache(maxsize=2)
def _assures(words: ActWords) -> re.Pattern[str]:
    does = _any((*words.does, *_DONE_TO))
    ends = "[^,，。.]{0,3}(?:吧|[吗么?？])"
    to_me = "(?:你|给我|替我|帮我|偷偷|真|把|擅自|乱|别的)"
    not_done = rf"(?:没有?(?!法|办法|辙)|未)[^,，。.?？!]{{0,6}}?{to_me}[^,，。.?？!]{{0,6}}?{does}{ends}"
    you_did_not = rf"你没有?[^,，。.?？!]{{0,6}}?{does}{ends}"
    not_changed = "没有?(?:动|改)(?!静)[^,，。.?？!]{0,8}(?:吧|[吗么?？])"
    one = "[一两二三][个件单家]"
    no_more = rf"(?:就|只|一共|总共){does}[了过成]{{0,2}}[这那]?{one}(?:吧|[吗么?？])"
    but_one = rf"{does}[成上]的?(?:就|只有?)?{one}(?:吧|[吗么?？])"
    was_it_done = rf"(?<![能以会])(?:给我|帮我|替我){does}[上成了]{{1,2}}[吗么没?？]"
    how_many = rf"(?:我|一共|总共|今天|刚才|已经){_any((*words.does, '申'))}[了过]{{1,2}}(?:几|多少|哪)[个件次单]"
    return re.compile("|".join((not_done, you_did_not, not_changed, no_more, but_one, was_it_done, how_many)))
