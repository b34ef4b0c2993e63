"""EventGridBus keeps the contract of a bus, and says what is wrong in one sentence."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from tests.azure.queue_stage import hasty
from tests.emulators.eventgrid import KEY, TOKEN, EventGrid, Order
from tests.emulators.proxy import Fault, FaultProxy
from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event
from xorca.ports import Bus
from xorca.providers.azure.eventgrid import EventGridBus
from xorca.providers.azure.patience import Patience
from xorca_contrib.conformance import BusContract
from xorca_contrib.conformance.samples import event


class Tokens:
    """A credential: ``fault`` is raised instead of giving a token."""

    def __init__(self, *, token: str = TOKEN, fault: Exception | None = None) -> None:
        self.token, self.fault, self.asked = token, fault, 0

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        assert scopes == ("https://eventgrid.azure.net/.default",)
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return AccessToken(self.token, int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Tokens:
        return self

    async def __aexit__(self, *details: object) -> None: ...


@pytest.fixture
async def grid() -> AsyncIterator[EventGrid]:
    async with EventGrid() as grid:
        yield grid


@pytest.fixture
async def bus(grid: EventGrid) -> AsyncIterator[EventGridBus]:
    async with EventGridBus(grid.endpoint, key=KEY, patience=hasty()) as bus:
        yield bus


def large(number: int, size: int) -> Event:
    return event(number, data=b'"' + b"x" * size + b'"')


class TestEventGridBus(BusContract):
    @pytest.fixture
    async def bus(self, grid: EventGrid) -> AsyncIterator[EventGridBus]:
        self.grid = grid
        async with EventGridBus(grid.endpoint, key=KEY, patience=hasty()) as bus:
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        found, self.grid.taken = self.grid.taken, []
        return found

    async def break_it(self, bus: Bus) -> None:
        self.grid.always = Order(503)


class TestTopicOfANamespace(TestEventGridBus):
    @pytest.fixture
    async def bus(self, grid: EventGrid) -> AsyncIterator[EventGridBus]:
        self.grid = grid
        async with EventGridBus(grid.url, key=KEY, topic="orders", patience=hasty()) as bus:
            yield bus


class TestShaken(TestEventGridBus):
    """Every fourth request is lost, or its answer, or is answered 503: it is sent again."""

    @pytest.fixture
    async def bus(self, grid: EventGrid) -> AsyncIterator[EventGridBus]:
        self.grid = grid
        kinds = (Fault.lost_request(), Fault.lost_answer(), Fault.answer(503), Fault.half_answer())
        async with (
            FaultProxy(grid.url) as proxy,
            EventGridBus(f"{proxy.url}/api/events", key=KEY, patience=hasty(12)) as bus,
        ):
            proxy.seed(7, 0.25, *kinds)
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        """Drop what came twice, for the first answer was lost."""
        return list({found.id: found for found in await super().arrived(bus)}.values())

    async def test_same_event_twice_is_safe(self, bus: Bus) -> None:
        """Nothing to be seen here: what comes twice is dropped above."""


async def test_bytes_are_those_that_were_committed(bus: EventGridBus, grid: EventGrid) -> None:
    """Numbers, escapes and the order of keys leave as they are stored: a batch only joins them."""
    data = b'{"z":1.50,"a":1e400,"n":12345678901234567890123,"t":"\\u00e9 \xc3\xa9"}'
    sent = [event(1, data=data), event(2)]

    await bus.publish(sent)

    assert grid.bodies == [b"[" + sent[0].to_json() + b"," + sent[1].to_json() + b"]"]


async def test_many_events_share_a_request(bus: EventGridBus, grid: EventGrid) -> None:
    """A hundred small events of many subjects cost one request."""
    await bus.publish(
        [Event(id=f"{n}", source="/t", type="evt.a.b.c", subject=f"s{n}") for n in range(100)]
    )

    assert (len(grid.bodies), len(grid.taken)) == (1, 100)


async def test_batches_stay_within_a_megabyte(bus: EventGridBus, grid: EventGrid) -> None:
    """Large events are spread over as many requests as they need."""
    await bus.publish([large(number, 300_000) for number in range(7)])

    assert [len(json.loads(body)) for body in grid.bodies] == [3, 3, 1]
    assert max(map(len, grid.bodies)) <= 1_000_000


async def test_batch_that_is_too_large_is_halved() -> None:
    """A service that takes less than it says gets smaller batches; nothing is sent twice."""
    async with (
        EventGrid(most_bytes=1_500) as grid,
        EventGridBus(grid.endpoint, key=KEY, patience=hasty()) as bus,
    ):
        await bus.publish([event(number) for number in range(20)])

        assert [found.id for found in grid.taken] == [event(number).id for number in range(20)]


async def test_event_that_is_too_large_is_named(bus: EventGridBus, grid: EventGrid) -> None:
    """One event above the limit is named with its size and the cure; its neighbours are taken."""
    sent = [event(1), large(2, 1_048_576), event(3)]

    with pytest.raises(PublishFailed) as caught:
        await bus.publish(sent)

    assert caught.value.failed == (sent[1].id,)
    assert "the event 'event-000002' (evt.t.x.success) has 1,048,8" in str(caught.value)
    assert "takes 1 MB at most: keep large data elsewhere and send its address" in str(caught.value)
    assert [found.id for found in grid.taken] == [sent[0].id, sent[2].id]


async def test_failure_names_exactly_what_was_not_taken(bus: EventGridBus, grid: EventGrid) -> None:
    """Of three batches the second is refused: its events are named, and no others."""
    grid.orders.extend([Order(200, take=True), Order(400), Order(200, take=True)])
    sent = [large(number, 600_000) for number in range(3)]

    with pytest.raises(PublishFailed) as caught:
        await bus.publish(sent)

    assert caught.value.failed == (sent[1].id,)


async def test_sas_token_is_taken(grid: EventGrid) -> None:
    """A SAS token of the topic opens it."""
    token = grid.sas(datetime.now(UTC) + timedelta(minutes=5))
    async with EventGridBus(grid.endpoint, sas=token) as bus:
        await bus.publish([event(1)])

    assert [found.id for found in grid.taken] == [event(1).id]


async def test_expired_sas_token_is_told(grid: EventGrid) -> None:
    """An expired token is refused, and the error says where to look."""
    token = grid.sas(datetime.now(UTC) - timedelta(minutes=5))
    async with EventGridBus(grid.endpoint, sas=token) as bus:
        with pytest.raises(PublishFailed, match=r"answered 401 .*expiry of the SAS token"):
            await bus.publish([event(1)])


@pytest.mark.parametrize("topic", [None, "orders"])
async def test_credential_gives_the_token(grid: EventGrid, topic: str | None) -> None:
    """An identity's token is asked for once, for Event Grid, and sent."""
    tokens = Tokens()
    async with EventGridBus(grid.endpoint, credential=tokens, topic=topic) as bus:
        await bus.publish([event(1)])
        await bus.publish([event(2)])

    assert [found.id for found in grid.taken] == [event(1).id, event(2).id]
    assert tokens.asked == 1


