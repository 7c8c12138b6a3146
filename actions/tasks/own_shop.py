"""What a knowledge topic comes to where a seller asks it of what is his: his shop, or an order of a customer.

`own_of_shop` says None where nothing shows that his own is meant; then the article answers.
"""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from actions.asking.base import Ask, Reply, TaskAction
from actions.asking.shops import SHOPS, names_one, nothing_but_a_shop, spoken_of
from actions.policydb.facts import ShopFacts
from actions.policydb.queries import own
from actions.tasks.customers import customers_meant, of_customers
from actions.tasks.reports import ShopReport
from actions.tasks.selling import CheckShopEligibility, EstimatePremium
from actions.tasks.shops import HALF_A_SENTENCE, CheckShopServices
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadMonth

_TASKS: dict[str, TaskAction] = {
    task.topic: task for task in (CheckShopServices(), CheckShopEligibility(), EstimatePremium(), ShopReport())
}
# Knowledge topic -> the task that has the shop's own answer to it.
OF_SHOP = {
    "premium_cost": "estimate_premium",
    "premium_increase": "estimate_premium",
    "premium_refund": "estimate_premium",
    "who_pays": "estimate_premium",
    "seller_eligibility": "check_shop_eligibility",
    "excess_freight": "check_shop_eligibility",
    "policy_status": "check_shop_services",
    "coverage_period": "check_shop_services",
    "policy_change": "check_shop_services",
    "disable_service": "check_shop_services",
    "enable_service": "check_shop_services",
    "accounting_invoice": "shop_report",
    "payout_amount": "shop_report",
    "payout_destination": "shop_report",
}
# Those of them that are of the shop only where they go on with a reply of that kind: 「还差啥」, 「那赔付呢」.
_GOING_ON = {"excess_freight", "payout_amount", "payout_destination", "premium_refund", "who_pays"}
# Those that ask how it is done, unless they ask when it was.
_OF_THE_PAST = {"policy_change", "disable_service", "enable_service"}
# Knowledge topics that an order of a customer has an own answer to; and those that it has where it is named.
OF_ORDER = frozenset(
    {"policy_status", "coverage_period", "payout_amount", "excess_freight", "payout_time", "payout_destination"}
    | {"claim_rejected", "claim_appeal", "who_pays"}
)
OF_A_NAMED_ORDER = OF_ORDER | {
    *(
        "exchange_coverage",
        "multi_item_times",
        "refuse_delivery",
        "not_covered",
        "claim_steps",
        "freight_without_insurance",
    ),
    *("pickup_direct_offset", "buyer_restricted", "premium_refund"),
}
_CLAIMS = frozenset({"exchange_coverage", "multi_item_times", "refuse_delivery", "not_covered", "pickup_direct_offset"})
_WHEN = r"(?:什么时候|啥时候|何时|几月几?号|几号|哪[天日年]|哪月哪?[日天]?|多久|多长时间)"
_WAS = re.compile(
    rf"{_WHEN}.{{0,5}}(?:关|停|退出?|开|加入?|上|弄|生效|到期|结束).{{0,3}}(?:的|了)"
    rf"|(?:关|停|退出?|开通?|加入?|上)(?:掉|了)?(?:的)?(?:是)?{_WHEN}"
    r"|(?:咋|怎么|为啥|为什么)就?(?:没了|没有了|停了|关了|不见了)"
)
_CLAIMS_OF_SEVERAL = frozenset({"claim_rejected", "payout_time", "payout_amount", "policy_status"})
_LIST = re.compile(
    r"(?:哪些|哪几|最近|所有|全部)[^,。]{0,8}[单笔]|[单笔][^,。]{0,4}(?:列|拉)|(?:列|拉)[^,。]{0,8}[单笔]"
)
_HOW = re.compile(r"怎么(?!还|就|又)[关退开停取算弄样]?|如何|咋[关退开停弄]|在哪|步骤|入口")
_FOR_A_BUYER = re.compile(
    r"[帮给替代为].{0,4}(?:客人|买家|顾客|客户|亲).{0,8}(?:代?买|补|投|加|上|弄|开)[^,。]{0,8}(?:险|保)|[帮给替代为].{0,4}(?:客人|买家|顾客|客户)代?[买补投]"
)
_CANNOT_BUY = (
    "买家自己的运费险只能由他本人在下单时勾选，店铺不能替某一位买家买。"
    "想让买家都有保障，可以给店铺开通卖家运费险：说「帮我开通运费险」就行。"
)


