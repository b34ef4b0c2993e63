"""``ServiceBusAlarm``: deadlines as scheduled messages of Azure Service Bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar, Unpack

from xorca.errors import Unavailable
from xorca.events import Event
from xorca.ports import Clock
from xorca.providers.arguments import epoch_seconds
from xorca.providers.azure.armed import Ahead, Armed
from xorca.providers.azure.faults import AzureRefused
from xorca.providers.azure.patience import NotTaken, Patience, TryLater
from xorca.providers.azure.servicebus_entity import ServiceBusEntity, ServiceBusOptions
from xorca.providers.azure.servicebus_faults import NotThere
from xorca.providers.azure.servicebus_messages import wake_up_of
from xorca.providers.clock import SystemClock
from xorca.providers.closing import Closing

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusSender

_T = TypeVar("_T")
_SAME = 1.0
"""Two times that differ by less are the same, in seconds."""


class ServiceBusAlarm(Closing):
    """Deliver events later, into the queue that the orchestrator's trigger reads.

    ``cancel`` works for what this object set itself, for the last 10,000 of them; what comes
    all the same is stale, and does nothing.

    Args:
        entity: The name of the queue or topic; it must be there.
        sessions: As of ``ServiceBusBus``.
        clock: The time; the wall clock by default.
        patience: How often a request is tried.
        options: How to reach the namespace; see ``ServiceBusOptions``.

    Raises:
        ConfigurationError: a part does not fit.
    """

    def __init__(
        self,
        entity: str,
        *,
        sessions: bool = False,
        clock: Clock | None = None,
        patience: Patience | None = None,
        **options: Unpack[ServiceBusOptions],
    ) -> None:
        self._entity, self._sessions = ServiceBusEntity(entity, **options), sessions
        self.shown = self._entity.shown
        self._clock, self._patience = clock or SystemClock(), patience or Patience()
        self._armed: Armed[int] = Armed()

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``; one that still waits stays as it is.

        Raises:
            Unavailable: it may not be set.
            AzureRefused: it is not; the text says why.
        """
        at = epoch_seconds(due)
        known = self._armed.still(event.id, now=self._clock.now().timestamp())
        # The new one first: between the two there is always one, should this end here.
        ahead = Ahead(at, await self._schedule(event, at))
        if known is not None and await self._take_back(known) and known.due < at - _SAME:
            # It still waited, for the earlier time: that time stands.
            ahead, later = Ahead(known.due, await self._schedule(event, known.due)), ahead
            await self._take_back(later)
        self._armed.keep(event.id, ahead)

    async def cancel(self, event_id: str) -> None:
        """Take a message back, if this object sent it and it did not come yet."""
        known = self._armed.drop(event_id)
        if known is not None:
            await self._take_back(known)

    async def close(self) -> None:
        """Close the connection; what is set stays set."""
        await self._entity.close()

    async def _schedule(self, event: Event, at: float) -> int:
        async def ask(sender: ServiceBusSender) -> int:
            message = wake_up_of(event, sessions=self._sessions)
            (number,) = await sender.schedule_messages(message, datetime.fromtimestamp(at, UTC))
            return number

        return await self._insist(ask)

    async def _take_back(self, ahead: Ahead[int]) -> bool:
        """Take a scheduled message back; tell whether it still waited."""

        async def ask(sender: ServiceBusSender) -> None:
            await sender.cancel_scheduled_messages(ahead.receipt)

        try:
            await self._insist(ask)
        except NotThere:
            return False
        return True

    async def _insist(self, work: Callable[[ServiceBusSender], Awaitable[_T]]) -> _T:
        try:
            attempt = partial(self._entity.use, work)
            return await self._patience.insist(attempt, until=self._patience.until())
        except NotThere:
            raise
        except NotTaken as exc:
            raise AzureRefused(str(exc)) from exc
        except TryLater as exc:
            raise Unavailable(str(exc)) from exc
