"""Reads a turn off the tracker: who asks, which questions, about which product, with what the conversation adds.

Answers and the dialogue policy both ask here, so they never understand a message in two ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.understanding.normaliser import CORRECTIONS, tidy
from bot.understanding.spacy_zh import PRODUCT
from bot.understanding.topic_classifier import DECISION, MENTION, QUESTIONS, products_in
from bot.understanding.verdict import HALF_A_SENTENCE, follows, reconsider
from knowledge import Knowledge, load
from xiaoer import settings
from xiaoer.principal import Principal, principal_of

DEFAULT_PRODUCT = "freight"
META = "xiaoer"  # key of our data in a bot utterance's metadata
_INTERNAL = frozenset({"action_listen", "action_session_start", "action_extract_slots", "action_restart"})
# The topics that open a form; a test compares them with the domain's forms.
FORM_TOPICS = frozenset({"request_enable", "request_disable", "file_appeal"})
# What may run before the message itself is looked at; it answers none of its questions.
BEFORE_ALL = frozenset({"action_pass_on", "action_settle", "action_cancel"})


@dataclass(frozen=True)
class Question:
    """One question: its topic, the products it names, and the one product it is about.

    carried: the product comes from the conversation and was not named.
    """

    topic: str
    product: str
    products: tuple[str, ...] = ()
    carried: bool = False
    confidence: float = 1.0


@dataclass(frozen=True)
class Turn:
    """The latest message, understood.

    kind: ``topic`` (questions holds at least one), ``mention`` (things were named, and the conversation gives no
    topic to them), ``close`` (two topics fit: candidates), ``unknown``.
    stated_role: what a visitor says they are; picks a version of an answer and is no identity.
    """

    principal: Principal
    kind: str
    questions: tuple[Question, ...]
    text: str = ""
    candidates: tuple[str, ...] = ()
    named: dict[str, str] = field(default_factory=dict)
    corrections: tuple[tuple[str, str], ...] = ()
    stated_role: str | None = None
    product: str = DEFAULT_PRODUCT
    product_named: bool = False
    answered: int = 0
    reconsidered: bool = False  # the topic is not the one that the words alone gave
    side: str | None = None  # whose version is asked for: 「卖家呢」, whoever asks

    @property
    def audience(self) -> str | None:
        """buyer or seller; None for a visitor who has not said."""
        if self.side:
            return self.side
        return self.stated_role if self.principal.is_visitor else self.principal.role.value


def turn_of(tracker: DialogueStateTracker) -> Turn:
    """Understands the latest user message of the tracker."""
    message = tracker.latest_message
    if message is None or message.parse_data is None:
        raise ValueError("the tracker has no user message; a turn starts with one")
    # Two predictions and a reply ask for the same turn, and nothing but these slots can change within it.
    slots = tracker.get_slot(PRODUCT), tracker.get_slot("stated_role")
    kept = _LATEST.pop(id(message), None)
    if kept is None or kept[0] is not message or kept[1] != slots:
        kept = message, slots, _understood(tracker, message)
    _LATEST[id(message)] = kept
    if len(_LATEST) > _TURNS_AT_ONCE:
        del _LATEST[next(iter(_LATEST))]
    return replace(kept[2], answered=len([name for name in ran(tracker) if name not in BEFORE_ALL]))


_TURNS_AT_ONCE = 64
_LATEST: dict[int, tuple[UserUttered, tuple[Any, Any], Turn]] = {}


def _understood(tracker: DialogueStateTracker, message: UserUttered) -> Turn:
    """The turn, without what has been answered of it."""
    parsed: dict[str, Any] = dict(message.parse_data or {})
    entities: list[dict[str, Any]] = list(parsed.get("entities") or [])
    named = {entity["entity"]: str(entity["value"]) for entity in reversed(entities)}
    earlier = tracker.get_slot(PRODUCT)
    products = tuple(dict.fromkeys(str(entity["value"]) for entity in entities if entity["entity"] == PRODUCT))
    product = products[0] if products else (earlier or DEFAULT_PRODUCT)
    turn = Turn(
        principal=principal_of(tracker.sender_id, tracker.get_latest_input_channel(), message.metadata),
        kind="unknown",
        questions=(),
        text=message.text or "",
        named=named,
        corrections=tuple((typed, name) for typed, name in parsed.get(CORRECTIONS) or ()),
        stated_role=tracker.get_slot("stated_role"),
        product=product,
        product_named=bool(products),
    )
    intent = (parsed.get("intent") or {}).get("name")
    if intent is None:
        return turn
    if intent == MENTION:
        return _mentioned(turn, tracker, products)
    weighed = _weighed(turn, tracker, parsed, earlier)
    if weighed is not None:
        return weighed
    if intent == DEFAULT_NLU_FALLBACK_INTENT_NAME:
        decision = parsed.get(DECISION) or {}
        return replace(turn, kind=decision.get("kind", "unknown"), candidates=tuple(decision.get("candidates") or ()))
    # A button's payload (/topic{...}) has an intent and entities, but nothing that was classified.
    found = parsed.get(QUESTIONS) or [
        {"topic": intent, "confidence": 1.0, "products": products_in(entities, 0, len(turn.text) + 1) or list(products)}
    ]
    return replace(turn, kind="topic", questions=_about(found, product, named_before=bool(earlier)))


def _weighed(turn: Turn, tracker: DialogueStateTracker, parsed: dict[str, Any], earlier: str | None) -> Turn | None:
    """The turn as role and conversation decide it; None where they do not change what the words say."""
    found, decision = parsed.get(QUESTIONS) or [], parsed.get(DECISION) or {}
    if len(found) != 1:
        return None
    knowledge = _knowledge(settings.get("XIAOER_KNOWLEDGE"))
    said = next(iter(turn_before(tracker)[1]), {})
    open_to_context = not turn.product_named and bool(said.get("carry") or said.get("topic"))
    verdict = reconsider(
        [(str(each["name"]), float(each["confidence"])) for each in parsed.get("intent_ranking") or ()],
        knowledge,
        role=turn.audience,
        product=turn.product,
        follows=follows(knowledge, said) if open_to_context else frozenset(),
        goes_on=open_to_context and not turn.named and len(tidy(turn.text)) <= HALF_A_SENTENCE,
    )
    kind, candidates = decision.get("kind"), tuple(decision.get("candidates") or ())
    if (verdict.kind, verdict.candidates) == (kind, candidates):
        return None
    if verdict.kind in ("accept", "outside"):
        part = {**found[0], "topic": verdict.candidates[0], "confidence": verdict.confidence}
        questions = _about([part], turn.product, named_before=bool(earlier))
        return replace(turn, kind="topic", questions=questions, reconsidered=True)
    return replace(turn, kind=verdict.kind, candidates=verdict.candidates, reconsidered=True)


@lru_cache(maxsize=1)
def _knowledge(root: str) -> Knowledge:
    """Products and topics alone are read from it here; answers read the articles anew when they change."""
    return load(root)


def _about(found: list[dict[str, Any]], product: str, *, named_before: bool) -> tuple[Question, ...]:
    """Questions with their products: one that names none is about the one before it in the message."""
    result: list[Question] = []
    current, in_message = product, False
    for part in found:
        products = tuple(part["products"])
        if products:
            current, in_message = products[0], True
        result.append(Question(part["topic"], current, products, not in_message and named_before, part["confidence"]))
    # A form asks something back, so what else was asked is answered before it.
    return tuple(sorted(result, key=lambda question: question.topic in FORM_TOPICS))


def _mentioned(turn: Turn, tracker: DialogueStateTracker, products: tuple[str, ...]) -> Turn:
    """「退货宝呢」 after a question asks the same of 退货宝; without one it asks nothing yet."""
    if "platform" in turn.named:
        return replace(turn, kind="topic", questions=(Question("other_platform", turn.product),))
    if "other_insurance" in turn.named:
        return replace(turn, kind="topic", questions=(Question("other_insurance", turn.product),))
    topic = last_topic(tracker)
    if "order_number" in turn.named and (topic is None or not _is_task(topic)):
        topic = "check_policy"
    if topic is None:
        return replace(turn, kind="mention")
    # 「卖家呢」 asks for the other side's version; of an asker's own rows there is none.
    side = None if _is_task(topic) else turn.named.get("audience")
    return replace(turn, kind="topic", questions=(Question(topic, turn.product, products),), side=side)


def _is_task(topic: str) -> bool:
    return topic.startswith(("check_", "list_", "estimate_", "explain_", "file_", "request_", "shop_"))


def last_topic(tracker: DialogueStateTracker) -> str | None:
    """The topic of the last reply before the latest message that was about a topic."""
    seen_latest = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered) and not seen_latest:
            seen_latest = True
        elif seen_latest and isinstance(event, BotUttered):
            said = event.metadata.get(META) or {}
            topic = str(said.get("topic") or "")
            if said.get("carry") or _is_task(topic):
                return str(said.get("carry") or topic)
    return None


def ran(tracker: DialogueStateTracker) -> list[str]:
    """The actions that have run since the latest message, in order."""
    names: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name and event.action_name not in _INTERNAL:
            names.append(event.action_name)
    return names[::-1]


def turn_before(tracker: DialogueStateTracker) -> tuple[str | None, list[Mapping[str, Any]]]:
    """The message before the latest, and the data of the replies to it, the last first; None when there is none."""
    said: list[Mapping[str, Any]] = []
    seen_latest = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            if seen_latest:
                return event.text or "", said
            seen_latest = True
        elif seen_latest and isinstance(event, BotUttered):
            said.append(event.metadata.get(META) or {})
    return None, []


def spoke(tracker: DialogueStateTracker) -> bool:
    """Whether the assistant has said anything since the latest message."""
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, BotUttered):
            return True
    return False
