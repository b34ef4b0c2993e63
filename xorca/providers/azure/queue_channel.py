"""``StorageQueueChannel``: what carries events between workers, over storage queues."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final, Unpack

from xorca.errors import ConfigurationError, InvalidEvent
from xorca.events import Event
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.publishing import Publisher
from xorca.providers.azure.queue_alarm import StorageQueueAlarm
from xorca.providers.azure.queue_box import QueueBox, Taken
from xorca.providers.azure.queue_groups import QueueGroups
from xorca.providers.azure.queue_messages import event_of, text_of
from xorca.providers.azure.queue_poison import SUFFIX, PoisonBox
from xorca.providers.azure.queue_receipts import Receipts, receipt_of
from xorca.providers.azure.queue_service import QueueOptions, QueueService
from xorca.providers.azure.queue_upkeep import Upkeep
from xorca.providers.channel import (
    MAX_ATTEMPTS,
    RETENTION,
    VISIBILITY,
    Counts,
    DeadLetter,
    Delivery,
    check_subscription,
)
from xorca.providers.closing import Closing
from xorca.providers.lanes import Lanes, lanes_of
from xorca.providers.waiting import Waiters

_PREFIX = re.compile(r"[a-z0-9](-?[a-z0-9]){0,32}")
_AT_ONCE: Final = 16
_FIRST_PAUSE: Final = 0.05


class StorageQueueChannel(Closing):
    """A queue for each group of workers; its patterns are the metadata of the queue.

    All channels of one prefix and account are one. A worker hears of a new group within
    five seconds; what nobody wanted waits for an hour. Not as the channels of one machine:
    an event that is published twice is delivered twice, times are whole seconds, and
    ``counts`` are about right, with hidden messages among those that wait.

    Args:
        prefix: What the names of the queues begin with: 1 to 33 of a-z, 0-9 and hyphens.
        poll: How often an idle worker looks, in seconds; every look is paid.
        max_attempts: How often a delivery is tried before it goes to ``<queue>-poison``.
        patience: How often a request is tried.
        options: How to reach the account; see ``QueueOptions``.

    Raises:
        ConfigurationError: a part does not fit.
    """

    def __init__(
        self,
        prefix: str,
        *,
        poll: float = 1.0,
        max_attempts: int = MAX_ATTEMPTS,
        patience: Patience | None = None,
        **options: Unpack[QueueOptions],
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(
                f"{prefix[:80]!r} begins no names of queues: write 1 to 33 characters of a-z 0-9"
                " and single hyphens"
            )
        if not (poll > 0 and max_attempts >= 1):
            raise ConfigurationError(
                f"poll={poll!r}, max_attempts={max_attempts!r}: a channel looks every so many"
                " seconds, and tries a delivery once at least"
            )
        self._poll, self._max_attempts = poll, max_attempts
        self._patience, self._service = patience or Patience(), QueueService(**options)
        self._groups = QueueGroups(self._service, prefix, self._patience)
        timers = self._box(f"{prefix}-timers")
        self._timers, self._spares = timers, self._box(f"{prefix}-spares")
        self._alarm = StorageQueueAlarm(timers.name, patience=self._patience, **options)
        self._upkeep = Upkeep(timers, self._spares, self._groups, self.publish)
        self._poisons: dict[str, PoisonBox] = {}
        self._empty: dict[str, int] = {}
        self._receipts, self._waiters, self._lanes = Receipts(), Waiters(), Lanes()
        self._publisher = Publisher(
            f"the channel {prefix!r}",
            self._bring,
            rows=lanes_of,
            at_once=_AT_ONCE,
            patience=self._patience,
        )

    @property
    def alarm(self) -> StorageQueueAlarm:
        """Give what brings deadlines into the channel."""
        return self._alarm

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep the events, in order, for every group that wants them.

        Raises:
            PublishFailed: some are not known to be kept; carries their ids.
        """
        await self._publisher.publish(events)
        self._waiters.wake()

    async def subscribe(self, group: str, patterns: Sequence[str]) -> None:
        """Add to what a group wants; events that no group wanted yet come to it too."""
        check_subscription(group, patterns)
        for box in (self._timers, self._spares):
            await self._groups.create(box.name)
        await self._groups.create(self._groups.queue_of(group) + SUFFIX)
        await self._groups.add(group, patterns)
        self._waiters.wake()

    async def unsubscribe(self, group: str) -> None:
        """Forget a group together with everything that waits for it."""
        await self._groups.remove(group)

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = VISIBILITY
    ) -> list[Delivery]:
        """Take up to ``limit`` events (32), hidden from others for ``visibility`` seconds."""
        await self._upkeep.turn()
        box = self._of(group)
        found: list[Delivery] = []
        for taken in await box.take(limit=max(1, limit), hidden=visibility):
            delivery = await self._deliver(group, box, taken)
            if delivery is not None:
                found.append(delivery)
        self._empty[group] = 0 if found else self._empty.get(group, 0) + 1
        return found

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Say that the work is done; what somebody else was given meanwhile stays his."""
        for delivery in deliveries:
            box = self._of(self._receipts.group_of(delivery))
            await box.drop(self._receipts.taken(delivery))
            self._receipts.forget(delivery)

    async def nack(
        self, deliveries: Sequence[Delivery], *, delay: float = 0.0, cause: str = ""
    ) -> None:
        """Give deliveries back; they come again after ``delay`` seconds, a whole number."""
        for delivery in deliveries:
            group, taken = self._receipts.group_of(delivery), self._receipts.taken(delivery)
            box = self._of(group)
            if delivery.attempts < self._max_attempts:
                await box.hide(taken, delay)
            elif (pop := await box.hide(taken, VISIBILITY)) is not None:  # it is still ours
                text = text_of(delivery.event, "base64", queue=box.name)
                dead = Taken(taken.id, text, delivery.attempts, pop)
                await self._poison(group).bury(dead, cause)
                await box.drop(dead)
            self._receipts.forget(delivery)
        self._waiters.wake()

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        """Hide deliveries that are still worked on for ``visibility`` seconds from now."""
        for delivery in deliveries:
            box = self._of(self._receipts.group_of(delivery))
            pop = await box.hide(self._receipts.taken(delivery), max(1.0, visibility))
            if pop is not None:
                self._receipts.renew(delivery, pop)

    async def wait(self, timeout: float, *, group: str = "") -> bool:
        """Wait until it is time to look again: the longer the less there was to be found."""
        looked = self._empty.get(group, 0) if group else min(self._empty.values(), default=0)
        pause = min(self._poll, _FIRST_PAUSE * 2.0 ** min(looked, 16))
        await self._waiters.pause(min(timeout, pause), since=self._waiters.wakes)
        return pause <= timeout

    async def counts(self, group: str = "") -> Counts:
        """Count the deliveries of one group, or of all; those being worked on wait, too."""
        groups = [group] if group else await self._known()
        waiting = dead = 0
        for name in groups:
            waiting += await self._of(name).count()
            dead += await self._poison(name).count()
        return Counts(waiting, 0, dead, await self._timers.count())

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Give the oldest dead deliveries, 32 of a group at most; they stay until revived."""
        found: list[DeadLetter] = []
        for group in await self._known():
            found += await self._poison(group).letters(limit)
        return found[:limit]

    async def revive(self, letters: Sequence[DeadLetter]) -> int:
        """Deliver dead letters anew; give how many were still there."""
        count = 0
        for group in dict.fromkeys(letter.group for letter in letters):
            for taken in await self._poison(group).take_back(letters):
                await self._of(group).put_surely(taken.text)
                await self._poison(group).drop(taken)
                count += 1
        self._waiters.wake()
        return count

    async def close(self) -> None:
        """Close the connections; what is in the queues stays."""
        await self._alarm.close()
        await self._service.close()

    def _box(self, name: str) -> QueueBox:
        return QueueBox(self._service, name, self._patience)

    def _of(self, group: str) -> QueueBox:
        return self._box(self._groups.queue_of(group))

    def _poison(self, group: str) -> PoisonBox:
        found = self._poisons.get(group)
        if found is None:
            box = self._box(self._groups.queue_of(group) + SUFFIX)
            found = self._poisons[group] = PoisonBox(group, box)
        return found

    async def _known(self) -> list[str]:
        routes = await self._groups.routes(fresh=True)
        return sorted({group for group, _ in routes.subscriptions if group})

    async def _deliver(self, group: str, box: QueueBox, taken: Taken) -> Delivery | None:
        """Give what was taken, unless it was tried too often or is no event."""
        cause = ""
        try:
            event = event_of(taken.text)
        except InvalidEvent as exc:
            cause = f"it is no event: {exc}"
        else:
            if taken.attempts <= self._max_attempts:
                return Delivery(event, taken.attempts, receipt_of(group, taken))
        await self._poison(group).bury(taken, cause)
        await box.drop(taken)
        return None

    async def _bring(self, row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        async with self._lanes.lock(row):
            for event in row:
                await self._patience.insist(partial(self._put, event), until=until)
                yield 1

    async def _put(self, event: Event) -> None:
        text = text_of(event, "base64", queue=self._spares.name)
        groups = await self._groups.wanting(event.type)
        if not groups:
            await self._spares.put(text, expires=round(RETENTION))
        for group in groups:
            await self._of(group).put(text)
