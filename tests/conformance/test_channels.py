"""Both channels deliver to groups, come again, give up, and forget in the same way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event
from xorca.providers.channel import Channel, Counts, Delivery
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore

Room = MemoryStore | SqliteStore
RETENTION = 3600.0


class Wall:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path, wall: Wall) -> Callable[[], Room]:
    memory = MemoryStore(now=wall)
    path = tmp_path / "x.db"
    return lambda: memory if request.param == "memory" else SqliteStore(path, now=wall)


@pytest.fixture
async def room(make: Callable[[], Room]) -> AsyncGenerator[Room]:
    async with make() as room:
        yield room


@pytest.fixture
def channel(room: Room) -> Channel:
    return room.channel


def event(name: object, type: str = "evt.books.fetch.success") -> Event:
    return Event(id=str(name), source="/t", type=type, data=b"1")


def events(*names: object) -> list[Event]:
    return [event(name) for name in names]


def ids(deliveries: list[Delivery]) -> list[str]:
    return [delivery.event.id for delivery in deliveries]


async def test_every_group_gets_its_own(channel: Channel) -> None:
    """Two groups that want an event are both given it; a third is not."""
    await channel.subscribe("a", ["evt.*"])
    await channel.subscribe("b", ["evt.books.*"])
    await channel.subscribe("c", ["cmd.*"])

    await channel.publish(events(1))

    assert [ids(await channel.receive(group)) for group in "abc"] == [["1"], ["1"], []]


async def test_taken_delivery_is_hidden(channel: Channel) -> None:
    """What one worker took the next one is not given."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 2))

    first = await channel.receive("g", limit=1)
    second = await channel.receive("g")

    assert (ids(first), ids(second)) == (["1"], ["2"])
    assert await channel.receive("g") == []
    assert await channel.counts() == Counts(waiting=0, in_flight=2)


async def test_acknowledged_delivery_is_gone(channel: Channel, wall: Wall) -> None:
    """What is acknowledged never comes again."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))

    await channel.ack(await channel.receive("g"))

    wall.time += 1000
    assert await channel.receive("g") == []
    assert await channel.counts() == Counts()


async def test_silence_makes_visible_again(channel: Channel, wall: Wall) -> None:
    """A delivery that nobody acknowledges comes again, with its attempts counted."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    await channel.receive("g", visibility=30)

    wall.time += 29
    assert await channel.receive("g") == []
    wall.time += 2
    again = await channel.receive("g")

    assert [(item.event.id, item.attempts) for item in again] == [("1", 2)]


async def test_late_acknowledgement_counts(channel: Channel, wall: Wall) -> None:
    """Work that was done late was done: its delivery does not come a third time."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    late = await channel.receive("g", visibility=1)
    wall.time += 2
    await channel.receive("g", visibility=1)

    await channel.ack(late)

    wall.time += 2
    assert await channel.receive("g") == []


async def test_late_refusal_does_not_count(channel: Channel, wall: Wall) -> None:
    """Who lost a delivery to another cannot take it from him."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    late = await channel.receive("g", visibility=1)
    wall.time += 2
    await channel.receive("g", visibility=30)

    await channel.nack(late)

    assert await channel.receive("g") == []


async def test_renewed_delivery_stays_hidden(channel: Channel, wall: Wall) -> None:
    """What is still worked on may be hidden longer, counted from the renewal."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 2))
    one, two = await channel.receive("g", visibility=10)
    wall.time += 8

    await channel.extend([one], visibility=10)

    wall.time += 8
    assert [(item.event.id, item.attempts) for item in await channel.receive("g")] == [("2", 2)]
    assert await channel.counts() == Counts(in_flight=2)
    wall.time += 3
    assert [(item.event.id, item.attempts) for item in await channel.receive("g")] == [("1", 2)]
    assert two.attempts == 1


async def test_late_renewal_counts_until_another_took_it(channel: Channel, wall: Wall) -> None:
    """A delivery that is visible again is still its worker's while nobody was given it."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    late = await channel.receive("g", visibility=1)
    wall.time += 2

    await channel.extend(late, visibility=30)

    assert await channel.receive("g") == []


