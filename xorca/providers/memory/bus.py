"""A bus that remembers."""

from __future__ import annotations

from collections.abc import Sequence

from xorca.events import Event


class MemoryBus:
    """Keep every published event in ``published``, in order, duplicates included."""

    def __init__(self) -> None:
        self.published: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        """Append the events."""
        self.published.extend(events)

    async def close(self) -> None:
        """Do nothing; what was published stays to be looked at."""
