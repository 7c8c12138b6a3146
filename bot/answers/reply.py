"""One reply of the assistant's own: Markdown, buttons, and what it says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from xiaoer.reply import META


@dataclass
class Reply:
    """The fields beside text and buttons are those of `xiaoer.reply`."""

    text: str
    outcome: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    topic: str | None = None
    product: str | None = None
    article: str | None = None
    answer: str | None = None
    lead: str | None = None
    beside: str | None = None
    readings: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    as_of: str | None = None
    grade: str | None = None
    card: Any = None
    carry: str | None = None
    asked_role: bool = False
    person: str | None = None
    summary: str | None = None
    receipt: str | None = None
    doing: str | None = None
    choice: str | None = None

    def message(self) -> dict[str, Any]:
        """As Rasa wants it from a generator."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        return {"text": data.pop("text"), "buttons": data.pop("buttons"), META: data}
