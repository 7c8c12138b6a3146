"""docs/rasa.md names all that is taken from Rasa beyond what it offers, and the Rasa that is installed still has it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator

import pytest

from tools.imports import ROOT, modules, room_of, tree_of

DOCUMENT = (ROOT / "docs" / "rasa.md").read_text(encoding="utf-8")
PLATFORM = ("rasa", "sanic", "socketio", "spacy")
# `python -m bot.engine` is left out: it is a start, not a module to import.
OURS = tuple(module for module in modules(("bot",)) if not module.endswith("__main__"))
_PRIVATE = re.compile(r"_(?!_)\w+")
_NAMES = re.compile(r"`([\w.]+)`")

Overrides = dict[tuple[str, str, str], set[str]]


def rows(section: str) -> Iterator[list[str]]:
    """The cells of each row of a section's table."""
    text = DOCUMENT.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|--"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def written_in(module: str, class_name: str) -> set[str]:
    """The names that a class gives to something in its body."""
    found = next(node for node in tree_of(module).body if isinstance(node, ast.ClassDef) and node.name == class_name)
    assigned = {target.id for node in found.body if isinstance(node, ast.Assign) for target in node.targets
                if isinstance(target, ast.Name)}  # fmt: skip
    return assigned | {node.name for node in found.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def overrides() -> Overrides:
    """(room, class, class of the platform) -> the names of the one that the other gives anew."""
    found: Overrides = {}
    for module in OURS:
        for name, each in vars(importlib.import_module(module)).items():
            if not (inspect.isclass(each) and each.__module__ == module and name == each.__name__):
                continue
            bases = [base for base in each.__mro__[1:] if base.__module__.split(".")[0] in PLATFORM]
            again = {own for own in written_in(module, name) - {"__init__"} if any(own in vars(base) for base in bases)}
            if again:
                room = str(room_of(module)).replace(".", "/")
                found[room, name, f"{bases[0].__module__}.{bases[0].__name__}"] = again
    return found


def own_names(tree: ast.Module) -> set[str]:
    """What a module itself gives to something: of attributes, those of `self` and `cls`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {node.attr} if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls") else set()
    return names


def used_though_private() -> set[tuple[str, str]]:
    """(room, name) of each private attribute that is asked for and given to nothing in the module itself."""
    return {
        (str(room_of(module)).replace(".", "/"), node.attr)
        for module in OURS
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute)
        if _PRIVATE.fullmatch(node.attr) and node.attr not in own_names(tree_of(module))
    }


def test_what_is_overridden_is_listed_and_still_there() -> None:
    listed: Overrides = {}
    for room, classes, names, *_ in rows("What is overridden"):
        if room == "room":
            continue
        ours, theirs = _NAMES.findall(classes)
        listed[room.strip("`"), ours, theirs] = set(_NAMES.findall(names))
    assert listed == overrides()


def test_what_is_used_though_private_is_listed() -> None:
    listed = {(room.strip("`"), name.strip("`")) for name, _, room, *_ in rows("What is used though private")}
    assert listed - {("room", "name")} == used_though_private()


@pytest.mark.parametrize(
    ("name", "path"), [(_NAMES.findall(name)[0], _NAMES.findall(of)[0])
                       for name, of, *_ in rows("What is used though private") if _NAMES.findall(name)]
)  # fmt: skip
def test_what_is_used_though_private_is_still_there(name: str, path: str) -> None:
    module, _, class_name = path.rpartition(".")
    assert re.search(rf"\b{name}\b", inspect.getsource(getattr(importlib.import_module(module), class_name)))


def test_the_versions_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    section = DOCUMENT.split("## What is past its support\n", 1)[1].split("\n### ", 1)[0]
    named = re.findall(r"`([\w-]+)` (\d[\d.]*\d)", section)
    assert len(named) > 8
    for package, version in named:
        assert re.search(rf"^{package}=={re.escape(version)}(\.\d+)*[ ;\\]", lock, re.MULTILINE), (package, version)


def test_what_past_its_support_is_named_has_all_its_cells() -> None:
    table = [cells for cells in rows("What is past its support") if len(cells) > 1]
    assert len(table) >= 9
    assert all(len(cells) == 5 and all(cells) for cells in table)
