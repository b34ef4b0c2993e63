"""A lease on the blob of a record keeps everybody else from writing it, and whoever lost it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest
from azure.storage.blob.aio import ContainerClient

from tests.azure.blobs import connection_string, make_container, until
from tests.azure.events import SUBJECT, started, tick
from tests.azure.machines import Tally
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.errors import ConfigurationError, Conflict, LeaseHeld, LeaseLost, Unavailable
from xorca.ports import Stored
from xorca.providers.azure import BlobLease, BlobStore

HOT = storage_key("tally", "hot")


@pytest.fixture
async def proxy(azurite: dict[str, str], fresh_name: str) -> AsyncGenerator[FaultProxy]:
    await make_container(azurite["blob"], fresh_name)
    async with FaultProxy(azurite["blob"]) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: FaultProxy, fresh_name: str) -> AsyncGenerator[BlobStore]:
    async with BlobStore(fresh_name, connection_string=connection_string(proxy.url)) as store:
        yield store


@pytest.fixture
async def other(
    azurite: dict[str, str], store: BlobStore, fresh_name: str
) -> AsyncGenerator[BlobStore]:
    async with BlobStore(fresh_name, connection_string=connection_string(azurite["blob"])) as other:
        yield other


@pytest.fixture
async def container(
    azurite: dict[str, str], store: BlobStore, fresh_name: str
) -> AsyncGenerator[ContainerClient]:
    text = connection_string(azurite["blob"])
    async with ContainerClient.from_connection_string(text, fresh_name) as client:
        yield client


async def names(container: ContainerClient) -> list[str]:
    return [name async for name in container.list_blob_names()]


def is_lease(request: Request) -> bool:
    return "comp=lease" in request.path


async def test_holder_writes_and_nobody_else(store: BlobStore, other: BlobStore) -> None:
    """While a lease is held its store saves and deletes; another one is told of a conflict."""
    tag = await store.save("a/b", b"one", expect=None)

    async with store.lease.hold("a/b"):
        tag = await store.save("a/b", b"two", expect=tag)
        with pytest.raises(Conflict, match="somebody else has the lease"):
            await other.save("a/b", b"three", expect=tag)
        with pytest.raises(Conflict, match="somebody else has the lease"):
            await other.delete("a/b", expect=tag)
        with pytest.raises(Conflict):
            await other.delete("a/b")
        assert await other.load("a/b") == Stored(b"two", tag)
        await store.delete("a/b", expect=tag)

    assert await other.load("a/b") is None


async def test_lease_ends_with_the_block(store: BlobStore, other: BlobStore) -> None:
    """After the block both write by the tag alone."""
    tag = await store.save("a/b", b"one", expect=None)
    async with store.lease.hold("a/b"):
        pass

    tag = await other.save("a/b", b"two", expect=tag)
    await store.save("a/b", b"three", expect=tag)


async def test_stale_tag_is_refused_under_a_lease(store: BlobStore) -> None:
    """A lease is no leave to pass over the tag."""
    first = await store.save("a/b", b"one", expect=None)
    async with store.lease.hold("a/b"):
        await store.save("a/b", b"two", expect=first)

        with pytest.raises(Conflict):
            await store.save("a/b", b"three", expect=first)
        with pytest.raises(Conflict):
            await store.save("a/b", b"three", expect=None)


async def test_lost_lease_does_not_write(store: BlobStore, other: BlobStore) -> None:
    """Whose lease was taken away is refused, even if nobody has saved since."""
    tag = await store.save("a/b", b"one", expect=None)
    async with store.lease.hold("a/b"):
        await other.lease.break_lease("a/b")

        with pytest.raises(LeaseLost):
            await store.save("a/b", b"two", expect=tag)
        with pytest.raises(LeaseLost):
            await store.delete("a/b", expect=tag)

        async with other.lease.hold("a/b"):
            with pytest.raises(LeaseLost):
                await store.save("a/b", b"two", expect=tag)
            await other.save("a/b", b"theirs", expect=tag)

    stored = await store.load("a/b")
    assert stored is not None
    assert stored.body == b"theirs"


async def test_task_does_not_write_by_the_lease_of_its_neighbour(store: BlobStore) -> None:
    """Of two tasks with one store the one that lost its lease is refused."""
    tag = await store.save("a/b", b"one", expect=None)
    taken, done = asyncio.Event(), asyncio.Event()

    async def take_over() -> None:
        await store.lease.break_lease("a/b")
        async with store.lease.hold("a/b"):
            taken.set()
            await done.wait()

    async with store.lease.hold("a/b"):
        neighbour = asyncio.create_task(take_over())
        await taken.wait()
        with pytest.raises(LeaseLost):
            await store.save("a/b", b"two", expect=tag)
        done.set()
        await neighbour

    assert await store.load("a/b") == Stored(b"one", tag)


async def test_runtime_under_a_lease(store: BlobStore, proxy: FaultProxy) -> None:
    """A runtime with the store's lease costs two more requests an event, and leaves nothing."""
    runtime = Runtime([Tally], store=store, lease=store.lease)
    await runtime.handle(started(), publish=False)
    proxy.forget()

    (outcome,) = await runtime.handle(tick("a"), publish=False)

    assert outcome.status == "applied"
    kinds = ["lease" if is_lease(request) else request.method for request in proxy.requests]
    assert kinds == ["lease", "PUT", "lease"]
    assert (
        proxy.requests[1].headers["x-ms-lease-id"]
        == proxy.requests[0].headers["x-ms-proposed-lease-id"]
    )


