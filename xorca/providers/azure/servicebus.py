"""``ServiceBusBus``: emitted events go to a queue or topic of Azure Service Bus."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Unpack

from xorca.errors import PayloadError
from xorca.events import Event
from xorca.providers.azure.patience import NotTaken, Patience
from xorca.providers.azure.publishing import Publisher
from xorca.providers.azure.servicebus_entity import ServiceBusEntity, ServiceBusOptions
from xorca.providers.azure.servicebus_messages import message_of, sessions_of
from xorca.providers.closing import Closing

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusSender

_MOST: Final = 500


class ServiceBusBus(Closing):
    """Send events to one queue or topic, each as a message of structured JSON, in batches.

    The message id is the event's id (a hash of one beyond 128 characters), so that a queue
    with duplicate detection drops what is sent twice. The application properties ``type``,
    ``source`` and ``subject`` are there for the filters of subscriptions. What is not known
    to be taken stays in the outbox of its process, and is sent again under the same id.

    Args:
        entity: The name of the queue or topic; it must be there.
        sessions: Give every message its subject as the session id, for queues that keep the
            order of each session.
        patience: How often a batch is tried.
        options: How to reach the namespace; see ``ServiceBusOptions``.

    Raises:
        ConfigurationError: a part does not fit.
    """

    def __init__(
        self,
        entity: str,
        *,
        sessions: bool = False,
        patience: Patience | None = None,
        **options: Unpack[ServiceBusOptions],
    ) -> None:
        self._entity, self._sessions = ServiceBusEntity(entity, **options), sessions
        self.shown = self._entity.shown
        self._patience = patience or Patience()
        self._publisher = Publisher(
            self.shown,
            self._bring,
            rows=sessions_of if sessions else _one_row,  # a batch belongs to one session
            at_once=1,
            patience=self._patience,
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events, in order; return when every one of them was taken.

        Raises:
            PublishFailed: some are not known to be; carries their ids.
        """
        await self._publisher.publish(events)

    async def close(self) -> None:
        """Close the connection; a closed bus opens again on use."""
        await self._entity.close()

    async def _bring(self, row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        waiting = deque(row)
        while waiting:
            next_ones = [waiting[place] for place in range(min(len(waiting), _MOST))]
            try:
                sent = await self._patience.insist(partial(self._send_some, next_ones), until=until)
            except NotTaken as exc:
                raise (_too_large(waiting[0], exc) if exc.too_large else exc) from exc
            for _ in range(sent):
                waiting.popleft()
            yield sent

    async def _send_some(self, events: Sequence[Event]) -> int:
        return await self._entity.use(partial(self._send, events))

    async def _send(self, events: Sequence[Event], sender: ServiceBusSender) -> int:
        """Send as many as a batch holds, or the first alone; give how many."""
        batch = await sender.create_message_batch()
        for event in events:
            try:
                message = message_of(event, sessions=self._sessions)
            except PayloadError:
                if len(batch):
                    break  # those before it go without it
                raise
            try:
                batch.add_message(message)
            except ValueError:  # it is full
                if len(batch):
                    break
                await sender.send_messages(message)
                return 1
        await sender.send_messages(batch)
        return len(batch)


def _one_row(events: Sequence[Event]) -> list[list[Event]]:
    return [list(events)] if events else []


def _too_large(event: Event, exc: NotTaken) -> NotTaken:
    size = len(event.to_json())
    return NotTaken(f"the event {event.id!r} ({event.type}) has {size:,} bytes: {exc}")
