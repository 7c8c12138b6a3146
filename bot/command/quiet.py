"""Rasa, TensorFlow and SQLAlchemy say much that nobody has asked: switched off here, for this process and for those it starts.

This module must not import Rasa. (The Makefile has the same variables for the commands of Rasa that it calls itself.)
"""

from __future__ import annotations

import logging
import os
import sys
import warnings

# To be set before Rasa is imported. No telemetry, no GPU, no notes on what is to come in TensorFlow and SQLAlchemy.
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


def quiet() -> None:
    """For a command whose output a person reads: no warnings, and of the log what LOG_LEVEL asks for (default ERROR)."""
    os.environ.update(QUIET)
    if not sys.warnoptions:
        import sanic.app  # noqa: F401  (it switches warnings of deprecation on while it is imported)

        warnings.simplefilter("ignore")
    level = os.environ.get("LOG_LEVEL", "ERROR").upper()
    logging.basicConfig(level=level, stream=sys.stderr)
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)))
