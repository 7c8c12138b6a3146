"""Handing over to a person: what the ticket holds, the queue and the hours, and the silence until it is closed."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.asking.base import Ask
from actions.desk import staffing
from actions.desk.staffing import Hours
from actions.policydb import tables
from actions.policydb.demo.data import NUMBERS
from actions.policydb.facts import Author, TicketFacts
from actions.policydb.queries import queue
from actions.policydb.queries.queue import NoTicket
from actions.policydb.session import reading, writing
from actions.policydb.writes import audit, tickets
from actions.policydb.writes.tickets import Line, Opening, TicketClosed
from actions.tasks import handoff
from actions.tasks.handoff import HandOff, PassOn, wants_back
from bot.understanding.normaliser import tidy
from xiaoer.asked import SLOT, Asked
from xiaoer.clock import SHANGHAI, now
from xiaoer.errors import DeskError, SettingError
from xiaoer.principal import VISITOR, Principal, Role, Source

CARD_LIKE = "6123456789012345675"  # an order number that passes as a bank card
BUYER = Principal(Role.BUYER, "demo", source=Source.TOKEN)
PRINCIPALS = [BUYER, Principal(Role.SELLER, "demo", shop="demo-shop", source=Source.TOKEN), VISITOR]


class Talk:
    """One conversation's tracker, as the action server gets it."""

    def __init__(self, principal: Principal = BUYER, conversation: str = "buyer-1") -> None:
        self.principal, self.conversation = principal, conversation
        self.events: list[dict[str, Any]] = []
        self.slots: dict[str, Any] = {}
        self.loop: dict[str, Any] = {}

    def asked(self, text: str, *, shown: str = "", entities: Any = ()) -> Talk:
        metadata = {"principal": self.principal.as_dict(), **({"shown": shown} if shown else {})}
        data = {"event": "user", "text": text, "timestamp": time.time(), "input_channel": "widget"}
        parsed = {"text": text if text.startswith("/") else tidy(text), "entities": list(entities)}
        self.events.append({**data, "metadata": metadata, "parse_data": parsed})
        return self

    def answered(self, text: str | None, *, buttons: Any = (), **data: Any) -> Talk:
        event = {"event": "bot", "text": text, "timestamp": time.time(), "data": {"buttons": list(buttons)}}
        self.events.append({**event, "metadata": {"xiaoer": data}})
        return self

    def run(self, action: Action) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What it uttered and the events it returned; slots are set as Rasa sets them."""
        last = next(event for event in reversed(self.events) if event["event"] == "user")
        message = {"text": last["text"], "metadata": last["metadata"], **last["parse_data"]}
        place = max(at for at, event in enumerate(self.events) if event["event"] == "user")
        shown = next((event["metadata"]["xiaoer"] for event in self.events[place::-1] if event["event"] == "bot"), {})
        asked = Asked(
            text=last["text"], plain=message["text"], shown=shown, topical=self.slots.get("product", "")
        ).as_slot()
        tracker = Tracker(
            self.conversation,
            {**self.slots, SLOT: asked},
            message,
            self.events,
            False,
            None,
            self.loop,
            "action_listen",
        )
        dispatcher = CollectingDispatcher()
        events = asyncio.run(action.run(dispatcher, tracker, {}))
        self.slots.update({event["name"]: event["value"] for event in events if event["event"] == "slot"})
        return dispatcher.messages, events

    def hand_off(self) -> dict[str, Any]:
        """The one utterance of action_handoff."""
        messages, _ = self.run(HandOff())
        assert len(messages) == 1, "an action says exactly one thing"
        return messages[0]

    def pass_on(self, text: str, **more: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        self.asked(text, **more)
        return self.run(PassOn())


def ticket_of(talk: Talk) -> TicketFacts:
    with reading() as session:
        return queue.ticket(session, talk.slots["ticket"])


def count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as database:
        return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def opening(conversation: str = "buyer-1", **more: Any) -> Opening:
    return Opening(conversation, VISITOR, now(), **more)


# ---------------------------------------------------------------------- the ticket


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.role.value)
def test_anybody_gets_a_ticket_at_once(database: Path, principal: Principal) -> None:
    talk = Talk(principal).asked("转人工")
    said = talk.hand_off()
    ticket = ticket_of(talk)
    assert (ticket.role, ticket.account) == (principal.role.value, principal.account)
    assert (ticket.conversation, ticket.closed_at, ticket.reason) == ("buyer-1", None, "asked")
    assert said["xiaoer"]["outcome"] == said["xiaoer"]["topic"] == "handoff"
    for part in (ticket.number, "排在第 1 位", "9:00-21:00", "不再插话", "返回机器人"):
        assert part in said["text"]
    assert said["buttons"] == [{"title": "返回机器人", "payload": "返回机器人"}]


def test_what_staff_get_to_see(database: Path) -> None:
    talk = Talk()
    talk.slots = {
        "product": "freight",
        "current_order": NUMBERS["paid"],
        "evidence_note": "打我 13812345678",
        "session_started_metadata": {"principal": {"account": "secret"}},
        "requested_slot": "evidence_note",
        "stated_role": None,
        "offered_orders": [],
    }
    talk.asked("我的手机是13812345678，这单为什么没赔")
    talk.answered(
        "查不成，编号 **E0A1B2C**", outcome="error", topic="check_claim", buttons=[{"title": "再试", "payload": "/x"}]
    )
    talk.asked("/x").answered(None, outcome="handoff", silent=True).answered("请稍等", author="staff")
    talk.asked('/handoff{"a":"b"}', shown="转人工").hand_off()
    ticket = ticket_of(talk)
    assert (ticket.topic, ticket.product, ticket.order_number) == ("check_claim", "freight", NUMBERS["paid"])
    assert (ticket.last_error, ticket.reason) == ("E0A1B2C", "asked")
    assert json.loads(ticket.state) == {
        "product": "freight",
        "current_order": NUMBERS["paid"],
        "evidence_note": "打我 【手机号】",
    }
    assert [(message.author, message.text) for message in ticket.messages] == [
        (Author.ASKER, "我的手机是【手机号】，这单为什么没赔"),
        (Author.BOT, "查不成，编号 **E0A1B2C**"),
        (Author.ASKER, "再试"),
        (Author.STAFF, "请稍等"),
        (Author.ASKER, "转人工"),
    ]
    with reading() as session:
        assert queue.undelivered(session) == ()  # an earlier ticket's words are not said again


def test_only_the_last_messages_and_only_so_long(database: Path) -> None:
    talk = Talk()
    for number in range(20):
        talk.asked(f"{number}" + "问" * 600)
    talk.asked("转人工").hand_off()
    messages = ticket_of(talk).messages
    assert len(messages) == 12
    assert messages[0].text == "9" + "问" * 499
    assert messages[-1].text == "转人工"


@pytest.mark.parametrize(
    ("told_by", "kept"), [("card", True), ("list", True), ("slot", True), ("page", True), (None, False)]
)
def test_own_order_numbers_stay_and_others_that_look_like_cards_do_not(
    database: Path, told_by: str | None, kept: bool
) -> None:
    page = CARD_LIKE if told_by == "page" else ""
    talk = Talk(Principal(Role.BUYER, "demo", order=page, source=Source.TOKEN))
    card = {"orders": [{"order_number": CARD_LIKE}]} if told_by == "list" else {"order_number": CARD_LIKE}
    talk.answered("您的保单", card=card if told_by in ("card", "list") else None)
    talk.slots = {"current_order": CARD_LIKE} if told_by == "slot" else {}
    talk.asked(f"{CARD_LIKE} 转人工").hand_off()
    assert (CARD_LIKE in ticket_of(talk).messages[-1].text) is kept


@pytest.mark.parametrize(
    ("named", "current", "page", "order"),
    [
        ("1" * 18, "2" * 18, "3" * 18, "2" * 18),  # merely typed: it may be anybody's
        ("3" * 18, "", "3" * 18, "3" * 18),
        ("1" * 18, "", "", ""),
        ("", "2" * 18, "3" * 18, "2" * 18),
        ("", "", "3" * 18, "3" * 18),
    ],
)
def test_which_order_the_ticket_is_about(database: Path, named: str, current: str, page: str, order: str) -> None:
    talk = Talk(Principal(Role.BUYER, "demo", order=page, source=Source.TOKEN))
    talk.slots = {"current_order": current}
    talk.asked("转人工", entities=[{"entity": "order_number", "value": named}] if named else ()).hand_off()
    assert ticket_of(talk).order_number == order


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ({"outcome": "answered"}, "asked"),
        ({"outcome": "answered", "person": "asked_twice"}, "asked_twice"),
        ({"outcome": "unknown", "person": "unknown_twice"}, "unknown_twice"),
        ({"outcome": "unknown"}, "after_unknown"),
        ({"outcome": "error"}, "after_error"),
    ],
)
def test_why_it_was_handed_over(database: Path, before: dict[str, str], reason: str) -> None:
    talk = Talk().asked("运费险").answered("……", **before).asked("转人工")
    talk.hand_off()
    assert ticket_of(talk).reason == reason


def test_a_second_asking_says_the_same_ticket(database: Path) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    number = talk.slots["ticket"]
    said = talk.asked("转人工").hand_off()
    assert talk.slots["ticket"] == number
    assert number in said["text"]
    assert "不用再开新的" in said["text"]
    assert count(database, "ticket") == 1


def test_two_at_once_get_one_ticket(database: Path) -> None:
    barrier = threading.Barrier(8)
    numbers: list[str] = []

    def one() -> None:
        barrier.wait()
        with writing() as session:
            numbers.append(tickets.open_ticket(session, opening())[0].number)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 8
    assert len(set(numbers)) == count(database, "ticket") == 1
    assert count(database, "audit") == 1


def test_the_database_itself_refuses_a_second_open_ticket(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on PostgreSQL, where two look at once, and neither sees the other's."""
    with writing() as session:
        first, _ = tickets.open_ticket(session, opening())
    look, looks = queue.open_in, iter([None])
    monkeypatch.setattr(queue, "open_in", lambda *arguments: next(looks, look(*arguments)))
    with writing() as session:
        second, new = tickets.open_ticket(session, opening(lines=(Line(Author.ASKER, "转人工", now()),)))
    assert (second.number, new) == (first.number, False)
    assert next(looks, "none left") == "none left"
    assert (count(database, "ticket"), count(database, "ticket_message")) == (1, 0)


