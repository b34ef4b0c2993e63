"""What the columns of records were when this process last saw them."""

from __future__ import annotations

from xorca.providers.local.record_sql import Indexed

_MOST = 10_000


class Known:
    """The columns beside a tag: while the tag stands, so do they."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int, Indexed]] = {}

    def note(self, key: str, tag: int, indexed: Indexed) -> str:
        """Remember the columns, and give the tag as text; of too many the oldest are forgotten."""
        seen, text = self._seen, str(tag)
        seen.pop(key, None)
        if len(seen) >= _MOST:
            del seen[next(iter(seen))]
        seen[key] = (text, tag, indexed)
        return text

    def get(self, key: str, text: str) -> tuple[int, Indexed] | None:
        """Give the tag and the columns that go with it, if they are remembered."""
        seen = self._seen.get(key)
        return seen[1:] if seen is not None and seen[0] == text else None
