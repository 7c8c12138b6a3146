"""A person is offered at once: the same question twice running, or two that were not answered."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain

from bot.answers.buttons import HANDOFF
from xiaoer.settings import ROOT

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("database")]

RESPONSES = Domain.load(ROOT / "domain.yml").responses
NOT_UNDERSTOOD = "😭😭😭"
NOT_KNOWN = "交易保障险保费多少"  # 资料不足


def offered(conversation: Any) -> str | None:
    """Why a person is offered in the last reply; checks that it is said in front, once, with the button first and the
    rest after it."""
    said = conversation.last.replies[0]
    why: str | None = said.get("person")
    handoffs = [button for button in said["buttons"] if button["payload"] == HANDOFF["payload"]]
    if why is not None:
        assert said["text"].startswith(RESPONSES[f"utter_{why}"][0]["text"])
        assert said["buttons"][0] == HANDOFF
        assert len(handoffs) == 1
    return why


@pytest.mark.parametrize(
    ("first", "second", "twice"),
    [
        ("运费险多久到账", "运费险多久到账", True),
        ("运费险多久到账", "运费险 多久到账？？", True),
        ("运费险多久到账", "运费险的钱多久到账啊", True),
        ("运费险多久到账", "保险赔的运费几天能进支付宝", False),  # other words: another person's luck
    ],
)
async def test_the_same_question_twice(talk: Any, first: str, second: str, twice: bool) -> None:
    conversation = talk("buyer:demo")
    before = await conversation.say(first)
    assert offered(conversation) is None
    said = await conversation.say(second)
    assert said["article"] == before["article"]
    assert offered(conversation) == ("asked_twice" if twice else None)
    assert before["reply"] in said["reply"]
    assert said["outcome"] == "answered"
    assert [button for button in said["buttons"] if button != HANDOFF]


async def test_a_button_for_the_same_is_no_repetition(talk: Any) -> None:
    conversation = talk("buyer:demo")
    before = await conversation.say("运费险多久到账")
    again = await conversation.press_payload('/payout_time{"product":"freight"}')
    assert again["article"] == before["article"]
    assert offered(conversation) is None


@pytest.mark.parametrize("text", ["运费险怎么理赔", "退货宝多久到账"])
async def test_another_question_is_no_repetition(talk: Any, text: str) -> None:
    conversation = talk("buyer:demo")
    await conversation.say("运费险多久到账")
    await conversation.say(text)
    assert offered(conversation) is None


async def test_the_same_words_twice_whatever_came_back(talk: Any) -> None:
    conversation = talk("visitor")
    assert (await conversation.say("怎么取消运费险"))["outcome"] == "clarify"
    await conversation.say("怎么取消运费险")
    assert offered(conversation) == "asked_twice"


async def test_something_between_is_not_running(talk: Any) -> None:
    conversation = talk("buyer:demo")
    for text in ("运费险多久到账", "运费险怎么理赔", "运费险多久到账"):
        await conversation.say(text)
    assert offered(conversation) is None


@pytest.mark.parametrize(("first", "second"), [(NOT_UNDERSTOOD, "🤔"), (NOT_KNOWN, NOT_UNDERSTOOD)])
async def test_not_answered_twice(talk: Any, first: str, second: str) -> None:
    """Not understood, or 资料不足: either way nothing came of it."""
    conversation = talk("seller:demo")
    assert (await conversation.say(first))["outcome"] == "unknown"
    assert offered(conversation) is None
    assert (await conversation.say(second))["outcome"] == "unknown"
    assert offered(conversation) == "unknown_twice"


async def test_an_answer_between_is_forgiven(talk: Any) -> None:
    conversation = talk("seller:demo")
    for text in (NOT_UNDERSTOOD, "运费险怎么关", "🤔"):
        await conversation.say(text)
    assert offered(conversation) is None


async def test_a_tasks_failure_to_find_counts(talk: Any) -> None:
    conversation = talk("buyer:demo")
    assert (await conversation.say("1234567890123456789有运费险吗"))["topic"] == "check_policy"
    await conversation.say(NOT_UNDERSTOOD)
    assert offered(conversation) == "unknown_twice"
