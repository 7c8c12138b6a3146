"""What was bought. An order's state is not stored: it follows from the times."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import relationship

from actions.policydb import facts
from actions.policydb.tables.base import Base, UtcDateTime, fen, not_before, one_of, reference, row_id
from actions.policydb.tables.shops import Account, Shop


class ShopOrder(Base):
    """A parent order (父订单). Its state is not stored: it follows from the times."""

    __tablename__ = "shop_order"
    id = row_id()
    number = Column(String(32), nullable=False, unique=True)
    buyer_id = reference("account.id")
    shop_id = reference("shop.id")
    amount_fen, _amount_not_negative = fen("amount_fen")
    paid_at = Column(UtcDateTime, nullable=False)
    shipped_at = Column(UtcDateTime)
    signed_at = Column(UtcDateTime)
    confirmed_at = Column(UtcDateTime)
    closed_at = Column(UtcDateTime)
    close_reason, _close_reason_known = one_of("close_reason", facts.CloseReason, nullable=True)
    courier = Column(String(20), nullable=False, default="")
    tracking_number = Column(String(32), nullable=False, default="")
    ship_to_region = Column(String(40), nullable=False)
    __table_args__ = (
        _amount_not_negative,
        _close_reason_known,
        not_before("shipped_at", "paid_at"),
        not_before("signed_at", "shipped_at"),
        not_before("confirmed_at", "shipped_at"),
        CheckConstraint("(closed_at IS NULL) = (close_reason IS NULL)", name="closed_with_reason"),
        # The two look-ups there are: an account's newest orders, a shop's newest orders.
        Index("ix_shop_order_buyer_id_paid_at", "buyer_id", "paid_at"),
        Index("ix_shop_order_shop_id_paid_at", "shop_id", "paid_at"),
    )
    buyer: Any = relationship(Account)
    shop: Any = relationship(Shop)
    lines: Any = relationship("OrderLine", order_by="OrderLine.position", cascade="all, delete-orphan")
    policies: Any = relationship(
        "Policy", order_by="Policy.issued_at, Policy.id", cascade="all, delete-orphan", back_populates="order"
    )


class OrderLine(Base):
    __tablename__ = "order_line"
    id = row_id()
    order_id = reference("shop_order.id", on_delete="CASCADE")
    position = Column(Integer, nullable=False)
    title = Column(String(120), nullable=False)
    quantity = Column(Integer, nullable=False, default=1)
    amount_fen, _amount_not_negative = fen("amount_fen")
    __table_args__ = (
        UniqueConstraint("order_id", "position"),
        _amount_not_negative,
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )
