"""Reads a turn off the tracker: who asks, which questions, about which product, with what the conversation adds.

Answers and the dialogue policy both ask here, so they never understand a message in two ways.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.acts import Acts, acts_of
from bot.dialogue.clauses import PERSON
from bot.dialogue.past import Past, Since, past_of, since
from bot.dialogue.words import edge
from bot.dialogue.words.instead import Instead, Of, instead_of, without
from bot.dialogue.words.person import Call
from bot.understanding.normaliser import BREAKS, CORRECTIONS
from bot.understanding.parse import ANSWERS, GUESSES, MENTION, QUESTIONS, RANKING
from bot.understanding.spacy_zh import PRODUCT
from bot.understanding.verdict import LONG_ENOUGH, Circumstances, Verdict, follows, of_answers, verdict_on
from knowledge import Knowledge, Task, live
from xiaoer.asked import OWN
from xiaoer.principal import VISITOR, Principal, Role, principal_of

logger = logging.getLogger(__name__)

HALF_A_SENTENCE = 10  # characters
BARE = 4  # characters: a word rather than a question
DOUBTED, LIKELY = 0.9, 0.6  # a call for a person of which the words say nothing: a question, anything else
IN_GENERAL = 0.35  # of the answers of a topic, to be told where there is nothing of the asker's own to be looked up
MOSTLY = 0.8  # of a message: it says little beside
MY_REQUESTS = "my_requests"
_OF_PERSONS = (PERSON, "human_channels")
NOTE = "evidence_note"  # an appeal has a slot for it
SURE_OF_ANOTHER = 0.9
_SHORT = 16  # characters: a wish, hardly a question
_OF_REFUSALS = ("claim_rejected", "claim_appeal")
_A_FILE = re.compile(r"\w\.(?:jpe?g|png|pdf|webp|heic)\b", re.IGNORECASE)  # evidence, at a read-back, too
_LOOKS = re.compile("[看查问瞧瞅]")
_DOES = re.compile("[办弄搞整交]")
_POINTS_AT = re.compile("[它他]|[那这]一?[个项家种]")
_DENIES_A_POINT = re.compile("问|意思")
# What may run before the message itself is looked at; it answers none of its questions.
BEFORE_ALL = frozenset({"action_pass_on", "action_settle", "action_cancel"})


# What a seller wants done with a service of his shop, in so few words that nothing else is asked.
_OF_A_SERVICE = frozenset({"request_enable", "request_disable"})
_A_WORD = 16
_WAS_IT_DONE = re.compile(
    r"没(?:有)?(?:偷偷|悄悄|真的?)?(?:给我|帮我|替我|给咱)(?:真的?|偷偷|悄悄)?(?:开|关|停|动|退|办|改|弄)(?:上|掉|了|过)?(?:啥|什么)?(?:吧|[?？]|$)"
)


@dataclass(frozen=True)
class Question:
    """One question: its topic, the products it names, and the one product it is about.

    carried: the product comes from the conversation and was not named; confidence: of the topic, by the words; piece: of
    the message, where it asks something else besides; guesses: the products that its words may be about, with probabilities, where it names none; topics, answers: what else it may be about, and which answer it may
    ask for (`parse.ANSWERS`), with probabilities by the words alone; instead: of a task that looks something up, the topic of
    what it would be answered with in general, "" for none.
    """

    topic: str
    product: str
    products: tuple[str, ...] = ()
    carried: bool = False
    confidence: float = 1.0
    piece: str = ""
    guesses: tuple[tuple[str, float], ...] = ()
    topics: tuple[tuple[str, float], ...] = ()
    answers: tuple[tuple[str, float], ...] = ()
    instead: str = ""


@dataclass(frozen=True)
class Turn:
    """The latest message, understood.

    kind: ``topic`` (questions holds at least one), ``mention`` (things were named, and the conversation gives no
    topic to them), ``close`` (some topics fit: candidates), ``edge`` (no sentence: see `edge_of`, the candidate says which),
    ``corrected`` (it says that the last reply was wrong, and not what is right), ``unknown``.
    intent: the topic that the words alone have, by the verdict: that of the first question, ``mention``, or "" where
    they have none. text: as typed; plain: as the normaliser left it; products: those named, in order.
    stated_role: what a visitor says they are; picks a version of an answer and is no identity.
    """

    kind: str
    questions: tuple[Question, ...] = ()
    principal: Principal = VISITOR
    intent: str = ""
    text: str = ""
    plain: str = ""
    candidates: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    products: tuple[str, ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()
    stated_role: str | None = None
    product: str = ""
    now: Since = field(default_factory=Since)  # what has run of this turn
    side: str | None = None  # whose version is asked for: 「卖家呢」, whoever asks
    past: Past = field(default_factory=Past)
    acts: Acts = field(default_factory=Acts)
    topical: str = ""  # the product of the conversation, this message included
    clauses: str = ""  # plain, with a comma where a blank was typed; "" where none was
    confidence: float = 0.0  # of the first topic, by the words, accepted or not
    places: tuple[tuple[int, str], ...] = ()  # where it names products
    maybe: Question | None = None  # what it asks, where it is open which of the candidates that is

    @property
    def answered(self) -> int:
        """How many of its questions have been answered; looking at the asker's own in vain answers none."""
        in_vain = sum(how != OWN for how in self.now.own)
        return sum(name not in BEFORE_ALL for name in self.now.ran) - in_vain

    @property
    def next_question(self) -> Question:
        """The question that is answered next; one of no topic where there is none."""
        if not self.questions:
            return Question("", self.product, confidence=self.confidence)
        return self.questions[min(self.answered, len(self.questions) - 1)]

    @property
    def asked_role(self) -> bool:
        """Whether somebody was asked for a role, in this turn or before."""
        return self.now.asked_role or self.past.asked_role

    @property
    def product_named(self) -> bool:
        """Whether the message names the product it is about."""
        return bool(self.products)

    def wanted(self, task: str) -> tuple[str, ...]:
        """The products that a task is wanted for: those that its verb is said of, else those named that it is not denied."""
        asked = next((each.products for each in self.questions if each.topic == task and len(self.questions) > 1), ())
        return self.acts.objects.get(task) or self.allowed(task, asked or self.products)

    def allowed(self, task: str, products: Iterable[str]) -> tuple[str, ...]:
        """Of some products those that a task is not denied for."""
        denied = self.acts.denied.get(task, ())
        return tuple(product for product in products if product not in denied)

    @property
    def audience(self) -> str | None:
        """buyer or seller; None for a visitor who has not said."""
        if self.side:
            return self.side
        return self.stated_role if self.principal.is_visitor else self.principal.role.value


