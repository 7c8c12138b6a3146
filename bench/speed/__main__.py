"""`python -m bench.speed`: starts both assistants in turn, drives them, writes `result.json` and `report.html`.

--only turns,orders,memory,training,ask,floor   these phases alone; the other figures stay as they are
--quick        a smoke run with tiny counts, into the temporary folder only
--no-stock     leave stock Rasa out; its last figures stay
--stock-model  measure this model file, whatever it was made of
--epochs N     of DIET and the response selector of stock Rasa (default: see bench/speed/servers/stock.py)
--retrain      train stock Rasa anew, so that its training is measured on this machine today
--table        only put the figures of result.json into docs/performance.md
--against COMMIT   this tree and that commit in turn instead, kind of turn by kind: is anything slower beyond noise?
               (bench/speed/against.py; 12 minutes on two cores); --only then names kinds, --out FILE keeps the figures
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PHASES = ("turns", "orders", "memory", "training", "ask", "floor")


def main() -> int:
    options = _parser().parse_args()
    from bench.speed import report

    if options.table:
        block = report.markdown(json.loads(report.RESULT.read_text(encoding="utf-8")))
        before = report.DOCUMENT.read_text(encoding="utf-8")
        report.DOCUMENT.write_text(report.with_block(before, block), encoding="utf-8")
        return 0
    named = _named(options)
    if unknown := sorted(set(options.only or ()) - set(named)):
        print(f"expected out of {', '.join(named)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    os.environ |= {"SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    warnings.simplefilter("ignore")
    for number in ENDING:
        signal.signal(number, _leave)
    with tempfile.TemporaryDirectory() as folder:
        return (_against if options.against else _measure)(options, Path(folder))


def _leave(number: int, _: Any) -> None:
    """What was started is ended on the way out, which no second signal may cut short."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _named(options: argparse.Namespace) -> tuple[str, ...]:
    """What --only may name."""
    from bench.speed.conversations import KINDS

    return tuple(KINDS) if options.against else PHASES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description="speed and weight beside stock Rasa")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="PHASE,...")
    parser.add_argument("--quick", action="store_true", help="a smoke run with tiny counts")
    parser.add_argument("--no-stock", action="store_true", help="keep the last figures of stock Rasa")
    parser.add_argument("--stock-model", type=Path, help="a trained stock model")
    parser.add_argument("--epochs", type=int, help="epochs of DIET and the response selector of stock Rasa")
    parser.add_argument("--retrain", action="store_true", help="train stock Rasa anew and measure it")
    parser.add_argument("--table", action="store_true", help="write the table of docs/performance.md, measure nothing")
    parser.add_argument("--against", metavar="COMMIT", help="compare this tree with that commit instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --against: write the figures there as JSON")
    return parser


def _against(options: argparse.Namespace, folder: Path) -> int:
    from bench.quality import report as quality
    from bench.speed import against, pairs
    from bench.speed.servers.checkout import NoSuchCommit
    from bench.speed.servers.processes import NotStarted
    from bench.speed.servers.systems import Bench

    sizes = against.QUICK if options.quick else against.Sizes()
    if options.only:
        sizes = dataclasses.replace(sizes, turns={kind: sizes.turns[kind] for kind in options.only})
    bench, begun = Bench(folder, f"sqlite:///{folder}/policy.db"), time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:5.0f} s] {text}", flush=True)

    try:
        result = against.run(options.against, bench, sizes, _sources(), say)
    except (NoSuchCommit, against.SharedPlace, NotStarted) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(["", quality.terminal(pairs.rows(result)), "", *pairs.notes(result)]))
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _sources() -> dict[str, list[str]]:
    from bench.quality.running import phrases, questions
    from bench.speed import conversations, phases
    from knowledge import load
    from xiaoer import settings

    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    return conversations.sources(knowledge, questions(knowledge), phrases(), phases.SEED)


def _measure(options: argparse.Namespace, folder: Path) -> int:
    from bench.speed import orders, phases, report
    from bench.speed.servers.systems import Bench
    from bot.engine.training.models import MODELS, needs_training

    just_trained = None
    if stale := needs_training():
        print(f"{stale}: training", flush=True)
        just_trained = phases.train_ours(MODELS, folder / "train.log")
    sizes = phases.QUICK if options.quick else phases.Sizes()
    trained = None if options.no_stock or options.stock_model else _stock(options)
    model = None if options.no_stock else options.stock_model or trained.model
    bench = Bench(folder, f"sqlite:///{folder}/policy.db")
    filled = orders.fill(bench.database, sizes.orders, sizes.regulars)
    work = phases.Work(bench, sizes, _sources(), filled, model)
    result = _before(report.RESULT) if not options.quick else {}
    for name in (name for name in PHASES if name in (options.only or PHASES)):
        work.say(f"phase {name}")
        if name == "training":
            figures = phases.training(work, trained, just_trained)
        else:
            figures = {
                "turns": phases.turns,
                "orders": phases.order_counts,
                "memory": phases.memory,
                "ask": phases.ask,
                "floor": phases.floor,
            }[name](work)
        result = _with(result, figures)
        if not options.quick:  # a later phase that fails takes nothing with it
            report.RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            report.PAGE.write_text(report.page(result), encoding="utf-8")
    print(_terminal(result))
    work.say("done" + (", nothing written" if options.quick else f": {report.RESULT.name}, {report.PAGE.name}"))
    return 0


def _stock(options: argparse.Namespace) -> Any:
    from bench.speed.servers import stock

    epochs = dict(stock.EPOCHS)
    if options.epochs:
        epochs |= {"diet": options.epochs, "selector": options.epochs}
    print("stock Rasa's model: kept, or trained now, which takes minutes", flush=True)
    return stock.model(epochs, retrain=options.retrain)


def _before(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _with(result: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    """The result with a phase's figures in it, and the ratios that follow."""
    from bench.speed import counting, report

    every = report.merged(result.get("figures", {}), figures)
    return {
        "machine": report.machine(),
        "when": date.today().isoformat(),
        "ratios": counting.ratios(every),
        "figures": every,
    }


def _terminal(result: dict[str, Any]) -> str:
    from bench.quality import report as quality
    from bench.speed import report

    return quality.terminal(report.rows(result))


if __name__ == "__main__":
    sys.exit(main())
