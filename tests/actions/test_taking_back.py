"""A request is taken back once, together with what it had changed and the journal, or not at all; and only one's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from actions.desk import requests as desk
from actions.desk.requests import Stays
from actions.policydb import admin, session, tables
from actions.policydb.demo.data import NUMBERS
from actions.policydb.facts import EnrollmentFacts, EventKind, RequestFacts, RequestKind, RequestState
from actions.policydb.queries import journal, own, receipts
from actions.policydb.queries.access import NotSignedIn
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Changed, Wish, Written
from actions.policydb.writes.taking_back import take_back
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

SELLER = parse_principal("seller:demo", Source.TOKEN)
BUYER = parse_principal("buyer:demo", Source.TOKEN)
AT = datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc)
LATER = AT + timedelta(hours=1)
ORDER = NUMBERS["refused_bad_tracking"]


def wish(kind: RequestKind, principal: Principal, product: str, subject: str, start: str, at: datetime = AT) -> Wish:
    key = desk.key_of(kind, principal, product, subject, start)
    return Wish(kind, product, key, desk.receipt_of(key), {"费用": "每单 0.4 元"}, "conversation", at)


def switch(kind: RequestKind, product: str, at: datetime = AT) -> RequestFacts:
    """Opens or closes for the demo shop, as the form does."""
    write = requests.enable if kind is RequestKind.ENABLE else requests.disable
    with session.writing() as opened:
        shop = own.shops(opened, SELLER)[0]
        taken_back = receipts.taken_back(opened, SELLER, product, shop=shop.code)
        start = desk.after(desk.enrolment_start(shop, product), taken_back)
        return write(opened, SELLER, wish(kind, SELLER, product, shop.code, start, at), shop=shop.code).request


def close(at: datetime = AT) -> RequestFacts:
    return switch(RequestKind.DISABLE, "freight", at)


def open_(at: datetime = AT) -> RequestFacts:
    return switch(RequestKind.ENABLE, "return_care", at)


def appeal(at: datetime = AT) -> RequestFacts:
    with session.writing() as opened:
        order = own.order(opened, BUYER, ORDER)
        assert order is not None
        claim = order.policies[0].claims[0]
        taken_back = receipts.taken_back(opened, BUYER, "freight", order_number=ORDER)
        made = wish(RequestKind.APPEAL, BUYER, "freight", ORDER, desk.after(desk.appeal_start(claim), taken_back), at)
        evidence = {"tracking": "SF123"}
        done = requests.appeal(opened, BUYER, made, order_number=ORDER, opened_at=claim.opened_at, evidence=evidence)
        return done.request


def back(request: RequestFacts, principal: Principal = SELLER, at: datetime = LATER, receipt: str = "") -> Written:
    key = desk.taking_back(request.key)
    made = Wish(request.kind, request.product, key, request.receipt, {"撤回后": "…"}, "conversation", at)
    with session.writing() as opened:
        return take_back(opened, principal, made, receipt=receipt or request.receipt)


def services(product: str) -> list[EnrollmentFacts]:
    with session.reading() as opened:
        shop = own.shops(opened, SELLER)[0]
    return sorted((each for each in shop.enrollments if each.product == product), key=lambda each: each.enrolled_at)


def steps() -> list[EventKind]:
    with session.reading() as opened:
        order = own.order(opened, BUYER, ORDER)
    assert order is not None
    return [step.kind for step in order.policies[0].claims[0].events]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A seeded database of each kind."""
    if request.param == "sqlite":
        request.getfixturevalue("database")
        yield request.param
        return
    monkeypatch.setenv("POLICY_DATABASE_URL", request.getfixturevalue("postgresql_url"))
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-23")
    admin.upgrade()
    admin.seed()
    yield request.param
    session.dispose()


def test_a_closing_undone_runs_on_with_its_old_date_and_fee(either: str) -> None:
    before = services("freight")
    request = close()
    assert services("freight")[-1].ended_at is not None
    done = back(request)
    assert done.new
    assert services("freight") == before
    assert (done.request.state, done.request.receipt) == (RequestState.WITHDRAWN, request.receipt)
    assert done.request.decided_at == LATER


