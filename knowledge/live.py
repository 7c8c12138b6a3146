"""The knowledge in force, once a process."""

from __future__ import annotations

from functools import lru_cache

from knowledge.reader import LiveKnowledge
from xiaoer import settings


@lru_cache(maxsize=4)
def _live(root: str) -> LiveKnowledge:
    return LiveKnowledge(root)


def live() -> LiveKnowledge:
    """The one live copy of the folder that is set."""
    return _live(settings.get("XIAOER_KNOWLEDGE"))
