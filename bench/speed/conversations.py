"""What is said to both assistants: the same conversations for the same seed, and no text twice in one round.

A text that came before could be answered from memory, so each is said once between two starts of the servers. The
evaluation questions come first, then the training phrases; when those are used up, the same with a few words before them.
The exception is a form: what it is told is one of a handful of words, and what comes back depends on the form's state.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.quality.counting import Question
from bench.quality.running import Phrase
from bench.speed import orders
from knowledge import Knowledge

KINDS = ("knowledge", "task", "ask_back", "form")
# Of 40 turns, 28 are knowledge, 6 tasks, 4 asked back, 2 in a form: 70, 15, 10 and 5 in a hundred.
MIX = ("visitor", "buyer", "visitor", "visitor", "seller", "visitor")
LENGTH = 8  # turns of a visitor's conversation in the mix
STRIDE = 7919  # a prime, so that every buyer has a turn before one has a second
LEAD_INS = (
    "你好，",
    "请问",
    "问一下，",
    "想问问",
    "麻烦问下，",
    "亲，",
    "您好，想了解一下，",
    "老师，",
    "打扰了，",
    "在吗，",
)
ENDS = ("", "呢", "啊", "呀", "嘛", "这个", "…", "。", "！", "？", "~")
OPENINGS = ("帮我开通运费险", "给我的店开通运费险", "我要开通运费险", "帮我的店把运费险开了", "替我开通退货运费险")
STEPS = ("看过了", "算了")
_DIGITS = re.compile(r"\d|[一二三四五六七八九十]号|第|尾号")


@dataclass(frozen=True)
class Conversation:
    """One connection's talk. role: visitor, buyer or seller; account: empty for a visitor; order: what the page names;
    turns: (kind, text); a kind of "" is said and not counted."""

    role: str
    turns: tuple[tuple[str, str], ...]
    account: str = ""
    order: str = ""


@dataclass
class Texts:
    """Texts by kind, each once; see the module. `said` counts them."""

    sources: Mapping[str, Sequence[str]]
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._streams = {kind: self._stream(source) for kind, source in self.sources.items()}

    def take(self, kind: str) -> str:
        """A text that was not said yet. Raises ValueError when a kind has none at all."""
        for text in self._streams[kind]:
            if text not in self.said:
                self.said.add(text)
                return text
        raise ValueError(f"there is no text of the kind {kind}")

    @staticmethod
    def _stream(source: Sequence[str]) -> Iterator[str]:
        """The source as it is, then with one, two, ... lead-ins; every text it gives is new."""
        leads = [""]
        while source:
            for lead in leads:
                yield from (lead + text for text in source)
            leads = [more + lead for more in LEAD_INS for lead in leads]


def sources(
    knowledge: Knowledge, questions: Sequence[Question], known: Sequence[Phrase], seed: int
) -> dict[str, list[str]]:
    """{kind: texts}, shuffled by the seed; the evaluation questions before the training phrases."""
    draw = random.Random(seed)
    topics = knowledge.knowledge_topics
    asked = [question.text for question in questions if question.topic in topics and not question.before]
    phrases = [phrase.text for phrase in known if phrase.intent in topics]
    tasks = [
        phrase.text
        for phrase in known
        if phrase.intent == "check_policy" and "运费险" in phrase.text and not _DIGITS.search(phrase.text)
    ]
    named = [name + end for product in knowledge.products.values() for name in product.names for end in ENDS]
    found = {"knowledge": asked, "phrases": phrases, "task": tasks, "ask_back": named}
    for texts in found.values():
        texts[:] = dict.fromkeys(texts)
        draw.shuffle(texts)
    taken = set(found["knowledge"])
    found["knowledge"] += [text for text in found.pop("phrases") if text not in taken]
    return found


class Cast:
    """Who says it: visitors, and bench accounts one after the other, so that no conversation is continued by accident."""

    def __init__(self, texts: Texts, filled: orders.Filled) -> None:
        self._texts, self._filled = texts, filled
        self._buyers = self._sellers = 0

    def visitor(self, kinds: Sequence[str]) -> Conversation:
        return Conversation("visitor", tuple((kind, self._texts.take(kind)) for kind in kinds))

    def buyer(self, count: int) -> Conversation:
        """Asks `count` times about the order whose page is open."""
        # From all over the database: neighbours would be in memory already.
        at, self._buyers = self._buyers * STRIDE % self._filled.buyers, self._buyers + 1
        turns = tuple(("task", self._texts.take("task")) for _ in range(count))
        return Conversation("buyer", turns, orders.buyer(at), orders.orders_of(at, self._filled.orders)[0])

    def seller(self, steps: int, *, opening: str = "") -> Conversation:
        """Opens the form (a turn of the kind `opening`), then answers it `steps` times, opening it again as needed."""
        at, self._sellers = self._sellers % self._filled.shops, self._sellers + 1
        turns: list[tuple[str, str]] = []
        for step in range(steps):
            if step % len(STEPS) == 0:
                turns.append((opening, OPENINGS[(at + step // len(STEPS)) % len(OPENINGS)]))
            turns.append(("form", STEPS[step % len(STEPS)]))
        return Conversation("seller", tuple(turns), orders.buyer(at))

    def of(self, kind: str, count: int, length: int = 10) -> list[Conversation]:
        """Conversations with `count` turns of one kind, none with more than `length` of them.

        What is asked back begins a conversation: later, a name alone is understood from what was said before.
        """
        made = []
        length = 1 if kind == "ask_back" else length
        for done in range(0, count, length):
            size = min(length, count - done)
            if kind == "task":
                made.append(self.buyer(size))
            elif kind == "form":
                made.append(self.seller(size))
            else:
                made.append(self.visitor([kind] * size))
        return made

    def mix(self, user: int, turns: int) -> list[Conversation]:
        """One user's conversations of the mix, `turns` or a few more; users begin at different places of it."""
        made: list[Conversation] = []
        while sum(len(each.turns) for each in made) < turns:
            role = MIX[(user + len(made)) % len(MIX)]
            if role == "visitor":
                made.append(self.visitor(["ask_back"] + ["knowledge"] * (LENGTH - 1)))
            elif role == "buyer":
                made.append(self.buyer(6))
            else:
                made.append(self.seller(1, opening="form"))
        return made


def ours(conversation: Conversation, token: str) -> dict[str, Any]:
    """A conversation for the driver, as the widget's channel wants it: who asks stands in the connection's token."""
    auth = {"token": token} if conversation.account else {}
    return {"auth": auth, "metadata": None, "turns": [list(turn) for turn in conversation.turns]}


def stock(conversation: Conversation) -> dict[str, Any]:
    """A conversation for the driver, for Rasa's own channel: who asks stands in each message's metadata."""
    principal = {"role": conversation.role, "account": conversation.account, "order": conversation.order}
    metadata = {"principal": principal} if conversation.account else {}
    return {"auth": None, "metadata": metadata, "turns": [list(turn) for turn in conversation.turns]}
