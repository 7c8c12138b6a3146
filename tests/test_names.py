"""Every name that is used somewhere exists where it should."""

from __future__ import annotations

import re
from typing import Any

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


@pytest.fixture(scope="module")
def registered() -> dict[str, Any]:
    """Name -> action, of every action that the action server would find."""
    from rasa_sdk.executor import ActionExecutor

    executor = ActionExecutor()
    executor.register_package("actions")
    return {name: run.__self__ for name, run in executor.actions.items()}


def test_every_action_of_the_domain_is_registered(domain, registered) -> None:
    custom = {name for name in domain.user_actions if name.startswith(("action_", "validate_"))}
    assert custom == {name for name in registered if name.startswith(("action_", "validate_"))}


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


def test_a_task_is_done_by_the_action_of_its_row(domain, registered) -> None:
    for task in load(settings.get("XIAOER_KNOWLEDGE")).tasks.values():
        assert task.action in domain.user_actions
        action = registered[task.action]
        # Whom else it answers is said by points of topics.yml: tests/actions/test_actions.py.
        roles = tuple(role.value for role in action.roles if role not in getattr(action, "also", ()))
        assert roles == task.audiences, task.id
        validates = registered.get(f"validate_{task.form}")
        assert (validates.slots if validates else ()) == task.slots, task.id


def test_a_form_of_the_domain_is_the_row_of_its_task(domain) -> None:
    tasks = load(settings.get("XIAOER_KNOWLEDGE")).tasks.values()
    rows = {task.form: task.slots for task in tasks if task.form}
    assert {form: tuple(domain.required_slots_for_form(form)) for form in domain.form_names} == rows
    slots = {slot.name: slot for slot in domain.slots}
    for name in {each for names in rows.values() for each in names}:
        assert (slots[name].type_name, slots[name].influence_conversation) == ("text", False), name
        assert slots[name].mappings == [{"type": "custom"}], name


def test_whatever_a_form_asks_for_has_its_words(domain) -> None:
    from bot.dialogue.plan import RESUME

    for form in domain.form_names:
        for slot in domain.required_slots_for_form(form):
            assert RESUME + slot in domain.responses, slot


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
