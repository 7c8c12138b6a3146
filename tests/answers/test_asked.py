"""Which of a product's answers is given: by asks, topics, side and name, and none where the overview says more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.answers.asked import beside, candidates, chosen, guessed, side_of, sisters
from bot.dialogue.turn import Question
from knowledge import load
from xiaoer import settings

KNOWLEDGE = load(settings.get("XIAOER_KNOWLEDGE"))


def question(topic: str, topics: dict[str, float], answers: dict[str, float]) -> Question:
    return Question(topic, "freight", topics=tuple(topics.items()), answers=tuple(answers.items()))


@pytest.mark.parametrize(
    ("asked", "product", "audience", "given"),
    [
        # Its own topic's answer, where that is likely; the overview else.
        (("payout_time", {"payout_time": 0.9}, {"payout_time#overdue": 0.5, "payout_time#fast": 0.2}), "freight", "buyer", "payout_time#overdue"),
        (("payout_time", {"payout_time": 0.9}, {"who_pays#platform": 0.3, "payout_amount#max_amount": 0.3, "claim_steps#where": 0.3}), "freight", "buyer", None),
        # Another topic's, where it is sure.
        (("benefit_impact", {"benefit_impact": 0.5, "is_it_required": 0.4}, {"is_it_required#shop_must@seller": 0.9}), "freight", "seller", "is_it_required#shop_must"),
        # Never the other side's.
        (("is_it_required", {"is_it_required": 0.9}, {"is_it_required#shop_must@seller": 0.9}), "freight", "buyer", None),
        # Asked for, and not known of this product: something else of it is not given instead.
        (("disable_service", {"disable_service": 0.9}, {"disable_service#overview@seller": 0.9, "policy_status#status_words": 0.05}), "return_care", "seller", None),
    ],
)  # fmt: skip
def test_what_is_given(
    asked: tuple[str, dict[str, float], dict[str, float]], product: str, audience: str, given: str | None
) -> None:
    one = question(*asked)
    found = candidates(one, product, audience, KNOWLEDGE)
    best = chosen(found, one, bool(KNOWLEDGE.versions(product, one.topic)))
    assert (best and best.id) == (given and f"{product}/{given}")


def test_the_side_that_the_words_speak_for() -> None:
    both = {"disable_service#overview@seller": 0.6, "disable_service#overview@buyer": 0.4}
    plain = {"disable_service#overview@seller": 0.97, "disable_service#overview@buyer": 0.03}
    for answers, side in ((both, None), (plain, "seller")):
        one = question("disable_service", {"disable_service": 1.0}, answers)
        assert side_of(candidates(one, "freight", None, KNOWLEDGE)) == side


@pytest.mark.parametrize(
    ("said", "best"), [("价保怎么申请", "overview"), ("保价险怎么申请", "insurance"), ("怎么申请", "insurance")]
)
def test_a_name_is_held_to(said: str, best: str) -> None:
    one = question("claim_steps", {"claim_steps": 1.0}, {"claim_steps#insurance": 0.5, "claim_steps#overview": 0.4})
    assert candidates(one, "price_protection", "buyer", KNOWLEDGE, said)[0].answer.id == best


@pytest.mark.parametrize(
    ("guesses", "answers", "product"),
    [
        # By the words alone it would be freight; freight has no answer to it.
        ({"freight": 0.5, "damage": 0.4}, {"claim_steps#unboxing_video": 0.9}, "damage"),
        # Both have one: the words decide.
        ({"freight": 0.6, "damage": 0.3}, {"payout_time#overview": 0.9}, None),
        ({"freight": 0.3, "damage": 0.6}, {"payout_time#overview": 0.9}, "damage"),
        # Neither is likely enough.
        ({"freight": 0.3, "damage": 0.3, "screen": 0.3}, {"payout_time#overview": 0.9}, None),
        ({}, {"claim_steps#unboxing_video": 0.9}, None),
    ],
)
def test_a_product_is_guessed_by_words_and_by_what_is_known(
    guesses: dict[str, float], answers: dict[str, float], product: str | None
) -> None:
    one = question("claim_steps", {"claim_steps": 0.5, "payout_time": 0.5}, answers)
    assert guessed(replace(one, guesses=tuple(guesses.items())), "buyer", KNOWLEDGE) == product


@pytest.mark.parametrize(
    ("answers", "other"),
    [
        ({"payout_time#overdue": 0.5, "payout_time#not_arrived": 0.4}, "not_arrived"),
        ({"payout_time#overdue": 0.9, "payout_time#not_arrived": 0.08}, None),  # not doubtful
        ({"payout_time#overdue": 0.5, "payout_time#not_arrived": 0.05, "who_pays#platform": 0.5}, None),  # not nearly
        ({"payout_time#overdue": 0.5, "payout_time#buyer_waiting@seller": 0.5}, None),  # the other side's
    ],
)
def test_a_doubtful_answer_has_another_beside_it(answers: dict[str, float], other: str | None) -> None:
    one = question("payout_time", {"payout_time": 1.0}, answers)
    found = candidates(one, "freight", "buyer", KNOWLEDGE)
    known = beside(found[0].answer, found, "buyer")
    assert (known and known.answer.id) == other


def test_sisters_are_the_likeliest_first_and_never_what_is_shown() -> None:
    one = question("payout_time", {"payout_time": 1.0}, {"payout_time#overview": 0.9, "payout_time#fast": 0.05})
    found = candidates(one, "freight", "buyer", KNOWLEDGE)
    ids = [answer.id for answer in sisters(found[0], found, found[0].article, "buyer")]
    assert ids[0] == "fast"
    assert "overview" not in ids
    assert len(ids) == len(set(ids))