def turn_of(tracker: DialogueStateTracker) -> Turn:
    """Understands the latest user message of the tracker."""
    message = tracker.latest_message
    if message is None or message.parse_data is None:
        raise ValueError("the tracker has no user message; a turn starts with one")
    return replace(_latest.of(tracker, message), now=since(tracker))


class _Latest:
    """The turns understood last. Two predictions and a reply ask for the same one, and nothing but what a visitor has
    said of themselves can change within it."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._known: dict[int, tuple[UserUttered, Any, Turn]] = {}

    def of(self, tracker: DialogueStateTracker, message: UserUttered) -> Turn:
        said = tracker.get_slot("stated_role")
        known = self._known.pop(id(message), None)
        if known is None or known[0] is not message or known[1] != said:
            known = message, said, understood(tracker, message)
        self._known[id(message)] = known
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return known[2]


_latest = _Latest()


def understood(tracker: DialogueStateTracker, message: UserUttered) -> Turn:
    """The turn of a message, without what has been answered of it."""
    knowledge = live().current
    parsed: dict[str, Any] = dict(message.parse_data or {})
    past = past_of(tracker, knowledge.tasks)
    past = replace(past, product=next(iter(_known_products([past.product], knowledge)), None))
    turn = _read(tracker, message, parsed, past, knowledge)
    intent = (parsed.get("intent") or {}).get("name")
    acted = _acted(turn, parsed, tracker, knowledge)
    if isinstance(acted, Turn):
        return acted
    if intent is None:
        return turn
    if intent == MENTION:
        return _mentioned(replace(turn, intent=MENTION), knowledge)
    parsed = dict(acted)
    asked = parsed.get(QUESTIONS)
    if not asked:  # a button's payload (/topic{...}) has an intent and entities, but nothing that was ranked
        return _pressed(turn, str(intent), knowledge)
    if turn.text.startswith("/"):
        return turn  # a button of a topic that there is none of any more: its payload is no sentence
    return _deed(turn) or _judged(turn, parsed, knowledge)


def _deed(turn: Turn) -> Turn | None:
    """A seller's word about a service of the shop that was just spoken of: do it (那开吧), or was it done (没给我真停吧)?"""
    if turn.principal.role is not Role.SELLER or turn.past.form is not None or len(turn.plain) > _A_WORD:
        return None
    if _WAS_IT_DONE.search(turn.plain):
        return _talks(turn, "my_requests")
    wished = sorted(turn.acts.wished & _OF_A_SERVICE)
    takes_back = "take_back" in turn.acts.wished or "撤" in turn.plain
    if not turn.past.last.get("shops") or len(wished) != 1 or turn.acts.asks or takes_back:
        return None
    return replace(turn, kind="topic", intent=wished[0], questions=(Question(wished[0], turn.product, turn.products),))