async def test_lost_delivery_is_not_renewed(channel: Channel, wall: Wall) -> None:
    """Who lost a delivery to another cannot hide it from him."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    late = await channel.receive("g", visibility=1)
    wall.time += 2
    await channel.receive("g", visibility=1)

    await channel.extend(late, visibility=1000)

    wall.time += 2
    assert ids(await channel.receive("g")) == ["1"]


async def test_settled_delivery_is_not_renewed(channel: Channel, wall: Wall) -> None:
    """A renewal that comes after the end of the work hides nothing, and revives nothing."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 2))
    done, refused = await channel.receive("g")
    await channel.ack([done])
    await channel.nack([refused])

    await channel.extend([done, refused], visibility=1000)
    await channel.extend([], visibility=1000)

    assert ids(await channel.receive("g")) == ["2"]


async def test_renewals_at_one_time_give_one_delivery(channel: Channel, wall: Wall) -> None:
    """However often it was hidden until the same time, a delivery comes once."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    taken = await channel.receive("g", visibility=10)
    for _ in range(3):
        await channel.extend(taken, visibility=10)
    await channel.nack(taken, delay=10)
    wall.time += 11

    assert ids(await channel.receive("g")) == ["1"]


async def test_refused_delivery_comes_after_its_delay(channel: Channel, wall: Wall) -> None:
    """A delivery that was given back waits as long as was asked."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))

    await channel.nack(await channel.receive("g"), delay=10)

    assert await channel.counts() == Counts(waiting=1)
    wall.time += 9
    assert await channel.receive("g") == []
    wall.time += 2
    assert ids(await channel.receive("g")) == ["1"]


async def test_repeats_leave_room_for_others(channel: Channel) -> None:
    """Deliveries that fail again and again do not keep fresh ones away."""
    await channel.subscribe("g", ["*"])
    await channel.publish([event(f"bad-{number}") for number in range(8)])
    await channel.nack(await channel.receive("g", limit=8))
    await channel.publish([event(f"good-{number}") for number in range(8)])

    found = ids(await channel.receive("g", limit=8))

    assert sum(name.startswith("good") for name in found) == 4
    assert sum(name.startswith("bad") for name in found) == 4


async def test_too_many_attempts_kill(channel: Channel) -> None:
    """After its last attempt a delivery is dead, with the last cause that was named."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    for number in range(50):
        await channel.nack(await channel.receive("g"), cause=f"cause {number}")

    assert await channel.receive("g") == []
    assert await channel.counts() == Counts(dead=1)
    (letter,) = await channel.dead_letters()
    assert (letter.event, letter.group, letter.attempts) == (event(1), "g", 50)
    assert letter.cause == "cause 49"


async def test_workers_that_die_kill_in_the_end(channel: Channel, wall: Wall) -> None:
    """A delivery that kills every worker is dead too, and says so."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    for _ in range(50):
        assert ids(await channel.receive("g", visibility=1)) == ["1"]
        wall.time += 2

    assert await channel.receive("g") == []
    (letter,) = await channel.dead_letters()
    assert letter.cause == "delivered 50 times and never acknowledged"


async def test_dead_letter_is_revived(channel: Channel) -> None:
    """A dead delivery that is revived comes as if new."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))
    for _ in range(50):
        await channel.nack(await channel.receive("g"))
    letters = await channel.dead_letters()

    assert await channel.revive(letters) == 1
    assert await channel.revive(letters) == 0

    (delivery,) = await channel.receive("g")
    assert (delivery.event.id, delivery.attempts) == ("1", 1)


async def test_unwanted_event_waits_for_a_reader(channel: Channel) -> None:
    """An event that no group wanted goes to the first that does."""
    await channel.publish(events(1))
    await channel.subscribe("other", ["cmd.*"])

    await channel.subscribe("g", ["evt.*"])
    await channel.subscribe("late", ["evt.*"])

    assert ids(await channel.receive("g")) == ["1"]
    assert await channel.receive("late") == []


async def test_subscribing_again_changes_nothing(channel: Channel) -> None:
    """A subscription may be repeated and extended; each event comes once."""
    for patterns in (["evt.*"], ["evt.*"], ["evt.books.*", "cmd.*"]):
        await channel.subscribe("g", patterns)

    await channel.publish([event(1), event(2, "cmd.books.fetch")])

    assert ids(await channel.receive("g")) == ["1", "2"]


async def test_forgotten_group_wants_nothing(channel: Channel) -> None:
    """A group that was removed leaves nothing behind."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))

    await channel.unsubscribe("g")
    await channel.publish(events(2))

    assert await channel.receive("g") == []
    assert await channel.counts() == Counts()


