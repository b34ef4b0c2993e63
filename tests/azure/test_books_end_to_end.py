"""The book example on Azure's emulator: records as blobs, events over storage queues."""

from __future__ import annotations

import asyncio

import pytest
from azure.storage.blob.aio import ContainerClient

from examples.book_summary.books import books
from examples.book_summary.checks import grammar, regulations
from examples.book_summary.orchestrator import BookSummary
from examples.book_summary.payloads import BookRequest
from examples.book_summary.press import press
from examples.book_summary.summaries import summaries
from tests.azure.queue_stage import ACCOUNT, KEY, hasty
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca import Runtime
from xorca.handlers.local import LocalWorker
from xorca.providers.azure import BlobStore, StorageQueueChannel
from xorca.providers.joined import JoinedStore
from xorca.runtime.intake import read_any

FLEETS = (books, summaries, grammar, regulations, press)
GOOD = ("assert", "class", "lambda", "return")
MISSING = "no-such-book"
PATIENCE = 90.0


def text_of(urls: dict[str, str]) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint={urls['blob']};QueueEndpoint={urls['queue']};"
    )


@pytest.fixture
async def container(azurite: dict[str, str], fresh_name: str) -> str:
    client = ContainerClient.from_connection_string(text_of(azurite), fresh_name)
    async with client:
        await client.create_container()
    return fresh_name


def room(urls: dict[str, str], name: str) -> JoinedStore:
    """Give a room of its own, as another machine would have it."""
    text = text_of(urls)
    channel = StorageQueueChannel(name, connection_string=text, poll=0.1, patience=hasty(8))
    blobs = BlobStore(name, connection_string=text)
    return JoinedStore(blobs, channel=channel, alarm=channel.alarm)


async def states(runtime: Runtime, ids: tuple[str, ...]) -> dict[str, str]:
    """Give the state of every process, once all of them are over."""
    found: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE):
        for name in ids:
            done = await runtime.result(f"books.summary/1.0.0/{name}", timeout=PATIENCE)
            found[name] = done.state
    return found


async def summarise(urls: dict[str, str], name: str, *, twice: bool = False) -> dict[str, str]:
    """Let one machine orchestrate, another serve, and a third ask for books."""
    ids = (*GOOD, MISSING)
    starts = [BookSummary.start_event(BookRequest(each), process_id=each) for each in ids]
    async with (
        room(urls, name) as store,
        room(urls, name) as services,
        room(urls, name) as desk,
        LocalWorker(store, [BookSummary]) as orchestrating,
        LocalWorker(services, fleets=FLEETS),
    ):
        for _ in range(2 if twice else 1):
            await desk.channel.publish([read_any(start) for start in starts])
        assert orchestrating.runtime is not None
        return await states(orchestrating.runtime, ids)


EXPECTED = {**dict.fromkeys(GOOD, "finish"), MISSING: "fail"}


async def test_books_are_summarised(azurite: dict[str, str], container: str) -> None:
    """Orchestrator and services on two machines, each start sent twice: every book ends once."""
    assert await summarise(azurite, container, twice=True) == EXPECTED


def harmful(request: Request) -> bool:
    """Leave out what makes and lists the queues, which is done once."""
    return "/messages" in request.path or "comp=list" not in request.path


async def test_books_are_summarised_in_a_storm(azurite: dict[str, str], container: str) -> None:
    """One request in twenty is lost, or its answer, or is answered 503: every book ends."""
    kinds = (Fault.lost_request(), Fault.lost_answer(), Fault.answer(503))
    async with FaultProxy(azurite["blob"]) as blobs, FaultProxy(azurite["queue"]) as queues:
        for seed, proxy in enumerate((blobs, queues)):
            proxy.seed(seed, 0.05, *kinds, only=harmful)

        found = await summarise({"blob": blobs.url, "queue": queues.url}, container)

        assert found == EXPECTED
        assert len(blobs.faults) + len(queues.faults) > 5
