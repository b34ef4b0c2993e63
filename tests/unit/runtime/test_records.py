"""What is stored, when it is trusted, and what is sent from it."""

from __future__ import annotations

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.faults import Crash, FaultyBus
from tests.unit.support import Number, answer, event, stage, starting, told
from xorca.errors import UndeliveredError
from xorca.ports import Stored


async def test_every_commit_raises_the_revision_by_one() -> None:
    """Whatever became of the event, if something was saved."""
    play = stage(Counter)
    await play.start()
    revisions = []
    for value in (1, 2, 13, 3):
        await play.give(number(value))
        revisions.append((await play.record()).revision)

    assert revisions == [2, 3, 4, 5]


async def test_a_batch_is_one_commit() -> None:
    """So many events of one subject raise the revision once."""
    play = stage(Counter)
    await play.start()

    await play.runtime.handle(*(number(value) for value in range(10)))

    record = await play.record()
    assert record.revision == 2
    assert [one.id.rsplit("-", 2)[1:] for one in play.sent("notif.total")] == [
        ["2", str(at)] for at in range(10)
    ]


async def test_a_damaged_record_is_left_alone() -> None:
    """Any byte that was flipped: the event is to come again, and nothing is sent or saved."""
    play = stage(Counter)
    await play.start()
    body = await play.body()
    key = play.key()
    found = set()

    for at in range(0, len(body), 7):
        damaged = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        tag = (await play.store.load(key)).tag
        await play.store.save(key, damaged, expect=tag)
        play.cold()
        found.add(told(await play.give(number(1))))
        assert await play.body() == damaged

    assert found == {("retry", "record")}
    assert play.names() == ["cmd.count.begin"]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff" * 100, b'{"format":1}'])
async def test_what_is_no_record_is_left_alone(body: bytes) -> None:
    """Something else under the key is not overwritten, not even by a start."""
    play = stage(Counter)
    await play.store.save(play.key(), body, expect=None)

    found = [told(await play.give(number(1))), told(await play.start())]

    assert found == [("retry", "record")] * 2
    assert await play.body() == body


async def test_a_record_of_a_newer_format_is_left_alone() -> None:
    """The error says to upgrade."""
    from xorca.engine.record import seal

    play = stage(Counter)
    await play.start()
    record = await play.record()
    record.format = 2
    tag = (await play.store.load(play.key())).tag
    await play.store.save(play.key(), seal(record), expect=tag)
    play.cold()

    outcome = await play.give(number(1))

    assert told(outcome) == ("retry", "record")
    assert "upgrade" in str(outcome.error)


async def test_warm_and_cold_workers_store_the_same() -> None:
    """What is remembered changes nothing but what is known to have left."""
    bodies = []
    for cold in (False, True):
        play = stage(Counter)
        await play.start(id="s")
        for value in range(5):
            if cold:
                play.cold()
            await play.give(number(value))
        record = await play.record()
        memory = bytes(record.memory)
        bodies.append((record.revision, memory, record.state, totals(play), record.awaited))

    assert bodies[0] == bodies[1]


async def test_a_redelivery_gives_the_same_bytes() -> None:
    """Ids and times were stored with the event; the clock has gone on."""
    play = stage(Counter)
    await play.start()
    first = await play.give(number(1))
    play.clock.advance(3600)
    play.cold()

    again = await play.give(number(1))

    assert again.status == "duplicate"
    assert [e.to_json() for e in again.sent] == [e.to_json() for e in first.sent]


async def test_a_duplicate_whose_emits_are_known_to_be_out_sends_nothing() -> None:
    """It is acknowledged from memory."""
    play = stage(Counter)
    await play.start()
    await play.give(number(1))

    again = await play.give(number(1))

    assert (again.status, again.sent) == ("duplicate", ())
    assert totals(play) == [1]
    assert len(play.sent("notif.total")) == 1


async def test_known_to_be_out_is_saved_with_the_next_commit() -> None:
    """The body is dropped from the record then, and a cold worker sends nothing again."""
    play = stage(Counter)
    await play.start()
    await play.give(number(1))
    await play.give(number(2))
    play.cold()

    again = await play.give(number(1))

    assert again.status == "duplicate"
    assert [e for e in play.sent("notif.total") if e.id in {s.id for s in again.sent}] == []
    assert len((await play.record()).outbox) == 1


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_publish_that_failed_is_repaired_by_the_redelivery(taken: int) -> None:
    """The event is stored and to be delivered again; then everything is sent, once applied."""
    bus = FaultyBus()
    play = stage(Counter, bus=bus)
    await play.start()
    bus.times, bus.taken = 1, taken
    batch = [number(1), number(2)]

    failed = await play.runtime.handle(*batch)
    again = await play.runtime.handle(*batch)

    assert {told(one) for one in failed} == {("retry", "publish")}
    assert {one.status for one in again} == {"duplicate"}
    assert totals(play) == [1, 3]
    assert (await play.memory())["total"] == 3


