"""Leases that Blob storage keeps: on blobs of their own, or on those of records."""

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Unpack

from xorca.errors import ConfigurationError
from xorca.ports import Held
from xorca.providers.azure.blob_names import Names
from xorca.providers.azure.clients import BlobOptions, Container
from xorca.providers.azure.lease_tables import LockBlobs, RecordBlobs
from xorca.providers.closing import Closing
from xorca.providers.leasing import hold

if TYPE_CHECKING:
    from xorca.providers.azure.blob import BlobStore

SHORTEST, LONGEST = 15.0, 60.0
LONGEST_PAUSE: Final = 1.0  # to ask is a request that is paid, and slows down whoever holds it
FOREVER: Final = math.inf


class BlobLease(Closing):
    """Leases of Azure Blob storage, given, renewed and taken away by the service.

    ``BlobLease("container")`` works alone: a lease is on a small blob of its own, below
    ``_leases/``, which is removed when it is given back. ``BlobLease(store)``, which is also
    ``store.lease``, holds the blob of the record itself: the writes of this store carry the
    lease, everybody else's are refused, and so are ours once it is lost. Where there is no
    record yet, a blob below ``_leases/`` is held in its place.

    Azure gives a lease for 15 to 60 seconds: a shorter ``ttl`` counts as 15, a longer one as
    60, renewed in the background all the same. ``ttl=math.inf`` is a lease that never runs
    out, not even with its holder; ``break_lease`` ends it.

    Args:
        place: The name of a container, or a BlobStore.
        prefix: What the names of the blobs begin with; a store has its own.
        options: Whose account it is, and who asks: see ``BlobOptions``.
    """

    def __init__(
        self, place: str | BlobStore, *, prefix: str = "", **options: Unpack[BlobOptions]
    ) -> None:
        if not isinstance(place, str):
            if prefix or options:
                raise ConfigurationError(
                    "a lease on a store has the account and the prefix of the store; give no other"
                )
            self._table: LockBlobs | RecordBlobs = place.leases
        else:
            self._table = LockBlobs(Container(place, **options), Names(prefix))

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, renewed in the background.

        Raises:
            LeaseHeld: somebody else holds it, also after ``wait`` seconds.
        """
        return hold(self._table, key, ttl=_of_azure(ttl), wait=wait, longest=LONGEST_PAUSE)

    async def break_lease(self, key: str) -> None:
        """Take a lease away from whoever has it; the next one gets it at once."""
        await self._table.break_lease(key)

    async def close(self) -> None:
        """Close the connections; what is held stays held until its time is over."""
        await self._table.container.close()


def _of_azure(ttl: float) -> float:
    """Give the nearest time that Azure gives a lease for; what is no time stays as it is."""
    if ttl == FOREVER or not ttl > 0:
        return ttl if ttl == ttl else 0.0  # noqa: PLR0124 - not a number
    return float(math.ceil(min(max(ttl, SHORTEST), LONGEST)))
