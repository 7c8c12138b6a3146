"""The dated rules that decide, read from the keys `rules:`, `tables:` and `desk:` of knowledge/<product>/product.yml.

A rule says what it is about, from which day it holds, in which words people are told, and how sure it is (grade,
as-of, sources). A table is a rule with rows. Nothing in `actions.desk` has a period or an amount of its own: correct
the file, and the next answer follows it. A file that breaks while the program runs keeps its last good version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from actions.policydb.facts import Category, Site
from xiaoer import settings
from xiaoer.errors import KnowledgeError, XiaoerError

logger = logging.getLogger(__name__)


class NoRules(XiaoerError):
    """A product has no rules that a decision could rest on; the reply says 资料不足."""


class Condition(str, Enum):
    """What a rule asks of a shop before it may have a product (准入条件)."""

    CONSUMER_PROTECTION = "consumer_protection"
    SEVEN_DAY_RETURN = "seven_day_return"
    RISK_RATE = "risk_rate"
    CATEGORY = "category"
    BULKY = "bulky"
    SITE = "site"
    DEPOSIT = "deposit"
    HISTORY = "history"


@dataclass(frozen=True)
class Rule:
    """One clause. text: what people are told, without a full stop; caveat: where pages differ.

    Numbers, None where the clause has none: days (after shipping, or after leaving), hours and fast_hours (after the
    refund), min_fen, max_fen, first_weight_g, percent and most_percent, rate_bp (hundredths of a per cent; of an order
    or, a year, of a deposit) and half_year_bp. covers: the case is covered; fixed: the sum is paid whatever the
    freight was.

    A rule with a condition is asked of a shop, under a short name, with a remedy for who fails it. accepts, excepts:
    categories or sites that pass or fail, perhaps: those where a finer division decides that a shop's row does not
    have. unsettled: nobody reliable says whether it is asked for, so it neither passes nor fails.
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
    min_fen: int | None = None
    most_percent: int | None = None
    rate_bp: int | None = None
    half_year_bp: int | None = None
    covers: bool = False
    fixed: bool = False
    condition: Condition | None = None
    name: str = ""
    remedy: str = ""
    accepts: tuple[str, ...] = ()
    excepts: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    unsettled: bool = False


@dataclass(frozen=True)
class Row:
    """A step of a rate table: what an order costs up to a risk rate, for shops with enough orders a quarter.

    up_to_bp: the highest risk rate of the step, itself included; derived: no source states it, it lies between two
    that are stated.
    """

    up_to_bp: int
    fen: int
    orders_from: int = 0
    derived: bool = False


@dataclass(frozen=True)
class Table:
    """A dated rate table. rule: what it is, since when, and how sure that is; rows: from the lowest step up."""

    rule: Rule
    rows: tuple[Row, ...]

    @property
    def lowest_fen(self) -> int:
        """The price of the lowest step."""
        return min(row.fen for row in self.rows)

    def row(self, risk_rate_bp: int, orders: int) -> Row | None:
        """The step of a risk rate and a number of orders in the last quarter; None above the last step."""
        fitting = (row for row in self.rows if risk_rate_bp <= row.up_to_bp and orders >= row.orders_from)
        return next(fitting, None)


@dataclass(frozen=True)
class Desk:
    """What this desk does with a product for a seller, and on which terms; "" where nothing reliable is known.

    enable: it opens and closes it; withdrawn: nobody can have it any more; instead: the product to look at then;
    where: where to do it when not here. Texts are without a full stop.
    """

    product: str
    enable: bool = False
    withdrawn: bool = False
    scope: str = ""
    agreement: str = ""
    start: str = ""
    leave: str = ""
    term: str = ""
    where: str = ""
    instead: str = ""
    grade: str = ""
    as_of: str = ""
    sources: tuple[str, ...] = ()


_TEXTS = ("id", "about", "text", "grade", "as_of")
_NUMBERS = (
    *("days", "hours", "fast_hours", "max_fen", "first_weight_g", "percent"),
    *("min_fen", "most_percent", "rate_bp", "half_year_bp"),
)
_FLAGS = ("covers", "fixed", "unsettled")
_LISTS = ("accepts", "excepts", "perhaps")
_WORDS = ("caveat", "name", "remedy")
_KNOWN = {*_TEXTS, *_NUMBERS, *_FLAGS, *_LISTS, *_WORDS, "sources", "from", "condition"}
_DESK_WORDS = ("scope", "agreement", "start", "leave", "term", "where", "instead", "grade", "as_of")
_ELSEWHERE = "在千牛「店铺管理 → 商家保障」里看有没有这一项，没有的问千牛在线客服"


@dataclass(frozen=True)
class _Parsed:
    """One version of a product's file."""

    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]
    desk: Desk


_cache: dict[Path, tuple[int, Mapping[str, Any]]] = {}
_parsed: dict[tuple[Path, int], _Parsed] = {}


def rules_of(product: str) -> tuple[Rule, ...]:
    """Every rule of a product, none where it has no file or no rules. Raises KnowledgeError for a broken file."""
    return _newest(product).rules


def tables_of(product: str) -> tuple[Table, ...]:
    """Every table of a product, none where it has no file or no tables. Raises KnowledgeError for a broken file."""
    return _newest(product).tables


def desk_of(product: str) -> Desk:
    """What this desk does with a product; without a word about it in its file, it is not opened here.

    Raises KnowledgeError for a broken file.
    """
    return _newest(product).desk


def find(product: str, about: str, *, on: date | None = None) -> Rule | None:
    """The newest rule about something that holds on a day (by default: the newest there is); None without one."""
    day = on or date.max
    holding = [rule for rule in rules_of(product) if rule.about == about and rule.effective_from <= day]
    return max(holding, key=lambda rule: rule.effective_from, default=None)


