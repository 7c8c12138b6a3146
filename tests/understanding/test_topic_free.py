"""Nothing in understanding knows a topic: what is learnt comes from phrases alone, so any field can be taught."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.understanding.spacy_zh import PATTERNS
from knowledge import load
from xiaoer import settings
from xiaoer.settings import ROOT

KNOWLEDGE = load(settings.get("XIAOER_KNOWLEDGE"))
# Kinds of named things may be called like what is outside: an insurance of others is a name, too.
KINDS = {*KNOWLEDGE.lexicon, *PATTERNS, "product"}
NAMES = {*KNOWLEDGE.topics, *KNOWLEDGE.products} - KINDS


@pytest.mark.parametrize("path", sorted((ROOT / "bot" / "understanding").rglob("*.py")), ids=lambda path: path.name)
def test_no_component_names_a_topic_or_a_product(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    documented = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    }
    said = [constant for constant in constants if constant not in documented]
    found = sorted(
        {name for name in NAMES for constant in said if name == constant or ("_" in name and name in constant)}
    )
    warm_up = {"freight"}  # the sentence that warms the classifier up has a product in it
    assert set(found) <= (warm_up if path.name == "topic_classifier.py" else set())


def test_config_names_no_topic() -> None:
    config = (ROOT / "config.yml").read_text(encoding="utf-8")
    assert not [name for name in NAMES if "_" in name and name in config]
