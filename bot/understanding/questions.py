"""Cuts a message into the questions it may hold.

Purely by form: marks and joining words between pieces that each look like a question. Which pieces really are
questions of their own is decided by the topic classifier.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
