"""What the assistant knows, as plain immutable data: topics, tasks, products with their rules, articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.rules import Desk, Rule, Table
from xiaoer.errors import KnowledgeError
from xiaoer.principal import ROLE_NAMES

AUDIENCES = ("buyer", "seller")
TAKE_BACK = "take_back"  # the task that takes back what the others did
BOTH = "both"  # whose data a task is about: of whoever is signed in
VERSION_HEADINGS = {ROLE_NAMES[audience]: audience for audience in AUDIENCES}
GRADES = {"A": "平台公告或媒体报道", "B": "多处资料", "seed": "2021 年整理的资料"}


OVERVIEW = "overview"  # the id of what is said to a bare topic


@dataclass(frozen=True)
class Answer:
    """One thing that people want to know, and what is said to it.

    id: within its article; question: what its button says, "" for the overview; asks: ways of asking exactly this;
    lead: the first sentence, which answers; body: what supports it, or ""; audience: buyer, seller, or "" for
    everybody; line: of its file.
    """

    id: str
    question: str
    asks: tuple[str, ...]
    lead: str
    body: str
    audience: str
    as_of: str
    grade: str
    line: int = field(compare=False)

    @property
    def text(self) -> str:
        """Lead and body, as they are said."""
        return f"{self.lead}\n\n{self.body}" if self.body else self.lead

    def key(self, topic: str) -> str:
        """What it is of whatever product: payout_time#how_long, or disable_service#overview@seller for one side alone."""
        return f"{topic}#{self.id}" + (f"@{self.audience}" if self.audience else "")


@dataclass(frozen=True)
class Article:
    """What is known of (product, topic) for one audience, or for everybody (`audience` is then empty): its answers, the
    overview first."""

    product: str
    topic: str
    audience: str
    answers: tuple[Answer, ...]
    as_of: str
    review_by: str
    grade: str
    sources: tuple[str, ...]
    related: tuple[str, ...]
    path: str

    @property
    def id(self) -> str:
        """`product/topic`, as `ask --json` and links name it."""
        return f"{self.product}/{self.topic}"

    @property
    def body(self) -> str:
        """The overview: what is said to the bare topic."""
        return self.answers[0].text

    @property
    def text(self) -> str:
        """All of its answers."""
        return "\n\n".join(answer.text for answer in self.answers)

    def answers_for(self, audience: str | None) -> tuple[Answer, ...]:
        """Those that are not for the other side alone; all of them for a visitor."""
        return tuple(each for each in self.answers if audience is None or each.audience in ("", audience))


@dataclass(frozen=True)
class Unknown:
    """People ask it, and nothing usable is known: where they can look; searched: what was looked for in vain."""

    product: str
    topic: str
    where: str
    searched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """What people want looked up or done with their own data; `id` is its topic.

    says: what they come for; who: `buyer`, `seller` or `both`, whose data it is. Of a task that writes: writes, what it does in a
    word (开通); verbs, how people name that; of_a_thing, verbs that do so of a
    thing alone (取消); spared_by, words that say the opposite (留着); slots, what its form collects, in
    order. Of the others these are empty.
    """

    id: str
    says: str
    who: str
    writes: str = ""
    verbs: tuple[str, ...] = ()
    of_a_thing: tuple[str, ...] = ()
    spared_by: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()

    @property
    def takes_back(self) -> bool:
        """Whether it takes back what another has done. What is said against that other (「不申诉了」) is then no word
        against this one."""
        return self.id == TAKE_BACK

    @property
    def audiences(self) -> tuple[str, ...]:
        """Who may come for it."""
        return AUDIENCES if self.who == BOTH else (self.who,)

    @property
    def action(self) -> str:
        """The action that does it: action_request_enable."""
        return f"action_{self.id}"

    @property
    def form(self) -> str | None:
        """The form that collects what it needs: request_enable_form; None for a task that only looks something up."""
        return f"{self.id}_form" if self.slots else None


