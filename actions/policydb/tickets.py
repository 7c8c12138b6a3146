"""Tickets, conversations handed to a person: every read and write of `ticket` and `ticket_message`.

- What an asker does takes the conversation beside the number: another conversation's ticket and none are the same.
- What staff do in the terminal takes the number alone, and the name under which the journal keeps them.
- Texts come masked and worded; nothing is masked or worded here, and the journal gets none of them.
- A conversation has one open ticket at most: two that open one at once get the same.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from actions.policydb import facts, queries, tables
from actions.policydb.facts import Author, TicketFacts, TicketMessageFacts
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Role

CLOSED_SHOWN = 50
AT_ONCE = 200  # messages delivered a look
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is misread aloud
_TRIES = 3
# Anybody can be a visitor as often as they like: beyond so many that wait, people who are signed in come first.
MOST_VISITORS = 200
LISTED = 200


class NoTicket(XiaoerError):
    """There is no ticket of that number."""


class QueueFull(XiaoerError):
    """So many visitors wait that no further one gets a ticket."""


class TicketClosed(XiaoerError):
    """The ticket is closed; nothing reaches its conversation any more."""

    def __init__(self, ticket: TicketFacts) -> None:
        super().__init__(f"ticket {ticket.number} was closed at {ticket.closed_at}")
        self.ticket = ticket


@dataclass(frozen=True)
class Line:
    """Something said, masked."""

    author: Author
    text: str
    at: datetime


@dataclass(frozen=True)
class Opening:
    """What a ticket holds from the start; "" where there is nothing. state: slots; lines: what was said, oldest first."""

    conversation: str
    principal: Principal
    at: datetime
    topic: str = ""
    product: str = ""
    order_number: str = ""
    reason: str = ""
    last_error: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Undelivered:
    """A message on its way to a conversation. closed: whether its ticket is, by now."""

    id: int
    ticket: str
    conversation: str
    author: Author
    text: str
    closed: bool


# ---------------------------------------------------------------------- for the asker


def open_ticket(session: Session, opening: Opening) -> tuple[TicketFacts, bool]:
    """The conversation's open ticket, and whether it is new. Raises QueueFull (visitors)."""
    for _ in range(_TRIES):
        there = _open_one(session, opening.conversation)
        if there is not None:
            return _facts(session, there), False
        if opening.principal.is_visitor and waiting(session, role=Role.VISITOR) >= MOST_VISITORS:
            raise QueueFull(f"{MOST_VISITORS} visitors wait already")
        try:
            with session.begin_nested():
                row = _row(session, opening)
                session.add(row)
        except IntegrityError:  # somebody opened one meanwhile, or the number is taken: look again
            continue
        _note(session, row, "ticket_open", str(opening.principal), opening.at, before="none", after="open")
        session.flush()
        return _facts(session, row), True
    raise XiaoerError(f"no ticket could be opened in {_TRIES} tries")


def say(session: Session, number: str, conversation: str, text: str, at: datetime) -> bool:
    """Adds the asker's message. False: this conversation has no open ticket of that number."""
    row = _own_open(session, number, conversation)
    if row is None:
        return False
    session.add(tables.TicketMessage(ticket_id=row.id, author=Author.ASKER.value, text=text, at=_not_before(at, row)))
    return True


def leave(session: Session, number: str, conversation: str, principal: Principal, text: str, at: datetime) -> bool:
    """Closes the asker's ticket with the desk's own line `text`, which the asker is told in this turn.

    False: this conversation has no open ticket of that number.
    """
    row = _own_open(session, number, conversation)
    if row is None:
        return False
    _close(session, row, str(principal), text, at, told=True)
    return True


# ---------------------------------------------------------------------- for staff


def listing(session: Session, *, closed: bool = False, limit: int = LISTED) -> tuple[TicketFacts, ...]:
    """The open tickets, the longest waiting first; with `closed` the last closed ones after them, newest first.

    limit: of open ones; `waiting` says whether there are more. Of the messages only what tells how things stand:
    the last answer of staff, the asker's first words since, and whatever was said last.
    """
    statement = select(tables.Ticket).options(selectinload(tables.Ticket.account))
    longest = statement.where(tables.Ticket.closed_at.is_(None)).order_by(tables.Ticket.opened_at, tables.Ticket.id)
    rows = list(session.execute(longest.limit(limit)).scalars())
    if closed:
        over = statement.where(tables.Ticket.closed_at.is_not(None))
        newest = over.order_by(tables.Ticket.closed_at.desc(), tables.Ticket.id.desc()).limit(CLOSED_SHOWN)
        rows += session.execute(newest).scalars()
    telling = _telling(session, [row.id for row in rows])
    return tuple(
        _facts(session, row, position=0 if row.closed_at else place, messages=telling[row.id])
        for place, row in enumerate(rows, 1)
    )


