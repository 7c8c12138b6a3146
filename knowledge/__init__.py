"""What the assistant knows: topics, products, rules, articles, lexicon. Imports nothing of Rasa, bot or actions.

model: the data; rules: what decides; schema, files: how it is read; live: the one copy in a process; lint: what is wrong.
"""

from knowledge.live import LiveKnowledge, live, load
from knowledge.model import GRADES, Answer, Article, Catalogue, Knowledge, Product, Task, Unknown

__all__ = [
    "GRADES",
    "Answer",
    "Article",
    "Catalogue",
    "Knowledge",
    "LiveKnowledge",
    "Product",
    "Task",
    "Unknown",
    "live",
    "load",
]