def test_a_form_that_was_open_ends(database: Path) -> None:
    talk = Talk().asked("转人工")
    _, events = talk.run(HandOff())
    assert [event["event"] for event in events] == ["slot"]
    talk.loop = {"name": "request_enable_form"}
    _, events = talk.asked("转人工").run(HandOff())
    assert {"event": "active_loop", "timestamp": None, "name": None} in events
    assert talk.slots["requested_slot"] is None
    assert talk.slots["ticket"]


# ---------------------------------------------------------------------- queue and hours


def test_the_queue(database: Path) -> None:
    """Positions by age, over visitors and accounts; a closed ticket lets the others move up."""
    at = now()
    numbers = []
    for place, minutes in enumerate((30, 10, 20, 20)):
        with writing() as session:
            made, _ = tickets.open_ticket(session, Opening(f"c{place}", VISITOR, at - timedelta(minutes=minutes)))
            numbers.append(made.number)

    def positions() -> list[int]:
        with reading() as session:
            alone = [queue.ticket(session, number).position for number in numbers]
            listed = {ticket.number: ticket.position for ticket in queue.listing(session, closed=True)}
        assert [listed[number] for number in numbers] == alone
        return alone

    assert positions() == [1, 4, 2, 3]
    with writing() as session:
        tickets.close(session, numbers[0], "完", "staff:x", at)
    assert positions() == [0, 3, 1, 2]
    talk = Talk().asked("转人工")
    assert "前面还有 3 位，您排第 4" in talk.hand_off()["text"]


