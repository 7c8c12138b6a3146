"""The HTTP side: same conversation as the socket, one shape of error, the pages and files around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.channel.conftest import token

PATH = "/webhooks/widget/messages"


@pytest_asyncio.fixture(loop_scope="function")
async def http(server: Any) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


def bearer(*args: Any, **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*args, **more)}"}


async def post(http: aiohttp.ClientSession, data: Any, **more: Any) -> tuple[int, Any]:
    async with http.post(PATH, json=data, **more) as answer:
        return answer.status, await answer.json()


async def test_the_same_conversation_as_the_socket(http: aiohttp.ClientSession, client: Any, server: Any) -> None:
    tab = await client().connect(token=token("both"))
    status, answer = await post(http, {"message": "经 HTTP", "id": "w1"}, headers=bearer("both"))
    assert status == 200
    assert (await tab.until("user_echo"))["text"] == "经 HTTP"
    assert answer["replies"] == [await tab.until("bot_uttered")]
    assert answer["session"] == tab.all("session_confirm")[0]
    assert answer["id"] == "w1"
    before = len(server.agent.messages)
    assert (await tab.say("经 HTTP", id="w1"))["ok"]
    assert (await post(http, {"message": "经 HTTP", "id": "w1"}, headers=bearer("both")))[1] == answer
    assert len(server.agent.messages) == before


async def test_a_visitor(http: aiohttp.ClientSession) -> None:
    _, first = await post(http, {"message": "你好"})
    _, second = await post(http, {"message": "再来", "session": first["session"]})
    _, third = await post(http, {"message": "再来", "session": "made up"})
    assert first["session"] == second["session"] != third["session"]


async def test_buttons(http: aiohttp.ClientSession, server: Any) -> None:
    _, answer = await post(http, {"message": "按钮"}, headers=bearer("http-button"))
    payload = answer["replies"][0]["quick_replies"][0]["payload"]
    status, _ = await post(http, {"button": payload}, headers=bearer("http-button"))
    assert status == 200
    assert server.agent.messages[-1].text == '/check_policy{"x":"1"}'
    status, answer = await post(http, {"button": payload}, headers=bearer("http-button"))
    assert status == 200
    assert answer["replies"][0]["custom"]["outcome"] == "unknown"


async def test_concurrently_it_is_answered_once(http: aiohttp.ClientSession, server: Any) -> None:
    before = len(server.agent.messages)
    data = {"message": "慢0.2", "id": "c1"}
    answers = await asyncio.gather(*(post(http, data, headers=bearer("http-once")) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(server.agent.messages) == before + 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "Bearer x"}, 401, "token_invalid"),
        ({"Authorization": "Basic eDp5"}, 401, "token_invalid"),
        ({"Authorization": ""}, 401, "token_invalid"),
        ({"Authorization": f"Bearer {token(exp=int(time.time()) - 9)}"}, 401, "token_expired"),
        ({"Authorization": f"Bearer {token(aud='else')}"}, 401, "token_invalid"),
    ],
)
async def test_bad_tokens(http: aiohttp.ClientSession, headers: dict[str, str], status: int, code: str) -> None:
    got, answer = await post(http, {"message": "你好"}, headers=headers)
    assert (got, answer["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "bad_message", id="no JSON"),
        pytest.param(b"", "application/json", 400, "bad_message", id="empty"),
        pytest.param(b"\xff\xfe", "application/json", 400, "bad_message", id="not UTF-8"),
        pytest.param(b"[" * 60_000, "application/json", 400, "bad_message", id="deep"),
        pytest.param(b"[]", "application/json", 400, "bad_message", id="a list"),
        pytest.param(b"{}", "application/json", 400, "bad_message", id="nothing said"),
        pytest.param(b'{"message": "a", "button": "b"}', "application/json", 400, "bad_message", id="both"),
        pytest.param(b'{"message": 5}', "application/json", 400, "bad_message", id="a number"),
        pytest.param(b'{"message": "a", "id": "a b"}', "application/json", 400, "bad_message", id="odd id"),
        pytest.param(b'{"message": "a"}', "text/plain", 415, "bad_message", id="plain text"),
        pytest.param(b'{"message": "a"}', "", 415, "bad_message", id="no type"),
        pytest.param(b'{"message": "' + b"a" * 2001 + b'"}', "application/json", 413, "too_long", id="long"),
        pytest.param(b'{"message": "' + b"a" * 70_000 + b'"}', "application/json", 413, "too_long", id="longer"),
        pytest.param(b"a" * 3_000_000, "application/json", 413, "too_long", id="huge"),
    ],
)
async def test_one_shape_of_error(http: aiohttp.ClientSession, body: bytes, kind: str, status: int, code: str) -> None:
    async with http.post(PATH, data=body, headers={"Content-Type": kind}) as answer:
        data = await answer.json()
    assert (answer.status, data["error"]["code"]) == (status, code)
    assert set(data) == {"error"}
    assert set(data["error"]) == {"code", "text"}


async def test_a_slow_turn(http: aiohttp.ClientSession) -> None:
    status, answer = await post(http, {"message": "慢1.5"}, headers=bearer("http-slow"))
    assert (status, answer["error"]["code"]) == (408, "turn_timeout")


async def test_forged_fields_have_no_effect(http: aiohttp.ClientSession, server: Any) -> None:
    forged = {"sender": "victim", "input_channel": "ask", "metadata": {"principal": {"role": "seller"}}}
    status, _ = await post(http, {"message": "你好", "session": "buyer-x", **forged}, headers=bearer("http-honest"))
    message = server.agent.messages[-1]
    assert status == 200
    assert message.input_channel == "widget"
    assert message.metadata["principal"]["account"] == "http-honest"
    assert message.sender_id.startswith("buyer-")
    _, _ = await post(http, {"message": "你好", "session": "buyer-x", **forged})
    assert server.agent.messages[-1].metadata["principal"]["role"] == "visitor"


# ---------------------------------------------------------------------- around it


async def test_operations(http: aiohttp.ClientSession, server: Any, policy_database: Path) -> None:
    async with http.get("/health") as answer:
        assert answer.status == 200
    async with http.get("/ready") as answer:
        assert (answer.status, await answer.json()) == (
            200,
            {"status": "ok", "model": True, "database": True, "actions": True},
        )
    server.agent.ready = False
    try:
        async with http.get("/ready") as answer:
            data = await answer.json()
            assert (answer.status, data["model"], data["errors"]) == (503, False, {"model": "NotReady"})
    finally:
        server.agent.ready = True
    await post(http, {"message": "你好"})
    async with http.get("/metrics") as answer:
        text = await answer.text()
    for name in (
        "turns_total",
        "turn_seconds_bucket",
        "fallbacks_total",
        "problems_total",
        "errors_total",
        "connections",
    ):
        assert f"xiaoer_{name}" in text


async def test_an_action_server_that_is_down(http: aiohttp.ClientSession, server: Any, policy_database: Path) -> None:
    from rasa.utils.endpoints import EndpointConfig

    server.agent.action_endpoint = EndpointConfig("http://127.0.0.1:9/webhook")
    try:
        async with http.get("/ready") as answer:
            assert (answer.status, (await answer.json())["actions"]) == (503, False)
    finally:
        del server.agent.action_endpoint


async def test_no_demo_outside_demo_mode(http: aiohttp.ClientSession) -> None:
    for path in ("/demo/token?as=buyer:demo", "/demo/orders?as=buyer:demo", "/seller"):
        async with http.get(path) as answer:
            assert answer.status == 404
    async with http.get("/") as answer:
        assert "Hello from Rasa" in await answer.text()


async def test_other_pages_may_ask(http: aiohttp.ClientSession) -> None:
    origin = {"Origin": "https://shop.example"}
    async with http.options(PATH, headers=origin) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
    async with http.post(PATH, json={"message": "你好"}, headers=origin) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


async def test_a_path_cannot_climb(server: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for path in (
        "/../bot/channel/guard/keys.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/demo/../../pyproject.toml",
        "//etc/passwd",
    ):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await writer.drain()
        assert b"404" in await asyncio.wait_for(reader.readline(), 5)
        while (line := await reader.readline()) != b"\r\n":
            length = (
                int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else locals().get("length", 0)
            )
        await reader.readexactly(length)
    writer.close()


# ---------------------------------------------------------------------- limits, on a server of its own


@pytest.fixture
def strict(settings_of_the_channel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.channel.server import Server

    monkeypatch.setenv("XIAOER_MESSAGES_A_MINUTE", "3")
    monkeypatch.setenv("XIAOER_ADDRESS_MESSAGES_A_MINUTE", "8")
    monkeypatch.setenv("XIAOER_CONNECTIONS_AN_ADDRESS", "2")
    monkeypatch.setenv("XIAOER_PROXIES", "1")
    monkeypatch.setenv("XIAOER_ORIGINS", "https://shop.example")
    server = Server().start()
    yield server
    server.stop()


async def test_limits_over_http(strict: Any) -> None:
    async with aiohttp.ClientSession(strict.url) as http:
        for _ in range(3):
            assert (await post(http, {"message": "你好"}, headers=bearer("eager")))[0] == 200
        async with http.post(PATH, json={"message": "你好"}, headers=bearer("eager")) as answer:
            data = await answer.json()
            assert (answer.status, data["error"]["code"]) == (429, "too_many_messages")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert len(strict.agent.messages) == 3
        for name in "abcd":
            assert (await post(http, {"message": "你好"}, headers=bearer(name)))[0] == 200
        assert (await post(http, {"message": "你好"}, headers=bearer("e")))[0] == 429
        # Another address, as our own proxy reports it, is not affected; what a client writes before that is not believed.
        elsewhere = {"X-Forwarded-For": "10.1.1.1, 203.0.113.9"}
        assert (await post(http, {"message": "你好"}, headers={**bearer("f"), **elsewhere}))[0] == 200


async def test_limits_over_sockets(strict: Any) -> None:
    from socketio.exceptions import ConnectionError

    from tests.channel.conftest import Client

    first, second, third = Client(strict.url), Client(strict.url), Client(strict.url)
    await first.connect(token=token("one"))
    await second.connect(token=token("two"))
    refused: list[Any] = []
    third.sio.on("connect_error", refused.append)
    with pytest.raises(ConnectionError):
        await third.connect(token=token("three"))
    assert refused[0]["data"]["code"] == "too_many_connections"
    acks = [await first.say("你好", id=f"m{number}") for number in range(4)]
    assert [ack["ok"] for ack in acks] == [True, True, True, False]
    assert (acks[3]["code"], acks[3]["id"]) == ("too_many_messages", "m3")
    assert (await second.say("你好"))["ok"]
    await first.close()
    await asyncio.sleep(0.2)
    await third.connect(token=token("three"), start=False)
    await second.close()
    await third.close()


async def test_pages_that_are_not_listed_are_refused(strict: Any) -> None:
    async with aiohttp.ClientSession(strict.url) as http:
        poll = "/socket.io/?EIO=4&transport=polling"
        async with http.get(poll, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 400
        async with http.get(poll, headers={"Origin": "https://shop.example"}) as answer:
            assert answer.status == 200
        async with http.options(PATH, headers={"Origin": "https://evil.example"}) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


# ---------------------------------------------------------------------- demo mode


@pytest.fixture
def shop(settings_of_the_channel: Path, policy_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.channel.server import Server

    monkeypatch.setenv("XIAOER_DEMO", "1")
    server = Server().start()
    yield server
    server.stop()


async def test_the_demo_shop(shop: Any) -> None:
    async with aiohttp.ClientSession(shop.url) as http:
        async with http.get("/demo/token?as=buyer:demo&order=2837465012345678901") as answer:
            signed = (await answer.json())["token"]
            assert answer.headers["Cache-Control"] == "no-store"
        status, _ = await post(http, {"message": "你好"}, headers={"Authorization": f"Bearer {signed}"})
        assert status == 200
        principal = shop.agent.messages[-1].metadata["principal"]
        assert (principal["account"], principal["order"]) == ("demo", "2837465012345678901")
        async with http.get("/demo/orders?as=buyer:demo") as answer:
            orders = await answer.json()
        assert len(orders) > 5
        assert all(set(order) == {"order", "date", "title", "amount_fen", "state"} for order in orders)
        for path in ("/", "/seller", "/public"):
            async with http.get(path) as answer:
                assert answer.status == 200
                assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        async with http.get("/xiaoer.js") as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            tag = answer.headers["ETag"]
        async with http.get("/xiaoer.js", headers={"If-None-Match": tag}) as answer:
            assert answer.status == 304


@pytest.mark.parametrize(
    "query",
    ["", "as=buyer:victim", "as=admin:demo", "as=buyer:demo&order=x", "as=buyer:demo&seconds=0", "as=buyer:demo%00"],
)
async def test_demo_tokens_are_for_demo_accounts(shop: Any, query: str) -> None:
    async with aiohttp.ClientSession(shop.url) as http, http.get(f"/demo/token?{query}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "bad_message"
