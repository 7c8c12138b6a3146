"""A trained model as a server reads it: what it predicts with, and not how it was trained."""

from __future__ import annotations

import json
from pathlib import Path

from rasa.engine.storage.local_model_storage import MODEL_ARCHIVE_METADATA_FILE, LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata


class ServedModel(LocalModelStorage):
    """Rasa's storage, which does not import what only training uses.

    A model's training graph names a validator that imports every component Rasa has, with TensorFlow and all.
    """

    @staticmethod
    def _load_metadata(directory: Path) -> ModelMetadata:
        written = json.loads((directory / MODEL_ARCHIVE_METADATA_FILE).read_text(encoding="utf-8"))
        return ModelMetadata.from_dict(written | {"train_schema": {"nodes": {}}})
