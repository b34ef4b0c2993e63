"""What the buses of AWS share: lanes of subjects, batches, and telling what failed."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from xorca.errors import ConfigurationError, PayloadError, PublishFailed
from xorca.events import Event
from xorca.providers.aws.entries import Entry, Rejected, lanes_apart, trains_of
from xorca.providers.aws.publishing import Publishing
from xorca.providers.closing import Closing
from xorca.providers.lanes import Lanes

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients

CONCURRENCY: Final = 8
"""How many requests of one bus are under way at once."""


class BatchBus(ABC, Closing):
    """A bus that sends ten events a request, and each subject in its order.

    Args:
        shown: The destination as people know it, such as "the queue 'orders'".
        limit: The most bytes of a request, and so of an event.
        in_order: Whether the service keeps the order in which it is sent to.
        clients: What it asks by, and whether to close them with the bus.
    """

    def __init__(
        self,
        shown: str,
        *,
        limit: int,
        in_order: bool,
        clients: tuple[AwsClients, bool],
    ) -> None:
        if not limit > 0:
            raise ConfigurationError(f"limit={limit!r} sends nothing: give a number of bytes")
        self.shown, self.limit = shown, limit
        self._in_order = in_order
        self._clients, self._is_owner = clients
        self._lanes = Lanes()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._turns = WeakKeyDictionary()

    @abstractmethod
    def entry_of(self, event: Event) -> Entry:
        """Give the entry of a request.

        Raises:
            PayloadError: the service does not take such an event.
        """

    @abstractmethod
    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send one request, once; give those that were not taken, by their place."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events; return when every one of them was taken.

        Raises:
            PublishFailed: some were not; carries their ids, and says why of the first.
        """
        turns = self._turns_of_this_loop()
        publishing = Publishing(self, limit=self.limit, in_order=self._in_order, turns=turns)
        entries = [self._entry(event) for event in events]
        trains = trains_of(lanes_apart(entries))
        running = (self._run(publishing, train) for train in trains)
        for result in await asyncio.gather(*running, return_exceptions=True):
            if result is not None:
                raise result
        if publishing.failed:
            raise self._failure(events, publishing.failed)

    async def close(self) -> None:
        """Close the connections that are the bus's own; a closed bus opens again on use."""
        if self._is_owner:
            await self._clients.close()

    def _entry(self, event: Event) -> Entry:
        try:
            return self.entry_of(event)
        except PayloadError as exc:
            return Entry(event, {}, 0, fault=str(exc))

    async def _run(self, publishing: Publishing, train: Sequence[Entry]) -> None:
        subjects = {entry.event.subject: entry.event for entry in train}
        async with AsyncExitStack() as stack:
            # In one order everywhere, so that no two trains wait for each other.
            for subject in sorted(filter(None, subjects)):
                await stack.enter_async_context(self._lanes.lock([subjects[subject]]))
            await publishing.run(train)

    def _failure(self, events: Sequence[Event], failed: Mapping[str, str]) -> PublishFailed:
        names = tuple(dict.fromkeys(event.id for event in events if event.key in failed))
        cause = next(iter(failed.values()))
        return PublishFailed(
            f"{self.shown} did not take {len(names)} of {len(events)} events, {names[0]!r} first:"
            f" {cause}",
            failed=names,
        )

    def _turns_of_this_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        found = self._turns.get(loop)
        if found is None:
            found = self._turns[loop] = asyncio.Semaphore(CONCURRENCY)
        return found
