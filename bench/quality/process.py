"""The process that asks: what it must be told before Rasa is imported, and after."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

THREADS = "1"


def environment(folder: Path) -> None:
    """Before anything of Rasa is imported: a database of our own, one thread, no telemetry, no chatter.

    (Not from `bot.command.quiet`: this also runs over commits that do not have it.)
    """
    os.environ.update(
        POLICY_DATABASE_URL=f"sqlite:///{folder}/policy.db",
        RASA_TELEMETRY_ENABLED="false",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
        SQLALCHEMY_SILENCE_UBER_WARNING="1",
        OMP_NUM_THREADS=THREADS,
        TF_INTRA_OP_PARALLELISM_THREADS=THREADS,
        TF_INTER_OP_PARALLELISM_THREADS=THREADS,
        LOG_LEVEL="WARNING",  # at ERROR Rasa hides the progress of a training
    )
    warnings.simplefilter("ignore")


def quiet() -> None:
    """Imports Rasa; only errors are told."""
    import sanic.app  # noqa: F401  (it switches warnings of deprecation on while it is imported)

    warnings.simplefilter("ignore")
    from rasa.utils.log_utils import configure_structlog
    from rasa.utils.tensorflow.environment import setup_tf_environment

    configure_structlog(logging.ERROR)
    logging.getLogger().setLevel(logging.ERROR)
    setup_tf_environment()
    warnings.simplefilter("ignore")  # Rasa has set filters of its own
