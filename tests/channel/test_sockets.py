"""A real Socket.IO client against the channel on a real port: the wire, message ids, tabs, buttons, history."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from typing import Any

import pytest
import socketio
from socketio.exceptions import ConnectionError

from bot.channel.guard.problems import Problem
from bot.staff.unanswered.feedback import FeedbackStore
from tests.channel.conftest import token
from tests.channel.room import Room
from tests.channel.server import ORDER, TWO_PARAGRAPHS


def replies(client: Any) -> list[str]:
    return [reply["text"] for reply in client.all("bot_uttered")]


# ---------------------------------------------------------------------- the wire


async def test_a_stock_rasa_client_is_understood(server: Any) -> None:
    """As rasa-webchat does: no auth, session_request with an id of its own, user_uttered with more than we need."""
    sio = socketio.AsyncClient(reconnection=False)
    confirmed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    sio.on("session_confirm", confirmed.set_result)
    sio.on("bot_uttered", answered.set_result)
    await sio.connect(server.url, socketio_path="/socket.io/", transports=["polling", "websocket"])
    await sio.emit("session_request", {"session_id": "0a1b2c3d"})
    session = await asyncio.wait_for(confirmed, 5)
    assert isinstance(session, str)
    await sio.emit("user_uttered", {"message": "你好", "customData": {"language": "zh"}, "session_id": session})
    reply = await asyncio.wait_for(answered, 5)
    assert reply["text"] == "您说：你好"
    await sio.disconnect()


async def test_a_reply_is_one_event_whole(client: Any) -> None:
    buyer = await client().connect(token=token("wire"))
    ack = await buyer.say("两句", id="m1")
    assert ack["ok"] is True
    assert ack["id"] == "m1"
    assert replies(buyer) == [TWO_PARAGRAPHS, "第二条"]
    first = buyer.all("bot_uttered")[0]
    assert first["reply_to"] == "m1"
    assert first["custom"] == {"outcome": "answered", "topic": "echo", "article": "freight/echo"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", first["at"])
    assert len({reply["id"] for reply in buyer.all("bot_uttered")}) == 2


@pytest.mark.parametrize(("bad", "code"), [("nonsense", "token_invalid"), (5, "token_invalid"), (None, None)])
async def test_a_bad_token_refuses_the_connection(server: Any, client: Any, bad: Any, code: str | None) -> None:
    other = client()
    if code is None:  # null is no token: a visitor
        assert (await other.connect(token=bad)).all("session_confirm")
        return
    refused: list[Any] = []
    other.sio.on("connect_error", refused.append)
    with pytest.raises(ConnectionError):
        await other.connect(token=bad)
    assert refused[0]["data"]["code"] == code
    assert refused[0]["data"]["text"]


async def test_an_expired_token_refuses_with_its_code(client: Any) -> None:
    other = client()
    refused: list[Any] = []
    other.sio.on("connect_error", refused.append)
    with pytest.raises(ConnectionError):
        await other.connect(token=token(exp=int(time.time()) - 5))
    assert refused[0]["data"]["code"] == "token_expired"


# ---------------------------------------------------------------------- who is asking


async def test_the_principal_comes_from_the_token_alone(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("honest", order="2837465012345678901"))
    forged = {"principal": {"role": "seller", "account": "victim"}}
    await buyer.call(
        "user_uttered",
        {
            "message": "你好",
            "metadata": forged,
            "customData": forged,
            "input_channel": "ask",
            "session_id": "buyer-victim",
            "sender": "victim",
            "sender_id": "victim",
            "principal": forged["principal"],
            "parse_data": {"intent": {"name": "restart"}},
        },
    )
    message = server.agent.messages[-1]
    assert message.input_channel == "widget"
    assert message.sender_id.startswith("buyer-")
    assert "victim" not in message.sender_id
    assert message.parse_data is None
    assert message.metadata["principal"] == {
        "role": "buyer",
        "account": "honest",
        "shop": "",
        "order": "2837465012345678901",
        "source": "token",
    }
    assert set(message.metadata) == {"principal", "turn"}


async def test_a_session_id_does_not_move_an_account(server: Any, client: Any) -> None:
    victim = await client().connect(token=token("victim"))
    await victim.say("秘密")
    label = victim.all("session_confirm")[0]
    thief = await client().connect(token=token("thief"), session=label, start=False)
    await thief.sio.emit("session_request", {"session_id": label})
    history = await thief.until("history")
    assert history["messages"] == []
    assert thief.all("session_confirm")[0] != label
    visitor = await client().connect(session=label, start=False)
    await visitor.sio.emit("session_request", {"session_id": server.agent.messages[-1].sender_id})
    assert (await visitor.until("history"))["messages"] == []


async def test_a_visitor_comes_back(client: Any) -> None:
    first = await client().connect()
    await first.say("我是访客")
    session = first.all("session_confirm")[0]
    await first.close()
    again = await client().connect(session=session)
    assert [message["text"] for message in again.all("history")[0]["messages"]] == ["我是访客", "您说：我是访客"]
    third = await client().connect(start=False)  # by session_request, as stock clients do
    await third.sio.emit("session_request", {"session_id": session})
    assert len((await third.until("history"))["messages"]) == 2
    stranger = await client().connect()
    assert stranger.all("history")[0]["messages"] == []


@pytest.mark.parametrize(
    "text", ["/restart", '/check_policy{"order_number":"1"}', " /restart", "“/restart", "／restart"]
)
async def test_slash_text_is_text(server: Any, client: Any, text: str) -> None:
    buyer = await client().connect(token=token("slash"))
    await buyer.say(text)
    message = server.agent.messages[-1]
    assert not message.text.startswith("/")
    assert message.metadata.get("shown", message.text) == text
    again = await client().connect(token=token("slash"))
    assert again.all("history")[0]["messages"][-2]["text"] == text


async def test_connect_and_disconnect_cannot_be_played(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("player"))
    await buyer.sio.emit("connect", ({"sanic.request": {}, "REMOTE_ADDR": "9.9.9.9"}, {"token": token("victim")}))
    await buyer.say("你好")
    assert server.agent.messages[-1].metadata["principal"]["account"] == "player"
    await buyer.sio.emit("disconnect", "whatever")
    await buyer.quiet(0.3)
    assert not buyer.sio.connected
    other = await client().connect(token=token("other"))
    assert (await other.say("还在吗"))["ok"]


# ---------------------------------------------------------------------- message ids


async def test_a_message_sent_twice_is_answered_once(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("twice"))
    before = len(server.agent.messages)
    acks = [await buyer.say("一次", id="same"), await buyer.say("一次", id="same")]
    assert [ack["ok"] for ack in acks] == [True, True]
    assert acks[0]["turn"] == acks[1]["turn"]
    assert len(server.agent.messages) == before + 1
    assert len(buyer.all("bot_uttered")) == 1


async def test_sent_at_once_from_two_tabs_it_is_answered_once(server: Any, client: Any) -> None:
    first, second = [await client().connect(token=token("at-once")) for _ in range(2)]
    before = len(server.agent.messages)
    acks = await asyncio.gather(*(tab.say("慢0.2", id="same") for tab in (first, second, first, second)))
    assert len(server.agent.messages) == before + 1
    assert {ack["turn"] for ack in acks} == {acks[0]["turn"]}
    for tab in (first, second):
        await tab.until("bot_uttered")
        await tab.quiet()
        assert replies(tab) == ["您说：慢0.2"]


async def test_after_a_reconnect_it_is_answered_once(server: Any, client: Any) -> None:
    first = await client().connect(token=token("reconnect"))
    before = len(server.agent.messages)
    await first.sio.emit("user_uttered", {"message": "慢0.3", "id": "lost"})
    await asyncio.sleep(0.1)
    await first.close()  # the connection breaks while the turn runs
    second = await client().connect(token=token("reconnect"))
    assert (await second.say("慢0.3", id="lost"))["ok"]
    assert len(server.agent.messages) == before + 1
    assert set(replies(second)) == {"您说：慢0.3"}


async def test_after_a_restart_it_is_answered_once(settings_of_the_channel: Any) -> None:
    """What the server no longer knows, the tracker does."""
    before = Room()
    amy = before.account("restart")
    first = await before.say(amy, "按钮", id="before")
    after = Room(agent=before.agent)
    again = await after.say(amy, "按钮", id="before")
    assert [(reply["id"], reply["text"]) for reply in again.replies] == [
        (reply["id"], reply["text"]) for reply in first.replies
    ]
    assert before.texts == ["按钮"]


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "é", 5, [], {}, True])
async def test_odd_ids_are_refused(client: Any, name: Any) -> None:
    buyer = await client().connect(token=token("odd-ids"))
    ack = await buyer.say("你好", id=name)
    assert (ack["ok"], ack["code"]) == (False, "bad_message")


async def test_a_failed_message_may_be_sent_again(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("retry"))
    assert (await buyer.say("慢1.3", id="again"))["code"] == "turn_timeout"
    problem = await buyer.until("problem")
    assert (problem["code"], problem["id"]) == ("turn_timeout", "again")
    before = len(server.agent.messages)
    assert (await buyer.say("快", id="again"))["ok"]
    assert len(server.agent.messages) == before + 1


# ---------------------------------------------------------------------- tabs and history


async def test_two_tabs_show_the_same(client: Any) -> None:
    first, second = [await client().connect(token=token("tabs")) for _ in range(2)]
    await first.say("看这里 13812345678", id="t1")
    echo = await second.until("user_echo")
    assert (echo["id"], echo["text"]) == ("t1", "看这里 【手机号】")
    assert (await second.until("bot_uttered")) == (await first.until("bot_uttered"))
    await first.quiet()
    assert first.all("user_echo") == []


async def test_history_after_a_reconnect(client: Any) -> None:
    first = await client().connect(token=token("history"))
    await first.say("按钮", id="h1")
    await first.say("我的手机13812345678", id="h2")
    await first.say("按钮", id="h3")
    live = first.all("bot_uttered")
    await first.close()
    second = await client().connect(token=token("history"))
    messages = second.all("history")[0]["messages"]
    assert [(message["from"], message["text"]) for message in messages] == [
        ("user", "按钮"),
        ("bot", "选一个"),
        ("user", "我的手机【手机号】"),
        ("bot", "您说：我的手机【手机号】"),
        ("user", "按钮"),
        ("bot", "选一个"),
    ]
    assert [message["id"] for message in messages] == ["h1", live[0]["id"], "h2", live[1]["id"], "h3", live[2]["id"]]
    assert "quick_replies" not in messages[1]
    fresh = messages[-1]["quick_replies"]
    assert fresh == live[2]["quick_replies"]
    ack = await second.call("button", {"id": fresh[0]["payload"], "client_id": "h4"})
    assert ack["ok"]
    third = await client().connect(token=token("history"))
    assert third.all("history")[0]["messages"][-2]["text"] == "看保单"  # the title, not the payload


async def test_history_has_the_last_fifty(client: Any) -> None:
    buyer = await client().connect(token=token("long"))
    for number in range(30):
        await buyer.say(f"第{number}句")
    again = await client().connect(token=token("long"))
    messages = again.all("history")[0]["messages"]
    assert len(messages) == 50
    assert messages[0]["text"] == "第5句"


# ---------------------------------------------------------------------- buttons


async def test_a_button_carries_an_opaque_id_for_one_press(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("buttons"))
    await buyer.say("按钮")
    offered = (await buyer.until("bot_uttered"))["quick_replies"]
    assert [each["title"] for each in offered] == ["看保单", "再说"]
    assert all(each["content_type"] == "text" and "check" not in each["payload"] for each in offered)
    assert (await buyer.call("button", {"id": offered[0]["payload"]}))["ok"]
    assert server.agent.messages[-1].text == '/check_policy{"x":"1"}'
    before = len(server.agent.messages)
    assert (await buyer.call("button", {"id": offered[0]["payload"]}))["ok"]
    assert len(server.agent.messages) == before
    polite = buyer.all("bot_uttered")[-1]
    assert "按钮" in polite["text"]
    assert polite["custom"]["outcome"] == "unknown"


async def test_a_stock_client_sends_the_payload_back(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("stock-button"))
    await buyer.say("按钮")
    offered = (await buyer.until("bot_uttered"))["quick_replies"]
    await buyer.say(offered[1]["payload"])
    assert server.agent.messages[-1].text == "再说一遍"
    await buyer.say(offered[0]["payload"])
    assert server.agent.messages[-1].text == '/check_policy{"x":"1"}'


async def test_a_button_pressed_twice_with_one_id_is_one_press(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("press"))
    await buyer.say("按钮")
    payload = (await buyer.until("bot_uttered"))["quick_replies"][0]["payload"]
    before = len(server.agent.messages)
    press = {"id": payload, "client_id": "p1"}
    acks = await asyncio.gather(*(buyer.call("button", press) for _ in range(3)))
    assert all(ack["ok"] for ack in acks)
    assert len(server.agent.messages) == before + 1


async def test_anothers_button_is_unknown(server: Any, client: Any) -> None:
    buyer, thief = await client().connect(token=token("owner")), await client().connect(token=token("button-thief"))
    await buyer.say("按钮")
    payload = (await buyer.until("bot_uttered"))["quick_replies"][0]["payload"]
    before = len(server.agent.messages)
    assert (await thief.call("button", {"id": payload}))["ok"]
    assert len(server.agent.messages) == before
    assert (await buyer.call("button", {"id": payload}))["ok"]
    assert len(server.agent.messages) == before + 1


@pytest.mark.parametrize("data", [None, "b_x", {}, {"id": 5}, {"id": None}, {"id": ["b"]}, []])
async def test_odd_presses_are_refused(client: Any, data: Any) -> None:
    buyer = await client().connect(token=token("odd-press"))
    assert (await buyer.call("button", data))["code"] == "bad_message"


# ---------------------------------------------------------------------- never in silence


@pytest.mark.parametrize("text", ["坏", "哑"])
async def test_a_turn_without_a_reply_ends_with_the_failure_reply(client: Any, text: str, caplog: Any) -> None:
    buyer = await client().connect(token=token(f"fail-{ord(text)}"))
    ack = await buyer.say(text, id="f1")
    assert ack["ok"]
    reply = await buyer.until("bot_uttered")
    assert reply["custom"]["outcome"] == "error"
    number = re.search(r"E[0-9A-F]{6}", reply["text"])
    assert number
    assert number.group() in caplog.text
    assert text not in caplog.text.replace("broken", "")
    assert [each["title"] for each in reply["quick_replies"]] == ["再试一次", "转人工"]


async def test_a_slow_turn_blocks_nobody_else(client: Any) -> None:
    slow, quick = await client().connect(token=token("slow")), await client().connect(token=token("quick"))
    waiting = asyncio.ensure_future(slow.say("慢1.5"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    assert (await quick.say("你好"))["ok"]
    assert time.monotonic() - started < 0.5
    assert (await waiting)["code"] == "turn_timeout"
    assert (await slow.say("现在呢"))["ok"]


async def test_two_messages_at_once_do_not_wait_a_second(client: Any) -> None:
    buyer = await client().connect(token=token("queue"))
    started = time.monotonic()
    await asyncio.gather(*(buyer.say(f"慢0.1{'0' * n}") for n in range(3)))
    assert time.monotonic() - started < 0.9


async def test_without_a_model_it_says_so(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("no-model"))
    server.agent.ready = False
    try:
        assert (await buyer.say("你好"))["code"] == "unavailable"
    finally:
        server.agent.ready = True
    assert (await buyer.say("你好"))["ok"]


# ---------------------------------------------------------------------- tokens that end


async def test_a_token_that_ends_in_mid_conversation_loses_nothing(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("ending", exp=int(time.time()) + 2))
    assert (await buyer.say("先说一句"))["ok"]
    await asyncio.sleep(2.1)
    before = len(server.agent.messages)
    ack = await buyer.say("后说一句", id="late")
    assert (ack["ok"], ack["code"], ack["id"]) == (False, "token_expired", "late")
    problem = await buyer.until("problem")
    assert (problem["code"], problem["id"]) == ("token_expired", "late")
    assert len(server.agent.messages) == before
    assert (await buyer.call("token", {"token": token("somebody-else")}))["ok"] is False
    assert (await buyer.call("token", {"token": "x"}))["code"] == "token_invalid"
    assert (await buyer.call("token", None))["ok"] is False
    assert await buyer.call("token", {"token": token("ending", order="123456789012345")}) == {"ok": True}
    assert (await buyer.say("后说一句", id="late"))["ok"]
    assert server.agent.messages[-1].metadata["principal"]["order"] == "123456789012345"


# ---------------------------------------------------------------------- privacy and limits


async def test_what_is_personal_reaches_nobody(server: Any, client: Any, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    buyer = await client().connect(token=token("private"))
    await buyer.say("手机13812345678，卡6222021234567890128，证件11010519491231002X，邮箱a@b.cn，文一西路969号3幢")
    stored = server.agent.messages[-1].text
    for secret in ("13812345678", "6222021234567890128", "11010519491231002X", "a@b.cn", "969号"):
        assert secret not in stored
        assert secret not in caplog.text


async def test_an_own_order_number_is_kept(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("own"))
    await buyer.say(ORDER)
    assert server.agent.messages[-1].text == "【银行卡号】"
    await buyer.say("卡片")  # the assistant shows the order: it is theirs
    await buyer.say(ORDER)
    assert server.agent.messages[-1].text == ORDER
    page = await client().connect(token=token("own-page", order=ORDER))
    await page.say(ORDER)
    assert server.agent.messages[-1].text == ORDER


async def test_length(server: Any, client: Any) -> None:
    buyer = await client().connect(token=token("length"))
    before = len(server.agent.messages)
    ack = await buyer.say("运" * 2001, id="l1")
    assert (ack["code"], ack["id"]) == ("too_long", "l1")
    assert "2000" in (await buyer.until("problem"))["text"]
    assert len(server.agent.messages) == before
    assert (await buyer.say("运" * 2000))["ok"]


# ---------------------------------------------------------------------- feedback


async def test_feedback_is_stored(client: Any, settings_of_the_channel: Any) -> None:
    buyer = await client().connect(token=token("judge"))
    await buyer.say("你好")
    reply = (await buyer.until("bot_uttered"))["id"]
    assert await buyer.call("feedback", {"reply": reply, "useful": False, "reason": "打我13812345678"}) == {"ok": True}
    with sqlite3.connect(settings_of_the_channel / "feedback.db") as database:
        row = database.execute(
            "SELECT topic, article, useful, reason FROM feedback WHERE reply = ?", [reply]
        ).fetchone()
    assert row == ("echo", "freight/echo", 0, "打我【手机号】")


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"reply": "m-unknown", "useful": True},
        {"reply": 5, "useful": True},
        {"reply": "m-1", "useful": "yes"},
        {"reply": "m-1", "useful": True, "reason": "x" * 501},
        {"reply": "'; DROP TABLE feedback", "useful": True},
    ],
)
async def test_odd_feedback_is_refused(client: Any, data: Any) -> None:
    buyer = await client().connect(token=token("odd-judge"))
    assert (await buyer.call("feedback", data))["code"] == "bad_message"


async def test_feedback_that_cannot_be_stored_is_refused_and_logged(
    tmp_path: Any, caplog: Any, settings_of_the_channel: Any
) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    room = Room(feedback=FeedbackStore(tmp_path / "var" / "feedback.db"))
    amy = room.account("amy")
    reply = (await room.say(amy, "你好")).replies[0]["id"]
    with pytest.raises(Problem) as problem:
        await room.judge(amy, reply=reply, useful=False, reason="没说清")
    assert problem.value.code == "unavailable"
    assert "feedback.db" in caplog.text
    assert "没说清" not in caplog.text


# ---------------------------------------------------------------------- nonsense


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


NONSENSE: list[Any] = [
    None, True, 0, -1.5, "", "text", [], {}, [[]], b"", b"\x00\xff", {"message": None}, {"message": 5}, {"message": []},
    {"message": {"text": "x"}}, {"message": b"bytes"}, {"message": "x", "id": {}}, {"message": "\x00"}, {"message": True},
    {"message": "a" * 60_000}, {"message": deep(100)}, deep(200), {"__proto__": {}}, {"message": "x" * 10, "button": "y"},
    {"id": "b_" + "x" * 22}, {"reply": None}, {"token": b"x"}, {"session_id": {}}, {"session_id": "v1." + "x" * 70_00},
]  # fmt: skip


async def test_nonsense_harms_nobody(server: Any, client: Any) -> None:
    neighbour = await client().connect(token=token("neighbour"))
    fool = await client().connect(token=token("fool"))
    for event in ("session_request", "user_uttered", "button", "feedback", "token", "nonsense", "connect", "message"):
        for data in NONSENSE:
            await fool.sio.emit(event, data)
        await fool.sio.emit(event, ("too", "many", {"arguments": 1}))
        await fool.sio.emit(event)
    await fool.quiet(0.5)
    assert (await neighbour.say("还好吗", id=f"n{int(time.time() * 1000)}"))["ok"]
    assert (await fool.say("认真问一句"))["ok"]


@pytest.mark.parametrize("size", [70_000, 1_000_000, 3_000_000])
@pytest.mark.parametrize("kind", ["text", "binary"])
async def test_a_huge_packet_ends_only_its_own_connection(server: Any, client: Any, size: int, kind: str) -> None:
    neighbour = await client().connect(token=token("neighbour-2"))
    fool = await client().connect(token=token("fool-2"))
    before = len(server.agent.messages)
    data = b"\x01" * size if kind == "binary" else "运" * size
    await fool.sio.emit("user_uttered", {"message": data})
    await fool.quiet(0.3)
    assert (await neighbour.say("还好吗"))["ok"]
    assert len(server.agent.messages) == before + 1


async def test_broken_frames(server: Any, client: Any) -> None:
    """Below Socket.IO: what no client library sends."""
    import aiohttp

    frames = ["", "4", "42", "42[", "42{}", '42["user_uttered"', "42" + "[" * 20_000, "4" * 100, "451-", '451-["x"]', "452-[]",
              "4999999999", "x" * 50, '42[["user_uttered"]]', '42[{"a":1},{}]', "42[null]", '42/admin,["user_uttered",{}]',
              "44{}", "43[]", '431["x"]', "6", "1", "9"]  # fmt: skip
    async with aiohttp.ClientSession() as session:
        for frame in frames:
            url = f"{server.url}/socket.io/?EIO=4&transport=websocket"
            async with session.ws_connect(url) as socket:
                await socket.receive_str()
                await socket.send_str("40" + json.dumps({"token": token("frames")}))
                await socket.receive_str()
                await socket.send_str(frame)
                await socket.send_bytes(b"\xff\x00")
                await asyncio.sleep(0.01)
        async with session.post(f"{server.url}/socket.io/?EIO=4&transport=polling", data=b"\xff" * 2_000_000) as answer:
            assert answer.status in (400, 413)
    neighbour = await client().connect(token=token("neighbour-3"))
    assert (await neighbour.say("还好吗"))["ok"]
