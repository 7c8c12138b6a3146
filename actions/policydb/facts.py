"""The rows of the policy database as plain immutable data: what `queries` returns and `actions.desk` decides on.

Money is integer fen, every time an aware UTC datetime, weights are grams. None in a time means "has not happened".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Payer(str, Enum):
    """Who paid the premium (投保人)."""

    BUYER = "buyer"
    SELLER = "seller"


class CloseReason(str, Enum):
    """Why an order ended without a sale."""

    CANCELLED = "cancelled"  # 发货前取消/退款
    REFUND_ONLY = "refund_only"  # 仅退款，货没有寄回
    REFUSED_DELIVERY = "refused_delivery"  # 拒收
    RETURNED = "returned"  # 退货退款完成


class ClaimKind(str, Enum):
    """What the buyer did with the goods."""

    RETURN = "return"
    EXCHANGE = "exchange"
    REFUSED_DELIVERY = "refused_delivery"


class ReturnMethod(str, Enum):
    """How the goods went back: sent and prepaid by the buyer, or picked up with the freight offset (直抵)."""

    SELF = "self"
    PICKUP = "pickup"


class Fault(str, Enum):
    """Whose fault the return is, which decides who bears the freight above the payout."""

    BUYER = "buyer"
    SELLER = "seller"


class Payee(str, Enum):
    """Where a payout went: the buyer's Alipay, or the courier side that had advanced the freight (直抵)."""

    ALIPAY = "alipay"
    COURIER = "courier"


class EventKind(str, Enum):
    """Steps of a claim, in their usual order."""

    REQUESTED = "requested"
    AGREED = "agreed"
    SHIPPED_BACK = "shipped_back"
    RECEIVED = "received"
    REFUNDED = "refunded"
    REFUSED = "refused"
    APPEALED = "appealed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


class RefusalReason(str, Enum):
    """Why an insurer refused (拒赔原因); the words and remedies are in `actions.desk.claims`."""

    BAD_TRACKING = "bad_tracking"
    SHARED_PARCEL = "shared_parcel"
    SECOND_CLAIM = "second_claim"
    ABNORMAL_TRADE = "abnormal_trade"
    ACCOUNT_RISK = "account_risk"
    EXPIRED = "expired"
    NO_RETURN = "no_return"
    RETURNED_BEFORE_RECEIPT = "returned_before_receipt"


@dataclass(frozen=True)
class EventFacts:
    kind: EventKind
    at: datetime
    note: str = ""


@dataclass(frozen=True)
class PayoutFacts:
    amount_fen: int
    payee: Payee
    paid_at: datetime


@dataclass(frozen=True)
class ClaimFacts:
    """One claim. freight_paid_fen: what the return really cost, where known; item: the order line sent back."""

    kind: ClaimKind
    method: ReturnMethod
    fault: Fault
    opened_at: datetime
    events: tuple[EventFacts, ...] = ()
    payout: PayoutFacts | None = None
    refusal: RefusalReason | None = None
    flash: bool = False
    freight_paid_fen: int | None = None
    weight_g: int | None = None
    courier: str = ""
    tracking_number: str = ""
    item: str = ""


@dataclass(frozen=True)
class PolicyFacts:
    """One policy (or 退货宝 service) on an order; `product` is an id of topics.yml."""

    number: str
    product: str
    payer: Payer
    insurer: str
    premium_fen: int
    sum_insured_fen: int
    issued_at: datetime
    claims: tuple[ClaimFacts, ...] = ()


@dataclass(frozen=True)
class LineFacts:
    title: str
    quantity: int
    amount_fen: int


@dataclass(frozen=True)
class OrderFacts:
    """One parent order (父订单) with everything that hangs on it."""

    number: str
    shop: str
    amount_fen: int
    paid_at: datetime
    lines: tuple[LineFacts, ...]
    policies: tuple[PolicyFacts, ...] = ()
    shipped_at: datetime | None = None
    signed_at: datetime | None = None
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    ship_to: str = ""
    return_to: str = ""

    @property
    def tail(self) -> str:
        """The last four digits, by which people tell orders apart."""
        return self.number[-4:]


@dataclass(frozen=True)
class EnrollmentFacts:
    """A service of a shop. fee_fen: what one order costs the shop at present."""

    product: str
    enrolled_at: datetime
    ended_at: datetime | None
    fee_fen: int


@dataclass(frozen=True)
class ShopFacts:
    """A seller's shop. risk_rate_bp: risk rate (店铺风险率) in hundredths of a per cent."""

    code: str
    name: str
    risk_rate_bp: int
    consumer_protection: bool
    seven_day_return: bool
    enrollments: tuple[EnrollmentFacts, ...] = ()
