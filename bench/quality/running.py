"""Asks the questions: the assistant in process, and our topic model with ways of asking left out."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench.quality.counting import OUTSIDE, Given, Pair, Question
from knowledge import Knowledge
from xiaoer.settings import ROOT

SETS = Path(__file__).parent / "sets"
# The sets that thresholds and phrases were improved on; what the other writers wrote measures.
TUNE = frozenset(("buyers", "search_typist", "hurried_buyer", "new_seller", "titles", "dialects"))
ACCOUNTS = {"buyer": "buyer:demo", "seller": "seller:demo", "visitor": "visitor"}


@dataclass(frozen=True)
class Phrase:
    text: str
    intent: str
    way: str


def phrases(folder: Path = ROOT / "data" / "nlu") -> list[Phrase]:
    """Every training phrase with its intent and its way of asking."""
    return [
        Phrase(line[2:].strip(), block["intent"], block["metadata"]["way"])
        for path in sorted(folder.glob("*.yml"))
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
        if "intent" in block
        for line in block["examples"].splitlines()
        if line.startswith("- ")
    ]


def folds(known: Sequence[Phrase]) -> list[int]:
    """The fold of each phrase: within an intent, every fifth way of asking goes together."""
    from bot.understanding.topics.model import way_folds

    return [int(fold) for fold in way_folds([phrase.intent for phrase in known], [phrase.way for phrase in known])]


def questions(knowledge: Knowledge | None, folder: Path = SETS) -> list[Question]:
    """Every evaluation question, with the articles that would answer it; without knowledge, none."""
    return [
        question_of(json.loads(line), path.stem, knowledge)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def in_training(asked: Iterable[Question], known: Iterable[Phrase]) -> int:
    """How many questions are training phrases too, but for marks and blanks: by chance a few short ones, never more."""
    learnt = {_bare(phrase.text) for phrase in known}
    return sum(_bare(question.text) in learnt for question in asked)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def question_of(data: dict[str, Any], group: str, knowledge: Knowledge | None) -> Question:
    return Question(
        data["text"],
        data["as"],
        data["topic"],
        data.get("product"),
        tuple(data.get("also") or ()),
        tuple(data.get("topics") or ()),
        group,
        _articles(data, knowledge) if knowledge else frozenset(),
        tuple(data.get("before") or ()),
        data.get("second"),
    )


def _articles(data: dict[str, Any], knowledge: Knowledge) -> frozenset[str]:
    right = (data["topic"], *(data.get("also") or ()), *(data.get("topics") or ()))
    about = data.get("product") or knowledge.default_product
    return frozenset(f"{about}/{topic}" for topic in right if knowledge.knows(about, topic))


async def put(assistant: Any, question: Question) -> tuple[Any, str]:
    """What the assistant in process replies to a question, and the conversation: a fresh one, `before` said first."""
    from xiaoer.principal import Source, parse_principal

    conversation = uuid.uuid4().hex
    principal = parse_principal(ACCOUNTS[question.as_], Source.COMMAND)
    for text in question.before:
        await assistant.say(text, principal, conversation)
    return await assistant.say(question.text, principal, conversation), conversation


async def ask(model: Path, asked: Sequence[Question]) -> AsyncIterator[Given]:
    """The whole assistant, a fresh conversation a question, which begins with what was said before it.

    The database must have its demo accounts.
    """
    from bot.command.inprocess import Assistant
    from xiaoer.principal import Source, parse_principal

    assistant = Assistant(model)
    await assistant.say("你好", parse_principal("visitor", Source.COMMAND))
    for question in asked:
        exchange, conversation = await put(assistant, question)
        message = (await assistant.tracker(conversation)).latest_message
        parsed = dict(message.parse_data or {}) if message else {}
        yield given(exchange.record(), exchange.replies, parsed)


def given(record: dict[str, Any], replies: Sequence[dict[str, Any]], parsed: dict[str, Any]) -> Given:
    """The reply as the counting wants it.

    It asked back when it wants to know which topic is meant; to ask which order or which role is no doubt about the
    topic. Where the reply names no product (a refusal), the product is the first that was found in the text.
    """
    ranking = parsed.get("intent_ranking") or [{"name": "", "confidence": 0.0}]
    named = [each["value"] for each in parsed.get("entities") or () if each["entity"] == "product"]
    back = any(reply.get("choice") == "topic" for reply in replies)
    payloads = [button["payload"].removeprefix("/").split("{")[0] for button in record["buttons"]]
    return Given(
        topics=tuple(record["topics"]),
        outcome=record["outcome"],
        product=record["product"] or next(iter(named), None),
        article=record["article"],
        offered=tuple(name for name in payloads if name != "handoff") if back else None,
        asked_role=any(reply.get("asked_role") for reply in replies),
        ranking=(str(ranking[0]["name"]), float(ranking[0]["confidence"])),
        ms=record["ms"],
    )


async def understand(model: Path, texts: Sequence[str]) -> AsyncIterator[Given]:
    """Understanding alone, a message at a time: the pipeline's topics, without conversation, reply or actions.

    Its time is the processor's, so that what else the machine does is not counted.
    """
    from rasa.core.agent import Agent

    from xiaoer.plain import as_text

    agent = Agent.load(str(model))
    await agent.parse_message("你好")
    for text in texts:
        started = time.process_time()
        parsed = await agent.parse_message(as_text(text))
        ms = (time.process_time() - started) * 1000
        yield understood(parsed, ms)


def understood(parsed: dict[str, Any], ms: float = 0.0) -> Given:
    """What the pipeline made of a message, as the counting wants it: by its words, whoever asks."""
    from bot.understanding.parse import MENTION
    from bot.understanding.verdict import verdict_on
    from knowledge.live import live

    mentions = (parsed.get("intent") or {}).get("name") == MENTION
    verdict = verdict_on(parsed, live().current)
    outcome = {"accept": "answered", "close": "clarify"}.get(verdict.kind, verdict.kind)
    ranking = (parsed.get("intent_ranking") or [{"name": "", "confidence": 0.0}])[0]
    return Given(
        verdict.candidates if verdict.accepted else (),
        "clarify" if mentions else outcome,
        next((each["value"] for each in parsed.get("entities") or () if each["entity"] == "product"), None),
        offered=() if mentions else verdict.candidates if verdict.kind == "close" else None,
        ranking=(str(ranking["name"]), float(ranking["confidence"])),
        ms=ms,
        understood_ms=ms,
    )


class _Remembering:
    """A sentence encoder that encodes each text once, however many folds want it."""

    def __init__(self, encoder: Any) -> None:
        self.name, self.dimension, self._encoder = encoder.name, encoder.dimension, encoder
        self._known: dict[str, Any] = {}

    def encode(self, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def leave_out(known: Sequence[Phrase], knowledge: Knowledge) -> Iterator[tuple[int, list[Pair]]]:
    """(fold, its phrases as judged by a topic model that never saw their ways of asking). Nothing is refused."""
    from rasa.nlu.utils.spacy_utils import SpacyModel
    from rasa.shared.nlu.training_data.message import Message

    from bot.understanding.normaliser import Normaliser
    from bot.understanding.ranking.topic_classifier import TopicClassifier
    from bot.understanding.ranking.utterances import utterance_of
    from bot.understanding.spacy_zh import build
    from bot.understanding.topics.encoder import load_encoder
    from bot.understanding.topics.model import TopicModel

    config = TopicClassifier.get_default_config() | configured("TopicClassifier")
    encoder = load_encoder(config["encoder"])
    remembering = _Remembering(encoder) if encoder else None
    normaliser = Normaliser.create({}, None, None, None)  # type: ignore[arg-type]  # needs the knowledge alone
    messages = normaliser.process([Message.build(phrase.text) for phrase in known])
    spacy = SpacyModel(build(knowledge), "bench")
    utterances = [utterance_of(message, spacy) for message in messages]
    fold = folds(known)
    for out in range(max(fold) + 1):
        kept = [at != out for at in fold]
        training = list(compress(known, kept))
        model = TopicModel.fit(
            list(compress(utterances, kept)),
            [phrase.intent for phrase in training],
            [phrase.way for phrase in training],
            encoder=remembering,
            weights=config["weights"] and tuple(config["weights"]),
        )
        left = [not keep for keep in kept]
        rows = model.probabilities(list(compress(utterances, left)))
        yield (
            out,
            [
                (asked(phrase), first(model.classes[row.argmax()], float(row.max())))
                for phrase, row in zip(compress(known, left), rows, strict=True)
            ],
        )


def asked(phrase: Phrase) -> Question:
    """A training phrase as a question."""
    return Question(phrase.text, "visitor", phrase.intent)


def first(topic: str, probability: float) -> Given:
    """The first topic of a classifier, however unsure it is."""
    return Given((topic,), "outside" if topic in OUTSIDE else "answered", ranking=(topic, probability))


def configured(component: str) -> dict[str, Any]:
    """What config.yml sets of a component of ours."""
    pipeline: Iterable[dict[str, Any]] = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    return next((dict(each) for each in pipeline if each["name"].endswith(f".{component}")), {})
