"""Cuts a version of an article into its answers: how each is asked for, its first sentence, what supports it.

    > 运费险咋退掉啊                       ways of asking, of what follows
    付款后不能单独退，下单前去掉勾选就行。      the lead: the first paragraph
    - …                                    the body

    ### 付了款还能退掉吗 {#after_payment}   the next answer: the question that its button says, its id, and, where they
    > …                                    differ from the article's, .buyer or .seller, as_of=2022-09, grade=B

What stands before the first heading is the overview, what is said to the bare topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.model import AUDIENCES, GRADES, OVERVIEW, Answer
from knowledge.schema import DATED
from xiaoer.errors import KnowledgeError

_HEADING = re.compile(r"^###(?!#) *(?P<question>.*?) *(?:\{(?P<about>[^{}]*)\})? *$")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_SHAPE = "Write `### the question {#id}`; behind the id may stand .buyer or .seller, as_of=2022-09, grade=B."


def answers_of(text: str, path: Path, first_line: int, audience: str, meta: Mapping[str, str]) -> tuple[Answer, ...]:
    """The answers of a version, the overview first. meta: as_of and grade of the article; first_line: of `text` in the file.

    Raises KnowledgeError for a heading that is not in shape, an id that is there twice, an answer without a lead.
    """
    found: dict[str, Answer] = {}
    for line, heading, rows in _sections(text.split("\n"), first_line):
        about = {"id": OVERVIEW, "audience": audience, "as_of": meta["as_of"], "grade": meta["grade"]}
        if heading is not None:
            about |= _about(heading, path, line)
        if about["id"] in found:
            remedy = "Join the two, or give one another id."
            raise KnowledgeError(str(path), line, f"has the answer {about['id']!r} twice", remedy)
        asks, lead, body = _parts(rows)
        if not lead:
            raise KnowledgeError(
                str(path), line, f"the answer {about['id']!r} says nothing", "Write its first sentence below the asks."
            )
        found[about["id"]] = Answer(asks=asks, lead=lead, body=body, line=line, **{"question": "", **about})
    return tuple(found.values())


def _sections(rows: list[str], first_line: int) -> Iterator[tuple[int, re.Match[str] | None, list[str]]]:
    """(line, heading, rows below it); the first has no heading."""
    line, heading = first_line, None
    section: list[str] = []
    for at, row in enumerate(rows):
        found = _HEADING.match(row)
        if found:
            yield line, heading, section
            line, heading, section = first_line + at, found, []
        else:
            section.append(row)
    yield line, heading, section


def _about(heading: re.Match[str], path: Path, line: int) -> dict[str, str]:
    """What a heading says of its answer."""
    about: dict[str, str] = {"question": heading["question"]}
    for word in (heading["about"] or "").split():
        key, _, value = word.partition("=")
        if word.startswith("#") and _ID.fullmatch(word[1:]):
            about["id"] = word[1:]
        elif word.startswith(".") and word[1:] in AUDIENCES:
            about["audience"] = word[1:]
        elif (key == "grade" and value in GRADES) or (key == "as_of" and re.match(DATED, value)):
            about[key] = value
        else:
            raise KnowledgeError(str(path), line, f"{word!r} in a heading says nothing", _SHAPE)
    if not about["question"] or "id" not in about:
        raise KnowledgeError(str(path), line, "the heading of an answer needs a question and an id", _SHAPE)
    return about


def _parts(rows: list[str]) -> tuple[tuple[str, ...], str, str]:
    """Asks, lead and body of a section."""
    rows = "\n".join(rows).strip("\n").split("\n")
    asks: list[str] = []
    while rows and (rows[0].startswith(">") or (asks and not rows[0].strip())):
        row = rows.pop(0).lstrip("> ").strip()
        asks += [row] if row else []
    lead, _, body = "\n".join(rows).strip().partition("\n\n")
    return tuple(asks), lead.strip(), body.strip()
