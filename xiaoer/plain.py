"""Other people's text without what steers a screen, a store or the assistant instead of being read."""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"
# Joiners that emoji and some scripts need are format characters (Cf), too; those that reorder text are not wanted.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Without control characters (NUL and escape sequences among them; newline and tab stay), reordering marks and lone
    surrogates.

    >>> plain("a\\x1b[2Jb\\u202ec\\nd")
    'a[2Jbc\\nd'
    """
    readable = text.encode("utf-8", "ignore").decode("utf-8")
    return "".join(
        character
        for character in readable
        if character in _KEPT or (unicodedata.category(character) != "Cc" and character not in _REORDERING)
    )


def as_text(text: str) -> str:
    """Other people's text as Rasa may see it: what begins with / stays text instead of being run as a command.

    (A blank would not do: Rasa strips it. The normaliser drops the mark again.)
    """
    return f"\u200b{text}" if text.lstrip().startswith("/") else text