@dataclass(frozen=True)
class Product:
    """One `product.yml`: how it is called, what it should answer, and the rules that decide about it."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...]
    summary: str
    paid_by: Mapping[str, str]
    pays_to: str
    popular: Mapping[str, tuple[str, ...]]
    topics: Mapping[str, tuple[str, ...]]
    unknowns: tuple[Unknown, ...]
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]
    desk: Desk

    @property
    def names(self) -> tuple[str, ...]:
        """Every way of naming it, the longest first."""
        return tuple(sorted({self.name, *self.aliases}, key=lambda name: (-len(name), name)))


@dataclass(frozen=True, eq=False)  # one a knowledge: what is made of it is found by which one it is
class ActWords:
    """The words by which people say yes, take back, call off; what each list is for stands in `acts.yml`."""

    yes: tuple[str, ...]
    confirm: tuple[str, ...]
    agree: tuple[str, ...]
    already: tuple[str, ...]
    softens: tuple[str, ...]
    leads: tuple[str, ...]
    thanks: tuple[str, ...]
    no_signs: tuple[str, ...]
    agreement: tuple[str, ...]
    has_read: tuple[str, ...]
    refuses: tuple[str, ...]
    corrects: tuple[str, ...]
    excepts: tuple[str, ...]
    degrees: tuple[str, ...]
    changes: tuple[str, ...]
    musts: tuple[str, ...]
    no: tuple[str, ...]
    forbids: tuple[str, ...]
    has_not: tuple[str, ...]
    wishes: tuple[str, ...]
    consents: tuple[str, ...]
    lets: tuple[str, ...]
    gives: tuple[str, ...]
    forgets: tuple[str, ...]
    may: tuple[str, ...]
    to_be: tuple[str, ...]
    who: tuple[str, ...]
    what: tuple[str, ...]
    nonsense: tuple[str, ...]
    first: tuple[str, ...]
    again: tuple[str, ...]
    waits: tuple[str, ...]
    later: tuple[str, ...]
    persons: tuple[str, ...]
    helps: tuple[str, ...]
    between: tuple[str, ...]
    sighs: tuple[str, ...]
    completes: tuple[str, ...]
    objects: tuple[str, ...]
    affair: tuple[str, ...]
    ends: tuple[str, ...]
    ends_firmly: tuple[str, ...]
    tails: tuple[str, ...]
    does: tuple[str, ...]
    means_otherwise: tuple[str, ...]
    calls_a_person: tuple[str, ...]
    adds: tuple[str, ...]
    by_the_way: tuple[str, ...]
    intends: tuple[str, ...]
    reasons: tuple[str, ...]
    same_reason: tuple[str, ...]
    brings: tuple[str, ...]
    thinks: tuple[str, ...]
    if_so: tuple[str, ...]
    resumes: tuple[str, ...]
    that_is_all: tuple[str, ...]
    explains: tuple[str, ...]
    evidence: tuple[str, ...]
    lacks: tuple[str, ...]
    lacked: tuple[str, ...]
    around_lacking: tuple[str, ...]
    staff: tuple[str, ...]
    no_person: tuple[str, ...]
    transfers: tuple[str, ...]
    fetches: tuple[str, ...]
    still: tuple[str, ...]
    fails: tuple[str, ...]
    conditions: tuple[str, ...]
    not_yet: tuple[str, ...]
    earlier: tuple[str, ...]
    somebody: tuple[str, ...]
    tells: tuple[str, ...]
    asks_about: tuple[str, ...]
    asks_leave: tuple[str, ...]
    around_calling: tuple[str, ...]
    corrects_first: tuple[str, ...]
    denies: tuple[str, ...]
    around_correcting: tuple[str, ...]
    points: tuple[str, ...]
    acknowledges: tuple[str, ...]
    staff_in_english: tuple[str, ...]
    not_in_english: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Topics, tasks and products at one moment: `topics.yml` and every `product.yml`.

    default_product: what a question that names none is about; about_any_product: topics whose answer is the same for all.
    points: what can be said of one's own; own: by role, for each topic the points that answer it.
    products: in the order of topics.yml. broken: why a product's file, as it is now, is not in force; the product is
    missing from `products`, or there as it was when its file was good.
    """

    root: Path
    knowledge_topics: Mapping[str, str]
    tasks: Mapping[str, Task]
    conversation: tuple[str, ...]
    outside: Mapping[str, str]
    default_product: str
    about_any_product: tuple[str, ...]
    points: Mapping[str, str]
    own: Mapping[str, Mapping[str, tuple[str, ...]]]
    products: Mapping[str, Product]
    broken: Mapping[str, KnowledgeError]

    def points_of(self, topic: str, role: str) -> tuple[str, ...]:
        """By which points of what is one's own a topic is answered, in order of preference; none for a general one."""
        return self.own.get(role, {}).get(topic, ())

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic id: knowledge topics, tasks, conversation, outside."""
        return (*self.knowledge_topics, *self.tasks, *self.conversation, *self.outside)


@dataclass(frozen=True)
class Knowledge(Catalogue):
    """All of `knowledge/` at one moment."""

    labels: Mapping[str, str]
    lexicon: Mapping[str, Mapping[str, tuple[str, ...]]]
    acts: ActWords
    articles: Mapping[tuple[str, str], tuple[Article, ...]]
    unknowns: Mapping[tuple[str, str], Unknown]

    def article(self, product: str, topic: str, audience: str | None) -> Article | None:
        """The article for the asker; `audience` None (a visitor) gets it only where one version serves everybody."""
        versions = self.articles.get((product, topic), ())
        for version in versions:
            if version.audience in ("", audience):
                return version
        return None

    def versions(self, product: str, topic: str) -> tuple[Article, ...]:
        return self.articles.get((product, topic), ())

    def knows(self, product: str, topic: str) -> bool:
        return (product, topic) in self.articles

    def question_of(self, key: str) -> str:
        """What the button of an answer says, of whatever product (`Answer.key`); "" for an overview, or one that nothing knows."""
        topic = key.partition("#")[0]
        of_topic = (version for (_, each), versions in self.articles.items() if each == topic for version in versions)
        return next((answer.question for each in of_topic for answer in each.answers if answer.key(topic) == key), "")

    def label(self, topic: str, product: str | None = None) -> str:
        """What a button says: `labels.yml` with the product's name put in."""
        name = self.products[product].name if product and product in self.products else ""
        return self.labels.get(topic, topic).replace("{product}", name)
