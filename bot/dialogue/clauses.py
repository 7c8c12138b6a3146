"""How a message stands to the verbs of tasks: it wishes for what they say, it negates it, or neither.

The text becomes a row of words, each of a class that is written as one letter (which words it holds stands in
`knowledge/acts.yml`), and the rest is patterns over that row: 「别给我开退货宝」 is `pghVT`, a word that forbids before a verb
that has nothing but its object behind it. 「没说不开」 negates twice, 「不停扣钱」 says its no of another object, 「谁说要开了」 asks
nothing, and 「不开不行」 is a wish.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bot.dialogue.words.lexer import Lexer
from knowledge import Task
from knowledge.model import ActWords

PERSON = "handoff"
"""What calling a person counts as, beside the tasks."""

# Class -> the lists of acts.yml whose words it holds; of two lists with the same word, the first.
_CLASSES = {
    "x": ("means_otherwise",),
    "N": ("corrects",),
    "r": ("refuses",),
    "G": ("does",),
    "i": ("to_be",),
    "m": ("may",),
    "Y": ("yes", "confirm"),
    "y": ("musts",),
    "p": ("forbids",),
    "o": ("has_not",),
    "n": ("no",),
    "s": ("consents",),
    "w": ("wishes",),
    "u": ("lets",),
    "g": ("gives",),
    "f": ("forgets",),
    "A": ("nonsense",),
    "q": ("who",),
    "a": ("what",),
    "F": ("first",),
    "R": ("again",),
    "l": ("later",),
    "L": ("waits",),
    "O": ("objects",),
    "h": ("persons",),
    "B": ("helps",),
    "b": ("between", "sighs"),
    "d": ("affair",),
    "c": ("completes",),
    "e": ("ends",),
    "E": ("ends_firmly",),
    "z": ("thanks", "tails"),
    "C": ("changes",),
    "X": ("excepts",),
    "D": ("degrees",),
}
# Beside these: V a verb of a task, W one that is a verb only of a thing (取消), K a word that spares what a task would take
# away (留着), T a thing that is named, Q 开不开, | a blank, / a mark, x anything else.
_FIRST_THING, _MOST_THINGS = 0xE000, 64  # private characters: the normaliser leaves none in
_MARKS = frozenset(",，.。!！?？;；:：、~～…\n")
_WHETHER = re.compile(r"(?<![不没])(?!不)(.{1,2})[不没]\1")
# What stands before a verb and belongs to it. A blank does where something is still to come, and nothing begins behind it.
_LEADS_TO_A_VERB = frozenset("nposwugmfiBbhFRTOQq")
_UNFINISHED, _BEGINS = frozenset("nposwgmibF"), frozenset("Bbghznpo")
_OBJECT = re.compile(r"[cTO]*(?:h[TO]+)?[eF]*[TO]*")
_NOTHING_MORE = re.compile(rf"{_OBJECT.pattern}(?:$|[|/EziK]|(?<=T)[np])")
_NOTHING_MORE_OF_IT = re.compile(rf"{_OBJECT.pattern}(?:$|[|/EziKh])")
_ENDS = re.compile(r"[cTO]*[eE]")
_REFUSED_BEHIND = re.compile(r"[cTO]*d?[Bbhi]*(?:r|(?:nw|p)(?=[eE|/]|$))[eE]*(?:$|[|/z])")
_RHETORICAL = re.compile(r"(?:a[VG][cTOeE]*|A[eE]*)(?P<after>$|[|/])")
_WHETHER_IT_MAY = re.compile(r"(?:[mQ]|YV[cTO]*Y)[Bbh]*n[^FVG]*$")  # 可以不开, 可开可不开, but not 可以先不开
_CONCEDED = re.compile(r"[cTO]*i[wbF]*[VG]")
_NOT_WITHOUT = re.compile(r"[cTOeb|]*y")
_LATER = re.compile(r"[lL][^|/]*$")
_REFUSAL = re.compile(
    r"[bhieEFYmzwgR]*(?:(?:[lL]*r|y|l(?=l*[eE]*$)|[no][su]+|[np]|nw+)[TOceEFzbR]*)+|[bhieEFYmR]*W[ceEFzbR]*|(?P<first>[bhieEFYmR]*re*E).*"
)
_NOT_WANTED = re.compile(r"n(w+)[TOhb]*[Te]")
_ONLY_NAMES = re.compile("[TObBhFdeEiz]+")
_NOT_THIS = re.compile(r"(?:ni[bh]*|X)(T)(?!V)")
# 不是 where a clause begins says it of whatever follows (「不是第二家」, not 「不是很懂」), elsewhere of what we know.
_CORRECTS = re.compile(r"N|C(?=T)|(?:^|(?<=[|/]))[bhFez]*ni(?![sD])|ni(?=[TVGwhO|/]|$)")
_FILLS = frozenset("BbhieEFYmzcTOdRwglr|/")


class Stand(Enum):
    """What is said to a verb."""

    WISHED = "wished"
    NEGATED = "negated"
    OPEN = "open"


@dataclass(frozen=True)
class Said:
    """What is said to one verb.

    tasks: that the verb is of; none where the words stand for whatever is being done (算了, 别弄了); things: of which named
    things, as numbers; span: from which to which word of the row; of_the_thing: it refuses the thing, not what is done to it
    (不要了); spares: it says that the thing should stay.
    """

    tasks: frozenset[str]
    stand: Stand
    things: frozenset[int]
    span: tuple[int, int]
    of_the_thing: bool = False
    spares: bool = False


@dataclass(frozen=True)
class Row:
    """A message as words. kinds: their classes, a letter each; verbs: the tasks of the verbs among them, by place."""

    kinds: str
    words: tuple[str, ...]
    verbs: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @property
    def said(self) -> tuple[Said, ...]:
        """What is said to each verb, and what refuses without one, in order."""
        return tuple(sorted((*self._to_verbs(), *self._without_a_verb()), key=lambda said: said.span))

    @property
    def denied(self) -> frozenset[int]:
        """The things that are said not to be meant: 不是退货宝, 除了运费险."""
        return frozenset(self._thing(found.start(1)) for found in _NOT_THIS.finditer(self.kinds))

    def fills(self, place: int) -> bool:
        """Whether a word says nothing of its own."""
        return self.kinds[place] in _FILLS

    def has_unknown_before(self, place: int) -> bool:
        """Whether a word that is in no list stands before a place, in its clause."""
        return "x" in self.kinds[self._clause(place)[0] : place]

    def without(self, spans: Collection[tuple[int, int]]) -> str:
        """The text but for some of its words."""
        gone = {place for start, end in spans for place in range(start, end)}
        return "".join(word for place, word in enumerate(self.words) if place not in gone)

    def corrects(self) -> bool:
        """Whether it says that something else is meant than was said before."""
        return _CORRECTS.search(self.kinds) is not None

    # ------------------------------------------------------------------ what is said to a verb

    def _to_verbs(self) -> Iterator[Said]:
        over = done = 0  # of the row: said in another verb's breath; said of by another verb
        places = [*self.verbs, len(self.kinds)]
        for place, following in itertools.pairwise(places):
            if place < over:
                continue
            before = _before(self.kinds[:place])
            start = place - len(before)
            stand, over = self._stand(place, before)
            things, last = self._things(max(done, self._clause(start)[0]), place, following)
            if self.kinds[place] == "W" and not things and not re.search("[Bgw]", before):
                continue
            done = max(last, place + 1)
            yield Said(self.verbs[place], stand, things, (start, over), spares=self.kinds[place] == "K")

    def _stand(self, place: int, before: str) -> tuple[Stand, int]:
        """What is said to a verb, and where that ends."""
        end = self._end_of_a_figure(place, before)
        if end:
            return Stand.NEGATED, end
        object_ = _OBJECT.match(self.kinds, place + 1)
        end = object_.end() if object_ else place + 1
        behind = self.kinds[place + 1 :]
        noes = _noes(before, ends_firmly=_ENDS.match(behind) is not None)
        if noes is None or (noes and _WHETHER_IT_MAY.search(self.kinds[:place])):
            return Stand.OPEN, end
        refused = _REFUSED_BEHIND.match(behind)
        if refused:
            return self._turned(place, before, noes + 1), place + 1 + len(refused.group().rstrip("|/"))
        alone = _NOTHING_MORE_OF_IT if re.search("p|nw", before) else _NOTHING_MORE
        if alone.match(behind):
            return self._turned(place, before, noes), end
        return (Stand.WISHED if noes % 2 and _NOT_WITHOUT.match(behind) else Stand.OPEN), end

    def _turned(self, place: int, before: str, noes: int) -> Stand:
        """A verb after so many noes; 「下个月再开」 is one, and a word that spares turns it round."""
        postponed = "R" in before and _LATER.search(self.kinds[:place]) is not None
        negated = noes % 2 == 1 or postponed
        return Stand.NEGATED if negated != (self.kinds[place] == "K") else Stand.WISHED

    def _end_of_a_figure(self, place: int, before: str) -> int:
        """Where 「关什么关」, 「转什么人工」, or 「关是想关」 before a but, ends; 0 where it is none."""
        if PERSON in self.verbs[place] and self.kinds[:place].endswith("a"):
            return place + 1
        if re.search("[npo]", before):
            return 0
        figure = _RHETORICAL.match(self.kinds, place + 1)
        if figure:
            return figure.end() - len(figure["after"])
        conceded = _CONCEDED.match(self.kinds, place + 1)
        if conceded is None or self.verbs.get(conceded.end() - 1) != self.verbs[place]:
            return 0
        return 0 if "了" in self.words[conceded.end() : self._clause(place)[1]] else conceded.end()

    def _things(self, start: int, place: int, following: int) -> tuple[frozenset[int], int]:
        """What a verb is said of, and how far that goes: the things before it in its clause, else those behind it, else
        those of a clause beside it that only names some.

        start: of what may belong to it; following: the next verb.
        """
        before = self._named(start, place) or self._named(self._clause(start)[0], start)
        if before:
            return before, place
        end = min(self._clause(place)[1], following)
        behind = self._named(place, end)
        if behind:
            return behind, end
        for beside in (self._clause(start - 1) if start > 0 else (0, 0), self._clause(end + 1)):
            if _ONLY_NAMES.fullmatch(self.kinds, *beside) and self._named(*beside):
                return self._named(*beside), place
        return frozenset(), place

    def _clause(self, place: int) -> tuple[int, int]:
        """Where the clause of a word begins and ends."""
        starts = max(self.kinds.rfind(mark, 0, place) for mark in "|/") + 1
        ends = min(at if at >= 0 else len(self.kinds) for at in (self.kinds.find(mark, place) for mark in "|/"))
        return starts, ends

    def _named(self, start: int, end: int) -> frozenset[int]:
        found = (self._thing(place) for place in range(start, end) if self.kinds[place] == "T")
        return frozenset(found) - self.denied

    def _thing(self, place: int) -> int:
        return ord(self.words[place]) - _FIRST_THING

    def _without_a_verb(self) -> Iterator[Said]:
        for clause in re.finditer(r"[^|/]+", self.kinds):
            refusal = _REFUSAL.fullmatch(clause.group())
            if refusal:
                start = clause.start()
                span = (start, start + len(refusal["first"] or refusal.group()))
                yield Said(frozenset(), Stand.NEGATED, self._named(*span), span, self._not_wanted(*span))

    def _not_wanted(self, start: int, end: int) -> bool:
        """Whether a refusal is of a thing: 不要了, 不想要运费险."""
        found = _NOT_WANTED.search(self.kinds, start, end)
        return found is not None and self.words[found.end(1) - 1] in ("要", "想要")


def _before(kinds: str) -> str:
    """What stands before a verb and belongs to it. kinds: of the row up to the verb."""
    at = len(kinds)
    while at > 0 and (kinds[at - 1] in _LEADS_TO_A_VERB or _goes_on(kinds, at - 1)):
        at -= 1
    return kinds[at:]


def _goes_on(kinds: str, blank: int) -> bool:
    """Whether a clause goes on behind a blank."""
    unfinished = kinds[blank] == "|" and blank > 0 and kinds[blank - 1] in _UNFINISHED
    return unfinished and kinds[blank + 1 : blank + 2] not in _BEGINS


def _noes(before: str, *, ends_firmly: bool) -> int | None:
    """How often what stands before a verb negates it; None where it is a state, an inability or a question.

    ends_firmly: the clause ends on 了 or 啊, which makes a 谁要开 no question.
    """
    kinds = re.sub("^[Qm]+(?=[Bbh]*(?:p|F[Bbh]*n))", "", before)  # 能不能别, 可以先不
    kinds = re.sub("[BbhTOFR|]", "", kinds)
    kinds = re.sub(r"([np])\1+", r"\1", kinds)  # 别别别 insists
    kinds = re.sub("nmn|on|[npo]w*f", "", kinds)  # 不得不, 没有不, 别忘了
    kinds = re.sub("q(?=[su])" + ("|q(?=w)" if ends_firmly else ""), "p", kinds)  # 谁说要开
    # 开不开; cannot; does not let; has not; forgot; who, when
    if re.search("Q|[no]m|n[ug]|o(?![swu])|f|q", kinds):
        return None
    return len(re.sub("[^npo]", "", kinds))


class Reader:
    """Reads texts by the words of acts.yml and the verbs of the tasks."""

    def __init__(self, words: ActWords, tasks: Collection[Task]) -> None:
        self._verbs: dict[str, frozenset[str]] = {}
        for task in tasks:
            self._add(task.id, *task.verbs, *task.of_a_thing, *task.spared_by)
        self._add(PERSON, *words.calls_a_person)
        verbs = {
            "V": [*(verb for task in tasks for verb in task.verbs), *words.calls_a_person],
            "W": [verb for task in tasks for verb in task.of_a_thing],
            "K": [verb for task in tasks for verb in task.spared_by],
        }
        others = {kind: [word for name in lists for word in getattr(words, name)] for kind, lists in _CLASSES.items()}
        self._lexer = Lexer({**verbs, **others})

    def _add(self, task: str, *verbs: str) -> None:
        for verb in verbs:
            self._verbs[verb] = self._verbs.get(verb, frozenset()) | {task}

    def read(self, text: str, named: Sequence[tuple[int, int]] = (), breaks: Sequence[int] = ()) -> Row:
        """The row of a text. named: spans of what it names, numbered in this order; breaks: where blanks stood."""
        kinds: list[str] = []
        words: list[str] = []
        verbs: dict[int, frozenset[str]] = {}
        text = _marked(text, named, breaks)
        at = 0
        while at < len(text):
            kind, word = self._at(text, at)
            if kind in "VWKG":
                verbs[len(kinds)] = self._verbs.get(word, frozenset())
            kinds.append(kind)
            words.append(word)
            at += len(word)
        return Row("".join(kinds), tuple(words), verbs)

    def _at(self, text: str, at: int) -> tuple[str, str]:
        """The word that begins at a place, with its class."""
        character = text[at]
        if 0 <= ord(character) - _FIRST_THING < _MOST_THINGS:
            return "T", character
        if character in _MARKS:
            return "/", character
        if character == " ":
            return "|", character
        whether = _WHETHER.match(text, at)
        if whether:
            return "Q", whether.group()
        return self._lexer.at(text, at)


def _marked(text: str, named: Sequence[tuple[int, int]], breaks: Sequence[int]) -> str:
    """The text with each thing that it names as one character, and blanks where they stood."""
    things = [(start, end, chr(_FIRST_THING + number)) for number, (start, end) in enumerate(named[:_MOST_THINGS])]
    blanks = [(at, at, " ") for at in breaks if not any(start < at < end for start, end, _ in things)]
    for start, end, instead in sorted((*things, *blanks), reverse=True):
        text = text[:start] + instead + text[end:]
    return text
