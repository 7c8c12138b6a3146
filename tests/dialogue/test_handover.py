"""Who calls a person: `handover.yml`, said to the trained assistant; and what words alone say of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.dialogue.words.person import Call, call_of
from bot.understanding.normaliser import closed_up, evened
from knowledge import live

TABLE = yaml.safe_load((Path(__file__).parent / "handover.yml").read_text(encoding="utf-8"))
WHO = ("buyer:demo", "seller:demo", "visitor")


@pytest.mark.model
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("text", TABLE["ordinary"])
async def test_no_person_is_called(talk, text: str) -> None:
    assert (await talk(WHO[len(text) % 3]).say(text))["outcome"] != "handoff"


@pytest.mark.model
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("text", TABLE["calls"])
async def test_a_person_is_called(talk, text: str) -> None:
    assert (await talk(WHO[len(text) % 3]).say(text))["outcome"] == "handoff"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("给我转人工", Call.PLAIN),
        ("算了 转人工", Call.PLAIN),
        ("转人工 算了不用了", Call.OFF),
        ("待会儿再找人工", Call.OFF),
        ("人工几点上班", Call.ASKED),
        ("客服说不赔", Call.TOLD),
        ("转过人工了", Call.TOLD),
        ("找客服找了一天", Call.TOLD),
        ("转人工转了半天", Call.PLAIN),
        ("怎么还不给我转人工", Call.PLAIN),
        ("工人打包坏了", Call.NONE),
        ("人工智能学习机", Call.NONE),
    ],
)
def test_what_words_say_of_a_person(text: str, call: Call) -> None:
    plain, breaks = closed_up(evened(text))
    assert call_of(plain, live().current.acts, breaks) is call
