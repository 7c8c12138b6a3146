"""Arithmetic that is the same for every message, written down once and run by ONNX Runtime.

A message is a few rows multiplied with megabytes of weights. NumPy's library rearranges the weights at each product, which
takes longer than to multiply so few rows; ONNX Runtime does so once, when the graph is loaded, and runs all steps in one
call. The graph is made in memory from arrays; no file of a model is read or run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Old enough for every version that the lock may hold.
_OPERATORS = 17
_FORMAT = 8
_TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
_ERRORS_ONLY = 3

Vectors = NDArray[np.float32]
"""Rows of numbers: what a graph gives, and what sentences are turned into."""


class Graph:
    """A graph under construction: every method gives the name of a value, to be used further on."""

    def __init__(self) -> None:
        self._inputs: list[Any] = []
        self._weights: list[Any] = []
        self._nodes: list[Any] = []

    def input(self, name: str, kind: type[np.generic], *shape: int | None) -> str:
        """What is given at each run. shape: None where the size may differ from run to run."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[np.dtype(kind)], list(shape)))
        return name

    def weight(self, array: NDArray[Any]) -> str:
        """What stays the same."""
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def number(self, value: float) -> str:
        return self.weight(np.array(value, dtype=np.float32))

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The result of an operator of ONNX."""
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def session(self, result: str) -> Session:
        """The graph that gives this value. Raises onnxruntime's errors where the graph is wrong."""
        output = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, "graph", self._inputs, [output], self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPERATORS)])
        model.ir_version = _FORMAT
        return Session(model.SerializeToString(), result)


class Session:
    """A graph that can be run, by several threads at once; it lets go of the interpreter meanwhile."""

    def __init__(self, model: bytes, result: str) -> None:
        options = onnxruntime.SessionOptions()
        # One thread: the products are too small to share, and the other cores have other messages.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Every message has another length: nothing is gained by keeping the room that one has taken.
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = False
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._wanted: Sequence[str] = [result]

    def run(self, given: Mapping[str, NDArray[Any]]) -> Vectors:
        """The graph's result. given: the inputs by name, read where they lie and not copied."""
        found: Vectors = self._session.run(self._wanted, dict(given))[0]
        return found
