"""The assistant in one process, without any server: what `xiaoer ask` and the conversation tests talk to.

Actions run through rasa_sdk's own executor, called directly instead of over HTTP. (Of `bot`, only the command and
this harness of its reach into `actions`.)
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.answers.generator import Answers
from bot.engine.agent import Agent
from bot.understanding.spacy_zh import PRODUCT
from xiaoer.plain import as_text
from xiaoer.principal import Principal
from xiaoer.reply import data_of

CHANNEL = "ask"


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
    """One question and what came back, with the data of each reply."""

    text: str
    as_: str
    replies: tuple[dict[str, Any], ...]  # {"text", "buttons", **the reply's data}
    confidence: float
    ms: float
    product: str | None = None  # the product that the message names

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
            "article": first.get("article"),
            "sources": list(sources),
            "reply": self.reply,
            "buttons": [button for reply in self.replies for button in reply["buttons"]],
            "ms": round(self.ms, 1),
        }

    @property
    def reply(self) -> str:
        return "\n\n".join(reply["text"] for reply in self.replies)


class Assistant:
    """The trained assistant, answering in this process. agent, store: Rasa's, for whoever looks closer."""

    def __init__(self, model: Path | str) -> None:
        """Raises rasa's ModelNotFound when there is no model at the path."""
        self.store = InMemoryTrackerStore(Domain.empty())
        self.agent = Agent(generator=Answers(), tracker_store=self.store, action_endpoint=InProcessActions())
        self.agent.load_model(model)

    async def say(self, text: str, principal: Principal, conversation: str | None = None) -> Exchange:
        """One message of a conversation (a fresh one where none is named), with all that was replied."""
        fresh = conversation is None
        conversation = conversation or uuid.uuid4().hex
        message = UserMessage(
            # Text that begins with / is text here, as it is on the web; buttons are pressed with `press`.
            text=as_text(text),
            output_channel=CollectingOutputChannel(),
            sender_id=conversation,
            input_channel=CHANNEL,
            metadata={"principal": principal.as_dict()},
        )
        return await self._handle(message, text, principal, fresh)

    async def press(self, payload: str, principal: Principal, conversation: str) -> Exchange:
        """A button that the assistant offered in this conversation."""
        message = UserMessage(
            text=payload,
            output_channel=CollectingOutputChannel(),
            sender_id=conversation,
            input_channel=CHANNEL,
            metadata={"principal": principal.as_dict()},
        )
        return await self._handle(message, payload, principal, fresh=False)

    async def tracker(self, conversation: str) -> DialogueStateTracker:
        return await self.store.get_or_create_tracker(conversation)

    async def _handle(self, message: UserMessage, text: str, principal: Principal, fresh: bool) -> Exchange:
        started = time.perf_counter()
        await self.agent.handle_message(message)
        ms = (time.perf_counter() - started) * 1000
        tracker = await self.tracker(message.sender_id)
        said: list[BotUttered] = []
        confidence, product = 0.0, None
        for event in reversed(tracker.events):
            if isinstance(event, BotUttered):
                said.append(event)
            elif isinstance(event, UserUttered):
                confidence = float(event.intent.get("confidence") or 0.0)
                product = next((entity["value"] for entity in event.entities if entity["entity"] == PRODUCT), None)
                break
        if fresh:  # a file of questions must not fill the memory
            self.store.store.pop(message.sender_id, None)
        replies = tuple(
            {**data_of(event.metadata), "text": event.text or "", "buttons": event.data.get("buttons") or []}
            for event in reversed(said)
        )
        return Exchange(text, str(principal), replies, confidence, ms, product)
