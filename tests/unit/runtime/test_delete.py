"""``runtime.delete``: what a process decided is sent, then a tombstone takes its place."""

from __future__ import annotations

import pytest

from tests.unit.runtime.errands import SUBJECT, Errand, finish, note, order
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.support import BEGIN, Stage, Text, answer, event, stage, starting, told
from xorca import Final, Orchestrator, State, emit, end, on, start, stay
from xorca.engine.emitting import rfc3339
from xorca.errors import ProcessActive, ProcessNotFound, PublishFailed
from xorca.events import Event
from xorca.ports import Query
from xorca.runtime import Limits
from xorca.runtime.reading import describe, processes


async def over(**options: object) -> Stage:
    """Give a stage with an errand that has ended."""
    play = stage(Errand, **options)
    await play.give(order())
    await finish(play)
    return play


async def deleted(**options: object) -> Stage:
    """Give a stage with an errand that was deleted."""
    play = await over(**options)
    await play.runtime.delete(SUBJECT)
    return play


async def test_a_tombstone_keeps_who_it_was_and_nothing_else() -> None:
    """Identity, the next revision, and until when it stays; no memory, no letters, no history."""
    play = await over()
    before = await play.record()

    await play.runtime.delete(SUBJECT)

    stone = await play.record()
    assert (stone.subject, stone.name, stone.version) == (SUBJECT, "t.errand", "1.0.0")
    assert (stone.incarnation, stone.revision) == (before.incarnation, before.revision + 1)
    assert (stone.status, stone.state, bytes(stone.memory)) == ("deleted", "", b"{}")
    assert stone.keep_until == BEGIN.timestamp() + Limits().horizon
    assert len(await play.body()) < 600


async def test_it_is_not_described_nor_listed() -> None:
    """Only who asks for tombstones is shown them."""
    play = await deleted()

    assert await describe(play.store, SUBJECT) is None
    assert [one async for one in processes(play.store)] == []
    stones = [one async for one in processes(play.store, Query(status="deleted"))]
    assert [one.subject for one in stones] == [SUBJECT]


@pytest.mark.parametrize("cold", [False, True])
async def test_what_comes_late_does_nothing(cold: bool) -> None:
    """Answers, events and the old start are ignored; nothing is stored or sent."""
    play = await deleted()
    body, sent = await play.body(), len(play.sent())
    late = [answer(play.command("cmd.shop.visit"), Text("")), note("late"), order()]
    if cold:
        play.cold()

    outcomes = await play.runtime.handle(*late)

    assert [told(outcome) for outcome in outcomes] == [("ignored", "deleted")] * 3
    assert (await play.body(), len(play.sent())) == (body, sent)


async def test_another_start_begins_a_new_life() -> None:
    """With an incarnation of its own, on top of the tombstone, and with fresh memory."""
    play = await deleted()
    stone = await play.record()

    outcome = await play.give(order("eggs", id="second"))

    record = await play.record()
    assert told(outcome) == ("applied", "visiting")
    assert (record.status, record.state) == ("active", "visiting")
    assert record.incarnation != stone.incarnation
    assert record.revision == stone.revision + 1
    assert record.keep_until == 0


async def test_the_old_start_does_nothing_to_the_new_life() -> None:
    """It is known for what it is."""
    play = await deleted()
    await play.give(order("eggs", id="second"))
    body, sent = await play.body(), {one.id for one in play.sent()}
    play.cold()

    assert told(await play.give(order())) == ("duplicate", "seen")
    assert (await play.body(), {one.id for one in play.sent()}) == (body, sent)


async def test_the_starts_of_all_earlier_lives_are_known() -> None:
    """Also of a life that began and ended on a tombstone."""
    play = await deleted()
    await play.give(order("eggs", id="second"))
    await play.runtime.delete(SUBJECT, force=True)

    outcomes = await play.runtime.handle(order(), order(id="second"), order(id="third"))

    assert [told(one) for one in outcomes] == [
        ("ignored", "deleted"),
        ("ignored", "deleted"),
        ("applied", "visiting"),
    ]


