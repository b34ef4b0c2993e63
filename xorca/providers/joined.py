"""``JoinedStore``: a store, and a channel and an alarm that are of another make."""

from __future__ import annotations

from xorca.ports import Alarm, Page, Query, Room, Store, Stored, Summary
from xorca.providers.channel import Channel
from xorca.providers.closing import Closing


class JoinedStore(Closing):
    """What a LocalWorker runs on: records in one place, events and deadlines in others.

    ::

        channel = SqsChannel({"sale": "sale-queue"}, bus=EventBridgeBus())
        store = JoinedStore(S3Store("records"), channel=channel, alarm=channel.alarm)

    Closing closes all three.

    Args:
        store: Where records are kept.
        channel: What carries events, and is read from.
        alarm: What brings deadlines to the channel.
    """

    def __init__(self, store: Store, *, channel: Channel, alarm: Alarm) -> None:
        self.store, self.channel, self.alarm = store, channel, alarm

    @property
    def limit(self) -> int:
        """Give the largest body in bytes."""
        return self.store.limit

    async def load(self, key: str) -> Stored | None:
        """Read the newest body."""
        return await self.store.load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``."""
        return await self.store.save(key, body, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order."""
        return await self.store.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove a body."""
        await self.store.delete(key, expect=expect)

    async def close(self) -> None:
        """Close the store, the channel and the alarm; they open again on use."""
        parts: tuple[object, ...] = (self.store, self.channel, self.alarm)
        for part in parts:
            if isinstance(part, Room):
                await part.close()
