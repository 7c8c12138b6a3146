"""Every setting of the project: environment variable, default, help. Program, `make doctor`, docs and a test read this."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from xiaoer.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("POLICY_DATABASE_URL", f"sqlite:///{ROOT / 'var' / 'policy.db'}", "SQLAlchemy URL of the policy database"),
    Setting("XIAOER_QUERY_TIMEOUT", "3", "seconds a question to the policy database may take before the failure reply"),
    Setting("XIAOER_KNOWLEDGE", str(ROOT / "knowledge"), "folder of the knowledge articles"),
    Setting("XIAOER_TODAY", "", "fix today's date (YYYY-MM-DD, Asia/Shanghai) for a demonstration or a test"),
    Setting("PORT", "5005", "port of the Rasa server"),
    Setting("ACTION_PORT", "5055", "port of the action server (loopback only)"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def get(name: str) -> str:
    """The value in force: the environment's, or the default (an empty variable counts as unset)."""
    return os.environ.get(name) or _BY_NAME[name].default


def seconds(name: str) -> float:
    """A positive number of seconds."""
    return _number(name, "a positive number of seconds", 0.0, 3600.0)


def port(name: str) -> int:
    """A TCP port, 1 to 65535."""
    return int(_number(name, "a port from 1 to 65535", 0.0, 65535.0))


def _number(name: str, expected: str, above: float, at_most: float) -> float:
    value = get(name)
    try:
        number = float(value)
    except ValueError:
        raise SettingError(name, value, expected) from None
    if not above < number <= at_most:
        raise SettingError(name, value, expected)
    return number
