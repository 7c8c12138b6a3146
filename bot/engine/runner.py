"""Runs a model's graph node after node in one fixed order, which is worked out once.

Rasa's runner has dask plan and run the graph anew at every call: for a message, several times as long as the nodes of
the dialogue take themselves. The nodes and what passes between them are the same.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


class SequentialRunner(GraphRunner):
    """A `GraphRunner` for prediction: each node runs once, after those it needs."""

    def __init__(self, graph_schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = graph_schema
        self._nodes = nodes
        self._plans: dict[tuple[str, ...], list[tuple[str, GraphNode, tuple[str, ...]]]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> SequentialRunner:
        """See the parent class; the nodes are loaded here."""
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context, hooks)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The outputs of the targets, by name. inputs: values by the names that nodes need them under.

        Raises GraphRunError where a node needs what neither another node nor the inputs give.
        """
        wanted = tuple(targets or self._schema.target_names)
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = self._plan(wanted)
        done: dict[str, tuple[str, Any]] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name, node, needs in plan:
            try:
                received = [done[each] for each in needs]
            except KeyError as missing:
                raise GraphRunError(f"Node '{name}' needs {missing}, which nothing provides.") from None
            done[name] = node(*received)
        return {name: done[name][1] for name in wanted}

    def _plan(self, targets: tuple[str, ...]) -> list[tuple[str, GraphNode, tuple[str, ...]]]:
        """What has to run for the targets, in order."""
        schema = self._schema.minimal_graph_schema(list(targets)).nodes
        needs = {name: tuple(node.needs.values()) for name, node in schema.items()}
        order = TopologicalSorter({name: [each for each in before if each in needs] for name, before in needs.items()})
        return [(name, self._nodes[name], needs[name]) for name in order.static_order()]
