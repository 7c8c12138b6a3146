"""Conversations handed to a person, visitors' too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import relationship

from actions.policydb import facts
from actions.policydb.tables.base import Base, UtcDateTime, not_before, one_of, reference, row_id
from actions.policydb.tables.shops import Account


class Ticket(Base):
    """A conversation handed to a person. account_id NULL: a visitor's. At most one is open a conversation."""

    __tablename__ = "ticket"
    id = row_id()
    number = Column(String(32), nullable=False, unique=True)
    conversation = Column(String(128), nullable=False)
    account_id = reference("account.id", on_delete="CASCADE", nullable=True, index=True)
    role, _role_known = one_of("role", ("buyer", "seller", "visitor"))
    opened_at = Column(UtcDateTime, nullable=False)
    closed_at = Column(UtcDateTime)
    topic = Column(String(64), nullable=False, default="")
    product = Column(String(40), nullable=False, default="")
    order_number = Column(String(32), nullable=False, default="")
    reason = Column(String(200), nullable=False, default="")
    last_error = Column(String(16), nullable=False, default="")
    state = Column(Text, nullable=False, default="{}")
    __table_args__ = (
        _role_known,
        not_before("closed_at", "opened_at"),
        Index(
            "uq_ticket_open",
            "conversation",
            unique=True,
            sqlite_where=sql("closed_at IS NULL"),
            postgresql_where=sql("closed_at IS NULL"),
        ),
        # The queue: open tickets by age.
        Index("ix_ticket_closed_at_opened_at", "closed_at", "opened_at"),
    )
    account: Any = relationship(Account)
    messages: Any = relationship(
        "TicketMessage", order_by="TicketMessage.at, TicketMessage.id", cascade="all, delete-orphan"
    )


class TicketMessage(Base):
    """Something said in a ticket, masked before it came here. delivered_at NULL: has not reached the conversation."""

    __tablename__ = "ticket_message"
    id = row_id()
    ticket_id = reference("ticket.id", on_delete="CASCADE", index=True)
    author, _author_known = one_of("author", facts.Author)
    text = Column(Text, nullable=False)
    at = Column(UtcDateTime, nullable=False)
    delivered_at = Column(UtcDateTime)
    __table_args__ = (
        _author_known,
        # Asked once a second by the channel: what staff said and nobody has been told.
        Index(
            "ix_ticket_message_undelivered",
            "id",
            sqlite_where=sql("delivered_at IS NULL AND author IN ('staff', 'system')"),
            postgresql_where=sql("delivered_at IS NULL AND author IN ('staff', 'system')"),
        ),
    )
