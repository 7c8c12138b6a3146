"""Rasa's agent and message processor without the work that changes nothing about a turn.

Events, order and errors are Rasa's. What is left out: planning the graph anew for each step (`runner`), copies made for
log lines that are not written, a connection for each call of the action server (`remote`). Messages that wait at the
same moment are understood together (`reading`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rasa.core.actions.action import Action, action_for_index
from rasa.core.agent import Agent as RasaAgent
from rasa.core.channels.channel import UserMessage
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine import loader
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ActionLimitReached, ModelNotFound
from rasa.model import get_latest_model
from rasa.shared.core.events import ActionExecutionRejected, Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name

from bot.engine.reading import Reading
from bot.engine.remote import lean
from bot.engine.runner import SequentialRunner
from bot.engine.training.archive import ServedModel


class Processor(MessageProcessor):
    """Rasa's message processor over the sequential runner."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._reading = Reading(self._read)
        self._actions: dict[int, Action] = {}
        self._made_for = self.action_endpoint
        self._intents = frozenset(self.domain.intents)
        self._entities = frozenset(self.domain.entities)

    @staticmethod
    def _load_model(model_path: str | Path) -> tuple[str, ModelMetadata, GraphRunner]:
        """Unpacks a model. Raises ModelNotFound."""
        archive = model_path if os.path.isfile(model_path) else get_latest_model(model_path)
        if not archive:
            raise ModelNotFound(f"No model found at path '{model_path}'.")
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = loader.load_predict_graph_runner(
                Path(folder), Path(archive), ServedModel, SequentialRunner
            )
        return os.path.basename(archive), metadata, runner

    async def parse_message(
        self, message: UserMessage, tracker: DialogueStateTracker | None = None, only_output_properties: bool = True
    ) -> dict[str, Any]:
        """What is understood of the message, together with others that are waiting to be understood."""
        if self.http_interpreter or not only_output_properties:
            return await super().parse_message(message, tracker, only_output_properties)
        parsed = await self._reading.read(message)
        self._check_for_unseen_features(parsed)
        return parsed

    def _read(self, messages: list[UserMessage]) -> list[dict[str, Any]]:
        target = self.model_metadata.nlu_target
        nobody = DialogueStateTracker.from_events(messages[0].sender_id, [])  # no component looks at it
        found = self.graph_runner.run({PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: nobody}, [target])[target]
        nothing = {TEXT: "", INTENT: {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}, ENTITIES: []}
        return [nothing | message.as_dict(only_output_properties=True) for message in found]

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """As Rasa's, which makes a domain and sorts all intents to say that there is nothing to say."""
        entities = {entity["entity"] for entity in parse_data[ENTITIES]}
        if parse_data[INTENT][INTENT_NAME_KEY] not in self._intents or not entities <= self._entities:
            super()._check_for_unseen_features(parse_data)

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> tuple[Action, PolicyPrediction]:
        """The next action and the prediction that named it. Raises ActionLimitReached."""
        another = self.should_predict_another_action(tracker.latest_action_name)
        if self.is_action_limit_reached(tracker, another):
            raise ActionLimitReached("The limit of actions to predict has been reached.")
        prediction = self._predict_next_with_tracker(tracker)
        return self._action_at(prediction.max_confidence_index), prediction

    def _action_at(self, index: int) -> Action:
        """The domain's action of this index. They know nothing of a conversation, so each is made once."""
        if self._made_for is not self.action_endpoint:
            self._actions, self._made_for = {}, self.action_endpoint
        action = self._actions.get(index)
        if action is None:
            action = self._actions[index] = lean(action_for_index(index, self.domain, self.action_endpoint))
        return action

    def _log_action_on_tracker(
        self,
        tracker: DialogueStateTracker,
        action: Action,
        events: list[Event] | None,
        prediction: PolicyPrediction,
    ) -> None:
        """As Rasa's, which also copies all events deeply for a debug line."""
        events = events or []
        if not any(isinstance(event, ActionExecutionRejected) for event in events):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events, self.domain)


class Agent(RasaAgent):
    """Rasa's agent with our processor."""

    def load_model(self, model_path: str | Path, fingerprint: str | None = None) -> None:
        """Loads a model file, or the newest of a folder. Raises ModelNotFound."""
        self.processor = Processor(
            model_path=model_path,
            tracker_store=self.tracker_store,
            lock_store=self.lock_store,
            action_endpoint=self.action_endpoint,
            generator=self.nlg,
            http_interpreter=self.http_interpreter,
        )
        self.domain = self.processor.domain
        self._set_fingerprint(fingerprint)
        self.tracker_store.domain = self.domain
