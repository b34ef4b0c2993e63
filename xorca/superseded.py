"""A conflict that brings what is stored instead, and so spares whoever lost the next read."""

from __future__ import annotations

from xorca.errors import Conflict
from xorca.ports import Store, Stored


class Superseded(Conflict):
    """Somebody saved since this tag was read; ``found`` is what the store held under the key.

    It was read when the condition was judged, so that it is as fresh as a read after that by
    the same caller. It belongs to that caller alone: kept for another one it would be a cache.
    """

    def __init__(self, key: str, message: str, *, found: Stored, store: Store) -> None:
        super().__init__(message)
        self.key, self.found, self._store = key, found, store

    @classmethod
    def found_by(cls, store: Store, key: str, failure: Exception | None) -> Stored | None:
        """Give what a failed save found in this very store; None if it does not tell.

        A store that wraps another one opens, or counts, what it is given by it: what the inner
        one found is not what the outer one would have read.
        """
        if isinstance(failure, cls) and failure._store is store and failure.key == key:
            return failure.found
        return None
