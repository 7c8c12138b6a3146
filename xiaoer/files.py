"""Files and folders that are their owner's alone: what is made while running holds keys and what people said."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """Makes the folder and those above it that are missing, closed to others (0700); what is there stays as it is.

    Returns the folder. Raises OSError.
    """
    for each in reversed((folder, *folder.parents)):
        each.mkdir(mode=0o700, exist_ok=True)
    return folder


def private_file(file: Path) -> Path:
    """Makes an empty file, and its folder, where there is none, and closes it to others (0600). Raises OSError."""
    private_folder(file.parent)
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Not opened: closing an SQLite file takes the process's locks on it away.
        with suppress(PermissionError):  # somebody else's, who has let us use it
            file.chmod(0o600)
    return file