async def test_a_start_that_was_refused_begins_no_life_later() -> None:
    """Its caller was told so."""
    play = stage(Errand)
    await play.give(order())
    assert told(await play.give(order(id="refused"))) == ("ignored", "process-exists")
    await finish(play)
    await play.runtime.delete(SUBJECT)

    assert told(await play.give(order(id="refused"))) == ("ignored", "deleted")


async def test_a_start_that_failed_begins_no_life_later() -> None:
    """Neither the last one that failed, nor one before it."""
    play = stage(Errand)
    await play.give(order("nonsense", id="first"))
    await play.give(order("nonsense", id="second"))
    await play.runtime.delete(SUBJECT)

    outcomes = await play.runtime.handle(order(id="first"), order(id="second"))

    assert [told(one) for one in outcomes] == [("ignored", "deleted")] * 2


async def test_a_start_may_fail_on_a_tombstone() -> None:
    """Then another may begin, and the oldest still does nothing."""
    play = await deleted()
    assert told(await play.give(order("nonsense", id="bad"))) == ("dead", "handler-raised")

    assert told(await play.give(order())) == ("duplicate", "seen")
    assert (await play.record()).status == "failed"
    assert told(await play.give(order(id="good"))) == ("applied", "visiting")


async def test_late_answers_to_the_old_life_are_stale() -> None:
    """The ids of commands tell one life from another."""
    play = await deleted()
    old = play.command("cmd.shop.visit")
    await play.give(order("eggs", id="second"))

    assert told(await play.give(answer(old, Text("old")))) == ("ignored", "stale")
    assert (await play.record()).baskets == {}


async def test_an_event_that_the_old_life_has_seen_is_not_applied_to_the_new() -> None:
    """Its key is gone, and its time tells that it may be a repetition."""
    play = stage(Errand)
    seen = note("one", time=rfc3339(BEGIN.timestamp() - 1))
    await play.give(order())
    await play.give(seen)
    await play.runtime.delete(SUBJECT, force=True)
    await play.give(order("eggs", id="second"))

    assert told(await play.give(seen)) == ("dead", "stale-unprovable")
    assert await play.memory() == {"heard": []}


def cart_of(item: Text) -> str:
    """Tell whose cart it is: everybody's."""
    return "p"


class Cart(Orchestrator, name="t.cart"):
    """The same event starts it, and is heard while it lives: it is found by its content."""

    open_, done = State(), Final()
    items: list[str] = []

    @start("cart.filled", to=open_, process=cart_of)
    def first(self, item: Text) -> None:
        self.items.append(item.text)

    @on("cart.filled", at=open_, to=stay, process=cart_of)
    def more(self, item: Text) -> None:
        self.items.append(item.text)

    @on("evt.cart.paid", at=open_, to=done)
    def paid(self) -> None: ...


def filled(item: str, seconds: float) -> Event:
    """Fill the cart, so many seconds after the beginning."""
    time = rfc3339(BEGIN.timestamp() + seconds)
    return event("cart.filled", Text(item), subject=None, id=f"fill-{item}", time=time)


async def test_what_a_deleted_process_has_heard_does_not_start_another() -> None:
    """Where the same event starts and is heard, its time tells; a later one begins a new life."""
    play = stage(Cart)
    for at, item in enumerate(["milk", "eggs", "salt"]):
        play.clock.advance(1)
        assert told(await play.give(filled(item, at)))[0] == "applied"
    await play.say("evt.cart.paid")
    await play.runtime.delete(play.subject())
    again = [filled(item, at) for at, item in enumerate(["milk", "eggs", "salt"])]

    assert [told(one) for one in await play.runtime.handle(*again)] == [("ignored", "deleted")] * 3
    assert told(await play.give(filled("flour", 5)))[0] == "applied"

    late = [told(one) for one in await play.runtime.handle(*again)]
    assert late[0] == ("duplicate", "seen")
    assert late[1:] == [("dead", "stale-unprovable")] * 2
    assert await play.memory() == {"items": ["flour"]}


