"""What every task shares: who asks about what, time limits, and an answer in every case.

A task never ends in silence. Whatever goes wrong (database down, slow, not migrated, a bug) becomes one reply that
says what failed and that nothing was changed, with an error number that stands in the log too.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.asking.naming import place_word, product_word
from actions.policydb.queries import access
from actions.policydb.queries.access import NotSignedIn, WrongRole
from actions.policydb.session import reading
from knowledge.rules import Rule
from xiaoer import clock, settings, threads
from xiaoer.asked import SLOT, Asked
from xiaoer.errors import DeskError, TooSlow, error_number
from xiaoer.log import current_turn
from xiaoer.principal import Principal, Role, principal_of
from xiaoer.reply import META

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Bounded: a slow database fills these threads, and further askers get the failure reply when their time is up.
pool = threads.pool("policydb", 8)


@dataclass(frozen=True)
class Ask:
    """What a task needs to know of a message. `product` is named in the message, `topical` carried over.

    asked: what the dialogue says of the turn; text, intent, products, topical: of it; bare: the text as the normaliser
    left it, without what is named in it by the lexicon or in figures (places and products as `place_word`,
    `product_word`), "" for a press; broken: the same with a comma where a blank was typed; named: every entity of the message, the first of each kind; conversation: its id,
    for the journal; slots: the tracker's.
    """

    principal: Principal
    at: datetime
    asked: Asked = field(default_factory=Asked)
    bare: str = ""
    broken: str = ""
    conversation: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, Any] = field(default_factory=dict)
    order_number: str = ""
    ordinal: int | None = None
    product: str = ""
    current_order: str = ""
    offered: tuple[str, ...] = ()

    @classmethod
    def of(cls, tracker: Tracker) -> Ask:
        message: Mapping[str, Any] = tracker.latest_message or {}
        asked = Asked.of_slot(tracker.slots.get(SLOT), str(message.get("text") or ""))
        entities: dict[str, str] = {}
        for entity in message.get("entities") or ():
            if not _is_taken_back(entity, asked):
                entities.setdefault(str(entity.get("entity")), str(entity.get("value") or "").strip())
        offered = tracker.slots.get("offered_orders")
        return cls(
            principal=principal_of(tracker.sender_id, tracker.get_latest_input_channel(), message.get("metadata")),
            at=clock.now(),
            asked=asked,
            bare=_bare(asked, message.get("entities") or ()),
            broken=_bare(asked, message.get("entities") or (), broken=True),
            conversation=str(tracker.sender_id),
            named=entities,
            slots=tracker.slots,
            order_number=entities.get("order_number", ""),
            ordinal=_whole(entities.get("ordinal", "")),
            product=next(iter(asked.products), ""),
            current_order=str(tracker.slots.get("current_order") or ""),
            offered=tuple(map(str, offered)) if isinstance(offered, list) else (),
        )

    @property
    def text(self) -> str:
        """The message as typed (a button's payload for a press)."""
        return self.asked.text

    @property
    def intent(self) -> str:
        """The topic of the first question, `mention`, or ""."""
        return self.asked.intent

    @property
    def products(self) -> tuple[str, ...]:
        """Every product it names, in order."""
        return self.asked.products

    @property
    def topical(self) -> str:
        """The product of the conversation."""
        return self.asked.topical


# What names no shop and no purchase. (Places, couriers and platforms may be a part of a shop's name.)
_SAID_OTHERWISE = frozenset(
    {"product", "other_insurance", "order_number", "tracking_number", "ordinal", "date", "amount", "weight"}
)


def _bare(asked: Asked, entities: Iterable[Mapping[str, Any]], *, broken: bool = False) -> str:
    """The words with a word of ours, or a comma, in place of each entity that is said otherwise. broken: at blanks, too."""
    text = asked.plain
    if text.startswith("/"):
        return ""
    if broken and asked.clauses:
        entities = [*entities, *({"kind": "blank", "start": at, "end": at} for at in _blanks(asked))]
    for entity in sorted(entities, key=lambda each: -int(each.get("start") or 0)):
        kind, value, instead = entity.get("entity"), str(entity.get("value")), ","
        if kind == "product" and value in asked.products:
            instead = product_word(asked.products.index(value))
        elif kind == "ordinal" and (place := _whole(value)):
            instead = place_word(place)
        if (kind in _SAID_OTHERWISE and entity.get("end")) or "kind" in entity:
            text = text[: int(entity["start"])] + instead + text[int(entity["end"]) :]
    return text


def _blanks(asked: Asked) -> list[int]:
    """Where blanks were typed, as places in plain."""
    found: list[int] = []
    at = 0
    for sign in asked.clauses:
        if sign == asked.plain[at : at + 1]:
            at += 1
        else:
            found.append(at)
    return found


def _is_taken_back(entity: Mapping[str, Any], asked: Asked) -> bool:
    """Whether it stands where a correction says what is not meant, which the dialogue has blanked: 不是第二单，是第三单."""
    text = asked.plain[int(entity.get("start") or 0) : int(entity.get("end") or 0)]
    return asked.corrects and bool(text) and not text.strip(",")


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Reply:
    """One utterance. outcome: as in `ask --json`; rules: those it rests on, the deciding one first; data: more of ours;
    topic: where it is not the action's own."""

    text: str
    outcome: str = "task"
    buttons: tuple[Mapping[str, str], ...] = ()
    product: str | None = None
    rules: tuple[Rule, ...] = ()
    card: Mapping[str, Any] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[EventType, ...] = field(default_factory=tuple)
    topic: str = ""


def button(title: str, intent: str, **entities: str) -> dict[str, str]:
    """A button whose payload is an intent with entities, those that are empty left out."""
    filled = {name: value for name, value in entities.items() if value}
    return {"title": title, "payload": f"/{intent}" + (json.dumps(filled, ensure_ascii=False) if filled else "")}


# Words, not the intent: /stop is how one leaves `rasa shell`.
NEVER_MIND = {"title": "算了", "payload": "算了"}


def rule_card(rule: Rule) -> dict[str, str]:
    """A rule as a card shows it."""
    return {"id": rule.id, "text": rule.text, "grade": rule.grade, "as_of": rule.as_of}


def instant(moment: datetime | None) -> str | None:
    """An instant as a card carries it: ISO 8601 in Asia/Shanghai, None for none."""
    return clock.local(moment).isoformat(timespec="seconds") if moment else None


async def in_time(work: Callable[..., T], *arguments: Any, among: ThreadPoolExecutor = pool) -> T:
    """What blocking work returns, within the time that a query may take. Raises DeskError when that is over."""
    limit = settings.seconds("XIAOER_QUERY_TIMEOUT")
    try:
        return await threads.in_time(among, limit, work, *arguments)
    except TooSlow:
        raise DeskError(f"the policy database did not answer within {limit:g} s") from None


class OneReply(Action, ABC):
    """An action that says one thing (a form that is complete: nothing) and sets slots.

    topic: what its replies are about, for `ask --json` and the conversation.
    """

    topic: str

    @abstractmethod
    async def _reply(self, tracker: Tracker) -> Reply:
        """The reply, in every case: nothing is raised."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        """Say the reply, and return the slots it sets."""
        current_turn.set(str(((tracker.latest_message or {}).get("metadata") or {}).get("turn") or ""))
        started = perf_counter()
        reply = await self._reply(tracker)
        logger.info(
            "task done",
            extra={"task": self.topic, "outcome": reply.outcome, "ms": round(1000 * (perf_counter() - started), 1)},
        )
        if reply.text:
            self._utter(dispatcher, reply)
        return list(reply.events)

    def _utter(self, dispatcher: CollectingDispatcher, reply: Reply) -> None:
        first = reply.rules[0] if reply.rules else None
        dispatcher.utter_message(
            text=reply.text,
            buttons=[dict(each) for each in reply.buttons],
            **{
                META: {
                    "outcome": reply.outcome,
                    "topic": reply.topic or self.topic,
                    "product": reply.product,
                    "article": None,
                    "sources": list(dict.fromkeys(source for rule in reply.rules for source in rule.sources)),
                    "as_of": first.as_of if first else None,
                    "grade": first.grade if first else None,
                    "card": reply.card,
                    **reply.data,
                }
            },
        )


class TaskAction(OneReply):
    """A task on the asker's own rows. A subclass names its topic and role and answers in `answer`.

    role: whose rows; None: those of whoever is signed in. also: other roles that it answers, about what is theirs of the
    same rows (a seller's customers' orders).
    """

    role: Role | None
    also: tuple[Role, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who may come for it."""
        return (self.role, *self.also) if self.role else (Role.BUYER, Role.SELLER)

    def name(self) -> str:
        return f"action_{self.topic}"

    @abstractmethod
    def answer(self, session: Session, ask: Ask) -> Reply:
        """The reply, worked out in a thread of the pool. Whatever it raises becomes the failure reply."""

    async def _reply(self, tracker: Tracker) -> Reply:
        ask: Ask | None = None
        try:
            ask = Ask.of(tracker)
            access.require(ask.principal, *self.roles)
            return await self._in_time(ask)
        except NotSignedIn:
            return Reply(_SIGN_IN[self.role], outcome="sign_in")
        except WrongRole:
            return Reply(_OTHER_ROLE[self.roles[0]], outcome="sign_in")
        except Exception as error:
            return self._failure(error, ask)

    async def _in_time(self, ask: Ask) -> Reply:
        return await in_time(self._in_session, ask)

    def _in_session(self, ask: Ask) -> Reply:
        with reading() as session:
            return self.answer(session, ask)

    def _failure(self, error: Exception, ask: Ask | None) -> Reply:
        number = error_number()
        # What is foreseen is one line; a bug brings its traceback.
        logger.error(
            "%s %s failed: %s", number, self.name(), error, exc_info=None if isinstance(error, DeskError) else error
        )
        again = ask.order_number if ask else ""
        return Reply(
            f"抱歉，这次没有查成：保单查询暂时出了问题，**没有改动任何东西**。\n\n"
            f"请稍后再试一次；还是不行的话请转人工，并报上错误编号 **{number}**。",
            outcome="error",
            buttons=(button("再试一次", self.topic, order_number=again), button("转人工", "handoff")),
            data={"error": number},
        )


_SIGN_IN = {
    None: "这要看您自己办过的事，需要先登录：请登录后从订单页（买家）或卖家后台打开本助手，再说一次就行。",
    Role.BUYER: "这要看您自己的订单，需要先登录：请登录后从「我的订单」或订单详情页打开本助手，再问一次就能查到。"
    "不登录也可以问我运费险的规则和用法。",
    Role.SELLER: "这要看您店铺的资料，需要先登录：请登录卖家后台，从后台页面打开本助手，再问一次就行。"
    "不登录也可以问我开通条件和办法。",
}
_OTHER_ROLE = {
    Role.BUYER: "这要由买家本人来办，店铺不能替他提交。请让买家用自己的账号打开这单的订单详情，进「运费险 → 拒赔申诉」，"
    "或从订单页打开本助手说「我要申诉」。您可以在这里查这单为什么没赔：发订单号或尾号，例如「尾号1234为什么拒赔」。",
    Role.SELLER: "这要用卖家身份来办，只能查、办自己的店铺。您现在是买家身份，请用卖家账号登录后从卖家后台打开本助手。",
}
