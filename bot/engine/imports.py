"""Imports Rasa without TensorFlow, where nothing uses it.

Rasa imports TensorFlow whatever its model is made of: four of the six seconds that importing Rasa takes, and 250 MB. Of
all that it imports for a model like ours, two modules take a base class each from TensorFlow, for training. A stand-in
with these two classes is given to them; whatever else is asked of it fails and says why.

This module must not import Rasa.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from xiaoer.settings import ROOT

# Rasa's components that are known to run without it; and our own do. Of others nothing is known, so they get TensorFlow.
RUN_WITHOUT = frozenset({"SpacyTokenizer", "SpacyEntityExtractor", "EntitySynonymMapper"})
# What Rasa takes from it while it is imported: rasa/utils/tensorflow/{callback,data_generator}.py
_BASES = {"callbacks": "Callback", "utils": "Sequence"}


class _StandIn(ModuleType):
    __path__: list[str] = []  # a package without anything in it: importing from it is an ImportError

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self.__name__}.{name}: TensorFlow is left out of this process, because config.yml names no component that "
            "needs it. Train with a config.yml that names the component, and start anew."
        )


def without_tensorflow(config: Path = ROOT / "config.yml") -> bool:
    """Puts the stand-in in TensorFlow's place if nothing that `config` names can need it; whether it did.

    To be called before Rasa is imported. Raises OSError where there is no such file.
    """
    if "tensorflow" in sys.modules or needing(config):
        return isinstance(sys.modules.get("tensorflow"), _StandIn)
    keras = _put("tensorflow.keras")
    for module, base in _BASES.items():
        setattr(keras, module, _put(f"tensorflow.keras.{module}", **{base: type(base, (), {})}))
    _put("tensorflow", keras=keras)
    return True


def needing(config: Path) -> list[str]:
    """The components, and other classes such as an encoder, named in a configuration of Rasa that may need TensorFlow."""
    written = yaml.safe_load(config.read_text(encoding="utf-8"))
    parts = [part for key in ("pipeline", "policies") for part in written.get(key) or ()]
    named = [str(part["name"]) for part in parts]
    named += [value for part in parts for key, value in part.items() if key != "name" and _is_path(value)]
    return [name for name in named if not name.startswith("bot.") and name not in RUN_WITHOUT]


def _is_path(value: object) -> bool:
    """Whether a setting could be the path of a class."""
    return isinstance(value, str) and "." in value and value.replace(".", "").isidentifier()


def _put(name: str, **members: Any) -> _StandIn:
    module = sys.modules[name] = _StandIn(name)
    vars(module).update(members)
    return module