@pytest.mark.parametrize(
    ("hours", "clock", "inside", "opens"),
    [
        ("9:00-21:00", "08:59", False, "23 09:00"),
        ("9:00-21:00", "09:00", True, "24 09:00"),
        ("9:00-21:00", "20:59", True, "24 09:00"),
        ("9:00-21:00", "21:00", False, "24 09:00"),
        ("20:30-2:00", "01:59", True, "23 20:30"),
        ("20:30-2:00", "02:00", False, "23 20:30"),
        ("20:30-2:00", "20:30", True, "24 20:30"),
        ("0:00-24:00", "00:00", True, "24 00:00"),
        ("0:00-24:00", "23:59", True, "24 00:00"),
    ],
)
def test_hours(monkeypatch: pytest.MonkeyPatch, hours: str, clock: str, inside: bool, opens: str) -> None:
    monkeypatch.setenv("XIAOER_STAFF_HOURS", hours)
    at = datetime.fromisoformat(f"2026-11-23T{clock}:00").replace(tzinfo=SHANGHAI).astimezone(timezone.utc)
    found = staffing.hours()
    assert str(found) == hours
    assert found.holds(at) is inside
    assert found.next_start(at).strftime("%d %H:%M") == opens


@pytest.mark.parametrize(
    "wrong", ["", "9-21", "9:00-25:00", "9:00-24:30", "9:00-9:00", "9:60-21:00", "24:00-9:00", "x"]
)
def test_hours_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("XIAOER_STAFF_HOURS", wrong)
    if not wrong:  # unset
        assert staffing.hours() == Hours(9 * 60, 21 * 60)
        return
    with pytest.raises(SettingError, match="XIAOER_STAFF_HOURS"):
        staffing.hours()


