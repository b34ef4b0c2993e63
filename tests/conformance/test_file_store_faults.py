"""A directory that cannot be safe is refused, and what goes wrong in one loses nothing."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from xorca.errors import ConfigurationError, Conflict, Unavailable
from xorca.handlers.local import LocalWorker
from xorca.ports import Query
from xorca.providers.local import files_locks, files_mounts
from xorca.providers.local.files import FileStore, FlockLease
from xorca.providers.local.files_locks import Stripes
from xorca.providers.open import open_store

PROJECT = Path(__file__).parents[2]
LINE = "30 1 0:40 / {point} rw,relatime shared:1 - {type} server:/x {options}\n"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[FileStore]:
    async with FileStore(tmp_path / "state") as store:
        yield store


async def refusal(path: Path) -> str:
    """Give the sentence with which a directory is refused, by reading, writing and holding."""
    sentences: set[str] = set()
    async with FileStore(path) as store:
        for call in (store.load("a"), store.save("a", b"", expect=None), store.list(Query())):
            with pytest.raises(ConfigurationError) as caught:
                await call
            sentences.add(str(caught.value))
    with pytest.raises(ConfigurationError) as caught:
        async with FlockLease(path).hold("a"):
            pytest.fail("a lease was held there")
    assert len({*sentences, str(caught.value)}) == 1
    return sentences.pop()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_file_is_refused_and_kept(tmp_path: Path) -> None:
    """A path at which there is a file is named, and the file is left as it is."""
    path = tmp_path / "diary"
    path.write_text("dear diary")

    assert await refusal(path) == f"{path} is a file; name a directory"
    assert await refusal(path / "below") == f"{path} is a file; name a directory"
    assert path.read_text() == "dear diary"


async def test_unwritable_directory_is_refused() -> None:
    """A directory in which nobody may create files is named."""
    assert "/proc/xorca" in await refusal(Path("/proc/xorca"))


async def test_missing_directory_is_made(tmp_path: Path) -> None:
    """The directory is made on first use, with those above it."""
    async with FileStore(tmp_path / "some" / "where") as store:
        assert not (tmp_path / "some").exists()

        await store.save("a", b"one", expect=None)

    assert (tmp_path / "some/where/a.json").read_bytes() == b"one"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of mounts in which a test writes; the rest of it is of this machine."""
    table = tmp_path / "mountinfo"
    table.write_text(LINE.format(point="/", type="ext4", options="rw"))
    monkeypatch.setattr(files_mounts, "_TABLE", table)
    return table


def mount(table: Path, point: Path, kind: str, options: str = "rw") -> None:
    text = str(point).replace(" ", "\\040")
    with table.open("a") as file:
        file.write(LINE.format(point=text, type=kind, options=options))


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("nfs", "rw,vers=3", "mount it with vers=4.1"),
        ("nfs", "rw,vers=2", "mount it with vers=4.1"),
        ("cifs", "rw", "its locks do not hold between machines"),
        ("smb3", "rw", "its locks do not hold between machines"),
        ("fuse.sshfs", "rw", "its locks do not hold between machines"),
        ("nfs4", "rw,vers=4.1,local_lock=all", "'local_lock=all', which keeps locks"),
        ("lustre", "rw,localflock", "'localflock', which keeps locks"),
    ],
)
async def test_unsafe_file_systems_are_refused(
    tmp_path: Path, mounted: Path, kind: str, options: str, sentence: str
) -> None:
    """A file system whose locks do not hold is named, with the cause and a cure."""
    path = tmp_path / "a share"
    mount(mounted, path, kind, options)

    said = await refusal(path)

    assert f"is on a {kind} file system" in said
    assert sentence in said
    assert "use a local disk or NFS version 4" in said


@pytest.mark.parametrize(
    ("kind", "options"),
    [("nfs4", "rw,vers=4.1,local_lock=none"), ("nfs", "rw,vers=4.2"), ("xfs", "rw")],
)
async def test_safe_file_systems_are_taken(
    tmp_path: Path,
    mounted: Path,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    options: str,
) -> None:
    """NFS version 4 and local disks are taken without a word."""
    path = tmp_path / "share"
    mount(mounted, path, kind, options)

    async with FileStore(path) as store:
        await store.save("a", b"one", expect=None)

    assert caplog.records == []


