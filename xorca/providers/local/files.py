"""Records as files in a directory, one JSON file a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

from xorca.errors import ConfigurationError
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.arguments import DEFAULT_LIMIT, check_body
from xorca.providers.closing import Closing
from xorca.providers.listing import first_page
from xorca.providers.local import files_faults as faults
from xorca.providers.local.files_bodies import Bodies
from xorca.providers.local.files_lease import FlockLease
from xorca.providers.local.files_location import directory_of
from xorca.providers.local.files_locks import Stripes, check_platform
from xorca.providers.local.files_places import LEASES, LOCKS, place_of
from xorca.providers.local.files_root import Root
from xorca.providers.local.files_threads import Threads
from xorca.providers.local.files_walk import walk

__all__ = ["FileStore", "FlockLease"]

READERS, WRITERS = 4, 8
T = TypeVar("T")


class FileStore(Closing):
    """A Store in a directory, for processes of one machine or of several on NFS version 4.

    Each body is a file of its own, of exactly the bytes that were saved: a record is one
    line of JSON. Leases lie in the same directory; there is no channel and no alarm.
    ``fsync=False`` does not wait for the disk: a crash of a process loses nothing, one of
    the machine may lose what was saved last, and leave files empty or torn.
    """

    def __init__(self, path: str | Path, *, limit: int = DEFAULT_LIMIT, fsync: bool = True) -> None:
        check_platform()
        self.limit = limit
        self._path, self._fsync = Path(path).absolute(), fsync
        self._guard = threading.Lock()
        self._opened: tuple[Root, Bodies] | None = None
        self._readers = Threads("xorca read", most=READERS)
        self._writers = Threads("xorca write", most=WRITERS)
        self.lease = FlockLease(self._path / LEASES)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make the store of ``file:///absolute/dir`` or ``file:relative/dir``."""
        return cls(directory_of(url))

    @property
    def path(self) -> Path:
        """Where the directory is."""
        return self._path

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        place_of(key)
        return await self._readers.run(lambda: self._work(lambda _, files: files.load(key)))

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag. Summaries are not kept."""
        place_of(key)
        check_body(key, body, limit=self.limit)
        kept = bytes(body)
        return await self._writers.run(
            lambda: self._work(lambda _, files: files.save(key, kept, expect))
        )

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``; only the prefix counts."""

        def page(root: Root, _: Bodies) -> Page:
            return first_page(walk(root, query, after), limit=limit)

        return await self._readers.run(lambda: self._work(page))

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        place_of(key)
        await self._writers.run(lambda: self._work(lambda _, files: files.delete(key, expect)))

    async def close(self) -> None:
        """Wait for what is being written; the next use opens the directory again."""
        await self._writers.close()
        await self._readers.close()
        await self.lease.close()
        self._opened = None

    if not TYPE_CHECKING:  # so that a type checker still knows what is not here

        def __getattr__(self, name: str) -> NoReturn:
            if name in ("alarm", "channel"):
                raise NotInFiles(
                    f"a file store has no {name}: a directory tells nobody of changes; give the "
                    f"Runtime a bus and an alarm of its own, or use 'sqlite:///./state.db'"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _work(self, call: Callable[[Root, Bodies], T]) -> T:
        """Do what blocks, in a thread."""
        root, bodies = self._open()
        with faults.at_work(self._path):
            return call(root, bodies)

    def _open(self) -> tuple[Root, Bodies]:
        with self._guard:
            if self._opened is None:
                root = Root(self._path, sync=self._fsync)
                locks = self._path / LOCKS
                with faults.at_opening(locks):
                    locks.mkdir(exist_ok=True)
                self._opened = root, Bodies(root, Stripes(root.real / LOCKS))
            return self._opened


class NotInFiles(ConfigurationError, AttributeError):
    """A file store does not have this."""