def _acted(
    turn: Turn, parsed: Mapping[str, Any], tracker: DialogueStateTracker, knowledge: Knowledge
) -> Turn | Mapping[str, Any]:
    """What a message does before its topic counts: the turn, where that decides all of it, else what is left to be judged."""
    if turn.text.startswith("/"):
        return parsed
    if kind := _edge(turn, tracker, knowledge):
        return _at_the_edge(turn, kind)
    if task := _task_meant(turn, parsed, knowledge):
        return _talks(turn, task)
    rest = instead_of(parsed, knowledge.acts)
    if rest is not None and _puts_right(turn, rest):
        return _put_right(turn, parsed, rest, knowledge)
    if _is_heard(turn, parsed):
        return _talks(turn, "affirm")
    if turn.acts.person is not Call.NONE:
        return _about_a_person(turn, parsed, rest)
    if rest is not None and rest.asks and turn.acts.declined:
        return rest.parsed
    return without(parsed, PERSON) if _doubts_a_call(turn, parsed) else parsed


def _task_meant(turn: Turn, parsed: Mapping[str, Any], knowledge: Knowledge) -> str:
    """The task that a message is surely for, whatever topics its words are near; "" where that is for the topics to say."""
    acts, role = turn.acts, turn.principal.role.value
    mine = {task.id: task for task in knowledge.tasks.values() if task.writes and role in task.audiences}
    if not mine:
        return ""
    if acts.assures:
        return MY_REQUESTS
    first: Mapping[str, Any] = next(iter(parsed.get(RANKING) or ()), {"name": "", "confidence": 0.0})
    takes_back = first["name"] == MY_REQUESTS or (first["name"] in mine and mine[first["name"]].takes_back)
    if turn.past.form is not None or takes_back:
        return ""
    return _wished(turn, first, set(mine)) or _followed_up(turn, mine)


def _wished(turn: Turn, first: Mapping[str, Any], mine: set[str]) -> str:
    """The one task that is wished for in so many words, and nothing else is plainly asked: 「关了吧，能省一毛是一毛」."""
    acts = turn.acts
    wished = acts.wished & mine
    if len(wished) != 1 or acts.asks or acts.declined & mine:
        return ""
    bare_stop = first["name"] in ("stop", "deny") and not (turn.products or _POINTS_AT.search(turn.plain))
    elsewhere = first["confidence"] >= SURE_OF_ANOTHER and first["name"] not in ("affirm", "claim_appeal", *wished)
    return "" if bare_stop or elsewhere else next(iter(wished))


