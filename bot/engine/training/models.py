"""Where things are in a checkout, and whether the trained model is newer than what it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xiaoer.errors import NotReady
from xiaoer.settings import ROOT

MODELS = ROOT / "models"


def sources() -> Iterable[Path]:
    """Every file whose change asks for a new training. Articles are not among them: they are read while running."""
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
    return f"{changed[0].relative_to(ROOT)} is newer than the model" if changed else None


def model_or_raise() -> Path:
    """The newest model. Raises NotReady with the command that makes one."""
    model = newest_model()
    if model is None:
        raise NotReady("没有训练好的模型。请先运行 make train（约一分钟）。")
    return model
