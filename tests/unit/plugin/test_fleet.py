"""Services that answer by script."""

from __future__ import annotations

import pytest

from tests.unit.plugin.sample import (
    Album,
    AlbumPublish,
    BookFetched,
    BookRequest,
    BookSummary,
    Exhibition,
    Failure,
    FetchBook,
    Order,
    Photo,
    Reminder,
    Resized,
    Summarised,
    Verdict,
)
from xorca import Topic
from xorca.fleet import Refusal
from xorca_contrib.testing import Orchestra, ScriptedFleet, Silence, XorcaTestError


@pytest.fixture
def services(scripted_fleet: ScriptedFleet) -> ScriptedFleet:
    """Give a fleet with which a book is summarised."""
    scripted_fleet.answers("cmd.books.fetch", BookFetched("text"))
    scripted_fleet.answers("cmd.grammar.check", Verdict(True))
    scripted_fleet.answers("cmd.regulations.check", Verdict(True))
    return scripted_fleet


async def test_a_run_goes_to_the_end(orchestra: Orchestra, services: ScriptedFleet) -> None:
    """Commands are answered as scripted until none is left, and are recorded."""
    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.ended
    assert process.sent[-1] == ("notif.books.summarised", Summarised("b-1", True))
    assert services.heard[0] == ("cmd.books.fetch", FetchBook("b-1"))
    assert [name for name, _ in services.heard[1:]] == [
        "cmd.grammar.check",
        "cmd.regulations.check",
    ]


async def test_a_refusal_is_an_error_answer(orchestra: Orchestra, services: ScriptedFleet) -> None:
    """refuses() answers .error with the payload given."""
    services.refuses("cmd.books.fetch", Failure("gone"))

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.history[-1] == ("evt.books.fetch.error", "fail")
    assert process.sent[-1].payload == Failure("gone")


async def test_a_time_out_is_a_timeout_answer(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """times_out() answers .timeout with the payload given."""
    services.times_out("cmd.books.fetch", Failure("slow"))

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.history[-1] == ("evt.books.fetch.timeout", "fail")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (LookupError("no such book"), "evt.books.fetch.error"),
        (TimeoutError("no such book"), "evt.books.fetch.timeout"),
    ],
)
async def test_an_exception_is_an_error_answer(
    orchestra: Orchestra, services: ScriptedFleet, error: Exception, name: str
) -> None:
    """An exception as the answer comes as .error, TimeoutError as .timeout."""
    services.answers("cmd.books.fetch", error)

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.history[-1] == (name, "fail")
    assert process.sent[-1].payload == Failure("no such book")


