"""What is not ours is passed over, orphans are not for ever, and what an event carries on."""

from __future__ import annotations

from tests.unit.engine.retrying import retries
from tests.unit.support import answer, event, told


async def test_subjects_of_others_are_passed_over() -> None:
    """No subject, a foreign name, or a text that is no subject: silently, and nothing is read."""
    play = await retries()
    subjects = [None, "other/1.0.0/p", "t.retries", "a/b", "a/b/c/d", "", "t.retries/1.0.0/%zz/"]

    outcomes = [await play.give(event("evt.a.get.success", subject=one)) for one in subjects]

    assert {one.status for one in outcomes} == {"foreign"}
    assert play.names() == ["cmd.a.get"]


async def test_an_absent_version_without_a_record_is_passed_over() -> None:
    """It is somebody else's deployment."""
    play = await retries()

    outcome = await play.give(event("evt.a.get.success", subject="t.retries/9.0.0/q"))

    assert told(outcome) == ("foreign", "unknown-version")


async def test_our_name_without_a_record_is_retried_and_then_dead() -> None:
    """Its start may be on its way; not for ever."""
    play = await retries()
    orphan = event("evt.a.get.success", subject=play.subject("nobody"), id="o1")

    outcomes = [await play.give(orphan) for _ in range(10)]

    assert {told(one) for one in outcomes[:9]} == {("retry", "no-record")}
    assert told(outcomes[9]) == ("dead", "no-record")
    assert play.names() == ["cmd.a.get", "sys.xorca.deadletter"]


async def test_an_old_orphan_is_dead_at_once() -> None:
    """An event made longer ago than events are deferred waits for no start."""
    play = await retries()

    outcome = await play.say("evt.a.get.success", pid="nobody", time="2029-12-31T00:00:00Z")

    assert told(outcome) == ("dead", "no-record")


async def test_trace_context_goes_on() -> None:
    """What an event carries is carried by what it causes."""
    play = await retries()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    failed = answer(play.command("cmd.a.get"), verdict="error")
    failed.extensions["traceparent"] = trace

    await play.give(failed)

    assert play.command("cmd.a.get").extensions["traceparent"] == trace


async def test_what_an_emitted_event_says() -> None:
    """Subject, source, causation and the revision as its sequence."""
    play = await retries()
    failed = answer(play.command("cmd.a.get"), verdict="error", id="e1")

    await play.give(failed)

    command = play.command("cmd.a.get")
    assert command.subject == play.subject()
    assert command.source == "/xorca/t.retries/1.0.0"
    assert command.extensions == {"causationid": "e1", "sequence": "2"}
    assert command.time == "2030-01-01T00:00:00.000Z"
    assert command.id.endswith("-2-0")
