"""The words by which people say yes, take back, call off: `knowledge/acts.yml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from xiaoer.errors import KnowledgeError

FILE = "acts.yml"


@dataclass(frozen=True)
class ActWords:
    """A tuple of words for each list of the file; what each is for stands in the file."""

    yes: tuple[str, ...]
    confirm: tuple[str, ...]
    agree: tuple[str, ...]
    softens: tuple[str, ...]
    agreement: tuple[str, ...]
    has_read: tuple[str, ...]
    calls_off: tuple[str, ...]
    before_calling_off: tuple[str, ...]
    after_calling_off: tuple[str, ...]
    negates: tuple[str, ...]
    negates_a_wish: tuple[str, ...]
    wishes: tuple[str, ...]
    between: tuple[str, ...]
    completes: tuple[str, ...]
    objects: tuple[str, ...]
    ends_a_clause: tuple[str, ...]
    keeps: tuple[str, ...]
    corrects: tuple[str, ...]
    evidence: tuple[str, ...]
    lacks: tuple[str, ...]
    lacked: tuple[str, ...]
    around_lacking: tuple[str, ...]

    @classmethod
    def read(cls, root: Path | str) -> ActWords:
        """From the folder of the knowledge. Raises KnowledgeError for a list that is missing, unknown or of other things than words."""
        path = Path(root) / FILE
        try:
            lists = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise KnowledgeError(str(path), 1, f"cannot be read: {error}", "Restore it.") from None
        names = {field.name for field in fields(cls)}
        if not isinstance(lists, dict) or lists.keys() != names:
            different = sorted(map(str, (lists.keys() if isinstance(lists, dict) else set()) ^ names))
            raise KnowledgeError(str(path), 1, f"has other lists than it should: {different}", "Keep those of acts.py.")
        for name, words in lists.items():
            if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
                raise KnowledgeError(str(path), 1, f"{name} is no list of words: {words!r}", 'Quote "yes" and "no".')
        return cls(**{name: tuple(words) for name, words in lists.items()})
