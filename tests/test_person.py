"""A person is offered at once: the same question twice running, or two that were not answered."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.answers.buttons import HANDOFF
from bot.answers.generator import Answers
from xiaoer.reply import META
from xiaoer.settings import ROOT

DOMAIN = Domain.load(ROOT / "domain.yml")


class Talk:
    """A conversation with the response generator alone: the test says what was understood."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._tracker = DialogueStateTracker("x", DOMAIN.slots)

    async def ask(self, text: str, topic: str | None, product: str = "freight") -> dict[str, Any]:
        """topic None: not understood."""
        entity = {"entity": "product", "value": product, "start": 0, "end": 1}
        parsed = {
            "text": text,
            "intent": {"name": topic or "nlu_fallback", "confidence": 1.0},
            "entities": [entity] if topic else [],
        }
        self._tracker.update(UserUttered(text, parsed["intent"], parse_data=parsed, input_channel="ask"))
        self._tracker.update(ActionExecuted("action_extract_slots"))
        said = await self._answers.generate("utter_answer", self._tracker, "ask", domain_responses=DOMAIN.responses)
        self.replied(said["text"], said["buttons"], **said[META])
        return said

    def replied(self, text: str, buttons: Any = (), **data: Any) -> None:
        self._tracker.update(ActionExecuted("utter_answer"))
        self._tracker.update(BotUttered(text, {"buttons": list(buttons)}, {META: data}))
        self._tracker.update(ActionExecuted("action_listen"))


def offered(said: dict[str, Any]) -> str | None:
    """Why a person is offered; checks that it is said in front, once, with the button first and the rest after it."""
    why = said[META]["person"]
    handoffs = [button for button in said["buttons"] if button["payload"] == "/handoff"]
    if why is not None:
        assert said["text"].startswith(DOMAIN.responses[f"utter_{why}"][0]["text"])
        assert said["buttons"][0] == HANDOFF
        assert len(handoffs) == 1
    return why


@pytest.mark.parametrize(
    ("first", "second", "twice"),
    [
        ("运费险多久到账", "运费险多久到账", True),
        ("运费险多久到账", "运费险 多久到账？？", True),
        ("运费险多久到账", "运费险的钱多久到账啊", True),
        ("运费险多久到账", "我都退货成功三天了怎么支付宝里还没看到钱", False),  # other words: another person's luck
        ("运费险多久到账", '/payout_time{"product":"freight"}', False),
    ],
)
async def test_the_same_question_twice(first: str, second: str, twice: bool) -> None:
    talk = Talk()
    before = await talk.ask(first, "payout_time")
    assert offered(before) is None
    said = await talk.ask(second, "payout_time")
    assert offered(said) == ("asked_twice" if twice else None)
    assert before["text"] in said["text"]
    assert said[META]["outcome"] == "answered"
    kept = [button for button in said["buttons"] if button != HANDOFF]
    assert kept == [button for button in before["buttons"] if button != HANDOFF]


@pytest.mark.parametrize(
    ("topic", "product", "text"),
    [("claim_steps", "freight", "运费险多久到账吗怎么赔"), ("payout_time", "return_care", "退货宝多久到账")],
)
async def test_another_question_is_no_repetition(topic: str, product: str, text: str) -> None:
    talk = Talk()
    await talk.ask("运费险多久到账", "payout_time")
    assert offered(await talk.ask(text, topic, product)) is None


async def test_the_same_words_twice_whatever_came_back() -> None:
    talk = Talk()
    assert (await talk.ask("怎么开通运费险", "enable_service"))[META]["outcome"] == "clarify"
    assert offered(await talk.ask("怎么开通运费险", "enable_service")) == "asked_twice"


async def test_something_between_is_not_running() -> None:
    talk = Talk()
    await talk.ask("运费险多久到账", "payout_time")
    await talk.ask("运费险怎么理赔", "claim_steps")
    assert offered(await talk.ask("运费险多久到账", "payout_time")) is None


@pytest.mark.parametrize("first", [None, "premium_amount"])
async def test_not_answered_twice(first: str | None) -> None:
    """Not understood, or 资料不足: either way nothing came of it."""
    talk = Talk()
    before = await talk.ask("交易保障险保费多少", first, "trade_protection")
    assert before[META]["outcome"] == "unknown"
    assert offered(before) is None
    assert offered(await talk.ask("那个东西咋整", None)) == "unknown_twice"


async def test_an_answer_between_is_forgiven() -> None:
    talk = Talk()
    await talk.ask("咋整", None)
    await talk.ask("运费险怎么理赔", "claim_steps")
    assert offered(await talk.ask("那个东西咋弄", None)) is None


async def test_a_tasks_failure_to_find_counts() -> None:
    talk = Talk()
    await talk.ask("查订单", None)
    talk._tracker.update(
        UserUttered("订单1234", {"name": "check_policy"}, parse_data={"intent": {"name": "check_policy"}})
    )
    talk.replied("没有查到", outcome="unknown")
    assert offered(await talk.ask("那个东西咋弄", None)) == "unknown_twice"
