"""A publish that failed loses nothing: the outbox keeps the events, and they leave later."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.aws.places import Place, clients_of, queue
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.errors import PublishFailed
from xorca.events import Event
from xorca.providers.aws import SqsBus
from xorca.providers.memory import MemoryStore

BEGIN = Event(id="b-1", source="/test", type="cmd.sale.begin", data=b"{}").to_json()


class Sale(Orchestrator, name="sale"):
    @start("cmd.sale.begin")
    @emit("cmd.stock.reserve")
    def reserving(self) -> dict[str, int]:
        return {"chairs": 1}

    @on("evt.stock.reserve.success", to=end)
    def done(self) -> None: ...


@pytest.fixture
async def place(moto: str, fresh_name: str) -> AsyncIterator[Place]:
    place = await queue(moto, fresh_name)
    yield place
    await place.clients.close()


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as proxy:
        yield proxy


@pytest.mark.parametrize(
    "fault",
    [json_fault(503, "ServiceUnavailable"), json_fault(403, "AccessDenied"), Fault.lost_request()],
    ids=["unavailable", "denied", "reset"],
)
async def test_redelivery_sends_what_did_not_leave(
    fault: Fault, place: Place, proxy: FaultProxy
) -> None:
    """The outcome is retry; the redelivered event sends the same command, once it can."""
    clients = clients_of(proxy.url)
    runtime = Runtime([Sale], store=MemoryStore(), bus=SqsBus(place.name, clients=clients))
    proxy.seed(1, 1.0, fault)

    (first,) = await runtime.handle(BEGIN)
    assert (first.status, first.reason) == ("retry", "publish")
    assert isinstance(first.error, PublishFailed)
    assert await place.events() == []

    proxy.seed(1, 0.0)
    (again,) = await runtime.handle(BEGIN)
    (sent,) = await place.events()
    assert again.ok
    assert sent.id in first.error.failed
    await clients.close()


async def test_lost_answer_sends_the_same_bytes_twice(place: Place, proxy: FaultProxy) -> None:
    """A command whose confirmation is lost goes again, under its id and with its bytes."""
    clients = clients_of(proxy.url)
    runtime = Runtime([Sale], store=MemoryStore(), bus=SqsBus(place.name, clients=clients))
    proxy.plan(Fault.lost_answer(), only=lambda request: request.operation == "SendMessageBatch")

    (outcome,) = await runtime.handle(BEGIN)

    bodies = [message["Body"] for message in await place.messages()]
    assert outcome.ok
    assert len(bodies) == 2
    assert len(set(bodies)) == 1
    await clients.close()
