"""Blocking work in a thread, for as long as its caller can wait.

Each kind of work has a bounded pool of its own: a database that hangs fills its threads and nobody else's, and whoever
comes then is told when their time is up, waiting included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from xiaoer.errors import TooSlow

P = ParamSpec("P")
T = TypeVar("T")


def pool(name: str, most: int) -> ThreadPoolExecutor:
    """So many threads at most, made when they are needed; their names begin with `name`."""
    return ThreadPoolExecutor(max_workers=most, thread_name_prefix=name)


async def in_time(
    threads: ThreadPoolExecutor, limit: float, work: Callable[P, T], *arguments: P.args, **named: P.kwargs
) -> T:
    """What the work returns. Its log lines carry the id of the turn.

    limit: seconds. Raises TooSlow when they are over: work that has begun goes on in its thread, unheard; what has not
    begun never does.
    """
    call = partial(copy_context().run, work, *arguments, **named)
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(threads, call), limit)
    except asyncio.TimeoutError:
        raise TooSlow(f"no answer within {limit:g} s") from None
