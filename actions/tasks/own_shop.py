"""What a knowledge topic comes to where a seller asks it of what is his: his shop, or an order of a customer.

`own_of_shop` says None where nothing shows that his own is meant; then the article answers.
"""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from actions.asking.base import Ask, Reply
from actions.asking.shops import SHOPS, names_one
from actions.policydb.queries import own
from actions.tasks.customers import customers_meant, of_customers
from actions.tasks.reports import ShopReport
from actions.tasks.selling import CheckShopEligibility, EstimatePremium
from actions.tasks.shops import HALF_A_SENTENCE, CheckShopServices
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadMonth

_TASKS = {task.topic: task for task in (CheckShopServices(), CheckShopEligibility(), EstimatePremium(), ShopReport())}
# Knowledge topic -> the task that has the shop's own answer to it.
OF_SHOP = {
    "premium_cost": "estimate_premium",
    "premium_increase": "estimate_premium",
    "who_pays": "estimate_premium",
    "seller_eligibility": "check_shop_eligibility",
    "policy_status": "check_shop_services",
    "coverage_period": "check_shop_services",
    "policy_change": "check_shop_services",
    "disable_service": "check_shop_services",
    "accounting_invoice": "shop_report",
    "payout_amount": "shop_report",
}
# Knowledge topics that an order of a customer has an own answer to.
OF_ORDER = frozenset(
    {"policy_status", "coverage_period", "payout_amount", "excess_freight", "payout_time", "payout_destination"}
    | {"claim_rejected", "claim_appeal", "who_pays"}
)
_WHEN = re.compile(r"什么时候|啥时候|何时|几号|哪天|多久了|从哪|时间")
_HOW = re.compile(r"怎么[关退开停取算]|如何|咋[关退开停]|在哪")
_FOR_A_BUYER = re.compile(r"[帮给替代为].{0,3}(?:客人|买家|顾客|客户|亲)")
_CANNOT_BUY = (
    "运费险只能由买家本人在下单时勾选，店铺不能替某一位买家补买，付款之后也补不了。"
    "想让买家都有保障，可以给店铺开通卖家运费险：说「帮我开通运费险」就行。"
)


def own_of_shop(session: Session, ask: Ask, topic: str) -> Reply | None:
    """The seller's own answer to a knowledge topic; None where the general one is meant. Raises WrongRole for a buyer."""
    if topic == "buyer_buy_policy":
        return Reply(_CANNOT_BUY, outcome="task") if _FOR_A_BUYER.search(ask.asked.plain) else None
    if topic in OF_ORDER and (reply := _of_an_order(session, ask, topic)) is not None:
        return reply
    task = _TASKS.get(OF_SHOP.get(topic, ""))
    if task is None or not _of_the_shop(session, ask, topic):
        return None
    return _TASKS[_instead(task.topic, ask)].answer(session, ask)


def _of_an_order(session: Session, ask: Ask, topic: str) -> Reply | None:
    """About an order of a customer: one that is named, or the one that the reply just before was about."""
    shown = ask.asked.shown or {}
    goes_on = bool(shown.get("order")) and len(ask.asked.plain) <= 2 * HALF_A_SENTENCE
    if names_one(ask, own.shops(session, ask.principal)):
        return None
    found = customers_meant(session, ask)
    named = found is not None and (isinstance(found, Reply) or found.said or ask.order_number or ask.ordinal)
    return of_customers(session, ask, topic) if named or (goes_on and found is not None) else None


def _of_the_shop(session: Session, ask: Ask, topic: str) -> bool:
    """Whether the words are of the asker's shop: they say so, or they go on with a reply about it in half a sentence."""
    if topic == "disable_service" and (_HOW.search(ask.asked.plain) or not _WHEN.search(ask.asked.plain)):
        return False
    if topic == "policy_change" and not _WHEN.search(ask.asked.plain):
        return False
    if names_one(ask, own.shops(session, ask.principal)):
        return not _HOW.search(ask.asked.plain)
    shown = ask.asked.shown or {}
    goes_on = bool(shown.get(SHOPS)) and len(ask.asked.plain) <= HALF_A_SENTENCE
    if topic == "payout_amount":
        return goes_on and bool(shown.get("month"))
    return goes_on and not _HOW.search(ask.asked.plain)


def _instead(task: str, ask: Ask) -> str:
    """After a report, and where a month is named, figures are those of the month: 「那保费呢」."""
    shown = ask.asked.shown or {}
    try:
        month = dates.month_in(ask.asked.plain, local(ask.at).date())
    except BadMonth:
        month = None
    if task == "estimate_premium" and (month or shown.get("month")):
        return "shop_report"
    return task