async def test_credential_without_identity_is_told(grid: EventGrid) -> None:
    """Where no token can be had, the error says what to give, and nothing is sent."""
    tokens = Tokens(fault=ClientAuthenticationError("no identity here"))
    async with EventGridBus(grid.endpoint, credential=tokens, patience=hasty(2)) as bus:
        with pytest.raises(PublishFailed, match=r"no identity here.*give the app a managed"):
            await bus.publish([event(1)])

    assert grid.bodies == []


CLEAR = {
    400: "cloudeventschemav1_0",
    401: "look at the key",
    403: "EventGrid Data Sender",
    404: "ends in /api/events",
    413: "takes 1 MB",
}


@pytest.mark.parametrize("status", CLEAR)
async def test_refusal_is_one_clear_sentence(
    bus: EventGridBus, grid: EventGrid, status: int
) -> None:
    """What no repetition heals is told at once, with the cure."""
    grid.always = Order(status)

    with pytest.raises(PublishFailed, match=rf"answered {status} .*{CLEAR[status]}"):
        await bus.publish([event(1)])

    assert len(grid.bodies) == 1


@pytest.mark.parametrize(
    "order",
    [
        Order(429),
        Order(408),
        Order(500),
        Order(503),
        Order(0, reset=True),
        Order(0, take=True, reset=True),
    ],
    ids=lambda order: f"{order.status}{order.take:d}",
)
async def test_what_may_heal_is_sent_again(
    bus: EventGridBus, grid: EventGrid, order: Order
) -> None:
    """Throttled, broken or silent: the same bytes are sent again, and arrive."""
    grid.orders.append(order)

    await bus.publish([event(1)])

    assert {found.to_json() for found in grid.taken} == {event(1).to_json()}
    assert grid.bodies == [b"[" + event(1).to_json() + b"]"] * 2


