"""docs/tasks.md shows each task as a conversation; the assistant still talks like that."""

from __future__ import annotations

import pytest

from tools import transcripts

pytestmark = pytest.mark.model


async def test_the_documented_conversations_are_what_happens(assistant: object) -> None:
    document = transcripts.DOCUMENT.read_text(encoding="utf-8")
    with transcripts.own_database():
        now = await transcripts.replayed(assistant, document)
    assert now == document, "the assistant talks differently now: read it, then `make transcripts`"


def test_every_task_that_acts_is_documented() -> None:
    document = transcripts.DOCUMENT.read_text(encoding="utf-8")
    for task in ("check_shop_eligibility", "estimate_premium", "request_enable", "request_disable", "shop_report",
                 "file_appeal", "handoff"):  # fmt: skip
        assert f"`{task}`" in document
    assert document.count("```chat ") >= 6
