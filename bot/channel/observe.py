"""What an operator sees: Prometheus metrics and JSON log lines with one id a turn. Nothing personal in either.

The turn's id travels in a context variable (every log line of this process), in the message's metadata (`turn`: the
tracker, the action server and its queries) and to the widget as the ack's `turn`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from xiaoer import log, settings
from xiaoer.log import current_turn as current_turn
from xiaoer.privacy import mask

logger = logging.getLogger(__name__)

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
TURNS = Counter("xiaoer_turns", "Turns that ended with a reply", ["role", "outcome"])
FALLBACKS = Counter("xiaoer_fallbacks", "Replies that say the message was not understood or is not known")
SECONDS = Histogram("xiaoer_turn_seconds", "Seconds a turn spent", ["stage"], buckets=_SECONDS)
_STAGES = {name: SECONDS.labels(name) for name in ("wait", "answer", "all")}  # looking each up costs more than counting
PROBLEMS = Counter("xiaoer_problems", "Messages answered with a problem", ["code"])
ERRORS = Counter("xiaoer_errors", "Turns that failed; the log has the error number")
CONNECTIONS = Gauge("xiaoer_connections", "Open sockets")
FEEDBACK = Counter("xiaoer_feedback", "Replies judged by people", ["useful"])

METRICS_TYPE = CONTENT_TYPE_LATEST


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Counts the seconds of one stage of a turn: wait (for the conversation's lock), answer (Rasa), all."""
    started = perf_counter()
    try:
        yield
    finally:
        _STAGES[name].observe(perf_counter() - started)


def note_turn(conversation: str, role: str, replies: Sequence[Mapping[str, Any]], *, silent: bool) -> None:
    """Counts and logs a turn that is over: what its replies say about themselves (their `custom`), never the text."""
    unsaid = "handoff" if silent else "none"
    outcome = str(next((reply["outcome"] for reply in replies if reply.get("outcome")), unsaid))
    TURNS.labels(role, outcome).inc()
    if outcome in ("unknown", "clarify", "outside"):
        FALLBACKS.inc()
    logger.info(
        "turn",
        extra={
            "conversation": conversation[:16],
            "role": role,
            "outcome": outcome,
            "topics": [reply["topic"] for reply in replies if reply.get("topic")],
        },
    )


def metrics() -> bytes:
    return generate_latest()


class JsonLines(log.JsonLines):
    """The project's log lines, masked like a message."""

    def clean(self, text: str) -> str:
        return mask(text)


def set_up_logging() -> None:
    """Puts JSON lines in place of Rasa's coloured ones. Raises SettingError."""
    if settings.choice("XIAOER_LOG", "json", "text") == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
