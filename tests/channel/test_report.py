"""A seller's month as a file: for the signed-in seller, of the own shop, and for nobody else."""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select

from actions.asking.base import Ask
from actions.policydb import tables
from actions.policydb.queries import figures
from actions.policydb.session import reading, writing
from actions.tasks.reports import ShopReport
from tests.channel.conftest import token
from xiaoer import clock
from xiaoer.dates import Month
from xiaoer.principal import Source, parse_principal

PATH = "/webhooks/widget/report.csv"
MONTH = "2026-10"
FORMULA = '=HYPERLINK("http://evil.example","店")'


@pytest.fixture(scope="module")
def books(policy_database: Path) -> Path:
    """The demo shops, and a shop whose name is a formula, with one order on each side of a month's ends."""
    day = datetime(2020, 1, 1, tzinfo=timezone.utc)
    with writing() as session:
        if session.execute(select(tables.Account).filter_by(external_id="sheet")).first() is None:
            seller = tables.Account(role="seller", external_id="sheet", created_at=day)
            buyer = tables.Account(role="buyer", external_id="of-sheet", created_at=day)
            shop = tables.Shop(
                code="sheet-shop",
                name=FORMULA,
                owner=seller,
                risk_rate_bp=100,
                consumer_protection=True,
                seven_day_return=True,
                return_region="",
            )
            for number, paid in enumerate(
                (
                    datetime(2026, 9, 30, 15, 59, 59, tzinfo=timezone.utc),  # the last second of September in Shanghai
                    datetime(2026, 9, 30, 16, tzinfo=timezone.utc),
                    datetime(2026, 10, 31, 15, 59, 59, tzinfo=timezone.utc),
                    datetime(2026, 10, 31, 16, tzinfo=timezone.utc),
                )
            ):
                policy = tables.Policy(
                    number=f"sheet-{number}",
                    product_id="freight",
                    payer="seller",
                    premium_fen=10**number,
                    sum_insured_fen=1000,
                    issued_at=paid,
                )
                session.add(
                    tables.ShopOrder(
                        number=f"sheet-{number}",
                        buyer=buyer,
                        shop=shop,
                        amount_fen=100,
                        paid_at=paid,
                        ship_to_region="",
                        policies=[policy],
                    )
                )
    return policy_database


@pytest_asyncio.fixture(loop_scope="function")
async def http(server: Any, books: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[aiohttp.ClientSession]:
    monkeypatch.setenv("XIAOER_TODAY", "2026-11-23")
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "20")  # what is late on a busy machine is not what is tested here
    async with aiohttp.ClientSession(server.url) as session:
        yield session


def bearer(sub: str = "sheet", role: str = "seller", **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(sub, role, **claims)}"}


async def get(
    http: aiohttp.ClientSession, headers: dict[str, str] | None = None, **query: str
) -> tuple[int, bytes, Any]:
    asked = {"month": MONTH, "shop": "sheet-shop", **query}
    async with http.get(
        PATH, params={name: value for name, value in asked.items() if value}, headers=headers or {}
    ) as answer:
        return answer.status, await answer.read(), answer.headers


def rows(data: bytes) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if row}


