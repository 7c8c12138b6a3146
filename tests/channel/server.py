"""The channel on a real port with a small assistant of the tests' own behind it, in a thread of this process.

`Agent` stands where Rasa's agent does: it keeps events as Rasa does, and answers by simple rules:
``慢 N`` sleeps N seconds, ``坏`` raises, ``哑`` says nothing, ``按钮`` offers buttons, ``卡片`` shows an order card,
``两句`` answers twice; ``没懂``, ``资料``, ``圈外``, ``哪件``, ``哪单``, ``哪边``, ``两样`` are not answered in one way or another;
anything else is echoed.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import rasa.core.channels.channel as channels
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, Event, UserUttered
from sanic import Sanic

from bot.channel.input import WidgetInput
from bot.stores.locks import WaitingLockStore

# Sanic rewrites its protocol classes for each app; only in this mode it keeps the originals for the next one.
Sanic.test_mode = True

ORDER = "6123456789012345675"  # 19 digits that pass as a bank card, so it stays only where it is known
TWO_PARAGRAPHS = "第一段。\n\n第二段，**加粗**。"

OPEN = {"topic": "payout_time", "product": "freight"}
NOT_ANSWERED: dict[str, list[dict[str, Any]]] = {
    "没懂": [{"outcome": "unknown"}],
    "资料": [{"outcome": "unknown"}],
    "圈外": [{"outcome": "outside"}],
    "哪件": [{"outcome": "clarify", "choice": "topic"}],
    "哪单": [{"outcome": "clarify", "card": {"type": "orders", "orders": []}}],
    "哪边": [{"outcome": "clarify", "choice": "role"}],
    "两样": [{"outcome": "unknown"}, {"outcome": "unknown"}, {"outcome": "unknown", "topic": "who_pays"}],
}


class Tracker:
    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events


class TrackerStore:
    def __init__(self) -> None:
        self.conversations: dict[str, list[Event]] = defaultdict(list)
        self.reads = 0

    async def retrieve(self, conversation: str) -> Tracker | None:
        return await self.retrieve_full_tracker(conversation)

    async def retrieve_full_tracker(self, conversation: str) -> Tracker | None:
        self.reads += 1
        events = self.conversations.get(conversation)
        return Tracker(list(events)) if events else None


class Agent:
    """Answers as Rasa's agent would be asked to; it is its own processor."""

    action_endpoint = None

    def __init__(self) -> None:
        self.tracker_store = TrackerStore()
        self.lock_store = WaitingLockStore()
        self.processor = self
        self.messages: list[UserMessage] = []
        self.ready = True
        self.buttons = [
            {"title": "看保单", "payload": '/check_policy{"x":"1"}'},
            {"title": "再说", "payload": "再说一遍"},
        ]
        self.broken: bool | None = None  # whether a turn fails; None: only ``坏``

    def is_ready(self) -> bool:
        return self.ready

    async def handle_message(self, message: UserMessage) -> None:
        self.messages.append(message)
        text = message.text or ""
        if text.startswith("慢"):
            await asyncio.sleep(float(text[1:]))
        if text == "坏" if self.broken is None else self.broken:
            raise ValueError("broken on purpose")
        events = self.tracker_store.conversations[message.sender_id]
        events.append(
            UserUttered(
                text,
                {"name": "x"},
                input_channel=message.input_channel,
                message_id=message.message_id,
                metadata=message.metadata,
            )
        )
        for said in self._answers(text):
            event = BotUttered(**said)
            events.append(event)
            await message.output_channel.send_response(message.sender_id, event.message())

    def _answers(self, text: str) -> list[dict[str, Any]]:
        about = {"xiaoer": {"outcome": "answered", "topic": "echo", "article": "freight/echo", "carry": "hidden"}}
        if text == "哑":
            return []
        if text == "按钮":
            return [{"text": "选一个", "data": {"buttons": self.buttons}, "metadata": about}]
        if text == "卡片":
            card = {"type": "policy", "order_number": ORDER}
            return [{"text": "您的保单", "metadata": {"xiaoer": {**about["xiaoer"], "card": card}}}]
        if text == "两句":
            return [{"text": TWO_PARAGRAPHS, "metadata": about}, {"text": "第二条", "metadata": about}]
        if text[:2] in NOT_ANSWERED:
            return [{"text": "这个答不了", "metadata": {"xiaoer": {**OPEN, **more}}} for more in NOT_ANSWERED[text[:2]]]
        return [{"text": f"您说：{text}", "metadata": about}]


class Server:
    """The server, running from `start` to `stop`."""

    def __init__(self) -> None:
        self.agent = Agent()
        self.channel = WidgetInput.from_credentials(None)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Server:
        self._thread.start()
        assert self._started.wait(20)
        if self._failed is not None:
            raise self._failed
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set_result, None)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failed = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        app = Sanic(f"channel-{uuid.uuid4().hex}", configure_logging=False)

        @app.get("/")
        async def hello(request: Any) -> Any:  # Rasa has this route, too
            from sanic import response

            return response.text("Hello from Rasa")

        channels.register([self.channel], app, route="/webhooks/")
        app.ctx.agent = self.agent
        running = await app.create_server("127.0.0.1", self.port, return_asyncio_server=True)
        await running.startup()
        await running.before_start()
        self._end = self._loop.create_future()
        self._started.set()
        await self._end
        await running.before_stop()
        running.close()
        await running.wait_closed()
