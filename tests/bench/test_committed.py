"""The committed figures are the model's: a metric that falls unnoticed fails here. Needs the trained model."""

from __future__ import annotations

import json

import pytest

from bench.quality import counting, report, running
from bot.engine.training.models import newest_model
from knowledge import load
from xiaoer import settings

NOISE = 0.01
"""No metric may be worse than the committed one by more than a point; the training itself is the same every time."""
WORSE = {"in_scope_refused": -1, "asked_back": -1}  # metrics whose rise is the fall


@pytest.mark.model
async def test_the_model_is_as_good_as_committed() -> None:
    """Understanding alone on the test writers' single messages: a minute or less."""
    model = newest_model()
    assert model is not None, "run `make train`"
    committed = json.loads(report.RESULT.read_text(encoding="utf-8"))["understanding"]["test"]
    asked = [
        question
        for question in running.questions(load(settings.get("XIAOER_KNOWLEDGE")))
        if question.group not in running.TUNE and not question.before
    ]
    answers = [given async for given in running.understand(model, [question.text for question in asked])]
    now = counting.tally(zip(asked, answers, strict=True))
    fallen = {
        name: (figure["rate"], now[name]["rate"])
        for name, figure in committed.items()
        if isinstance(figure, dict)
        and name in counting.GUARDED
        and WORSE.get(name, 1) * (figure["rate"] - now[name]["rate"]) > NOISE
    }
    assert not fallen, (
        f"worse than bench/quality/result.json says (was, is): {fallen}; mend it or run `make eval` and say why"
    )
