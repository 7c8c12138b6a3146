"""The map's rules (docs/design.md): floors, rooms, circles, how much lies in a folder and in a function, what is private.

Who may import whom stands in `tools/imports.py` alone. A failing test lists every place.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Set
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

import pytest

from tools import architecture
from tools.imports import (
    ABOVE,
    FLOORS,
    MAY_IMPORT,
    ROOT,
    arrows,
    between,
    circle,
    floor_of,
    modules,
    origin,
    path_of,
    room_of,
    tree_of,
)

ITEMS_OF_BOT, ITEMS = 8, 12
LINES = 40
BRANCHES = 12
# Where what is decided is hard enough as it is.
FEW_BRANCHES = ("bot.dialogue", "bot.understanding", "bot.answers")
# A migration is one function that writes down a schema as it was; it is read once, from top to bottom, and never changed.
MIGRATIONS = "actions.policydb.migrations.versions."
HOUSE = frozenset(modules((*FLOORS, "bench", "tools")))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def listed(faults: list[str]) -> str:
    return "\n" + "\n".join(sorted(set(faults)))


# --- rooms and arrows


def test_every_module_lies_in_a_room() -> None:
    holds_rooms = {room.rpartition(".")[0] for room in MAY_IMPORT}
    faults = [
        str(path_of(module).relative_to(ROOT))
        for module in modules()
        if room_of(module) is None and not (module in holds_rooms and path_of(module).name == "__init__.py")
    ]
    assert not faults, listed(faults)


def test_every_room_exists_and_says_what_it_is() -> None:
    faults = [room for room in MAY_IMPORT if room not in modules() or not ast.get_docstring(tree_of(room))]
    assert not faults, listed(faults)


def test_the_table_of_rooms_leads_down_and_in_no_circle() -> None:
    pairs = [(room, other) for room, others in MAY_IMPORT.items() for other in others]
    assert all(other in MAY_IMPORT for _, other in pairs)
    assert all(floor_of(room) <= floor_of(other) for room, other in pairs)
    assert circle(pairs) is None


def test_no_arrow_leads_up() -> None:
    assert any(floor_of(arrow.source) < floor_of(arrow.target) for arrow in arrows())
    faults = [str(arrow) for arrow in arrows() if floor_of(arrow.target) < floor_of(arrow.source)]
    assert not faults, listed(faults)


def test_a_room_imports_only_what_it_may() -> None:
    faults = []
    for arrow in arrows():
        room, other = room_of(arrow.source), room_of(arrow.target)
        if room is not None and other != room and other not in MAY_IMPORT[room]:
            faults.append(f"{arrow} ({room} may not)")
    assert not faults, listed(faults)


def test_no_modules_import_each_other_in_a_circle() -> None:
    found = circle((arrow.source, arrow.target) for arrow in arrows())
    assert found is None, " -> ".join(found or ())


@pytest.mark.parametrize("folder", sorted({module.rpartition(".")[0] for module in modules()}))
def test_what_lies_in_a_folder_forms_no_circle(folder: str) -> None:
    found = circle(between(folder))
    assert found is None, " -> ".join(found or ())


# --- how much


@pytest.mark.parametrize("top", [*FLOORS, "bench", "tools"])
def test_no_folder_holds_more_than_one_sees_at_a_glance(top: str) -> None:
    most = ITEMS_OF_BOT if top == "bot" else ITEMS
    items: dict[Path, set[str]] = defaultdict(set)
    for path in map(path_of, modules((top,))):
        for item in (path, *path.parents):
            if item == ROOT / top:
                break
            if item.name != "__init__.py":
                items[item.parent].add(item.name)
    faults = [f"{folder.relative_to(ROOT)}: {len(each)} items" for folder, each in items.items() if len(each) > most]
    assert not faults, listed(faults)


def functions(module: str) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree_of(module)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def named(module: str, function: Function, what: str) -> str:
    return f"{path_of(module).relative_to(ROOT)}:{function.lineno} {function.name}: {what}"


def lines_of(function: Function) -> int:
    """From `def` to the last line."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def branches_of(function: Function) -> int:
    """The ways through, as radon counts them: 1, and one more for each decision. Functions inside are counted for themselves."""
    return 1 + sum(_decisions(node) for node in function.body)


