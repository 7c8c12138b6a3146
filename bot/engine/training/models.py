"""Where things are in a checkout, and whether the trained model is newer than what it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from knowledge import load
from xiaoer.errors import NotReady
from xiaoer.settings import ROOT

MODELS = ROOT / "models"
ASKS = MODELS / "asks.sha256"  # of the newest model


def sources() -> Iterable[Path]:
    """Every file whose change asks for a new training. Of articles only how they are asked for does (`asks_now`): what they
    say is read while running."""
    yield from (ROOT / name for name in ("config.yml", "domain.yml", "requirements.lock"))
    yield from (ROOT / "data").rglob("*.yml")
    yield from (ROOT / "knowledge" / name for name in ("topics.yml", "lexicon.yml"))
    yield from (ROOT / "knowledge").glob("*/product.yml")
    yield from (ROOT / "bot" / "understanding").rglob("*.py")
    yield from (ROOT / "bot" / name for name in ("engine/training/importer.py", "dialogue/policy.py"))


def newest_model() -> Path | None:
    """The model that Rasa's own commands would load."""
    models = sorted(MODELS.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    return models[-1] if models else None


def needs_training() -> str | None:
    """Why a training is needed, or None."""
    model = newest_model()
    if model is None:
        return "there is no model yet"
    trained = model.stat().st_mtime
    changed = [path for path in sources() if path.exists() and path.stat().st_mtime > trained]
    if changed:
        return f"{changed[0].relative_to(ROOT)} is newer than the model"
    edited = [path for path in (ROOT / "knowledge").glob("*/*.md") if path.stat().st_mtime > trained]
    if edited and asks_now() != (ASKS.read_text(encoding="utf-8") if ASKS.exists() else ""):
        return f"how answers are asked for has changed since the model ({edited[0].relative_to(ROOT)})"
    return None


def asks_now() -> str:
    """A digest of the asks of all answers. Raises KnowledgeError."""
    digest = hashlib.sha256()
    for (product, topic), versions in load(ROOT / "knowledge").articles.items():
        for answer in (answer for version in versions for answer in version.answers):
            digest.update(repr((product, answer.key(topic), answer.asks)).encode())
    return digest.hexdigest()


def remember_asks() -> None:
    """Notes what the newest model was trained on."""
    ASKS.write_text(asks_now(), encoding="utf-8")


def model_or_raise() -> Path:
    """The newest model. Raises NotReady with the command that makes one."""
    model = newest_model()
    if model is None:
        raise NotReady("没有训练好的模型。请先运行 make train（约一分钟）。")
    return model
