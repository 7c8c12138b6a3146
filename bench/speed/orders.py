"""A policy database of the bench's own: any number of orders of many bench buyers, and the shops they were bought in.

Written past SQLAlchemy's units of work, by executemany (SQLite) or COPY (PostgreSQL): a million orders take seconds.
Every order is shipped and still covered: what differs between a small and a large database is its size alone.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy.engine.url import make_url

from actions.policydb import admin, session
from actions.policydb.facts import Payer
from knowledge.rules import Category, Site
from xiaoer import clock
from xiaoer.clock import SHANGHAI

BUYERS_ORDERS = 5  # a buyer's
SHOPS_ORDERS = 50  # a shop's
INSURER = "示例财产保险"
ITEMS = ("女鞋 真皮乐福鞋", "牛仔直筒裤", "针织开衫", "休闲运动鞋", "男士衬衫", "帆布鞋", "瑜伽裤", "羊毛围巾")
TABLES = {
    "account": ("id", "role", "external_id", "is_demo", "created_at"),
    "shop": (
        "id", "code", "name", "owner_id", "risk_rate_bp", "consumer_protection", "seven_day_return", "return_region",
        "site", "category", "deposit_fen", "deposit_due_fen", "opened_at",
    ),
    "shop_order": (
        "id", "number", "buyer_id", "shop_id", "amount_fen", "paid_at", "shipped_at", "signed_at", "courier",
        "tracking_number", "ship_to_region",
    ),
    "order_line": ("id", "order_id", "position", "title", "quantity", "amount_fen"),
    "policy": (
        "id", "number", "order_id", "product_id", "payer", "insurer", "premium_fen", "sum_insured_fen", "issued_at",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What a database holds of the bench."""

    orders: int

    @property
    def buyers(self) -> int:
        return -(-self.orders // BUYERS_ORDERS)

    @property
    def shops(self) -> int:
        return -(-self.orders // SHOPS_ORDERS)


def buyer(at: int) -> str:
    """The account of a bench buyer, counted from 0; a seller of that number has the shop of that number."""
    return f"bench-{at + 1:06d}"


def order_number(at: int) -> str:
    """19 digits, as Taobao's are."""
    return f"3{at:018d}"


def orders_of(at: int, orders: int) -> list[str]:
    """The order numbers of a bench buyer in a database of that many orders."""
    return [order_number(n) for n in range(at * BUYERS_ORDERS, min(orders, (at + 1) * BUYERS_ORDERS))]


def fill(url: str, orders: int) -> Filled:
    """Brings the database at `url` to the newest schema and writes that many orders into it.

    Raises ValueError for a number below one, DeskError where the database cannot be used.
    """
    if orders < 1:
        raise ValueError(f"expected at least one order, got {orders}")
    with _database(url):
        admin.upgrade()
        made = Filled(orders)
        raw = session.engine(timeout=admin.SECONDS).raw_connection()
        try:
            write = _copy if make_url(url).get_backend_name() == "postgresql" else _executemany
            write(raw, _rows(made, clock.today()))
            raw.commit()
        finally:
            raw.close()
    return made


@contextmanager
def _database(url: str) -> Iterator[None]:
    """POLICY_DATABASE_URL for as long as it lasts; its connections are closed at the end."""
    before = os.environ.get(session.URL_SETTING)
    os.environ[session.URL_SETTING] = url
    try:
        yield
    finally:
        session.dispose()
        if before is None:
            del os.environ[session.URL_SETTING]
        else:
            os.environ[session.URL_SETTING] = before


# ------------------------------------------------------------------ writing

Rows = Iterable[tuple[str, Iterable[Sequence[Any]]]]


def _executemany(raw: Any, rows: Rows) -> None:
    """Into SQLite, in one transaction. Foreign keys are not looked up one by one: they are right by construction."""
    raw.rollback()
    cursor = raw.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.execute("BEGIN")
    for table, values in rows:
        marks = ", ".join("?" * len(TABLES[table]))
        cursor.executemany(f"INSERT INTO {table} ({', '.join(TABLES[table])}) VALUES ({marks})", values)
    cursor.execute("COMMIT")
    cursor.execute("ANALYZE")


def _copy(raw: Any, rows: Rows) -> None:
    """Into PostgreSQL, without the triggers of foreign keys where we may, in pieces of bounded size."""
    cursor = raw.cursor()
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        cursor.execute("SET LOCAL session_replication_role = replica")
    cursor.execute("SET LOCAL statement_timeout = 0")
    for table, values in rows:
        names = ", ".join(TABLES[table])
        for piece in _pieces(values):
            cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", piece)
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    for table in TABLES:
        cursor.execute(f"ANALYZE {table}")


def _pieces(values: Iterable[Sequence[Any]], size: int = 50_000) -> Iterator[io.StringIO]:
    """PostgreSQL's text format: tabs, and no value of ours has one."""
    lines: list[str] = []
    for value in values:
        lines.append("\t".join(str(each) for each in value))
        if len(lines) == size:
            yield io.StringIO("\n".join(lines) + "\n")
            lines = []
    if lines:
        yield io.StringIO("\n".join(lines) + "\n")


# ------------------------------------------------------------------ rows


def _rows(made: Filled, anchor: date) -> Rows:
    yield "account", _accounts(made, anchor)
    yield "shop", _shops(made, anchor)
    yield "shop_order", _orders(made, anchor)
    yield "order_line", ((n + 1, n + 1, 0, ITEMS[n % len(ITEMS)], 1, _amount(n)) for n in range(made.orders))
    yield "policy", _policies(made, anchor)


def _moment(anchor: date, ago: int, hour: int = 10) -> str:
    """UTC as both databases read it; SQLAlchemy reads this form back from SQLite."""
    moment = datetime.combine(anchor - timedelta(days=ago), time(hour, 20), SHANGHAI).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S.000000")


def _accounts(made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    since = _moment(anchor, 400)
    for at in range(made.buyers):
        yield at + 1, "buyer", buyer(at), 0, since
    for at in range(made.shops):
        yield made.buyers + at + 1, "seller", buyer(at), 0, since


def _shops(made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    opened = _moment(anchor, 800)
    for at in range(made.shops):
        owner = made.buyers + at + 1
        kind = (Site.TMALL.value, Category.CLOTHING.value, 5_000_000, 5_000_000, opened)
        yield at + 1, f"bench-shop-{at + 1}", f"样例服饰店{at + 1}", owner, 400, 1, 1, "浙江嘉兴", *kind


def _days_ago(n: int) -> int:
    return 5 + n % 55  # shipped, and within the 90 days that cover lasts at most


def _amount(n: int) -> int:
    return 4900 + n % 200 * 100


def _orders(made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    moments = {
        ago: (_moment(anchor, ago), _moment(anchor, ago - 1, 16), _moment(anchor, ago - 4, 15)) for ago in range(5, 60)
    }
    for n in range(made.orders):
        sold_by = n % made.shops + 1
        sent = ("中通", f"7{n:013d}", "浙江杭州")
        yield n + 1, order_number(n), n // BUYERS_ORDERS + 1, sold_by, _amount(n), *moments[_days_ago(n)], *sent


def _policies(made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    issued = {ago: _moment(anchor, ago) for ago in range(5, 60)}
    for n in range(made.orders):
        insured = ("freight", Payer.SELLER.value, INSURER, 60, 1200, issued[_days_ago(n)])
        yield n + 1, f"PD{n:016d}", n + 1, *insured
