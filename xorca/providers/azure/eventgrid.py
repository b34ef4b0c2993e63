"""``EventGridBus``: emitted events go to a topic of Azure Event Grid."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.azure.eventgrid_client import EventGridClient
from xorca.providers.azure.eventgrid_place import place_of
from xorca.providers.azure.lots import array_of, halves, lots_of
from xorca.providers.azure.patience import NotTaken, Patience
from xorca.providers.azure.publishing import Publisher
from xorca.providers.closing import Closing

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

MOST_BYTES: Final = 1_000_000
MOST_EVENTS: Final = 1_000
_MOST_ALONE: Final = 1_048_576
_CURE: Final = "at most: keep large data elsewhere and send its address"


class EventGridBus(Closing):
    """Send events to a topic in the CloudEvents schema, in batches of up to 1 MB.

    A batch is taken as a whole or not at all; events of several subjects share one. Event
    Grid keeps no order, and neither do we behind a batch that is refused. What is not known
    to be taken stays in the outbox of its process, and is sent again under the same id.

    Args:
        endpoint: ``https://<topic>.<region>-1.eventgrid.azure.net/api/events``; with
            ``topic`` the host of a namespace.
        key: An access key.
        sas: A SAS token made with a key; not for namespaces.
        credential: A credential of azure-identity. Without key, sas and credential: the
            managed identity, or whoever is signed in.
        topic: The name of a namespace topic.
        patience: How often a batch is tried.

    Raises:
        ConfigurationError: a part does not fit.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        key: str | None = None,
        sas: str | None = None,
        credential: AsyncTokenCredential | None = None,
        topic: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        given = [each for each in (key, sas, credential) if each is not None]
        if len(given) > 1 or (sas is not None and topic is not None):
            raise ConfigurationError(
                "EventGridBus takes one of key=, sas= and credential=, and no sas= for a topic"
                " of a namespace"
            )
        place = place_of(endpoint, topic)
        self.shown = place.shown
        self._client = EventGridClient(
            place,
            headers=_headers(key, sas, in_namespace=topic is not None),
            credential=credential,
            default=not given,
        )
        self._patience = patience or Patience()
        self._publisher = Publisher(
            self.shown,
            self._bring,
            rows=partial(lots_of, most_bytes=MOST_BYTES, most=MOST_EVENTS),
            at_once=1,
            patience=self._patience,
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events; return when every one of them was taken.

        Raises:
            PublishFailed: some are not known to be; carries their ids.
        """
        await self._publisher.publish(events)

    async def close(self) -> None:
        """Close the connections; a closed bus opens again on use."""
        await self._client.close()

    async def _bring(self, row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        """Send one lot; one that is too large in the service's eyes is halved."""
        waiting: deque[Sequence[Event]] = deque([row])
        while waiting:
            lot = waiting.popleft()
            try:
                await self._patience.insist(partial(self._send, lot), until=until)
            except NotTaken as exc:
                if not exc.too_large:
                    raise
                if len(lot) == 1:
                    raise _too_large(lot[0], exc) from exc
                waiting.extendleft(reversed(halves(lot)))
            else:
                yield len(lot)

    async def _send(self, lot: Sequence[Event]) -> None:
        body = array_of(lot)
        if len(body) > _MOST_ALONE:
            raise NotTaken(f"{self.shown} takes 1 MB {_CURE}", too_large=True)
        await self._client.send(body)


def _headers(key: str | None, sas: str | None, *, in_namespace: bool) -> dict[str, str]:
    if key is not None:
        return {"authorization": f"SharedAccessKey {key}"} if in_namespace else {"aeg-sas-key": key}
    return {} if sas is None else {"aeg-sas-token": sas}


def _too_large(event: Event, exc: NotTaken) -> NotTaken:
    size = len(event.to_json())
    return NotTaken(f"the event {event.id!r} ({event.type}) has {size:,} bytes: {exc}")
