"""What conversations that write need: a database of their own, its content, and a clock that can be moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from xiaoer import clock


@dataclass(frozen=True)
class Content:
    """How many rows there are of what a task writes, and which enrolments are on."""

    requests: int
    audits: int
    appeals: int
    on: frozenset[tuple[str, str]]


@pytest.fixture
def content(assistant: object, database: Path) -> Callable[[], Content]:
    """What stands in the database of this test alone."""
    from actions.policydb import session, tables

    def look() -> Content:
        with session.reading() as opened:

            def count(*conditions: Any, of: Any) -> int:
                return int(opened.execute(select(func.count()).select_from(of).where(*conditions)).scalar_one())

            on = opened.execute(
                select(tables.Shop.code, tables.Enrollment.product_id)
                .join(tables.Shop, tables.Shop.id == tables.Enrollment.shop_id)
                .where(tables.Enrollment.ended_at.is_(None))
            )
            return Content(
                requests=count(of=tables.Request),
                audits=count(tables.Audit.action.like("request_%"), of=tables.Audit),
                appeals=count(tables.ClaimEvent.kind == "appealed", of=tables.ClaimEvent),
                on=frozenset((row.code, row.product_id) for row in on),
            )

    return look


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """later(minutes=11): from now on it is that much later for everything that asks the clock."""
    real = clock.now

    def move(**by: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(**by))

    return move
