"""What accounts asked us to do, and the journal of what was done."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, UniqueConstraint

from actions.policydb import facts
from actions.policydb.tables.base import Base, UtcDateTime, not_before, one_of, reference, row_id


class Request(Base):
    """What an account asked us to do. The key is unique within the account, so nobody can probe another's keys.

    The key says from which state of the enrolment or claim the request starts: the same wish confirmed twice, from two
    tabs or after a restart, has one key, so it is one row. receipt: what the asker is given.
    """

    __tablename__ = "request"
    id = row_id()
    account_id = reference("account.id")
    kind, _kind_known = one_of("kind", facts.RequestKind)
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    shop_id = reference("shop.id", nullable=True, index=True)
    order_id = reference("shop_order.id", on_delete="CASCADE", nullable=True, index=True)
    claim_id = reference("claim.id", on_delete="CASCADE", nullable=True, index=True)
    idempotency_key = Column(String(80), nullable=False)
    receipt = Column(String(32), nullable=False)
    state, _state_known = one_of("state", facts.RequestState)
    reason = Column(String(500), nullable=False, default="")
    detail = Column(Text, nullable=False, server_default="{}")
    created_at = Column(UtcDateTime, nullable=False)
    decided_at = Column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        Index("uq_request_receipt", "receipt", unique=True),
        _kind_known,
        _state_known,
        not_before("decided_at", "created_at"),
        CheckConstraint("shop_id IS NOT NULL OR order_id IS NOT NULL", name="about_something"),
    )


class Audit(Base):
    """Who did what to what, from which state to which. Append-only: triggers of the database refuse anything else.

    It points at nothing by foreign key, because it outlives what it speaks of. before, after: JSON; nothing personal.
    """

    __tablename__ = "audit"
    id = row_id()
    at = Column(UtcDateTime, nullable=False, index=True)
    principal = Column(String(80), nullable=False, index=True)
    action = Column(String(64), nullable=False)
    subject = Column(String(80), nullable=False, default="")
    outcome = Column(String(32), nullable=False)
    receipt = Column(String(32), nullable=False, default="", index=True)
    conversation = Column(String(128), nullable=False, default="")
    before = Column(Text, nullable=False, default="")
    after = Column(Text, nullable=False, default="")
    detail = Column(Text, nullable=False, default="")
