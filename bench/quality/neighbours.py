"""Nearest-neighbour search over the training phrases: the least that sentence vectors alone can do."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.quality.counting import OUTSIDE, Given

NEIGHBOURS = 5


def answers(encoder: Any, known: Sequence[tuple[str, str]], texts: Sequence[str]) -> Iterator[Given]:
    """The topic that the nearest phrases (text, topic) speak for, each with its cosine; nothing is refused.

    A question takes that topic's share of the cosines as its probability.
    """
    phrases = encoder.encode([text for text, _ in known])
    topics = [topic for _, topic in known]
    for text in texts:
        started = time.perf_counter()
        likeness = phrases @ encoder.encode([text])[0]
        votes: Counter[str] = Counter()
        for at in np.argpartition(-likeness, min(NEIGHBOURS, len(topics) - 1))[:NEIGHBOURS]:
            votes[topics[at]] += max(float(likeness[at]), 0.0)  # type: ignore[assignment]
        topic, vote = votes.most_common(1)[0]
        ms = (time.perf_counter() - started) * 1000
        share = vote / (sum(votes.values()) or 1.0)
        yield Given((topic,), "outside" if topic in OUTSIDE else "answered", ranking=(topic, share), ms=ms)
