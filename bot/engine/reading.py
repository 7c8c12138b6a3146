"""Messages that have come at the same moment are understood together.

What a message is multiplied with (some 20 MB of the model) has to come from memory each time, which takes longer than
to multiply. For a handful of messages it comes once. Nobody waits for company: whoever is there goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from rasa.core.channels.channel import UserMessage

logger = logging.getLogger(__name__)

Parsed = dict[str, Any]
MOST = 16  # together; beyond that little is gained, and the others wait longer


class Reading:
    """Collects messages until the event loop comes round, and has them read at once."""

    def __init__(self, read: Callable[[list[UserMessage]], list[Parsed]]) -> None:
        """read: understands some messages, in their order."""
        self._read = read
        self._waiting: deque[tuple[UserMessage, asyncio.Future[Parsed]]] = deque()

    async def read(self, message: UserMessage) -> Parsed:
        """What is understood of one message. Raises what reading it raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Parsed] = loop.create_future()
        self._waiting.append((message, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._take, loop)
        return await future

    def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        taken = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        if self._waiting:
            loop.call_soon(self._take, loop)
        taken = [(message, future) for message, future in taken if not future.done()]  # a turn may have been given up
        if len(taken) > 1:
            try:
                found = self._read([message for message, _ in taken])
            except Exception as error:
                logger.warning("%d messages could not be read together, now each alone: %s", len(taken), error)
            else:
                for (_, future), parsed in zip(taken, found, strict=True):
                    future.set_result(parsed)
                return
        for message, future in taken:
            try:
                future.set_result(self._read([message])[0])
            except Exception as error:
                future.set_exception(error)
