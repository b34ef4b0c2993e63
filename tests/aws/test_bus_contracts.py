"""The buses of AWS keep the contract of a bus on moto, plain and with faults in between."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.aws.places import Place, event_bus, queue, topic
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca.events import Event
from xorca.ports import Bus
from xorca.providers.aws import EventBridgeBus, SnsBus, SqsBus
from xorca.providers.aws.batch_bus import BatchBus
from xorca_contrib.conformance import BusContract

ARGUMENTS = {
    "region": "eu-central-1",
    "access_key_id": "testing",
    "secret_access_key": "testing",
}


class AwsBusContract(BusContract):
    """A bus to a place of moto; ``rate`` of its requests meet a fault."""

    rate = 0.0
    publishers = 8

    @pytest.fixture
    async def proxy(self, moto: str) -> AsyncIterator[FaultProxy]:
        async with FaultProxy(moto) as proxy:
            yield proxy

    @pytest.fixture
    async def bus(self, proxy: FaultProxy, moto: str, fresh_name: str) -> AsyncIterator[BatchBus]:
        bus = await self.make(moto, proxy.url, fresh_name)
        faults = (Fault.lost_request(), THROTTLED, UNAVAILABLE, *self.after())
        proxy.seed(2, self.rate, *faults, only=lambda request: request.method == "POST")
        self.proxy = proxy
        yield bus
        await bus.close()
        await self.place.clients.close()

    def after(self) -> tuple[Fault, ...]:
        """Give the faults that come when the events are there, and so arrive twice."""
        return ()

    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        raise NotImplementedError

    async def arrived(self, bus: Bus) -> list[Event]:
        return await self.place.events()

    async def break_it(self, bus: Bus) -> None:
        self.proxy.seed(1, 1.0, UNAVAILABLE)

    place: Place


THROTTLED = json_fault(400, "ThrottlingException")
UNAVAILABLE = json_fault(503, "ServiceUnavailable")


class TestSqsBus(AwsBusContract):
    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        self.place = await queue(moto, name)
        return SqsBus(name, endpoint=url, **ARGUMENTS)


class TestSqsBusWithFaults(TestSqsBus):
    rate = 0.3


class TestFifoQueue(AwsBusContract):
    """A FIFO queue knows an event that came before, so that lost answers change nothing."""

    rate = 0.2

    def after(self) -> tuple[Fault, ...]:
        return (Fault.lost_answer(), Fault.half_answer())

    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        self.place = await queue(moto, f"{name}.fifo")
        return SqsBus(f"{name}.fifo", endpoint=url, **ARGUMENTS)


class TestSnsBus(AwsBusContract):
    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        arn, self.place = await topic(moto, name)
        return SnsBus(arn, endpoint=url, **ARGUMENTS)


class TestFifoTopic(AwsBusContract):
    rate = 0.3

    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        arn, self.place = await topic(moto, f"{name}.fifo", raw=False)
        return SnsBus(arn, endpoint=url, **ARGUMENTS)


class TestEventBridgeBus(AwsBusContract):
    async def make(self, moto: str, url: str, name: str) -> BatchBus:
        self.place = await event_bus(moto, name)
        return EventBridgeBus(name, endpoint=url, **ARGUMENTS)


class TestEventBridgeBusWithFaults(TestEventBridgeBus):
    rate = 0.3
