"""What the three components that rank have in common: what they learnt lies in the model, and is read when they are loaded."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Generic, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from typing_extensions import Self

Learnt = TypeVar("Learnt")


class Ranking(GraphComponent, Generic[Learnt]):
    """A component that keeps what it has `learnt` in one folder of the model; an empty one, where there was nothing to learn."""

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, learnt: Learnt | None = None
    ) -> None:
        self.config = config
        self.storage = model_storage
        self.resource = resource
        self.learnt = learnt

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """To be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        """With what was learnt."""
        with model_storage.read_from(resource) as folder:
            learnt = cls.read(config, folder) if any(folder.iterdir()) else None
        return cls(config, model_storage, resource, learnt)

    @classmethod
    @abstractmethod
    def read(cls, config: dict[str, Any], folder: Path) -> Learnt:
        """What training wrote into a folder."""
        ...