async def test_the_file(http: aiohttp.ClientSession) -> None:
    status, data, headers = await get(http, bearer())
    assert status == 200
    assert data.startswith(b"\xef\xbb\xbf")
    found = rows(data)
    assert [day for day in found if day.startswith("2026-")] == [f"2026-10-{day:02}" for day in range(1, 32)]
    assert found["2026-10-01"] == ["1", "1", "0.10", "0", "0.00", "0"]
    assert found["2026-10-31"] == ["1", "1", "1.00", "0", "0.00", "0"]
    assert found["合计"] == ["2", "2", "1.10", "0", "0.00", "0"]
    assert found["店铺"] == [f"'{FORMULA}"]
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="report-sheet-shop-2026-10.csv"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_its_figures_are_those_of_the_reply(http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XIAOER_TODAY")  # the demo data is dated back from the real day
    monkeypatch.setenv("XIAOER_TODAY", clock.today().isoformat())
    seller = parse_principal("seller:demo", Source.TOKEN)
    running = Month.of(clock.today())
    for month in (running.shift(-1), running):
        with reading() as session:
            card = ShopReport().answer(session, Ask(seller, clock.now(), named={"month": str(month)})).card
        async with http.get(f"/webhooks/widget/{card['csv']}", headers=bearer("demo")) as answer:
            assert answer.status == 200
            total = rows(await answer.read())["合计"]
        figures = card["figures"]
        assert figures["orders"] > 100 or month == running
        assert [int(total[at]) for at in (0, 1, 3, 5)] == [
            figures[name] for name in ("orders", "policies", "claims", "returned")
        ]
        assert [round(float(total[at]) * 100) for at in (2, 4)] == [figures["premium_fen"], figures["payout_fen"]]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_invalid"),
        ({"Authorization": "Bearer x"}, "token_invalid"),
        ({"Authorization": "Basic eDp5"}, "token_invalid"),
        ({"Authorization": ""}, "token_invalid"),
        (bearer(aud="else"), "token_invalid"),
        (bearer(key="x" * 40), "token_invalid"),
        (bearer(exp=int(time.time()) - 9), "token_expired"),
    ],
)
async def test_without_a_good_token(http: aiohttp.ClientSession, headers: dict[str, str], code: str) -> None:
    async with http.get(PATH, params={"month": MONTH, "shop": "sheet-shop"}, headers=headers) as answer:
        data = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (answer.status, data["error"]["code"]) == (401, code)
    assert set(data) == {"error"}
    assert set(data["error"]) == {"code", "text"}


@pytest.mark.parametrize("name", ["token", "access_token", "session", "authorization", "Authorization"])
async def test_no_token_is_read_from_the_address(http: aiohttp.ClientSession, name: str) -> None:
    status, _, _ = await get(http, None, **{name: token("sheet", "seller")})
    assert status == 401


async def test_a_visitors_session_is_no_identity(http: aiohttp.ClientSession) -> None:
    async with http.post("/webhooks/widget/messages", json={"message": "你好"}, headers=bearer()) as answer:
        session = (await answer.json())["session"]
    assert (await get(http, None, session=session))[0] == 401


async def test_a_buyer_is_refused_whatever_the_shop(http: aiohttp.ClientSession) -> None:
    answers = [await get(http, bearer("sheet", "buyer"), shop=shop) for shop in ("sheet-shop", "no-shop")]
    assert [status for status, _, _ in answers] == [403, 403]
    assert answers[0][1] == answers[1][1]
    assert b"sellers_only" in answers[0][1]


@pytest.mark.parametrize(
    ("sub", "claims", "shop"),
    [
        ("demo", {}, "sheet-shop"),
        ("sheet", {}, "demo-shop"),
        ("nobody", {}, "sheet-shop"),
        ("sheet", {"shop": "demo-shop"}, "sheet-shop"),
        ("sheet", {"shop": "demo-shop"}, "demo-shop"),
        ("sheet", {}, "x' OR '1'='1"),
        ("sheet", {}, "SHEET-SHOP"),
        ("sheet", {}, "sheet-shop\x00"),
    ],
)
async def test_a_foreign_shop_and_none_get_one_answer(
    http: aiohttp.ClientSession, sub: str, claims: dict[str, str], shop: str
) -> None:
    missing, body, headers = await get(http, bearer("sheet"), shop="no-shop")
    status, other, more = await get(http, bearer(sub, **claims), shop=shop)
    assert status == missing == 404
    assert other == body
    assert {name for name in headers if name != "Date"} == {name for name in more if name != "Date"}
    assert "Content-Disposition" not in headers


async def test_the_shop_of_the_token(http: aiohttp.ClientSession) -> None:
    assert (await get(http, bearer(shop="sheet-shop")))[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        {"month": ""},
        {"month": "2026-13"},
        {"month": "2026-1"},
        {"month": "2026年10月"},
        {"month": "２０２６-10"},
        {"month": "2026-10' --"},
        {"month": "9999-12"},
        {"month": "0000-00"},
        {"shop": ""},
    ],
)
async def test_garbage_is_said_to_be_garbage(http: aiohttp.ClientSession, query: dict[str, str]) -> None:
    status, data, _ = await get(http, bearer(), **query)
    assert (status, b"bad_request" in data) == (400, True)


