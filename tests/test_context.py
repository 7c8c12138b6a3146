"""What role and conversation do to a message whose words leave the topic open."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.verdict import follows, reconsider
from knowledge import load
from xiaoer import settings

KNOWLEDGE = load(settings.get("XIAOER_KNOWLEDGE"))


@pytest.mark.parametrize(
    ("ranking", "given", "kind", "candidates"),
    [
        # Plain words stay as they are, whoever asks.
        ([("enable_service", 0.9), ("buyer_buy_policy", 0.05)], {"role": "buyer"}, "accept", ("enable_service",)),
        # Two that fit: a seller does not ask how a buyer buys.
        (
            [("buyer_buy_policy", 0.5), ("enable_service", 0.45)],
            {"role": "seller", "product": "juhuasuan_deposit"},
            "accept",
            ("enable_service",),
        ),
        ([("buyer_buy_policy", 0.5), ("enable_service", 0.45)], {"role": "buyer"}, "accept", ("buyer_buy_policy",)),
        (
            [("buyer_buy_policy", 0.46), ("enable_service", 0.45)],
            {"role": None},
            "close",
            ("buyer_buy_policy", "enable_service"),
        ),
        # What follows from the last answer.
        ([("who_pays", 0.3), ("payout_time", 0.2)], {"follows": {"payout_time"}}, "accept", ("payout_time",)),
        ([("who_pays", 0.9), ("payout_time", 0.05)], {"follows": {"payout_time"}}, "accept", ("who_pays",)),
        # Half a sentence in a conversation about ours is ours sooner than outside.
        ([("out_of_scope", 0.3), ("payout_time", 0.4)], {}, "outside", ("out_of_scope",)),
        ([("out_of_scope", 0.3), ("payout_time", 0.4)], {"goes_on": True}, "accept", ("payout_time",)),
        ([("out_of_scope", 0.9), ("payout_time", 0.1)], {"goes_on": True}, "outside", ("out_of_scope",)),
        ([("payout_time", 0.09), ("who_pays", 0.08)], {}, "unknown", ("payout_time", "who_pays")),
        ([], {}, "unknown", ()),
    ],
)
def test_reconsider(
    ranking: list[tuple[str, float]], given: dict[str, Any], kind: str, candidates: tuple[str, ...]
) -> None:
    verdict = reconsider(ranking, KNOWLEDGE, **{"role": None, "product": "freight", **given})
    assert (verdict.kind, verdict.candidates) == (kind, candidates)


def test_the_article_names_what_follows() -> None:
    assert "payout_time" in follows(KNOWLEDGE, {"product": "freight", "topic": "claim_steps"})
    assert follows(KNOWLEDGE, {"topic": "greet"}) == frozenset()
    assert follows(KNOWLEDGE, {}) == frozenset()
