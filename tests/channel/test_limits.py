"""Limits, origins, text, log lines: the small parts on their own."""

from __future__ import annotations

import json
import logging
import sys
import threading

import pytest

from bot.channel.guard.limits import Allowed, Limits, SweptMemory
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import KINDS, Problem
from bot.channel.observe import JsonLines, current_turn
from xiaoer.errors import SettingError
from xiaoer.plain import as_text, plain


@pytest.fixture
def limits() -> Limits:
    return Limits(Allowed(length=10, body=1024, asker=3, address=5, connections=2, turn=1.0), "memory://")


def code(call, *arguments: str) -> str:
    with pytest.raises(Problem) as refused:
        call(*arguments)
    assert str(refused.value)
    assert "{" not in refused.value.text
    return refused.value.code


def test_messages_an_asker(limits: Limits) -> None:
    for _ in range(3):
        limits.message("amy", "1.1.1.1")
    assert code(limits.message, "amy", "2.2.2.2") == "too_many_messages"
    limits.message("bob", "2.2.2.2")


def test_messages_an_address(limits: Limits) -> None:
    for asker in "abcde":
        limits.message(asker, "1.1.1.1")
    assert code(limits.message, "f", "1.1.1.1") == "too_many_messages"
    limits.message("f", "2.2.2.2")


def test_when_to_come_back(limits: Limits) -> None:
    for _ in range(3):
        limits.message("amy", "1.1.1.1")
    with pytest.raises(Problem) as refused:
        limits.message("amy", "1.1.1.1")
    assert 1 <= int(str(refused.value.retry_after)) <= 60


def test_what_is_over_is_forgotten_without_a_thread_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SweptMemory()
    storage.timer.join()
    begun = threading.active_count()
    monkeypatch.setattr(storage, "EVERY", 3600)
    assert [storage.incr("amy", 60), storage.incr("amy", 60), storage.incr("bob", 0), storage.incr("bob", 0)] == [
        1,
        2,
        1,
        1,
    ]
    assert set(storage.storage) == {"amy", "bob"}
    monkeypatch.setattr(storage, "EVERY", 0)
    assert storage.incr("eve", 60, amount=2) == 2
    assert set(storage.storage) == set(storage.expirations) == {"amy", "eve"}
    assert storage.incr("amy", 60) == 3
    assert threading.active_count() == begun


def test_the_channel_s_memory_is_that_one(limits: Limits) -> None:
    assert isinstance(limits._storage, SweptMemory)


def test_connections_an_address(limits: Limits) -> None:
    limits.connect("1.1.1.1", "a")
    limits.connect("1.1.1.1", "b")
    assert code(limits.connect, "1.1.1.1", "c") == "too_many_connections"
    limits.connect("2.2.2.2", "c")
    limits.disconnect("1.1.1.1", "a")
    limits.disconnect("1.1.1.1", "a")
    limits.connect("1.1.1.1", "d")
    for address, connection in [("1.1.1.1", "b"), ("1.1.1.1", "d"), ("2.2.2.2", "c")]:
        limits.disconnect(address, connection)
    assert not limits._open


def test_length(limits: Limits) -> None:
    limits.text("运" * 10)
    assert code(limits.text, "运" * 11) == "too_long"


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "٣"])
def test_limits_that_make_no_sense(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("XIAOER_MESSAGES_A_MINUTE", value)
    with pytest.raises(SettingError, match="XIAOER_MESSAGES_A_MINUTE"):
        Allowed.from_settings()


def test_an_unknown_storage() -> None:
    with pytest.raises(SettingError, match="XIAOER_LIMITS_STORAGE"):
        Limits(Allowed(10, 1024, 3, 5, 2, 1.0), "nonsense://")


def test_every_problem_has_a_chinese_sentence() -> None:
    for name in KINDS:
        problem = Problem(name, most=1, seconds=2)
        assert any("一" <= character <= "鿿" for character in problem.text)
        assert problem.as_dict() == {"code": name, "text": problem.text}


# ---------------------------------------------------------------------- origins


@pytest.mark.parametrize(
    ("allowed", "origin", "host", "result"),
    [
        ("*", "https://evil.example", "bot.example", True),
        ("https://shop.example", "https://shop.example", "bot.example", True),
        ("https://shop.example/", "https://shop.example", "bot.example", True),
        ("https://shop.example, https://b.example", "https://b.example", "bot.example", True),
        ("https://shop.example", "https://evil.example", "bot.example", False),
        ("https://shop.example", "https://shop.example.evil.example", "bot.example", False),
        ("https://shop.example", "http://shop.example", "bot.example", False),
        ("https://shop.example", "null", "bot.example", False),
        ("https://shop.example", "https://bot.example", "bot.example", True),
        ("https://shop.example", None, "bot.example", True),
    ],
)
def test_origins(allowed: str, origin: str | None, host: str, result: bool) -> None:
    assert Origins(allowed).allows(origin, host) is result


@pytest.mark.parametrize("value", ["shop.example", "https://*.example", "ftp://x", "https://a/b"])
def test_origins_that_make_no_sense(value: str) -> None:
    with pytest.raises(SettingError, match="XIAOER_ORIGINS"):
        Origins(value)


# ---------------------------------------------------------------------- text

COMMAND = '/check_policy{"order_number":"1"}'


@pytest.mark.parametrize(
    "text",
    [
        COMMAND,
        f" {COMMAND}",
        f"\n\t{COMMAND}",
        f"\u200b{COMMAND}",
        f"\ufeff{COMMAND}",
        f"“{COMMAND}",
        f'"{COMMAND}',
        f"「」{COMMAND}",
        f"😀{COMMAND}",
        "／restart",
        "\u3000／restart",
        "/restart",
        "//restart",
        "/",
        "\x07/restart",
    ],
)
def test_no_text_becomes_a_command(text: str) -> None:
    from rasa.core.channels.channel import UserMessage

    from bot.understanding.names import NameCorrector
    from bot.understanding.normaliser import Normaliser

    arrived = str(UserMessage(as_text(plain(text))).text)
    assert not arrived.startswith("/")
    understood, _, _ = Normaliser(NameCorrector([]))._normalise(arrived)  # what Rasa looks for a slash in once more
    assert not understood.strip().startswith("/")


def test_other_text_stays_as_it_is() -> None:
    for text in ("运费险怎么赔", "3/5 到账", "", "  你好 "):
        assert as_text(plain(text)) == text


def test_what_no_store_can_hold_is_left_out() -> None:
    assert plain("a\x00b\ud800c") == "abc"


# ---------------------------------------------------------------------- log lines


def test_a_log_line() -> None:
    token = current_turn.set("t-1")
    try:
        raise ValueError("phone 13812345678")
    except ValueError:
        record = logging.makeLogRecord(
            {"name": "x", "msg": "call %s", "args": ("13812345678",), "exc_info": sys.exc_info(), "topics": ["a"]}
        )
        line = JsonLines().format(record)
    finally:
        current_turn.reset(token)
    data = json.loads(line)
    assert (data["turn"], data["topics"], data["text"]) == ("t-1", ["a"], "call 【手机号】")
    assert "13812345678" not in line
    assert "ValueError" in data["exception"]
