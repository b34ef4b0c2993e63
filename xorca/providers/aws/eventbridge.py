"""``EventBridgeBus``: emitted events go to a bus of Amazon EventBridge."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack, cast

from xorca.errors import ConfigurationError, PayloadError
from xorca.events import Event
from xorca.providers.aws.arns import clients_at
from xorca.providers.aws.batch_bus import BatchBus
from xorca.providers.aws.entries import Entry, Rejected, check_size, wire_text
from xorca.providers.aws.faults import AwsRefused, not_aws
from xorca.providers.aws.retrying import once
from xorca.telemetry.lines import say

if TYPE_CHECKING:
    from types_aiobotocore_events.type_defs import PutEventsRequestEntryTypeDef

    from xorca.providers.aws.clients import AwsClients, AwsOptions

LIMIT: Final = 262_143
"""The most bytes of a request: less than 256 KB, which every region takes.

Newer texts of PutEvents say less than 1 MB; ``limit=`` is for those who may rely on it.
"""

_TIME: Final = 14
_LONGEST_TYPE: Final = 128
_NEVER: Final = {
    "AccessDeniedException": "allow events:PutEvents on the bus to the role that asks",
    "InvalidAccountIdException": "look at the account in the bus's ARN",
    "InvalidArgument": "look at its type and source",
    "MalformedDetail": "send integers beyond 64 bits as text, and less than 1,000 levels",
    "NotAuthorizedForDetailTypeException": "allow its type in the policy of the bus",
    "NotAuthorizedForSourceException": "allow its source in the policy; none begins with 'aws.'",
    "RedactionFailure": "look at what is redacted on the bus",
}


class EventBridgeBus(BatchBus):
    """Send events to a bus of Amazon EventBridge, whose rules send them on.

    Source is the event's source, DetailType its type, Detail the whole event as structured
    JSON. EventBridge keeps no order and writes the JSON anew: values stay, spaces do not.

    A bus that does not exist swallows events without a word, so that one with a name is
    looked up once (``events:DescribeEventBus``; where that is denied, it is trusted).

    Args:
        bus: The name or ARN of the bus.
        limit: The most bytes of a request, as EventBridge counts an entry.
        clients: Clients to share with other rooms.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.
    """

    def __init__(
        self,
        bus: str = "default",
        *,
        limit: int = LIMIT,
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        if not bus:
            raise ConfigurationError("an EventBridgeBus needs a bus: write its name or ARN")
        used = clients_at(bus, clients, options)
        shown = f"the event bus {bus!r}"
        super().__init__(shown, limit=limit, in_order=False, clients=used)
        self._bus, self._seen = bus, bus == "default"

    async def open(self) -> None:
        """Make the client ahead of its first use, as a function does while it starts."""
        await self._clients.client("events")
        await self._look()

    def entry_of(self, event: Event) -> Entry:
        """Give the entry of PutEvents.

        Raises:
            PayloadError: the event or its type is too long for EventBridge.
        """
        if len(event.type) > _LONGEST_TYPE:
            raise PayloadError(
                f"the type of the event {event.id!r} has {len(event.type)} characters and"
                f" EventBridge takes {_LONGEST_TYPE}; give it a shorter name"
            )
        text = wire_text(event)
        request: dict[str, object] = {
            "Source": event.source,
            "DetailType": event.type,
            "Detail": text,
            "EventBusName": self._bus,
        }
        moment = event.timestamp()
        if moment is not None:
            request["Time"] = moment
        size = len(text.encode()) + len(event.source.encode()) + len(event.type.encode())
        size += _TIME if moment is not None else 0
        check_size(event, size, limit=self.limit, shown=self.shown)
        return Entry(event, request, size)

    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send one request of PutEvents."""
        client = await self._clients.client("events")
        await self._look()
        sent = [cast("PutEventsRequestEntryTypeDef", entry.request) for entry in entries]
        answer = await client.put_events(Entries=sent)
        if "Entries" not in answer:
            raise not_aws(self.shown)
        # An answer that is short of entries leaves the rest untold, and so not taken.
        told: list[Any] = [*answer.get("Entries", ())]
        told += [{}] * (len(entries) - len(told))
        return {place: _rejected(one) for place, one in enumerate(told) if not one.get("EventId")}

    async def _look(self) -> None:
        """Make sure once that the bus is there.

        Raises:
            AwsRefused: it is not.
        """
        if self._seen:
            return
        client = await self._clients.client("events")
        try:
            await once(self.shown, lambda: client.describe_event_bus(Name=self._bus))
        except AwsRefused as exc:
            if exc.reason != "access":
                raise
            message = f"{self.shown} cannot be looked up, and is taken to be there"
            say(logging.WARNING, "bus.unseen", message, error=exc)
        self._seen = True


def _rejected(told: Mapping[str, Any]) -> Rejected:
    code = str(told.get("ErrorCode") or "it was neither taken nor refused")
    message = str(told.get("ErrorMessage") or "")
    cause = f"{code}: {message}" if message else code
    cure = _NEVER.get(code)
    return (
        Rejected(cause, again=True) if cure is None else Rejected(f"{cause}; {cure}", again=False)
    )
