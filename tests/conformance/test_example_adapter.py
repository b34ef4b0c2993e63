"""The adapter of the how-to page keeps the contract that the page speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.adapters.directory_store import DirectoryStore
from xorca.errors import Unavailable
from xorca.ports import Store
from xorca_contrib.conformance import StoreContract

# --8<-- [start:certificate]


class TestDirectoryStore(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    def store(self, tmp_path: Path) -> DirectoryStore:
        return DirectoryStore(tmp_path)

    async def another(self, store: Store) -> Store:
        assert isinstance(store, DirectoryStore)
        return DirectoryStore(store.directory)


# --8<-- [end:certificate]


async def test_missing_directory_is_unavailable(tmp_path: Path) -> None:
    """Errors of the file system come out as errors of the port."""
    store = DirectoryStore(tmp_path / "missing")

    with pytest.raises(Unavailable):
        await store.save("a/b", b"one", expect=None)
