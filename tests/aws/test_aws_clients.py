"""The SDK's clients: when they are loaded, opened, shared and closed."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.aws.grounds import GROUNDS
from tests.emulators.proxy import FaultProxy
from xorca.ports import Query
from xorca.providers.aws import AwsClients, DynamoDBLease, DynamoDBStore, S3Store
from xorca.providers.open import open_store

pytestmark = pytest.mark.usefixtures("aws_environment")

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as found:
        yield found


def test_no_sdk_is_loaded_before_it_is_used() -> None:
    """Neither ``import xorca`` nor its rooms of AWS load the SDK; nor does making a store."""
    program = (
        "import sys, xorca\n"
        "assert 'xorca.providers.aws' not in sys.modules\n"
        "import xorca.providers.aws as aws\n"
        "xorca.open_store('s3://orders?region=eu-central-1')\n"
        "xorca.open_store('dynamodb://orders')\n"
        "aws.DynamoDBLease('locks')\n"
        "print([name for name in ('aiobotocore', 'botocore', 'aiohttp') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


async def test_client_is_opened_once(moto: str) -> None:
    """Many who ask at once get one client."""
    clients = AwsClients(endpoint=moto)

    found = await asyncio.gather(*(clients.client("s3") for _ in range(8)))

    assert len({id(one) for one in found}) == 1
    await clients.close()
    await clients.close()


async def test_cancelled_opener_leaves_it_to_others(moto: str) -> None:
    """Whoever is cancelled while a client opens takes it from nobody."""
    clients = AwsClients(endpoint=moto)
    first = asyncio.ensure_future(clients.client("s3"))
    second = asyncio.ensure_future(clients.client("s3"))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).meta.region_name == "eu-central-1"
    await clients.close()


def test_each_loop_has_its_own_client(moto: str) -> None:
    """A store goes on in a new event loop, and the old one's connections trouble nobody."""
    bucket = asyncio.run(GROUNDS.bucket(moto))
    store = S3Store(bucket, prefix="loops", endpoint=moto)

    async def use() -> bool:
        return await store.load("a/b") is None

    assert asyncio.run(use())
    assert asyncio.run(use())
    asyncio.run(_used_and_closed(store))
    gc.collect()


async def _used_and_closed(store: S3Store) -> None:
    await store.load("a/b")
    await store.close()


async def test_shared_clients_are_closed_by_their_maker(moto: str) -> None:
    """A room that was given clients leaves them open for the others."""
    clients = AwsClients(endpoint=moto)
    bucket, table = await GROUNDS.bucket(moto), await GROUNDS.table(moto)
    store, other = S3Store(bucket, clients=clients), DynamoDBStore(table, clients=clients)
    client = await clients.client("s3")

    for room in (store, DynamoDBLease(table, clients=clients)):
        await room.close()

    assert await clients.client("s3") is client
    assert await other.load("a/b") is None
    await clients.close()


async def test_url_says_where_to_go(moto: str) -> None:
    """Region, endpoint and prefix come from the URL."""
    bucket = await GROUNDS.bucket(moto)
    url = f"s3://{bucket}/a/b%20c?region=eu-central-1&endpoint={moto}&markers=no"
    async with open_store(url) as store:
        await store.save("k", b"one", expect=None)

        assert isinstance(store, S3Store)
        assert (store.bucket, store.prefix) == (bucket, "a/b c")

    async with S3Store(bucket, prefix="a", endpoint=moto) as outer:
        assert await outer.load("k") is None


async def test_foreign_objects_are_passed_over(moto: str, fresh_name: str) -> None:
    """What others keep below the prefix is not listed, as far as no key is called so."""
    async with S3Store(await GROUNDS.bucket(moto), prefix=fresh_name, endpoint=moto) as store:
        s3 = await store._clients.client("s3")
        for name in ("README.md", "a b", "~marks/x!p!0123456789ab"):
            await s3.put_object(Bucket=store.bucket, Key=f"{fresh_name}/{name}", Body=b"")
        await store.save("a/b", b"one", expect=None)

        page = await store.list(Query())

    assert [item.key for item in page.items] == ["a/b"]


async def test_write_waits_for_no_leave(proxy: FaultProxy, moto: str, fresh_name: str) -> None:
    """A save is one way to the bucket and back: it asks for no ``100 Continue`` first."""
    bucket = await GROUNDS.bucket(moto)
    async with S3Store(bucket, prefix=fresh_name, endpoint=proxy.url) as store:
        await store.save("a/b", bytes(200_000), expect=None)

    (request,) = proxy.requests
    assert "expect" not in request.headers
    assert request.headers["if-none-match"] == "*"
