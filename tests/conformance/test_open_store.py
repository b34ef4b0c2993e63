"""A URL opens a room, or says what would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xorca.errors import ConfigurationError
from xorca.providers.clock import SystemClock
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore
from xorca.providers.open import open_store


def test_memory_is_opened() -> None:
    """``memory:`` gives a new store each time."""
    assert isinstance(open_store("memory:"), MemoryStore)
    assert open_store("memory:") is not open_store("memory:")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///./state.db", "state.db"),
        ("sqlite:///state.db", "state.db"),
        ("sqlite:///a/b c.db", "a/b c.db"),
    ],
)
def test_three_slashes_are_relative(
    url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is taken from where the program is when it opens the store."""
    monkeypatch.chdir(tmp_path)

    store = open_store(url)

    assert isinstance(store, SqliteStore)
    assert store.path == tmp_path / path


async def test_four_slashes_are_absolute(tmp_path: Path) -> None:
    """An absolute path is taken as it is; nothing is created before the first use."""
    async with open_store(f"sqlite:///{tmp_path}/x.db") as store:
        assert not (tmp_path / "x.db").exists()

        await store.save("a/b", b"one", expect=None)

        assert (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "is no store URL; write one such as 'memory:'"),
        ("nonsense", "is no store URL"),
        ("/var/state.db", "is no store URL"),
        ("foo://bar", "nobody here offers 'foo' stores; known are 'memory:', 'sqlite:', 'file:'"),
        ("memory:x", "write 'memory:'"),
        ("sqlite:", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://host/x.db", "names no file"),
        ("sqlite:///:memory:", "write 'memory:'"),
        ("sqlite:///x.db?mode=ro", "options are not taken"),
        ("s3://", "names nothing that is stored in; write s3://name/prefix"),
        ("s3:orders", "names nothing that is stored in"),
        ("s3://or", "is no name of a bucket"),
        ("s3://key:secret@orders", "names nothing that is stored in"),
        ("s3://orders?acl=public", "'acl' is no option of such a URL; known are region,"),
        ("s3://orders?markers=often", "is neither true nor false"),
        ("s3://orders/a/../b", "is not taken: between slashes"),
        ("dynamodb://", "names nothing that is stored in; write dynamodb://name/prefix"),
        ("dynamodb://or ders", "is no name of a table"),
        ("dynamodb://orders?markers=1", "'markers' is no option"),
        ("az://", "names no container"),
    ],
)
def test_other_urls_are_refused(url: str, sentence: str) -> None:
    """Each refusal is one sentence with its cure."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package that offers two schemes, one of them broken."""
    module = """
from xorca.providers.memory import MemoryStore

def open_it(url):
    return MemoryStore(limit=len(url))
"""
    (tmp_path / "elsewhere_store.py").write_text(module)
    about = tmp_path / "elsewhere-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[xorca.stores]\nelse = elsewhere_store:open_it\nbroken = no_such_module_at_all:it\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_strangers_add_schemes() -> None:
    """Another package's scheme is opened by its own callable, which is given the URL."""
    assert open_store("else://some/where").limit == len("else://some/where")


@pytest.mark.usefixtures("installed")
def test_schemes_of_strangers_are_known() -> None:
    """A refusal lists what other packages offer as well."""
    with pytest.raises(ConfigurationError, match=r"'file:', .*'broken:', 'else:'"):
        open_store("foo:")


@pytest.mark.usefixtures("installed")
def test_broken_stranger_is_named() -> None:
    """A package that cannot be loaded is named together with its fault."""
    with pytest.raises(ConfigurationError, match="no_such_module_at_all"):
        open_store("broken:")


async def test_system_clock_tells_the_time() -> None:
    """The clock of the machine is aware, and its sleep waits on the loop."""
    clock = SystemClock()
    loop = asyncio.get_running_loop()
    start = loop.time()

    await clock.sleep(0.02)
    await clock.sleep(-1)

    assert loop.time() - start >= 0.019
    assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 60
