"""What a seller asks: of a customer's order, of all that words describe, of his shop, or in general.

The order of belief is that of the buyers (`action`): what words name and point at, what they describe, the figures of a
shop, what was spoken of; and what is none of these is a general question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button
from actions.asking.binding import Bound, has_handle
from actions.asking.choosing import of_what
from actions.asking.shops import names_one, shops_for, spoken_of
from actions.desk.volumes import volume_of
from actions.points import customer, several
from actions.points.filters import states_of
from actions.points.meant import days_named, meant
from actions.points.shop import of_figures
from actions.points.words import Asks, asks_for_private, asks_of_customers, points_asked, shop_points
from actions.policydb.facts import OrderFacts, ShopFacts
from actions.policydb.queries import own
from actions.tasks import customers
from actions.tasks.done import MyRequests
from actions.tasks.own_shop import own_of_shop
from actions.tasks.shops import CheckShopServices, named_loosely
from knowledge import live
from xiaoer.asked import ANSWERED, GENERAL, NOTHING, OWN
from xiaoer.principal import Role

_TASKS = frozenset({"check_policy", "list_policies", "check_claim", "estimate_payout", "explain_payout"})
# Tasks of the shop: what words leave to them, they answer themselves.
_OF_SHOPS = frozenset(
    {"check_shop_services", "check_shop_eligibility", "estimate_premium", "shop_report", "my_requests"}
)
_NO_SHOPS = "（没有查到这个账号名下的店铺，先按一般情况说；请确认登录的是店铺主账号。）"
_MONTH = 26  # days
_FEW = 6  # characters: 「那材质的呢」
_HALF = 20  # characters: half a sentence goes on with the order that is spoken of
_SURE, _LIKELY = 0.95, 0.8  # of a topic of rules, by its words
_ABOUT_HIM = re.compile(r"[他她它]|客人|买家|顾客|人家|这家伙|对方")
_NEWEST = re.compile(r"(?:最近|近|往前|前面|头)(?:的|这|数)?(?:\d+|[几一二两三四五六七八九十]+)个?[单笔]")
_WAS_IT_DONE = re.compile(r"没.{0,6}(?:开|关|停|动|退|办|改|弄)(?:上|掉|了|过)?(?:啥|什么)?(?:吧|[?？]|$)")
_EXIST = re.compile(r"还有|有没有|有.{0,8}[吗么]$")
_TODAY = re.compile(r"今天|今儿|现在")
_HOW = re.compile(r"怎么(?!还|就|又|才|没)|如何|咋(?:关|退|开|停|弄|整|办)|步骤|入口")
_LOOK = re.compile(r"[看查瞅瞧挂]|帮")
_WHICH = re.compile(r"哪[几些一]?[单笔]")
_OF_ORDERS = re.compile(r"[哪几](?:几|些|个|一)?[单笔]|(?<![菜账清名])[单笔]里|的单|订单|客人|买家|[谁]")
_OF_ALL = re.compile(r"(?:[几哪]|多少)[些几]?个?[单笔]|店里|列出|哪些|有几个|有多少")
_OF_NO_ORDER = frozenset({"risk", "deposit", "seven_days", "which_shops", "fee_then"})  # figures that no order has
_SPEAKS_OF_AN_ORDER = re.compile(r"[单笔件条双套]|客人|买家|顾客|[他她]")
_LEAVES_TO_REPORTS = frozenset({"paid", "returned", "covered"})


def of_seller(session: Session, ask: Ask) -> Reply:
    """The seller's own answer; nothing but the word that it is a general question, where it is one."""
    topic = ask.asked.topic
    question = _Question(session, ask)
    reply = question.reply()
    if not question.shops and topic != MyRequests.topic and (topic in live().current.tasks or (reply and reply.text)):
        return with_nothing(ask, _NO_SHOPS, Reply(""))
    if reply is None or not reply.text:
        return Reply("", events=(SlotSet(ANSWERED, GENERAL),))
    reply = _with_things(reply)
    knowledge = live().current
    own_topics = [each for each in (topic, ask.asked.before) if knowledge.points_of(each, Role.SELLER.value)]
    of_an_order = any(each.get("kind") == "order" for each in reply.data.get("things") or ())
    goes_on = next(iter(own_topics), "check_policy" if of_an_order else "check_shop_services")
    known = reply.topic or (topic if topic in own_topics else goes_on)
    data = {"point": "customer" if of_an_order else "shop", **reply.data, "carry": goes_on}
    return replace(reply, topic=known, data=data, events=(*reply.events, SlotSet(ANSWERED, OWN)))