async def test_start_under_a_lease_leaves_no_blob(
    store: BlobStore, container: ContainerClient
) -> None:
    """Where there is no record yet the lease is on a blob of its own, which goes with it."""
    runtime = Runtime([Tally], store=store, lease=store.lease)

    (outcome,) = await runtime.handle(started(), publish=False)

    assert outcome.status == "applied"
    assert await names(container) == [HOT]


async def test_event_beside_a_foreign_lease_comes_again(store: BlobStore, other: BlobStore) -> None:
    """Who has no lease backs off and answers retry; delivered again, the event is applied once."""
    runtime, plain = Runtime([Tally], store=store), Runtime([Tally], store=other)
    await runtime.handle(started(), publish=False)

    async with store.lease.hold(HOT):
        (refused,) = await plain.handle(tick("a"), publish=False)
        (beside,) = await runtime.handle(tick("b"), publish=False)
    (applied,) = await plain.handle(tick("a"), publish=False)
    (again,) = await plain.handle(tick("a"), publish=False)

    assert (refused.status, refused.reason) == ("retry", "contention")
    assert [beside.status, applied.status, again.status] == ["applied", "applied", "duplicate"]
    described = await plain.describe(SUBJECT)
    assert described is not None
    assert described.memory["tokens"] == ["b", "a"]


async def test_who_waited_for_a_lease_in_vain_does_not_insist(
    store: BlobStore, other: BlobStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who did not get the lease in its time asks to write twice at most, and loses nothing."""
    monkeypatch.setattr("xorca.runtime.subject.LEASE_WAIT", 0.1)
    holder = Runtime([Tally], store=other)
    runtime = Runtime([Tally], store=store, lease=store.lease)
    await holder.handle(started(), publish=False)

    async with other.lease.hold(HOT):
        (refused,) = await runtime.handle(tick("a"), publish=False)
    asked = [request.method for request in proxy.requests if not is_lease(request)]
    (applied,) = await runtime.handle(tick("a"), publish=False)

    assert (refused.status, refused.reason) == ("retry", "contention")
    assert isinstance(refused.error, LeaseHeld)
    assert asked == ["GET", "PUT", "GET", "PUT"]
    assert applied.status == "applied"


async def test_work_under_a_lost_lease_is_done_again(
    store: BlobStore, other: BlobStore, proxy: FaultProxy
) -> None:
    """The lease is taken away between reading and saving: refused, then applied by the next."""
    runtime = Runtime([Tally], store=store, lease=store.lease)
    thief = Runtime([Tally], store=other, lease=other.lease)
    await runtime.handle(started(), publish=False)
    proxy.plan(Fault.slow(0.5), only=lambda request: not is_lease(request))

    working = asyncio.create_task(runtime.handle(tick("a"), publish=False))
    # Five for the start, the lease, and the save that is slow.
    await until(lambda: proxy.count("PUT") == 7)
    await other.lease.break_lease(HOT)
    (stolen,) = await thief.handle(tick("b"), publish=False)
    (refused,) = await working
    (applied,) = await runtime.handle(tick("a"), publish=False)

    assert stolen.status == "applied"
    assert (refused.status, type(refused.error)) == ("retry", LeaseLost)
    assert applied.status == "applied"
    described = await thief.describe(SUBJECT)
    assert described is not None
    assert described.memory["tokens"] == ["b", "a"]


async def test_block_of_a_process_under_a_lease(store: BlobStore, other: BlobStore) -> None:
    """``runtime.process`` with the store's lease keeps others away until it has saved."""
    runtime = Runtime([Tally], store=store)
    await runtime.handle(started(), publish=False)

    async with runtime.process(SUBJECT, lease=store.lease) as process:
        await process.send(tick("a").to_json())
        with pytest.raises(LeaseHeld):
            async with other.lease.hold(HOT):
                pytest.fail("two hold the same lease")

    assert [outcome.status for outcome in process.outcomes] == ["applied"]


async def test_lost_answer_to_a_lease_locks_nobody_out(store: BlobStore, proxy: FaultProxy) -> None:
    """A lease that was granted unheard is asked for again, by the same id, and is ours."""
    await store.save("a/b", b"one", expect=None)
    proxy.plan(Fault.lost_answer(), only=is_lease)

    async with store.lease.hold("a/b") as held:
        await held.check()
    proxy.plan(Fault.lost_answer(), only=is_lease)
    async with store.lease.hold("a/b"):
        pass


async def test_lease_that_is_never_answered_is_given_back(
    store: BlobStore, other: BlobStore, proxy: FaultProxy
) -> None:
    """Where no answer comes at all the lease does not stay until its time is over."""
    await store.save("a/b", b"one", expect=None)
    proxy.plan(*[Fault.lost_answer()] * 3, only=is_lease)

    with pytest.raises(Unavailable):
        async with store.lease.hold("a/b"):
            pytest.fail("nobody knows that it is held")

    async with other.lease.hold("a/b"):
        pass


async def test_cancelled_caller_gives_the_lease_back(
    store: BlobStore, other: BlobStore, proxy: FaultProxy
) -> None:
    """Who is cancelled while Azure grants the lease does not keep it."""
    await store.save("a/b", b"one", expect=None)
    proxy.forget()
    proxy.plan(Fault.slow(0.3), only=is_lease)

    async def hold() -> None:
        async with store.lease.hold("a/b"):
            await asyncio.sleep(60)

    task = asyncio.create_task(hold())
    await until(lambda: bool(proxy.requests))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with other.lease.hold("a/b", wait=2):
        pass


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [(0.1, 15), (15, 15), (15.2, 16), (30, 30), (60, 60), (900, 60), (math.inf, -1)],
)
async def test_ttl_is_what_azure_allows(
    store: BlobStore, proxy: FaultProxy, ttl: float, seconds: int
) -> None:
    """A lease is asked for so many whole seconds, 15 to 60, or for ever."""
    await store.save("a/b", b"one", expect=None)

    async with store.lease.hold("a/b", ttl=ttl):
        asked = [request for request in proxy.requests if is_lease(request)]

    assert asked[0].headers["x-ms-lease-duration"] == str(seconds)


