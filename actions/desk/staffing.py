"""When people answer: the opening hours of XIAOER_STAFF_HOURS, every day, in Asia/Shanghai time. No words in here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from xiaoer import settings
from xiaoer.clock import local
from xiaoer.errors import SettingError

_SETTING = "XIAOER_STAFF_HOURS"
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """Minutes after midnight: open from `opens` until just before `closes`, which may be the next day's.

    >>> str(Hours(9 * 60, 21 * 60))
    '9:00-21:00'
    """

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{_clock(self.closes)}"

    @property
    def start(self) -> str:
        """When it opens: 9:00."""
        return _clock(self.opens)

    def holds(self, at: datetime) -> bool:
        """Whether people answer at that (aware) instant."""
        minute = local(at).hour * 60 + local(at).minute
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def next_start(self, at: datetime) -> datetime:
        """The first opening after that instant, in Asia/Shanghai time."""
        start = local(at).replace(hour=self.opens // 60, minute=self.opens % 60, second=0, microsecond=0)
        return start if start > local(at) else start + timedelta(days=1)


def hours() -> Hours:
    """The hours in force. Raises SettingError."""
    value = settings.get(_SETTING)
    found = _HOURS.fullmatch(value.strip())
    opens, closes = _minutes(found) if found else (0, 0)
    if opens == closes or closes > _DAY:
        raise SettingError(_SETTING, value, "hours such as 9:00-21:00, 20:00-2:00 or 0:00-24:00")
    return Hours(opens, closes)


def _minutes(found: re.Match[str]) -> tuple[int, int]:
    opens, opens_minute, closes, closes_minute = map(int, found.groups())
    return opens * 60 + opens_minute, closes * 60 + closes_minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
