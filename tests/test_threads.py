"""Blocking work has a time limit and a bounded pool, and its log lines their turn."""

from __future__ import annotations

import asyncio
import time
from threading import Event, current_thread

import pytest

from xiaoer import threads
from xiaoer.errors import TooSlow
from xiaoer.log import current_turn


async def test_the_result_comes_from_a_thread_of_the_pool() -> None:
    pool = threads.pool("mill", 1)

    def work(first: int, *, second: int) -> tuple[int, str, str]:
        return first + second, current_thread().name, current_turn.get()

    token = current_turn.set("t-1")
    try:
        total, thread, turn = await threads.in_time(pool, 1.0, work, 1, second=2)
    finally:
        current_turn.reset(token)
    assert (total, turn) == (3, "t-1")
    assert thread.startswith("mill")
    assert (await threads.in_time(pool, 1.0, work, 1, second=2))[2] == "", "nothing is left of the turn"


async def test_what_it_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await threads.in_time(threads.pool("mill", 1), 1.0, lambda: 1 / 0)


async def test_it_is_given_up_in_time_and_what_waits_behind_it_never_begins() -> None:
    pool, go, begun = threads.pool("mill", 1), Event(), []
    started = time.monotonic()
    slow = asyncio.ensure_future(threads.in_time(pool, 0.2, go.wait, 5.0))
    await asyncio.sleep(0)
    behind = asyncio.ensure_future(threads.in_time(pool, 0.2, begun.append, 1))
    for work in (slow, behind):
        with pytest.raises(TooSlow, match=r"no answer within 0\.2 s"):
            await work
    assert time.monotonic() - started < 2.0
    go.set()
    await threads.in_time(pool, 1.0, begun.append, 2)
    assert begun == [2]


async def test_pools_do_not_wait_for_each_other() -> None:
    go, full = Event(), threads.pool("full", 2)
    waiting = [asyncio.ensure_future(threads.in_time(full, 5.0, go.wait, 5.0)) for _ in range(4)]
    assert await threads.in_time(threads.pool("free", 1), 1.0, lambda: 7) == 7
    go.set()
    assert await asyncio.gather(*waiting) == [True] * 4
