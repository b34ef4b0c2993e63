"""The clock on the wall."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The machine's time and the event loop's waiting."""

    def now(self) -> datetime:
        """Give the present as an aware datetime in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; a negative number only yields to the loop."""
        await asyncio.sleep(max(0.0, seconds))
