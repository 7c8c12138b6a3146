"""What the channel remembers of each conversation while the server runs: answered messages, replies, own order numbers.

All of it is bounded, and can be read back from the tracker (`history`) when it is gone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from bot.channel.memory.history import Past, orders_in

CONVERSATIONS = 500
TURNS = 50  # answered messages remembered a conversation
ORDERS = 200


@dataclass
class Turn:
    """One message on its way to its replies.

    message: the client's message id, or one of ours; asked: its text, masked; reached: connections that got the replies
    as they came; silent: it was handed to a person, and no reply comes.
    """

    message: str
    asked: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    replies: list[dict[str, Any]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    silent: bool = False
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, problem: Exception | None = None) -> None:
        """Lets go whoever waits."""
        if self.over.done():
            return
        if problem is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(problem)
            self.over.exception()  # nobody has to wait for it

    async def wait(self) -> None:
        """Until the turn is over. Raises its Problem."""
        await asyncio.shield(self.over)


@dataclass(frozen=True)
class Said:
    """What a reply was about (its `custom`), and the message that it replied to, masked."""

    about: dict[str, Any]
    asked: str


class Conversation:
    """One conversation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.orders: set[str] = set()
        self.replies: OrderedDict[str, Said] = OrderedDict()  # by the reply's id, for feedback
        self.read_back = False
        self._turns: OrderedDict[str, Turn] = OrderedDict()

    def turn(self, message: str) -> Turn | None:
        """The turn of that message id, running or over."""
        return self._turns.get(message)

    @property
    def is_busy(self) -> bool:
        """Whether a turn is running or waits."""
        return any(not turn.over.done() for turn in self._turns.values())

    def begin(self, turn: Turn) -> None:
        self._turns[turn.message] = turn
        _trim(self._turns, TURNS, lambda each: each.over.done())

    def forget(self, turn: Turn) -> None:
        """After a turn that came to nothing: the same message may be sent again, and is looked for in the tracker then.

        A turn that was stopped may have been stored all the same.
        """
        self._turns.pop(turn.message, None)
        self.read_back = False

    def said(self, reply: dict[str, Any], asked: str) -> None:
        """Remembers what a reply was about."""
        self.replies[reply["id"]] = Said(reply.get("custom") or {}, asked)
        while len(self.replies) > TURNS:
            self.replies.popitem(last=False)
        if len(self.orders) < ORDERS:
            self.orders |= orders_in(reply.get("custom"))

    def recall(self, turn: Turn, past: Past | None) -> bool:
        """Gives a turn that has just begun the replies that its message got before this server started, if it got any."""
        if past is None or not past.has_answered(turn.message):
            return False
        turn.asked, turn.replies = past.asked[turn.message], past.replies[turn.message]
        turn.silent = turn.message in past.silent
        return True

    def remember(self, past: Past) -> None:
        """Takes over what the tracker knows from before this server started."""
        self.read_back = True
        for message, replies in list(past.replies.items())[-TURNS:]:
            for reply in replies:
                self.said(reply, past.asked.get(message, ""))
            if past.has_answered(message) and self.turn(message) is None:
                turn = Turn(message, replies=replies, silent=message in past.silent)
                turn.end()
                self.begin(turn)


class Conversations:
    """The conversations met lately; the one not heard of longest goes first.

    One with a turn that is running stays, whatever comes: a second object would run the turn's message a second time.
    """

    def __init__(self, kept: int = CONVERSATIONS) -> None:
        self._kept = kept
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    def turn(self, name: str, message: str) -> Turn | None:
        """The turn of that message id, as far as it is in memory: nothing is made and nothing moves."""
        conversation = self._known.get(name)
        return conversation.turn(message) if conversation is not None else None

    def get(self, name: str) -> Conversation:
        """The conversation; made where it is not known."""
        conversation = self._known.get(name) or self._known.setdefault(name, Conversation(name))
        self._known.move_to_end(name)
        _trim(self._known, self._kept, lambda each: not each.is_busy and each is not conversation)
        return conversation


T = TypeVar("T")


def _trim(kept: OrderedDict[str, T], most: int, may_go: Callable[[T], bool]) -> None:
    """Drops the oldest that may go while there are more than `most`."""
    over = len(kept) - most
    if over > 0:
        for name in list(islice((name for name, each in kept.items() if may_go(each)), over)):
            del kept[name]
