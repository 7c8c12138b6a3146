"""Every name that is used somewhere exists where it should."""

from __future__ import annotations

import re

import pytest
import yaml

from knowledge import load
from xiaoer import settings
from xiaoer.settings import ROOT


@pytest.fixture(scope="module")
def domain() -> object:
    from rasa.shared.importers.importer import TrainingDataImporter

    importer = TrainingDataImporter.load_from_config(
        str(ROOT / "config.yml"), str(ROOT / "domain.yml"), [str(ROOT / "data")]
    )
    return importer.get_domain()


def test_every_topic_is_an_intent_with_enough_phrases(domain) -> None:
    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    assert set(knowledge.topics) <= set(domain.intents)
    counts: dict[str, int] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            assert block["intent"] in knowledge.topics, (path.name, block["intent"])
            counts[block["intent"]] = counts.get(block["intent"], 0) + block["examples"].count("- ")
    assert all(counts.get(topic, 0) >= 25 for topic in knowledge.topics), counts
    assert sum(counts[topic] for topic in knowledge.outside) >= 300


def test_no_phrase_is_written_twice_with_different_topics() -> None:
    seen: dict[str, str] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                phrase = line.removeprefix("- ").strip()
                assert seen.setdefault(phrase, block["intent"]) == block["intent"], phrase


def test_every_action_of_the_domain_is_registered(domain) -> None:
    from rasa_sdk.executor import ActionExecutor

    executor = ActionExecutor()
    executor.register_package("actions")
    custom = {name for name in domain.user_actions if name.startswith("action_")}
    assert custom == {name for name in executor.actions if name.startswith("action_")}


def test_every_response_named_in_code_is_in_the_domain(domain) -> None:
    for path in (ROOT / "bot").rglob("*.py"):
        for name in re.findall(r'"(utter_[a-z_]*[a-z])"', path.read_text(encoding="utf-8")):
            assert name in domain.responses, (path.name, name)


def test_every_button_of_a_response_leads_somewhere(domain) -> None:
    for name, versions in domain.responses.items():
        for version in versions:
            for button in version.get("buttons") or ():
                intent = re.fullmatch(r"/(\w+)(\{.*\})?", button["payload"])
                assert intent is None or intent.group(1) in domain.intents, (name, button)


def test_every_task_has_an_action(domain) -> None:
    for task in load(settings.get("XIAOER_KNOWLEDGE")).tasks:
        assert f"action_{task}" in domain.user_actions, task


def test_every_form_is_known_where_forms_are_listed(domain) -> None:
    from actions.asking.forms import SLOTS
    from bot.answers.generator import FORM_NAMES, RESUME
    from bot.dialogue.turn import FORM_TOPICS
    from bot.engine.training.importer import FORM

    assert {topic + FORM for topic in FORM_TOPICS} == set(domain.form_names) == set(FORM_NAMES)
    for form in domain.form_names:
        assert f"validate_{form}" in domain.action_names_or_texts
        for slot in domain.required_slots_for_form(form):
            assert RESUME + slot in domain.responses, slot
            assert slot in SLOTS, slot


def test_a_form_asks_for_the_slots_that_its_action_fills(domain) -> None:
    from actions.tasks.appeals import AppealForm
    from actions.tasks.enrolling import DisableForm, EnableForm

    for form in (AppealForm(), DisableForm(), EnableForm()):
        assert tuple(domain.required_slots_for_form(f"{form.topic}_form")) == form.slots


def test_replies_carry_their_data_under_one_key() -> None:
    from actions.asking.base import META as OF_ACTIONS
    from bot.channel.memory.outputs import META as OF_THE_CHANNEL
    from bot.dialogue.turn import META as OF_ANSWERS

    assert OF_ACTIONS == OF_THE_CHANNEL == OF_ANSWERS


def test_evaluation_questions_are_no_training_phrases() -> None:
    import json

    trained = set()
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            trained |= {re.sub(r"\W", "", line) for line in block["examples"].splitlines()}
    questions = [
        json.loads(line)["text"]
        for path in (ROOT / "bench" / "quality" / "sets").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(questions) >= 400
    # Very short ones (「多久到」) are written by everybody.
    assert not [text for text in questions if len(text) > 8 and re.sub(r"\W", "", text) in trained]
