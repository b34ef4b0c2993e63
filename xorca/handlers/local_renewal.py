"""Keep what is being worked on hidden from other workers, however long it takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from xorca.providers.channel import Channel, Delivery
from xorca.telemetry.lines import say

_SHARE = 3
"""How often deliveries are renewed before they would be seen again."""


class Renewal:
    """Hides deliveries of one group anew, three times in every ``visibility`` seconds.

    So visibility may be far shorter than the work, and what a killed worker had taken comes
    again soon.
    """

    def __init__(self, channel: Channel, group: str, *, visibility: float) -> None:
        self._channel, self._group, self._visibility = channel, group, visibility
        self._held: dict[int, Sequence[Delivery]] = {}

    @contextmanager
    def of(self, deliveries: Sequence[Delivery]) -> Generator[None]:
        """Renew these deliveries for the block."""
        self._held[id(deliveries)] = deliveries
        try:
            yield
        finally:
            del self._held[id(deliveries)]

    async def keep(self) -> None:
        """Renew until cancelled; one that fails is tried again the sooner."""
        pause = self._visibility / _SHARE
        while True:
            await asyncio.sleep(pause)
            pause = self._visibility / _SHARE
            try:
                await self._renew()
            except Exception as exc:  # while somebody works, somebody must try to renew
                pause /= _SHARE
                message = f"{self._group}: cannot renew, others may begin as well"
                fields = {"group": self._group}
                say(logging.WARNING, "channel.renew", message, fields, error=exc)

    async def _renew(self) -> None:
        held = [delivery for batch in self._held.values() for delivery in batch]
        if held:
            await self._channel.extend(held, visibility=self._visibility)
