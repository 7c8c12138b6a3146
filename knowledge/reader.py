"""Reads `knowledge/` into typed objects, and keeps a running process up to date with the files.

knowledge/topics.yml               the vocabulary: topics, tasks, conversation, outside, products, the default product
knowledge/labels.yml               what a button says for a topic
knowledge/lexicon.yml              words that are found in a message, with their values
knowledge/<product>/product.yml    names, aliases, who pays, what it should cover, what nobody knows, dated rules
                                   and tables, what the desk does with it
knowledge/<product>/<topic>.md     the answer: front matter, then one version for everybody or one a role
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from xiaoer.errors import KnowledgeError

logger = logging.getLogger(__name__)

AUDIENCES = ("buyer", "seller")
VERSION_HEADINGS = {"买家": "buyer", "卖家": "seller"}
GRADES = {"A": "平台公告或主流媒体", "B": "多方一致的说法", "seed": "项目底稿（2021 年 6 月）"}

# Everything is read as the text that it is written in (1.0, 2022-09 and no stay text); libyaml is six times as fast.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_DATE = {"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2]))?$"}
_YES_NO = {"enum": ["yes", "no"]}
_STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_BY_AUDIENCE = {
    "type": "object",
    "properties": {name: {"type": "array", "items": {"type": "string"}} for name in AUDIENCES},
    "additionalProperties": False,
}
ARTICLE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["as_of", "review_by", "grade", "sources", "related"],
    "properties": {
        "as_of": _DATE,
        "review_by": {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"},
        "grade": {"enum": list(GRADES)},
        "sources": _STRINGS,
        "related": {"type": "array", "items": {"type": "string"}},
        "amounts": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
_SENTENCES = {"type": "object", "additionalProperties": {"type": "string"}}
_IDS = {"type": "array", "items": {"type": "string", "pattern": "^[a-z][a-z_]*$"}, "minItems": 1}
_TASK = {
    "type": "object",
    "required": ["says", "who"],
    "properties": {
        "says": {"type": "string"},
        "who": {"enum": list(AUDIENCES)},
        "writes": {"type": "string", "minLength": 1},
        "verbs": _STRINGS,
        "form": _IDS,
    },
    # Nothing is written that was not confirmed, and nothing else needs a form.
    "dependencies": {"form": ["writes", "verbs"], "writes": ["form"], "verbs": ["form"]},
    "additionalProperties": False,
}
VOCABULARY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["knowledge_topics", "tasks", "conversation", "outside", "products", "default_product"],
    "properties": {
        "audiences": _SENTENCES,
        "knowledge_topics": _SENTENCES,
        "tasks": {"type": "object", "additionalProperties": _TASK},
        "conversation": {"type": "array", "items": {"type": "string"}},
        "outside": _SENTENCES,
        "default_product": {"type": "string"},
        "products": _SENTENCES,
    },
    "additionalProperties": False,
}
LEXICON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    },
}
PRODUCT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "kind", "aliases", "summary", "paid_by", "pays_to", "popular", "topics"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "kind": {"enum": ["insurance", "service", "guarantee"]},
        "aliases": {"type": "array", "items": {"type": "string"}},
        "summary": {"type": "string"},
        "paid_by": {"type": "object"},
        "pays_to": {"type": "string"},
        "popular": _BY_AUDIENCE,
        "topics": _BY_AUDIENCE,
        "unknown": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["topics", "where"],
                "properties": {"topics": _STRINGS, "where": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "rules": {},
        "tables": {},
        "desk": {
            "type": "object",
            "required": ["enable"],
            "properties": {
                "enable": _YES_NO,
                "withdrawn": _YES_NO,
                **{
                    words: {"type": "string"}
                    for words in ("scope", "agreement", "start", "leave", "term", "where", "instead")
                },
                "grade": {"enum": list(GRADES)},
                "as_of": _DATE,
                "sources": _STRINGS,
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Article:
    """One answer: (product, topic) for one audience, or for everybody (`audience` is then empty)."""

    product: str
    topic: str
    audience: str
    body: str
    as_of: str
    review_by: str
    grade: str
    sources: tuple[str, ...]
    related: tuple[str, ...]
    path: str

    @property
    def id(self) -> str:
        """`product/topic`, as `ask --json` and links name it."""
        return f"{self.product}/{self.topic}"


@dataclass(frozen=True)
class Unknown:
    """People ask it, and nothing usable is known: where they can look."""

    product: str
    topic: str
    where: str


@dataclass(frozen=True)
class Task:
    """What people want looked up or done with their own data; `id` is its topic.

    says: what they come for; who: `buyer` or `seller`, whose data it is. Of a task that writes: writes, what it does in a
    word (开通); verbs, how people name that; slots, what its form collects, in order. Of the others these are empty.
    """

    id: str
    says: str
    who: str
    writes: str = ""
    verbs: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """The action that does it: action_request_enable."""
        return f"action_{self.id}"

    @property
    def form(self) -> str | None:
        """The form that collects what it needs: request_enable_form; None for a task that only looks something up."""
        return f"{self.id}_form" if self.slots else None


@dataclass(frozen=True)
class Product:
    id: str
    name: str
    kind: str
    aliases: tuple[str, ...]
    summary: str
    paid_by: Mapping[str, str]
    pays_to: str
    popular: Mapping[str, tuple[str, ...]]
    topics: Mapping[str, tuple[str, ...]]
    rules: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every way of naming it, the longest first."""
        return tuple(sorted({self.name, *self.aliases}, key=lambda name: (-len(name), name)))


