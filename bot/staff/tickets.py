"""What `xiaoer tickets` does: staff look at what was handed to them, answer, and close. Works while the server runs."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from wcwidth import wcswidth

from actions.desk.rules import product_name
from actions.policydb.facts import Author, TicketFacts, TicketMessageFacts
from actions.policydb.queries import queue
from actions.policydb.queries.queue import NoTicket
from actions.policydb.session import reading, writing
from actions.policydb.writes import tickets
from actions.policydb.writes.tickets import TicketClosed
from knowledge import live
from xiaoer import clock
from xiaoer.errors import KnowledgeError, XiaoerError
from xiaoer.plain import plain
from xiaoer.principal import ROLE_NAMES
from xiaoer.privacy import mask

LONGEST_REPLY = 1000
AUTHORS = {Author.BOT: "险小二", Author.STAFF: "客服", Author.SYSTEM: "系统"}
REASONS = {
    "asked": "本人要求",
    "asked_twice": "同一个问题问了两次",
    "unknown_twice": "连续两次没答上来",
    "after_unknown": "没答上来",
    "after_error": "出错之后",
}
CLOSED = "客服已结束这张工单（{number}）。我是险小二，还有问题直接问我；要找人，再说「转人工」。"
_COLUMNS = ("工单", "排位", "状态", "谁", "想问的", "订单", "原因", "最后一句")
_LAST_WORDS = 24  # characters of the last message in the list


def run(options: argparse.Namespace) -> int:
    """options: `what`, `number`, `text`, `all`, `json` as in `bot.command.cli`. Raises XiaoerError with what to do instead."""
    return {"list": _list, "show": _show, "reply": _reply, "close": _close}[options.what](options)


def _list(options: argparse.Namespace) -> int:
    with reading() as session:
        found = queue.listing(session, closed=options.all)
        more = queue.waiting(session) - sum(ticket.closed_at is None for ticket in found)
    now = clock.now()
    if options.json:
        print(plain(json.dumps([_summary(ticket) for ticket in found], ensure_ascii=False)))
    elif found:
        print(_table([_COLUMNS, *(_row(ticket, now) for ticket in found)]))
    else:
        print("没有工单。" if options.all else "没有等待处理的工单。")
    if more > 0:
        print(f"还有 {more} 张等得短一些的没有列出；先处理列出的这些，后面的就会上来。", file=sys.stderr)
    return 0


def _show(options: argparse.Namespace) -> int:
    with _numbered(options), reading() as session:
        ticket = queue.ticket(session, _number(options))
    print(plain(json.dumps(_whole(ticket), ensure_ascii=False) if options.json else _page(ticket, clock.now())))
    return 0


def _reply(options: argparse.Namespace) -> int:
    text = plain(" ".join(options.text)).strip()
    if not text or len(text) > LONGEST_REPLY:
        raise XiaoerError(f"回复要有 1 到 {LONGEST_REPLY} 个字，现在是 {len(text)} 个。")
    with _numbered(options), writing() as session:
        ticket = queue.ticket(session, _number(options))
        masked = mask(text, {ticket.order_number} - {""})
        tickets.reply(session, ticket.number, masked, _staff(), clock.now())
    print(f"已回复 {ticket.number}：{masked}")
    return 0


def _close(options: argparse.Namespace) -> int:
    with _numbered(options), writing() as session:
        number = _number(options)
        tickets.close(session, number, CLOSED.format(number=number), _staff(), clock.now())
    print(f"已结束 {number}，机器人恢复回答。")
    return 0


@contextmanager
def _numbered(options: argparse.Namespace) -> Iterator[None]:
    """Says in the terminal's words what is wrong with the ticket's number."""
    number = _number(options)
    try:
        yield
    except NoTicket:
        raise XiaoerError(f"没有工单 {number}。用 xiaoer tickets list --all 看有哪些。") from None
    except TicketClosed as error:
        ended = f"（{_moment(error.ticket.closed_at)}）" if error.ticket.closed_at else ""
        raise XiaoerError(
            f"工单 {number} 已经结束{ended}，对话已交还机器人，不能再回复或结束；对方可以再次转人工。"
        ) from None


def _number(options: argparse.Namespace) -> str:
    return str(options.number).strip().upper()


def _staff() -> str:
    """Who is at the terminal, as the journal has it."""
    try:
        return f"staff:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user without a name
        return f"staff:{os.getuid()}"


# ---------------------------------------------------------------------- words


def _row(ticket: TicketFacts, now: datetime) -> tuple[str, ...]:
    said = [message for message in ticket.messages if message.author is not Author.SYSTEM]
    last = f"{_author(ticket, said[-1])}：{_short(said[-1].text)}" if said else ""
    cells = (
        ticket.number,
        str(ticket.position) if ticket.position else "-",
        state(ticket, now),
        _who(ticket),
        _about(ticket),
        f"尾号{ticket.order_number[-4:]}" if ticket.order_number else "-",
        REASONS.get(ticket.reason, ticket.reason) + (f" {ticket.last_error}" if ticket.last_error else ""),
        last,
    )
    return tuple(map(plain, cells))


def state(ticket: TicketFacts, now: datetime) -> str:
    """How things stand: 等了 5 分钟 (the asker spoke last), 2 分钟前已回复 (staff did), 3 天前已结束."""
    if ticket.closed_at is not None:
        return f"{_age(ticket.closed_at, now)}前已结束"
    replies = [place for place, message in enumerate(ticket.messages) if message.author is Author.STAFF
               and message.at >= ticket.opened_at]  # fmt: skip
    if not replies:
        return f"等了 {_age(ticket.opened_at, now)}"
    since = [message.at for message in ticket.messages[replies[-1] + 1 :] if message.author is Author.ASKER]
    if since:
        return f"等了 {_age(since[0], now)}"
    return f"{_age(ticket.messages[replies[-1]].at, now)}前已回复"


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 24 * 60 else f"{minutes // (24 * 60)} 天"


def _who(ticket: TicketFacts) -> str:
    return f"{ROLE_NAMES[ticket.role]} {ticket.account}".strip()


def _about(ticket: TicketFacts) -> str:
    """The product, and what a button would ask about it."""
    product, topic = ticket.product, ticket.topic
    try:
        product = product_name(product)
        topic = live().current.label(topic, ticket.product)
    except KnowledgeError:
        pass  # an article that somebody is editing must not stand in the way of a ticket
    return (topic if product in topic else f"{product} {topic}".strip()) or "-"


def _author(ticket: TicketFacts, message: TicketMessageFacts) -> str:
    return AUTHORS.get(message.author, ROLE_NAMES[ticket.role])


def _short(text: str) -> str:
    line = " ".join(plain(text).split())
    return line if len(line) <= _LAST_WORDS else line[: _LAST_WORDS - 1] + "…"


def _moment(at: datetime) -> str:
    return clock.local(at).strftime("%m-%d %H:%M")


def _page(ticket: TicketFacts, now: datetime) -> str:
    """The ticket for reading: what is known, then who said what."""
    slots = json.loads(ticket.state)
    head = [
        ("工单", f"{ticket.number}，{state(ticket, now)}" + (f"，排第 {ticket.position}" if ticket.position else "")),
        ("谁", _who(ticket)),
        ("想问的", _about(ticket)),
        ("订单号", ticket.order_number),
        ("转来原因", REASONS.get(ticket.reason, ticket.reason)),
        ("错误编号", ticket.last_error),
        ("对话里记着", "，".join(f"{name}={_shown(value)}" for name, value in slots.items())),
    ]
    lines = [f"{name}：{value}" for name, value in head if value]
    return "\n".join([*lines, "", *(_line(ticket, message) for message in ticket.messages)])


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(ticket: TicketFacts, message: TicketMessageFacts) -> str:
    pending = message.author in (Author.STAFF, Author.SYSTEM) and message.delivered_at is None
    said = f"{_moment(message.at)} {_author(ticket, message)}{'（未送达）' if pending else ''}："
    first, *rest = plain(message.text).strip().splitlines() or [""]
    return "\n".join([said + first, *(f"    {line}" for line in rest if line.strip())])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns that line up: a Chinese character is two wide."""
    widths = [max(wcswidth(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell + " " * (width - wcswidth(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


# ---------------------------------------------------------------------- JSON


def _summary(ticket: TicketFacts) -> dict[str, Any]:
    """Instants are ISO 8601, Asia/Shanghai; position null and closed_at null where there is none."""
    return {
        "number": ticket.number,
        "position": ticket.position or None,
        "role": ticket.role,
        "account": ticket.account or None,
        "topic": ticket.topic or None,
        "product": ticket.product or None,
        "order_number": ticket.order_number or None,
        "reason": ticket.reason,
        "last_error": ticket.last_error or None,
        "opened_at": _iso(ticket.opened_at),
        "closed_at": _iso(ticket.closed_at),
    }


def _whole(ticket: TicketFacts) -> dict[str, Any]:
    return {
        **_summary(ticket),
        "conversation": ticket.conversation,
        "slots": json.loads(ticket.state),
        "messages": [
            {
                "author": message.author.value,
                "text": message.text,
                "at": _iso(message.at),
                "delivered_at": _iso(message.delivered_at),
            }
            for message in ticket.messages
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return clock.local(at).isoformat(timespec="seconds") if at else None
