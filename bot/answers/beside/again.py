"""What was said or asked before: repeating the last reply, and offering a person where the turn before came to nothing."""

from __future__ import annotations

from bot.answers.buttons import HANDOFF
from bot.answers.fixed import Fixed
from bot.answers.reply import Reply
from bot.dialogue.turn import Turn
from bot.understanding.normaliser import tidy
from xiaoer.reply import data_of

NEARLY_THE_SAME = 0.5  # of the pairs of characters of two questions


def repeated(turn: Turn, fixed: Fixed) -> Reply:
    """The last turn's replies once more, with their cards; a 确认 is still for the read-back among them."""
    said = [(reply, data_of(reply.metadata)) for reply in turn.past.replies]
    if not said:
        reply = fixed.of_turn("utter_repeat", turn)
        reply.topic = "repeat"
        return reply
    last, about = said[-1]
    return Reply(
        "\n\n".join(reply.text for reply, _ in said if reply.text),
        str(about.get("outcome") or "answered"),
        list(last.data.get("buttons") or []),
        topic="repeat",
        card=next((data["card"] for _, data in reversed(said) if data.get("card")), None),
        summary=about.get("summary"),
    )


def with_person(reply: Reply, turn: Turn, fixed: Fixed) -> Reply:
    """Offers a person at once: the same was asked twice, or twice running there was no answer."""
    reply.person = _why_person(reply, turn) if turn.answered == 0 else None
    if reply.person is not None:
        reply.text = f"{fixed.text(f'utter_{reply.person}')}\n\n{reply.text}"
        reply.buttons = [HANDOFF, *(button for button in reply.buttons if button["payload"] != HANDOFF["payload"])]
    return reply


def _why_person(reply: Reply, turn: Turn) -> str | None:
    asked, said = turn.past.asked, turn.past.data
    if asked is None:
        return None
    if reply.outcome == "unknown" and any(data.get("outcome") == "unknown" for data in said):
        return "unknown_twice"
    alike = likeness(asked, turn.text)
    same_article = reply.article is not None and any(data.get("article") == reply.article for data in said)
    return "asked_twice" if alike == 1 or (same_article and alike >= NEARLY_THE_SAME) else None


def likeness(first: str, second: str) -> float:
    """How many pairs of neighbouring characters two texts share, from 0 to 1; 1 is kept for the same text."""
    one, other = ("".join(filter(str.isalnum, tidy(text))) for text in (first, second))
    if one == other:
        return 1.0
    pairs, others = ({text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other))
    return min(0.99, 2 * len(pairs & others) / max(1, len(pairs) + len(others)))