def test_an_opening_undone_ends(either: str) -> None:
    before = services("return_care")
    request = open_()
    back(request)
    *earlier, last = services("return_care")
    assert earlier == before
    assert (last.enrolled_at, last.ended_at) == (AT, LATER)


def test_an_appeal_taken_back_leaves_the_claim_refused_and_may_be_made_again(either: str) -> None:
    before = steps()
    request = appeal()
    assert steps() == [*before, EventKind.APPEALED]
    assert back(request, BUYER).request.state is RequestState.WITHDRAWN
    assert steps() == before
    again = appeal(LATER + timedelta(minutes=1))
    assert again.receipt != request.receipt
    assert again.state is RequestState.PENDING


def test_the_journal_has_both_under_one_receipt(database: Path) -> None:
    request = close()
    back(request)
    with session.reading() as opened:
        done, undone = journal.lines(opened, receipt=request.receipt)
        row = opened.execute(select(tables.Request).filter_by(receipt=request.receipt)).scalar_one()
        detail = json.loads(row.detail)
    assert (done.action, undone.action, undone.outcome) == ("request_disable", "request_take_back", "withdrawn")
    assert json.loads(undone.before)["state"] == "off"
    assert json.loads(undone.after)["state"] == "on"
    assert detail == {"agreed": {"费用": "每单 0.4 元"}, "taken_back": {"撤回后": "…"}}


@pytest.mark.parametrize("do", [close, open_])
def test_taken_back_again_changes_nothing(database: Path, do: Callable[[], RequestFacts]) -> None:
    request = do()
    first = back(request)
    with session.reading() as opened:
        lines = journal.lines(opened)
    second = back(request, at=LATER + timedelta(minutes=5))
    assert (second.request, second.new) == (first.request, False)
    with session.reading() as opened:
        assert journal.lines(opened) == lines


@pytest.mark.parametrize("kind", ["appeal", "closing", "opening"])
def test_two_at_once_take_back_once(either: str, kind: str) -> None:
    do, who = {"appeal": (appeal, BUYER), "closing": (close, SELLER), "opening": (open_, SELLER)}[kind]
    request = do()
    barrier = threading.Barrier(2)
    done: list[Written] = []

    def confirm() -> None:
        barrier.wait()
        done.append(back(request, who))

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.new for each in done) == [False, True]
    with session.reading() as opened:
        assert len(journal.lines(opened, receipt=request.receipt)) == 2


def test_closing_and_taking_back_at_once_leave_one_state(either: str) -> None:
    """Whichever comes first: the enrolment and the newest standing request agree."""
    request = close()
    barrier = threading.Barrier(2)
    failed: list[Exception] = []

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except Changed as error:
            failed.append(error)

    works: list[Callable[[], object]] = [lambda: back(request), lambda: switch(RequestKind.ENABLE, "freight", LATER)]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1
    assert len([each for each in services("freight") if each.ended_at is None]) == 1


def test_a_wish_that_was_taken_back_is_not_found_done_by_its_old_key(database: Path) -> None:
    with session.reading() as opened:
        shop = own.shops(opened, SELLER)[0]
    made = wish(RequestKind.DISABLE, SELLER, "freight", "demo-shop", desk.enrolment_start(shop, "freight"))
    back(close())
    with pytest.raises(Changed, match="taken back"), session.writing() as opened:
        requests.disable(opened, SELLER, made, shop="demo-shop")
    again = close(LATER)
    assert again.key != made.key


def test_only_the_key_of_taking_back_finds_what_was_taken_back(database: Path) -> None:
    request = close()
    key = desk.taking_back(request.key)
    with session.reading() as opened:
        assert receipts.find(opened, SELLER, key) is None
    back(request)
    with session.reading() as opened:
        found = receipts.find(opened, SELLER, key)
        assert found is not None
        assert found.state is RequestState.WITHDRAWN
        assert receipts.find(opened, BUYER, key) is None


# ---------------------------------------------------------------------- what stays


def test_what_is_not_of_today_stays(database: Path) -> None:
    request = close(AT - timedelta(days=1))
    with pytest.raises(Changed, match="today"):
        back(request)
    assert desk.why_it_stays(request, [request], AT) is Stays.ANOTHER_DAY
    assert services("freight")[-1].ended_at is not None


