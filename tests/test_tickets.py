"""`xiaoer tickets`: what staff see in the terminal, and what their words do."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.policydb import admin, session, tables
from actions.policydb.facts import Author, TicketFacts
from actions.policydb.queries import queue
from actions.policydb.writes import tickets
from actions.policydb.writes.tickets import Line, Opening
from bot.command.cli import main
from bot.staff import tickets as terminal
from xiaoer.clock import now
from xiaoer.principal import VISITOR, Principal, Role, Source

BUYER = Principal(Role.BUYER, "demo", source=Source.TOKEN)
ORDER = "6123456789012345675"  # passes as a bank card; known here as the ticket's order


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A policy database of this test's own, and somebody at the terminal."""
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/policy.db")
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    admin.upgrade()
    admin.seed()
    yield
    session.dispose()


def opened(conversation: str = "c1", principal: Principal = BUYER, minutes: int = 0, **more: Any) -> str:
    """A ticket opened so many minutes ago; its number."""
    at = now() - timedelta(minutes=minutes)
    with session.writing() as writing:
        made, new = tickets.open_ticket(writing, Opening(conversation, principal, at, **more))
    assert new
    return made.number


def stored(number: str) -> TicketFacts:
    with session.reading() as reading:
        return queue.ticket(reading, number)


@pytest.fixture
def xiaoer(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["tickets", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_no_ticket_is_said(xiaoer: Any) -> None:
    assert xiaoer("list")[:2] == (0, "没有等待处理的工单。\n")
    assert xiaoer("list", "--all")[:2] == (0, "没有工单。\n")
    assert json.loads(xiaoer("list", "--json")[1]) == []


def test_the_list_is_the_queue_in_columns_that_line_up(xiaoer: Any) -> None:
    young = opened("c1", VISITOR, 5, reason="unknown_twice")
    asked = Line(Author.ASKER, "为什么\n没赔" + "啊" * 40, now())
    old = opened(
        "c2", BUYER, 130, topic="payout_time", product="return_care", order_number=ORDER, last_error="E0A1B2C",
        reason="after_error", lines=(asked,),
    )  # fmt: skip
    code, out, _ = xiaoer("list")
    assert code == 0
    head, first, second = out.splitlines()
    for part in (
        old,
        "等了 2 小时",
        "买家 demo",
        "退货宝",
        f"尾号{ORDER[-4:]}",
        "出错之后 E0A1B2C",
        "买家：为什么 没赔啊",
    ):
        assert part in first
    for part in (young, "等了 5 分钟", "访客", "连续两次没答上来"):
        assert part in second
    assert ORDER not in out

    def starts(line: str, part: str) -> int:
        before = line[: line.index(part)]
        return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in before)

    for title, one, other in (("状态", "等了", "等了"), ("谁", "买家", "访客"), ("原因", "出错", "连续")):
        assert starts(head, title) == starts(first, one) == starts(second, other)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], "等了 20 分钟"),
        ([(Author.ASKER, 10)], "等了 20 分钟"),
        ([(Author.STAFF, 10)], "10 分钟前已回复"),
        ([(Author.ASKER, 15), (Author.STAFF, 10), (Author.ASKER, 8), (Author.ASKER, 3)], "等了 8 分钟"),
        ([(Author.STAFF, 10), (Author.ASKER, 8), (Author.STAFF, 0)], "0 分钟前已回复"),
    ],
)
def test_who_waits_for_whom(said: list[tuple[Author, int]], state: str) -> None:
    number = opened(minutes=20)
    at = now()
    for author, minutes in said:
        with session.writing() as writing:
            if author is Author.STAFF:
                tickets.reply(writing, number, "在", "staff:x", at - timedelta(minutes=minutes))
            else:
                assert tickets.say(writing, number, "c1", "在吗", at - timedelta(minutes=minutes))
    assert terminal.state(stored(number), at + timedelta(seconds=1)) == state


def test_staffs_words_from_an_earlier_ticket_are_no_answer() -> None:
    earlier = Line(Author.STAFF, "上次的", now() - timedelta(minutes=60))
    assert terminal.state(stored(opened(minutes=7, lines=(earlier,))), now()) == "等了 7 分钟"


@pytest.mark.parametrize("closed", [False, True])
def test_the_list_needs_few_messages_to_say_the_same(closed: bool) -> None:
    """However long a ticket is; one of every order of turns."""
    asker, staff = Author.ASKER, Author.STAFF
    at = now()
    old = tuple(Line(author, "旧", at - timedelta(hours=2)) for author in (asker, staff, Author.BOT))
    for place, turns in enumerate(
        ((), (asker,), (staff,), (asker, staff), (staff, asker), (staff, staff, asker, asker))
    ):
        number = opened(f"c{place}", minutes=60, lines=old)
        with session.writing() as writing:
            for minute, author in enumerate(turns * 9):
                moment = at - timedelta(minutes=58 - minute)
                if author is staff:
                    tickets.reply(writing, number, f"答{minute}", "staff:x", moment)
                else:
                    assert tickets.say(writing, number, f"c{place}", f"问{minute}", moment)
            if closed:
                tickets.close(writing, number, "完", "staff:x", at)
    with session.reading() as reading:
        listed = queue.listing(reading, closed=True)
    assert len(listed) == 6
    for ticket in listed:
        assert len(ticket.messages) <= 3
        assert terminal._row(ticket, at) == terminal._row(stored(ticket.number), at)


