"""A bucket keeps the contract of a store, plain, and marked behind a proxy with faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.aws.grounds import GROUNDS
from tests.emulators.aws_answers import s3_fault
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca.ports import Store
from xorca.providers.aws import S3Store
from xorca_contrib.conformance import StoreContract

pytestmark = pytest.mark.usefixtures("aws_environment")


class TestS3Store(StoreContract):
    """Two clients."""

    keeps_summaries = False
    rivals = 4

    @pytest.fixture
    async def store(self, moto: str, fresh_name: str) -> AsyncGenerator[S3Store]:
        bucket = await GROUNDS.bucket(moto)
        async with (
            S3Store(bucket, prefix=fresh_name, endpoint=moto) as store,
            S3Store(bucket, prefix=fresh_name, endpoint=moto) as second,
        ):
            self.second = second
            yield store

    async def another(self, store: Store) -> Store:
        return self.second


def reads(request: Request) -> bool:
    return request.method == "GET"


class TestS3StoreOfAWorseDay(StoreContract):
    """With markers; reads meet faults, for the contract wants to know the end of writes."""

    keeps_summaries = False
    rivals = 4

    @pytest.fixture
    async def store(self, moto: str, fresh_name: str) -> AsyncGenerator[S3Store]:
        bucket = await GROUNDS.bucket(moto)
        async with (
            FaultProxy(moto) as proxy,
            S3Store(bucket, prefix=fresh_name, markers=True, endpoint=proxy.url) as store,
        ):
            kinds = (s3_fault(503, "SlowDown"), Fault.lost_answer(), Fault.half_answer())
            proxy.seed(11, 0.05, *kinds, only=reads)
            yield store
