"""A Store that keeps each record as a file of one directory.

The first line of a file is the tag of its record, the rest is the body. Writers take turns
by a lock on the file ``lock``, which the system gives back when a process dies; readers need
none, for a file is replaced as a whole. For the directories of one machine only: over a
network neither the lock nor the replacement is dependable.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from xorca.errors import Conflict, Unavailable
from xorca.ports import Listed, Page, Query, Stored, Summary
from xorca.providers.arguments import check_body, check_key

SUFFIX = ".record"


class DirectoryStore:
    """Records as files; every save gives the record a new, random tag."""

    limit = 1_048_576

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        check_key(key)
        return await asyncio.to_thread(self._load, key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        check_key(key)
        check_body(key, body, limit=self.limit)
        return await asyncio.to_thread(self._save, key, body, expect)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order; only the prefix of the query is looked at."""
        keys = [key for key in await asyncio.to_thread(self._keys) if key > after]
        found = [key for key in keys if key.startswith(query.prefix)]
        items = tuple(Listed(key, None) for key in found[:limit])
        return Page(items, items[-1].key if len(found) > limit else None)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        check_key(key)
        await asyncio.to_thread(self._delete, key, expect)

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    def _load(self, key: str) -> Stored | None:
        with _translated(), suppress(FileNotFoundError):
            tag, _, body = self._path(key).read_bytes().partition(b"\n")
            return Stored(body, tag.decode("ascii"))
        return None

    def _save(self, key: str, body: bytes, expect: str | None) -> str:
        tag = token_hex(16)
        with _translated(), self._locked():
            self._compare(key, expect)
            fresh = self.directory / "fresh"
            with fresh.open("wb") as file:
                file.write(tag.encode("ascii") + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path(key))
            self._make_durable()
        return tag

    def _delete(self, key: str, expect: str | None) -> None:
        with _translated(), self._locked():
            if expect is not None:
                self._compare(key, expect)
            self._path(key).unlink(missing_ok=True)
            self._make_durable()

    def _compare(self, key: str, expect: str | None) -> None:
        stored = self._load(key)
        if (stored.tag if stored else None) != expect:
            raise Conflict(f"{key!r} was saved, created or deleted since it was read")

    def _keys(self) -> Sequence[str]:
        with _translated():
            names = [path.name for path in self.directory.glob(f"*{SUFFIX}")]
        return sorted(name.removesuffix(SUFFIX).replace("%", "/") for name in names)

    def _path(self, key: str) -> Path:
        """Give the file of a key: no slash leads anywhere, and no key holds a '%'."""
        return self.directory / (key.replace("/", "%") + SUFFIX)

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Keep other writers out, of this process and of others."""
        with (self.directory / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make_durable(self) -> None:
        """Wait until the directory itself is on the disk; a replaced name is not before."""
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _translated() -> Generator[None]:
    """Let no error of the vendor out; a file that is missing is no error."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename is not None and str(error.filename).endswith(SUFFIX):
            raise
        raise Unavailable(f"the directory of the store is missing: {error}") from error
    except OSError as error:
        raise Unavailable(f"the directory of the store cannot be used: {error}") from error
