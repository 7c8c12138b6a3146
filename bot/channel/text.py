"""Text from the web, fit to be stored and shown. (That it is never a command is `bot.understanding.normaliser.as_text`.)"""

from __future__ import annotations

from xiaoer.plain import plain as clean

__all__ = ["clean"]
