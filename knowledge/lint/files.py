"""What is wrong between the files: keys and ids, folders, labels, names that lead to two things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from knowledge import files
from knowledge.lint.tree import Level, Problem, Tree, narrow, unknown_id

PLAIN_WORDS = "words"  # the lexicon's entry that only keeps words whole: a word there has no second meaning


def repeated_keys(tree: Tree) -> Iterator[Problem]:
    """YAML silently keeps the last of two equal keys."""
    texts = [(product.path, product.text, 1) for product in tree.products.values()]
    texts += [(article.path, article.source.front, article.source.front_line) for article in tree.articles.values()]
    broken = {problem.path for problem in tree.broken}
    shared = [tree.root / f"{name}.yml" for name in ("topics", "labels", "lexicon", "acts")]
    texts += [(str(path), path.read_text("utf-8-sig"), 1) for path in shared if str(path) not in broken]
    for path, text, first_line in texts:
        for line, key in _repeats(files.compose(text)):
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


def problems(tree: Tree) -> Iterator[Problem]:
    """What is wrong between files of which topics.yml, at least, can be read."""
    yield from _folders(tree)
    yield from _labels(tree)
    yield from _names(tree)
    yield from _points(tree)


def _points(tree: Tree) -> Iterator[Problem]:
    """A point that a topic is answered by has to be one of those that there are."""
    path, points = tree.root / "topics.yml", tree.vocabulary.get("points", {})
    text = path.read_text("utf-8-sig")
    for role, rows in tree.vocabulary.get("own", {}).items():
        for topic, named in rows.items():
            line = files.line_of(text, ["own", role, topic])
            if topic not in tree.topics and topic not in tree.tasks:
                yield unknown_id(str(path), line, topic, "topic")
            for point in named:
                if point not in points:
                    yield unknown_id(str(path), line, point, "point", "Name one of `points`, or add it there.")


def _folders(tree: Tree) -> Iterator[Problem]:
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
            yield unknown_id(str(path), 1, topic, "knowledge topic", "Name the file after a topic of topics.yml.")


def _labels(tree: Tree) -> Iterator[Problem]:
    every = {*tree.topics, *tree.tasks, *tree.vocabulary["conversation"], *tree.vocabulary["outside"]}
    path = tree.root / "labels.yml"
    if tree.labels is None:
        return
    text = path.read_text("utf-8-sig")
    for topic in tree.labels:
        if topic not in every:
            yield unknown_id(str(path), files.line_of(text, [topic]), topic, "topic")
    for topic in [*tree.topics, *tree.tasks]:
        if topic not in tree.labels:
            remedy = "Write what its button says, in 12 characters or fewer."
            yield Problem("error", str(path), 1, f"{topic!r} has no label", remedy)


def _fold(name: str) -> str:
    return narrow(name).casefold().replace(" ", "")


def _names(tree: Tree) -> Iterator[Problem]:
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
    if tree.lexicon is not None:
        yield from _words(tree.root / "lexicon.yml", tree.lexicon, owner)


def _words(
    path: Path, lexicon: Mapping[str, Mapping[str, tuple[str, ...]]], owner: Mapping[str, str]
) -> Iterator[Problem]:
    """owner: name -> product."""
    text = path.read_text("utf-8-sig")
    meaning: dict[str, str] = {}
    places = ((entity, value) for entity, values in lexicon.items() for value in values)
    every = ((*place, n, word) for place in places for n, word in enumerate(lexicon[place[0]][place[1]]))
    for entity, value, n, word in every:
        this = f"{entity}/{value}"
        first = owner.get(_fold(word)) or meaning.setdefault(_fold(word), this)
        if first != this:
            level: Level = "warning" if entity == PLAIN_WORDS else "error"
            line = files.line_of(text, [entity, value, n])
            problem = f"the word {word!r} of {this} already means {first}"
            yield Problem(level, str(path), line, problem, "Keep it at one of the two.")
