"""Draws docs/architecture.svg from the imports: `python tools/architecture.py`; `--check` only says whether it is up to date.

The rooms stand as `MAY_IMPORT` lays them out, the arrows are the imports that there are. An arrow that follows from others
is left out, and what a room takes from the floors below is a dot in their colour. A room's line is its docstring's first.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

if __name__ == "__main__":  # started as a file, it would find only what lies beside it
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.imports import FLOORS, MAY_IMPORT, ROOT, arrows, modules, path_of, room_of, tree_of

PICTURE = ROOT / "docs" / "architecture.svg"
NAMES: Mapping[str, str] = {
    "bot": "Rasa 服务器",
    "bot.command": "命令",
    "bot.channel": "通道",
    "bot.staff": "客服与编辑",
    "bot.answers": "回答",
    "bot.engine": "引擎",
    "bot.stores": "对话存储",
    "bot.dialogue": "对话",
    "bot.understanding": "理解",
    "actions": "动作服务器",
    "actions.points": "自己的事",
    "actions.tasks": "任务",
    "actions.asking": "追问",
    "actions.desk": "业务规则",
    "actions.policydb": "保单库",
    "knowledge": "知识",
    "xiaoer": "底层",
}

# Pixels.
WIDTH = 1160
MARGIN, INSIDE = 16, 20  # around a floor, and in it
BOX, SLOT = 232, 28  # a room's width, at most; of an arrow's that passes through a row
BETWEEN = 22  # rooms side by side, at least
GAP = 46  # between rows, where arrows run
TITLE, TEXT, SMALL = 16, 13.5, 12.5
LINE = 17.5
WIDE_LETTER, LETTER, TYPED = 1.0, 0.545, 0.61  # widths, of the font's size; TYPED: in the font of paths
# Colours are written out in both schemes: not every viewer knows CSS variables.
STYLE = """
  text{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Segoe UI",Helvetica,Arial,sans-serif;fill:#0f172a}
  .name{font-weight:600}.soft{fill:#475569}.path{fill:#475569;font-family:ui-monospace,Menlo,Consolas,monospace}
  .page{fill:#fff}.box{fill:#fff;stroke:#94a3b8}
  .arrow{fill:none;stroke:#64748b;stroke-width:1.6;marker-end:url(#head)}.head{fill:#64748b}
  .bot{fill:#e8f0fe}.actions{fill:#e6f6ec}.knowledge{fill:#fef1e0}.xiaoer{fill:#f1ecfb}
  .to-actions{fill:#16a34a}.to-knowledge{fill:#ea8a1a}.to-xiaoer{fill:#8b5cf6}
  @media (prefers-color-scheme:dark){
    text{fill:#f1f5f9}.soft,.path{fill:#b6c2d2}.page{fill:#0d1117}.box{fill:#161d29;stroke:#475569}
    .arrow{stroke:#94a3b8}.head{fill:#94a3b8}
    .bot{fill:#14233d}.actions{fill:#12291c}.knowledge{fill:#33230f}.xiaoer{fill:#241c3a}}
"""


# --- what is drawn


@dataclass(frozen=True)
class Room:
    """A room's box. x, y: its upper left corner. below: the floors under its own that it imports."""

    name: str
    about: Sequence[str]
    holds: Sequence[str]
    below: Sequence[str]
    x: float = 0.0
    y: float = 0.0
    width: float = BOX
    height: float = 0.0

    @property
    def needs(self) -> float:
        """The height of its texts."""
        return 38 + LINE * (len(self.about) + len(self.holds)) + (4 if self.holds else 0)


def room_or_folder(module: str) -> str:
    """The room that a module lies in; for one outside all rooms its folder."""
    return room_of(module) or module.rpartition(".")[0] or module


def room_arrows() -> set[tuple[str, str]]:
    """Which room imports which."""
    pairs = {(room_or_folder(arrow.source), room_or_folder(arrow.target)) for arrow in arrows()}
    return {(source, target) for source, target in pairs if source != target}


def rooms_of(floor: str) -> list[str]:
    """The rooms of a floor that there are, in the order of the table."""
    there = {room_or_folder(module) for module in modules((floor,)) if path_of(module).name != "__init__.py"}
    return [*(name for name in MAY_IMPORT if name in there), *sorted(there - MAY_IMPORT.keys())]


def without_what_follows(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows from which all the others follow."""
    kept = set(pairs)
    for source, target in sorted(pairs):
        if target in _reached(source, kept - {(source, target)}):
            kept.remove((source, target))
    return kept


def _reached(start: str, pairs: Iterable[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        new = {target for source, target in pairs if source == at} - found
        found |= new
        waiting += new
    return found


def room(name: str, width: float = BOX) -> Room:
    """The room with its texts, not yet in its place."""
    floor = name.partition(".")[0]
    others = {target.partition(".")[0] for source, target in room_arrows() if source == name}
    return Room(
        name,
        wrapped(about(name), width - 24, TEXT),
        wrapped(" ".join(items_of(name)), width - 24, SMALL, TYPED),
        [other for other in FLOORS if other in others - {floor}],
        width=width,
    )


def about(package: str) -> str:
    """What the first line of its docstring says."""
    return (ast.get_docstring(tree_of(package)) or "").partition("\n")[0].replace("`", "")


def items_of(name: str) -> list[str]:
    """The folders (wire/) and files (exchange) in a room."""
    depth = name.count(".") + 1
    parts = [module.split(".") for module in modules((name.partition(".")[0],)) if room_or_folder(module) == name]
    inside = [each for each in parts if len(each) > depth]
    folders = {each[depth] for each in inside if len(each) > depth + 1}
    files = {each[depth] for each in inside} - folders - {"__main__"}
    return [*(f"{folder}/" for folder in sorted(folders)), *sorted(files)]


def wrapped(text: str, width: float, size: float, letter: float = LETTER) -> list[str]:
    """The text in lines of at most that many pixels."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, letter) <= width:
            lines[-1] = longer
        elif word:
            lines.append(word)
    return lines


def width_of(text: str, size: float, letter: float = LETTER) -> float:
    return size * sum(WIDE_LETTER if unicodedata.east_asian_width(each) in "WF" else letter for each in text)


# --- where it stands


def rank_of(name: str) -> int:
    """How many rooms of its floor a room stands above, by the table; one outside the table above them all."""
    floor = name.partition(".")[0] + "."
    if name not in MAY_IMPORT:
        return max((rank_of(other) for other in MAY_IMPORT if other.startswith(floor)), default=-1) + 1
    return max((rank_of(other) + 1 for other in MAY_IMPORT[name] if other.startswith(floor)), default=0)


Stop = tuple[str, str] | str  # a room, or an arrow that passes through its row


def rows_of(names: Sequence[str], pairs: set[tuple[str, str]]) -> list[list[Stop]]:
    """The rooms in rows, the highest first, and the arrows that pass through a row, so that few of them cross."""
    ranks = {name: rank_of(name) for name in names}
    rows: list[list[Stop]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name in names:
        rows[-1 - ranks[name]].append(name)
    for source, target in sorted(pairs):
        for rank in range(ranks[target] + 1, ranks[source]):
            rows[-1 - rank].append((source, target))
    for _ in range(4):
        for at in (*range(1, len(rows)), *reversed(range(len(rows) - 1))):
            _sort(rows, at, pairs)
    return rows


def _sort(rows: list[list[Stop]], at: int, pairs: set[tuple[str, str]]) -> None:
    """Puts each stop of a row near the middle of what it is joined to in the rows beside it."""
    places = {
        stop: (place + 0.5) / len(row) for row in (*rows[max(at - 1, 0) : at], *rows[at + 1 : at + 2]) for place, stop in enumerate(row)
    }  # fmt: skip
    own = {stop: (place + 0.5) / len(rows[at]) for place, stop in enumerate(rows[at])}

    def middle(stop: Stop) -> float:
        near = [places[each] for each in places if _joined(stop, each, pairs)]
        return sum(near) / len(near) if near else own[stop]

    rows[at].sort(key=middle)


def _joined(one: Stop, other: Stop, pairs: set[tuple[str, str]]) -> bool:
    """Whether an arrow leads from one to the other, or on through it."""
    if isinstance(one, str) and isinstance(other, str):
        return (one, other) in pairs or (other, one) in pairs
    if isinstance(one, str):
        return one in other
    return one == other or other in one


# --- the picture


@dataclass(frozen=True)
class Floor:
    """A floor as it is drawn. height: of the whole band."""

    parts: Sequence[str]
    height: float


def tall(floor: str, top: float) -> Floor:
    """A floor whose rooms stand in rows above each other."""
    pairs = inside(floor)
    placed: dict[str, Room] = {}
    passing: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    y = top + 46
    for row in rows_of(rooms_of(floor), pairs):
        stops = [room(stop) if isinstance(stop, str) else stop for stop in row]
        high = max((each.needs for each in stops if isinstance(each, Room)), default=0.0)
        for stop, x in zip(stops, _spread([BOX if isinstance(each, Room) else SLOT for each in stops]), strict=True):
            if isinstance(stop, Room):
                placed[stop.name] = replace(stop, x=x, y=y, height=high)
            else:
                passing[stop] += [(x + SLOT / 2, y), (x + SLOT / 2, y + high)]
        y += high + GAP
    parts = [part for each in placed.values() for part in box(each)]
    parts += [arrow(placed[source], placed[target], passing[source, target]) for source, target in sorted(pairs)]
    return _band(floor, top, y - GAP + INSIDE - top, parts)


def inside(floor: str) -> set[tuple[str, str]]:
    """The arrows between a floor's rooms from which the others follow."""
    names = set(rooms_of(floor))
    return without_what_follows({pair for pair in room_arrows() if names.issuperset(pair)})


def _spread(widths: Sequence[float]) -> list[float]:
    """Where things of these widths begin, with the same room between them."""
    free = WIDTH - 2 * MARGIN - sum(widths)
    between = free / (len(widths) + 1)
    return [MARGIN + between * (place + 1) + sum(widths[:place]) for place in range(len(widths))]


def arrow(source: Room, target: Room, passing: Sequence[tuple[float, float]]) -> str:
    """From one box to another. passing: the points that it goes through on its way."""
    if source.y == target.y:
        to_the_right = source.x < target.x
        leaves, enters = (
            source.x + source.width * to_the_right,
            target.x - 2 if to_the_right else target.x + target.width + 2,
        )
        return f'<path class="arrow" d="M{leaves:.0f} {source.y + 62:.0f}H{enters:.0f}"/>'
    down = target.y > source.y
    start = (_port(source, target), source.y + source.height if down else source.y)
    end = (_port(target, source), target.y - 2 if down else target.y + target.height + 2)
    path = f"M{start[0]:.0f} {start[1]:.0f}"
    points: list[tuple[float, float]] = [start, *passing, end]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        middle = (y + to_y) / 2
        path += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path class="arrow" d="{path}"/>'


def _port(one: Room, other: Room) -> float:
    """Where an arrow leaves or enters a box: the nearer to the other box, the more it lies to that side."""
    lean = (other.x - one.x) / WIDTH * one.width * 0.7
    return one.x + one.width / 2 + lean


def flat(floor: str, top: float) -> Floor:
    """A floor whose rooms stand side by side, the higher to the left; a floor that is one room."""
    names = sorted(rooms_of(floor), key=lambda name: -rank_of(name))
    if names == [floor]:
        return _one_room(floor, top)
    free = WIDTH - 2 * MARGIN - BETWEEN * (len(names) + 1)
    width = min(BOX, free / len(names))
    rooms = [room(name, width) for name in names]
    high = max(each.needs for each in rooms)
    places = zip(rooms, _spread([width] * len(rooms)), strict=True)
    placed = {each.name: replace(each, x=x, y=top + 46, height=high) for each, x in places}
    parts = [part for each in placed.values() for part in box(each)]
    parts += [arrow(placed[source], placed[target], ()) for source, target in sorted(inside(floor))]
    return _band(floor, top, 46 + high + INSIDE, parts)


def _one_room(floor: str, top: float) -> Floor:
    width = WIDTH - 2 * MARGIN
    whole = room(floor, width)
    parts = list(_texts(whole.about, MARGIN + INSIDE, top + 50, TEXT, "soft"))
    parts += _texts(whole.holds, MARGIN + INSIDE, top + 54 + LINE * len(whole.about), SMALL, "path")
    parts += _dots(whole.below, WIDTH - MARGIN - INSIDE, top + 23)
    return _band(floor, top, 48 + LINE * (len(whole.about) + len(whole.holds)), parts, says="")


def _band(floor: str, top: float, height: float, parts: Sequence[str], says: str | None = None) -> Floor:
    """The floor's ground, its name and what it is, and the parts upon it."""
    x, y = MARGIN + INSIDE, top + 28
    says = about(floor) if says is None else says
    name = f'<text x="{x}" y="{y:.0f}" font-size="{TITLE + 1}"><tspan class="name">{NAMES.get(floor, "")}</tspan>'
    name += f'<tspan class="path" dx="10" font-size="{TEXT}">{floor}/</tspan>'
    name += f'<tspan class="soft" dx="12" font-size="{TEXT}">{escape(says)}</tspan></text>'
    band = (
        f'<rect x="{MARGIN}" y="{top:.0f}" width="{WIDTH - 2 * MARGIN}" height="{height:.0f}" rx="12" class="{floor}"/>'
    )
    return Floor([band, name, *parts], height)


def box(of: Room) -> Iterator[str]:
    """A room's rectangle and what stands in it."""
    x = of.x + 12
    yield (
        f'<rect class="box" x="{of.x:.0f}" y="{of.y:.0f}" width="{of.width:.0f}" height="{of.height:.0f}" rx="8"/>'
        f'<text x="{x:.0f}" y="{of.y + 23:.0f}" font-size="{TITLE}"><tspan class="name">{NAMES.get(of.name, "")}</tspan>'
        f'<tspan class="path" dx="8" font-size="{SMALL}">{of.name.partition(".")[2].replace(".", "/")}/</tspan></text>'
    )
    yield from _dots(of.below, of.x + of.width - 12, of.y + 18)
    yield from _texts(of.about, x, of.y + 44, TEXT, "soft")
    yield from _texts(of.holds, x, of.y + 48 + LINE * len(of.about), SMALL, "path")


def _texts(lines: Sequence[str], x: float, y: float, size: float, kind: str) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield f'<text class="{kind}" x="{x:.0f}" y="{y + LINE * place:.0f}" font-size="{size}">{escape(line)}</text>'


def _dots(floors: Sequence[str], right: float, y: float) -> Iterator[str]:
    for place, floor in enumerate(reversed(floors)):
        yield f'<circle cx="{right - 5 - 15 * place:.0f}" cy="{y:.0f}" r="5" class="to-{floor}"/>'


def _between(y: float) -> str:
    """The thick arrow from a floor to the next."""
    x = WIDTH / 2
    return f'<path class="head" d="M{x - 5:.0f} {y + 3:.0f}h10v10h8l-13 13-13-13h8z"/>'


def _legend(y: float) -> Iterator[str]:
    """What arrows and dots say."""
    arrows_say = "→ 导入 imports；由别的箭头推得出的不画 what follows from other arrows is left out"
    yield from _texts([arrows_say], MARGIN + 4, y, TEXT, "soft")
    x = MARGIN + 4.0
    for floor in FLOORS[1:]:
        yield from _dots([floor], x + 12, y + LINE + 2)
        yield from _texts([f"导入{NAMES[floor]} imports {floor}"], x + 19, y + LINE + 7, TEXT, "soft")
        x += 44 + width_of(f"导入{NAMES[floor]} imports {floor}", TEXT)


def drawn() -> str:
    """The picture as the code is now."""
    parts: list[str] = []
    y = float(MARGIN)
    for floor in FLOORS:
        made = (tall if floor == FLOORS[0] else flat)(floor, y)
        parts += made.parts
        y += made.height
        if floor != FLOORS[-1]:
            parts.append(_between(y))
            y += 30
    parts += _legend(y + 24)
    head = '<marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 58:.0f}">',
            f"<title>险小二的结构 · rooms and imports</title><style>{STYLE}</style><defs>{head}</defs>",
            '<rect width="100%" height="100%" class="page"/>',
            *parts,
            "</svg>\n",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the picture. --check: 1 where it is not what would be written."""
    parser = argparse.ArgumentParser(description="draws docs/architecture.svg from the imports")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the picture is up to date")
    picture = drawn()
    if not parser.parse_args(arguments).check:
        PICTURE.write_text(picture, encoding="utf-8")
        return 0
    current = PICTURE.read_text(encoding="utf-8") == picture
    print(
        "docs/architecture.svg is up to date" if current else "docs/architecture.svg: run python tools/architecture.py"
    )
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