async def test_a_month_that_is_yet_to_come(http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_TODAY", "2026-09-30")
    assert (await get(http, bearer()))[0] == 400
    monkeypatch.setenv("XIAOER_TODAY", "2026-10-01")
    status, data, _ = await get(http, bearer())
    assert status == 200
    assert [day for day in rows(data) if day.startswith("2026-")] == ["2026-10-01"]


async def test_a_month_without_anything(http: aiohttp.ClientSession) -> None:
    status, data, _ = await get(http, bearer(), month="2019-02")
    assert status == 200
    assert rows(data)["合计"] == ["0", "0", "0.00", "0", "0.00", "0"]
    assert len([day for day in rows(data) if day.startswith("2019-")]) == 28


async def test_other_pages_may_download(http: aiohttp.ClientSession) -> None:
    origin = {"Origin": "https://shop.example"}
    async with http.options(PATH, headers=origin) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET"
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    _, _, headers = await get(http, {**bearer(), **origin})
    assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert headers["Access-Control-Expose-Headers"] == "Content-Disposition"
    _, _, headers = await get(http, origin)
    assert headers["Access-Control-Allow-Origin"] == "https://shop.example", "a page may read the refusal, too"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
async def test_it_is_only_read(http: aiohttp.ClientSession, method: str) -> None:
    async with http.request(method, PATH, headers=bearer()) as answer:
        assert answer.status == 405


async def test_a_database_that_is_gone(
    http: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/none/policy.db")
    with caplog.at_level(logging.ERROR, "bot.channel.wire.report_csv"):
        status, data, _ = await get(http, bearer())
    assert (status, b"unavailable" in data) == (503, True)
    assert "a report could not be made" in caplog.text


async def test_a_slow_database_stops_nobody_else(http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.5")
    counts = figures.counts

    def slowly(*args: Any, **more: Any) -> Any:
        time.sleep(1.2)
        return counts(*args, **more)

    monkeypatch.setattr(figures, "counts", slowly)
    started = time.monotonic()
    waiting = asyncio.ensure_future(get(http, bearer()))
    await asyncio.sleep(0.1)
    async with http.get("/health") as answer:
        assert answer.status == 200
    assert time.monotonic() - started < 0.5
    status, data, _ = await waiting
    assert (status, b"unavailable" in data) == (503, True)
    assert time.monotonic() - started < 1.1


# ---------------------------------------------------------------------- limits, on a server of its own


@pytest.fixture
def strict(settings_of_the_channel: Path, books: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.channel.server import Server

    monkeypatch.setenv("XIAOER_ADDRESS_MESSAGES_A_MINUTE", "4")
    monkeypatch.setenv("XIAOER_PROXIES", "1")
    monkeypatch.setenv("XIAOER_ORIGINS", "https://shop.example")
    server = Server().start()
    yield server
    server.stop()


async def test_downloads_are_limited_as_every_call_is(strict: Any) -> None:
    async with aiohttp.ClientSession(strict.url) as http:
        answers = [await get(http, bearer()) for _ in range(2)] + [await get(http) for _ in range(2)]
        assert [status for status, _, _ in answers] == [200, 200, 401, 401]
        status, data, headers = await get(http, bearer())
        assert (status, b"too_many_messages" in data) == (429, True)
        assert 1 <= int(headers["Retry-After"]) <= 60
        assert (await get(http, {**bearer(), "X-Forwarded-For": "203.0.113.9"}))[0] == 200


async def test_pages_that_are_not_listed_cannot_read_it(strict: Any) -> None:
    evil = {"Origin": "https://evil.example"}
    async with aiohttp.ClientSession(strict.url) as http:
        async with http.options(PATH, headers=evil) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Origin" not in (await get(http, {**bearer(), **evil}))[2]
