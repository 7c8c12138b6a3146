"""A text as a row of letters, one a word: what is said of the classes of its words is then a pattern over letters.

The longest word wins, so a text has one row and no pattern over it has to try how it may be cut: 「好的好的好的……」 is read in
one go, however long it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

UNKNOWN = "x"


class Lexer:
    """Reads texts by classes of words, each with its letter; a word of two classes is of the first.

    >>> Lexer({"Y": ["好", "好的"], "S": ["的", "呀"]}).letters("好的呀!")
    'YSx'
    """

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        self._letters: dict[str, str] = {}
        for letter, words in classes.items():
            for word in words:
                self._letters.setdefault(word.lower(), letter)
        self._word = re.compile("|".join(map(re.escape, sorted(self._letters, key=len, reverse=True))) or "(?!)")

    def at(self, text: str, place: int) -> tuple[str, str]:
        """The letter and the word that stands at a place; of what is in no class, one character."""
        found = self._word.match(text, place)
        return (self._letters[found.group()], found.group()) if found else (UNKNOWN, text[place])

    def words(self, text: str) -> Iterator[tuple[str, str]]:
        """Letters and words, in order."""
        text, place = text.lower(), 0
        while place < len(text):
            letter, word = self.at(text, place)
            yield letter, word
            place += len(word)

    def letters(self, text: str) -> str:
        """The row."""
        return "".join(letter for letter, _ in self.words(text))

    def known(self, text: str) -> str | None:
        """The row of a text that has nothing but words of the classes; None for any other, which is most of what is said."""
        row = []
        for letter, _ in self.words(text):
            if letter == UNKNOWN:
                return None
            row.append(letter)
        return "".join(row)