def _followed_up(turn: Turn, mine: Mapping[str, Task]) -> str:
    """The task that the reply before was for, or offered, where the message goes on with it."""
    said = [task for task in mine if _says_the_verb(turn, mine[task])]
    if turn.acts.if_so and len(said) == 1:
        return said[0]  # 能就帮我弄
    if turn.acts.asks:
        return ""
    again = _once_more(turn, said[0]) if len(said) == 1 else ""
    return _taken_up(turn, mine) or _reason_given(turn, mine) or again


def _taken_up(turn: Turn, mine: Mapping[str, Task]) -> str:
    """The task that was put off, where a verb that stands for any takes it up again: 还是弄吧."""
    aside = str(turn.past.aside.get("task") or "")
    does = turn.acts.resumes and not turn.acts.calls_off and _DOES.search(turn.plain)
    return aside if does and aside in mine else ""


def _says_the_verb(turn: Turn, task: Task) -> bool:
    acts, plain = live().current.acts, turn.plain
    for other in (*acts.means_otherwise, *acts.consents):
        plain = plain.replace(other, ",")  # 申请退货
    said = any(verb in plain for verb in task.verbs)
    return said and not task.takes_back and task.id not in turn.acts.declined


def _reason_given(turn: Turn, mine: Mapping[str, Task]) -> str:
    """The appeal, where a message begins with its reason, behind a reply that offered one, or when it was put off."""
    appeal = next((task for task, row in mine.items() if NOTE in row.slots), "")
    offered = turn.past.last.get("point") == "refused" or turn.past.last.get("topic") in _OF_REFUSALS
    return appeal if turn.acts.reasons and (offered or turn.past.aside) else ""


def _once_more(turn: Turn, task: str) -> str:
    """The task, where the reply before was about it and nothing was done, or it was put off: 「那还是关北巷的」, 「还是申吧」."""
    if turn.past.receipt or turn.acts.calls_off or len(turn.plain) > _SHORT:
        return ""
    put_off = turn.acts.resumes and bool(turn.past.aside)
    return task if put_off or turn.past.last.get("topic") == task else ""


def _puts_right(turn: Turn, rest: Instead) -> bool:
    """Whether it is a correction of what was said before; a wish in so many words goes before, and 我不是买家 says who asks."""
    says_who = rest.of is Of.THING and turn.named.keys() == {"audience"}
    return rest.of is not None and not turn.acts.wished and not says_who


def _put_right(turn: Turn, parsed: Mapping[str, Any], rest: Instead, knowledge: Knowledge) -> Turn | Mapping[str, Any]:
    """A correction; at a form, what asks nothing is for the form to read."""
    if turn.past.form is None:
        return _corrected(turn, rest, knowledge)
    return rest.parsed if rest.asks else parsed


def _is_heard(turn: Turn, parsed: Mapping[str, Any]) -> bool:
    """Whether it only says that the last reply is heard, and nothing is waited for."""
    waits = turn.past.form is not None or turn.past.receipt is not None
    return turn.acts.heard and not waits and (parsed.get("intent") or {}).get("name") != "thanks"


def _doubts_a_call(turn: Turn, parsed: Mapping[str, Any]) -> bool:
    """Whether a question, or what is hardly one, was taken for a call, though its words speak of no person."""
    first: Mapping[str, Any] = next(iter(parsed.get(RANKING) or ()), {"name": "", "confidence": 1.0})
    return first["name"] == PERSON and first["confidence"] < (DOUBTED if turn.acts.asks else LIKELY)


def _edge(turn: Turn, tracker: DialogueStateTracker, knowledge: Knowledge) -> str:
    """What kind of no sentence it is, if it is none; where a form asks, what may be an answer is left to that."""
    card = turn.past.last.get("card") or {}
    listed = bool(tracker.get_slot("offered_orders") or turn.past.last.get("shops") or card.get("orders"))
    kind = edge.edge_of(turn.text, turn.plain, words=knowledge.acts, named=tuple(turn.named), listed=listed)
    if turn.past.form is None:
        return kind
    given = str(turn.past.requested).startswith("evidence") or _A_FILE.search(turn.text)
    return "" if kind in edge.MAY_ANSWER or given else kind


