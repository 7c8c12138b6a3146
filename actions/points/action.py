"""The one action that answers by what is one's own: it finds out which order is meant, and by which point.

Where no order is meant, or no point says anything, nothing is said: the slot `ANSWERED` tells the dialogue that the question
is a general one, and the answer is the one that it would have been for a visitor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button
from actions.asking.binding import MOST, Bound, bind, has_handle
from actions.asking.choosing import (
    Found,
    Wanted,
    fits,
    fitting_orders,
    listed,
    none_of,
    not_found,
    offer,
    order_for,
    talked_about,
)
from actions.asking.one_policy import OnOnePolicy
from actions.points import several
from actions.points.filters import in_states, narrowed
from actions.points.order import POINTS, all_of, first_of
from actions.points.seller import of_seller, with_nothing
from actions.points.words import Asks, asks
from actions.policydb.facts import OrderFacts
from actions.policydb.queries import own
from actions.tasks.claims import CheckClaim, EstimatePayout, ExplainPayout
from actions.tasks.policies import NO_ORDERS, CheckPolicy, ListPolicies
from knowledge import live
from xiaoer.asked import ANSWERED, GENERAL, OWN
from xiaoer.clock import local
from xiaoer.principal import Role

TASKS: Mapping[str, TaskAction] = {
    task.topic: task for task in (CheckPolicy(), ListPolicies(), CheckClaim(), EstimatePayout(), ExplainPayout())
}
_GENERAL = Reply("")
_SOMEBODY_ELSES = Reply(
    "别人的订单我查不了：只能查您自己账号下的。请他本人登录后，从他的订单页打开本助手来问；您自己的订单，说商品名或尾号就行。",
    outcome="unknown",
    buttons=(button("看我的保单", "list_policies"),),
)
_TOLD = frozenset({"number", "tail", "title", "place", "these"})  # evidence that goes before a description
_SURE, _UNSURE = 0.9, 0.6  # of a topic, by its words
_SHORT = 8  # characters: half a sentence goes on with what is spoken of
_SENTENCE = 20  # characters: a story is told of what is one's own, and asks for a rule
_THAT_OF_LIST = re.compile("[那这]")
_ALL_RECENT = re.compile(r"最近的?(?:单子|订单|几[单笔个])|(?:所有|全部|这些)的?(?:单子?|订单)")
_NO_ORDERS = "（您名下还没有查到订单，先按一般情况说；如果下过单，请确认登录的是那个账号。）"
_YOU_MEAN = "您说的是"
_OF_CLAIMS = frozenset({"claimed", "refused", "paid_to", "explained"})
# What is asked so plainly that it goes before a task that the topic is surely about.
_BEFORE_TASKS = frozenset(
    {"refused", "paid_to", "payer", "insurer", "until", "explained", "difference", "returned", "refunded"}
)


class Own(TaskAction):
    """Answers a question by the asker's own order, where it is about one; a seller's by his shop, or a customer's order."""

    topic = "own"
    role = Role.BUYER
    also = (Role.SELLER,)

    def answer(self, session: Session, ask: Ask) -> Reply:
        if ask.principal.role is Role.SELLER:
            return of_seller(session, ask)
        question = _Question(session, ask)
        reply = question.reply()
        if _finds_none(reply, ask) and not own.has_orders(session, ask.principal):
            return with_nothing(ask, _NO_ORDERS, reply)
        asked, points_of = ask.asked, live().current.points_of
        if not reply.text:
            return replace(reply, events=(SlotSet(ANSWERED, GENERAL),))
        if reply.outcome == "outside":
            return replace(reply, topic=asked.topic, events=(*reply.events, SlotSet(ANSWERED, OWN)))
        goes_on = next(
            (topic for topic in (asked.topic, asked.before) if points_of(topic, Role.BUYER.value)), CheckPolicy.topic
        )
        # How it stands, or that there is none such, is told first; what is so in general comes after it.
        stands = reply.data.get("point") == "stands" and asked.topic in live().current.knowledge_topics
        return replace(
            reply,
            topic=asked.topic or goes_on,
            data={**reply.data, "carry": goes_on},
            events=(*reply.events, SlotSet(ANSWERED, GENERAL if stands or question.absent else OWN)),
        )

    def _failure(self, error: Exception, ask: Ask | None) -> Reply:
        """A general question is answered all the same."""
        failed = super()._failure(error, ask)
        topic = ask.asked.topic if ask is not None else ""
        if topic in live().current.knowledge_topics:
            return replace(
                failed,
                text="（这会儿查不到您的订单，先按一般情况说。）",
                buttons=(),
                outcome="answered",
                topic=topic,
                events=(SlotSet(ANSWERED, GENERAL),),
            )
        again = button("再试一次", topic or CheckPolicy.topic, order_number=ask.order_number if ask else "")
        return replace(
            failed,
            topic=topic or CheckPolicy.topic,
            buttons=(again, *failed.buttons[1:]),
            events=(SlotSet(ANSWERED, OWN),),
        )


