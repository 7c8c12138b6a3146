"""Tokens and entities of spaCy's Chinese pipeline over the lexicon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from bot.understanding.normaliser import tidy
from bot.understanding.spacy_zh import build
from knowledge import load
from xiaoer import settings

_KNOWLEDGE = load(settings.get("XIAOER_KNOWLEDGE"))
_NLP = build(_KNOWLEDGE)


@pytest.fixture(scope="module")
def nlp() -> Language:
    return _NLP


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("运费险怎么开通", [("product", "freight")]),
        ("退货运费险和退货宝有什么区别", [("product", "freight"), ("product", "return_care")]),
        ("天猫交易保障险在哪设置", [("product", "trade_protection")]),
        ("材质保真险赔多少", [("product", "material_fidelity")]),
        ("大件运费险拒签赔不赔", [("product", "bulky_freight")]),
        ("拼多多运费险怎么关", [("platform", "拼多多"), ("product", "freight")]),
        ("jd的退货怎么算", [("platform", "京东")]),
        ("我的重疾险能赔吗", [("other_insurance", "人身")]),
        ("订单号2837465012345678901有运费险吗", [("order_number", "2837465012345678901"), ("product", "freight")]),
        ("第二单呢", [("ordinal", "2")]),
        ("最后一单到账没", [("ordinal", "-1")]),
        ("顺丰寄了15元只赔8块", [("courier", "顺丰"), ("amount", "15元"), ("amount", "8块")]),
        ("寄到新疆3公斤", [("region", "偏远"), ("weight", "3公斤")]),
        ("我10月3日买的", [("date", "10月3日")]),
        ("我是商家", [("audience", "seller")]),
    ],
)
def test_entities(nlp: Language, text: str, entities: list[tuple[str, str]]) -> None:
    found = [
        (span.label_, span.ent_id_ or span.text) for span in nlp(text).ents if span.label_ not in ("words", "site")
    ]
    assert found == entities


@pytest.mark.parametrize("product", _KNOWLEDGE.products.values(), ids=lambda product: product.id)
def test_every_name_of_every_product_is_found_inside_a_sentence(nlp: Language, product: object) -> None:
    for name in product.names:  # type: ignore[attr-defined]
        text = f"我想问下{tidy(name)}怎么用"
        assert [span.ent_id_ for span in nlp(text).ents if span.label_ == "product"] == [product.id], name  # type: ignore[attr-defined]


@given(st.text(alphabet="运费险退货宝拼多jd 怎么用0123456789年月日元斤?天猫第二单顺丰ab，。", max_size=80))
def test_tokens_rebuild_the_text(text: str) -> None:
    doc = _NLP(text)
    assert doc.text == text
    assert "".join(token.text_with_ws for token in doc) == text
    assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)


def test_the_same_text_is_read_once(nlp: Language) -> None:
    first = nlp("运费险怎么用")
    assert nlp("运费险怎么用") is first
    other = nlp("退货宝怎么用")
    assert [entity.ent_id_ for entity in other.ents] == ["return_care"]
    assert [entity.ent_id_ for entity in nlp("运费险怎么用").ents] == ["freight"]
