"""`python -m bench.conversations`: has every conversation of the sets with the newest trained model, and judges each turn.

--only   the sets to learn from, or those to report
--check  only whether the sets' patterns accept and refuse what they should
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.conversations import judging, reading, report, running
from bench.quality import process
from xiaoer import settings
from xiaoer.errors import XiaoerError


def main(arguments: Sequence[str] | None = None) -> int:
    """0 = done, 1 = the sets have faults, or cannot be had (standard error says why)."""
    parser = argparse.ArgumentParser(prog="python -m bench.conversations", description="conversations, judged by turn")
    parser.add_argument("--sets", nargs="+", type=Path, default=[reading.SETS], metavar="DIR|FILE")
    parser.add_argument("--only", choices=reading.SPLITS, default="", help="sets whose name begins so")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="every turn, for reading (default: var/bench/conversations.txt)"
    )
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--check", action="store_true", help="check the sets, have no conversation")
    options = parser.parse_args(arguments)
    try:
        paths = reading.files(options.sets, options.only)
        if options.check:
            return check(paths)
        talks = reading.load(paths)
        out = options.out or settings.var("bench", "conversations.txt")
        with tempfile.TemporaryDirectory() as folder:
            running.environment(Path(folder))
            judged = asyncio.run(_had(talks))
    except XiaoerError as error:
        print(error, file=sys.stderr)
        return 1
    figures = judging.figures(judged)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report.page(judged), encoding="utf-8")
    print(json.dumps(figures, ensure_ascii=False) if options.json else report.table(figures))
    print(out, file=sys.stderr)
    return 0


def check(paths: Sequence[Path]) -> int:
    """Prints what is wrong with the sets; where nothing is, how many turns of each kind they have."""
    found = list(reading.faults(paths))
    if found:
        print("\n".join(found))
        return 1
    talks = reading.load(paths)
    kinds = Counter(turn.kind for talk in talks for turn in talk.turns)
    print(
        f"{len(talks)} conversations, {kinds.total()} turns: {', '.join(f'{kind} {n}' for kind, n in kinds.most_common())}"
    )
    return 0


async def _had(talks: Sequence[reading.Conversation]) -> list[judging.Judged]:
    """Raises NotReady without a model, DeskError."""
    from bot.engine.training.models import model_or_raise

    process.quiet()
    from bot.command.inprocess import Assistant

    desk, assistant = running.Desk(), Assistant(model_or_raise())
    had = running.have(assistant, desk, talks)
    return [judged async for judged in process.counted(had, len(talks), "conversations")]


if __name__ == "__main__":
    sys.exit(main())
