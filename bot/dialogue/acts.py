"""What a message does, beside asking: says yes, takes back, calls off, corrects. Read once a turn, here and nowhere else.

Words come from `knowledge/acts.yml`, the verbs of a task from its row in `topics.yml`. A clause takes a task back only
where it negates the task's *own* verb, with nothing but an object behind it: 「我不想开退货宝了，帮我关掉」 takes
opening back and asks for closing, 「一直不停扣钱，帮我关了」 takes nothing back (what 不停 is said of is 扣钱). How a clause is
read stands in `clauses`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.dialogue.clauses import PERSON, Reader, Row, Said, Stand
from bot.dialogue.words import wish
from bot.dialogue.words.lexer import Lexer
from bot.dialogue.words.person import Call, call_of
from bot.dialogue.words.question import asks
from knowledge import Task
from knowledge.model import ActWords

_THING = "\ue000"  # stands for what the open form is about; the normaliser leaves no such character in
_SOFT_MARKS = ",，.。!！~～、 "
_HESITATES = re.compile(r"\.\.|…|。。|、、")
# Over letters: see `_Patterns`.
_DOES = "Vc?[PT]?"
_YES = re.compile(rf"(?:(?:b?T)?L*(?:m*[CA](?:L*{_DOES})?|Y|{_DOES})S*)+")
_READ = re.compile("g?m*rg?e?S*")
_READ_AND_AGREES = re.compile("g?m*rg?e?S*m*AS*")
_LACKS = re.compile("d*n[dn]*")
_LET_IT_BE_DONE = ("了吧", "了呗")  # 开了吧; 开了 says that it is open
_STOPS = 3  # times: 停停停 stops whoever is about to do it
_SHADES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f\u200d]")  # of 👌🏻
_HOW_IT_WENT = re.compile(
    r"[办弄搞整](?:好|成|完|妥)了?(?:没|吗|么|[?？])|成功了(?:没|吗)|回执号?|提交(?:上去)?了(?:没|吗)|^(?:好|成)了?(?:没有?|吗|么)[?？]?$"
)


@dataclass(frozen=True)
class Acts:
    """What one message does.

    yes: it is nothing but a yes, to what is being asked for; read: it says that the agreement was read, and nothing
    else; calls_off: it calls the whole thing off, and says nothing else; declined: the tasks (and
    `PERSON`) that it takes back, or does not want; plainly: it does so of a product, or of nothing that is not known
    (「我不开」, but 「店不开了」); wished: those that it wants in so many words; objects: of which products
    a task of these is wanted; denied: by task, of which products it is not wanted, or not meant; corrects: what is named last is
    meant; lacks: it says that there is no such evidence, or nothing more, and nothing else; adds: it says what a note
    should say besides; explains: a word of it tells what happened; asks: it has the form of a question;
    asks_how_it_went: of what was confirmed; assures: it makes sure that nothing, or no more, was done (没给我真停吧); reasons: it
    begins with the reason of an appeal, called so; waits: evidence is being fetched; thinks: it is thought over; if_so: it wishes
    for what it asks about, if that can be done; resumes: it takes up what was put off; person: what it says of a person;
    heard: it says that what was told is heard, and nothing else.
    """

    yes: bool = False
    read: bool = False
    calls_off: bool = False
    declined: frozenset[str] = frozenset()
    plainly: bool = False
    wished: frozenset[str] = frozenset()
    objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    denied: Mapping[str, frozenset[str]] = field(default_factory=dict)
    corrects: bool = False
    lacks: bool = False
    adds: bool = False
    explains: bool = False
    asks: bool = False
    asks_how_it_went: bool = False
    assures: bool = False
    reasons: bool = False
    waits: bool = False
    thinks: bool = False
    if_so: bool = False
    resumes: bool = False
    person: Call = Call.NONE
    heard: bool = False


def acts_of(
    typed: str,
    plain: str,
    *,
    words: ActWords,
    tasks: Collection[Task],
    doing: str | None = None,
    about: str | None = None,
    named: Sequence[tuple[int, int, str]] = (),
    breaks: Sequence[int] = (),
) -> Acts:
    """typed, plain: the text as it was typed and as the normaliser left it (which takes 👌 away, and brings traditional
    characters home); words: of `acts.yml`; tasks: that can be declined; doing: the task whose form is open, if one is;
    about: the product that this is about; named: spans of plain that name products, with these; breaks: where blanks stood."""
    patterns, reader, own = _patterns(words), *_read_by(words, tuple(tasks), doing)
    row = reader.read(plain, [(start, end) for start, end, _ in named], breaks)
    view = _View(row, {task.id: bool(task.spared_by) for task in tasks}, doing)
    products = [product for _, _, product in named]
    both = dict.fromkeys((typed.strip(), _with_its_thing(plain, named, about).strip()))
    sure = _is_sure(typed, words)
    person = call_of(plain, words, breaks)
    acts = Acts(
        yes=sure and any(patterns.says_yes(text, own) for text in both),
        read=sure and any(patterns.has_read(text) for text in both),
        calls_off=view.calls_off(),
        declined=_with_person(view.standing(Stand.NEGATED), person is Call.OFF),
        plainly=view.declines_plainly(),
        wished=_with_person(view.standing(Stand.WISHED), person is Call.PLAIN),
        objects={task: tuple(_of(products, things)) for task, things in view.objects().items()},
        denied={task: frozenset(_of(products, things)) for task, things in view.denied().items()},
        corrects=row.corrects(),
        lacks=any(patterns.lacks(text) for text in dict.fromkeys((typed.strip(), plain))),
        asks=asks(row.without(view.taken_back())),
        person=person,
        heard=patterns.is_heard(plain),
    )
    return _beside_the_verb(acts, plain, words, breaks)


def _beside_the_verb(acts: Acts, plain: str, words: ActWords, breaks: Sequence[int]) -> Acts:
    """With what is said of a thing that can be done beside its verb."""
    return replace(
        acts,
        adds=_begins_with_one_of(plain, words.adds),
        explains=_has_one_of(plain, words.explains),
        asks_how_it_went=_HOW_IT_WENT.search(plain) is not None,
        assures=wish.assures(plain, words, breaks),
        reasons=wish.gives_a_reason(plain, words, breaks),
        waits=wish.fetches(plain, words),
        thinks=wish.thinks(plain, words),
        if_so=wish.wishes_if_so(plain, words, breaks),
        resumes=plain.startswith(words.resumes),
    )


def _with_person(tasks: frozenset[str], person: bool) -> frozenset[str]:
    """With or without the person, of whom `call_of` knows more than a verb's clause."""
    return tasks | {PERSON} if person else tasks - {PERSON}


