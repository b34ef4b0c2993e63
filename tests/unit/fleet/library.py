"""A fleet that writes down what it does, the stores it remembers in, and their faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.fleet.stage import BookFetched, FetchBook
from tests.unit.support import HandClock
from xorca.events import Event
from xorca.fleet import Call, Fleet, Refusal, TryAgain
from xorca.ports import Page, Query, Store, Stored, Summary
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryBus, MemoryStore

STORES = ("memory", "sqlite", "files")


def new_store(kind: str, place: Path) -> MemoryStore | SqliteStore | FileStore:
    """Open a store of a kind; of one place, all but memory share what is stored."""
    if kind == "memory":
        return MemoryStore()
    return SqliteStore(place / "state.db") if kind == "sqlite" else FileStore(place / "state")


class Library:
    """A worker of /srvc/books: its fleet, its bus, its clock, and the books it fetched."""

    def __init__(self, store: Store, *, name: str = "one", **options: Any) -> None:
        self.bus, self.clock, self.name = MemoryBus(), HandClock(), name
        self.ran: list[str] = []
        self.heard: list[str] = []
        self.fleet = Fleet(
            **{
                "source": "/srvc/books",
                "bus": self.bus,
                "clock": self.clock,
                "store": store,
                **options,
            }
        )
        self.before: Callable[[], Any] = lambda: asyncio.sleep(0)
        self.fleet.serves("cmd.books.fetch")(self.fetch)
        self.fleet.observes("notif.books.*")(self.hear)

    async def fetch(self, command: FetchBook, call: Call) -> BookFetched:
        """Do what the name of the book says, and tell who did it how often."""
        self.ran.append(command.book_id)
        await self.before()
        if command.book_id == "later":
            raise TryAgain("later")
        if command.book_id == "broken":
            raise ValueError("the shelf fell down")
        if command.book_id == "refused":
            raise Refusal({"reason": "sold out", "until": 2031})
        if command.book_id == "slow":
            await asyncio.sleep(60)
        call.emit("notif.books.opened", {"run": len(self.ran)})
        if command.book_id == "long":
            return BookFetched("x" * 5_000)
        return BookFetched(f"by {self.name}, run {len(self.ran)}")

    async def hear(self, payload: dict[str, Any], call: Call) -> None:
        """Tell what was heard; raise or ask again where it says so."""
        self.heard.append(payload.get("text", ""))
        if self.heard[-1] == "broken":
            raise ValueError("the mail server is gone")
        if self.heard[-1] == "later":
            raise TryAgain("the mail server restarts")
        call.emit("notif.mail.sent", {"run": len(self.heard)})


def bytes_of(events: tuple[Event, ...]) -> list[bytes]:
    """Give events as they are sent."""
    return [event.to_json() for event in events]


class Faulty:
    """A store whose next calls fail: ``faults`` maps a verb to what each call meets.

    An exception is raised instead of the call, or after it if it is in ``late``: a lost
    response. None lets a call pass.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.limit = store, store.limit
        self.faults: dict[str, list[Exception | None]] = {}
        self.late: set[str] = set()
        self.calls: list[str] = []

    async def load(self, key: str) -> Stored | None:
        self._meet("load", late=False)
        found = await self.store.load(key)
        self._meet("load", late=True)
        return found

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        self._meet("save", late=False)
        tag = await self.store.save(key, body, expect=expect, summary=summary)
        self._meet("save", late=True)
        return tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        return await self.store.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        self._meet("delete", late=False)
        await self.store.delete(key, expect=expect)

    def _meet(self, verb: str, *, late: bool) -> None:
        if not late:
            self.calls.append(verb)
        waiting = self.faults.get(verb)
        if (verb in self.late) is late and waiting:
            fault = waiting.pop(0)
            if fault is not None:
                raise fault
