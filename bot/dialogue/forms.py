"""What a message means while a form is open: an answer to it, a question beside it, a change of mind.

A form asks for one thing at a time. What names something, says yes, or is not understood is taken for an answer (the form
says what it could not use). What is surely something else, a question or the wish for a person, is dealt with beside it,
and then the form goes on. Only a message that says nothing else calls it off.
"""

from __future__ import annotations

import re
from enum import Enum

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.events import ActiveLoop, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.turn import Turn
from bot.engine.training.importer import form_of
from bot.understanding.normaliser import tidy
from bot.understanding.questions import asks as has_the_form_of_a_question
from bot.understanding.topic_classifier import MENTION
from xiaoer.phrases import CORRECTS, NOTHING_TO_SHOW, VERBS, declines, ends, has_read, says_yes

SURE = 0.9  # what would end a form, or leave it, has to be meant
NOTE = "evidence_note"  # any words may be the answer
CHOICES = frozenset({"form_shop", "form_product", "form_order"})  # one of a few is to be picked, by whatever name
# What an answer looks like where it has a form of its own.
_SHAPES = {
    "evidence_tracking": re.compile(r"[a-z]{0,4}\d{8,}", re.IGNORECASE),
    "evidence_photo": re.compile(r"\w\.(?:jpe?g|png|pdf|webp|heic)|https?:|图|照片|截图|底单|\d{3,}", re.IGNORECASE),
}
_LEAVES_A_NOTE = frozenset({"handoff", "thanks", "affirm", "stop", "deny", "greet", "repeat"})


class Move(Enum):
    """What a message does to an open form."""

    ANSWER = "answer"
    BESIDE = "beside"
    CANCEL = "cancel"
    SWITCH = "switch"


def open_form(tracker: DialogueStateTracker) -> str | None:
    """The form that was open when the latest message came; its turn may have ended it since. A new session opens none."""
    before = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            before = True
        elif before and isinstance(event, SessionStarted):
            return None
        elif before and isinstance(event, ActiveLoop):
            return event.name
    return None


def move(turn: Turn, intent: str, form: str, requested: str | None, forms: frozenset[str]) -> Move:
    """What the latest message does to the form that was open when it came.

    requested: the slot the form had asked for; forms: all there are.
    """
    text = tidy(turn.text)
    both = (turn.text, text)  # evening out takes 👌 away, and brings traditional characters home
    if requested == "confirmed" and any(says_yes(each, *VERBS.get(form, ())) for each in both):
        return Move.ANSWER
    if requested == "agreement" and any(map(has_read, both)):
        return Move.ANSWER
    if intent == "handoff" and _is_sure(turn):
        return Move.BESIDE
    if ends(text) or (declines(text) and not asks(text) and requested != NOTE):
        return Move.CANCEL
    special = _where_it_has_a_shape(turn, intent, requested, text)
    if special is not None:
        return special
    return _usual(turn, intent, form, requested, forms, text)


def _where_it_has_a_shape(turn: Turn, intent: str, requested: str | None, text: str) -> Move | None:
    """Evidence is recognised by its form; an explanation may be anything but what is surely something else."""
    if requested in _SHAPES:
        return Move.ANSWER if _SHAPES[requested].search(text) or NOTHING_TO_SHOW.search(text) else None
    if requested == NOTE:
        leaves = intent in _LEAVES_A_NOTE and len(text) <= 6 and not NOTHING_TO_SHOW.search(text)
        return Move.BESIDE if leaves or (_is_sure(turn) and asks(text)) else Move.ANSWER
    return None


def _usual(turn: Turn, intent: str, form: str, requested: str | None, forms: frozenset[str], text: str) -> Move:
    if form_of(intent) == form:
        # 「我的申诉怎么样了」 is no evidence; a button for another order is meant.
        return Move.BESIDE if requested in _SHAPES and "order_number" not in turn.named else Move.ANSWER
    corrects = bool(CORRECTS.search(text)) and not asks(text)
    other = {form_of(question.topic) for question in turn.questions} & (forms - {form})
    if other and _is_sure(turn):
        return Move.SWITCH
    if corrects and (turn.named or intent == "deny"):
        return Move.ANSWER
    if intent in ("stop", "deny") and _is_sure(turn):
        return Move.CANCEL
    if intent in (MENTION, "affirm", "stop", "deny", DEFAULT_NLU_FALLBACK_INTENT_NAME):
        elsewhere = "platform" in turn.named or "other_insurance" in turn.named
        return Move.BESIDE if elsewhere or (turn.kind == "close" and not turn.named) else Move.ANSWER
    # 「果然新鲜」, 「毛呢大衣那单」: what no topic of ours is about may still name what is asked for.
    if (
        requested in CHOICES
        and not asks(text)
        and (intent == "out_of_scope" or "product" in turn.named or not _is_sure(turn))
    ):
        return Move.ANSWER
    if requested in _SHAPES and not asks(text) and not _is_sure(turn):
        return Move.ANSWER
    return Move.ANSWER if corrects else Move.BESIDE


def asks(text: str) -> bool:
    """Whether a text is a question. (呢 makes one at its end only: 毛呢大衣 is a coat.)"""
    return has_the_form_of_a_question(re.sub(r"呢(?=\w)", "", text))


def _is_sure(turn: Turn) -> bool:
    return turn.kind == "topic" and turn.questions[0].confidence >= SURE