def _finds_none(reply: Reply, ask: Ask) -> bool:
    """Whether a reply is about no order, of which no number was named, and not about somebody else's."""
    found = reply.data.get("things") or reply.card or ask.order_number
    return bool(reply.text) and not found and reply is not _SOMEBODY_ELSES


class _Question:
    """One question of a message.

    absent: after the reply: whether it only says that the asker has no such thing, to a question that is surely one of
        rules, so that these are told as well.
    """

    def __init__(self, session: Session, ask: Ask) -> None:
        self._session, self._ask = session, ask
        self._topic, self._confidence = ask.asked.topic, ask.asked.confidence
        if self._topic in live().current.tasks and self._topic not in TASKS:
            self._confidence = 0.0  # a shop's task: no buyer means it
        self._words = _asked(ask) if ask.bare else Asks()
        self._task = TASKS.get(self._topic)
        self._points = live().current.points_of(self._topic, Role.BUYER.value)
        self.absent = False

    def reply(self) -> Reply:
        if "platform" in self._ask.named or "other_insurance" in self._ask.named:
            return self._task.answer(self._session, self._ask) if self._task else _GENERAL
        bound = bind(self._session, self._ask)
        if bound is not None and self._is_word_beside(bound):
            bound = None
        if ask_whole := self._ask.whole:
            bound = self._of_the_whole(bound, ask_whole)
        bound = self._of_list(self._narrowed(bound))
        if bound is None or bound.evidence not in _TOLD or self._words.extreme:
            found = self._described(bound)
            if found is not None:
                return found
        if self._words.others and (bound is None or bound.at_hand or not bound.orders):
            number = bound is not None and bound.evidence == "number"
            return not_found(self._wanted()) if number else _SOMEBODY_ELSES
        weakly = bound is None or bound.at_hand or bound.evidence == "time"
        if self._topic in live().current.conversation and weakly and not (bound is not None and self._words.point):
            return _GENERAL
        if bound is not None and (bound.apart or bound.together) and len(bound.orders) > 1:
            return self._of_several(bound)
        if self._task is not None:
            return self._by_task(self._task, bound)
        return self._of_one(bound) if bound is not None else _GENERAL

    def _of_the_whole(self, bound: Bound | None, whole: Ask) -> Bound | None:
        """A question that names no order of its own is about the one that the message names in another."""
        if bound is not None and not bound.at_hand:
            return bound
        found = bind(self._session, whole)
        if found is None or found.at_hand or (self._topic not in TASKS and not self._points):
            return bound
        return found

    def _of_list(self, bound: Bound | None) -> Bound | None:
        """「没险那箱」, 「取消的那个」: the one of the list last shown that is in the state which the words tell it by."""
        if not (bound is None or bound.at_hand or bound.evidence in ("pointing", "these")) or not self._ask.bare:
            return bound
        shown = listed(self._ask)
        if len(shown) < 2 or not self._words.states or not _THAT_OF_LIST.search(self._ask.asked.plain):
            return bound
        told = in_states(own.orders(self._session, self._ask.principal, list(shown)), self._ask, self._words)
        return Bound(told, "place", bare=False) if len(told) == 1 else bound

    def _narrowed(self, bound: Bound | None) -> Bound | None:
        """Of several that a name fits, those that fit what else is said; of a list, that one of which 那单 tells the state."""
        if bound is None or bound.apart or bound.together or self._words.money:
            return bound
        orders = bound.orders
        shown = (self._ask.asked.shown or {}).get("orders") or ()
        if bound.evidence == "pointing" and shown and self._words.states:
            listed_ones = own.orders(self._session, self._ask.principal, list(shown))
            told = narrowed(listed_ones, self._ask, self._words)
            orders = told if len(told) == 1 else orders
        elif len(orders) > 1:
            orders = narrowed(orders, self._ask, self._words)
        return replace(bound, orders=tuple(orders))

    def _described(self, bound: Bound | None) -> Reply | None:
        """Of all that one has, those that the words describe; None where they describe none."""
        if self._words.general or not self._ask.bare or self._is_of_rules():
            return None
        among = bound.orders if bound is not None and self._holds(bound) else ()
        found = several.described(self._session, self._ask, self._words, among, of_product=self._task is not None)
        if found is None:
            return None
        points = (self._words.point,) if self._words.point else ()
        if not found.orders and not found.sure:
            return None
        if found.one and found.orders:
            order = found.orders[0]
            name, reply = first_of([*points, *self._points, "stands"], order, self._ask) or ("", _GENERAL)
            return self._about(reply, (order,), "place", point=name)
        reply = several.of_described(found, [*points, found.point], self._ask, money=self._words.money)
        return self._about(reply, found.orders[: several.LISTED], "these", point=found.point)

    def _holds(self, bound: Bound) -> bool:
        """Whether what is described is among what is named."""
        named = bound.linked.sure or bound.together or has_handle(self._ask, bound)
        return bound.evidence == "these" or (bound.evidence == "title" and named)

    def _of_several(self, bound: Bound) -> Reply:
        points = self._asked_points(bound)
        if not points:
            return _GENERAL
        reply = several.each(bound.orders, points, self._ask, money=self._words.money, differ=self._words.differ)
        return self._about(reply, bound.orders, bound.evidence, point=points[0])

    def _by_task(self, task: TaskAction, bound: Bound | None) -> Reply:
        """A task on one order: by the point that the words ask for, or as the task has it."""
        if bound is not None and bound.evidence == "title" and self._is_general(bound):
            bound = None  # 「老人手机」 is no order with a 手机壳 in it
        point = self._words.point
        told = bound is not None and not bound.at_hand and task.topic != CheckPolicy.topic
        if self._confidence >= _SURE and point not in _BEFORE_TASKS and not told:
            point = ""
        if bound is not None and bound.is_named and 1 < len(bound.orders) <= MOST:
            return self._which(bound, self._of_use(task, bound.orders), [*filter(None, [point]), *self._points])
        if bound is not None and not bound.at_hand and not bound.orders:
            return self._none(bound)
        if point and isinstance(task, OnOnePolicy):
            single = bound is not None and not bound.at_hand and len(bound.orders) == 1
            found = (
                Found(bound.orders[0], bound.linked.sure)
                if bound is not None and single
                else order_for(self._session, self._ask, task.wanted)
            )
            if isinstance(found, Reply):
                return found
            answered = first_of([point], found.order, self._ask)
            if answered is not None:
                evidence = bound.evidence if bound is not None else "only"
                reply = _named(answered[1], found, self._ask)
                return self._about(reply, (found.order,), evidence, point=answered[0], bound=bound)
        if bound is None and task.topic == CheckPolicy.topic and _ALL_RECENT.search(self._ask.asked.plain):
            task = TASKS[ListPolicies.topic]
        if bound is not None and not bound.at_hand and len(bound.orders) == 1:
            on_one = task if isinstance(task, OnOnePolicy) else CheckPolicy()
            reply = _named(
                on_one.on_order(bound.orders[0], self._ask), Found(bound.orders[0], bound.linked.sure), self._ask
            )
        else:
            reply = task.answer(self._session, self._ask)
        orders = bound.orders if bound is not None and len(bound.orders) == 1 else ()
        return self._about(reply, orders, bound.evidence if bound else "only", point=self._points[0], bound=bound)

    # ------------------------------------------------------------------ a question that anybody may ask

    def _of_one(self, bound: Bound) -> Reply:
        points = self._asked_points(bound)
        if not points:
            return self._beyond(bound)
        if not bound.orders:
            return self._none(bound)
        if bound.at_hand and len(self._ask.asked.plain) <= _SHORT and not self._ask.product:
            points = (*points, *filter(None, [self._words.speaks_of]), "stands")
        fitting = [order for order in bound.orders if first_of(points, order, self._ask) is not None]
        if not fitting:
            return self._has_none(bound, points)
        if len(fitting) > 1:
            return self._which(bound, fitting, points)
        name, reply = first_of(points, fitting[0], self._ask) or ("", _GENERAL)
        found = Found(fitting[0], bound.linked.sure)
        return self._about(_named(reply, found, self._ask), (fitting[0],), bound.evidence, point=name, bound=bound)

    def _of_use(self, task: TaskAction, orders: Sequence[OrderFacts]) -> Sequence[OrderFacts]:
        """Those that the task is of use for, if it is for any."""
        wanted = task.wanted if isinstance(task, OnOnePolicy) else None
        return [order for order in orders if wanted is None or fits(order, self._ask, wanted)] or orders

    def _which(self, bound: Bound, orders: Sequence[OrderFacts], points: Sequence[str]) -> Reply:
        """Asks which one is meant; of a few, with what is asked of each, so that one need not be chosen."""
        lead = f"{bound.linked.said}有 {len(orders)} 单，您问的是哪一单？"
        if len(orders) > MOST:
            return offer(self._ask, self._wanted(), orders, lead)
        reply = replace(several.each(orders, points, self._ask, lead), outcome="clarify")
        return self._about(reply, (), bound.evidence, point=points[0])

    def _has_none(self, bound: Bound, points: Sequence[str]) -> Reply:
        """Of an order that was named, and has not what is asked about: how it stands. What is only at hand leaves the
        question a general one."""
        if bound.at_hand or len(bound.orders) != 1:
            return _GENERAL
        task = CheckClaim() if set(points) & _OF_CLAIMS else CheckPolicy()
        reply = task.on_order(bound.orders[0], self._ask)
        return self._about(reply, bound.orders, bound.evidence, point=points[0], bound=bound)

    def _asked_points(self, bound: Bound) -> Sequence[str]:
        """The points that are asked for, by words, by topic, or as before; none for a general question."""
        ask, words = self._ask, self._words
        if self._is_general(bound):
            return ()
        if bound.bare and not bound.at_hand:
            return (*self._before(), "covered")
        if words.point and not (words.supposes and self._points):
            return (words.point, *self._points, "stands")
        if self._points:
            many = bound.evidence == "title" and len(bound.orders) > 1 and not words.point
            by_kind_alone = many and self._is_of_rules()
            return () if by_kind_alone and not has_handle(ask, bound) else self._points
        spoken_of = (words.speaks_of,) if words.speaks_of else ()
        if ask.asked.kind == "topic" and self._topic in live().current.knowledge_topics and self._confidence >= _UNSURE:
            # Surely a matter of rules; of an order that is named it is said how it stands before that.
            named = not bound.at_hand and (has_handle(ask, bound) or bound.linked.sure)
            return ("stands",) if named and not self._is_of_rules() else ()
        if bound.at_hand:
            return (*spoken_of, "stands") if spoken_of and self._confidence < _SURE else ()
        return (*spoken_of, "stands") if spoken_of or has_handle(ask, bound) or self._speaks_of_own(bound) else ()

    def _is_general(self, bound: Bound) -> bool:
        """Whether words, product or form tell that no order is meant, though one is named or at hand."""
        ask = self._ask
        if self._words.general and (bound.at_hand or not (bound.bare or has_handle(ask, bound))):
            return True
        if not bound.at_hand:
            lacks = bool(ask.product) and not any(_has(order, ask.product) for order in bound.orders)
            short = not ask.product and len(ask.asked.plain) <= _SENTENCE and self._topic not in live().current.outside
            by_name = any(len(part) > 1 and not part.endswith("子") for part in bound.linked.parts)
            if bound.evidence == "title" and not (by_name or self._in_talk() or bound.bare or has_handle(ask, bound)):
                return True  # 「杯子碎的那种」 is said of any cup
            own_words = bool(self._words.point) and not lacks and (not self._is_of_rules() or (short and by_name))
            return bound.evidence == "title" and not (self._speaks_of_own(bound) or own_words)
        # What is asked beside a form is about the form's own thing, if about any.
        return (
            bool(ask.asked.form)
            or (bound.evidence == "asked" and self._words.supposes)
            or (bool(ask.product) and not any(_has(order, ask.product) for order in bound.orders))
        )

    def _is_of_rules(self) -> bool:
        """Whether it is surely a matter of rules, at the beginning of a conversation: nothing of one's own was spoken of."""
        surely = self._topic in live().current.knowledge_topics and self._confidence >= _SURE
        return surely and not self._in_talk() and not self._words.mine

    def _asks_for_rules(self) -> bool:
        """Whether the topic is one that an article answers."""
        rules = self._topic in live().current.knowledge_topics and self._topic not in TASKS
        return rules and self._confidence >= _UNSURE

    def _in_talk(self) -> bool:
        """Whether something that one has is spoken of, or looked at."""
        ask = self._ask
        return bool(ask.current_order or ask.principal.order or ask.offered)

    def _speaks_of_own(self, bound: Bound) -> bool:
        """Whether a title is that of something one has: pointed at, alone, surely named, or in a talk about one's own."""
        return has_handle(self._ask, bound) or bound.bare or bound.linked.sure or self._in_talk()

    def _is_word_beside(self, bound: Bound) -> bool:
        """Whether a task's words hold but a part of a title, beside another name: 「老人手机」 is no 手机壳."""
        named = bound.evidence == "title" and not bound.apart
        return self._task is not None and named and not self._speaks_of_own(bound)

    def _before(self) -> tuple[str, ...]:
        """The points by which the question before was answered: 「那双鞋呢」."""
        ask = self._ask.asked
        point = (ask.before_point,) if ask.before_point in POINTS else ()
        return (*point, *live().current.points_of(ask.before, Role.BUYER.value))

    def _none(self, bound: Bound) -> Reply:
        """What was named and is not there; a day alone may as well belong to a general question."""
        if bound.evidence == "number":
            return not_found(self._wanted())
        if bound.evidence == "time" and not (bound.bare or has_handle(self._ask, bound)):
            return _GENERAL
        if bound.evidence in ("place", "other"):
            orders = fitting_orders(self._session, self._ask, self._wanted())
            shown = len(listed(self._ask))
            lead = f"刚才只列了 {shown} 单，" if bound.evidence == "place" and shown else ""
            return offer(self._ask, self._wanted(), orders, f"{lead}请从这些里选一单：") if orders else _GENERAL
        self.absent = self._asks_for_rules()
        return none_of(self._session, self._ask, self._wanted(), bound.linked)

    def _beyond(self, bound: Bound) -> Reply:
        """Of an order that is named, something that neither we nor its rows know: 「大衣怎么洗」."""
        outside = self._topic in live().current.outside
        if not (outside and bound.is_named and bound.orders and has_handle(self._ask, bound)):
            return _GENERAL
        order = bound.orders[0]
        name = wording.order_name(order, local(self._ask.at).date())
        reply = Reply(
            f"这一点我帮不上，可以问店铺「{order.shop}」的客服。您说的是这单（{name}），它的保障和理赔我能查。",
            outcome="outside",
            buttons=(
                button("看这单的保障", "check_policy", order_number=order.number),
                button("看理赔进度", "check_claim", order_number=order.number),
            ),
            events=talked_about(order, self._ask),
        )
        return self._about(reply, (order,), bound.evidence, point="", bound=bound)

    def _wanted(self) -> Wanted:
        """What a choice is offered for: the topic, where a button of it leads back to here."""
        topic = self._topic if self._points else CheckPolicy.topic
        return Wanted(topic, none=NO_ORDERS)

    def _about(
        self, reply: Reply, orders: Sequence[OrderFacts], evidence: str, *, point: str, bound: Bound | None = None
    ) -> Reply:
        """The reply, with all that is known of the one order, what it is about and by which point."""
        numbers = [order.number for order in orders]
        lacks = bool(orders and self._ask.product) and not any(_has(order, self._ask.product) for order in orders)
        self.absent = lacks and self._asks_for_rules()
        shown = str((reply.card or {}).get("order_number") or "")
        if shown and len(numbers) <= 1:
            numbers = [shown]
        if shown and not orders:
            found = own.order(self._session, self._ask.principal, shown)
            orders = (found,) if found is not None else ()
        # Where the message asks something else of the same order, it was told with the first reply.
        told = self._ask.asked.nth > 0 and shown == self._ask.current_order
        if len(orders) == 1 and shown == orders[0].number and reply.outcome == "task" and not told:
            reply = replace(reply, text=_with_all(reply.text, all_of(orders[0], self._ask)))
        sure = bound.certain if bound is not None else False
        things = [{"kind": "order", "number": number, "evidence": evidence, "certain": sure} for number in numbers]
        return replace(reply, data={**reply.data, "things": things, "point": point or None})


