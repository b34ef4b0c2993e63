"""One noisy source takes neither room nor memory from others, and nothing is applied twice (T11)."""

from __future__ import annotations

import pytest

from tests.unit.runtime.faults import FaultyBus
from tests.unit.support import Stage, Text, data_of, event, stage, starting, told
from xorca import Final, Orchestrator, Outcome, State, emit, on, start, stay
from xorca.engine.noise import SOURCES
from xorca.runtime import Limits

LIMIT = 40
LIMITS = Limits(noise=LIMIT)
HONEST, NOISY = "/honest", "/noisy"


class Relay(Orchestrator, name="sec.relay"):
    """Three states; each hears something of its own."""

    first = State()
    second = State()
    third = State()
    done = Final()

    count: int = 0

    @start("cmd.relay.run", to=first)
    def begin(self, text: Text) -> None: ...

    @on("evt.count.up", at=(first, second), to=stay)
    @emit("notif.relay.counted")
    def count_up(self) -> Text:
        self.count += 1
        return Text(str(self.count))

    @on("evt.first.over", at=first, to=second)
    def on_to_second(self) -> None: ...

    @on("evt.second.over", at=second, to=third)
    def on_to_third(self, text: Text) -> None: ...

    @on("evt.third.over", at=third, to=done)
    def over(self) -> None:
        raise ValueError("not yet")


LATE, EARLY, UNHEARD, BROKEN = "evt.first.over", "evt.third.over", "evt.cat.fed", "evt.second.over"


async def second(limits: Limits = LIMITS) -> Stage:
    """Bring a process to the second of its states."""
    play = stage(Relay, limits=limits)
    await play.start(Text("go"))
    await play.say("evt.first.over", source=HONEST)
    return play


async def flood(play: Stage, name: str, times: int, source: str = NOISY) -> list[Outcome]:
    """Send so many junk events of a name."""
    return [await play.say(name, {"no": "text"}, source=source) for _ in range(times)]


@pytest.mark.parametrize(
    ("name", "before", "beyond"),
    [
        (LATE, ("ignored", "late"), ("ignored", "flood")),
        (UNHEARD, ("dead", "not-heard"), ("dead", "flood")),
        (BROKEN, ("dead", "payload"), ("dead", "flood")),
    ],
)
async def test_a_flood_is_recorded_up_to_a_limit(
    name: str, before: tuple[str, str], beyond: tuple[str, str]
) -> None:
    """What comes beyond it is answered without a write."""
    play = await second()

    recorded = await flood(play, name, LIMIT)
    body = await play.body()
    more = await flood(play, name, 60)

    assert {told(one) for one in recorded} == {before}
    assert {told(one) for one in more} == {beyond}
    assert await play.body() == body


async def test_a_thousand_junk_ids_leave_a_small_record() -> None:
    """With the limit that is set by default; and no side object more than that needs."""
    play = await second(Limits())

    await flood(play, LATE, 1001)

    assert len(await play.body()) < 2_000
    assert len((await play.record()).pages) <= 3


async def test_a_flood_of_failing_starts_is_bounded() -> None:
    """A process id that never came to life is no way around it."""
    play = stage(Relay, limits=LIMITS)
    junk = [
        event("cmd.relay.run", {"no": 1}, subject=None, source=NOISY, processid="p")
        for _ in range(LIMIT + 20)
    ]

    found = [told(await play.give(one)) for one in junk]

    assert found == [("dead", "payload")] * LIMIT + [("dead", "flood")] * 20
    assert (await play.start(Text("go"), source=NOISY)).status == "applied"


async def test_a_batch_of_failing_starts_starts_nothing_wrong() -> None:
    """A good start behind muted ones is the one that the process is of."""
    play = stage(Relay, limits=LIMITS)
    junk = [
        event("cmd.relay.run", {"no": 1}, subject=None, source=NOISY, processid="p")
        for _ in range(LIMIT + 5)
    ]
    good = starting(Relay, Text("go"), source=NOISY)

    outcomes = await play.runtime.handle(*junk, good)

    assert told(outcomes[-1]) == ("applied", "begin")
    assert (await play.record()).origin.id == good.id


