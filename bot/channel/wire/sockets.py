"""The Socket.IO side of the wire: events in, events out. What is decided about a message is decided in `exchange`.

The events `connect` and `disconnect` can be sent by any client as if they were its own (python-socketio dispatches
them like others), so neither handler believes its arguments without looking.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sanic.request import Request
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError
from socketio.packet import Packet

from bot.channel import observe
from bot.channel.exchange import Exchange, Record
from bot.channel.guard.identity import Identity, Speaker
from bot.channel.guard.limits import Limits, address_of
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import Problem, as_problem
from bot.channel.memory.incoming import Incoming, Opinion, Sender
from xiaoer.errors import error_number

logger = logging.getLogger(__name__)

NAMESPACE = "/"


class JsonPacket(Packet):
    """What we send is JSON. Socket.IO looks through every reply for bytes, to send them apart."""

    uses_binary_events = False


def server(limits: Limits, origins: Origins) -> AsyncServer:
    """The Socket.IO server; its path is attached to the app with the blueprint."""
    return AsyncServer(
        async_mode="sanic",
        cors_allowed_origins=origins.for_socket,
        cors_credentials=False,
        max_http_buffer_size=limits.allowed.body,
        serializer=JsonPacket,
    )


class Rooms:
    """The audience of a conversation: one room each."""

    def __init__(self, sio: AsyncServer) -> None:
        self._sio = sio

    def listeners(self, conversation: str) -> set[str]:
        return {sid for sid, _ in self._sio.manager.get_participants(NAMESPACE, conversation)}

    async def tell(self, conversation: str, event: str, data: Any, *, but: str | None = None) -> None:
        await self._sio.emit(event, data, room=conversation, skip_sid=but)

    async def tell_one(self, connection: str, event: str, data: Any) -> None:
        await self._sio.emit(event, data, to=connection)


class Sockets:
    """Holds who is at each connection and hands their events to the exchange."""

    def __init__(
        self, sio: AsyncServer, identity: Identity, limits: Limits, exchange: Exchange, record: Record
    ) -> None:
        self._sio = sio
        self._identity = identity
        self._limits = limits
        self._exchange = exchange
        self._record = record
        self._speakers: dict[str, Speaker] = {}
        self._addresses: dict[str, str] = {}
        sio.on("connect", self._connect)
        sio.on("disconnect", self._disconnect)
        for event, handler in {
            "session_request": self._session_request,
            "user_uttered": self._user_uttered,
            "button": self._button,
            "feedback": self._feedback,
            "token": self._token,
        }.items():
            sio.on(event, self._guarded(handler))

    # ------------------------------------------------------------------ connections

    async def _connect(self, sid: str, *arguments: Any) -> None:
        environ = arguments[0] if arguments else None
        request = environ.get("sanic.request") if isinstance(environ, dict) else None
        if sid in self._speakers or not isinstance(request, Request):
            return  # an event of that name, not a connection
        auth = arguments[1] if len(arguments) > 1 else None
        auth = auth if isinstance(auth, Mapping) else {}
        address = address_of(request)
        try:
            self._limits.connect(address, sid)
            speaker = self._identity.speaker(auth.get("token"), auth.get("session"))
        except Problem as problem:
            self._limits.disconnect(address, sid)
            observe.PROBLEMS.labels(problem.code).inc()
            raise ConnectionRefusedError(problem.text, problem.as_dict()) from None
        self._speakers[sid], self._addresses[sid] = speaker, address
        observe.CONNECTIONS.inc()
        await self._sio.enter_room(sid, speaker.conversation)

    async def _disconnect(self, sid: str, *_: Any) -> None:
        if self._sio.manager.is_connected(sid, NAMESPACE):
            await self._sio.disconnect(sid)  # the client said so itself; this comes here again
            return
        if self._speakers.pop(sid, None) is not None:
            self._limits.disconnect(self._addresses.pop(sid), sid)
            observe.CONNECTIONS.dec()

    def _guarded(self, handler: Callable[[str, Speaker, Any], Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The handler with a speaker and one argument, whatever the client sent; a Problem becomes `problem` and ack."""

        async def handle(sid: str, *arguments: Any) -> Any:
            speaker = self._speakers.get(sid)
            if speaker is None:
                return None
            data = arguments[0] if arguments else None
            try:
                return await handler(sid, speaker, data)
            except Exception as error:
                if not isinstance(error, Problem):
                    logger.exception("%s: an event could not be handled", error_number())
                return await self._refuse(sid, as_problem(error), data)

        return handle

    async def _refuse(self, sid: str, problem: Problem, data: Any) -> dict[str, Any]:
        observe.PROBLEMS.labels(problem.code).inc()
        name = _client_id(data)
        about = {"id": name} if name else {}
        await self._sio.emit("problem", {**problem.as_dict(), **about}, to=sid)
        return {"ok": False, **about, **problem.as_dict()}

    def _sender(self, sid: str) -> Sender:
        return Sender(self._addresses[sid], sid)

    # ------------------------------------------------------------------ events

    async def _session_request(self, sid: str, speaker: Speaker, data: Any) -> None:
        self._limits.call(self._addresses[sid])
        wanted = data.get("session_id") if isinstance(data, Mapping) else None
        if speaker.principal.is_visitor and isinstance(wanted, str) and wanted != speaker.session:
            speaker = await self._become(sid, speaker, wanted)
        await self._sio.emit("session_confirm", speaker.session, to=sid)
        messages = await self._record.history(speaker)
        await self._sio.emit("history", {"messages": messages}, to=sid)

    async def _become(self, sid: str, speaker: Speaker, wanted: str) -> Speaker:
        """The visitor of that id, when it is one of ours; else who they were."""
        other = self._identity.visitor(wanted)
        if other.session != wanted:
            return speaker
        await self._sio.leave_room(sid, speaker.conversation)
        await self._sio.enter_room(sid, other.conversation)
        self._speakers[sid] = other
        return other

    async def _user_uttered(self, sid: str, speaker: Speaker, data: Any) -> dict[str, Any]:
        return await self._say(sid, speaker, Incoming.read(data))

    async def _button(self, sid: str, speaker: Speaker, data: Any) -> dict[str, Any]:
        incoming = Incoming.read(data, id_key="client_id", message_key="", button_key="id")
        return await self._say(sid, speaker, incoming)

    async def _say(self, sid: str, speaker: Speaker, incoming: Incoming) -> dict[str, Any]:
        turn = await self._exchange.receive(speaker, incoming, self._sender(sid))
        return {"ok": True, "id": turn.message, "turn": turn.id}

    async def _feedback(self, sid: str, speaker: Speaker, data: Any) -> dict[str, Any]:
        self._limits.call(self._addresses[sid])
        await self._record.judge(speaker, Opinion.read(data))
        return {"ok": True}

    async def _token(self, sid: str, speaker: Speaker, data: Any) -> dict[str, Any]:
        self._limits.call(self._addresses[sid])
        try:
            fresh = self._identity.signed_in(data.get("token") if isinstance(data, Mapping) else None)
            if fresh.conversation != speaker.conversation:
                raise Problem("token_invalid")
        except Problem as problem:
            return {"ok": False, **problem.as_dict()}
        self._speakers[sid] = fresh
        return {"ok": True}


def _client_id(data: Any) -> str | None:
    """The id of the message a problem is about, as far as there is one."""
    name = (data.get("client_id") or data.get("id")) if isinstance(data, Mapping) else None
    return name if isinstance(name, str) and len(name) <= 64 else None
