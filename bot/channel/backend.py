"""What the channel needs of Rasa: handle a message, read a conversation, add to it, say whether it can.

Here is the one lock of a conversation taken, Rasa's (`endpoints.yml`: bot/stores/locks.py), for what Rasa's agent would
take it for and for what the channel decides with it: turns go one after the other, on whichever server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LOCK_LIFETIME, LockError
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Sanic

from bot.channel import observe
from bot.channel.guard.problems import Problem
from xiaoer.errors import error_number

logger = logging.getLogger(__name__)

STOPPING = 1.0  # seconds for a turn that was stopped to end
# From all events of a conversation and its tracker to the events to be added.
Choose = Callable[[Sequence[Event], DialogueStateTracker], Sequence[Event]]


class Backend:
    """The agent behind the Sanic app, which Rasa puts there when the server starts."""

    def __init__(self) -> None:
        self._app: Sanic | None = None

    def attach(self, app: Sanic) -> None:
        self._app = app

    @property
    def agent(self) -> Any:
        """Rasa's agent, or None before it is loaded."""
        return getattr(self._app.ctx, "agent", None) if self._app is not None else None

    @asynccontextmanager
    async def held(self, conversation: str, limit: float) -> AsyncIterator[None]:
        """Holds the conversation for a turn of at most `limit` seconds, when what came before it is over.

        Raises Problem unavailable: there is no model, or the lock cannot be had.
        """
        agent = self._ready()
        async with AsyncExitStack() as held:
            try:
                with observe.stage("wait"):
                    # Nobody passes over a turn that may still go on.
                    lifetime = max(float(LOCK_LIFETIME), limit + 2 * STOPPING)
                    await held.enter_async_context(agent.lock_store.lock(conversation, lifetime))
            except LockError as error:
                logger.error("%s: %s", error_number(), error)
                raise Problem("unavailable") from None
            yield

    async def handle(self, message: UserMessage, limit: float) -> None:
        """One message through Rasa, in a conversation that is held.

        limit: seconds that it may take. Raises Problem unavailable (without that, silence), turn_timeout.
        """
        with observe.stage("answer"):
            await _within(limit, self._ready().processor.handle_message(message))

    async def recent(self, conversation: str) -> Sequence[Event]:
        """What the store hands out for a turn: the end of the conversation. Raises Problem unavailable."""
        tracker = await self._ready().tracker_store.retrieve(conversation)
        return list(tracker.events) if tracker is not None else []

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
        agent = self._ready()
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

    def _ready(self) -> Any:
        agent = self.agent
        if agent is None or not agent.is_ready():
            raise Problem("unavailable")
        return agent


async def _within(limit: float, work: Coroutine[Any, Any, Any]) -> None:
    """The work, stopped after so many seconds; what it has not saved is not kept. Raises Problem turn_timeout then."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=limit)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=STOPPING)
        if not task.done() or task.cancelled():
            logger.warning("a turn took longer than %g s and was stopped", limit)
            raise Problem("turn_timeout")
    task.result()