def waiting(session: Session, *, role: Role | None = None) -> int:
    """How many tickets are open, of a role or of all."""
    of_role = () if role is None else (tables.Ticket.role == role.value,)
    statement = select(func.count()).select_from(tables.Ticket).where(tables.Ticket.closed_at.is_(None), *of_role)
    return int(session.execute(statement).scalar_one())


def ticket(session: Session, number: str) -> TicketFacts:
    """Raises NoTicket."""
    return _facts(session, _of(session, number))


def reply(session: Session, number: str, text: str, by: str, at: datetime) -> TicketFacts:
    """Says something to the asker; the channel delivers it. by: who, for the journal. Raises NoTicket, TicketClosed."""
    row = _open_of(session, number)
    session.add(tables.TicketMessage(ticket_id=row.id, author=Author.STAFF.value, text=text, at=_not_before(at, row)))
    _note(session, row, "ticket_reply", by, at, before="open", after="open")
    return _fresh(session, row)


def close(session: Session, number: str, text: str, by: str, at: datetime) -> TicketFacts:
    """Closes a ticket with the desk's own line `text`, which the channel delivers. Raises NoTicket, TicketClosed."""
    row = _open_of(session, number)
    _close(session, row, by, text, at, told=False)
    return _fresh(session, row)


# ---------------------------------------------------------------------- for the channel


def undelivered(session: Session) -> tuple[Undelivered, ...]:
    """What staff or the desk said and no conversation has yet, in the order it was said.

    At most AT_ONCE, the newest: what can never be delivered does not stand in the way of what can.
    """
    statement = (
        select(tables.TicketMessage, tables.Ticket.number, tables.Ticket.conversation, tables.Ticket.closed_at)
        .join(tables.Ticket, tables.Ticket.id == tables.TicketMessage.ticket_id)
        .where(
            tables.TicketMessage.delivered_at.is_(None),
            tables.TicketMessage.author.in_((Author.STAFF.value, Author.SYSTEM.value)),
        )
        .order_by(tables.TicketMessage.id.desc())
        .limit(AT_ONCE)
        .execution_options(unlogged=True)  # asked once a second
    )
    return tuple(
        Undelivered(
            row.TicketMessage.id,
            row.number,
            row.conversation,
            Author(row.TicketMessage.author),
            row.TicketMessage.text,
            row.closed_at is not None,
        )
        for row in reversed(session.execute(statement).all())
    )


def mark_delivered(session: Session, messages: Collection[int], at: datetime) -> None:
    """Notes that those messages are in their conversation; one that is noted already keeps its time."""
    session.execute(
        update(tables.TicketMessage)
        .where(tables.TicketMessage.id.in_(messages), tables.TicketMessage.delivered_at.is_(None))
        .values(delivered_at=at)
        .execution_options(synchronize_session=False)
    )


# ---------------------------------------------------------------------- rows


def _row(session: Session, opening: Opening) -> Any:
    """A new ticket with what was said so far, all of which the asker knows."""
    told = (Author.STAFF, Author.SYSTEM)
    return tables.Ticket(
        number=f"T-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}",
        conversation=opening.conversation,
        account_id=_account_id(session, opening.principal),
        role=opening.principal.role.value,
        opened_at=opening.at,
        topic=opening.topic,
        product=opening.product,
        order_number=opening.order_number,
        reason=opening.reason,
        last_error=opening.last_error,
        state=json.dumps(dict(opening.state), ensure_ascii=False),
        messages=[
            tables.TicketMessage(
                author=line.author.value,
                text=line.text,
                at=line.at,
                delivered_at=line.at if line.author in told else None,
            )
            for line in opening.lines
        ],
    )


def _account_id(session: Session, principal: Principal) -> int | None:
    if principal.is_visitor:
        return None
    own = select(tables.Account.id).where(*queries.own_account(principal))
    found: int | None = session.execute(own).scalar_one_or_none()
    return found


def _close(session: Session, row: Any, by: str, text: str, at: datetime, *, told: bool) -> None:
    """told: the asker hears of it without the channel."""
    row.closed_at = closed = _not_before(at, row)
    line = tables.TicketMessage(ticket_id=row.id, author=Author.SYSTEM.value, text=text, at=closed)
    line.delivered_at = closed if told else None
    session.add(line)
    _note(session, row, "ticket_close", by, at, before="open", after="closed")


def _not_before(at: datetime, row: Any) -> datetime:
    """XIAOER_TODAY makes a day begin again at midnight; what is done to a ticket comes after its opening all the same."""
    opened: datetime = row.opened_at
    return max(at, opened)


