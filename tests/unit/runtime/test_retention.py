"""``retain=``: until when the record of a process that is over is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.errands import RETAIN, SUBJECT, Errand, finish, order
from tests.unit.runtime.faults import FaultyStore
from tests.unit.support import BEGIN, Stage, Text, stage, starting, told
from xorca import Orchestrator, emit, end, on, start
from xorca.dsl.orchestrator import plan_of
from xorca.errors import DefinitionError
from xorca.ports import Query, Summary

DAYS = RETAIN.total_seconds()


class Kept(Orchestrator, retain=timedelta(days=3)):
    """A mixin: it keeps what derives from it for three days."""

    @start(to=end)
    def begin(self) -> None: ...


async def listed(play: Stage) -> Summary:
    """Give the one summary of a store."""
    [item] = (await play.store.list(Query())).items
    assert item.summary is not None
    return item.summary


async def test_a_process_that_ends_is_kept_as_its_class_says() -> None:
    """The record says until when, and a store may ask for it."""
    play = stage(Errand)
    await play.give(order())
    assert (await play.record()).keep_until == 0

    await finish(play)

    assert (await play.record()).keep_until == BEGIN.timestamp() + DAYS
    assert (await listed(play)).due == BEGIN.timestamp() + DAYS


async def test_a_start_that_failed_is_kept_as_its_class_says() -> None:
    """It holds a dead letter."""
    play = stage(Errand)

    await play.give(order("nonsense"))

    assert (await listed(play)).due == BEGIN.timestamp() + DAYS


async def test_a_start_by_which_the_record_would_be_too_large_is_kept_as_its_class_says() -> None:
    """It failed too, in another way."""
    play = stage(Errand, store=FaultyStore())
    play.store.limit = 5_000

    outcome = await play.give(order("x" * 3_000))

    assert told(outcome) == ("dead", "record-too-large")
    assert (await play.record()).keep_until == BEGIN.timestamp() + DAYS


async def test_another_start_takes_the_time_back() -> None:
    """A process that lives is not due."""
    play = stage(Errand)
    await play.give(order("nonsense"))

    await play.give(order("milk", id="better"))

    assert (await play.record()).keep_until == 0


async def test_without_retain_nothing_is_due() -> None:
    """It is kept until somebody asks."""

    class Plain(Orchestrator, name="t.plain"):
        @start(to=end)
        def begin(self) -> None: ...

    play = stage(Plain)
    await play.give(starting(Plain))

    assert (await play.record()).keep_until == 0
    assert (await listed(play)).due is None


async def test_the_longest_time_there_is() -> None:
    """It is cut to what a calendar knows."""

    class Eternal(Kept, name="t.eternal", retain=timedelta.max): ...

    play = stage(Eternal)
    await play.give(starting(Eternal))

    found = await play.runtime.prune()
    assert (found.processes, (await play.record()).status) == (0, "ended")


def test_retain_is_inherited() -> None:
    """From a mixin and from a class; a keyword of its own stands above, None included."""

    class First(Kept, name="t.first"): ...

    class Second(First, name="t.second", retain=timedelta(days=1)): ...

    class Third(Second, name="t.third"): ...

    class Fourth(Third, name="t.fourth", retain=None): ...

    days = [plan_of(cls).retain for cls in (First, Second, Third, Fourth)]
    assert days == [timedelta(days=3), timedelta(days=1), timedelta(days=1), None]


@pytest.mark.parametrize(
    "retain", [timedelta(0), timedelta(days=-1), 30, 30.0, "30d", True, "", 0, [timedelta(days=1)]]
)
def test_what_is_no_time_is_refused(retain: Any) -> None:
    """The class statement says so, together with what else is wrong."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Orchestrator, name="t.wrong", retain=retain):
            @start(to=end)
            def begin(self) -> None: ...

            @on("evt.a.b.success")
            @emit("notif.a")
            def never(self) -> Text:
                return Text("")

    codes = [problem.code for problem in caught.value.problems]
    [problem] = [problem for problem in caught.value.problems if problem.code == "X30"]
    assert len(codes) > 1
    assert problem.cause == f"retain={retain!r} is no time to keep a process for"
    assert "retain=timedelta(days=30)" in problem.cure


async def test_a_cancel_without_the_class_says_nothing() -> None:
    """Nobody there knows how long."""

    class Other(Orchestrator, name="t.other"):
        @start(to=end)
        def begin(self) -> None: ...

    play = stage(Errand)
    await play.give(order())
    play.cold(Other)

    await play.runtime.cancel(SUBJECT, "")

    assert (await play.record()).keep_until == 0
