"""What is done with a message, decided once: answered, asked back, refused, or declined as outside.

Understanding ranks the topics of the words alone. Who asks and what was said before weigh that ranking here, and the
thresholds of config.yml, which travel with the ranking, decide. What is plain from the words stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Literal

from bot.understanding.parse import ANSWERS, QUESTIONS, RANKING, READING
from knowledge import Knowledge

Kind = Literal["accept", "outside", "unknown", "close"]

UNLIKELY = 0.4
"""Weight of a topic that nobody of the asker's role asks about the product (`product.yml`, topics)."""
THEIRS = 0.2
"""Weight of a task on what the other side has: a buyer rarely means a shop's report."""
FOLLOWS = 3.0
"""Weight of the last topic and of those its answer names as related, for a message that names no product of its own."""
BARE = 0.97
"""What a topic has to have, where the message is one word and nothing was said before: 退货, 为什么."""
LONG, LONG_ENOUGH = 0.5, 30
"""What a topic, ours or not, has to have in a message of so many characters: a mixed complaint is about a little of much."""
ANSWER_SURE = 0.55
"""What the answers of the topic whose answer is likeliest have to have together, to decide where topics leave it open; times
the probability that the message is about what is ours."""
DOUBTED, HARDLY_A_TASK = 0.75, 0.4
"""Below these the topic of a message is open: a general one, or a visitor's; and one that is looked up for somebody signed in."""
OFFERED = 3
"""Topics that are offered where none is likely enough."""
GOES_ON = 0.5
"""Weight of what is outside, in half a sentence that goes on with a conversation and names nothing: 几个点."""


@dataclass(frozen=True)
class Thresholds:
    """How probabilities are read (config.yml; the defaults were chosen on the tune sets, see docs/evaluation.md).

    outside_share: declined when all topics that are not ours together have this share of the best of ours;
    refuse_below: refused when none of ours is at least this probable; gap: asked back when the best two of ours lie
    closer than this; ask_below: asked back when the best of ours is less probable than this. Raises ValueError for one that does not lie between 0 and 1.
    """

    outside_share: float = 0.7
    refuse_below: float = 0.1
    gap: float = 0.02
    ask_below: float = 0.2

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
                raise ValueError(f"TopicClassifier: {name} must lie between 0 and 1, got {value!r}; mend config.yml")

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Thresholds:
        """Those named in a mapping, the others as they are by default."""
        return _thresholds(*(found.get(each.name, each.default) for each in fields(cls)))


@lru_cache(maxsize=8)
def _thresholds(*values: float) -> Thresholds:
    """Checked once: they are the same for every message of a model."""
    return Thresholds(*values)


@dataclass(frozen=True)
class Ranking:
    """Topics with probabilities, the likeliest first; outside: what all topics outside have together, ranked or not."""

    topics: Sequence[tuple[str, float]]
    outside: float = 0.0
    thresholds: Thresholds = Thresholds()

    @classmethod
    def of(cls, parsed: Mapping[str, Any]) -> Ranking:
        """The ranking that understanding has written into a message."""
        reading = parsed.get(READING) or {}
        topics = [(str(each["name"]), float(each["confidence"])) for each in parsed.get(RANKING) or ()]
        return cls(topics, float(reading.get("outside", 0.0)), Thresholds.of(reading))


@dataclass(frozen=True)
class Circumstances:
    """What understanding cannot know. role: buyer, seller, or None where nobody knows; product: the one it is about;
    follows: topics that the last answer led to; goes_on: it is half a sentence that names nothing, and the
    conversation has a topic; bare: it is one word, and nothing was said before; long: it is a tale; answers: a form waits for an answer."""

    role: str | None = None
    product: str | None = None
    follows: AbstractSet[str] = frozenset()
    goes_on: bool = False
    bare: bool = False
    long: bool = False
    answers: bool = False


