"""What a message is about where it puts something right or takes something back: 不对，我问的是到账没; 别关了，我就看看保费多少.

A correction refuses nothing: it puts another thing in the place of the one spoken of, and then the same is asked of that; or
another point, and then that is asked of the same thing; or it says only that it was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from bot.dialogue.words.question import asks
from bot.understanding.parse import QUESTIONS, RANKING, READING, REST
from knowledge.model import ActWords

SURE = 0.9  # of a point that is asked without the form of a question
_TELLS_APART = re.compile(
    r"\d{4,}|第.{1,2}[个家单笔]|月份?的?$|\d+[号日]|[那这]一?.{0,2}[单个件条双笔家款台箱套本袋盒]的?$|的$|块|元"
)


class Of(Enum):
    """What a correction puts in place of something: a thing, a point, or nothing yet."""

    THING = "thing"
    POINT = "point"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Instead:
    """of: see `Of`; None where it corrects nothing (it may refuse); text: what is left of the message; parsed: the message as that alone was understood; at, end: where that
    stands; asks: it has the form of a question."""

    of: Of | None
    text: str
    parsed: Mapping[str, Any]
    at: int
    end: int
    asks: bool


def instead_of(parsed: Mapping[str, Any], words: ActWords) -> Instead | None:
    """What is left of a message that corrects or refuses, as understanding has found it; None for any other."""
    rest = parsed.get(REST)
    if not rest:
        return None
    plain = str(parsed.get("text") or "")
    text = plain[rest["start"] : rest["end"]].strip(" ,.。!?;~、")
    alone = _alone(parsed, rest)
    of = _replaces(text, rest, words) if rest["kind"] == "corrects" else None
    return Instead(of, text, alone, int(rest["start"]), int(rest["end"]), asks(text))


def _replaces(text: str, rest: Mapping[str, Any], words: ActWords) -> Of:
    if not text:
        return Of.NOTHING
    if rest.get("named") or not rest.get("ranking"):
        return Of.THING
    first = rest["ranking"][0]
    if not asks(text) and (_points(words).search(text) or _TELLS_APART.search(text)):
        return Of.THING
    return Of.POINT if asks(text) or first["confidence"] >= SURE else Of.THING


def _alone(parsed: Mapping[str, Any], rest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message as if nothing but its rest had been said."""
    if not rest.get("ranking"):
        return parsed
    best = rest["ranking"][0]
    within = [
        each
        for each in parsed.get("entities") or ()
        if rest["start"] <= each["start"] < rest["end"] and each["entity"] == "product"
    ]
    question = {
        "topic": best["name"],
        "confidence": best["confidence"],
        "start": rest["start"],
        "end": rest["end"],
        "products": list(dict.fromkeys(each["value"] for each in within)),
    }
    reading = {**(parsed.get(READING) or {}), "outside": rest["outside"]}
    return {**parsed, QUESTIONS: [question], RANKING: rest["ranking"], READING: reading}


def without(parsed: Mapping[str, Any], topic: str) -> Mapping[str, Any]:
    """A message as if one topic were none; the others share what it had."""
    ranking: list[dict[str, Any]] = list(parsed.get(RANKING) or ())
    left = max(1.0 - sum(each["confidence"] for each in ranking if each["name"] == topic), 1e-6)
    others = [{**each, "confidence": each["confidence"] / left} for each in ranking if each["name"] != topic]
    reading = dict(parsed.get(READING) or {})
    reading["outside"] = min(1.0, float(reading.get("outside", 0.0)) / left)
    asked = _asked_without(list(parsed.get(QUESTIONS) or ()), topic, others)
    return {**parsed, QUESTIONS: asked, RANKING: others, READING: reading}


def _asked_without(asked: list[dict[str, Any]], topic: str, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions that are of other topics; where there is none, the first is of the likeliest other one."""
    kept = [each for each in asked if each["topic"] != topic]
    if kept or not asked or not others:
        return kept
    return [{**asked[0], "topic": others[0]["name"], "confidence": others[0]["confidence"]}]


@lru_cache(maxsize=2)
def _points(words: ActWords) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(map(re.escape, words.points)) + ")的?[吧啊呀哦呢]?$")
