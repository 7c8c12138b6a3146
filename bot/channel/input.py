"""The channel as Rasa sees it (credentials.yml, `bot.channel.input.WidgetInput:`): puts the parts together.

Options of credentials.yml: `socketio_path` (default `/socket.io`). Everything else is a setting (xiaoer/settings.py),
so that secrets stay out of files that are committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.exceptions import MethodNotSupported, PayloadTooLarge
from sanic.request import Request
from sanic.response import HTTPResponse
from socketio import AsyncServer

from bot.channel import observe
from bot.channel.backend import Backend
from bot.channel.delivery import Delivery
from bot.channel.exchange import Exchange, Parts, Record
from bot.channel.guard import keys
from bot.channel.guard.identity import Identity
from bot.channel.guard.limits import Allowed, Limits
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import Problem
from bot.channel.memory.buttons import Buttons
from bot.channel.memory.conversations import Conversations
from bot.channel.memory.outputs import CHANNEL, wire
from bot.channel.wire import demo, rest, static
from bot.channel.wire import report_csv as report
from bot.channel.wire.health import Health
from bot.channel.wire.sockets import Rooms, Sockets, server
from bot.staff.unanswered.feedback import FeedbackStore
from bot.staff.unanswered.store import UnansweredStore
from xiaoer import settings
from xiaoer.errors import XiaoerError

SOCKETIO_PATH = "/socket.io"
OPTIONS = ("socketio_path",)


class WidgetInput(InputChannel):
    """Socket.IO and HTTP for the widget, with verified identity."""

    @classmethod
    def name(cls) -> str:
        """`widget`: the name under which xiaoer.principal believes this channel's principals."""
        return CHANNEL

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> WidgetInput:
        """Raises RasaException, which Rasa's command prints as one line, for a setting that cannot be used."""
        options = credentials or {}
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            raise RasaException(f"credentials.yml: {cls.__name__} knows {', '.join(OPTIONS)}, got {', '.join(unknown)}")
        try:
            return cls(str(options.get("socketio_path") or SOCKETIO_PATH))
        except XiaoerError as error:
            raise RasaException(str(error)) from error

    def __init__(self, socketio_path: str = SOCKETIO_PATH) -> None:
        """Raises SettingError, NotReady (no key)."""
        self._path = socketio_path
        loaded = keys.load()
        self._identity = Identity(loaded)
        self._buttons = Buttons(loaded)
        self._limits = Limits(Allowed.from_settings())
        self._origins = Origins()
        self._demo = settings.flag("XIAOER_DEMO")
        self._proxies = settings.whole("XIAOER_PROXIES", 0, 10)
        settings.choice("XIAOER_LOG", "json", "text")
        self._unanswered = UnansweredStore()
        self._rooms: Rooms | None = None

    def get_output_channel(self) -> OutputChannel | None:
        """For what the assistant says unasked (reminders): to all tabs of the conversation."""
        rooms = self._rooms
        return None if rooms is None else _Unasked(rooms, self._buttons)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """on_new_message: Rasa's, which takes the conversation's lock; not used, as the backend takes it for more."""
        sio = server(self._limits, self._origins)
        self._rooms = Rooms(sio)
        backend = Backend()
        self._unanswered.drop_old()
        parts = Parts(
            backend, self._rooms, self._limits, self._buttons, Conversations(), FeedbackStore(), self._unanswered
        )
        exchange = Exchange(parts)
        Sockets(sio, self._identity, self._limits, exchange, Record(parts))
        below = _WidgetBlueprint("xiaoer_widget")
        below.ctx.register = lambda app: self._register(app, sio, backend, Delivery(parts))
        rest.add_routes(below, exchange, self._identity, self._origins, self._limits.allowed)
        report.add_routes(below, self._identity, self._origins, self._limits)
        return below

    def _register(self, app: Sanic, sio: AsyncServer, backend: Backend, delivery: Delivery) -> None:
        """What belongs to the whole server and not below /webhooks/widget."""
        body = self._limits.allowed.body
        app.config.REQUEST_MAX_SIZE = max(4 * body, 2**20)  # a body above ours and below this gets our own reply
        app.config.WEBSOCKET_MAX_SIZE = body
        app.config.PROXIES_COUNT = self._proxies or None
        backend.attach(app)
        sio.attach(app, self._path)
        root = Blueprint("xiaoer_root")
        _add_operations(root, backend)
        static.add_widget(root)
        if self._demo:
            demo.add_routes(root, self._identity, self._limits)
            static.add_demo(root, app)
        app.blueprint(root)
        app.register_listener(_start_logging, "before_server_start")
        app.register_listener(delivery.start, "before_server_start")
        app.register_listener(delivery.stop, "before_server_stop")
        app.register_listener(lambda *_: sio.shutdown(), "before_server_stop")

        @app.exception(PayloadTooLarge)  # type: ignore[no-untyped-call]
        async def too_large(request: Request, error: PayloadTooLarge) -> HTTPResponse:
            return rest.refusal(Problem("too_long", most=self._limits.allowed.length))

        @app.exception(MethodNotSupported)  # type: ignore[no-untyped-call]
        async def other_method(request: Request, error: MethodNotSupported) -> HTTPResponse:
            # TRACE and the like never reach Sanic's own table of methods, so its exception does not name any.
            allowed = ", ".join(sorted({each for route in app.router.routes for each in route.methods
                                        if f"/{route.path}" == request.path}))  # fmt: skip
            return rest.refusal(Problem("bad_message", status=405), {"Allow": allowed})


class _WidgetBlueprint(Blueprint):
    """A blueprint that reaches the app when it is registered, as Rasa's SocketBlueprint does."""

    def register(self, app: Sanic, options: dict[str, Any]) -> None:
        self.ctx.register(app)
        super().register(app, options)  # type: ignore[no-untyped-call]


class _Unasked(OutputChannel):
    """Output outside a turn."""

    def __init__(self, rooms: Rooms, buttons: Buttons) -> None:
        self._rooms = rooms
        self._buttons = buttons

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        reply = wire(recipient_id, message, self._buttons)
        if reply is not None:
            await self._rooms.tell(recipient_id, "bot_uttered", reply)


def _add_operations(root: Blueprint, backend: Backend) -> None:
    parts = Health()

    @root.route("/health", methods=["GET"])
    async def health(request: Request) -> HTTPResponse:
        return response.json({"status": "ok"})

    @root.route("/ready", methods=["GET"])
    async def ready(request: Request) -> HTTPResponse:
        answer = await parts.look(backend.agent)
        return response.json(answer, status=200 if answer["status"] == "ok" else 503)

    @root.route("/metrics", methods=["GET"])
    async def metrics(request: Request) -> HTTPResponse:
        return response.raw(observe.metrics(), content_type=observe.METRICS_TYPE)


async def _start_logging(*_: Any) -> None:
    # Only now: Rasa sets its own handlers up after it has made the channels.
    observe.set_up_logging()
