"""Is the assistant ready? Model, policy database and action server, each asked with a time limit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import create_engine, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.pool import NullPool

from xiaoer import settings

SECONDS = 2.0


async def readiness(agent: Any) -> dict[str, bool]:
    """Each part and whether it answers. agent: Rasa's agent, or None while there is none."""
    database, actions = await asyncio.gather(_in_time(_database()), _in_time(_actions(agent)))
    return {"model": agent is not None and bool(agent.is_ready()), "database": database, "actions": actions}


async def _in_time(question: Any) -> bool:
    try:
        await asyncio.wait_for(question, SECONDS)
        return True
    except Exception:  # whatever is wrong, the part is not ready
        return False


async def _actions(agent: Any) -> None:
    """The action server's own health check, at the address of endpoints.yml."""
    endpoint = getattr(getattr(agent, "processor", None), "action_endpoint", None) or getattr(
        agent, "action_endpoint", None
    )
    if endpoint is None or not endpoint.url:
        return  # without an action server there is nothing that could be down
    url = endpoint.url.rsplit("/", 1)[0] + "/health"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        answer.raise_for_status()


async def _database() -> None:
    await asyncio.get_running_loop().run_in_executor(None, _select)


def _select() -> None:
    """One row of the policy database. (`bot` does not import `actions`, so this asks by itself.)"""
    url = make_url(settings.get("POLICY_DATABASE_URL"))
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise FileNotFoundError(url.database)  # SQLite would make an empty one
    limit = {"timeout": SECONDS} if url.get_backend_name() == "sqlite" else {"connect_timeout": int(SECONDS)}
    engine = create_engine(url, poolclass=NullPool, future=True, connect_args=limit)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM account LIMIT 1"))
