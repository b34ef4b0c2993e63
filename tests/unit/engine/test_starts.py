"""A start: once for a process id, in the version that was asked for, and again after a failure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.support import Text, answer, data_of, event, stage, starting, told
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.engine.ids import storage_key
from xorca.errors import DefinitionError


class Job(Orchestrator, name="t.job", version="1.0.0"):
    """Started as a command, with an answer at the end; the text "bad" makes the start fail."""

    text: str = ""

    @start("cmd.job.do")
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        if what.text == "bad":
            raise ValueError("no")
        self.text = what.text
        return what

    @on("evt.a.get.success", to=end)
    @emit("evt.job.do.success")
    def done(self) -> Text:
        return Text(self.text)


class Job2(Orchestrator, name="t.job", version="2.0.0"):
    """The next version."""

    text: str = ""

    @start("cmd.job.do")
    @emit("cmd.b.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.b.get.success", to=end)
    def done(self) -> None: ...


class Job10(Orchestrator, name="t.job", version="10.0.0"):
    """A version whose text is less than that of 2.0.0; it starts on another event."""

    @start("cmd.job.renamed")
    @emit("cmd.c.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.c.get.success", to=end)
    def done(self) -> None: ...


class Quiet(Orchestrator, name="t.quiet"):
    """Its second start is acknowledged; it is no command."""

    @start(on_existing="ignore")
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.a.get.success", to=end)
    def done(self) -> None: ...


class Plain(Orchestrator, name="t.plain"):
    """Its start is no command."""

    @start
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.a.get.success", to=end)
    def done(self) -> None: ...


def order(text: str = "x", id: str = "s1", pid: str | None = "p", **extensions: Any) -> Any:
    """Make a start of Job that says whom to answer."""
    if pid is not None:
        extensions["processid"] = pid
    return event("cmd.job.do", Text(text), subject="caller/1/7", id=id, source="/c", **extensions)


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


async def test_the_highest_version_is_taken() -> None:
    """Versions are compared as numbers, among those that start on the event."""
    play = stage(Job, Job10, Job2)

    outcome = await play.give(order())
    renamed = await play.give(
        event("cmd.job.renamed", Text("x"), subject=None, source="/c", processid="q")
    )

    assert outcome.subject == "t.job/2.0.0/p"
    assert renamed.subject == "t.job/10.0.0/q"


async def test_the_version_that_was_asked_for_is_taken() -> None:
    """The extension ``processversion`` chooses."""
    play = stage(Job, Job2)

    outcome = await play.give(order(processversion="1.0.0"))

    assert outcome.subject == "t.job/1.0.0/p"


async def test_an_unknown_version_is_dead_with_the_list_of_those_that_are() -> None:
    """Nothing is stored, and the dead letter is published."""
    play = stage(Job, Job2)

    outcome = await play.give(order(processversion="3.0.0"))

    assert told(outcome) == ("dead", "unknown-version")
    cause = data_of(play.sent("sys.xorca.deadletter")[0])["cause"]
    assert "1.0.0, 2.0.0" in cause
    assert await play.store.load(play.key()) is None


async def test_a_newer_version_finds_the_process_of_a_redelivered_start() -> None:
    """The process stays on its version, and its command is sent from what is stored."""
    play = stage(Job)
    await play.give(order())
    play.cold(Job, Job2)

    again = await play.give(order())
    reply = await play.give(answer(play.command("cmd.a.get")))

    assert again.status == "duplicate"
    assert again.subject == "t.job/1.0.0/p"
    assert told(reply) == ("applied", "done")
    assert "cmd.b.get" not in play.names()


async def test_a_start_that_an_older_version_does_not_know() -> None:
    """A process of version 1 is not started again by an event that only version 10 has."""
    play = stage(Job)
    await play.give(order())
    play.cold(Job, Job10)

    outcome = await play.give(
        event("cmd.job.renamed", Text("x"), subject="o/1/2", source="/d", processid="p")
    )

    assert told(outcome) == ("ignored", "process-exists")
    assert play.command("evt.job.renamed.error").subject == "o/1/2"


async def test_a_process_of_an_absent_version_is_retried() -> None:
    """The error names what is registered; the record is left as it is."""
    play = stage(Job)
    await play.give(order())
    body = await play.body()
    command = play.command("cmd.a.get")
    play.cold(Job2)

    outcome = await play.give(answer(command))

    assert told(outcome) == ("retry", "unknown-version")
    assert "2.0.0" in str(outcome.error)
    assert await play.body() == body


async def test_a_start_that_raises_is_dead() -> None:
    """Its dead letter is recorded and sent; a redelivery changes nothing."""
    play = stage(Job)

    outcome, again = await play.give(order("bad")), await play.give(order("bad"))

    assert told(outcome) == ("dead", "handler-raised")
    assert isinstance(outcome.error, ValueError)
    assert told(again) == ("duplicate", "dead")
    assert play.names() == ["sys.xorca.deadletter"]


async def test_a_corrected_start_works() -> None:
    """A start that failed does not use up its process id."""
    play = stage(Job)
    await play.give(order("bad"))

    outcome = await play.give(order("good", id="s2"))

    assert told(outcome) == ("applied", "begin")
    assert (await play.memory())["text"] == "good"


async def test_the_caller_of_a_corrected_start_is_answered() -> None:
    """The process belongs to the start that worked, and its replies find it, cold or warm."""
    play = stage(Job)
    await play.give(order("bad"))
    corrected = event(
        "cmd.job.do", Text("good"), subject="late/1/9", id="s2", source="/d", processid="p"
    )
    await play.give(corrected)
    play.cold()

    outcome = await play.give(answer(play.command("cmd.a.get")))

    reply = play.command("evt.job.do.success")
    assert told(outcome) == ("applied", "done")
    assert (reply.subject, reply.extensions["causationid"]) == ("late/1/9", "s2")


async def test_a_start_corrected_by_a_newer_version_runs_on_that() -> None:
    """The record of a failed start holds no process yet, of no version."""
    play = stage(Job)
    await play.give(order("bad"))
    play.cold(Job, Job2)

    outcome = await play.give(order("good", id="s2"))

    assert told(outcome) == ("applied", "begin")
    assert outcome.subject == "t.job/2.0.0/p"
    assert play.command("cmd.b.get").subject == "t.job/2.0.0/p"


async def test_a_start_corrected_by_a_newer_version_alone() -> None:
    """The version that failed need not be deployed any more."""
    play = stage(Job)
    await play.give(order("bad"))
    play.cold(Job2)

    outcome = await play.give(order("good", id="s2"))

    assert told(outcome) == ("applied", "begin")
    assert outcome.subject == "t.job/2.0.0/p"


async def test_start_and_events_of_one_batch_in_the_wrong_order() -> None:
    """The start is stepped first; the outcomes keep the order of the events."""
    play = stage(Plain)
    begin = starting(Plain, Text("x"))
    note = event("evt.a.get.success", subject=play.subject())

    outcomes = await play.runtime.handle(note, begin)

    assert [told(one) for one in outcomes] == [("applied", "done"), ("applied", "begin")]
    assert (await play.record()).revision == 1


async def test_any_text_is_a_process_id() -> None:
    """Slashes and percent signs are encoded in the subject, and replies find the process."""
    play = stage(Plain)
    pid = "ä/b%2F c#?"
    await play.start(Text("x"), pid)

    command = play.command("cmd.a.get")
    outcome = await play.give(answer(command))

    assert command.subject == "t.plain/1.0.0/ä%2Fb%252F c#?"
    assert told(outcome) == ("applied", "done")


@pytest.mark.parametrize("pid", ["x" * 2000, "ä" * 600])
async def test_a_process_id_too_long_for_a_subject_is_dead(pid: str) -> None:
    """Nothing is stored."""
    play = stage(Job)

    outcome = await play.give(order(pid=pid))

    assert told(outcome) == ("dead", "process-id")


def test_the_storage_key_leaves_the_version_out() -> None:
    """And keeps names and ids apart that would run together."""
    keys = {storage_key("a", "b/c"), storage_key("a", "b-c"), storage_key("a", "B-C")}

    assert len(keys) == 3
    assert all(re.fullmatch(r"[a-z0-9._/-]+", key) for key in keys)


def test_two_classes_with_one_name_and_version() -> None:
    """A Runtime refuses them and names the places of both."""

    class Twin(Orchestrator, name="t.job", version="1.0.0"):
        @start("cmd.twin.do", to=end)
        def begin(self) -> None: ...

    with pytest.raises(DefinitionError) as caught:
        Runtime([Job, Twin], store=stage(Job).store)

    (problem,) = caught.value.problems
    assert problem.code == "X15"
    assert "Job" in problem.cause
    assert "Twin" in problem.cause


def test_two_orchestrators_that_start_on_one_event() -> None:
    """A Runtime refuses them: nobody could tell whose it is."""

    class Thief(Orchestrator, name="t.thief"):
        @start("cmd.job.do", to=end)
        def begin(self) -> None: ...

    with pytest.raises(DefinitionError) as caught:
        Runtime([Job, Thief], store=stage(Job).store)

    assert [problem.code for problem in caught.value.problems] == ["X15"]
