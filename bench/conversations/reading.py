"""The conversations: what people say, what a good reply says and must not say, and whether those patterns can be trusted.

A set is a YAML list, one file a writer; a name that begins with `learn_` or `report_` says what it is for. docs/evaluation.md
describes the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from xiaoer.errors import XiaoerError

FOLDER = Path(__file__).parent
SETS = FOLDER / "sets"
STOCK: Mapping[str, str] = yaml.safe_load((FOLDER / "stock.yml").read_text(encoding="utf-8"))
SPLITS = ("learn", "report")
# What a turn turns on.
KINDS = ("named", "date", "place", "point", "half", "correction", "change", "two", "customer", "shop", "sum", "edge", "knowledge", "handover")  # fmt: skip
_KEYS = frozenset(
    ["say", "press", "kind", "things", "ask", "must", "must_not", "wrong", "writes", "good", "bad", "stock_ok"]
)
_NEEDED = ("kind", "must", "good", "bad")
_LISTS = ("things", "must", "must_not", "wrong", "stock_ok")
_ASKER = re.compile(r"(buyer|seller):\w+|visitor")
_TURNS = range(3, 9)


@dataclass(frozen=True)
class Turn:
    """One thing said, or pressed by a part of a button's title, and what is expected then.

    things: tails of the orders, or names, that the reply should be about; ask: to ask which of several is as good; must:
    patterns that are all found in a good reply, must_not: none; wrong: patterns that are found only in what is untrue;
    writes: something is to be done now; good, bad: replies that the patterns accept and refuse; stock_ok: stock replies
    that are fine here.
    """

    text: str
    pressed: bool = False
    kind: str = ""
    things: tuple[str, ...] = ()
    ask: bool = False
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    writes: bool = False
    good: str = ""
    bad: str = ""
    stock_ok: tuple[str, ...] = ()

    def failed(self, text: str) -> tuple[str, ...]:
        """Why a reply is not as expected, a line a pattern: none where it is."""
        plain = text.replace("**", "")
        lacks = [f"must: {each}" for each in self.must if not re.search(each, plain, re.DOTALL)]
        refused = (("must_not", self.must_not), ("wrong", self.wrong))
        return (*lacks, *(f"{name}: {each}" for name, patterns in refused for each in patterns
                          if re.search(each, plain, re.DOTALL)))  # fmt: skip


@dataclass(frozen=True)
class Conversation:
    """as_: who speaks; page: the number of the order page that they are on; split: learn, report or none."""

    id: str
    as_: str
    turns: tuple[Turn, ...]
    page: str = ""
    split: str = ""

    @property
    def side(self) -> str:
        """buyer, seller or visitor."""
        return self.as_.partition(":")[0]


def files(places: Sequence[Path] = (SETS,), only: str = "") -> list[Path]:
    """The sets below the folders and among the files, in order. only: of this split. Raises XiaoerError where there is none."""
    found = [file for place in places for file in (sorted(place.glob("*.yml")) if place.is_dir() else [place])]
    chosen = [file for file in found if not only or _split(file) == only]
    if not chosen:
        raise XiaoerError(
            f"expected sets{f' that begin with {only}_' if only else ''} in {', '.join(map(str, places))}, found none"
        )
    return chosen


def load(paths: Iterable[Path]) -> list[Conversation]:
    """Every conversation of the files. Raises XiaoerError for a file that cannot be read or judged by."""
    return [_conversation(data, path) for path in paths for data in read(path)]


def read(path: Path) -> list[Any]:
    """What stands in a file. Raises XiaoerError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise XiaoerError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(data, list):
        raise XiaoerError(f"{path}: expected a list of conversations, got {type(data).__name__}")
    return data


def _split(path: Path) -> str:
    return next((split for split in SPLITS if path.name.startswith(f"{split}_")), "")


