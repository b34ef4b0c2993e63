"""Virtual time and the deadlines that come due in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.unit.plugin.sample import BookFetched, BookRequest, BookSummary, Failure, Reminder
from xorca import Orchestrator, after, emit, end, on, start
from xorca_contrib.testing import Orchestra, VirtualClock, XorcaTestError


async def test_a_deadline_fires_when_its_time_has_passed(orchestra: Orchestra) -> None:
    """Nothing happens a second before, and everything at the time."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    early = await process.wait(minutes=14, seconds=59)
    (outcome,) = await process.wait(seconds=1)

    assert early == []
    assert (outcome.status, process.state) == ("applied", "too_late")
    assert process.sent[-1] == (
        "notif.books.failed",
        Failure("a service did not answer in 15 minutes"),
    )


async def test_each_deadline_fires_at_its_own_time(orchestra: Orchestra) -> None:
    """A long wait goes from one deadline to the next, as real time would."""
    process = await orchestra.start(Reminder)

    await process.wait(days=1)

    assert process.memory.asked == 3
    assert process.state == "given_up"
    assert [name for name, _ in process.history] == [
        "xorca.reminder.start",
        "sys.xorca.timer",
        "sys.xorca.timer",
        "sys.xorca.timer",
    ]


async def test_a_deadline_of_a_left_state_does_not_fire(orchestra: Orchestra) -> None:
    """What was answered in time stays as it is."""
    process = await orchestra.start(Reminder)
    await process.answer("evt.human.ask.success")

    outcomes = await process.wait(days=1)

    assert outcomes == []
    assert process.state == "answered"


async def test_the_clock_of_the_test_is_that_of_the_process(
    orchestra: Orchestra, virtual_clock: VirtualClock
) -> None:
    """Waiting moves the clock by exactly what was asked."""
    before = virtual_clock.now()
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.wait(days=1, hours=2, minutes=3, seconds=4)

    assert virtual_clock.now() - before == timedelta(days=1, hours=2, minutes=3, seconds=4)


async def test_a_clock_that_is_moved_fires_late(
    orchestra: Orchestra, virtual_clock: VirtualClock
) -> None:
    """After advance() the deadline is overdue, and the next wait delivers it."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    virtual_clock.advance(hours=1)
    state_before = process.state

    await process.wait()

    assert (state_before, process.state) == ("begin", "too_late")
    assert virtual_clock.now() == virtual_clock.began + timedelta(hours=1)


async def test_sleeping_passes_time(virtual_clock: VirtualClock) -> None:
    """sleep() returns at once, later."""
    await virtual_clock.sleep(90)

    assert virtual_clock.now() == virtual_clock.began + timedelta(seconds=90)


def test_a_clock_can_be_set(virtual_clock: VirtualClock) -> None:
    """Any aware moment may be set, and is given in UTC."""
    virtual_clock.set(datetime(2031, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))

    assert virtual_clock.now() == datetime(2031, 1, 1, tzinfo=UTC)
    assert virtual_clock.now().tzinfo is UTC


def test_a_moment_without_time_zone_is_refused(virtual_clock: VirtualClock) -> None:
    """A naive datetime is no moment."""
    with pytest.raises(XorcaTestError, match="no time zone"):
        virtual_clock.set(datetime(2031, 1, 1))  # noqa: DTZ001


async def test_time_does_not_run_backwards(
    orchestra: Orchestra, virtual_clock: VirtualClock
) -> None:
    """A negative length is refused, and says how a clock is turned back."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match=r"virtual_clock\.set"):
        await process.wait(minutes=-1)
    with pytest.raises(XorcaTestError, match=r"virtual_clock\.set"):
        virtual_clock.advance(seconds=-1)


async def test_the_deadlines_of_all_processes_fire_in_order(orchestra: Orchestra) -> None:
    """Time is shared: waiting for one process is waiting for all."""
    first = await orchestra.start(BookSummary, BookRequest("b-1"))
    await first.wait(minutes=1)
    second = await orchestra.start(BookSummary, BookRequest("b-2"))
    await second.answer("evt.books.fetch.success", BookFetched("text"))

    outcomes = await second.wait(minutes=15)

    assert [outcome.subject for outcome in outcomes] == [first.subject, second.subject]


async def test_a_deadline_that_raises_fails_the_wait(orchestra: Orchestra) -> None:
    """Its neighbours are fired all the same, and the time has passed."""
    broken = await orchestra.start(Broken)
    other = await orchestra.start(BookSummary, BookRequest("b-1"))

    with pytest.raises(XorcaTestError, match="ZeroDivisionError"):
        await other.wait(minutes=20)

    assert other.state == "too_late"
    assert [letter.reason for letter in broken.dead] == ["handler-raised"]


class Broken(Orchestrator, name="broken"):
    """Raise when the time has come."""

    @start
    @emit("cmd.nothing.do")
    def begin(self) -> Failure:
        return Failure("")

    @on("evt.nothing.do.success", to=end)
    def done(self) -> None: ...

    @after(timedelta(minutes=15), to=end)
    def too_late(self) -> None:
        raise ZeroDivisionError