def test_what_was_followed_by_another_stays(database: Path) -> None:
    first = open_()
    second = switch(RequestKind.DISABLE, "return_care", AT + timedelta(minutes=5))
    with pytest.raises(Changed, match="since"):
        back(first)
    assert desk.why_it_stays(first, [second, first], LATER) is Stays.CHANGED_SINCE
    back(second)
    assert services("return_care")[-1].ended_at is None
    back(first)
    assert services("return_care")[-1].ended_at == LATER


def test_an_appeal_of_another_day_may_be_taken_back_while_it_is_open(database: Path) -> None:
    request = appeal(AT - timedelta(days=2))
    assert back(request, BUYER).new


@pytest.mark.parametrize("outcome", [EventKind.PAID, EventKind.REFUSED])
def test_a_decided_appeal_stays(database: Path, outcome: EventKind) -> None:
    request = appeal()
    with session.writing() as opened:
        row = opened.execute(select(tables.Request).filter_by(receipt=request.receipt)).scalar_one()
        opened.add(tables.ClaimEvent(claim_id=row.claim_id, kind=outcome.value, at=AT + timedelta(minutes=30)))
    with pytest.raises(Changed):
        back(request, BUYER)
    with session.writing() as opened:
        opened.execute(tables.Request.__table__.update().values(state=RequestState.REJECTED.value))
    with pytest.raises(Changed):
        back(request, BUYER)
    rejected = replace(request, state=RequestState.REJECTED)
    assert desk.why_it_stays(rejected, [rejected], LATER) is Stays.DECIDED


@pytest.mark.parametrize("point", ["before_flush", "after_flush", "before_commit"])
def test_a_failure_anywhere_leaves_everything_as_it_was(database: Path, point: str) -> None:
    request = close()

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    event.listen(Session, point, fail)
    try:
        with pytest.raises(RuntimeError):
            back(request)
    finally:
        event.remove(Session, point, fail)
    assert services("freight")[-1].ended_at is not None
    with session.reading() as opened:
        found = receipts.of_receipt(opened, SELLER, request.receipt)
    assert found is not None
    assert found.state is RequestState.DONE


# ---------------------------------------------------------------------- whose


@pytest.mark.parametrize(
    "asker",
    [
        parse_principal("seller:other", Source.TOKEN),
        parse_principal("seller:chain", Source.COMMAND),
        Principal(Role.SELLER, "demo", shop="other-shop", source=Source.TOKEN),
        Principal(Role.SELLER, "nobody", source=Source.TOKEN),
        Principal(Role.SELLER, "demo' OR '1'='1", source=Source.TOKEN),
        BUYER,
    ],
    ids=lambda asker: f"{asker}/{asker.shop}",
)
def test_nobody_takes_back_anothers(database: Path, asker: Principal) -> None:
    request = close()
    with pytest.raises(Changed, match="is not there") as refused:
        back(request, asker)
    if not asker.shop:
        with pytest.raises(Changed) as missing:
            back(request, asker, receipt="XR-AAAAAAAAAA")
        assert str(missing.value) == str(refused.value), "another's and none are told alike"
    with session.reading() as opened:
        assert receipts.of_receipt(opened, asker, request.receipt) is None
        assert request.receipt not in [each.receipt for each in receipts.newest(opened, asker, limit=30)]


def test_a_visitor_takes_nothing_back(database: Path) -> None:
    request = close()
    with pytest.raises(NotSignedIn):
        back(request, VISITOR)


def test_requests_are_listed_newest_first(database: Path) -> None:
    first, second = close(), open_(LATER)
    with session.reading() as opened:
        assert [each.receipt for each in receipts.newest(opened, SELLER, limit=30)] == [second.receipt, first.receipt]
        assert [each.receipt for each in receipts.newest(opened, SELLER, limit=1)] == [second.receipt]
        of_shop = Principal(Role.SELLER, "demo", shop="demo-shop", source=Source.TOKEN)
        assert len(receipts.newest(opened, of_shop, limit=30)) == 2
