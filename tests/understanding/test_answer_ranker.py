"""The components behind the topics: which answers a question may ask for, when its pieces are questions, which product."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.parse import ANSWERS, GUESSES, PIECES, QUESTIONS
from bot.understanding.ranking.answer_ranker import ELSEWHERE, AnswerRanker, scorer_of
from bot.understanding.ranking.product_guesser import ProductGuesser
from bot.understanding.spacy_zh import build
from bot.understanding.topics.features import Floats, Utterance
from knowledge import load
from xiaoer import settings
from xiaoer.errors import SettingError


class Known:
    """A scorer that knows texts by heart: what it was fitted with, or `Known.says`."""

    says: dict[str, dict[str, float]] = {}

    def __init__(self, classes: tuple[str, ...], by_text: dict[str, str]) -> None:
        self.classes, self.by_text = classes, by_text

    @classmethod
    def fit(cls, utterances: Sequence[Utterance], labels: Sequence[str], ways: Sequence[str], **_: Any) -> Known:
        texts = [utterance.text for utterance in utterances]
        return cls(tuple(sorted(set(labels))), dict(zip(texts, labels, strict=True)))

    def probabilities(self, utterances: Sequence[Utterance]) -> Floats:
        rows = [self.says.get(each.text) or {self.by_text.get(each.text, ELSEWHERE): 1.0} for each in utterances]
        return np.array([[row.get(name, 0.0) for name in self.classes] for row in rows], dtype=np.float32)

    def save(self, folder: Path) -> None:
        (folder / "known.json").write_text(json.dumps([self.classes, self.by_text]), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, **_: Any) -> Known:
        classes, by_text = json.loads((folder / "known.json").read_text("utf-8"))
        return cls(tuple(classes), by_text)


def phrase(text: str, topic: str | None, **said: str) -> Message:
    return Message({TEXT: text, **({INTENT: topic} if topic else {}), METADATA: {INTENT: said}})


PHRASES = [
    phrase("多久到账", "payout_time", answer="payout_time#overview"),
    phrase("能不能快点", "payout_time", answer="payout_time#fast"),
    phrase("退款成功后 72 小时", None, answer="payout_time#overview"),  # a lead: no topic learns from it
    phrase("谁出钱", "who_pays"),
    phrase("今天天气好吗", "out_of_scope"),
]


@pytest.fixture(scope="module")
def spacy() -> SpacyModel:
    return SpacyModel(build(load(settings.get("XIAOER_KNOWLEDGE"))), "test")


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage(tmp_path)


@pytest.fixture
def ranker(storage: LocalModelStorage, spacy: SpacyModel) -> AnswerRanker:
    config = AnswerRanker.get_default_config() | {"scorer": f"{__name__}.Known", "encoder": None, "options": {}}
    resource = AnswerRanker.create(config, storage, Resource("ranker"), None).train(TrainingData(PHRASES), spacy)  # type: ignore[arg-type]
    return AnswerRanker.load(config, storage, resource, None)  # type: ignore[arg-type]


def asked(text: str, *pieces: str) -> Message:
    def question(piece: str) -> dict[str, Any]:
        start = text.index(piece)
        return {"topic": "who_pays", "confidence": 0.5, "start": start, "end": start + len(piece), "products": []}

    message = Message({TEXT: text})
    message.set(QUESTIONS, [question(text)])
    message.set(PIECES, [question(piece) for piece in pieces])
    return message


def test_it_learns_from_what_says_its_answer_and_from_what_is_not_ours(ranker: AnswerRanker, spacy: SpacyModel) -> None:
    said = {"能不能快点": "payout_time#fast", "退款成功后 72 小时": "payout_time#overview", "今天天气好吗": ELSEWHERE}
    for text, answer in said.items():
        [message] = ranker.process([asked(text)], spacy)
        ranked = message.get(QUESTIONS)[0][ANSWERS]
        assert ranked[0] == [answer, 1.0]
        assert {key for key, _ in ranked} == {ELSEWHERE, "payout_time#fast", "payout_time#overview"}


@pytest.mark.parametrize(
    ("says", "topics"),
    [
        # Surely two different answers.
        ({"多久到账": {"payout_time#overview": 0.96}, "能不能快点": {"payout_time#fast": 0.97}}, ["payout_time", "payout_time"]),
        # Less surely, and the whole shows them, or does not.
        (
            {
                "多久到账": {"payout_time#overview": 0.8},
                "能不能快点": {"payout_time#fast": 0.8},
                "多久到账,能不能快点": {"payout_time#overview": 0.9, "payout_time#fast": 0.1},
            },
            ["payout_time", "payout_time"],
        ),
        ({"多久到账": {"payout_time#overview": 0.8}, "能不能快点": {"payout_time#fast": 0.8}}, ["who_pays"]),
        # The same twice, or one that is not ours, is one question.
        ({"多久到账": {"payout_time#fast": 0.99}, "能不能快点": {"payout_time#fast": 0.99}}, ["who_pays"]),
        ({"多久到账": {ELSEWHERE: 0.99}, "能不能快点": {"payout_time#fast": 0.99}}, ["who_pays"]),
    ],
)  # fmt: skip
def test_pieces_that_ask_for_different_answers_are_questions(
    ranker: AnswerRanker, spacy: SpacyModel, monkeypatch: pytest.MonkeyPatch, says: dict[str, Any], topics: list[str]
) -> None:
    monkeypatch.setattr(Known, "says", says)
    [message] = ranker.process([asked("多久到账,能不能快点", "多久到账", "能不能快点")], spacy)
    assert [question["topic"] for question in message.get(QUESTIONS)] == topics


def test_without_answers_there_is_nothing_to_rank(storage: LocalModelStorage, spacy: SpacyModel) -> None:
    config = AnswerRanker.get_default_config() | {"scorer": f"{__name__}.Known", "encoder": None}
    made = AnswerRanker.create(config, storage, Resource("none"), None)  # type: ignore[arg-type]
    resource = made.train(TrainingData(PHRASES[3:]), spacy)
    [message] = AnswerRanker.load(config, storage, resource, None).process([asked("多久到账")], spacy)  # type: ignore[arg-type]
    assert ANSWERS not in message.get(QUESTIONS)[0]


@pytest.mark.parametrize("path", ["nowhere.Scorer", "bot.understanding.topics.model.Nothing", "Scorer"])
def test_a_scorer_that_there_is_not_is_named(path: str) -> None:
    with pytest.raises(SettingError, match="answer scorer class"):
        scorer_of({"scorer": path})


def test_a_product_is_guessed_by_the_words(storage: LocalModelStorage, spacy: SpacyModel) -> None:
    phrases = [
        *(phrase(f"{word}的运费谁出", "who_pays") for word in ("退货", "寄回", "退回去", "寄过去", "快递", "退换")),
        *(
            phrase(f"价保{word}差价怎么补", "who_pays")
            for word in ("降价了", "便宜了", "跌价了", "降了", "变便宜", "打折了")
        ),
        *(phrase(f"退货宝{word}首重抵多少", "who_pays") for word in ("寄件", "取件", "上门", "寄出", "驿站", "网点")),
    ]
    config = ProductGuesser.get_default_config()
    resource = ProductGuesser.create(config, storage, Resource("products"), None).train(TrainingData(phrases), spacy)  # type: ignore[arg-type]
    guesser = ProductGuesser.load(config, storage, resource, None)  # type: ignore[arg-type]
    price, freight, service, named = guesser.process(
        [asked("降价了差价怎么补"), asked("退货的运费谁出"), asked("取件首重抵多少"), asked("价保差价怎么补")], spacy
    )
    guessed = [dict(message.get(QUESTIONS)[0][GUESSES]) for message in (price, freight, service)]
    assert max(guessed[0], key=guessed[0].__getitem__) == "price_protection"
    assert max(guessed[1], key=guessed[1].__getitem__) == "freight"
    assert "return_care" not in guessed[2], "a service is named by whoever has it"
    named.get(QUESTIONS)[0]["products"] = ["price_protection"]
    del named.get(QUESTIONS)[0][GUESSES]
    guesser.process([named], spacy)
    assert GUESSES not in named.get(QUESTIONS)[0]
