"""``--alarm`` and its URLs: stores of a cloud have no alarm of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.aws.grounds import GROUNDS
from tests.aws.places import Place, clients_of, queue
from xorca import Runtime, open_store
from xorca.cli import main
from xorca.cli.loading import load_sound
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.aws import SqsAlarm
from xorca.providers.azure import ServiceBusAlarm, StorageQueueAlarm
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.providers.open_alarm import open_alarm

pytestmark = pytest.mark.usefixtures("aws_environment")

SHOP = """
from datetime import timedelta

from xorca import Orchestrator, after, emit, end, on, start

FIXED = False


class Parcel(Orchestrator, name="parcel"):
    @start
    @emit("cmd.parcel.ship")
    def begin(self) -> str:
        return "now"

    @on("evt.parcel.ship.success", to=end)
    def shipped(self) -> None:
        if not FIXED:
            raise ValueError("the bug that is mended later")

    @after(timedelta(milliseconds=1), to=end)
    def too_late(self) -> None: ...
"""


class Shop:
    """A program, a bucket with a process in it, and a queue."""

    def __init__(self, program: Path, endpoint: str, name: str) -> None:
        self.program, self.endpoint, self.name = program, endpoint, name
        self.program.write_text(SHOP)
        self.place = asyncio.run(self._queue())
        self.sqs = f"sqs:{self.place.url}?endpoint={endpoint}&region=eu-central-1"
        bucket = asyncio.run(GROUNDS.bucket(endpoint))
        self.store = f"s3://{bucket}/{name}?endpoint={endpoint}"

    async def _queue(self) -> Place:
        place = await queue(self.endpoint, self.name)
        await place.clients.close()
        return place

    def start(self, *events: Event) -> None:
        """Start a process whose command and wake-up stay where they are."""
        asyncio.run(self._handle(events))

    async def _handle(self, events: tuple[Event, ...]) -> None:
        (parcel,) = load_sound(str(self.program)).chosen()
        async with open_store(self.store) as store:
            alarm = MemoryStore().alarm
            runtime = Runtime([parcel], store=store, bus=MemoryBus(), alarm=alarm)
            began = parcel.start_event(process_id="p-1")
            await runtime.handle(began, publish=False)
            await runtime.handle(*events)

    def call(self, *arguments: str) -> Result:
        """Run a command of the command line."""
        return CliRunner().invoke(main, [*arguments, "--store", self.store])

    def arrived(self) -> list[str]:
        """Give the types of the events that lie in the queue."""
        return asyncio.run(self._arrived())

    async def _arrived(self) -> list[str]:
        self.place.clients = clients_of(self.endpoint)  # clients belong to their event loop
        try:
            return sorted(event.type for event in await self.place.events())
        finally:
            await self.place.clients.close()


@pytest.fixture
def shop(tmp_path: Path, moto: str, fresh_name: str) -> Shop:
    return Shop(tmp_path / "parcels_with_an_alarm.py", moto, fresh_name)


def test_a_lost_wake_up_is_set_where_the_store_has_no_alarm(shop: Shop) -> None:
    """It is in the queue that was named, beside what was left unsent; then all is out."""
    shop.start()
    arguments = ("sweep", "--bus", shop.sqs, "--older-than", "0s")

    without = shop.call(*arguments)
    done = shop.call(*arguments, "--alarm", shop.sqs)

    assert (without.exit_code, "no alarm" in without.output) == (1, True)
    assert (done.exit_code, "set 1 wake-up" in done.output) == (0, True), done.output
    assert shop.arrived() == ["cmd.parcel.ship", "sys.xorca.timer"]


def test_letters_of_a_class_with_deadlines_are_redriven(shop: Shop) -> None:
    """A rehearsal needs nothing to send to; the real one says what it needs, and works."""
    subject = "parcel/1.0.0/p-1"
    answer = Event(id="a-1", source="/s", type="evt.parcel.ship.success", subject=subject)
    shop.start(answer)
    shop.program.write_text(SHOP.replace("FIXED = False", "FIXED = True"))
    redrive = ("redrive", str(shop.program))

    rehearsed = shop.call(*redrive, "--dry-run")
    refused = shop.call(*redrive, "--bus", shop.sqs)
    done = shop.call(*redrive, "--bus", shop.sqs, "--alarm", shop.sqs)

    assert (rehearsed.exit_code, "applied (shipped)" in rehearsed.output) == (0, True)
    assert (refused.exit_code, "--alarm sqs:queue" in refused.output) == (2, True)
    assert (done.exit_code, "applied (shipped)" in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("sqs:orders", SqsAlarm, "the queue 'orders'"),
        ("SQS://orders?region=eu-central-1", SqsAlarm, "the queue 'orders'"),
        ("azqueue:orders?account=shop", StorageQueueAlarm, "the storage queue 'orders'"),
        ("servicebus:orders?namespace=x&sessions=true", ServiceBusAlarm, "'orders' of Service Bus"),
    ],
)
def test_url_names_an_alarm(
    url: str, kind: type[SqsAlarm | StorageQueueAlarm | ServiceBusAlarm], shown: str
) -> None:
    """Every form leads to its alarm; nothing is connected yet."""
    alarm = open_alarm(url)

    assert isinstance(alarm, kind)
    assert shown in alarm.shown


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "nobody here offers such an alarm"),
        ("eventbridge:default", "nobody here offers such an alarm"),
        ("sqs:", "names no place"),
        ("sqs:orders?limit=10", "'limit' cannot be asked for so"),
        ("sqs:orders.fifo", "cannot be delayed one by one"),
        ("azqueue:", "names no place"),
        ("azqueue:orders?key=secret", "'key' cannot be asked for so"),
    ],
)
def test_url_that_names_no_alarm_is_refused(url: str, says: str) -> None:
    """What is wrong with a URL is told with what to write."""
    with pytest.raises(ConfigurationError, match=says):
        open_alarm(url)
