"""The shape of each file of `knowledge/`, as JSON schemas over YAML whose values are all text."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from knowledge.model import AUDIENCES, BOTH, GRADES, ActWords
from knowledge.rules import ABOUT, FLAGS, LISTS, NUMBERS, Condition

_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_STRINGS = {"type": "array", "items": _TEXT, "minItems": 1}
_IDS = {"type": "array", "items": {"type": "string", "pattern": "^[a-z][a-z_]*$"}, "minItems": 1}
_SENTENCES = {"type": "object", "additionalProperties": _TEXT}
DATED = r"^\d{4}(-(0[1-9]|1[0-2]))?$"  # 2022, 2022-09
_DATE = {"type": "string", "pattern": DATED}
_DAY = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
_NUMBER = {"type": "string", "pattern": "^[0-9]+$", "description": "a whole number"}
_GRADE = {"enum": list(GRADES)}
_YES_NO = {"enum": ["yes", "no"]}
_BY_AUDIENCE = {
    "type": "object",
    "properties": {name: _TEXTS for name in AUDIENCES},
    "additionalProperties": False,
}

# ---------------------------------------------------------------- topics.yml, labels.yml, lexicon.yml
TASK: dict[str, Any] = {
    "type": "object",
    "required": ["says", "who"],
    "properties": {
        "says": _TEXT,
        "who": {"enum": [*AUDIENCES, BOTH]},
        "writes": _SAID,
        "verbs": _STRINGS,
        "of_a_thing": _STRINGS,
        "spared_by": _STRINGS,
        "form": _IDS,
    },
    # Nothing is written that was not confirmed, and nothing else needs a form.
    "dependencies": {
        "form": ["writes", "verbs"],
        "writes": ["form"],
        "verbs": ["form"],
        "of_a_thing": ["verbs"],
        "spared_by": ["verbs"],
    },
    "additionalProperties": False,
}
_WORDS = {"type": "array", "items": _SAID, "minItems": 1}
ACTS: dict[str, Any] = {
    "type": "object",
    "required": [each.name for each in fields(ActWords)],
    "properties": {each.name: _WORDS for each in fields(ActWords)},
    "additionalProperties": False,
}
VOCABULARY: dict[str, Any] = {
    "type": "object",
    "required": ["knowledge_topics", "tasks", "conversation", "outside", "products", "default_product"],
    "properties": {
        "audiences": _SENTENCES,
        "knowledge_topics": _SENTENCES,
        "tasks": {"type": "object", "additionalProperties": TASK},
        "conversation": _TEXTS,
        "outside": _SENTENCES,
        "default_product": _TEXT,
        "about_any_product": _IDS,
        "points": _SENTENCES,
        "own": {
            "type": "object",
            "properties": {name: {"type": "object", "additionalProperties": _IDS} for name in AUDIENCES},
            "additionalProperties": False,
        },
        "products": _SENTENCES,
    },
    "additionalProperties": False,
}
LABELS: dict[str, Any] = _SENTENCES
LEXICON: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": _TEXTS},
}

# ---------------------------------------------------------------- product.yml
RULE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "about", "text", "grade", "as_of", "sources"],
    "properties": {
        "id": _SAID,
        "about": {"enum": list(ABOUT)},
        "text": _SAID,
        "grade": _GRADE,
        "as_of": _DATE,
        "sources": _STRINGS,
        "from": _DAY,
        **dict.fromkeys(("caveat", "name", "remedy"), _TEXT),
        **dict.fromkeys(NUMBERS, _NUMBER),
        **dict.fromkeys(FLAGS, _YES_NO),
        **dict.fromkeys(LISTS, _TEXTS),
        "condition": {"enum": [condition.value for condition in Condition]},
    },
    "additionalProperties": False,
}
ROW: dict[str, Any] = {
    "type": "object",
    "required": ["up_to_bp", "fen"],
    "properties": {**dict.fromkeys(("up_to_bp", "fen", "orders_from"), _NUMBER), "derived": _YES_NO},
    "additionalProperties": False,
}
TABLE: dict[str, Any] = {
    **RULE,
    "required": [*RULE["required"], "rows"],
    "properties": {**RULE["properties"], "rows": {"type": "array", "items": ROW, "minItems": 1}},
}
DESK: dict[str, Any] = {
    "type": "object",
    "required": ["enable"],
    "properties": {
        **dict.fromkeys(("enable", "withdrawn"), _YES_NO),
        **dict.fromkeys(("scope", "agreement", "start", "leave", "term", "where", "instead"), _TEXT),
        "grade": _GRADE,
        "as_of": _DATE,
        "sources": _STRINGS,
    },
    "additionalProperties": False,
}
PRODUCT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "kind", "aliases", "summary", "paid_by", "pays_to", "popular", "topics"],
    "properties": {
        "id": _TEXT,
        "name": _TEXT,
        "kind": {"enum": ["insurance", "service", "guarantee"]},
        "aliases": _TEXTS,
        "summary": _TEXT,
        "paid_by": {"type": "object"},
        "pays_to": _TEXT,
        "popular": _BY_AUDIENCE,
        "topics": _BY_AUDIENCE,
        "unknown": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["topics", "where"],
                "properties": {"topics": _STRINGS, "where": _TEXT, "searched": _STRINGS},
                "additionalProperties": False,
            },
        },
        "rules": {"type": "array", "items": RULE},
        "tables": {"type": "array", "items": TABLE},
        "desk": DESK,
    },
    "additionalProperties": False,
}

# ---------------------------------------------------------------- <topic>.md
ARTICLE: dict[str, Any] = {
    "type": "object",
    "required": ["as_of", "review_by", "grade", "sources", "related"],
    "properties": {
        "as_of": _DATE,
        "review_by": {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"},
        "grade": _GRADE,
        "sources": _STRINGS,
        "related": _TEXTS,
        "amounts": _TEXTS,
    },
    "additionalProperties": False,
}
