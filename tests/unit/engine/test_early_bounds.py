"""What waits for its state, and what died, is bounded in number, bytes and time."""

from __future__ import annotations

from tests.unit.engine.early_steps import begun, heard, say
from tests.unit.support import Text, data_of, event


async def test_a_deferred_event_expires() -> None:
    """It is dead-lettered with the first event after its time, and never applied."""
    play = await begun(defer_for=60.0)
    await say(play, "y")
    play.clock.advance(61)

    await say(play, "x")

    record = await play.record()
    assert heard(play) == ["x"]
    assert [letter.reason for letter in record.dead] == ["never-accepted"]
    assert len(play.sent("sys.xorca.deadletter")) == 1


async def test_a_deferred_event_does_not_carry_what_expired() -> None:
    """Its own entry goes when its state comes; the next event that is done with tells of it."""
    play = await begun(defer_for=60.0)
    await say(play, "y")
    play.clock.advance(61)

    await say(play, "z")
    before = (await play.record()).dead
    await say(play, "x")

    assert before == []
    assert [letter.reason for letter in (await play.record()).dead] == ["never-accepted"]
    assert len(play.sent("sys.xorca.deadletter")) == 1


async def test_an_expiry_is_told_to_a_caller_that_publishes_itself() -> None:
    """All emits of one commit belong to the event that caused it."""
    play = await begun(defer_for=60.0)
    await say(play, "y")
    play.clock.advance(61)

    (outcome,) = await play.runtime.handle(
        event("evt.x.said", Text("x"), subject=play.subject()), publish=False
    )

    assert sorted(one.type for one in outcome.sent) == ["notif.heard", "sys.xorca.deadletter"]


async def test_a_deferred_event_just_in_time() -> None:
    """At its very last second it is applied."""
    play = await begun(defer_for=60.0)
    await say(play, "y")
    play.clock.advance(60)

    await say(play, "x")

    assert heard(play) == ["x", "y"]


async def test_so_many_events_are_deferred_and_no_more() -> None:
    """The next is dead; those that wait stay."""
    play = await begun(deferred=3)

    found = [await say(play, "y") for _ in range(4)]

    assert found == [("deferred", "early")] * 3 + [("dead", "deferred-full")]
    assert len((await play.record()).deferred) == 3


async def test_a_large_event_is_not_deferred() -> None:
    """Beyond the limit of one body it is dead, and of its body only key and cause are kept."""
    play = await begun()

    found = await say(play, "y", "y" * 9_000)

    (letter,) = (await play.record()).dead
    assert found == ("dead", "deferred-large")
    assert letter.events == []
    assert "9," in letter.cause


async def test_deferred_and_dead_bodies_are_bounded_together() -> None:
    """All bodies that are kept take at most 64 kB."""
    play = await begun()
    found = [await say(play, "y", "y" * 7_000) for _ in range(12)]

    record = await play.record()
    assert ("dead", "deferred-full") in found
    assert len(await play.body()) < 64 * 1024 + 16_000
    assert 5 < len(record.deferred) < 10


async def test_dead_letters_are_bounded() -> None:
    """The newest twenty stay; each was told of when it died."""
    play = await begun()

    for _ in range(30):
        await say(play, "w")

    record = await play.record()
    assert len(record.dead) == 20
    assert record.dead_dropped == 10
    assert len(play.sent("sys.xorca.deadletter")) == 30


async def test_a_dead_event_that_was_dropped_from_the_record_stays_known() -> None:
    """Its redelivery is a duplicate still."""
    play = await begun()
    first = event("evt.w.said", subject=play.subject())
    await play.give(first)
    for _ in range(30):
        await say(play, "w")

    assert (await play.give(first)).status == "duplicate"


async def test_what_a_dead_letter_says() -> None:
    """Cause and place, and no payload."""
    play = await begun()
    secret = event("evt.w.said", Text("s3cret"), subject=play.subject(), id="e7")

    await play.give(secret)

    letter = play.sent("sys.xorca.deadletter")[0]
    assert b"s3cret" not in letter.to_json()
    assert data_of(letter) == {
        "subject": play.subject(),
        "reason": "not-heard",
        "cause": "no state of t.steps 1.0.0 hears 'evt.w.said'",
        "event": {"id": "e7", "source": "/service", "type": "evt.w.said"},
    }
