"""Leases of Blob storage keep the contract, on blobs of their own and on those of records."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.azure.blobs import connection_string, make_container
from xorca.ports import Lease
from xorca.providers.azure import BlobLease, BlobStore
from xorca_contrib.conformance import LeaseContract

VERSION = "2025-11-05"
PATIENT = 60.0  # of the fast clock


@pytest.fixture
async def text(hasty_azurite: str, hurry: None, fresh_name: str) -> str:
    await make_container(hasty_azurite, fresh_name, api_version=VERSION)
    return connection_string(hasty_azurite)


class TestBlobLease(LeaseContract):
    """Leases without any record."""

    ttl = 15.0

    @pytest.fixture
    async def lease(self, text: str, fresh_name: str) -> AsyncGenerator[BlobLease]:
        self.options = {"connection_string": text, "api_version": VERSION, "timeout": PATIENT}
        async with (
            BlobLease(fresh_name, **self.options) as lease,
            BlobLease(fresh_name, **self.options) as self.second,
        ):
            yield lease

    async def another(self, lease: Lease) -> Lease:
        return self.second


class TestLeaseOfStore(LeaseContract):
    """Leases on the blobs of records, of two workers."""

    ttl = 15.0

    @pytest.fixture
    async def lease(self, text: str, fresh_name: str) -> AsyncGenerator[BlobLease]:
        options = {"connection_string": text, "api_version": VERSION, "timeout": PATIENT}
        async with (
            BlobStore(fresh_name, **options) as store,
            BlobStore(fresh_name, **options) as other,
        ):
            self.second = other.lease
            for key in ("a/b", "a/c"):
                await store.save(key, b"a record", expect=None)
            yield store.lease

    async def another(self, lease: Lease) -> Lease:
        return self.second
