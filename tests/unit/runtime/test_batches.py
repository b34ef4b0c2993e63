"""Batches: an outcome for every event, in order, and no event suffers from another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.faults import FaultyBus
from tests.unit.support import Number, Text, data_of, event, stage, starting, told
from xorca import Orchestrator, emit, end, on, start, stay
from xorca.errors import InvalidEvent, Unavailable
from xorca.providers.memory import MemoryStore


async def test_outcomes_stand_in_the_order_of_the_events() -> None:
    """Of several subjects, with foreign and malformed ones among them."""
    play = stage(Counter)
    for pid in "ab":
        await play.start(pid=pid)

    outcomes = await play.runtime.handle(
        number(1, pid="b"),
        b"{no json",
        number(2, pid="a"),
        event("evt.x.y", subject="other/1.0.0/p"),
        number(3, pid="b"),
        event("evt.unheard", subject=play.subject("a")),
        number(1, pid="b"),
    )

    assert [one.status for one in outcomes] == [
        "applied", "dead", "applied", "foreign", "applied", "dead", "duplicate",
    ]  # fmt: skip
    assert [one.subject for one in outcomes][:3:2] == [play.subject("b"), play.subject("a")]
    assert (await play.memory("b"))["seen"] == [1, 3]


async def test_nothing_is_a_batch_too() -> None:
    """No event, no outcome."""
    assert await stage(Counter).runtime.handle() == []


@pytest.mark.parametrize("given", [b"", b"[]", "text", b'{"id":"x"}', 7, None, object(), b"\xff"])
async def test_what_is_no_event_is_dead(given: Any) -> None:
    """It cannot be delivered better; its dead letter says why, under one id."""
    play = stage(Counter)

    (first,), (again,) = await play.runtime.handle(given), await play.runtime.handle(given)

    assert first.status == "dead"
    assert isinstance(first.error, InvalidEvent)
    assert first.event is None
    letters = play.sent("sys.xorca.deadletter")
    assert len(letters) == 2
    if isinstance(given, (bytes, str)):
        assert letters[0].id == letters[1].id
    assert again.status == "dead"


async def test_every_form_of_one_event_is_taken() -> None:
    """Bytes, text, the SDK's object and the reader's own."""
    play = stage(Counter)
    await play.start()
    forms: list[Any] = [
        number(1).to_json(),
        number(2).to_json().decode(),
        number(3).to_cloudevent(),
        number(4),
        bytearray(number(5).to_json()),
        memoryview(number(6).to_json()),
    ]

    outcomes = await play.runtime.handle(*forms)

    assert {one.status for one in outcomes} == {"applied"}
    assert (await play.memory())["seen"] == [1, 2, 3, 4, 5, 6]


async def test_one_event_twice_in_a_batch() -> None:
    """It is applied once."""
    play = stage(Counter)
    await play.start()

    outcomes = await play.runtime.handle(number(1), number(1))

    assert [one.status for one in outcomes] == ["applied", "duplicate"]
    assert totals(play) == [1]


async def test_poison_beside_good_events() -> None:
    """The good are applied, the poison is recorded with its cause, all in one commit."""
    play = stage(Counter)
    await play.start()

    outcomes = await play.runtime.handle(number(1), number(13), number(2))

    record = await play.record()
    assert [told(one)[0] for one in outcomes] == ["applied", "dead", "applied"]
    assert [one.id for one in record.dead] == ["n13-p"]
    assert "'add' raised ValueError" in record.dead[0].cause
    assert "unlucky" not in record.dead[0].cause
    assert (await play.memory())["seen"] == [1, 2]


@pytest.mark.parametrize("value", [99, 98])
async def test_lack_of_memory_or_stack_is_no_fault_of_the_event(value: int) -> None:
    """It is to be delivered again; the others of the batch are applied."""
    play = stage(Counter)
    await play.start()

    outcomes = await play.runtime.handle(number(1), number(value), number(2))

    assert [one.status for one in outcomes] == ["applied", "retry", "applied"]
    assert outcomes[1].reason == "resources"
    assert (await play.memory())["seen"] == [1, 2]
    assert (await play.record()).dead == []


async def test_a_start_that_lacks_memory_leaves_nothing() -> None:
    """Neither a record nor an event; events that follow it in the batch come again."""

    class Hungry(Orchestrator, name="t.hungry"):
        @start
        @emit("cmd.a.get")
        def begin(self) -> Text:
            raise MemoryError

        @on("evt.a.get.success", to=end)
        def done(self) -> None: ...

    play = stage(Hungry)

    outcomes = await play.runtime.handle(
        event("evt.a.get.success", subject=play.subject()), starting(Hungry)
    )

    assert [one.status for one in outcomes] == ["retry", "retry"]
    assert await play.store.load(play.key()) is None
    assert play.names() == []


class HalfStore(MemoryStore):
    """A store that fails for the keys of one process."""

    async def load(self, key: str) -> Any:
        """Fail for that one."""
        if "/bad-" in key:
            raise Unavailable("down")
        return await super().load(key)

    async def save(self, key: str, body: bytes, **options: Any) -> str:
        """Fail for that one."""
        if "/bad-" in key:
            raise Unavailable("down")
        return await super().save(key, body, **options)


async def test_one_subject_s_failure_leaves_the_others() -> None:
    """Its events are to come again; the neighbours are applied and sent."""
    play = stage(Counter, store=HalfStore())

    outcomes = await play.runtime.handle(
        starting(Counter, pid="good"), starting(Counter, pid="bad"), starting(Counter, pid="fine")
    )

    assert [told(one)[0] for one in outcomes] == ["applied", "retry", "applied"]
    assert isinstance(outcomes[1].error, Unavailable)
    assert len(play.sent("cmd.count.begin")) == 2


async def test_a_damaged_neighbour_leaves_the_others() -> None:
    """A record that cannot be read is the trouble of its own subject."""
    play = stage(Counter)
    await play.store.save(play.key("bad"), b"garbage", expect=None)
    await play.start(pid="good")

    outcomes = await play.runtime.handle(number(1, pid="bad"), number(1, pid="good"))

    assert [told(one) for one in outcomes] == [("retry", "record"), ("applied", "add")]


async def test_a_dead_letter_that_cannot_be_published_is_retried() -> None:
    """What belongs to no record would be lost otherwise."""
    play = stage(Counter, bus=FaultyBus(times=1))

    (first,), (again,) = await play.runtime.handle(b"no"), await play.runtime.handle(b"no")

    assert told(first) == ("retry", "publish")
    assert again.status == "dead"
    assert len(play.sent("sys.xorca.deadletter")) == 1


class Grows(Orchestrator, name="t.grows"):
    """It keeps what it hears."""

    kept: list[str] = []

    @start
    @emit("cmd.a.get")
    def open(self, what: Text) -> Text:
        self.kept.append(what.text)
        return Text("")

    @on("evt.text.said", at=open, to=stay)
    @emit("notif.count")
    def keep(self, what: Text) -> Number:
        self.kept.append(what.text)
        return Number(len(self.kept))

    @on("evt.text.forgotten", at=open, to=stay)
    def forget(self) -> None:
        self.kept = []

    @on("evt.a.get.success", to=end)
    def done(self) -> None: ...


async def test_no_event_is_condemned_on_the_word_of_a_stale_record() -> None:
    """What another worker has forgotten since makes room for it."""
    play = stage(Grows, store=MemoryStore(limit=40_000))
    await play.start(Text("x" * 25_000))
    await play.worker().handle(event("evt.text.forgotten", subject=play.subject()))

    outcome = await play.say("evt.text.said", Text("y" * 25_000))

    assert told(outcome) == ("applied", "keep")
    assert await play.memory() == {"kept": ["y" * 25_000]}


async def test_an_event_that_makes_the_record_too_large_is_dead() -> None:
    """The old state is kept, the other events of the batch are applied, and life goes on."""
    play = stage(Grows, store=MemoryStore(limit=40_000))
    await play.start(Text("a"))
    texts = ["b", "x" * 50_000, "c"]

    outcomes = await play.runtime.handle(
        *(event("evt.text.said", Text(text), subject=play.subject()) for text in texts)
    )
    later = await play.say("evt.text.said", Text("d"))

    assert [told(one) for one in outcomes] == [
        ("applied", "keep"), ("dead", "record-too-large"), ("applied", "keep"),
    ]  # fmt: skip
    assert later.status == "applied"
    assert (await play.memory())["kept"] == ["a", "b", "c", "d"]
    assert [data_of(one)["value"] for one in play.sent("notif.count")] == [2, 3, 4]


async def test_a_record_at_its_limit_refuses_each_event_that_grows_it() -> None:
    """Every event is answered, none is applied twice, and what shrinks it is still taken."""
    play = stage(Grows, store=MemoryStore(limit=40_000))
    await play.start(Text("a"))

    found = [(await play.say("evt.text.said", Text("x" * 3_000))).status for _ in range(30)]

    kept = (await play.memory())["kept"]
    assert found.count("applied") == len(kept) - 1
    assert set(found) == {"applied", "dead"}
    assert len(await play.body()) <= 40_000
    assert (await play.reply("cmd.a.get")).status == "applied"


async def test_a_record_without_room_for_a_dead_letter() -> None:
    """What it had applied is not called dead; what it cannot take is, and is told of."""
    store = MemoryStore(limit=40_000)
    play = stage(Grows, store=store)
    await play.start(Text("a"))
    first = event("evt.text.said", Text("b"), subject=play.subject())
    await play.give(first)
    store.limit = len(await play.body()) + 10

    outcomes = await play.runtime.handle(
        first, event("evt.text.said", Text("x" * 500), subject=play.subject())
    )
    alone = await play.give(first)

    assert [told(one) for one in outcomes] == [
        ("duplicate", "seen"), ("dead", "record-too-large"),
    ]  # fmt: skip
    assert alone.status == "duplicate"
    assert len(play.sent("sys.xorca.deadletter")) == 1
    assert (await play.memory())["kept"] == ["a", "b"]


async def test_a_start_that_is_too_large_is_dead() -> None:
    """Another start with less may use the id."""
    play = stage(Grows, store=MemoryStore(limit=40_000))

    big = await play.start(Text("x" * 50_000))
    small = await play.start(Text("x"))

    assert told(big) == ("dead", "record-too-large")
    assert told(small) == ("applied", "open")


async def test_a_process_that_never_comes_to_rest_is_stopped() -> None:
    """The event that set it going is dead, and the process is where it was."""
    from xorca import Final, State
    from xorca.runtime import Limits

    class Endless(Orchestrator, name="t.endless"):
        quiet = State()
        spinning = State()
        done = Final()

        @start(to=quiet)
        def begin(self) -> None: ...

        @on("evt.go.said", at=quiet, to=spinning)
        @emit("cmd.a.get")
        def go(self) -> list[Text]:
            return []

        @on("evt.a.get.success", at=spinning, to=spinning)
        @emit("cmd.a.get")
        def again(self, texts: list[Text]) -> list[Text]:
            return []

        @on("evt.stop.said", at=(quiet, spinning), to=done)
        def stop(self) -> None: ...

    play = stage(Endless, limits=Limits(cascade=50))
    await play.start()

    outcome = await play.say("evt.go.said")

    assert told(outcome) == ("dead", "endless")
    assert (await play.record()).state == "quiet"
    assert (await play.say("evt.stop.said")).status == "applied"