def _note(session: Session, row: Any, action: str, by: str, at: datetime, *, before: str, after: str) -> None:
    """A line of the journal: what was done to which ticket, nothing of what was said."""
    session.add(
        tables.Audit(
            at=at,
            principal=by[:80],
            action=action,
            subject=row.number,
            outcome="done",
            receipt=row.number,
            conversation=row.conversation,
            before=json.dumps({"state": before}),
            after=json.dumps({"state": after}),
        )
    )


def _open_one(session: Session, conversation: str) -> Any:
    open_ones = tables.Ticket.closed_at.is_(None)
    return (
        session.execute(select(tables.Ticket).where(tables.Ticket.conversation == conversation, open_ones))
        .scalars()
        .first()
    )


def _own_open(session: Session, number: str, conversation: str) -> Any:
    own = and_(
        tables.Ticket.number == number,
        tables.Ticket.conversation == conversation,
        tables.Ticket.closed_at.is_(None),
    )
    return session.execute(select(tables.Ticket).where(own).with_for_update()).scalars().first()


def _of(session: Session, number: str, *, lock: bool = False) -> Any:
    statement = select(tables.Ticket).where(tables.Ticket.number == number)
    row = session.execute(statement.with_for_update() if lock else statement).scalars().first()
    if row is None:
        raise NoTicket(f"there is no ticket {number}")
    return row


def _open_of(session: Session, number: str) -> Any:
    row = _of(session, number, lock=True)
    if row.closed_at is not None:
        raise TicketClosed(_facts(session, row))
    return row


def _fresh(session: Session, row: Any) -> TicketFacts:
    """The ticket with what was just added to it."""
    session.flush()
    session.expire(row, ["messages"])
    return _facts(session, row)


def _telling(session: Session, ids: Sequence[int]) -> Mapping[int, Sequence[Any]]:
    """The messages that `listing` has of those tickets, by ticket, oldest first; chosen by the database."""
    message = tables.TicketMessage
    is_answer: Any = case(
        (and_(message.author == Author.STAFF.value, message.at >= tables.Ticket.opened_at), 1), else_=0
    )
    back = (message.at.desc(), message.id.desc())
    # Answers from a message on: 0 since the last answer, 1 from the one before it.
    answers = func.sum(is_answer).over(partition_by=message.ticket_id, order_by=back)
    is_system: Any = case((message.author == Author.SYSTEM.value, 1), else_=0)
    last = func.row_number().over(partition_by=(message.ticket_id, is_system), order_by=back)
    marked = (
        select(message.id, message.ticket_id, message.author, message.at)
        .add_columns(is_answer.label("answer"), is_system.label("system"), answers.label("answers"), last.label("last"))
        .join(tables.Ticket, tables.Ticket.id == message.ticket_id)
        .where(message.ticket_id.in_(ids))
        .subquery()
    )
    first = func.row_number().over(
        partition_by=(marked.c.ticket_id, marked.c.answers, marked.c.author), order_by=(marked.c.at, marked.c.id)
    )
    chosen = select(marked, first.label("first")).subquery()
    telling = or_(
        and_(chosen.c.answer == 1, chosen.c.answers == 1),
        and_(chosen.c.author == Author.ASKER.value, chosen.c.answers == 0, chosen.c.first == 1),
        and_(chosen.c.system == 0, chosen.c.last == 1),
    )
    statement = select(message).where(message.id.in_(select(chosen.c.id).where(telling)))
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(statement.order_by(message.at, message.id)).scalars():
        found[row.ticket_id].append(row)
    return found


def _facts(
    session: Session, row: Any, *, position: int | None = None, messages: Sequence[Any] | None = None
) -> TicketFacts:
    return TicketFacts(
        number=row.number,
        conversation=row.conversation,
        role=row.role,
        account=row.account.external_id if row.account is not None else "",
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        topic=row.topic,
        product=row.product,
        order_number=row.order_number,
        reason=row.reason,
        last_error=row.last_error,
        state=row.state,
        position=_position(session, row) if position is None else position,
        messages=tuple(
            TicketMessageFacts(each.id, facts.Author(each.author), each.text, each.at, each.delivered_at)
            for each in (row.messages if messages is None else messages)
        ),
    )


def _position(session: Session, row: Any) -> int:
    """1 for the next in the queue; 0 for a closed ticket."""
    if row.closed_at is not None:
        return 0
    opened = tables.Ticket.opened_at
    before = or_(opened < row.opened_at, and_(opened == row.opened_at, tables.Ticket.id < row.id))
    count = session.execute(
        select(func.count()).select_from(tables.Ticket).where(tables.Ticket.closed_at.is_(None), before)
    ).scalar_one()
    return int(count) + 1
