"""What a message means while a form is open: an answer to it, a question beside it, a change of mind.

A form asks for one thing at a time. What names something, says yes, or is not understood is taken for an answer (the form
says what it could not use). What is surely something else, a question or the wish for a person, is dealt with beside it,
and then the form goes on. Only a message that says nothing else calls it off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from bot.dialogue.turn import Turn
from bot.understanding.parse import MENTION
from knowledge import Task

SURE = 0.9  # what would end a form, or leave it, has to be meant
NOTE = "evidence_note"  # any words may be the answer
CHOICES = frozenset({"form_shop", "form_product", "form_order"})  # one of a few is to be picked, by whatever name
# What an answer looks like where it has a form of its own.
_SHAPES = {
    "evidence_tracking": re.compile(r"[a-z]{0,4}\d{8,}", re.IGNORECASE),
    "evidence_photo": re.compile(r"\w\.(?:jpe?g|png|pdf|webp|heic)|https?:|图|照片|截图|底单|\d{3,}", re.IGNORECASE),
}
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
    requested, acts = turn.past.requested, turn.acts
    if (requested == "confirmed" and acts.yes) or (requested == "agreement" and acts.read):
        return Move.ANSWER
    if turn.intent == "handoff" and _is_sure(turn):
        return Move.BESIDE
    if acts.calls_off:
        return Move.CANCEL
    if _takes_back(turn, tasks):
        return Move.SWITCH if _opens_another(turn, tasks) else Move.CANCEL
    return _where_it_has_a_shape(turn) or _usual(turn, tasks)


def _takes_back(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """Whether the form's own verb is negated, not in a question and not in an explanation that was asked for."""
    return bool(_doing(turn, tasks) & turn.acts.declined) and not turn.acts.asks and turn.past.requested != NOTE


def _doing(turn: Turn, tasks: Mapping[str, Task]) -> set[str]:
    """The task whose form is open, as a set of one."""
    return {task.id for task in tasks.values() if task.form == turn.past.form}


def _opens_another(turn: Turn, tasks: Mapping[str, Task]) -> bool:
    """Whether the message surely asks for what another form is for, and does not take that back, too."""
    others = {task.id for task in tasks.values() if task.form} - _doing(turn, tasks) - turn.acts.declined
    return _is_sure(turn) and any(question.topic in others for question in turn.questions)


def _where_it_has_a_shape(turn: Turn) -> Move | None:
    """Evidence is recognised by its form; an explanation may be anything but what is surely something else."""
    requested, text, lacks = turn.past.requested, turn.plain, turn.acts.lacks
    if requested in _SHAPES:
        return Move.ANSWER if _SHAPES[requested].search(text) or lacks else None
    if requested == NOTE:
        leaves = turn.intent in _LEAVES_A_NOTE and len(text) <= 6 and not lacks
        return Move.BESIDE if leaves or (_is_sure(turn) and turn.acts.asks) else Move.ANSWER
    return None


def _usual(turn: Turn, tasks: Mapping[str, Task]) -> Move:
    shaped, asks = turn.past.requested in _SHAPES, turn.acts.asks
    if turn.intent in _doing(turn, tasks):
        # 「我的申诉怎么样了」 is no evidence; a button for another order is meant.
        return Move.BESIDE if shaped and "order_number" not in turn.named else Move.ANSWER
    if _opens_another(turn, tasks):
        return Move.SWITCH
    corrects = turn.acts.corrects and not asks
    if corrects and (turn.named or turn.intent in ("deny", "")):  # what is named need not be known to us
        return Move.ANSWER
    if turn.intent in ("stop", "deny") and _is_sure(turn):
        return Move.CANCEL
    if turn.intent in _NOTHING_OF_ITS_OWN:
        return _of_no_topic(turn)
    if not asks and ((turn.past.requested in CHOICES and _may_name_a_choice(turn)) or (shaped and not _is_sure(turn))):
        return Move.ANSWER
    return Move.ANSWER if corrects else Move.BESIDE


def _of_no_topic(turn: Turn) -> Move:
    elsewhere = "platform" in turn.named or "other_insurance" in turn.named
    return Move.BESIDE if elsewhere or (turn.kind == "close" and not turn.named) else Move.ANSWER


def _may_name_a_choice(turn: Turn) -> bool:
    """「果然新鲜」, 「毛呢大衣那单」: what no topic of ours is about may still name what is asked for."""
    return turn.intent == "out_of_scope" or turn.product_named or not _is_sure(turn)


def _is_sure(turn: Turn) -> bool:
    return turn.kind == "topic" and bool(turn.questions) and turn.questions[0].confidence >= SURE
