"""What the channel needs of Rasa: handle a message, read a conversation, say whether it can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Sanic

from bot.channel.guard.problems import Problem

# From all events of a conversation and its tracker to the events to be added.
Choose = Callable[[Sequence[Event], DialogueStateTracker], Sequence[Event]]


class Backend:
    """The agent behind the Sanic app, which Rasa puts there when the server starts."""

    def __init__(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> None:
        self._on_new_message = on_new_message
        self._app: Sanic | None = None

    def attach(self, app: Sanic) -> None:
        self._app = app

    @property
    def agent(self) -> Any:
        """Rasa's agent, or None before it is loaded."""
        return getattr(self._app.ctx, "agent", None) if self._app is not None else None

    async def handle(self, message: UserMessage) -> None:
        """One message through Rasa. Raises Problem unavailable while there is no model; without that, silence."""
        agent = self.agent
        if agent is None or not agent.is_ready():
            raise Problem("unavailable")
        await self._on_new_message(message)

    async def events(self, conversation: str) -> Sequence[Event]:
        """Everything that was said, over all sessions. Raises Problem unavailable."""
        agent = self.agent
        if agent is None or agent.tracker_store is None:
            raise Problem("unavailable")
        tracker = await agent.tracker_store.retrieve_full_tracker(conversation)
        return list(tracker.events) if tracker is not None else []

    async def add(self, conversation: str, choose: Choose, *, create: bool) -> Sequence[Event] | None:
        """Adds the events that `choose` picks to the conversation, between two turns of whichever server.

        create: make the conversation if there is none. Returns the events added; None when they are not there to stay.
        Raises Problem unavailable.
        """
        agent = self.agent
        if agent is None or not agent.is_ready():
            raise Problem("unavailable")
        async with agent.lock_store.lock(conversation):
            tracker = await agent.tracker_store.retrieve(conversation)
            if tracker is None and create:
                tracker = await agent.processor.fetch_tracker_with_initial_session(conversation)
            if tracker is None:
                return None
            added = choose(await self.events(conversation), tracker)
            for event in added:
                tracker.update(event, agent.domain)
            if added:
                await agent.tracker_store.save(tracker)
            # Rasa's store falls back to memory when the real one fails, and says so in the log only.
            stored = await self.events(conversation)
        return added if all(event in stored for event in added) else None
