"""Cover: a table of dated cases, and what must hold for any facts at any time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.desk.claims import Stage, progress, stage_of
from actions.desk.cover import CoverFacts, State, decide, facts_of
from actions.policydb.facts import (
    ClaimFacts,
    ClaimKind,
    CloseReason,
    EventFacts,
    EventKind,
    Fault,
    OrderFacts,
    Payee,
    PayoutFacts,
    RefusalReason,
    ReturnMethod,
)
from knowledge import live
from xiaoer.clock import SHANGHAI


def at(text: str) -> datetime:
    """Asia/Shanghai: 2026-10-01 or 2026-10-01 12:00."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def claim(*steps: tuple[EventKind, str], **kwargs: object) -> ClaimFacts:
    usual = {"kind": ClaimKind.RETURN, "method": ReturnMethod.SELF, "fault": Fault.BUYER, "opened_at": at(steps[0][1])}
    return ClaimFacts(events=tuple(EventFacts(kind, at(day)) for kind, day in steps), **{**usual, **kwargs})


REQUESTED = (EventKind.REQUESTED, "2026-10-06")
RETURNED = (REQUESTED, (EventKind.SHIPPED_BACK, "2026-10-07"), (EventKind.REFUNDED, "2026-10-10"))
PAID = claim(*RETURNED, (EventKind.PAID, "2026-10-12"), payout=PayoutFacts(1200, Payee.ALIPAY, at("2026-10-12")))
REFUSED = claim(*RETURNED, (EventKind.REFUSED, "2026-10-12"), refusal=RefusalReason.BAD_TRACKING)
SECOND = claim(
    (EventKind.REQUESTED, "2026-10-13"), (EventKind.REFUSED, "2026-10-15"), refusal=RefusalReason.SECOND_CLAIM
)
APPEALED = claim(
    *RETURNED, (EventKind.REFUSED, "2026-10-12"), (EventKind.APPEALED, "2026-10-14"), refusal=RefusalReason.BAD_TRACKING
)
WITHDRAWN = claim(REQUESTED, (EventKind.WITHDRAWN, "2026-10-07"))
EXCHANGED = claim(REQUESTED, kind=ClaimKind.EXCHANGE)
TURNED_AWAY = claim(REQUESTED, kind=ClaimKind.REFUSED_DELIVERY)
SHIPPED = {"shipped": "2026-10-02"}

