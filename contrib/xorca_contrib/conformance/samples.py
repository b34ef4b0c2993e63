"""What the contracts send and store."""

from __future__ import annotations

from xorca.events import Event
from xorca.ports import Summary

EVERY_BYTE = bytes(range(256))
LONGEST_KEY = "a0._-/" * 33 + "zz"
KEYS = ("a", "a-b", "a.b", "a/b", "a/b/c", "a_b", "ab", "a0/b", "x..y", "0")
BAD_KEYS = ("", "A", "a b", "ä", "a\n", "a\\b", "a\0", "a%2fb", LONGEST_KEY + "z")


def event(number: int, *, data: bytes | None = b'{"n":1}', type: str = "evt.t.x.success") -> Event:
    """Make an event whose id holds the number."""
    return Event(
        id=f"event-{number:06d}",
        source="/conformance",
        type=type,
        subject="books.summary/1.0.0/book 7/Ünï",
        time="2026-01-02T03:04:05.123456Z",
        data=data,
        datacontenttype="application/json",
        extensions={"causationid": "c-1", "sequence": 7, "sampled": True},
    )


def summary(
    *, name: str = "books", status: str = "live", due: float | None = None, pending: bool = False
) -> Summary:
    """Make a summary."""
    return Summary(
        subject=f"{name}/1.0.0/seven",
        name=name,
        version="1.0.0",
        status=status,
        state="fetching",
        revision=3,
        updated=1_800_000_000.25,
        due=due,
        pending=pending,
    )
