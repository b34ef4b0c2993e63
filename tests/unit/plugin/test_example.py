"""The orchestra from the start of a process to its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.plugin.sample import (
    BookFetched,
    BookRequest,
    BookSummary,
    CheckText,
    Failure,
    FetchBook,
    Summarised,
    Verdict,
)
from xorca import Orchestrator, end, start
from xorca.errors import PayloadError
from xorca_contrib.testing import DeadLetter, Orchestra, XorcaTestError


async def test_a_failed_fetch_ends_in_fail(orchestra: Orchestra) -> None:
    """A process is started, answered, and has ended."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    assert process.sent == [("cmd.books.fetch", FetchBook("b-1"))]

    await process.answer("evt.books.fetch.error", Failure("gone"))

    assert process.ended
    assert process.state == "fail"
    assert process.sent[-1] == ("notif.books.failed", Failure("gone"))


async def test_a_join_is_answered_command_by_command(orchestra: Orchestra) -> None:
    """Each answer goes to its own command, and what is left is listed."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched("text"))
    both = list(process.awaited)

    await process.answer("evt.regulations.check.success", Verdict(True))
    one = list(process.awaited)
    await process.answer("evt.grammar.check.success", Verdict(False))

    assert both == ["cmd.grammar.check", "cmd.regulations.check"]
    assert one == ["cmd.grammar.check"]
    assert process.sent[1:] == [
        ("cmd.grammar.check", CheckText("text")),
        ("cmd.regulations.check", CheckText("text")),
        ("notif.books.summarised", Summarised("b-1", False)),
    ]


async def test_memory_is_seen_as_attributes(orchestra: Orchestra) -> None:
    """What is stored can be read by attribute, by key, and compared with a dict."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    memory = process.memory

    assert memory.book_id == memory["book_id"] == "b-1"
    assert memory == {"book_id": "b-1"}


async def test_memory_names_the_nearest_attribute(orchestra: Orchestra) -> None:
    """A misspelt attribute is an error that says what was meant."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(AttributeError, match="did you mean 'book_id'"):
        _ = process.memory.bok_id


class Forgetful(Orchestrator, name="forgetful"):
    """It remembers nothing."""

    @start(to=end)
    def done(self) -> None: ...


async def test_memory_that_is_empty_says_so(orchestra: Orchestra) -> None:
    """Where nothing is kept there is nothing to list."""
    process = await orchestra.start(Forgetful)

    with pytest.raises(AttributeError, match="it has none"):
        _ = process.memory.book_id


async def test_memory_cannot_be_set(orchestra: Orchestra) -> None:
    """A test changes a process by events alone."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(AttributeError, match="changes by the events"):
        process.memory.book_id = "b-2"


async def test_a_process_says_who_it_is(orchestra: Orchestra) -> None:
    """Id, subject, version and history can be asked for."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"), process_id="a/b")
    await process.answer("evt.books.fetch.error", Failure("gone"))

    assert (process.process_id, process.version) == ("a/b", "1.0.0")
    assert process.subject == "books.summary/1.0.0/a%2Fb"
    assert process.history == [
        ("xorca.books.summary.start", "begin"),
        ("evt.books.fetch.error", "fail"),
    ]
    assert repr(process) == "<Process books.summary/1.0.0/a%2Fb ended at 'fail'>"


async def test_a_payload_that_starts_nothing_is_refused(orchestra: Orchestra) -> None:
    """What no @start takes is an error before anything is sent."""
    with pytest.raises(PayloadError, match="BookRequest"):
        await orchestra.start(BookSummary, Verdict(True))


async def test_two_starts_are_two_processes(orchestra: Orchestra) -> None:
    """Processes of one class stand side by side; answers go to the right one."""
    first = await orchestra.start(BookSummary, BookRequest("b-1"))
    second = await orchestra.start(BookSummary, BookRequest("b-2"))

    await second.answer("evt.books.fetch.error", Failure("gone"))

    assert [process.ended for process in orchestra.processes] == [False, True]
    assert first.memory.book_id == "b-1"


async def test_an_answer_to_nothing_lists_what_is_awaited(orchestra: Orchestra) -> None:
    """A name of no command of the class is an error that helps."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match=r"Awaited at 'begin': cmd\.books\.fetch\."):
        await process.answer("evt.book.fetch.success", BookFetched("text"))


async def test_an_answer_to_a_command_not_sent_is_refused(orchestra: Orchestra) -> None:
    """A command that is not awaited now cannot be answered."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match=r"'cmd\.grammar\.check', which awaits no answer"):
        await process.answer("evt.grammar.check.success", Verdict(True))


async def test_an_answer_after_the_end_is_refused(orchestra: Orchestra) -> None:
    """The error says that the process has ended, and where."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.error", Failure("gone"))

    with pytest.raises(XorcaTestError, match="has ended at 'fail'"):
        await process.answer("evt.books.fetch.error", Failure("gone"))


