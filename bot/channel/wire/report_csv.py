"""A seller's month as a file: `GET report.csv?month=2026-10&shop=CODE`, with the same token as everything else.

In the `Authorization` header only: an address ends up in histories and logs, so no token and no session is read from it.
Another seller's shop and one that does not exist get the same answer after the same query.

Reaches into `actions` as the demo shop does: the figures are those of the reply, counted by the same functions.
"""

from __future__ import annotations

import logging

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from actions.desk import report
from actions.policydb.queries import figures, own
from actions.policydb.session import reading
from bot.channel.guard.identity import Identity
from bot.channel.guard.limits import Limits, address_of
from bot.channel.guard.origins import Origins
from bot.channel.guard.problems import Problem
from bot.channel.wire import rest
from xiaoer import clock, settings, threads
from xiaoer.dates import BadMonth, Month
from xiaoer.errors import DeskError, TooSlow, error_number
from xiaoer.principal import Principal, Role

logger = logging.getLogger(__name__)

_NO_STORE = {"Cache-Control": "no-store"}
_pool = threads.pool("report", 4)


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
        return await threads.in_time(_pool, limit, _sheet, principal, shop, month)
    except (DeskError, TooSlow) as error:
        logger.error("%s: a report could not be made: %s", error_number(), error)
        raise Problem("unavailable") from None


def _sheet(principal: Principal, code: str, month: Month) -> bytes:
    today = clock.today()
    with reading() as session:
        shop = next((each for each in own.shops(session, principal) if each.code == code), None)
        if shop is None:
            raise Problem("not_found")
        days = figures.counts(session, principal, code, report.day_edges(month, today))
    return report.sheet(shop.name, month, days, today)
