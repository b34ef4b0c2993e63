"""Time that passes only when a test says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from xorca_contrib.testing.errors import XorcaTestError

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A Clock that stands still until it is moved; it begins at 2030-01-01T00:00:00Z.

    Moving it fires no deadline, as where an alarm is late: ``process.wait(...)`` moves it and
    fires what comes due on the way. ``began`` is where it began.
    """

    def __init__(self, start: datetime = BEGINNING) -> None:
        self.began = self._now = _aware(start)

    def now(self) -> datetime:
        """Give the present as an aware datetime in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, and give other tasks a turn."""
        self._now += timedelta(seconds=max(0.0, seconds))
        await asyncio.sleep(0)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move the clock on and give the new time.

        Raises:
            XorcaTestError: the step is negative; ``set`` can turn the clock back.
        """
        self._now += duration(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._now

    def set(self, moment: datetime) -> None:
        """Set the clock to an aware datetime, also to an earlier one.

        Raises:
            XorcaTestError: the datetime has no time zone.
        """
        self._now = _aware(moment)

    def __repr__(self) -> str:
        return f"<VirtualClock {self._now.isoformat()}>"


def duration(*, days: float, hours: float, minutes: float, seconds: float) -> timedelta:
    """Give a length of time.

    Raises:
        XorcaTestError: it is negative.
    """
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if length < timedelta(0):
        raise XorcaTestError(
            f"time cannot pass by {length}: give a length of 0 or more; to turn the clock back"
            " use virtual_clock.set(...)"
        )
    return length


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise XorcaTestError(
            f"{moment!r} has no time zone, so it is no moment: add tzinfo=UTC from datetime"
        )
    return moment.astimezone(UTC)