@pytest.mark.parametrize("ttl", [math.nan, -math.inf])
async def test_ttl_that_is_no_time_is_refused(store: BlobStore, ttl: float) -> None:
    """What is no time is no lease for ever."""
    with pytest.raises(ConfigurationError):
        async with store.lease.hold("a/b", ttl=ttl):
            pytest.fail("such a lease cannot be held")


async def test_endless_lease_is_broken_by_hand(
    azurite: dict[str, str], fresh_name: str, container: ContainerClient
) -> None:
    """A lease without end goes to the next when somebody breaks it, and its holder is told."""
    text = connection_string(azurite["blob"])
    async with BlobLease(fresh_name, prefix="jobs", connection_string=text) as lease:
        async with lease.hold("daily", ttl=math.inf) as held:
            assert await names(container) == ["jobs/_leases/daily"]
            await lease.break_lease("daily")
            async with lease.hold("daily"):
                with pytest.raises(LeaseLost):
                    await held.check()

        assert await names(container) == []
        await lease.break_lease("daily")


async def test_any_text_can_be_leased(
    azurite: dict[str, str], fresh_name: str, container: ContainerClient
) -> None:
    """Keys that no blob could have, and that resemble each other, have leases of their own."""
    text = connection_string(azurite["blob"])
    keys = (
        "reports/Daily run 7",
        "reports/daily run 7",
        "../up",
        "a//b",
        "Ünï",
        "x" * 5000,
        "_leases/a",
    )
    async with BlobLease(fresh_name, connection_string=text) as lease:
        async with AsyncExitStack() as stack:
            for key in keys:
                await stack.enter_async_context(lease.hold(key))
            assert len(set(await names(container))) == len(keys)
            for key in keys:
                with pytest.raises(LeaseHeld):
                    await stack.enter_async_context(lease.hold(key))

        assert await names(container) == []


@pytest.mark.parametrize("key", ["", "\ud800"])
async def test_key_that_is_no_text_is_refused(store: BlobStore, key: str) -> None:
    """No text, and what is no Unicode, cannot be leased."""
    with pytest.raises(ConfigurationError):
        async with store.lease.hold(key):
            pytest.fail("it cannot be held")


def test_lease_of_a_store_has_its_place() -> None:
    """A lease on a store takes no place of its own."""
    store = BlobStore("orders", connection_string="UseDevelopmentStorage=true")

    with pytest.raises(ConfigurationError, match="of the store; give no other"):
        BlobLease(store, prefix="else")
