"""Rasa without TensorFlow: where nothing needs it, it is not imported; where something may, it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.command.serve import environment
from bot.engine.imports import needing
from bot.engine.training.models import model_or_raise
from xiaoer.settings import ROOT

# What a server and `xiaoer ask` do, and what of TensorFlow and of the components that use it is there afterwards.
_SERVES = """
import asyncio, sys
from pathlib import Path
from bot.engine.imports import without_tensorflow
print(without_tensorflow())
from bot.engine.agent import Agent
from rasa.core.channels.channel import UserMessage
agent = Agent()
agent.load_model(Path(sys.argv[1]))
print(asyncio.run(agent.processor.parse_message(UserMessage("运费险怎么理赔")))["intent"]["name"])
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("tensorflow", "keras", "jax") or "diet" in name))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)


@pytest.mark.model
def test_a_model_of_ours_is_loaded_and_understands_without_tensorflow() -> None:
    done = run(_SERVES, str(model_or_raise()))
    left_out, intent, modules = done.stdout.splitlines()[-3:]
    assert (left_out, intent) == ("True", "claim_steps"), done.stderr
    assert modules == str(["tensorflow", "tensorflow.keras", "tensorflow.keras.callbacks", "tensorflow.keras.utils"])


def test_whoever_asks_more_of_the_stand_in_is_told_why_it_is_not_there() -> None:
    put = "from bot.engine.imports import without_tensorflow; without_tensorflow()\n"
    done = run(put + "import tensorflow; tensorflow.constant")
    assert "tensorflow.constant: TensorFlow is left out" in done.stderr
    assert "config.yml" in done.stderr
    assert "ModuleNotFoundError" in run(put + "import tensorflow.data").stderr


def test_what_rasa_has_imported_already_stays() -> None:
    script = """
import sys, types
real = sys.modules["tensorflow"] = types.ModuleType("tensorflow")
from bot.engine.imports import without_tensorflow
print(without_tensorflow(), sys.modules["tensorflow"] is real)
"""
    assert run(script).stdout.split() == ["False", "True"]


def test_a_component_of_which_nothing_is_known_gets_tensorflow(tmp_path: Path) -> None:
    assert needing(ROOT / "config.yml") == []
    config = tmp_path / "config.yml"
    config.write_text(
        "pipeline:\n- name: SpacyTokenizer\n- name: bot.understanding.normaliser.Normaliser\n- name: DIETClassifier\n"
        "policies:\n- name: TEDPolicy\n",
        encoding="utf-8",
    )
    assert needing(config) == ["DIETClassifier", "TEDPolicy"]
    config.write_text(
        "pipeline:\n- name: bot.understanding.ranking.topic_classifier.TopicClassifier\n  encoder: elsewhere.Encoder\n  gap: 0.02\n"
        "- name: bot.understanding.spacy_zh.SpacyNLP\n  note: 1.5 or more\n",
        encoding="utf-8",
    )
    assert needing(config) == ["elsewhere.Encoder"], "an operator's own encoder may be anything"
    config.write_text("pipeline:\npolicies:\n", encoding="utf-8")
    assert needing(config) == []
    script = """
import sys
from pathlib import Path
from bot.engine.imports import without_tensorflow
print(without_tensorflow(Path(sys.argv[1])), "tensorflow" in sys.modules)
"""
    config.write_text("pipeline:\n- name: elsewhere.Classifier\n", encoding="utf-8")
    assert run(script, str(config)).stdout.split() == ["False", "False"]
