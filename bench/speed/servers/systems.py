"""The systems under measurement, each as it is started in earnest: 险小二 (`xiaoer chat`), stock Rasa, and the floor."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

from bench.speed import conversations
from bench.speed.conversations import Conversation
from bench.speed.servers import processes, stock
from bench.speed.servers.checkout import HERE, Checkout
from bench.speed.servers.processes import Running
from bot.command.serve import environment
from bot.engine.training.models import needs_training
from xiaoer.settings import ROOT

MANY = "1000000"
DRIVER_SECONDS = 120.0  # beyond what a plan may take by itself


@dataclass
class Bench:
    """What the phases share. folder: for everything temporary; key: signs the bench accounts' tokens."""

    folder: Path
    database: str
    key: str = field(default_factory=lambda: secrets.token_hex(32))
    made: int = 0

    def path(self, name: str) -> Path:
        """A new file of the folder."""
        self.made += 1
        return self.folder / f"{self.made:03d}-{name}"

    def token(self, conversation: Conversation) -> str:
        claims = {
            "sub": conversation.account,
            "role": conversation.role,
            "aud": "xiaoer",
            "exp": int(time.time()) + 3600,
            **({"order": conversation.order} if conversation.order else {}),
        }
        return jwt.encode(claims, self.key, algorithm="HS256")

    def plan(self, system: str, users: Sequence[Sequence[Conversation]]) -> list[list[dict[str, Any]]]:
        """The users' conversations as the driver sends them to that system."""
        if system == "ours":
            return [[conversations.ours(each, self.token(each)) for each in user] for user in users]
        return [[conversations.stock(each) for each in user] for user in users]


def drive(
    bench: Bench,
    running: Running,
    users: Sequence[Sequence[dict[str, Any]]],
    *,
    seconds: float,
    pairs: bool = False,
    in_turn: bool = False,
) -> dict[str, Any]:
    """Has the driver carry out a plan; its result, with "cpus" by part. Raises RuntimeError with the driver's log."""
    plan, result, log = bench.path("plan.json"), bench.path("result.json"), bench.path("driver.log")
    pids = running.pids()
    how = {"seconds": seconds, "pairs": pairs, "in_turn": in_turn, "pids": [pid for _, pid in pids]}
    data = {"url": running.url, "users": users, **how}
    plan.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "bench.speed.driver", str(plan), str(result)]
    code, *_ = processes.spent(command, cwd=ROOT, env=environment(), log=log, seconds=seconds + DRIVER_SECONDS)
    if code:
        raise RuntimeError(f"the driver ended with exit code {code}:\n{log.read_text(encoding='utf-8')[-2000:]}")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    by_part: dict[str, float] = {}
    for (part, _), cpu in zip(pids, found["cpus"], strict=True):
        by_part[part] = by_part.get(part, 0.0) + cpu
    return {**found, "cpus": by_part}


@contextmanager
def assistant(bench: Bench, checkout: Checkout = HERE, *, database: str | None = None) -> Iterator[Running]:
    """险小二 as the checkout's `make chat` starts it, with limits that let one address send what a bench sends.

    Each start has a folder of its own for what the channel makes and for conversations that are kept in a file.
    Raises NotStarted, also where the start would train first: that is measured elsewhere.
    """
    if checkout == HERE and (stale := needs_training()):
        raise processes.NotStarted(f"{stale}: run `xiaoer train` first")
    port, actions, log = processes.free_port(), processes.free_port(), bench.path("chat.log")
    env = checkout.environment(
        PORT=str(port),
        ACTION_PORT=str(actions),
        XIAOER_VAR=str(bench.path("var")),
        POLICY_DATABASE_URL=database or bench.database,
        XIAOER_JWT_KEY=bench.key,
        XIAOER_MESSAGES_A_MINUTE=MANY,
        XIAOER_ADDRESS_MESSAGES_A_MINUTE=MANY,
        XIAOER_CONNECTIONS_AN_ADDRESS=MANY,
        XIAOER_LOG="json",
    )
    url = f"http://127.0.0.1:{port}"
    begun = time.monotonic()
    with processes.started(checkout.command("chat"), cwd=checkout.root, env=env, log=log) as process:
        processes.wait(lambda: processes.answers(f"{url}/ready"), (process, log))
        yield Running(url, _parts(process.pid, actions), time.monotonic() - begun)


def _parts(starter: int, action_port: int) -> dict[str, list[int]]:
    """Which of the starter's children is what: the action server has its port in its command, the other is the server."""
    parts: dict[str, list[int]] = {"starter": [starter], "server": [], "actions": []}
    for child in processes.children(starter):
        command = processes.command_of(child)
        parts["actions" if str(action_port) in command.split() else "server"] += processes.family(child)
    if not parts["server"]:
        raise processes.NotStarted("`xiaoer chat` has no child that could be the server")
    return parts


@contextmanager
def stock_rasa(bench: Bench, model: Path) -> Iterator[Running]:
    """Stock Rasa: its server and, as ours has it, the action server with the same actions and the same database."""
    port, actions = processes.free_port(), processes.free_port()
    folder = bench.path("stock")
    stock.write(stock.serving(actions), folder)
    env = environment(POLICY_DATABASE_URL=bench.database, XIAOER_VAR=str(bench.folder / "var"))
    python, logs = sys.executable, (bench.path("stock-actions.log"), bench.path("stock-rasa.log"))
    serve = [
        python, "-m", "rasa", "run", "--model", str(model), "--endpoints", "endpoints.yml", "--credentials",
        "credentials.yml", "--interface", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    act = [python, "-m", "rasa_sdk", "--actions", "actions", "--port", str(actions), "--logging-config_file",
           str(ROOT / "actions" / "logging.yml")]  # fmt: skip
    begun = time.monotonic()
    with ExitStack() as stack:
        acting = stack.enter_context(processes.started(act, cwd=ROOT, env=env, log=logs[0]))
        serving = stack.enter_context(processes.started(serve, cwd=folder, env=env, log=logs[1]))
        watched = ((acting, logs[0]), (serving, logs[1]))
        processes.wait(lambda: processes.answers(f"http://127.0.0.1:{actions}/health"), *watched)
        processes.wait(lambda: processes.answers(f"http://127.0.0.1:{port}/webhooks/widget/"), *watched)
        parts = {"server": processes.family(serving.pid), "actions": processes.family(acting.pid)}
        yield Running(f"http://127.0.0.1:{port}", parts, time.monotonic() - begun)


@contextmanager
def floor(bench: Bench) -> Iterator[Running]:
    """The server that only answers."""
    port, log = processes.free_port(), bench.path("floor.log")
    url, begun = f"http://127.0.0.1:{port}", time.monotonic()
    command = [sys.executable, "-W", "ignore", "-m", "bench.speed.servers.floor", str(port)]
    with processes.started(command, cwd=ROOT, env=environment(), log=log) as process:
        processes.wait(lambda: processes.answers(f"{url}/ready"), (process, log))
        yield Running(url, {"server": processes.family(process.pid)}, time.monotonic() - begun)
