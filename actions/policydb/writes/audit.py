"""The journal's lines. Nothing else writes the table `audit`, which the database lets nobody change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.policydb import tables


def note(
    session: Session,
    *,
    at: datetime,
    principal: str,
    action: str,
    subject: str,
    outcome: str,
    receipt: str,
    conversation: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds a line: who did what to what, from which state to which. Nothing personal goes in."""
    session.add(
        tables.Audit(
            at=at,
            principal=principal,
            action=action,
            subject=subject,
            outcome=outcome,
            receipt=receipt,
            conversation=conversation,
            before=as_json(before),
            after=as_json(after),
            detail="" if detail is None else as_json(detail),
        )
    )


def as_json(data: Mapping[str, Any]) -> str:
    """The same text for the same data."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
