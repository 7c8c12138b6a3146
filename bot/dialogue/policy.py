"""The dialogue policy: what happens next, decided from the turn (`turn`) and what stood before it (`past`).

In this order: a turn that failed is over; a person has the conversation; a confirmation's outcome is open; what `plan`
names for the turn, one action after the other; and no turn ends in silence.

It is a RulePolicy, as Rasa wants one where a domain has forms. Rules of `data/rules`, of which there are none here, are
asked before it where no form is open. (*Dialogue* policy: the insurance kind lives in `actions/policydb`.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import DEFAULT_ACTION_MAPPINGS, RULES, RulePolicy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.past import Since
from bot.dialogue.plan import (
    ABOUT_HOW_IT_WENT,
    FAILURE,
    FORM,
    OWN,
    PASS_ON,
    PLACEHOLDER,
    SETTLE,
    asks_how_it_went,
    steps,
)
from bot.dialogue.turn import Turn, turn_of
from bot.understanding.parse import MENTION
from knowledge import live
from xiaoer.asked import SLOT, Asked


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
        self._has_rules = any(_is_of_data(key) for key in (lookup or {}).get(RULES, {}))

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """See the parent class."""
        turn = turn_of(tracker) if _is_understood(tracker) else None
        action = _before_all(tracker, turn)
        if turn is not None and action is None and self._asks_rules(tracker, turn):
            prediction = super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
            if max(prediction.probabilities, default=0.0) > 0.0:
                ruled = domain.action_names_or_texts[prediction.max_confidence_index]
                prediction.events.extend(_told(tracker, turn, ruled))
                return prediction
        action = action or _next(tracker, turn, domain)
        scores = self._default_predictions(domain)
        scores[domain.index_for_action(action)] = 1.0
        # As RulePolicy says of its own predictions for an open form.
        waits = bool(tracker.active_loop_name)
        return self._prediction(scores, events=_told(tracker, turn, action), is_no_user_prediction=waits)

    def _asks_rules(self, tracker: DialogueStateTracker, turn: Turn) -> bool:
        """Whether a rule may have a say, or one of Rasa's own intents (/restart)."""
        own = tracker.latest_message.intent.get("name") in DEFAULT_ACTION_MAPPINGS
        return (self._has_rules or own) and turn.past.form is None


def _before_all(tracker: DialogueStateTracker, turn: Turn | None) -> str | None:
    """What comes before the message itself is looked at; None: it is its turn."""
    if turn is None or FAILURE in turn.now.ran:
        return ACTION_LISTEN_NAME
    return _of_a_person(tracker, turn.now) or _of_a_confirmation(tracker, turn)


def _next(tracker: DialogueStateTracker, turn: Turn | None, domain: Domain) -> str:
    """The next of the turn's steps; when all are done, its end."""
    assert turn is not None, "what was not understood is over before"
    done = tuple(name for name in turn.now.ran if name not in (PASS_ON, SETTLE))
    plan = steps(turn, live().current, domain.action_names_or_texts)
    if _is_confirmed(tracker, turn, plan):
        plan = (*plan, f"action_{plan[0].removesuffix(FORM)}")
    return plan[len(done)] if len(done) < len(plan) else _end(turn.now)


def _is_of_data(key: str) -> bool:
    """Whether a rule that was learned is one of `data/rules`. key: RulePolicy's, the JSON of the states before the action."""
    intents = {state.get("user", {}).get("intent") for state in json.loads(key)}
    return not intents <= {PLACEHOLDER, None}


def _is_understood(tracker: DialogueStateTracker) -> bool:
    message = tracker.latest_message
    return isinstance(message, UserUttered) and bool(message.parse_data)


def _of_a_person(tracker: DialogueStateTracker, now: Since) -> str | None:
    """While a person has the conversation, the message is passed on; the turn is over then, unless it has come back."""
    if PASS_ON in now.ran:
        return _end(now) if tracker.get_slot("ticket") or now.spoke else None
    # Not in the turn that has opened the ticket.
    return PASS_ON if tracker.get_slot("ticket") and not now.ran else None


