"""Messages, whole or in pieces, as the models read them."""

from __future__ import annotations

from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.understanding.spacy_zh import WORDS
from bot.understanding.topics.features import Entity, Utterance


def utterance_of(message: Message, model: SpacyModel) -> Utterance:
    """Text, tokens and entity spans of a message; SpacyNLP has read it already, unless it stands alone."""
    text = message.get(TEXT)
    doc = message.get(SPACY_DOCS[TEXT]) or model.model(text)
    return Utterance(
        text,
        tuple(token.text for token in doc if not token.is_space),
        tuple(
            Entity(span.start_char, span.end_char, span.label_, span.ent_id_ or span.text)
            for span in doc.ents
            if span.label_ != WORDS
        ),
    )


def cut(whole: Utterance, start: int, end: int) -> Utterance:
    """A piece of an utterance, with the tokens and entities that lie in it."""
    at, words = 0, []
    for word in whole.words:
        at = whole.text.index(word, at)
        if start <= at < end:
            words.append(word)
        at += len(word)
    inside = tuple(
        Entity(entity.start - start, entity.end - start, entity.label, entity.value)
        for entity in whole.entities
        if start <= entity.start and entity.end <= end
    )
    return Utterance(whole.text[start:end], tuple(words), inside)


def said_of(phrase: Message, key: str) -> str:
    """What a training phrase says of itself beside its intent: its `way` of asking, the `answer` it asks for; "" where nothing."""
    return str(((phrase.get(METADATA) or {}).get("intent") or {}).get(key, ""))
