"""The dialogue policy for what rules cannot say, because it depends on the message and not on its topic alone.

It is a RulePolicy: rules (one a topic, from the importer, and whatever `data/` adds) have their say wherever it has none.
It speaks itself when
 - a person has taken the conversation over: the message is passed on, and the assistant keeps silent;
 - a confirmation's reply never came: first it is said whether anything was written;
 - a form is open: `bot.dialogue.forms` says whether the message answers it, asks something beside it, or ends it;
 - a message holds several questions: each is answered, in order;
 - role or conversation give a message another topic than its words alone (`bot/understanding/verdict.py`);
 - a message only names something (「第二单呢」): the topic comes from the conversation;
 - a turn would end in silence, because an action failed: the failure reply;
 - the topic has the importer's rule and no other: what follows is plain, and looking every rule through costs more than
   all the rest of the decision.
(*Dialogue* policy: the insurance kind lives in `actions/policydb`.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.forms import Move, move, open_form
from bot.dialogue.turn import FORM_TOPICS, Turn, ran, spoke, turn_of
from bot.engine.training.importer import FORM, action_for
from bot.understanding.topic_classifier import MENTION
from xiaoer.phrases import ASKS_HOW_IT_WENT, declines

FAILURE = "utter_failure"
PASS_ON = "action_pass_on"
SETTLE = "action_settle"
CANCEL = "action_cancel"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class QuestionPolicy(RulePolicy):
    """Answers every question of the latest message, and never ends a turn in silence."""

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        featurizer: Any = None,
        lookup: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(config, model_storage, resource, execution_context, featurizer, lookup)
        self._plain = plain_topics((lookup or {}).get(RULES, {}))

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        action = self.next_action(tracker, domain)
        if action is None:
            return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
        scores = self._default_predictions(domain)
        scores[domain.index_for_action(action)] = 1.0
        # As RulePolicy says of its own predictions for an open form.
        return self._prediction(scores, is_no_user_prediction=bool(tracker.active_loop_name))

    def next_action(self, tracker: DialogueStateTracker, domain: Domain) -> str | None:
        """The next action's name, or None where the rules decide."""
        if not isinstance(tracker.latest_message, UserUttered) or not tracker.latest_message.parse_data:
            return None
        done = ran(tracker)
        if FAILURE in done:
            return ACTION_LISTEN_NAME
        first = _before_all(tracker, done)
        if first is not None:
            return first
        turn = turn_of(tracker)
        began = [name for name in done if name in (PASS_ON, SETTLE)]
        done = done[len(began) :]
        form = open_form(tracker)
        if form is not None:
            return _in_form(tracker, domain, turn, form, done) or _end(tracker)
        if declines(turn.text) and any(question.topic in FORM_TOPICS for question in turn.questions) and not done:
            return "utter_deny"  # 「别给我开退货宝」 opens nothing
        if done == ["utter_deny"]:
            return _end(tracker)
        if done and done[-1].endswith(FORM):  # it asks, or has said why not: nothing comes after it
            return _end(tracker)
        names = set(domain.action_names_or_texts)
        plan = [action_for(question.topic, names) for question in turn.questions]
        intent = tracker.latest_message.intent.get("name")
        # Rules look at what came right before, so what is not the first action of a turn is planned here.
        ours = bool(began) or turn.reconsidered or len(plan) > 1 or intent == MENTION
        ours = ours or intent not in domain.intent_properties or [self._plain.get(intent)] == plan
        if len(done) >= max(len(plan), 1):
            return (ACTION_LISTEN_NAME if ours else None) if spoke(tracker) else FAILURE
        return (plan[len(done)] if plan else action_for("", names)) if ours else None


def plain_topics(rules: Mapping[str, str]) -> dict[str, str]:
    """topic -> action, for the topics about which there is the importer's rule and nothing else.

    rules: what RulePolicy has learnt, action by the JSON of the states before it.
    """
    plain: dict[str, str] = {}
    expected: set[str] = set()
    for key, action in rules.items():
        states = json.loads(key)
        topic = states[0].get("user", {}).get("intent")
        if topic is None or key != _states(topic):
            continue
        after = _states(topic, action)
        if rules.get(after) == ACTION_LISTEN_NAME:
            plain[topic] = action
            expected |= {key, after}
    for key in rules.keys() - expected:
        named = {state.get("user", {}).get("intent") for state in json.loads(key)} - {None}
        if not named:
            return {}  # a rule about every topic
        for topic in named:
            plain.pop(topic, None)
    return plain


