"""A start: once for a process id, and an answer to every further one."""

from __future__ import annotations

import re

from tests.unit.engine.jobs import Job, Plain, order
from tests.unit.support import Text, answer, data_of, event, stage, told
from xorca import Orchestrator, emit, end, on, start


class Quiet(Orchestrator, name="t.quiet"):
    """Its second start is acknowledged; it is no command."""

    @start(on_existing="ignore")
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.a.get.success", to=end)
    def done(self) -> None: ...


async def test_a_start_delivered_twice_starts_once() -> None:
    """The second delivery is a duplicate and sends nothing again."""
    play = stage(Job)

    first, second = await play.give(order()), await play.give(order())

    assert told(first) == ("applied", "begin")
    assert second.status == "duplicate"
    assert play.names() == ["cmd.a.get"]


async def test_a_cold_worker_answers_a_repeated_start_with_the_same_bytes() -> None:
    """It cannot know that the command left, and sends it again, byte for byte."""
    play = stage(Job)
    await play.give(order())
    play.clock.advance(100)
    play.cold()

    second = await play.give(order())

    first_bytes, again = (one.to_json() for one in play.sent())
    assert second.status == "duplicate"
    assert first_bytes == again


async def test_a_process_id_is_derived_from_source_and_id() -> None:
    """Without one that is asked for it is a lower-case word of the start's identity."""
    play = stage(Job)

    one = await play.give(order(pid=None, id="s1"))
    again = await play.give(order(pid=None, id="s1"))
    other = await play.give(order(pid=None, id="s2"))

    assert re.fullmatch(r"t\.job/1\.0\.0/[a-z2-7]+", one.subject or "")
    assert again.subject == one.subject
    assert other.subject != one.subject


async def test_the_answer_goes_to_whoever_started() -> None:
    """It carries the subject and the causation of the start event."""
    play = stage(Job)
    await play.give(order())

    await play.give(answer(play.command("cmd.a.get")))

    reply = play.command("evt.job.do.success")
    assert (reply.subject, reply.extensions["causationid"]) == ("caller/1/7", "s1")
    assert reply.source == "/xorca/t.job/1.0.0"


async def test_a_second_start_by_command_is_answered_with_an_error() -> None:
    """Its own caller is told; the process does not change."""
    play = stage(Job)
    await play.give(order())
    before = await play.record()

    second = event(
        "cmd.job.do", Text("y"), subject="other/1/8", id="s2", source="/d", processid="p"
    )
    outcome = await play.give(second)

    after = await play.record()
    reply = play.command("evt.job.do.error")
    assert told(outcome) == ("ignored", "process-exists")
    assert (reply.subject, reply.extensions["causationid"]) == ("other/1/8", "s2")
    assert data_of(reply) == {"reason": "process-exists"}
    assert (after.state, bytes(after.memory)) == (before.state, bytes(before.memory))
    assert [one.type for one in outcome.sent] == ["evt.job.do.error"]


async def test_a_second_start_delivered_twice_is_answered_with_the_same_id() -> None:
    """Whoever redelivers gets the very same answer."""
    play = stage(Job)
    await play.give(order())
    await play.give(order("y", id="s2"))
    play.cold()

    again = await play.give(order("y", id="s2"))

    replies = play.sent("evt.job.do.error")
    assert again.status == "duplicate"
    assert len({one.to_json() for one in replies}) == 1


async def test_a_second_start_that_is_no_command_is_dead() -> None:
    """There is nobody to answer."""
    play = stage(Plain)
    await play.start(Text("x"))

    outcome = await play.start(Text("y"))

    assert told(outcome) == ("dead", "process-exists")
    assert play.names() == ["cmd.a.get", "sys.xorca.deadletter"]


async def test_on_existing_ignore_only_acknowledges() -> None:
    """Nothing is sent and nothing changes, and it is known the next time."""
    play = stage(Quiet)
    await play.start(Text("x"))

    outcome = await play.start(Text("y"), id="again")
    repeated = await play.start(Text("y"), id="again")

    assert told(outcome) == ("ignored", "process-exists")
    assert repeated.status == "duplicate"
    assert play.names() == ["cmd.a.get"]


async def test_a_start_after_the_end_is_refused_too() -> None:
    """A process id is used once while its record is kept."""
    play = stage(Job)
    await play.give(order())
    await play.give(answer(play.command("cmd.a.get")))

    outcome = await play.give(order("y", id="s2"))

    assert told(outcome) == ("ignored", "process-exists")
    assert (await play.record()).status == "ended"


def test_an_empty_process_id_is_refused() -> None:
    """There is no process without an id."""
    import pytest

    from xorca import Orchestrator, end, start
    from xorca.errors import ConfigurationError

    class Once(Orchestrator, name="once.only"):
        @start(to=end)
        def begin(self) -> None: ...

    with pytest.raises(ConfigurationError, match="must not be empty"):
        Once.start_event(process_id="")
