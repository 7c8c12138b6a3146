"""What is insured, and what came of it: products, policies, claims with their steps, payouts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import relationship

from actions.policydb import facts
from actions.policydb.tables.base import Base, UtcDateTime, fen, one_of, reference, row_id
from actions.policydb.tables.orders import OrderLine, ShopOrder


class Product(Base):
    """The ids of topics.yml, so that nothing refers to a product that does not exist; the words are in knowledge/."""

    __tablename__ = "product"
    id = Column(String(40), primary_key=True)


class Policy(Base):
    """A policy (保单), or a 退货宝 service, on one parent order; at most one a product."""

    __tablename__ = "policy"
    id = row_id()
    number = Column(String(40), nullable=False, unique=True)
    order_id = reference("shop_order.id", on_delete="CASCADE")
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    payer, _payer_known = one_of("payer", facts.Payer)
    insurer = Column(String(40), nullable=False, default="")
    premium_fen, _premium_not_negative = fen("premium_fen")
    sum_insured_fen, _sum_not_negative = fen("sum_insured_fen")
    issued_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        _payer_known,
        _premium_not_negative,
        _sum_not_negative,
    )
    order: Any = relationship(ShopOrder, back_populates="policies")
    claims: Any = relationship(
        "Claim", order_by="Claim.opened_at, Claim.id", cascade="all, delete-orphan", back_populates="policy"
    )


class Claim(Base):
    __tablename__ = "claim"
    id = row_id()
    policy_id = reference("policy.id", on_delete="CASCADE", index=True)
    line_id = reference("order_line.id", on_delete="SET NULL", nullable=True, index=True)
    kind, _kind_known = one_of("kind", facts.ClaimKind)
    method, _method_known = one_of("method", facts.ReturnMethod)
    fault, _fault_known = one_of("fault", facts.Fault)
    opened_at = Column(UtcDateTime, nullable=False)
    flash = Column(Boolean, nullable=False, default=False)
    courier = Column(String(20), nullable=False, default="")
    tracking_number = Column(String(32), nullable=False, default="")
    freight_paid_fen, _freight_not_negative = fen("freight_paid_fen", nullable=True)
    weight_g = Column(Integer)
    refusal, _refusal_known = one_of("refusal", facts.RefusalReason, nullable=True)
    reason, _reason_known = one_of("reason", facts.ReturnReason, nullable=True)
    __table_args__ = (
        _kind_known,
        _method_known,
        _fault_known,
        _freight_not_negative,
        _refusal_known,
        _reason_known,
        CheckConstraint("weight_g IS NULL OR weight_g > 0", name="weight_g_positive"),
    )
    policy: Any = relationship(Policy, back_populates="claims")
    line: Any = relationship(OrderLine)
    events: Any = relationship("ClaimEvent", order_by="ClaimEvent.at, ClaimEvent.id", cascade="all, delete-orphan")
    payout: Any = relationship("Payout", uselist=False, cascade="all, delete-orphan")


class ClaimEvent(Base):
    __tablename__ = "claim_event"
    id = row_id()
    claim_id = reference("claim.id", on_delete="CASCADE")
    kind, _kind_known = one_of("kind", facts.EventKind)
    at = Column(UtcDateTime, nullable=False)
    note = Column(String(200), nullable=False, default="")
    __table_args__ = (_kind_known, Index("ix_claim_event_claim_id_at", "claim_id", "at"))


class Payout(Base):
    __tablename__ = "payout"
    id = row_id()
    claim_id = reference("claim.id", on_delete="CASCADE", unique=True)
    amount_fen, _amount_not_negative = fen("amount_fen")
    payee, _payee_known = one_of("payee", facts.Payee)
    paid_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (_amount_not_negative, _payee_known)
