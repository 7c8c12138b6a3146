"""Where something stands in a message as it was typed, from where it stands in what the normaliser made of it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from bot.understanding.normaliser import evened

Span = tuple[int, int]


def as_typed(typed: str, plain: str, spans: Iterable[Span]) -> list[Span]:
    """Spans [start, end) of the normaliser's text as spans of the text that was typed.

    Where a piece was put right (a near-sound name, a run of marks) there is nothing finer than the whole piece.

    >>> as_typed("運費 险怎么赔", "运费险怎么赔", [(0, 3)])
    [(0, 4)]
    """
    if typed == plain:
        return list(spans)
    # Each character evened out alone: what stands for it, and where it was typed.
    letters = [(letter, at) for at, character in enumerate(typed) for letter in evened(character)]
    found = [(0, len(typed))] * len(plain)
    matcher = SequenceMatcher(None, [letter for letter, _ in letters], plain, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        for at in range(start, end):
            low, high = (first + at - start, first + at - start + 1) if tag == "equal" else (first, last)
            found[at] = _place(letters, low, high, len(typed))
    return [_around(found[start:end], len(typed)) for start, end in spans]


def _place(letters: list[tuple[str, int]], low: int, high: int, length: int) -> Span:
    """Where letters[low:high] were typed; between their neighbours where they are none."""
    if low < high:
        return letters[low][1], letters[high - 1][1] + 1
    after = letters[low][1] if low < len(letters) else length
    return after, after


def _around(places: list[Span], length: int) -> Span:
    if not places:
        return length, length
    return min(start for start, _ in places), max(end for _, end in places)
