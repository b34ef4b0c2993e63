"""How records lie in a directory, and how changes are told apart."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.errors import ConfigurationError, Conflict, Unavailable
from xorca.ports import Query
from xorca.providers.local.files import FileStore
from xorca.providers.local.files_places import (
    directory_name,
    part_of_directory,
    part_of_file,
    place_of,
)
from xorca_contrib.conformance.samples import KEYS, LONGEST_KEY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[FileStore]:
    async with FileStore(tmp_path / "state") as store:
        yield store


@dataclass
class Ask:
    page: int


class Scan(Orchestrator, name="scan.files"):
    @start
    @emit("cmd.page.scan")
    def ask(self, page: Ask) -> Ask:
        return page

    @on("evt.page.scan.success", to=end)
    def scanned(self) -> None: ...


def files_of(store: FileStore) -> list[str]:
    """Give the files below the root that are not the store's own."""
    found = sorted(path for path in store.path.rglob("*") if path.is_file())
    names = [path.relative_to(store.path).as_posix() for path in found]
    return [name for name in names if not name.startswith("+")]


async def test_body_is_a_file_of_its_bytes(store: FileStore) -> None:
    """A person finds the body where the key says, byte for byte."""
    await store.save("books/3f/seven", b'{"a":1}', expect=None)

    assert (store.path / "books/3f/seven.json").read_bytes() == b'{"a":1}'


async def test_record_is_readable_json(store: FileStore) -> None:
    """A Runtime's record is one file, which any program reads as JSON."""
    runtime = Runtime([Scan], store=store)

    [outcome] = await runtime.handle(Scan.start_event(Ask(1), process_id="p-1"), publish=False)

    [name] = files_of(store)
    record = json.loads((store.path / name).read_bytes())
    assert name.startswith("scan.files/")
    assert outcome.status == "applied"
    assert record["subject"] == outcome.subject


async def test_nothing_but_bodies_is_left(store: FileStore) -> None:
    """Saves, conflicts and deletions leave no file beside those of the bodies."""
    first = await store.save("a/b", b"one", expect=None)
    await store.save("a/b", b"two", expect=first)
    for expect in (None, first):
        with pytest.raises(Conflict):
            await store.save("a/b", b"three", expect=expect)
    await store.save("a/c", b"one", expect=None)
    await store.delete("a/c")

    assert files_of(store) == ["a/b.json"]


async def test_same_bytes_have_another_tag(store: FileStore) -> None:
    """A body that comes back to what it was does not take its old tags."""
    first = await store.save("a/b", b"one", expect=None)
    second = await store.save("a/b", b"two", expect=first)
    third = await store.save("a/b", b"one", expect=second)

    with pytest.raises(Conflict):
        await store.save("a/b", b"three", expect=first)

    assert len({first, second, third}) == 3


@pytest.mark.parametrize("hours", [-48, 0])
async def test_tags_do_not_rest_on_the_clock(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """A clock that stands still or was set back gives no tag twice, not even after deletion."""
    tags = [await store.save("a/b", b"same", expect=None)]
    stopped = time.time_ns() + hours * 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: stopped)

    for number in range(10):
        if number % 2:
            tags.append(await store.save("a/b", b"same", expect=tags[-1]))
        else:
            await store.delete("a/b", expect=tags[-1])
            tags.append(await store.save("a/b", b"same", expect=None))

    assert len(set(tags)) == 11


