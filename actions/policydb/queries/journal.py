"""Reading the append-only journal. For staff at the terminal: no principal filters here, and nothing of the bot calls it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.policydb import facts, tables
from actions.policydb.queries import receipts


def lines(session: Session, *, receipt: str = "", principal: str = "", limit: int = 50) -> tuple[facts.AuditFacts, ...]:
    """The newest lines, oldest first: of one receipt, of one principal ("seller:demo"), or of all."""
    statement = select(tables.Audit).order_by(tables.Audit.id.desc()).limit(limit)
    if receipt:
        statement = statement.where(tables.Audit.receipt == receipt)
    if principal:
        statement = statement.where(tables.Audit.principal == principal)
    return tuple(_line(row) for row in session.execute(statement).scalars())[::-1]


def request(session: Session, receipt: str) -> tuple[facts.RequestFacts, tuple[tuple[str, Any], ...]] | None:
    """The request of a receipt and what the claim it is about went through since; None: no such request."""
    row = session.execute(select(tables.Request).filter_by(receipt=receipt)).scalars().first()
    if row is None:
        return None
    events = select(tables.ClaimEvent).filter_by(claim_id=row.claim_id).order_by(tables.ClaimEvent.at)
    steps = session.execute(events).scalars() if row.claim_id else ()
    return receipts.facts_of(session, row), tuple((step.kind, step.at) for step in steps if step.at >= row.created_at)


def _line(row: Any) -> facts.AuditFacts:
    return facts.AuditFacts(
        at=row.at,
        principal=row.principal,
        action=row.action,
        subject=row.subject,
        outcome=row.outcome,
        receipt=row.receipt,
        conversation=row.conversation,
        before=row.before,
        after=row.after,
        detail=row.detail,
    )
