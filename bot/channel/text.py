"""Text from the web is text: nothing in it is ever a command to Rasa."""

from __future__ import annotations

from bot.nlu.normaliser import tidy

# Survives every step of the normaliser, and says nothing.
_GUARD = "。"


def clean(text: str) -> str:
    """Without what no store can hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def as_text_only(text: str) -> str:
    """The text such that neither Rasa nor the pipeline takes it for `/intent{...}`.

    A blank before it is not enough: Rasa strips the message, and the normaliser drops quotation marks, invisible
    characters and width, after which `"／restart` begins with a slash. So the normalised text decides.
    """
    return f"{_GUARD}{text}" if text.lstrip().startswith("/") or tidy(text).startswith("/") else text