def _has_one_of(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _begins_with_one_of(text: str, words: Iterable[str]) -> bool:
    """Whether the text or a clause of it does."""
    return any(clause.startswith(tuple(words)) for clause in re.split("[,，。;；!！]", text))


def _is_sure(typed: str, words: ActWords) -> bool:
    """Whether nothing hesitates, or waves the yes off."""
    return _HESITATES.search(typed) is None and not any(sign in typed for sign in words.no_signs)


def _of(products: Sequence[str], things: Iterable[int]) -> list[str]:
    return [products[thing] for thing in things]


class _View:
    """What is said in a message, task by task."""

    def __init__(self, row: Row, tasks: Mapping[str, bool], doing: str | None) -> None:
        """tasks: whether each takes something away; doing: the one whose form is open."""
        self._row, self._tasks, self._doing = row, tasks, doing
        self.said = row.said
        self._last = {task: self._last_of(task) for task in (*tasks, PERSON)}

    def taken_back(self) -> list[tuple[int, int]]:
        """Where in the row something is taken back."""
        return [said.span for said in self.said if said.stand is Stand.NEGATED]

    def standing(self, stand: Stand) -> frozenset[str]:
        """The tasks about which the last word is this one."""
        return frozenset(task for task, last in self._last.items() if last is stand)

    def objects(self) -> dict[str, list[int]]:
        """Of the tasks that are wished for, of which things; those of which nothing is said of are left out."""
        wished = {
            task: sorted({thing for said in self._of(task, Stand.WISHED) for thing in said.things})
            for task in sorted(self.standing(Stand.WISHED))
        }
        return {task: things for task, things in wished.items() if things}

    def denied(self) -> dict[str, frozenset[int]]:
        """Of which things each task is not wanted; tasks of which there are none are left out."""
        denied: dict[str, frozenset[int]] = {}
        for task in self._tasks:
            things = (thing for said in self._of(task, Stand.NEGATED) for thing in said.things)
            denied[task] = self._row.denied.union(things)
        return {task: things for task, things in denied.items() if things}

    def calls_off(self) -> bool:
        """Whether the message takes back what is being done, and says nothing else."""
        spans = [
            said.span
            for said in self.said
            if (self._stands(said, self._doing) if self._doing else said.stand) is Stand.NEGATED
        ]
        covered = {place for start, end in spans for place in range(start, end)}
        return bool(spans) and all(place in covered or self._row.fills(place) for place in range(len(self._row.words)))

    def declines_plainly(self) -> bool:
        """Whether a verb is negated of a thing that is named, or of nothing that is not known."""
        return any(
            bool(said.things) or not self._row.has_unknown_before(said.span[0])
            for said in self.said
            if said.stand is Stand.NEGATED and said.tasks
        )

    def _last_of(self, task: str) -> Stand:
        """The last word about a task. One about other things leaves a wish before it as it is."""
        no, yes = self._of(task, Stand.NEGATED), self._of(task, Stand.WISHED)
        if not no or not yes:
            return Stand.NEGATED if no else Stand.WISHED if yes else Stand.OPEN
        apart = no[-1].things and yes[-1].things and not no[-1].things & yes[-1].things
        return Stand.WISHED if apart or yes[-1].span > no[-1].span else Stand.NEGATED

    def _of(self, task: str, stand: Stand) -> list[Said]:
        return [said for said in self.said if self._stands(said, task) is stand]

    def _stands(self, said: Said, task: str) -> Stand:
        """What is said to a task: to its verb, or without one to what is being done, or to a verb that came before."""
        if said.tasks:
            return said.stand if task in said.tasks and self._speaks_of_it(said, task) else Stand.OPEN
        if said.of_the_thing and self._tasks.get(task):
            return Stand.WISHED if said.things else Stand.OPEN
        return said.stand if self._is_meant(said, task) else Stand.OPEN

    def _speaks_of_it(self, said: Said, task: str) -> bool:
        """「单子都留着」 is no word about any task."""
        return not said.spares or bool(said.things) or task == self._doing

    def _is_meant(self, said: Said, task: str) -> bool:
        """Whether words without a verb are said to the task."""
        if task == self._doing or (said.things and task in self._tasks):
            return True
        return any(task in other.tasks for other in self.said if other.span < said.span)


class _Patterns:
    """What is a yes, has read the agreement, or says that there is none: patterns over letters, one a word."""

    def __init__(self, words: ActWords) -> None:
        self._words = words
        self._soft = (*words.softens, *words.thanks, *words.tails, *_SOFT_MARKS)
        self._yes: dict[tuple[str, ...], Lexer] = {}
        self._reads = Lexer(
            {
                "r": words.has_read,
                "A": (*words.agree, *words.yes),
                "g": words.agreement,
                "m": words.already,
                "S": self._soft,
                "e": words.ends,
            }
        )
        self._heard = Lexer(
            {"H": (*words.acknowledges, *words.yes), "S": (*self._soft, *words.leads, *words.persons, *words.sighs)}
        )
        self._lacks = Lexer(
            {
                "n": (*words.lacks, *words.that_is_all),
                "d": (*words.evidence, *words.lacked, *words.around_lacking, *self._soft),
            }
        )

    def says_yes(self, text: str, verbs: tuple[str, ...]) -> bool:
        """Whether a text is a yes and nothing else. verbs: of what is being asked for: 「关吧」 is a yes to closing alone."""
        lexer = self._yes.get(verbs)
        if lexer is None:
            lexer = self._yes[verbs] = self._of_a_yes(verbs)
        row = lexer.known(_SHADES.sub("", text))
        stops = any(verb * _STOPS in text for verb in verbs)
        yes = row is not None and not stops and _YES.fullmatch(row) is not None
        return yes or self._matches(_READ_AND_AGREES, text)

    def _of_a_yes(self, verbs: tuple[str, ...]) -> Lexer:
        words = self._words
        return Lexer(
            {
                "V": (*verbs, *words.does) if verbs else (),
                "Y": words.yes,
                "C": words.confirm,
                "A": words.agree,
                "L": words.leads,
                "P": _LET_IT_BE_DONE,
                "S": self._soft,
                "c": words.completes,
                "T": (_THING, *words.objects),
                "m": words.already,
                "b": words.helps,
            }
        )

    def has_read(self, text: str) -> bool:
        """Whether a text says that the agreement was read, and nothing else (not 还没看过, 看了一半)."""
        return self._matches(_READ, text)

    def _matches(self, pattern: re.Pattern[str], text: str) -> bool:
        row = self._reads.known(text)
        return row is not None and pattern.fullmatch(row) is not None

    def is_heard(self, text: str) -> bool:
        """Whether a text says that what was told is heard, and nothing else: 嗯嗯好的那我等等."""
        return bool(text) and self._heard.known(text) is not None

    def lacks(self, text: str) -> bool:
        """Whether a text says that there is no such evidence, and nothing else."""
        row = self._lacks.known(text)
        return row is not None and _LACKS.fullmatch(row) is not None


def _with_its_thing(plain: str, named: Sequence[tuple[int, int, str]], about: str | None) -> str:
    """The text with what the open form is about as one character."""
    for start, end, product in sorted(named, reverse=True):
        if product == about:
            plain = plain[:start] + _THING + plain[end:]
    return plain


@lru_cache(maxsize=2)
def _patterns(words: ActWords) -> _Patterns:
    return _Patterns(words)


@lru_cache(maxsize=16)
def _read_by(words: ActWords, tasks: tuple[Task, ...], doing: str | None) -> tuple[Reader, tuple[str, ...]]:
    """What reads a message, and the verbs of what is being done."""
    return _reader(words, _as_read(words, tasks, doing)), next((task.verbs for task in tasks if task.id == doing), ())


def _as_read(words: ActWords, tasks: tuple[Task, ...], doing: str | None) -> tuple[Task, ...]:
    """The tasks with the verbs that they have while this is being done. Taking back (`Task.takes_back`) is called by words
    that call off whatever is being done (撤回), or are another task's (撤掉): they are its own while it is being done."""
    others = {verb for task in tasks if not task.takes_back for verb in task.verbs} | set(words.refuses)
    return tuple(
        replace(task, verbs=tuple(verb for verb in task.verbs if verb not in others))
        if task.takes_back and task.id != doing
        else task
        for task in tasks
    )


@lru_cache(maxsize=4)
def _reader(words: ActWords, tasks: tuple[Task, ...]) -> Reader:
    return Reader(words, tasks)
