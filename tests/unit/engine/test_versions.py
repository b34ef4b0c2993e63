"""A start in the version that was asked for, and again after a failure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.engine.jobs import Job, Job2, Job10, Plain, order
from tests.unit.support import Text, answer, data_of, event, stage, starting, told
from xorca import Orchestrator, Runtime, end, start
from xorca.engine.ids import storage_key
from xorca.errors import ConfigurationError, DefinitionError


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


@pytest.mark.parametrize("classes", [[], Job, [object], [Orchestrator]])
def test_what_is_no_list_of_orchestrators(classes: Any) -> None:
    """A Runtime says what to write instead."""
    with pytest.raises(ConfigurationError):
        Runtime(classes, store=stage(Job).store)
