"""Schema, sessions, queries, demo data: what the database lets in, and who gets what out."""

from __future__ import annotations

import itertools
import sqlite3
import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, func, select, text

from actions.desk import claims, cover
from actions.policydb import admin, session, tables
from actions.policydb.demo.data import NUMBERS, ORDERS
from actions.policydb.demo.seed import FRESH_DAYS
from actions.policydb.facts import EventKind, RefusalReason, RequestKind, RequestState
from actions.policydb.queries import own
from actions.policydb.queries.access import NotSignedIn, WrongRole
from actions.policydb.queries.own import Having
from xiaoer import clock
from xiaoer.clock import SHANGHAI
from xiaoer.errors import DeskError, SettingError
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

DEMO = parse_principal("buyer:demo", Source.SHELL)
SELLER = parse_principal("seller:demo", Source.SHELL)


def test_migrations_make_the_schema_of_the_models(database: Path) -> None:
    with session.reading() as opened:
        context = MigrationContext.configure(opened.connection(), opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []


def test_upgrade_is_repeatable_and_fills_products(database: Path) -> None:
    again = admin.upgrade()
    assert again["revision"] == again["revision_before"] == "0002"
    assert again["products"] >= 18
    assert admin.status()["up_to_date"]


def test_upgrading_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 0001: what hangs on a rebuilt table stays, journal and requests get what they lacked."""
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    with session.writing() as opened:
        config = admin.alembic_config()
        config.attributes["connection"] = opened.connection()
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO product VALUES ('freight')",
            "INSERT INTO account (role, external_id, created_at) VALUES ('seller', 'x', '2026-01-01')",
            "INSERT INTO shop (code, name, owner_id, risk_rate_bp, consumer_protection, seven_day_return, return_region) "
            "VALUES ('c', 'n', 1, 5, 1, 1, '')",
            "INSERT INTO enrollment (shop_id, product_id, enrolled_at, fee_fen) VALUES (1, 'freight', '2026-01-01', 5)",
            "INSERT INTO request (account_id, kind, product_id, shop_id, idempotency_key, state, reason, created_at) "
            "VALUES (1, 'enable', 'freight', 1, 'k', 'done', '', '2026-01-01')",
            "INSERT INTO audit (at, account_id, action, subject, outcome, detail) VALUES ('2026-01-01', 1, 'enable', 'c', 'ok', '')",
        ):
            opened.execute(text(statement))
    admin.upgrade()
    with session.reading() as opened:
        assert opened.execute(select(tables.Enrollment.fee_fen)).scalars().all() == [5]
        assert opened.execute(select(tables.Request.receipt)).scalars().all() == ["OLD-1"]
        assert opened.execute(select(tables.Audit.principal)).scalars().all() == ["seller:x"]
    session.dispose()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'x'", "DELETE FROM audit", "INSERT OR REPLACE INTO audit SELECT * FROM audit"],
)
def test_the_journal_is_append_only(database: Path, statement: str) -> None:
    day = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with session.writing() as opened:
        opened.add(tables.Audit(at=day, principal="seller:demo", action="enable", outcome="done"))
    with pytest.raises(DeskError, match="append-only"), session.writing() as opened:
        opened.execute(text(statement))


def test_upgrade_makes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/a/b/policy.db")
    admin.upgrade()
    assert (tmp_path / "a" / "b" / "policy.db").exists()
    session.dispose()


def test_seed_before_upgrade_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    with pytest.raises(DeskError, match="xiaoer db upgrade"):
        admin.seed()
    session.dispose()


def test_seeding_again_reanchors_and_keeps_numbers(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = admin.status()["rows"]
    monkeypatch.setenv("XIAOER_TODAY", "2026-12-01")
    admin.seed()
    assert admin.status()["rows"] == before
    with session.reading() as opened:
        order = own.order(opened, DEMO, NUMBERS["not_started"])
    assert order is not None
    assert order.paid_at == datetime(2026, 11, 30, 2, 20, tzinfo=timezone.utc)


def test_a_start_fills_the_demo_accounts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-23")
    assert admin.prepare() == {"anchor": date(2026, 11, 23), "missing": []}
    filled = admin.status()["rows"]
    assert filled["shop_order"] > 0
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-30")
    assert admin.prepare() == {"anchor": date(2026, 11, 23), "missing": []}
    assert admin.status()["rows"] == filled
    session.dispose()


def test_what_demo_accounts_did_stays_until_they_are_seeded_anew(database: Path) -> None:
    at = datetime(2026, 11, 23, tzinfo=timezone.utc)
    with session.writing() as opened:
        seller = opened.execute(select(tables.Account).filter_by(role="seller", external_id="demo")).scalars().one()
        shop = opened.execute(select(tables.Shop).filter_by(code="demo-shop")).scalars().one()
        opened.add(tables.Enrollment(shop_id=shop.id, product_id="return_care", enrolled_at=at, fee_fen=55))
        opened.add(
            tables.Request(
                account_id=seller.id,
                kind=RequestKind.ENABLE.value,
                product_id="return_care",
                shop_id=shop.id,
                idempotency_key="k",
                receipt="XR-1",
                state=RequestState.DONE.value,
                created_at=at,
            )
        )
        for number, account in (("T-1", seller.id), ("T-2", None)):
            opened.add(
                tables.Ticket(number=number, conversation=number, account_id=account, role="seller", opened_at=at)
            )
    before = admin.status()["rows"]
    admin.prepare()
    assert admin.status()["rows"] == before
    assert admin.seed()["dropped"] == {"requests": 1, "tickets": 1}  # the other ticket is a visitor's
    after = admin.status()["rows"]
    assert {name: before[name] - after[name] for name in before if before[name] != after[name]} == {
        "enrollment": 1,
        "request": 1,
        "ticket": 1,
    }


def test_demo_accounts_of_an_older_version_are_named(database: Path) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE account SET external_id = 'was' WHERE external_id = 'chain'"))
    assert admin.prepare()["missing"] == ["seller:chain"]


def test_demo_data_says_the_same_until_it_is_no_longer_fresh(database: Path) -> None:
    def states(day: int, hour: int) -> list[object]:
        at = datetime(2026, 11, 23 + day, hour, tzinfo=SHANGHAI)
        with session.reading() as opened:
            orders = [
                own.order(opened, parse_principal(f"buyer:{order.buyer}", Source.COMMAND), NUMBERS[order.key])
                for order in ORDERS
            ]
        policies = [(order, policy) for order in orders if order is not None for policy in order.policies]
        return [
            (
                cover.decide(cover.facts_of(order, policy), at=at).state,
                [claims.progress(claim, policy.product, at=at) for claim in policy.claims],
            )
            for order, policy in policies
        ]

    today = states(0, 0)
    assert all(states(day, hour) == today for day in range(FRESH_DAYS) for hour in (9, 23))
    assert states(FRESH_DAYS, 23) != today


def test_seeding_touches_demo_accounts_only(database: Path) -> None:
    day = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with session.writing() as opened:
        real = tables.Account(role="buyer", external_id="real", created_at=day)
        shop = opened.execute(select(tables.Shop)).scalars().first()
        order = tables.ShopOrder(number="9" * 19, buyer=real, shop=shop, amount_fen=1, paid_at=day, ship_to_region="")
        opened.add(order)
    admin.seed()
    with session.reading() as opened:
        assert opened.execute(select(tables.ShopOrder).filter_by(number="9" * 19)).scalars().one()


def test_seeding_refuses_to_take_over_a_real_account(database: Path) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE account SET is_demo = 0 WHERE external_id = 'amy'"))
    with pytest.raises(DeskError, match="buyer:amy is a real account"):
        admin.seed()


def test_demo_data_holds_every_reason_and_step(database: Path) -> None:
    with session.reading() as opened:
        refusals = set(opened.execute(select(tables.Claim.refusal)).scalars()) - {None}
        kinds = set(opened.execute(select(tables.ClaimEvent.kind)).scalars())
    assert refusals == {reason.value for reason in RefusalReason}
    assert kinds == {kind.value for kind in EventKind} - {"appealed"}


def test_order_numbers_look_like_taobao_and_differ_at_the_end() -> None:
    assert all(number.isdigit() and len(number) == 19 for number in NUMBERS.values())
    assert len({number[-4:] for number in NUMBERS.values()}) == len(NUMBERS)
    assert NUMBERS["in_force"] == "3265939354289388915", "numbers are printed in documents: they never change"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE shop_order SET amount_fen = -1",
        "UPDATE policy SET sum_insured_fen = -1",
        "UPDATE policy SET payer = 'nobody'",
        "UPDATE claim SET refusal = 'because'",
        "UPDATE claim_event SET kind = 'dreamt'",
        "UPDATE shop_order SET close_reason = 'cancelled' WHERE closed_at IS NULL",
        "UPDATE shop_order SET shipped_at = '2000-01-01 00:00:00.000000'",
        "UPDATE policy SET product_id = 'nothing'",
        "UPDATE shop SET risk_rate_bp = 10001",
        "DELETE FROM account",
    ],
)
def test_schema_refuses(database: Path, statement: str) -> None:
    with pytest.raises(DeskError, match="IntegrityError"), session.writing() as opened:
        opened.execute(text(statement))


def test_naive_times_are_refused(database: Path) -> None:
    with pytest.raises(DeskError, match="naive"), session.writing() as opened:
        opened.add(tables.Account(role="buyer", external_id="x", created_at=datetime(2026, 1, 1)))


def test_a_failed_write_leaves_nothing(database: Path) -> None:
    day = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def half_a_write() -> None:
        with session.writing() as opened:
            opened.add(tables.Account(role="buyer", external_id="half", created_at=day))
            opened.flush()
            opened.execute(text("DELETE FROM nowhere"))

    with pytest.raises(DeskError):
        half_a_write()
    with session.reading() as opened:
        assert opened.execute(select(func.count()).where(tables.Account.external_id == "half")).scalar_one() == 0


def _statements(principal: Principal, number: str) -> int:
    counted = itertools.count()
    with session.reading() as opened:

        def count(*_: object) -> None:
            next(counted)

        event.listen(opened.get_bind().engine, "before_cursor_execute", count)
        try:
            assert own.order(opened, principal, number) is None
        finally:
            event.remove(opened.get_bind().engine, "before_cursor_execute", count)
    return next(counted)


def test_foreign_and_missing_orders_cannot_be_told_apart(database: Path) -> None:
    foreign = _statements(DEMO, NUMBERS["amy_in_force"])
    missing = _statements(DEMO, "1234567890123456789")
    assert foreign == missing > 0


@pytest.mark.parametrize("key", [key for key in NUMBERS if not key.startswith(("amy", "bob"))])
def test_nobody_else_sees_an_order_of_demo(database: Path, key: str) -> None:
    strangers = [
        parse_principal("buyer:amy", Source.TOKEN),
        parse_principal("buyer:new", Source.COMMAND),
        parse_principal("seller:risky", Source.TOKEN),
        Principal(Role.BUYER, "", source=Source.TOKEN),
        Principal(Role.BUYER, "demo' OR '1'='1", source=Source.TOKEN),
    ]
    with session.reading() as opened:
        assert own.order(opened, DEMO, NUMBERS[key]) is not None
        for stranger in strangers:
            assert own.order(opened, stranger, NUMBERS[key]) is None


def test_a_shell_principal_reaches_demo_accounts_only(database: Path) -> None:
    with session.writing() as opened:
        opened.execute(text("UPDATE account SET is_demo = 0 WHERE external_id = 'amy'"))
    with session.reading() as opened:
        number = NUMBERS["amy_in_force"]
        assert own.order(opened, parse_principal("buyer:amy", Source.SHELL), number) is None
        assert own.order(opened, parse_principal("buyer:amy", Source.TOKEN), number) is not None


def test_a_seller_sees_the_own_shop_only(database: Path) -> None:
    with session.reading() as opened:
        assert own.order(opened, SELLER, NUMBERS["in_force"]) is not None
        assert own.order(opened, SELLER, NUMBERS["bulky"]) is None
        assert {shop.code for shop in own.shops(opened, SELLER)} == {"demo-shop"}
        other = Principal(Role.SELLER, "demo", shop="other-shop", source=Source.TOKEN)
        assert own.shops(opened, other) == ()
        assert own.order(opened, other, NUMBERS["in_force"]) is None


def test_visitors_and_wrong_roles_are_told_so(database: Path) -> None:
    with session.reading() as opened:
        with pytest.raises(NotSignedIn):
            own.order(opened, VISITOR, NUMBERS["in_force"])
        with pytest.raises(NotSignedIn):
            own.recent_orders(opened, VISITOR)
        with pytest.raises(WrongRole):
            own.shops(opened, DEMO)


def test_recent_orders_are_the_newest_that_have_it(database: Path) -> None:
    with session.reading() as opened:
        every = own.recent_orders(opened, DEMO, limit=100)
        assert [order.paid_at for order in every] == sorted((order.paid_at for order in every), reverse=True)
        paid = own.recent_orders(opened, DEMO, having=Having.PAYOUT, limit=100)
        assert {order.number for order in paid} < {order.number for order in every}
        assert all(any(claim.payout for policy in order.policies for claim in policy.claims) for order in paid)
        assert len(own.recent_orders(opened, DEMO, limit=3)) == 3


def test_the_index_is_of_ones_own_orders_and_has_every_title(database: Path) -> None:
    long_ago = clock.now() - timedelta(days=400)
    with session.reading() as opened:
        every = own.recent_orders(opened, DEMO, limit=100)
        index = own.order_index(opened, DEMO, since=long_ago)
        assert [entry.number for entry in index] == [order.number for order in every]
        assert [entry.titles for entry in index] == [tuple(line.title for line in order.lines) for order in every]
        assert own.order_index(opened, DEMO, since=long_ago, tail=NUMBERS["amy_in_force"][-4:]) == ()
        assert own.orders(opened, DEMO, [NUMBERS["amy_in_force"]]) == ()


def test_the_index_by_tail_title_and_day(database: Path) -> None:
    long_ago = clock.now() - timedelta(days=400)
    refunded = clock.now() - timedelta(days=1, hours=23), clock.now()
    with session.reading() as opened:

        def numbers(**by: Any) -> list[str]:
            return [entry.number for entry in own.order_index(opened, DEMO, since=long_ago, **by)]

        assert numbers(tail=NUMBERS["in_force"][-4:]) == [NUMBERS["in_force"]]
        assert numbers(title="羽绒") == [NUMBERS["in_force_bought"]]
        assert numbers(title="%") == []
        assert numbers(on=("refunded", *refunded)) == [NUMBERS["reviewing"]]
        assert numbers(on=("paid", *refunded)) == [NUMBERS["not_started"]]


def test_the_index_is_one_statement_and_no_longer_than_it_may_be(database: Path) -> None:
    with session.reading() as opened:
        said: list[str] = []
        event.listen(opened.get_bind(), "before_cursor_execute", lambda *given: said.append(given[2]))
        index = own.order_index(opened, replace(DEMO, account="crowd"), since=clock.now() - timedelta(days=180))
        assert len(index) == own.INDEXED
        assert len([statement for statement in said if statement.startswith("SELECT")]) == 1


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM shop_order WHERE number = '1'", "uq_shop_order_number|sqlite_autoindex_shop_order"),
        ("SELECT * FROM shop_order WHERE buyer_id = 1 ORDER BY paid_at DESC", "ix_shop_order_buyer_id_paid_at"),
        ("SELECT * FROM shop_order WHERE shop_id = 1 ORDER BY paid_at DESC", "ix_shop_order_shop_id_paid_at"),
        ("SELECT * FROM account WHERE role = 'buyer' AND external_id = 'x'", "sqlite_autoindex_account"),
        ("SELECT * FROM policy WHERE order_id = 1", "sqlite_autoindex_policy"),
        ("SELECT * FROM claim WHERE policy_id = 1", "ix_claim_policy_id"),
        ("SELECT * FROM claim_event WHERE claim_id = 1 ORDER BY at", "ix_claim_event_claim_id_at"),
        ("SELECT * FROM enrollment WHERE shop_id = 1", "ix_enrollment_shop_id|uq_enrollment_active"),
    ],
)
def test_look_ups_use_an_index(database: Path, query: str, index: str) -> None:
    plan = " ".join(str(row) for row in sqlite3.connect(database).execute(f"EXPLAIN QUERY PLAN {query}"))
    assert "SCAN" not in plan
    assert any(name in plan for name in index.split("|")), plan


def test_a_slow_statement_ends_in_time(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.2")
    started = time.monotonic()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(DeskError, match="interrupted"), session.reading() as opened:
        opened.execute(text(endless)).all()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("value", ["nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_unusable_urls_are_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", value)
    with pytest.raises(SettingError, match="POLICY_DATABASE_URL"):
        session.engine()


def test_passwords_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", "mysql://user:secret@host/db")
    with pytest.raises(SettingError) as raised:
        session.engine()
    assert "secret" not in str(raised.value)
