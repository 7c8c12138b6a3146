"""The stock assistant: Rasa's usual Chinese pipeline and policies, the same phrases, answers, forms and actions.

A knowledge topic is the retrieval intent `faq/<topic>` with its article as response; everything else is a plain intent
with the rule, form, action or response it has with us. A trained model is kept in var/bench/ by the digest of all that
it is made of, with what its training took beside it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench.pipeline import HEAD, REFUSAL
from bench.quality.running import Phrase, phrases
from bench.speed.servers.processes import spent
from bot.command.serve import environment
from bot.engine.training.importer import of_tasks
from knowledge import Knowledge, load
from xiaoer import settings
from xiaoer.settings import ROOT

FAQ = "faq"
MENTION = "mention"
FALLBACK = "nlu_fallback"
NOTHING_KNOWN = "这个问题我这里资料不足，请以订单页或千牛页面显示为准。"
# Rasa's own defaults are 300 epochs for each selector, 100 for TED and 50 for UnexpecTED; they would take hours here.
EPOCHS = {"diet": 1, "selector": 1, "ted": 2, "unexpected": 2}
CONFIG = (
    HEAD
    + """\
    epochs: {diet}
    random_seed: 1
    constrain_similarities: true
  - name: ResponseSelector
    epochs: {selector}
    random_seed: 1
    constrain_similarities: true
"""
    + REFUSAL
    + """\
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
  - name: UnexpecTEDIntentPolicy
    epochs: {unexpected}
    random_seed: 1
  - name: TEDPolicy
    epochs: {ted}
    random_seed: 1
    constrain_similarities: true
"""
)
_PROGRESS = re.compile(r"Starting to train component '(\w+)'|Epochs: +\d+%\S*[^\r\n]*?(\d+)/(\d+) \[(\d+):(\d+)<")


@dataclass(frozen=True)
class Trained:
    """A kept model. seconds: of the whole training command; peak_mb: its largest resident memory; epochs: of each;
    epoch_seconds: what one epoch took, by component."""

    model: Path
    seconds: float
    peak_mb: float
    epochs: Mapping[str, int]
    phrases: int
    epoch_seconds: Mapping[str, float] = field(default_factory=dict)


def model(epochs: Mapping[str, int] = EPOCHS, *, retrain: bool = False) -> Trained:
    """The stock model of today's phrases, trained if it is not kept. Raises RuntimeError with the log's end."""
    files = project(load(settings.get("XIAOER_KNOWLEDGE")), phrases(), epochs)
    kept = settings.var("bench", f"{name_of(files)}.tar.gz")
    about = kept.with_suffix("").with_suffix(".json")
    if retrain or not (kept.exists() and about.exists()):
        kept.parent.mkdir(parents=True, exist_ok=True)
        figures = {**_train(files, kept), "epochs": dict(epochs), "phrases": len(phrases())}
        about.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    return Trained(model=kept, **json.loads(about.read_text(encoding="utf-8")))


def name_of(files: Mapping[str, str]) -> str:
    import rasa

    digest = hashlib.sha256(rasa.__version__.encode())
    for name, text in sorted(files.items()):
        digest.update(f"\0{name}\0{text}".encode())
    return f"stock-assistant-{digest.hexdigest()[:16]}"


def _train(files: Mapping[str, str], kept: Path) -> dict[str, Any]:
    """`rasa train` on a project of these files: {"seconds", "peak_mb", "epoch_seconds"}."""
    with tempfile.TemporaryDirectory() as folder:
        write(files, Path(folder))
        log = Path(folder) / "train.log"
        command = [sys.executable, "-m", "rasa", "train", "--skip-validation", "--force",
                   "--fixed-model-name", "stock", "--out", "made"]  # fmt: skip
        code, seconds, peak = spent(command, cwd=Path(folder), env=environment(), log=log)
        said = log.read_text(encoding="utf-8", errors="replace")
        if code:
            raise RuntimeError(f"rasa trained no stock model (exit code {code}):\n{said[-3000:]}")
        shutil.move(Path(folder) / "made" / "stock.tar.gz", kept)
    return {"seconds": round(seconds, 1), "peak_mb": round(peak, 1), "epoch_seconds": epoch_seconds(said)}


def epoch_seconds(log: str) -> dict[str, float]:
    """{component: seconds an epoch took} from the log of a training: its last complete progress bar."""
    found: dict[str, float] = {}
    component = ""
    for name, done, total, minutes, seconds in _PROGRESS.findall(log):
        component = name or component
        if done and done == total:
            found[component] = round((60 * int(minutes) + int(seconds)) / int(total), 1)
    return found


# ------------------------------------------------------------------ the project


def write(files: Mapping[str, str], folder: Path) -> None:
    """The files of a project below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def project(knowledge: Knowledge, known: Sequence[Phrase], epochs: Mapping[str, int]) -> dict[str, str]:
    """{path: content} of the stock assistant's project."""
    ours = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    domain = _domain(ours, knowledge)
    content: dict[str, Any] = {
        "domain.yml": domain,
        "data/nlu.yml": _nlu(known, knowledge),
        "data/rules.yml": {"version": "3.1", "rules": _rules(domain, knowledge)},
        "data/stories.yml": {"version": "3.1", "stories": _stories(domain, knowledge)},
    }
    written = {name: yaml.safe_dump(data, allow_unicode=True, sort_keys=False) for name, data in content.items()}
    return {"config.yml": CONFIG.format(**epochs), **written}


