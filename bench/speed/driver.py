"""Drives one server over its Socket.IO wire: `python -m bench.speed.driver PLAN RESULT`, a process of its own.

PLAN is a JSON file:
    url        of the server, on this machine
    users      a list of users, each a list of conversations {"auth", "metadata", "turns": [[kind, text], ...]}
    seconds    no turn is begun after these; the whole run is given up half a minute later
    pairs      true: turns are sent in twos, the second a millisecond after the first
    in_turn    true: users, each of one conversation, come one after the other; all connections are open, and what
               opens a conversation (turns of the kind "" at its head) is said, before the first turn
    pids       processes (not the driver's) whose CPU is read at the first turn and at the last

Users work side by side, each one turn at a time (a closed loop), one conversation after the other, each over a
connection of its own. A turn lasts from the emit of `user_uttered` until the server has acknowledged it, which both
servers do when the turn is over, after all of its `bot_uttered`.

RESULT is a JSON file: {"turns": [[kind, begun, ms, replies, beginning of the first reply], ...] (`begun` in seconds
since the start; of a pair, `ms` of the second counts from its own emit), "seconds", "cpu" (the driver's, in seconds),
"cpus" (of `pids`), "problems": [text, ...]}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import socketio

from bench.speed.servers.processes import cpu_seconds

if not hasattr(aiohttp, "ClientWSTimeout"):
    # python-engineio's client expects aiohttp 3.11, Rasa pins 3.9, where the time-out is a plain number.
    aiohttp.ClientWSTimeout = lambda *, ws_close: ws_close

CONNECT_SECONDS = 20.0
TURN_SECONDS = 30.0
MOST_USERS = 512
MOST_PROBLEMS = 20
SHOWN = 40  # characters of a reply that are kept
GAP = 0.001  # seconds between the two of a pair


class Line:
    """One connection and what comes over it."""

    def __init__(self, url: str, conversation: dict[str, Any]) -> None:
        self._url, self._conversation = url, conversation
        self._sio = socketio.AsyncClient(reconnection=False)
        self._replies: list[str] = []
        self._sio.on("bot_uttered", self._heard)

    def _heard(self, data: Any = None, *_: Any) -> None:
        self._replies.append(str(data.get("text") or "")[:SHOWN] if isinstance(data, dict) else "")

    async def open(self) -> Line:
        await self._sio.connect(
            self._url,
            auth=self._conversation.get("auth"),
            transports=["websocket"],
            wait_timeout=CONNECT_SECONDS,
        )
        return self

    async def say(self, text: str) -> tuple[float, int, str]:
        """Milliseconds until the turn was over, how many replies came, and how the first begins.

        Raises RuntimeError with what the server said when it refused the message, TimeoutError.
        """
        data: dict[str, Any] = {"message": text}
        if self._conversation.get("metadata") is not None:
            data["metadata"] = self._conversation["metadata"]
        before = len(self._replies)
        started = time.perf_counter()
        ack = await self._sio.call("user_uttered", data, timeout=TURN_SECONDS)
        ms = (time.perf_counter() - started) * 1000
        if isinstance(ack, dict) and ack.get("ok") is False:
            raise RuntimeError(f"refused: {ack.get('code')}")
        heard = self._replies[before:]
        return ms, len(heard), heard[0] if heard else ""

    async def close(self) -> None:
        if self._sio.connected:
            await self._sio.disconnect()


class Run:
    """One plan being carried out."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self.turns: list[tuple[str, float, float, int, str]] = []
        self.problems: list[str] = []
        self._start = 0.0

    def _now(self) -> float:
        return time.perf_counter() - self._start

    async def all(self) -> dict[str, Any]:
        """The result, as the module describes it."""
        users = self._plan["users"][:MOST_USERS]
        pids = self._plan.get("pids") or []
        # One by one: a burst of connections is not what is measured.
        lines = [await Line(self._plan["url"], user[0]).open() for user in users]
        if self._plan.get("in_turn"):
            users = [await self._opened(user, line) for user, line in zip(users, lines, strict=True)]
        before, cpu = [cpu_seconds(pid) for pid in pids], time.process_time()
        self._start = time.perf_counter()
        limit = self._plan["seconds"] + TURN_SECONDS
        work = [self._user(user, line) for user, line in zip(users, lines, strict=True)]
        if self._plan.get("in_turn"):
            work = [self._one_after_the_other(work)]
        done, late = await asyncio.wait([asyncio.ensure_future(each) for each in work], timeout=limit)
        seconds = self._now()
        for task in late:
            task.cancel()
            self._problem("a user was still waiting when the time was over")
        for task in done:
            task.result()
        return {
            "turns": self.turns,
            "seconds": seconds,
            "cpu": time.process_time() - cpu,
            "cpus": [cpu_seconds(pid) - earlier for pid, earlier in zip(pids, before, strict=True)],
            "problems": self.problems,
        }

    async def _opened(self, user: list[dict[str, Any]], line: Line) -> list[dict[str, Any]]:
        """The user's conversation without its opening, which is said here and is not in the result."""
        [conversation] = user
        turns = list(conversation["turns"])
        while turns and not turns[0][0]:
            await line.say(turns.pop(0)[1])
        return [{**conversation, "turns": turns}]

    @staticmethod
    async def _one_after_the_other(work: Iterable[Coroutine[Any, Any, None]]) -> None:
        for each in work:
            await each

    async def _user(self, conversations: list[dict[str, Any]], line: Line) -> None:
        for place, conversation in enumerate(conversations):
            try:
                if place:
                    line = await Line(self._plan["url"], conversation).open()
                await self._talk(line, conversation["turns"])
            except Exception as error:  # the other users go on; what happened is in the result
                self._problem(f"{type(error).__name__}: {error}")
            finally:
                await line.close()
            if self._now() > self._plan["seconds"]:
                return

    async def _talk(self, line: Line, turns: list[list[str]]) -> None:
        size = 2 if self._plan.get("pairs") else 1
        for at in range(0, len(turns), size):
            pair = (self._turn(line, turn, GAP * place) for place, turn in enumerate(turns[at : at + size]))
            if not all(await asyncio.gather(*pair)):
                return

    async def _turn(self, line: Line, turn: list[str], delay: float) -> bool:
        """Whether it was begun: what decides is the time that the result gives as its beginning."""
        if delay:
            await asyncio.sleep(delay)
        kind, text = turn
        begun = self._now()
        if begun > self._plan["seconds"]:
            return False
        self.turns.append((kind, begun, *await line.say(text)))
        return True

    def _problem(self, text: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(text)


def main() -> None:
    plan_file, result_file = map(Path, sys.argv[1:3])
    plan = json.loads(plan_file.read_text(encoding="utf-8"))
    if urlsplit(plan["url"]).hostname != "127.0.0.1":
        raise SystemExit(f"expected a server on 127.0.0.1, got {plan['url']}")
    result = asyncio.run(Run(plan).all())
    result_file.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
