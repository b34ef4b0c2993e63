"""StorageQueueBus keeps the contract of a bus, on Azurite, and survives its network."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from tests.azure.queue_stage import ACCOUNT, KEY, connection_string, drained, hasty, texts
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca.errors import ConfigurationError, InvalidEvent, PublishFailed
from xorca.events import Event
from xorca.ports import Bus
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.queue import StorageQueueBus
from xorca.providers.azure.queue_messages import event_of
from xorca_contrib.conformance import BusContract
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
async def behind(proxy: FaultProxy, queue: QueueClient) -> AsyncIterator[StorageQueueBus]:
    async with StorageQueueBus(
        queue.queue_name, connection_string=connection_string(proxy.url), patience=hasty()
    ) as bus:
        yield bus


def is_put(request: Request) -> bool:
    return request.method == "POST" and "/messages" in request.path


class QueueBusContract(BusContract):
    encoding = "base64"
    publishers = 8

    @pytest.fixture
    async def bus(self, proxy: FaultProxy, queue: QueueClient) -> AsyncIterator[StorageQueueBus]:
        self.proxy, self.queue = proxy, queue
        async with StorageQueueBus(
            queue.queue_name,
            connection_string=connection_string(proxy.url),
            encoding=self.encoding,  # type: ignore[arg-type]
            patience=hasty(),
        ) as bus:
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        return await drained(self.queue)

    async def break_it(self, bus: Bus) -> None:
        self.proxy.seed(1, 1.0, Fault.answer(503), only=is_put)

    async def test_large_event_arrives(self, bus: Bus) -> None:
        """An event as large as a message can be arrives; one of 200 kB is named, and refused."""
        fits, large = (
            event(1, data=b'"' + b"x" * 48_000 + b'"'),
            event(2, data=b'"%s"' % (b"x" * 200_000)),
        )

        await bus.publish([fits])
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([large])

        assert caught.value.failed == (large.id,)
        said = str(caught.value)
        assert "'event-000002' (evt.t.x.success) has 200,2" in said
        assert "65,536: keep large data elsewhere" in said
        assert [found.data for found in await self.arrived(bus)] == [fits.data]


class TestBase64(QueueBusContract):
    encoding = "base64"


class TestPlain(QueueBusContract):
    encoding = "none"


class TestShaken(QueueBusContract):
    """Every sixth request is lost, or its answer, or is answered 503: it is sent again."""

    @pytest.fixture
    async def bus(self, proxy: FaultProxy, queue: QueueClient) -> AsyncIterator[StorageQueueBus]:
        self.proxy, self.queue = proxy, queue
        kinds = (Fault.lost_request(), Fault.lost_answer(), Fault.answer(503), Fault.half_answer())
        proxy.seed(7, 0.17, *kinds, only=is_put)
        async with StorageQueueBus(
            queue.queue_name, connection_string=connection_string(proxy.url), patience=hasty(12)
        ) as bus:
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        """Drop what came twice, for the first answer was lost."""
        self.proxy.seed(7, 0.0)
        return list({found.id: found for found in await drained(self.queue)}.values())

    async def test_same_event_twice_is_safe(self, bus: Bus) -> None:
        """Nothing to be seen here: what comes twice is dropped above."""


async def test_message_is_base64_of_the_structured_event(
    behind: StorageQueueBus, queue: QueueClient
) -> None:
    """What a host of functions decodes is the event's own JSON, byte for byte."""
    await behind.publish([event(1)])

    assert [b64decode(text) for text in await texts(queue)] == [event(1).to_json()]


async def test_messages_do_not_expire(behind: StorageQueueBus, queue: QueueClient) -> None:
    """A message that nobody takes stays longer than the seven days of the service's default."""
    await behind.publish([event(1)])

    (message,) = await queue.peek_messages()

    assert message.expires_on.year == 9999


async def test_time_to_live_is_the_queues(queue: QueueClient, azurite: dict[str, str]) -> None:
    """A message may be given less time."""
    async with StorageQueueBus(
        queue.queue_name,
        connection_string=connection_string(azurite["queue"]),
        time_to_live=timedelta(hours=1),
    ) as bus:
        await bus.publish([event(1)])

    (message,) = await queue.peek_messages()

    assert message.expires_on - message.inserted_on == timedelta(hours=1)


