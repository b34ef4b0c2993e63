"""The leases that go with writes, so that Azure refuses whoever lost his."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Fence:
    """A lease on the blob of a key; closed when it is given back."""

    fences: Fences
    key: str
    lease_id: str
    is_open: bool = True


_MINE: ContextVar[tuple[Fence, ...]] = ContextVar("xorca_blob_fences", default=())


class Fences:
    """What is leased of one store, by this process."""

    def __init__(self) -> None:
        self._newest: dict[str, Fence] = {}

    def carried(self, key: str) -> dict[str, str]:
        """Give what a write of a key carries: the lease of this task, else of this process.

        Two tasks may each think that the lease is theirs, where one of them stood still for
        too long. That one must not write by the lease of the other.
        """
        if not self._newest:
            return {}
        for fence in reversed(_MINE.get()):
            if fence.fences is self and fence.key == key and fence.is_open:
                return {"lease": fence.lease_id}
        newest = self._newest.get(key)
        return {} if newest is None else {"lease": newest.lease_id}

    def add(self, key: str, lease_id: str) -> Fence:
        """Let the writes of a key carry a lease from now on."""
        fence = self._newest[key] = Fence(self, key, lease_id)
        _MINE.set((*(each for each in _MINE.get() if each.is_open), fence))
        return fence

    def remove(self, fence: Fence) -> None:
        """Let the writes of a key go without this lease."""
        fence.is_open = False
        if self._newest.get(fence.key) is fence:
            del self._newest[fence.key]
