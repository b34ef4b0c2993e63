"""Lost workers and repeated events."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.unit.plugin.sample import (
    Album,
    AlbumPublish,
    BookFetched,
    BookRequest,
    BookSummary,
    Exhibition,
    Failure,
    Order,
    Resized,
    Verdict,
)
from xorca import Orchestrator, emit, end, on, start, stay
from xorca_contrib.testing import Orchestra, VirtualClock, XorcaTestError


async def test_a_process_outlives_its_worker(orchestra: Orchestra) -> None:
    """After a crash the next event is worked on from what is stored."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    process.crash()

    await process.answer("evt.books.fetch.success", BookFetched("text"))

    assert process.state == "check"
    assert len(process.sent) == 3


@pytest.mark.parametrize("point", ["save", "publish"])
async def test_a_worker_lost_in_the_midst_loses_nothing(
    orchestra: Orchestra, point: Literal["save", "publish"]
) -> None:
    """The event comes again, is applied once, and its commands are sent once."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    process.crash(before=point)

    outcome = await process.answer("evt.books.fetch.success", BookFetched("text"))

    assert outcome.status == {"save": "applied", "publish": "duplicate"}[point]
    assert process.state == "check"
    assert [name for name, _ in process.sent[1:]] == ["cmd.grammar.check", "cmd.regulations.check"]
    assert f"lost before its {point}" in process.story


async def test_repeated_events_change_nothing(orchestra: Orchestra) -> None:
    """Every event again, with a warm worker and with a fresh one, has no effect."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched(""), expect="dead")
    await process.answer("evt.books.fetch.success", BookFetched("text"))
    await process.answer("evt.grammar.check.success", Verdict(True))

    await process.assert_idempotent()

    assert process.awaited == ["cmd.regulations.check"]


async def test_a_parent_and_its_child_bear_repetition(orchestra: Orchestra) -> None:
    """The answer of a child, delivered again, is one of the events that are repeated."""
    orchestra.serve(AlbumPublish)
    parent = await orchestra.start(Exhibition, Order(["a"]))
    child = orchestra.process(AlbumPublish)
    await child.answer("evt.photo.resize.success", Resized("1"))

    outcomes = await parent.redeliver()
    await child.assert_idempotent()

    assert [outcome.status for outcome in outcomes] == ["duplicate", "duplicate"]
    assert parent.memory.urls == Album(["1"]).urls


async def test_a_change_by_repetition_is_told(
    orchestra: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that forgets what it has seen shows that the comparison compares."""
    process = await orchestra.start(Bell)
    await process.hear("evt.bell.ring", Failure("once"))

    monkeypatch.setattr("xorca.engine.step.has_seen", lambda record, key: False)
    with pytest.raises(XorcaTestError, match=r"memory was .* and is "):
        await process.redeliver()


class Bell(Orchestrator, name="bell"):
    """Count how often it was rung."""

    rung: int = 0

    @start
    @emit("cmd.bell.hang")
    def begin(self) -> Failure:
        return Failure("")

    @on("evt.bell.ring", at="begin", to=stay)
    def ring(self, why: Failure) -> None:
        self.rung += 1

    @on("evt.bell.hang.success", to=end)
    def hung(self) -> None: ...


async def test_what_expired_is_not_carried_by_a_repetition(
    orchestra: Orchestra, virtual_clock: VirtualClock
) -> None:
    """Nobody may come for its letter; the next event, or the sweeper, carries it."""
    process = await orchestra.start(Patient)
    await process.hear("evt.later.come", Failure("early"))
    virtual_clock.advance(hours=2)

    await process.redeliver()
    waiting = process.deferred
    await process.answer("evt.first.do.success")

    assert (waiting, process.deferred) == (["evt.later.come"], [])


class Patient(Orchestrator, name="patient"):
    """Take an event that may come a state too early."""

    @start
    @emit("cmd.first.do")
    def begin(self) -> Failure:
        return Failure("first")

    @on("evt.first.do.success")
    @emit("cmd.second.do")
    def second(self) -> Failure:
        return Failure("second")

    @on("evt.later.come", at=second, to=end)
    def late(self, why: Failure) -> None: ...


async def test_an_early_event_waits_for_its_state(orchestra: Orchestra) -> None:
    """What came early is listed, and is taken when its state comes."""
    process = await orchestra.start(Patient)
    outcome = await process.hear("evt.later.come", Failure("early"))
    waiting = process.deferred

    await process.answer("evt.first.do.success")

    assert (outcome.status, waiting) == ("deferred", ["evt.later.come"])
    assert (process.state, process.deferred) == ("late", [])


async def test_commands_that_never_end_are_stopped(
    orchestra: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that sends its command again at each answer does not hang the test."""
    monkeypatch.setattr("xorca_contrib.testing.orchestra.PATIENCE", 50)
    orchestra.fleet.answers("cmd.wheel.turn", None)

    with pytest.raises(XorcaTestError, match="did not come to rest"):
        await orchestra.run(Wheel)


class Wheel(Orchestrator, name="wheel"):
    """Turn for ever."""

    @start
    @emit("cmd.wheel.turn")
    def begin(self) -> Failure:
        return Failure("")

    @on("evt.wheel.turn.success", at=("begin", "again"))
    @emit("cmd.wheel.turn")
    def again(self) -> Failure:
        return Failure("")

    @on("evt.wheel.turn.error", to=end)
    def stop(self) -> None: ...
