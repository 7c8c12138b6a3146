"""What is told of a run: `result.json`, `report.html` with a picture for each measurement, and the block of
docs/performance.md."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality import report as quality
from bench.speed import counting
from bench.speed.counting import TARGETS, Target, figure
from xiaoer.settings import ROOT

FOLDER = Path(__file__).parent
RESULT = FOLDER / "result.json"
PAGE = FOLDER / "report.html"
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- speed:begin -->", "<!-- speed:end -->"
OURS, STOCK, OTHER = "#1f6f54", "#b5542b", "#5b6b9a"


def machine() -> dict[str, Any]:
    """What it was measured on; nothing that names the host."""
    return {name: value for name, value in quality.machine().items() if name != "threads"} | quality.versions()


def merged(before: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with what is new in it, dictionary by dictionary."""
    found = dict(before)
    for name, value in new.items():
        both = isinstance(value, Mapping) and isinstance(found.get(name), Mapping)
        found[name] = merged(found[name], value) if both else value
    return found


# ------------------------------------------------------------------ tables


def number(value: float | None, unit: str = "") -> str:
    """Three figures that count: 0.192, 4.31, 35.2, 812."""
    if value is None:
        return "—"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f} {unit}".strip()


def rows(result: Mapping[str, Any]) -> list[list[str]]:
    """One line a figure: target, ours, stock, ratio, met or not."""
    table = [["", "target", "险小二", "stock Rasa", "ratio", "met"]]
    for name, target in TARGETS.items():
        ratio = result["ratios"].get(name)
        mine, other = beside(name, result["figures"])
        met = "—" if ratio is None else "yes" if target.met(ratio) else "**no**"
        ours, stock = number(mine, target.unit), number(other, target.unit)
        table.append([f"{target.label} ({target.ratio})", bound(name, target), ours, stock, shown(name, ratio), met])
    return table


