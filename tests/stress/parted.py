"""A store whose state lies elsewhere than its channel, with a ledger that the workers write.

No store but SQLite can write a ledger inside its own transactions. So each worker appends to one
file what it is about to save and what it learnt: that a save was taken, or what was read. A
body counts as committed where anybody learnt of it or it is what is stored in the end. That
finds all of them: nobody can save over a body of which nobody has learnt. What is sent must come
after somebody had learnt of its commit, for else it rested on nothing.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from tests.stress.ledger import Entry, Ledger
from xorca.engine.record import unseal
from xorca.errors import RecordError
from xorca.events import Event, read_event
from xorca.ports import Page, Query, Store, Stored, Summary
from xorca.providers.local import SqliteStore

LEDGER = "ledger.txt"


class Ink:
    """Appends lines to the ledger; a line that a kill cut is told by its digest."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, kind: str, name: str, body: bytes = b"", *, digest: str = "") -> None:
        """Write one line; it begins with a newline too, in case the one before was cut."""
        line = b"%b %b %b %b" % (kind.encode(), name.encode(), digest.encode(), b64encode(body))
        os.write(self._file, b"\n%b %b\n" % (digest_of(line).encode(), line))


def digest_of(body: bytes) -> str:
    """Give what stands for a body in the ledger."""
    return sha256(body).hexdigest()[:32]


class Parted:
    """A Store with the channel and the alarm of another one, which writes a ledger."""

    def __init__(self, state: Store, broker: SqliteStore, ledger: Path) -> None:
        self._state, self._ink, self.limit = state, Ink(ledger), state.limit
        self.channel, self.alarm = broker.channel, broker.alarm
        self._publish = self.channel.publish
        self.channel.publish = self._tell  # type: ignore[method-assign]

    async def load(self, key: str) -> Stored | None:
        """Read, and note what was read."""
        stored = await self._state.load(key)
        if stored is not None:
            self._ink.write("learnt", key, digest=digest_of(stored.body))
        return stored

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Note what is to be saved, save, and note that it was."""
        self._ink.write("saving", key, body)
        tag = await self._state.save(key, body, expect=expect, summary=summary)
        self._ink.write("learnt", key, digest=digest_of(body))
        return tag

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove."""
        await self._state.delete(key, expect=expect)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self._state.list(query, after=after, limit=limit)

    async def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            self._ink.write("sending", event.id)
        await self._publish(events)


@dataclass(slots=True)
class Written:
    """What the workers wrote: bodies by key and digest, and where each was first learnt or sent."""

    bodies: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    learnt: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    sent: dict[str, int] = field(default_factory=dict[str, int])


async def parted_ledger(broker: Ledger, state: Store, path: Path) -> Ledger:
    """Give the ledger of a store of another kind; what was published, its channel knows."""
    written, stored = read_written(path), await _stored(state)
    end = len(written.learnt) + len(written.bodies) + len(written.sent) + 1
    for key, body in stored.items():
        written.learnt.setdefault((key, digest_of(body)), 3 * end)
    known = sorted((place, *named) for named, place in written.learnt.items())
    commits = [
        Entry(place, key, written.bodies[key, digest])
        for place, key, digest in known
        if (key, digest) in written.bodies and not key.startswith("_")
    ]
    published = [replace(one, place=_place(written, one)) for one in broker.published]
    return replace(broker, commits=_ordered(commits), published=published, stored=stored)


def read_written(path: Path) -> Written:
    """Read the ledger that the workers wrote."""
    written = Written()
    for place, (kind, name, digest, body) in enumerate(_lines(path), 1):
        if kind == "saving":
            written.bodies.setdefault((name, digest_of(body)), body)
        elif kind == "learnt":
            written.learnt.setdefault((name, digest), place)
        else:
            written.sent.setdefault(name, place)
    return written


def _lines(path: Path) -> Iterator[tuple[str, str, str, bytes]]:
    with path.open("rb") as file:
        for line in file:
            digest, _, rest = line.rstrip(b"\n").partition(b" ")
            if digest.decode("ascii", "replace") == digest_of(rest):
                kind, name, about, body = rest.split(b" ", 3)
                yield kind.decode(), name.decode(), about.decode(), b64decode(body)


async def _stored(state: Store) -> dict[str, bytes]:
    found, after = dict[str, bytes](), ""
    while True:
        page = await state.list(Query(), after=after, limit=1_000)
        for item in page.items:
            stored = None if item.key.startswith("_") else await state.load(item.key)
            if stored is not None:
                found[item.key] = stored.body
        if page.after is None:
            return found
        after = page.after


def _ordered(commits: list[Entry]) -> list[Entry]:
    """Order the commits of each process by revision, for they were learnt of in any order."""

    def revision(entry: Entry) -> int:
        try:
            return unseal(entry.body).revision
        except RecordError:
            return 0  # it is torn, as the verdict will say

    return sorted(commits, key=lambda entry: (entry.name, revision(entry)))


def _place(written: Written, published: Entry) -> int:
    return written.sent.get(read_event(published.body).id, 0)