async def test_a_flood_of_other_starts_is_bounded() -> None:
    """Each would be answered and recorded: beyond the limit it is a dead letter of its own."""
    play = await second()

    found = [
        told(await play.start(Text("again"), id=f"s{n}", source=NOISY)) for n in range(LIMIT + 5)
    ]

    assert found == [("ignored", "process-exists")] * LIMIT + [("dead", "flood")] * 5


async def test_the_noisy_source_itself_is_still_heard() -> None:
    """What changes the process is applied, from whomever it comes, and once."""
    play = await second()
    await flood(play, LATE, LIMIT + 10)
    once = event("evt.count.up", subject=play.subject(), source=NOISY)

    outcomes = [await play.give(once), await play.give(once)]

    assert [told(one) for one in outcomes] == [("applied", "count_up"), ("duplicate", "seen")]
    assert (await play.memory())["count"] == 1


async def test_others_are_recorded_as_ever() -> None:
    """An early event of an honest source finds its place after a flood of early ones."""
    play = await second(Limits(noise=200))
    junk = await flood(play, EARLY, 300)

    honest = await play.say(EARLY, source=HONEST)

    assert [told(one) for one in junk][74:76] == [("deferred", "early"), ("dead", "deferred-full")]
    assert told(honest) == ("deferred", "early")


async def test_large_junk_leaves_room_for_the_bodies_of_others() -> None:
    """A quarter of the bytes that a record keeps is out of the reach of one source."""
    play = await second(Limits(noise=200))
    for _ in range(30):
        await play.say(EARLY, {"text": "x" * 7_000}, source=NOISY)

    honest = await play.say(EARLY, {"text": "y" * 7_000}, source=HONEST)
    await play.say(UNHEARD, {"text": "z" * 7_000}, source=HONEST)

    assert told(honest) == ("deferred", "early")
    assert (await play.record()).dead[-1].events


async def test_dead_letters_of_others_stay() -> None:
    """Where the list is full, the source with the most loses its oldest."""
    play = await second(Limits(noise=200))
    await play.say(UNHEARD, source=HONEST, id="mine")

    await flood(play, UNHEARD, 100)

    letters = (await play.record()).dead
    assert len(letters) == 20
    assert letters[0].id == "mine"


async def test_a_flood_raises_no_floor() -> None:
    """An honest event that is late is taken, by a cold worker as well."""
    play = await second()
    await flood(play, LATE, 1001)
    play.cold()

    late = await play.say(
        "evt.second.over", {"text": "x"}, source=HONEST, time="2029-12-20T00:00:00Z"
    )

    assert told(late) == ("applied", "on_to_third")
    assert (await play.record()).floor == 0


@pytest.mark.parametrize("after", [3600, 40 * 86400])
async def test_every_accepted_event_is_known_when_it_comes_again(after: float) -> None:
    """After a flood and an hour; and after the horizon, when it can only be refused."""
    play = await second()
    kept = event("evt.count.up", subject=play.subject(), source=HONEST, time="2030-01-01T00:00:00Z")
    play.clock.advance(1)
    await play.give(kept)
    await flood(play, LATE, 1001)
    play.clock.advance(after)
    await play.say("evt.count.up", source=HONEST, time="2031-01-01T00:00:00Z")
    play.cold()

    again = told(await play.give(kept))

    assert again == (("duplicate", "seen") if after == 3600 else ("dead", "stale-unprovable"))
    assert (await play.memory())["count"] == 2


async def test_the_limit_is_for_an_hour() -> None:
    """Then the source may be wrong again."""
    play = await second()
    await flood(play, LATE, LIMIT + 1)

    play.clock.advance(3599)
    (before,) = await flood(play, LATE, 1)
    play.clock.advance(1)
    (after,) = await flood(play, LATE, 1)

    assert (told(before), told(after)) == (("ignored", "flood"), ("ignored", "late"))


async def test_the_next_hour_has_a_limit_too() -> None:
    """Also while another source is counted, so that the bookkeeping goes on."""
    play = await second()
    await flood(play, LATE, LIMIT)
    play.clock.advance(1800)
    await flood(play, LATE, 1, source="/other")
    play.clock.advance(1800)

    found = [told(one) for one in await flood(play, LATE, LIMIT + 3)]

    assert found == [("ignored", "late")] * LIMIT + [("ignored", "flood")] * 3


async def test_what_was_counted_is_forgotten() -> None:
    """An hour later nothing of it is left in the record."""
    play = await second()
    await flood(play, LATE, 5)
    assert (await play.record()).noise

    play.clock.advance(3600)
    await play.say("evt.count.up", source=HONEST)

    assert not (await play.record()).noise