async def test_known_event_is_stored_once(channel: Channel, wall: Wall) -> None:
    """The same (source, id) is known while it waits and for a while after it was done."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 1))
    await channel.publish(events(1))
    deliveries = await channel.receive("g")
    await channel.ack(deliveries)
    wall.time += RETENTION - 10
    await channel.publish(events(1))

    assert ids(deliveries) == ["1"]
    assert await channel.receive("g") == []


async def test_known_event_is_forgotten_in_time(channel: Channel, wall: Wall) -> None:
    """After its retention an id is new again."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1, 2))
    await channel.ack(await channel.receive("g"))
    wall.time += RETENTION + 10
    await channel.publish(events(3))
    await channel.counts()

    await channel.publish(events(1))

    assert ids(await channel.receive("g")) == ["3", "1"]


async def test_same_id_of_two_sources_is_two_events(channel: Channel) -> None:
    """An event is its source and its id."""
    await channel.subscribe("g", ["*"])

    await channel.publish([event(1), Event(id="1", source="/else", type="evt.a.b.success")])

    assert len(await channel.receive("g")) == 2


async def test_timer_comes_when_due(room: Room, wall: Wall) -> None:
    """A timer is delivered at its time to who wants its type, and not before."""
    await room.channel.subscribe("g", ["*"])
    await room.alarm.set(event("t"), datetime.fromtimestamp(wall.time + 60, UTC))

    assert await room.channel.counts() == Counts(timers=1)
    wall.time += 59
    assert await room.channel.receive("g") == []
    wall.time += 2
    assert ids(await room.channel.receive("g")) == ["t"]
    assert await room.channel.counts() == Counts(in_flight=1)


async def test_timer_may_be_armed_while_it_is_handled(room: Room, wall: Wall) -> None:
    """A timer that came too early is armed again before its delivery is acknowledged."""
    await room.channel.subscribe("g", ["*"])
    await room.alarm.set(event("t"), datetime.fromtimestamp(wall.time, UTC))
    early = await room.channel.receive("g")
    await room.alarm.set(event("t"), datetime.fromtimestamp(wall.time + 5, UTC))
    await room.channel.ack(early)

    wall.time += 6

    assert ids(await room.channel.receive("g")) == ["t"]


async def test_everything_outlives_closing(make: Callable[[], Room], wall: Wall) -> None:
    """Subscriptions, deliveries and timers are there after a restart."""
    async with make() as first:
        await first.channel.subscribe("g", ["*"])
        await first.channel.publish(events(1))
        await first.alarm.set(event("t"), datetime.fromtimestamp(wall.time + 5, UTC))
    wall.time += 6

    async with make() as second:
        await second.channel.publish(events(2))
        assert sorted(ids(await second.channel.receive("g"))) == ["1", "2", "t"]


async def test_waiting_ends_at_a_publish(channel: Channel) -> None:
    """Who waits is woken by a publish of the same process."""
    await channel.subscribe("g", ["*"])
    waiting = asyncio.ensure_future(channel.wait(30, group="g"))
    await asyncio.sleep(0.01)
    assert not waiting.done()

    await channel.publish(events(1))

    assert await waiting is True


async def test_waiting_that_is_cancelled_ends(room: Room) -> None:
    """A cancellation counts, also when it comes together with a publish."""
    await room.channel.subscribe("g", ["*"])
    waiting = [asyncio.ensure_future(room.channel.wait(30, group="g")) for _ in range(2)]
    await asyncio.sleep(0.01)

    waiting[0].cancel()
    room.channel.wake()
    waiting[1].cancel()
    await asyncio.wait(waiting, timeout=5)

    assert [task.cancelled() for task in waiting] == [True, True]


