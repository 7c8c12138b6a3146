"""The floor: a Socket.IO server on Sanic that answers every message with the same words. What the wire alone costs.

`python -m bench.speed.servers.floor PORT`
"""

from __future__ import annotations

import sys
from typing import Any

from sanic import Sanic, response
from socketio import AsyncServer

ANSWER = {"text": "好"}


def app() -> Sanic:
    """The server, attached as the channels of both assistants are."""
    made = Sanic("floor", configure_logging=False)
    sio = AsyncServer(async_mode="sanic", cors_allowed_origins=[])
    sio.attach(made, "/socket.io")

    @sio.on("user_uttered")
    async def answer(sid: str, _: Any) -> None:
        await sio.emit("bot_uttered", ANSWER, to=sid)

    @made.get("/ready")
    async def ready(_: Any) -> Any:
        return response.json({"ready": True})

    return made


if __name__ == "__main__":
    app().run(host="127.0.0.1", port=int(sys.argv[1]), access_log=False)
