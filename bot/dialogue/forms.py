"""What a message means while a form is open: an answer to it, a question beside it, a change of mind.

A form asks for one thing at a time. What names something, says yes, or is not understood is taken for an answer (the form
says what it could not use). What is surely something else, a question or the wish for a person, is dealt with beside it,
and then the form goes on. Only a message that says nothing else calls it off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from bot.dialogue.clauses import PERSON
from bot.dialogue.past import FORM_PRODUCT
from bot.dialogue.turn import Turn
from bot.understanding.parse import MENTION
from knowledge import Task

SURE = 0.9  # what would end a form, or leave it, has to be meant
HARDLY = 0.3  # confidence of a topic that the words hardly are about
CONFIRMED = "confirmed"  # what a read-back asks for
NOTE = "evidence_note"  # any words may be the answer
CHOICES = frozenset({"form_shop", "form_product", "form_order"})  # one of a few is to be picked, by whatever name
# What an answer looks like where it has a form of its own.
_SHAPES = {
    "evidence_tracking": re.compile(r"[a-z]{0,4}\d{8,}", re.IGNORECASE),
    "evidence_photo": re.compile(r"\w\.(?:jpe?g|png|pdf|webp|heic)|https?:|图|照片|截图|底单|\d{3,}", re.IGNORECASE),
}
# A tracking number or a picture's file, wherever it stands. (A telephone number or an order's is none.)
_GIVEN = re.compile(r"(?<![a-z\d])[a-z]{2,4}\d{8,18}(?!\d)|\w\.(?:jpe?g|png|pdf|webp|heic)", re.IGNORECASE)
_PLACE = re.compile(r"\d{1,2}[.。、]?")
_LEAVES_A_NOTE = frozenset({"handoff", "thanks", "affirm", "stop", "deny", "greet", "repeat"})
_NOTHING_OF_ITS_OWN = frozenset({MENTION, "affirm", "stop", "deny", ""})


class Move(Enum):
    """What a message does to an open form."""

    ANSWER = "answer"
    BESIDE = "beside"
    CANCEL = "cancel"
    SWITCH = "switch"


def move(turn: Turn, tasks: Mapping[str, Task]) -> Move:
    """What the latest message does to the form that was open when it came (`turn.past.form`)."""
    return _at_once(turn, tasks) or _of_what_is_done(turn, tasks)


def _at_once(turn: Turn, tasks: Mapping[str, Task]) -> Move | None:
    """What is decided whatever the message says of that which is being done."""
    if turn.kind == "edge" or turn.acts.assures:
        return Move.BESIDE
    if turn.acts.thinks or turn.acts.waits:
        return _of_a_delay(turn, tasks)
    if _agrees(turn) or _is_for_an_appeal(turn, tasks):
        return Move.ANSWER
    return Move.BESIDE if _calls_a_person(turn) else None


def _of_a_delay(turn: Turn, tasks: Mapping[str, Task]) -> Move | None:
    """Of who thinks it over, or fetches what is lacking: an appeal waits for that, and nothing goes on where it is said to
    stop; without either, what else is said decides."""
    acts = turn.acts
    if acts.calls_off or _takes_it_all_back(turn, tasks):
        return Move.CANCEL
    if acts.thinks and (turn.intent in ("stop", "deny") or acts.declined & _doing(turn, tasks)):
        return Move.CANCEL
    appeals = any(NOTE in tasks[task].slots for task in _doing(turn, tasks))
    at_the_read_back = turn.past.requested == CONFIRMED and not is_sure(turn)
    return Move.ANSWER if appeals or at_the_read_back else None


def _of_what_is_done(turn: Turn, tasks: Mapping[str, Task]) -> Move:
    if turn.acts.calls_off or _takes_it_all_back(turn, tasks):
        return Move.CANCEL
    if _takes_back(turn, tasks):
        return _to_another(turn, tasks)
    if _says_otherwise(turn, tasks):
        return Move.SWITCH
    if _names_an_object(turn, tasks) or _points_into_a_list(turn):
        return Move.ANSWER
    return _where_it_has_a_shape(turn) or _usual(turn, tasks)


def _to_another(turn: Turn, tasks: Mapping[str, Task]) -> Move:
    """The end of the form, with what is wished in its place where there is that."""
    return Move.SWITCH if another(turn, tasks) else Move.CANCEL


def _agrees(turn: Turn) -> bool:
    """Whether it is the yes that the read-back waits for, or says that what it names was read."""
    return turn.past.requested == CONFIRMED and (turn.acts.yes or turn.acts.read)


def _is_for_an_appeal(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """What is surely meant for a form that takes evidence and a note, whatever it asks for: a number, a picture's name,
    「再加一句 卖家已经签收了」, 「理由就是…」, and what tells what happened."""
    if not any(NOTE in tasks[task].slots for task in _doing(turn, tasks)):
        return False
    acts = turn.acts
    if acts.lacks and turn.past.requested == CONFIRMED:
        return True  # nothing to add
    if acts.adds or acts.reasons or _GIVEN.search(turn.plain.replace(" ", "")):
        return True
    return _tells_what_happened(turn, tasks)


def _tells_what_happened(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    acts = turn.acts
    if acts.asks or acts.calls_off or turn.intent in _LEAVES_A_NOTE or turn.past.requested == NOTE:
        return False
    elsewhere = is_sure(turn) and turn.intent in tasks and turn.intent not in _doing(turn, tasks)
    return acts.explains and not elsewhere


def _takes_it_all_back(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """「申诉撤了吧」, while the form of it is open: nothing is done yet. With a receipt it speaks of what was done before."""
    topic = turn.questions[0].topic if turn.questions else ""
    if topic not in tasks or not tasks[topic].takes_back or topic in _doing(turn, tasks):
        return False
    if turn.questions[0].confidence < HARDLY:  # the best of many that do not fit
        return False
    return not turn.acts.asks and "receipt" not in turn.named and "xr" not in turn.plain.lower()


def another(turn: Turn, tasks: Mapping[str, Task]) -> str | None:
    """What the message asks for and another form is for: surely, or in place of what this one is for."""
    others = {task.id for task in tasks.values() if task.form} - _doing(turn, tasks) - turn.acts.declined
    asked = next((question.topic for question in turn.questions if question.topic in others), None)
    if asked and is_sure(turn):
        return asked
    return min(others & turn.acts.objects.keys(), default=None) if _in_place(turn, tasks) else None


def _in_place(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """Whether what the form is for is taken back, or said to be wrong."""
    return turn.acts.corrects or bool(_doing(turn, tasks) & turn.acts.declined)


def _verbs_decide(turn: Turn) -> bool:
    """Whether its verbs are meant: not in a question, and not in an explanation that was asked for."""
    return not turn.acts.asks and turn.past.requested != NOTE


def _says_otherwise(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """「说反了，是要关运费险」: whatever the topic, verb and object are another form's."""
    acts = turn.acts
    wrong = acts.corrects and not _doing(turn, tasks) & acts.wished
    return wrong and _verbs_decide(turn) and another(turn, tasks) in acts.objects