@dataclass(frozen=True)
class Knowledge:
    """All of `knowledge/` at one moment; immutable."""

    root: Path
    knowledge_topics: Mapping[str, str]
    tasks: Mapping[str, Task]
    conversation: tuple[str, ...]
    outside: Mapping[str, str]
    labels: Mapping[str, str]
    products: Mapping[str, Product]
    default_product: str
    articles: Mapping[tuple[str, str], tuple[Article, ...]]
    unknowns: Mapping[tuple[str, str], Unknown]
    lexicon: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic id: knowledge topics, tasks, conversation, outside."""
        return (*self.knowledge_topics, *self.tasks, *self.conversation, *self.outside)

    def article(self, product: str, topic: str, audience: str | None) -> Article | None:
        """The article for the asker; `audience` None (a visitor) gets it only where one version serves everybody."""
        versions = self.articles.get((product, topic), ())
        for version in versions:
            if version.audience in ("", audience):
                return version
        return None

    def versions(self, product: str, topic: str) -> tuple[Article, ...]:
        return self.articles.get((product, topic), ())

    def knows(self, product: str, topic: str) -> bool:
        return (product, topic) in self.articles

    def label(self, topic: str, product: str | None = None) -> str:
        """What a button says: `labels.yml` with the product's name put in."""
        name = self.products[product].name if product and product in self.products else ""
        return self.labels.get(topic, topic).replace("{product}", name)


class ManyErrors(KnowledgeError):
    """A file whose fields are wrong in one or more places: says the first, holds `all` of them."""

    def __init__(self, errors: Sequence[KnowledgeError]) -> None:
        first = errors[0]
        super().__init__(first.path, first.line, first.problem, first.remedy)
        self.all = tuple(errors)


@dataclass(frozen=True)
class Source:
    """An article's file as it is written: front matter and body, and the lines of the file they begin on."""

    meta: Mapping[str, Any]
    front: str
    front_line: int
    body: str
    body_line: int


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows editors put a byte order mark first
    except FileNotFoundError:
        raise KnowledgeError(str(path), 1, "is missing", "Write it; docs/knowledge.md says what is in it.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise KnowledgeError(str(path), line, "is not UTF-8 text", "Save the file as UTF-8.") from None


def _yaml(text: str, path: Path, first_line: int = 1) -> Any:
    """YAML as plain data, dates kept as the text they are written in."""
    try:
        return yaml.load(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        # What is left open is noticed lines later; a block's context is only where the block began.
        opened = error.context_mark if error.context and "block" not in error.context else None
        mark = opened or error.problem_mark
        line = first_line + (mark.line if mark else 0)
        remedy = "Check quotes, colons and indentation on that line."
        raise KnowledgeError(str(path), line, f"is not valid YAML ({error.problem})", remedy) from None
    except yaml.reader.ReaderError:
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = first_line + text[: found.start() if found else 0].count("\n")
        remedy = "Delete that character and type the line again."
        raise KnowledgeError(str(path), line, "has a character that YAML does not allow", remedy) from None


@lru_cache(maxsize=8)
def _compose(text: str) -> Any:
    return yaml.compose(text, Loader=_LOADER)


def line_of(text: str, path: Sequence[str | int], first_line: int = 1) -> int:
    """The line on which YAML text says what `path` (keys and indexes) leads to; of its last part that is there."""
    node = _compose(text)
    line = first_line
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = first_line + found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = first_line + node.start_mark.line
        else:
            break
    return line


def _check(
    data: Any, schema: dict[str, Any], path: Path, text: str, first_line: int = 1, whole: str = "the file"
) -> None:
    found = []
    for error in sorted(jsonschema.Draft7Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path))):
        steps: list[str | int] = list(error.path)
        where = "/".join(map(str, steps)) or whole
        if error.validator == "additionalProperties" and isinstance(error.schema, dict):
            steps += [key for key in error.instance if key not in error.schema.get("properties", {})][:1]
        line = line_of(text, steps, first_line)
        found.append(
            KnowledgeError(str(path), line, f"{where}: {error.message}", "See docs/knowledge.md for the fields.")
        )
    if found:
        raise ManyErrors(sorted(found, key=lambda error: error.line))


