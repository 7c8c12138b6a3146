"""What the channel remembers of many conversations is bounded, and comes back from the tracker."""

from __future__ import annotations

from typing import Any

from bot.channel.memory.conversations import TURNS, Conversations, Turn
from bot.channel.memory.history import Past

REPLY = {"id": "m-1", "text": "好", "custom": {"outcome": "answered", "card": {"order_number": "123456789012345"}}}
PAST = Past(asked={"u-1": "问"}, replies={"u-1": [REPLY]})


def filled(conversations: Conversations, name: str) -> Any:
    conversation = conversations.get(name)
    turn = Turn("u-1", "问")
    conversation.begin(turn)
    conversation.said(REPLY, "问")
    conversation.read_back = True
    turn.end()
    return conversation


async def test_what_was_forgotten_is_read_back() -> None:
    conversations = Conversations(kept=2)
    first = filled(conversations, "first")
    for name in ("second", "third"):
        conversations.get(name)
    assert conversations.turn("first", "u-1") is None
    again = conversations.get("first")
    assert again is not first
    assert not again.read_back, "what is gone would never come back"
    again.remember(PAST)
    assert conversations.turn("first", "u-1") is again.turn("u-1") is not None
    assert again.orders == {"123456789012345"}
    assert again.replies["m-1"].asked == "问"


async def test_a_conversation_in_the_middle_of_a_turn_stays() -> None:
    conversations = Conversations(kept=1)
    first = filled(conversations, "first")
    running = Turn("u-2")
    first.begin(running)
    for name in ("second", "third"):
        conversations.get(name)
    assert conversations.get("first") is first
    running.end()
    conversations.get("second")
    assert conversations.get("first") is not first


async def test_a_turn_that_is_running_is_not_forgotten_for_others() -> None:
    conversation = Conversations().get("first")
    running = Turn("u-0")
    conversation.begin(running)
    for number in range(1, 2 * TURNS):
        turn = Turn(f"u-{number}")
        conversation.begin(turn)
        turn.end()
    assert conversation.turn("u-0") is running
    assert conversation.turn("u-1") is None
    assert conversation.is_busy


async def test_the_one_not_heard_of_longest_goes() -> None:
    conversations = Conversations(kept=2)
    first, second = conversations.get("first"), conversations.get("second")
    assert conversations.get("first") is first
    conversations.get("third")
    assert conversations.get("first") is first
    assert conversations.get("second") is not second


async def test_looking_for_a_turn_makes_nothing_and_moves_nothing() -> None:
    conversations = Conversations(kept=2)
    first, second = filled(conversations, "first"), filled(conversations, "second")
    for name in ("first", "unknown", "first"):
        assert (conversations.turn(name, "u-1") is not None) == (name == "first")
    conversations.get("third")
    assert conversations.get("second") is second
    assert conversations.get("first") is not first


async def test_a_turn_gets_what_its_message_got_before() -> None:
    conversation = Conversations().get("first")
    for message, answered in (("u-1", True), ("u-9", False)):
        turn = Turn(message)
        conversation.begin(turn)
        assert conversation.recall(turn, PAST) is answered
        assert turn.replies == ([REPLY] if answered else [])
    silent = Turn("u-3")
    assert conversation.recall(silent, Past(asked={"u-3": "在吗"}, replies={"u-3": []}, silent={"u-3"}))
    assert silent.silent
