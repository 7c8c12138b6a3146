"""Log lines as JSON objects, with one id through channel, actions and queries: the turn's."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import datetime, timezone

current_turn: ContextVar[str] = ContextVar("xiaoer_turn", default="")

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, turn, text, exception, and what was passed as `extra`."""

    def clean(self, text: str) -> str:
        """What a text looks like in the log; a subclass may mask."""
        return text

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "turn": current_turn.get() or None,
            "text": self.clean(record.getMessage()),
            **{name: value for name, value in vars(record).items() if name not in _PLAIN},
        }
        if record.exc_info:
            line["exception"] = self.clean(self.formatException(record.exc_info))
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False,
                          default=str)  # fmt: skip