def with_nothing(ask: Ask, note: str, reply: Reply) -> Reply:
    """Where the account has nothing at all: that, and what is so in general is told behind it; the reply, where there is
    nothing such. note: says it in one line."""
    asked, knowledge = ask.asked, live().current
    if asked.topic not in knowledge.tasks:  # of what is open, too
        general = Reply(
            note if asked.topic in knowledge.knowledge_topics else "", outcome="answered", topic=asked.topic
        )
        return replace(general, events=(SlotSet(ANSWERED, GENERAL),))
    if not asked.instead:
        return replace(reply, events=(SlotSet(ANSWERED, OWN if reply.text else GENERAL),))
    return Reply(note, outcome="answered", topic=asked.topic, events=(SlotSet(ANSWERED, NOTHING),))


def _with_things(reply: Reply) -> Reply:
    """What it is about, where that is only said by its card."""
    card = reply.card or {}
    numbers = (
        [str(card["order_number"])]
        if card.get("order_number")
        else [str(each["order_number"]) for each in card.get("orders") or ()]
    )
    if "things" in reply.data or not numbers:
        return reply
    things = [{"kind": "order", "number": number, "evidence": "title", "certain": False} for number in numbers]
    return replace(reply, data={**reply.data, "things": things})


class _Question:
    """One question of a seller."""

    def __init__(self, session: Session, ask: Ask) -> None:
        self._session, self._ask = session, ask
        self._topic = ask.asked.topic
        self._words = asks_of_customers(ask.asked.piece or ask.asked.clauses or ask.asked.plain) if ask.bare else Asks()
        self.shops: tuple[ShopFacts, ...] = own.shops(session, ask.principal)

    def reply(self) -> Reply | None:
        ask = self._ask
        if not ask.bare:
            return self._by_topic()
        if self._is_open and asks_for_private(ask.asked.plain, spoken_of=bool(ask.current_order)):
            return _PRIVATE
        if self._topic == MyRequests.topic and _WAS_IT_DONE.search(ask.asked.plain):
            return self._was_it_done()
        if self._topic == "list_policies" and _NEWEST.search(ask.asked.plain):
            return self._by_topic()
        bound = meant(self._session, ask, self._words)
        figures_first = bool(_OF_NO_ORDER & set(shop_points(ask.asked.plain)))
        first = (self._figures,) if figures_first else ()
        looks = (*first, self._by_name, self._by_figures, self._described, self._at_hand)
        for look in looks:
            found = look(bound)
            if found is not None:
                return found
        return self._of_another() or self._by_topic()

    def _by_topic(self) -> Reply | None:
        bare = self._ask.asked.plain.endswith("呢") and len(self._ask.asked.plain) <= _FEW
        if (self._ask.asked.kind != "topic" or bare) and self._speaks_of_a_service:
            return CheckShopServices().answer(self._session, self._ask)
        if self._is_open and self._asks_the_same_of_a_shop:
            return customers.of_customers(self._session, self._ask, "list_policies")
        if self._topic in _OF_SHOPS:
            return None
        if self._words.general and not names_one(self._ask, self.shops) and self._topic not in _TASKS:
            return None
        if self._topic in _TASKS:
            return customers.of_customers(self._session, self._ask, self._topic)
        return own_of_shop(self._session, self._ask, self._topic, self.shops)

    def _was_it_done(self) -> Reply:
        """What was done, and how the services stand: 「大件没给我动吧」."""
        done = MyRequests().answer(self._session, self._ask)
        stands = CheckShopServices().answer(self._session, self._ask)
        first = done.text.split("\n\n")[0]
        data = {**stands.data, **done.data}
        return replace(stands, text=wording.paragraphs(first, stands.text), data=data, topic=MyRequests.topic)

    @property
    def _speaks_of_a_service(self) -> bool:
        """Whether half a sentence of no topic names a service, and his shop or what goes on with it: 「那我自己店的退货宝呢」."""
        ask = self._ask
        named = bool(ask.product or (spoken_of(ask) and named_loosely(ask, self.shops)))
        return named and len(ask.asked.plain) <= _HALF and (spoken_of(ask) or names_one(ask, self.shops))

    @property
    def _asks_the_same_of_a_shop(self) -> bool:
        """「点卡店总该有吧」, where orders of another shop were asked for."""
        ask = self._ask
        orders = {ask.asked.before, (ask.asked.shown or {}).get("topic")} & _TASKS and not spoken_of_one(ask)
        return bool(orders) and len(ask.asked.plain) <= 12 and names_one(ask, self.shops)

    @property
    def _is_open(self) -> bool:
        """Whether the topic says nothing of what is ours: outside, talk, or none."""
        knowledge = live().current
        return (
            self._topic in knowledge.outside or self._topic in knowledge.conversation or self._ask.asked.kind != "topic"
        )

    def _of_another(self) -> Reply | None:
        """Somebody else's shop, named in words whose topic does not say that a shop is asked about."""
        ask = self._ask
        if not self._is_open or not _LOOK.search(ask.asked.plain) or not names_one(ask, self.shops):
            return None
        meant = shops_for(self._session, ask, "check_shop_services")
        return meant if isinstance(meant, Reply) else None

    # ------------------------------------------------------------------ an order that is named or pointed at

    def _by_name(self, bound: Bound | None) -> Reply | None:
        if bound is not None and bound.evidence == "time" and not bound.orders and self._asks_of_today:
            reply = CheckShopServices().answer(self._session, self._ask)
            on = any(each.ended_at is None for shop in self.shops for each in shop.enrollments)
            lead = "**有的**，今天新下的单照常出单：" if on else "**没有**，现在没有开通中的保障："
            return replace(reply, text=wording.paragraphs(lead, reply.text))
        if bound is None or bound.at_hand or not self._means_an_order(bound):
            return None
        if not bound.orders:
            return self._none(bound)
        orders = bound.orders
        if len(orders) > 1 and bound.evidence == "title" and not bound.apart:
            found = self._described(bound)
            if found is not None:
                return found
        return self._about(orders, bound)

    def _means_an_order(self, bound: Bound) -> bool:
        """Whether a customer's order is meant, and not the shop or a rule."""
        ask, words = self._ask, self._words
        if bound.evidence == "number":
            return True
        if bound.evidence == "tail":
            return bool(bound.orders) or volume_of(ask.asked.plain) is None
        if bound.evidence in ("place", "these"):
            return bool((ask.asked.shown or {}).get("orders") or ask.current_order) and not (
                self._of_a_shop and not words.point
            )
        handle = has_handle(ask, bound) or bound.bare or bound.linked.sure or self._in_talk
        asked = bool(words.point or words.speaks_of) or bound.bare or ask.asked.plain.endswith(("呢", "吧"))
        asked = asked or bool(_LOOK.search(ask.asked.plain))
        if bound.evidence in ("title", "price"):
            if not bound.orders:
                return False
            handle = handle or (self._is_open and bool(words.point))
            return self._topic in _TASKS or (handle and (asked or not self._is_open) and not self._is_of_rules)
        if bound.evidence == "time":
            when = days_named(ask)
            whole = when is not None and (when[0].last - when[0].first).days >= _MONTH
            if whole and not _OF_ORDERS.search(ask.asked.plain) and self._topic not in _TASKS:
                return False  # a month of the shop
            if whole and (ask.asked.shown or {}).get("month"):
                return False
            return bool(bound.orders) and not self._of_a_shop and (self._topic in _TASKS or (handle and asked))
        # What is pointed at, or the one before, or the other of two.
        if (ask.asked.shown or {}).get("shops") and not _SPEAKS_OF_AN_ORDER.search(ask.asked.plain):
            return False
        if self._of_a_shop or (ask.product and not any(_has(order, ask.product) for order in bound.orders)):
            return False
        return bool(bound.orders) and (self._topic in _TASKS or asked or not self._is_open) and not words.general

    @property
    def _asks_of_today(self) -> bool:
        """「今天下的单照样有险吧」: of whatever is sold today."""
        return bool(_TODAY.search(self._ask.asked.plain)) and self._words.point in ("covered", "")

    @property
    def _of_a_shop(self) -> bool:
        """Whether words speak of a shop, and the topic is of shops."""
        return self._topic in _OF_SHOPS and names_one(self._ask, self.shops)

    @property
    def _is_of_rules(self) -> bool:
        """Whether it is surely a matter of rules that nothing spoken of has a part in."""
        ask = self._ask
        surely = self._topic in live().current.knowledge_topics and ask.asked.confidence >= _SURE
        return self._words.general or (surely and not self._in_talk and not _ABOUT_HIM.search(ask.asked.plain))

    @property
    def _in_talk(self) -> bool:
        """Whether orders are spoken of."""
        return bool(self._ask.current_order or self._ask.offered or (self._ask.asked.shown or {}).get("orders"))

    def _none(self, bound: Bound) -> Reply | None:
        """What was named and no shop of his has."""
        if bound.evidence == "number":
            return customers.not_in_shops("这个订单")
        if bound.evidence == "tail":
            return customers.not_in_shops(of_what(bound.linked))
        return None

    # ------------------------------------------------------------------ all that words describe

    def _described(self, bound: Bound | None) -> Reply | None:
        words, ask = self._words, self._ask
        listed = self._topic == "list_policies" or _WHICH.search(ask.asked.plain)
        left = {"covered"} if listed else _LEAVES_TO_REPORTS
        states = any(state not in left for state in states_of(words))
        if states and _EXIST.search(ask.asked.plain):
            words = replace(words, which=True)
        if not self._describes(words, states) or (bound is not None and bound.evidence in ("number", "tail")):
            return None
        found = several.described(self._session, ask, words, self._among(bound))
        if found is None or (not found.orders and not found.sure):
            return None
        point = words.point or found.point
        name = found.name.replace("您自己买", "买家自己买").replace("卖家送", "店铺送")
        if found.one and found.orders:
            return self._said(customer.of_one(point, found.orders[0], ask, sure=True), found.orders[:1], "place", point)
        if not found.orders:
            return Reply(
                f"{self._called}{name}订单**一单也没有查到**。",
                buttons=(button("最近有险的订单", "list_policies"),),
                topic="list_policies",
            )
        lead = f"{self._called}{name}有 **{len(found.orders)} 单**："
        reply = customer.of_several([point], found.orders, ask, lead, len(found.orders))
        return self._said(reply, found.orders[: several.LISTED], "these", point)

    def _describes(self, words: Asks, states: bool) -> bool:
        """Whether the words describe orders, not the shop's figures and not the order that is spoken of.

        states: whether they say what became of them.
        """
        ask, described = self._ask, states or words.extreme
        of_one = _OF_ORDERS.search(ask.asked.plain) is not None
        of_all = of_one or _OF_ALL.search(ask.asked.plain) is not None
        if words.general or not (described or of_one) or (self._is_of_rules and not of_all):
            return False
        if self._topic in _OF_SHOPS and self._topic != "my_requests" and not (states or (words.extreme and of_one)):
            return False
        if self._topic == "list_policies" and not described:
            return False
        if words.extreme and words.point == "estimated":
            return False  # 「最多赔几块」 asks for no one of them
        return not (spoken_of_one(ask) and not (words.which or words.money or words.extreme))

    def _among(self, bound: Bound | None) -> Sequence[OrderFacts]:
        """The orders among which they are: those that a title names, that were listed, of the shop that is meant."""
        ask = self._ask
        if bound is not None and bound.evidence in ("title", "these") and bound.orders:
            return bound.orders
        meant = shops_for(self._session, ask, self._topic)
        recent = own.recent_orders(self._session, ask.principal, limit=several.LOOKED_AT)
        if isinstance(meant, Reply):
            return recent
        names = {shop.name for shop in meant.shops}
        return [order for order in recent if order.shop in names]

    @property
    def _called(self) -> str:
        meant = shops_for(self._session, self._ask, self._topic)
        one = not isinstance(meant, Reply) and len(meant.shops) == 1
        return f"「{meant.shops[0].name}」" if one and not isinstance(meant, Reply) else ""

    # ------------------------------------------------------------------ a figure of the shop

    def _figures(self, bound: Bound | None) -> Reply | None:
        return of_figures(self._session, self._ask, self.shops)

    def _by_figures(self, bound: Bound | None) -> Reply | None:
        if bound is not None and not bound.at_hand and bound.evidence in ("number", "tail", "title", "place"):
            return None
        return self._figures(bound)

    # ------------------------------------------------------------------ an order that is spoken of

    def _at_hand(self, bound: Bound | None) -> Reply | None:
        """Half a sentence that asks for a point of the order that is spoken of, or of those just listed one by one."""
        ask, words = self._ask, self._words
        current = bound.orders if bound is not None and bound.at_hand else ()
        if _OF_ALL.search(ask.asked.plain) or (words.extreme and len(current) == 1):
            return None
        if not current or len(ask.asked.plain) > _HALF or words.general or (words.supposes and not words.point):
            return None
        if ask.product and not any(_has(order, ask.product) for order in current):
            return None
        shown = ask.asked.shown or {}
        just_now = bool(shown.get("order")) or len(current) > 1
        of_a_month = (when := days_named(ask)) is not None and (when[0].last - when[0].first).days >= _MONTH
        if of_a_month or (names_one(ask, self.shops) and words.point != "payer"):
            return None
        if not just_now and (shown.get("shops") or not (words.point or _ABOUT_HIM.search(ask.asked.plain))):
            return None
        if not self._asked(just_now=just_now) or _HOW.search(ask.asked.plain):
            return None
        return self._about(current, bound) if bound is not None else None

    def _asked(self, *, just_now: bool) -> bool:
        """Whether it asks for a point: in so many words, or by a topic that has one, where nothing else was between."""
        words, topic = self._words, self._topic
        if words.point:
            return True
        points, confidence = set(live().current.points_of(topic, Role.BUYER.value)), self._ask.asked.confidence
        surely = topic in live().current.knowledge_topics and confidence >= (_LIKELY if points == {"stands"} else _SURE)
        by_topic = bool(points - {"stands"}) or topic in _TASKS
        return just_now and (by_topic or (bool(words.speaks_of) and not surely))

    # ------------------------------------------------------------------ what is said

    def _points(self, bound: Bound) -> list[str]:
        """What is asked of an order: by words, by topic, as before; how it stands, where nothing is."""
        words, ask = self._words, self._ask
        of_topic = [each for each in live().current.points_of(self._topic, Role.BUYER.value) if each != "stands"]
        # 「shop」 as it was said of a reply means the seller's own.
        before = [each for each in [ask.asked.before_point] if each in customer.POINTS and each != "shop"]
        before += [each for each in live().current.points_of(ask.asked.before, Role.BUYER.value) if each != "stands"]
        if bound.bare:
            return [*before, "covered"]
        like = before if re.search("一样|呢$|也|一起算|加起来", ask.asked.plain) and not words.point else []
        said = [each for each in (words.point, *like, *of_topic, words.speaks_of) if each in customer.POINTS]
        return [*said, "covered"]

    def _besides(self, point: str) -> str:
        """Another point that the message asks for, where its questions are not answered one by one."""
        ask = self._ask
        asked = points_asked(ask.asked.clauses or ask.asked.plain) if not ask.asked.piece else []
        return next((each for each in asked if each != point and each in customer.POINTS), "")

    def _about(self, orders: Sequence[OrderFacts], bound: Bound) -> Reply:
        points, ask = self._points(bound), self._ask
        if len(orders) == 1:
            if (
                points[0] in ("covered", "claimed", "explained", "estimated")
                and self._topic in _TASKS
                and not self._words.point
            ):
                reply = customers.one(orders[0], ask, self._topic, sure=bound.linked.sure or bound.at_hand)
            else:
                sure, besides = bound.linked.sure or not bound.is_named, self._besides(points[0])
                reply = customer.of_one(points[0], orders[0], ask, sure=sure, besides=besides)
        else:
            lead = f"{bound.linked.said or '这些'}有 {len(orders)} 单："
            reply = customer.of_several([points[0], self._besides(points[0])], orders, ask, lead, len(orders))
        return self._said(reply, orders, bound.evidence, points[0], certain=bound.certain)

    def _said(
        self, reply: Reply, orders: Sequence[OrderFacts], evidence: str, point: str, *, certain: bool = False
    ) -> Reply:
        things = [
            {"kind": "order", "number": order.number, "evidence": evidence, "certain": certain and len(orders) == 1}
            for order in orders
        ]
        return replace(reply, data={**reply.data, "things": things, "point": point})


_PRIVATE = Reply(
    "买家的姓名、电话、地址**我不能提供**，这是买家的隐私，我这里也看不到。\n\n"
    "**下一步**：要联系买家，在千牛的订单详情里点旺旺；订单的保障和理赔我能查。",
    buttons=(button("最近有险的订单", "list_policies"),),
)


def spoken_of_one(ask: Ask) -> bool:
    """Whether the reply just before was about one order."""
    return bool((ask.asked.shown or {}).get("order"))


def _has(order: OrderFacts, product: str) -> bool:
    return any(policy.product == product for policy in order.policies)
