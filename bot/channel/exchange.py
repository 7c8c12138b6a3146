"""A message becomes a turn, whichever wire it came by.

In this order: shape, token still valid, sent before (as far as memory knows)?, rate, length; and only then what reads
the store or remembers anything: sent before (as the tracker knows)?, masking, turn. So what is refused has cost nobody
anything. From the turn on there is always a reply, and a failed turn has an error number in the log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered

from bot.channel import observe
from bot.channel.backend import Backend, Choose
from bot.channel.guard.identity import Speaker
from bot.channel.guard.limits import Limits
from bot.channel.guard.problems import Problem
from bot.channel.memory.buttons import PRESSED, Button, Buttons, looks_like_button, mark
from bot.channel.memory.conversations import Conversation, Conversations, Turn
from bot.channel.memory.history import SHOWN_TEXT, Past, read, wire_messages
from bot.channel.memory.outputs import CHANNEL, META, WidgetOutput, moment, wire
from bot.staff.unanswered.feedback import LONGEST_REASON, FeedbackStore, Judgement
from bot.staff.unanswered.store import Asked, UnansweredStore, is_unanswered
from xiaoer.errors import StoreError, error_number
from xiaoer.plain import as_text, plain
from xiaoer.privacy import mask

logger = logging.getLogger(__name__)

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REPLY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
class Incoming:
    """A message as it came. message: text, not cleaned yet, or None; button: an opaque id or None; id: the client's, or ours."""

    id: str
    message: str | None = None
    button: str | None = None

    @classmethod
    def read(cls, data: object, *, id_key: str = "id", message_key: str = "message", button_key: str = "") -> Incoming:
        """From the data of an event or of a request; whatever else is in it has no effect. Raises Problem bad_message."""
        if not isinstance(data, Mapping):
            raise Problem("bad_message")
        name = data.get(id_key)
        if name is None:
            name = f"u-{secrets.token_hex(8)}"
        if not isinstance(name, str) or not _CLIENT_ID.fullmatch(name):
            raise Problem("bad_message")
        message = data.get(message_key) if message_key else None
        button = data.get(button_key) if button_key else None
        given = [each for each in (message, button) if each is not None]
        if len(given) != 1 or not isinstance(given[0], str):
            raise Problem("bad_message")
        if message is not None and looks_like_button(message):  # as stock Rasa clients send a button's payload back
            return cls(name, None, message)
        return cls(name, message, button)


@dataclass(frozen=True)
class Sender:
    """Where a message came from. connection: None over plain HTTP."""

    address: str
    connection: str | None = None


