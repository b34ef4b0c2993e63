"""StorageQueueChannel delivers to groups, comes again, gives up, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.queue.aio import QueueServiceClient

from tests.azure.queue_stage import connection_string, hasty
from tests.emulators.proxy import Fault, FaultProxy
from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event
from xorca.ports import Bus
from xorca.providers.azure.queue_channel import StorageQueueChannel
from xorca.providers.channel import Delivery
from xorca_contrib.conformance import BusContract
from xorca_contrib.conformance.samples import event


@pytest.fixture
async def proxy(azurite: dict[str, str]) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(azurite["queue"]) as proxy:
        yield proxy


@pytest.fixture
async def channel(proxy: FaultProxy, fresh_name: str) -> AsyncIterator[StorageQueueChannel]:
    async with StorageQueueChannel(
        fresh_name, connection_string=connection_string(proxy.url), patience=hasty(), max_attempts=3
    ) as channel:
        yield channel


def ids(deliveries: list[Delivery]) -> list[str]:
    return [delivery.event.id for delivery in deliveries]


def events(*numbers: int, type: str = "evt.t.x.success") -> list[Event]:
    return [event(number, type=type) for number in numbers]


async def drain(channel: StorageQueueChannel, group: str = "readers") -> list[Event]:
    found: list[Event] = []
    while deliveries := await channel.receive(group):
        found += [delivery.event for delivery in deliveries]
        await channel.ack(deliveries)
    return found


class TestChannelAsBus(BusContract):
    @pytest.fixture
    async def bus(self, channel: StorageQueueChannel, proxy: FaultProxy) -> StorageQueueChannel:
        self.proxy = proxy
        await channel.subscribe("readers", ["*"])
        return channel

    async def arrived(self, bus: Bus) -> list[Event]:
        assert isinstance(bus, StorageQueueChannel)
        return await drain(bus)

    async def break_it(self, bus: Bus) -> None:
        self.proxy.seed(1, 1.0, Fault.answer(503))

    async def test_large_event_arrives(self, bus: Bus) -> None:
        """An event of 200 kB is named, and refused."""
        with pytest.raises(PublishFailed, match=r"a message has at most 65,536"):
            await bus.publish([event(1, data=b'"' + b"x" * 200_000 + b'"')])


async def test_every_group_gets_its_own(channel: StorageQueueChannel) -> None:
    """Two groups that want an event are both given it; a third is not."""
    await channel.subscribe("a", ["evt.*"])
    await channel.subscribe("orchestrator:b/ü", ["evt.t.*"])
    await channel.subscribe("c", ["cmd.*"])

    await channel.publish(events(1))

    found = [ids(await channel.receive(group)) for group in ("a", "orchestrator:b/ü", "c")]
    assert found == [[event(1).id], [event(1).id], []]


async def test_groups_are_shared_between_workers(
    channel: StorageQueueChannel, azurite: dict[str, str], fresh_name: str
) -> None:
    """What one worker subscribed to, another publishes to."""
    await channel.subscribe("a", ["evt.*"])
    url = connection_string(azurite["queue"])
    async with StorageQueueChannel(fresh_name, connection_string=url) as other:
        await other.publish(events(1))

    assert ids(await channel.receive("a")) == [event(1).id]


async def test_new_group_is_found_at_once_where_nobody_else_listens(
    channel: StorageQueueChannel, azurite: dict[str, str], fresh_name: str
) -> None:
    """Whoever read the groups a moment ago looks again before he says that nobody wants it."""
    url = connection_string(azurite["queue"])
    async with StorageQueueChannel(fresh_name, connection_string=url) as other:
        await channel.subscribe("a", ["cmd.*"])
        await other.publish(events(1, type="cmd.t.x"))
        await channel.subscribe("b", ["evt.*"])

        await other.publish(events(2))

        assert (await channel.counts("b")).waiting == 1


async def test_patterns_are_added(channel: StorageQueueChannel) -> None:
    """Workers of one group that want different events get all of them."""
    await channel.subscribe("a", ["evt.*"])
    await channel.subscribe("a", ["cmd.*"])

    await channel.publish([*events(1), *events(2, type="cmd.t.x")])

    assert ids(await channel.receive("a")) == [event(1).id, event(2).id]


async def test_patterns_that_were_overwritten_come_back(
    channel: StorageQueueChannel, azurite: dict[str, str], fresh_name: str
) -> None:
    """Two workers write at once, one is lost: it finds out, and writes again."""
    await channel.subscribe("a", ["evt.*"])
    name = channel._groups.queue_of("a")
    service = QueueServiceClient.from_connection_string(connection_string(azurite["queue"]))
    async with service:
        queue = service.get_queue_client(name)
        await queue.set_queue_metadata({})

        await channel._groups.routes(fresh=True)

        assert (await queue.get_queue_properties()).metadata


async def test_taken_delivery_is_hidden(channel: StorageQueueChannel) -> None:
    """What one worker took the next one is not given, and acknowledged it is gone."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 2))

    first = await channel.receive("g", limit=1)
    second = await channel.receive("g")
    await channel.ack(first + second)

    assert (ids(first), ids(second)) == ([event(1).id], [event(2).id])
    assert (await channel.counts("g")).waiting == 0


