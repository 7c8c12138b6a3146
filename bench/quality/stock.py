"""The stock Rasa pipeline for Chinese, trained on the same phrases: what ours has to be better than.

Intents and phrases alone go in. A trained model is kept in var/bench/, by the digest of all that it is made of.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import rasa
import yaml
from rasa.core.agent import Agent
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME

from bench.pipeline import HEAD, REFUSAL
from bench.quality.counting import OUTSIDE, Given
from xiaoer import settings

EPOCHS = 100
CONFIG = (
    HEAD
    + """\
    epochs: {epochs}
    random_seed: 1
    constrain_similarities: true
"""
    + REFUSAL
)


def model(phrases: Sequence[tuple[str, str]], epochs: int = EPOCHS) -> Path:
    """The stock model of these (phrase, intent), trained if it is not kept."""
    config_text = CONFIG.format(epochs=epochs)
    made_of = "\n".join([rasa.__version__, config_text, *sorted(f"{intent}\t{text}" for text, intent in phrases)])
    name = "stock-" + hashlib.sha256(made_of.encode()).hexdigest()[:16]
    kept = settings.var("bench", f"{name}.tar.gz")
    if kept.exists():
        return kept
    print(f"training the stock pipeline on {len(phrases)} phrases, {epochs} epochs; this is slow", flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        config, data = Path(folder) / "config.yml", Path(folder) / "nlu.yml"
        config.write_text(config_text, encoding="utf-8")
        data.write_text(_as_rasa(phrases), encoding="utf-8")
        from rasa.model_training import train_nlu

        made = train_nlu(str(config), str(data), folder, fixed_model_name=name)
        if made is None:
            raise RuntimeError("rasa trained no stock model; its messages above say why")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, kept)
        about = {"epochs": epochs, "phrases": len(phrases)}
        kept.with_name(f"{name}.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    print(f"trained in {time.perf_counter() - started:.0f} s", flush=True)
    return kept


def about(trained: Path) -> dict[str, int]:
    """{"epochs", "phrases"} of a stock model that `model` has trained."""
    written = trained.with_name(trained.name.removesuffix(".tar.gz") + ".json")
    return dict(json.loads(written.read_text(encoding="utf-8")))


def _as_rasa(phrases: Iterable[tuple[str, str]]) -> str:
    by_intent: dict[str, list[str]] = {}
    for text, intent in phrases:
        by_intent.setdefault(intent, []).append(text)
    blocks = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in by_intent.items()
    ]
    return yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, sort_keys=False)


async def answers(trained: Path, texts: Iterable[str], *, refuse: bool = True) -> AsyncIterator[Given]:
    """What the stock model makes of each text; without `refuse` its first topic stands however unsure."""
    agent = Agent.load(str(trained))
    await agent.parse_message("你好")  # jieba builds its dictionary
    for text in texts:
        started = time.process_time()
        parsed = await agent.parse_message(text)
        ms = (time.process_time() - started) * 1000
        yield given(parsed["intent"]["name"], parsed["intent_ranking"], ms, refuse=refuse)


def given(intent: str | None, ranking: Iterable[dict[str, object]], ms: float, *, refuse: bool = True) -> Given:
    """The fallback classifier's verdict as the counting wants it."""
    ranked = [each for each in ranking if each["name"] != DEFAULT_NLU_FALLBACK_INTENT_NAME]
    first = (str(ranked[0]["name"]), float(str(ranked[0]["confidence"]))) if ranked else ("", 0.0)
    if refuse and intent in (None, DEFAULT_NLU_FALLBACK_INTENT_NAME):
        return Given((), "unknown", ranking=first, ms=ms)
    return Given((first[0],), "outside" if first[0] in OUTSIDE else "answered", ranking=first, ms=ms)
