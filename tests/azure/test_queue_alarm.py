"""StorageQueueAlarm keeps the contract of an alarm, on Azurite, and its promises beyond it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue.aio import QueueClient

from tests.azure.queue_stage import connection_string, drained, hasty
from tests.emulators.proxy import Fault, FaultProxy
from xorca.errors import Unavailable
from xorca.events import Event
from xorca.ports import Alarm
from xorca.providers.azure.armed import Ahead, Armed
from xorca.providers.azure.faults import AzureRefused
from xorca.providers.azure.queue_alarm import LONGEST, StorageQueueAlarm
from xorca_contrib.conformance import AlarmContract
from xorca_contrib.conformance.samples import event


@pytest.fixture
async def queue(azurite: dict[str, str], fresh_name: str) -> AsyncIterator[QueueClient]:
    client = QueueClient.from_connection_string(connection_string(azurite["queue"]), fresh_name)
    async with client:
        await client.create_queue()
        yield client


@pytest.fixture
async def proxy(azurite: dict[str, str]) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(azurite["queue"]) as proxy:
        yield proxy


@pytest.fixture
async def alarm(proxy: FaultProxy, queue: QueueClient) -> AsyncIterator[StorageQueueAlarm]:
    async with StorageQueueAlarm(
        queue.queue_name, connection_string=connection_string(proxy.url), patience=hasty()
    ) as alarm:
        yield alarm


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class TestStorageQueueAlarm(AlarmContract):
    """A queue hides messages for whole seconds."""

    step = 1.0
    many = 15

    @pytest.fixture(autouse=True)
    def _keep(self, queue: QueueClient) -> None:
        self.queue = queue

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        await asyncio.sleep(seconds)
        return await drained(self.queue)


class TestShaken(TestStorageQueueAlarm):
    """Every fifth request is lost, or answered 503: it is sent again."""

    @pytest.fixture(autouse=True)
    def _shake(self, proxy: FaultProxy) -> None:
        proxy.seed(7, 0.2, Fault.lost_request(), Fault.answer(503))


async def hidden_for(queue: QueueClient, proxy: FaultProxy) -> list[str]:
    return [
        part.partition("=")[2]
        for request in proxy.requests
        if request.method == "POST"
        for part in request.path.partition("?")[2].split("&")
        if part.startswith("visibilitytimeout=")
    ]


async def test_message_does_not_expire_before_its_time(
    alarm: StorageQueueAlarm, queue: QueueClient
) -> None:
    """A wake-up that nobody takes for weeks is still there."""
    await alarm.set(event(1), in_seconds(-1))

    (message,) = await queue.peek_messages()

    assert message.expires_on.year == 9999


async def test_far_deadline_comes_early_and_is_relayed(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """Seven days are the most; the runtime sets what comes early again."""
    await alarm.set(event(1), in_seconds(30 * 86_400))

    assert await hidden_for(queue, proxy) == [str(LONGEST)]


async def test_part_of_a_second_is_rounded_up(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """Nothing comes early for being rounded."""
    await alarm.set(event(1), in_seconds(90.5))

    assert await hidden_for(queue, proxy) == ["91"]


async def test_wake_up_that_came_early_is_set_again(
    alarm: StorageQueueAlarm, queue: QueueClient
) -> None:
    """Where the service's clock is ahead a message comes before we think so: it is sent anew."""
    await alarm.set(event(1), in_seconds(60))
    known = alarm._armed.drop(event(1).id)
    assert known is not None
    await queue.delete_message(known.receipt[0], known.receipt[1])  # it was delivered
    alarm._armed.keep(event(1).id, known)

    await alarm.set(event(1), in_seconds(60))

    properties = await queue.get_queue_properties()
    assert properties.approximate_message_count == 1


async def test_set_twice_is_one_message(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """What still waits is asked after, not sent again; it may still be taken back."""
    for _ in range(3):
        await alarm.set(event(1), in_seconds(60))

    assert [request.method for request in proxy.requests] == ["POST", "PUT", "PUT"]

    await alarm.cancel(event(1).id)

    assert (await queue.get_queue_properties()).approximate_message_count == 0


async def test_cancelled_in_another_worker_is_no_error(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """Another worker does not know the message; it asks nothing, and the message comes."""
    await alarm.set(event(1), in_seconds(60))
    url = connection_string(proxy.url)
    async with StorageQueueAlarm(queue.queue_name, connection_string=url) as other:
        await other.cancel(event(1).id)

    assert len(proxy.requests) == 1


@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.lost_request(), Fault.answer(500)])
async def test_fault_on_the_way_loses_nothing(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy, fault: Fault
) -> None:
    """A request whose fate is not known is sent again: the event comes once or twice."""
    proxy.plan(fault)

    await alarm.set(event(1), in_seconds(-1))

    assert {found.id for found in await drained(queue)} == {event(1).id}


async def test_lost_answer_of_a_cancel_is_no_error(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """The second try finds the message gone, which is what was wanted."""
    await alarm.set(event(1), in_seconds(60))
    proxy.plan(Fault.lost_answer())

    await alarm.cancel(event(1).id)

    assert (await queue.get_queue_properties()).approximate_message_count == 0


async def test_lasting_fault_is_unavailable(alarm: StorageQueueAlarm, proxy: FaultProxy) -> None:
    """The runtime is told in an error of a port, and has the event redelivered."""
    proxy.seed(1, 1.0, Fault.answer(503))

    with pytest.raises(Unavailable, match="answered 503"):
        await alarm.set(event(1), in_seconds(60))


async def test_page_is_no_word_of_azure(
    alarm: StorageQueueAlarm, queue: QueueClient, proxy: FaultProxy
) -> None:
    """What a portal on the way answers is asked for again, and the wake-up is set."""
    proxy.plan(Fault.answer(201, b"<html>Sign in</html>", {"content-type": "text/html"}))

    await alarm.set(event(1), in_seconds(0))

    assert [found.id for found in await drained(queue)] == [event(1).id]


async def test_missing_queue_is_refused(azurite: dict[str, str], fresh_name: str) -> None:
    """A queue that is not there may be made while events are redelivered."""
    url = connection_string(azurite["queue"])
    async with StorageQueueAlarm(fresh_name, connection_string=url) as alarm:
        with pytest.raises(AzureRefused, match="create it"):
            await alarm.set(event(1), in_seconds(60))


def test_memory_of_what_is_set_is_bounded() -> None:
    """The oldest is forgotten first; an id that is set again counts as new."""
    armed: Armed[int] = Armed(most=2)
    for name, receipt in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        armed.keep(name, Ahead(10.0, receipt))

    assert armed.still("b", now=0) is None
    assert armed.still("a", now=0) == Ahead(10.0, 3)
    assert armed.still("a", now=10) is None