def own_of_shop(session: Session, ask: Ask, topic: str, shops: tuple[ShopFacts, ...] | None = None) -> Reply | None:
    """The seller's own answer to a knowledge topic; None where the general one is meant. Raises WrongRole for a buyer.

    Also for what is not understood or outside, in half a sentence: a shop and nothing else, a place in the list shown.
    shops: the asker's own, where they are read already.
    """
    if _FOR_A_BUYER.search(ask.asked.plain):
        return Reply(_CANNOT_BUY)
    shops = own.shops(session, ask.principal) if shops is None else shops
    if (task := _going_on(ask, shops, topic)) is not None:
        return task.answer(session, ask)
    if topic in _CLAIMS_OF_SEVERAL and _LIST.search(ask.asked.plain):
        return of_customers(session, ask, "check_claim")
    of_shop = names_one(ask, shops)
    if not of_shop and topic in OF_A_NAMED_ORDER and (reply := _of_an_order(session, ask, topic)) is not None:
        return reply
    task = _TASKS.get(OF_SHOP.get(topic, ""))
    had = any(each.product == ask.product for shop in shops for each in shop.enrollments)
    if topic == "policy_change" and ask.product and not (of_shop or had):
        return None  # what became of a product that he never had
    if task is None or not _of_the_shop(ask, topic, named=of_shop):
        return None
    return _TASKS[_instead(task.topic, ask)].answer(session, ask)


def _going_on(ask: Ask, shops: tuple[ShopFacts, ...], topic: str) -> TaskAction | None:
    """The task that words go on with which ask nothing themselves: 「另一家呢」, 「第二个哪天开的」."""
    shown = ask.asked.shown or {}
    last = str(shown.get("topic") or "")
    if spoken_of(ask) and nothing_but_a_shop(ask, shops):
        return _TASKS.get(last) or _TASKS.get(OF_SHOP.get(last, "")) or _TASKS["check_shop_services"]
    points = ask.ordinal is not None and shown.get("services") and len(ask.asked.plain) <= HALF_A_SENTENCE
    return _TASKS["check_shop_services"] if points and topic not in OF_SHOP else None


def _of_an_order(session: Session, ask: Ask, topic: str) -> Reply | None:
    """About an order of a customer: one that is named, or the one that the reply just before was about."""
    shown = ask.asked.shown or {}
    goes_on = bool(shown.get("order")) and len(ask.asked.plain) <= 2 * HALF_A_SENTENCE and topic in OF_ORDER
    found = customers_meant(session, ask)
    named = isinstance(found, Reply) or (found is not None and bool(found.said or ask.order_number or ask.ordinal))
    if not named and not (goes_on and found is not None):
        return None
    return of_customers(session, ask, "check_claim" if topic in _CLAIMS else topic)


def _of_the_shop(ask: Ask, topic: str, *, named: bool) -> bool:
    """Whether the words are of the asker's shop: they say so, or they go on with a reply about it in half a sentence."""
    plain = ask.asked.plain
    if _WAS.search(plain):
        return topic not in _GOING_ON
    if topic in _OF_THE_PAST or _HOW.search(plain):
        return False
    goes_on = spoken_of(ask) and len(plain) <= HALF_A_SENTENCE
    if topic not in _GOING_ON:
        return named or goes_on
    shown = ask.asked.shown or {}
    wanted = {"premium_refund": SHOPS, "who_pays": "", "excess_freight": SHOPS}.get(topic, "month")
    return goes_on and bool(shown.get(wanted)) and (topic != "premium_refund" or "退" not in plain)


def _instead(task: str, ask: Ask) -> str:
    """After a report, and where a month is named, figures are those of the month: 「那保费呢」."""
    shown = ask.asked.shown or {}
    try:
        month = dates.month_in(ask.asked.plain, local(ask.at).date())
    except BadMonth:
        month = None
    return "shop_report" if task == "estimate_premium" and (month or shown.get("month")) else task