@pytest.mark.parametrize(
    ("clock", "inside", "says"),
    [("08:00", False, "今天 9:00"), ("12:00", True, "现在在服务时间内"), ("22:00", False, "明天 9:00")],
)
@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.role.value)
def test_the_reply_says_whether_people_are_there(
    database: Path, monkeypatch: pytest.MonkeyPatch, principal: Principal, clock: str, inside: bool, says: str
) -> None:
    at = datetime.fromisoformat(f"2026-11-23T{clock}:00").replace(tzinfo=SHANGHAI)
    monkeypatch.setattr("xiaoer.clock.now", lambda: at.astimezone(timezone.utc))
    talk = Talk(principal).asked("转人工")
    said = talk.hand_off()
    assert says in said["text"]
    assert (handoff.OFFICIAL[principal.role] in said["text"]) is not inside
    assert said["xiaoer"]["card"] == {
        "type": "ticket",
        "number": talk.slots["ticket"],
        "position": 1,
        "hours": "9:00-21:00",
        "in_hours": inside,
        "opened_at": at.isoformat(timespec="seconds"),
    }


# ---------------------------------------------------------------------- silence, and the way back


def test_messages_are_handed_on_in_silence(database: Path) -> None:
    talk = Talk().answered("选", buttons=[{"title": "看保单", "payload": "/check_policy"}]).asked("转人工")
    talk.hand_off()
    number = talk.slots["ticket"]
    for text, more in (("电话 13812345678", {}), ("/check_policy", {}), ("/x", {"shown": "怎么申诉"}), ("", {})):
        messages, events = talk.pass_on(text, **more)
        assert [message["text"] for message in messages] == [None]
        assert messages[0]["xiaoer"]["silent"] is True
        assert messages[0]["xiaoer"]["outcome"] == "handoff"
        assert events == []
    assert talk.slots["ticket"] == number
    assert [message.text for message in ticket_of(talk).messages[-4:]] == [
        "电话 【手机号】",
        "看保单",
        "怎么申诉",
        "（空白消息）",
    ]
    assert {message.author for message in ticket_of(talk).messages[-4:]} == {Author.ASKER}


def test_staff_get_what_was_typed_and_not_what_was_normalised(database: Path) -> None:
    talk = Talk().answered("选", buttons=[{"title": "看保单", "payload": "/check_policy"}]).asked("转人工")
    talk.hand_off()
    for typed in ("我買的ＲＦ运险，退回去啦！！", "/check_policy"):
        talk.asked(typed).events[-1]["parse_data"]["text"] = "运费险 退货"  # as the normaliser leaves it
        talk.run(PassOn())
    assert [message.text for message in ticket_of(talk).messages[-2:]] == ["我買的ＲＦ运险，退回去啦！！", "看保单"]


