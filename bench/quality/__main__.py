"""`python -m bench.quality`: measures, prints, and writes `result.json` and `report.html`.

--no-stock  leave the stock pipeline out; its last figures are kept and marked with their date
--model     measure this model file, even when it is older than what it is made of
--table     only put the figures of result.json into docs/evaluation.md
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.quality import process


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description="topic, product and refusal figures")
    parser.add_argument("--no-stock", action="store_true", help="keep the last figures of the stock pipeline")
    parser.add_argument("--stock-epochs", type=int, default=100, help="epochs of DIET; a minute each on two cores")
    parser.add_argument("--stock-fold", action="store_true", help="train a second stock model, for the left-out ways")
    parser.add_argument("--stock-model", type=Path, help="a stock model of an earlier run, perhaps on fewer phrases")
    parser.add_argument("--model", type=Path, help="measure this model file instead of the newest")
    parser.add_argument("--table", action="store_true", help="write the table of docs/evaluation.md, measure nothing")
    options = parser.parse_args()
    from bench.quality import report

    if options.table:
        block = report.markdown(json.loads(report.RESULT.read_text(encoding="utf-8")))
        before = report.DOCUMENT.read_text(encoding="utf-8")
        report.DOCUMENT.write_text(report.with_block(before, block), encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        process.environment(Path(folder))
        return asyncio.run(_measure(options))


@dataclass(frozen=True)
class _Measured:
    """Everything that was asked and what came of it; left: the pairs of each fold of left-out ways."""

    asked: list[Any]
    known: list[Any]
    pairs: list[Any]
    alone: list[Any]
    noisy: dict[str, Any]
    near: list[Any]
    left: list[list[Any]]


async def _measure(options: argparse.Namespace) -> int:
    from actions.policydb import admin
    from bench.quality import report
    from bot.engine.training.models import model_or_raise, needs_training

    process.quiet()
    if options.model is None and (stale := needs_training()):
        print(f"{stale}: run `xiaoer train` first", file=sys.stderr)
        return 1
    admin.upgrade()
    admin.seed()
    before = json.loads(report.RESULT.read_text(encoding="utf-8")) if report.RESULT.exists() else {}
    found = await _ask_everything(options.model or model_or_raise())
    result = _result(found)
    stock_pairs: list[Any] | None = None
    if not options.no_stock:
        stock_pairs, result["stock"] = await _stock(
            found.pairs,
            found.left[0] if options.stock_fold else [],
            epochs=options.stock_epochs,
            trained=options.stock_model,
        )
    elif kept := before.get("stock"):
        result["stock"] = kept | {"kept_from": kept.get("kept_from") or before["date"]}
    _write(result, found, stock_pairs)
    return 0


async def _ask_everything(model: Path) -> _Measured:
    from bench.quality import running
    from knowledge import load
    from xiaoer import settings

    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    asked, known = running.questions(knowledge), running.phrases()
    answers = [given async for given in process.counted(running.ask(model, asked), len(asked), "asking 险小二")]
    pairs = list(zip(asked, answers, strict=True))
    alone, noisy = await _understanding(model, asked, knowledge)
    for at, given in enumerate(alone):
        pairs[at] = (asked[at], dataclasses.replace(pairs[at][1], understood_ms=given.ms))
    near = _neighbours(known, asked)
    folds = max(running.folds(known)) + 1
    left = [fold for _, fold in process.each(running.leave_out(known, knowledge), folds, "leaving ways of asking out")]
    return _Measured(asked, known, pairs, alone, noisy, near, left)


def _result(found: _Measured) -> dict[str, Any]:
    """The content of result.json, but for the stock pipeline's."""
    from bench.quality import counting, report, running

    asked, pairs = found.asked, found.pairs
    return {
        "schema": report.SCHEMA,
        "date": date.today().isoformat(),
        "machine": report.machine(),
        "versions": report.versions(),
        "questions": {
            "all": len(asked),
            "test": sum(question.group not in running.TUNE for question in asked),
            "in_scope": sum(not question.outside for question in asked),
            "outside": sum(question.outside for question in asked),
            "sets": {name: len(group) for name, group in counting.by(pairs, lambda question: question.group).items()},
            "phrases": len(found.known),
            "in_training": running.in_training(asked, found.known),
        },
        "labels": {"tune": _agreement(asked, tune=True), "test": _agreement(asked, tune=False)},
        "ours": _figures(pairs),
        "understanding": {"test": _alone(asked, found.alone)},
        "noise": found.noisy,
        "calibration": [list(point) for point in counting.calibration(_test(pairs))],
        "curve": [list(point) for point in counting.curve(_test(pairs))],
        "neighbours": _figures(found.near, _NEEDS_A_REPLY_OR_REFUSAL),
        "left_out": {
            "all": counting.tally([pair for fold in found.left for pair in fold], without=_NEEDS_A_REPLY),
            "fold_0": counting.tally(found.left[0], without=_NEEDS_A_REPLY),
        },
    }


def _write(result: dict[str, Any], found: _Measured, stock_pairs: list[Any] | None) -> None:
    """Both files, and what a terminal shows."""
    from bench.quality import counting, report
    from xiaoer import settings

    report.RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    report.PAGE.write_text(report.page(result, found.pairs, stock_pairs, found.near), encoding="utf-8")
    for table in (report.columns(result), report.left_out(result)):
        print(report.terminal(report.rows(table, interval=next(iter(table)))), end="\n\n")
    print(report.terminal(report.noise(result)), end="\n\n")
    for (right, given), count in counting.confusions(found.pairs).most_common(10):
        print(f"{count:4} {right} taken for {given}")
    print(f"\n{report.PAGE.relative_to(settings.ROOT)}\n{report.RESULT.relative_to(settings.ROOT)}")