def serving(action_port: int) -> dict[str, str]:
    """What serving needs besides the model: everything in memory, and Rasa's own Socket.IO channel."""
    return {
        "endpoints.yml": f"action_endpoint:\n  url: http://127.0.0.1:{action_port}/webhook\n",
        "credentials.yml": "bench.speed.servers.channel.StockInput: {}\n",
    }


def answer(knowledge: Knowledge, topic: str) -> str:
    """The article of the topic: freight's, or any other product's; a sentence where nobody has written one."""
    found = [articles for (_, about), articles in knowledge.articles.items() if about == topic]
    freight = knowledge.versions("freight", topic)
    return next((versions[0].body for versions in (freight, *found) if versions), NOTHING_KNOWN)


def _domain(ours: Mapping[str, Any], knowledge: Knowledge) -> dict[str, Any]:
    tasks = of_tasks(knowledge)
    plain = [topic for topic in knowledge.topics if topic not in knowledge.knowledge_topics]
    faq = {f"utter_{FAQ}/{topic}": [{"text": answer(knowledge, topic)}] for topic in knowledge.knowledge_topics}
    return {
        "version": "3.1",
        "session_config": ours["session_config"],
        "intents": [FAQ, *plain, MENTION],
        "entities": ["product", "audience", *ours["entities"]],
        "slots": {**ours["slots"], **tasks["slots"]},
        "forms": tasks["forms"],
        "actions": [*tasks["actions"], *ours["actions"]],
        "responses": {**ours["responses"], **faq},
    }


def _nlu(known: Sequence[Phrase], knowledge: Knowledge) -> dict[str, Any]:
    by_intent: dict[str, list[str]] = {}
    for phrase in known:
        name = f"{FAQ}/{phrase.intent}" if phrase.intent in knowledge.knowledge_topics else phrase.intent
        by_intent.setdefault(name, []).append(phrase.text)
    return {
        "version": "3.1",
        "nlu": [
            {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
            for intent, texts in by_intent.items()
        ],
    }


def _reply_to(intent: str, domain: Mapping[str, Any]) -> str:
    """The form, action or response of an intent."""
    own = {FAQ: f"utter_{FAQ}", MENTION: "utter_close", FALLBACK: "utter_unknown"}
    names = {*domain["forms"], *domain["actions"], *domain["responses"]}
    candidates = (own.get(intent, ""), f"{intent}_form", f"action_{intent}", f"utter_{intent}")
    return next((name for name in candidates if name == f"utter_{FAQ}" or name in names), "utter_unknown")


def _rules(domain: Mapping[str, Any], knowledge: Knowledge) -> list[dict[str, Any]]:
    """One rule an intent, and one for each form that is complete."""
    rules: list[dict[str, Any]] = []
    for intent in [*domain["intents"], FALLBACK]:
        reply = _reply_to(intent, domain)
        opens = [{"active_loop": reply}] if reply in domain["forms"] else []
        rules.append({"rule": f"topic {intent}", "steps": [{"intent": intent}, {"action": reply}, *opens]})
    for form in domain["forms"]:
        done = [{"action": form}, {"active_loop": None}, {"action": f"action_{form.removesuffix('_form')}"}]
        rules.append({"rule": f"{form} is complete", "condition": [{"active_loop": form}], "steps": done})
    return rules


def _stories(domain: Mapping[str, Any], knowledge: Knowledge) -> list[dict[str, Any]]:
    """What TED, UnexpecTED and memoization learn from: a greeting, two things that are asked, a farewell."""
    asked = [
        intent for intent in (FAQ, *knowledge.tasks, *knowledge.outside) if f"{intent}_form" not in domain["forms"]
    ]
    return [
        {
            "story": f"{first}, then {second}",
            "steps": [
                step
                for intent in ("greet", first, second, "thanks")
                for step in ({"intent": intent}, {"action": _reply_to(intent, domain)})
            ],
        }
        for place, first in enumerate(asked)
        for second in (asked[(place + 1) % len(asked)], FAQ)
    ]