def _at_the_edge(turn: Turn, kind: str) -> Turn:
    """What is no sentence; an English call for a person is one all the same."""
    return _talks(turn, PERSON) if kind == edge.FOREIGN_PERSON else replace(turn, kind="edge", candidates=(kind,))


def _talks(turn: Turn, topic: str) -> Turn:
    """A turn of one topic of the conversation."""
    return replace(turn, kind="topic", intent=topic, questions=(Question(topic, turn.product),))


def _about_a_person(turn: Turn, parsed: Mapping[str, Any], rest: Instead | None) -> Turn | Mapping[str, Any]:
    """Where words speak of a person: one is called, or what else the message is about is judged."""
    call = turn.acts.person
    if call is Call.PLAIN:
        return _talks(turn, PERSON)
    if not call.is_none_wanted:
        return parsed
    ranked = parsed.get(RANKING) or ()
    share = sum(each["confidence"] for each in ranked if each["name"] in _OF_PERSONS)
    if rest is not None and rest.asks:
        return without(rest.parsed, PERSON)
    if share < MOSTLY:
        return without(parsed, PERSON)
    if call is Call.ASKED:
        return _talks(turn, "human_channels")
    if call is Call.OFF:
        return parsed if turn.past.form else _talks(turn, "deny")
    return turn  # told of, and nothing else is said


def _corrected(turn: Turn, rest: Instead, knowledge: Knowledge) -> Turn | Mapping[str, Any]:
    """A correction refuses nothing: it names another thing, of which the same is asked, or another point, or neither."""
    last, shown = turn.past.topic, turn.past.last.get("card") or {}
    products = _known_products((product for at, product in turn.places if rest.at <= at < rest.end), knowledge)
    turn = replace(
        turn,
        acts=replace(turn.acts, corrects=True, declined=frozenset(), calls_off=False, denied={}),
        clauses="",
        plain="," * rest.at + turn.plain[rest.at : rest.end] + "," * (len(turn.plain) - rest.end),
        products=products,
        product=next(iter(products), turn.past.product or knowledge.default_product),
    )
    if rest.of is Of.NOTHING:
        of_a_thing = (
            bool(shown.get("order_number")) and last in knowledge.tasks and not _DENIES_A_POINT.search(turn.text)
        )
        return _talks(turn, str(last)) if of_a_thing else replace(turn, kind="corrected")
    if rest.of is Of.THING and (last is not None or not rest.parsed.get(QUESTIONS)):
        return _mentioned(replace(turn, intent=MENTION), knowledge)
    return _judged(turn, rest.parsed, knowledge)


def _judged(turn: Turn, parsed: Mapping[str, Any], knowledge: Knowledge) -> Turn:
    """The turn of what was ranked, by the verdict on it."""
    verdict = verdict_on(parsed, knowledge, _circumstances(turn, knowledge))
    if not verdict.accepted:
        return replace(
            turn,
            kind=verdict.kind,
            candidates=verdict.candidates,
            confidence=verdict.confidence,
            maybe=_maybe(parsed, verdict, turn, knowledge),
        )
    asked = _looked_at(_decided(parsed, verdict), turn, knowledge)
    questions = _about(asked, turn, knowledge)
    return replace(turn, kind="topic", intent=verdict.candidates[0], questions=questions)


def _maybe(parsed: Mapping[str, Any], verdict: Verdict, turn: Turn, knowledge: Knowledge) -> Question | None:
    """What a message asks of which it is open which topic that is."""
    asked = [{**each, "topic": topic} for each in (parsed.get(QUESTIONS) or ())[:1] for topic in verdict.candidates[:1]]
    return next(iter(_about([{**each, "ranking": parsed.get(RANKING)} for each in asked], turn, knowledge)), None)


