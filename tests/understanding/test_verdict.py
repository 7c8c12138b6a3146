"""What is done with a ranking: role and conversation weigh it, the thresholds of config.yml read it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.verdict import Circumstances, Ranking, Thresholds, follows, judge, verdict_on
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
        # Hardly likely, one word, a tale about a little of much: asked back; what answers a form, and talk, is not.
        ([("payout_time", 0.15), ("who_pays", 0.1)], {}, "close", ("payout_time", "who_pays")),
        ([("payout_time", 0.8), ("who_pays", 0.1)], {"bare": True}, "close", ("payout_time", "who_pays")),
        ([("payout_time", 0.4), ("who_pays", 0.1)], {"long": True}, "close", ("payout_time", "who_pays")),
        ([("payout_time", 0.15), ("who_pays", 0.1)], {"answers": True}, "accept", ("payout_time",)),
        ([("thanks", 0.2), ("who_pays", 0.1)], {}, "accept", ("thanks",)),
        ([("out_of_scope", 0.98), ("payout_time", 0.02)], {"bare": True}, "outside", ("out_of_scope",)),
    ],
)
def test_judge(ranking: list[tuple[str, float]], given: dict[str, Any], kind: str, candidates: tuple[str, ...]) -> None:
    outside = sum(probability for topic, probability in ranking if topic in KNOWLEDGE.outside)
    verdict = judge(Ranking(ranking, outside), KNOWLEDGE, Circumstances(**{"product": "freight", **given}))
    assert (verdict.kind, verdict.candidates) == (kind, candidates)
    if candidates:
        assert verdict.confidence == dict(ranking)[candidates[0]], "by its words"


def test_what_is_outside_counts_beyond_the_ranking() -> None:
    ranking = [("payout_time", 0.5), ("out_of_scope", 0.2)]
    assert judge(Ranking(ranking, outside=0.2), KNOWLEDGE).kind == "accept"
    assert judge(Ranking(ranking, outside=0.45), KNOWLEDGE).kind == "outside"


@pytest.mark.parametrize(
    ("thresholds", "kind"),
    [
        ({}, "accept"),
        ({"gap": 0.2}, "close"),
        ({"refuse_below": 0.6}, "unknown"),
        ({"outside_share": 0.1}, "outside"),
    ],
)
def test_the_thresholds_that_came_with_the_ranking_decide(thresholds: dict[str, float], kind: str) -> None:
    parsed = {
        "questions": [{"topic": "payout_time", "confidence": 0.5}],
        "intent_ranking": [
            {"name": "payout_time", "confidence": 0.5},
            {"name": "who_pays", "confidence": 0.35},
            {"name": "out_of_scope", "confidence": 0.1},
        ],
        "reading": {"outside": 0.1, **thresholds},
    }
    assert verdict_on(parsed, KNOWLEDGE).kind == kind


def test_a_threshold_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="gap must lie between 0 and 1, got 3"):
        Thresholds(gap=3)


def test_several_questions_are_sure_each_of_its_own() -> None:
    parsed = {"questions": [{"topic": "a", "confidence": 0.9}, {"topic": "b", "confidence": 0.8}]}
    assert verdict_on(parsed, KNOWLEDGE).candidates == ("a", "b")


def test_a_product_that_is_gone_weighs_nothing() -> None:
    ranking = [("buyer_buy_policy", 0.5), ("enable_service", 0.45)]
    assert judge(Ranking(ranking), KNOWLEDGE, Circumstances("seller", "no_such_thing")).kind == "accept"


def test_the_article_names_what_follows() -> None:
    assert "payout_time" in follows(KNOWLEDGE, {"product": "freight", "topic": "claim_steps"})
    assert follows(KNOWLEDGE, {"topic": "greet"}) == frozenset()
    assert follows(KNOWLEDGE, {}) == frozenset()


@pytest.mark.parametrize(
    ("ranking", "outside", "answers", "given", "kind", "topic"),
    [
        # What is not ours stays so.
        ([("out_of_scope", 0.5), ("claim_steps", 0.1)], 0.5, [("excess_freight#seller_duty", 0.9)], {}, "outside", "out_of_scope"),
        # Which of some: two answers of one topic speak for it together.
        ([("who_pays", 0.31), ("payout_time", 0.3)], 0.0, [("payout_time#overdue", 0.3), ("payout_time#fast", 0.3)], {}, "accept", "payout_time"),
        # For a visitor there is nothing to be looked up; that he asks for it has to be plain.
        ([("check_claim", 0.6)], 0.0, [("payout_time#not_arrived", 0.6)], {"role": None}, "accept", "payout_time"),
        ([("check_claim", 0.9)], 0.0, [("payout_time#not_arrived", 0.6)], {"role": None}, "accept", "check_claim"),
        ([("check_claim", 0.6)], 0.0, [("payout_time#not_arrived", 0.6)], {"role": "buyer"}, "accept", "check_claim"),
        # What would write, what talks, what may be a form's answer, one word: left to the topics.
        ([("request_enable", 0.6)], 0.0, [("enable_service#overview", 0.9)], {"role": "seller"}, "accept", "request_enable"),
        ([("deny", 0.5)], 0.0, [("disable_service#overview", 0.9)], {"role": "seller"}, "accept", "deny"),
        ([("who_pays", 0.5)], 0.0, [("payout_time#fast", 0.9)], {"answers": True}, "accept", "who_pays"),
        ([("who_pays", 0.5), ("payout_time", 0.2)], 0.0, [("payout_time#fast", 0.9)], {"bare": True}, "close", "who_pays"),
    ],
)  # fmt: skip
def test_the_answer_decides_where_topics_leave_it_open(
    ranking: list[tuple[str, float]],
    outside: float,
    answers: list[tuple[str, float]],
    given: dict[str, Any],
    kind: str,
    topic: str,
) -> None:
    parsed = {
        "questions": [{"topic": ranking[0][0], "confidence": ranking[0][1], "answers": answers}],
        "intent_ranking": [{"name": name, "confidence": value} for name, value in ranking],
        "reading": {"outside": outside},
    }
    verdict = verdict_on(parsed, KNOWLEDGE, Circumstances(**{"role": "buyer", "product": "freight", **given}))
    assert (verdict.kind, verdict.candidates[0]) == (kind, topic)