async def test_unknown_file_system_is_warned_of(
    tmp_path: Path, mounted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A type of which nothing is known is taken, with a warning that names it."""
    mount(mounted, tmp_path / "share", "novelfs")

    async with FileStore(tmp_path / "share") as store:
        await store.save("a", b"one", expect=None)

    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "novelfs" in record.getMessage()


async def test_untold_file_system_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the system does not tell of its mounts the directory is taken with a warning."""
    monkeypatch.setattr(files_mounts, "_TABLE", tmp_path / "no such table")

    async with FileStore(tmp_path / "share") as store:
        await store.save("a", b"one", expect=None)

    assert "cannot tell on which file system" in caplog.text


def test_innermost_mount_counts(tmp_path: Path) -> None:
    """Of mounts that contain each other the innermost counts, of equal ones the last."""
    points = [(Path("/"), "ext4"), (tmp_path, "nfs"), (tmp_path, "nfs4"), (tmp_path / "x", "cifs")]
    table = "".join(LINE.format(point=point, type=kind, options="rw") for point, kind in points)

    found = files_mounts.mount_of(tmp_path / "y", table + "a line of another kind\n")

    assert found is not None
    assert found.type == "nfs4"


async def test_locks_that_keep_nobody_out_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that grants every lock is found out by trying."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)

    assert "whose locks keep nobody out" in await refusal(tmp_path)
    assert names_in(tmp_path) == []


async def test_missing_links_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links is found out by trying."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    assert "without hard links" in await refusal(tmp_path)


async def test_lost_times_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that keeps no times is found out by trying."""
    monkeypatch.setattr(os, "utime", lambda *_, **__: None)

    assert "does not keep the times of files" in await refusal(tmp_path)


def test_windows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no flock the store is refused when it is opened."""
    monkeypatch.setattr(files_locks.sys, "platform", "win32")

    for make in (lambda: open_store("file:./state"), lambda: FlockLease(tmp_path)):
        with pytest.raises(ConfigurationError, match="Windows has no flock"):
            make()


async def test_root_that_was_exchanged_is_noticed(store: FileStore) -> None:
    """When another directory is at the path, as after unmounting, nothing is read or written."""
    tag = await store.save("a", b"one", expect=None)
    store.path.rename(store.path.with_name("elsewhere"))
    (store.path / "+locks").mkdir(parents=True)

    with pytest.raises(Unavailable, match="is not the directory that it was"):
        await store.load("a")
    with pytest.raises(Unavailable, match="is not the directory that it was"):
        await store.save("a", b"two", expect=tag)

    assert names_in(store.path) == ["+locks"]


async def test_root_that_is_gone_is_noticed(store: FileStore) -> None:
    """When the directory was removed an open store does not take it for an empty one."""
    tag = await store.save("a", b"one", expect=None)
    store.path.rename(store.path.with_name("elsewhere"))

    with pytest.raises(Unavailable):
        await store.load("a")
    with pytest.raises(Unavailable):
        await store.save("a", b"two", expect=tag)
    with pytest.raises(Unavailable):
        await store.list(Query())


async def test_file_that_its_server_forgot_is_read_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that another machine replaced during the read is read anew, a few times."""
    await store.save("a", b"one", expect=None)
    truly, failures = os.open, [3]

    def stale(path: str, *arguments: int, **named: int) -> int:
        if path == "a.json" and failures[0]:
            failures[0] -= 1
            raise OSError(errno.ESTALE, "Stale file handle")
        return truly(path, *arguments, **named)

    monkeypatch.setattr(os, "open", stale)
    found = await store.load("a")
    failures[0] = 99

    with pytest.raises(Unavailable):
        await store.load("a")
    assert found is not None
    assert found.body == b"one"


async def test_lock_that_was_given_away_is_noticed(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was changed in spite of the lock is not overwritten."""
    tag = await store.save("a", b"one", expect=None)
    truly = os.fsync

    def intrude(file: int) -> None:
        monkeypatch.setattr(os, "fsync", truly)
        (store.path / "beside").write_bytes(b"two")
        (store.path / "beside").replace(store.path / "a.json")
        truly(file)

    monkeypatch.setattr(os, "fsync", intrude)

    with pytest.raises(Conflict):
        await store.save("a", b"three", expect=tag)

    assert (store.path / "a.json").read_bytes() == b"two"
    assert names_in(store.path) == ["+locks", "a.json"]


def test_lock_that_stays_is_said(tmp_path: Path) -> None:
    """A lock that is never given back ends in Unavailable; afterwards all is well."""
    patient, other = (Stripes(tmp_path, longest=seconds) for seconds in (0.05, 10))
    with (
        other.hold("a/b"),
        pytest.raises(Unavailable, match=r"kept 'a/b' locked for more than 0\.05 s"),
        patient.hold("a/b"),
    ):
        pytest.fail("two hold the same lock")

    with patient.hold("a/b"):
        pass


async def test_stopped_writers_keep_no_reader_waiting(store: FileStore) -> None:
    """While a lock is held elsewhere writers wait in threads, and loads are served."""
    tag = await store.save("a", b"one", expect=None)
    with Stripes(store.path / "+locks").hold("a"):
        saves = [
            asyncio.ensure_future(store.save("a", b"%d" % number, expect=tag))
            for number in range(20)
        ]
        await asyncio.sleep(0.05)

        found = await store.load("a")

        assert not any(save.done() for save in saves)
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert found is not None
    assert sum(isinstance(result, str) for result in results) == 1


FULL_DISK = """
import asyncio, resource, signal, sys
from xorca.errors import Unavailable
from xorca.providers.local.files import FileStore

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = FileStore(sys.argv[1])
    tag = await store.save("a", b"kept", expect=None)
    limit(1000)
    for key, expect in (("a", tag), ("b", None)):
        try:
            await store.save(key, bytes(2000), expect=expect)
        except Unavailable as error:
            print(error)
    print(await store.load("a"), await store.load("b"))
    limit(resource.RLIM_INFINITY)
    await store.save("a", b"again", expect=tag)
    await store.close()

asyncio.run(main())
"""


async def test_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    """A write that finds no room fails as Unavailable; what was saved stays, and work goes on."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    assert "is full; nothing was changed; free some space and try again" in first
    assert "is full" in second
    assert "b'kept'" in third
    assert third.endswith(" None")
    assert names_in(tmp_path) == ["+locks", "a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"again"


@pytest.mark.parametrize("name", ["channel", "alarm"])
def test_what_is_not_there_is_said(store: FileStore, name: str) -> None:
    """A file store has no channel and no alarm, and says what to use."""
    with pytest.raises(ConfigurationError, match=f"a file store has no {name}"):
        getattr(store, name)

    assert not hasattr(store, name)


def test_other_attributes_are_ordinary(store: FileStore) -> None:
    """A name that is nobody's is an ordinary AttributeError."""
    with pytest.raises(AttributeError, match="has no attribute 'chanel'"):
        _ = store.chanel  # type: ignore[attr-defined]


def test_local_worker_refuses_a_file_store(store: FileStore) -> None:
    """A worker needs a channel, and says so."""
    with pytest.raises(ConfigurationError, match="has no channel"):
        LocalWorker(store)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///var/lib/state", "/var/lib/state"),
        ("file:/var/lib/state", "/var/lib/state"),
        ("file:////var/lib/state/", "/var/lib/state"),
        ("file:///var/a%20b", "/var/a b"),
        ("file:state", "state"),
        ("file:./state", "state"),
        ("file:../state", "../state"),
    ],
)
def test_url_names_a_directory(
    url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slashes are absolute, no slash is relative to where the program is."""
    monkeypatch.chdir(tmp_path)

    opened = open_store(url)

    assert isinstance(opened, FileStore)
    assert opened.path == tmp_path / path


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:", "names no directory"),
        ("file://", "names no directory"),
        ("file:///", "names no directory"),
        ("file:///a%00b", "names no directory"),
        ("file://server/share", "names the machine 'server'"),
        ("file://./state", "names the machine '.'"),
        ("file:///a?sync=no", "options are not taken"),
        ("file:///a#b", "options are not taken"),
    ],
)
def test_other_urls_are_refused(url: str, sentence: str) -> None:
    """Each refusal is one sentence that shows how to write it."""
    with pytest.raises(ConfigurationError, match="file:///var/lib/state") as caught:
        open_store(url)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