@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.half_answer(), Fault.lost_request()])
async def test_lost_answer_is_sent_again(
    behind: StorageQueueBus, queue: QueueClient, proxy: FaultProxy, fault: Fault
) -> None:
    """Whatever is lost on the way, the event arrives, the same bytes if twice."""
    proxy.plan(fault, only=is_put)

    await behind.publish([event(1)])

    assert {found.to_json() for found in await drained(queue)} == {event(1).to_json()}
    assert len(proxy.requests) == 2


async def test_retry_after_is_waited_for(proxy: FaultProxy, queue: QueueClient) -> None:
    """The pause is at least what the service asks for."""
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    proxy.plan(Fault.answer(503, headers={"retry-after": "7"}), only=is_put)
    async with StorageQueueBus(
        queue.queue_name,
        connection_string=connection_string(proxy.url),
        patience=Patience(sleep=note),
    ) as bus:
        await bus.publish([event(1)])

    assert len(pauses) == 1
    assert 7 <= pauses[0] < 8


async def test_one_request_an_event(
    behind: StorageQueueBus, queue: QueueClient, proxy: FaultProxy
) -> None:
    """Publishing costs one request an event and nothing else."""
    await behind.publish([event(number) for number in range(10)])

    assert [is_put(request) for request in proxy.requests] == [True] * 10


async def test_subjects_do_not_wait_for_each_other(
    behind: StorageQueueBus, queue: QueueClient, proxy: FaultProxy
) -> None:
    """Where one event is refused those behind it of its subject wait, others are sent."""

    def of(number: int, subject: str) -> Event:
        return Event(
            id=str(number), source="/t", type="evt.a.b.success", subject=subject, data=b"1"
        )

    proxy.plan(Fault.answer(403), only=is_put)
    with pytest.raises(PublishFailed) as caught:
        await behind.publish([of(1, "a"), of(2, "a"), of(3, "b")])

    first = {found.id for found in await drained(queue)}
    assert set(caught.value.failed) | first == {"1", "2", "3"}
    assert first in ({"3"}, {"1", "2"})


async def test_missing_queue_is_named(azurite: dict[str, str], fresh_name: str) -> None:
    """A queue that is not there is named, with what to do."""
    async with StorageQueueBus(
        fresh_name, connection_string=connection_string(azurite["queue"]), patience=hasty()
    ) as bus:
        with pytest.raises(PublishFailed, match=rf"'{fresh_name}' answered 404 .*create it"):
            await bus.publish([event(1)])


async def test_wrong_key_is_told(azurite: dict[str, str], queue: QueueClient) -> None:
    """A key that the account does not know is told as such, and not tried again."""
    wrong = "A" * len(KEY[:-2]) + "=="
    async with StorageQueueBus(
        queue.queue_name, connection_string=connection_string(azurite["queue"], key=wrong)
    ) as bus:
        with pytest.raises(PublishFailed, match=r"answered 403 .*AuthorizationFailure|role"):
            await bus.publish([event(1)])


async def test_wrong_clock_is_told(proxy: FaultProxy, behind: StorageQueueBus) -> None:
    """A clock that the service does not accept is named as the cause."""
    body = (
        b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to"
        b" authenticate the request.</Message><AuthenticationErrorDetail>Request date header too"
        b" old</AuthenticationErrorDetail></Error>"
    )
    headers = {"content-type": "application/xml", "x-ms-error-code": "AuthenticationFailed"}
    proxy.plan(Fault.answer(403, body, headers))

    with pytest.raises(PublishFailed, match="the clock of this machine is wrong"):
        await behind.publish([event(1)])


