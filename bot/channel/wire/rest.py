"""The HTTP side of the wire, for hosts that cannot hold sockets: same token, same replies, same conversation."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channel import observe
from bot.channel.exchange import Exchange
from bot.channel.guard.identity import Identity
from bot.channel.guard.limits import Allowed, address_of
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import Problem, as_problem
from bot.channel.memory.incoming import Incoming, Sender
from xiaoer.errors import error_number

logger = logging.getLogger(__name__)

OPENAPI = Path(__file__).parent / "openapi.json"


def add_routes(
    blueprint: Blueprint, exchange: Exchange, identity: Identity, origins: Origins, allowed: Allowed
) -> None:
    """`messages` and `openapi.json` below the blueprint's prefix."""

    @blueprint.route("/messages", methods=["POST"])
    async def messages(request: Request) -> HTTPResponse:
        return await in_shape(request, origins, lambda: _message(request, exchange, identity, allowed))

    @blueprint.route("/messages", methods=["OPTIONS"])
    async def preflight(request: Request) -> HTTPResponse:
        return permission(request, origins, "POST", "Authorization, Content-Type")

    @blueprint.route("/openapi.json", methods=["GET"])
    async def openapi(request: Request) -> HTTPResponse:
        return response.text(
            OPENAPI.read_text(encoding="utf-8"), content_type="application/json", headers=cors(request, origins)
        )


async def _message(request: Request, exchange: Exchange, identity: Identity, allowed: Allowed) -> HTTPResponse:
    data = _json(request, allowed)
    speaker = identity.speaker(bearer(request), data.get("session") if isinstance(data, dict) else None)
    incoming = Incoming.read(data, button_key="button")
    turn = await exchange.receive(speaker, incoming, Sender(address_of(request)))
    return response.json({"session": speaker.session, "id": turn.message, "replies": turn.replies}, dumps=dumps)


def permission(request: Request, origins: Origins, methods: str, headers: str) -> HTTPResponse:
    """The answer to a browser that asks what a page of another origin may send (preflight)."""
    allowed = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": headers,
        "Access-Control-Max-Age": "600",
    }
    return response.empty(headers={**cors(request, origins), **allowed})


async def in_shape(
    request: Request,
    origins: Origins,
    work: Callable[[], Awaitable[HTTPResponse]],
    more: Mapping[str, str] | None = None,
) -> HTTPResponse:
    """The work's answer, and whatever it raises as `{"error": {code, text}}`. more: headers of either."""
    headers = {**cors(request, origins), **(more or {})}
    try:
        answer = await work()
    except Exception as error:
        if not isinstance(error, Problem):
            logger.exception("%s: a request could not be handled", error_number())
        return refusal(as_problem(error), headers)
    answer.headers.update(headers)
    return answer


def refusal(problem: Problem, headers: dict[str, str] | None = None) -> HTTPResponse:
    """The one shape of an error."""
    observe.PROBLEMS.labels(problem.code).inc()
    more = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
    if problem.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    return response.json(
        {"error": problem.as_dict()}, status=problem.status, headers={**(headers or {}), **more}, dumps=dumps
    )


def dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def bearer(request: Request) -> str | None:
    """The bearer token; None where no authorization is given. Raises Problem token_invalid for another kind."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = str(header).partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem("token_invalid")
    return token.strip()


def _json(request: Request, allowed: Allowed) -> Any:
    if len(request.body) > allowed.body:
        raise Problem("too_long", most=allowed.length)
    if str(request.headers.get("content-type", "")).split(";")[0].strip().lower() != "application/json":
        raise Problem("bad_message", status=415)
    try:
        return json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Problem("bad_message") from None


def cors(request: Request, origins: Origins) -> dict[str, str]:
    """What lets a page of another origin read the answer."""
    return origins.headers(request.headers.get("origin"), request.headers.get("host"))
