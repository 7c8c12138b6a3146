"""Which of the answers of a product is asked for: those of all topics that the words may be about, weighed.

The ranker (`bot/understanding/ranking/answer_ranker.py`) tells answers by how they are asked for; the topics' own ranking,
what is known of the product and who asks weigh that here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.dialogue.turn import Question
from knowledge import Answer, Article, Knowledge
from knowledge.model import AUDIENCES, OVERVIEW

SURE = 0.45
"""What an answer of whatever topic has to have of all that may be asked for, to be given."""
UNKNOWN_HERE = 0.3
"""What one of another topic has to have, where nothing is known of the topic that was decided on."""
LIKELY = 0.2
"""What one of the topic that was decided on has to have."""
LIKELIER = 0.2
"""What one has to have where it is open which topic is meant, to be given and not only offered."""
DOUBTFUL, NEARLY, LEAST = 0.6, 0.35, 0.1
"""Below the first an answer that is given is doubtful: the first sentence of another that has so much of its share, and at least the third, is told beside it."""
SIDE = 0.9
"""What a side has to have of all candidates, for somebody who has not said which one is his."""
ELSEWHERE = 0.1
"""Weight of an answer whose topic the words were not ranked for."""
DECIDED = 0.1
"""Weight that the topic that was decided on has beside its probability."""
OTHERWISE = 0.2
"""Weight of an answer that speaks of the product by another of its names than the one that was said."""
GUESSED, SOME = 0.6, 0.1
"""What a product has to have of all that a question which names none may be about; and what each has whatever is known of it."""
OTHER_SIDE = {"buyer": "@seller", "seller": "@buyer"}


@dataclass(frozen=True)
class Candidate:
    """An answer that may be asked for. share: of the score of all that may."""

    article: Article
    answer: Answer
    share: float

    @property
    def id(self) -> str:
        """product/topic#answer, as `ask --json` names it."""
        return f"{self.article.id}#{self.answer.id}"


def candidates(
    question: Question, product: str, audience: str | None, knowledge: Knowledge, said: str = ""
) -> tuple[Candidate, ...]:
    """The answers of a product that a question may ask for, the likeliest first; audience None: of both sides; said: the
    message, whose name for the product counts where answers tell its names apart (价保, 保价险)."""
    names = tuple(name for name in knowledge.products[product].names if name in said)
    topics = dict(question.topics)
    topics[question.topic] = topics.get(question.topic, 0.0) + DECIDED
    found: list[tuple[Article, Answer, float]] = []
    total = 0.0
    for key, own in question.answers:
        topic, name = _parts(key)
        score = own * _weight(topic, topics)
        here = _named(product, topic, name, audience, knowledge)
        if not here and not (audience and name.endswith(OTHER_SIDE[audience])):
            total += score  # asked for, and not known of this product
        for article, answer in here:
            weight = OTHERWISE if _is_of_another_name(answer, names, product, knowledge) else 1.0
            found.append((article, answer, score * weight))
            total += score * weight
    ranked = [Candidate(article, answer, score / (total or 1.0)) for article, answer, score in found]
    return tuple(sorted(ranked, key=lambda each: -each.share))


def guessed(question: Question, audience: str | None, knowledge: Knowledge) -> str | None:
    """The product that a question which names none is about, another than the default one: by its words, and by what is known
    of each; None where that is not sure. 碎了怎么赔 is asked of what breaks, and freight insurance has no answer to it."""
    topics = dict(question.topics)
    score = {key: own * _weight(_parts(key)[0], topics) for key, own in question.answers}
    known = {
        product: probability * _knows(product, score, audience, knowledge) for product, probability in question.guesses
    }
    best = max(known, key=lambda product: known[product], default=None)
    sure = best is not None and known[best] >= GUESSED * sum(known.values())
    return best if sure and best != knowledge.default_product else None


def _knows(product: str, score: Mapping[str, float], audience: str | None, knowledge: Knowledge) -> float:
    """How much of what a question may ask for is known of a product, SOME of it taken for granted. score: of each answer."""
    here = sum(value for key, value in score.items() if _named(product, *_parts(key), audience, knowledge))
    return SOME + here / (sum(score.values()) or 1.0)


def _weight(topic: str, topics: Mapping[str, float]) -> float:
    """What an answer of a topic counts, by how likely the words are about that."""
    return ELSEWHERE + topics.get(topic, 0.0)


def _parts(key: str) -> tuple[str, str]:
    topic, _, name = key.partition("#")
    return topic, name


def _is_of_another_name(answer: Answer, names: Sequence[str], product: str, knowledge: Knowledge) -> bool:
    """Whether an answer speaks of the product by names that have nothing in common with the one that was said."""
    text = answer.question + answer.lead
    spoken = [name for name in knowledge.products[product].names if name in text]
    return bool(names and spoken) and not any(one in other or other in one for one in names for other in spoken)


def _named(
    product: str, topic: str, name: str, audience: str | None, knowledge: Knowledge
) -> list[tuple[Article, Answer]]:
    """The answer of a name (`how_long`, `overview@seller`), where the product has it for the audience."""
    return [
        (article, answer)
        for article in knowledge.versions(product, topic)
        if article.audience in ("", audience or article.audience)
        for answer in article.answers_for(audience)
        if answer.key(topic) == f"{topic}#{name}"
    ]


def chosen(found: Sequence[Candidate], question: Question, knows: bool) -> Candidate | None:
    """The one that is given; None where the topic's own answer says more. knows: whether the topic has one."""
    best = next(iter(found), None)
    if best is None:
        return None
    least = LIKELY if best.article.topic == question.topic else SURE if knows else UNKNOWN_HERE
    return best if best.share >= least else None


def beside(given: Answer, found: Sequence[Candidate], audience: str | None) -> Candidate | None:
    """Another answer that is nearly as likely as the one that is given, where that is doubtful."""
    own = next((each.share for each in found if each.answer is given), 0.0)
    sides = ("", audience or given.audience)
    other = next((each for each in found if each.answer is not given and each.answer.audience in sides), None)
    if other is None or own >= DOUBTFUL or other.share < max(NEARLY * own, LEAST) or other.answer.lead == given.lead:
        return None
    return other


def side_of(found: Sequence[Candidate]) -> str | None:
    """The side that the words speak for, by the answers they may ask for; None where that is open."""
    of = {who: sum(each.share for each in found if each.answer.audience == who) for who in AUDIENCES}
    best = max(AUDIENCES, key=lambda who: of[who])
    return best if of[best] >= SIDE else None


def sisters(
    given: Candidate | None, found: Sequence[Candidate], article: Article, audience: str | None
) -> list[Answer]:
    """Other answers of an article that may be wanted, the likeliest first; the overview has no question."""
    ranked = [each.answer for each in found if each.article is article]
    rest = [answer for answer in article.answers_for(audience) if answer not in ranked]
    shown = given.answer if given is not None else article.answers[0]
    return [answer for answer in (*ranked, *rest) if answer is not shown and answer.id != OVERVIEW]
