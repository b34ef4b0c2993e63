"""A channel in memory, with the same receiving side as the durable ones."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import time

from xorca.dsl.names import matches
from xorca.events import Event
from xorca.providers import channel as shared
from xorca.providers.channel import Counts, DeadLetter, Delivery, Receipt, check_subscription
from xorca.providers.memory.alarm import MemoryAlarm
from xorca.providers.memory.queue import Entry, GroupQueue
from xorca.providers.patterns import Routes
from xorca.providers.waiting import Waiters


@dataclass(slots=True)
class _Kept:
    """An event while it is known: its key, and how many deliveries are not done."""

    event: Event
    key: str | None
    left: int = 0


class MemoryChannel:
    """Deliveries between the tasks of one process; ``now`` gives seconds since 1970."""

    def __init__(
        self,
        alarm: MemoryAlarm | None = None,
        *,
        now: Callable[[], float] = time,
        retention: float = shared.RETENTION,
        max_attempts: int = shared.MAX_ATTEMPTS,
    ) -> None:
        self._alarm = MemoryAlarm() if alarm is None else alarm
        self._alarm.woken = self.wake
        self._now, self._retention, self._max_attempts = now, retention, max_attempts
        self._queues: dict[str, GroupQueue] = {}
        self._routes = Routes(())
        self._kept: dict[int, _Kept] = {}
        self._known: set[str] = set()
        self._unwanted: dict[int, float] = {}
        self._finished: deque[tuple[float, str]] = deque()
        self._received: set[str] = set()
        self._waiters = Waiters()
        self._place = 0

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep the events, in order, for every group that wants them."""
        self._prune()
        for event in events:
            if event.key not in self._known:
                self._known.add(event.key)
                self._keep(event, event.key)
        self.wake()

    async def subscribe(self, group: str, patterns: Sequence[str]) -> None:
        """Add to what a group wants; events that no group wanted yet come to it too."""
        check_subscription(group, patterns)
        added = {(group, pattern) for pattern in patterns}
        self._routes = Routes({*self._routes.subscriptions, *added})
        queue = self._queues.setdefault(group, GroupQueue())
        for place in [*self._unwanted]:
            kept = self._kept[place]
            if any(matches(pattern, kept.event.type) for pattern in patterns):
                del self._unwanted[place]
                kept.left = 1
                queue.add(Entry(place, kept.event))
        self.wake()

    async def unsubscribe(self, group: str) -> None:
        """Forget a group together with everything that waits for it."""
        rest = [pair for pair in self._routes.subscriptions if pair[0] != group]
        self._routes = Routes(rest)
        for entry in self._queues.pop(group, GroupQueue()).entries():
            self._finish(entry.place)

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = shared.VISIBILITY
    ) -> list[Delivery]:
        """Take up to ``limit`` events, hidden from others for ``visibility`` seconds."""
        self._received.add(group)
        self._fire_timers()
        queue = self._queues.get(group)
        if queue is None:
            return []
        taken = queue.take(self._now(), limit=limit, max_attempts=self._max_attempts)
        return [self._deliver(group, queue, entry, visibility) for entry in taken]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Say that the work is done; the deliveries never come again."""
        for receipt in [Receipt.read(delivery.receipt) for delivery in deliveries]:
            queue = self._queues.get(receipt.group)
            if queue is not None and queue.remove(receipt.place):
                self._finish(receipt.place)

    async def nack(
        self, deliveries: Sequence[Delivery], *, delay: float = 0.0, cause: str = ""
    ) -> None:
        """Give deliveries back; they come again after ``delay`` seconds."""
        visible = self._now() + delay
        for queue, entry in self._still_held(deliveries):
            entry.cause = cause or entry.cause
            queue.give_back(entry, visible, max_attempts=self._max_attempts)
        self.wake()

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        """Hide deliveries that are still worked on for ``visibility`` seconds from now."""
        until = self._now() + visibility
        for queue, entry in self._still_held(deliveries):
            queue.extend(entry, until)

    async def wait(self, timeout: float, *, group: str = "") -> bool:
        """Wait until there may be something to receive; False after ``timeout`` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while (pause := self._next_visible(group) - self._now()) > 0:
            left = deadline - loop.time()
            if left <= 0:
                return False
            await self._waiters.pause(min(left, pause), since=self._waiters.wakes)
        return True

    async def counts(self, group: str = "") -> Counts:
        """Count the deliveries of one group, or of all."""
        queues = [queue for name, queue in self._queues.items() if group in ("", name)]
        tallies = [queue.tally(self._now()) for queue in queues]
        waiting, flying, dead = (sum(tally[i] for tally in tallies) for i in range(3))
        return Counts(waiting, flying, dead, self._alarm.pending)

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Give the oldest dead deliveries; they stay until they are revived."""
        return [letter for _, letter in sorted(self._dead(), key=lambda pair: pair[0])][:limit]

    async def revive(self, letters: Sequence[DeadLetter]) -> int:
        """Deliver dead letters anew; give how many were still there."""
        receipts = [Receipt.read(letter.receipt) for letter in letters]
        count = 0
        for receipt in receipts:
            queue = self._queues.get(receipt.group)
            count += queue is not None and queue.revive(receipt.place)
        self.wake()
        return count

    async def close(self) -> None:
        """Do nothing; what waits stays as long as this object."""

    def _still_held(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[GroupQueue, Entry]]:
        """Give what nobody else was given since."""
        for receipt in [Receipt.read(delivery.receipt) for delivery in deliveries]:
            queue = self._queues.get(receipt.group)
            entry = None if queue is None else queue.find(receipt.place, receipt.attempt)
            if queue is not None and entry is not None:
                yield queue, entry

    def _keep(self, event: Event, key: str | None) -> None:
        self._place += 1
        groups = self._routes.groups(event.type)
        self._kept[self._place] = _Kept(event, key, len(groups))
        if not groups:
            self._unwanted[self._place] = self._now()
        for group in groups:
            self._queues[group].add(Entry(self._place, event))

    def _deliver(self, group: str, queue: GroupQueue, entry: Entry, visibility: float) -> Delivery:
        queue.hide(entry, self._now() + visibility)
        return Delivery(
            entry.event, entry.attempts, str(Receipt(group, entry.place, entry.attempts))
        )

    def _fire_timers(self) -> None:
        for event in self._alarm.due(self._now()):
            self._keep(event, None)

    def _finish(self, place: int) -> None:
        kept = self._kept[place]
        kept.left -= 1
        if kept.left <= 0:
            del self._kept[place]
            if kept.key is not None:
                self._finished.append((self._now() + self._retention, kept.key))

    def _prune(self) -> None:
        now = self._now()
        while self._finished and self._finished[0][0] <= now:
            self._known.discard(self._finished.popleft()[1])
        for place, since in [*self._unwanted.items()]:
            if since + self._retention > now:
                return
            del self._unwanted[place]
            self._known.discard(self._kept.pop(place).key or "")

    def _next_visible(self, group: str) -> float:
        groups = [group] if group else sorted(self._received)
        times = [queue.next_visible() for name in groups if (queue := self._queues.get(name))]
        due = self._alarm.next_due()
        return min([*times, float("inf") if due is None else due])

    def _dead(self) -> Iterator[tuple[int, DeadLetter]]:
        for group, queue in self._queues.items():
            for entry in queue.dead():
                receipt = str(Receipt(group, entry.place, 0))
                yield (
                    entry.place,
                    DeadLetter(entry.event, group, entry.attempts, entry.cause, receipt),
                )

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._waiters.wake()
