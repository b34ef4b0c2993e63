"""A sealed store keeps the contract of the store below it, whichever seal and store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from xorca.ports import Store
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryStore
from xorca.sealing import AesGcmSeal, HmacSeal, sealed
from xorca_contrib.conformance import StoreContract

KEYS = {"2026-01": bytes(range(32)), "2025-07": bytes(range(1, 33))}


class TestMemoryStoreWithHmac(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return sealed(MemoryStore(), HmacSeal(KEYS))


class TestMemoryStoreWithAesGcm(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return sealed(MemoryStore(), AesGcmSeal(KEYS))


class TestSqliteStoreWithHmac(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[SqliteStore]:
        self.path = tmp_path / "x.db"
        first, self.second = (sealed(SqliteStore(self.path), HmacSeal(KEYS)) for _ in range(2))
        async with first as store, self.second:
            yield store

    async def another(self, store: Store) -> Store:
        return self.second


class TestSqliteStoreWithAesGcm(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[SqliteStore]:
        async with sealed(SqliteStore(tmp_path / "x.db"), AesGcmSeal(KEYS)) as store:
            yield store


class TestFileStoreWithHmac(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[FileStore]:
        files = FileStore(tmp_path / "state", fsync=False)
        async with sealed(files, HmacSeal(KEYS)) as store:
            yield store


class TestFileStoreWithAesGcm(StoreContract):
    keeps_summaries = False

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncGenerator[FileStore]:
        files = FileStore(tmp_path / "state", fsync=False)
        async with sealed(files, AesGcmSeal(KEYS)) as store:
            yield store
