"""The real server (`rasa run` with the trained model and the action server), as a browser meets it; then its disk."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.command.serve import environment
from xiaoer.settings import ROOT

pytestmark = pytest.mark.model

START_SECONDS = 180
PERSONAL = {
    "phone": "13912345679",
    "grouped phone": "139 1234 5679",
    "card": "6222021234567890128",
    "identity": "11010519491231002X",
    "e-mail": "zhang.san@example.com",
    "address": "文一西路969号",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    url: str
    folder: Path
    stop: Callable[[], None]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, policy_database: Path) -> Iterator[Running]:
    """Rasa with a tracker store on disk and its log at DEBUG: what is written nowhere even then, is written nowhere."""
    from bot.engine.training.models import model_or_raise

    folder = tmp_path_factory.mktemp("server")
    port, action_port = free_port(), free_port()
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(
        f"nlg: {{type: bot.answers.generator.Answers}}\n"
        f"action_endpoint: {{url: 'http://127.0.0.1:{action_port}/webhook'}}\n"
        f"tracker_store: {{type: SQL, dialect: sqlite, db: {folder / 'tracker.db'}}}\n"
    )
    # Whatever the other tests of this package have set: the defaults, as an operator gets them.
    settings = {name: "" for name in os.environ if name.startswith("XIAOER_")}
    settings |= {"XIAOER_DEMO": "1", "XIAOER_VAR": str(folder), "PYTHONIOENCODING": "utf-8"}
    rasa = ["rasa", "run", "--model", str(model_or_raise()), "--endpoints", str(endpoints), "--port", str(port),
            "-i", "127.0.0.1", "--debug"]  # fmt: skip
    processes = [
        _start(["rasa_sdk", "--actions", "actions", "--port", str(action_port)], folder / "actions.log", settings),
        _start(rasa, folder / "rasa.log", settings),
    ]
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, processes, folder)
        yield Running(url, folder, lambda: _stop(processes))
    finally:
        _stop(processes)


def _start(arguments: list[str], log: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=environment(**settings), stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def _wait(url: str, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        log = (folder / "rasa.log").read_text(errors="replace")[-3000:]
        assert all(process.poll() is None for process in processes), log
        assert time.monotonic() < deadline, log
        try:
            if requests.get(f"{url}/ready", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.5)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def demo_token(running: Running, who: str, **more: str) -> str:
    answer = requests.get(f"{running.url}/demo/token", params={"as": who, **more}, timeout=5)
    return str(answer.json()["token"])


def demo_orders(running: Running) -> list[Any]:
    answer = requests.get(f"{running.url}/demo/orders", params={"as": "buyer:demo"}, timeout=5)
    return list(answer.json())


def post(running: Running, body: Any) -> None:
    requests.post(f"{running.url}/webhooks/widget/messages", json=body, timeout=15).raise_for_status()


async def test_a_buyer_asks_about_an_order(running: Running) -> None:
    from tests.channel.conftest import Client

    number = demo_orders(running)[0]["order"]
    buyer = await Client(running.url).connect(token=demo_token(running, "buyer:demo", order=number))
    ack = await buyer.say("我这单有运费险吗", id="first")
    assert ack["ok"]
    reply = buyer.all("bot_uttered")[0]
    assert reply["custom"]["outcome"] == "task"
    assert reply["custom"]["card"]["order_number"] == number
    assert "/check" not in json.dumps(reply)
    pressed = await buyer.call("button", {"id": reply["quick_replies"][0]["payload"], "client_id": "second"})
    assert pressed["ok"]
    assert len(buyer.all("bot_uttered")) == 2
    twice = await buyer.call("button", {"id": reply["quick_replies"][0]["payload"], "client_id": "third"})
    assert twice["ok"]
    assert "已经点过" in buyer.all("bot_uttered")[2]["text"]
    await buyer.close()
    again = await Client(running.url).connect(token=demo_token(running, "buyer:demo"))
    messages = again.all("history")[0]["messages"]
    assert [message["from"] for message in messages[-4:]] == ["user", "bot", "user", "bot"]
    assert [message["id"] for message in messages[-4:-2]] == ["first", reply["id"]]
    assert messages[-2]["text"] == reply["quick_replies"][0]["title"]
    thief = await Client(running.url).connect(token=demo_token(running, "buyer:new"))
    await thief.say(f"订单{number}有运费险吗")
    assert "没有在您名下查到" in thief.all("bot_uttered")[0]["text"]
    for each in (again, thief):
        await each.close()


async def test_knowledge_and_slash_text_for_a_visitor(running: Running) -> None:
    from tests.channel.conftest import Client

    visitor = await Client(running.url).connect()
    assert (await visitor.say("运费险多久到账"))["ok"]
    answer = visitor.all("bot_uttered")[0]
    assert answer["custom"]["outcome"] == "answered"
    assert answer["custom"]["sources"]
    for text in ("/restart", '“/check_policy{"order_number":"1"}', "／restart", ""):
        ack = await visitor.say(text)
        assert ack["ok"], ack
        assert visitor.all("bot_uttered")[-1]["custom"]["outcome"] not in ("error", "task", "sign_in")
    await visitor.close()
    messages = await _history(running, visitor)
    assert len(messages) == 10  # nothing was restarted
    assert [message["text"] for message in messages[2::2]] == [
        "/restart",
        '“/check_policy{"order_number":"1"}',
        "／restart",
        "",
    ]


async def _history(running: Running, visitor: Any) -> list[Any]:
    from tests.channel.conftest import Client

    again = await Client(running.url).connect(session=visitor.all("session_confirm")[0])
    await again.close()
    return list(again.all("history")[0]["messages"])


async def test_nothing_personal_is_on_the_disk(running: Running) -> None:
    """Last: it stops the server, so that everything is written."""
    from tests.channel.conftest import Client

    buyer = await Client(running.url).connect(token=demo_token(running, "buyer:new"))
    for name, value in PERSONAL.items():
        assert (await buyer.say(f"我想问运费险，这是我的{name}：{value}"))["ok"]
        reply = buyer.all("bot_uttered")[-1]["id"]
        assert (await buyer.call("feedback", {"reply": reply, "useful": True, "reason": f"{name} {value}"}))["ok"]
    await buyer.close()
    body = {"message": f"手机 {PERSONAL['phone']}"}
    post(running, body)
    running.stop()
    written = {path: path.read_bytes() for path in running.folder.rglob("*") if path.is_file()}
    assert {"tracker.db", "feedback.db", "unanswered.db", "rasa.log", "actions.log"} <= {path.name for path in written}
    for path, content in written.items():
        for name, value in PERSONAL.items():
            for form in (value, json.dumps(value)[1:-1], json.dumps(value).replace("\\", "\\\\")[1:-1]):
                assert form.encode() not in content, f"{name} is in {path.name}"
    with sqlite3.connect(running.folder / "tracker.db") as database:
        texts = [json.loads(data).get("text") for (data,) in database.execute("SELECT data FROM events")]
    assert "手机 【手机号】" in texts  # the scan looked where the messages are


def test_the_log_has_one_id_a_turn(running: Running) -> None:
    running.stop()
    lines = [
        line for line in (running.folder / "rasa.log").read_text(errors="replace").splitlines() if '"turn"' in line
    ]
    turns = [json.loads(line) for line in lines]
    noted = [line for line in turns if line["text"] == "turn"]
    assert noted
    assert all({"turn", "role", "outcome", "conversation"} <= set(line) for line in noted)
    assert len({line["turn"] for line in noted}) == len(noted)
    for account in ("buyer:demo", "eyJ"):  # no account, no token
        assert account not in "\n".join(lines)
