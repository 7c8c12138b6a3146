"""The assistant in one process, without any server: what `xiaoer ask` and the conversation tests talk to.

Actions run through rasa_sdk's own executor, called directly instead of over HTTP. (Of `bot`, only the command and
this harness of its reach into `actions`.)
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.answers.generator import Answers
from bot.command.spans import as_typed
from bot.engine.agent import Agent
from bot.stores.memory import MemoryBook
from bot.stores.trackers import WindowedTrackerStore
from bot.understanding.spacy_zh import PRODUCT
from xiaoer import settings
from xiaoer.plain import as_text
from xiaoer.principal import Principal
from xiaoer.reply import data_of

CHANNEL = "ask"
THING = ("kind", "number", "evidence", "certain")


class InProcessActions(EndpointConfig):
    """An action endpoint that calls the actions of a package directly."""

    def __init__(self, package: str = "actions") -> None:
        super().__init__(url="http://in-process/webhook")
        self._executor = ActionExecutor()
        self._executor.register_package(package)

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the action that Rasa's request body names; the reply has the shape of the action server's."""
        return await self._executor.run(kwargs["json"])


@dataclass(frozen=True)
class Exchange:
    """One question and what came back, with the data of each reply.

    replies: {"text", "buttons", **the reply's data}; product: what the message names; asked_for: the slot that the open
    form waits for after the turn; entities: what the message names, with its place in `text`; conversation: as the
    asker calls it.
    """

    text: str
    as_: str
    replies: tuple[dict[str, Any], ...]
    confidence: float
    ms: float
    product: str | None = None
    asked_for: str | None = None
    entities: tuple[dict[str, Any], ...] = ()
    conversation: str | None = None

    def record(self) -> dict[str, Any]:
        """The object that `ask --json` prints; see docs/design.md, the command."""
        first: dict[str, Any] = self.replies[0] if self.replies else {"outcome": "error"}
        topics = [reply["topic"] for reply in self.replies if reply.get("topic")]
        sources = dict.fromkeys(source for reply in self.replies for source in reply.get("sources") or ())
        return {
            "text": self.text,
            "as": self.as_,
            "topic": first.get("topic"),
            "topics": topics,
            "product": first.get("product") or self.product,
            "confidence": round(self.confidence, 4),
            "outcome": first.get("outcome", "error"),
            "article": self._first("article"),
            "answer": self._first("answer"),
            "answers": list(
                dict.fromkeys(
                    each for reply in self.replies for each in (reply.get("answer"), reply.get("beside")) if each
                )
            ),
            "lead": self._first("lead"),
            "readings": [each for reply in self.replies for each in reply.get("readings") or ()],
            "sources": list(sources),
            "reply": self.reply,
            "buttons": [button for reply in self.replies for button in reply["buttons"]],
            "ms": round(self.ms, 1),
            "conversation": self.conversation,
            "things": self.things(),
            "point": self._first("point"),
            "wrote": self._first("receipt"),
            "asked_for": self.asked_for,
            "entities": list(self.entities),
        }

    @property
    def reply(self) -> str:
        return "\n\n".join(reply["text"] for reply in self.replies)

    def things(self) -> list[dict[str, Any]]:
        """What the replies say that they are about, each thing once: {kind, number, evidence, certain}."""
        said = [thing for reply in self.replies for thing in reply.get("things") or () if isinstance(thing, Mapping)]
        found: dict[Any, Mapping[str, Any]] = {}
        for thing in said:
            found.setdefault((thing.get("kind"), thing.get("number")), thing)
        return [{name: thing.get(name) for name in THING} for thing in found.values()]

    def _first(self, name: str) -> Any:
        """What the first reply that says it says of itself; None where none does."""
        return next((reply[name] for reply in self.replies if reply.get(name)), None)


class Assistant:
    """The trained assistant, answering in this process. agent, store: Rasa's, for whoever looks closer.

    It remembers conversations as the server does in memory: the XIAOER_CONVERSATIONS_KEPT heard of last, the end of each.
    """

    def __init__(self, model: Path | str) -> None:
        """Raises rasa's ModelNotFound when there is no model at the path, SettingError."""
        self._book = MemoryBook(settings.whole("XIAOER_CONVERSATIONS_KEPT"), ())
        self.store = WindowedTrackerStore(Domain.empty(), book=self._book)
        self.agent = Agent(generator=Answers(), tracker_store=self.store, action_endpoint=InProcessActions())
        self.agent.load_model(model)

    async def say(self, text: str, principal: Principal, conversation: str | None = None) -> Exchange:
        """One message of a conversation (a fresh one where none is named), with all that was replied."""
        # Text that begins with / is text here, as it is on the web; buttons are pressed with `press`.
        return await self._handle(as_text(text), text, principal, conversation)

    async def press(self, payload: str, principal: Principal, conversation: str | None = None) -> Exchange:
        """A button that the assistant offered in this conversation (a fresh one where none is named)."""
        return await self._handle(payload, payload, principal, conversation)

    async def tracker(self, conversation: str) -> DialogueStateTracker:
        return await self.store.get_or_create_tracker(conversation)

    def forget(self, conversation: str) -> None:
        """Nothing is remembered of the conversation any more."""
        self._book.forget(conversation)

    async def _handle(self, sent: str, text: str, principal: Principal, conversation: str | None) -> Exchange:
        sender = conversation or uuid.uuid4().hex
        message = UserMessage(
            text=sent,
            output_channel=CollectingOutputChannel(),
            sender_id=sender,
            input_channel=CHANNEL,
            metadata={"principal": principal.as_dict()},
        )
        started = time.perf_counter()
        await self.agent.handle_message(message)
        ms = (time.perf_counter() - started) * 1000
        tracker = await self.tracker(sender)
        if conversation is None:  # a file of questions must not fill the memory
            self.forget(sender)
        return _exchange(tracker, text, principal, ms)


def _exchange(tracker: DialogueStateTracker, text: str, principal: Principal, ms: float) -> Exchange:
    """The last turn of a conversation."""
    said: list[BotUttered] = []
    asked: UserUttered | None = None
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered):
            said.append(event)
        elif isinstance(event, UserUttered):
            asked = event
            break
    replies = tuple(
        {**data_of(event.metadata), "text": event.text or "", "buttons": event.data.get("buttons") or []}
        for event in reversed(said)
    )
    entities = list(asked.entities) if asked else []
    return Exchange(
        text,
        str(principal),
        replies,
        float(asked.intent.get("confidence") or 0.0) if asked else 0.0,
        ms,
        next((entity["value"] for entity in entities if entity["entity"] == PRODUCT), None),
        tracker.get_slot(REQUESTED_SLOT) if tracker.active_loop_name else None,
        _entities(text, asked),
    )


def _entities(text: str, asked: UserUttered | None) -> tuple[dict[str, Any], ...]:
    """What a message names: {entity, value, start, end}, text[start:end] as typed. A button's payload names nothing."""
    if asked is None or not asked.entities or (asked.text or "").startswith("/"):
        return ()
    plain = str((asked.parse_data or {}).get("text") or text)
    places = as_typed(text, plain, [(entity["start"], entity["end"]) for entity in asked.entities])
    return tuple(
        {"entity": entity["entity"], "value": entity["value"], "start": start, "end": end}
        for entity, (start, end) in zip(asked.entities, places, strict=True)
    )
