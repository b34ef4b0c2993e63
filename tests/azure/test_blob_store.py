"""Blob storage keeps the contract of a store, between two clients, plain and behind faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.azure.blobs import connection_string, make_container
from tests.emulators.proxy import Fault, FaultProxy
from xorca.ports import Store
from xorca.providers.azure import BlobStore
from xorca_contrib.conformance import StoreContract


class TestBlobStore(StoreContract):
    """Two clients of one container."""

    @pytest.fixture
    async def store(self, azurite: dict[str, str], fresh_name: str) -> AsyncGenerator[BlobStore]:
        await make_container(azurite["blob"], fresh_name)
        text = connection_string(azurite["blob"])
        async with (
            BlobStore(fresh_name, connection_string=text) as store,
            BlobStore(fresh_name, connection_string=text) as self.second,
        ):
            yield store

    async def another(self, store: Store) -> Store:
        return self.second

    async def test_increments_are_all_counted(self, store: Store) -> None:
        self.rivals = 6  # the work grows with the square, and each step is a request
        await super().test_increments_are_all_counted(store)


class TestBlobStoreBehindFaults(StoreContract):
    """Reads that fail are repeated, under a prefix beside other people's blobs."""

    rivals = 6

    @pytest.fixture
    async def store(self, azurite: dict[str, str], fresh_name: str) -> AsyncGenerator[BlobStore]:
        await make_container(azurite["blob"], fresh_name)
        async with FaultProxy(azurite["blob"]) as proxy:
            text = connection_string(proxy.url)
            strangers = BlobStore(fresh_name, prefix="theirs", connection_string=text)
            async with strangers:
                await strangers.save("a/b", b"theirs", expect=None)
            faults = (Fault.answer(503), Fault.answer(500), Fault.lost_request())
            proxy.seed(7, 0.03, *faults, only=lambda request: request.method == "GET")
            async with BlobStore(fresh_name, prefix="ours/1", connection_string=text) as store:
                yield store
