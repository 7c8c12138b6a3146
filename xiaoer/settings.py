"""Every setting of the project: environment variable, default, help. Program, `make doctor`, docs and a test read this."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xiaoer.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
_VAR = "$XIAOER_VAR"


@dataclass(frozen=True)
class Setting:
    """default: $XIAOER_VAR in it stands for that folder."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting(
        "XIAOER_VAR",
        "var",
        "folder of everything made while running: keys, databases, logs, drafts (a relative path is one of the checkout)",
    ),
    Setting("POLICY_DATABASE_URL", f"sqlite:///{_VAR}/policy.db", "SQLAlchemy URL of the policy database"),
    Setting("XIAOER_QUERY_TIMEOUT", "3", "seconds a question to the policy database may take before the failure reply"),
    Setting("XIAOER_KNOWLEDGE", str(ROOT / "knowledge"), "folder of the knowledge articles"),
    Setting("XIAOER_TODAY", "", "fix today's date (YYYY-MM-DD, Asia/Shanghai) for a demonstration or a test"),
    Setting("XIAOER_STAFF_HOURS", "9:00-21:00", "when people answer what was handed to them, every day, Asia/Shanghai"),
    Setting(
        "XIAOER_CONVERSATIONS",
        f"sqlite:///{_VAR}/conversations.db",
        "where conversations are kept: an SQLAlchemy URL (sqlite:///… or postgresql://…), or memory (gone at a restart)",
    ),
    Setting(
        "XIAOER_CONVERSATIONS_DAYS", "90", "days that a conversation stays in the database after the last word in it"
    ),
    Setting(
        "XIAOER_CONVERSATIONS_KEPT",
        "10000",
        "how many conversations XIAOER_CONVERSATIONS=memory keeps; those not heard of longest are forgotten",
    ),
    Setting(
        "XIAOER_LOCKS",
        "memory",
        "where messages of one conversation wait for each other: memory (one server) or redis://host:port/db",
    ),
    Setting("PORT", "5005", "port of the Rasa server"),
    Setting("ACTION_PORT", "5055", "port of the action server (loopback only)"),
    # The widget's channel (bot/channel, docs/security.md)
    Setting(
        "XIAOER_DEMO", "", "1 = demo shop pages and demo tokens, with keys made in XIAOER_VAR; never in production"
    ),
    Setting("XIAOER_JWT_ALGORITHM", "HS256", "the one algorithm tokens may be signed with: HS256, RS256 or ES256"),
    Setting("XIAOER_JWT_KEY", "", "secret (HS256, 32 bytes or more) or public key (PEM) that tokens are checked with"),
    Setting("XIAOER_JWT_KEY_FILE", "", "file with that key; used when XIAOER_JWT_KEY is not set"),
    Setting("XIAOER_JWT_AUDIENCE", "xiaoer", "`aud` that a token must carry"),
    Setting(
        "XIAOER_SESSION_KEY",
        "",
        "secret behind the ids of conversations, visitors and buttons; made in XIAOER_VAR when not set",
    ),
    Setting("XIAOER_ORIGINS", "*", "origins of the pages that may embed the widget, comma-separated; * = any"),
    Setting(
        "XIAOER_PROXIES", "0", "how many reverse proxies of yours stand in front (whose X-Forwarded-For is believed)"
    ),
    Setting("XIAOER_MESSAGE_LENGTH", "2000", "characters a message may have"),
    Setting("XIAOER_BODY_BYTES", "65536", "bytes that one request or one socket packet may have"),
    Setting("XIAOER_MESSAGES_A_MINUTE", "30", "messages a minute that one account or visitor may send"),
    Setting("XIAOER_ADDRESS_MESSAGES_A_MINUTE", "300", "messages a minute that may come from one network address"),
    Setting("XIAOER_CONNECTIONS_AN_ADDRESS", "50", "sockets that may be open from one network address"),
    Setting("XIAOER_TURN_TIMEOUT", "15", "seconds a turn may take before it is answered with turn_timeout"),
    Setting("XIAOER_LIMITS_STORAGE", "memory://", "where the limiter counts: memory:// or redis://host:port"),
    Setting(
        "XIAOER_UNANSWERED_DAYS", "90", "days that questions without an answer are kept for `xiaoer report`; 0 = none"
    ),
    Setting("XIAOER_UNANSWERED_ROWS", "20000", "how many questions without an answer are kept; the oldest go first"),
    Setting("XIAOER_LOG", "json", "form of the Rasa server's log lines: json or text"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def get(name: str) -> str:
    """The value in force: the environment's, or the default (an empty variable counts as unset)."""
    given = os.environ.get(name)
    if given:
        return given
    default = _BY_NAME[name].default
    return default.replace(_VAR, str(var())) if _VAR in default else default


def var(*below: str) -> Path:
    """A place below XIAOER_VAR, whether there is anything or not (`private_folder` makes it)."""
    return ROOT.joinpath(Path(get("XIAOER_VAR")).expanduser(), *below)


def seconds(name: str) -> float:
    """A positive number of seconds."""
    return _number(name, "a positive number of seconds", 0.0, 3600.0)


def whole(name: str, at_least: int = 1, at_most: int = 10_000_000) -> int:
    """A whole number within its limits."""
    value = get(name)
    if not (value.isascii() and value.isdigit()) or not at_least <= int(value) <= at_most:
        raise SettingError(name, value, f"a whole number from {at_least} to {at_most}")
    return int(value)


def flag(name: str) -> bool:
    """On (1, true, yes) or off (nothing, 0, false, no)."""
    value = get(name).lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no"):
        raise SettingError(name, value, "1 or 0")
    return value in ("1", "true", "yes")


def choice(name: str, *allowed: str) -> str:
    """One of a few words."""
    value = get(name)
    if value not in allowed:
        raise SettingError(name, value, " or ".join(allowed))
    return value


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


def table() -> str:
    """The settings as the Markdown table of docs/settings.md (defaults inside the checkout are shown relative to it)."""
    rows = ["| variable | default | what it sets |", "|---|---|---|"]
    for setting in SETTINGS:
        default = setting.default.replace(f"{ROOT}/", "")
        rows.append(f"| `{setting.name}` | {f'`{default}`' if default else '–'} | {setting.help} |")
    return "\n".join(rows)


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