def test_a_long_queue_is_listed_in_part_and_said(xiaoer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (opened(f"c{minutes}", minutes=minutes) for minutes in (30, 20, 10))
    listing = queue.listing
    monkeypatch.setattr(queue, "listing", lambda *args, **more: listing(*args, **more, limit=2))
    for options in ((), ("--all",), ("--json",)):
        _, out, err = xiaoer("list", *options)
        assert first in out
        assert second in out
        assert third not in out
        assert "还有 1 张" in err
    xiaoer("close", first)
    assert xiaoer("list")[2] == ""
    assert third in xiaoer("list")[1]


def test_show_has_the_whole_case(xiaoer: Any) -> None:
    lines = (Line(Author.ASKER, "为什么没赔", now()), Line(Author.BOT, "**已拒赔**\n\n单号错误", now()))
    number = opened(topic="check_claim", order_number=ORDER, state={"product": "freight"}, lines=lines)
    assert xiaoer("reply", number, "我来看")[0] == 0
    code, out, _ = xiaoer("show", number.lower())
    assert code == 0
    for part in (number, "排第 1", "买家 demo", ORDER, "product=freight"):
        assert part in out
    page = out.splitlines()
    asker = next(place for place, line in enumerate(page) if line.endswith("买家：为什么没赔"))
    assert page[asker + 1].endswith("险小二：**已拒赔**")
    assert page[asker + 2] == "    单号错误"
    assert page[asker + 3].endswith("客服（未送达）：我来看")
    with session.writing() as writing:
        tickets.mark_delivered(writing, [stored(number).messages[-1].id], now())
    assert "未送达" not in xiaoer("show", number)[1]


def test_as_json(xiaoer: Any) -> None:
    number = opened(topic="check_claim", product="freight", state={"current_order": ORDER}, reason="asked")
    xiaoer("reply", number, "好")
    (listed,) = json.loads(xiaoer("list", "--json")[1])
    shown = json.loads(xiaoer("show", number, "--json")[1])
    assert {name: shown[name] for name in listed} == listed
    assert (listed["number"], listed["position"], listed["account"], listed["order_number"]) == (
        number,
        1,
        "demo",
        None,
    )
    assert listed["opened_at"].endswith("+08:00")
    assert shown["slots"] == {"current_order": ORDER}
    (message,) = shown["messages"]
    assert (message["author"], message["text"], message["delivered_at"]) == ("staff", "好", None)


def test_a_reply_is_masked_written_and_in_the_journal_without_its_text(xiaoer: Any) -> None:
    number = opened(order_number=ORDER)
    code, out, _ = xiaoer("reply", number, f"{ORDER}", "请打", "13812345678")
    assert (code, out) == (0, f"已回复 {number}：{ORDER} 请打 【手机号】\n")
    assert stored(number).messages[-1].text == f"{ORDER} 请打 【手机号】"
    with session.reading() as reading:
        line = reading.execute(select(tables.Audit).where(tables.Audit.action == "ticket_reply")).scalar_one()
    assert (line.principal, line.receipt, line.conversation) == ("staff:ann", number, "c1")
    assert "请打" not in repr(vars(line))


def test_closing(xiaoer: Any) -> None:
    number, other = opened("c1", minutes=10), opened("c2", minutes=5)
    assert xiaoer("close", number)[0] == 0
    ticket = stored(number)
    assert ticket.closed_at is not None
    assert ticket.messages[-1].author is Author.SYSTEM
    assert number in ticket.messages[-1].text
    assert number not in xiaoer("list")[1]
    _, first, second = xiaoer("list", "--all")[1].splitlines()
    assert other in first
    assert number in second
    assert "已结束" in second
    with session.reading() as reading:
        line = reading.execute(select(tables.Audit).where(tables.Audit.action == "ticket_close")).scalar_one()
    assert (line.principal, line.receipt) == ("staff:ann", number)


@pytest.mark.parametrize("act", [("reply", "在吗"), ("close",)], ids=["reply", "close"])
def test_what_cannot_be_done_is_said(xiaoer: Any, act: tuple[str, ...]) -> None:
    number = opened()
    what, *text = act
    code, out, err = xiaoer(what, "T-NONE", *text)
    assert (code, out) == (1, "")
    assert "没有工单 T-NONE" in err
    xiaoer("close", number)
    before = stored(number)
    code, out, err = xiaoer(what, number, *text)
    assert (code, out) == (1, "")
    assert f"{number} 已经结束" in err
    assert stored(number) == before


def test_showing_none_is_said(xiaoer: Any) -> None:
    assert "没有工单 T-NONE" in xiaoer("show", "T-NONE")[2]


@pytest.mark.parametrize(("text", "code"), [(" ", 1), ("好" * 1001, 1), ("好" * 1000, 0)])
def test_a_reply_has_its_length(xiaoer: Any, text: str, code: int) -> None:
    number = opened()
    assert xiaoer("reply", number, text)[0] == code
    assert len(stored(number).messages) == 1 - code


def test_a_reply_needs_a_text(xiaoer: Any) -> None:
    with pytest.raises(SystemExit) as wrong:
        xiaoer("reply", "T-NONE")
    assert wrong.value.code == 2


def test_whoever_has_no_name_is_in_the_journal_by_number(xiaoer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    xiaoer("reply", opened(), "好")
    with session.reading() as reading:
        line = reading.execute(select(tables.Audit).where(tables.Audit.action == "ticket_reply")).scalar_one()
    assert line.principal == "staff:1234"


def test_a_broken_article_does_not_hide_the_tickets(
    xiaoer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    number = opened(topic="payout_time")
    monkeypatch.setenv("XIAOER_KNOWLEDGE", str(tmp_path / "none"))
    code, out, _ = xiaoer("list")
    assert code == 0
    assert number in out


def test_without_a_database_the_remedy_is_named(xiaoer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    code, _, err = xiaoer("list")
    assert code == 1
    assert "xiaoer db upgrade" in err
