"""What understanding writes into a message beside Rasa's own fields, by key."""

from __future__ import annotations

QUESTIONS = "questions"
"""The questions of the message: [{topic, confidence, start, end, products}]; one where it is one. Spans are of `text`."""
RANKING = "intent_ranking"
"""The likeliest topics of the whole message: [{name, confidence}]."""
READING = "reading"
"""How the ranking is to be read: {outside: what all topics outside have together, and the thresholds of config.yml}."""
MENTION = "mention"
"""The intent of a message that names things without asking anything (「退货宝呢」, an order number, 「我是卖家」)."""
