"""A fleet to be killed: ``python -m tests.unit.fleet.killable KIND PLACE STALL``.

It serves one command and writes down its effect in ``effects``, and what it publishes in
``published``. ``STALL`` is where it stands still until it is killed, after it has said so on
its standard output: at ``save`` (the effect is done, nothing is remembered) or at
``publish`` (it is remembered, and nothing is sent); ``never`` lets it end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.unit.fleet.library import Faulty, new_store
from tests.unit.fleet.stage import BookFetched, FetchBook, command
from xorca.events import Event
from xorca.fleet import Call, Fleet
from xorca.ports import Summary


def append(path: Path, line: bytes) -> None:
    """Add a line to a file, in one write."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, line + b"\n")
    os.close(file)


async def stand_still(where: str) -> None:
    """Say where, and wait to be killed."""
    print(where, flush=True)
    await asyncio.Event().wait()


class Stalling(Faulty):
    """A store that stands still before it saves."""

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        await stand_still("save")
        raise AssertionError("it was to be killed")


class Paper:
    """A bus that writes down what it is given, or stands still before it does."""

    def __init__(self, place: Path, *, stalls: bool) -> None:
        self.place, self.stalls = place, stalls

    async def publish(self, events: Sequence[Event]) -> None:
        if self.stalls:
            await stand_still("publish")
        for event in events:
            append(self.place / "published", event.to_json())


async def serve(kind: str, place: Path, stall: str) -> None:
    """Serve the one command."""
    async with new_store(kind, place) as store:
        bus = Paper(place, stalls=stall == "publish")
        remembering = Stalling(store) if stall == "save" else store
        fleet = Fleet("/srvc/books", bus=bus, store=remembering)

        @fleet.serves("cmd.books.fetch")
        async def fetch(command: FetchBook, call: Call) -> BookFetched:
            append(place / "effects", call.idempotency_key.encode())
            call.emit("notif.books.opened", {"by": os.getpid()})
            return BookFetched(f"by {os.getpid()}")

        [outcome] = await fleet.handle(command())
        print(outcome.status, flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
