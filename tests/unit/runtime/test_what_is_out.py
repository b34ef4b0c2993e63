"""What is taken to be sent, and what is sent again: neither too early nor for ever."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.engine.albums import Album, Batch, values
from tests.unit.engine.retrying import Retries
from tests.unit.runtime.faults import FaultyBus
from tests.unit.support import Number, Text, answer, stage, starting, told
from xorca import Orchestrator, after, emit, end, on, start
from xorca.runtime import Limits


class Farewell(Orchestrator, name="t.farewell"):
    """It ends with a command that nobody awaits."""

    @start
    @emit("cmd.a.get")
    def begin(self) -> Text:
        return Text("")

    @on("evt.a.get.success", to=end)
    @emit("cmd.b.get")
    def close(self) -> Text:
        return Text("")


async def test_an_answer_to_what_is_over_sends_nothing() -> None:
    """Otherwise its command would be answered again, and again, by services without memory."""
    play = stage(Farewell)
    await play.start()
    await play.reply("cmd.a.get")
    farewell = play.command("cmd.b.get")
    play.bus.published.clear()
    play.cold()

    outcome = await play.give(answer(farewell))

    assert told(outcome) == ("ignored", "ended")
    assert play.names() == []


async def test_a_redelivery_sends_what_it_led_to() -> None:
    """A worker that does not know whether the command is out sends it again."""
    play = stage(Farewell)
    await play.start()
    first = answer(play.command("cmd.a.get"))
    await play.give(first)
    play.bus.published.clear()
    play.cold()

    outcome = await play.give(first)

    assert outcome.status == "duplicate"
    assert play.names() == ["cmd.b.get"]


async def test_an_answer_that_names_no_command_does_not_prove_it_sent() -> None:
    """It may be the late one to an earlier command of that name; the newer one still leaves."""
    bus = FaultyBus()
    play = stage(Retries, bus=bus)
    await play.start()
    failed = answer(play.command("cmd.a.get"), verdict="error")
    bus.times = 1
    lost = await play.give(failed)
    play.cold()
    bus.times = 1  # nor can whoever applies the answer send
    await play.say("evt.a.get.timeout")
    play.cold()

    again = await play.give(failed)

    assert told(lost) == ("retry", "publish")
    assert again.status == "duplicate"
    assert len({one.id for one in play.sent("cmd.a.get")}) == 2


async def test_a_side_object_that_others_used_up_is_no_damage() -> None:
    """A worker whose cached record is not the newest reads again, and answers from that."""
    play = stage(Album, limits=Limits(gathered=40))
    await play.start(Batch(3))
    slow = play.runtime
    answers = [answer(one, Number(at)) for at, one in enumerate(play.sent("cmd.photo.resize"))]
    for one in answers[:2]:
        await play.give(one)
    await play.worker().handle(answers[2])

    (outcome,) = await slow.handle(answers[2])

    assert outcome.status == "duplicate"
    assert values(play)[:3] == [0, 1, 2]


async def test_a_wake_up_of_an_earlier_life_rings_for_nobody() -> None:
    """The next life of a process id has deadlines of the same names, and wake-ups of its own."""

    class Sleeps(Orchestrator, name="t.sleeps"):
        @start
        @emit("cmd.a.get")
        def begin(self) -> Text:
            return Text("")

        @after(timedelta(seconds=60), to=end)
        @emit("notif.late")
        def late(self) -> Text:
            return Text("")

    play = stage(Sleeps)
    await play.start()
    (old,) = play.store.alarm.due(play.clock.now() + timedelta(seconds=60))
    await play.runtime.delete(play.subject(), force=True)
    await play.give(starting(Sleeps, id="again"))
    play.clock.advance(61)

    assert told(await play.give(old)) == ("ignored", "stale")
    (new,) = play.store.alarm.due(play.clock.now())
    assert told(await play.give(new)) == ("applied", "late")
