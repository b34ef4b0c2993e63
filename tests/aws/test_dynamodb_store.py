"""A table keeps the contract of a store on two emulators, plain and with faults before it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.aws.grounds import GROUNDS
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca.ports import Store
from xorca.providers.aws import DynamoDBStore
from xorca_contrib.conformance import StoreContract

pytestmark = pytest.mark.usefixtures("aws_environment")


class TestDynamoDBStore(StoreContract):
    """Two clients on dynalite, with an index."""

    rivals = 4

    @pytest.fixture
    async def store(self, dynalite: str, fresh_name: str) -> AsyncGenerator[DynamoDBStore]:
        table = await GROUNDS.table(dynalite)
        async with (
            DynamoDBStore(table, prefix=fresh_name, endpoint=dynalite) as store,
            DynamoDBStore(table, prefix=fresh_name, endpoint=dynalite) as second,
        ):
            self.second = second
            yield store

    async def another(self, store: Store) -> Store:
        return self.second


def reads(request: Request) -> bool:
    return request.operation in ("GetItem", "Query")


class TestDynamoDBStoreOfAWorseDay(StoreContract):
    """On moto, without an index; reads meet faults, for the contract wants to know of writes."""

    rivals = 4

    @pytest.fixture
    async def store(self, moto: str, fresh_name: str) -> AsyncGenerator[DynamoDBStore]:
        table = await GROUNDS.table(moto, index=False)
        async with (
            FaultProxy(moto) as proxy,
            DynamoDBStore(table, prefix=fresh_name, endpoint=proxy.url) as store,
        ):
            throttled = json_fault(400, "ProvisionedThroughputExceededException")
            kinds = (throttled, Fault.lost_answer(), Fault.half_answer())
            proxy.seed(11, 0.02, *kinds, only=reads)
            yield store
