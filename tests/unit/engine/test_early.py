"""Events that come before their state: deferred, ignored or rejected; late and unknown ones."""

from __future__ import annotations

import pytest

from tests.unit.engine.early_steps import begun, heard, say, steps
from tests.unit.support import Text, answer, data_of, event, stage, starting, told
from xorca import Orchestrator, emit, end, on, start


async def test_an_early_event_is_deferred_and_applied_when_its_state_comes() -> None:
    """Also by a worker that has not seen it come."""
    play = await begun()

    early = await say(play, "y")
    play.cold()
    await say(play, "x")

    assert early == ("deferred", "early")
    assert heard(play) == ["x", "y"]
    assert (await play.record()).state == "three"


async def test_deferred_events_cascade() -> None:
    """Two that came early are applied in one commit with the event that they waited for."""
    play = await begun()
    await say(play, "z")
    await say(play, "y")

    outcome = await play.say("evt.x.said", Text("x"))

    record = await play.record()
    assert heard(play) == ["x", "y", "z"]
    assert (record.status, record.revision) == ("ended", 4)
    assert [one.type for one in outcome.sent] == ["notif.heard"] * 3
    assert outcome.state == "done"


async def test_a_redelivered_deferred_event_is_a_duplicate() -> None:
    """While it waits, and after it was applied."""
    play = await begun()
    early = event("evt.y.said", Text("y"), subject=play.subject())
    await play.give(early)

    waiting = await play.give(early)
    await say(play, "x")
    applied = await play.give(early)

    assert (waiting.status, applied.status) == ("duplicate", "duplicate")
    assert heard(play) == ["x", "y"]


async def test_emits_of_a_cascade_are_repaired_by_the_event_that_caused_it() -> None:
    """A redelivery of the trigger to a cold worker sends all of them again, the same bytes."""
    play = await begun()
    await say(play, "y")
    trigger = event("evt.x.said", Text("x"), subject=play.subject())
    await play.give(trigger)
    first = [one.to_json() for one in play.sent("notif.heard")]
    play.cold()

    again = await play.give(trigger)

    assert again.status == "duplicate"
    assert [one.to_json() for one in again.sent] == first


async def test_a_deferred_event_that_fails_is_dead_and_its_trigger_applied() -> None:
    """The state that the trigger led to stands."""
    play = await begun()
    await say(play, "y", "bad")

    outcome = await play.say("evt.x.said", Text("x"))

    record = await play.record()
    assert told(outcome) == ("applied", "x")
    assert (record.state, record.deferred) == ("two", [])
    assert [letter.reason for letter in record.dead] == ["handler-raised"]
    assert [one.type for one in outcome.sent] == ["notif.heard", "sys.xorca.deadletter"]


async def test_an_event_that_only_an_earlier_state_took_is_late() -> None:
    """It is ignored and recorded."""
    play = await begun()
    await say(play, "x")
    late = event("evt.x.said", Text("x"), subject=play.subject())

    first, again = await play.give(late), await play.give(late)

    assert told(first) == ("ignored", "late")
    assert again.status == "duplicate"


async def test_an_event_that_no_state_takes_is_dead() -> None:
    """It says so, and the process goes on."""
    play = await begun()

    assert await say(play, "w") == ("dead", "not-heard")
    assert await say(play, "x") == ("applied", "x")


async def test_after_the_end_events_are_ignored() -> None:
    """Known or unknown: nothing is written."""
    play = await begun()
    await play.say("cmd.t.stop")
    body = await play.body()

    found = [await say(play, name) for name in "xw"]

    assert found == [("ignored", "ended")] * 2
    assert await play.body() == body


async def test_the_end_drops_what_was_deferred() -> None:
    """Nothing waits for a state that cannot come."""
    play = await begun()
    await say(play, "z")

    await play.say("cmd.t.stop")

    record = await play.record()
    assert (record.deferred, record.timers, record.awaited) == ([], {}, {})


@pytest.mark.parametrize(
    ("early", "only", "expected"),
    [
        ("ignore", None, ("ignored", "early")),
        ("reject", None, ("dead", "early")),
        ("defer", "ignore", ("ignored", "early")),
        ("defer", "reject", ("dead", "early")),
        ("reject", "defer", ("deferred", "early")),
    ],
)
async def test_the_policy_of_a_class_and_of_a_handler(
    early: str, only: str | None, expected: tuple[str, str]
) -> None:
    """The word of the ``@on`` wins over that of the class; both are recorded."""
    play = await begun(early, only)
    one = event("evt.y.said", Text("y"), subject=play.subject())

    outcome, again = await play.give(one), await play.give(one)

    assert told(outcome) == expected
    assert again.status == "duplicate"


class Waits(Orchestrator, name="t.waits"):
    """An answer of the second round is not taken for one of the first."""

    @start
    @emit("cmd.a.get", "cmd.b.get")
    def one(self) -> tuple[Text, Text]:
        return Text(""), Text("")

    @on("evt.a.get.success", first=True)
    @emit("cmd.b.get")
    def two(self) -> Text:
        return Text("")

    @on("evt.b.get.success", at=two, to=end)
    @emit("notif.b")
    def done(self, what: Text) -> Text:
        return what


async def test_a_deferred_reply_to_a_superseded_command_is_dropped() -> None:
    """The command was sent again when its state came."""
    play = stage(Waits)
    await play.start()
    await play.reply("cmd.b.get", Text("old"))

    await play.reply("cmd.a.get")
    assert (await play.record()).state == "two"
    await play.reply("cmd.b.get", Text("new"))

    assert [data_of(one)["text"] for one in play.sent("notif.b")] == ["new"]


async def test_copies_of_a_deferred_reply_count_once() -> None:
    """Under other ids too."""
    play = stage(steps())
    await play.start()
    for copy in "12":
        await play.say("evt.y.said", Text(copy))

    await say(play, "x")

    assert heard(play) == ["x", "1"]


async def test_early_events_in_one_batch_with_their_start() -> None:
    """Everything at once and upside down ends in one commit."""
    cls = steps()
    play = stage(cls)
    await play.runtime.handle(
        *(event(f"evt.{name}.said", Text(name), subject=play.subject()) for name in "zyx"),
        starting(cls),
    )

    record = await play.record()
    assert (record.status, record.revision) == ("ended", 1)
    assert heard(play) == ["x", "y", "z"]


async def test_an_early_reply_by_causation_is_deferred_with_its_command_open() -> None:
    """And closes it when it is applied."""

    class Late(Orchestrator, name="t.late"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.bell.rang", at=one)
        @emit("cmd.c.get")
        def two(self) -> Text:
            return Text("")

        @on("evt.a.get.success", at="two", to=end)
        def done(self) -> None: ...

        @on("evt.c.get.error", to=end)
        def failed(self) -> None: ...

    play = stage(Late)
    await play.start()
    early = await play.give(answer(play.command("cmd.a.get")))

    await play.say("evt.bell.rang")

    assert early.status == "deferred"
    assert (await play.record()).state == "done"