def _states(topic: str, action: str | None = None) -> str:
    """RulePolicy's key for a message of the topic; and, with an action, for the moment after it."""
    message = {"user": {"intent": topic}}
    states: list[dict[str, Any]] = [message | {"prev_action": {"action_name": ACTION_LISTEN_NAME}}]
    if action is not None:
        loop = {"active_loop": {"name": action}} if action.endswith(FORM) else {}
        states.append(message | {"prev_action": {"action_name": action}} | loop)
    return json.dumps(states, sort_keys=True)


def _before_all(tracker: DialogueStateTracker, done: list[str]) -> str | None:
    """What comes before the message itself is looked at: a person's conversation, an unsettled confirmation."""
    if PASS_ON in done:
        if tracker.get_slot("ticket") or spoke(tracker):
            return _end(tracker)
    elif tracker.get_slot("ticket") and not done:  # not in the turn that has opened it
        return PASS_ON
    intent = tracker.latest_message.intent.get("name")
    if SETTLE in done:
        # 「好了吗」 after a failure is answered by this; a real question, or the wish for a person, goes on below.
        return _end(tracker) if intent in _ASKS_AGAIN or _asks_how_it_went(tracker) else None
    unsettled = tracker.get_slot("confirmed") and intent != "handoff"
    if open_form(tracker) is None and not done and (unsettled or _asks_how_it_went(tracker)):
        return SETTLE
    return None


_ASKS_AGAIN = frozenset({"affirm", "deny", "stop", MENTION, "nlu_fallback", "repeat", "complaint"})


def _asks_how_it_went(tracker: DialogueStateTracker) -> bool:
    """By a read-back's button when its form is over, or in words when something has been written."""
    message = tracker.latest_message
    pressed = any(entity.get("entity") == "summary" for entity in message.entities)
    return pressed or bool(tracker.get_slot("last_request") and ASKS_HOW_IT_WENT.search(message.text or ""))


def _in_form(tracker: DialogueStateTracker, domain: Domain, turn: Turn, form: str, done: list[str]) -> str | None:
    """The next action of a turn that found a form open; None: the turn is over."""
    plan = _plan(tracker, domain, turn, form)
    if done == [form] and plan == [form] and tracker.active_loop_name is None and tracker.get_slot("confirmed"):
        return f"action_{form.removesuffix(FORM)}"
    return plan[len(done)] if len(done) < len(plan) else None


def _plan(tracker: DialogueStateTracker, domain: Domain, turn: Turn, form: str) -> list[str]:
    names = set(domain.action_names_or_texts)
    intent = str(tracker.latest_message.intent.get("name"))
    requested = _asked_for(tracker)
    meant = move(turn, intent, form, requested, frozenset(domain.form_names))
    if meant is Move.ANSWER:
        return [form]
    if meant is Move.CANCEL:
        return [CANCEL]
    questions = [action_for(question.topic, names) for question in turn.questions] or [action_for("", names)]
    if "action_handoff" in questions:  # bot.dialogue.forms lets only a sure one come here
        return ["action_handoff"]
    if meant is Move.SWITCH:
        return [CANCEL, next(action for action in questions if action.endswith(FORM))]
    beside = [action for action in questions if action != form]
    again = beside == ["utter_repeat"]  # what the form said last is said once more, and that is all
    return [*beside, f"utter_resume_{requested}"] if requested and not again else beside


def _asked_for(tracker: DialogueStateTracker) -> str | None:
    """The slot that the form had asked for when the message came."""
    before = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            before = True
        elif before and isinstance(event, SlotSet) and event.key == REQUESTED_SLOT:
            return event.value
    return None


def _end(tracker: DialogueStateTracker) -> str:
    """The turn is over, and somebody must have said something."""
    return ACTION_LISTEN_NAME if spoke(tracker) else FAILURE
