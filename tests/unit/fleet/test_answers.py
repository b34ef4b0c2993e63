"""Every end of a service is one answer, under one id."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.unit.fleet.stage import (
    SUBJECT,
    TRACE,
    BookFetched,
    Failure,
    FetchBook,
    command,
    data_of,
    make_fleet,
)
from xorca import Outcome
from xorca.events import Event, derived_id, read_event
from xorca.fleet import Call, Refusal, TryAgain

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep the traces of services that fail on purpose to this test."""
    caplog.set_level(logging.DEBUG, "xorca")


async def answered(service: Any, given: Event | None = None, **options: Any) -> Outcome:
    """Give what becomes of one command of books under a service."""
    fleet, _ = make_fleet()
    fleet.serves("cmd.books.fetch", **options)(service)
    [outcome] = await fleet.handle(command() if given is None else given)
    return outcome


async def reply(service: Any, given: Event | None = None, **options: Any) -> Event:
    """Give the answer to one command of books, as it is read from the wire."""
    outcome = await answered(service, given, **options)
    assert outcome.status == "applied"
    return read_event(outcome.sent[-1].to_json())


async def fetch(command: FetchBook) -> BookFetched:
    return BookFetched(f"text of {command.book_id}")


async def test_a_return_value_is_a_success() -> None:
    """What the service returns is the data of ``.success``."""
    found = await reply(fetch)

    assert found.type == "evt.books.fetch.success"
    assert data_of(found) == {"text": "text of b-1"}


async def test_an_answer_keeps_subject_cause_and_trace() -> None:
    """It goes to the process that asked, and says what it answers."""
    found = await reply(fetch)

    assert (found.subject, found.source) == (SUBJECT, "/srvc/books")
    assert found.extensions == {**TRACE, "causationid": "c-1"}
    assert found.time == "2030-01-01T12:00:00.000Z"


async def test_an_answer_is_published() -> None:
    """Whoever gave the fleet a bus need not send anything."""
    fleet, bus = make_fleet()
    fleet.serves("cmd.books.fetch")(fetch)

    [outcome] = await fleet.handle(command())

    assert tuple(bus.published) == outcome.sent


async def test_nothing_is_published_if_the_caller_publishes() -> None:
    """The caller finds the answer in the outcome."""
    fleet, bus = make_fleet()
    fleet.serves("cmd.books.fetch")(fetch)

    [outcome] = await fleet.handle(command(), publish=False)

    assert bus.published == []
    assert [event.get_type() for event in outcome.emitted] == ["evt.books.fetch.success"]


async def test_none_is_an_answer_without_data() -> None:
    """A service that has nothing to say succeeds all the same."""

    async def forget(command: FetchBook) -> None:
        """Do nothing."""

    found = await reply(forget)

    assert (found.type, found.data) == ("evt.books.fetch.success", None)


async def test_a_service_may_take_no_payload() -> None:
    """Data that nobody asks for is not looked at."""

    async def ping() -> str:
        return "pong"

    found = await reply(ping, command(data=b"", is_json=False, datacontenttype="text/plain"))

    assert data_of(found) == "pong"


async def test_text_reaches_a_service_that_takes_text() -> None:
    """What is no JSON is given to those who ask for text."""

    async def shout(text: str) -> str:
        return text.upper()

    given = command(data=b"ada", is_json=False, datacontenttype="text/plain")

    assert data_of(await reply(shout, given)) == "ADA"


async def test_a_refusal_is_an_error_with_its_payload() -> None:
    """The author's own payload is sent as it is."""

    async def refuse(command: FetchBook) -> None:
        raise Refusal({"reason": "sold out", "until": 2031})

    outcome = await answered(refuse)

    assert (outcome.status, outcome.reason) == ("applied", "refused")
    assert outcome.sent[-1].type == "evt.books.fetch.error"
    assert data_of(outcome.sent[-1]) == {"reason": "sold out", "until": 2031}


async def test_a_refusal_of_a_text_has_the_usual_shape() -> None:
    """A sentence is enough."""

    async def refuse(command: FetchBook) -> None:
        raise Refusal("sold out")

    found = await reply(refuse)

    assert data_of(found) == {"reason": "sold out", "error": "Refusal"}


async def test_an_exception_is_an_error_with_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """The answer has the message and the class; the trace is in the log alone."""

    async def fail(command: FetchBook) -> None:
        raise LookupError(f"no book {command.book_id}")

    found = await reply(fail)

    assert found.type == "evt.books.fetch.error"
    assert data_of(found) == {"reason": "no book b-1", "error": "LookupError"}
    assert SUBJECT in caplog.text
    assert "Traceback" in caplog.text


async def test_every_error_fits_the_usual_payload() -> None:
    """A user's Failure(reason) reads what any exception becomes."""

    async def fail(command: FetchBook) -> None:
        raise ValueError("wrong")

    found = await reply(fail)

    assert msgspec.json.decode(found.data or b"", type=Failure) == Failure("wrong")


async def test_an_exception_without_message_says_its_class() -> None:
    """A reason is never empty."""

    async def fail(command: FetchBook) -> None:
        raise KeyError

    assert data_of(await reply(fail))["reason"] == "KeyError"