def read_checked(path: Path, schema: dict[str, Any]) -> Any:
    """A YAML file that has the shape of `schema`. Raises KnowledgeError naming file, line and remedy."""
    text = _read(path)
    data = _yaml(text, path)
    _check(data, schema, path, text)
    return data


def read_vocabulary(path: Path) -> Any:
    """`topics.yml`: topics, tasks, conversation, outside, products, default_product. Raises KnowledgeError."""
    data = read_checked(path, VOCABULARY_SCHEMA)
    if data["default_product"] not in data["products"]:
        problem = f"default_product {data['default_product']!r} is not one of the products"
        raise KnowledgeError(str(path), line_of(_read(path), ["default_product"]), problem, "Use an id of `products`.")
    return data


def _tasks(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Task]:
    return {
        task: Task(
            id=task,
            says=row["says"],
            who=row["who"],
            writes=row.get("writes", ""),
            verbs=tuple(row.get("verbs", ())),
            slots=tuple(row.get("form", ())),
        )
        for task, row in rows.items()
    }


def read_sentences(path: Path) -> dict[str, str]:
    """`labels.yml`: id -> text. Raises KnowledgeError."""
    return dict(read_checked(path, _SENTENCES))


def read_product(path: Path) -> tuple[Product, list[Unknown]]:
    """`product.yml`. Raises KnowledgeError naming file, line and remedy."""
    data = read_checked(path, PRODUCT_SCHEMA)
    if data["id"] != path.parent.name:
        line = line_of(_read(path), ["id"])
        remedy = f"It must be the folder's name, {path.parent.name!r}."
        raise KnowledgeError(str(path), line, f"id is {data['id']!r}", remedy)
    unknowns = [
        Unknown(data["id"], topic, entry["where"]) for entry in data.get("unknown", []) for topic in entry["topics"]
    ]
    product = Product(
        id=data["id"],
        name=data["name"],
        kind=data["kind"],
        aliases=tuple(data["aliases"]),
        summary=data["summary"],
        paid_by=data["paid_by"],
        pays_to=data["pays_to"],
        popular={who: tuple(topics) for who, topics in data["popular"].items()},
        topics={who: tuple(topics) for who, topics in data["topics"].items()},
        rules=data.get("rules"),
    )
    return product, unknowns


def read_source(path: Path) -> Source:
    """`<topic>.md` cut into front matter and body. Raises KnowledgeError naming file, line and remedy."""
    text = _read(path)
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise KnowledgeError(
            str(path), 1, "has no front matter", "Start the file with a block between two lines of ---."
        )
    before, front, body = parts
    front_line = before.count("\n") + 1
    meta = _yaml(front, path, front_line)
    if not isinstance(meta, dict):
        remedy = "Write `key: value` lines between the --- lines."
        raise KnowledgeError(str(path), front_line, "front matter is not a mapping", remedy)
    _check(meta, ARTICLE_SCHEMA, path, front, front_line, whole="front matter")
    return Source(meta, front, front_line, body, front_line + front.count("\n"))


def read_article(path: Path) -> tuple[Article, ...]:
    """`<topic>.md`: one version for everybody, or one a role. Raises KnowledgeError naming file, line and remedy."""
    source = read_source(path)
    meta = source.meta
    return tuple(
        Article(
            product=path.parent.name,
            topic=path.stem,
            audience=audience,
            body=version,
            as_of=meta["as_of"],
            review_by=meta["review_by"],
            grade=meta["grade"],
            sources=tuple(meta["sources"]),
            related=tuple(meta["related"]),
            path=str(path),
        )
        for audience, version in _split_versions(source.body, path, source.body_line).items()
    )


def _split_versions(body: str, path: Path, first_line: int) -> dict[str, str]:
    pieces = re.split(r"^## *(买家|卖家)[ \t]*$", body, flags=re.MULTILINE)
    shared = pieces[0].strip()
    line = first_line + pieces[0].count("\n")
    result: dict[str, str] = {}
    if len(pieces) > 1 and shared:
        line = first_line + body[: body.index(shared[0])].count("\n")
        remedy = "Move it below one of them, or drop the headings."
        raise KnowledgeError(str(path), line, "has text before the first of ## 买家 and ## 卖家", remedy)
    for name, part in zip(pieces[1::2], pieces[2::2], strict=True):
        if VERSION_HEADINGS[name] in result:
            raise KnowledgeError(str(path), line, f"has ## {name} twice", "Put both parts below one heading.")
        if not part.strip():
            raise KnowledgeError(str(path), line, f"the version for {name} is empty", "Write it or remove its heading.")
        result[VERSION_HEADINGS[name]] = part.strip()
        line += part.count("\n")
    if not result and not shared:
        raise KnowledgeError(
            str(path), first_line, "has no answer", "Write it below the front matter, or remove the file."
        )
    return result or {"": shared}


