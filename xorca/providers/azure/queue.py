"""``StorageQueueBus``: emitted events become messages of an Azure storage queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Unpack

from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.publishing import Publisher
from xorca.providers.azure.queue_faults import asked
from xorca.providers.azure.queue_messages import Encoding, check_encoding, text_of
from xorca.providers.azure.queue_service import QueueOptions, QueueService, check_queue_name
from xorca.providers.closing import Closing
from xorca.providers.lanes import Lanes, lanes_of

FOREVER = -1
_AT_ONCE = 16


class StorageQueueBus(Closing):
    """Send events as messages of one storage queue, each as structured JSON.

    One request an event: events of one subject one after the other, those of different
    subjects side by side. A queue keeps the order of what arrives, and promises nothing of
    the order in which it is taken. What is not known to be taken stays in the outbox of its
    process, and is sent again under the same id.

    Args:
        queue: The name of the queue; it must be there.
        encoding: ``base64``, which the host of Azure Functions expects unless its
            ``messageEncoding`` is ``none``; ``none`` sends JSON as it is.
        time_to_live: How long the queue keeps a message that nobody takes; None: for ever.
        patience: How often a request is tried.
        options: How to reach the account; see ``QueueOptions``.

    Raises:
        ConfigurationError: a part does not fit.
    """

    def __init__(
        self,
        queue: str,
        *,
        encoding: Encoding = "base64",
        time_to_live: timedelta | None = None,
        patience: Patience | None = None,
        **options: Unpack[QueueOptions],
    ) -> None:
        check_encoding(encoding)
        self.queue = check_queue_name(queue)
        self._encoding: Encoding = encoding
        self.shown = f"the storage queue {queue!r}"
        self._expires = _expiry(time_to_live)
        self._service = QueueService(**options)
        self._patience = patience or Patience()
        self._lanes = Lanes()
        self._publisher = Publisher(
            self.shown, self._bring, rows=lanes_of, at_once=_AT_ONCE, patience=self._patience
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events; return when every one of them was taken.

        Raises:
            PublishFailed: some are not known to be; carries their ids.
        """
        await self._publisher.publish(events)

    async def close(self) -> None:
        """Close the connections; a closed bus opens again on use."""
        await self._service.close()

    async def _bring(self, row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        async with self._lanes.lock(row):
            for event in row:
                text = text_of(event, self._encoding, queue=self.queue)
                await self._patience.insist(partial(self._put, text), until=until)
                yield 1

    async def _put(self, text: str) -> None:
        queue = self._service.queue(self.queue)
        await asked(self.shown, lambda: queue.send_message(text, time_to_live=self._expires))


def _expiry(time_to_live: timedelta | None) -> int:
    if time_to_live is None:
        return FOREVER
    if time_to_live < timedelta(seconds=1):
        raise ConfigurationError(
            f"time_to_live={time_to_live} drops every message: give a second or more, or None"
        )
    return round(time_to_live.total_seconds())