async def test_silence_is_told(fresh_name: str) -> None:
    """Where nobody listens the address is named as what to look at."""
    url = f"http://127.0.0.1:9/{ACCOUNT}"
    bus = StorageQueueBus(fresh_name, connection_string=connection_string(url), patience=hasty(2))

    async with bus:
        with pytest.raises(PublishFailed, match="no answer from the storage queue"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("text", ["AccountName=x", "nonsense", "UseDevelopmentStorage=maybe;"])
async def test_bad_connection_string_is_told(text: str) -> None:
    """A connection string that is none is told where the first event is sent."""
    async with StorageQueueBus("orders", connection_string=text) as bus:
        with pytest.raises(PublishFailed, match="the storage account cannot be addressed"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("name", ["Orders", "ab", "a--b", "-ab", "ab-", "a" * 64, "a_b", ""])
def test_bad_name_is_refused(name: str) -> None:
    """A name that no queue can have is refused at once."""
    with pytest.raises(ConfigurationError, match="is no name of a queue"):
        StorageQueueBus(name, connection_string="x")


@pytest.mark.parametrize("options", [{}, {"connection_string": "x", "account_url": "y"}])
def test_account_is_named_once(options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No account, or two, are refused at once."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)

    with pytest.raises(ConfigurationError, match="storage queue"):
        StorageQueueBus("orders", **options)  # type: ignore[arg-type]


async def test_account_may_be_named_by_the_environment(
    queue: QueueClient, azurite: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual variable names the account where nobody else does."""
    text = connection_string(azurite["queue"])
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)

    async with StorageQueueBus(queue.queue_name) as bus:
        await bus.publish([event(1)])

    assert len(await texts(queue)) == 1


async def test_account_url_takes_a_key(queue: QueueClient, azurite: dict[str, str]) -> None:
    """An account is named by its URL, too, with a key of its own."""
    async with StorageQueueBus(
        queue.queue_name, account_url=azurite["queue"], credential=KEY
    ) as bus:
        await bus.publish([event(1)])

    assert len(await texts(queue)) == 1


async def test_key_that_is_none_is_told(queue: QueueClient, azurite: dict[str, str]) -> None:
    """A key that was cut short cannot sign, and the error says so."""
    url = connection_string(azurite["queue"], key="abc")
    async with StorageQueueBus(queue.queue_name, connection_string=url, patience=hasty(1)) as bus:
        with pytest.raises(PublishFailed, match="look at the account key"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("seconds", [0, -1, 0.4])
def test_message_that_would_be_dropped_at_once_is_refused(seconds: float) -> None:
    """No time to live is a slip, and would lose every event."""
    with pytest.raises(ConfigurationError, match="drops every message"):
        StorageQueueBus("orders", connection_string="x", time_to_live=timedelta(seconds=seconds))


@pytest.mark.parametrize("options", [{"attempts": 0}, {"total": -1.0}, {"first": 0.0}])
def test_patience_that_tries_nothing_is_refused(options: dict[str, Any]) -> None:
    """A policy without attempts or time is refused at once."""
    with pytest.raises(ConfigurationError, match="tries nothing"):
        Patience(**options)


async def test_no_secret_is_told(fresh_name: str) -> None:
    """Neither a SAS token nor a key stands in what is told."""
    token = "sv=2024-01-01&sig=c2VjcmV0"
    url = f"http://127.0.0.1:9/{ACCOUNT}"
    bus = StorageQueueBus(fresh_name, account_url=url, credential=token, patience=hasty(1))
    async with bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([event(1)])

    assert "c2VjcmV0" not in str(caught.value)


def test_unknown_encoding_is_refused() -> None:
    """An encoding that nobody reads is refused at once."""
    with pytest.raises(ConfigurationError, match="write 'base64'"):
        StorageQueueBus("orders", encoding="gzip", connection_string="x")  # type: ignore[arg-type]


async def test_text_that_xml_cannot_carry_arrives(
    queue: QueueClient, azurite: dict[str, str]
) -> None:
    """Plain messages carry every character, and data that was written over several lines."""
    data = '{\r\n\t"a": "\x7f\x85\ufffe\uffff\\u0001 <&> \U0001f40b"\r\n}'
    sent = Event(id="1", source="/t", type="evt.a.b.success", data=data.encode())
    async with StorageQueueBus(
        queue.queue_name, connection_string=connection_string(azurite["queue"]), encoding="none"
    ) as bus:
        await bus.publish([sent])

    (found,) = await drained(queue)

    assert json.loads(found.data or b"") == json.loads(data)


@pytest.mark.parametrize("text", ["", "hello", "{", "e30=", "\ud800", "[1]", "bm8="])
def test_what_is_no_event_is_refused(text: str) -> None:
    """A text that holds no event raises InvalidEvent, whatever it holds."""
    with pytest.raises(InvalidEvent):
        event_of(text)


async def test_bus_works_on_a_second_loop(queue: QueueClient, azurite: dict[str, str]) -> None:
    """A bus that outlives its event loop opens anew on the next."""
    bus = StorageQueueBus(queue.queue_name, connection_string=connection_string(azurite["queue"]))

    async def send(number: int) -> None:
        async with bus:
            await bus.publish([event(number)])

    await asyncio.to_thread(asyncio.run, send(1))
    await asyncio.to_thread(asyncio.run, send(2))

    assert [found.id for found in await drained(queue)] == [event(1).id, event(2).id]
