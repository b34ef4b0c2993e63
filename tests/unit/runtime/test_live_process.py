"""One process at hand: what is tried on it shows at once, and is saved at the end or not at all."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.runtime.test_races import ParkedBus, ParkedStore, Turns
from tests.unit.runtime.test_schedules import Round
from tests.unit.support import Number, Stage, Text, answer, data_of, event, stage, starting, told
from xorca import Final, Orchestrator, Outcome, Runtime, State, after, emit, end, on, start, stay
from xorca.errors import (
    ConfigurationError,
    InvalidEvent,
    PayloadError,
    ProcessNotFound,
    RecordError,
    RecordTooLarge,
    Unavailable,
    UndeliveredError,
)
from xorca.events import Event
from xorca.ports import Stored
from xorca.providers.memory import MemoryStore
from xorca.runtime import Limits

SUBJECT = "t.counter/1.0.0/p"


def same(one: Outcome, other: Outcome) -> bool:
    """Tell whether two outcomes say the same, and emit the same ids and data.

    Their states may differ: those of one commit all give the state after it.
    """
    emitted = [[(e.id, e.type, e.data) for e in each.sent] for each in (one, other)]
    return (told(one), one.subject) == (told(other), other.subject) and emitted[0] == emitted[1]


async def begun(**options: Any) -> Stage:
    """Give a stage with one counter that counts."""
    play = stage(Counter, **options)
    await play.start()
    play.bus.published.clear()
    return play


# -- looking ----------------------------------------------------------------------------


@dataclass
class Line:
    item: str
    price: int = 1


class Basket(Orchestrator, name="t.basket"):
    lines: list[Line] = []
    note: str | None = None
    owner: Text

    @start
    @emit("cmd.basket.open")
    def shopping(self, owner: Text) -> Text:
        self.owner = owner
        return owner

    @on("evt.line.added", at=shopping, to=stay)
    def add(self, line: Line) -> None:
        self.lines.append(line)

    @on("evt.basket.open.success", to=end)
    def done(self) -> None: ...


def _bad_start() -> Event:
    """Make a start whose payload does not fit, so that it leaves a failed record."""
    return event("xorca.t.basket.start", 7, subject=None, processid="p")


async def test_a_process_is_seen_as_its_handlers_see_it() -> None:
    """The memory holds the types of the annotations, not plain JSON."""
    play = stage(Basket)
    await play.start(Text("me"))
    await play.say("evt.line.added", {"item": "pen"})

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        assert (p.subject, p.state, p.status) == ("t.basket/1.0.0/p", "shopping", "active")
        assert dict(p.memory) == {"lines": [Line("pen")], "note": None, "owner": Text("me")}


async def test_the_memory_cannot_be_changed_by_hand() -> None:
    """Neither an attribute, nor what lies in it: each look gives a copy."""
    play = stage(Basket)
    await play.start(Text("me"))

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        with pytest.raises(TypeError):
            p.memory["note"] = "x"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
        p.memory["lines"].append(Line("ghost"))

        assert p.memory["lines"] == []


async def test_an_attribute_that_was_never_stored_has_its_default() -> None:
    """A failed start leaves no memory; the defaults are copies."""
    play = stage(Basket)
    await play.give(_bad_start())

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        assert (p.status, dict(p.memory)) == ("failed", {"lines": [], "note": None})
        p.memory["lines"].append(Line("ghost"))
        assert p.memory["lines"] == []


async def test_a_process_that_is_not_there_is_not_found() -> None:
    """Nor is one that was deleted, nor one of another version, nor what is no subject."""
    play = await begun()
    await play.start(pid="q")
    await play.runtime.delete("t.counter/1.0.0/q", force=True)

    for subject in ("t.counter/1.0.0/x", "t.counter/1.0.0/q", "t.counter/2.0.0/p", "p", ""):
        with pytest.raises(ProcessNotFound):
            async with play.runtime.process(subject):
                raise AssertionError("there is nothing to see")


async def test_an_orchestrator_that_is_not_here_is_named() -> None:
    """The error says what is registered."""
    play = await begun()

    with pytest.raises(ConfigurationError, match=r"'t.other'.*it has t.counter"):
        async with play.runtime.process("t.other/1.0.0/p"):
            pass


class Newer(Counter, name="t.counter", version="2.0.0"): ...


async def test_a_version_that_is_not_here_is_named() -> None:
    """The process is left to those who have its class."""
    play = await begun()
    play.cold(Newer)

    with pytest.raises(ConfigurationError, match=r"on version 1.0.0.*registered: 2.0.0"):
        async with play.runtime.process(SUBJECT):
            pass


async def test_a_damaged_record_is_refused() -> None:
    """It is left as it is."""
    play = await begun()
    stored = await play.store.load(play.key())
    await play.store.save(play.key(), stored.body[:-40], expect=stored.tag)
    play.cold()

    with pytest.raises(RecordError):
        async with play.runtime.process(SUBJECT):
            pass


# -- trying -------------------------------------------------------------------------------


async def test_what_is_sent_shows_and_is_not_saved_in_the_block() -> None:
    """State, memory and outcome are what would be; the store and the bus know nothing."""
    play = await begun()
    before = await play.body()

    async with play.runtime.process(SUBJECT) as p:
        first = await p.send(number(1))
        second = await p.send(number(2))
        assert (p.memory["total"], p.state, p.outcomes) == (3, "counting", ())
        assert [told(one) for one in (first, second)] == [("applied", "add")] * 2
        assert [data_of(one) for one in second.sent] == [{"value": 3}]
        assert (await play.body(), play.names()) == (before, [])


async def test_all_of_it_is_one_save_and_one_publish() -> None:
    """What was read is not read again, and everything goes out in order."""
    store = FaultyStore()
    play = await begun(store=store)
    play.cold()
    store.calls = []

    async with play.runtime.process(SUBJECT) as p:
        for value in range(5):
            await p.send(number(value))

    assert store.calls == ["load", "save"]
    assert totals(play) == [0, 1, 3, 6, 10]
    assert [told(one) for one in p.outcomes] == [("applied", "add")] * 5
    assert (await play.record()).revision == 2


async def test_what_was_tried_is_what_is_done() -> None:
    """Where nobody comes in between, the outcomes at the end are those in the block."""
    play = await begun()

    async with play.runtime.process(SUBJECT) as p:
        tried = [
            await p.send(number(1)),
            await p.send(number(13)),
            await p.send(number(1)),
            await p.send(event("evt.unknown.said", subject=SUBJECT)),
            await p.send(number(2)),
        ]

    assert [one.status for one in tried] == ["applied", "dead", "duplicate", "dead", "applied"]
    assert all(same(*pair) for pair in zip(tried, p.outcomes, strict=True))


async def test_the_sdk_s_events_and_bytes_are_taken() -> None:
    """As ``handle`` takes them."""
    play = await begun()

    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1).to_cloudevent())
        await p.send(number(2).to_json())
        await p.send(number(3).to_json().decode())

    assert (await play.memory())["total"] == 6


async def test_a_process_that_would_end_says_so() -> None:
    """And what comes after the end is ignored, in the block as in the commit."""
    play = stage(Counter)
    await play.start()
    finish = answer(play.command("cmd.count.begin"))

    async with play.runtime.process(SUBJECT) as p:
        await p.send(finish)
        assert (p.status, p.state) == ("ended", "done")
        late = await p.send(number(1))
        assert told(late) == ("ignored", "ended")

    assert [told(one) for one in p.outcomes] == [("applied", "done"), ("ignored", "ended")]
    assert (await play.runtime.result(SUBJECT, 0)).status == "ended"


async def test_a_block_without_events_changes_nothing() -> None:
    """There is nothing to save."""
    store = FaultyStore()
    play = await begun(store=store)
    store.calls = []

    async with play.runtime.process(SUBJECT) as p:
        assert p.state == "counting"

    assert (store.calls, p.outcomes) == (["load"], ())


class Sleeper(Orchestrator, name="t.sleeper"):
    sleeping = State()
    done = Final()

    @start(to=sleeping)
    def begin(self) -> None: ...

    @on("evt.noise", at=sleeping)
    def turn(self) -> None: ...

    @after(timedelta(minutes=5), at=sleeping, to=done)
    def woke(self) -> None: ...


async def test_each_event_is_tried_at_its_own_time() -> None:
    """A deadline that comes while the block is open is taken."""
    play = stage(Sleeper)
    await play.start()
    play.clock.advance(301)
    (ring,) = play.store.alarm.due(play.clock.now())
    play.clock.advance(-301)

    async with play.runtime.process("t.sleeper/1.0.0/p") as p:
        await p.send(event("evt.noise", subject=p.subject))
        play.clock.advance(301)
        outcome = await p.send(ring)
        assert (told(outcome), p.status) == (("applied", "woke"), "ended")

    assert told(p.outcomes[1]) == ("applied", "woke")


async def test_a_failed_start_can_be_mended_in_a_block() -> None:
    """Another start begins the process anew, and what comes after it is heard."""
    play = stage(Basket)
    await play.give(_bad_start())

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        await p.send(starting(Basket, Text("you"), id="good"))
        await p.send(event("evt.line.added", {"item": "pen"}, subject=p.subject))
        assert (p.status, p.memory["owner"]) == ("active", Text("you"))

    assert [one.status for one in p.outcomes] == ["applied", "applied"]
    assert (await play.memory())["lines"] == [{"item": "pen"}]


async def test_tasks_of_a_block_may_send_side_by_side() -> None:
    """Each is tried after the other, and none is lost."""
    play = await begun()

    async with play.runtime.process(SUBJECT) as p:
        await asyncio.gather(*(p.send(number(value)) for value in range(10)))
        assert p.memory["total"] == 45

    assert (await play.memory())["total"] == 45


@pytest.mark.parametrize("seed", range(25))
async def test_random_events_are_done_as_they_were_tried(seed: int) -> None:
    """Fan-outs in windows, side objects, joins, deferred events, errors and repetitions."""
    chance = random.Random(seed)
    play = stage(Round, limits=Limits(window=3, gathered=60, backlog=20))
    await play.start(id="s")
    subject = "t.round/1.0.0/p"
    for _ in range(6):
        seen = list(play.sent())
        async with play.runtime.process(subject) as p:
            tried: list[Outcome] = []
            for one in [chance.choice(_somethings(seen, chance)) for _ in range(6)]:
                tried.append(await p.send(one))
                seen += tried[-1].sent
            shown = p.state, p.status, dict(p.memory)

        assert all(same(*pair) for pair in zip(tried, p.outcomes, strict=True))
        async with play.runtime.process(subject) as p:
            assert (p.state, p.status, dict(p.memory)) == shown


def _somethings(seen: list[Event], chance: random.Random) -> list[Event]:
    subject = "t.round/1.0.0/p"
    commands = [one for one in seen if one.type.startswith("cmd.")]
    answers = []
    for command in commands:
        value = {"value": int(data_of(command)["text"]) if command.type == "cmd.a.get" else 1}
        verdict = "error" if chance.random() < 0.05 else "success"
        answers.append(answer(command, value, verdict, id=f"{verdict}-{command.id}"))
    notes = [
        event(f"evt.{name}.said", Text(text), subject=subject, id=f"{name}{text}{at}")
        for name, text in (("note", "good"), ("note", "bad"), ("late", ""))
        for at in range(3)
    ]
    return [*answers, *notes]


# -- leaving by an exception ------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, Crash, KeyError])
async def test_an_exception_in_the_block_drops_all_of_it(error: type[BaseException]) -> None:
    """Nothing is saved, nothing sent, and the exception goes on as it is."""
    store = FaultyStore()
    play = await begun(store=store)
    store.calls = []

    with pytest.raises(error):  # noqa: PT012 - the block is what is tested
        async with play.runtime.process(SUBJECT) as p:
            await p.send(number(1))
            raise error("stop")

    assert (store.calls, play.names(), p.outcomes) == (["load"], [], ())
    outcome = await play.give(number(1))
    assert outcome.status == "applied"


# -- others who are quicker ---------------------------------------------------------------------


@pytest.mark.parametrize("here", [True, False])
async def test_others_may_be_quicker(*, here: bool) -> None:
    """Everything is stepped anew on what they saved, whether in this Runtime or another."""
    play = await begun()
    other = play.runtime if here else play.worker()

    async with play.runtime.process(SUBJECT) as p:
        tried = await p.send(number(1))
        (outcome,) = await other.handle(number(10))
        assert outcome.status == "applied"
        assert p.memory["total"] == 1

    assert data_of(tried.sent[0]) == {"value": 1}
    assert data_of(p.outcomes[0].sent[0]) == {"value": 11}
    assert totals(play) == [10, 11]
    assert (await play.record()).revision == 3


async def test_an_event_that_somebody_else_brought_meanwhile_is_applied_once() -> None:
    """In the block it was new; at the end it is a duplicate."""
    play = await begun()
    other = play.worker()

    async with play.runtime.process(SUBJECT) as p:
        tried = await p.send(number(5))
        await other.handle(number(5))

    assert (tried.status, p.outcomes[0].status) == ("applied", "duplicate")
    assert (await play.memory())["total"] == 5


async def test_a_process_that_was_deleted_meanwhile_takes_nothing() -> None:
    """The final outcome says so."""
    play = await begun()

    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(5))
        await play.worker().delete(SUBJECT, force=True)

    assert told(p.outcomes[0]) == ("ignored", "deleted")


@pytest.mark.parametrize("order", sorted(set(itertools.permutations((0, 0, 0, 1, 1, 1)))))
async def test_two_blocks_in_every_order_of_their_calls(order: tuple[int, ...]) -> None:
    """Each event is applied once and each total sent, whoever reads, saves or publishes first."""
    play = await begun()
    turns = Turns(order)
    workers = [
        Runtime(
            [Counter],
            store=ParkedStore(play.store, turns, number),
            bus=ParkedBus(play.bus, turns, number),
            clock=play.clock,
        )
        for number in range(2)
    ]

    async def block(worker: Runtime, *values: int) -> tuple[Outcome, ...]:
        async with worker.process(SUBJECT) as p:
            for value in values:
                await p.send(number(value))
        return p.outcomes

    done = await turns.run(block(workers[0], 1, 2), block(workers[1], 3, 4))

    assert [one.status for outcomes in done for one in outcomes] == ["applied"] * 4
    assert sorted((await play.memory())["seen"]) == [1, 2, 3, 4]
    assert max(totals(play)) == 10
    assert len(totals(play)) == 4


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (b"{", "JSON"),
        (b'{"specversion":"1.0"}', "id"),
        (object(), "CloudEvent"),
        (number(1, pid="q"), "it is for t.counter/1.0.0/q"),
        (event("evt.number.said", Number(1), subject="a/1.0.0/p"), "a/1.0.0/p"),
        (event("evt.number.said", Number(1), subject=None), "None"),
        (event("evt.number.said", Number(1), subject="t.counter/2.0.0/p"), "version"),
        (starting(Counter, pid="q"), "it is for t.counter/1.0.0/q"),
    ],
)
async def test_what_is_not_for_this_process_is_refused(wrong: Any, match: str) -> None:
    """Nothing of it is tried or kept, and the block goes on."""
    play = await begun()

    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1))
        with pytest.raises(InvalidEvent, match=match):
            await p.send(wrong)
        assert p.memory["total"] == 1
        await p.send(number(2))

    assert [one.status for one in p.outcomes] == ["applied", "applied"]
    assert (await play.memory())["total"] == 3


async def test_a_refused_event_leaves_nothing_to_save() -> None:
    """As the only one of its block."""
    play = await begun()
    before = await play.body()

    async with play.runtime.process(SUBJECT) as p:
        with pytest.raises(InvalidEvent):
            await p.send(event("evt.number.said", Number(1), subject="t.counter/2.0.0/p"))
        assert p.memory["total"] == 0

    assert (await play.body(), p.outcomes) == (before, ())


async def test_after_the_block_there_is_no_process_at_hand() -> None:
    """Each use says so; the outcomes and the subject stay."""
    play = await begun()
    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1))

    for use in (lambda: p.state, lambda: p.status, lambda: p.memory):
        with pytest.raises(ConfigurationError, match=f"the block of {SUBJECT} is over"):
            use()
    with pytest.raises(ConfigurationError, match="is over"):
        await p.send(number(2))
    assert (p.subject, len(p.outcomes)) == (SUBJECT, 1)


async def test_after_an_exception_there_is_no_process_at_hand_either() -> None:
    """A task that outlives the block cannot slip something in."""
    play = await begun()
    with pytest.raises(ValueError, match="stop"):
        async with play.runtime.process(SUBJECT) as p:
            raise ValueError("stop")

    with pytest.raises(ConfigurationError, match="is over"):
        await p.send(number(2))


# -- bounds --------------------------------------------------------------------------------------


async def test_a_record_that_would_be_too_large_is_told_in_the_block() -> None:
    """The event is dead, the others are kept, and the end says the same."""
    store = MemoryStore(limit=6000)
    play = stage(Basket, store=store, limits=Limits(kept_body=100))
    await play.start(Text("me"))
    big = [
        event("evt.line.added", {"item": "x" * size}, subject="t.basket/1.0.0/p")
        for size in (600, 5900, 700)
    ]

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        tried = [await p.send(one) for one in big]
        assert [len(line.item) for line in p.memory["lines"]] == [600, 700]

    assert [told(one) for one in tried][1] == ("dead", "record-too-large")
    assert [one.status for one in p.outcomes] == ["applied", "dead", "applied"]


async def test_a_record_without_any_room_refuses_the_event() -> None:
    """Not even a dead letter fits: the caller is told, and nothing is lost."""
    store = MemoryStore(limit=3000)
    play = stage(Basket, store=store)
    await play.start(Text("m" * 1000))
    await play.reply("cmd.basket.open")
    store.limit = len(await play.body()) + 10
    before = await play.body()

    async with play.runtime.process("t.basket/1.0.0/p") as p:
        with pytest.raises(RecordTooLarge, match="no room"):
            await p.send(starting(Basket, Text("x" * 900), id="again"))

    assert (await play.body(), p.outcomes) == (before, ())


class Album(Orchestrator, name="t.album"):
    @start
    @emit("cmd.photo.get")
    def getting(self) -> list[Text]:
        return [Text(str(at)) for at in range(6)]

    @on("evt.photo.get.success", to=end)
    @emit("notif.album")
    def done(self, photos: list[Text]) -> Text:
        return Text(",".join(photo.text for photo in photos))


class GatedStore(FaultyStore):
    """A store whose reads wait while there is a gate."""

    gate: asyncio.Future[None] | None = None

    async def load(self, key: str) -> Stored | None:
        """Wait, then load."""
        if self.gate is not None:
            await self.gate
        return await super().load(key)

    def open(self, fails: bool) -> None:
        """Let go on what waits, to fail or not."""
        assert self.gate is not None
        gate, self.gate = self.gate, None
        if fails:
            gate.set_exception(Unavailable("the gate fell"))
        else:
            gate.set_result(None)


async def test_a_side_object_that_cannot_be_read_refuses_the_event() -> None:
    """The store failed; the events before are as they were, and may go on."""
    store = FaultyStore()
    play = stage(Album, store=store, limits=Limits(gathered=40))
    await play.start()
    answers = [answer(one, {"text": f"p{at}"}) for at, one in enumerate(play.sent())]
    for one in answers[:5]:
        await play.give(one)
    play.cold()

    async with play.runtime.process("t.album/1.0.0/p") as p:
        store.plan[len(store.calls)] = "lost-request"
        with pytest.raises(Unavailable):
            await p.send(answers[5])
        assert (p.state, p.status) == ("getting", "active")
        await p.send(answers[5])
        assert p.status == "ended"

    assert [data_of(one) for one in play.sent("notif.album")] == [{"text": "p0,p1,p2,p3,p4,p5"}]


@pytest.mark.parametrize("fails", [True, False])
async def test_what_is_being_tried_at_the_end_is_waited_for(*, fails: bool) -> None:
    """It is applied if its ``send`` gives an outcome, and is not if that raises."""
    store = GatedStore()
    play = stage(Album, store=store, limits=Limits(gathered=40))
    await play.start()
    answers = [answer(one, {"text": f"p{at}"}) for at, one in enumerate(play.sent())]
    for one in answers[:5]:
        await play.give(one)
    play.cold()

    async with play.runtime.process("t.album/1.0.0/p") as p:
        store.gate = asyncio.get_running_loop().create_future()
        sending = asyncio.create_task(p.send(answers[5]))
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.01, store.open, fails)

    (tried,) = await asyncio.gather(sending, return_exceptions=True)
    assert isinstance(tried, Unavailable) is fails
    assert [one.status for one in p.outcomes] == ([] if fails else ["applied"])
    assert (await play.record()).status == ("active" if fails else "ended")


async def test_many_events_are_one_commit() -> None:
    """A thousand answers to a fan-out, say: one save."""
    store = FaultyStore()
    play = await begun(store=store)
    store.calls = []

    async with play.runtime.process(SUBJECT) as p:
        for value in range(100, 1100):
            await p.send(number(value))
        assert len(p.memory["seen"]) == 1000

    assert store.calls == ["load", "save"]
    assert {one.status for one in p.outcomes} == {"applied"}


# -- ends that fail -----------------------------------------------------------------------------


async def test_a_store_that_fails_at_the_end_is_told() -> None:
    """The outcomes say that the events must come again; again they are applied."""
    store = FaultyStore()
    play = await begun(store=store)

    with pytest.raises(UndeliveredError, match="must be delivered again"):  # noqa: PT012 - the block is what is tested
        async with play.runtime.process(SUBJECT) as p:
            await p.send(number(1))
            store.plan = {len(store.calls) + at: "lost-request" for at in range(40)}

    assert [told(one) for one in p.outcomes] == [("retry", "store")]
    store.plan = {}
    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1))
    assert [one.status for one in p.outcomes] == ["applied"]
    assert totals(play) == [1]


async def test_a_bus_that_fails_at_the_end_is_told() -> None:
    """What is stored stands; the same event again sends what was left, byte for byte."""
    bus = FaultyBus()
    play = await begun(bus=bus)

    with pytest.raises(UndeliveredError):  # noqa: PT012 - the block is what is tested
        async with play.runtime.process(SUBJECT) as p:
            tried = await p.send(number(1))
            bus.times = 1

    assert [told(one) for one in p.outcomes] == [("retry", "publish")]
    assert (await play.memory())["total"] == 1
    async with play.runtime.process(SUBJECT) as p:
        again = await p.send(number(1))
        assert [one.id for one in again.sent] == [one.id for one in tried.sent]
    assert [one.status for one in p.outcomes] == ["duplicate"]
    assert totals(play) == [1]


async def test_a_lost_response_at_the_end_is_no_failure() -> None:
    """It is found stored: each event is a duplicate of itself, and was published."""
    store = FaultyStore()
    play = await begun(store=store)

    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1))
        store.plan[len(store.calls)] = "lost-response"

    assert [one.status for one in p.outcomes] == ["duplicate"]
    assert totals(play) == [1]


async def test_without_a_bus_the_caller_publishes() -> None:
    """The outcomes hold what to send, and can be confirmed."""
    play = await begun()
    play.runtime.bus = play.runtime._worker.bus = None  # pyright: ignore[reportPrivateUsage]

    async with play.runtime.process(SUBJECT) as p:
        await p.send(number(1))
    await play.runtime.confirm(p.outcomes[0])
    (again,) = await play.runtime.handle(number(1))

    assert [one.type for one in p.outcomes[0].sent] == ["notif.total"]
    assert (again.status, again.sent) == ("duplicate", ())


async def test_a_memory_that_does_not_fit_is_told() -> None:
    """An attribute whose type was changed without a new version."""
    play = stage(Basket)
    await play.start(Text("me"))

    class Changed(Basket, name="t.basket"):
        owner: int  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]

        @start
        @emit("cmd.basket.open")
        def shopping(self, owner: Text) -> Text:
            self.owner = 1
            return owner

    play.cold(Changed)
    async with play.runtime.process("t.basket/1.0.0/p") as p:
        assert p.state == "shopping"
        with pytest.raises(PayloadError, match="memory"):
            _ = p.memory
