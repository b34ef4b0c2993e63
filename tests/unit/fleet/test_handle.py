"""``Fleet.handle``: batches, concurrency, and what goes wrong around a service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.unit.fleet.stage import BookFetched, FetchBook, command, make_fleet
from xorca.errors import PublishFailed, UndeliveredError
from xorca.events import Event
from xorca.fleet import Fleet, TryAgain


class DeafBus:
    """A bus that accepts nothing while ``deaf``."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.published: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        if self.error is not None:
            raise self.error
        self.published.extend(events)


def serve(fleet: Fleet) -> list[str]:
    """Serve books, but "later" and "bad"; give the list of those that ran."""
    ran: list[str] = []

    @fleet.serves("cmd.books.fetch")
    async def fetch(command: FetchBook) -> BookFetched:
        ran.append(command.book_id)
        await asyncio.sleep(0)
        if command.book_id == "later":
            raise TryAgain("later")
        if command.book_id == "bad":
            raise ValueError("bad")
        return BookFetched(command.book_id)

    return ran


def book(book_id: str) -> Event:
    """Ask for a book, with an id of its own."""
    return command(data={"book_id": book_id}, id=f"c-{book_id}")


async def test_outcomes_are_in_order() -> None:
    """One outcome an event, whatever became of the others."""
    fleet, _ = make_fleet()
    serve(fleet)
    stranger = command("cmd.summary.create")

    found = await fleet.handle(book("a"), b"{", book("bad"), stranger, book("later"), book("b"))

    assert [outcome.status for outcome in found] == [
        "applied",
        "dead",
        "applied",
        "foreign",
        "retry",
        "applied",
    ]


async def test_every_form_of_an_event_is_taken() -> None:
    """Bytes, text, a CloudEvent of the SDK, and other buffers."""
    fleet, _ = make_fleet()
    ran = serve(fleet)
    body = book("a").to_json()
    forms = [body, body.decode(), bytearray(body), memoryview(body), book("a").to_cloudevent()]

    for form in forms:
        [outcome] = await fleet.handle(form)
        assert outcome.status == "applied"

    assert ran == ["a"] * len(forms)


async def test_what_is_no_event_is_a_dead_letter() -> None:
    """It is told, and never comes again."""
    fleet, bus = make_fleet()

    [outcome] = await fleet.handle(b"no event")

    assert (outcome.status, outcome.reason, outcome.event) == ("dead", "malformed", None)
    assert [event.type for event in bus.published] == ["sys.xorca.deadletter"]


async def test_commands_of_a_batch_run_side_by_side_but_bounded() -> None:
    """Never more than ``concurrency`` at once, over all calls of ``handle``."""
    fleet, _ = make_fleet(concurrency=3)
    now, most = 0, 0

    @fleet.serves("cmd.books.fetch")
    async def fetch(command: FetchBook) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1

    batches = [[book(f"{batch}{number}") for number in range(4)] for batch in "xy"]
    await asyncio.gather(*(fleet.handle(*batch) for batch in batches))

    assert most == 3


async def test_a_command_that_comes_while_it_is_served_is_served_once() -> None:
    """A duplicate waits for its twin and does no work."""
    fleet, bus = make_fleet()
    ran = serve(fleet)

    found = await fleet.handle(book("a"), book("a"))

    assert [outcome.status for outcome in found] == ["applied", "duplicate"]
    assert ran == ["a"]
    assert len(bus.published) == 1


async def test_a_duplicate_comes_again_if_its_twin_does() -> None:
    """What was not answered must not be acknowledged by its duplicate."""
    fleet, _ = make_fleet()
    ran = serve(fleet)

    found = await fleet.handle(book("later"), book("later"))

    assert [outcome.status for outcome in found] == ["retry", "retry"]
    assert ran == ["later"]


async def test_a_duplicate_of_an_interrupted_command_comes_again() -> None:
    """A second delivery outlives the cancellation of the first."""
    fleet, _ = make_fleet()
    began = asyncio.Event()

    @fleet.serves("cmd.books.fetch")
    async def wait(command: FetchBook) -> None:
        began.set()
        await asyncio.sleep(60)

    first = asyncio.create_task(fleet.handle(command()))
    await began.wait()
    second = asyncio.create_task(fleet.handle(command()))
    await asyncio.sleep(0)
    first.cancel()

    [outcome] = await second
    assert (outcome.status, outcome.reason) == ("retry", "in-flight")


async def test_a_command_is_served_again_when_it_comes_later() -> None:
    """A fleet keeps nothing: the id of the answer keeps the world consistent."""
    fleet, bus = make_fleet()
    ran = serve(fleet)

    await fleet.handle(book("a"))
    await fleet.handle(book("a"))

    assert ran == ["a", "a"]
    assert len({event.key for event in bus.published}) == 1


@pytest.mark.parametrize("error", [PublishFailed("full"), RuntimeError("a bus with a bug")])
async def test_an_answer_that_cannot_be_sent_must_come_again(error: Exception) -> None:
    """The command is not acknowledged while its answer is not safe."""
    bus = DeafBus(error)
    fleet = Fleet("/srvc/books", bus=bus)
    serve(fleet)

    [lost] = await fleet.handle(book("a"))
    bus.error = None
    [found] = await fleet.handle(book("a"))

    assert (lost.status, lost.error) == ("retry", error)
    assert found.status == "applied"
    assert [event.type for event in bus.published] == ["evt.books.fetch.success"]


async def test_raise_on_retry_raises_after_all_were_worked_on() -> None:
    """For brokers that redeliver a whole batch."""
    fleet, bus = make_fleet()
    serve(fleet)

    with pytest.raises(UndeliveredError, match=r"1 event\(s\) must be delivered again"):
        await fleet.handle(book("later"), book("a"), raise_on_retry=True)
    assert len(bus.published) == 1


async def test_an_empty_batch_is_nothing() -> None:
    """No events, no outcomes."""
    fleet, _ = make_fleet()

    assert await fleet.handle() == []
