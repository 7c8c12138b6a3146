"""All files below one root as lint looks at them, and what a problem is. What several checks need stands here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from knowledge import files
from knowledge.files import ManyErrors, Source
from knowledge.model import VERSION_HEADINGS, Article, Product
from xiaoer.errors import KnowledgeError

HEADING = re.compile(r"^##(?!#) *(.*?)[ \t]*$")
_BESIDE = re.compile(r"^(?:###|>)")  # of a body: headings of answers and their asks, which nobody is shown
LIST_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing to mend or to look at; `line` counts from 1."""

    level: Level
    path: str
    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.level}: {self.text}. {self.remedy}"


@dataclass(frozen=True)
class ArticleFile:
    """An article, and where its file says what."""

    path: str
    product: str
    topic: str
    source: Source
    versions: tuple[Article, ...]

    def line(self, *path: str | int) -> int:
        """Where the front matter says something."""
        return files.line_of(self.source.front, path, self.source.front_line)

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """(audience, line, text) of every line that is shown: headings, asks and blank lines left out."""
        audience = ""
        for number, row in enumerate(self.source.body.split("\n"), self.source.body_line):
            heading = HEADING.match(row)
            if heading and heading[1] in VERSION_HEADINGS:
                audience = VERSION_HEADINGS[heading[1]]
            elif row.strip() and not _BESIDE.match(row):
                yield audience, number, row


@dataclass(frozen=True)
class ProductFile:
    """A product, and where its file says what."""

    path: str
    text: str
    data: Mapping[str, Any]
    product: Product

    @property
    def unknown(self) -> frozenset[str]:
        """The topics of which nothing is known."""
        return frozenset(each.topic for each in self.product.unknowns)

    def line(self, *path: str | int) -> int:
        return files.line_of(self.text, path)


@dataclass
class Tree:
    """All files below one root that can be read, and a problem for each that cannot."""

    root: Path
    broken: list[Problem] = field(default_factory=list)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] | None = None  # None: cannot be read
    lexicon: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    products: dict[str, ProductFile] = field(default_factory=dict)
    articles: dict[tuple[str, str], ArticleFile] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)  # articles there are, the broken ones too

    def __post_init__(self) -> None:
        self.vocabulary = self._try(files.read_vocabulary, self.root / "topics.yml") or {}
        self.labels = self._try(files.read_labels, self.root / "labels.yml")
        self.lexicon = self._try(files.read_lexicon, self.root / "lexicon.yml")
        self._try(files.read_acts, self.root / "acts.yml")
        for path in sorted(self.root.glob("*/product.yml")):
            self._read_product(path)
        for path in sorted(self.root.glob("*/*.md")):
            self._read_article(path)

    def _try(self, read: Any, path: Path) -> Any:
        try:
            return read(path)
        except KnowledgeError as first:
            for error in first.all if isinstance(first, ManyErrors) else (first,):
                self.broken.append(Problem("error", error.path, error.line, error.problem, error.remedy))
            return None

    def _read_product(self, path: Path) -> None:
        read = self._try(files.read_product_source, path)
        if read is not None:
            data, text = read
            self.products[data["id"]] = ProductFile(str(path), text, data, files.product_of(data))

    def _read_article(self, path: Path) -> None:
        key = (path.parent.name, path.stem)
        self.written.add(key)
        versions = self._try(files.read_article, path)
        if versions is not None:
            self.articles[key] = ArticleFile(str(path), *key, files.read_source(path), versions)

    @property
    def topics(self) -> Mapping[str, str]:
        return dict(self.vocabulary.get("knowledge_topics", {}))

    @property
    def tasks(self) -> Mapping[str, Any]:
        return dict(self.vocabulary.get("tasks", {}))

    def leads_somewhere(self, product: str, topic: str) -> bool:
        """Whether a button for the topic gets a reply that says something about this product."""
        if topic in self.tasks or (product, topic) in self.written or product not in self.products:
            return True
        return topic in self.products[product].unknown


def narrow(text: str) -> str:
    """Full-width figures and letters as half-width ones: １ -> 1, ％ -> %."""
    return unicodedata.normalize("NFKC", text)


def unknown_id(path: str, line: int, topic: str, kind: str, remedy: str = "Use an id of topics.yml.") -> Problem:
    """An id that topics.yml does not have; kind: what it should be one of."""
    return Problem("error", path, line, f"{topic!r} is not a {kind}", remedy)


def dead(path: str, line: int, key: str, product: str, topic: str) -> Problem:
    """A button that gets no answer; key: the list that offers it."""
    text = f"{key}: {topic} leads nowhere, {product} has neither an article nor an `unknown` entry for it"
    return Problem("error", path, line, text, "Name another topic, or write the article.")


def source_problems(path: str, line: int, source: str) -> Iterator[Problem]:
    """Malformed addresses among the sources; a title is any text that does not look like an address."""
    if re.match(r"https?:|www\.|[a-z+.-]+://", source, re.IGNORECASE) and not _is_address(source):
        yield Problem(
            "error", path, line, f"the address {source!r} is malformed", "Write all of it: https://host/page."
        )
    elif _HOST.match(source) and "…" in source:
        yield Problem("warning", path, line, f"the address {source!r} is cut short", "Write all of it, or the title.")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    clean = not re.search(r"[\s…，。；、（）「」<>\"]", text)
    return parts.scheme in ("http", "https") and clean and bool(host and _HOST.fullmatch(host))


def month(today: date, like: str) -> str:
    """This year or this month, as long as the date beside it."""
    return today.isoformat()[: len(like)]


def future(path: str, line: int, as_of: str) -> Problem:
    """A date that has not come."""
    return Problem("error", path, line, f"as_of {as_of} is in the future", "Write the date of the newest fact used.")
