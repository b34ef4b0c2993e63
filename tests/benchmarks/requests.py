"""How many requests an event costs on S3 and on DynamoDB, counted on the wire.

``python -m tests.benchmarks.requests`` prints the table; a proxy before an emulator counts
every HTTP request, whatever it is for.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from tests.aws.grounds import GROUNDS
from tests.aws.race_courses import ENVIRONMENT
from tests.aws.race_words import Count, start_event, token_event
from tests.emulators.fixtures import HERE
from tests.emulators.proxy import FaultProxy, Request
from tests.emulators.serving import free_port, serving
from xorca import Runtime
from xorca.events import Event
from xorca.ports import Store
from xorca.providers.aws import DynamoDBStore, S3Store
from xorca.providers.open import StoreRoom

KINDS = ("S3", "S3 with markers", "DynamoDB")
CONTAINERS, PROCESSES, EVENTS = 8, 5, 6


@dataclass(frozen=True)
class Row:
    """What was done, how many events that were, and the requests by their operations."""

    name: str
    events: int
    requests: Counter[str]

    @property
    def total(self) -> int:
        """All requests."""
        return self.requests.total()

    def __str__(self) -> str:
        parts = ", ".join(f"{count} {name}" for name, count in sorted(self.requests.items()))
        each = self.total / self.events
        return f"{self.name:<44}{self.total:>6}{each:>9.2f}   {parts}"


class Silence:
    """A bus to nowhere."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Take the events."""


@dataclass
class Meter:
    """Counts what one kind of store asks for."""

    store: Store
    proxy: FaultProxy
    rows: list[Row] = field(default_factory=list)
    numbers: int = 0

    def container(self) -> Runtime:
        """Give a Runtime that has cached nothing, as a container that has just begun."""
        return Runtime([Count], store=self.store, bus=Silence())

    def token(self, process: str = "hot") -> Event:
        """Give a new event."""
        self.numbers += 1
        return token_event(f"t{self.numbers}", process)

    async def count(self, name: str, runtime: Runtime, *events: Event, status: str) -> None:
        """Handle events, and note what was asked of the store."""
        self.proxy.forget()
        outcomes = await runtime.handle(*events)
        assert {outcome.status for outcome in outcomes} == {status}, outcomes
        self.note(name, len(events))

    def note(self, name: str, events: int) -> None:
        """Note what was asked since it was forgotten."""
        asked = Counter(operation_of(request) for request in self.proxy.requests)
        self.rows.append(Row(name, events, asked))


def operation_of(request: Request) -> str:
    """Name what a request does; a marker is no record."""
    marker = " marker" if "~marks" in request.path or "%7Emarks" in request.path else ""
    return request.operation + marker


async def measure(kind: str, upstream: str) -> list[Row]:
    """Count the requests of everything that may happen to one process, and of random routing."""
    async with FaultProxy(upstream) as proxy, _store(kind, upstream, proxy.url) as store:
        meter = Meter(store, proxy)
        await _one_process(meter)
        await _random_routing(meter)
        return meter.rows


async def _one_process(meter: Meter) -> None:
    first, second = meter.container(), meter.container()
    await meter.count("start", first, start_event(), status="applied")
    told = meter.token()
    await meter.count("event, warm", first, told, status="applied")
    await meter.count("the same again, warm", first, told, status="duplicate")
    await meter.count("event, cold", second, meter.token(), status="applied")
    await meter.count("the same again, cold", meter.container(), told, status="duplicate")
    await meter.count("event, cached and changed since", first, meter.token(), status="applied")
    batch = [meter.token() for _ in range(10)]
    await meter.count("batch of ten, warm", first, *batch, status="applied")
    batch = [meter.token() for _ in range(10)]
    await meter.count("batch of ten, cold", meter.container(), *batch, status="applied")
    await meter.count("start again, cold", meter.container(), start_event(), status="duplicate")


async def _random_routing(meter: Meter) -> None:
    random, containers = Random(8), [meter.container() for _ in range(CONTAINERS)]
    names = [f"p{number}" for number in range(PROCESSES)]
    for name in names:
        await random.choice(containers).handle(start_event(name))
    turns = [name for name in names for _ in range(EVENTS)]
    random.shuffle(turns)
    meter.proxy.forget()
    for name in turns:
        (outcome,) = await random.choice(containers).handle(meter.token(name))
        assert outcome.status == "applied", outcome
    meter.note(f"{len(turns)} events, {PROCESSES} processes, {CONTAINERS} containers", len(turns))


@asynccontextmanager
async def _store(kind: str, upstream: str, url: str) -> AsyncIterator[StoreRoom]:
    prefix = uuid4().hex
    if kind == "DynamoDB":
        table = await GROUNDS.table(upstream)
        store: StoreRoom = DynamoDBStore(table, prefix=prefix, endpoint=url)
    else:
        bucket, markers = await GROUNDS.bucket(upstream), kind != "S3"
        store = S3Store(bucket, prefix=prefix, markers=markers, endpoint=url)
    async with store:
        yield store


async def _main() -> None:
    os.environ.update(ENVIRONMENT)
    with ExitStack() as stack:
        port = free_port()
        command = [sys.executable, HERE / "locked_moto.py", str(port)]
        moto = stack.enter_context(serving(command, port))
        for kind in KINDS:
            print(f"\n{kind:<44}{'all':>6}{'an event':>9}   requests")
            for row in await measure(kind, moto):
                print(row)


if __name__ == "__main__":
    asyncio.run(_main())
