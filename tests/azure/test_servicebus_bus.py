"""ServiceBusBus keeps the contract of a bus, by the SDK of Service Bus and a broker of AMQP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus.aio import ServiceBusClient

from tests.azure.queue_stage import hasty
from tests.azure.servicebus_stage import broker, running_broker  # noqa: F401  fixtures
from tests.emulators.amqp import Broker, event_in
from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event, read_event
from xorca.ports import Bus
from xorca.providers.azure.servicebus import ServiceBusBus
from xorca.providers.azure.servicebus_messages import sessions_of
from xorca_contrib.conformance import BusContract
from xorca_contrib.conformance.samples import event

# The SDK does not close the socket of a connection that the other side lost.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
async def bus(broker: Broker, fresh_name: str) -> AsyncIterator[ServiceBusBus]:  # noqa: F811
    async with ServiceBusBus(
        fresh_name, connection_string=broker.connection_string(), patience=hasty()
    ) as bus:
        yield bus


async def received(broker: Broker, queue: str, **options: Any) -> list[Event]:  # noqa: F811
    """Take everything that waits, as a real receiver does."""
    found: list[Event] = []
    client = ServiceBusClient.from_connection_string(broker.connection_string(), retry_total=0)
    async with client, client.get_queue_receiver(queue, **options) as receiver:
        while some := await receiver.receive_messages(max_message_count=100, max_wait_time=1):
            for message in some:
                found.append(read_event(b"".join(message.body)))
                await receiver.complete_message(message)
    return found


class TestServiceBusBus(BusContract):
    @pytest.fixture
    async def bus(
        self,
        broker: Broker,  # noqa: F811
        fresh_name: str,
    ) -> AsyncIterator[ServiceBusBus]:
        self.broker, self.queue = broker, fresh_name
        async with ServiceBusBus(
            fresh_name, connection_string=broker.connection_string(), patience=hasty()
        ) as bus:
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        return [event_in(message) for message in self.broker.waiting(self.queue)]

    async def break_it(self, bus: Bus) -> None:
        full = {"condition": "amqp:resource-limit-exceeded", "description": "the quota"}
        self.broker.order(*[full] * 10)


class TestSessions(TestServiceBusBus):
    """The contract's events have one subject, so that they share a session."""

    @pytest.fixture
    async def bus(
        self,
        broker: Broker,  # noqa: F811
        fresh_name: str,
    ) -> AsyncIterator[ServiceBusBus]:
        self.broker, self.queue = broker, f"sessions-{fresh_name}"
        async with ServiceBusBus(
            self.queue,
            connection_string=broker.connection_string(),
            sessions=True,
            patience=hasty(),
        ) as bus:
            yield bus