async def test_a_refusal_that_is_raised_keeps_its_payload(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """What a service of a Fleet may raise means the same in a script."""

    def fetch() -> BookFetched:
        raise Refusal(Failure("lent out"))

    services.answers("cmd.books.fetch", fetch)

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.history[-1] == ("evt.books.fetch.error", "fail")
    assert process.sent[-1].payload == Failure("lent out")


async def test_a_function_is_given_the_command(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """A function takes the decoded payload and returns the answer's."""

    def fetch(command: FetchBook) -> BookFetched:
        return BookFetched(f"text of {command.book_id}")

    services.answers("cmd.books.fetch", fetch)

    await orchestra.run(BookSummary, BookRequest("b-1"))

    assert services.heard[1].payload.text == "text of b-1"


async def test_a_function_may_be_async_and_raise(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """What a coroutine function raises is an .error answer."""

    async def fetch() -> BookFetched:
        raise LookupError("shelf is empty")

    services.answers("cmd.books.fetch", fetch)

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.sent[-1].payload == Failure("shelf is empty")


async def test_an_assertion_in_a_function_is_the_tests(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """An assertion about the command fails the test and is no answer."""

    def fetch(command: FetchBook) -> BookFetched:
        assert command.book_id == "other"
        return BookFetched("text")

    services.answers("cmd.books.fetch", fetch)

    with pytest.raises(AssertionError, match="other"):
        await orchestra.run(BookSummary, BookRequest("b-1"))


async def test_a_list_is_answered_item_by_item(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet
) -> None:
    """Each command takes the next answer of the list."""
    scripted_fleet.answers("cmd.photo.resize", [Resized("1"), lambda: Resized("2")])

    process = await orchestra.run(AlbumPublish, Order(["a", "b"]))

    assert process.sent[-1].payload == Album(["1", "2"])


async def test_a_list_that_is_used_up_is_an_error(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet
) -> None:
    """The error names the command and shows what it asked."""
    scripted_fleet.answers("cmd.photo.resize", [Resized("1")])

    with pytest.raises(XorcaTestError, match=r"came 2 times.*Photo\(name='b'\)"):
        await orchestra.run(AlbumPublish, Order(["a", "b"]))


async def test_silence_leaves_the_command_unanswered(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """Silence is no answer, and time decides."""
    services.answers("cmd.books.fetch", Silence)
    process = await orchestra.run(BookSummary, BookRequest("b-1"))
    waiting = process.awaited

    await process.wait(minutes=15)

    assert waiting == ["cmd.books.fetch"]
    assert process.state == "too_late"


async def test_unscripted_commands_are_named(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet
) -> None:
    """All commands that nobody answers are in the error, with their payloads."""
    scripted_fleet.answers("cmd.books.fetch", BookFetched("text"))

    with pytest.raises(XorcaTestError, match=r"cmd\.grammar\.check CheckText.*cmd\.regulations"):
        await orchestra.run(BookSummary, BookRequest("b-1"))


async def test_the_fleet_goes_on_after_a_wait(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet
) -> None:
    """What a deadline sends is answered by script as well."""
    scripted_fleet.answers("cmd.human.ask", [Silence, None])
    process = await orchestra.run(Reminder)

    await process.wait(hours=1)

    assert process.state == "answered"
    assert scripted_fleet.heard == [
        ("cmd.human.ask", Photo("question 1")),
        ("cmd.human.ask", Photo("question 2")),
    ]


async def test_start_leaves_the_answers_to_the_test(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """Only run() lets the fleet answer."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    assert process.awaited == ["cmd.books.fetch"]
    assert services.heard == []


async def test_a_child_is_run_with_the_same_fleet(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet
) -> None:
    """The commands of a child are answered by script, its own answer goes to its parent."""
    orchestra.serve(AlbumPublish)
    scripted_fleet.answers("cmd.photo.resize", lambda photo: Resized(f"{photo.name}.jpg"))

    parent = await orchestra.run(Exhibition, Order(["a", "b"]))

    assert parent.memory.urls == ["a.jpg", "b.jpg"]


async def test_another_last_word_can_be_given(
    orchestra: Orchestra, services: ScriptedFleet
) -> None:
    """outcome= is the last segment of the answer's name."""
    services.answers(Topic("cmd.books.fetch", FetchBook), Failure("odd"), outcome="error")

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.history[-1] == ("evt.books.fetch.error", "fail")


def test_only_commands_are_scripted(scripted_fleet: ScriptedFleet) -> None:
    """An event's name is no command."""
    with pytest.raises(XorcaTestError, match="answers commands"):
        scripted_fleet.answers("evt.books.fetch.success", BookFetched("text"))


def test_a_class_is_no_answer(scripted_fleet: ScriptedFleet) -> None:
    """A forgotten pair of brackets is seen at once."""
    with pytest.raises(XorcaTestError, match=r"give an instance, BookFetched\(\.\.\.\)"):
        scripted_fleet.answers("cmd.books.fetch", BookFetched)


async def test_a_dead_letter_fails_the_run(orchestra: Orchestra, services: ScriptedFleet) -> None:
    """What a handler raises in the midst of a run is the cause of the error."""
    services.answers("cmd.books.fetch", BookFetched(""))

    with pytest.raises(XorcaTestError, match="became a dead letter") as caught:
        await orchestra.run(BookSummary, BookRequest("b-1"))

    assert isinstance(caught.value.__cause__, ValueError)
