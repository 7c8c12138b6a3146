"""Starts the Rasa server as `make chat` does: `python -m bot.engine --port 5005`. See `bot.engine.app`."""

from __future__ import annotations

import gc
import sys

from bot.engine.imports import without_tensorflow


def main() -> int:
    """Serves until it is stopped. Returns the exit code."""
    # Loading makes millions of objects that stay; looking through them for garbage while they come finds none and takes
    # a fifth of the start. The app switches it on again when everything is there.
    gc.disable()
    without_tensorflow()
    from bot.engine.app import main as serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
