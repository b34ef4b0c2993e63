"""What an alarm remembers of the messages that it sent ahead: a hint, and a bounded one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Ahead(Generic[_T]):
    """A message that comes at ``due`` (seconds since 1970), and what takes it back."""

    due: float
    receipt: _T


class Armed(Generic[_T]):
    """Event ids with their messages, the oldest forgotten first.

    What is forgotten can still come: the runtime then finds that it is stale, or early.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._found: OrderedDict[str, Ahead[_T]] = OrderedDict()

    def still(self, event_id: str, *, now: float) -> Ahead[_T] | None:
        """Give the message of an event whose time has not come; one that came is forgotten."""
        found = self._found.get(event_id)
        if found is not None and found.due <= now:
            del self._found[event_id]
            return None
        return found

    def keep(self, event_id: str, ahead: Ahead[_T]) -> None:
        """Remember a message, in place of an earlier one of the same event."""
        self._found[event_id] = ahead
        self._found.move_to_end(event_id)
        while len(self._found) > self._most:
            self._found.popitem(last=False)

    def drop(self, event_id: str) -> Ahead[_T] | None:
        """Forget an event, and give what was remembered of it."""
        return self._found.pop(event_id, None)
