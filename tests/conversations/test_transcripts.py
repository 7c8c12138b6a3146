"""docs/tasks.md shows each task as a conversation, the READMEs show three abridged; the assistant still talks like that."""

from __future__ import annotations

import pytest

from tools import transcripts
from xiaoer.settings import ROOT

pytestmark = pytest.mark.model


async def test_the_documented_conversations_are_what_happens(assistant: object) -> None:
    document = transcripts.DOCUMENT.read_text(encoding="utf-8")
    with transcripts.own_database():
        now = await transcripts.replayed(assistant, document)
    assert now == document, "the assistant talks differently now: read it, then `make transcripts`"


def test_every_task_that_acts_is_documented() -> None:
    document = transcripts.DOCUMENT.read_text(encoding="utf-8")
    for task in ("check_shop_eligibility", "estimate_premium", "request_enable", "request_disable", "shop_report",
                 "file_appeal", "handoff"):  # fmt: skip
        assert f"`{task}`" in document
    assert document.count("```chat ") >= 6


async def test_the_exchanges_of_the_readme_are_what_is_said(assistant: object) -> None:
    document = (ROOT / "README.md").read_text(encoding="utf-8")
    with transcripts.own_database():
        now = await transcripts.replayed(assistant, document)
    shown, said = transcripts.talks(document), transcripts.talks(now)
    assert [who for who, _ in transcripts.conversations(document)] == ["visitor", "buyer:demo", "seller:demo"]
    for each, whole in zip(shown, said, strict=True):
        assert transcripts.abridges(each, whole), f"README.md shows\n{each}\nwhat is said now is\n{whole}"


def test_both_readmes_show_the_same_exchanges() -> None:
    chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md"))
    assert transcripts.talks(chinese) == transcripts.talks(english)


@pytest.mark.parametrize(
    ("shown", "abridges"),
    [
        ("» a\none\n\ntwo\n", True),
        ("» a\none\n…\n", True),
        ("» a\no…\ntwo\n", True),
        ("…\ntwo\n", True),
        ("» a\none\n", False),  # two is left out, and nothing says so
        ("» a\ntwo\n…\n", False),
        ("» a\none\nthree\n", False),
        ("» a\n…\none two\n", False),
    ],
)
def test_an_exchange_is_abridged_where_it_says_so_and_nowhere_else(shown: str, abridges: bool) -> None:
    assert transcripts.abridges(shown, "» a\none\n\ntwo\n") is abridges
