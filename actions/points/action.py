"""The one action that answers by what is one's own: it finds out which order is meant, and by which point.

Where no order is meant, or no point says anything, nothing is said: the slot `ANSWERED` tells the dialogue that the question
is a general one, and the answer is the one that it would have been for a visitor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button
from actions.asking.binding import Bound, bind, has_handle
from actions.asking.choosing import Found, Wanted, fitting_orders, none_of, not_found, offer, order_for, talked_about
from actions.points import several
from actions.points.order import POINTS, first_of
from actions.points.words import Asks, asks
from actions.policydb.facts import OrderFacts
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
_OF_CLAIMS = frozenset({"claimed", "refused", "paid_to", "explained"})
_UNSURE = 0.6  # of a topic, where an order is named and the topic has no point of it


class Own(TaskAction):
    """Answers a question by the asker's own order, where it is about one."""

    topic = "own"
    role = Role.BUYER

    def answer(self, session: Session, ask: Ask) -> Reply:
        reply = _Question(session, ask).reply()
        if not reply.text:
            return replace(reply, events=(SlotSet(ANSWERED, GENERAL),))
        events = (*reply.events, SlotSet(ANSWERED, OWN))
        if reply.outcome == "outside":
            return replace(reply, topic=ask.asked.topic, events=events)
        knowledge, asked = live().current, ask.asked
        goes_on = next(
            (topic for topic in (asked.topic, asked.before) if knowledge.points_of(topic, Role.BUYER.value)),
            CheckPolicy.topic,
        )
        return replace(reply, topic=asked.topic or goes_on, data={**reply.data, "carry": goes_on}, events=events)

    def _failure(self, error: Exception, ask: Ask | None) -> Reply:
        """A general question is answered all the same."""
        failed = super()._failure(error, ask)
        if ask is None or ask.asked.topic in TASKS:
            return replace(failed, events=(SlotSet(ANSWERED, OWN),))
        return replace(
            failed,
            text="（这会儿查不到您的订单，先按一般情况说。）",
            buttons=(),
            outcome="answered",
            events=(SlotSet(ANSWERED, GENERAL),),
        )


