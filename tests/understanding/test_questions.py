"""Cutting a message into the questions it may hold, by form alone."""

from __future__ import annotations

import pytest

from bot.understanding.normaliser import closed_up, evened
from bot.understanding.ranking.questions import clauses


@pytest.mark.parametrize(
    ("typed", "pieces"),
    [
        ("运费险怎么理赔，多久到账？", ["运费险怎么理赔", "多久到账"]),
        ("运费险怎么理赔 多久到账", ["运费险怎么理赔", "多久到账"]),
        ("运费险是什么？怎么用？赔多少？", ["运费险是什么", "怎么用", "赔多少"]),
        ("怎么开通和多少钱", ["怎么开通", "多少钱"]),
        ("运费险 怎么 用", ["运费险怎么用"]),
        ("运费险和退货宝有什么区别", ["运费险和退货宝有什么区别"]),
        ("我退了货，运费险怎么还没到账", ["我退了货,运费险怎么还没到账"]),
        ("是吗？是吗？是吗？是吗？", ["是吗?是吗?是吗?是吗?"]),  # too many to be questions of their own
        ("运费险怎么理赔多久到账", ["运费险怎么理赔", "多久到账"]),
        ("退货宝是什么要不要开", ["退货宝是什么", "要不要开"]),
        ("运费险拒赔的5个原因 赔几倍", ["运费险拒赔的5个原因", "赔几倍"]),
        ("怎么开通运费险 还用再买不", ["怎么开通运费险", "还用再买不"]),
        ("运费险多久怎么退", ["运费险多久怎么退"]),  # two question words side by side are one question
        ("怎么用", ["怎么用"]),
        ("我的运费险多久到账", ["我的运费险多久到账"]),
        ("", [""]),
    ],
)
def test_clauses(typed: str, pieces: list[str]) -> None:
    text, breaks = closed_up(evened(typed))
    assert [text[start:end] for start, end in clauses(text, breaks)] == pieces


@pytest.mark.parametrize(
    ("typed", "closed", "breaks"),
    [
        ("运费险 怎么用", "运费险怎么用", [3]),
        ("yunfeixian 怎么用 ok", "yunfeixian怎么用ok", [10, 13]),
        ("how much", "how much", []),
        ("运费险", "运费险", []),
    ],
)
def test_blanks_are_closed_up_and_remembered(typed: str, closed: str, breaks: list[int]) -> None:
    assert closed_up(typed) == (closed, breaks)