async def test_an_exception_whose_text_cannot_be_had_is_answered() -> None:
    """Neither a broken __str__ nor a lone surrogate costs the answer."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    async def mute(command: FetchBook) -> None:
        raise Mute

    async def odd(command: FetchBook) -> None:
        raise ValueError("\ud800" * 5000)

    assert data_of(await reply(mute))["reason"] == "Mute"
    assert data_of(await reply(odd))["reason"] == "?" * 2000


async def test_one_exception_in_a_task_group_is_that_exception() -> None:
    """A refusal inside a TaskGroup is a refusal."""

    async def part() -> None:
        raise Refusal("sold out")

    async def grouped(command: FetchBook) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(part())

    assert data_of(await reply(grouped))["reason"] == "sold out"


async def test_a_service_that_is_too_slow_is_cancelled_and_answered() -> None:
    """``.timeout`` says how long it was waited for."""
    ended: list[str] = []

    async def sleep(command: FetchBook) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    outcome = await answered(sleep, timeout=timedelta(milliseconds=20))

    assert outcome.sent[-1].type == "evt.books.fetch.timeout"
    assert data_of(outcome.sent[-1])["reason"] == "cmd.books.fetch took longer than 0.02 s"
    assert (outcome.status, outcome.reason) == ("applied", "timeout")
    assert ended == ["cancelled"]


async def test_an_error_while_it_is_cancelled_is_still_a_timeout() -> None:
    """What a service raises because its time was over is no business error."""

    async def sleep(command: FetchBook) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("connection lost")

    found = await reply(sleep, timeout=timedelta(milliseconds=20))

    assert found.type == "evt.books.fetch.timeout"


async def test_a_timeout_inside_a_service_is_an_error() -> None:
    """Only the deadline of the command is ``.timeout``."""

    async def ask(command: FetchBook) -> None:
        raise TimeoutError("the library did not answer")

    found = await reply(ask)

    assert found.type == "evt.books.fetch.error"
    assert data_of(found)["reason"] == "the library did not answer"


async def test_a_payload_that_does_not_fit_is_answered() -> None:
    """The caller learns what is wrong; the service never runs."""
    ran: list[FetchBook] = []

    async def note(command: FetchBook) -> None:
        ran.append(command)

    outcome = await answered(note, command(data={"book_id": 7}))

    assert (outcome.status, outcome.reason) == ("applied", "payload")
    assert outcome.sent[-1].type == "evt.books.fetch.error"
    assert "book_id" in data_of(outcome.sent[-1])["reason"]
    assert ran == []


async def test_a_return_value_that_does_not_fit_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A broken promise is answered and logged, and never sent as a success."""

    async def lie(command: FetchBook) -> BookFetched:
        return "text"  # type: ignore[return-value]

    outcome = await answered(lie)

    assert (outcome.sent[-1].type, outcome.reason) == ("evt.books.fetch.error", "return-type")
    assert "expected BookFetched, got str" in data_of(outcome.sent[-1])["reason"]
    assert "expected BookFetched" in caplog.text


async def test_a_value_under_a_none_annotation_is_an_error() -> None:
    """A service that declares nothing may not say something."""

    async def lie(command: FetchBook) -> None:
        return "text"  # type: ignore[return-value]

    assert (await answered(lie)).reason == "return-type"


async def test_a_return_value_that_is_too_large_is_an_error() -> None:
    """Nothing is sent that a reader would refuse."""

    async def long(command: FetchBook) -> str:
        return "x" * 1_100_000

    found = await reply(long)

    assert found.type == "evt.books.fetch.error"
    assert "send a reference" in data_of(found)["reason"]


async def test_a_refusal_without_json_form_is_an_error() -> None:
    """The command is answered all the same."""

    async def refuse(command: FetchBook) -> None:
        raise Refusal(object())

    found = await reply(refuse)

    assert (found.type, data_of(found)["error"]) == ("evt.books.fetch.error", "PayloadError")


@pytest.mark.parametrize("error", [TryAgain("later"), MemoryError()])
async def test_nothing_is_answered_if_it_must_come_again(error: Exception) -> None:
    """The broker delivers the command again, with the cause in hand."""

    async def later(call: Call, command: FetchBook) -> None:
        call.emit("notif.books.tried")
        raise error

    outcome = await answered(later)

    assert (outcome.status, outcome.sent, outcome.error) == ("retry", (), error)


@pytest.mark.parametrize("end", [SystemExit(2), asyncio.CancelledError()])
async def test_a_service_cannot_end_its_worker(end: BaseException) -> None:
    """A call of sys.exit, or a cancelled part, is an error of that command alone."""

    async def leave(command: FetchBook) -> None:
        raise end

    assert (await reply(leave)).type == "evt.books.fetch.error"


async def test_being_cancelled_is_no_answer() -> None:
    """Who cancels the worker gets CancelledError, and the command comes again."""
    fleet, bus = make_fleet()
    began = asyncio.Event()

    @fleet.serves("cmd.books.fetch")
    async def wait(command: FetchBook) -> None:
        began.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(fleet.handle(command()))
    await began.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert bus.published == []


async def test_a_redelivered_command_gives_the_same_bytes() -> None:
    """Same id, same data: only the time may differ, and here it stands still."""
    first, second = await reply(fetch), await reply(fetch)

    assert first.to_json() == second.to_json()
    assert first.id == derived_id("/srvc/books", "/xorca/books.summary/1.0.0", "c-1")


async def test_contradicting_answers_have_one_id() -> None:
    """Success, error and time-out of one command are one event to whoever hears them."""

    async def fail(command: FetchBook) -> None:
        raise ValueError("no")

    async def sleep(command: FetchBook) -> None:
        await asyncio.sleep(60)

    found = [
        await reply(fetch),
        await reply(fail),
        await reply(sleep, timeout=timedelta(milliseconds=10)),
    ]

    assert len({event.key for event in found}) == 1
    assert len({event.type for event in found}) == 3


async def test_different_commands_have_different_ids() -> None:
    """The id depends on the source of the command as on its own id."""
    found = [
        await reply(fetch),
        await reply(fetch, command(id="c-2")),
        await reply(fetch, command(source="/other")),
    ]

    assert len({event.id for event in found}) == 3
