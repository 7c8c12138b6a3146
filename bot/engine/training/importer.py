"""What Rasa trains on that is already written elsewhere: intents, slots' vocabulary, tasks, synonyms and rules.

`topics.yml` names the topics and what each task is, `data/nlu` has their phrases, `knowledge/` the products; the domain's
intents, the actions, forms and slots of the tasks, the synonyms of the entity mapper and one rule a topic follow from
them, so no list is typed twice.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from bot.dialogue.plan import ANSWER, PLACEHOLDER
from bot.understanding.parse import MENTION
from bot.understanding.spacy_zh import PATTERNS, WORDS, words_of
from knowledge import Knowledge, load
from xiaoer import settings


def of_tasks(knowledge: Knowledge) -> dict[str, Any]:
    """What the domain has of the tasks: slots, forms and actions, each as a domain file says it.

    A form is validated, asked for and read back by validate_<form> (actions/asking/forms.py), written by the task's action;
    it fills its slots itself, so nothing is mapped to them and no policy learns from them.
    """
    forms = {task.form: list(task.slots) for task in knowledge.tasks.values() if task.form}
    return {
        "slots": {
            name: {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}
            for slots in forms.values()
            for name in slots
        },
        "forms": {form: {"required_slots": slots} for form, slots in forms.items()},
        "actions": [*(task.action for task in knowledge.tasks.values()), *(f"validate_{form}" for form in forms)],
    }


DATA = settings.ROOT / "data" / "answers"


class Phrase(Message):
    """A training phrase. Rasa copies all phrases and compares each with all several times on the way to the graph;
    of ten thousand that is a quarter of the training time. A phrase is text, intent and way: cheap to copy and hash.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Phrase:
        copy = Phrase(self.data, set(self.output_properties), self.time, list(self.features))
        copy._cached_fingerprint = self._cached_fingerprint
        return copy

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        if prop == INTENT and self.data.get(INTENT) == info:
            return  # merging sets it again and again; the fingerprint holds
        super().set(prop, info, add_to_output)

    def __hash__(self) -> int:
        return hash((self.data.get(TEXT), self.data.get(INTENT)))

    def __eq__(self, other: object) -> bool:
        return bool(super().__eq__(other))


def asks_of(knowledge: Knowledge) -> list[Phrase]:
    """How the answers of all articles are asked for: phrases of their topics that say which answer it is; and, without a
    topic, the question of each answer and its lead, which share words with what people ask.

    Of several products the same answer has one name. Each article is a way of asking.
    """
    found = []
    for (product, topic), versions in knowledge.articles.items():
        for answer in (answer for version in versions for answer in version.answers if answer.asks):
            said = {"way": f"{product}/{topic}", "answer": answer.key(topic), "product": product}
            found += [Phrase({TEXT: ask, INTENT: topic, METADATA: {INTENT: said}}) for ask in answer.asks]
            own = filter(None, (answer.question, answer.lead))
            found += [Phrase({TEXT: text, METADATA: {INTENT: said}}) for text in own]
    return found


def labels_of(folder: Path, knowledge: Knowledge) -> dict[tuple[str, str], dict[str, str]]:
    """Which answer a phrase asks for: (topic, text) -> {answer: topic#id}, and of which product, where it is one's own. A file
    is named after a topic and says it by answer, or after a product and says it by topic and answer; a phrase of data/nlu
    that stands in none asks for none of them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in sorted(folder.glob("*.yml")):
        held = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
        product = {"product": path.stem} if path.stem in knowledge.products else {}
        for topic, answers in held.items() if product else [(path.stem, held)]:
            for name, texts in answers.items():
                found |= {(topic, text): {"answer": f"{topic}#{name}", **product} for text in texts}
    return found


def labelled(data: dict[str, Any], labels: Mapping[tuple[str, str], dict[str, str]]) -> Phrase:
    """A phrase of data/nlu, with the answer that it asks for, where it is known."""
    label = labels.get((str(data.get(INTENT)), str(data.get(TEXT))))
    if label is None:
        return Phrase(data)
    said = data.get(METADATA) or {}
    return Phrase({**data, METADATA: {**said, INTENT: {**(said.get(INTENT) or {}), **label}}})


def beside(phrases: Sequence[Phrase], labels: Mapping[tuple[str, str], dict[str, str]]) -> list[Phrase]:
    """What is labelled and no phrase of its topic: it tells answers apart, and topics learn from the others alone, since
    learning these costs time that grows with the square."""
    known = {(str(phrase.get(INTENT)), str(phrase.get(TEXT))) for phrase in phrases}
    return [
        Phrase({TEXT: text, METADATA: {INTENT: label}})
        for (topic, text), label in labels.items()
        if (topic, text) not in known
    ]


class KnowledgeImporter(RasaFileImporter):
    """Rasa's file importer, and what follows from `knowledge/`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # Only trainings import. Ten thousand phrases are millions of small objects that live to the end: looking
        # through them for garbage again and again finds none.
        gc.set_threshold(100_000, 50, 100)

    def get_domain(self) -> Domain:
        knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
        derived = {
            "version": "3.1",
            # Rules look at the topic alone; what is named is read by answers and actions.
            "intents": [{name: {"use_entities": []}} for name in [*knowledge.topics, MENTION]],
            "entities": sorted({*words_of(knowledge), *PATTERNS, "answer"} - {WORDS}),  # answer: of a button alone
            **of_tasks(knowledge),
        }
        return super().get_domain().merge(Domain.from_dict(derived))

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """Phrases of all files, and the synonyms of names.

        Joined at once: merging file by file, as the parent does, fingerprints every phrase again for every file.
        """
        files = self._phrase_files()
        knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
        words = words_of(knowledge)
        synonyms = {
            word: value
            for entity, entries in words.items()
            if entity != WORDS
            for word, value in entries.items()
            if word != value
        }
        labels = labels_of(DATA, knowledge)
        phrases = [labelled(example.data, labels) for data in files for example in data.training_examples]
        phrases += asks_of(knowledge) + beside(phrases, labels)
        return TrainingData(phrases, synonyms)

    @cached_method
    def _phrase_files(self) -> list[TrainingData]:
        """Read once: Rasa asks for the phrases for the domain and again for themselves."""
        return [load_data(path) for path in self._nlu_files]

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        rule = {"rule": "nothing to learn", "steps": [{"intent": PLACEHOLDER}, {"action": ANSWER}]}
        steps = YAMLStoryReader().read_from_parsed_yaml({"version": "3.1", "rules": [rule]})
        return super().get_stories(exclusion_percentage).merge(StoryGraph(steps))