@dataclass(frozen=True)
class Verdict:
    """accept and outside: candidates are the topics of the questions, in order; close: those that fit; unknown: the
    nearest. confidence: the first one's probability, by its words."""

    kind: Kind
    candidates: tuple[str, ...]
    confidence: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the candidates are what is asked, ours or not."""
        return self.kind in ("accept", "outside")


def verdict_on(parsed: Mapping[str, Any], knowledge: Knowledge, given: Circumstances = Circumstances()) -> Verdict:
    """The decision on a message that was ranked (`bot.understanding.ranking.topic_classifier`)."""
    asked = parsed.get(QUESTIONS) or ()
    if not asked:
        return Verdict("unknown", ())
    if len(asked) > 1:  # each piece is sure of its own
        return Verdict("accept", tuple(str(each["topic"]) for each in asked), float(asked[0]["confidence"]))
    ranking = Ranking.of(parsed)
    found = judge(ranking, knowledge, given)
    return _answered(found, asked[0].get(ANSWERS) or (), ranking.outside, knowledge, given) or found


def _answered(
    found: Verdict, answers: Sequence[tuple[str, float]], outside: float, knowledge: Knowledge, given: Circumstances
) -> Verdict | None:
    """The verdict by the answer that is asked for, where the topics leave it open and that is sure: which of some, and
    whether it is looked up (for a visitor there is nothing, so he is asked to sign in only where that is plain). What is not ours stays outside: answers know little of that."""
    topic, share = of_answers(answers)
    if share * (1 - outside) < ANSWER_SURE or topic not in knowledge.knowledge_topics or given.bare:
        return None
    return Verdict("accept", (topic,), share) if _leaves_open(found, knowledge, given) else None


def of_answers(answers: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """The topic of the answer that is likeliest asked for, and what all of its answers have together."""
    topic = next((key.partition("#")[0] for key, _ in answers), "")
    return topic, sum(probability for key, probability in answers if key.partition("#")[0] == topic)


def _leaves_open(found: Verdict, knowledge: Knowledge, given: Circumstances) -> bool:
    """Whether the topics leave it open what is asked. While a form waits, what may be its answer is left to it."""
    decided = next(iter(found.candidates), "")
    task = knowledge.tasks.get(decided)
    if found.kind == "outside" or given.answers or (task is not None and task.writes):
        return False
    if decided in knowledge.conversation:
        return False
    if task is not None:
        return found.confidence < (DOUBTED if given.role is None else HARDLY_A_TASK)
    return not found.accepted or found.confidence < DOUBTED


def judge(ranking: Ranking, knowledge: Knowledge, given: Circumstances = Circumstances()) -> Verdict:
    """Weighs a ranking by the circumstances and reads it by its thresholds."""
    said, limits = dict(ranking.topics), ranking.thresholds
    share, together = _shares(ranking, knowledge, given)
    ours, theirs = _both_sides(share, knowledge)
    best, second = [*(share[topic] for topic in ours[:2]), 0.0, 0.0][:2]
    likely = tuple(topic for topic in ours if topic not in knowledge.conversation)[:OFFERED]
    if theirs is not None and together > limits.outside_share * best:
        if likely and together < _least(theirs, knowledge, given, 0.0):
            return Verdict("close", likely, said[likely[0]])
        return Verdict("outside", (theirs,), said[theirs])
    candidates = tuple(ours[:2])
    confidence = said[candidates[0]] if candidates else 0.0
    if best < limits.refuse_below:
        return Verdict("unknown", candidates, confidence)
    if _ties(best - second, candidates, limits, knowledge):
        return Verdict("close", candidates, confidence)
    if best < _least(candidates[0], knowledge, given, limits.ask_below):
        return Verdict("close", likely, confidence)
    return Verdict("accept", candidates[:1], confidence)


def _ties(gap: float, candidates: Collection[str], limits: Thresholds, knowledge: Knowledge) -> bool:
    """Whether it is asked back which of the two best is meant. Of 停 or 不, of 好 or 谢 it is not."""
    return gap < limits.gap and not set(candidates) <= set(knowledge.conversation)


def _both_sides(share: Mapping[str, float], knowledge: Knowledge) -> tuple[list[str], str | None]:
    """Our topics, the likeliest first, and the likeliest that is not ours."""
    ours = sorted(share.keys() - knowledge.outside.keys(), key=lambda topic: (-share[topic], topic))
    theirs = max((topic for topic in share if topic in knowledge.outside), key=lambda topic: share[topic], default=None)
    return ours, theirs


def _least(topic: str, knowledge: Knowledge, given: Circumstances, usual: float) -> float:
    """How probable the best topic has to be for it not to be asked back."""
    if topic in knowledge.conversation or given.answers:
        return 0.0
    return BARE if given.bare else LONG if given.long else usual


def _shares(ranking: Ranking, knowledge: Knowledge, given: Circumstances) -> tuple[dict[str, float], float]:
    """What each topic has of all, weighed; and what those outside have together, ranked or not."""
    weighed = _weighed(ranking, knowledge, given)
    ranked = sum(probability for topic, probability in ranking.topics if topic in knowledge.outside)
    beyond = max(0.0, ranking.outside - ranked) * (GOES_ON if given.goes_on else 1.0)
    rest = max(0.0, 1.0 - sum(probability for _, probability in ranking.topics) - max(0.0, ranking.outside - ranked))
    total = (sum(weighed.values()) + beyond + rest) or 1.0
    share = {topic: weight / total for topic, weight in weighed.items()}
    outside = sum(value for topic, value in share.items() if topic in knowledge.outside) + beyond / total
    return share, outside


def _weighed(ranking: Ranking, knowledge: Knowledge, given: Circumstances) -> dict[str, float]:
    """Each topic's probability times the weight that the circumstances give it."""
    product = knowledge.products.get(given.product or "")
    asked = product.topics.get(given.role, ()) if product and given.role else None
    weighed: dict[str, float] = {}
    for topic, probability in ranking.topics:
        weight = _of_the_side(topic, knowledge, given, asked)
        if topic in knowledge.outside and given.goes_on:
            weight = GOES_ON
        if topic in given.follows:
            weight *= FOLLOWS
        weighed[topic] = probability * weight
    return weighed


