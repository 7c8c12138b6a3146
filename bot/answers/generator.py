"""The response generator (`endpoints.yml`, `nlg`): a turn -> its reply.

Fixed sentences come from the domain's responses, answers from `knowledge/`, read again when a file changes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.answers.beside.again import repeated, with_person
from bot.answers.choose import Choose
from bot.answers.fixed import Fixed
from bot.answers.reply import Reply
from bot.dialogue.clauses import PERSON
from bot.dialogue.plan import ANSWER, DENY, FAILURE, REPEAT
from bot.dialogue.turn import Turn, turn_of
from knowledge import Knowledge, live
from xiaoer.errors import error_number

logger = logging.getLogger(__name__)

_NO_RESPONSES: Mapping[str, Any] = {}


class Answers(NaturalLanguageGenerator):
    """Loaded by Rasa from `endpoints.yml`."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        live().newest()  # a server whose answers cannot be read does not start
        self._speaker: _Speaker | None = None

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any]:
        """The reply for an `utter_…` action. Never raises: what fails becomes the failure reply, with its number in the log."""
        speaker = self._speaking(kwargs.get("domain_responses") or _NO_RESPONSES)
        try:
            return speaker.reply(utter_action, turn_of(tracker), tracker).message()
        except Exception:
            number = error_number()
            logger.exception("%s: the reply %s could not be written", number, utter_action)
            said = (tracker.latest_message.text or "") if tracker.latest_message else ""
            return speaker.fixed.said_failure(number, said).message()

    def _speaking(self, responses: Mapping[str, Any]) -> _Speaker:
        """With the knowledge in force: another speaker when an article has changed, with nothing kept of the old."""
        knowledge, speaker = live().current, self._speaker
        if speaker is None or speaker.knowledge is not knowledge or speaker.fixed.responses is not responses:
            speaker = self._speaker = _Speaker(knowledge, responses)
        return speaker


class _Speaker:
    """Replies from one version of knowledge and responses."""

    def __init__(self, knowledge: Knowledge, responses: Mapping[str, Any]) -> None:
        self.knowledge = knowledge
        self.fixed = Fixed(responses)
        self._choose = Choose(knowledge, self.fixed)

    def reply(self, name: str, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        """The reply for an `utter_…` action."""
        if name == ANSWER:
            return with_person(self._choose.answer(turn), turn, self.fixed)
        if name == REPEAT:
            return repeated(turn, self.fixed)
        if name == FAILURE:
            reply = self.fixed.failure(turn, tracker)
        else:
            said = self.fixed.of_a_form(name, turn, tracker)
            if said is not None:
                return said
            reply = (
                self._choose.greeting(turn) if name == "utter_greet" else self.fixed.of_turn(_variant(name, turn), turn)
            )
        reply.topic = name.removeprefix("utter_")
        return reply


def _variant(name: str, turn: Turn) -> str:
    """「不用了」 where nothing was going to be done, or no person to be called, is not answered by 那就不办."""
    if name != DENY:
        return name
    if turn.acts.declined == {PERSON}:
        return "utter_deny_person"
    return name if turn.acts.declined or turn.past.form else "utter_deny_nothing"
