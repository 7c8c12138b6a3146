"""Text from the web, fit to be stored. (That it is never a command is `bot.nlu.normaliser.as_text`.)"""

from __future__ import annotations


def clean(text: str) -> str:
    """Without what no store can hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
