"""The counting by rule, the block of docs/evaluation.md, and the committed figures."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from jsonschema import validate
from pypinyin import lazy_pinyin

from bench.quality import counting, neighbours, noise, report, running
from bench.quality.counting import Given, Question

OURS = Question("怎么理赔", "buyer", "claim_steps", "freight", articles=frozenset({"freight/claim_steps"}))
EITHER = Question("赔多少", "buyer", "payout_amount", also=("excess_freight",))
TWO = Question("怎么理赔,多久到账", "buyer", "claim_steps", topics=("claim_steps", "payout_time"))
OUTSIDE = Question("车险怎么报案", "visitor", "other_insurance")

RIGHT = Given(("claim_steps",), product="freight", article="freight/claim_steps")
WRONG = Given(("payout_time",), product="return_care", article="freight/payout_time")
NOT_UNDERSTOOD = Given((), "unknown")
NOT_KNOWN = Given(("claim_steps",), "unknown", product="freight")  # 资料不足
TAKEN_FOR_OUTSIDE = Given(("out_of_scope",), "outside")
ASKED = Given(("payout_amount",), "clarify", offered=("payout_amount", "claim_steps"))
ASKED_WRONGLY = Given(("payout_amount",), "clarify", offered=("payout_amount", "payout_time"))
ASKED_ROLE = Given(("claim_steps",), "clarify", product="freight", asked_role=True)
BOTH = Given(("claim_steps", "payout_time"), article="freight/claim_steps")
DECLINED = Given(("other_insurance",), "outside")


@pytest.mark.parametrize(
    ("rule", "question", "given", "verdict"),
    [
        ("topic", OURS, RIGHT, True),
        ("topic", OURS, WRONG, False),
        ("topic", OURS, NOT_UNDERSTOOD, False),
        ("topic", OURS, NOT_KNOWN, True),
        ("topic", OURS, ASKED, False),
        ("topic", OURS, ASKED_ROLE, True),
        ("topic", EITHER, Given(("excess_freight",)), True),
        ("topic", TWO, Given(("payout_time",)), True),
        ("topic", OUTSIDE, DECLINED, None),
        ("topic_or_offered", OURS, RIGHT, True),
        ("topic_or_offered", OURS, ASKED, True),
        ("topic_or_offered", OURS, ASKED_WRONGLY, False),
        ("topic_or_offered", OUTSIDE, ASKED, None),
        ("topic_everywhere", OUTSIDE, DECLINED, True),
        ("topic_everywhere", OUTSIDE, TAKEN_FOR_OUTSIDE, False),
        ("topic_everywhere", OUTSIDE, NOT_UNDERSTOOD, False),
        ("product", OURS, RIGHT, True),
        ("product", OURS, WRONG, False),
        ("product", EITHER, WRONG, None),
        ("product", OUTSIDE, DECLINED, None),
        ("article", OURS, RIGHT, True),
        ("article", OURS, WRONG, False),
        ("article", OURS, ASKED_ROLE, True),
        ("article", EITHER, RIGHT, None),
        ("outside_declined", OUTSIDE, DECLINED, True),
        ("outside_declined", OUTSIDE, TAKEN_FOR_OUTSIDE, True),
        ("outside_declined", OUTSIDE, NOT_UNDERSTOOD, True),
        ("outside_declined", OUTSIDE, RIGHT, False),
        ("outside_declined", OUTSIDE, ASKED, False),
        ("outside_declined", OURS, DECLINED, None),
        ("in_scope_refused", OURS, RIGHT, False),
        ("in_scope_refused", OURS, WRONG, False),
        ("in_scope_refused", OURS, NOT_UNDERSTOOD, True),
        ("in_scope_refused", OURS, NOT_KNOWN, False),
        ("in_scope_refused", OURS, TAKEN_FOR_OUTSIDE, True),
        ("in_scope_refused", OURS, ASKED, False),
        ("in_scope_refused", OUTSIDE, DECLINED, None),
        ("offered", OURS, ASKED, True),
        ("offered", OURS, ASKED_WRONGLY, False),
        ("offered", OURS, RIGHT, None),
        ("offered", OUTSIDE, ASKED, None),
        ("asked_back", OURS, ASKED, True),
        ("asked_back", OURS, ASKED_ROLE, False),
        ("asked_back", OUTSIDE, DECLINED, False),
        ("both_topics", TWO, BOTH, True),
        ("both_topics", TWO, RIGHT, False),
        ("both_topics", OURS, RIGHT, None),
    ],
)
def test_rule(rule: str, question: Question, given: Given, verdict: bool | None) -> None:
    assert counting.METRICS[rule][1](question, given) is verdict


def test_tally_counts_only_what_concerns_a_rule() -> None:
    figures = counting.tally([(OURS, RIGHT), (OURS, WRONG), (OUTSIDE, DECLINED)])
    assert (figures["topic"]["right"], figures["topic"]["n"], figures["topic"]["rate"]) == (1, 2, 0.5)
    assert figures["outside_declined"]["n"] == 1
    assert "both_topics" not in figures
    assert "ms" not in figures
    assert "product" not in counting.tally([(OURS, RIGHT)], without=("product",))


def test_tally_times() -> None:
    assert counting.tally([(OURS, Given((), ms=ms)) for ms in (1.0, 3.0, 9.0)])["ms"] == 3.0


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson(right: int, n: int, low: float, high: float) -> None:
    assert counting.wilson(right, n) == pytest.approx((low, high), abs=1e-4)


def test_confusions_leave_out_what_was_declined_in_another_way() -> None:
    pairs = [
        (OURS, WRONG),
        (OURS, ASKED),
        (OURS, NOT_UNDERSTOOD),
        (OURS, RIGHT),
        (OUTSIDE, NOT_UNDERSTOOD),
        (OUTSIDE, RIGHT),
    ]
    assert counting.confusions(pairs) == {
        ("claim_steps", "payout_time"): 1,
        ("claim_steps", counting.ASKED): 1,
        ("claim_steps", counting.REFUSED): 1,
        ("other_insurance", "claim_steps"): 1,
    }


def test_curve() -> None:
    pairs = [
        (OURS, Given((), ranking=("claim_steps", 0.9))),
        (OURS, Given((), ranking=("payout_time", 0.4))),
        (OUTSIDE, Given((), ranking=("claim_steps", 0.3))),
        (OUTSIDE, Given((), ranking=("other_insurance", 0.9))),
    ]
    assert counting.curve(pairs, steps=2) == [(0.0, 0.5, 0.0), (0.5, 1.0, 0.5), (1.0, 1.0, 1.0)]


def test_agreement_of_two_readers() -> None:
    read = [
        dataclasses.replace(OURS, second="claim_steps"),
        dataclasses.replace(EITHER, second="excess_freight"),
        dataclasses.replace(OURS, second="payout_time"),
        dataclasses.replace(OURS, second="claim_steps"),
        OURS,
    ]
    assert counting.agreement(read) == {"n": 4, "same": 0.5, "agree": 0.75}
    assert counting.agreement([OURS]) == {"n": 0}


def test_calibration() -> None:
    pairs = [
        (OURS, Given((), ranking=("claim_steps", 0.92))),
        (OURS, Given((), ranking=("payout_time", 0.98))),
        (OURS, Given((), ranking=("claim_steps", 1.0))),
        (EITHER, Given((), ranking=("excess_freight", 0.31))),
    ]
    points = counting.calibration(pairs)
    assert points == [(0.31, 1.0, 1), (0.9667, 0.6667, 3)]
    assert counting.calibration_error(points) == pytest.approx((0.69 + 0.3 * 3) / 4, abs=1e-3)
    assert counting.calibration_error([]) == 0.0


# ---------------------------------------------------------------- noise and neighbours


@pytest.mark.parametrize(
    ("kind", "text", "noisy"),
    [
        ("traditional", "运费险怎么理赔", "運費險怎麼理賠"),
        ("traditional", "ok", None),
        ("product in pinyin", "退货宝多久到账", "tuihuobao多久到账"),
        ("product in pinyin", "多久到账", None),
        ("homophones", "嗯", None),
        ("characters", "多久", None),
    ],
)
def test_noise(kind: str, text: str, noisy: str | None) -> None:
    assert noise.kinds(["退货宝", "运费险"])[kind](text, random.Random(1)) == noisy


def test_homophones_sound_the_same() -> None:
    text = "运费什么时候到账"
    slipped = noise.homophones(text, random.Random(1))
    assert slipped is not None
    assert slipped != text
    assert lazy_pinyin(slipped) == lazy_pinyin(text)


@pytest.mark.parametrize("text", ["运费险怎么理赔", "多久到账呢"])
def test_characters_and_blanks_change_little(text: str) -> None:
    for seed in range(20):
        changed = noise.characters(text, random.Random(seed))
        assert changed is not None
        assert abs(len(changed) - len(text)) == 1
        blank = noise.blanks(text, random.Random(seed))
        assert blank is not None
        assert [character for character in blank if character in text] == list(text)


def test_copies_are_the_same_every_time() -> None:
    texts = ["运费险怎么理赔", "ok", "多久到账呢"]
    once = noise.copies(texts, noise.characters)
    assert once == noise.copies(texts, noise.characters)
    assert [at for at, _ in once] == [0, 2]


def test_nearest_neighbours_vote() -> None:
    class Lengths:
        def encode(self, texts: Sequence[str]) -> Any:
            return np.array([[1.0, 0.0] if "到" in text else [0.0, 1.0] for text in texts], dtype=np.float32)

    known = [("几天到", "payout_time"), ("多久到", "payout_time"), ("怎么赔", "claim_steps"), ("怎么弄", "claim_steps")]
    first, second = neighbours.answers(Lengths(), known, ["什么时候到", "咋弄"])
    assert (first.topics, second.topics) == (("payout_time",), ("claim_steps",))
    assert first.ranking == ("payout_time", 1.0)


@pytest.mark.parametrize(
    ("ranking", "topics", "outcome", "offered"),
    [
        ({"claim_steps": 0.9}, ("claim_steps",), "answered", None),
        ({"out_of_scope": 0.9}, ("out_of_scope",), "outside", None),
        ({"claim_steps": 0.05}, (), "unknown", None),
        ({"claim_steps": 0.45, "payout_time": 0.44}, (), "clarify", ("claim_steps", "payout_time")),
        ({}, (), "unknown", None),
    ],
)
def test_understanding_alone(
    ranking: dict[str, float], topics: tuple[str, ...], outcome: str, offered: tuple[str, ...] | None
) -> None:
    ranked = [{"name": name, "confidence": value} for name, value in ranking.items()]
    questions = [{"topic": name, "confidence": value} for name, value in list(ranking.items())[:1]]
    outside = {"outside": ranking.get("out_of_scope", 0.0)}
    given = running.understood({"questions": questions, "intent_ranking": ranked, "reading": outside}, 3.0)
    assert (given.topics, given.outcome, given.offered, given.understood_ms) == (topics, outcome, offered, 3.0)


def test_earlier_messages_and_the_second_label_are_read() -> None:
    from knowledge import load
    from xiaoer import settings

    data = {
        "text": "那多久到账",
        "as": "buyer",
        "topic": "payout_time",
        "before": ["怎么理赔"],
        "second": "payout_time",
    }
    question = running.question_of(data, "follow_ups", load(settings.get("XIAOER_KNOWLEDGE")))
    assert question.before == ("怎么理赔",)
    assert question.second == "payout_time"


def test_folds_take_every_fifth_way_of_an_intent() -> None:
    known = [running.Phrase("…", intent, f"w{way}") for intent in ("a", "b") for way in (0, 0, 1, 2, 3, 4, 5)]
    assert running.folds(known) == [0, 0, 1, 2, 3, 4, 0] * 2


def test_questions_that_were_learnt_by_heart_are_counted() -> None:
    assert running.in_training([OURS, EITHER], [running.Phrase("怎么 理赔？", "claim_steps", "w")]) == 1


@pytest.mark.parametrize(
    ("record", "choice", "offered"),
    [
        ({"outcome": "clarify", "topic": "payout_amount"}, "topic", ("payout_amount", "claim_steps")),
        ({"outcome": "clarify", "topic": None}, "topic", ("payout_amount", "claim_steps")),
        ({"outcome": "clarify", "topic": "check_policy"}, None, None),  # asks which order
        ({"outcome": "unknown", "topic": None}, None, None),
        ({"outcome": "answered", "topic": "claim_steps"}, None, None),
    ],
)
def test_asking_back_is_about_the_topic(
    record: dict[str, Any], choice: str | None, offered: tuple[str, ...] | None
) -> None:
    buttons = [{"payload": '/payout_amount{"product":"freight"}'}, {"payload": "/claim_steps"}, {"payload": "/handoff"}]
    whole = {"topics": [], "product": None, "article": None, "ms": 1.0, "buttons": buttons, **record}
    parsed = {"entities": [{"entity": "product", "value": "screen"}]}
    given = running.given(whole, [{"choice": choice}], parsed)
    assert given.offered == offered
    assert given.product == "screen"


def test_stock_fallback_is_a_refusal() -> None:
    from bench.quality import stock

    ranking = [{"name": "nlu_fallback", "confidence": 0.7}, {"name": "claim_steps", "confidence": 0.2}]
    assert stock.given("nlu_fallback", ranking, 1.0) == Given((), "unknown", ranking=("claim_steps", 0.2), ms=1.0)
    assert stock.given("nlu_fallback", ranking, 1.0, refuse=False).topics == ("claim_steps",)
    assert stock.given("out_of_scope", [{"name": "out_of_scope", "confidence": 0.9}], 1.0).outcome == "outside"


# ---------------------------------------------------------------- report

FIGURE = {"n": 4, "right": 3, "rate": 0.75, "low": 0.3, "high": 0.95}
SMALL: dict[str, Any] = {
    "date": "2024-01-02",
    "machine": {"processor": "P", "cores": 2, "system": "Linux", "threads": 1},
    "questions": {"all": 4, "test": 2, "in_scope": 3, "outside": 1, "sets": {"a": 4}, "phrases": 9, "in_training": 0},
    "ours": {"all": {"topic": FIGURE, "ms": 7.25}, "test": {"topic": FIGURE}},
    "left_out": {"all": {"topic": FIGURE}, "fold_0": {"topic": FIGURE}},
}


def test_the_block_replaces_what_stood_between_the_marks() -> None:
    text = f"# 险小二\n{report.BEGIN}\nbefore it was measured\n{report.END}\nafter\n"
    once = report.with_block(text, report.markdown(SMALL))
    assert "| topic right, in scope | 75.0% | 75.0% |" in once
    assert "before it was measured" not in once
    assert once.startswith("# 险小二\n")
    assert once.endswith(f"{report.END}\nafter\n")
    assert report.with_block(once, report.markdown(SMALL)) == once


@pytest.mark.parametrize("text", ["# 险小二\n", f"{report.BEGIN}\n", f"{report.END}\n{report.BEGIN}\n"])
def test_a_document_without_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quality:begin"):
        report.with_block(text, "…")


def test_kept_stock_figures_are_marked() -> None:
    stock = {
        "all": {"topic": FIGURE},
        "test": {"topic": FIGURE},
        "left_out_fold_0": {"topic": FIGURE},
        "kept_from": "2024-01-01",
    }
    assert "stock Rasa (of 2024-01-01)" in report.markdown(SMALL | {"stock": stock})


def test_page_holds_its_pictures() -> None:
    pairs = [(OURS, RIGHT), (OURS, WRONG), (OUTSIDE, DECLINED)]
    whole = counting.tally(pairs)
    topics = {"claim_steps": FIGURE | {"taken_for": {"payout_time": 1}}}
    result = SMALL | {"ours": {"all": whole, "test": whole, "sets": {"a": whole}, "topics": topics}}
    page = report.page(result, pairs, None)
    assert page.count("data:image/png;base64,") == 3
    assert "怎么理赔" in page


_FIGURE = {
    "type": "object",
    "required": ["n", "right", "rate", "low", "high"],
    "properties": {name: {"type": "number", "minimum": 0, "maximum": 1} for name in ("rate", "low", "high")},
}
_TALLY = {
    "type": "object",
    "required": ["topic", "topic_everywhere", "outside_declined"],
    "properties": {
        "ms": {"type": "number", "exclusiveMinimum": 0},
        "understood_ms": {"type": "number", "exclusiveMinimum": 0},
        **{name: _FIGURE for name in counting.METRICS},
    },
    "additionalProperties": False,
}
_SYSTEM = {
    "type": "object",
    "required": ["all", "test", "sets", "topics"],
    "properties": {"all": _TALLY, "test": _TALLY, "sets": {"additionalProperties": _TALLY}, "left_out_fold_0": _TALLY},
}
RESULT_SCHEMA = {
    "type": "object",
    "required": [
        "schema",
        "date",
        "machine",
        "versions",
        "questions",
        "labels",
        "ours",
        "understanding",
        "noise",
        "left_out",
    ],
    "properties": {
        "schema": {"const": report.SCHEMA},
        "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "machine": {"type": "object", "required": ["processor", "cores", "system", "threads"], "maxProperties": 4},
        "ours": _SYSTEM,
        "stock": _SYSTEM,
        "understanding": {"type": "object", "required": ["test"], "additionalProperties": _TALLY},
        "left_out": {"type": "object", "required": ["all", "fold_0"], "additionalProperties": _TALLY},
    },
}


@pytest.mark.skipif(not report.RESULT.exists(), reason="make eval has not been run")
def test_committed_result() -> None:
    written = report.RESULT.read_text(encoding="utf-8")
    result = json.loads(written)
    validate(result, RESULT_SCHEMA)
    asked = result["questions"]
    assert asked["all"] == asked["in_scope"] + asked["outside"] == sum(asked["sets"].values())
    assert result["ours"]["all"]["topic_everywhere"]["n"] == asked["all"]
    assert report.markdown(result)
    assert "/" not in json.dumps(result["machine"])
