"""Taking, renewing and giving back the leases of blobs; every request is safe to send twice."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from xorca.errors import Conflict, LeaseLost, Unavailable
from xorca.providers.azure.blob_asking import patiently
from xorca.providers.azure.faults import Gone, LeaseRefused

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobLeaseClient

    from xorca.providers.azure.blob_opening import Opened
    from xorca.providers.azure.clients import Container


class LeasedBlobs:
    """The leases of the blobs of one container, by the names of the blobs."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def acquire(self, name: str, lease_id: str, ttl: float) -> bool | None:
        """Take a lease; False if somebody has it, None if there is no such blob."""
        seconds = -1 if math.isinf(ttl) else int(ttl)
        try:
            await self._ask(name, lease_id, lambda lease: lease.acquire(lease_duration=seconds))
        except Gone:
            return None
        except LeaseRefused:
            return False
        except Unavailable:
            # It may have been granted, and would keep everybody away until its time is over.
            with suppress(Unavailable):
                await asyncio.shield(self.release(name, lease_id))
            raise
        return True

    async def renew(self, name: str, lease_id: str) -> bool:
        """Begin its time anew; False if it is not ours any more."""
        try:
            await self._ask(name, lease_id, lambda lease: lease.renew())
        except (Gone, LeaseRefused, LeaseLost, Conflict):
            return False
        return True

    async def release(self, name: str, lease_id: str) -> None:
        """Give a lease back, if it is ours."""
        with suppress(Gone, LeaseRefused, LeaseLost, Conflict):
            await self._ask(name, lease_id, lambda lease: lease.release())

    async def end(self, name: str) -> None:
        """Break whatever lease there is."""
        with suppress(Gone, LeaseRefused):
            await self._ask(name, None, lambda lease: lease.break_lease(lease_break_period=0))

    async def create(self, name: str) -> None:
        """Make an empty blob, if there is none."""
        from azure.core import MatchConditions

        async def write(opened: Opened) -> None:
            condition = MatchConditions.IfMissing
            await opened.blob(name).upload_blob(b"", overwrite=True, match_condition=condition)

        with suppress(Conflict):
            await patiently(self._container, write, key=name)

    async def remove(self, name: str, lease_id: str) -> None:
        """Remove a blob, if its lease is ours."""

        async def delete(opened: Opened) -> None:
            await opened.blob(name).delete_blob(lease=lease_id)

        with suppress(Gone, LeaseRefused, LeaseLost, Conflict):
            await patiently(self._container, delete, key=name)

    async def _ask(
        self, name: str, lease_id: str | None, call: Callable[[BlobLeaseClient], Awaitable[object]]
    ) -> None:
        async def ask(opened: Opened) -> None:
            from azure.storage.blob.aio import BlobLeaseClient

            await call(BlobLeaseClient(opened.blob(name), lease_id))

        await patiently(self._container, ask, key=name)