async def test_a_new_life_may_have_another_version() -> None:
    """What comes for the old version then is for the old life."""

    class Newer(Errand, name="t.errand", version="2.0.0"): ...

    play = await deleted()
    old = play.command("cmd.shop.visit")
    play.cold(Errand, Newer)

    assert told(await play.give(order("eggs", id="second"))) == ("applied", "visiting")
    assert (await play.record()).subject == "t.errand/2.0.0/p"
    assert told(await play.give(answer(old, Text("")))) == ("ignored", "stale")
    await play.runtime.delete("t.errand/2.0.0/p", force=True)
    assert told(await play.give(answer(old, Text("")))) == ("ignored", "deleted")


async def test_a_tombstone_of_a_version_that_is_gone_ignores_too() -> None:
    """Nobody need keep the code of what was deleted."""

    class Newer(Errand, name="t.errand", version="2.0.0"): ...

    play = await deleted()
    play.cold(Newer)

    assert told(await play.give(note("late"))) == ("ignored", "deleted")
    assert told(await play.give(order())) == ("ignored", "deleted")


async def test_an_active_process_is_refused() -> None:
    """The error says what to do first."""
    play = stage(Errand)
    await play.give(order())
    body = await play.body()

    with pytest.raises(ProcessActive, match="is active, in 'visiting': cancel it first"):
        await play.runtime.delete(SUBJECT)
    assert await play.body() == body


async def test_force_cancels_first() -> None:
    """So its caller hears of it."""
    play = stage(Errand)
    await play.give(order())

    await play.runtime.delete(SUBJECT, force=True)

    assert (await play.record()).status == "deleted"
    assert len(play.sent("evt.errand.run.error")) == 1


@pytest.mark.parametrize("subject", ["t.errand/1.0.0/other", "t.errand/2.0.0/p", "p"])
async def test_what_is_not_there_cannot_be_deleted(subject: str) -> None:
    """Forced or not."""
    play = await over()

    with pytest.raises(ProcessNotFound):
        await play.runtime.delete(subject)
    with pytest.raises(ProcessNotFound):
        await play.runtime.delete(subject, force=True)
    assert (await play.record()).status == "ended"


async def test_what_was_deleted_is_not_there() -> None:
    """A tombstone counts as no process, for every verb."""
    play = await deleted()
    body = await play.body()

    with pytest.raises(ProcessNotFound):
        await play.runtime.delete(SUBJECT)
    with pytest.raises(ProcessNotFound, match="was deleted"):
        await play.runtime.cancel(SUBJECT, "")
    assert await play.body() == body


async def test_what_is_not_known_to_be_out_is_sent_first() -> None:
    """A worker died between its commit and its publish."""
    play = stage(Errand, bus=FaultyBus())
    await play.give(order())
    play.bus.times = 1
    with pytest.raises(PublishFailed):
        await play.runtime.cancel(SUBJECT, "")
    play.cold()

    await play.runtime.delete(SUBJECT)

    assert len(play.sent("evt.errand.run.error")) == 1
    assert (await play.record()).status == "deleted"


async def test_nothing_is_deleted_while_something_cannot_be_sent() -> None:
    """The error says so, and the record stays as it was."""
    play = await over(bus=FaultyBus())
    play.cold()
    body = await play.body()
    play.bus.times = 1

    with pytest.raises(PublishFailed, match="throttled; nothing was deleted"):
        await play.runtime.delete(SUBJECT)
    assert await play.body() == body


async def test_without_a_bus_only_what_is_out_for_certain_may_go() -> None:
    """After the horizon everything counts as out."""
    play = await over()
    play.bus = None
    play.cold()

    with pytest.raises(PublishFailed, match="no bus to send them to; nothing was deleted"):
        await play.runtime.delete(SUBJECT)
    play.clock.advance(Limits().horizon + 1)
    await play.runtime.delete(SUBJECT)

    assert (await play.record()).status == "deleted"