async def test_silence_makes_visible_again(channel: StorageQueueChannel) -> None:
    """A delivery that nobody acknowledges comes again, with its attempts counted."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    await channel.receive("g", visibility=1)

    await asyncio.sleep(1.2)
    again = await channel.receive("g")

    assert [(each.event.id, each.attempts) for each in again] == [(event(1).id, 2)]


async def test_what_is_worked_on_stays_hidden(channel: StorageQueueChannel) -> None:
    """A delivery that is extended does not come again, and is acknowledged all the same."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    taken = await channel.receive("g", visibility=1)
    await channel.extend(taken, visibility=30)

    await asyncio.sleep(1.2)
    assert await channel.receive("g") == []
    await channel.ack(taken)

    assert (await channel.counts("g")).waiting == 0


async def test_delivery_of_another_stays_his(channel: StorageQueueChannel) -> None:
    """Who was too slow neither extends nor gives back what somebody else has by now."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    slow = await channel.receive("g", visibility=1)
    await asyncio.sleep(1.2)
    quick = await channel.receive("g", visibility=30)

    await channel.nack(slow)
    await channel.extend(slow, visibility=1)
    await channel.ack(slow)

    assert await channel.receive("g") == []
    await channel.ack(quick)
    assert (await channel.counts("g")).waiting == 0


async def test_given_up_and_revived(channel: StorageQueueChannel) -> None:
    """What failed too often is kept beside the queue with its cause, until it is revived."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    for _ in range(3):
        await channel.nack(await channel.receive("g"), cause="the shelf is empty")

    (letter,) = await channel.dead_letters()
    assert (letter.event, letter.group, letter.cause) == (event(1), "g", "the shelf is empty")
    assert (await channel.counts("g")).dead == 1
    assert await channel.receive("g") == []

    assert await channel.revive([letter]) == 1
    assert await channel.revive([letter]) == 0

    (again,) = await channel.receive("g")
    assert (again.event, again.attempts) == (event(1), 1)


