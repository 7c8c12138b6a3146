"""Tickets, conversations handed to a person, as they wait: for staff at the terminal, and for the channel that delivers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, selectinload

from actions.policydb import tables
from actions.policydb.facts import Author, TicketFacts, TicketMessageFacts
from xiaoer.errors import XiaoerError
from xiaoer.principal import Role

CLOSED_SHOWN = 50
AT_ONCE = 200  # messages delivered a look
LISTED = 200


class NoTicket(XiaoerError):
    """There is no ticket of that number."""


@dataclass(frozen=True)
class Undelivered:
    """A message on its way to a conversation. closed: whether its ticket is, by now."""

    id: int
    ticket: str
    conversation: str
    author: Author
    text: str
    closed: bool


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
        facts_of(session, row, position=0 if row.closed_at else place, messages=telling[row.id])
        for place, row in enumerate(rows, 1)
    )


def waiting(session: Session, *, role: Role | None = None) -> int:
    """How many tickets are open, of a role or of all."""
    of_role = () if role is None else (tables.Ticket.role == role.value,)
    statement = select(func.count()).select_from(tables.Ticket).where(tables.Ticket.closed_at.is_(None), *of_role)
    return int(session.execute(statement).scalar_one())


def ticket(session: Session, number: str) -> TicketFacts:
    """Raises NoTicket."""
    return facts_of(session, row_of(session, number))


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


def open_in(session: Session, conversation: str) -> Any:
    """The row of the conversation's open ticket; None where it has none."""
    open_ones = tables.Ticket.closed_at.is_(None)
    return (
        session.execute(select(tables.Ticket).where(tables.Ticket.conversation == conversation, open_ones))
        .scalars()
        .first()
    )


def row_of(session: Session, number: str, *, lock: bool = False) -> Any:
    """The row of a ticket. lock: against another writer. Raises NoTicket."""
    statement = select(tables.Ticket).where(tables.Ticket.number == number)
    row = session.execute(statement.with_for_update() if lock else statement).scalars().first()
    if row is None:
        raise NoTicket(f"there is no ticket {number}")
    return row


def facts_of(
    session: Session, row: Any, *, position: int | None = None, messages: Sequence[Any] | None = None
) -> TicketFacts:
    """A ticket's row as plain data. position, messages: where they are known already."""
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
            TicketMessageFacts(each.id, Author(each.author), each.text, each.at, each.delivered_at)
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
