"""Deadlines: stored with the state, stamped with the visit, and never too early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.support import Stage, Text, stage, told
from xorca import Final, Orchestrator, Runtime, State, after, emit, on, start
from xorca.errors import ConfigurationError, Unavailable
from xorca.events import Event
from xorca.runtime import Limits


class Slow(Orchestrator, name="t.slow"):
    """It asks again on an error or after a minute, and gives up after an hour."""

    asking = State()
    resting = State()
    done = Final()
    late = Final()

    @start(to=asking)
    @emit("cmd.a.get")
    def begin(self) -> Text:
        return Text("first")

    @on("evt.a.get.error", at=asking, to=asking)
    @emit("cmd.a.get")
    def again(self) -> Text:
        return Text("again")

    @on("evt.bell.rang", at=asking)
    def note(self) -> None: ...

    @on("evt.a.get.timeout", at=asking, to=resting)
    def rest(self) -> None: ...

    @on("evt.a.get.success", at=asking, to=done)
    def close(self) -> None: ...

    @on("evt.bell.rang", at=resting, to=done)
    def wake(self) -> None: ...

    @after(timedelta(minutes=1), at=asking, to=asking)
    @emit("cmd.a.get")
    def too_slow(self) -> Text:
        return Text("slow")

    @after(timedelta(hours=1), to=late)
    @emit("notif.late")
    def too_late(self) -> Text:
        return Text("late")


async def begun() -> Stage:
    """Give a started process."""
    play = stage(Slow)
    await play.start()
    return play


def due(play: Stage) -> list[Event]:
    """Take the wake-ups whose time has come."""
    return list(play.store.alarm.due(play.clock.now()))


async def ring(play: Stage) -> list[tuple[str, str]]:
    """Deliver the wake-ups whose time has come; give what became of them."""
    return [told(await play.give(one)) for one in due(play)]


async def test_a_deadline_comes() -> None:
    """After its time in the state, as an event of the alarm."""
    play = await begun()
    play.clock.advance(59)
    assert due(play) == []

    play.clock.advance(1)

    assert await ring(play) == [("applied", "too_slow")]
    assert len(play.sent("cmd.a.get")) == 2


async def test_leaving_cancels() -> None:
    """Nothing is left to ring but what counts for the whole life."""
    play = await begun()

    await play.reply("cmd.a.get", verdict="timeout")

    assert list((await play.record()).timers) == ["after:too_late:0"]
    assert play.store.alarm.pending == 1


async def test_the_end_cancels_everything() -> None:
    """No wake-up is left behind."""
    play = await begun()

    await play.reply("cmd.a.get")

    assert (await play.record()).timers == {}
    assert play.store.alarm.pending == 0


async def test_entering_anew_restarts() -> None:
    """The minute counts from the last entry."""
    play = await begun()
    play.clock.advance(40)
    await play.reply("cmd.a.get", verdict="error")

    play.clock.advance(40)
    early = await ring(play)
    play.clock.advance(20)

    assert early == []
    assert await ring(play) == [("applied", "too_slow")]


async def test_staying_does_not_restart() -> None:
    """The state and its timers go on."""
    play = await begun()
    play.clock.advance(40)
    await play.say("evt.bell.rang")

    play.clock.advance(20)

    assert await ring(play) == [("applied", "too_slow")]


async def test_a_stale_wake_up_does_nothing() -> None:
    """It is stamped with a visit that is over."""
    play = await begun()
    play.clock.advance(60)
    (wake,) = due(play)
    await play.reply("cmd.a.get", verdict="error")
    body = await play.body()

    outcome = await play.give(wake)

    assert told(outcome) == ("ignored", "stale")
    assert await play.body() == body


async def test_a_wake_up_delivered_twice_acts_once() -> None:
    """Warm or cold."""
    play = await begun()
    play.clock.advance(60)
    (wake,) = due(play)
    await play.give(wake)

    warm = await play.give(wake)
    play.cold()
    cold = await play.give(wake)

    assert {warm.status, cold.status} <= {"duplicate", "ignored"}
    assert len({one.id for one in play.sent("cmd.a.get")}) == 2


async def test_a_wake_up_before_its_time_is_armed_again() -> None:
    """A clock that runs ahead elsewhere loses no deadline."""
    play = await begun()
    (wake,) = play.store.alarm.due(play.clock.now() + timedelta(seconds=60))
    play.clock.advance(30)

    early = await play.give(wake)
    play.clock.advance(35)

    assert told(early) == ("ignored", "early")
    assert await ring(play) == [("applied", "too_slow")]


async def test_an_early_wake_up_is_put_off_by_what_it_came_too_early() -> None:
    """The alarm's clock is ahead: armed for the same time it would come at once, again and again."""
    play = await begun()
    (wake,) = play.store.alarm.due(play.clock.now() + timedelta(seconds=60))
    play.clock.advance(57)

    await play.give(wake)

    assert play.store.alarm.due(play.clock.now() + timedelta(seconds=5.9)) == []
    assert len(play.store.alarm.due(play.clock.now() + timedelta(seconds=6))) == 1


