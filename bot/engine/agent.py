"""Rasa's agent and message processor without the work that changes nothing about a turn.

Events, order and errors are Rasa's. What is left out: planning the graph anew for each step (`runner`), copies made for
log lines that are not written, a connection for each call of the action server (`remote`).
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from rasa.core.actions.action import Action, action_for_index
from rasa.core.agent import Agent as RasaAgent
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine import loader
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ActionLimitReached, ModelNotFound
from rasa.model import get_latest_model
from rasa.shared.core.events import ActionExecutionRejected, Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name

from bot.engine.remote import lean
from bot.engine.runner import SequentialRunner

logger = logging.getLogger(__name__)


class Processor(MessageProcessor):
    """Rasa's message processor over the sequential runner."""

    @staticmethod
    def _load_model(model_path: str | Path) -> tuple[str, ModelMetadata, GraphRunner]:
        """Unpacks a model. Raises ModelNotFound."""
        archive = model_path if os.path.isfile(model_path) else get_latest_model(model_path)
        if not archive:
            raise ModelNotFound(f"No model found at path '{model_path}'.")
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = loader.load_predict_graph_runner(
                Path(folder), Path(archive), LocalModelStorage, SequentialRunner
            )
        return os.path.basename(archive), metadata, runner

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> tuple[Action, PolicyPrediction]:
        """The next action and the prediction that named it. Raises ActionLimitReached."""
        another = self.should_predict_another_action(tracker.latest_action_name)
        if self.is_action_limit_reached(tracker, another):
            raise ActionLimitReached("The limit of actions to predict has been reached.")
        prediction = self._predict_next_with_tracker(tracker)
        action = action_for_index(prediction.max_confidence_index, self.domain, self.action_endpoint)
        return lean(action), prediction

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