def _asked(ask: Ask) -> Asks:
    """What the words of the question ask; where these say nothing, those of the message."""
    of_message = asks(ask.asked.clauses or ask.asked.whole or ask.asked.plain)
    of_piece = asks(ask.asked.piece) if ask.asked.piece else of_message
    return of_piece if of_piece.point or ask.asked.nth else of_message


def _with_all(text: str, known: str) -> str:
    """A reply with what is known of its order behind what it says first, in place of lists that say a part of that."""
    first, *rest = text.split("\n\n")
    if first.startswith(_YOU_MEAN) and rest:
        first, rest = f"{first}\n\n{rest[0]}", rest[1:]
    if first.endswith("：") and rest:  # the list that it announces
        first, rest = f"{first}\n\n{rest[0]}", rest[1:]
    kept = [part for part in rest if not part.startswith("- ") or "规则" in part]
    return wording.paragraphs(first, known, *kept)


def _has(order: OrderFacts, product: str) -> bool:
    return any(policy.product == product for policy in order.policies)


def _named(reply: Reply, found: Found, ask: Ask) -> Reply:
    """Says first which order was understood, where it was not said clearly."""
    if found.sure:
        return reply
    name = wording.order_name(found.order, local(ask.at).date())
    return replace(reply, text=wording.paragraphs(f"{_YOU_MEAN}「{name}」这单吧？", reply.text))
