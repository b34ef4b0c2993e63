"""Leases of Blob storage keep the contract, on blobs of their own and on those of records.

Both plain and behind a proxy that loses requests and answers: what is lost is asked again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.azure.blobs import connection_string, make_container
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca.ports import Lease
from xorca.providers.azure import BlobLease, BlobStore
from xorca_contrib.conformance import LeaseContract

VERSION = "2025-11-05"
PATIENT = 60.0  # of the fast clock
FAULTS = (Fault.lost_request(), Fault.lost_answer(), Fault.answer(503), Fault.answer(500))


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


class NeverTwice:
    """Whether a request may fail: one that is sent again gets through, as what heals does."""

    def __init__(self) -> None:
        self._failed: set[tuple[str, ...]] = set()

    def __call__(self, request: Request) -> bool:
        names = ("x-ms-lease-action", "x-ms-lease-id", "x-ms-proposed-lease-id")
        known = (request.method, request.path, *(request.headers.get(name, "") for name in names))
        if known in self._failed:
            if any(known[2:]):  # of one holder; others may be sent by several at once
                self._failed.discard(known)
            return False
        self._failed.add(known)
        return True


@pytest.fixture
async def faulty(hasty_azurite: str, text: str) -> AsyncGenerator[str]:
    async with FaultProxy(hasty_azurite) as proxy:
        proxy.seed(5, 0.4, *FAULTS, only=NeverTwice())
        yield connection_string(proxy.url)


class TestBlobLeaseBehindFaults(TestBlobLease):
    """Leases without any record, two fifths of whose requests have to be sent again."""

    @pytest.fixture
    def text(self, faulty: str) -> str:
        return faulty


class TestLeaseOfStoreBehindFaults(TestLeaseOfStore):
    """Leases on the blobs of records, likewise."""

    @pytest.fixture
    def text(self, faulty: str) -> str:
        return faulty
