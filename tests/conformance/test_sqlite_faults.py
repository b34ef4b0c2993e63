"""What goes wrong with a file is said in one clear sentence, and loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xorca.errors import ConfigurationError, PublishFailed, Unavailable
from xorca.events import Event
from xorca.ports import Query
from xorca.providers.local import SqliteStore
from xorca.providers.local.connection import open_writer
from xorca.providers.local.operation import Operation

ROOT = Path(__file__).parents[2]


async def refusal(path: Path) -> str:
    """Give the sentence with which the file is refused, by reading and by writing."""
    async with SqliteStore(path) as store:
        with pytest.raises(ConfigurationError) as reading:
            await store.load("a/b")
        with pytest.raises(ConfigurationError) as writing:
            await store.save("a/b", b"one", expect=None)
    assert str(reading.value) == str(writing.value)
    return str(reading.value)


async def test_directory_is_refused(tmp_path: Path) -> None:
    """A directory is no database."""
    assert "is a directory; name a file in it" in await refusal(tmp_path)


async def test_missing_directory_is_refused(tmp_path: Path) -> None:
    """A file in a directory that is not there cannot be made."""
    assert "create it first" in await refusal(tmp_path / "no" / "x.db")


async def test_unwritable_directory_is_refused() -> None:
    """A directory in which nobody may create files is named."""
    assert "make its directory writable" in await refusal(Path("/proc/x.db"))


async def test_other_file_is_refused_and_kept(tmp_path: Path) -> None:
    """A file that is no database is left as it is."""
    path = tmp_path / "x.db"
    path.write_bytes(b"a diary, not a database" * 1000)

    assert "is no SQLite database; name another file" in await refusal(path)
    assert path.read_bytes() == b"a diary, not a database" * 1000


async def test_other_database_is_refused_and_kept(tmp_path: Path) -> None:
    """Another program's database is left as it is."""
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE diary (day, text)")
    connection.close()
    before = path.read_bytes()

    assert "another program's database" in await refusal(path)
    assert path.read_bytes() == before


async def test_newer_schema_is_refused(tmp_path: Path) -> None:
    """A file that a later version wrote is not touched."""
    path = tmp_path / "x.db"
    async with SqliteStore(path) as store:
        await store.save("a/b", b"one", expect=None)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()

    assert "another version of xorca (its schema is 2" in await refusal(path)


async def test_damaged_file_is_noticed(tmp_path: Path) -> None:
    """A file whose pages were overwritten gives an error, never a wrong body."""
    path = tmp_path / "x.db"
    async with SqliteStore(path) as store:
        for number in range(50):
            await store.save(f"a/{number:02d}", bytes(2000), expect=None)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xee" * (size - 8192))

    async with SqliteStore(path) as store:
        with pytest.raises(Unavailable, match=r"is damaged.*restore it from a backup"):
            await store.load("a/07")
        with pytest.raises(Unavailable, match="is damaged"):
            await store.save("a/07", b"one", expect="1")


FULL_DISK = """
import asyncio, resource, signal, sys
from xorca.errors import Unavailable
from xorca.providers.local import SqliteStore
from xorca.providers.local.connection import open_writer

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = SqliteStore(sys.argv[1])
    tag = await store.save("a/first", b"kept", expect=None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    saved = 0
    try:
        for number in range(1000):
            await store.save(f"a/{number:04d}", bytes(2000), expect=None)
            saved += 1
    except Unavailable as error:
        print(saved, error)
    print(await store.load("a/first"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.save("a/first", b"again", expect=tag)
    await store.close()

asyncio.run(main())
"""


def run(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    """A write that finds no room fails as Unavailable; what was saved stays, and work goes on."""
    path = tmp_path / "x.db"

    done = await asyncio.to_thread(run, FULL_DISK, path)

    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    saved = int(first.split()[0])
    assert "try again" in first
    assert "b'kept'" in second
    async with SqliteStore(path) as store:
        page = await store.list(Query(), limit=1000)
        stored = await store.load("a/first")
    assert len(page.items) == saved + 1
    assert stored is not None
    assert stored.body == b"again"


async def test_full_database_is_said(tmp_path: Path) -> None:
    """A quota of pages that is used up fails the whole group, and nothing of it is kept."""
    async with SqliteStore(tmp_path / "x.db") as store:
        await store.save("a/first", b"kept", expect=None)
        await fill(store)

        results = await asyncio.gather(
            *(store.save(f"b/{number}", bytes(500_000), expect=None) for number in range(3)),
            return_exceptions=True,
        )

        assert [type(result) for result in results] == [Unavailable] * 3
        assert "is full; free some space" in str(results[0])
        assert (await store.list(Query(prefix="b/"))).items == ()
        assert await store.load("a/first") is not None


async def fill(store: SqliteStore) -> None:
    """Forbid both connections of the store to let the file grow."""
    await store._database.read("PRAGMA max_page_count = 1")
    for _ in range(2):
        await asyncio.gather(*(submit(store, LimitPages()) for _ in range(3)))


async def submit(store: SqliteStore, operation: Operation[None]) -> None:
    """Write as a task of its own."""
    await store._database.submit(operation)


class LimitPages(Operation[None]):
    """Limits the connection of the thread, for there a group is committed."""

    __slots__ = ()

    def apply(self, cursor: sqlite3.Cursor) -> None:
        cursor.execute("PRAGMA max_page_count = 1")


async def test_lock_of_another_process_is_waited_for(tmp_path: Path) -> None:
    """A short transaction of another program delays a save, and does not block the loop."""
    path = tmp_path / "x.db"
    async with SqliteStore(path) as store:
        tag = await store.save("a/b", b"one", expect=None)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        saving = asyncio.ensure_future(store.save("a/b", b"two", expect=tag))
        turns = 0
        for _ in range(20):
            await asyncio.sleep(0.01)
            turns += 1
        assert not saving.done()
        assert (await store.load("a/b")) is not None

        other.execute("ROLLBACK")
        other.close()

        await saving
        assert turns == 20


async def test_lock_that_stays_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is never given back ends in Unavailable; afterwards all is well."""
    path = tmp_path / "x.db"
    monkeypatch.setattr("xorca.providers.local.connection.BUSY_TIMEOUT", 0.2)
    async with SqliteStore(path) as store:
        tag = await store.save("a/b", b"one", expect=None)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="locked for too long"):
            await store.save("a/b", b"two", expect=tag)
        with pytest.raises(PublishFailed) as caught:
            await store.channel.publish([Event(id="1", source="/t", type="evt.a.b.success")])
        other.execute("ROLLBACK")
        other.close()

        assert caught.value.failed == ("1",)
        await store.save("a/b", b"two", expect=tag)


def test_two_may_make_one_file_at_once(tmp_path: Path) -> None:
    """Whoever opens a file while another makes its tables waits, and takes it for ours."""
    both = threading.Barrier(2)

    def opened(number: int) -> None:
        path = tmp_path / f"{number}.db"
        both.wait()
        open_writer(path).close()

    with ThreadPoolExecutor(2) as pool:
        for number in range(60):
            first, second = pool.submit(opened, number), pool.submit(opened, number)

            assert first.result() is second.result() is None
