"""The schema of the policy database. Money is integer fen, times are UTC, known states are CHECKed.

account ─┬─ shop ── enrollment ── product          request: what an account asked us to do
         └─ shop_order ─┬─ order_line              audit: what was done, by whom, from what to what (append-only)
                        └─ policy ── claim ─┬─ claim_event
                                            └─ payout
ticket ── ticket_message: conversations handed to a person, visitors' too
"""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeMeta, registry, relationship
from sqlalchemy.types import TypeDecorator

from actions.policydb import facts
from knowledge.rules import Category, Site

mapper_registry = registry(
    metadata=MetaData(
        # Named constraints, so that a later migration can drop one on SQLite and PostgreSQL alike.
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
)
metadata = mapper_registry.metadata


class UtcDateTime(TypeDecorator):  # type: ignore[type-arg]
    """An aware datetime, kept in UTC. A naive one is refused: whose noon would it be?"""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got the naive {value!r}; give it a time zone")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(metaclass=DeclarativeMeta):
    __abstract__ = True
    registry = mapper_registry
    metadata = metadata
    __init__ = mapper_registry.constructor


def _id() -> Any:
    return Column(RowId, primary_key=True)


def _to(target: str, *, on_delete: str | None = None, **kwargs: Any) -> Any:
    return Column(RowId, ForeignKey(target, ondelete=on_delete), nullable=kwargs.pop("nullable", False), **kwargs)


def _fen(name: str, *, nullable: bool = False, default: bool = False) -> tuple[Any, CheckConstraint]:
    """default: 0 where nothing is said."""
    column = Column(name, BigInteger, nullable=nullable, server_default="0" if default else None)
    return column, CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative")


def _one_of(
    name: str, states: type[Enum] | tuple[str, ...], *, nullable: bool = False, default: Enum | None = None
) -> tuple[Any, CheckConstraint]:
    known = [str(state.value) for state in states] if isinstance(states, type) else list(states)
    quoted = ", ".join(f"'{state}'" for state in known)
    column = Column(name, String(32), nullable=nullable, server_default=default.value if default else None)
    return column, CheckConstraint(f"{name} IN ({quoted})", name=f"{name}_known")


def _not_before(later: str, earlier: str) -> CheckConstraint:
    return CheckConstraint(f"{later} IS NULL OR {later} >= {earlier}", name=f"{later}_after_{earlier}")


class Account(Base):
    """Someone who can sign in. external_id: the host page's own id (JWT `sub`)."""

    __tablename__ = "account"
    role, _role_known = _one_of("role", ("buyer", "seller"))
    id = _id()
    external_id = Column(String(64), nullable=False)
    is_demo = Column(Boolean, nullable=False, default=False, server_default=false())
    created_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (UniqueConstraint("role", "external_id"), _role_known)


class Shop(Base):
    __tablename__ = "shop"
    id = _id()
    code = Column(String(64), nullable=False, unique=True)
    name = Column(String(80), nullable=False)
    owner_id = _to("account.id", index=True)
    risk_rate_bp = Column(Integer, nullable=False)
    consumer_protection = Column(Boolean, nullable=False)
    seven_day_return = Column(Boolean, nullable=False)
    return_region = Column(String(40), nullable=False)
    site, _site_known = _one_of("site", Site, default=Site.TAOBAO)
    category, _category_known = _one_of("category", Category, default=Category.OTHER)
    deposit_fen, _deposit_not_negative = _fen("deposit_fen", default=True)
    deposit_due_fen, _due_not_negative = _fen("deposit_due_fen", default=True)
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


class ShopOrder(Base):
    """A parent order (父订单). Its state is not stored: it follows from the times."""

    __tablename__ = "shop_order"
    id = _id()
    number = Column(String(32), nullable=False, unique=True)
    buyer_id = _to("account.id")
    shop_id = _to("shop.id")
    amount_fen, _amount_not_negative = _fen("amount_fen")
    paid_at = Column(UtcDateTime, nullable=False)
    shipped_at = Column(UtcDateTime)
    signed_at = Column(UtcDateTime)
    confirmed_at = Column(UtcDateTime)
    closed_at = Column(UtcDateTime)
    close_reason, _close_reason_known = _one_of("close_reason", facts.CloseReason, nullable=True)
    courier = Column(String(20), nullable=False, default="")
    tracking_number = Column(String(32), nullable=False, default="")
    ship_to_region = Column(String(40), nullable=False)
    __table_args__ = (
        _amount_not_negative,
        _close_reason_known,
        _not_before("shipped_at", "paid_at"),
        _not_before("signed_at", "shipped_at"),
        _not_before("confirmed_at", "shipped_at"),
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
    id = _id()
    order_id = _to("shop_order.id", on_delete="CASCADE")
    position = Column(Integer, nullable=False)
    title = Column(String(120), nullable=False)
    quantity = Column(Integer, nullable=False, default=1)
    amount_fen, _amount_not_negative = _fen("amount_fen")
    __table_args__ = (
        UniqueConstraint("order_id", "position"),
        _amount_not_negative,
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )


class Product(Base):
    """The ids of topics.yml, so that nothing refers to a product that does not exist; the words are in knowledge/."""

    __tablename__ = "product"
    id = Column(String(40), primary_key=True)


class Policy(Base):
    """A policy (保单), or a 退货宝 service, on one parent order; at most one a product."""

    __tablename__ = "policy"
    id = _id()
    number = Column(String(40), nullable=False, unique=True)
    order_id = _to("shop_order.id", on_delete="CASCADE")
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    payer, _payer_known = _one_of("payer", facts.Payer)
    insurer = Column(String(40), nullable=False, default="")
    premium_fen, _premium_not_negative = _fen("premium_fen")
    sum_insured_fen, _sum_not_negative = _fen("sum_insured_fen")
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
    id = _id()
    policy_id = _to("policy.id", on_delete="CASCADE", index=True)
    line_id = _to("order_line.id", on_delete="SET NULL", nullable=True, index=True)
    kind, _kind_known = _one_of("kind", facts.ClaimKind)
    method, _method_known = _one_of("method", facts.ReturnMethod)
    fault, _fault_known = _one_of("fault", facts.Fault)
    opened_at = Column(UtcDateTime, nullable=False)
    flash = Column(Boolean, nullable=False, default=False)
    courier = Column(String(20), nullable=False, default="")
    tracking_number = Column(String(32), nullable=False, default="")
    freight_paid_fen, _freight_not_negative = _fen("freight_paid_fen", nullable=True)
    weight_g = Column(Integer)
    refusal, _refusal_known = _one_of("refusal", facts.RefusalReason, nullable=True)
    reason, _reason_known = _one_of("reason", facts.ReturnReason, nullable=True)
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
    id = _id()
    claim_id = _to("claim.id", on_delete="CASCADE")
    kind, _kind_known = _one_of("kind", facts.EventKind)
    at = Column(UtcDateTime, nullable=False)
    note = Column(String(200), nullable=False, default="")
    __table_args__ = (_kind_known, Index("ix_claim_event_claim_id_at", "claim_id", "at"))


class Payout(Base):
    __tablename__ = "payout"
    id = _id()
    claim_id = _to("claim.id", on_delete="CASCADE", unique=True)
    amount_fen, _amount_not_negative = _fen("amount_fen")
    payee, _payee_known = _one_of("payee", facts.Payee)
    paid_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (_amount_not_negative, _payee_known)


class Enrollment(Base):
    """A shop's membership of a product; ended_at None = on."""

    __tablename__ = "enrollment"
    id = _id()
    shop_id = _to("shop.id", index=True)
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    enrolled_at = Column(UtcDateTime, nullable=False)
    ended_at = Column(UtcDateTime)
    fee_fen, _fee_not_negative = _fen("fee_fen")
    __table_args__ = (
        _fee_not_negative,
        _not_before("ended_at", "enrolled_at"),
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


class Request(Base):
    """What an account asked us to do. The key is unique within the account, so nobody can probe another's keys.

    The key says from which state of the enrolment or claim the request starts: the same wish confirmed twice, from two
    tabs or after a restart, has one key, so it is one row. receipt: what the asker is given.
    """

    __tablename__ = "request"
    id = _id()
    account_id = _to("account.id")
    kind, _kind_known = _one_of("kind", facts.RequestKind)
    product_id = Column(String(40), ForeignKey("product.id"), nullable=False)
    shop_id = _to("shop.id", nullable=True, index=True)
    order_id = _to("shop_order.id", on_delete="CASCADE", nullable=True, index=True)
    claim_id = _to("claim.id", on_delete="CASCADE", nullable=True, index=True)
    idempotency_key = Column(String(80), nullable=False)
    receipt = Column(String(32), nullable=False)
    state, _state_known = _one_of("state", facts.RequestState)
    reason = Column(String(500), nullable=False, default="")
    detail = Column(Text, nullable=False, server_default="{}")
    created_at = Column(UtcDateTime, nullable=False)
    decided_at = Column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        Index("uq_request_receipt", "receipt", unique=True),
        _kind_known,
        _state_known,
        _not_before("decided_at", "created_at"),
        CheckConstraint("shop_id IS NOT NULL OR order_id IS NOT NULL", name="about_something"),
    )


class Audit(Base):
    """Who did what to what, from which state to which. Append-only: triggers of the database refuse anything else.

    It points at nothing by foreign key, because it outlives what it speaks of. before, after: JSON; nothing personal.
    """

    __tablename__ = "audit"
    id = _id()
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


class Ticket(Base):
    """A conversation handed to a person. account_id NULL: a visitor's. At most one is open a conversation."""

    __tablename__ = "ticket"
    id = _id()
    number = Column(String(32), nullable=False, unique=True)
    conversation = Column(String(128), nullable=False)
    account_id = _to("account.id", on_delete="CASCADE", nullable=True, index=True)
    role, _role_known = _one_of("role", ("buyer", "seller", "visitor"))
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
        _not_before("closed_at", "opened_at"),
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
    id = _id()
    ticket_id = _to("ticket.id", on_delete="CASCADE", index=True)
    author, _author_known = _one_of("author", facts.Author)
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
