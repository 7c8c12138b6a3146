"""Calls of the action server: one connection kept open, and a request with what our actions read.

An action reads the message and the slots, among them what the dialogue tells it of the turn (`xiaoer.asked`); one that
hands the conversation to a person reads what was said as well. The rest of a tracker's events, the domain and how a
message was ranked stay here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import jsonschema
import rasa
from rasa.core.actions.action import Action, RemoteAction
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

from bot.dialogue.plan import HANDOFF, PASS_ON

QUOTES = frozenset({HANDOFF, PASS_ON})
"""The actions that read what was said; the others read nothing of the events but whose message came by which channel."""
# What of a message's understanding an action reads.
_UNDERSTOOD = ("text", "intent", "entities", "message_id", "metadata")
# Rasa's own schema also tries each event against those of all 23 kinds; whoever makes the events knows the kinds anyway.
_CHECK = jsonschema.Draft7Validator(
    {
        "type": "object",
        "properties": {
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"event": {"type": "string"}},
                    "required": ["event"],
                },
            },
            "responses": {"type": "array", "items": {"type": "object"}},
        },
    }
)


class KeptEndpoint(EndpointConfig):
    """An endpoint whose connections are kept open between requests; a loop has its own session."""

    _session: aiohttp.ClientSession | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def of(cls, endpoint: EndpointConfig | None) -> KeptEndpoint | None:
        """The same endpoint, with kept connections."""
        if endpoint is None:
            return None
        return cls(
            endpoint.url,
            endpoint.params,
            endpoint.headers,
            endpoint.basic_auth,
            endpoint.token,
            endpoint.token_name,
            endpoint.cafile,
            type=endpoint.type,
            **endpoint.kwargs,
        )

    def session(self) -> Any:
        """The session, made at the first request. `async with` does not close it: `close` does."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._session, self._loop = super().session(), loop
        return _Kept(self._session)

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None and self._loop is asyncio.get_running_loop():
            await self._session.close()


class _Kept:
    """What `EndpointConfig.request` enters and leaves."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *_: object) -> None:
        pass


class LeanRemoteAction(RemoteAction):
    """Rasa's remote action with a lean request, its reply checked by a schema that was compiled once."""

    def _action_call_format(self, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
        state = tracker.current_state(EventVerbosity.NONE)
        state["latest_message"] = _understood(state["latest_message"])
        state["events"] = [_event(event) for event in self._read(tracker)]
        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "tracker": state,
            "version": rasa.__version__,
        }

    def _read(self, tracker: DialogueStateTracker) -> list[Event]:
        if self.name() in QUOTES:
            return [event for event in tracker.events if isinstance(event, (UserUttered, BotUttered))]
        last = next((event for event in reversed(tracker.events) if isinstance(event, UserUttered)), None)
        return [last] if last is not None else []

    def _validate_action_result(self, result: dict[str, Any]) -> bool:
        _CHECK.validate(result)
        return True


def _event(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        data["parse_data"] = _understood(data.get("parse_data"))
    return data


def _understood(parsed: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (parsed or {}).items() if name in _UNDERSTOOD}


class LeanFormAction(FormAction):
    """Rasa's form whose validation is called the lean way."""

    async def validate_slots(
        self,
        slot_candidates: dict[str, Any],
        tracker: DialogueStateTracker,
        domain: Domain,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
    ) -> list[Event]:
        """See the parent class."""
        name = f"validate_{self.name()}"
        if name not in domain.action_names_or_texts:
            return []
        candidates = [SlotSet(slot, value) for slot, value in slot_candidates.items()]
        seen = self._temporary_tracker(tracker, candidates, domain)
        return await LeanRemoteAction(name, self.action_endpoint).run(output_channel, nlg, seen, domain)


def lean(action: Action) -> Action:
    """The action as Rasa made it; one that calls the action server in its lean form."""
    if type(action) is RemoteAction:
        return LeanRemoteAction(action.name(), action.action_endpoint)
    if type(action) is FormAction:
        return LeanFormAction(action.name(), action.action_endpoint)
    return action
