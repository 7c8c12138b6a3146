"""What the assistant knows: topics, products, articles, lexicon. Imports nothing of Rasa, bot or actions."""

from knowledge.reader import Article, Knowledge, LiveKnowledge, Product, Task, Unknown, load

__all__ = ["Article", "Knowledge", "LiveKnowledge", "Product", "Task", "Unknown", "load"]
