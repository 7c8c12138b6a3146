"""What staff say in a ticket reaches the conversation: the tracker, so that history has it, and every open tab.

One task a server asks the policy database once a second. A message is in the tracker first (with its id, so that it is
there once, whatever breaks in between), then told, then marked as delivered. Of several servers the one that has the
conversation's tabs delivers; where nobody is connected, whichever comes first.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from rasa.shared.core.events import BotUttered, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import inspect

from bot.channel.exchange import Parts
from bot.channel.guard.problems import Problem
from bot.channel.memory.outputs import wire
from xiaoer import settings, threads
from xiaoer.clock import now
from xiaoer.errors import error_number
from xiaoer.reply import META
from xiaoer.sql import is_missing

if TYPE_CHECKING:
    from actions.policydb.queries.queue import Undelivered

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks
ELSEWHERE = 5.0  # seconds for a server that has the tabs, before one that has not delivers
NO_TABLE = 60.0  # seconds before looking again for tables that are not there
SLOT = "ticket"

T = TypeVar("T")


class Delivery:
    """Delivers while the server runs, from `start` to `stop`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._task: asyncio.Task[None] | None = None
        self._pool = threads.pool("tickets", 1)
        self._has_tickets = False
        self._first_seen: dict[int, float] = {}  # by id of the message
        self._left: dict[int, float] = {}  # messages whose conversation was not there, and when it was looked for
        self._busy: set[str] = set()  # conversations in which something is being delivered
        self._running: set[asyncio.Task[None]] = set()
        self._failing: set[str] = set()

    async def start(self, *_: Any) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, *_: Any) -> None:
        tasks = [task for task in (self._task, *self._running) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pool.shutdown(wait=False)

    async def _run(self) -> None:
        pause = EVERY
        while True:
            try:
                pause = EVERY if await self._look() else NO_TABLE
                self._recovered("asked for")
            except Exception as error:
                pause = EVERY
                self._failed("asked for", error)
            await asyncio.sleep(pause)

    async def _look(self) -> bool:
        """Starts what there is to deliver. False: the policy database has no tickets."""
        self._has_tickets = self._has_tickets or await self._in_thread(_has_tickets)
        if not self._has_tickets:
            return False
        messages = await self._in_thread(_undelivered)
        self._forget_all_but({message.id for message in messages})
        for conversation, due in self._due(messages).items():
            self._busy.add(conversation)
            task = asyncio.create_task(self._deliver(conversation, due))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return True

    def _forget_all_but(self, waiting: set[int]) -> None:
        self._left = {message: at for message, at in self._left.items() if message in waiting}
        self._first_seen = {message: at for message, at in self._first_seen.items() if message in waiting}

    def _due(self, messages: Sequence[Undelivered]) -> dict[str, list[Undelivered]]:
        """What this server delivers now, by conversation."""
        due: dict[str, list[Undelivered]] = {}
        for message in messages:
            if message.conversation not in self._busy and self._is_due(message):
                due.setdefault(message.conversation, []).append(message)
        return due

    def _is_due(self, message: Undelivered) -> bool:
        now = time.monotonic()
        seen = self._first_seen.setdefault(message.id, now)
        looked = self._left.get(message.id)
        if self._parts.audience.listeners(message.conversation):
            return looked is None or now - looked >= ELSEWHERE
        # Asked from a command line, say: it waits for somebody to connect, and is not looked for again.
        return looked is None and now - seen >= ELSEWHERE

    async def _deliver(self, conversation: str, messages: list[Undelivered]) -> None:
        ids = [message.id for message in messages]
        try:
            if await self._added(conversation, messages):
                await self._in_thread(partial(_mark, ids))
            else:
                self._left.update(dict.fromkeys(ids, time.monotonic()))
            self._recovered("delivered")
        except Problem:
            pass  # the model is still being loaded
        except Exception as error:
            self._failed("delivered", error)
        finally:
            self._busy.discard(conversation)

    async def _added(self, name: str, messages: Sequence[Undelivered]) -> bool:
        """Puts what was said into the tracker, and tells the tabs of this server.

        False: it is not there to stay (there is no such conversation, or it cannot be stored). Raises Problem.
        """
        listened = bool(self._parts.audience.listeners(name))
        added = await self._parts.backend.add(name, partial(_events, messages), create=listened)
        for event in added or ():
            reply = wire(name, event.message(), self._parts.buttons) if isinstance(event, BotUttered) else None
            if reply is not None:
                await self._parts.audience.tell(name, "bot_uttered", reply)
        return added is not None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        limit = settings.seconds("XIAOER_QUERY_TIMEOUT") + EVERY
        return await threads.in_time(self._pool, limit, work)

    def _failed(self, step: str, error: Exception) -> None:
        """Once in the log, not once a second."""
        if step not in self._failing:
            self._failing.add(step)
            why = str(error) or type(error).__name__
            logger.error("%s: what staff said cannot be %s for now: %s", error_number(), step, why)

    def _recovered(self, step: str) -> None:
        if step in self._failing:
            self._failing.discard(step)
            logger.info("what staff said can be %s again", step)


def _events(
    messages: Sequence[Undelivered], earlier: Sequence[Event], tracker: DialogueStateTracker
) -> Sequence[Event]:
    """The utterances that are not there yet, and the slot as the ticket now is."""
    there = {_message_of(event) for event in earlier if isinstance(event, BotUttered)}
    events: list[Event] = [_utterance(message) for message in messages if message.id not in there]
    last = messages[-1]
    current = tracker.slots[SLOT].value if SLOT in tracker.slots else last.ticket
    if last.closed and current == last.ticket:
        events.append(SlotSet(SLOT, None))
    elif not last.closed and current is None:
        events.append(SlotSet(SLOT, last.ticket))
    return events


def _utterance(message: Undelivered) -> BotUttered:
    data = {"outcome": "handoff", "author": message.author.value, "message": message.id}
    return BotUttered(message.text, metadata={META: data}, timestamp=time.time())


def _message_of(event: BotUttered) -> Any:
    return (event.metadata.get(META) or {}).get("message")


# ---------------------------------------------------------------------- in a thread


def _has_tickets() -> bool:
    """Whether the policy database has tickets at all; asked without making an SQLite file that is not there."""
    from actions.policydb import session

    if is_missing(session.url()):
        return False
    with session.engine().connect() as connection:
        return bool(inspect(connection.execution_options(unlogged=True)).has_table("ticket_message"))


def _undelivered() -> tuple[Undelivered, ...]:
    from actions.policydb.queries import queue
    from actions.policydb.session import reading

    with reading() as session:
        return queue.undelivered(session)


def _mark(ids: Sequence[int]) -> None:
    from actions.policydb.session import writing
    from actions.policydb.writes import tickets

    with writing() as session:
        tickets.mark_delivered(session, ids, now())