def _names_an_object(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """「不开退货宝，开运费险」: the form's own verb, of a product, where it is for one."""
    takes = [task for task in _doing(turn, tasks) if FORM_PRODUCT in tasks[task].slots]
    return any(task in turn.acts.objects for task in takes) and _verbs_decide(turn)


def _points_into_a_list(turn: Turn) -> bool:
    """A bare 2, where one of a list is to be picked; as a topic it is anything."""
    return turn.past.requested in CHOICES and _PLACE.fullmatch(turn.plain) is not None


def _calls_a_person(turn: Turn) -> bool:
    return turn.intent == PERSON and PERSON not in turn.acts.declined and (is_sure(turn) or PERSON in turn.acts.wished)


def _takes_back(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """Whether the form's own verb is negated."""
    return bool(_doing(turn, tasks) & turn.acts.declined) and _verbs_decide(turn)


def _doing(turn: Turn, tasks: Mapping[str, Task]) -> set[str]:
    """The task whose form is open, as a set of one."""
    return {task.id for task in tasks.values() if task.form == turn.past.form}


def _where_it_has_a_shape(turn: Turn) -> Move | None:
    """Evidence is recognised by its form; an explanation may be anything but what is surely something else."""
    requested = turn.past.requested
    if turn.acts.lacks and (requested in _SHAPES or requested == NOTE):
        return Move.ANSWER
    if requested in _SHAPES:
        said_nothing = (
            turn.intent == "out_of_scope" and not turn.acts.asks
        )  # 「拍了但是发不了」: the form says what it takes
        return Move.ANSWER if said_nothing or _SHAPES[requested].search(turn.plain) else None
    return _of_a_note(turn) if requested == NOTE else None


def _of_a_note(turn: Turn) -> Move:
    leaves = turn.intent in _LEAVES_A_NOTE and len(turn.plain) <= 6
    return Move.BESIDE if leaves or (is_sure(turn) and turn.acts.asks) else Move.ANSWER


def _usual(turn: Turn, tasks: Mapping[str, Task]) -> Move:
    if turn.intent in _doing(turn, tasks):
        # 「我的申诉怎么样了」 is no evidence; a button for another order is meant.
        shaped = turn.past.requested in _SHAPES
        return Move.BESIDE if shaped and "order_number" not in turn.named else Move.ANSWER
    if another(turn, tasks):
        return Move.SWITCH
    if _corrects_something(turn):
        return Move.ANSWER
    if turn.intent in ("stop", "deny") and is_sure(turn):
        return Move.CANCEL
    if turn.intent in _NOTHING_OF_ITS_OWN:
        return _of_no_topic(turn)
    return Move.ANSWER if _corrects(turn) or _may_be_given(turn) else Move.BESIDE


def _corrects(turn: Turn) -> bool:
    return turn.acts.corrects and not turn.acts.asks


def _corrects_something(turn: Turn) -> bool:
    """What is named need not be known to us."""
    return _corrects(turn) and (bool(turn.named) or turn.intent in ("deny", ""))


def _may_be_given(turn: Turn) -> bool:
    """Whether what is no question may be what is asked for, though it was taken for a topic."""
    if turn.acts.asks:
        return False
    if turn.past.requested in CHOICES:
        return _may_name_a_choice(turn)
    if turn.past.requested == CONFIRMED:
        return turn.intent == "out_of_scope"  # 「先等会 我翻翻短信」: the read-back stands
    return turn.past.requested in _SHAPES and not is_sure(turn)


def _of_no_topic(turn: Turn) -> Move:
    elsewhere = "platform" in turn.named or "other_insurance" in turn.named
    asked_back = turn.kind == "close" and not turn.named
    picks = turn.past.requested in CHOICES and not turn.acts.asks  # 「毛呢大衣那单」, whatever topics are near
    return Move.BESIDE if elsewhere or (asked_back and not picks) else Move.ANSWER


def _may_name_a_choice(turn: Turn) -> bool:
    """「果然新鲜」, 「毛呢大衣那单」: what no topic of ours is about may still name what is asked for."""
    return turn.intent == "out_of_scope" or turn.product_named or not is_sure(turn)


def is_sure(turn: Turn) -> bool:
    """Whether the words leave no doubt about what the message is about."""
    return turn.kind == "topic" and bool(turn.questions) and turn.questions[0].confidence >= SURE