def _of_a_confirmation(tracker: DialogueStateTracker, turn: Turn) -> str | None:
    """Where it is open, or asked, how a confirmation went, that is said first."""
    now = turn.now
    how_it_went = asks_how_it_went(turn, tracker.get_slot("last_request"))
    if SETTLE in now.ran:
        # 「好了吗」 after a failure is answered by this; a real question, or the wish for a person, goes on below.
        return _end(now) if turn.intent in ABOUT_HOW_IT_WENT or how_it_went else None
    unsettled = tracker.get_slot("confirmed") and turn.intent != "handoff"
    return SETTLE if turn.past.form is None and not now.ran and (unsettled or how_it_went) else None


def _is_confirmed(tracker: DialogueStateTracker, turn: Turn, plan: tuple[str, ...]) -> bool:
    """Whether the form has run and ended with its confirmation: what it was for is done next."""
    ended = plan == (turn.past.form,) and tracker.active_loop_name is None
    return ended and bool(tracker.get_slot("confirmed"))


def _end(now: Since) -> str:
    """The turn is over, and somebody must have said something."""
    return ACTION_LISTEN_NAME if now.spoke else FAILURE


def _told(tracker: DialogueStateTracker, turn: Turn | None, action: str) -> list[Event]:
    """What an action of the action server is told of the turn, for as long as the turn lasts."""
    known = tracker.get_slot(SLOT)
    if action == ACTION_LISTEN_NAME:
        return [SlotSet(SLOT, None)] if known is not None else []
    if not action.startswith("action_") and not action.endswith(FORM):
        return []
    tell = _asked(turn_of(tracker), action.removesuffix(FORM).removeprefix("action_")).as_slot()
    return [SlotSet(SLOT, tell)] if tell != known else []


def _asked(turn: Turn, action: str) -> Asked:
    """The turn, for an action by its name without what marks it as one."""
    past, acts = turn.past, turn.acts
    is_own = f"action_{action}" == OWN
    topic = turn.next_question.topic if turn.questions and is_own else action
    asked = Asked(
        text=turn.text,
        plain=turn.plain,
        intent=turn.intent,
        products=turn.wanted(topic),
        topical=next(iter(turn.allowed(topic, [turn.topical])), ""),
        form=past.form or "",
        requested=past.requested or "",
        yes=acts.yes,
        read=acts.read,
        corrects=acts.corrects,
        lacks=acts.lacks,
        waits=acts.waits or acts.thinks,
        assures=acts.assures,
        clauses=turn.clauses,
        nth=turn.answered,
        before=past.topic or "",
        before_point=past.point or "",
        aside=past.aside,
        shown=_shown(past.last),
        told=tuple(order for told, order in past.told if told == topic),
    )
    return _with_its_question(asked, turn, alone=is_own)


def _with_its_question(asked: Asked, turn: Turn, *, alone: bool) -> Asked:
    """With the question that is answered next. alone: where the message asks something else besides, without that."""
    question = turn.next_question
    kind = MENTION if turn.intent == MENTION else turn.kind
    asked = replace(
        asked,
        topic=question.topic,
        piece=question.piece,
        kind=kind,
        confidence=round(question.confidence, 4),
        instead=bool(question.instead),
    )
    if not (alone and question.piece):
        return asked
    return replace(asked, plain=_alone(turn.plain, question.piece), whole=turn.plain, products=question.products)


_SHOWN = (
    *("summary", "person", "outcome", "topic", "product", "shops", "services", "month"),
    *("receipt", "requests", "things"),
)


def _alone(plain: str, piece: str) -> str:
    """A message with commas for all but one of its questions, which stays at its place."""
    at = plain.find(piece)
    return "," * at + piece + "," * (len(plain) - at - len(piece))


def _shown(last: Mapping[str, Any]) -> dict[str, Any]:
    """What an action needs of the data of the reply that the message answers."""
    card = last.get("card") or {}
    orders = [row["order_number"] for row in card.get("orders") or ()]
    said = {**{name: last.get(name) for name in _SHOWN}, "order": card.get("order_number"), "orders": orders}
    return {name: value for name, value in said.items() if value}
