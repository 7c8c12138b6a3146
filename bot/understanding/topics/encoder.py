"""Sentence encoders: what turns texts into vectors, each behind one small protocol and named by its class path.

`config.yml` names the encoder; an operator with a model of their own writes a class with the same three members and
puts its path there. Without an encoder the topic model works on characters and words alone.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

from bot.understanding.topics.graphs import Vectors
from xiaoer.errors import SettingError

logger = logging.getLogger(__name__)


@runtime_checkable
class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length. Takes no arguments when it is made."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1; all zero for a text without content."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """An encoder that is faster for words it has met."""

    def remember(self, texts: Iterable[str]) -> None:
        """Meets the words of these texts, the most useful first. Costs time and room once."""
        ...


def load_encoder(class_path: str | None) -> SentenceEncoder | None:
    """The encoder of this class path, or None without one or when its package is not installed (logged once, here).

    Raises SettingError when the path names no encoder.
    """
    expected = "the path of an encoder class, such as bot.understanding.topics.universal.UniversalSentenceEncoder"
    if class_path is None:
        logger.warning("No sentence encoder is configured: topics are told by characters and words alone.")
        return None
    module_name, _, class_name = class_path.rpartition(".")
    try:
        made = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SettingError("encoder", class_path, expected) from error
    try:
        encoder = made()
    except ImportError as error:
        logger.warning(
            "The sentence encoder %s needs a package that is not installed (%s): topics are told by characters and words alone.",
            class_path,
            error,
        )
        return None
    except TypeError as error:
        raise SettingError("encoder", class_path, expected) from error
    if not isinstance(encoder, SentenceEncoder):
        raise SettingError("encoder", class_path, expected)
    return encoder


@lru_cache(maxsize=2)
def shared_encoder(class_path: str | None) -> SentenceEncoder | None:
    """The one encoder of this class path in a process: what reads the same message twice gets its vector from memory."""
    return load_encoder(class_path)