def _looked_at(asked: list[dict[str, Any]], turn: Turn, knowledge: Knowledge) -> list[dict[str, Any]]:
    """Without an appeal that is hardly one: who says to look, and no verb of it, wants to know: 「那看昨天拒了我的那单」."""
    task = knowledge.tasks.get(str(asked[0]["topic"]))
    if turn.past.form is not None or task is None or NOTE not in task.slots or len(asked) > 1:
        return asked
    unsaid = not any(verb in turn.plain for verb in (*task.verbs, *knowledge.acts.does))
    doubted = asked[0]["confidence"] < LIKELY and _LOOKS.search(turn.plain)
    return [{**asked[0], "topic": _OF_REFUSALS[0]}] if unsaid and doubted else asked


def _read(
    tracker: DialogueStateTracker, message: UserUttered, parsed: Mapping[str, Any], past: Past, knowledge: Knowledge
) -> Turn:
    """What needs no decision: who asks, what is named, what the words do."""
    entities = _entities(parsed)
    named = [(each["start"], each["end"], str(each["value"])) for each in entities if each["entity"] == PRODUCT]
    products = _known_products((product for _, _, product in named), knowledge)
    text = message.text or ""
    plain, breaks = str(parsed.get("text") or text), tuple(parsed.get(BREAKS) or ())
    return Turn(
        kind="unknown",
        principal=principal_of(tracker.sender_id, tracker.get_latest_input_channel(), message.metadata),
        text=text,
        plain=plain,
        named={str(entity["entity"]): str(entity["value"]) for entity in reversed(entities)},
        products=products,
        corrections=tuple((typed, name) for typed, name in parsed.get(CORRECTIONS) or ()),
        stated_role=_side(tracker.get_slot("stated_role")),
        product=next(iter(products), past.product or knowledge.default_product),
        topical=next(iter(_known_products([tracker.get_slot(PRODUCT)], knowledge)), ""),
        past=past,
        clauses=_with_breaks(plain, breaks),
        acts=_acts(text, plain, past, knowledge, named, breaks),
        places=tuple((int(start), product) for start, _, product in named),
    )


def _with_breaks(plain: str, breaks: Sequence[int]) -> str:
    for at in sorted(breaks, reverse=True):
        plain = f"{plain[:at]},{plain[at:]}"
    return plain if breaks else ""


