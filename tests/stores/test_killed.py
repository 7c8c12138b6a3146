"""What was said and done outlives the server, whatever ends it: the processes of `make chat`, one of them killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.command import serve

pytestmark = pytest.mark.model


@dataclass
class Speaker:
    """Somebody who talks over HTTP, across servers."""

    url: str
    who: str
    sent: int = 0

    def says(self, text: str, *, id: str = "") -> str:
        """The replies, as one text."""
        self.sent += 1
        token = requests.get(f"{self.url}/demo/token", params={"as": self.who}, timeout=10).json()["token"]
        answer = requests.post(
            f"{self.url}/webhooks/widget/messages",
            json={"message": text, "id": id or f"message-{self.sent}"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return "\n".join(reply["text"] for reply in answer.json()["replies"])


class Servers:
    """Action server and Rasa on a folder of their own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.services: list[serve.Service] = []

    def start(self) -> None:
        """As `make chat`: the database first looked after, each time."""
        serve.database()
        self.services = [serve.action_server(), serve.rasa_server(self.port)]
        serve.wait_for("Rasa and the action server", lambda: serve.ready(self.port), *self.services)

    def kill(self) -> None:
        """kill -9 for Rasa, in whatever it is doing."""
        actions, rasa = self.services
        os.kill(rasa.process.pid, signal.SIGKILL)
        rasa.process.wait()
        actions.stop()

    def stop(self) -> None:
        for service in self.services:
            service.stop()


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, action_port = one.getsockname()[1], other.getsockname()[1]
    for name in os.environ:
        if name.startswith("XIAOER_"):  # the defaults, as somebody gets them who sets nothing
            monkeypatch.delenv(name)
    monkeypatch.delenv("POLICY_DATABASE_URL")
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("ACTION_PORT", str(action_port))
    running = Servers(port)
    yield running
    running.stop()
    from actions.policydb import session

    session.dispose()


def test_a_conversation_goes_on_where_it_was_when_its_server_was_killed(servers: Servers, tmp_path: Path) -> None:
    servers.start()
    opening, closing, waiting = (Speaker(servers.url, who) for who in ("seller:demo", "seller:other", "buyer:new"))
    assert "请核对" in opening.says("帮我开通退货宝")  # the form is open
    assert "请核对" in closing.says("帮我关闭退货宝")
    done = closing.says("确认", id="confirmed")
    receipt = _found(r"XR-\w+", done)
    ticket = _found(r"T-\w+", waiting.says("转人工"))
    servers.kill()

    servers.start()
    assert "已开通「退货宝」" in opening.says("确认")
    assert closing.says("确认", id="confirmed") == done  # the same message, sent again
    again = closing.says("确认")
    assert receipt in again
    assert "没有再办一次" in again
    assert waiting.says("还在吗") == ""  # a person has it still
    assert ticket in waiting.says("返回机器人")
    for file in (tmp_path / "var").glob("conversations.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def _found(pattern: str, text: str) -> Any:
    found = re.search(pattern, text)
    assert found, text
    return found.group()
