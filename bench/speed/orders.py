"""A policy database of the bench's own: any number of orders of many bench buyers, and the shops they were bought in.

Beside the many who have five orders there may be regulars, who have 30 or 300. Written past SQLAlchemy's units of work, by executemany (SQLite) or COPY (PostgreSQL): a million orders take seconds.
Every order is shipped and still covered: what differs between a small and a large database is its size alone.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine.url import make_url

from actions.policydb import admin, session
from actions.policydb.facts import Payer
from knowledge.rules import Category, Site
from xiaoer import clock
from xiaoer.clock import SHANGHAI

BUYERS_ORDERS = 5  # a buyer's
REGULARS = (30, 300)  # a regular's
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


Rows = Iterable[tuple[str, Iterable[Sequence[Any]]]]  # (table, rows)
Written = Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]  # (table, columns, rows)


@dataclass(frozen=True)
class Filled:
    """What a database holds of the bench. orders: of buyers with five each; regulars: of each kind of them, how many."""

    orders: int
    regulars: int = 0

    @property
    def buyers(self) -> int:
        """Those with five orders each."""
        return -(-self.orders // BUYERS_ORDERS)

    @property
    def shops(self) -> int:
        return -(-self.orders // SHOPS_ORDERS)

    @property
    def accounts(self) -> list[tuple[str, int]]:
        """Every buyer's account with how many orders it has, in the order of the rows."""
        few = [(buyer(at), len(orders_of(at, self.orders))) for at in range(self.buyers)]
        return few + [(regular(at, size), size) for size in REGULARS for at in range(self.regulars)]


def buyer(at: int) -> str:
    """The account of a bench buyer, counted from 0; a seller of that number has the shop of that number."""
    return f"bench-{at + 1:06d}"


def regular(at: int, size: int) -> str:
    """The account of a regular with that many orders, counted from 0."""
    return f"bench-{size}-{at + 1:06d}"


def order_number(at: int) -> str:
    """19 digits, as Taobao's are."""
    return f"3{at:018d}"


def orders_of(at: int, orders: int) -> list[str]:
    """The order numbers of a bench buyer in a database of that many orders."""
    return [order_number(n) for n in range(at * BUYERS_ORDERS, min(orders, (at + 1) * BUYERS_ORDERS))]


def fill(url: str, orders: int, regulars: int = 0, *, upgrade: Callable[[], Any] = admin.upgrade) -> Filled:
    """Has the database at `url` brought to the newest schema by `upgrade` and writes that many orders into it.

    Of the columns those that are there: the schema may be an earlier one. Raises ValueError for a number below one,
    DeskError where the database cannot be used.
    """
    if orders < 1:
        raise ValueError(f"expected at least one order, got {orders}")
    with _database(url):
        upgrade()
        made = Filled(orders, regulars)
        engine = session.engine(timeout=admin.SECONDS)
        there = {table: [column["name"] for column in inspect(engine).get_columns(table)] for table in TABLES}
        raw = engine.raw_connection()
        try:
            write = _copy if make_url(url).get_backend_name() == "postgresql" else _executemany
            write(raw, fitting(_rows(made, clock.today()), there))
            raw.commit()
        finally:
            raw.close()
    return made


def fitting(rows: Rows, there: Mapping[str, Sequence[str]]) -> Written:
    """(table, columns, rows) of what the tables have columns for. there: {table: columns}."""
    for table, values in rows:
        names = TABLES[table]
        if set(names) <= set(there[table]):
            yield table, names, values
            continue
        places = [place for place, name in enumerate(names) if name in there[table]]
        yield table, tuple(names[place] for place in places), _cut(values, places)


def _cut(values: Iterable[Sequence[Any]], places: Sequence[int]) -> Iterator[Sequence[Any]]:
    for value in values:
        yield [value[place] for place in places]


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


def _executemany(raw: Any, rows: Written) -> None:
    """Into SQLite, in one transaction. Foreign keys are not looked up one by one: they are right by construction."""
    raw.rollback()
    cursor = raw.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.execute("BEGIN")
    for table, names, values in rows:
        marks = ", ".join("?" * len(names))
        cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)
    cursor.execute("COMMIT")
    cursor.execute("ANALYZE")


def _copy(raw: Any, rows: Written) -> None:
    """Into PostgreSQL, without the triggers of foreign keys where we may, in pieces of bounded size."""
    cursor = raw.cursor()
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        cursor.execute("SET LOCAL session_replication_role = replica")
    cursor.execute("SET LOCAL statement_timeout = 0")
    for table, names, values in rows:
        for piece in _pieces(values):
            cursor.copy_expert(f"COPY {table} ({', '.join(names)}) FROM STDIN", piece)
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
    accounts = made.accounts
    owners = [at + 1 for at, (_, count) in enumerate(accounts) for _ in range(count)]  # of each order
    yield "account", _accounts(accounts, made, anchor)
    yield "shop", _shops(made, len(accounts), anchor)
    yield "shop_order", _orders(owners, made, anchor)
    yield "order_line", ((n + 1, n + 1, 0, ITEMS[n % len(ITEMS)], 1, _amount(n)) for n in range(len(owners)))
    yield "policy", _policies(len(owners), anchor)


def _moment(anchor: date, ago: int, hour: int = 10) -> str:
    """UTC as both databases read it; SQLAlchemy reads this form back from SQLite."""
    moment = datetime.combine(anchor - timedelta(days=ago), time(hour, 20), SHANGHAI).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S.000000")


def _accounts(buyers: Sequence[tuple[str, int]], made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    since = _moment(anchor, 400)
    for at, (name, _) in enumerate(buyers):
        yield at + 1, "buyer", name, 0, since
    for at in range(made.shops):
        yield len(buyers) + at + 1, "seller", buyer(at), 0, since


def _shops(made: Filled, buyers: int, anchor: date) -> Iterator[tuple[Any, ...]]:
    opened = _moment(anchor, 800)
    for at in range(made.shops):
        owner = buyers + at + 1
        kind = (Site.TMALL.value, Category.CLOTHING.value, 5_000_000, 5_000_000, opened)
        yield at + 1, f"bench-shop-{at + 1}", f"样例服饰店{at + 1}", owner, 400, 1, 1, "浙江嘉兴", *kind


def _days_ago(n: int) -> int:
    return 5 + n % 55  # shipped, and within the 90 days that cover lasts at most


def _amount(n: int) -> int:
    return 4900 + n % 200 * 100


def _orders(owners: Sequence[int], made: Filled, anchor: date) -> Iterator[tuple[Any, ...]]:
    moments = {
        ago: (_moment(anchor, ago), _moment(anchor, ago - 1, 16), _moment(anchor, ago - 4, 15)) for ago in range(5, 60)
    }
    for n, owner in enumerate(owners):
        sold_by = n % made.shops + 1
        sent = ("中通", f"7{n:013d}", "浙江杭州")
        yield n + 1, order_number(n), owner, sold_by, _amount(n), *moments[_days_ago(n)], *sent


def _policies(count: int, anchor: date) -> Iterator[tuple[Any, ...]]:
    issued = {ago: _moment(anchor, ago) for ago in range(5, 60)}
    for n in range(count):
        insured = ("freight", Payer.SELLER.value, INSURER, 60, 1200, issued[_days_ago(n)])
        yield n + 1, f"PD{n:016d}", n + 1, *insured