def read_lexicon(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """`lexicon.yml`: entity -> value -> the ways of writing it. Raises KnowledgeError."""
    data = read_checked(path, LEXICON_SCHEMA)
    return {entity: {value: tuple(words) for value, words in values.items()} for entity, values in data.items()}


def load(root: Path | str) -> Knowledge:
    """Everything below `root`, which is read once for all who ask, until a file changes.

    Raises KnowledgeError for the first broken file, with its line and the remedy.
    """
    root = Path(root)
    try:
        state = frozenset(_stamps(root))
    except OSError:  # what is missing is named by whoever wants to read it
        return _read_all(root)
    return _remembered(root, state)


@lru_cache(maxsize=1)
def _remembered(root: Path, state: frozenset[tuple[str, int, int]]) -> Knowledge:
    return _read_all(root)


def _read_all(root: Path) -> Knowledge:
    vocabulary = read_vocabulary(root / "topics.yml")
    products: dict[str, Product] = {}
    unknowns: dict[tuple[str, str], Unknown] = {}
    articles: dict[tuple[str, str], tuple[Article, ...]] = {}
    for product_id in vocabulary["products"]:
        folder = root / product_id
        if not (folder / "product.yml").exists():
            raise KnowledgeError(str(folder / "product.yml"), 1, "is missing", "Every product of topics.yml needs one.")
        product, missing = read_product(folder / "product.yml")
        products[product_id] = product
        unknowns.update({(unknown.product, unknown.topic): unknown for unknown in missing})
        for path in sorted(folder.glob("*.md")):
            if path.stem not in vocabulary["knowledge_topics"]:
                remedy = "Name the file after a topic of topics.yml."
                raise KnowledgeError(str(path), 1, f"{path.stem!r} is not a knowledge topic", remedy)
            versions = read_article(path)
            articles[(product_id, path.stem)] = versions
    return Knowledge(
        root=root,
        knowledge_topics=vocabulary["knowledge_topics"],
        tasks=_tasks(vocabulary["tasks"]),
        conversation=tuple(vocabulary["conversation"]),
        outside=vocabulary["outside"],
        labels=read_sentences(root / "labels.yml"),
        products=products,
        default_product=vocabulary["default_product"],
        articles=articles,
        unknowns=unknowns,
        lexicon=read_lexicon(root / "lexicon.yml"),
    )


def files(root: Path) -> Iterable[Path]:
    """The files that make up the knowledge, in a fixed order."""
    return sorted([*root.glob("*.yml"), *root.glob("*/product.yml"), *root.glob("*/*.md")])


def _stamps(root: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(root) as top:
        for entry in top:
            if entry.is_dir():
                with os.scandir(entry.path) as folder:
                    yield from (
                        _stamp(each) for each in folder if each.name.endswith(".md") or each.name == "product.yml"
                    )
            elif entry.name.endswith(".yml"):
                yield _stamp(entry)


def _stamp(entry: os.DirEntry[str]) -> tuple[str, int, int]:
    found = entry.stat()
    return entry.path, found.st_mtime_ns, found.st_size


class LiveKnowledge:
    """The newest good version of `knowledge/`: changed files are read again, a broken file keeps the last good version.

    `current` looks at the files at most once every `every` seconds.
    """

    def __init__(self, root: Path | str, *, every: float = 1.0) -> None:
        self._root = Path(root)
        self._every = every
        self._lock = threading.Lock()
        self._stamp = self._state()
        self._looked = time.monotonic()
        self._current = load(self._root)

    def _state(self) -> frozenset[tuple[str, int, int]]:
        """Path, time and size of each of `files`, in a third of the time: it is asked for in the middle of turns."""
        return frozenset(_stamps(self._root))

    @property
    def current(self) -> Knowledge:
        if time.monotonic() - self._looked < self._every or not self._lock.acquire(blocking=False):
            return self._current
        try:
            stamp = self._state()
            if stamp != self._stamp:
                self._stamp = stamp
                self._current = load(self._root)
                logger.info("knowledge read again: %d articles", len(self._current.articles))
        except (KnowledgeError, OSError) as error:
            logger.error("knowledge kept as it was, because a file is broken: %s", error)
        finally:
            self._looked = time.monotonic()
            self._lock.release()
        return self._current
