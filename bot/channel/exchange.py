"""A message becomes a turn, whichever wire it came by.

In this order: shape, token still valid, sent before (as far as memory knows)?, rate, length; and only then what reads
the store or remembers anything: sent before (as the tracker knows)?, masking, turn. So what is refused has cost nobody
anything. From the turn on there is always a reply, and a failed turn has an error number in the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rasa.core.channels.channel import UserMessage

from bot.channel import observe
from bot.channel.backend import Backend
from bot.channel.guard.identity import Speaker
from bot.channel.guard.limits import Limits
from bot.channel.guard.problems import Problem
from bot.channel.memory.buttons import PRESSED, Button, Buttons, mark
from bot.channel.memory.conversations import Conversation, Conversations, Turn
from bot.channel.memory.history import SHOWN_TEXT, Past, read, wire_messages
from bot.channel.memory.incoming import Incoming, Opinion, Sender
from bot.channel.memory.outputs import CHANNEL, WidgetOutput, moment, wire
from bot.staff.unanswered.feedback import LONGEST_REASON, FeedbackStore, Judgement
from bot.staff.unanswered.store import Asked, UnansweredStore, is_unanswered
from xiaoer.errors import StoreError, error_number
from xiaoer.plain import as_text, plain
from xiaoer.privacy import mask
from xiaoer.reply import META

logger = logging.getLogger(__name__)

_USED_BUTTON = "这个按钮已经点过，或者过期了。请直接打字告诉我想问什么，或点最新一条回复下面的按钮。"
# From here it cannot be seen how far the turn had come, so nothing is said about it; what was confirmed is looked up by
# the next message, and never done twice.
_FAILED = "抱歉，刚才这一步没有走完（编号 {number}）。您可以再试一次（要办的事不会重复办），或者转人工。"


class Audience(Protocol):
    """Whoever listens to a conversation: the sockets of its tabs."""

    def listeners(self, conversation: str) -> set[str]:
        """Connections in the conversation."""

    async def tell(self, conversation: str, event: str, data: Any, *, but: str | None = None) -> None:
        """To every connection of the conversation but one."""

    async def tell_one(self, connection: str, event: str, data: Any) -> None:
        """To one connection."""


@dataclass(frozen=True)
class Parts:
    """What the channel is made of, put together once (`input`)."""

    backend: Backend
    audience: Audience
    limits: Limits
    buttons: Buttons
    conversations: Conversations
    feedback: FeedbackStore
    unanswered: UnansweredStore

    async def read_back(self, conversation: Conversation) -> Past | None:
        """Lets the conversation know what the tracker knows from before. None: it did already. Raises Problem unavailable."""
        if conversation.read_back:
            return None
        past = read(conversation.name, await self.backend.events(conversation.name))
        if not conversation.read_back:  # somebody else may have read it meanwhile
            conversation.remember(past)
        return past


class Exchange:
    """Takes messages in, each once; sockets and HTTP are its two mouths."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._running: set[asyncio.Task[None]] = set()

    async def receive(self, speaker: Speaker, incoming: Incoming, sender: Sender) -> Turn:
        """The turn that answers the message, when it is over. Raises Problem where it was not answered."""
        speaker.check()
        turn = self._parts.conversations.turn(speaker.conversation, incoming.id)
        if turn is None:
            turn = self._begin(speaker, incoming, sender)
        await turn.wait()
        await self._catch_up(turn, sender)
        return turn

    def _begin(self, speaker: Speaker, incoming: Incoming, sender: Sender) -> Turn:
        """A new turn, on its way. Raises Problem, and has read and kept nothing then.

        Nothing is awaited between the look for a turn of that id and here: of two at once one begins it.
        """
        limits = self._parts.limits
        limits.message(speaker.conversation, sender.address)
        if incoming.message is not None:
            incoming = replace(incoming, message=plain(incoming.message))
            limits.text(incoming.message or "")
        conversation = self._parts.conversations.get(speaker.conversation)
        turn = Turn(incoming.id)
        conversation.begin(turn)
        # A task of its own: the turn goes on when the sender's connection breaks.
        task = asyncio.ensure_future(_Answering(self._parts, speaker, incoming, sender, conversation, turn).run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return turn

    async def _catch_up(self, turn: Turn, sender: Sender) -> None:
        """The replies for a connection that was not there when they came."""
        if sender.connection is None or sender.connection in turn.reached:
            return
        turn.reached.add(sender.connection)
        for reply in turn.replies:
            await self._parts.audience.tell_one(sender.connection, "bot_uttered", reply)


class _Answering:
    """One message on the way to its replies."""

    def __init__(
        self,
        parts: Parts,
        speaker: Speaker,
        incoming: Incoming,
        sender: Sender,
        conversation: Conversation,
        turn: Turn,
    ) -> None:
        self._parts = parts
        self._speaker = speaker
        self._incoming = incoming
        self._sender = sender
        self._conversation = conversation
        self._turn = turn

    async def run(self) -> None:
        """Ends the turn, in every case: with replies, in silence because a person has it, or with a Problem."""
        turn = self._turn
        observe.current_turn.set(turn.id)
        try:
            if self._conversation.recall(turn, await self._parts.read_back(self._conversation)):
                turn.end()
                return
            with observe.stage("all"):
                await self._answer()
        except Exception as error:
            self._conversation.forget(turn)
            if not isinstance(error, Problem):  # a failure of ours, not of Rasa's
                logger.exception("%s: the message could not be handled", error_number())
            turn.end(error if isinstance(error, Problem) else Problem("unavailable"))
            return
        turn.end()
        role, about = self._speaker.principal.role.value, [reply.get("custom") or {} for reply in turn.replies]
        observe.note_turn(self._conversation.name, role, about, silent=turn.silent)
        self._parts.unanswered.note(Asked.of_turn(turn.asked, role, about))

    async def _answer(self) -> None:
        """Raises Problem where the turn came to nothing."""
        if self._incoming.message is not None:
            order = self._speaker.principal.order
            await self._show(mask(self._incoming.message, self._conversation.orders | ({order} if order else set())))
        output = WidgetOutput(self._parts.buttons, self._deliver)
        async with self._parts.backend.held(self._conversation.name, self._parts.limits.allowed.turn):
            message = await self._message(output)
            number = await self._handled(message) if message is not None else None
        self._turn.silent = output.silent
        if message is None:
            await self._deliver(self._own_reply(_USED_BUTTON, "unknown"))
        elif not (self._turn.replies or self._turn.silent):
            number = number or _log_failure("the turn ended without a reply")
            again = [Button("再试一次", message.text or ""), Button("转人工", "/handoff")]
            await self._deliver(self._own_reply(_FAILED.format(number=number), "error", again))

    async def _message(self, output: WidgetOutput) -> UserMessage | None:
        """The message for Rasa; None for a button that cannot be pressed.

        Called with the conversation held, so that of two presses of one button the second sees the first. Identity,
        channel and metadata are made here; nothing of them comes from the client.
        """
        name, pressed = self._conversation.name, self._incoming.button
        metadata: dict[str, Any] = {"principal": self._speaker.principal.as_dict(), "turn": self._turn.id}
        if pressed is None:
            text = as_text(self._turn.asked)
        else:
            button = self._parts.buttons.find(name, await self._parts.backend.recent(name), pressed)
            if button is None:
                return None
            await self._show(button.title)
            text = button.payload if button.payload.startswith("/") else as_text(button.payload)
            metadata[PRESSED] = mark(pressed)
        if text != self._turn.asked:
            metadata[SHOWN_TEXT] = self._turn.asked
        return UserMessage(text, output, name, None, CHANNEL, self._turn.message, metadata)

    async def _handled(self, message: UserMessage) -> str | None:
        """Rasa's turn. Returns the error's number when it failed. Raises Problem turn_timeout."""
        try:
            await self._parts.backend.handle(message, self._parts.limits.allowed.turn)
        except Problem:
            raise
        except Exception as error:
            return _log_failure("the turn failed", error)
        return None

    async def _show(self, text: str) -> None:
        """What was said, to the other tabs."""
        self._turn.asked = text
        said = {"id": self._turn.message, "text": text, "at": moment(time.time())}
        await self._parts.audience.tell(self._conversation.name, "user_echo", said, but=self._sender.connection)

    async def _deliver(self, reply: dict[str, Any]) -> None:
        """A reply, to every tab."""
        reply["reply_to"] = self._turn.message
        self._turn.replies.append(reply)
        self._conversation.said(reply, self._turn.asked)
        self._turn.reached |= self._parts.audience.listeners(self._conversation.name)
        await self._parts.audience.tell(self._conversation.name, "bot_uttered", reply)

    def _own_reply(self, text: str, outcome: str, buttons: list[Button] | None = None) -> dict[str, Any]:
        """A reply of the channel's own, which Rasa knows nothing of."""
        message = {"text": text, "timestamp": time.time(), META: {"outcome": outcome}}
        reply = wire(self._conversation.name, message, None)
        assert reply is not None
        if buttons:
            reply["quick_replies"] = self._parts.buttons.of_ours(self._conversation.name, buttons)
        return reply


class Record:
    """What was said before: shown again, and judged."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def history(self, speaker: Speaker) -> list[dict[str, Any]]:
        """The last messages of the conversation; whoever asks for them has counted the call. Raises Problem."""
        speaker.check()
        past = read(speaker.conversation, await self._parts.backend.events(speaker.conversation))
        conversation = self._parts.conversations.get(speaker.conversation)
        if not conversation.read_back:
            conversation.remember(past)
        return wire_messages(speaker.conversation, past, self._parts.buttons)

    async def judge(self, speaker: Speaker, opinion: Opinion) -> None:
        """Stores what somebody thinks of a reply of this conversation; the call was counted. Raises Problem."""
        speaker.check()
        conversation = self._parts.conversations.get(speaker.conversation)
        await self._parts.read_back(conversation)
        said = conversation.replies.get(opinion.reply)
        if said is None:
            raise Problem("bad_message")
        about = said.about
        reason = mask(plain(opinion.reason), conversation.orders)[:LONGEST_REASON] or None
        judgement = Judgement(
            speaker.conversation, opinion.reply, opinion.useful, about.get("topic"), about.get("article"), reason
        )
        try:
            first = await self._parts.feedback.add(judgement)
        except StoreError as error:
            logger.error("%s: a judgement is lost: %s", error_number(), error)
            raise Problem("unavailable") from None
        if first and not is_unanswered(about):  # else it was kept when the reply was given
            role = speaker.principal.role.value
            self._parts.unanswered.note([Asked.of_reply(said.asked, role, about, useless=True)])
        observe.FEEDBACK.labels(str(opinion.useful).lower()).inc()


def _log_failure(what: str, error: Exception | None = None) -> str:
    number = error_number()
    observe.ERRORS.inc()
    logger.error("%s: %s", number, what, exc_info=error)
    return number