# (what it shows, product, facts, on, state, rule)
CASES = [
    ("no policy", "freight", {"issued": None, **SHIPPED}, "2026-10-05", State.NONE, "freight.issue"),
    ("issued later than asked", "freight", {"issued": "2026-11-01"}, "2026-10-05", State.NONE, "freight.issue"),
    ("paid, not shipped", "freight", {}, "2026-10-05", State.NOT_STARTED, "freight.issue"),
    ("shipped", "freight", SHIPPED, "2026-10-05", State.IN_FORCE, "freight.validity.90"),
    ("last moment", "freight", SHIPPED, "2026-12-30 23:59", State.IN_FORCE, "freight.validity.90"),
    ("90 days over", "freight", SHIPPED, "2026-12-31", State.LAPSED, "freight.validity.90"),
    ("confirmed", "freight", {**SHIPPED, "confirmed": "2026-10-12"}, "2026-10-12", State.LAPSED, "freight.confirm"),
    (
        "not confirmed yet",
        "freight",
        {**SHIPPED, "confirmed": "2026-10-12"},
        "2026-10-11",
        State.IN_FORCE,
        "freight.validity.90",
    ),
    (
        "confirmed after 90 days",
        "freight",
        {**SHIPPED, "confirmed": "2027-02-01"},
        "2027-02-02",
        State.LAPSED,
        "freight.validity.90",
    ),
    (
        "the old seven days",
        "freight",
        {"issued": "2019-09-01", "shipped": "2019-09-03"},
        "2019-09-11",
        State.LAPSED,
        "freight.validity.7",
    ),
    (
        "the first of the ninety days",
        "freight",
        {"issued": "2019-09-01", "shipped": "2019-09-04"},
        "2019-09-12",
        State.IN_FORCE,
        "freight.validity.90",
    ),
    (
        "cancelled",
        "freight",
        {"closed": ("2026-10-02", CloseReason.CANCELLED)},
        "2026-10-03",
        State.VOID,
        "freight.void",
    ),
    (
        "refund without return",
        "freight",
        {**SHIPPED, "closed": ("2026-10-04", CloseReason.REFUND_ONLY)},
        "2026-10-05",
        State.LAPSED,
        "freight.real_return",
    ),
    (
        "delivery refused",
        "freight",
        {**SHIPPED, "closed": ("2026-10-04", CloseReason.REFUSED_DELIVERY)},
        "2026-10-05",
        State.LAPSED,
        "freight.refused_delivery",
    ),
    (
        "delivery refused, bulky",
        "bulky_freight",
        {**SHIPPED, "closed": ("2026-10-04", CloseReason.REFUSED_DELIVERY)},
        "2026-10-05",
        State.IN_FORCE,
        "bulky_freight.validity.90",
    ),
    (
        "returned, claim not yet opened",
        "freight",
        {**SHIPPED, "closed": ("2026-10-04", CloseReason.RETURNED)},
        "2026-10-05",
        State.CLAIMED,
        "freight.payout_time",
    ),
    ("claimed", "freight", {**SHIPPED, "claims": (PAID,)}, "2026-10-11", State.CLAIMED, "freight.payout_time"),
    ("paid", "freight", {**SHIPPED, "claims": (PAID,)}, "2026-10-12", State.PAID, "freight.amount"),
    ("refused", "freight", {**SHIPPED, "claims": (REFUSED,)}, "2026-10-13", State.REFUSED, "freight.refusal"),
    ("appealed", "freight", {**SHIPPED, "claims": (APPEALED,)}, "2026-10-15", State.CLAIMED, "freight.appeal"),
    ("paid once", "freight", {**SHIPPED, "claims": (PAID, SECOND)}, "2026-10-20", State.PAID, "freight.amount"),
    ("withdrawn", "freight", {**SHIPPED, "claims": (WITHDRAWN,)}, "2026-10-08", State.IN_FORCE, "freight.validity.90"),
    ("exchange", "freight", {**SHIPPED, "claims": (EXCHANGED,)}, "2026-10-08", State.CLAIMED, "freight.exchange"),
    (
        "claim of a refused delivery, bulky",
        "bulky_freight",
        {**SHIPPED, "claims": (TURNED_AWAY,)},
        "2026-10-08",
        State.CLAIMED,
        "bulky_freight.refused_delivery",
    ),
    (
        "claim outlives the period",
        "freight",
        {**SHIPPED, "confirmed": "2026-10-09", "claims": (EXCHANGED,)},
        "2027-03-01",
        State.CLAIMED,
        "freight.exchange",
    ),
    (
        "退货宝 outlives 确认收货",
        "return_care",
        {**SHIPPED, "confirmed": "2026-10-12"},
        "2026-11-01",
        State.IN_FORCE,
        "return_care.validity.90",
    ),
    ("退货宝 ends", "return_care", SHIPPED, "2027-01-05", State.LAPSED, "return_care.validity.90"),
]


def facts(product: str, given_facts: dict) -> CoverFacts:
    issued = given_facts.get("issued", "2026-10-01")
    closed = given_facts.get("closed")
    return CoverFacts(
        product=product,
        issued_at=at(issued) if issued else None,
        shipped_at=at(given_facts["shipped"]) if "shipped" in given_facts else None,
        confirmed_at=at(given_facts["confirmed"]) if "confirmed" in given_facts else None,
        closed_at=at(closed[0]) if closed else None,
        close_reason=closed[1] if closed else None,
        claims=given_facts.get("claims", ()),
    )


@pytest.mark.parametrize(
    ("what", "product", "given_facts", "on", "state", "rule"), CASES, ids=[case[0] for case in CASES]
)
def test_cases(what: str, product: str, given_facts: dict, on: str, state: State, rule: str) -> None:
    decision = decide(facts(product, given_facts), at=at(on))
    assert (decision.state, decision.clause.id) == (state, rule)
    assert decision.next_step
    assert not decision.next_step.endswith("。")


def test_until_is_ninety_days_after_shipping() -> None:
    decision = decide(facts("freight", SHIPPED), at=at("2026-10-05"))
    assert decision.until == at("2026-12-31")
    assert decision.since == at("2026-10-02")


def test_an_order_without_a_policy_is_about_what_was_asked_else_about_the_default_product() -> None:
    order = OrderFacts("1001", "店", 9900, START, ())
    assert facts_of(order, None, product="return_care").product == "return_care"
    assert facts_of(order, None).product == live().catalogue.default_product == "freight"


# ---------------------------------------------------------------- for any facts
START = datetime(2026, 10, 1, tzinfo=timezone.utc)
moments = st.integers(0, 200 * 24).map(lambda hours: START + timedelta(hours=hours))
products = st.sampled_from(["freight", "return_care", "bulky_freight"])
reasons = st.sampled_from(list(RefusalReason))


@st.composite
def any_claim(draw: st.DrawFn) -> ClaimFacts:
    opened = draw(moments)
    kinds = draw(st.lists(st.sampled_from(list(EventKind)), max_size=6, unique=True))
    events = [EventFacts(kind, opened + timedelta(hours=draw(st.integers(0, 500)))) for kind in kinds]
    paid = next((event.at for event in events if event.kind is EventKind.PAID), None)
    return ClaimFacts(
        kind=draw(st.sampled_from(list(ClaimKind))),
        method=draw(st.sampled_from(list(ReturnMethod))),
        fault=Fault.BUYER,
        opened_at=opened,
        events=tuple(events),
        payout=PayoutFacts(1200, Payee.ALIPAY, paid) if paid else None,
        refusal=draw(reasons) if EventKind.REFUSED in kinds else None,
        flash=draw(st.booleans()),
    )


