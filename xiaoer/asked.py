"""What the dialogue tells an action of the turn: the contract between the policy and the action server.

It travels in the slot `SLOT`, which the policy sets with the prediction that names the action (Rasa applies a
prediction's events before the action runs) and clears when the turn is over. Nothing a client sends reaches the slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SLOT = "asked"
ANSWERED = "answered"  # slot: how `action_own` went, with one of the next three
OWN, GENERAL = "own", "general"
NOTHING = "nothing"  # the account has no order, or no shop, at all: what is so in general is told in place of a task


@dataclass(frozen=True)
class Asked:
    """The turn, as far as an action needs it.

    text: as typed (a button's payload for a press); plain: as the normaliser left it; intent: the topic of its first
    question, `mention`, or "" for none; products: those it names, in order; topical: the product of the conversation,
    with this message; form: the form that was open when it came; requested: the slot that the form had asked for.
    yes: it is nothing but a yes to what the form asks; read: it says that the agreement was read, and no more; corrects: what is
    named last is meant, and of `plain` what comes before is blanked by commas (all of it: 不对 alone); lacks: there is no
    such evidence; waits: it is being fetched; assures: it makes sure that something was not done. clauses: plain, with a comma where a blank was typed; nth: how many questions of the message were
    answered before; instead: where its topic is a task, whether there is something to be said of it in general; topic: of the question that the action answers; piece: of plain, where the message asks something else
    besides; whole: then plain holds commas for all but the piece, and this the message; kind: how its topic stands (topic, close, unknown, mention); confidence: of the topic, by the words; before: the
    topic that 「那双鞋呢」 goes on with; before_point: the point that answered it.
    aside: what was said, slot by slot, for a form that was called off, or for what was done last.
    shown: what the reply that it answers says of itself (`summary`, `person`, `outcome`, `topic`, `product`, `shops`,
    `services`, `month`, `receipt`, `requests`, `things`), with the numbers of the order that its card is about (`order`)
    and of those that it lists (`orders`); nothing where that was in an earlier session. told: the orders of which the latest replies have told just this, one for each time.
    """

    text: str = ""
    plain: str = ""
    intent: str = ""
    products: tuple[str, ...] = ()
    topical: str = ""
    form: str = ""
    requested: str = ""
    yes: bool = False
    read: bool = False
    corrects: bool = False
    lacks: bool = False
    waits: bool = False
    assures: bool = False
    clauses: str = ""
    nth: int = 0
    whole: str = ""
    topic: str = ""
    piece: str = ""
    kind: str = ""
    instead: bool = False
    confidence: float = 0.0
    before: str = ""
    before_point: str = ""
    aside: Mapping[str, str] | None = None
    shown: Mapping[str, Any] | None = None
    told: tuple[str, ...] = ()

    def as_slot(self) -> dict[str, Any]:
        """What the slot holds: what says nothing is left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }

    @classmethod
    def of_slot(cls, value: object, text: str = "") -> Asked:
        """From the slot. Where no policy of ours has set it, nothing but the text is known."""
        held: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {"text": text, "plain": text}
        for name in ("products", "told"):
            held[name] = tuple(map(str, held.get(name) or ()))
        return cls(**{name: held[name] for name in cls.__dataclass_fields__ if name in held})
