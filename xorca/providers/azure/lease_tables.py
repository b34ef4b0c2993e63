"""Which blob a lease is on: one of its own, or that of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from xorca.errors import PortError
from xorca.providers.azure.lease_blobs import LeasedBlobs

if TYPE_CHECKING:
    from xorca.providers.azure.blob_names import Names
    from xorca.providers.azure.clients import Container
    from xorca.providers.azure.lease_fences import Fence, Fences


class LockBlobs:
    """Leases on small blobs of their own, which come and go with them."""

    def __init__(self, container: Container, names: Names) -> None:
        self.container = container
        self._blobs, self._names = LeasedBlobs(container), names

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        name, lease_id = self._names.of_lease(key), id_of(owner)
        taken = await self._blobs.acquire(name, lease_id, ttl)
        if taken is None:
            await self._blobs.create(name)
            taken = await self._blobs.acquire(name, lease_id, ttl)
        return bool(taken)  # None: it was given back, and removed, this very moment

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        return await self._blobs.renew(self._names.of_lease(key), id_of(owner))

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it, and remove its blob."""
        await self._blobs.remove(self._names.of_lease(key), id_of(owner))

    async def break_lease(self, key: str) -> None:
        """Take the lease away from whoever has it."""
        await self._blobs.end(self._names.of_lease(key))


class RecordBlobs:
    """Leases on the blobs of records, or on ones of their own where there is no record."""

    def __init__(self, container: Container, names: Names, fences: Fences) -> None:
        self.container = container
        self._blobs, self._names, self._fences = LeasedBlobs(container), names, fences
        self._locks = LockBlobs(container, names)
        self._on_record: dict[str, Fence | None] = {}

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        name, taken = self._names.of_record(key), None
        if name is not None:
            # Who is cancelled meanwhile does not hear that it was granted, and gives it back.
            self._on_record[owner] = None
            try:
                taken = await self._blobs.acquire(name, id_of(owner), ttl)
            except PortError:
                del self._on_record[owner]
                raise
            if taken:
                self._on_record[owner] = self._fences.add(key, id_of(owner))
                return True
            del self._on_record[owner]
        return await self._locks.take(key, owner, ttl) if taken is None else False

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        if owner not in self._on_record:
            return await self._locks.renew(key, owner, ttl)
        return await self._blobs.renew(self._names.of(key), id_of(owner))

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it."""
        if owner not in self._on_record:
            await self._locks.release(key, owner)
            return
        fence = self._on_record.pop(owner)
        if fence is not None:
            self._fences.remove(fence)
        await self._blobs.release(self._names.of(key), id_of(owner))

    async def break_lease(self, key: str) -> None:
        """Take the lease away from whoever has it."""
        name = self._names.of_record(key)
        if name is not None:
            await self._blobs.end(name)
        await self._locks.break_lease(key)


def id_of(owner: str) -> str:
    """Give the lease id of an owner: Azure takes UUIDs, and takes the same one twice."""
    return str(UUID(hex=owner.zfill(32)))