@st.composite
def any_facts(draw: st.DrawFn) -> CoverFacts:
    issued = draw(st.none() | moments)
    shipped = draw(st.none() | moments)
    closed = draw(st.none() | moments)
    return CoverFacts(
        product=draw(products),
        issued_at=issued,
        shipped_at=max(shipped, issued) if shipped and issued else shipped,
        confirmed_at=draw(st.none() | moments),
        closed_at=closed,
        close_reason=draw(st.sampled_from(list(CloseReason))) if closed else None,
        claims=tuple(draw(st.lists(any_claim(), max_size=3))),
    )


@given(any_facts(), moments)
@settings(max_examples=150, deadline=None)
def test_every_state_has_its_clause_and_a_next_step(given_facts: CoverFacts, when: datetime) -> None:
    decision = decide(given_facts, at=when)
    assert decision.clause.product == given_facts.product
    assert decision.next_step
    assert decision.since is None or decision.since <= when
    if decision.state is State.IN_FORCE:
        assert decision.until is not None
        assert when < decision.until
    if given_facts.issued_at is None:
        assert decision.state is State.NONE


@given(any_facts(), moments, moments)
@settings(max_examples=300, deadline=None)
def test_lapsed_never_comes_back_into_force(given_facts: CoverFacts, one: datetime, other: datetime) -> None:
    earlier, later = decide(given_facts, at=min(one, other)).state, decide(given_facts, at=max(one, other)).state
    if earlier in (State.LAPSED, State.PAID):
        assert not later.is_usable
    if earlier is State.IN_FORCE:
        assert later is not State.NOT_STARTED
    if earlier is not State.NONE:
        assert later is not State.NONE
    if earlier is State.PAID:
        assert later is State.PAID


@given(any_facts(), moments)
@settings(max_examples=150, deadline=None)
def test_the_future_changes_nothing(given_facts: CoverFacts, when: datetime) -> None:
    known = CoverFacts(
        product=given_facts.product,
        issued_at=_past(given_facts.issued_at, when),
        shipped_at=_past(given_facts.shipped_at, when),
        confirmed_at=_past(given_facts.confirmed_at, when),
        closed_at=_past(given_facts.closed_at, when),
        close_reason=given_facts.close_reason if _past(given_facts.closed_at, when) else None,
        claims=tuple(claim for claim in given_facts.claims if claim.opened_at <= when),
    )
    assert decide(given_facts, at=when).state is decide(known, at=when).state


def _past(moment: datetime | None, when: datetime) -> datetime | None:
    return moment if moment is not None and moment <= when else None


@given(any_claim(), products, moments)
@settings(max_examples=150, deadline=None)
def test_claims_always_have_a_stage_a_rule_and_a_next_step(
    given_claim: ClaimFacts, product: str, when: datetime
) -> None:
    found = progress(given_claim, product, at=when)
    assert found.clause.product == product
    assert found.next_step
    assert all(step.at <= when for step in found.steps)
    assert not found.overdue or found.stage is Stage.REVIEWING


@pytest.mark.parametrize(
    ("flash", "method", "hours"),
    [(False, ReturnMethod.SELF, 72), (True, ReturnMethod.SELF, 2), (True, ReturnMethod.PICKUP, 72)],
)
def test_the_answer_is_due_72_hours_or_two_after_the_refund(flash: bool, method: ReturnMethod, hours: int) -> None:
    given_claim = claim(*RETURNED, flash=flash, method=method)
    found = progress(given_claim, "freight", at=at("2026-10-10 01:00"))
    assert found.expected_by == at("2026-10-10") + timedelta(hours=hours)
    assert progress(given_claim, "freight", at=at("2026-10-20")).overdue


def test_nothing_is_promised_before_the_refund_or_without_a_rule() -> None:
    waiting = claim(REQUESTED, (EventKind.SHIPPED_BACK, "2026-10-07"))
    assert progress(waiting, "freight", at=at("2026-10-20")).expected_by is None
    assert progress(claim(*RETURNED), "return_care", at=at("2026-10-20")).expected_by is None


def test_a_payout_outweighs_a_later_word() -> None:
    assert stage_of(PAID, at("2026-10-12"))[0] is Stage.PAID
    assert stage_of(APPEALED, at("2026-10-13"))[0] is Stage.REFUSED
    assert stage_of(APPEALED, at("2026-10-14"))[0] is Stage.APPEALED
