"""The dialogue policy for what rules cannot say, because it depends on the message and not on its topic alone.

Rules (one a topic, from the importer) answer the common turn. This policy steps in, above them, when
 - a message holds several questions: each is answered, in order;
 - role or conversation give a message another topic than its words alone (`bot/context.py`);
 - a message only names something (「第二单呢」): the topic comes from the conversation;
 - a turn would end in silence, because an action failed: the failure reply.
(*Dialogue* policy: the insurance kind lives in `actions/policydb`.)
"""

from __future__ import annotations

from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from bot.importer import action_for
from bot.nlu.topic_classifier import MENTION
from bot.turns import spoke, turn_of

FAILURE = "utter_failure"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class QuestionPolicy(Policy):
    """Answers every question of the latest message, and never ends a turn in silence."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """priority: above RulePolicy's 6, so that this policy wins where it speaks."""
        return {"priority": 7, "max_history": None}

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Nothing is learnt."""
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> QuestionPolicy:
        return cls(config, model_storage, resource, execution_context)

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        action = self.next_action(tracker, domain)
        scores = self._default_predictions(domain)
        if action is not None:
            scores[domain.index_for_action(action)] = 1.0
        return self._prediction(scores)

    @staticmethod
    def next_action(tracker: DialogueStateTracker, domain: Domain) -> str | None:
        """The next action's name, or None where the rules decide."""
        if not isinstance(tracker.latest_message, UserUttered) or not tracker.latest_message.parse_data:
            return None
        turn = turn_of(tracker)
        names = set(domain.action_names_or_texts)
        plan = [action_for(question.topic, names) for question in turn.questions]
        intent = tracker.latest_message.intent.get("name")
        known = intent in domain.intents
        if turn.answered >= max(len(plan), 1):
            if not spoke(tracker) and tracker.latest_action_name != FAILURE:
                return FAILURE
            ours = turn.reconsidered or len(plan) > 1 or intent == MENTION or not known
            ours = ours or tracker.latest_action_name == FAILURE
            return ACTION_LISTEN_NAME if ours else None
        if len(plan) > 1 or (plan and (turn.reconsidered or intent == MENTION)):
            return plan[turn.answered]
        if turn.reconsidered:
            return action_for("", names)
        return None if known else action_for("", names)
