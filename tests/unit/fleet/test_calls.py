"""What a service may see of its command, and send besides the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.fleet.stage import (
    SUBJECT,
    TRACE,
    BookFetched,
    FetchBook,
    command,
    data_of,
    make_fleet,
)
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event, read_event
from xorca.fleet import Call, Refusal
from xorca.providers.memory import MemoryBus, MemoryStore


@dataclass
class Reader:
    name: str


class Reading(Orchestrator, name="reading"):
    """A process that somebody starts and nobody answers."""

    reader: str = ""

    @start
    @emit("cmd.reading.open")
    def opening(self, reader: Reader) -> Reader:
        self.reader = reader.name
        return reader

    @on("evt.reading.open.success", to=end)
    def done(self) -> None:
        """End it."""


async def sent_by(service: Any, given: Event | None = None) -> tuple[Event, ...]:
    """Give what leaves with the answer to one command."""
    fleet, bus = make_fleet()
    fleet.serves("cmd.books.fetch")(service)
    await fleet.handle(command() if given is None else given)
    return tuple(read_event(event.to_json()) for event in bus.published)


async def test_a_call_shows_the_command() -> None:
    """The CloudEvent and its subject, whichever parameter is the Call."""
    seen: list[tuple[str, str | None]] = []

    async def look(call: Call, command: FetchBook) -> None:
        seen.append((call.command.get_id(), call.subject))

    await sent_by(look)

    assert seen == [("c-1", SUBJECT)]


async def test_a_service_may_tell_the_world() -> None:
    """A notification leaves before the answer, with an id derived from it."""

    async def tell(command: FetchBook, call: Call) -> BookFetched:
        call.emit("notif.books.opened", {"id": command.book_id})
        call.emit("notif.books.closed")
        return BookFetched("")

    opened, closed, answer = await sent_by(tell)

    assert [opened.type, closed.type] == ["notif.books.opened", "notif.books.closed"]
    assert [opened.id, closed.id] == [f"{answer.id}-0", f"{answer.id}-1"]
    assert (data_of(opened), closed.data) == ({"id": "b-1"}, None)
    assert opened.extensions == {**TRACE, "causationid": "c-1"}
    assert opened.subject == SUBJECT


@pytest.mark.parametrize(
    "name", ["cmd.books.fetch", "evt.a.b.success", "sys.x", "notif.", "notif.*"]
)
async def test_only_notifications_may_be_emitted(name: str) -> None:
    """Commands belong to orchestrators, answers to the return value."""
    caught: list[HandlerError] = []

    async def tell(command: FetchBook, call: Call) -> None:
        with pytest.raises(HandlerError, match="orchestrator") as error:
            call.emit(name)
        caught.append(error.value)

    sent = await sent_by(tell)

    assert [error.reason for error in caught] == ["emit-name"]
    assert len(sent) == 1


@pytest.mark.parametrize("payload", [object(), "x" * 1_100_000])
async def test_a_payload_that_cannot_be_sent_is_said_at_once(payload: object) -> None:
    """The service itself hears of it, in the line that is wrong."""
    caught: list[PayloadError] = []

    async def tell(command: FetchBook, call: Call) -> None:
        with pytest.raises(PayloadError, match=r"notif\.books\.opened") as error:
            call.emit("notif.books.opened", payload)
        caught.append(error.value)

    await sent_by(tell)

    assert len(caught) == 1


async def test_a_service_that_raises_sends_its_answer_alone() -> None:
    """What it had emitted and started is dropped."""

    async def tell(command: FetchBook, call: Call) -> None:
        call.emit("notif.books.opened")
        call.start(Reading, Reader("Ada"))
        raise Refusal("sold out")

    assert [event.type for event in await sent_by(tell)] == ["evt.books.fetch.error"]


async def test_a_service_that_has_ended_can_send_nothing() -> None:
    """A forgotten task is told, instead of its notification being lost."""
    kept: list[Call] = []

    async def keep(command: FetchBook, call: Call) -> None:
        kept.append(call)

    await sent_by(keep)

    with pytest.raises(HandlerError, match="await your tasks") as caught:
        kept[0].emit("notif.books.late")
    assert caught.value.reason == "call-ended"


async def test_a_service_may_start_a_process() -> None:
    """The start event leaves with the answer, and names what caused it."""
    ids: list[str] = []

    async def begin(command: FetchBook, call: Call) -> None:
        ids.append(call.start(Reading, Reader("Ada"), process_id="ada/1"))

    started, answer = await sent_by(begin)

    assert started.type == "xorca.reading.start"
    assert started.extensions == {**TRACE, "causationid": "c-1", "processid": "ada/1"}
    assert (started.id, started.source) == (f"{answer.id}-0", "/srvc/books")
    assert started.subject is None
    assert ids == ["ada/1"]


async def test_a_redelivered_command_starts_one_process() -> None:
    """However often the command comes, the runtime sees one start."""
    ids: list[str] = []

    async def begin(command: FetchBook, call: Call) -> None:
        ids.append(call.start(Reading, Reader("Ada")))

    first, second = (await sent_by(begin))[0], (await sent_by(begin))[0]
    runtime = Runtime([Reading], store=MemoryStore(), bus=MemoryBus())
    outcomes = [*await runtime.handle(first), *await runtime.handle(second)]

    assert [outcome.status for outcome in outcomes] == ["applied", "duplicate"]
    assert outcomes[0].subject == f"reading/1.0.0/{ids[0]}"
    assert ids[0] == ids[1]


async def test_two_starts_of_one_command_are_two_processes() -> None:
    """The position counts."""
    ids: list[str] = []

    async def begin(command: FetchBook, call: Call) -> None:
        ids.extend(call.start(Reading, Reader(name)) for name in ("Ada", "Ada"))

    await sent_by(begin)

    assert len(set(ids)) == 2


async def test_a_payload_that_no_start_takes_is_said_at_once() -> None:
    """The service hears which start refuses it, and why."""

    async def begin(command: FetchBook, call: Call) -> None:
        with pytest.raises(PayloadError, match=r"xorca\.reading\.start"):
            call.start(Reading, FetchBook("b-1"))

    assert len(await sent_by(begin)) == 1
