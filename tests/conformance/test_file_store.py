"""The directory keeps the contract of a store, also between two clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from xorca.ports import Store
from xorca.providers.local.files import FileStore
from xorca_contrib.conformance import StoreContract


@pytest.fixture
async def second(tmp_path: Path) -> AsyncGenerator[FileStore]:
    async with FileStore(tmp_path / "state") as store:
        yield store


class TestFileStore(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[FileStore]:
        async with FileStore(tmp_path / "state") as store:
            yield store


class TestFileStoreOfTwoClients(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    async def store(self, tmp_path: Path, second: FileStore) -> AsyncGenerator[FileStore]:
        self.second = second
        async with FileStore(tmp_path / "state") as store:
            yield store

    async def another(self, store: Store) -> Store:
        return self.second


class TestFileStoreThatDoesNotSync(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[FileStore]:
        async with FileStore(tmp_path / "state", fsync=False) as store:
            yield store
