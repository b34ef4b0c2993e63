"""What the columns of records were when this process last saw them."""

from __future__ import annotations

from xorca.providers.local.record_sql import Indexed

_MOST = 10_000


class Known:
    """The columns beside a tag: while the tag stands, so do they."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, Indexed]] = {}

    def note(self, key: str, tag: int, indexed: Indexed) -> None:
        """Remember the columns; the oldest of too many are forgotten."""
        self._seen.pop(key, None)
        if len(self._seen) >= _MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = (tag, indexed)

    def get(self, key: str, tag: int) -> Indexed | None:
        """Give the columns that go with a tag, if they are remembered."""
        seen = self._seen.get(key)
        return seen[1] if seen is not None and seen[0] == tag else None
