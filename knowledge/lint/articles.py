"""What is wrong in an article that can be read: ids, versions, links, dates, wording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from knowledge.lint.tree import (
    HEADING,
    LIST_ITEM,
    ArticleFile,
    Problem,
    Tree,
    dead,
    future,
    month,
    narrow,
    source_problems,
    unknown_id,
)
from knowledge.model import AUDIENCES, VERSION_HEADINGS

LONGEST_WITHOUT_LIST = 300  # characters, blanks not counted

_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)>\s]*)")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[!-~]*", re.IGNORECASE)
_COUNTED = r"(?! *(?:元|块|单|笔|个|件|万|分|次|人|家|天|%|[.,]\d|\d|[-–—]\d))"
_PHONE = re.compile(
    r"(?<![\d.-])(?:"
    r"1[3-9]\d(?:[- ]?\d{4}){2}"  # mobile
    r"|0\d{2,3}[- ]?\d{7,8}"  # fixed line
    r"|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"  # 400 and 800 numbers
    r"|(?:12[1-9]\d{2}|100(?:10|50|86|99)|9[56]\d{3,4})" + _COUNTED + r")"  # hot lines: 12315, 10086, 95188
    r"(?!\d)"
)


def problems(tree: Tree, file: ArticleFile, today: date) -> Iterator[Problem]:
    """What is wrong in one article; `today` decides what is in the future, and what is overdue."""
    yield from _ids(tree, file)
    yield from _audiences(tree, file)
    yield from _links(file)
    yield from _dates(file, today)
    yield from _wording(file)


def _ids(tree: Tree, file: ArticleFile) -> Iterator[Problem]:
    related = file.source.meta["related"]
    for n, topic in enumerate(related):
        line = file.line("related", n)
        if topic not in tree.topics and topic not in tree.tasks:
            yield unknown_id(file.path, line, topic, "topic or task")
        elif topic == file.topic or topic in related[:n]:
            what = "the article itself" if topic == file.topic else "twice"
            yield Problem("warning", file.path, line, f"related names {topic} ({what})", "Remove it.")
        elif not tree.leads_somewhere(file.product, topic):
            yield dead(file.path, line, "related", file.product, topic)


def _audiences(tree: Tree, file: ArticleFile) -> Iterator[Problem]:
    for n, row in enumerate(file.source.body.split("\n"), file.source.body_line):
        heading = HEADING.match(row)
        if heading and heading[1] not in VERSION_HEADINGS:
            remedy = "A version begins with ## 买家 or ## 卖家, an answer with `### the question {#id}`."
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


def _links(file: ArticleFile) -> Iterator[Problem]:
    for n, source in enumerate(file.source.meta["sources"]):
        yield from source_problems(file.path, file.line("sources", n), source)
    for _, line, row in file.rows():
        for target in _LINK.findall(row):
            if re.match(r"https?://", target):
                yield from source_problems(file.path, line, target)
            elif re.match(r"[a-z][a-z0-9+.-]*:", target):
                text = f"the link {target!r} is neither a web address nor a file"
                yield Problem("error", file.path, line, text, "Link to https://… or to a file beside the article.")
            elif not target or not (Path(file.path).parent / target.partition("#")[0]).is_file():
                text = f"the link {target!r} leads to no file"
                yield Problem("error", file.path, line, text, "Correct the path; it starts at the article's folder.")


def _dates(file: ArticleFile, today: date) -> Iterator[Problem]:
    as_of, review_by = file.source.meta["as_of"], file.source.meta["review_by"]
    if as_of > month(today, as_of):
        yield future(file.path, file.line("as_of"), as_of)
    if review_by < month(today, review_by):
        remedy = "Check the facts, then set as_of and a new review_by."
        yield Problem("warning", file.path, file.line("review_by"), f"was to be looked at by {review_by}", remedy)


def _wording(file: ArticleFile) -> Iterator[Problem]:
    for answer in (answer for version in file.versions for answer in version.answers):
        length = len(re.sub(r"\s", "", answer.text))
        if length > LONGEST_WITHOUT_LIST and not any(map(LIST_ITEM.match, answer.text.split("\n"))):
            text = f"an answer of {length} characters without a list"
            remedy = f"Use a list, or {LONGEST_WITHOUT_LIST} characters at most."
            yield Problem("error", file.path, answer.line, text, remedy)
    for _, line, row in file.rows():
        for phone in _PHONE.findall(_ADDRESS.sub(" ", narrow(row))):
            text = f"the answer gives the phone number {phone!r}"
            yield Problem(
                "error", file.path, line, text, "Numbers change and are forged: name the page or the App entry."
            )