async def test_what_the_caller_has_confirmed_is_out() -> None:
    """So a caller that publishes itself may delete."""
    play = stage(Ticker, bus=None)
    events = starting(Ticker), event("evt.tick.over", subject=play.subject())
    outcomes = [(await play.runtime.handle(one, publish=False))[0] for one in events]

    with pytest.raises(PublishFailed):
        await play.runtime.delete(play.subject())
    for outcome in outcomes:
        await play.runtime.confirm(outcome)
    await play.runtime.delete(play.subject())

    assert (await play.record()).status == "deleted"


async def test_side_objects_go_with_it() -> None:
    """Pages of old keys, and what was gathered."""
    play = stage(Ticker)
    await play.give(starting(Ticker))
    for number in range(300):
        await play.say("evt.tick.told", id=f"tick-{number}")
    await play.say("evt.tick.over")
    assert side_keys(play)

    await play.runtime.delete(play.subject())

    assert side_keys(play) == []


def side_keys(play: Stage) -> list[str]:
    """Give the keys of the side objects in a memory store, be it a faulty one."""
    rows = getattr(play.store, "inner", play.store)._rows
    return [key for key in rows if key.startswith("_side/")]


class Ticker(Orchestrator, name="t.ticker"):
    """It hears so much that its keys go to side objects."""

    count: int = 0

    @start
    @emit("cmd.tick.begin")
    def ticking(self) -> Text:
        return Text("")

    @on("evt.tick.told", at=ticking, to=stay)
    def tick(self) -> None:
        self.count += 1

    @on("evt.tick.over", at=ticking, to=end)
    def done(self) -> None: ...


async def test_a_new_life_with_the_same_events_keeps_its_own_side_objects() -> None:
    """A page of the old life that is deleted late is not a page of the new one."""
    play = stage(Ticker)
    await play.give(starting(Ticker))
    ticks = [event("evt.tick.told", subject=play.subject(), id=f"tick-{n}") for n in range(130)]
    await play.runtime.handle(*ticks)
    old = side_keys(play)
    await play.runtime.delete(play.subject(), force=True)
    await play.give(starting(Ticker))
    await play.runtime.handle(*ticks)
    new = side_keys(play)

    assert old
    assert new
    assert not set(old) & set(new)


@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "conflict"])
async def test_a_save_whose_outcome_is_unknown_is_looked_at_again(fault: str) -> None:
    """The deletion is done once, and no error is made of one's own success."""
    play = await over(store=FaultyStore())
    revision = (await play.record()).revision
    play.store.plan = {len(play.store.calls) + 1: fault}

    await play.runtime.delete(SUBJECT)

    stone = await play.record()
    assert (stone.status, stone.revision) == ("deleted", revision + 1)


async def died_before_its_side_objects_went() -> Stage:
    """Give a stage where a worker left a tombstone and the side objects behind."""
    play = stage(Ticker, store=FaultyStore())
    await play.give(starting(Ticker))
    for number in range(130):
        await play.say("evt.tick.told", id=f"tick-{number}")
    await play.say("evt.tick.over")
    store = play.store
    store.plan = {len(store.calls) + 2: "crash-before"}  # load, save, and the first delete
    with pytest.raises(Crash):
        await play.runtime.delete(play.subject())
    assert (await play.record()).status == "deleted"
    assert side_keys(play)
    play.cold()
    return play


async def test_the_next_life_drops_what_was_left_behind() -> None:
    """The tombstone names the side objects that may still be there."""
    play = await died_before_its_side_objects_went()

    await play.give(starting(Ticker))

    assert side_keys(play) == []
    past = (await play.record()).past
    assert past is not None
    assert past.sides == []


async def test_the_removal_of_the_tombstone_drops_what_was_left_behind() -> None:
    """Nothing of a deleted process stays for ever."""
    play = await died_before_its_side_objects_went()
    play.clock.advance(Limits().horizon + 1)

    await play.runtime.prune()

    assert list(play.store.inner._rows) == []