async def test_waiting_for_what_is_there_is_short(channel: Channel) -> None:
    """Nobody waits for what was published before."""
    await channel.subscribe("g", ["*"])
    await channel.publish(events(1))

    assert await channel.wait(30, group="g") is True


async def test_waiting_in_vain_ends(channel: Channel) -> None:
    """After the time-out there is nothing; another group's events do not count."""
    await channel.subscribe("g", ["evt.*"])
    await channel.subscribe("other", ["cmd.*"])
    await channel.publish([event(1, "cmd.a.b")])
    await channel.receive("g")

    assert await channel.wait(0.05, group="g") is False
    assert await channel.wait(0.05) is False


async def test_waiting_ends_when_a_timer_is_due(tmp_path: Path) -> None:
    """A timer and an expired visibility end the waiting, too."""
    for room in (MemoryStore(), SqliteStore(tmp_path / "x.db")):
        async with room:
            await room.channel.subscribe("g", ["*"])
            await room.alarm.set(event("t"), datetime.fromtimestamp(time.time() + 0.1, UTC))
            assert await room.channel.wait(30, group="g") is True
            assert ids(await room.channel.receive("g", visibility=0.1)) == ["t"]
            assert await room.channel.wait(30, group="g") is True
            assert ids(await room.channel.receive("g")) == ["t"]


async def test_publish_of_another_client_is_seen(tmp_path: Path) -> None:
    """What another process writes into the file ends the waiting as well."""
    async with SqliteStore(tmp_path / "x.db") as mine, SqliteStore(tmp_path / "x.db") as theirs:
        await mine.channel.subscribe("g", ["*"])
        waiting = asyncio.ensure_future(mine.channel.wait(30, group="g"))
        await asyncio.sleep(0.01)

        await theirs.channel.publish(events(1))

        assert await waiting is True
        assert ids(await mine.channel.receive("g")) == ["1"]


async def test_two_clients_share_the_work(tmp_path: Path) -> None:
    """Workers of two clients are never given the same delivery."""
    async with SqliteStore(tmp_path / "x.db") as one, SqliteStore(tmp_path / "x.db") as two:
        await one.channel.subscribe("g", ["*"])
        await one.channel.publish(events(*range(200)))

        rounds = [room.channel.receive("g", limit=7) for _ in range(20) for room in (one, two)]
        found = [name for taken in await asyncio.gather(*rounds) for name in ids(taken)]

        assert sorted(found, key=int) == [str(number) for number in range(200)]


async def test_too_large_event_is_refused(tmp_path: Path) -> None:
    """An event that no reader would take back fails its whole publish, and blocks nobody."""
    huge = Event(id="huge", source="/t", type="evt.a.b.success", data=b'"' + bytes(2**20) + b'"')
    async with SqliteStore(tmp_path / "x.db") as room:
        await room.channel.subscribe("g", ["*"])

        with pytest.raises(PublishFailed, match="keep large data elsewhere"):
            await room.channel.publish([event(1), huge])

        assert await room.channel.receive("g") == []


@pytest.mark.parametrize("pattern", ["", "evt..x", "evt.bo*", ".", "evt.*x.y", "*."])
async def test_bad_pattern_is_refused(channel: Channel, pattern: str) -> None:
    """What is no dotted name with whole-segment stars cannot be subscribed to."""
    with pytest.raises(ConfigurationError, match="is no pattern"):
        await channel.subscribe("g", [pattern])


async def test_bad_subscription_is_refused(channel: Channel) -> None:
    """A group has a name, and its patterns are a list."""
    with pytest.raises(ConfigurationError, match="needs a name"):
        await channel.subscribe("", ["*"])
    with pytest.raises(ConfigurationError, match=r"write \['evt.a'\]"):
        await channel.subscribe("g", "evt.a")


@pytest.mark.parametrize("receipt", ["", "1", "1:2", "x:1:g", "1:x:g"])
async def test_foreign_receipt_is_refused(channel: Channel, receipt: str) -> None:
    """Receipts are what receive() gave; others change nothing."""
    with pytest.raises(ConfigurationError, match="is no receipt"):
        await channel.ack([Delivery(event(1), 1, receipt if receipt != "1:2" else "1:")])