def _conversation(data: Any, path: Path) -> Conversation:
    try:
        turns = tuple(map(_turn, data["turns"]))
        return Conversation(str(data["id"]), str(data["as"]), turns, str(data.get("page") or ""), _split(path))
    except (KeyError, TypeError, AttributeError, re.error) as error:
        name = data.get("id") if isinstance(data, dict) else data
        raise XiaoerError(
            f"{path}: conversation {name!r} cannot be used ({error!r}): --check says what is wrong"
        ) from None


def _turn(data: Mapping[str, Any]) -> Turn:
    lists: dict[str, Any] = {name: tuple(map(str, data.get(name) or ())) for name in _LISTS}
    for pattern in (*lists["must"], *lists["must_not"], *lists["wrong"]):
        re.compile(pattern)
    pressed = "press" in data
    return Turn(
        text=str(data["press" if pressed else "say"]),
        pressed=pressed,
        kind=str(data["kind"]),
        ask=bool(data.get("ask")),
        writes=bool(data.get("writes")),
        good=str(data.get("good") or ""),
        bad=str(data.get("bad") or ""),
        **lists,
    )


# ---------------------------------------------------------------- whether they can be trusted


def faults(paths: Iterable[Path]) -> Iterator[str]:
    """What is wrong with the sets, a line each: shape, and patterns that accept or refuse what they should not."""
    for path in paths:
        seen: set[Any] = set()
        try:
            found = read(path)
        except XiaoerError as error:
            yield str(error)
            continue
        for data in found:
            name = data.get("id") if isinstance(data, dict) else None
            if name in seen:
                yield f"{path.name} {name}: the id stands twice"
            seen.add(name)
            yield from (f"{path.name} {name}: {fault}" for fault in _faults_of(data))


def _faults_of(data: Any) -> Iterator[str]:
    if not isinstance(data, dict) or not isinstance(data.get("turns"), list):
        yield "expected id, as and a list of turns"
        return
    if not isinstance(data.get("id"), str):
        yield "expected an id"
    if not _ASKER.fullmatch(str(data.get("as"))):
        yield f"as: expected buyer:ID, seller:ID or visitor, got {data.get('as')!r}"
    if not isinstance(data.get("page", ""), str):
        yield "page: an order number stands in quotes"
    if len(data["turns"]) not in _TURNS:
        yield f"expected 3 to 8 turns, got {len(data['turns'])}"
    for number, turn in enumerate(data["turns"], 1):
        yield from (f"turn {number}: {fault}" for fault in _turn_faults(turn))


def _turn_faults(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        yield f"expected a mapping, got {data!r}"
        return
    shape = list(_shape_faults(data))
    yield from shape
    if shape:
        return
    try:
        turn = _turn(data)
    except re.error as error:
        yield f"pattern {error.pattern!r}: {error}"
        return
    if found := turn.failed(turn.good):
        yield f"good is refused: {'; '.join(found)}"
    if not turn.failed(turn.bad):
        yield "bad is accepted"
    allowed = {*turn.stock_ok, *(["list"] if turn.ask else [])}
    yield from (
        f"stock reply {name} is accepted"
        for name, text in STOCK.items()
        if name not in allowed and not turn.failed(text)
    )


def _shape_faults(data: Mapping[str, Any]) -> Iterator[str]:
    if ("say" in data) == ("press" in data):
        yield "expected either say or press"
    if unknown := sorted(map(str, set(data) - _KEYS)):
        yield f"unknown keys {unknown}"
    if lacks := [name for name in _NEEDED if not data.get(name)]:
        yield f"lacks {lacks}"
    if data.get("kind") not in KINDS:
        yield f"kind: expected one of {', '.join(KINDS)}, got {data.get('kind')!r}"
    for name in _LISTS:
        value = data.get(name) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            yield f"{name}: expected a list of strings (a tail stands in quotes), got {value!r}"
    if unknown := sorted(set(map(str, data.get("stock_ok") or [])) - set(STOCK)):
        yield f"stock_ok: there is no {unknown}"
