"""The exchange without a wire, for tests that look at what a message costs or at two servers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from rasa.core.channels.channel import UserMessage

from bot.channel.backend import Backend
from bot.channel.exchange import Exchange, Parts, Record
from bot.channel.guard import keys
from bot.channel.guard.identity import Identity, Speaker
from bot.channel.guard.limits import Allowed, Limits
from bot.channel.memory.buttons import Buttons
from bot.channel.memory.conversations import Conversations
from bot.channel.memory.incoming import Incoming, Opinion, Sender
from bot.staff.unanswered.feedback import FeedbackStore
from bot.staff.unanswered.store import UnansweredStore
from tests.channel.conftest import token
from tests.channel.server import Agent

ALLOWED = Allowed(length=2000, body=65536, asker=30, address=300, connections=50, turn=60.0)
HOME = Sender("198.51.100.7")


class Deaf:
    """Nobody is connected."""

    def listeners(self, conversation: str) -> set[str]:
        return set()

    async def tell(self, conversation: str, event: str, data: Any, *, but: str | None = None) -> None:
        pass

    async def tell_one(self, connection: str, event: str, data: Any) -> None:
        pass


class Slow(Agent):
    """``等`` is not answered before `go` is set; ``存`` is, and stored, and the turn is not over before."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def handle_message(self, message: UserMessage) -> None:
        if message.text == "等":
            await self.go.wait()
        await super().handle_message(message)
        if message.text == "存":
            await self.go.wait()


class Room:
    """An exchange without a wire, and what was read of its store; `Room(agent=other.agent)` is the same after a restart."""

    def __init__(self, allowed: Allowed = ALLOWED, *, agent: Any = None, **others: Any) -> None:
        """others: parts of another kind than usual."""
        self.agent = agent or Slow()
        backend = Backend()
        backend.attach(SimpleNamespace(ctx=SimpleNamespace(agent=self.agent)))  # type: ignore[arg-type]
        loaded = keys.load()
        self.identity = Identity(loaded)
        parts: dict[str, Any] = {
            "audience": Deaf(),
            "limits": Limits(allowed),
            "buttons": Buttons(loaded),
            "conversations": Conversations(),
            "feedback": FeedbackStore(),
            "unanswered": UnansweredStore(),
        }
        self.parts = Parts(backend, **{**parts, **others})
        self.exchange, self.record = Exchange(self.parts), Record(self.parts)

    @property
    def reads(self) -> int:
        return int(self.agent.tracker_store.reads)

    @property
    def texts(self) -> list[str]:
        """What Rasa got."""
        return [str(message.text) for message in self.agent.messages]

    def account(self, name: str) -> Speaker:
        return self.identity.speaker(token(name))

    async def say(self, speaker: Speaker, text: str, *, id: str = "", sender: Sender = HOME) -> Any:
        data = {"message": text, **({"id": id} if id else {})}
        return await self.exchange.receive(speaker, Incoming.read(data), sender)

    async def press(self, speaker: Speaker, button: str, *, id: str = "", sender: Sender = HOME) -> Any:
        data = {"button": button, **({"id": id} if id else {})}
        return await self.exchange.receive(speaker, Incoming.read(data, button_key="button"), sender)

    async def judge(self, speaker: Speaker, **opinion: Any) -> None:
        await self.record.judge(speaker, Opinion.read(opinion))
