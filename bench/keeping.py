"""What keeping conversations in a file costs a turn: `python -m bench.keeping`.

Whole turns in this process, with the actions in it, too. Each question of the buyers' set is asked of the same agent over
the memory store and over the file's, in turn which comes first, after one turn over neither's conversation that loads
whatever the question's words need. The difference of each pair is what the file costs that turn; the median of them is
the figure.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from bot.command.serve import ONE_THREAD
from bot.engine.imports import without_tensorflow
from xiaoer import settings
from xiaoer.principal import Source, parse_principal
from xiaoer.settings import ROOT

TURNS = 8  # of one conversation
MILLISECONDS = 1000.0

Turn = tuple[float, float]  # ms by the clock, ms of CPU


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.keeping", description=__doc__)
    parser.add_argument("--questions", type=int, default=1000, help="how many are asked (default 1000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ONE_THREAD, XIAOER_VAR=folder, POLICY_DATABASE_URL="", LOG_LEVEL="ERROR")
        without_tensorflow()
        for line in report(asyncio.run(measured(options.questions))):
            print(line)
        stored = sum(file.stat().st_size for file in settings.var().glob("conversations.db*"))
        print(f"on the disk, with its log: {stored / 1024 / options.questions / 2:.1f} KB a turn")


async def measured(questions: int) -> dict[str, list[Turn]]:
    """The turns over each store, question by question."""
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
    from rasa.utils.log_utils import configure_structlog

    configure_structlog()
    agent, stores = _assistant()
    buyer = parse_principal("buyer:demo", Source.COMMAND).as_dict()

    async def turn(store: str, conversation: str, text: str) -> Turn:
        agent.processor.tracker_store = stores[store]
        message = UserMessage(text, CollectingOutputChannel(), conversation, metadata={"principal": buyer})
        clock, cpu = time.perf_counter(), time.process_time()
        await agent.handle_message(message)
        return (time.perf_counter() - clock) * MILLISECONDS, (time.process_time() - cpu) * MILLISECONDS

    gc.freeze()
    gc.disable()
    found: dict[str, list[Turn]] = {name: [] for name in stores}
    for number, text in enumerate(_texts(questions)):
        for store in stores:
            await turn(store, f"first-{number % TURNS}", text)
        for store in list(stores)[:: 1 if number % 2 else -1]:
            found[store].append(await turn(store, f"c-{number // TURNS}", text))
    return found


def _assistant() -> tuple[Any, dict[str, Any]]:
    """The agent on a database of its own, and the stores that it gets in turn."""
    from rasa.shared.core.domain import Domain

    from actions.policydb import admin
    from bot.answers.generator import Answers
    from bot.command.inprocess import InProcessActions
    from bot.engine.agent import Agent
    from bot.engine.training.models import model_or_raise
    from bot.stores.trackers import WindowedTrackerStore

    admin.prepare()
    stores = {}
    for name, where in (("memory", "memory"), ("file", "")):
        os.environ["XIAOER_CONVERSATIONS"] = where
        stores[name] = WindowedTrackerStore(Domain.empty())
    agent = Agent(generator=Answers(), tracker_store=stores["memory"], action_endpoint=InProcessActions())
    agent.load_model(model_or_raise())
    for store in stores.values():
        store.domain = agent.domain
    return agent, stores


def report(found: dict[str, list[Turn]]) -> Sequence[str]:
    """Lines for a person."""
    pairs = list(zip(found["file"], found["memory"], strict=True))
    lines = [
        f"{name:7} p50 {_middle(turns, 0):.2f} ms, of CPU {_middle(turns, 1):.2f}" for name, turns in found.items()
    ]
    costs = [(file[0] - memory[0], file[1] - memory[1]) for file, memory in pairs]
    return [*lines, f"a pair's difference: p50 {_middle(costs, 0):.2f} ms, of CPU {_middle(costs, 1):.2f}"]


def _middle(turns: Sequence[Turn], part: int) -> float:
    return statistics.median(turn[part] for turn in turns)


def _texts(count: int) -> list[str]:
    """Questions of buyers, from the beginning again where there are not enough."""
    files = sorted((ROOT / "bench" / "quality" / "sets").glob("*buyer*.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [str(json.loads(lines[place % len(lines)])["text"]) for place in range(count)]


if __name__ == "__main__":
    main()