def _decisions(node: ast.AST) -> int:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return 0
    if isinstance(node, ast.Assert):
        return 1  # whatever it asserts
    return _own(node) + sum(_decisions(child) for child in ast.iter_child_nodes(node))


def _own(node: ast.AST) -> int:
    if isinstance(node, (ast.If, ast.IfExp)):
        return 1
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return 1 + bool(node.orelse)
    if isinstance(node, ast.Try):
        return len(node.handlers) + bool(node.orelse)
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.Match):
        return len(node.cases) - any(getattr(case.pattern, "pattern", False) is None for case in node.cases)
    return 0


@pytest.mark.parametrize("top", [*FLOORS, "bench", "tools"])
def test_no_function_is_longer_than_a_screen(top: str) -> None:
    faults = [
        named(module, function, f"{lines_of(function)} lines")
        for module in modules((top,))
        if not module.startswith(MIGRATIONS)
        for function in functions(module)
        if lines_of(function) > LINES
    ]
    assert not faults, listed(faults)


@pytest.mark.parametrize("room", FEW_BRANCHES)
def test_no_function_decides_too_much(room: str) -> None:
    counted = {(module, function): branches_of(function) for module in modules(("bot",)) if room_of(module) == room
               for function in functions(module)}  # fmt: skip
    assert counted
    faults = [named(*place, f"{count} branches") for place, count in counted.items() if count > BRANCHES]
    assert not faults, listed(faults)


@pytest.mark.parametrize(
    ("code", "branches"),
    [
        ("def f(a):\n return a", 1),
        ("def f(a):\n if a: return 1\n elif a > 2: return 2\n return 3", 3),
        ("def f(a, b, c):\n return a and b and c or 0", 4),
        ("def f(a):\n return [x for x in a if x] if a else ()", 4),
        ("def f(a):\n try: a()\n except OSError: pass\n except KeyError: pass\n else: a()", 4),
        ("def f(a):\n for x in a: pass\n else: a()", 3),
        ("async def f(a):\n async with a: return lambda: 1 if a else 2", 2),
        ("def f(a):\n def g(): return 1 if a else 2\n assert a or g()", 2),
    ],
)
def test_branches_are_counted_as_radon_counts_them(code: str, branches: int) -> None:
    function = ast.parse(code).body[0]
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    assert branches_of(function) == branches


# --- what is private

_PRIVATE = re.compile(r"_(?!_)\w+")
_PRIVATE_PATH = re.compile(rf"(?:{'|'.join(FLOORS)})\.[\w.]*\._(?!_)\w+")
_BY_NAME = ("setattr", "delattr", "getattr", "hasattr", "object")


