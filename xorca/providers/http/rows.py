"""One publish: its rows of events, each sent in order, and what was not taken."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic

from xorca.errors import XorcaError
from xorca.events import Event
from xorca.providers.http.encoding import Message, Mode, halves, messages_of
from xorca.providers.http.retrying import Courier, NotTaken, TryLater
from xorca.telemetry.lines import say

_TOO_LARGE = 413
_TOO_LATE = "it was not tried: those before it took all the time that a publish may take"


class Rows:
    """Send rows of events; ``failed`` says of those that were not taken why, by their keys.

    ``until`` is the monotonic time after which nothing is tried again. Once something has
    failed, nothing is begun after it either, so that a taker who is silent does not hold
    whoever publishes for the time-outs of every row.
    """

    def __init__(
        self, courier: Courier, mode: Mode, turns: asyncio.Semaphore, until: float
    ) -> None:
        self.failed: dict[str, str] = {}
        self._mode: Mode = mode
        self._courier, self._turns, self._until = courier, turns, until

    async def run(self, row: Sequence[Event]) -> None:
        """Send one row; where one event is not taken, those behind it are not sent."""
        left = deque(row)
        try:
            waiting = deque(messages_of(row, self._mode))
            while waiting:
                await self._step(waiting, left)
        except (NotTaken, TryLater, XorcaError) as exc:
            self._fail(left, str(exc))
        except Exception as exc:  # of the signer, or of a client that was given
            what = type(exc).__name__
            say(logging.ERROR, "bus.failed", f"cannot send to {self._courier.shown}", error=exc)
            self._fail(left, f"{what} was raised while it was sent; the log says more")

    async def _step(self, waiting: deque[Message], left: deque[Event]) -> None:
        message = waiting.popleft()
        try:
            async with self._turns:
                if self.failed and monotonic() > self._until:
                    raise TryLater(_TOO_LATE)
                await self._courier.bring(message, until=self._until)
        except NotTaken as exc:
            parts = halves(message) if exc.status == _TOO_LARGE else ()
            if not parts:
                raise
            waiting.extendleft(reversed(parts))
            return
        for _ in message.events:
            left.popleft()

    def _fail(self, events: Iterable[Event], cause: str) -> None:
        for event in events:
            self.failed.setdefault(event.key, cause)