async def test_message_is_the_structured_event(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """Body, content type, id and properties are what triggers and filters look at."""
    await bus.publish([event(1)])

    (message,) = broker.waiting(fresh_name)
    assert event_in(message).to_json() == event(1).to_json()
    assert message["id"] == event(1).id
    assert message["content_type"] == "application/cloudevents+json"
    assert message["properties"] == {
        "type": event(1).type,
        "source": event(1).source,
        "subject": event(1).subject,
    }
    assert "session" not in message


async def test_receiver_of_the_sdk_reads_it(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """What was sent in batches is taken message by message."""
    sent = [event(number) for number in range(30)]

    await bus.publish(sent)

    found = await received(broker, fresh_name)
    assert [each.to_json() for each in found] == [each.to_json() for each in sent]


async def test_session_is_the_subject(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """Whoever accepts a session is given the events of one subject, in order."""

    def of(number: int, subject: str) -> Event:
        return Event(id=f"{number}", source="/t", type="evt.a.b.success", subject=subject)

    queue = f"sessions-{fresh_name}"
    async with ServiceBusBus(
        queue, connection_string=broker.connection_string(), sessions=True
    ) as bus:
        await bus.publish([of(number, "ab"[number % 2]) for number in range(6)])

    found = await received(broker, queue, session_id="b")
    assert [each.id for each in found] == ["1", "3", "5"]


def test_every_batch_is_of_one_session() -> None:
    """Events without subject are a session each, and a partitioned queue mixes none."""
    given = [("1", "a"), ("2", None), ("3", "a"), ("4", ""), ("5", None), ("6", "b")]
    events = [Event(id=id, source="/t", type="t", subject=subject) for id, subject in given]

    rows = sessions_of(events)

    assert [[each.id for each in row] for row in rows] == [["1", "3"], ["2"], ["4"], ["5"], ["6"]]


async def test_long_ids_are_hashed(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """Service Bus takes 128 characters; a longer id or subject becomes the same hash each time."""
    long = Event(id="i" * 129, source="/t", type="evt.a.b.success", subject="s" * 200)
    queue = f"sessions-{fresh_name}"
    async with ServiceBusBus(
        queue, connection_string=broker.connection_string(), sessions=True
    ) as bus:
        await bus.publish([long])
        await bus.publish([long])

    first, second = broker.waiting(queue)
    assert (first["id"], first["session"]) == (second["id"], second["session"])
    assert len(first["id"]) == len(first["session"]) == 64
    assert event_in(first) == long


async def test_many_events_share_batches(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """More than one batch holds arrive whole and in order."""
    sent = [event(number, data=b'"' + b"x" * 50_000 + b'"') for number in range(12)]

    await bus.publish(sent)

    found = [event_in(message) for message in broker.waiting(fresh_name)]
    assert [each.id for each in found] == [each.id for each in sent]


async def test_event_that_is_too_large_is_named(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """One event above the limit is named with its size and the cure; those before it are sent."""
    sent = [event(1), event(2, data=b'"' + b"x" * 300_000 + b'"'), event(3)]

    with pytest.raises(PublishFailed) as caught:
        await bus.publish(sent)

    said = str(caught.value)
    assert caught.value.failed == (sent[1].id, sent[2].id)
    assert "the event 'event-000002' (evt.t.x.success) has 300," in said
    assert "send its address" in said
    assert [event_in(message).id for message in broker.waiting(fresh_name)] == [sent[0].id]


async def test_event_above_all_limits_is_named(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """An event that no reader would take is not sent; those before it are."""
    sent = [event(1), event(2, data=b'"' + b"x" * 1_100_000 + b'"')]

    with pytest.raises(PublishFailed, match=r"'event-000002' .* at most 1048576") as caught:
        await bus.publish(sent)

    assert caught.value.failed == (sent[1].id,)
    assert len(broker.waiting(fresh_name)) == 1


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "drop"},
        {"kind": "drop", "take": True},
        {"condition": "com.microsoft:server-busy", "description": "busy"},
        {"condition": "com.microsoft:timeout", "description": "late"},
        {"condition": "amqp:internal-error", "description": "broken"},
    ],
    ids=str,
)
async def test_what_may_heal_is_sent_again(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
    order: dict[str, Any],
) -> None:
    """A lost connection, a lost answer, a busy service: the same message is sent again."""
    broker.order(order)

    await bus.publish([event(1)])

    found = broker.waiting(fresh_name)
    assert {(each["id"], each["body"]) for each in found} == {(event(1).id, found[0]["body"])}
    assert len(found) == (2 if order.get("take") else 1)


async def test_silence_is_left_in_time(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that never settles a message does not hold a worker for ever."""
    monkeypatch.setattr("xorca.providers.azure.servicebus_entity._SECONDS", 1.0)
    broker.order(*[{"kind": "silence"}] * 4)

    with pytest.raises(PublishFailed, match="no answer from") as caught:
        await bus.publish([event(1)])

    assert caught.value.failed == (event(1).id,)
    broker.forget_orders()
    await bus.publish([event(2)])


CLEAR = {
    "amqp:resource-limit-exceeded": "it is full",
    "amqp:link:message-size-exceeded": "has 2.* bytes: .*too large for it",
    "amqp:unauthorized-access": "role 'Azure Service Bus Data Sender'",
    "amqp:not-allowed": "refuses the message",
    "com.microsoft:entity-disabled": "enable it",
}


@pytest.mark.parametrize("condition", CLEAR)
async def test_refusal_is_one_clear_sentence(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
    condition: str,
) -> None:
    """What no repetition heals is told at once, with the cure; the bus goes on afterwards."""
    broker.order({"condition": condition, "description": "so it is"})

    with pytest.raises(PublishFailed, match=CLEAR[condition]):
        await bus.publish([event(1)])
    await bus.publish([event(2)])

    assert [event_in(message).id for message in broker.waiting(fresh_name)] == [event(2).id]


async def test_missing_queue_is_named(broker: Broker) -> None:  # noqa: F811
    """A queue that is not there is named, with what to do."""
    url = broker.connection_string()
    async with ServiceBusBus("missing-orders", connection_string=url, patience=hasty()) as bus:
        with pytest.raises(PublishFailed, match=r"'missing-orders' .*create it"):
            await bus.publish([event(1)])


async def test_wrong_key_is_told(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """A key that does not sign as it should is told as such."""
    url = broker.connection_string(key="d3Jvbmc=")
    async with ServiceBusBus(fresh_name, connection_string=url, patience=hasty()) as bus:
        with pytest.raises(PublishFailed, match="look at the key of the connection string"):
            await bus.publish([event(1)])


async def test_nobody_there_is_told(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """Where nobody listens the address is named as what to look at."""
    url = broker.connection_string(port=9)
    async with ServiceBusBus(fresh_name, connection_string=url, patience=hasty(2)) as bus:
        with pytest.raises(PublishFailed, match=r"no answer from .*look at the address"):
            await bus.publish([event(1)])


class Nobody:
    """A credential of nobody."""

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        raise ClientAuthenticationError("no identity here")

    async def close(self) -> None: ...

    async def __aenter__(self) -> Nobody:
        return self

    async def __aexit__(self, *details: object) -> None: ...


async def test_credential_without_identity_is_told(fresh_name: str) -> None:
    """Where no token can be had, the error says what to give."""
    bus = ServiceBusBus(fresh_name, namespace="127.0.0.1:9", credential=Nobody(), patience=hasty(2))
    async with bus:
        with pytest.raises(PublishFailed, match=r"no identity here|no answer from"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("text", ["nonsense", "Endpoint=sb://h", "Endpoint=;SharedAccessKey=a"])
async def test_bad_connection_string_is_told(text: str) -> None:
    """A connection string that is none is told where the first event is sent."""
    async with ServiceBusBus("orders", connection_string=text) as bus:
        with pytest.raises(PublishFailed, match="cannot be addressed"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("options", [{}, {"connection_string": "x", "namespace": "y"}])
def test_namespace_is_named_once(options: dict[str, str]) -> None:
    """No namespace, or two, are refused at once."""
    with pytest.raises(ConfigurationError, match="give one of the two"):
        ServiceBusBus("orders", **options)  # type: ignore[arg-type]


def test_name_is_needed() -> None:
    """A queue without a name is refused at once."""
    with pytest.raises(ConfigurationError, match="is no name"):
        ServiceBusBus("", connection_string="x")


async def test_cancelled_publish_leaves_a_bus_that_works(
    bus: ServiceBusBus,
    broker: Broker,  # noqa: F811
    fresh_name: str,
) -> None:
    """A worker that is stopped in the midst of a send may go on with the same bus."""
    await bus.publish([event(1)])
    broker.order({"kind": "silence"})
    task = asyncio.create_task(bus.publish([event(2)]))
    await asyncio.sleep(0.3)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bus.publish([event(3)])

    found = [event_in(message).id for message in broker.waiting(fresh_name)]
    assert found == [event(1).id, event(3).id]


async def test_bus_works_on_a_second_loop(broker: Broker, fresh_name: str) -> None:  # noqa: F811
    """A bus that outlives its event loop opens anew on the next."""
    bus = ServiceBusBus(fresh_name, connection_string=broker.connection_string())

    async def send(number: int) -> None:
        async with bus:
            await bus.publish([event(number)])

    await asyncio.to_thread(asyncio.run, send(1))
    await asyncio.to_thread(asyncio.run, send(2))

    assert len(broker.waiting(fresh_name)) == 2
