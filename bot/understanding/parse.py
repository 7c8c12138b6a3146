"""What understanding writes into a message beside Rasa's own fields, by key."""

from __future__ import annotations

QUESTIONS = "questions"
"""The questions of the message: [{topic, confidence, start, end, products}]; one where it is one. Spans are of `text`."""
ANSWERS = "answers"
"""Of a question: what is likeliest asked for, [["topic#id" or "topic#id@audience", probability]], the likeliest first, for any product."""
GUESSES = "guesses"
"""Of a question that names no product: those that its words may be about, [[product, probability]], the likeliest first."""
PIECES = "pieces"
"""The pieces of a message that may be questions of their own, like QUESTIONS; between components alone. Empty where it is one."""
RANKING = "intent_ranking"
"""The likeliest topics of the whole message: [{name, confidence}]."""
READING = "reading"
"""How the ranking is to be read: {outside: what all topics outside have together, and the thresholds of config.yml}."""
MENTION = "mention"
"""The intent of a message that names things without asking anything (「退货宝呢」, an order number, 「我是卖家」)."""
REST = "rest"
"""What a message is about beside what it takes back or puts right: {start, end, kind, named, ranking, outside}. kind: `corrects`
(不对，我问的是到账没) or `refuses` (别关了，我就看看保费); named: it only names things; without a ranking, nothing is left of it."""