def _entities(parsed: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(parsed.get("entities") or [])


def _acts(
    text: str,
    plain: str,
    past: Past,
    knowledge: Knowledge,
    named: Sequence[tuple[int, int, str]],
    breaks: Sequence[int],
) -> Acts:
    return acts_of(
        text,
        plain,
        words=knowledge.acts,
        tasks=[task for task in knowledge.tasks.values() if task.verbs],
        doing=next((task.id for task in knowledge.tasks.values() if past.form and task.form == past.form), None),
        about=past.about,
        named=named,
        breaks=breaks,
    )


def _known_products(products: Iterable[str | None], knowledge: Knowledge) -> tuple[str, ...]:
    """Each once, in order. One that knowledge no longer has (in a slot, on an old button) is dropped and logged."""
    found = tuple(dict.fromkeys(product for product in products if product))
    gone = [product for product in found if product not in knowledge.products]
    if gone:
        logger.warning("dropped what knowledge no longer has as a product: %s", ", ".join(gone)[:200])
    return tuple(product for product in found if product not in gone)


def _circumstances(turn: Turn, knowledge: Knowledge) -> Circumstances:
    """What who asks and the conversation add to the words."""
    said = next(iter(turn.past.data), {})
    open_to_context = not turn.product_named and bool(said.get("carry") or said.get("topic"))
    return Circumstances(
        role=turn.audience,
        product=turn.product,
        follows=follows(knowledge, said) if open_to_context else frozenset(),
        goes_on=open_to_context and not turn.named and len(turn.plain) <= HALF_A_SENTENCE,
        bare=not said and not turn.named and len(turn.plain.strip("?!。")) <= BARE,
        long=len(turn.plain) >= LONG_ENOUGH,
        answers=turn.past.form is not None,
    )


def _decided(parsed: Mapping[str, Any], verdict: Verdict) -> list[dict[str, Any]]:
    """The questions with the topics that were decided on."""
    asked = list(parsed[QUESTIONS])
    if len(asked) > 1:
        return asked
    decided = {"topic": verdict.candidates[0], "confidence": verdict.confidence, "ranking": parsed.get(RANKING)}
    return [{**asked[0], **decided}]


def _pressed(turn: Turn, intent: str, knowledge: Knowledge) -> Turn:
    """A button names its topic; one that there is none of is not understood."""
    if intent not in knowledge.topics:
        return turn
    part = {"topic": intent, "confidence": 1.0, "products": turn.products}
    if "answer" in turn.named:
        part[ANSWERS] = [(f"{intent}#{turn.named['answer']}", 1.0)]
    return replace(turn, kind="topic", intent=intent, questions=_about([part], turn, knowledge))


def _about(found: list[dict[str, Any]], turn: Turn, knowledge: Knowledge) -> tuple[Question, ...]:
    """Questions with their products: one that names none is about the one before it in the message."""
    result: list[Question] = []
    current, in_message = turn.product, False
    for part in found:
        products = tuple(product for product in part["products"] if product in knowledge.products)
        if products:
            current, in_message = products[0], True
        carried = not turn.products and not in_message and bool(turn.past.product)
        piece = turn.plain[part["start"] : part["end"]] if len(found) > 1 else ""
        open_which = not (products or carried or in_message)
        guesses = _known_guesses(part, knowledge) if open_which else ()
        result.append(
            Question(
                part["topic"],
                current,
                products,
                carried,
                part["confidence"],
                piece,
                guesses,
                *_ranked(part),
                instead=_in_general(part, knowledge),
            )
        )
    # A form asks something back, so what else was asked is answered before it.
    return tuple(sorted(result, key=lambda question: _opens_a_form(question.topic, knowledge)))


def _in_general(part: Mapping[str, Any], knowledge: Knowledge) -> str:
    """The topic that a task's question is likeliest about where nobody's own is looked up."""
    task = knowledge.tasks.get(str(part["topic"]))
    if task is None or task.writes:
        return ""
    topic, share = of_answers(part.get(ANSWERS) or ())
    return topic if share >= IN_GENERAL and topic in knowledge.knowledge_topics else ""


def _ranked(part: Mapping[str, Any]) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
    """The topics and the answers that a question was ranked for."""
    topics = tuple((str(each["name"]), float(each["confidence"])) for each in part.get("ranking") or ())
    return topics, tuple((str(key), float(value)) for key, value in part.get(ANSWERS) or ())


def _known_guesses(part: Mapping[str, Any], knowledge: Knowledge) -> tuple[tuple[str, float], ...]:
    found = ((str(product), float(value)) for product, value in part.get(GUESSES) or ())
    return tuple((product, value) for product, value in found if product in knowledge.products)


def _opens_a_form(topic: str, knowledge: Knowledge) -> bool:
    return topic in knowledge.tasks and knowledge.tasks[topic].form is not None


def _mentioned(turn: Turn, knowledge: Knowledge) -> Turn:
    """「退货宝呢」 after a question asks the same of 退货宝; without one it asks nothing yet."""
    for elsewhere, topic in (("platform", "other_platform"), ("other_insurance", "other_insurance")):
        if elsewhere in turn.named:
            return replace(turn, kind="topic", questions=(Question(topic, turn.product),))
    last = turn.past.topic
    if "order_number" in turn.named and last not in knowledge.tasks:
        last = "check_policy"
    if last is None:
        return replace(turn, kind="mention")
    # 「卖家呢」 asks for the other side's version; of an asker's own rows there is none.
    side = None if last in knowledge.tasks else _side(turn.named.get("audience"))
    return replace(turn, kind="topic", questions=(Question(last, turn.product, turn.products),), side=side)


def _side(said: object) -> str | None:
    """buyer or seller, as a message or a slot may say it."""
    return str(said) if said in (Role.BUYER.value, Role.SELLER.value) else None
