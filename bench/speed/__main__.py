"""`python -m bench.speed`: starts both assistants in turn, drives them, writes `result.json` and `report.html`.

--only turns,orders,memory,training,ask,floor   these phases alone; the other figures stay as they are
--quick        a smoke run with tiny counts, into the temporary folder only
--no-stock     leave stock Rasa out; its last figures stay
--stock-model  measure this model file, whatever it was made of
--epochs N     of DIET and the response selector of stock Rasa (default: see bench/speed/servers/stock.py)
--retrain      train stock Rasa anew, so that its training is measured on this machine today
--readme       only put the figures of result.json into README.md
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import warnings
from datetime import date
from pathlib import Path
from typing import Any

PHASES = ("turns", "orders", "memory", "training", "ask", "floor")


def main() -> int:
    options = _parser().parse_args()
    from bench.speed import report

    if options.readme:
        from xiaoer.settings import ROOT

        readme = ROOT / "README.md"
        block = report.markdown(json.loads(report.RESULT.read_text(encoding="utf-8")))
        readme.write_text(report.with_block(readme.read_text(encoding="utf-8"), block), encoding="utf-8")
        return 0
    unknown = sorted(set(options.only) - set(PHASES))
    if unknown:
        print(f"expected phases out of {', '.join(PHASES)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    with tempfile.TemporaryDirectory() as folder:
        return _measure(options, Path(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description="speed and weight beside stock Rasa")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PHASES), metavar="PHASE,...")
    parser.add_argument("--quick", action="store_true", help="a smoke run with tiny counts")
    parser.add_argument("--no-stock", action="store_true", help="keep the last figures of stock Rasa")
    parser.add_argument("--stock-model", type=Path, help="a trained stock model")
    parser.add_argument("--epochs", type=int, help="epochs of DIET and the response selector of stock Rasa")
    parser.add_argument("--retrain", action="store_true", help="train stock Rasa anew and measure it")
    parser.add_argument("--readme", action="store_true", help="write the README's table from result.json")
    return parser


def _measure(options: argparse.Namespace, folder: Path) -> int:
    from bench.quality.running import phrases, questions
    from bench.speed import conversations, orders, phases, report
    from bench.speed.servers.systems import Bench
    from bot.engine.training.models import MODELS, needs_training
    from knowledge import load
    from xiaoer import settings

    just_trained = None
    if stale := needs_training():
        print(f"{stale}: training", flush=True)
        just_trained = phases.train_ours(MODELS, folder / "train.log")
    sizes = phases.QUICK if options.quick else phases.Sizes()
    trained = None if options.no_stock or options.stock_model else _stock(options)
    model = None if options.no_stock else options.stock_model or trained.model
    bench = Bench(folder, f"sqlite:///{folder}/policy.db")
    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    sources = conversations.sources(knowledge, questions(knowledge), phrases(), phases.SEED)
    work = phases.Work(bench, sizes, sources, orders.fill(bench.database, sizes.orders), model)
    result = _before(report.RESULT) if not options.quick else {}
    for name in (name for name in PHASES if name in options.only):
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