_NEEDS_A_REPLY = ("topic_or_offered", "in_scope_refused", "asked_back", "offered", "product", "article")
_NEEDS_ENTITIES = ("topic_or_offered", "asked_back", "offered", "product", "article")
_NEEDS_A_REPLY_OR_REFUSAL = (*_NEEDS_ENTITIES, "both_topics")


def _test(pairs: list[Any]) -> list[Any]:
    from bench.quality import running

    return [pair for pair in pairs if pair[0].group not in running.TUNE]


def _agreement(asked: list[Any], *, tune: bool) -> dict[str, Any]:
    from bench.quality import counting, running

    return counting.agreement([question for question in asked if (question.group in running.TUNE) is tune])


def _alone(asked: list[Any], alone: list[Any]) -> dict[str, Any]:
    """Understanding alone on the test writers' single messages: what a test asks the model again."""
    from bench.quality import counting

    chosen = [pair for pair in _test(list(zip(asked, alone, strict=True))) if not pair[0].before]
    return counting.tally(chosen, without=("article", "product"))


async def _understanding(model: Path, asked: list[Any], knowledge: Any) -> tuple[list[Any], dict[str, Any]]:
    """Understanding alone on every question, and on the noisy copies of the test writers' single messages."""
    from bench.quality import counting, noise, running

    texts = [question.text for question in asked]
    clean = [
        given async for given in process.counted(running.understand(model, texts), len(texts), "understanding alone")
    ]
    chosen = [at for at, question in enumerate(asked) if question.group not in running.TUNE and not question.before]
    names = [name for product in knowledge.products.values() for name in product.names]
    result: dict[str, Any] = {}
    every: list[tuple[Any, Any]] = []
    same: list[tuple[Any, Any]] = []
    for kind, make in noise.kinds(names).items():
        copies = noise.copies([texts[at] for at in chosen], make)
        found = running.understand(model, [text for _, text in copies])
        noisy = [given async for given in process.counted(found, len(copies), f"noise, {kind}")]
        pairs = [(asked[chosen[at]], given) for (at, _), given in zip(copies, noisy, strict=True)]
        before = [(asked[chosen[at]], clean[chosen[at]]) for at, _ in copies]
        result[kind] = {"clean": _brief(counting.tally(before)), "noisy": _brief(counting.tally(pairs))}
        every += pairs
        same += before
    result["all"] = {"clean": _brief(counting.tally(same)), "noisy": _brief(counting.tally(every))}
    return clean, result


def _brief(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("topic", "outside_declined", "in_scope_refused") if name in figures}


def _neighbours(known: list[Any], asked: list[Any]) -> list[Any]:
    """Nearest-neighbour search over the phrases, with the encoder of config.yml; nothing without an encoder."""
    from bench.quality import neighbours, running
    from bot.understanding.normaliser import tidy
    from bot.understanding.topics.encoder import load_encoder

    encoder = load_encoder(running.configured("TopicClassifier").get("encoder"))
    if encoder is None:
        return []
    phrases = [(tidy(phrase.text), phrase.intent) for phrase in known]
    return list(
        zip(asked, neighbours.answers(encoder, phrases, [tidy(question.text) for question in asked]), strict=True)
    )


def _figures(pairs: list[Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Figures of one system: all, test writers, each set, and each topic with what it was taken for."""
    from bench.quality import counting, running

    taken = counting.confusions(pairs)
    topics: dict[str, Any] = {}
    for name, group in counting.by(pairs, lambda question: question.topic).items():
        topics[name] = counting.tally(group)["topic_everywhere"]
        topics[name]["taken_for"] = {given: count for (right, given), count in taken.most_common() if right == name}
    return {
        "all": counting.tally(pairs, without=without),
        "test": counting.tally([pair for pair in pairs if pair[0].group not in running.TUNE], without=without),
        "sets": {
            name: counting.tally(group, without=without)
            for name, group in counting.by(pairs, lambda question: question.group).items()
        },
        "topics": topics,
    }


async def _stock(
    pairs: list[Any], fold: list[Any], *, epochs: int, trained: Path | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """The stock pipeline on the same questions, and on `fold` with the same ways of asking left out (not if empty)."""
    from bench.quality import counting, running, stock

    known = running.phrases()
    kept = [phrase for phrase, at in zip(known, running.folds(known), strict=True) if at != 0]
    asked, left = [question for question, _ in pairs], [question for question, _ in fold]
    found: list[list[Any]] = []
    for questions, learnt, refuse in ((asked, known, True), (left, kept, False)):
        if not questions:
            continue
        if refuse and trained is not None:
            model = trained
        else:
            model = await asyncio.to_thread(stock.model, [(phrase.text, phrase.intent) for phrase in learnt], epochs)
        if refuse:
            made_of = stock.about(model)
        answers = stock.answers(model, [question.text for question in questions], refuse=refuse)
        made = [given async for given in process.counted(answers, len(questions), "asking stock Rasa")]
        found.append(list(zip(questions, made, strict=True)))
    figures = _figures(found[0], _NEEDS_ENTITIES) | made_of
    if fold:
        figures["left_out_fold_0"] = counting.tally(found[1], without=_NEEDS_A_REPLY)
    return found[0], figures


if __name__ == "__main__":
    sys.exit(main())
