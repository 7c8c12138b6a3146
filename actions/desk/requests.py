"""What a request to the desk is: its key, its receipt, how long a read-back may be confirmed, when an answer is due.

The key (idempotency key) is made from who asks for what *from which state*: the enrolment as it stood, the refusal that
is appealed. A wish confirmed twice, in two tabs or after a restart starts from the same state, so it has the same key
and is one request; wished again later, from a new state, it is another. What was taken back leaves the state as it was, so
the key counts those too. Pure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import Enum

from actions.policydb.facts import ClaimFacts, EventKind, RequestFacts, RequestKind, RequestState, ShopFacts
from actions.policydb.queries.receipts import TAKES_BACK
from xiaoer.clock import local
from xiaoer.principal import Principal


class Stays(Enum):
    """Why a request cannot be taken back."""

    TAKEN_BACK = "taken back already"
    DECIDED = "decided by the insurer"
    ANOTHER_DAY = "not of today"
    CHANGED_SINCE = "another request about the same came after it"


CONFIRM_WITHIN = timedelta(minutes=10)  # a read-back older than this describes a shop or claim of some time ago


def key_of(kind: RequestKind, principal: Principal, product: str, subject: str, start: str) -> str:
    """The key of a wish. subject: shop code or order number; start: `enrolment_start` or `appeal_start`."""
    parts = (kind.value, str(principal), product, subject, start)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


def taking_back(key: str) -> str:
    """The key of the wish to take a request back: a request can be taken back once."""
    return TAKES_BACK + key


def after(start: str, taken_back: int) -> str:
    """The state that a request starts from, where as many before it were taken back: each leaves the state as it was."""
    return f"{start}/{taken_back} taken back" if taken_back else start


def why_it_stays(request: RequestFacts, newest: Sequence[RequestFacts], at: datetime) -> Stays | None:
    """Why a request cannot be taken back; None: it can. newest: the account's requests, the newest first."""
    if request.state is RequestState.WITHDRAWN:
        return Stays.TAKEN_BACK
    if request.kind is RequestKind.APPEAL:
        return None if request.state is RequestState.PENDING else Stays.DECIDED
    if request.state is not RequestState.DONE:
        return Stays.DECIDED
    if local(request.created_at).date() != local(at).date():
        return Stays.ANOTHER_DAY
    standing = (each for each in newest if each.state is not RequestState.WITHDRAWN and about_the_same(each, request))
    return None if next(standing, request).receipt == request.receipt else Stays.CHANGED_SINCE


def about_the_same(one: RequestFacts, other: RequestFacts) -> bool:
    """Whether two requests are about the same product of the same shop or order."""
    return (one.product, one.shop_code, one.order_number) == (other.product, other.shop_code, other.order_number)


def receipt_of(key: str) -> str:
    """The receipt number (回执号) of a key: XR- and ten letters or digits, the same for the same key."""
    return "XR-" + base64.b32encode(hashlib.sha256(f"receipt {key}".encode()).digest())[:10].decode()


def enrolment_start(shop: ShopFacts, product: str) -> str:
    """The state of a shop's enrolment in a product that a request starts from."""
    spans = [(service.enrolled_at, service.ended_at) for service in shop.enrollments if service.product == product]
    if not spans:
        return "never"
    since, until = max(spans)
    return f"{since.isoformat()}/{until.isoformat() if until else ''}"


def appeal_start(claim: ClaimFacts) -> str:
    """The refusal that an appeal is against."""
    refused = [event.at for event in claim.events if event.kind is EventKind.REFUSED]
    return f"{claim.opened_at.isoformat()}/{max(refused).isoformat() if refused else ''}"


def expired(shown_at: datetime, at: datetime) -> bool:
    """Whether a read-back shown then can no longer be confirmed. Instants are aware."""
    return not timedelta(0) <= at - shown_at < CONFIRM_WITHIN


def workdays_after(day: date, count: int) -> date:
    """The day that many working days (Monday to Friday) later; public holidays are not known here."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
