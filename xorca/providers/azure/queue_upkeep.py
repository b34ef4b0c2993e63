"""What the readers of a channel do beside reading: fire timers, and find late takers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from xorca.dsl.names import matches
from xorca.errors import InvalidEvent
from xorca.events import Event
from xorca.providers.azure.queue_box import MOST, QueueBox
from xorca.providers.azure.queue_groups import QueueGroups
from xorca.providers.azure.queue_messages import event_of
from xorca.telemetry.lines import say

_HIDDEN: Final = 10.0
_EVERY_TIMERS, _EVERY_SPARES = 1.0, 30.0


class Upkeep:
    """Done by whoever receives, each part once in a while."""

    def __init__(
        self,
        timers: QueueBox,
        spares: QueueBox,
        groups: QueueGroups,
        publish: Callable[[list[Event]], Awaitable[None]],
    ) -> None:
        self._timers, self._spares, self._groups = timers, spares, groups
        self._publish = publish
        self._timers_at = self._spares_at = float("-inf")
        self._known: tuple[tuple[str, str], ...] = ()

    async def turn(self) -> None:
        """Do what is due."""
        now = monotonic()
        if now >= self._timers_at:
            self._timers_at = now + _EVERY_TIMERS
            while await self._fire() == MOST:
                pass
        routes = await self._groups.routes()
        if routes.subscriptions != self._known or now >= self._spares_at:
            self._known, self._spares_at = routes.subscriptions, now + _EVERY_SPARES
            while await self._find_takers() == MOST:
                pass

    async def _fire(self) -> int:
        """Bring timers whose time has come to whoever wants them."""
        page = await self._timers.take(limit=MOST, hidden=_HIDDEN)
        for taken in page:
            event = _event_in(taken.text, self._timers.name)
            if event is not None:
                await self._publish([event])
            await self._timers.drop(taken)
        return len(page)

    async def _find_takers(self) -> int:
        """Bring what nobody wanted to those who want it by now; the rest is shown again soon."""
        page = await self._spares.take(limit=MOST, hidden=_HIDDEN)
        for taken in page:
            event = _event_in(taken.text, self._spares.name)
            if event is None or self._wanted(event):
                if event is not None:
                    await self._publish([event])
                await self._spares.drop(taken)
        return len(page)

    def _wanted(self, event: Event) -> bool:
        return any(matches(pattern, event.type) for _, pattern in self._known)


def _event_in(text: str, queue: str) -> Event | None:
    try:
        return event_of(text)
    except InvalidEvent as exc:
        message = f"{queue}: a message that is no event is dropped"
        say(logging.ERROR, "channel.foreign", message, {"queue": queue}, error=exc)
        return None
