"""Cuts a message into the questions it may hold.

Purely by form: marks and joining words between pieces that each look like a question. Which pieces really are
questions of their own is decided by the topic classifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.model import ActWords

# Words and particles that make a Chinese clause a question, whatever it is about.
_ASKS = re.compile(
    r"[?吗嘛么呢]|怎|咋|啥|什么|多少|多久|多长|几(?![乎率])|哪|谁|何|为什么|凭什么|是否"
    r"|(.)不\1|(.)没\2|有没有|能不能|可不可以|行不行|还是|流程|条件|步骤|入口|区别|原因|方法|标准|[不没伐](?=$|[,。;!])"
)
_CUT = re.compile(
    r"[?!。;,、\n]+|(?:另外|还有|以及|顺便|再问)(?:就是|问一下|问下|想问)?|(?<=[一-龥])(?:和|跟)(?=(?:怎|咋|多|哪|什么|谁|要))| "
)
# What begins a question of its own where nothing marks it: 怎么理赔|多久到账.
_BEGINS = re.compile(
    r"怎么|如何|咋|多久|多少钱|什么时候|在哪|去哪|为什么|几天|(?:要不要|能不能|可不可以|有没有|是不是|需不需要)"
)
_LEAST = 4  # characters before such a cut; after it, one fewer
MOST = 3


def asks(clause: str) -> bool:
    """Whether a piece of text has the form of a question."""
    return bool(_ASKS.search(clause))


def clauses(text: str, breaks: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Spans of the pieces that look like questions, in order; one span (the whole text) where there is one question.

    breaks: offsets at which a blank was typed. Where neither marks nor blanks divide it, a second question word that
    could begin a question does.

    >>> [text[a:b] for text in ["运费险怎么理赔,多久到账?"] for a, b in clauses(text)]
    ['运费险怎么理赔', '多久到账']
    """
    # A question mark tells that the piece before it asks.
    cuts = [(found.start(), found.end(), "?" in found.group()) for found in _CUT.finditer(text)]
    cuts += [(at, at, False) for at in breaks]
    spans, at = [], 0
    for start, end, marked in [*sorted(cuts), (len(text), len(text), False)]:
        if start - at >= 2 and (marked or asks(text[at:start])):
            spans.append((at, start))
        at = max(at, end)
    if len(spans) < 2:
        spans = _unmarked(text)
    return spans if 2 <= len(spans) <= MOST else [(0, len(text))]


def _unmarked(text: str) -> list[tuple[int, int]]:
    """Two spans where a question is followed by another without any mark; else none."""
    for found in _BEGINS.finditer(text):
        at = found.start()
        before = text[:at]
        # The question word of 「运费险什么时候怎么退」 belongs to what follows: before the cut there must be more than it.
        if at >= _LEAST and len(text) - at >= _LEAST - 1 and asks(before) and not _BEGINS.search(before[-3:]):
            return [(0, at), (at, len(text))]
    return []


_SLIPPED = (
    "[看弄搞说讲写打点选听记认发问查输][字差]?(?:错|岔|混|反|串)(?:了|啦|咯|喽|字了|字|单了)?"  # 看岔了, 打错字了
)


@dataclass(frozen=True)
class Rest:
    """Where in a text that stands which it is about, beside what it puts right (`corrects`) or takes back (`refuses`)."""

    start: int
    end: int
    kind: str


class Rests:
    """Finds it, by words of acts.yml.

    >>> rest = Rests(words).of("不对,我问的是到账没")  # doctest: +SKIP
    >>> "不对,我问的是到账没"[rest.start : rest.end]  # doctest: +SKIP
    '到账没'
    """

    def __init__(self, words: ActWords) -> None:
        around, first, denies = map(_any_of, (words.around_correcting, words.corrects_first, words.denies))
        first = f"{_SLIPPED}|{first}"
        self._around = re.compile(rf"(?:{around}|[,.。!~、 ])*")
        self._first = re.compile(
            rf"(?:{around}|[,.。!~、 ])*(?<!是)(?:{first})(?:{around}|{first}|[,.。!?~、 ])*", re.IGNORECASE
        )
        degrees = _any_of(words.degrees)
        self._denies = re.compile(
            rf"(?:{around}|[,.。!~、 ])*(?<!是)(?:{denies})(?!{degrees}|说(?![这那它])|[吗吧嘛么了?])(?P<what>[^,.。!?;~]*?)(?:[,.。!?;~]+|(?<=.)是(?!不是|否)|$)"
        )
        # 是腰带，不是围巾: what is denied comes last.
        self._last = re.compile(
            rf"(?:{around}|[,.。!~、 ])*?(?:是|我说|我问)(?P<what>[^,.。!?是]+)[,.。!~ ]*(?<!是)(?:{denies})[^,.。!?是]+"
        )
        no = _any_of((*words.forbids, *words.no, *words.has_not, *words.refuses))
        self._no = re.compile(rf".{{0,4}}?(?:{no})")

    def of(self, text: str, breaks: Sequence[int] = ()) -> Rest | None:
        """The rest of a text that takes something back or puts it right; None for any other."""
        marked = _with_marks(text, breaks)
        denied_last = None if asks(text) else self._last.fullmatch(marked)
        if denied_last:
            start, end = denied_last.span("what")
            return Rest(_typed(start, breaks), _typed(end, breaks), "corrects")
        at, kind = self._after_correcting(marked)
        if kind is None:
            at, end = self._after_refusing(marked)
            return Rest(_typed(at, breaks), _typed(end, breaks), "refuses") if at < end else None
        return Rest(_typed(at, breaks), len(text), kind)

    def _after_correcting(self, text: str) -> tuple[int, str | None]:
        at, kind = 0, None
        while found := self._first.match(text, at) or self._denial(text, at):
            if found.end() == at:
                break
            at, kind = found.end(), "corrects"
        found = self._around.match(text, at) if kind else None
        return (found.end() if found else at), kind

    def _denial(self, text: str, at: int) -> re.Match[str] | None:
        found = self._denies.match(text, at)
        if found is None or (asks(found["what"]) and text[found.end() : found.end() + 1] != "是"):
            return None
        return found

    def _after_refusing(self, text: str) -> tuple[int, int]:
        """What lies behind the clauses that refuse, else before them; nothing where none does or all do."""
        spans = [found.span() for found in re.finditer(r"[^,.。!?;~]+[?]?", text)]
        refuse = [place for place, span in enumerate(spans) if self._refuses(text[slice(*span)])]
        if not refuse:
            return 0, 0
        kept = spans[refuse[-1] + 1 :] or spans[: refuse[0]]
        return (kept[0][0], kept[-1][1]) if kept else (0, 0)

    def _refuses(self, clause: str) -> bool:
        return self._no.match(clause) is not None and not asks(clause.rstrip("不没"))


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _with_marks(text: str, breaks: Sequence[int]) -> str:
    """With a comma where a blank stood."""
    for at in sorted(breaks, reverse=True):
        text = f"{text[:at]},{text[at:]}"
    return text


def _typed(at: int, breaks: Sequence[int]) -> int:
    """A place in the marked text, as one in the text."""
    return at - sum(1 for number, place in enumerate(sorted(breaks)) if place + number < at)
