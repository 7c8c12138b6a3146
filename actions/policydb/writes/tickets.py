"""Tickets, conversations handed to a person: every write of `ticket` and `ticket_message`.

- What an asker does takes the conversation beside the number: another conversation's ticket and none are the same.
- What staff do in the terminal takes the number alone, and the name under which the journal keeps them.
- Texts come masked and worded; nothing is masked or worded here, and the journal gets none of them.
- A conversation has one open ticket at most: two that open one at once get the same.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from actions.policydb import tables
from actions.policydb.facts import Author, TicketFacts
from actions.policydb.queries import queue
from actions.policydb.queries.access import own_account
from actions.policydb.writes import audit
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Role

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is misread aloud
_TRIES = 3
# Anybody can be a visitor as often as they like: beyond so many that wait, people who are signed in come first.
MOST_VISITORS = 200


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


# ---------------------------------------------------------------------- for the asker


def open_ticket(session: Session, opening: Opening) -> tuple[TicketFacts, bool]:
    """The conversation's open ticket, and whether it is new. Raises QueueFull (visitors)."""
    for _ in range(_TRIES):
        there = queue.open_in(session, opening.conversation)
        if there is not None:
            return queue.facts_of(session, there), False
        if opening.principal.is_visitor and queue.waiting(session, role=Role.VISITOR) >= MOST_VISITORS:
            raise QueueFull(f"{MOST_VISITORS} visitors wait already")
        try:
            with session.begin_nested():
                row = _row(session, opening)
                session.add(row)
        except IntegrityError:  # somebody opened one meanwhile, or the number is taken: look again
            continue
        _note(session, row, "ticket_open", str(opening.principal), opening.at, before="none", after="open")
        session.flush()
        return queue.facts_of(session, row), True
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
    own = select(tables.Account.id).where(*own_account(principal))
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
    audit.note(
        session,
        at=at,
        principal=by[:80],
        action=action,
        subject=row.number,
        outcome="done",
        receipt=row.number,
        conversation=row.conversation,
        before={"state": before},
        after={"state": after},
    )


def _own_open(session: Session, number: str, conversation: str) -> Any:
    own = and_(
        tables.Ticket.number == number,
        tables.Ticket.conversation == conversation,
        tables.Ticket.closed_at.is_(None),
    )
    return session.execute(select(tables.Ticket).where(own).with_for_update()).scalars().first()


def _open_of(session: Session, number: str) -> Any:
    row = queue.row_of(session, number, lock=True)
    if row.closed_at is not None:
        raise TicketClosed(queue.facts_of(session, row))
    return row


def _fresh(session: Session, row: Any) -> TicketFacts:
    """The ticket with what was just added to it."""
    session.flush()
    session.expire(row, ["messages"])
    return queue.facts_of(session, row)