async def test_what_was_not_sent_leaves_with_the_next_event() -> None:
    """In the order of revisions, before what that event emits."""
    bus = FaultyBus()
    play = stage(Counter, bus=bus)
    await play.start()
    bus.times = 2
    await play.give(number(1))
    await play.give(number(2))
    play.cold()

    outcome = await play.give(number(3))

    values = [one.id.rsplit("-", 2)[1] for one in play.sent() if one.type == "notif.total"]
    assert values == ["2", "3", "4"]
    assert [one.type for one in outcome.sent] == ["notif.total"]


async def test_a_crash_between_commit_and_publish() -> None:
    """Another worker over the same store sends what is stored when the event comes again."""
    bus = FaultyBus(times=1, crash=True)
    play = stage(Counter, bus=bus)
    begin = starting(Counter)
    with pytest.raises(Crash):
        await play.give(begin)
    assert play.names() == []
    play.cold()

    again = await play.give(begin)

    assert again.status == "duplicate"
    assert play.names() == ["cmd.count.begin"]


async def test_a_caller_that_publishes_itself() -> None:
    """Nothing goes to the bus; the outcome holds what is to be sent, also at a redelivery."""
    play = stage(Counter)
    begin = starting(Counter)

    (first,) = await play.runtime.handle(begin, publish=False)
    (again,) = await play.runtime.handle(begin, publish=False)

    assert play.names() == []
    assert [e.to_json() for e in first.sent] == [e.to_json() for e in again.sent]
    assert [e.get_type() for e in first.emitted] == ["cmd.count.begin"]


async def test_a_confirmed_outcome_is_not_given_again() -> None:
    """Its body leaves the record with the next save."""
    play = stage(Counter)
    begin = starting(Counter)
    (first,) = await play.runtime.handle(begin, publish=False)
    await play.runtime.confirm(first)

    (again,) = await play.runtime.handle(begin, publish=False)
    await play.runtime.handle(number(1), publish=False)

    assert again.sent == ()
    assert [out.revision for out in (await play.record()).outbox.values()] == [2]


async def test_a_reply_proves_that_its_command_was_sent() -> None:
    """Its body leaves the record, though nobody confirmed it."""
    play = stage(Counter)
    (first,) = await play.runtime.handle(starting(Counter), publish=False)
    play.cold()

    await play.runtime.handle(answer(first.sent[0]), publish=False)

    assert (await play.record()).outbox == {}


async def test_a_command_that_is_answered_in_its_own_commit_is_sent_all_the_same() -> None:
    """An answer by type that came with the start proves nothing of a command not sent yet."""
    play = stage(Counter)

    outcomes = await play.runtime.handle(
        starting(Counter), event("evt.count.begin.success", subject=play.subject())
    )

    assert {one.status for one in outcomes} == {"applied"}
    assert play.names() == ["cmd.count.begin"]


async def test_a_caller_that_dies_before_it_publishes_loses_nothing() -> None:
    """However many revisions later, the redelivered event still gives what it emitted."""
    play = stage(Counter)
    await play.start()
    (lost,) = await play.runtime.handle(number(1), publish=False)
    for value in range(20, 80):
        (outcome,) = await play.runtime.handle(number(value), publish=False)
        await play.runtime.confirm(outcome)
    play.cold()

    (again,) = await play.runtime.handle(number(1), publish=False)

    assert [e.to_json() for e in again.sent] == [e.to_json() for e in lost.sent]


async def test_raise_on_retry() -> None:
    """For callers whose broker redelivers the whole batch: the others were worked on."""
    bus = FaultyBus()
    play = stage(Counter, bus=bus)
    await play.start(pid="p")
    with pytest.raises(UndeliveredError, match="must be delivered again"):
        await play.runtime.handle(
            number(1),
            event("evt.number.said", Number(1), subject=play.subject("none")),
            raise_on_retry=True,
        )

    assert (await play.memory())["total"] == 1


async def test_one_start_is_one_save_and_one_event_is_one_save() -> None:
    """Warm: one round trip each. Cold: a load before it. A warm duplicate: none."""
    from tests.unit.runtime.faults import FaultyStore

    store = FaultyStore()
    play = stage(Counter, store=store)
    calls: list[list[str]] = []

    async def noting(one: object) -> None:
        store.calls = []
        await play.runtime.handle(one)
        calls.append(store.calls)

    await noting(starting(Counter))
    await noting(number(1))
    await noting(number(1))
    play.cold()
    await noting(number(2))
    await noting(number(2))

    assert calls == [["save"], ["save"], [], ["load", "save"], []]


async def test_nothing_is_said_on_the_word_of_a_cached_record() -> None:
    """A worker whose memory is old reads again before it ignores an event."""
    play = stage(Counter)
    await play.start()
    other = play.worker()
    await other.handle(answer(play.command("cmd.count.begin")))

    outcome = await play.give(number(1))

    assert told(outcome) == ("ignored", "ended")


async def test_a_stored_body_is_a_store_s_own() -> None:
    """Stored bodies are compared by tag, never by content."""
    play = stage(Counter)
    await play.start()

    stored = await play.store.load(play.key())

    assert isinstance(stored, Stored)
    assert stored.body.endswith(b'"}')
