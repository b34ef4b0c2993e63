"""The SQLite room keeps every contract, also between two clients of one file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from xorca.ports import Lease, Store
from xorca.providers.local import SqliteLease, SqliteStore
from xorca_contrib.conformance import LeaseContract, StoreContract


@pytest.fixture
async def second(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        yield store


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[SqliteStore]:
        async with SqliteStore(tmp_path / "x.db") as store:
            yield store


class TestSqliteStoreOfTwoClients(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path, second: SqliteStore) -> AsyncGenerator[SqliteStore]:
        self.second = second
        async with SqliteStore(tmp_path / "x.db") as store:
            yield store

    async def another(self, store: Store) -> Store:
        return self.second


class TestSqliteLease(LeaseContract):
    @pytest.fixture
    async def lease(self, tmp_path: Path, second: SqliteStore) -> AsyncGenerator[SqliteLease]:
        self.second = second
        async with SqliteStore(tmp_path / "x.db") as store:
            yield store.lease

    async def another(self, lease: Lease) -> Lease:
        return self.second.lease
