"""What the channel remembers of many conversations is bounded, and what rests can be woken."""

from __future__ import annotations

from typing import Any

from bot.channel.memory.conversations import Conversations, Turn
from bot.channel.memory.history import Past

REPLY = {"id": "m-1", "text": "好", "custom": {"outcome": "answered", "card": {"order_number": "123456789012345"}}}


def filled(conversations: Conversations, name: str) -> tuple[Any, str]:
    conversation = conversations.get(name)
    turn = Turn("u-1", "问")
    conversation.begin(turn)
    conversation.said(REPLY, "问")
    conversation.read_back = True
    turn.end()
    return conversation, conversation.buttons.issue("看保单", "/check_policy")


async def test_a_conversation_that_rests_keeps_its_buttons_and_is_read_back() -> None:
    conversations = Conversations(kept=10, awake=2)
    first, button = filled(conversations, "first")
    conversations.get("second")
    assert first.turn("u-1") is not None
    conversations.get("third")
    assert conversations.get("first") is first
    assert first.turn("u-1") is None
    assert not first.replies
    assert not first.orders
    assert not first.read_back, "what it let go of would never come back"
    first.remember(Past(asked={"u-1": "问"}, replies={"u-1": [REPLY]}))
    assert first.turn("u-1") is not None
    assert first.orders == {"123456789012345"}
    assert first.buttons.take(button) is not None


async def test_a_conversation_in_the_middle_of_a_turn_does_not_rest() -> None:
    conversations = Conversations(kept=10, awake=1)
    first, _ = filled(conversations, "first")
    running = Turn("u-2")
    first.begin(running)
    conversations.get("second")
    assert first.turn("u-2") is running
    assert first.read_back


async def test_the_one_not_heard_of_longest_goes() -> None:
    conversations = Conversations(kept=2, awake=1)
    first, second = conversations.get("first"), conversations.get("second")
    assert conversations.get("first") is first
    conversations.get("third")
    assert conversations.get("first") is first
    assert conversations.get("second") is not second