@pytest.mark.parametrize("grain", [100, 1_000_000_000, 2_000_000_000])
async def test_coarse_times_are_enough(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, grain: int
) -> None:
    """On a file system that rounds the times of files no tag comes twice either."""
    truly = os.utime

    def rounded(file: int, *, ns: tuple[int, int]) -> None:
        truly(file, ns=(ns[0] // grain * grain, ns[1] // grain * grain))

    monkeypatch.setattr(os, "utime", rounded)
    tag: str | None = None
    tags: set[str] = set()

    for _ in range(5):
        tag = await store.save("a/b", b"same", expect=tag)
        tags.add(tag)
        found = await store.load("a/b")
        assert found is not None
        assert found.tag == tag

    assert len(tags) == 5


async def test_edited_file_has_another_tag(store: FileStore) -> None:
    """What a person changes by hand is no longer what a program has read."""
    tag = await store.save("a/b", b"one", expect=None)
    path = store.path / "a/b.json"
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(Conflict):
        await store.save("a/b", b"three", expect=tag)

    assert path.read_bytes() == b"two"


async def test_disk_is_waited_for_in_order(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are on the disk before the name is, and the name before the save returns."""
    tag = await store.save("a/b", b"one", expect=None)
    calls = spy(monkeypatch)

    await store.save("a/b", b"two", expect=tag)
    await store.delete("a/b")
    await store.save("a/b", b"three", expect=None)

    assert calls == [
        *("fsync", "replace", "fsync"),
        *("pwrite", "fsync", "unlink", "fsync"),
        *("fsync", "link", "unlink", "fsync"),
    ]


async def test_disk_is_not_waited_for_when_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without fsync no call to it is made."""
    calls = spy(monkeypatch)

    async with FileStore(tmp_path, fsync=False) as store:
        await store.save("a/b", b"one", expect=None)
        await store.delete("a/b")

    assert "link" in calls
    assert "fsync" not in calls


def spy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down the calls to the system by which bodies are kept."""
    calls: list[str] = []

    def watched(name: str) -> Any:
        truly = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            return truly(*arguments, **named)

        return call

    for name in ("fsync", "link", "replace", "unlink", "pwrite", "mkdir"):
        monkeypatch.setattr(os, name, watched(name))
    return calls


async def test_old_leftovers_are_swept(tmp_path: Path) -> None:
    """What a killed writer left is removed when it is old, and spared while it may be in use."""
    directory = tmp_path / "a"
    directory.mkdir()
    old, young = directory / "+new-old", directory / "+new-young"
    for path in (old, young):
        path.write_bytes(b"half a bo")
    os.utime(old, (1, 1))

    async with FileStore(tmp_path) as store:
        await store.save("a/b", b"one", expect=None)
        keys = [item.key for item in (await store.list(Query())).items]

    assert (old.exists(), young.exists(), keys) == (False, True, ["a/b"])


async def test_strange_files_are_left_alone(store: FileStore) -> None:
    """Files and directories that are no bodies are neither listed nor touched."""
    await store.save("a/b", b"one", expect=None)
    for name in ("README.md", "A.json", "a/.nfs0001", "a/B", "a b.json", ".json"):
        (store.path / name).write_text("theirs")
    (store.path / "x.json").mkdir()
    (store.path / "Dir").mkdir()
    (store.path / "Dir/a.json").write_text("theirs")

    page = await store.list(Query())

    assert [item.key for item in page.items] == ["a/b"]
    assert (store.path / "README.md").read_text() == "theirs"


async def test_keys_that_end_as_files_do(store: FileStore) -> None:
    """A key with the ending of the files is a key like any other, also as a directory."""
    keys = ["a", "a.json", "a.json/b", "a.json/b.json", "a/b", "a.json.json/c"]
    for key in keys:
        await store.save(key, key.encode(), expect=None)

    page = await store.list(Query())

    assert [item.key for item in page.items] == sorted(keys)
    for key in keys:
        found = await store.load(key)
        assert found is not None
        assert found.body == key.encode()


@pytest.mark.parametrize("key", [*KEYS, LONGEST_KEY, "a.json/b.json", ".a", "-"])
def test_place_gives_the_key_back(key: str) -> None:
    """From directories and file name the listing reads the very key."""
    place = place_of(key)

    parts = [part_of_directory(name) for name in place.directories]
    assert "/".join([*map(str, parts), str(part_of_file(place.name))]) == key
    assert [directory_name(str(part)) for part in parts] == [*place.directories]


@pytest.mark.parametrize("key", ["..", "../a", "a/../b", "/a", "a/", "a//b", ".", "a/./b"])
@pytest.mark.parametrize("verb", ["load", "save", "delete"])
async def test_key_that_is_a_path_is_refused(store: FileStore, key: str, verb: str) -> None:
    """No verb takes a key that leads elsewhere, and nothing is written."""
    calls = {
        "load": lambda: store.load(key),
        "save": lambda: store.save(key, b"", expect=None),
        "delete": lambda: store.delete(key),
    }

    with pytest.raises(ConfigurationError, match="cannot be stored"):
        await calls[verb]()

    assert not store.path.exists()


async def test_linked_directory_is_not_followed(store: FileStore, tmp_path: Path) -> None:
    """A symbolic link inside the root leads nobody out, by no verb."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.json").write_bytes(b"theirs")
    store.path.mkdir()
    (store.path / "a").symlink_to(outside)

    for call in (
        store.load("a/b"),
        store.save("a/c", b"mine", expect=None),
        store.delete("a/b"),
    ):
        with pytest.raises(Unavailable, match="links are not followed"):
            await call

    assert (await store.list(Query())).items == ()
    assert [path.name for path in outside.iterdir()] == ["b.json"]


async def test_linked_file_is_not_followed(store: FileStore, tmp_path: Path) -> None:
    """A body that is a symbolic link is not read, and what it names is not changed."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"theirs")
    store.path.mkdir()
    (store.path / "a.json").symlink_to(secret)

    with pytest.raises(Unavailable, match="links are not followed"):
        await store.load("a")
    with pytest.raises(Unavailable, match="links are not followed"):
        await store.save("a", b"mine", expect=None)

    assert (await store.list(Query())).items == ()
    assert secret.read_bytes() == b"theirs"


async def test_pipe_in_place_of_a_body_blocks_nobody(store: FileStore) -> None:
    """A named pipe is refused at once instead of waiting for its writer."""
    store.path.mkdir()
    os.mkfifo(store.path / "a.json")

    with pytest.raises(Unavailable, match="a device where this store keeps a file"):
        await store.load("a")


async def test_loop_goes_on_while_files_are_written(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes its time holds up its caller and nobody else."""
    truly = os.fsync

    def slow(file: int) -> None:
        time.sleep(0.1)
        truly(file)

    monkeypatch.setattr(os, "fsync", slow)
    saving = asyncio.ensure_future(store.save("a/b", b"one", expect=None))
    turns = 0
    while not saving.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert await saving
    assert turns > 10


def test_one_room_serves_one_loop_after_the_other(tmp_path: Path) -> None:
    """A room made outside any loop works in several, also when one ended in mid-write."""
    store = FileStore(tmp_path)

    async def work(number: int) -> None:
        await asyncio.gather(*(store.save(f"{number}/{n}", b"", expect=None) for n in range(9)))

    async def give_up() -> None:
        left = [asyncio.ensure_future(store.save(f"left/{n}", b"", expect=None)) for n in range(9)]
        await asyncio.sleep(0)
        assert not all(save.done() for save in left)

    async def count() -> int:
        page = await store.list(Query(prefix="2/"))
        await store.close()
        return len(page.items)

    asyncio.run(work(1))
    asyncio.run(give_up())
    asyncio.run(work(2))

    assert asyncio.run(count()) == 9
