"""What `xiaoer ask` reads: lines of plain text, or objects that say who asks, in which conversation, on which page and day."""

from __future__ import annotations

import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from xiaoer import settings
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Source, parse_principal

EXPECTED = (
    '{"text": "..."} or {"press": "..."}, with "as"?: "buyer:ID", "conversation"?: "...", "order"?: "number of the page", '
    '"today"?: "YYYY-MM-DD"'
)
_SHOWN = 80  # characters of a bad line that its error repeats
_ORDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Line:
    """Something to be said or pressed.

    conversation: as the line calls it, None for one of its own; id: the assistant's name for it; today: the day on
    which it is said, "" for the clock's.
    """

    text: str
    principal: Principal
    pressed: bool = False
    conversation: str | None = None
    id: str | None = None
    today: str = ""


def read(lines: Iterable[str | bytes], default: Principal) -> Iterator[Line]:
    """Each line that holds something, as it comes. default: who asks where nothing else is said.

    Within a conversation, who asks and the page stay what they were; only the page may change. Raises XiaoerError with
    the number of a line that cannot be read.
    """
    reader = _Reader(default, settings.whole("XIAOER_CONVERSATIONS_KEPT"))
    for number, raw in enumerate(lines, 1):
        line = raw
        try:
            text = _decoded(raw).rstrip("\r\n")
            if text.strip():
                line = text
                yield reader.object(_object(text)) if text.lstrip().startswith("{") else Line(text, default)
        except _Bad as error:
            raise XiaoerError(f"line {number}: expected {EXPECTED}, got {line[:_SHOWN]!r} ({error})") from None


class _Bad(ValueError):
    """What is wrong with a line."""


@dataclass(frozen=True)
class _Going:
    """A conversation that goes on; the principal has the page that it is on."""

    id: str
    principal: Principal


class _Reader:
    def __init__(self, default: Principal, kept: int) -> None:
        self._default = default
        self._kept = kept
        self._going: OrderedDict[str, _Going] = OrderedDict()  # the one heard of last comes last

    def object(self, data: Mapping[str, Any]) -> Line:
        """Raises _Bad."""
        text, press = _string(data, "text"), _string(data, "press")
        if (text is None) == (press is None):
            raise _Bad("one of text and press, and not both")
        said = press if text is None else text
        name, today = _string(data, "conversation") or None, _day(_string(data, "today"))
        line = Line(said or "", self._default, conversation=name, today=today)
        if press is not None:
            if not press.strip():
                raise _Bad("press must not be empty")
            line = replace(line, pressed=press.startswith("/"))
        going = self._goes_on(name, _string(data, "as"), data)
        return replace(line, principal=going.principal, id=None if name is None else going.id)

    def _goes_on(self, name: str | None, who: str | None, data: Mapping[str, Any]) -> _Going:
        """The conversation as it is with this line."""
        before = self._going.get(name) if name is not None else None
        asker = _asker(who) if who else None
        if before and asker and str(asker) != str(before.principal):
            raise _Bad(f"conversation {name!r} is of {before.principal}, and stays so")
        principal = before.principal if before else asker or self._default
        if "order" in data:
            principal = replace(principal, order=_order(_string(data, "order")))
        going = _Going(before.id if before else uuid.uuid4().hex, principal)
        if name is not None:
            self._going[name] = going
            self._going.move_to_end(name)
            if len(self._going) > self._kept:
                self._going.popitem(last=False)
        return going


def _decoded(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Bad(f"not UTF-8: {error.reason} at byte {error.start}") from None


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Bad(str(error)) from None
    if not isinstance(data, dict):  # "{" begins nothing else, but json may change its mind
        raise _Bad("no object")
    return data


def _string(data: Mapping[str, Any], name: str) -> str | None:
    """A string that can be printed again; None where it is left out or null."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Bad(f"{name} must be a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Bad(f"{name} holds half a character") from None
    return value


def _asker(text: str) -> Principal:
    try:
        return parse_principal(text, Source.COMMAND)
    except ValueError as error:
        raise _Bad(f"as: {error}") from None


def _order(number: str | None) -> str:
    if number and not _ORDER.fullmatch(number):
        raise _Bad("order must be an order number")
    return number or ""


def _day(text: str | None) -> str:
    if not text:
        return ""
    try:
        if date.fromisoformat(text).year in _YEARS:
            return text
    except ValueError:
        pass
    raise _Bad(f"today must be a day such as 2026-11-30, got {text[:20]!r}")
