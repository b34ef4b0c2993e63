"""A store whose bodies are sealed: records, side objects and what services remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from xorca.errors import RecordTooLarge
from xorca.ports import Page, Query, Room, Store, Stored, Summary
from xorca.providers.closing import Closing
from xorca.sealing.seal import Seal

S = TypeVar("S", bound=Store)

_BESIDE = ("alarm", "channel", "lease", "path")


def sealed(store: S, seal: Seal) -> S:
    """Seal every body of a store; give what is used in its place.

    What is not sealed so, or was changed, raises RecordError and is left as it is. Channel,
    alarm and leases are those of the store itself; the events in them are not sealed.

    Args:
        store: Any Store; the sealed one has what it has, but for methods of its own.
        seal: An HmacSeal, an AesGcmSeal, or one of your own.
    """
    # To a type checker it is the store: it has the same attributes, though not the class.
    return cast("S", SealedStore(store, seal))


class SealedStore(Closing):
    """A Store that closes bodies on their way into another one, and opens them on theirs out."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store, self._seal = store, seal
        self.limit = store.limit - seal.overhead
        for name in _BESIDE:  # by themselves, so that a runtime-checkable protocol sees them
            if hasattr(store, name):
                setattr(self, name, getattr(store, name))

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none.

        Raises:
            RecordError: it is not what was saved under this key with a known one of ours.
        """
        stored = await self._store.load(key)
        return None if stored is None else Stored(self._seal.open(key, stored.body), stored.tag)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        if len(body) > self.limit:
            raise RecordTooLarge(
                f"the body of {key!r} has {len(body)} bytes and this store takes {self.limit},"
                f" its seal left out; keep large data elsewhere and put its address into the record"
            )
        closed = self._seal.close(key, bytes(body))
        return await self._store.save(key, closed, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``."""
        return await self._store.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        await self._store.delete(key, expect=expect)

    async def close(self) -> None:
        """Close the store; the next use opens it again."""
        if isinstance(self._store, Room):
            await self._store.close()

    def __repr__(self) -> str:
        return f"<{self._seal!r} over {self._store!r}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Give what else the store has, but no method: it might pass the seal by."""
            if name.startswith("_"):
                raise AttributeError(name)
            found = getattr(self._store, name)
            if callable(found):
                raise AttributeError(
                    f"{name!r} is a method of {type(self._store).__name__} that no sealed store"
                    " has; call it on the store itself"
                )
            return found
