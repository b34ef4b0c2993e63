"""``StorageQueueAlarm``: deadlines as messages that nobody sees before their time."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeVar, Unpack

from xorca.events import Event
from xorca.ports import Clock
from xorca.providers.arguments import epoch_seconds
from xorca.providers.azure.armed import Ahead, Armed
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.queue import FOREVER
from xorca.providers.azure.queue_faults import Gone, insisted
from xorca.providers.azure.queue_messages import Encoding, check_encoding, text_of
from xorca.providers.azure.queue_service import QueueOptions, QueueService, check_queue_name
from xorca.providers.clock import SystemClock
from xorca.providers.closing import Closing

LONGEST: Final = 7 * 86_400
"""The longest that a queue hides a message, in seconds. What is due later comes then, is
judged to be early, and is set again for what is left."""

_Receipt = tuple[str, str]
_T = TypeVar("_T")


class StorageQueueAlarm(Closing):
    """Deliver events later, into the queue that the orchestrator's trigger reads.

    Whole seconds, rounded up: an event is never early by this. ``cancel`` works for what
    this object set itself, for the last 10,000 of them; what comes all the same is stale,
    and does nothing.

    Args:
        queue: The name of the queue; it must be there.
        encoding: As of ``StorageQueueBus``.
        clock: The time; the wall clock by default.
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
        clock: Clock | None = None,
        patience: Patience | None = None,
        **options: Unpack[QueueOptions],
    ) -> None:
        check_encoding(encoding)
        self.queue = check_queue_name(queue)
        self._encoding: Encoding = encoding
        self.shown = f"the storage queue {queue!r}"
        self._service = QueueService(**options)
        self._clock, self._patience = clock or SystemClock(), patience or Patience()
        self._armed: Armed[_Receipt] = Armed()

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``; one that still waits stays as it is.

        Raises:
            Unavailable: it may not be set.
            AzureRefused: it is not; the text says why.
        """
        at = epoch_seconds(due)
        now = self._clock.now().timestamp()
        known = self._armed.still(event.id, now=now)
        if known is not None and await self._is_there(event.id, known, now):
            return
        hidden = min(max(0, math.ceil(at - now)), LONGEST)
        receipt = await self._put(text_of(event, self._encoding, queue=self.queue), hidden)
        if hidden:
            self._armed.keep(event.id, Ahead(now + hidden, receipt))

    async def cancel(self, event_id: str) -> None:
        """Take a message back, if this object sent it and nobody took it yet."""
        known = self._armed.drop(event_id)
        if known is None:
            return
        name, receipt = known.receipt
        queue = self._service.queue(self.queue)
        with suppress(Gone):
            await self._insist(lambda: queue.delete_message(name, receipt))

    async def close(self) -> None:
        """Close the connections; what is set stays set."""
        await self._service.close()

    async def _put(self, text: str, hidden: int) -> _Receipt:
        queue = self._service.queue(self.queue)
        sent = await self._insist(
            lambda: queue.send_message(text, visibility_timeout=hidden, time_to_live=FOREVER)
        )
        return sent.id, sent.pop_receipt or ""

    async def _is_there(self, event_id: str, known: Ahead[_Receipt], now: float) -> bool:
        """Ask the queue: a clock that is ahead of ours may have delivered it already."""
        name, receipt = known.receipt
        queue, left = self._service.queue(self.queue), max(0, math.ceil(known.due - now))
        try:
            renewed = await self._insist(
                lambda: queue.update_message(name, receipt, visibility_timeout=left)
            )
        except Gone:
            self._armed.drop(event_id)
            return False
        self._armed.keep(event_id, Ahead(known.due, (name, renewed.pop_receipt or "")))
        return True

    async def _insist(self, request: Callable[[], Awaitable[_T]]) -> _T:
        return await insisted(self._patience, self.shown, request)
