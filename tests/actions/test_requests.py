"""Requests are written once, together with what they change and the journal, or not at all; and only for one's own."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from actions.desk import requests as desk
from actions.policydb import session, tables
from actions.policydb.demo.data import NUMBERS
from actions.policydb.facts import ClaimFacts, EventKind, RequestKind, ShopFacts
from actions.policydb.queries import journal, own, receipts
from actions.policydb.queries.access import NotSignedIn, WrongRole
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Changed, Wish
from xiaoer.errors import DeskError
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

SELLER = parse_principal("seller:demo", Source.TOKEN)
BUYER = parse_principal("buyer:demo", Source.TOKEN)
AT = datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc)


def wish(kind: RequestKind, principal: Principal, product: str, subject: str, start: str, **changes: object) -> Wish:
    key = desk.key_of(kind, principal, product, subject, start)
    made = Wish(kind, product, key, desk.receipt_of(key), {"费用": "每单 0.4 元"}, "conversation", AT)
    return replace(made, **changes)


def shop_of(opened: Session, principal: Principal = SELLER) -> ShopFacts:
    return own.shops(opened, principal)[0]


def enable_wish(product: str = "return_care", principal: Principal = SELLER) -> Wish:
    with session.reading() as opened:
        start = desk.enrolment_start(shop_of(opened), product)
    return wish(RequestKind.ENABLE, principal, product, "demo-shop", start)


def enable(made: Wish, principal: Principal = SELLER, shop: str = "demo-shop") -> requests.Written:
    with session.writing() as opened:
        return requests.enable(opened, principal, made, shop=shop)


def counts() -> dict[str, int]:
    with session.reading() as opened:
        return {
            table.__tablename__: opened.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.Request, tables.Audit, tables.Enrollment, tables.ClaimEvent)
        }


def test_enabling_writes_request_enrolment_and_journal_together(database: Path) -> None:
    before = counts()
    done = enable(enable_wish())
    after = counts()
    assert {name: after[name] - before[name] for name in after} == {
        "request": 1,
        "audit": 1,
        "enrollment": 1,
        "claim_event": 0,
    }
    assert done.new
    assert done.request.receipt.startswith("XR-")
    with session.reading() as opened:
        running = [each for each in shop_of(opened).enrollments if each.product == "return_care" and not each.ended_at]
        (line,) = journal.lines(opened, receipt=done.request.receipt)
    assert [(each.enrolled_at, each.fee_fen) for each in running] == [(AT, 0)]
    assert (line.principal, line.action, line.conversation) == ("seller:demo", "request_enable", "conversation")
    assert json.loads(line.before) == {"state": "off"}
    assert json.loads(line.after)["state"] == "on"
    assert json.loads(done.request.detail)["agreed"] == {"费用": "每单 0.4 元"}


def test_confirmed_again_gives_the_same_receipt_and_writes_nothing(database: Path) -> None:
    made = enable_wish()
    first = enable(made)
    before = counts()
    second = enable(made)
    assert (second.request, second.new) == (first.request, False)
    assert counts() == before


def test_two_at_once_give_one_enrolment_and_equal_receipts(database: Path) -> None:
    made = enable_wish()
    barrier = threading.Barrier(2)
    done: list[requests.Written] = []

    def confirm() -> None:
        barrier.wait()
        done.append(enable(made))

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    before = counts()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.request.receipt for each in done}) == 1
    assert sorted(each.new for each in done) == [False, True]
    assert counts()["enrollment"] == before["enrollment"] + 1


def test_a_later_wish_is_another_request(database: Path) -> None:
    first = enable(enable_wish())
    with session.reading() as opened:
        start = desk.enrolment_start(shop_of(opened), "return_care")
    off = wish(RequestKind.DISABLE, SELLER, "return_care", "demo-shop", start, at=AT + timedelta(hours=1))
    with session.writing() as opened:
        requests.disable(opened, SELLER, off, shop="demo-shop")
    second = enable(replace(enable_wish(), at=AT + timedelta(hours=2)))
    assert second.new
    assert len({first.request.receipt, off.receipt, second.request.receipt}) == 3


def test_enabling_what_another_wish_has_enabled_is_refused(database: Path) -> None:
    enable(enable_wish())
    other = wish(RequestKind.ENABLE, SELLER, "return_care", "demo-shop", "some other state")
    before = counts()
    with pytest.raises(Changed):
        enable(other)
    assert counts() == before


def test_disabling_what_is_not_on_is_refused(database: Path) -> None:
    made = wish(RequestKind.DISABLE, SELLER, "return_care", "demo-shop", "whatever")
    before = counts()
    with pytest.raises(Changed), session.writing() as opened:
        requests.disable(opened, SELLER, made, shop="demo-shop")
    assert counts() == before


def claim_of(opened: Session, key: str) -> ClaimFacts:
    found = own.order(opened, BUYER, NUMBERS[key])
    assert found is not None
    return found.policies[0].claims[0]


def file(key: str, principal: Principal = BUYER, **changes: object) -> requests.Written:
    with session.reading() as opened:
        claim = claim_of(opened, key)
    made = wish(RequestKind.APPEAL, principal, "freight", NUMBERS[key], desk.appeal_start(claim), **changes)
    with session.writing() as opened:
        return requests.appeal(
            opened,
            principal,
            made,
            order_number=NUMBERS[key],
            opened_at=claim.opened_at,
            evidence={"tracking": "SF123"},
        )


def test_an_appeal_is_written_with_the_claims_new_step(database: Path) -> None:
    before = counts()
    done = file("refused_bad_tracking")
    after = counts()
    assert (after["request"], after["audit"], after["claim_event"]) == (
        before["request"] + 1,
        before["audit"] + 1,
        before["claim_event"] + 1,
    )
    assert done.request.state.value == "pending"
    assert done.request.decided_at is None
    with session.reading() as opened:
        assert claim_of(opened, "refused_bad_tracking").events[-1].kind is EventKind.APPEALED
        request, steps = journal.request(opened, done.request.receipt) or pytest.fail("not there")
    assert json.loads(request.detail)["evidence"] == {"tracking": "SF123"}
    assert [kind for kind, _ in steps] == ["appealed"]
    assert file("refused_bad_tracking").new is False


def test_only_a_refused_claim_can_be_appealed(database: Path) -> None:
    for key in ("paid", "reviewing"):
        with pytest.raises(Changed):
            file(key)


@pytest.mark.parametrize("point", ["before_flush", "after_flush", "before_commit"])
def test_a_failure_anywhere_leaves_nothing(database: Path, point: str) -> None:
    made, before = enable_wish(), counts()

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    event.listen(Session, point, fail)
    try:
        with pytest.raises(RuntimeError):
            enable(made)
    finally:
        event.remove(Session, point, fail)
    assert counts() == before
    assert enable(made).new


# ---------------------------------------------------------------------- every permission crossed

SHOPS = ["demo-shop", "other-shop", "risky-shop", "nowhere"]
ASKERS: list[tuple[Principal, str | None]] = [
    (SELLER, "demo-shop"),
    (parse_principal("seller:other", Source.TOKEN), "other-shop"),
    (parse_principal("seller:risky", Source.COMMAND), "risky-shop"),
    (Principal(Role.SELLER, "demo", shop="other-shop", source=Source.TOKEN), None),
    (Principal(Role.SELLER, "nobody", source=Source.TOKEN), None),
    (Principal(Role.SELLER, "", source=Source.TOKEN), None),
    (Principal(Role.SELLER, "demo' OR '1'='1", source=Source.TOKEN), None),
]


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize(("asker", "own"), ASKERS, ids=[f"{asker}/{asker.shop}" for asker, _ in ASKERS])
def test_a_seller_writes_to_the_own_shop_only(database: Path, asker: Principal, own: str | None, shop: str) -> None:
    made, before = wish(RequestKind.ENABLE, asker, "material_fidelity", shop, "x"), counts()
    allowed = shop == own and shop != "demo-shop"  # demo-shop has it already
    if allowed:
        assert enable(made, asker, shop).new
        return
    with pytest.raises(Changed) as refused:
        enable(made, asker, shop)
    assert counts() == before
    if shop != own:
        assert str(refused.value) == "the shop is not there", "another's shop and none are told alike"


@pytest.mark.parametrize(("asker", "error"), [(BUYER, WrongRole), (VISITOR, NotSignedIn)])
def test_buyers_and_visitors_write_nothing_to_shops(database: Path, asker: Principal, error: type[Exception]) -> None:
    before = counts()
    for write in (requests.disable, requests.enable):
        with pytest.raises(error), session.writing() as opened:
            write(opened, asker, wish(RequestKind.DISABLE, SELLER, "freight", "demo-shop", "x"), shop="demo-shop")
    assert counts() == before


@pytest.mark.parametrize(
    ("asker", "error"),
    [
        (parse_principal("buyer:amy", Source.TOKEN), Changed),
        (parse_principal("buyer:nobody", Source.TOKEN), Changed),
        (SELLER, WrongRole),
        (VISITOR, NotSignedIn),
    ],
)
def test_nobody_appeals_for_another(database: Path, asker: Principal, error: type[Exception]) -> None:
    before = counts()
    with pytest.raises(error):
        file("refused_bad_tracking", asker)
    assert counts() == before


def test_keys_of_another_account_find_nothing(database: Path) -> None:
    made = enable_wish()
    enable(made)
    with session.reading() as opened:
        assert receipts.find(opened, SELLER, made.key) is not None
        assert receipts.find(opened, parse_principal("seller:other", Source.TOKEN), made.key) is None
        assert receipts.find(opened, BUYER, made.key) is None
        with pytest.raises(NotSignedIn):
            receipts.find(opened, VISITOR, made.key)


def test_a_shell_principal_writes_for_demo_accounts_only(database: Path) -> None:
    shell = parse_principal("seller:demo", Source.SHELL)
    with session.writing() as opened:
        opened.execute(tables.Account.__table__.update().values(is_demo=False))
    with pytest.raises(Changed):
        enable(wish(RequestKind.ENABLE, shell, "return_care", "demo-shop", "x"), shell)


# ---------------------------------------------------------------------- keys, receipts, dates

texts = st.text(min_size=0, max_size=12)


@given(first=st.tuples(texts, texts, texts), second=st.tuples(texts, texts, texts))
def test_keys_differ_when_anything_differs(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    def key(parts: tuple[str, ...]) -> str:
        return desk.key_of(RequestKind.ENABLE, SELLER, *parts)

    if "\x1f" not in "".join(first + second):
        assert (key(first) == key(second)) == (first == second)


def test_a_receipt_is_short_readable_and_the_keys_own() -> None:
    receipts = {desk.receipt_of(str(n)) for n in range(5000)}
    assert len(receipts) == 5000
    assert all(len(each) == 13 and each.isupper() for each in receipts)
    assert desk.receipt_of("a") == desk.receipt_of("a")


@pytest.mark.parametrize(
    ("minutes", "over"), [(0, False), (9.99, False), (10, True), (60, True), (-1, True)], ids=lambda value: str(value)
)
def test_a_read_back_is_good_for_ten_minutes(minutes: float, over: bool) -> None:
    assert desk.expired(AT, AT + timedelta(minutes=minutes)) is over


@pytest.mark.parametrize(
    ("day", "count", "after"),
    [
        (date(2026, 11, 23), 3, date(2026, 11, 26)),
        (date(2026, 11, 26), 3, date(2026, 12, 1)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 11, 27), 0, date(2026, 11, 27)),
    ],
)
def test_working_days_skip_the_weekend(day: date, count: int, after: date) -> None:
    assert desk.workdays_after(day, count) == after


def test_the_database_going_away_is_said(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    made = enable_wish()
    monkeypatch.setenv("POLICY_DATABASE_URL", "sqlite:////nonexistent/policy.db")
    with pytest.raises(DeskError):
        enable(made)
