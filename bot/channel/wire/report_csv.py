"""A seller's month as a file: `GET report.csv?month=2026-10&shop=CODE`, with the same token as everything else.

In the `Authorization` header only: an address ends up in histories and logs, so no token and no session is read from it.
Another seller's shop and one that does not exist get the same answer after the same query.

Reaches into `actions` as the demo shop does: the figures are those of the reply, counted by the same functions.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from actions.desk import report
from actions.policydb import queries, reporting
from actions.policydb.session import reading
from bot.channel.guard.identity import Identity
from bot.channel.guard.limits import Limits
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import Problem
from bot.channel.wire import rest
from bot.channel.wire.sockets import address_of
from xiaoer import clock, settings
from xiaoer.dates import BadMonth, Month
from xiaoer.errors import DeskError, error_number
from xiaoer.principal import Principal, Role

logger = logging.getLogger(__name__)

_NO_STORE = {"Cache-Control": "no-store"}
# Bounded, and nobody else's: many downloads from a slow database keep waiting here, and end with their time.
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="report")


def add_routes(blueprint: Blueprint, identity: Identity, origins: Origins, limits: Limits) -> None:
    """`report.csv` below the blueprint's prefix."""

    @blueprint.route("/report.csv", methods=["GET"])
    async def download(request: Request) -> HTTPResponse:
        return await rest.in_shape(request, origins, lambda: _download(request, identity, limits), _NO_STORE)

    @blueprint.route("/report.csv", methods=["OPTIONS"])
    async def report_preflight(request: Request) -> HTTPResponse:
        return rest.permission(request, origins, "GET", "Authorization")


async def _download(request: Request, identity: Identity, limits: Limits) -> HTTPResponse:
    limits.call(address_of(request))
    principal = identity.signed_in(rest.bearer(request)).principal
    if principal.role is not Role.SELLER:
        raise Problem("sellers_only")
    shop = str(request.args.get("shop") or "")
    try:
        month = Month.parse(str(request.args.get("month") or ""))
    except BadMonth:
        raise Problem("bad_request") from None
    if not shop or month > Month.of(clock.today()):
        raise Problem("bad_request")
    return HTTPResponse(
        await _in_time(principal, shop, month),
        headers={
            "Content-Disposition": f'attachment; filename="{report.file_name(shop, month)}"',
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Expose-Headers": "Content-Disposition",
        },
        content_type="text/csv; charset=utf-8",
    )


async def _in_time(principal: Principal, shop: str, month: Month) -> bytes:
    """The file. Raises Problem unavailable where the database fails or is too slow, not_found."""
    limit = settings.seconds("XIAOER_QUERY_TIMEOUT")
    try:
        work = asyncio.get_running_loop().run_in_executor(_pool, _sheet, principal, shop, month)
        return await asyncio.wait_for(work, limit)
    except (DeskError, asyncio.TimeoutError) as error:
        logger.error("%s: a report could not be made: %s", error_number(), error or f"no answer within {limit:g} s")
        raise Problem("unavailable") from None


def _sheet(principal: Principal, code: str, month: Month) -> bytes:
    today = clock.today()
    with reading() as session:
        shop = next((each for each in queries.shops(session, principal) if each.code == code), None)
        if shop is None:
            raise Problem("not_found")
        days = reporting.counts(session, principal, code, report.day_edges(month, today))
    return report.sheet(shop.name, month, days, today)
