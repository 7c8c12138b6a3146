"""Checks `knowledge/` and names every problem in it, where `reader.load` stops at the first.

    python -m knowledge.lint [--coverage] [--root DIR]     (what `xiaoer kb lint` and `make kb-lint` call)

One line a problem, `path:line: level: text. remedy`. An error stops `make lint`; a warning asks somebody to look.
Nothing is fetched: an address is only checked for being one.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import yaml

from knowledge import reader
from knowledge.reader import AUDIENCES, VERSION_HEADINGS, Article, Knowledge, ManyErrors, Product, Source
from xiaoer import clock, settings
from xiaoer.errors import KnowledgeError, XiaoerError

LONGEST_WITHOUT_LIST = 300  # characters, blanks not counted
AUDIENCE_NAMES = {audience: name for name, audience in VERSION_HEADINGS.items()}
PLAIN_WORDS = "words"  # the lexicon's entry that only keeps words whole: a word there has no second meaning
# Two articles of one product that state the same sum.
SAME_AMOUNT = ("payout_amount", "terms_overview")

_HEADING = re.compile(r"^## *(.*?)[ \t]*$")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s")
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)>\s]*)")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[!-~]*", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_LIMIT = re.compile(
    r"(?:最高|上限|封顶|不超过|最多)[^\d，。；、！？,;()（）\n]{0,6}(\d+(?:\.\d+)?) *(万|亿)? *(元|天|小时|次|%)"
)
_LIMIT_AFTER = re.compile(r"(\d+(?:\.\d+)?) *(万|亿)? *(元|天|小时|次|%) *(?:是|为)?(?:上限|封顶)")
_SCALE = {None: 1, "": 1, "万": 10_000, "亿": 100_000_000}
_COUNTED = r"(?! *(?:元|块|单|笔|个|件|万|分|次|人|家|天|%|[.,]\d|\d|[-–—]\d))"
_PHONE = re.compile(
    r"(?<![\d.-])(?:"
    r"1[3-9]\d(?:[- ]?\d{4}){2}"  # mobile
    r"|0\d{2,3}[- ]?\d{7,8}"  # fixed line
    r"|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"  # 400 and 800 numbers
    r"|(?:12[1-9]\d{2}|100(?:10|50|86|99)|9[56]\d{3,4})" + _COUNTED + r")"  # hot lines: 12315, 10086, 95188
    r"(?!\d)"
)

Level = Literal["error", "warning"]
State = Literal["article", "other side's", "unknown", "missing", "not expected"]


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


class Row(NamedTuple):
    """One cell of the coverage table."""

    product: str
    topic: str
    audience: str
    state: State


@dataclass(frozen=True)
class _ArticleFile:
    path: str
    product: str
    topic: str
    source: Source
    versions: tuple[Article, ...]

    def line(self, *path: str | int) -> int:
        """Where the front matter says something."""
        return reader.line_of(self.source.front, path, self.source.front_line)

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """(audience, line, text) of every line of the answer, headings and blank lines left out."""
        audience = ""
        for number, row in enumerate(self.source.body.split("\n"), self.source.body_line):
            heading = _HEADING.match(row)
            if heading and heading[1] in VERSION_HEADINGS:
                audience = VERSION_HEADINGS[heading[1]]
            elif row.strip():
                yield audience, number, row


@dataclass(frozen=True)
class _ProductFile:
    path: str
    text: str
    data: Mapping[str, Any]
    product: Product
    unknown: frozenset[str]

    def line(self, *path: str | int) -> int:
        return reader.line_of(self.text, path)


@dataclass
class _Tree:
    """All files below one root that can be read, and a problem for each that cannot."""

    root: Path
    broken: list[Problem] = field(default_factory=list)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] | None = None  # None: cannot be read
    lexicon: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    products: dict[str, _ProductFile] = field(default_factory=dict)
    articles: dict[tuple[str, str], _ArticleFile] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)  # articles there are, the broken ones too

    def __post_init__(self) -> None:
        self.vocabulary = self._try(reader.read_vocabulary, self.root / "topics.yml") or {}
        self.labels = self._try(reader.read_sentences, self.root / "labels.yml")
        self.lexicon = self._try(reader.read_lexicon, self.root / "lexicon.yml")
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
        result = self._try(reader.read_product, path)
        if result is None:
            return
        product, unknowns = result
        data = reader.read_checked(path, reader.PRODUCT_SCHEMA)
        topics = frozenset(unknown.topic for unknown in unknowns)
        self.products[product.id] = _ProductFile(str(path), path.read_text("utf-8-sig"), data, product, topics)

    def _read_article(self, path: Path) -> None:
        key = (path.parent.name, path.stem)
        self.written.add(key)
        versions = self._try(reader.read_article, path)
        if versions is not None:
            self.articles[key] = _ArticleFile(str(path), *key, reader.read_source(path), versions)

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


def problems(root: Path, *, today: date) -> list[Problem]:
    """Every problem below `root`, sorted by file and line. `today` decides what is overdue. Raises nothing."""
    tree = _Tree(root)
    found = [*tree.broken, *_repeated_keys(tree)]
    if tree.vocabulary:
        found += [*_folders(tree), *_labels(tree), *_names(tree)]
        for product in tree.products.values():
            found += [*_product(tree, product), *_rules_and_desk(tree, product, today)]
        for article in tree.articles.values():
            found += [*_article_ids(tree, article), *_audiences(tree, article), *_links(article)]
            found += [*_dates(article, today), *_wording(article), *_amounts(article)]
        found += _amounts_across(tree)
    return sorted(set(found), key=lambda problem: (problem.path, problem.line, problem.level, problem.text))


# ---------------------------------------------------------------------------------------------- files and ids


def _repeated_keys(tree: _Tree) -> Iterator[Problem]:
    """YAML silently keeps the last of two equal keys."""
    texts = [(product.path, product.text, 1) for product in tree.products.values()]
    texts += [(article.path, article.source.front, article.source.front_line) for article in tree.articles.values()]
    broken = {problem.path for problem in tree.broken}
    shared = [tree.root / f"{name}.yml" for name in ("topics", "labels", "lexicon")]
    texts += [(str(path), path.read_text("utf-8-sig"), 1) for path in shared if str(path) not in broken]
    for path, text, first_line in texts:
        for line, key in _repeats(yaml.compose(text, Loader=yaml.BaseLoader)):
            remedy = "Put both into one entry: only the last one is read."
            yield Problem("error", path, first_line + line, f"the key {key!r} is there twice", remedy)


def _repeats(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line, key.value
            seen.add(key.value)
            yield from _repeats(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeats(value)


def _folders(tree: _Tree) -> Iterator[Problem]:
    known = tree.vocabulary["products"]
    vocabulary = tree.root / "topics.yml"
    broken = {problem.path for problem in tree.broken}
    for product in known:
        path = tree.root / product / "product.yml"
        if product not in tree.products and str(path) not in broken:
            yield Problem("error", str(path), 1, "is missing", "Every product of topics.yml needs one.")
    folders = {Path(article.path).parent for article in tree.articles.values()}
    folders |= {Path(product.path).parent for product in tree.products.values()}
    for folder in sorted(folders):
        if folder.name not in known:
            remedy = f"Add it to `products` of {vocabulary}, or remove the folder."
            yield Problem("error", str(folder), 1, f"{folder.name!r} is not a product of topics.yml", remedy)
    for product, topic in sorted(tree.written):
        if topic not in tree.topics:
            path = tree.root / product / f"{topic}.md"
            yield _unknown_id(str(path), 1, topic, "knowledge topic", "Name the file after a topic of topics.yml.")


def _unknown_id(path: str, line: int, topic: str, kind: str, remedy: str = "Use an id of topics.yml.") -> Problem:
    return Problem("error", path, line, f"{topic!r} is not a {kind}", remedy)


def _labels(tree: _Tree) -> Iterator[Problem]:
    every = {*tree.topics, *tree.tasks, *tree.vocabulary["conversation"], *tree.vocabulary["outside"]}
    labels_path = tree.root / "labels.yml"
    for topic in tree.labels or ():
        if topic not in every:
            yield _unknown_id(str(labels_path), _yaml_line(labels_path, topic), topic, "topic")
    for topic in [*tree.topics, *tree.tasks]:
        if tree.labels is not None and topic not in tree.labels:
            remedy = "Write what its button says, in 12 characters or fewer."
            yield Problem("error", str(labels_path), 1, f"{topic!r} has no label", remedy)


def _yaml_line(path: Path, *steps: str | int) -> int:
    return reader.line_of(path.read_text("utf-8-sig"), steps)


def _fold(name: str) -> str:
    return _narrow(name).casefold().replace(" ", "")


def _narrow(text: str) -> str:
    """Full-width figures and letters as half-width ones: １ -> 1, ％ -> %."""
    return unicodedata.normalize("NFKC", text)


def _names(tree: _Tree) -> Iterator[Problem]:
    """A name must lead to one thing: product, or value of the lexicon."""
    owner: dict[str, str] = {}
    for key, file in tree.products.items():
        written = [(file.product.name, file.line("name"))]
        written += [(alias, file.line("aliases", n)) for n, alias in enumerate(file.product.aliases)]
        for name, line in written:
            if len(_fold(name)) < 2:
                remedy = "A single character would be found in every message; remove it."
                yield Problem("error", file.path, line, f"the alias {name!r} is too short", remedy)
            first = owner.setdefault(_fold(name), key)
            if first != key:
                text = f"the name {name!r} also belongs to {first}"
                yield Problem("error", file.path, line, text, "Keep it at the product that people mean by it.")
    path = tree.root / "lexicon.yml"
    meaning: dict[str, str] = {}
    for entity, values in (tree.lexicon or {}).items():
        for value, words in values.items():
            for n, word in enumerate(words):
                this, line = f"{entity}/{value}", _yaml_line(path, entity, value, n)
                first = owner.get(_fold(word)) or meaning.setdefault(_fold(word), this)
                if first != this:
                    text = f"the word {word!r} of {this} already means {first}"
                    level: Level = "warning" if entity == PLAIN_WORDS else "error"
                    yield Problem(level, str(path), line, text, "Keep it at one of the two.")


# ---------------------------------------------------------------------------------------------- product.yml


def _product(tree: _Tree, file: _ProductFile) -> Iterator[Problem]:
    product = file.product
    for audience in AUDIENCES:
        for n, topic in enumerate(product.topics.get(audience, ())):
            line = file.line("topics", audience, n)
            if topic not in tree.topics:
                yield _unknown_id(file.path, line, topic, "knowledge topic")
            elif (product.id, topic) not in tree.written and topic not in file.unknown:
                text = f"{topic}, listed for the {audience}, has neither an article nor an entry in `unknown`"
                remedy = (
                    f"Write {product.id}/{topic}.md ({AUDIENCE_NAMES[audience]}), or say in `unknown` where to look."
                )
                yield Problem("error", file.path, line, text, remedy)
        for n, topic in enumerate(product.popular.get(audience, ())):
            line = file.line("popular", audience, n)
            if topic not in tree.topics and topic not in tree.tasks:
                yield _unknown_id(file.path, line, topic, "topic or task")
            elif not tree.leads_somewhere(product.id, topic):
                yield _dead(file.path, line, "popular", product.id, topic)
    for entry_number, entry in enumerate(file.data.get("unknown", ())):
        for n, topic in enumerate(entry["topics"]):
            line = file.line("unknown", entry_number, "topics", n)
            if topic not in tree.topics:
                yield _unknown_id(file.path, line, topic, "knowledge topic")
            elif (product.id, topic) in tree.written:
                text = f"`unknown` says that nothing is known of {topic}, but {topic}.md answers it"
                yield Problem("warning", file.path, line, text, "Take it out of `unknown`.")


def _dead(path: str, line: int, key: str, product: str, topic: str) -> Problem:
    text = f"{key}: {topic} leads nowhere, {product} has neither an article nor an `unknown` entry for it"
    return Problem("error", path, line, text, "Name another topic, or write the article.")


def _rules_and_desk(tree: _Tree, file: _ProductFile, today: date) -> Iterator[Problem]:
    """Only what rules, tables and desk share with articles; actions/desk/rules.py reads the rest."""
    dated: list[tuple[Sequence[str | int], Any]] = [(("desk",), file.data.get("desk"))]
    for key in ("rules", "tables"):
        entries = file.data.get(key)
        dated += [((key, n), entry) for n, entry in enumerate(entries if isinstance(entries, list) else ())]
    for where, entry in dated:
        if not isinstance(entry, dict):
            continue
        as_of = str(entry.get("as_of", ""))
        if re.fullmatch(r"\d{4}(-\d\d)?", as_of) and as_of > _month(today, as_of):
            yield _future(file.path, file.line(*where, "as_of"), as_of)
        sources = entry.get("sources")
        for m, source in enumerate(sources if isinstance(sources, list) else ()):
            yield from _source(file.path, file.line(*where, "sources", m), source)
    instead = (file.data.get("desk") or {}).get("instead")
    if instead is not None and instead not in tree.vocabulary["products"]:
        line = file.line("desk", "instead")
        yield Problem("error", file.path, line, f"{instead!r} is not a product", "Use an id of topics.yml.")


# ---------------------------------------------------------------------------------------------- articles


def _article_ids(tree: _Tree, file: _ArticleFile) -> Iterator[Problem]:
    related = file.source.meta["related"]
    for n, topic in enumerate(related):
        line = file.line("related", n)
        if topic not in tree.topics and topic not in tree.tasks:
            yield _unknown_id(file.path, line, topic, "topic or task")
        elif topic == file.topic or topic in related[:n]:
            what = "the article itself" if topic == file.topic else "twice"
            yield Problem("warning", file.path, line, f"related names {topic} ({what})", "Remove it.")
        elif not tree.leads_somewhere(file.product, topic):
            yield _dead(file.path, line, "related", file.product, topic)


def _audiences(tree: _Tree, file: _ArticleFile) -> Iterator[Problem]:
    for n, row in enumerate(file.source.body.split("\n"), file.source.body_line):
        heading = _HEADING.match(row)
        if heading and heading[1] not in VERSION_HEADINGS:
            remedy = "A version begins with ## 买家 or ## 卖家; inside an answer use bold text."
            yield Problem("error", file.path, n, f"the heading {heading[1]!r} is neither 买家 nor 卖家", remedy)
    if file.product not in tree.products or file.topic not in tree.topics:
        return
    listed = {who for who in AUDIENCES if file.topic in tree.products[file.product].product.topics.get(who, ())}
    for version in file.versions:
        if (version.audience and version.audience not in listed) or not listed:
            line = next((n for who, n, _ in file.rows() if who == version.audience), file.source.body_line)
            who = version.audience or "everybody"
            text = f"an answer for {who}, but `topics` of product.yml does not list {file.topic} there"
            yield Problem("warning", file.path, line, text, f"Add {file.topic} to `topics`, or remove the version.")


def _links(file: _ArticleFile) -> Iterator[Problem]:
    for n, source in enumerate(file.source.meta["sources"]):
        yield from _source(file.path, file.line("sources", n), source)
    for _, line, row in file.rows():
        for target in _LINK.findall(row):
            if re.match(r"https?://", target):
                yield from _source(file.path, line, target)
            elif re.match(r"[a-z][a-z0-9+.-]*:", target):
                text = f"the link {target!r} is neither a web address nor a file"
                yield Problem("error", file.path, line, text, "Link to https://… or to a file beside the article.")
            elif not target or not (Path(file.path).parent / target.partition("#")[0]).is_file():
                text = f"the link {target!r} leads to no file"
                yield Problem("error", file.path, line, text, "Correct the path; it starts at the article's folder.")


def _source(path: str, line: int, source: Any) -> Iterator[Problem]:
    """Malformed addresses among the sources; a title is any text that does not look like an address."""
    if not isinstance(source, str):
        return
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


def _month(today: date, like: str) -> str:
    """This year or this month, as long as the date beside it."""
    return today.isoformat()[: len(like)]


def _future(path: str, line: int, as_of: str) -> Problem:
    return Problem("error", path, line, f"as_of {as_of} is in the future", "Write the date of the newest fact used.")


def _dates(file: _ArticleFile, today: date) -> Iterator[Problem]:
    as_of, review_by = file.source.meta["as_of"], file.source.meta["review_by"]
    if as_of > _month(today, as_of):
        yield _future(file.path, file.line("as_of"), as_of)
    if review_by < _month(today, review_by):
        remedy = "Check the facts, then set as_of and a new review_by."
        yield Problem("warning", file.path, file.line("review_by"), f"was to be looked at by {review_by}", remedy)


def _wording(file: _ArticleFile) -> Iterator[Problem]:
    for version in file.versions:
        length = len(re.sub(r"\s", "", version.body))
        if length > LONGEST_WITHOUT_LIST and not any(map(_LIST_ITEM.match, version.body.split("\n"))):
            line = next((n for who, n, _ in file.rows() if who == version.audience), file.source.body_line)
            text = f"an answer of {length} characters without a list"
            yield Problem("error", file.path, line, text, f"Use a list, or {LONGEST_WITHOUT_LIST} characters at most.")
    for _, line, row in file.rows():
        for phone in _PHONE.findall(_ADDRESS.sub(" ", _narrow(row))):
            text = f"the answer gives the phone number {phone!r}"
            yield Problem(
                "error", file.path, line, text, "Numbers change and are forged: name the page or the App entry."
            )


# ---------------------------------------------------------------------------------------------- amounts


class _Limit(NamedTuple):
    """A figure that a text calls the most there is: 最高 26 元."""

    unit: str
    figure: Decimal
    phrase: str
    path: str
    line: int


def _limits(path: str, rows: Sequence[tuple[int, str]]) -> list[_Limit]:
    return [
        _Limit(match[3], Decimal(match[1]) * _SCALE[match[2]], match[0].strip(), path, line)
        for line, row in rows
        for pattern in (_LIMIT, _LIMIT_AFTER)
        for match in pattern.finditer(_narrow(row))
    ]


def _limits_of(file: _ArticleFile, audience: str | None = None) -> list[_Limit]:
    return _limits(file.path, [(line, row) for who, line, row in file.rows() if audience in (None, who)])


def _contradictions(one: list[_Limit], other: list[_Limit]) -> Iterator[Problem]:
    """A unit whose limits have no figure in common; several figures on one side may be several rules."""
    by_unit: dict[str, tuple[list[_Limit], list[_Limit]]] = defaultdict(lambda: ([], []))
    for side, limits in enumerate((one, other)):
        for limit in limits:
            by_unit[limit.unit][side].append(limit)
    for left, right in by_unit.values():
        if left and right and not {limit.figure for limit in left} & {limit.figure for limit in right}:
            where = "" if left[0].path == right[0].path else f"{Path(left[0].path).name} "
            text = f"{right[0].phrase!r} contradicts {left[0].phrase!r} ({where}line {left[0].line})"
            yield Problem(
                "warning", right[0].path, right[0].line, text, "State the same figure, or say why they differ."
            )


def _amounts(file: _ArticleFile) -> Iterator[Problem]:
    yield from _contradictions(_limits_of(file, "buyer"), _limits_of(file, "seller"))
    amounts = [(file.line("amounts", n), amount) for n, amount in enumerate(file.source.meta.get("amounts", ()))]
    yield from _contradictions(_limits(file.path, amounts), _limits_of(file))
    seen: dict[tuple[str, str], int] = {}
    for audience, line, row in file.rows():
        key = (audience, re.sub(r"[\W_]", "", _LIST_ITEM.sub("", row)))
        first = seen.setdefault(key, line)
        if first != line and re.search(r"\d", key[1]):
            yield Problem("warning", file.path, line, f"says again what line {first} says", "Remove one of the two.")


def _amounts_across(tree: _Tree) -> Iterator[Problem]:
    for product in tree.products:
        one, other = (tree.articles.get((product, topic)) for topic in SAME_AMOUNT)
        if one and other:
            yield from _contradictions(_limits_of(one), _limits_of(other))


# ---------------------------------------------------------------------------------------------- coverage


def coverage(knowledge: Knowledge) -> list[Row]:
    """What each product answers to whom: product x topic x audience, in the order of topics.yml.

    "other side's": the one version is for the other role; the asker is told so and reads that one.
    """
    return [
        Row(product, topic, audience, _state(knowledge, product, topic, audience))
        for product in knowledge.products
        for topic in knowledge.knowledge_topics
        for audience in AUDIENCES
    ]


def _state(knowledge: Knowledge, product: str, topic: str, audience: str) -> State:
    if knowledge.article(product, topic, audience):
        return "article"
    expected = topic in knowledge.products[product].topics.get(audience, ())
    if expected and knowledge.knows(product, topic):
        return "other side's"
    if (product, topic) in knowledge.unknowns and expected:
        return "unknown"
    return "missing" if expected else "not expected"


_MARKS: Mapping[State, str] = {"article": "A", "other side's": "a", "unknown": "?", "missing": "!", "not expected": "."}


def table(rows: Sequence[Row]) -> str:
    """The coverage as text: a line a topic, a column a product, in it the buyer's and the seller's mark."""
    products = list(dict.fromkeys(row.product for row in rows))
    topics = list(dict.fromkeys(row.topic for row in rows))
    marks = {(row.topic, row.product, row.audience): _MARKS[row.state] for row in rows}
    width = max(map(len, topics), default=0)
    lines = [
        "buyer, seller: A article, a the other side's, ? unknown (says where to look), ! missing, . not expected",
        "",
    ]
    lines.append(" " * width + "".join(f"{n:>3}" for n in range(1, len(products) + 1)))
    for topic in topics:
        cells = ("".join(marks[(topic, product, who)] for who in AUDIENCES) for product in products)
        lines.append(f"{topic:<{width}} " + " ".join(cells))
    lines.append("")
    for n, product in enumerate(products, 1):
        counts = [sum(row.product == product and row.state == state for row in rows) for state in _MARKS]
        figures = ", ".join(f"{count} {state}" for count, state in zip(counts, _MARKS, strict=True) if count)
        lines.append(f"{n:>3} {product:<20} {figures}")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------- command


def _shown(path: str) -> str:
    """Relative to where the command was called, where that is shorter."""
    full = Path(path).resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else path


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the problems; 1 with errors, 0 with none or warnings alone, 2 for settings that cannot be used."""
    parser = argparse.ArgumentParser(prog="knowledge.lint", description="check the knowledge articles")
    parser.add_argument("--root", type=Path, default=None, help="folder of the knowledge (default: XIAOER_KNOWLEDGE)")
    parser.add_argument("--coverage", action="store_true", help="print product x topic x audience as well")
    options = parser.parse_args(argv)
    root = options.root or Path(settings.get("XIAOER_KNOWLEDGE"))
    try:
        found = problems(root, today=clock.today())
    except XiaoerError as error:
        print(error, file=sys.stderr)
        return 2
    for problem in found:
        print(Problem(problem.level, _shown(problem.path), problem.line, problem.text, problem.remedy))
    if options.coverage:
        try:
            print(table(coverage(reader.load(root))))
        except KnowledgeError:
            print("No coverage table: it needs files that can be read.", file=sys.stderr)
    errors = sum(problem.level == "error" for problem in found)
    files = len(list(reader.files(root)))
    print(f"{files} files, {errors} errors, {len(found) - errors} warnings", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