@pytest.mark.parametrize(
    "text",
    [
        "返回机器人",
        "返回機器人。",
        " 转回 机器人吧 ",
        "回到机器人",
        "我要返回机器人！",
        "不用人工了",
        "不找人工了",
        "结束人工",
        "转回险小二",
        "算了返回",
        "那还是返回机器人吧",
        "还是找机器人吧",
        "返回",
        "机器人",
        "找机器人",
    ],
)
def test_the_person_takes_the_conversation_back(database: Path, text: str) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    number = talk.slots["ticket"]
    messages, _ = talk.pass_on(text)
    assert len(messages) == 1
    assert number in messages[0]["text"]
    assert messages[0]["xiaoer"]["outcome"] == "task"
    assert talk.slots["ticket"] is None
    with reading() as session:
        ticket = queue.ticket(session, number)
        assert queue.undelivered(session) == ()  # it was said in this turn
        closed = session.execute(select(tables.Audit).where(tables.Audit.action == "ticket_close")).scalar_one()
    assert ticket.closed_at is not None
    assert ticket.messages[-1].author is Author.SYSTEM
    assert (closed.principal, closed.receipt) == ("buyer:demo", number)


@pytest.mark.parametrize(
    "text",
    [
        "返回机器人是什么意思",
        "人工呢",
        "不用",
        "算了",
        "那还是",
        "返回的运费怎么算",
        "机器人说能赔",
        "找机器人没用",
        "机器人答不了才找你们",
        "不用人工审核能赔吗",
    ],
)
def test_other_words_go_to_the_person(text: str) -> None:
    assert not wants_back(tidy(text))


def test_after_closing_the_turn_goes_on(database: Path) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    with writing() as session:
        tickets.close(session, talk.slots["ticket"], "完", "staff:x", now())
    messages, events = talk.pass_on("运费险怎么理赔")
    assert messages == []
    assert [(event["name"], event["value"]) for event in events] == [("ticket", None)]
    assert count(database, "ticket_message") == 2  # 转人工, and the desk's own line


def test_asking_back_after_closing_has_an_answer(database: Path) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    with writing() as session:
        tickets.close(session, talk.slots["ticket"], "完", "staff:x", now())
    messages, _ = talk.pass_on("返回机器人")
    assert "已经结束" in messages[0]["text"]
    assert talk.slots["ticket"] is None


@pytest.mark.parametrize("text", ["帮我看看", "返回机器人"])
def test_another_conversation_cannot_use_the_ticket(database: Path, text: str) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    thief = Talk(VISITOR, "visitor-2")
    thief.slots = {"ticket": talk.slots["ticket"]}
    thief.pass_on(text)
    assert thief.slots["ticket"] is None
    ticket = ticket_of(talk)
    assert ticket.closed_at is None
    assert [message.text for message in ticket.messages] == ["转人工"]


def test_a_shell_principal_gets_no_real_account(database: Path) -> None:
    with writing() as session:
        session.add(tables.Account(role="buyer", external_id="real", is_demo=False, created_at=now()))
    for name, account in (("demo", "demo"), ("real", "")):
        with writing() as session:
            principal = Principal(Role.BUYER, name, source=Source.SHELL)
            assert tickets.open_ticket(session, Opening(name, principal, now()))[0].account == account


# ---------------------------------------------------------------------- staff


def test_staff_answer_and_close(database: Path) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    number = talk.slots["ticket"]
    with writing() as session:
        tickets.reply(session, number, "在的", "staff:ann", now())
        tickets.close(session, number, "再见", "staff:ann", now())
    with reading() as session:
        waiting = queue.undelivered(session)
        journal = session.execute(select(tables.Audit).order_by(tables.Audit.id)).scalars().all()
    assert [(each.text, each.author, each.conversation, each.closed) for each in waiting] == [
        ("在的", Author.STAFF, "buyer-1", True),
        ("再见", Author.SYSTEM, "buyer-1", True),
    ]
    assert [(line.action, line.principal, line.receipt) for line in journal] == [
        ("ticket_open", "buyer:demo", number),
        ("ticket_reply", "staff:ann", number),
        ("ticket_close", "staff:ann", number),
    ]
    assert not any(word in repr(vars(line)) for line in journal for word in ("在的", "再见", "转人工"))
    with writing() as session:
        tickets.mark_delivered(session, [each.id for each in waiting], now())
        assert queue.undelivered(session) == ()
    for act in (tickets.reply, tickets.close):
        with pytest.raises(TicketClosed), writing() as session:
            act(session, number, "还在吗", "staff:ann", now())
        with pytest.raises(NoTicket), writing() as session:
            act(session, "T-NONE", "还在吗", "staff:ann", now())
    assert count(database, "audit") == 3