# What one's own is named or pointed at by; no rows are needed to see it. Without any of these a question whose topic has no
# point of one's own is not looked up among the rows.
_OWN = re.compile(
    r"(?<!\d)\d{4,8}(?!\d)|\d{15,24}|[那这该]|[它我俺咱]|另|换一|第[\d一二三四五六七八九十]|最后|刚才|上一|前一"
    r"|[买拍订收]的|下的?单|尾号|订单|呢$|[块元]|[昨前]天|上+个?[周月]|周[一二三四五六日天]|\d[号日月]"
)


def _of_the_side(topic: str, knowledge: Knowledge, given: Circumstances, asked: Collection[str] | None) -> float:
    """How likely somebody of the asker's role asks about a topic. asked: what they ask about the product, where that is known."""
    if asked is not None and topic in knowledge.knowledge_topics and topic not in asked:
        return UNLIKELY
    if given.role and topic in knowledge.tasks and given.role not in knowledge.tasks[topic].audiences:
        return THEIRS
    return 1.0


def names_own(plain: str) -> bool:
    """Whether words hold what one's own order may be named by: a number, a day, 那单, 我的."""
    return _OWN.search(plain) is not None


def follows(knowledge: Knowledge, said: Mapping[str, Any]) -> frozenset[str]:
    """The topics that the last reply leads to: its own, and those its article names as related."""
    product, topic = said.get("product"), said.get("carry") or said.get("topic")
    versions = knowledge.versions(str(product), str(topic)) if product and topic else ()
    return frozenset(related for version in versions for related in (version.topic, *version.related))