def find_table(product: str, about: str, *, on: date | None = None) -> Table | None:
    """The newest table about something that holds on a day (by default: the newest there is); None without one."""
    day = on or date.max
    holding = [table for table in tables_of(product) if table.rule.about == about and table.rule.effective_from <= day]
    return max(holding, key=lambda table: table.rule.effective_from, default=None)


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


def default_product() -> str:
    """The product that a question is about when it names none: `default_product` of topics.yml."""
    return str(_read(_root() / "topics.yml")[1]["default_product"])


def desk_products() -> tuple[str, ...]:
    """The products that this desk opens and closes, in the order of topics.yml."""
    every = _read(_root() / "topics.yml")[1].get("products") or {}
    return tuple(product for product in every if desk_of(product).enable)


def where_to_look(product: str, topic: str) -> str:
    """Where people find what nobody reliable says about a topic: from `unknown` of product.yml; "" without a word."""
    unknown = _read(_path(product))[1].get("unknown") or ()
    return next((str(entry.get("where", "")) for entry in unknown if topic in entry.get("topics", ())), "")


def speaks_of(product: str, topic: str) -> bool:
    """Whether a question about the topic gets a reply that says something about this product."""
    return (_root() / product / f"{topic}.md").is_file() or bool(where_to_look(product, topic))


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


def _newest(product: str) -> _Parsed:
    """The newest good version of a product's file. Raises KnowledgeError when there has been none."""
    path = _path(product)
    try:
        stamp, data = _read(path)
        if (path, stamp) not in _parsed:
            _parsed[(path, stamp)] = _Parsed(
                rules=tuple(_rule(product, entry, path) for entry in data.get("rules") or ()),
                tables=tuple(_table(product, entry, path) for entry in data.get("tables") or ()),
                desk=_desk(product, data.get("desk") or {}, path),
            )
        return _parsed[(path, stamp)]
    except KnowledgeError as error:
        known = [kept for (where, _), kept in _parsed.items() if where == path]
        if not known:
            raise
        logger.error("rules kept as they were, because a file is broken: %s", error)
        return known[-1]


def _desk(product: str, entry: Any, path: Path) -> Desk:
    known = {*_DESK_WORDS, "enable", "withdrawn", "sources"}
    if not isinstance(entry, dict) or set(entry) - known:
        problem = f"desk: expected a mapping with some of {sorted(known)}, got {entry!r}"
        raise KnowledgeError(str(path), 1, problem, "See actions/desk/rules.py for the fields.")
    words = {key: str(entry[key]) for key in _DESK_WORDS if key in entry}
    return Desk(
        product,
        enable=entry.get("enable") == "yes",
        withdrawn=entry.get("withdrawn") == "yes",
        sources=tuple(entry.get("sources", ())),
        **{"where": where_to_look(product, "enable_service") or _ELSEWHERE, **words},
    )


def _table(product: str, entry: Any, path: Path) -> Table:
    described = {key: value for key, value in entry.items() if key != "rows"} if isinstance(entry, dict) else entry
    rule = _rule(product, described, path)
    try:
        rows = tuple(
            Row(
                up_to_bp=int(row["up_to_bp"]),
                fen=int(row["fen"]),
                orders_from=int(row.get("orders_from", 0)),
                derived=row.get("derived") == "yes",
            )
            for row in entry["rows"]
        )
    except (KeyError, TypeError, ValueError) as error:
        problem = f"table {rule.id}: rows need up_to_bp and fen in whole numbers ({error!r})"
        raise KnowledgeError(str(path), 1, problem, "See actions/desk/rules.py for the fields.") from None
    if not rows or list(rows) != sorted(rows, key=lambda row: row.up_to_bp):
        problem = f"table {rule.id}: rows are none, or not in the order of up_to_bp"
        raise KnowledgeError(str(path), 1, problem, "Begin with the lowest step.")
    return Table(rule, rows)


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
    lists = {key: entry.get(key, []) for key in (*_LISTS, "sources")}
    if not all(isinstance(each, list) for each in lists.values()) or any(
        flag not in ("yes", "no") for flag in flags.values()
    ):
        raise broken(f"{', '.join(lists)} must be lists, and {', '.join(flags)} yes or no")
    fields.update({key: tuple(each) for key, each in lists.items()})
    rule = Rule(
        product=product,
        effective_from=effective_from,
        condition=_condition(entry, broken),
        **fields,
        **{key: entry[key] for key in _TEXTS},
        **{key: entry.get(key, "") for key in _WORDS},
        **{key: flag == "yes" for key, flag in flags.items()},
    )
    _check_condition(rule, broken)
    return rule


def _condition(entry: Mapping[str, Any], broken: Callable[[str], KnowledgeError]) -> Condition | None:
    try:
        return Condition(entry["condition"]) if "condition" in entry else None
    except ValueError:
        known = ", ".join(condition.value for condition in Condition)
        raise broken(f"condition is {entry['condition']!r}, expected one of {known}") from None


def _check_condition(rule: Rule, broken: Callable[[str], KnowledgeError]) -> None:
    """What a shop can be held against is complete. Raises what `broken` makes."""
    if rule.condition is None:
        return
    if not rule.name:
        raise broken("a condition needs a name")
    known = {each.value for each in (Site if rule.condition is Condition.SITE else Category)}
    strange = sorted({*rule.accepts, *rule.excepts, *rule.perhaps} - known)
    if strange:
        raise broken(f"does not know {strange}, expected some of {sorted(known)}")
    if rule.condition is Condition.RISK_RATE and rule.percent is None and not rule.unsettled:
        raise broken("a risk rate needs percent, or unsettled: yes")
