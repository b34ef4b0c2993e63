"""Buckets and tables for the tests of stores."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from xorca.providers.aws import AwsClients, DynamoDBStore

REGION = "eu-central-1"


async def make_bucket(endpoint: str, name: str, **options: Any) -> None:
    """Make a bucket in the emulator."""
    clients = AwsClients(endpoint=endpoint, region=REGION, **options)
    s3: Any = await clients.client("s3")
    place = {"LocationConstraint": REGION}
    await s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    await clients.close()


async def make_table(endpoint: str, name: str, *, index: bool = True) -> None:
    """Make a table in the emulator."""
    async with DynamoDBStore(name, endpoint=endpoint, region=REGION) as store:
        await store.create_table(index=index)


class Grounds:
    """Places made once for each endpoint and kind; tests share them under prefixes."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], str] = {}

    async def bucket(self, endpoint: str) -> str:
        """Give a bucket."""
        return await self._place(endpoint, "bucket")

    async def table(self, endpoint: str, *, index: bool = True) -> str:
        """Give a table with keys as a store needs them."""
        return await self._place(endpoint, "indexed" if index else "bare")

    async def _place(self, endpoint: str, kind: str) -> str:
        name = self._made.get((endpoint, kind))
        if name is None:
            name = self._made[endpoint, kind] = f"{kind}-{uuid4().hex[:12]}"
            if kind == "bucket":
                await make_bucket(endpoint, name)
            else:
                await make_table(endpoint, name, index=kind == "indexed")
        return name


GROUNDS = Grounds()
