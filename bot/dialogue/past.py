"""What happened before the latest message, and what has run since: the one place that walks a conversation's events.

`bot.stores.window` hands out the end of a conversation with enough in front that this reads as it would of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from xiaoer.asked import ANSWERED
from xiaoer.reply import data_of

_INTERNAL = frozenset({"action_listen", "action_session_start", "action_extract_slots", "action_restart"})
# Slots: the product of the conversation, and that of the open form.
PRODUCT = "product"
FORM_PRODUCT = "form_product"
REMEMBERED = 6  # replies back that what was told before is looked for
GOES_ON = 10  # turns back that 「退货宝呢」 can go on with: fewer than `bot.stores.window` hands out


@dataclass(frozen=True)
class Past:
    """What stood when the latest message came.

    form: the open form (a new session opens none, whatever slots it inherits); requested: the slot that it had asked
    for; about: the product that it has; product: of the conversation so far, whatever the message names; asked: the message before, None for a first
    one; replies: those to it, oldest first, or those of the last turn that had any; data: what the replies to the
    message before say about themselves, the last first; topic: what 「退货宝呢」 asks about; point: by which that was answered; asked_role: the role was asked
    for already;
    last: what the very last reply before the message, in its session, says about itself; told: of the last replies of the
    session, topic and order, where they are about one; aside: what the last of them that did so has put aside of a form.
    """

    form: str | None = None
    requested: str | None = None
    about: str | None = None
    product: str | None = None
    asked: str | None = None
    replies: tuple[BotUttered, ...] = ()
    data: tuple[Mapping[str, Any], ...] = ()
    topic: str | None = None
    point: str | None = None
    asked_role: bool = False
    last: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[tuple[str, str], ...] = ()
    aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def receipt(self) -> str | None:
        """Of what the turn before has done."""
        return next((str(data["receipt"]) for data in self.data if data.get("receipt")), None)


@dataclass(frozen=True)
class Since:
    """What has run since the latest message: actions in order (Rasa's own left out); spoke: anything was said;
    asked_role: somebody was asked for a role; own: of each time that the asker's own was looked at, how that went (`xiaoer.asked.ANSWERED`)."""

    ran: tuple[str, ...] = ()
    spoke: bool = False
    asked_role: bool = False
    own: tuple[str, ...] = ()


def since(tracker: DialogueStateTracker) -> Since:
    """What has run since the latest message."""
    ran: list[str] = []
    own: list[str] = []
    spoke = asked_role = False
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            spoke = True
            asked_role = asked_role or bool(data_of(event.metadata).get("asked_role"))
        elif isinstance(event, ActionExecuted) and event.action_name and event.action_name not in _INTERNAL:
            ran.append(event.action_name)
        elif isinstance(event, SlotSet) and event.key == ANSWERED:
            own.append(str(event.value))
    return Since(tuple(ran[::-1]), spoke, asked_role, tuple(own[::-1]))


def past_of(tracker: DialogueStateTracker, tasks: Collection[str]) -> Past:
    """What stood when the latest message came. tasks: topics that 「第二单呢」 can go on with, whatever was said to them."""
    before = iter(reversed(tracker.events))
    for event in before:
        if isinstance(event, UserUttered):
            break
    looking = _Looking(tasks)
    for event in before:
        looking.at(event)
    return looking.found()


_UNSEEN: Any = object()


@dataclass
class _Looking:
    """What has been seen on the way back from the latest message."""

    tasks: Collection[str]
    form: Any = _UNSEEN
    requested: Any = _UNSEEN
    about: Any = _UNSEEN
    product: Any = _UNSEEN
    asked: str | None = None
    replies: list[BotUttered] = field(default_factory=list)
    data: list[Mapping[str, Any]] = field(default_factory=list)
    topic: str | None = None
    point: str | None = None
    asked_role: bool = False
    last: Mapping[str, Any] | None = None
    turn_over: bool = False
    turns: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)
    aside: Mapping[str, str] | None = None
    replied: int = 0
    session_over: bool = False

    def at(self, event: Event) -> None:
        """One event further back."""
        if isinstance(event, BotUttered):
            self._reply(event)
        elif isinstance(event, SlotSet):
            self._slot(event)
        elif isinstance(event, UserUttered):
            self.turns += 1
            if self.asked is None:
                self.asked = event.text or ""
            self.turn_over = self.turn_over or bool(self.replies)
        elif isinstance(event, (ActiveLoop, SessionStarted)):
            self._beginning(event)
        elif isinstance(event, (AllSlotsReset, Restarted)) and self.product is _UNSEEN:
            self.product = None

    def _beginning(self, event: ActiveLoop | SessionStarted) -> None:
        """Of a form or a session: what stood before it is over."""
        if self.form is _UNSEEN:
            self.form = event.name if isinstance(event, ActiveLoop) else None
        if isinstance(event, SessionStarted):
            self.session_over = True
            self.last = {} if self.last is None else self.last

    def _slot(self, event: SlotSet) -> None:
        if event.key == REQUESTED_SLOT and self.requested is _UNSEEN:
            self.requested = event.value
        elif event.key == FORM_PRODUCT and self.about is _UNSEEN:
            self.about = event.value
        elif event.key == PRODUCT and self.product is _UNSEEN:
            self.product = event.value

    def _reply(self, event: BotUttered) -> None:
        data = data_of(event.metadata)
        if self.last is None:
            self.last = data
        self._tell(data)
        if not self.turn_over and event.text:
            self.replies.append(event)
        if self.asked is None:
            self.data.append(data)
        told_of = data.get("carry") or data.get("topic") in self.tasks
        if self.topic is None and told_of and self.turns < GOES_ON:
            self.topic = str(data.get("carry") or data["topic"])
            self.point = data.get("point")
        self.asked_role = self.asked_role or bool(data.get("asked_role"))

    def _tell(self, data: Mapping[str, Any]) -> None:
        """What a reply of this session has told of an order."""
        self.replied += 1
        order = (data.get("card") or {}).get("order_number")
        if self.session_over or self.replied > REMEMBERED:
            return
        if order:
            self.told.append((str(data.get("topic")), str(order)))
        if self.aside is None and data.get("aside"):
            self.aside = data["aside"]

    def found(self) -> Past:
        form = None if self.form is _UNSEEN else self.form
        return Past(
            form=form,
            requested=self.requested if form and self.requested is not _UNSEEN else None,
            about=self.about if form and self.about is not _UNSEEN else None,
            product=None if self.product is _UNSEEN else self.product,
            asked=self.asked,
            replies=tuple(reversed(self.replies)),
            data=tuple(self.data) if self.asked is not None else (),
            topic=self.topic,
            point=self.point,
            asked_role=self.asked_role,
            last=self.last or {},
            told=tuple(self.told),
            aside=self.aside or {},
        )
