"""Reads the files of `knowledge/` into typed objects; what cannot be read is named with its line and a remedy.

topics.yml               the vocabulary: topics, tasks, conversation, outside, products, the default product
labels.yml               what a button says for a topic
acts.yml                 words by which people say yes, take back, call off
lexicon.yml              words that are found in a message, with their values
<product>/product.yml    names, aliases, who pays, what it should cover, what nobody knows, dated rules and tables,
                         what the desk does with it
<product>/<topic>.md     the answer: front matter, then one version for everybody or one a role
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from knowledge import rules, schema
from knowledge.answers import answers_of
from knowledge.model import VERSION_HEADINGS, ActWords, Article, Catalogue, Knowledge, Product, Task, Unknown
from xiaoer.errors import KnowledgeError

# Everything is read as the text that it is written in (1.0, 2022-09 and no stay text); libyaml is six times as fast.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_VERSION = re.compile(rf"^## *({'|'.join(VERSION_HEADINGS)})[ \t]*$", re.MULTILINE)
_FIELDS = "See docs/knowledge.md for the fields."


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
    except OSError as error:
        raise KnowledgeError(str(path), 1, f"cannot be read ({error.strerror})", "Mend its permissions.") from None


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
def compose(text: str) -> Any:
    """YAML text as nodes, which know their lines."""
    return yaml.compose(text, Loader=_LOADER)


def line_of(text: str, path: Sequence[str | int], first_line: int = 1) -> int:
    """The line on which YAML text says what `path` (keys and indexes) leads to; of its last part that is there."""
    node = compose(text)
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


def _check(data: Any, validator: Any, path: Path, text: str, first_line: int = 1, whole: str = "the file") -> None:
    """Raises ManyErrors with all that is wrong, in the order of the lines."""
    found = []
    for error in sorted(validator.iter_errors(data), key=lambda e: list(map(str, e.path))):
        steps: list[str | int] = list(error.path)
        where = _named(data, steps) or whole
        if error.validator == "additionalProperties":
            steps += [key for key in error.instance if key not in error.schema.get("properties", {})][:1]
        line = line_of(text, steps, first_line)
        found.append(KnowledgeError(str(path), line, f"{where}: {_problem(error)}", _FIELDS))
    if found:
        raise ManyErrors(sorted(found, key=lambda error: error.line))


def _named(data: Any, steps: Sequence[str | int]) -> str:
    """The way to a place, an entry of a list by its id where it has one: rules/freight.issue/days."""
    names = []
    for step in steps:
        data = data[step]
        named = isinstance(step, int) and isinstance(data, dict) and isinstance(data.get("id"), str)
        names.append(str(data["id"] if named else step))
    return "/".join(names)


def _problem(error: Any) -> str:
    described = error.schema.get("description") if error.validator == "pattern" else None
    return f"expected {described}, got {error.instance!r}" if described else str(error.message)


_VOCABULARY, _ACTS, _LABELS, _LEXICON, _PRODUCT, _ARTICLE = map(
    jsonschema.Draft7Validator,
    (schema.VOCABULARY, schema.ACTS, schema.LABELS, schema.LEXICON, schema.PRODUCT, schema.ARTICLE),
)


def _read_checked(path: Path, validator: Any) -> tuple[Any, str]:
    """A YAML file of the right shape, as data and as text."""
    text = _read(path)
    data = _yaml(text, path)
    _check(data, validator, path, text)
    return data, text


def read_vocabulary(path: Path) -> Any:
    """`topics.yml`: topics, tasks, conversation, outside, products, default_product. Raises KnowledgeError."""
    data, text = _read_checked(path, _VOCABULARY)
    if data["default_product"] not in data["products"]:
        problem = f"default_product {data['default_product']!r} is not one of the products"
        raise KnowledgeError(str(path), line_of(text, ["default_product"]), problem, "Use an id of `products`.")
    return data


def _task(task: str, row: Mapping[str, Any]) -> Task:
    return Task(
        id=task,
        says=row["says"],
        who=row["who"],
        writes=row.get("writes", ""),
        verbs=tuple(row.get("verbs", ())),
        of_a_thing=tuple(row.get("of_a_thing", ())),
        spared_by=tuple(row.get("spared_by", ())),
        slots=tuple(row.get("form", ())),
    )


def read_labels(path: Path) -> dict[str, str]:
    """`labels.yml`: id -> text. Raises KnowledgeError."""
    return dict(_read_checked(path, _LABELS)[0])


def read_acts(path: Path) -> ActWords:
    """`acts.yml`. Raises KnowledgeError."""
    data, _ = _read_checked(path, _ACTS)
    return ActWords(**{name: tuple(words) for name, words in data.items()})


def read_lexicon(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """`lexicon.yml`: entity -> value -> the ways of writing it. Raises KnowledgeError."""
    data, _ = _read_checked(path, _LEXICON)
    return {entity: {value: tuple(words) for value, words in values.items()} for entity, values in data.items()}


def read_product_source(path: Path) -> tuple[Any, str]:
    """`product.yml` as checked data and as text. Raises KnowledgeError naming file, line and remedy."""
    data, text = _read_checked(path, _PRODUCT)
    if data["id"] != path.parent.name:
        remedy = f"It must be the folder's name, {path.parent.name!r}."
        raise KnowledgeError(str(path), line_of(text, ["id"]), f"id is {data['id']!r}", remedy)
    wrong = [
        KnowledgeError(str(path), line_of(text, fault.where), fault.problem, fault.remedy)
        for fault in rules.faults(data)
    ]
    if wrong:
        raise ManyErrors(sorted(wrong, key=lambda error: error.line))
    return data, text


def read_product(path: Path) -> Product:
    """`product.yml`. Raises KnowledgeError naming file, line and remedy."""
    return product_of(read_product_source(path)[0])


def product_of(data: Mapping[str, Any]) -> Product:
    """A product from the checked data of its file."""
    product = data["id"]
    return Product(
        id=product,
        name=data["name"],
        kind=data["kind"],
        aliases=tuple(data["aliases"]),
        summary=data["summary"],
        paid_by=data["paid_by"],
        pays_to=data["pays_to"],
        popular={who: tuple(topics) for who, topics in data["popular"].items()},
        topics={who: tuple(topics) for who, topics in data["topics"].items()},
        unknowns=tuple(
            Unknown(product, topic, entry["where"], tuple(entry.get("searched", ())))
            for entry in data.get("unknown", ())
            for topic in entry["topics"]
        ),
        rules=tuple(rules.rule_of(product, entry) for entry in data.get("rules", ())),
        tables=tuple(rules.table_of(product, entry) for entry in data.get("tables", ())),
        desk=rules.desk_of(product, data.get("desk", {})),
    )


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
    _check(meta, _ARTICLE, path, front, front_line, whole="front matter")
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
            answers=answers_of(version, path, line, audience, meta),
            as_of=meta["as_of"],
            review_by=meta["review_by"],
            grade=meta["grade"],
            sources=tuple(meta["sources"]),
            related=tuple(meta["related"]),
            path=str(path),
        )
        for audience, (version, line) in _split_versions(source.body, path, source.body_line).items()
    )


def _split_versions(body: str, path: Path, first_line: int) -> dict[str, tuple[str, int]]:
    """By audience: the text of its version, and the line of the file that it begins on."""
    pieces = _VERSION.split(body)
    line = _begins(pieces[0], first_line)
    shared = pieces[0].strip()
    result: dict[str, tuple[str, int]] = {}
    if len(pieces) > 1 and shared:
        remedy = "Move it below one of them, or drop the headings."
        raise KnowledgeError(str(path), line, "has text before the first of ## 买家 and ## 卖家", remedy)
    heading = first_line + pieces[0].count("\n")
    for name, part in zip(pieces[1::2], pieces[2::2], strict=True):
        if VERSION_HEADINGS[name] in result:
            raise KnowledgeError(str(path), heading, f"has ## {name} twice", "Put both parts below one heading.")
        if not part.strip():
            raise KnowledgeError(
                str(path), heading, f"the version for {name} is empty", "Write it or remove its heading."
            )
        result[VERSION_HEADINGS[name]] = part.strip(), _begins(part, heading)
        heading += part.count("\n")
    if not result and not shared:
        raise KnowledgeError(
            str(path), first_line, "has no answer", "Write it below the front matter, or remove the file."
        )
    return result or {"": (shared, line)}


def _begins(text: str, first_line: int) -> int:
    """The line of the first character that is no blank."""
    return first_line + text[: len(text) - len(text.lstrip())].count("\n")


def read_catalogue(root: Path, earlier: Catalogue | None = None) -> Catalogue:
    """`topics.yml` and the products. A product whose file is broken is as it was in `earlier`, or missing.

    Raises KnowledgeError for topics.yml.
    """
    vocabulary = read_vocabulary(root / "topics.yml")
    products: dict[str, Product] = {}
    broken: dict[str, KnowledgeError] = {}
    for product in vocabulary["products"]:
        try:
            products[product] = read_product(root / product / "product.yml")
        except KnowledgeError as error:
            broken[product] = error
            if earlier is not None and product in earlier.products:
                products[product] = earlier.products[product]
    return Catalogue(
        root=root,
        knowledge_topics=vocabulary["knowledge_topics"],
        tasks={task: _task(task, row) for task, row in vocabulary["tasks"].items()},
        conversation=tuple(vocabulary["conversation"]),
        outside=vocabulary["outside"],
        default_product=vocabulary["default_product"],
        about_any_product=tuple(vocabulary.get("about_any_product", ())),
        points=vocabulary.get("points", {}),
        own={
            role: {topic: tuple(points) for topic, points in rows.items()}
            for role, rows in vocabulary.get("own", {}).items()
        },
        products=products,
        broken=broken,
    )


def read_knowledge(catalogue: Catalogue) -> Knowledge:
    """A catalogue, and all that is answered. Raises KnowledgeError for the first broken file, the catalogue's too."""
    for error in catalogue.broken.values():
        raise error.with_traceback(None)
    root = catalogue.root
    articles: dict[tuple[str, str], tuple[Article, ...]] = {}
    for product in catalogue.products:
        for path in sorted((root / product).glob("*.md")):
            if path.stem not in catalogue.knowledge_topics:
                remedy = "Name the file after a topic of topics.yml."
                raise KnowledgeError(str(path), 1, f"{path.stem!r} is not a knowledge topic", remedy)
            articles[(product, path.stem)] = read_article(path)
    return Knowledge(
        **vars(catalogue),
        labels=read_labels(root / "labels.yml"),
        lexicon=read_lexicon(root / "lexicon.yml"),
        acts=read_acts(root / "acts.yml"),
        articles=articles,
        unknowns={(each.product, each.topic): each for own in catalogue.products.values() for each in own.unknowns},
    )


def paths(root: Path) -> Iterable[Path]:
    """The files that make up the knowledge, in a fixed order."""
    return sorted([*root.glob("*.yml"), *root.glob("*/product.yml"), *root.glob("*/*.md")])


def state(root: Path) -> frozenset[tuple[str, int, int]]:
    """Path, time and size of each of `paths`, in a third of the time: it is asked for in the middle of turns.

    Raises OSError for a folder that is not there.
    """
    return frozenset(_stamps(root))


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
