"""Fixed sentences: the domain's responses, in the asker's version, with what belongs into them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

from bot.answers.reply import Reply
from bot.dialogue.plan import FAILURE, RESUME
from bot.dialogue.turn import Turn
from xiaoer.errors import error_number

logger = logging.getLogger(__name__)

IN_DOUBT = "utter_failure_in_doubt"
_LAST_RESORT = [{"text": "抱歉，这一步没有办成，没有改动任何东西。"}]


class Fixed:
    """The responses in force."""

    def __init__(self, responses: Mapping[str, Any]) -> None:
        self.responses = responses

    def of_turn(self, name: str, turn: Turn, **values: Any) -> Reply:
        """A response to a turn, in the version of whoever asks, or of what it is about."""
        return self.say(name, turn.principal.role.value, turn.audience, about=turn.plain, **(values or _named(turn)))

    def text(self, name: str, *audiences: str | None, **values: Any) -> str:
        """The text of a response alone, for a part of a reply."""
        return self.say(name, *audiences, **values).text

    def failure(self, turn: Turn | None, tracker: DialogueStateTracker) -> Reply:
        """The turn came to nothing; the number that is said is in the log. After a 确认 it is in doubt what became of it."""
        number, confirmed = error_number(), tracker.get_slot("confirmed")
        if confirmed:
            logger.error("%s: a confirmation ended without a reply", number)
            return self.say(IN_DOUBT, error=number, summary=confirmed)
        logger.error("%s: the turn ended without a reply", number)
        return self.said_failure(number, turn.text if turn else "")

    def said_failure(self, number: str, message: str) -> Reply:
        """number: of the error, which the log has; message: what to say again."""
        return self.say(FAILURE, error=number, message=message)

    def of_a_form(self, name: str, turn: Turn, tracker: DialogueStateTracker) -> Reply | None:
        """What is said differently because of a form: where it goes on, or that what it was for is done."""
        if name.startswith(RESUME):
            return self._resumed(name, turn, tracker)
        if name in _AFTER_RECEIPT and turn.past.receipt:
            reply = self.say(_AFTER_RECEIPT[name], receipt=turn.past.receipt)
            reply.topic, reply.receipt = name.removeprefix("utter_"), turn.past.receipt
            return reply
        return None

    def _resumed(self, name: str, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        read_back = tracker.get_slot("summary") or {}
        said = next((str(data["doing"]) for data in turn.past.data if data.get("doing")), "那件事")
        token = read_back.get("token", "")
        reply = self.say(name, doing=read_back.get("title") or said, summary=token)
        reply.doing = said
        reply.summary = (token or None) if name == f"{RESUME}confirmed" else None
        return reply

    def say(self, name: str, *audiences: str | None, about: str = "", **values: Any) -> Reply:
        """A response; of several versions the one for one of the audiences, else the one for nobody in particular. Of those
        with words only one whose words are in `about`, before those without."""
        versions = _about(self.responses.get(name) or _LAST_RESORT, about)
        meant = [(_audience(version), version) for version in versions]
        version = next(
            (version for whom, version in meant if whom and whom in audiences),
            next((version for whom, version in meant if not whom), versions[0]),
        )
        buttons = [{key: _fill(text, values) for key, text in each.items()} for each in version.get("buttons") or ()]
        outcome = (version.get("metadata") or {}).get("outcome", "answered")
        return Reply(_fill(version.get("text", ""), values), outcome, buttons)


_AFTER_RECEIPT = {
    "utter_affirm": "utter_already_done",
    "utter_stop": "utter_done_may_be_taken_back",
    "utter_deny": "utter_done_may_be_taken_back",
}


def _named(turn: Turn) -> dict[str, str]:
    platform = turn.named.get("platform")
    return {
        "platform": platform if platform and platform != "其他" else "其他平台",
        "other_insurance": turn.named.get("other_insurance") or "别的保险",
        "message": turn.text,
    }


def _audience(version: Mapping[str, Any]) -> str | None:
    return (version.get("metadata") or {}).get("audience")


def _about(versions: Sequence[Mapping[str, Any]], about: str) -> Sequence[Mapping[str, Any]]:
    """Those of whose words one is in a text, else those without words."""
    named = [version for version in versions if any(word in about for word in _words(version))]
    return named or [version for version in versions if not _words(version)]


def _words(version: Mapping[str, Any]) -> Sequence[str]:
    return (version.get("metadata") or {}).get("words") or ()


def _fill(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
