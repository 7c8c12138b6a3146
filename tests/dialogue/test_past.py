"""What stood when the latest message came, read off invented events; a window of a conversation reads the same (stores)."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.past import GOES_ON, Past, Since, past_of, since
from bot.stores.window import TURNS

ENABLE = "request_enable_form"
NOW = UserUttered("确认")
TASKS = {"check_policy"}


def tracker(*events: Any) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("x", list(events))


def past(*events: Any) -> Past:
    return past_of(tracker(*events), TASKS)


def bot(text: str | None, **data: Any) -> BotUttered:
    return BotUttered(text, {}, {"xiaoer": data})


@pytest.mark.parametrize(
    ("events", "form"),
    [
        ([NOW], None),
        ([ActiveLoop(ENABLE), NOW], ENABLE),
        ([ActiveLoop(ENABLE), NOW, ActiveLoop(None)], ENABLE),  # ended by this very message
        ([ActiveLoop(ENABLE), ActiveLoop(None), NOW], None),
        ([NOW, ActiveLoop(ENABLE)], None),  # opened by this very message
        ([ActiveLoop(ENABLE), SessionStarted(), NOW], None),
    ],
)
def test_the_form_that_was_open_when_the_message_came(events: list[Any], form: str | None) -> None:
    assert past(*events).form == form


def test_what_the_form_had_asked_for() -> None:
    opened = [ActiveLoop(ENABLE), SlotSet(REQUESTED_SLOT, "form_shop")]
    assert past(*opened, NOW, SlotSet(REQUESTED_SLOT, "confirmed")).requested == "form_shop"
    assert past(*opened, ActiveLoop(None), NOW).requested is None


def test_the_product_that_the_form_has() -> None:
    opened = [ActiveLoop(ENABLE), SlotSet("form_product", "return_care")]
    assert past(*opened, NOW, SlotSet("form_product", "freight")).about == "return_care"
    assert past(*opened, ActiveLoop(None), NOW).about is None


def test_the_product_of_the_conversation_is_not_that_of_the_message() -> None:
    assert past(NOW, SlotSet("product", "return_care")).product is None
    assert past(SlotSet("product", "freight"), NOW, SlotSet("product", "return_care")).product == "freight"
    for reset in (AllSlotsReset(), Restarted()):
        assert past(SlotSet("product", "freight"), reset, NOW).product is None


def test_the_turn_before() -> None:
    found = past(
        UserUttered("早"),
        bot("早", topic="greet"),
        UserUttered("两件事"),
        bot("一", topic="a"),
        bot("二", receipt="XR-1"),
        NOW,
    )
    assert found.asked == "两件事"
    assert [reply.text for reply in found.replies] == ["一", "二"]
    assert [dict(data) for data in found.data] == [{"receipt": "XR-1"}, {"topic": "a"}]
    assert (found.receipt, found.last) == ("XR-1", {"receipt": "XR-1"})


def test_a_first_message_has_nothing_before_it() -> None:
    assert past(bot("欢迎", topic="greet"), NOW).asked is None
    assert past(NOW) == Past()


def test_a_turn_without_words_is_passed_over_for_repeating_and_counts_as_the_last() -> None:
    found = past(UserUttered("问"), bot("答"), UserUttered("在吗"), bot(None, silent=True), NOW)
    assert [reply.text for reply in found.replies] == ["答"]
    assert found.last == {"silent": True}
    assert found.asked == "在吗"


def test_the_last_reply_is_one_of_the_session() -> None:
    before = [UserUttered("问"), bot("请选一家：", shops=["S-1"])]
    assert past(*before, NOW).last == {"shops": ["S-1"]}
    assert past(*before, SessionStarted(), NOW).last == {}
    assert past(*before, SessionStarted(), bot("早", topic="greet"), NOW).last == {"topic": "greet"}


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ([{"topic": "claim_steps", "carry": "claim_steps"}], "claim_steps"),
        ([{"topic": "check_policy"}], "check_policy"),
        ([{"topic": "check_policy"}, {"topic": "thanks"}], "check_policy"),
        ([{"topic": "thanks"}], None),
    ],
)
def test_what_another_one_would_be_about(said: list[dict[str, Any]], topic: str | None) -> None:
    assert past(*(event for data in said for event in (UserUttered("…"), bot("…", **data))), NOW).topic == topic


@pytest.mark.parametrize(("turns", "topic"), [(GOES_ON, "check_policy"), (GOES_ON + 1, None)])
def test_what_was_spoken_of_long_ago_is_not_gone_on_with(turns: int, topic: str | None) -> None:
    """A window of a conversation has to read as all of it would."""
    since_then = [each for _ in range(turns - 1) for each in (UserUttered("谢谢"), bot("不客气", topic="thanks"))]
    assert past(UserUttered("问"), bot("答", topic="check_policy"), *since_then, NOW).topic == topic
    assert GOES_ON < TURNS


def test_since_the_message() -> None:
    before = [UserUttered("a"), ActionExecuted("utter_answer"), bot("…", asked_role=True)]
    assert since(tracker(*before, NOW, ActionExecuted("action_extract_slots"))) == Since()
    assert past(*before, NOW).asked_role
    ran = [ActionExecuted("action_settle"), bot("…"), ActionExecuted("utter_answer")]
    assert since(tracker(*before, NOW, *ran)) == Since(("action_settle", "utter_answer"), spoke=True)
