"""The process that asks: what it must be told before Rasa is imported, and after."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeVar

THREADS = "1"
Item = TypeVar("Item")


def environment(folder: Path) -> None:
    """Before anything of Rasa is imported: a database of our own, one thread, no telemetry, no chatter.

    (Not from `bot.command.quiet`: this also runs over commits that do not have it.)
    """
    os.environ.update(
        POLICY_DATABASE_URL=f"sqlite:///{folder}/policy.db",
        RASA_TELEMETRY_ENABLED="false",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
        SQLALCHEMY_SILENCE_UBER_WARNING="1",
        OMP_NUM_THREADS=THREADS,
        TF_INTRA_OP_PARALLELISM_THREADS=THREADS,
        TF_INTER_OP_PARALLELISM_THREADS=THREADS,
        LOG_LEVEL="WARNING",  # at ERROR Rasa hides the progress of a training
    )
    warnings.simplefilter("ignore")


def quiet() -> None:
    """Imports Rasa; only errors are told."""
    import sanic.app  # noqa: F401  (it switches warnings of deprecation on while it is imported)

    warnings.simplefilter("ignore")
    from rasa.utils.log_utils import configure_structlog
    from rasa.utils.tensorflow.environment import setup_tf_environment

    configure_structlog(logging.ERROR)
    logging.getLogger().setLevel(logging.ERROR)
    setup_tf_environment()
    warnings.simplefilter("ignore")  # Rasa has set filters of its own


def each(items: Iterator[Item], total: int, what: str) -> Iterator[Item]:
    """The items, with one line that counts them on standard error."""
    for at, item in enumerate(items, 1):
        _progress(at, total, what)
        yield item


async def counted(items: AsyncIterator[Item], total: int, what: str) -> AsyncIterator[Item]:
    """As `each`."""
    at = 0
    async for item in items:
        at += 1
        _progress(at, total, what)
        yield item


_started: dict[str, float] = {}


def _progress(at: int, total: int, what: str) -> None:
    """One line that counts up on a terminal, one in twenty elsewhere."""
    began = _started.setdefault(what, time.monotonic())
    with contextlib.suppress(OSError):
        if sys.stderr.isatty():
            print(
                f"\r{what}: {at} of {total}, {time.monotonic() - began:.0f} s",
                end="\n" if at == total else "",
                file=sys.stderr,
            )
        elif at == total or at % max(1, total // 5) == 0:
            print(f"{what}: {at} of {total}, {time.monotonic() - began:.0f} s", file=sys.stderr)
