"""The dated rules that decide, read from the key `rules:` of knowledge/<product>/product.yml.

A rule says what it is about, from which day it holds, in which words people are told, and how sure it is (grade,
as-of, sources). Nothing in `actions.desk` has a period or an amount of its own: correct the file, and the next
answer follows it. A file that breaks while the program runs keeps its last good version.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from xiaoer import settings
from xiaoer.errors import KnowledgeError, XiaoerError

logger = logging.getLogger(__name__)


class NoRules(XiaoerError):
    """A product has no rules that a decision could rest on; the reply says 资料不足."""


@dataclass(frozen=True)
class Rule:
    """One clause. text: what people are told, without a full stop; caveat: where pages differ.

    Numbers, None where the clause has none: days (after shipping), hours and fast_hours (after the refund), max_fen,
    first_weight_g, percent. covers: the case is covered; fixed: the sum is paid whatever the freight was.
    """

    id: str
    product: str
    about: str
    text: str
    grade: str
    as_of: str
    sources: tuple[str, ...]
    effective_from: date = date.min
    caveat: str = ""
    days: int | None = None
    hours: int | None = None
    fast_hours: int | None = None
    max_fen: int | None = None
    first_weight_g: int | None = None
    percent: int | None = None
    covers: bool = False
    fixed: bool = False


_TEXTS = ("id", "about", "text", "grade", "as_of")
_NUMBERS = ("days", "hours", "fast_hours", "max_fen", "first_weight_g", "percent")
_FLAGS = ("covers", "fixed")
_KNOWN = {*_TEXTS, *_NUMBERS, *_FLAGS, "sources", "from", "caveat"}

_cache: dict[Path, tuple[int, Mapping[str, Any]]] = {}
_rules: dict[tuple[Path, int], tuple[Rule, ...]] = {}


def rules_of(product: str) -> tuple[Rule, ...]:
    """Every rule of a product, none where it has no file or no rules. Raises KnowledgeError for a broken file."""
    path = _path(product)
    try:
        stamp, data = _read(path)
        if (path, stamp) not in _rules:
            _rules[(path, stamp)] = tuple(_rule(product, entry, path) for entry in data.get("rules") or ())
        return _rules[(path, stamp)]
    except KnowledgeError as error:
        known = [kept for (where, _), kept in _rules.items() if where == path]
        if not known:
            raise
        logger.error("rules kept as they were, because a file is broken: %s", error)
        return known[-1]


def find(product: str, about: str, *, on: date | None = None) -> Rule | None:
    """The newest rule about something that holds on a day (by default: the newest there is); None without one."""
    day = on or date.max
    holding = [rule for rule in rules_of(product) if rule.about == about and rule.effective_from <= day]
    return max(holding, key=lambda rule: rule.effective_from, default=None)


def need(product: str, *about: str, on: date | None = None) -> Rule:
    """The first of several kinds of rule that the product has. Raises NoRules."""
    for kind in about:
        rule = find(product, kind, on=on)
        if rule is not None:
            return rule
    raise NoRules(f"{product} has no rule about {' or '.join(about)}; add one to {_path(product)}")


def product_name(product: str) -> str:
    """What people call it: `name` of product.yml, or the first words of topics.yml while that is being written."""
    name = _read(_path(product))[1].get("name")
    if name:
        return str(name)
    described = _read(_root() / "topics.yml")[1].get("products", {}).get(product, product)
    return str(described).split("（")[0].split("、")[0]


def _root() -> Path:
    return Path(settings.get("XIAOER_KNOWLEDGE"))


def _path(product: str) -> Path:
    return _root() / product / "product.yml"


def _read(path: Path) -> tuple[int, Mapping[str, Any]]:
    """A file's change time and content, read again only when it changed; nothing for a file that is not there."""
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return 0, {}
    if path not in _cache or _cache[path][0] != stamp:
        try:
            data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise KnowledgeError(str(path), 1, f"cannot be read ({error})", "Save it as UTF-8 text.") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise KnowledgeError(str(path), line, f"is not valid YAML ({error.problem})", "Mend that line.") from None
        _cache[path] = (stamp, data if isinstance(data, dict) else {})
    return _cache[path]


def _rule(product: str, entry: Any, path: Path) -> Rule:
    name = entry.get("id", "?") if isinstance(entry, dict) else "?"

    def broken(problem: str) -> KnowledgeError:
        lines = path.read_text(encoding="utf-8").splitlines()
        line = next((number for number, text in enumerate(lines, 1) if text.strip() == f"- id: {name}"), 1)
        return KnowledgeError(str(path), line, f"rule {name}: {problem}", "See actions/desk/rules.py for the fields.")

    if not isinstance(entry, dict):
        raise broken("is not a mapping")
    missing = [key for key in (*_TEXTS, "sources") if not entry.get(key)]
    unknown = sorted(set(entry) - _KNOWN)
    if missing or unknown:
        raise broken(f"lacks {missing}" if missing else f"has unknown fields {unknown}")
    try:
        fields: dict[str, Any] = {key: int(entry[key]) for key in _NUMBERS if key in entry}
        effective_from = date.fromisoformat(entry["from"]) if "from" in entry else date.min
    except ValueError as error:
        raise broken(str(error)) from None
    flags = {key: entry.get(key, "no") for key in _FLAGS}
    if not isinstance(entry["sources"], list) or any(flag not in ("yes", "no") for flag in flags.values()):
        raise broken("sources must be a list, and covers and fixed yes or no")
    return Rule(
        product=product,
        effective_from=effective_from,
        sources=tuple(entry["sources"]),
        caveat=entry.get("caveat", ""),
        **fields,
        **{key: entry[key] for key in _TEXTS},
        **{key: flag == "yes" for key, flag in flags.items()},
    )
