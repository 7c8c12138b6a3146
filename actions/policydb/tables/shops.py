"""Who signs in, and what sellers run: accounts, shops, and which insurances a shop has switched on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import relationship

from actions.policydb.tables.base import Base, UtcDateTime, fen, not_before, one_of, reference, row_id
from knowledge.rules import Category, Site


class Account(Base):
    """Someone who can sign in. external_id: the host page's own id (JWT `sub`)."""

    __tablename__ = "account"
    role, _role_known = one_of("role", ("buyer", "seller"))
    id = row_id()
    external_id = Column(String(64), nullable=False)
    is_demo = Column(Boolean, nullable=False, default=False, server_default=false())
    created_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (UniqueConstraint("role", "external_id"), _role_known)


class Shop(Base):
    __tablename__ = "shop"
    id = row_id()
    code = Column(String(64), nullable=False, unique=True)
    name = Column(String(80), nullable=False)
    owner_id = reference("account.id", index=True)
    risk_rate_bp = Column(Integer, nullable=False)
    consumer_protection = Column(Boolean, nullable=False)
    seven_day_return = Column(Boolean, nullable=False)
    return_region = Column(String(40), nullable=False)
    site, _site_known = one_of("site", Site, default=Site.TAOBAO)
    category, _category_known = one_of("category", Category, default=Category.OTHER)
    deposit_fen, _deposit_not_negative = fen("deposit_fen", default=True)
    deposit_due_fen, _due_not_negative = fen("deposit_due_fen", default=True)
    opened_at = Column(UtcDateTime)
    __table_args__ = (
        CheckConstraint("risk_rate_bp BETWEEN 0 AND 10000", name="risk_rate_bp_range"),
        _site_known,
        _category_known,
        _deposit_not_negative,
        _due_not_negative,
    )
    owner: Any = relationship(Account)
    enrollments: Any = relationship("Enrollment", order_by="Enrollment.enrolled_at", back_populates="shop")


class Enrollment(Base):
    """A shop's membership of a product; ended_at None = on."""

    __tablename__ = "enrollment"
    id = row_id()
    shop_id = reference("shop.id", index=True)
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    enrolled_at = Column(UtcDateTime, nullable=False)
    ended_at = Column(UtcDateTime)
    fee_fen, _fee_not_negative = fen("fee_fen")
    __table_args__ = (
        _fee_not_negative,
        not_before("ended_at", "enrolled_at"),
        # Once at a time: a second switching-on while one is on is the caller's mistake, not a second row.
        Index(
            "uq_enrollment_active",
            "shop_id",
            "product_id",
            unique=True,
            sqlite_where=sql("ended_at IS NULL"),
            postgresql_where=sql("ended_at IS NULL"),
        ),
    )
    shop: Any = relationship(Shop, back_populates="enrollments")
