"""What time it is: instants in UTC, days in Asia/Shanghai. XIAOER_TODAY fixes the day, the time of day runs on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone

from xiaoer import settings
from xiaoer.errors import SettingError

# China has had no daylight saving time since 1991, so a fixed offset is right and needs no tzdata on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware, in UTC; on the day of XIAOER_TODAY where that is set."""
    real = datetime.now(timezone.utc)
    fixed = settings.get("XIAOER_TODAY")
    if not fixed:
        return real
    try:
        day = date.fromisoformat(fixed)
    except ValueError:
        raise SettingError("XIAOER_TODAY", fixed, "a date such as 2026-11-23") from None
    return datetime.combine(day, real.astimezone(SHANGHAI).time(), SHANGHAI).astimezone(timezone.utc)


def today() -> date:
    """Today's date in Asia/Shanghai."""
    return local(now()).date()


@contextmanager
def on_day(day: str) -> Iterator[None]:
    """For as long as it lasts, today is that day (YYYY-MM-DD) in this process; "" leaves the clock as it is."""
    before = os.environ.get("XIAOER_TODAY")
    if day:
        os.environ["XIAOER_TODAY"] = day
    try:
        yield
    finally:
        if before is not None:
            os.environ["XIAOER_TODAY"] = before
        elif day:
            os.environ.pop("XIAOER_TODAY", None)


def local(instant: datetime) -> datetime:
    """An aware instant as Asia/Shanghai time."""
    return instant.astimezone(SHANGHAI)
