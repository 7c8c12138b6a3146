"""What a reply says about itself: the contract between bot, actions, channel and widget.

The data of a reply stands under the key `META` in the metadata of Rasa's bot utterance. `xiaoer ask --json` and the log
read it, the channel gives the browser the part named in `SHOWN`, and the next turn reads what steers the dialogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

META = "xiaoer"


class Outcome(str, Enum):
    """How a turn ended."""

    ANSWERED = "answered"
    CLARIFY = "clarify"  # a choice is offered
    UNKNOWN = "unknown"  # not understood, or 资料不足
    OUTSIDE = "outside"
    SIGN_IN = "sign_in"  # needs another identity, or any
    HANDOFF = "handoff"
    TASK = "task"
    ERROR = "error"  # with a number that the log has


SHOWN = ("outcome", "choice", "topic", "product", "article", "lead", "sources", "as_of", "grade", "card", "author")
"""Of the data, what a browser gets:

outcome: see `Outcome`; choice: of one that asks back, what is to be chosen (topic or role); topic, product, article:
what it is about; lead: the sentence of the text that answers; sources, as_of, grade: what it rests on; card: the same as structure; author: staff or system, where
it is not the assistant's.
"""

STEERS = (
    *("carry", "point", "things", "asked_role", "person", "summary", "shops", "services", "month"),
    *("requests", "receipt", "aside", "silent", "doing", "error", "over"),
)
"""What steers the dialogue and stays here:

carry: the topic that 「退货宝呢」 would be about; point: what of the thing was asked and answered; things: what it is about, each with kind, number, evidence and whether it is
certain; asked_role: it asks for a role; person: why a person is offered at once; summary: the read-back that a typed 确认 would be for; shops: the codes of the shops that it lists,
in order; services: their services as listed, for 第二个; month: the month whose figures it gives; requests, receipt: of what was done, as listed and the one; aside: what was said
for a form that was called off, slot by slot; silent: a person has the conversation, nothing is said; doing: what the open form is for, and on which thing; error: a failure's
number; over: whether the write that failed has ended.
"""


def data_of(metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a reply says about itself, from its utterance's metadata; empty where it says nothing."""
    data = (metadata or {}).get(META)
    return data if isinstance(data, Mapping) else {}
