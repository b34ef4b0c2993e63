"""Leases in a table keep the contract of a lease."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.aws.grounds import GROUNDS
from xorca.ports import Lease
from xorca.providers.aws import DynamoDBLease
from xorca_contrib.conformance import LeaseContract

pytestmark = pytest.mark.usefixtures("aws_environment")


class TestDynamoDBLease(LeaseContract):
    """Two clients on dynalite."""

    @pytest.fixture
    async def lease(self, dynalite: str, fresh_name: str) -> AsyncGenerator[DynamoDBLease]:
        table = await GROUNDS.table(dynalite)
        async with (
            DynamoDBLease(table, prefix=fresh_name, endpoint=dynalite) as lease,
            DynamoDBLease(table, prefix=fresh_name, endpoint=dynalite) as second,
        ):
            self.second = second
            yield lease

    async def another(self, lease: Lease) -> Lease:
        return self.second
