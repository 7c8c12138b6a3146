"""What people can press under a reply: next questions that would be answered, and a person."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.dialogue.turn import Turn
from knowledge import Answer, Knowledge

SUGGESTIONS = 3
HANDOFF = {"title": "转人工", "payload": "/handoff"}


class Buttons:
    """Buttons over one version of the knowledge. The replies of all conversations share them, in time and in memory."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._made: dict[tuple[str, str], dict[str, str]] = {}

    def question(self, topic: str, product: str) -> dict[str, str]:
        """A topic as people would ask it, about a product."""
        button = self._made.get((topic, product))
        if button is None:
            title = self._knowledge.label(topic, product)
            button = self._made[topic, product] = {"title": title, "payload": payload(topic, product=product)}
        return button

    def of_answer(self, answer: Answer, topic: str, product: str) -> dict[str, str]:
        """The question that an answer answers."""
        name = answer.key(topic).partition("#")[2]
        return {"title": answer.question, "payload": payload(topic, product=product, answer=name)}

    def labelled(self, topics: Sequence[str], product: str) -> list[dict[str, str]]:
        """Those of the topics that people have words for."""
        return [self.question(topic, product) for topic in topics if topic in self._knowledge.labels]

    def next_questions(self, topics: Sequence[str], product: str, turn: Turn, skip: str = "") -> list[dict[str, str]]:
        """The first three of the topics that would be answered and were not just asked."""
        asked = {skip, *(question.topic for question in turn.questions)}
        offered = [topic for topic in topics if topic not in asked and self._is_offered(topic, product, turn)]
        return self.labelled(offered, product)[:SUGGESTIONS]

    def popular(self, product: str, turn: Turn) -> list[dict[str, str]]:
        """What people of the asker's side ask about a product; a visitor gets a little of both."""
        popular = self._knowledge.products[product].popular
        buyers, sellers = popular.get("buyer", ()), popular.get("seller", ())
        if turn.audience is None:
            pairs = [topic for pair in zip(buyers, sellers, strict=False) for topic in pair]
            topics: Sequence[str] = pairs or [*buyers, *sellers]
        else:
            topics = popular.get(turn.audience) or buyers or sellers
        return self.next_questions(list(dict.fromkeys(topics)), product, turn)

    def _is_offered(self, topic: str, product: str, turn: Turn) -> bool:
        if topic not in self._knowledge.labels:
            return False
        task = self._knowledge.tasks.get(topic)
        return turn.principal.role.value in task.audiences if task else self._knowledge.knows(product, topic)


def payload(topic: str, **entities: str) -> str:
    """An intent with entities, as Rasa reads it."""
    return f"/{topic}{json.dumps(entities, ensure_ascii=False, separators=(',', ':'))}"
