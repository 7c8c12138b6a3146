"""Who imports whom, read from the source, and who may: the map of the house.

`tools/architecture.py` draws it, `tests/test_map.py` holds the code to it. A *room* is a folder that stands in `MAY_IMPORT`;
folders below it belong to it. Imports inside functions and for type checking count like others: they tie as fast.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The floors, the upper first: none imports one that stands before it.
FLOORS = ("bot", "actions", "knowledge", "xiaoer")
# They stand above the house and import what they like; nothing in it imports them.
ABOVE = ("bench", "tests", "tools")

_ACTIONS = ("actions.points", "actions.tasks", "actions.asking", "actions.desk", "actions.policydb")
_GROUND = ("knowledge", "xiaoer")
# What each room may import beside itself. This is the one place that says so; a room that it lacks is no room.
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "bot.command": (
        *("bot.channel", "bot.staff", "bot.answers", "bot.engine", "bot.stores", "bot.dialogue", "bot.understanding"),
        *(*_ACTIONS, *_GROUND),
    ),
    # It asks `dialogue.past` what was said, keeps what staff read, and serves reports and the demo shop from the rows.
    "bot.channel": ("bot.staff", "bot.dialogue", *_ACTIONS, "xiaoer"),
    "bot.staff": ("bot.understanding", *_ACTIONS, *_GROUND),
    "bot.answers": ("bot.dialogue", "bot.understanding", *_GROUND),
    "bot.engine": ("bot.stores", "bot.dialogue", "bot.understanding", *_GROUND),
    # `dialogue.past` alone knows how to look back.
    "bot.stores": ("bot.dialogue", "xiaoer"),
    "bot.dialogue": ("bot.understanding", *_GROUND),
    "bot.understanding": _GROUND,
    "actions.points": ("actions.tasks", "actions.asking", "actions.desk", "actions.policydb", *_GROUND),
    "actions.tasks": ("actions.asking", "actions.desk", "actions.policydb", *_GROUND),
    "actions.asking": ("actions.desk", "actions.policydb", *_GROUND),
    "actions.desk": ("actions.policydb", *_GROUND),
    "actions.policydb": _GROUND,
    "knowledge": ("xiaoer",),
    "xiaoer": (),
}


@dataclass(frozen=True)
class Arrow:
    """One import: the importing module, the imported one, and where it is written."""

    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{path_of(self.source).relative_to(ROOT)}:{self.line} imports {self.target}"


def module_of(path: Path) -> str:
    """bot/engine/app.py -> bot.engine.app; a package's `__init__.py` -> the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path:
    """The file of a module of ours."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@lru_cache
def modules(tops: tuple[str, ...] = FLOORS) -> tuple[str, ...]:
    """The modules below these folders, packages included, in order."""
    paths = (path for top in tops for path in (ROOT / top).rglob("*.py") if "node_modules" not in path.parts)
    return tuple(sorted(module_of(path) for path in paths))


@lru_cache
def tree_of(module: str) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


@lru_cache
def arrows(tops: tuple[str, ...] = FLOORS) -> tuple[Arrow, ...]:
    """Every import of a module of ours by a module below `tops`, in the order of the files."""
    ours = frozenset(modules((*FLOORS, *ABOVE)))
    return tuple(arrow for module in modules(tops) for arrow in _arrows_of(module, ours))


def _arrows_of(module: str, ours: frozenset[str]) -> Iterator[Arrow]:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for target in _targets(node, module):
                found = target if target in ours else target.rpartition(".")[0]
                if found in ours and found != module:
                    yield Arrow(module, found, node.lineno)


def _targets(node: ast.Import | ast.ImportFrom, module: str) -> list[str]:
    """What a statement imports, each with its module in front."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{origin(node, module)}.{alias.name}" for alias in node.names]


def origin(node: ast.ImportFrom, module: str) -> str:
    """The module that `from … import` names; a relative one counts from the folder of `module`."""
    if not node.level:
        return node.module or ""
    folder = module.split(".") if path_of(module).name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*folder[: len(folder) - node.level + 1], *([node.module] if node.module else [])])


def room_of(module: str) -> str | None:
    """The room that a module lies in; None for one that lies in none."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in MAY_IMPORT), None)


def floor_of(module: str) -> int:
    """0 is the highest; what stands above the house has −1."""
    top = module.partition(".")[0]
    return FLOORS.index(top) if top in FLOORS else -1


def circle(pairs: Iterable[tuple[str, str]]) -> list[str] | None:
    """One circle among arrows (source, target): the names along it, the first one again at its end. None: there is none."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, target in pairs:
        sorter.add(source, target)
    try:
        sorter.prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return None


def between(folder: str) -> set[tuple[str, str]]:
    """The arrows between what lies in a folder, each file or folder in it taken as one. "" is the project's own."""
    start = f"{folder}." if folder else ""
    depth = start.count(".") + 1
    pairs = {
        tuple(".".join(name.split(".")[:depth]) for name in (arrow.source, arrow.target))
        for arrow in arrows()
        if arrow.source.startswith(start) and arrow.target.startswith(start)
    }
    return {(source, target) for source, target in pairs if source != target}
