"""The rows of the policy database as plain immutable data: what `queries` returns and `actions.desk` decides on.

Money is integer fen, every time an aware UTC datetime, weights are grams. None in a time means "has not happened".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from knowledge.rules import Category, Site


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


class ReturnReason(str, Enum):
    """Why a buyer sent something back, as the return form has it; the words are in `actions.desk.report`."""

    SIZE = "size"
    CHANGED_MIND = "changed_mind"
    QUALITY = "quality"
    NOT_AS_DESCRIBED = "not_as_described"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    OTHER = "other"


class RequestKind(str, Enum):
    """What an account may ask the desk to do."""

    ENABLE = "enable"
    DISABLE = "disable"
    APPEAL = "appeal"


class RequestState(str, Enum):
    """How far a request has come. DONE: carried out at once; PENDING: somebody else decides (an appeal)."""

    PENDING = "pending"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Author(str, Enum):
    """Who said something in a ticket; SYSTEM: the desk itself, such as the word that the ticket is closed."""

    ASKER = "asker"
    BOT = "bot"
    STAFF = "staff"
    SYSTEM = "system"


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
    reason: ReturnReason | None = None


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
class OrderEntry:
    """What tells one order from another, and no more. titles: of its lines; refunded_at: also of one that was cancelled."""

    number: str
    shop: str
    amount_fen: int
    titles: tuple[str, ...]
    paid_at: datetime
    shipped_at: datetime | None = None
    signed_at: datetime | None = None
    confirmed_at: datetime | None = None
    refunded_at: datetime | None = None


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
    """A seller's shop.

    risk_rate_bp: risk rate (店铺风险率) in hundredths of a per cent. deposit_fen: cash deposit frozen now (消保保证金);
    deposit_due_fen: what its categories ask for. orders_30d, orders_90d: orders paid in the last 30 and 90 whole days;
    amount_30d_fen: what those of the last 30 days cost together.
    """

    code: str
    name: str
    risk_rate_bp: int
    consumer_protection: bool
    seven_day_return: bool
    enrollments: tuple[EnrollmentFacts, ...] = ()
    site: Site = Site.TAOBAO
    category: Category = Category.OTHER
    deposit_fen: int = 0
    deposit_due_fen: int = 0
    opened_at: datetime | None = None
    orders_30d: int = 0
    orders_90d: int = 0
    amount_30d_fen: int = 0


@dataclass(frozen=True)
class RequestFacts:
    """A request as it was written down. receipt: the number the asker got; detail: what was read back and agreed to;
    decided_at: when it was carried out, decided or taken back."""

    receipt: str
    kind: RequestKind
    state: RequestState
    product: str
    key: str
    created_at: datetime
    decided_at: datetime | None = None
    shop: str = ""
    order_number: str = ""
    reason: str = ""
    detail: str = "{}"
    shop_code: str = ""


@dataclass(frozen=True)
class AuditFacts:
    """One line of the append-only journal. principal: "seller:demo"; before, after: JSON."""

    at: datetime
    principal: str
    action: str
    subject: str
    outcome: str
    receipt: str = ""
    conversation: str = ""
    before: str = ""
    after: str = ""
    detail: str = ""


@dataclass(frozen=True)
class TicketMessageFacts:
    """Something said in a ticket, masked. delivered_at: when it reached the conversation (staff and system only)."""

    id: int
    author: Author
    text: str
    at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class TicketFacts:
    """A hand-over to a person. closed_at None: open. state: JSON of the slots when it was opened.

    account "" : a visitor. position: open tickets before this one, plus one; 0 when closed.
    """

    number: str
    conversation: str
    role: str
    account: str
    opened_at: datetime
    closed_at: datetime | None = None
    topic: str = ""
    product: str = ""
    order_number: str = ""
    reason: str = ""
    last_error: str = ""
    state: str = "{}"
    position: int = 0
    messages: tuple[TicketMessageFacts, ...] = ()
