"""SqsChannel: a LocalWorker over queues, and what becomes of each message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.aws.places import Place, queue
from xorca import Orchestrator, after, emit, end, on, start
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers.local import LocalWorker
from xorca.providers.aws import SqsBus, SqsChannel
from xorca.providers.aws.bodies import event_of_body
from xorca.providers.joined import JoinedStore
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.providers.routed import RoutedBus


@pytest.fixture
async def place(moto: str, fresh_name: str) -> AsyncIterator[Place]:
    place = await queue(moto, fresh_name)
    yield place
    await place.clients.close()


@pytest.fixture
async def channel(place: Place) -> SqsChannel:
    return SqsChannel(
        {"g": place.name},
        bus=SqsBus(place.name, clients=place.clients),
        poll=0,
        clients=place.clients,
    )


def event(id: str = "1", type: str = "cmd.t.x") -> Event:
    return Event(id=id, source="/s", type=type, subject="sale/1.0.0/seven", data=b"{}")


async def test_what_is_received_is_hidden_until_it_is_acknowledged(channel: SqsChannel) -> None:
    """A delivery holds the event and its attempt; acknowledged, it never comes again."""
    await channel.publish([event()])

    (taken,) = await channel.receive("g", visibility=1)
    assert (taken.event.to_json(), taken.attempts) == (event().to_json(), 1)
    assert await channel.receive("g") == []

    await channel.ack([taken])
    await asyncio.sleep(1.1)
    assert await channel.receive("g") == []


async def test_what_is_given_back_comes_again(channel: SqsChannel) -> None:
    """A delivery that is given back comes at once, and its attempts are counted."""
    await channel.publish([event()])
    taken = await channel.receive("g")

    await channel.nack(taken, cause="not today")

    assert [each.attempts for each in await channel.receive("g")] == [2]


async def test_extended_delivery_stays_hidden(channel: SqsChannel) -> None:
    """Work that takes longer than visibility keeps its message."""
    await channel.publish([event()])
    taken = await channel.receive("g", visibility=1)

    await channel.extend(taken, visibility=30)

    await asyncio.sleep(1.1)
    assert await channel.receive("g") == []


async def test_many_deliveries_are_settled_by_tens(channel: SqsChannel) -> None:
    """More than ten are received, and acknowledged, in several requests."""
    await channel.publish([event(str(number)) for number in range(23)])
    taken = [each for _ in range(4) for each in await channel.receive("g", limit=64)]

    await channel.ack(taken)

    assert len({each.event.id for each in taken}) == 23
    assert (await channel.counts("g")).in_flight == 0


async def test_message_that_is_no_event_is_left(
    channel: SqsChannel, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told and neither given nor deleted; its neighbours are given."""
    sqs = await place.clients.client("sqs")
    await sqs.send_message(QueueUrl=place.url, MessageBody="hello")
    await channel.publish([event()])

    taken = await channel.receive("g", visibility=1)

    assert [each.event.id for each in taken] == ["1"]
    assert "is left to the queue's redrive policy" in caplog.text
    await asyncio.sleep(1.1)
    assert "hello" in {message["Body"] for message in await place.messages()}


@pytest.mark.parametrize("form", ["plain", "sns", "rule"])
def test_event_is_read_however_it_is_wrapped(form: str) -> None:
    """A message put there by us, by a topic, or by a rule of EventBridge."""
    sent = event()
    text = sent.to_json().decode()
    body = {
        "plain": text,
        "sns": json.dumps({"Type": "Notification", "MessageId": "m", "Message": text}),
        "rule": json.dumps({"version": "0", "detail-type": "t", "detail": json.loads(text)}),
    }[form]

    assert event_of_body(body).key == sent.key


def test_group_without_queue_is_told() -> None:
    """A worker whose group has no queue does not start, and is told what to add."""
    channel = SqsChannel({"sale": "q"}, bus=MemoryBus())

    with pytest.raises(ConfigurationError, match="no queue was given for 'stock': add it"):
        asyncio.run(channel.subscribe("orchestrator:stock", ["evt.*"]))


def test_two_groups_of_one_queue_are_refused() -> None:
    """Each would take and acknowledge what is the other's."""
    with pytest.raises(ConfigurationError, match="give each its own"):
        SqsChannel({"sale": "q", "stock": "q"}, bus=MemoryBus())


class Sale(Orchestrator, name="sale"):
    @start("cmd.sale.begin")
    @emit("cmd.stock.reserve")
    def reserving(self) -> dict[str, int]:
        return {"chairs": 1}

    @on("evt.stock.reserve.success")
    @emit("cmd.stock.pack")
    def packing(self) -> dict[str, int]:
        return {}

    @after(timedelta(seconds=1), at=packing, to=end)
    def too_late(self) -> None: ...


async def test_local_worker_runs_on_queues(moto: str, fresh_name: str) -> None:
    """A process from its start to its deadline: commands, answers and wake-ups by SQS alone."""
    stock = Fleet(source="/srvc/stock")

    @stock.serves("cmd.stock.reserve")
    async def reserve() -> None: ...

    sales, stocks = await queue(moto, f"{fresh_name}-a"), await queue(moto, f"{fresh_name}-b")
    clients = sales.clients
    bus = RoutedBus(
        {
            "cmd.stock.*": SqsBus(stocks.name, clients=clients),
            "*": SqsBus(sales.url, clients=clients),
        }
    )
    names = {"sale": sales.name, "/srvc/stock": stocks.name}
    channel = SqsChannel(names, bus=bus, poll=0, clients=clients)
    store = JoinedStore(MemoryStore(), channel=channel, alarm=channel.alarm)
    states: list[str | None] = []

    async with LocalWorker(store, [Sale], fleets=[stock]) as worker:
        worker.on_outcome(lambda outcome: states.append(outcome.state))
        await worker.send(event(type="cmd.sale.begin").to_json())
        ended = await worker.run_until(lambda: "too_late" in states, timeout=60)

    assert ended, states
    await clients.close()
    await stocks.clients.close()