async def test_death_of_workers_is_given_up_on(channel: StorageQueueChannel) -> None:
    """An event that kills its workers is not given for ever."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    for _ in range(3):
        assert len(await channel.receive("g", visibility=1)) == 1
        await asyncio.sleep(1.1)

    assert await channel.receive("g") == []

    (letter,) = await channel.dead_letters()
    assert letter.event == event(1)


async def test_what_is_no_event_is_put_aside(
    channel: StorageQueueChannel, azurite: dict[str, str]
) -> None:
    """A message of a stranger neither stops the group nor is lost."""
    await channel.subscribe("g", ["*"])
    name = channel._groups.queue_of("g")
    service = QueueServiceClient.from_connection_string(connection_string(azurite["queue"]))
    async with service:
        await service.get_queue_client(name).send_message("hello")
        await channel.publish(events(1))

        assert ids(await channel.receive("g")) == [event(1).id]

        (kept,) = await service.get_queue_client(f"{name}-poison").peek_messages()
        assert kept.content == "hello"
    assert await channel.dead_letters() == []


async def test_unwanted_event_waits_for_a_taker(channel: StorageQueueChannel) -> None:
    """What nobody wants yet comes to the group that wants it later."""
    await channel.subscribe("a", ["cmd.*"])
    await channel.publish(events(1))

    await channel.subscribe("b", ["evt.*"])
    await channel.receive("a")  # whoever reads finds takers

    assert ids(await channel.receive("b")) == [event(1).id]


async def test_event_that_nobody_wants_stays_a_while(channel: StorageQueueChannel) -> None:
    """Readers who looked at it and had no taker do not drop it."""
    await channel.subscribe("a", ["cmd.*"])
    await channel.publish(events(1))

    assert await channel.receive("a") == []

    assert await channel._spares.count() == 1


async def test_forgotten_group_is_gone(channel: StorageQueueChannel) -> None:
    """A group that is unsubscribed is given nothing any more."""
    await channel.subscribe("a", ["evt.*"])
    await channel.unsubscribe("a")

    await channel.publish(events(1))

    assert (await channel.counts()).waiting == 0


async def test_deadline_comes_to_who_wants_it(channel: StorageQueueChannel) -> None:
    """A wake-up is routed like an event, at its time."""
    await channel.subscribe("a", ["sys.*"])
    bell = event(1, type="sys.xorca.timer")
    await channel.alarm.set(bell, datetime.now(UTC) + timedelta(seconds=1))

    assert await channel.receive("a") == []
    assert (await channel.counts()).timers == 1
    await asyncio.sleep(1.3)

    assert ids(await channel.receive("a")) == [bell.id]


async def test_idle_worker_looks_less_and_less_often(channel: StorageQueueChannel) -> None:
    """Looking costs money: the pauses grow up to ``poll``, and end when something is published."""
    await channel.subscribe("a", ["evt.*"])
    for _ in range(8):
        await channel.receive("a")
    loop = asyncio.get_running_loop()
    started = loop.time()

    waiting = asyncio.create_task(channel.wait(30, group="a"))
    await asyncio.sleep(0)
    await channel.publish(events(1))

    assert await waiting
    assert loop.time() - started < 30
    assert ids(await channel.receive("a")) == [event(1).id]


@pytest.mark.parametrize("prefix", ["", "A", "a--b", "-a", "a-", "a" * 34])
def test_bad_prefix_is_refused(prefix: str) -> None:
    """A prefix that begins no name of a queue is refused at once."""
    with pytest.raises(ConfigurationError, match="begins no names"):
        StorageQueueChannel(prefix, connection_string="x")


@pytest.mark.parametrize("options", [{"poll": 0.0}, {"max_attempts": 0}])
def test_bad_number_is_refused(options: dict[str, Any]) -> None:
    """A channel that never looks, or never tries, is refused at once."""
    with pytest.raises(ConfigurationError, match="a channel looks every so many"):
        StorageQueueChannel("shop", connection_string="x", **options)


async def test_strange_receipt_is_refused(channel: StorageQueueChannel) -> None:
    """A delivery of another channel is refused, not looked for."""
    with pytest.raises(ConfigurationError, match="no receipt of this channel"):
        await channel.ack([Delivery(event(1), 1, "7:1:a")])


async def test_too_many_patterns_are_refused(channel: StorageQueueChannel) -> None:
    """What no queue can note is refused, with what to write instead."""
    with pytest.raises(ConfigurationError, match="write patterns"):
        await channel.subscribe("a", [f"evt.books.number{n}.success" for n in range(300)])