def beside(name: str, figures: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Our absolute figure of a line, and the stock one beside it where there is one."""
    if name == "memory_growth":
        return figure(figures, "memory/ours/after_turns/all/pss"), None
    pairs = counting.PAIRS[name]
    measured = [value for pair in pairs if (value := figure(figures, pair[0])) is not None]
    path = counting.STOCK_BESIDE.get(name) or next((each for each in pairs[0] if "/stock/" in each), "")
    return max(measured, default=None), figure(figures, path) if path else None


def bound(name: str, target: Target) -> str:
    sign = "≤" if target.most else "≥"
    return f"{sign} {shown(name, target.bound)}"


def shown(name: str, ratio: float | None) -> str:
    """A ratio as it is read: growth in percent, the second message's wait in ms, the rest as a factor."""
    if ratio is None:
        return "—"
    if name == "memory_growth":
        return f"{ratio:.1%}"
    return f"{ratio:.0f} ms" if name == "second_message_ms" else number(ratio)


def markdown(result: Mapping[str, Any]) -> str:
    """The block of docs/performance.md, from result.json alone."""
    table = rows(result)
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    written = "\n".join([lines[0], "|---|" + "--:|" * (len(table[0]) - 1), *lines[1:]])
    return "\n\n".join([written, *notes(result)])


def notes(result: Mapping[str, Any]) -> list[str]:
    """What has to be known to read the table."""
    figures, machine = result["figures"], result["machine"]
    found = [
        f"{result['when']}, {machine['processor']}, {machine['cores']} cores; medians of the rounds. Both sides are "
        "driven over the same wire by the same driver with the same conversations, in which no text comes twice between "
        "two starts (but for the few words that answer a form), so that nothing can be answered from memory. "
        "Measured with `make bench`; every figure is in bench/speed/result.json."
    ]
    if epochs := (figures.get("training", {}).get("stock") or {}).get("epochs"):
        each = ", ".join(f"{name} {count}" for name, count in epochs.items())
        found.append(
            f"Stock Rasa was trained for a few epochs ({each}) where its own defaults are 50 to 300: trained as usual "
            "it takes longer still, and the training ratio is smaller than shown."
        )
    floor, mine = figure(figures, "floor/p50"), figure(figures, "latency/ours/knowledge/p50")
    if floor and mine:
        found.append(
            f"The wire alone (a server that answers every message with the same words) takes {number(floor)} ms a "
            f"turn and does {number(figure(figures, 'floor/turns_a_second'))} turns a second: a knowledge question "
            f"takes {number(mine / floor)} times the floor."
        )
    return found


def with_block(text: str, block: str) -> str:
    """A document with its speed block replaced. Raises ValueError without the two marks, in this order."""
    return quality.with_block(text, block, BEGIN, END)


# ------------------------------------------------------------------ page


def page(result: Mapping[str, Any]) -> str:
    """A self-contained page: the table, and a picture for each measurement that there is."""
    figures = result["figures"]
    parts = ["<h1>险小二: speed</h1>", _table(rows(result)), *(f"<p>{html.escape(each)}</p>" for each in notes(result))]
    for title, draw in PICTURES.items():
        picture = _picture(draw, figures)
        if picture:
            parts += [f"<h2>{title}</h2>", picture]
    style = (
        "body{font:15px sans-serif;margin:2em auto;max-width:72em;padding:0 1em}table{border-collapse:collapse}"
        "td,th{padding:.25em .8em;text-align:right}td:first-child,th:first-child{text-align:left}"
        "tr:nth-child(even){background:#f4f4f4}svg{max-width:100%;height:auto}"
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>险小二: speed</title><style>{style}</style>{''.join(parts)}</html>"
    )


def _table(table: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell.strip('*'))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + row(table[0], "th") + "".join(row(cells, "td") for cells in table[1:]) + "</table>"


def _picture(draw: Any, figures: Mapping[str, Any]) -> str:
    """Inline SVG; empty where the figures are not there."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(9, 3.6))
    axes = canvas.subplots()
    if not draw(axes, figures):
        return ""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    stream = io.StringIO()
    canvas.savefig(stream, format="svg", bbox_inches="tight")
    return stream.getvalue().partition("<svg")[1] + stream.getvalue().partition("<svg")[2]


def _both(axes: Any, names: Sequence[str], paths: Mapping[str, Sequence[str]], figures: Mapping[str, Any]) -> bool:
    """Bars side by side, one colour a system."""
    drawn = False
    for place, (label, each) in enumerate(paths.items()):
        values = [figure(figures, path) for path in each]
        if all(value is None for value in values):
            continue
        at = [index + 0.38 * place for index in range(len(names))]
        bars = axes.bar(at, [value or 0 for value in values], 0.36, label=label, color=(OURS, STOCK, OTHER)[place])
        for bar, value in zip(bars, values, strict=True):
            axes.annotate(number(value), (bar.get_x() + bar.get_width() / 2, bar.get_height()), ha="center", fontsize=8)
        drawn = True
    axes.set_xticks([index + 0.19 for index in range(len(names))], names)
    return drawn


def _systems(names: Sequence[str], pattern: str) -> dict[str, list[str]]:
    """{label: paths} for ours and stock from a pattern with {system} and {name}."""
    labels = {"ours": "ours", "stock": "stock Rasa"}
    return {label: [pattern.format(system=system, name=name) for name in names] for system, label in labels.items()}


def _draw_latency(axes: Any, figures: Mapping[str, Any]) -> bool:
    names = [f"{kind}/{percent}" for kind in ("knowledge", "task", "ask_back", "form") for percent in ("p50", "p99")]
    axes.set_ylabel("ms, one user")
    axes.tick_params(axis="x", labelsize=8)
    return _both(axes, names, _systems(names, "latency/{system}/{name}"), figures)


def _draw_load(axes: Any, figures: Mapping[str, Any]) -> bool:
    names = sorted(figures.get("mix", {}).get("ours", {}), key=int)
    axes.set(ylabel="turns a second", xlabel="users")
    return bool(names) and _both(axes, names, _systems(names, "mix/{system}/{name}/turns_a_second"), figures)


def _draw_long(axes: Any, figures: Mapping[str, Any]) -> bool:
    for system, label, colour in (("ours", "ours", OURS), ("stock", "stock Rasa", STOCK)):
        known = [(turn, figure(figures, f"long/{system}/{turn}")) for turn in (4, 50, 200, 400)]
        points = [(turn, value) for turn, value in known if value is not None]
        if points:
            axes.plot([turn for turn, _ in points], [ms for _, ms in points], marker="o", label=label, color=colour)
    axes.set(xlabel="turn of one conversation", ylabel="ms")
    axes.set_ylim(bottom=0)
    return bool(axes.lines)


def _draw_orders(axes: Any, figures: Mapping[str, Any]) -> bool:
    for (name, found), colour in zip(figures.get("orders", {}).items(), (OURS, OTHER), strict=False):
        counts = sorted((count for count in found if count.isdigit()), key=int)
        if counts:
            axes.plot(
                [int(count) for count in counts], [found[count] for count in counts], "o-", label=name, color=colour
            )
    axes.set(xscale="log", xlabel="orders", ylabel="ms a task")
    axes.set_ylim(bottom=0)
    return bool(axes.lines)


def _draw_start(axes: Any, figures: Mapping[str, Any]) -> bool:
    axes.set_ylabel("s")
    paths = _systems(["start to ready"], "ready/{system}/seconds")
    return _both(axes, ["start to ready"], {**paths, "importing Rasa alone": ["ready/bare_import"]}, figures)


def _draw_memory(axes: Any, figures: Mapping[str, Any]) -> bool:
    steps = {
        "after start": "after_start",
        "after a round": "after_round",
        "after 2 500 turns": "after_warm_up",
        "after 10 000": "after_turns",
    }
    axes.set_ylabel("MB PSS, server and actions")
    return _both(axes, list(steps), _systems(list(steps.values()), "memory/{system}/{name}/all/pss"), figures)


def _draw_training(axes: Any, figures: Mapping[str, Any]) -> bool:
    axes.set_ylabel("s")
    return _both(axes, ["training"], _systems(["seconds"], "training/{system}/{name}"), figures)


PICTURES = {
    "Latency by kind": _draw_latency,
    "Turns a second under load": _draw_load,
    "Long conversations": _draw_long,
    "Many orders": _draw_orders,
    "Start": _draw_start,
    "Memory": _draw_memory,
    "Training": _draw_training,
}