def private_names(tree: ast.Module) -> set[str]:
    """The private names that a module gives to something: function, class, variable or attribute."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in names if _PRIVATE.fullmatch(name)}


@lru_cache
def house_names() -> frozenset[str]:
    """The private names of the house."""
    return frozenset().union(*(private_names(tree_of(module)) for module in HOUSE))


def reached(top: str) -> set[tuple[str, str]]:
    """(file, name) of each private name of another module that the modules below `top` reach for."""
    return {
        (str(path_of(module).relative_to(ROOT)), name)
        for module in modules((top,))
        for name in reaches(tree_of(module), module, house_names())
    }


def reaches(tree: ast.Module, module: str, house: frozenset[str]) -> Iterator[str]:
    """Each private name of another module that this one imports, reads, sets or patches.

    house: the private names there are. Whose an attribute is, the source does not say: one that the module itself gives to
    something is taken for its own, unless it is asked of a module.
    """
    nodes = list(ast.walk(tree))
    foreign = house - private_names(tree)
    imported = {alias.asname or alias.name for node in nodes if is_import(node) for alias in node.names
                if is_ours(node, alias, module)}  # fmt: skip
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and origin(node, module).partition(".")[0] in (*FLOORS, *ABOVE):
            yield from (alias.name for alias in node.names if _PRIVATE.fullmatch(alias.name))
        elif isinstance(node, ast.Attribute):
            asked = written(node.value)
            if (node.attr in foreign and asked not in ("self", "cls")) or (
                asked in imported and _PRIVATE.fullmatch(node.attr)
            ):
                yield node.attr
        elif isinstance(node, ast.Call):
            yield from named_in(node, foreign)


def written(node: ast.expr) -> str:
    """A name with dots as it is written; empty for any other expression."""
    if isinstance(node, ast.Attribute):
        start = written(node.value)
        return f"{start}.{node.attr}" if start else ""
    return node.id if isinstance(node, ast.Name) else ""


def is_import(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def is_ours(node: ast.Import | ast.ImportFrom, alias: ast.alias, module: str) -> bool:
    """Whether what is imported is a module of the house."""
    start = f"{origin(node, module)}." if isinstance(node, ast.ImportFrom) else ""
    return start + alias.name in HOUSE


def named_in(call: ast.Call, foreign: Set[str]) -> list[str]:
    """The private names that a call names in a string: `setattr(thing, "_name", …)`, `patch("bot.room.file._name")`."""
    texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    paths = [text.rpartition(".")[2] for text in texts if _PRIVATE_PATH.fullmatch(text)]
    called = call.func.attr if isinstance(call.func, ast.Attribute) else written(call.func)
    return paths + [text for text in texts if called in _BY_NAME and text in foreign]


@pytest.mark.parametrize("top", [*FLOORS, "bench", "tools"])
def test_nothing_reaches_into_private_names(top: str) -> None:
    faults = [" ".join(each) for each in reached(top)]
    assert not faults, listed(faults)


# What tests still reach for, by reason and file. It may only grow shorter: each name blocks a change of what it belongs to.
REACHED = {
    "what memory holds, and that it is given back, shows nowhere else": {
        "tests/channel/test_limits.py": "_open _storage",
        "tests/channel/test_unanswered.py": "_waiting",
    },
    "a fault, a delay or a count is put into one place inside": {
        "tests/channel/test_staff.py": "_mark _undelivered",
        "tests/channel/test_unanswered.py": "_WAITING _drop_old",
        "tests/conversations/test_broken_off.py": "_look_up",
    },
    "a piece is tried alone that could be tried through the whole": {
        "tests/channel/test_limits.py": "_normalise",
        "tests/test_tickets.py": "_row",
    },
}


def test_tests_reach_into_fewer_and_fewer_private_names() -> None:
    allowed = {(file, name) for files in REACHED.values() for file, names in files.items() for name in names.split()}
    faults = [f"{file} {name}: ask for it in public" for file, name in reached("tests") - allowed]
    faults += [f"{file} {name}: take it off the list" for file, name in allowed - reached("tests")]
    assert not faults, listed(faults)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from bot.dialogue.policy import _asked_for", ["_asked_for"]),
        ("from bot.dialogue import policy\npolicy._asked_for(1)", ["_asked_for"]),
        ("import bot.dialogue.policy as rules\nrules._whatever = 1", ["_whatever"]),
        ("import bot.dialogue.policy\nbot.dialogue.policy._whatever()", ["_whatever"]),
        ("from collections import namedtuple as n\nn()._replace(a=1)", []),
        ("def f(store): return store._secret", ["_secret"]),
        ("class A:\n def f(self): return self._secret", []),
        ("class A:\n def f(self, other): self._secret = other._secret", []),
        ("def f(patch, store): patch.setattr(store, '_secret', 1)", ["_secret"]),
        ("def f(patch): patch.setattr('bot.stores.rows._row', 1)", ["_row"]),
        ("print('_secret')", []),
    ],
)
def test_a_reach_is_found(code: str, found: list[str]) -> None:
    assert list(reaches(ast.parse(code), "tests.made_up", frozenset({"_secret"}))) == found


# --- the picture


def test_the_picture_shows_the_imports_there_are() -> None:
    assert architecture.main(["--check"]) == 0, "the house has changed: python tools/architecture.py, and look at it"


def test_every_room_of_the_picture_has_a_name_in_both_languages() -> None:
    assert set(MAY_IMPORT) | set(FLOORS) == set(architecture.NAMES)
