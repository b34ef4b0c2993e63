"""Events in lots that a service takes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xorca.events import Event

_BRACKETS, _COMMA = 2, 1


def lots_of(events: Sequence[Event], *, most_bytes: int, most: int) -> list[list[Event]]:
    """Give the events in lots, in order, each a JSON array of at most so many bytes.

    An event that is larger on its own stands alone, for the service to judge.
    """
    return list(_lots(events, most_bytes, most))


def array_of(lot: Sequence[Event]) -> bytes:
    """Give a lot as a JSON array of the very bytes of its events."""
    return b"[" + b",".join([event.to_json() for event in lot]) + b"]"


def halves(lot: Sequence[Event]) -> tuple[Sequence[Event], Sequence[Event]]:
    """Split a lot that is too large; one event is no two."""
    middle = len(lot) // 2
    return lot[:middle], lot[middle:]


def _lots(events: Sequence[Event], most_bytes: int, most: int) -> Iterator[list[Event]]:
    lot: list[Event] = []
    size = _BRACKETS
    for event in events:
        more = len(event.to_json()) + _COMMA
        if lot and (size + more > most_bytes or len(lot) >= most):
            yield lot
            lot, size = [], _BRACKETS
        lot.append(event)
        size += more
    if lot:
        yield lot
