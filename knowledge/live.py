"""Keeps a running process up to date with the files: one copy of the knowledge, for all who ask."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from knowledge.files import read_catalogue, read_knowledge, state
from knowledge.model import Catalogue, Knowledge
from xiaoer import settings
from xiaoer.errors import KnowledgeError

logger = logging.getLogger(__name__)


def live() -> LiveKnowledge:
    """The process's one copy of what XIAOER_KNOWLEDGE names."""
    return _of(settings.get("XIAOER_KNOWLEDGE"))


def load(root: Path | str) -> Knowledge:
    """What the files below `root` say at this moment, read once for all who ask until one changes.

    Raises KnowledgeError for the first broken file, with its line and the remedy.
    """
    return _of(str(root)).newest()


def _of(root: str) -> LiveKnowledge:
    known = _READ.get(root)  # asked for several times a turn
    if known is None:
        with _FIRST:  # whoever comes first reads, the others wait
            known = _READ.get(root) or LiveKnowledge(root)
            if len(_READ) >= _MOST:
                del _READ[next(iter(_READ))]
            _READ[root] = known
    return known


_MOST = 4  # a process has one; a process of tests has several
_FIRST = threading.Lock()
_READ: dict[str, LiveKnowledge] = {}


@dataclass(frozen=True)
class _Version:
    """What is in force. error: why the files, as they are now, are not."""

    catalogue: Catalogue | None = None
    whole: Knowledge | None = None
    error: KnowledgeError | None = None


class LiveKnowledge:
    """The newest good version of `knowledge/`: changed files are read again; a broken one is logged once, and nothing changes.

    Files are looked at when something is asked for, at most once every `every` seconds. Of the catalogue, each product
    has its own last good version, so a broken product stops no other, and a broken article stops none. Making one reads
    everything and raises nothing.
    """

    def __init__(self, root: Path | str, *, every: float = 1.0) -> None:
        self._root = Path(root)
        self._every = every
        self._lock = threading.Lock()
        self._seen: frozenset[tuple[str, int, int]] | None = None
        self._version = _Version()
        self._look()

    @property
    def catalogue(self) -> Catalogue:
        """Topics, tasks and products. Raises KnowledgeError while topics.yml has never been good."""
        version = self._newest_good()
        return version.catalogue or _refuse(version)

    @property
    def current(self) -> Knowledge:
        """Everything. Raises KnowledgeError while the files have never all been good at once."""
        version = self._newest_good()
        return version.whole or _refuse(version)

    def newest(self) -> Knowledge:
        """What the files say at this moment. Raises KnowledgeError when one is broken."""
        with self._lock:
            self._look()
            version = self._version
        return _refuse(version) if version.error or not version.whole else version.whole

    def _newest_good(self) -> _Version:
        # While one thread reads, the others go on with what there is.
        if time.monotonic() - self._looked >= self._every and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._version

    def _look(self) -> None:
        try:
            seen = state(self._root)
        except OSError:  # what is missing is named by whoever wants to read it
            seen = frozenset()
        if seen != self._seen:
            self._seen = seen
            earlier, self._version = self._version, self._read()
            if earlier.catalogue:
                _log(self._version)
        self._looked = time.monotonic()

    def _read(self) -> _Version:
        """What the files say; where they are broken, what was in force."""
        catalogue, whole = self._version.catalogue, self._version.whole
        try:
            catalogue = read_catalogue(self._root, catalogue)
            return _Version(catalogue, read_knowledge(catalogue))
        except KnowledgeError as error:
            return _Version(catalogue, whole, error)


def _refuse(version: _Version) -> NoReturn:
    assert version.error is not None, "what cannot be read has a reason"
    raise version.error.with_traceback(None)


def _log(version: _Version) -> None:
    if version.error is None:
        logger.info("knowledge read again")
        return
    products = version.catalogue.broken.values() if version.catalogue else ()
    for error in {id(each): each for each in (version.error, *products)}.values():
        logger.error("knowledge kept as it was, because a file is broken: %s", error)