class Patient(Orchestrator, name="t.patient"):
    """It waits a minute before it hears a bell."""

    waiting = State()
    ready = State()
    done = Final()

    @start(to=waiting)
    def begin(self) -> None: ...

    @after(timedelta(minutes=1), at=waiting, to=ready)
    def waited(self) -> None: ...

    @on("evt.bell.rang", at=ready, to=done)
    def heard(self) -> None: ...

    @after(timedelta(hours=1), at=ready, to=done)
    def silent(self) -> None: ...


async def test_an_early_wake_up_does_not_carry_what_expired_meanwhile() -> None:
    """It comes again under its id, and would be taken for one that was seen."""
    play = stage(Patient, limits=Limits(defer_for=20.0))
    await play.start()
    await play.say("evt.bell.rang")
    (wake,) = play.store.alarm.due(play.clock.now() + timedelta(seconds=60))
    play.clock.advance(30)

    early = await play.give(wake)
    play.clock.advance(35)

    assert told(early) == ("ignored", "early")
    assert await ring(play) == [("applied", "waited")]
    assert [letter.reason for letter in (await play.record()).dead] == ["never-accepted"]


async def test_a_deadline_of_the_whole_life() -> None:
    """Whatever state it is in, counted from the start."""
    play = await begun()
    play.clock.advance(600)
    await play.reply("cmd.a.get", verdict="timeout")

    play.clock.advance(3000)

    assert await ring(play) == [("applied", "too_late")]
    assert (await play.record()).state == "late"


async def test_deadlines_due_at_once_in_one_batch() -> None:
    """The first decides; the other finds nothing."""
    play = await begun()
    play.clock.advance(3600)

    outcomes = await play.runtime.handle(*due(play))

    assert [one.status for one in outcomes] in (["applied", "applied"], ["applied", "ignored"])
    assert (await play.record()).state == "late"


async def test_a_wake_up_in_a_forged_form_is_ignored() -> None:
    """Data that no alarm of ours wrote changes nothing."""
    play = await begun()

    found = [
        told(await play.say("sys.xorca.timer", data))
        for data in (None, {"timer": 1}, {"timer": "after:nothing:0", "visit": 1}, "x")
    ]

    assert {status for status, _ in found} == {"ignored"}


async def test_a_deadline_whose_handler_raises_is_dead() -> None:
    """It is told of and does not ring for ever."""

    class Raises(Orchestrator, name="t.raises"):
        open = State()
        closed = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("evt.a.b", at=open, to=closed)
        def close(self) -> None: ...

        @after(timedelta(minutes=1), at=open, to=closed)
        def late(self) -> None:
            raise ValueError("no")

    play = stage(Raises)
    await play.start()
    play.clock.advance(60)

    found = await ring(play)

    assert found == [("dead", "handler-raised")]
    assert (await play.say("evt.a.b")).status == "applied"


def test_a_runtime_without_an_alarm_refuses_a_class_that_has_deadlines() -> None:
    """The error names the class and the cure."""
    with pytest.raises(ConfigurationError, match=r"'t\.slow'.*alarm="):
        Runtime([Slow], store=stage(Slow).store)


class FailingAlarm:
    """An alarm that fails so many times."""

    def __init__(self, inner: Any, times: int) -> None:
        self.inner, self.times = inner, times

    async def set(self, event: Event, due: Any) -> None:
        """Fail, or pass on."""
        if self.times:
            self.times -= 1
            raise Unavailable("no alarm")
        await self.inner.set(event, due)

    async def cancel(self, event_id: str) -> None:
        """Pass on."""
        await self.inner.cancel(event_id)


async def test_an_alarm_that_fails_is_tried_again_with_the_event() -> None:
    """The event is to be delivered again, and its redelivery arms what was not."""
    play = stage(Slow)
    pending = play.store.alarm
    play.store.alarm = FailingAlarm(pending, 1)
    play.cold()

    first = await play.start(id="s")
    again = await play.start(id="s")

    assert told(first) == ("retry", "publish")
    assert again.status == "duplicate"
    assert pending.pending == 2
    assert len({one.id for one in play.sent("cmd.a.get")}) == 1


async def test_a_worker_that_remembers_nothing_arms_what_may_be_lost() -> None:
    """A crash between the commit and the alarm is repaired by the next event."""
    play = await begun()
    play.store.alarm.due(play.clock.now() + timedelta(days=1))
    play.cold()

    await play.say("evt.bell.rang")

    assert play.store.alarm.pending == 2
