"""What a message does, beside asking: says yes, takes back, calls off, corrects. Read once a turn, here and nowhere else.

Words come from `knowledge/acts.yml`, the verbs of a task from its row in `topics.yml`. A clause takes a task back only
where it negates the task's *own* verb, with nothing but an object behind it: 「我不想开退货宝了，帮我关掉」 takes
opening back and asks for closing, 「一直不停扣钱，帮我关了」 takes nothing back (what 不停 is said of is 扣钱).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding.questions import asks as has_the_form_of_a_question
from knowledge.model import ActWords

_CLAUSE = re.compile(r"[,，.。!！?？;；、~～…\s]+")
_THING = "\ue000"  # stands for whatever a message names; the normaliser leaves no such character in
_SOFT_MARKS = ",，.!！~～、 "
_HOW_IT_WENT = re.compile(
    r"[办弄搞整](?:好|成|完|妥)了?(?:没|吗|么|[?？])|成功了(?:没|吗)|回执号?|提交(?:上去)?了(?:没|吗)|^(?:好|成)了?(?:没有?|吗|么)[?？]?$"
)


@dataclass(frozen=True)
class Acts:
    """What one message does.

    yes: it is nothing but a yes, to what is being asked for; read: it says that the agreement was read, or agrees to
    it, and nothing else; calls_off: it calls the whole thing off, and says nothing else; declined: the tasks whose own
    verb it negates; corrects: what is named last is meant; lacks: it says that there is no such evidence, and nothing
    else; asks: it has the form of a question; asks_how_it_went: of what was confirmed.
    """

    yes: bool = False
    read: bool = False
    calls_off: bool = False
    declined: frozenset[str] = frozenset()
    corrects: bool = False
    lacks: bool = False
    asks: bool = False
    asks_how_it_went: bool = False

    def as_dict(self) -> dict[str, bool]:
        """What the actions need of it."""
        return {"yes": self.yes, "read": self.read, "corrects": self.corrects, "lacks": self.lacks}


def acts_of(
    typed: str,
    plain: str,
    *,
    words: ActWords,
    verbs: Mapping[str, Sequence[str]],
    doing: str | None = None,
    named: Iterable[tuple[int, int]] = (),
) -> Acts:
    """The acts of a message.

    typed, plain: the text as it was typed and as the normaliser left it (which takes 👌 away, and brings traditional
    characters home); words: of `acts.yml`; verbs: of every task that can be declined; doing: the task whose form is open, if one is; named:
    spans of plain that name things.
    """
    patterns = _patterns(words)
    both = (typed.strip(), plain.strip())
    own = tuple(verbs.get(doing or "", ()))
    return Acts(
        yes=any(patterns.says_yes(text, own) for text in both),
        read=any(patterns.has_read(text) for text in both),
        calls_off=patterns.calls_off.fullmatch(plain) is not None,
        declined=patterns.declined(_with_things(plain, named), verbs),
        corrects=patterns.corrects.search(plain) is not None,
        lacks=patterns.lacks.fullmatch(typed.strip()) is not None or patterns.lacks.fullmatch(plain) is not None,
        asks=asks(plain),
        asks_how_it_went=_HOW_IT_WENT.search(plain) is not None,
    )


def asks(text: str) -> bool:
    """Whether a text is a question. (呢 makes one at its end only: 毛呢大衣 is a coat.)"""
    return has_the_form_of_a_question(re.sub(r"呢(?=\w)", "", text))


class _Patterns:
    """The words as patterns."""

    def __init__(self, words: ActWords) -> None:
        self._words = words
        marks = f"[{re.escape(_SOFT_MARKS)}]"
        self._soft = f"(?:{_any(words.softens)}|{marks})*"
        self._yes: dict[tuple[str, ...], re.Pattern[str]] = {}
        self._declining: dict[tuple[str, ...], re.Pattern[str]] = {}
        agreement, agree = f"(?:{_any(words.agreement)})", f"(?:我|都)*(?:{_any(words.agree)})"
        read = rf"{agreement}?(?:我|都|已经|已|全)*(?:{_any(words.has_read)}){agreement}?了?(?:[,，、 ]*{agree})?"
        self._read = re.compile(f"(?:{read}|{agree}){self._soft}")
        self.calls_off = re.compile(
            rf"(?:{_any(words.before_calling_off)}|[,，.。!！ ])*(?:{_any(words.calls_off)})(?:{_any(words.after_calling_off)}|[,，.。!！ ])*"
        )
        self.corrects = re.compile(_any(words.corrects))
        lack = f"(?:{_any(words.lacks)})(?:{_any(words.lacked)})*"
        around = f"(?:{_any(words.evidence)})*我?(?:{_any(words.around_lacking)})*"
        self.lacks = re.compile(f"(?:{around}{lack}[吧啊呢的,，.。!！ ]*)+")

    def says_yes(self, text: str, verbs: tuple[str, ...]) -> bool:
        """Whether a text is a yes and nothing else. verbs: of what is being asked for: 「关吧」 is a yes to closing alone."""
        pattern = self._yes.get(verbs)
        if pattern is None:
            words, own = self._words, _any(verbs) if verbs else "(?!)"
            confirm = rf"(?:我)?(?:已经?)?(?:{_any(words.confirm)})(?:无误|了|(?:{own}))?"
            agree = rf"(?:我)?(?:{_any(words.agree)})(?:了|(?:{own}))?"
            yes = f"{confirm}|{agree}|{_any(words.yes)}|{own}"
            pattern = self._yes[verbs] = re.compile(f"(?:(?:{yes}){self._soft})+", re.IGNORECASE)
        return pattern.fullmatch(text) is not None

    def has_read(self, text: str) -> bool:
        """Whether a text says that the agreement was read, or agrees to it, and nothing else (not 还没看过, 看了一半)."""
        return self.says_yes(text, ()) or self._read.fullmatch(text) is not None

    def declined(self, text: str, verbs: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """The tasks that a text takes back. Things named in it are one character each."""
        clauses = [clause for clause in _CLAUSE.split(text) if clause]
        if any(word in text for word in self._words.keeps):
            return frozenset(verbs)
        return frozenset(
            task for task, own in verbs.items() if any(self._declines(clause, tuple(own)) for clause in clauses)
        )

    def _declines(self, clause: str, verbs: tuple[str, ...]) -> bool:
        return any(not _is_half_of_a_question(clause, found.start()) for found in self._pattern(verbs).finditer(clause))

    def _pattern(self, verbs: tuple[str, ...]) -> re.Pattern[str]:
        pattern = self._declining.get(verbs)
        if pattern is None:
            words = self._words
            thing = f"{_THING}|{_any(words.objects)}"
            wish = _any(words.wishes)
            between = f"(?:{wish}|{_any(words.between)}|{thing})*"
            no = f"(?:(?:{_any(words.negates)}){between}|(?:{_any(words.negates_a_wish)})(?:{wish}){between})"
            behind = f"(?:{_any(words.completes)})*(?:{thing})*(?:{_any(words.ends_a_clause)})*"
            pattern = self._declining[verbs] = re.compile(f"{no}(?:{_any(verbs)}){behind}$")
        return pattern


def _is_half_of_a_question(clause: str, at: int) -> bool:
    """Whether the no at this place belongs to 开不开, 要不要开, 是不是, or to the suggestion 要不开一个吧."""
    before, after = clause[at - 1 : at], clause[at + 1 : at + 2]
    return bool(before) and (before == after or before == "要")


def _with_things(text: str, named: Iterable[tuple[int, int]]) -> str:
    """The text with each thing that it names as one character."""
    for start, end in sorted(named, reverse=True):
        text = text[:start] + _THING + text[end:]
    return text


def _any(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@lru_cache(maxsize=2)
def _patterns(words: ActWords) -> _Patterns:
    return _Patterns(words)