class _Question:
    """One question of a message."""

    def __init__(self, session: Session, ask: Ask) -> None:
        self._session, self._ask = session, ask
        self._topic = ask.asked.topic
        self._words: Asks = asks(ask.asked.piece or ask.asked.plain) if ask.bare else Asks()
        self._task = TASKS.get(self._topic)
        self._points = live().current.points_of(self._topic, Role.BUYER.value)

    def reply(self) -> Reply:
        if self._words.of_all and not self._words.general:
            return self._of_all()
        bound = bind(self._session, self._ask)
        if bound is not None and bound.apart and len(bound.orders) > 1:
            return self._of_several(bound)
        if self._task is not None:
            return self._by_task(self._task, bound)
        return self._of_one(bound) if bound is not None else _GENERAL

    def _of_all(self) -> Reply:
        reply, orders = several.of_all(self._session, self._ask, self._words.of_all)
        return _about(reply, orders, "these", point=self._words.of_all, certain=False)

    def _of_several(self, bound: Bound) -> Reply:
        points = self._asked_points(bound)
        if not points:
            return _GENERAL
        reply = several.each(bound.orders, points, self._ask)
        return _about(reply, bound.orders, bound.evidence, point=points[0])

    def _by_task(self, task: TaskAction, bound: Bound | None) -> Reply:
        """A task on one order: by the point that the words ask for, or as the task has it."""
        if self._words.point and isinstance(getattr(task, "wanted", None), Wanted):
            found = order_for(self._session, self._ask, task.wanted)  # type: ignore[attr-defined]
            if isinstance(found, Reply):
                return found
            answered = first_of([self._words.point], found.order, self._ask)
            if answered is not None:
                evidence = bound.evidence if bound is not None else "only"
                return _about(_named(answered[1], found, self._ask), (found.order,), evidence, point=answered[0])
        reply = task.answer(self._session, self._ask)
        return _about(reply, (), bound.evidence if bound is not None else "only", point=self._topic, bound=bound)

    # ------------------------------------------------------------------ a question that anybody may ask

    def _of_one(self, bound: Bound) -> Reply:
        points = self._asked_points(bound)
        if not points:
            return self._beyond(bound)
        if not bound.orders:
            return self._none(bound)
        fitting = [order for order in bound.orders if first_of(points, order, self._ask) is not None]
        if not fitting:
            return self._has_none(bound, points)
        if len(fitting) > 1:
            return offer(
                self._ask, self._wanted(), fitting, f"{bound.linked.said}有 {len(fitting)} 单，您问的是哪一单？"
            )
        name, reply = first_of(points, fitting[0], self._ask) or ("", _GENERAL)
        found = Found(fitting[0], bound.linked.sure)
        return _about(_named(reply, found, self._ask), (fitting[0],), bound.evidence, point=name, bound=bound)

    def _has_none(self, bound: Bound, points: Sequence[str]) -> Reply:
        """Of an order that was named, and has not what is asked about: how it stands. What is only at hand leaves the
        question a general one."""
        if bound.at_hand or len(bound.orders) != 1:
            return _GENERAL
        task = CheckClaim() if set(points) & _OF_CLAIMS else CheckPolicy()
        return _about(
            task.on_order(bound.orders[0], self._ask), bound.orders, bound.evidence, point=points[0], bound=bound
        )

    def _asked_points(self, bound: Bound) -> Sequence[str]:
        """The points that are asked for, by words, by topic, or as before; none for a general question."""
        ask, knowledge = self._ask, live().current
        if ask.asked.form and bound.at_hand:  # what is asked beside a form is about the form's own thing, if about any
            return ()
        if self._words.general and (bound.at_hand or not bound.bare):
            return ()
        if bound.at_hand and ask.product and not any(_has(order, ask.product) for order in bound.orders):
            return ()
        if "platform" in ask.named or "other_insurance" in ask.named:
            return ()
        before = knowledge.points_of(ask.asked.before, Role.BUYER.value) or (
            (ask.asked.before_point,) if ask.asked.before_point in POINTS else ()
        )
        if bound.bare and not bound.at_hand:
            return (*before, "covered")
        if self._words.point:
            return (self._words.point, *self._points)
        if self._points:
            return () if bound.evidence == "title" and not bound.linked.sure and not has_handle(ask) else self._points
        open_to = ask.asked.kind in ("unknown", "close") or ask.asked.confidence < _UNSURE
        return ("covered",) if open_to and bound.is_named and has_handle(ask) else ()

    def _none(self, bound: Bound) -> Reply:
        """What was named and is not there; a day alone may as well belong to a general question."""
        if bound.evidence == "number":
            return not_found(self._wanted())
        if bound.evidence == "time" and not (bound.bare or has_handle(self._ask)):
            return _GENERAL
        if bound.evidence in ("place", "other"):
            orders = fitting_orders(self._session, self._ask, self._wanted())
            return offer(self._ask, self._wanted(), orders, "请从这些里选一单：") if orders else _GENERAL
        return none_of(self._session, self._ask, self._wanted(), bound.linked)

    def _beyond(self, bound: Bound) -> Reply:
        """Of an order that is named, something that neither we nor its rows know: 「大衣怎么洗」."""
        outside = self._topic in live().current.outside
        if not (outside and bound.is_named and bound.orders and has_handle(self._ask)) or "platform" in self._ask.named:
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
        return _about(reply, (order,), bound.evidence, point="", bound=bound)

    def _wanted(self) -> Wanted:
        """What a choice is offered for: the topic, where a button of it leads back to here."""
        topic = self._topic if self._points else CheckPolicy.topic
        return Wanted(topic, none=NO_ORDERS)


def _has(order: OrderFacts, product: str) -> bool:
    return any(policy.product == product for policy in order.policies)


def _named(reply: Reply, found: Found, ask: Ask) -> Reply:
    """Says first which order was understood, where it was not said clearly."""
    if found.sure:
        return reply
    name = wording.order_name(found.order, local(ask.at).date())
    return replace(reply, text=wording.paragraphs(f"您说的是「{name}」这单吧？", reply.text))


def _about(
    reply: Reply,
    orders: Sequence[OrderFacts],
    evidence: str,
    *,
    point: str,
    bound: Bound | None = None,
    certain: bool = True,
) -> Reply:
    """The reply, with what it is about and by which point."""
    numbers = [order.number for order in orders]
    card = reply.card or {}
    if not numbers and card.get("order_number"):
        numbers = [str(card["order_number"])]
    sure = bound.certain if bound is not None else certain and evidence in ("number", "tail", "place")
    things = [{"kind": "order", "number": number, "evidence": evidence, "certain": sure} for number in numbers]
    return replace(reply, data={**reply.data, "things": things, "point": point or None})
