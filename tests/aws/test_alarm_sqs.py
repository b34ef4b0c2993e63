"""What an SqsAlarm does with near and with far deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.aws.places import Place, clients_of, queue
from tests.emulators.proxy import Fault, FaultProxy
from xorca import Orchestrator, Runtime, after, emit, end, on, start
from xorca.errors import ConfigurationError, Unavailable
from xorca.events import Event
from xorca.providers.aws import SqsAlarm
from xorca.providers.aws.faults import AwsRefused
from xorca.providers.memory import MemoryAlarm, MemoryBus, MemoryStore

WAKE_UP = Event(
    id="w-1", source="/xorca/sale/1.0.0", type="sys.xorca.timer", subject="sale/1.0.0/7"
)


@pytest.fixture
async def place(moto: str, fresh_name: str) -> AsyncIterator[Place]:
    place = await queue(moto, fresh_name)
    yield place
    await place.clients.close()


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_fifo_queue_is_refused() -> None:
    """A FIFO queue delays no single message, and the error says what to give."""
    with pytest.raises(ConfigurationError, match="give an SqsAlarm a standard queue"):
        SqsAlarm("wake-ups.fifo")


async def test_opening_finds_the_queue_and_opens_what_is_beyond(place: Place) -> None:
    """So that the first deadline of a function waits for nothing."""
    opened: list[str] = []

    class Beyond(MemoryAlarm):
        async def open(self) -> None:
            opened.append("beyond")

    alarm = SqsAlarm(place.name, beyond=Beyond(), clients=place.clients)
    await alarm.open()

    assert opened == ["beyond"]
    with pytest.raises(AwsRefused, match="does not exist"):
        await SqsAlarm("nowhere", clients=place.clients).open()


async def test_far_deadline_goes_beyond(place: Place) -> None:
    """What is due within 15 minutes is a message, what is later goes to the other alarm."""
    beyond = MemoryAlarm()
    alarm = SqsAlarm(place.name, beyond=beyond, clients=place.clients)

    await alarm.set(WAKE_UP, soon(0))
    assert (len(await place.messages()), beyond.pending) == (1, 0)

    await alarm.set(WAKE_UP, soon(901))
    assert (len(await place.messages()), beyond.pending) == (0, 1)


async def test_cancel_reaches_beyond(place: Place) -> None:
    """A far deadline is taken back where that can be done."""
    beyond = MemoryAlarm()
    alarm = SqsAlarm(place.name, beyond=beyond, clients=place.clients)
    await alarm.set(WAKE_UP, soon(2000))

    await alarm.cancel(WAKE_UP.id)

    assert beyond.pending == 0


async def test_delay_is_rounded_up_and_bounded(place: Place) -> None:
    """A message comes not before its time; one of next year is delayed as long as can be."""
    seen: list[object] = []
    client = await place.clients.client("sqs")
    client.meta.events.register(
        "provide-client-params.sqs.SendMessage",
        lambda params, **_: seen.append(params["DelaySeconds"]),
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    alarm = SqsAlarm(place.name, clients=place.clients, now=now.timestamp)

    for place_, seconds in enumerate((-5, 0, 0.001, 1, 899.5, 900, 901, 31_536_000)):
        event = Event(id=f"w-{place_}", source="/s", type="sys.xorca.timer")
        await alarm.set(event, now + timedelta(seconds=seconds))

    assert seen == [0, 0, 1, 1, 900, 900, 900, 900]


class Sale(Orchestrator, name="sale"):
    @start("cmd.sale.begin")
    @emit("cmd.stock.reserve")
    def reserving(self) -> dict[str, int]:
        return {"chairs": 1}

    @on("evt.stock.reserve.success", to=end)
    def done(self) -> None: ...

    @after(timedelta(hours=2), to=end)
    def too_late(self) -> None: ...


class MovedClock:
    """The wall clock, with a step that is made by hand."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def test_far_deadline_is_relayed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an alarm beyond, a wake-up that comes early is set again until its time."""
    monkeypatch.setattr("xorca.providers.aws.sqs_alarm.LONGEST", 1)
    clock, alarm = MovedClock(), SqsAlarm(place.name, clients=place.clients)
    runtime = Runtime([Sale], store=MemoryStore(), bus=MemoryBus(), alarm=alarm, clock=clock)
    begin = Event(id="b-1", source="/test", type="cmd.sale.begin")
    await runtime.handle(begin.to_json())
    await asyncio.sleep(1.2)

    for _ in range(2):
        (wake_up,) = await place.events()
        (outcome,) = await runtime.handle(wake_up.to_json())
        assert (outcome.status, outcome.reason) == ("ignored", "early")
        await asyncio.sleep(1.2)

    clock.ahead = timedelta(hours=2)
    (wake_up,) = await place.events()
    (outcome,) = await runtime.handle(wake_up.to_json())
    assert (outcome.status, outcome.state) == ("applied", "too_late")


@pytest.mark.parametrize("page", [b"<html>welcome</html>", b"", b"{}"])
async def test_an_endpoint_that_is_no_aws_sets_nothing(page: bytes, moto: str) -> None:
    """A friendly page is no message: to take it for one would lose the wake-up."""
    async with FaultProxy(moto) as proxy:
        proxy.seed(1, 1.0, Fault.answer(200, page, {"content-type": "text/html"}))
        clients = clients_of(proxy.url)
        alarm = SqsAlarm(f"{proxy.url}/123456789012/wake-ups", clients=clients)

        with pytest.raises(Unavailable, match="answered what AWS never says"):
            await alarm.set(WAKE_UP, soon(60))
        await clients.close()