async def test_many_sources_are_counted_in_little_room() -> None:
    """So many by themselves, the rest as one: the bookkeeping has an end."""
    play = await second(Limits(noise=10))

    for n in range(SOURCES + 20):
        await play.say(LATE, source=f"/noisy/{n}/{'x' * 900}")

    record = await play.record()
    assert len(record.noise) == SOURCES + 1
    assert len(await play.body()) < 6_000
    assert told(await play.say(LATE, source="/noisy/another")) == ("ignored", "flood")
    assert told(await play.say(LATE, source="/noisy/1/" + "x" * 900)) == ("ignored", "late")


async def test_a_muted_event_may_be_applied_when_its_time_comes() -> None:
    """Nothing was noted of it, so it is new when it is sent again."""
    play = await second(Limits(noise=1))
    await flood(play, EARLY, 1)
    early = event(BROKEN, {"text": "x"}, subject=play.subject(), source=NOISY)
    unheard = event(UNHEARD, subject=play.subject(), source=NOISY)
    assert told(await play.give(unheard)) == ("dead", "flood")

    assert told(await play.give(early)) == ("applied", "on_to_third")


async def test_nothing_is_muted_on_the_word_of_an_old_record() -> None:
    """A worker that does not know of a new state reads before it refuses."""
    play = await second(Limits(noise=1))
    await flood(play, EARLY, 1)
    other = play.worker()
    await other.handle(event("evt.second.over", {"text": "x"}, subject=play.subject()))
    wanted = event("evt.count.up", subject=play.subject(), source=NOISY)

    late = await play.give(wanted)

    assert told(late) == ("ignored", "flood")
    assert (await play.record()).state == "third"


async def test_a_dead_event_that_is_not_recorded_is_told_of() -> None:
    """Nothing is lost without a letter: it says how much of this there was."""
    play = await second()
    await flood(play, UNHEARD, LIMIT)
    play.bus.published.clear()

    await flood(play, UNHEARD, 1)

    [letter] = play.sent("sys.xorca.deadletter")
    assert data_of(letter)["reason"] == "flood"
    assert "40 events of its source" in data_of(letter)["cause"]


async def test_a_letter_of_a_noisy_source_is_redriven() -> None:
    """One that fails again stays: what comes again is not held against its source."""
    play = stage(Relay, limits=LIMITS)
    await play.start(Text("go"))
    for name, data in (("evt.first.over", None), ("evt.second.over", {"text": "x"})):
        await play.say(name, data, source=NOISY)
    await play.say("evt.third.over", source=NOISY, id="kept")
    await flood(play, LATE, LIMIT + 5)

    (outcome,) = await play.runtime.redrive(play.subject(), "kept")

    assert told(outcome) == ("dead", "handler-raised")
    assert [letter.id for letter in (await play.record()).dead] == ["kept"]


async def test_a_batch_of_junk_is_bounded_too() -> None:
    """A thousand at once are judged like one after the other, and the good one among them."""
    play = await second()
    junk = [event(UNHEARD, subject=play.subject(), source=NOISY) for _ in range(999)]
    good = event("evt.count.up", subject=play.subject(), source=NOISY)

    outcomes = await play.runtime.handle(*junk[:500], good, *junk[500:])

    assert told(outcomes[500]) == ("applied", "count_up")
    assert sum(one.reason == "flood" for one in outcomes) == 999 - LIMIT
    assert len((await play.record()).dead) == 20


async def test_the_letter_of_a_flood_is_sent_whoever_expires_beside_it() -> None:
    """An event that is too much is never taken for seen, so that its letter comes again."""
    play = await second(Limits(noise=1, defer_for=60.0))
    await flood(play, EARLY, 1, source=HONEST)  # it waits, and expires
    await flood(play, EARLY, 1)
    play.clock.advance(120)
    unheard = event(UNHEARD, subject=play.subject(), source=NOISY)
    play.bus = FaultyBus(times=1)
    play.cold()

    first, again = await play.give(unheard), await play.give(unheard)

    assert (told(first), told(again)) == (("retry", "publish"), ("dead", "flood"))
    assert [data_of(one)["reason"] for one in play.sent("sys.xorca.deadletter")] == ["flood"]
