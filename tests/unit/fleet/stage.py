"""Books: payloads, commands, and a clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from xorca.events import Event
from xorca.fleet import Fleet
from xorca.providers.memory import MemoryBus

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SUBJECT = "books.summary/1.0.0/book-7"
TRACE = {"traceparent": "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"}


@dataclass
class FetchBook:
    book_id: str


@dataclass
class BookFetched:
    text: str


@dataclass
class Failure:
    """What an orchestrator usually declares for errors and time-outs."""

    reason: str


class StillClock:
    """A clock that always says noon."""

    def now(self) -> datetime:
        return NOON

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a fleet does not sleep")


def make_fleet(**options: Any) -> tuple[Fleet, MemoryBus]:
    """Give a fleet with a bus that remembers."""
    bus = MemoryBus()
    return Fleet("/srvc/books", **{"bus": bus, "clock": StillClock(), **options}), bus


def command(name: str = "cmd.books.fetch", data: Any = None, **attributes: Any) -> Event:
    """Make a command as an orchestrator sends it."""
    fields: dict[str, Any] = {
        "id": "c-1",
        "source": "/xorca/books.summary/1.0.0",
        "subject": SUBJECT,
        "data": data
        if isinstance(data, bytes)
        else msgspec.json.encode({"book_id": "b-1"} if data is None else data),
        "datacontenttype": "application/json",
        "extensions": {**TRACE, "sequence": "1"},
    }
    return Event(type=name, **{**fields, **attributes})


def data_of(event: Event) -> Any:
    """Give the data as plain values."""
    return event.payload()
