"""What a message means while a form is open: an answer to it, a question beside it, a change of mind.

A form asks for one thing at a time. Whatever names something, says yes or is not understood is taken for an answer (the
form says what it could not use); a question about anything else is answered beside it, and then the form goes on.
"""

from __future__ import annotations

import re
from enum import Enum

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.events import ActiveLoop, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.importer import form_of
from bot.nlu.normaliser import tidy
from bot.nlu.questions import asks
from bot.nlu.topic_classifier import MENTION
from bot.turns import Turn
from xiaoer.phrases import CORRECTS, has_read, says_yes

TEXT_SLOTS = frozenset({"evidence_tracking", "evidence_photo", "evidence_note"})  # what may hold any words
SHORT = 10  # characters: 「不要了所以寄回」 in an explanation cancels nothing
SURE = 0.9  # a question put where free text is expected has to be one for sure

_CANCELS = re.compile(
    r"算了|不办|不弄|不搞|不开了|不关了|不申诉|不用了|不要了|取消吧|停下|先不|别办|别弄|放弃|^取消$|不想办|改天|下次再"
)


class Move(Enum):
    """What a message does to an open form."""

    ANSWER = "answer"
    BESIDE = "beside"
    CANCEL = "cancel"
    SWITCH = "switch"


def open_form(tracker: DialogueStateTracker) -> str | None:
    """The form that was open when the latest message came; its turn may have ended it since."""
    before = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            before = True
        elif before and isinstance(event, ActiveLoop):
            return event.name
    return None


def move(turn: Turn, intent: str, form: str, requested: str | None, forms: frozenset[str]) -> Move:
    """What the latest message does to the form that was open when it came.

    requested: the slot the form had asked for; forms: all there are.
    """
    text = tidy(turn.text)
    topics = {question.topic for question in turn.questions}
    other = {form_of(topic) for topic in topics} & (forms - {form})
    if _CANCELS.search(text) and not asks(text) and (requested not in TEXT_SLOTS or len(text) <= SHORT):
        return Move.CANCEL
    if intent in ("stop", "goodbye"):
        return Move.CANCEL
    if intent == "deny":
        return Move.ANSWER if _answers_with_no(text, turn, requested) else Move.CANCEL
    if (requested == "confirmed" and says_yes(text)) or (requested == "agreement" and has_read(text)):
        return Move.ANSWER
    if form_of(intent) == form or (requested in TEXT_SLOTS and not _asks_for_sure(text, turn)):
        return Move.ANSWER
    if other:
        return Move.SWITCH
    if intent in (MENTION, "affirm", DEFAULT_NLU_FALLBACK_INTENT_NAME):
        named_elsewhere = "platform" in turn.named or "other_insurance" in turn.named
        return Move.BESIDE if named_elsewhere or turn.kind == "close" else Move.ANSWER
    names_a_product = "product" in turn.named and not asks(text)
    if names_a_product and (requested == "form_product" or CORRECTS.search(text)):
        return Move.ANSWER
    if CORRECTS.search(text) and not asks(text):
        return Move.ANSWER
    return Move.BESIDE


def _answers_with_no(text: str, turn: Turn, requested: str | None) -> bool:
    """「没有」 to a question for evidence, 「不对，是另一单」; what ends the form has been told apart before."""
    return requested in TEXT_SLOTS or bool(CORRECTS.search(text) or turn.named)


def _asks_for_sure(text: str, turn: Turn) -> bool:
    return turn.kind == "topic" and asks(text) and turn.questions[0].confidence >= SURE
