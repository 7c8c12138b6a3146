"""Is the assistant ready? Model, policy database and action server, each asked with a time limit; and if one is not, why.

The answer has the part's name and the kind of its error, and nothing that an address or a password could be in. What
the error says is in the log, once a minute at most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any

import aiohttp
from sqlalchemy import text

from actions.policydb import session
from xiaoer import threads
from xiaoer.errors import NotReady
from xiaoer.sql import is_missing

logger = logging.getLogger(__name__)

SECONDS = 2.0
LOG_EVERY = 60.0  # seconds between two log lines about one part
_pool = threads.pool("health", 2)


class Health:
    """Asks the parts."""

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}  # when the log was told last, by part

    async def look(self, agent: Any) -> dict[str, Any]:
        """What /ready says: status, each part and whether it answers, and of those that do not the kind of error.

        agent: Rasa's, or None while there is none.
        """
        parts = {"model": _model(agent), "database": _database(), "actions": _actions(agent)}
        errors = dict(zip(parts, await asyncio.gather(*map(_error_of, parts.values())), strict=True))
        failing = {part: error for part, error in errors.items() if error is not None}
        for part, error in failing.items():
            self._tell(part, error)
        answer: dict[str, Any] = {"status": "unavailable" if failing else "ok"}
        answer.update((part, part not in failing) for part in parts)
        if failing:
            answer["errors"] = {part: type(error).__name__ for part, error in failing.items()}
        return answer

    def _tell(self, part: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._logged.get(part, -LOG_EVERY) >= LOG_EVERY:
            self._logged[part] = now
            said = " ".join(str(error).split()) or f"no answer within {SECONDS:g} s"
            logger.warning("not ready: %s: %s: %s", part, type(error).__name__, said)


async def _error_of(question: Awaitable[None]) -> Exception | None:
    try:
        await question
    except Exception as error:  # whatever is wrong, the part is not ready
        return error
    return None


async def _model(agent: Any) -> None:
    if agent is None or not agent.is_ready():
        raise NotReady("the model is not loaded")


async def _actions(agent: Any) -> None:
    """The action server's own health check, at the address of endpoints.yml."""
    endpoint = getattr(getattr(agent, "processor", None), "action_endpoint", None) or getattr(
        agent, "action_endpoint", None
    )
    if endpoint is None or not endpoint.url:
        return  # without an action server there is nothing that could be down
    url = endpoint.url.rsplit("/", 1)[0] + "/health"
    limit = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=limit) as client, client.get(url) as answer:
        answer.raise_for_status()


async def _database() -> None:
    await threads.in_time(_pool, SECONDS, _select)


def _select() -> None:
    """One row of the policy database."""
    if is_missing(session.url()):
        raise FileNotFoundError(f"{session.address()} is not there")
    with session.engine(timeout=SECONDS).connect() as connection:
        connection.execution_options(unlogged=True).execute(text("SELECT 1 FROM account LIMIT 1"))
