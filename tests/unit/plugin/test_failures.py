"""The report of a failed test tells what its processes went through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plugin.sample import BookFetched, BookRequest, BookSummary, Failure
from xorca_contrib.testing import Orchestra

pytest_plugins = ("pytester",)

HEAD = """
import pytest
from tests.unit.plugin.sample import *
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a project with xorca's plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.syspathinsert(Path(__file__).parents[3])
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


def run(inner: pytest.Pytester, text: str) -> pytest.RunResult:
    """Run a test file in this process."""
    inner.makepyfile(HEAD + text)
    return inner.runpytest_inprocess("-p", "xorca_contrib.pytest_plugin")


def test_a_failure_shows_the_story(inner: pytest.Pytester) -> None:
    """Time, events, outcomes, states and what was sent are in a section of the report."""
    result = run(
        inner,
        """
async def test_it(orchestra):
    process = await orchestra.start(BookSummary, BookRequest("b-1"), process_id="p")
    await process.wait(minutes=5)
    await process.answer("evt.books.fetch.error", Failure("gone"))
    assert not process.ended
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert not True*",
            "*- xorca -*",
            "books.summary/1.0.0/p: ended at 'fail'",
            '*+0:00:00 *xorca.books.summary.start {"book_id":"b-1"}',
            "*applied (begin), state 'begin'",
            "*sent cmd.books.fetch FetchBook(book_id='b-1')",
            '*+0:05:00 *evt.books.fetch.error {"reason":"gone"}',
            "*applied (fail), state 'fail'",
            "*sent notif.books.failed Failure(reason='gone')",
            "*memory {'book_id': 'b-1'}, awaited []",
        ]
    )


def test_a_failure_shows_what_a_handler_raised(inner: pytest.Pytester) -> None:
    """The traceback begins in the handler, with its line and message."""
    result = run(
        inner,
        """
async def test_it(orchestra):
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched(""), expect="dead")
    assert process.state == "check"
""",
    )

    result.stdout.fnmatch_lines(
        [
            "*dead (handler-raised), state 'begin'",
            "*Traceback (most recent call last):",
            "*sample.py*in check",
            '*raise ValueError("an empty book cannot be checked")',
            "*ValueError: an empty book cannot be checked",
        ]
    )
    story = result.stdout.str().partition("- xorca -")[2]
    assert "transition.py" not in story


def test_the_error_of_a_handler_is_the_error_of_the_test(inner: pytest.Pytester) -> None:
    """Without expect= the handler's own line is in the failure."""
    result = run(
        inner,
        """
async def test_it(orchestra):
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched(""))
""",
    )

    result.stdout.fnmatch_lines(
        [
            "*ValueError: an empty book cannot be checked",
            "*XorcaTestError: 'evt.books.fetch.success' became a dead letter*",
        ]
    )


def test_a_test_that_passes_tells_nothing(inner: pytest.Pytester) -> None:
    """There is no section where nothing failed."""
    inner.makepyfile(
        HEAD
        + """
async def test_it(orchestra):
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
"""
    )

    result = inner.runpytest_inprocess("-p", "xorca_contrib.pytest_plugin", "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*- xorca -*")


def test_a_payload_whose_repr_raises_does_not_spoil_the_report(inner: pytest.Pytester) -> None:
    """The story is told whatever the user's objects do."""
    result = run(
        inner,
        """
from dataclasses import dataclass
from xorca import Orchestrator, emit, end, on, start

@dataclass
class Shy:
    text: str
    def __repr__(self):
        raise RuntimeError("no")

class Quiet(Orchestrator, name="quiet"):
    @start
    @emit("cmd.x.do")
    def begin(self) -> Shy:
        return Shy("x")

    @on("evt.x.do.success", to=end)
    def done(self) -> None: ...

async def test_it(orchestra):
    process = await orchestra.start(Quiet)
    assert process.ended
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*sent cmd.x.do <Shy, whose repr raised RuntimeError>"])


async def test_a_process_prints_its_story(orchestra: Orchestra) -> None:
    """str() of a process is what a failed test would show."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.error", Failure("gone"))

    assert str(process) == process.story == orchestra.story
    assert "sent notif.books.failed Failure(reason='gone')" in process.story


async def test_long_payloads_are_cut(orchestra: Orchestra) -> None:
    """A story stays readable, and says how long the text was."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.answer("evt.books.fetch.success", BookFetched("x" * 5_000))

    assert "... (5,011 characters)" in process.story
    assert max(map(len, process.story.splitlines())) < 400


async def test_what_reaches_no_process_is_told(orchestra: Orchestra) -> None:
    """Events for nobody have a story of their own."""
    await orchestra.start(BookSummary, BookRequest("b-1"))
    await orchestra.deliver(b"nonsense", expect="dead")

    assert "for no process\n" in orchestra.story
    assert "something that is no CloudEvent" in orchestra.story
