"""A durable channel between the processes of one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import time

from xorca.errors import PayloadError, PublishFailed, Unavailable
from xorca.events import Event, read_event
from xorca.providers import channel as shared
from xorca.providers.arguments import sized_json
from xorca.providers.channel import Counts, DeadLetter, Delivery, Receipt, check_subscription
from xorca.providers.local import channel_operations as write
from xorca.providers.local.database import Database
from xorca.providers.local.receiving import NEXT_TIMER, NEXT_VISIBLE, Receive, Request, Taken
from xorca.providers.waiting import Waiters

_POLL = 0.1
"""How soon an event that another process published is seen, in seconds."""

_PRUNE, _PRUNE_STEP, _PRUNE_PAUSE = "", 200, 30.0
_NEVER = float("inf")
_COUNT = """SELECT count(*), coalesce(sum(visible IS NULL), 0),
coalesce(sum(taken = 1 AND visible > ?1), 0) FROM delivery WHERE ?2 IN ('', grp)"""
_DEAD = """SELECT d.grp, d.seq, d.attempts, d.cause, e.body FROM delivery d JOIN event e
ON e.seq = d.seq WHERE d.visible IS NULL ORDER BY d.seq LIMIT ?"""


class SqliteChannel:
    """Deliveries as rows: a killed worker loses nothing, for what it took comes again."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], float] = time,
        retention: float = shared.RETENTION,
        max_attempts: int = shared.MAX_ATTEMPTS,
    ) -> None:
        self._database, self._now = database, now
        self._retention, self._max_attempts = retention, max_attempts
        self._cache = write.RouteCache()
        self._received: set[str] = set()
        self._waiters = Waiters()
        self._prune_at = 0.0

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep the events, in order, for every group that wants them."""
        if not events:
            return
        try:
            rows = [write.Row(event.key, event.type, sized_json(event)) for event in events]
            await self._database.submit(write.Publish(rows, self._cache, now=self._now()))
        except (PayloadError, Unavailable) as error:
            failed = tuple(event.id for event in events)
            raise PublishFailed(f"{len(failed)} events not kept: {error}", failed=failed) from error
        self.wake()
        self._prune_sometimes()

    async def subscribe(self, group: str, patterns: Sequence[str]) -> None:
        """Add to what a group wants; events that no group wanted yet come to it too."""
        check_subscription(group, patterns)
        rows = await self._database.read("SELECT pattern FROM subscription WHERE grp = ?", (group,))
        missing = set(patterns) - {row[0] for row in rows}
        if missing:
            await self._database.submit(write.Subscribe(group, sorted(missing)))
            self.wake()

    async def unsubscribe(self, group: str) -> None:
        """Forget a group together with everything that waits for it."""
        await self._database.submit(write.Unsubscribe(group, now=self._now()))

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = shared.VISIBILITY
    ) -> list[Delivery]:
        """Take up to ``limit`` events, hidden from others for ``visibility`` seconds."""
        self._received.add(group)
        now = self._now()
        if await self._next_visible((group,)) > now:
            return []
        request = Request(group, max(1, limit), now, now + visibility, self._max_attempts)
        taken = await self._database.submit(Receive(request, self._cache))
        return [_delivery(group, item) for item in taken]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Say that the work is done; the deliveries never come again."""
        if deliveries:
            await self._database.submit(write.Ack(_receipts(deliveries), now=self._now()))

    async def nack(
        self, deliveries: Sequence[Delivery], *, delay: float = 0.0, cause: str = ""
    ) -> None:
        """Give deliveries back; they come again after ``delay`` seconds."""
        if deliveries:
            change = write.Nack(
                _receipts(deliveries),
                visible=self._now() + delay,
                cause=cause,
                max_attempts=self._max_attempts,
            )
            await self._database.submit(change)
            self.wake()

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        """Hide deliveries that are still worked on for ``visibility`` seconds from now."""
        if deliveries:
            until = self._now() + visibility
            await self._database.submit(write.Extend(_receipts(deliveries), until))

    async def wait(self, timeout: float, *, group: str = "") -> bool:
        """Wait until there may be something to receive; False after ``timeout`` seconds.

        A publish in this process is seen at once, one in another within 100 ms.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            wakes = self._waiters.wakes
            groups = (group,) if group else tuple(self._received)
            pause = await self._next_visible(groups) - self._now()
            left = deadline - loop.time()
            if pause <= 0 or left <= 0:
                return pause <= 0
            await self._waiters.pause(min(left, pause, _POLL), since=wakes)

    async def counts(self, group: str = "") -> Counts:
        """Count the deliveries of one group, or of all."""
        await self._database.write_hints()
        rows = await self._database.read(_COUNT, (self._now(), group))
        timers = await self._database.read("SELECT count(*) FROM timer")
        total, dead, flying = rows[0]
        return Counts(total - dead - flying, flying, dead, timers[0][0])

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Give the oldest dead deliveries; they stay until they are revived."""
        rows = await self._database.read(_DEAD, (limit,))
        return [
            DeadLetter(read_event(body), group, attempts, cause, str(Receipt(group, place, 0)))
            for group, place, attempts, cause, body in rows
        ]

    async def revive(self, letters: Sequence[DeadLetter]) -> int:
        """Deliver dead letters anew; give how many were still there."""
        count = await self._database.submit(write.Revive(_receipts(letters)))
        self.wake()
        return count

    async def close(self) -> None:
        """Close the file, for all that is kept in it."""
        await self._database.close()

    def wake(self) -> None:
        """Let everybody who waits in this process look again."""
        self._waiters.wake()

    async def _next_visible(self, groups: Sequence[str]) -> float:
        """Give the time of the next delivery or timer, 0 for a fresh one."""
        read = self._database.read
        found = [(await read(NEXT_VISIBLE, (group,)))[0][0] for group in groups]
        found += (await read(NEXT_TIMER))[0]
        return min((time for time in found if time is not None), default=_NEVER)

    def _prune_sometimes(self) -> None:
        now = self._now()
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_PAUSE
            step = write.Prune(now - self._retention, limit=_PRUNE_STEP)
            step.future = asyncio.get_running_loop().create_future()
            step.future.add_done_callback(self._pruned)
            self._database.later(_PRUNE, step)

    def _pruned(self, step: asyncio.Future[int]) -> None:
        """Go on soon if there is more; a step that failed is tried again in its time."""
        if not step.cancelled() and step.exception() is None and step.result() == _PRUNE_STEP:
            self._prune_at = 0.0


def _delivery(group: str, taken: Taken) -> Delivery:
    receipt = Receipt(group, taken.place, taken.attempts)
    return Delivery(read_event(taken.body), taken.attempts, str(receipt))


def _receipts(given: Sequence[Delivery | DeadLetter]) -> list[Receipt]:
    return [Receipt.read(item.receipt) for item in given]