async def test_a_handler_that_raises_fails_the_test(orchestra: Orchestra) -> None:
    """The error comes from the handler's own exception."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match="an empty book") as caught:
        await process.answer("evt.books.fetch.success", BookFetched(""))

    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_dead_letter_can_be_expected(orchestra: Orchestra) -> None:
    """With expect="dead" the process can be looked at, and its dead letter too."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    outcome = await process.answer("evt.books.fetch.success", BookFetched(""), expect="dead")

    (letter,) = process.dead
    assert outcome.reason == "handler-raised"
    assert isinstance(letter, DeadLetter)
    assert (letter.type, letter.reason) == ("evt.books.fetch.success", "handler-raised")
    assert isinstance(letter.error, ValueError)
    assert process.state == "begin"
    assert [name for name, _ in process.sent] == ["cmd.books.fetch"]


async def test_an_expected_status_that_does_not_come_is_an_error(orchestra: Orchestra) -> None:
    """expect= is checked, also where nothing went wrong."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match="was to be 'dead' and is 'applied'"):
        await process.answer("evt.books.fetch.success", BookFetched("text"), expect="dead")


async def test_a_payload_that_does_not_fit_fails_the_test(orchestra: Orchestra) -> None:
    """The service's answer must fit the handler's annotation."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match=r"\(payload\).*does not fit BookFetched"):
        await process.answer("evt.books.fetch.success", {"words": 1})


async def test_a_payload_without_a_json_form_is_refused(orchestra: Orchestra) -> None:
    """The test's own payload may be wrong too."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match="has no JSON form"):
        await process.answer("evt.books.fetch.success", object())


async def test_a_stale_answer_can_be_heard(orchestra: Orchestra) -> None:
    """hear() delivers what answers nothing, and gives the outcome."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched("text"))

    outcome = await process.hear("evt.books.fetch.success", BookFetched("late"))

    assert outcome.status == "ignored"


async def test_an_event_for_nobody_is_an_error(orchestra: Orchestra) -> None:
    """A foreign event is a slip of the test, unless it is expected."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    stranger = orchestra.event("evt.books.fetch.success", BookFetched("x"), subject="else/1.0.0/x")

    with pytest.raises(XorcaTestError, match="heard by no class of this orchestra"):
        await process.deliver(stranger)
    outcome = await process.deliver(stranger, expect="foreign")

    assert outcome.status == "foreign"


async def test_bytes_are_delivered_as_they_are(orchestra: Orchestra) -> None:
    """What is no CloudEvent reaches the Runtime too."""
    await orchestra.start(BookSummary, BookRequest("b-1"))

    outcome = await orchestra.deliver(b"{}", expect="dead")

    assert outcome.reason == "missing-attribute"


async def test_an_answer_may_lack_its_causation(orchestra: Orchestra) -> None:
    """A service that keeps no causationid is matched by the name."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    outcome = await process.answer(
        "evt.books.fetch.success", BookFetched("text"), causation=False, id="mine"
    )

    assert outcome.raw is not None
    assert (outcome.raw.id, outcome.raw.extensions) == ("mine", {})
    assert process.state == "check"


async def test_timers_count_down(orchestra: Orchestra) -> None:
    """Each @after handler shows how long it still waits."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.wait(minutes=5)

    assert process.timers == {"too_late": timedelta(minutes=10)}


async def test_a_start_that_raises_leaves_a_process_to_look_at(orchestra: Orchestra) -> None:
    """The second start of a process id is a dead letter of the first."""
    first = await orchestra.start(BookSummary, BookRequest("b-1"), process_id="one")

    again = await orchestra.start(BookSummary, BookRequest("b-2"), process_id="one", expect="dead")

    assert again is first
    assert [letter.reason for letter in first.dead] == ["process-exists"]


async def test_an_unknown_version_starts_nothing(orchestra: Orchestra) -> None:
    """The error lists the versions that are served."""
    with pytest.raises(XorcaTestError, match=r"no version '9\.0\.0' here; registered: 1\.0\.0"):
        await orchestra.start(BookSummary, BookRequest("b-1"), version="9.0.0")


async def test_a_start_without_a_process_is_an_error_even_if_expected(
    orchestra: Orchestra,
) -> None:
    """Where nothing was stored there is no process to give."""
    with pytest.raises(XorcaTestError, match="no process came of the start"):
        await orchestra.start(BookSummary, BookRequest("b-1"), version="9.0.0", expect="dead")