def test_a_fixed_day_that_begins_again_closes_tickets_all_the_same(database: Path) -> None:
    with writing() as session:
        made, _ = tickets.open_ticket(session, opening())
    with writing() as session:
        closed = tickets.close(session, made.number, "完", "staff:x", made.opened_at - timedelta(hours=23))
    assert closed.closed_at == made.opened_at


# ---------------------------------------------------------------------- failure


@pytest.fixture
def broken(database: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Breaks the database from now on: gone, or so slow that nobody waits."""

    def breaking(how: str) -> None:
        if how == "gone":
            monkeypatch.setenv("POLICY_DATABASE_URL", "sqlite:////nonexistent/policy.db")
        else:
            monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.2")
            slow = lambda *_: time.sleep(0.6)  # noqa: E731
            monkeypatch.setattr(tickets, "open_ticket", slow)
            monkeypatch.setattr(tickets, "say", slow)

    return breaking


@pytest.mark.parametrize(("how", "says"), [("gone", "不能确定"), ("slow", "不能确定")])
@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.role.value)
def test_no_ticket_is_said_with_the_official_way(
    database: Path, broken: Any, caplog: pytest.LogCaptureFixture, principal: Principal, how: str, says: str
) -> None:
    broken(how)
    talk = Talk(principal).asked("转人工")
    with caplog.at_level(logging.ERROR):
        said = talk.hand_off()
    number = re.search(r"E[0-9A-F]{6}", said["text"])
    assert number
    assert number.group() in caplog.text
    assert says in said["text"]
    assert handoff.OFFICIAL[principal.role] in said["text"]
    assert said["xiaoer"]["outcome"] == "error"
    assert said["buttons"] == [{"title": "再试一次", "payload": "/handoff"}]
    assert talk.slots == {}


@pytest.mark.parametrize(("how", "says"), [("gone", "不能确定"), ("slow", "不能确定")])
def test_a_message_that_is_not_handed_on_is_said(
    database: Path, broken: Any, caplog: pytest.LogCaptureFixture, how: str, says: str
) -> None:
    talk = Talk().asked("转人工")
    talk.hand_off()
    number = talk.slots["ticket"]
    broken(how)
    with caplog.at_level(logging.ERROR):
        messages, events = talk.pass_on("还在吗")
    assert len(messages) == 1
    assert says in messages[0]["text"]
    assert "\n" not in messages[0]["text"]
    assert messages[0]["xiaoer"]["outcome"] == "error"
    assert "silent" not in messages[0]["xiaoer"]
    assert messages[0]["buttons"] == [{"title": "再发一次", "payload": "还在吗"}]
    found = re.search(r"E[0-9A-F]{6}", messages[0]["text"])
    assert found
    assert found.group() in caplog.text
    assert events == []
    assert talk.slots["ticket"] == number


def test_a_bug_is_said_too(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ask, "of", lambda tracker: 1 / 0)
    assert Talk().asked("转人工").hand_off()["xiaoer"]["outcome"] == "error"


def test_nothing_is_half_opened(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DeskError("no journal, no ticket")

    monkeypatch.setattr(audit, "note", refuse)
    assert Talk().asked("转人工").hand_off()["xiaoer"]["outcome"] == "error"
    assert count(database, "ticket") == count(database, "ticket_message") == 0


def test_visitors_without_end_do_not_fill_the_queue(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "MOST_VISITORS", 2)
    said = [Talk(VISITOR, f"visitor-{n}").asked("转人工").hand_off() for n in range(3)]
    assert ["T-" in each["text"] for each in said] == [True, True, False]
    assert said[2]["xiaoer"]["outcome"] == "handoff"
    assert "官方客服" in said[2]["text"]
    assert "T-" in Talk().asked("转人工").hand_off()["text"], "who is signed in gets one"
    turned_away = Talk(VISITOR, "visitor-9").asked("转人工")
    assert turned_away.hand_off()["xiaoer"]["card"] is None
    assert turned_away.slots == {}
    assert "T-" in Talk(VISITOR, "visitor-0").asked("转人工").hand_off()["text"], "who has one keeps it"
    with writing() as session:
        tickets.close(session, queue.listing(session)[0].number, "完", "staff:x", now())
    assert "T-" in Talk(VISITOR, "visitor-9").asked("转人工").hand_off()["text"], "there is room again"
