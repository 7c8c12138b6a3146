"""Demo mode's two questions: a token for a demo account, and the orders to list on the demo shop's page.

Reaches into `actions` (as the command does): the shop page that is played here has its orders from the same database.
Nothing of it is loaded outside demo mode.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channel.guard.identity import DEMO_SECONDS, Identity
from bot.channel.guard.limits import Limits, address_of
from bot.channel.guard.problems import Problem
from bot.channel.wire.rest import dumps, refusal
from xiaoer import clock, settings, threads
from xiaoer.errors import DeskError, TooSlow, error_number
from xiaoer.principal import Principal, Role, Source, parse_principal

logger = logging.getLogger(__name__)

_pool = threads.pool("demo", 2)
_ORDER = re.compile(r"\d{15,24}")
_NO_STORE = {"Cache-Control": "no-store"}
SHOWN_ORDERS = 30


def add_routes(blueprint: Blueprint, identity: Identity, limits: Limits) -> None:
    """`/demo/token?as=buyer:demo[&order=NO][&seconds=N]` and `/demo/orders?as=buyer:demo`."""

    @blueprint.route("/demo/token", methods=["GET"])
    async def token(request: Request) -> HTTPResponse:
        try:
            limits.call(address_of(request))
            principal = _account(request)
            order = request.args.get("order") or ""
            seconds = request.args.get("seconds") or str(DEMO_SECONDS)
            if (order and not _ORDER.fullmatch(order)) or not re.fullmatch(r"[1-9]\d{0,3}", seconds):
                raise Problem("bad_message")
        except Problem as problem:
            return refusal(problem, _NO_STORE)
        if principal.is_visitor:
            return response.json({"token": None}, headers=_NO_STORE)
        signed = identity.demo_token(replace(principal, order=order), seconds=min(int(seconds), DEMO_SECONDS))
        return response.json({"token": signed}, headers=_NO_STORE)

    @blueprint.route("/demo/orders", methods=["GET"])
    async def orders(request: Request) -> HTTPResponse:
        try:
            limits.call(address_of(request))
            principal = _account(request)
            if principal.role is not Role.BUYER:
                return response.json([], headers=_NO_STORE)
            found = await _in_time(principal)
        except Problem as problem:
            return refusal(problem, _NO_STORE)
        return response.json(found, headers=_NO_STORE, dumps=dumps)


def _account(request: Request) -> Principal:
    """The demo account that `as` names. Raises Problem for any other."""
    from actions.policydb.demo.data import ACCOUNTS

    try:
        principal = parse_principal(str(request.args.get("as") or ""), Source.TOKEN)
    except ValueError:
        raise Problem("bad_message") from None
    if not principal.is_visitor and (principal.role.value, principal.account) not in ACCOUNTS:
        raise Problem("bad_message")
    return principal


async def _in_time(principal: Principal) -> list[dict[str, Any]]:
    """The account's orders. Raises Problem unavailable where the database fails or is too slow."""
    try:
        return await threads.in_time(_pool, settings.seconds("XIAOER_QUERY_TIMEOUT"), _orders, principal)
    except (DeskError, TooSlow) as error:
        logger.error("%s: the demo orders could not be read: %s", error_number(), error)
        raise Problem("unavailable") from None


def _orders(principal: Principal) -> list[dict[str, Any]]:
    """The account's orders as the demo shop lists them. Raises DeskError."""
    from actions.asking import wording
    from actions.desk.cover import STATE_NAMES, decide, facts_of
    from actions.desk.rules import NoRules
    from actions.policydb.queries import own
    from actions.policydb.session import reading

    result = []
    with reading() as session:
        for order in own.recent_orders(session, principal, limit=SHOWN_ORDERS):
            policy = order.policies[0] if order.policies else None
            try:
                facts = facts_of(order, policy)
                state = STATE_NAMES[decide(facts, at=clock.now()).state]
            except NoRules:
                state = ""
            result.append(
                {
                    "order": order.number,
                    "date": clock.local(order.paid_at).date().isoformat(),
                    "title": wording.item(order),
                    "amount_fen": order.amount_fen,
                    "state": state,
                }
            )
    return result