async def test_retry_after_is_waited_for(grid: EventGrid) -> None:
    """A topic that is throttled says how long to wait."""
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    grid.orders.append(Order(429, {"Retry-After": "3"}))
    async with EventGridBus(grid.endpoint, key=KEY, patience=Patience(sleep=note)) as bus:
        await bus.publish([event(1)])

    assert len(pauses) == 1
    assert 3 <= pauses[0] < 4


async def test_retry_after_beyond_all_patience_is_not_waited_for(
    bus: EventGridBus, grid: EventGrid
) -> None:
    """Whoever redelivers waits better than a function that is paid by the second."""
    grid.always = Order(503, {"retry-after": "3600"})

    with pytest.raises(PublishFailed, match="try again later"):
        await bus.publish([event(1)])

    assert len(grid.bodies) == 1


async def test_redirect_is_not_followed(bus: EventGridBus, grid: EventGrid) -> None:
    """A key goes to the topic that was named, and nowhere else."""
    grid.always = Order(307, {"location": f"{grid.url}/elsewhere"})

    with pytest.raises(PublishFailed, match="answered 307"):
        await bus.publish([event(1)])

    assert len(grid.bodies) == 1


async def test_page_is_no_word_of_event_grid(bus: EventGridBus, grid: EventGrid) -> None:
    """A portal on the way that answers 200 has sent nothing on."""
    grid.always = Order(200, {"content-type": "text/html; charset=utf-8"}, b"<html>Sign in</html>")

    with pytest.raises(PublishFailed, match="a page") as caught:
        await bus.publish([event(1)])

    assert caught.value.failed == (event(1).id,)


async def test_silence_is_told() -> None:
    """Where nobody listens the address is named as what to look at."""
    async with EventGridBus("http://127.0.0.1:9/api/events", key=KEY, patience=hasty(2)) as bus:
        with pytest.raises(PublishFailed, match=r"no answer from .*127.0.0.1:9.*look at"):
            await bus.publish([event(1)])


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "ftp://x/",
        "http://topic.example/api/events",
        "https://",
        "https://a:b@c/",
        "https://[",
        "https://h:x/",
    ],
)
def test_bad_endpoint_is_refused(endpoint: str) -> None:
    """A key leaves by https only, and to a URL that is one."""
    with pytest.raises(ConfigurationError, match="is no endpoint of Event Grid"):
        EventGridBus(endpoint, key=KEY)


@pytest.mark.parametrize(
    "options",
    [{"key": "a", "sas": "b"}, {"sas": "b", "topic": "t"}, {"key": "a", "credential": Tokens()}],
)
def test_two_ways_to_ask_are_refused(options: dict[str, Any]) -> None:
    """Who asks is said once."""
    with pytest.raises(ConfigurationError, match="takes one of"):
        EventGridBus("https://t.example/api/events", **options)


async def test_bus_works_on_a_second_loop(grid: EventGrid) -> None:
    """A bus that outlives its event loop opens anew on the next."""
    bus = EventGridBus(grid.endpoint, key=KEY)

    async def send(number: int) -> None:
        async with bus:
            await bus.publish([event(number)])

    await asyncio.to_thread(asyncio.run, send(1))
    await asyncio.to_thread(asyncio.run, send(2))

    assert [found.id for found in grid.taken] == [event(1).id, event(2).id]
