"""ServiceBusAlarm keeps the contract of an alarm, and cannot lose a wake-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.azure.queue_stage import hasty
from tests.azure.servicebus_stage import broker, running_broker  # noqa: F401  fixtures
from tests.emulators.amqp import Broker, event_in
from xorca.errors import Unavailable
from xorca.events import Event
from xorca.ports import Alarm
from xorca.providers.azure.faults import AzureRefused
from xorca.providers.azure.servicebus_alarm import ServiceBusAlarm
from xorca_contrib.conformance import AlarmContract
from xorca_contrib.conformance.samples import event

# The SDK does not close the socket of a connection that the other side lost.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
async def alarm(broker: Broker, fresh_name: str) -> AsyncIterator[ServiceBusAlarm]:  # noqa: F811
    async with ServiceBusAlarm(
        fresh_name, connection_string=broker.connection_string(), patience=hasty()
    ) as alarm:
        yield alarm


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class TestServiceBusAlarm(AlarmContract):
    """A link takes a while to open, which the first wait has to outlast."""

    step = 0.8
    many = 15

    @pytest.fixture(autouse=True)
    def _keep(self, broker: Broker, fresh_name: str) -> None:  # noqa: F811
        self.broker, self.queue = broker, fresh_name
        self.heard: set[int] = set()

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        await asyncio.sleep(seconds)
        found = [
            each for each in self.broker.waiting(self.queue) if each["sequence"] not in self.heard
        ]
        self.heard |= {each["sequence"] for each in found}
        return [event_in(each) for each in found]


async def test_message_is_the_event(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """A wake-up looks like any other message of the queue, and comes at its time."""
    due = in_seconds(3600)

    await alarm.set(event(1), due)

    (message,) = broker.scheduled(fresh_name)
    assert event_in(message).to_json() == event(1).to_json()
    assert message["content_type"] == "application/cloudevents+json"
    assert abs(message["due"] / 1000 - due.timestamp()) < 0.01


async def test_session_is_the_subject(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """A queue with sessions takes wake-ups, too."""
    queue = f"sessions-{fresh_name}"
    url = broker.connection_string()
    async with ServiceBusAlarm(queue, connection_string=url, sessions=True) as alarm:
        await alarm.set(event(1), in_seconds(3600))

    assert [message["session"] for message in broker.scheduled(queue)] == [event(1).subject]


async def test_message_id_is_never_the_same(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """A queue that detects duplicates would drop a wake-up that is set again."""
    await alarm.set(event(1), in_seconds(-1))
    await alarm.set(event(1), in_seconds(-1))
    await asyncio.sleep(0.2)

    first, second = broker.waiting(fresh_name)
    assert first["id"] != second["id"]
    assert first["body"] == second["body"]


@pytest.mark.parametrize("again", [3600, 7200, 60])
async def test_set_again_is_one_message(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
    again: int,
) -> None:
    """What still waits is not postponed, and there is never more than one in the end."""
    first, second = in_seconds(3600), in_seconds(again)
    await alarm.set(event(1), first)

    await alarm.set(event(1), second)

    (message,) = broker.scheduled(fresh_name)
    assert abs(message["due"] / 1000 - min(first, second).timestamp()) < 1.1

    await alarm.cancel(event(1).id)

    assert broker.scheduled(fresh_name) == []


async def test_wake_up_that_came_early_is_set_again(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """Where the service's clock is ahead a message comes before we think so: it is sent anew."""
    await alarm.set(event(1), in_seconds(3600))
    known = alarm._armed.drop(event(1).id)
    assert known is not None
    assert await alarm._take_back(known)  # it was delivered
    alarm._armed.keep(event(1).id, known)

    await alarm.set(event(1), in_seconds(3605))

    assert len(broker.scheduled(fresh_name)) == 1


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "drop"},
        {"status": 503, "condition": "com.microsoft:server-busy", "description": "busy"},
    ],
)
async def test_fault_on_the_way_loses_nothing(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
    order: dict[str, Any],
) -> None:
    """A request whose fate is not known is sent again."""
    broker.order(order)

    await alarm.set(event(1), in_seconds(3600))

    assert {event_in(message).id for message in broker.scheduled(fresh_name)} == {event(1).id}


@pytest.mark.parametrize("later", [3600, 7200])
async def test_replacing_never_leaves_none(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
    later: int,
) -> None:
    """Whoever is stopped while he sets a wake-up again leaves at least one."""
    await alarm.set(event(1), in_seconds(3600))
    busy = {"status": 503, "condition": "com.microsoft:server-busy", "description": "busy"}
    broker.order({"kind": "pass"}, *[busy] * 10)

    with pytest.raises(Unavailable):
        await alarm.set(event(1), in_seconds(later))

    assert broker.scheduled(fresh_name)


async def test_lasting_fault_is_unavailable(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
) -> None:
    """The runtime is told in an error of a port, and has the event redelivered."""
    busy = {"status": 503, "condition": "com.microsoft:server-busy", "description": "busy"}
    broker.order(*[busy] * 10)

    with pytest.raises(Unavailable, match="it is busy"):
        await alarm.set(event(1), in_seconds(3600))


async def test_missing_queue_is_refused(broker: Broker) -> None:  # noqa: F811
    """A queue that is not there is named, in an error of a port."""
    url = broker.connection_string()
    async with ServiceBusAlarm("missing-x", connection_string=url, patience=hasty()) as alarm:
        with pytest.raises(AzureRefused, match=r"'missing-x' .*create it"):
            await alarm.set(event(1), in_seconds(3600))


async def test_cancelling_what_came_is_no_error(
    alarm: ServiceBusAlarm,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """A message that was delivered cannot be taken back, and need not be."""
    await alarm.set(event(1), in_seconds(0.2))
    await asyncio.sleep(0.4)

    await alarm.cancel(event(1).id)

    assert len(broker.waiting(fresh_name)) == 1
