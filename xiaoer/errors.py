"""The project's errors, one tree, each with what was expected, what came and what to do.

XiaoerError
├── SettingError      a setting has a value that cannot be used
├── KnowledgeError    a file below knowledge/ cannot be read (names file and line)
├── NotReady          a part that is needed is missing (no model, no database); says which command mends it
├── StoreError        conversations could not be read or stored
└── DeskError         the policy database could not be used; nothing was changed
"""

from __future__ import annotations

import secrets


class XiaoerError(Exception):
    """Base of every error raised on purpose. `str(error)` is one or more plain sentences for a person."""


class SettingError(XiaoerError):
    """A setting (environment variable) cannot be used."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name}={value!r} cannot be used: expected {expected}. Change or unset {name}.")
        self.name = name


class KnowledgeError(XiaoerError):
    """A knowledge file is broken."""

    def __init__(self, path: str, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}: {problem}. {remedy}")
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy


class NotReady(XiaoerError):
    """Something that is needed is missing; the text names the command that mends it."""


class StoreError(XiaoerError):
    """Conversations could not be read or stored. Nothing of the turn was kept."""


class DeskError(XiaoerError):
    """The policy database could not be asked (down, slow, not migrated). Nothing was changed."""


def error_number() -> str:
    """A short number that the reply and the log share, so that staff find the one from the other."""
    return "E" + secrets.token_hex(3).upper()
