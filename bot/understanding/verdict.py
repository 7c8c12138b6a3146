"""What the asker's role and the conversation say about a message that its words leave open.

Understanding (`bot/understanding`) sees the words alone: who asks and what was said before are known only to the turn. Here they
weigh the topics that understanding has ranked; what is plain from the words stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from bot.understanding.topics.model import GAP, OUTSIDE_SHARE, REFUSE_BELOW
from knowledge import Knowledge

UNLIKELY = 0.4
"""Weight of a topic that nobody of the asker's role asks about the product (`product.yml`, topics)."""
FOLLOWS = 3.0
"""Weight of the last topic and of those its answer names as related, for a message that names no product of its own."""
GOES_ON = 0.5
"""Weight of what is outside, in half a sentence that goes on with a conversation and names nothing: 几个点."""
HALF_A_SENTENCE = 10  # characters


@dataclass(frozen=True)
class Verdict:
    """kind and candidates as `topic_model.judge` has them, over topics' names; confidence of the first."""

    kind: Literal["accept", "outside", "unknown", "close"]
    candidates: tuple[str, ...]
    confidence: float


def reconsider(
    ranking: Sequence[tuple[str, float]],
    knowledge: Knowledge,
    *,
    role: str | None,
    product: str,
    follows: AbstractSet[str] = frozenset(),
    goes_on: bool = False,
) -> Verdict:
    """Judges a ranking (topic, probability) anew.

    role: buyer, seller, or None where nobody knows. follows: topics that the last answer led to. goes_on: the message
    is half a sentence that names nothing, and the conversation has a topic.
    """
    weighed: dict[str, float] = {}
    asked = knowledge.products[product].topics.get(role, ()) if role else ()
    for topic, probability in ranking:
        weight = 1.0
        if topic in knowledge.outside:
            weight = GOES_ON if goes_on else 1.0
        elif role and topic in knowledge.knowledge_topics and topic not in asked:
            weight = UNLIKELY
        if topic in follows:
            weight *= FOLLOWS
        weighed[topic] = probability * weight
    total = sum(weighed.values()) + max(0.0, 1.0 - sum(probability for _, probability in ranking))
    ours = sorted(((p / total, topic) for topic, p in weighed.items() if topic not in knowledge.outside), reverse=True)
    theirs = sorted(((p / total, topic) for topic, p in weighed.items() if topic in knowledge.outside), reverse=True)
    best = ours[0][0] if ours else 0.0
    second = ours[1][0] if len(ours) > 1 else 0.0
    first_two = tuple(topic for _, topic in ours[:2])
    if theirs and sum(p for p, _ in theirs) > OUTSIDE_SHARE * best:
        return Verdict("outside", (theirs[0][1],), theirs[0][0])
    if best < REFUSE_BELOW:
        return Verdict("unknown", first_two, best)
    if best - second < GAP:
        return Verdict("close", first_two, best)
    return Verdict("accept", first_two[:1], best)


def follows(knowledge: Knowledge, said: Mapping[str, Any]) -> frozenset[str]:
    """The topics that the last reply leads to: its own, and those its article names as related."""
    product, topic = said.get("product"), said.get("carry") or said.get("topic")
    versions = knowledge.versions(str(product), str(topic)) if product and topic else ()
    return frozenset(related for version in versions for related in (version.topic, *version.related))
