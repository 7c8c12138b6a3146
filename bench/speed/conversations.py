"""What is said to both assistants: the same conversations for the same seed, and no text twice in one round.

A text that came before could be answered from memory, so each is said once between two starts of the servers. The
evaluation questions come first, then the training phrases; when those are used up, the same with a few words before them.
The exception is a form: what it is told is one of a handful of words, and what comes back depends on the form's state.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.quality.counting import Question
from bench.quality.running import Phrase
from bench.speed import orders
from knowledge import Knowledge

# Of 40 turns, 28 are knowledge, 6 tasks, 4 asked back, 2 in a form: 70, 15, 10 and 5 in a hundred.
MIX = ("visitor", "buyer", "visitor", "visitor", "seller", "visitor")
MOST = 10  # turns of a conversation with turns of one kind
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
STEPS = ("改成退货宝", "算了")
_GOING_ON = re.compile("那(?!个)")  # 那能赔多少, not 那个 …
_DIGITS = re.compile(r"\d|[一二三四五六七八九十]号|第|尾号")


@dataclass(frozen=True)
class Kind:
    """A kind of turn. texts: their source; role: who says it; opening: the source of what is said first and not counted.

    page: whether the buyer has an order's page open; orders: how many orders the buyer has. length: turns that a
    conversation has at most.
    """

    texts: str
    role: str = "visitor"
    opening: str = ""
    page: bool = True
    orders: int = orders.BUYERS_ORDERS
    length: int = MOST


KINDS = {
    "knowledge": Kind("knowledge"),
    "task": Kind("task", "buyer"),
    # What is asked back begins a conversation: later, a name alone is understood from what was said before.
    "ask_back": Kind("ask_back", length=1),
    "form": Kind("form", "seller"),
    "rows": Kind("rows", "buyer"),
    "general": Kind("general", "buyer"),
    "follow_up": Kind("follow_up", "buyer", opening="task", length=1),
}
for _count in (orders.BUYERS_ORDERS, *orders.REGULARS):
    # With no page open, it is for the assistant to find out which of the orders is meant.
    KINDS[f"rows_{_count}"] = Kind("rows", "buyer", page=False, orders=_count, length=5)
    KINDS[f"task_{_count}"] = Kind("task", "buyer", page=False, orders=_count, length=5)
# What a buyer asks that the buyer's own orders could answer as well as an article.
ROWS_TOPICS = frozenset((
    "payout_amount", "payout_time", "payout_destination", "coverage_period", "claim_rejected", "who_pays",
    "policy_status",
))  # fmt: skip
CARDS_PRODUCT = "freight"  # the product of every bench order, so of every card


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
    found = {}
    for kind, halves in _halves(knowledge, questions, known).items():
        each = [list(dict.fromkeys(half)) for half in halves]
        for half in each:
            draw.shuffle(half)
        found[kind] = list(dict.fromkeys(text for half in each for text in half))
    return found


def _halves(
    knowledge: Knowledge, questions: Sequence[Question], known: Sequence[Phrase]
) -> dict[str, tuple[list[str], list[str]]]:
    """{kind: (evaluation questions, training phrases)}."""
    topics = frozenset(knowledge.knowledge_topics)
    others = [name for id, product in knowledge.products.items() if id != CARDS_PRODUCT for name in product.names]
    alone = [question for question in questions if not question.before]
    buyers = [question for question in alone if question.as_ == "buyer"]
    owns = [phrase for phrase in known if not any(name in phrase.text for name in others)]
    tasks = [phrase.text for phrase in known if phrase.intent == "check_policy" and _plainly(phrase.text)]
    named = [name + end for product in knowledge.products.values() for name in product.names for end in ENDS]
    return {
        "knowledge": (_asked(alone, topics), _learnt(known, topics)),
        "rows": (_asked(_of_cards(buyers), ROWS_TOPICS), _learnt(owns, ROWS_TOPICS)),
        "general": (_asked(buyers, topics - ROWS_TOPICS), _learnt(known, topics - ROWS_TOPICS)),
        "follow_up": (
            _asked(_of_cards(each for each in questions if each.before and each.as_ == "buyer"), ROWS_TOPICS),
            [text for text in _learnt(owns, ROWS_TOPICS) if _GOING_ON.match(text)],
        ),
        "task": ([], tasks),
        "ask_back": (named, []),
    }


def _asked(questions: Iterable[Question], topics: frozenset[str]) -> list[str]:
    return [question.text for question in questions if question.topic in topics]


def _learnt(known: Iterable[Phrase], topics: frozenset[str]) -> list[str]:
    return [phrase.text for phrase in known if phrase.intent in topics]


def _of_cards(questions: Iterable[Question]) -> list[Question]:
    """Those that a bench order could answer: about no product, or its own."""
    return [question for question in questions if question.product in (None, CARDS_PRODUCT)]


def _plainly(text: str) -> bool:
    """Whether it asks about freight insurance and points at no order."""
    return "运费险" in text and not _DIGITS.search(text)


class Cast:
    """Who says it: visitors, and bench accounts one after the other, so that no conversation is continued by accident."""

    def __init__(self, texts: Texts, filled: orders.Filled) -> None:
        self._texts, self._filled = texts, filled
        self._buyers: dict[int, int] = {}
        self._sellers = 0

    def visitor(self, kinds: Sequence[str]) -> Conversation:
        return Conversation("visitor", tuple((kind, self._texts.take(kind)) for kind in kinds))

    def buyer(self, kind: str, count: int) -> Conversation:
        """Asks `count` times, about the order whose page is open where there is one; before it, the kind's opening."""
        about = KINDS[kind]
        account, order = self._account(about.orders)
        opening = [("", self._texts.take(about.opening))] if about.opening else []
        turns = (*opening, *((kind, self._texts.take(about.texts)) for _ in range(count)))
        return Conversation("buyer", turns, account, order if about.page else "")

    def _account(self, count: int) -> tuple[str, str]:
        """The next buyer with so many orders, and one of the orders; none for a regular."""
        before = self._buyers.get(count, 0)
        self._buyers[count] = before + 1
        if count == orders.BUYERS_ORDERS:
            # From all over the database: neighbours would be in memory already.
            at = before * STRIDE % self._filled.buyers
            return orders.buyer(at), orders.orders_of(at, self._filled.orders)[0]
        if not self._filled.regulars:
            raise ValueError(f"there is no buyer with {count} orders")
        return orders.regular(before % self._filled.regulars, count), ""

    def seller(self, steps: int, *, opening: str = "") -> Conversation:
        """Opens the form (a turn of the kind `opening`), then answers it `steps` times, opening it again as needed."""
        at, self._sellers = self._sellers % self._filled.shops, self._sellers + 1
        turns: list[tuple[str, str]] = []
        for step in range(steps):
            if step % len(STEPS) == 0:
                turns.append((opening, OPENINGS[(at + step // len(STEPS)) % len(OPENINGS)]))
            turns.append(("form", STEPS[step % len(STEPS)]))
        return Conversation("seller", tuple(turns), orders.buyer(at))

    def of(self, kind: str, count: int, length: int = MOST) -> list[Conversation]:
        """Conversations with `count` turns of one kind, none with more than `length` of them or the kind's own limit.

        Raises ValueError where the database has no such buyer.
        """
        made = []
        about = KINDS[kind]
        length = min(length, about.length)
        for done in range(0, count, length):
            size = min(length, count - done)
            if about.role == "buyer":
                made.append(self.buyer(kind, size))
            elif about.role == "seller":
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
                made.append(self.buyer("task", 6))
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