class Exchange:
    """The heart of the channel; sockets and HTTP are its two mouths."""

    def __init__(
        self,
        backend: Backend,
        audience: Audience,
        limits: Limits,
        buttons: Buttons,
        feedback: FeedbackStore,
        unanswered: UnansweredStore,
    ) -> None:
        self._backend = backend
        self._audience = audience
        self._limits = limits
        self._buttons = buttons
        self._feedback = feedback
        self._unanswered = unanswered
        self._conversations = Conversations()
        self._running: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ messages

    async def receive(self, speaker: Speaker, incoming: Incoming, sender: Sender) -> Turn:
        """The turn that answers the message, when it is over. Raises Problem where it was not answered."""
        speaker.check()
        turn = self._conversations.turn(speaker.conversation, incoming.id)
        if turn is None:
            turn = self._begin(speaker, incoming, sender)
        await turn.wait()
        await self._catch_up(turn, sender)
        return turn

    def _begin(self, speaker: Speaker, incoming: Incoming, sender: Sender) -> Turn:
        """A new turn, on its way. Raises Problem, and has read and kept nothing then.

        Nothing is awaited between the look for a turn of that id and here: of two at once one begins it.
        """
        self._limits.message(speaker.conversation, sender.address)
        if incoming.message is not None:
            incoming = replace(incoming, message=plain(incoming.message))
            self._limits.text(incoming.message or "")
        conversation = self._conversations.get(speaker.conversation)
        turn = Turn(incoming.id)
        conversation.begin(turn)
        # A task of its own: the turn goes on when the sender's connection breaks.
        task = asyncio.ensure_future(self._run(speaker, incoming, sender, conversation, turn))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return turn

    async def _catch_up(self, turn: Turn, sender: Sender) -> None:
        """The replies for a connection that was not there when they came."""
        if sender.connection is None or sender.connection in turn.reached:
            return
        turn.reached.add(sender.connection)
        for reply in turn.replies:
            await self._audience.tell_one(sender.connection, "bot_uttered", reply)

    async def _run(
        self, speaker: Speaker, incoming: Incoming, sender: Sender, conversation: Conversation, turn: Turn
    ) -> None:
        observe.current_turn.set(turn.id)
        try:
            if conversation.recall(turn, await self._read_back(conversation)):
                turn.end()
                return
            with observe.stage("all"):
                await self._answer(speaker, incoming, sender, conversation, turn)
        except Exception as error:
            conversation.forget(turn)
            if not isinstance(error, Problem):  # a failure of ours, not of Rasa's
                logger.exception("%s: the message could not be handled", error_number())
            turn.end(error if isinstance(error, Problem) else Problem("unavailable"))
            return
        turn.end()
        self._note(speaker, turn)
        self._keep_unanswered(speaker, turn)

    async def _answer(
        self, speaker: Speaker, incoming: Incoming, sender: Sender, conversation: Conversation, turn: Turn
    ) -> None:
        async def echo(shown: str) -> None:
            turn.asked = shown
            data = {"id": turn.message, "text": shown, "at": moment(time.time())}
            await self._audience.tell(conversation.name, "user_echo", data, but=sender.connection)

        async def deliver(reply: dict[str, Any]) -> None:
            reply["reply_to"] = turn.message
            turn.replies.append(reply)
            conversation.said(reply, turn.asked)
            turn.reached |= self._audience.listeners(conversation.name)
            await self._audience.tell(conversation.name, "bot_uttered", reply)

        if incoming.message is not None:
            own = conversation.orders | ({speaker.principal.order} if speaker.principal.order else set())
            await echo(mask(incoming.message, own))
        output = WidgetOutput(self._buttons, deliver)
        limit = self._limits.allowed.turn
        async with self._backend.held(conversation.name, limit):
            # Here, so that of two presses of one button the second sees the first.
            button = await self._pressed(conversation.name, incoming.button)
            if button is not None:
                await echo(button.title)
            elif incoming.button is not None:
                await deliver(_own_reply(conversation.name, _USED_BUTTON, "unknown"))
                return
            message = _message(speaker, turn, incoming.button, button, output)
            number = await self._turn(message, limit)
        turn.silent = output.silent
        if not (turn.replies or turn.silent):
            number = number or _log_failure("the turn ended without a reply")
            await deliver(self._failure(conversation.name, number, message.text or ""))

    async def _pressed(self, conversation: str, name: str | None) -> Button | None:
        return self._buttons.find(conversation, await self._backend.recent(conversation), name) if name else None

    async def _turn(self, message: UserMessage, limit: float) -> str | None:
        """Rasa's turn. Returns the error's number when it failed. Raises Problem turn_timeout."""
        try:
            await self._backend.handle(message, limit)
        except Problem:
            raise
        except Exception as error:
            return _log_failure("the turn failed", error)
        return None

    def _failure(self, conversation: str, number: str, again: str) -> dict[str, Any]:
        reply = _own_reply(conversation, _FAILED.format(number=number), "error")
        offered = [Button("再试一次", again), Button("转人工", "/handoff")]
        return {**reply, "quick_replies": self._buttons.of_ours(conversation, offered)}

    def _note(self, speaker: Speaker, turn: Turn) -> None:
        """Counts and logs a turn: what was said about the replies, never the text."""
        customs = [reply.get("custom") or {} for reply in turn.replies]
        unsaid = "handoff" if turn.silent else "none"
        outcome = str(next((custom["outcome"] for custom in customs if custom.get("outcome")), unsaid))
        observe.TURNS.labels(speaker.principal.role.value, outcome).inc()
        if outcome in ("unknown", "clarify", "outside"):
            observe.FALLBACKS.inc()
        logger.info(
            "turn",
            extra={
                "conversation": speaker.conversation[:16],
                "role": speaker.principal.role.value,
                "outcome": outcome,
                "topics": [custom["topic"] for custom in customs if custom.get("topic")],
            },
        )

    def _keep_unanswered(self, speaker: Speaker, turn: Turn) -> None:
        """Leaves the turn's question for `xiaoer report`, once for each thing in it that was not answered."""
        customs = [reply.get("custom") or {} for reply in turn.replies]
        role = speaker.principal.role.value
        questions = [Asked.of_reply(turn.asked, role, custom) for custom in customs if is_unanswered(custom)]
        self._unanswered.note(list(dict.fromkeys(questions)))

    # ------------------------------------------------------------------ what a person says

    def listened(self, name: str) -> bool:
        """Whether somebody is connected to the conversation, on this server."""
        return bool(self._audience.listeners(name))

    async def add(self, name: str, choose: Choose) -> bool:
        """Adds to a conversation what was said outside its turns, and tells its tabs. `choose`: see `Backend.add`.

        False: it is not there to stay (there is no such conversation, or it cannot be stored). Raises Problem.
        """
        added = await self._backend.add(name, choose, create=self.listened(name))
        conversation = self._conversations.get(name)
        for event in added or ():
            reply = wire(name, event.message(), self._buttons) if isinstance(event, BotUttered) else None
            if reply is not None:
                conversation.said(reply, "")
                await self._audience.tell(name, "bot_uttered", reply)
        return added is not None

    # ------------------------------------------------------------------ the rest

    async def history(self, speaker: Speaker) -> list[dict[str, Any]]:
        """The last messages of the conversation; whoever asks for them has counted the call. Raises Problem."""
        speaker.check()
        past = read(speaker.conversation, await self._backend.events(speaker.conversation))
        conversation = self._conversations.get(speaker.conversation)
        if not conversation.read_back:
            conversation.remember(past)
        return wire_messages(speaker.conversation, past, self._buttons)

    async def feedback(self, speaker: Speaker, data: object, sender: Sender) -> None:
        """Stores what somebody thinks of a reply of this conversation. Raises Problem."""
        self._limits.call(sender.address)
        speaker.check()
        if not isinstance(data, Mapping):
            raise Problem("bad_message")
        reply, useful, reason = data.get("reply"), data.get("useful"), data.get("reason")
        if not isinstance(reply, str) or not _REPLY_ID.fullmatch(reply) or not isinstance(useful, bool):
            raise Problem("bad_message")
        if reason is not None and (not isinstance(reason, str) or len(reason) > LONGEST_REASON):
            raise Problem("bad_message")
        conversation = self._conversations.get(speaker.conversation)
        await self._read_back(conversation)
        said = conversation.replies.get(reply)
        if said is None:
            raise Problem("bad_message")
        about = said.about
        masked = mask(plain(reason), conversation.orders)[:LONGEST_REASON] if reason else None
        judgement = Judgement(speaker.conversation, reply, useful, about.get("topic"), about.get("article"), masked)
        try:
            first = await self._feedback.add(judgement)
        except StoreError as error:
            logger.error("%s: a judgement is lost: %s", error_number(), error)
            raise Problem("unavailable") from None
        if first and not is_unanswered(about):  # else it was kept when the reply was given
            self._unanswered.note([Asked.of_reply(said.asked, speaker.principal.role.value, about, useless=True)])
        observe.FEEDBACK.labels(str(useful).lower()).inc()

    async def _read_back(self, conversation: Conversation) -> Past | None:
        """Lets the conversation know what the tracker knows from before. None: it did already."""
        if conversation.read_back:
            return None
        past = read(conversation.name, await self._backend.events(conversation.name))
        if not conversation.read_back:  # somebody else may have read it meanwhile
            conversation.remember(past)
        return past


def _message(
    speaker: Speaker, turn: Turn, pressed: str | None, button: Button | None, output: WidgetOutput
) -> UserMessage:
    """The message for Rasa. Its identity, channel and metadata are made here; nothing of them comes from the client."""
    text = button.payload if button is not None else turn.asked
    if button is None or not text.startswith("/"):
        text = as_text(text)
    metadata: dict[str, Any] = {"principal": speaker.principal.as_dict(), "turn": turn.id}
    if pressed is not None:
        metadata[PRESSED] = mark(pressed)
    if text != turn.asked:
        metadata[SHOWN_TEXT] = turn.asked
    return UserMessage(text, output, speaker.conversation, None, CHANNEL, turn.message, metadata)


def _log_failure(what: str, error: Exception | None = None) -> str:
    number = error_number()
    observe.ERRORS.inc()
    logger.error("%s: %s", number, what, exc_info=error)
    return number


def _own_reply(conversation: str, text: str, outcome: str) -> dict[str, Any]:
    """A reply of the channel's own, which Rasa knows nothing of."""
    reply = wire(conversation, {"text": text, "timestamp": time.time(), META: {"outcome": outcome}}, None)
    assert reply is not None
    return reply
