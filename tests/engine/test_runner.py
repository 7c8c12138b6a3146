"""The sequential runner does what Rasa's does."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner

from bot.engine.runner import SequentialRunner

RUNS: list[str] = []


class Add(GraphComponent):
    """Adds its configured number to what comes in, and notes that it ran."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"name": "", "number": 1}

    @classmethod
    def create(cls, config: dict[str, Any], *_: Any, **__: Any) -> Add:
        return cls(config)

    def one(self, first: int) -> int:
        RUNS.append(self._config["name"])
        return first + int(self._config["number"])

    def two(self, first: int, second: int) -> int:
        RUNS.append(self._config["name"])
        return first + second


def _node(name: str, function: str, **needs: str) -> SchemaNode:
    return SchemaNode(needs, Add, "create", function, {"name": name, "number": 10})


SCHEMA = GraphSchema(
    {
        # Written in another order than they run.
        "sum": SchemaNode({"first": "left", "second": "right"}, Add, "create", "two", {"name": "sum"}, is_target=True),
        "right": _node("right", "one", first="start"),
        "left": _node("left", "one", first="right"),
        "start": _node("start", "one", first="given"),
        "alone": _node("alone", "one", first="given"),
    }
)


def runner(kind: Any) -> Any:
    return kind.create(SCHEMA, None, ExecutionContext(GraphSchema({}), "model"))


@pytest.fixture(autouse=True)
def no_runs() -> None:
    RUNS.clear()


@pytest.mark.parametrize("targets", [["sum"], ["left"], ["sum", "start"], ["alone"], None])
def test_outputs_are_those_of_rasas_runner(targets: list[str] | None) -> None:
    ours = runner(SequentialRunner).run({"given": 1}, targets)
    assert ours == runner(DaskGraphRunner).run({"given": 1}, targets)


def test_each_node_runs_once_after_what_it_needs_and_no_other_runs() -> None:
    runner(SequentialRunner).run({"given": 1}, ["sum"])
    assert RUNS == ["start", "right", "left", "sum"]


def test_a_second_run_starts_from_its_own_inputs() -> None:
    running = runner(SequentialRunner)
    assert running.run({"given": 1}, ["start"]) == {"start": 11}
    assert running.run({"given": 5}, ["start"]) == {"start": 15}


def test_a_missing_input_is_named() -> None:
    with pytest.raises(GraphRunError, match="'start' needs 'given'"):
        runner(SequentialRunner).run({}, ["sum"])


def test_an_error_of_a_node_names_the_node() -> None:
    with pytest.raises(GraphComponentException, match="node start"):
        runner(SequentialRunner).run({"given": "text"}, ["sum"])
