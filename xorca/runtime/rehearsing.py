"""A store to try something out on: what is saved is read again, and never kept."""

from __future__ import annotations

from xorca.ports import Page, Query, Store, Stored, Summary


class Rehearsal:
    """A Store that reads from another, and keeps what is saved for as long as it lives.

    For one who works on it alone: the condition of a save always holds.
    """

    def __init__(self, store: Store) -> None:
        self.limit = store.limit
        self._store = store
        self._saved: dict[str, Stored] = {}

    async def load(self, key: str) -> Stored | None:
        """Read what was saved here, else what is stored."""
        return self._saved.get(key) or await self._store.load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save nothing; give a tag as if it were."""
        tag = f"rehearsal-{len(self._saved)}-{expect}"[:64]
        self._saved[key] = Stored(body, tag)
        return tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List what is stored."""
        return await self._store.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Delete nothing."""
