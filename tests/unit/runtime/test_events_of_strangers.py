"""Events that carry no subject of ours, through the whole protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.orders import Order, order_id, paid, placed
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.runtime.test_races import ORDERS, Turns, workers
from tests.unit.support import Stage, data_of, event, stage, told
from xorca import Outcome, Runtime, on
from xorca.errors import InvalidEvent
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus


async def unpaid(order: str = "o-1", **options: Any) -> Stage:
    """Give a stage with an order that waits for its payment."""
    play = stage(Order, **options)
    await play.give(placed(order))
    await play.reply("cmd.stock.reserve")
    return play


# -- what comes too early -----------------------------------------------------------------


async def test_an_event_before_its_start_is_applied_when_it_comes_again() -> None:
    """It is not lost: it is retried, as an event with our subject would be."""
    play = stage(Order)
    early = paid("o-1", subject="payments/7")

    first = await play.give(early)
    await play.give(placed("o-1"))
    await play.reply("cmd.stock.reserve")
    second = await play.give(early)

    assert (*told(first), first.subject) == ("retry", "no-record", "t.order/1.0.0/o-1")
    assert (*told(second), second.state) == ("applied", "paid", "done")


async def test_an_event_whose_process_never_comes() -> None:
    """Not for ever: its dead letter says which process is missing."""
    play = stage(Order)
    orphan = paid("o-1", subject="payments/7")

    outcomes = [await play.give(orphan) for _ in range(10)]

    assert {told(one) for one in outcomes[:9]} == {("retry", "no-record")}
    assert told(outcomes[9]) == ("dead", "no-record")
    letter = data_of(play.command("sys.xorca.deadletter"))
    assert "'t.order/1.0.0/o-1'" in letter["cause"]
    assert letter["subject"] == "payments/7"


async def test_an_event_before_its_state_is_kept_and_applied() -> None:
    """It is deferred with its own subject, and taken by a worker that knows the record alone."""
    play = stage(Order)
    await play.give(placed("o-1"))

    deferred = await play.give(paid("o-1", 7, subject="payments/7"))
    play.cold()
    applied = await play.reply("cmd.stock.reserve")

    assert told(deferred) == ("deferred", "early")
    assert applied.state == "done"
    assert (await play.memory("o-1"))["cents"] == 7
    assert play.names() == ["cmd.stock.reserve", "notif.order.paid"]


async def test_a_deferred_event_that_comes_again() -> None:
    """It is known, before its state has come and after."""
    play = stage(Order)
    await play.give(placed("o-1"))
    early = paid("o-1", subject="payments/7")
    await play.give(early)

    again = await play.give(early)
    await play.reply("cmd.stock.reserve")
    play.cold()
    after = await play.give(early)

    assert told(again) == ("duplicate", "seen")
    assert told(after) == ("duplicate", "seen")
    assert len({sent.to_json() for sent in play.sent("notif.order.paid")}) == 1


async def test_a_deferred_event_that_waits_too_long() -> None:
    """Its dead letter belongs to the process."""
    play = stage(Order)
    await play.give(placed("o-1"))
    await play.give(paid("o-1", subject="payments/7"))
    play.clock.advance(play.limits.defer_for + 1)

    await play.reply("cmd.stock.reserve")

    assert (await play.record("o-1")).state == "unpaid"
    assert data_of(play.command("sys.xorca.deadletter"))["reason"] == "never-accepted"


async def test_a_start_and_what_follows_it_in_one_batch() -> None:
    """The start is stepped first, whatever the order, in one save."""
    play = stage(Order, store=FaultyStore())

    outcomes = await play.runtime.handle(paid("o-1"), placed("o-1"))

    assert [told(one) for one in outcomes] == [("deferred", "early"), ("applied", "place")]
    assert play.store.calls == ["save"]


# -- what cannot be told ------------------------------------------------------------------


async def test_a_bad_event_touches_nothing_else_of_its_batch() -> None:
    """No storage is read for it, and its neighbours are applied."""
    play = await unpaid(store=FaultyStore())
    play.cold()
    play.store.calls.clear()

    outcomes = await play.runtime.handle(
        paid("raises"), paid(5), paid("o-1", 3), paid("exhausts"), paid("")
    )

    assert [told(one) for one in outcomes] == [
        ("dead", "process-raised"),
        ("dead", "payload"),
        ("applied", "paid"),
        ("retry", "resources"),
        ("dead", "process-id"),
    ]
    assert play.store.calls == ["load", "save"]


async def test_only_bad_events_read_nothing() -> None:
    """A dead letter of no record costs no storage at all."""
    play = stage(Order, store=FaultyStore())

    await play.runtime.handle(paid("raises"), placed(""), paid(None))

    assert play.store.calls == []


async def test_a_bad_event_that_comes_again_tells_the_same() -> None:
    """Its letter has the same id and the same bytes."""
    play = stage(Order)
    bad = paid("")

    await play.give(bad)
    play.cold()
    await play.give(bad)

    one, other = play.sent("sys.xorca.deadletter")
    assert one.to_json() == other.to_json()


async def test_a_letter_that_cannot_be_sent() -> None:
    """The event comes again, so that somebody is told."""
    play = stage(Order, bus=FaultyBus(times=1))

    outcomes = [await play.give(paid("")) for _ in range(2)]

    assert [told(one) for one in outcomes] == [("retry", "publish"), ("dead", "process-id")]


# -- once, and once only --------------------------------------------------------------------


async def test_an_event_is_applied_once() -> None:
    """Source and id tell that it is the same, at another worker too."""
    play = await unpaid()
    one = paid("o-1")
    await play.give(one)
    play.cold()

    assert told(await play.give(one)) == ("duplicate", "seen")
    assert len({sent.to_json() for sent in play.sent("notif.order.paid")}) == 1


async def test_two_senders_may_use_one_id() -> None:
    """Only source and id together are an identity."""
    play = stage(Order)
    await play.give(event("order.placed", {"order": "o-1"}, subject=None, id="1", source="/a"))
    outcome = await play.give(
        event("order.placed", {"order": "o-2"}, subject=None, id="1", source="/b")
    )

    assert outcome.status == "applied"


@pytest.mark.parametrize("call", range(2))
@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "crash-before", "crash-after"])
async def test_a_fault_at_any_call(call: int, fault: str) -> None:
    """Delivered until it is acknowledged, each event is applied once and sends one and the same."""
    play = stage(Order, store=FaultyStore())
    await play.give(placed("o-1"))
    await play.reply("cmd.stock.reserve")
    play.cold()
    play.store.plan = {len(play.store.calls) + call: fault}
    one = paid("o-1", subject="payments/7")

    outcome = await until_done(play, one)

    assert outcome.state == "done"
    assert (await play.record("o-1")).revision == 3
    assert len({sent.to_json() for sent in play.sent("notif.order.paid")}) == 1


async def until_done(play: Stage, one: Any) -> Outcome:
    """Deliver an event until it is acknowledged; a worker that crashed is replaced."""
    for _ in range(5):
        try:
            outcome = await play.give(one)
        except Crash:
            play.cold()
            continue
        if outcome.ok:
            return outcome
    raise AssertionError("it was never acknowledged")


async def test_different_starts_of_one_order_race() -> None:
    """In every order of calls one of two workers wins, and nothing of the other is sent."""
    for order in ORDERS:
        play = stage(Order)
        turns = Turns(order)
        one, two = workers(play, turns)

        found = await turns.run(
            one.handle(placed("o-1", id="a")), two.handle(placed("o-1", id="b"))
        )

        outcomes = sorted(told(outcome) for (outcome,) in found)
        assert outcomes == [("applied", "place"), ("dead", "process-exists")], order
        assert len({e.id for e in play.sent("cmd.stock.reserve")}) == 1, order
        assert {outcome.subject for (outcome,) in found} == {"t.order/1.0.0/o-1"}, order


async def test_the_same_start_races() -> None:
    """In every order of calls: one process, one command."""
    for order in ORDERS:
        play = stage(Order)
        turns = Turns(order)
        one, two = workers(play, turns)

        found = await turns.run(
            one.handle(placed("o-1", id="a")), two.handle(placed("o-1", id="a"))
        )

        assert sorted(outcome.status for (outcome,) in found) == ["applied", "duplicate"], order
        assert len({e.to_json() for e in play.sent()}) == 1, order


async def test_a_start_and_a_payment_race() -> None:
    """In every order of calls the payment is kept by the process, or comes again; never lost."""
    for order in ORDERS:
        play = stage(Order)
        turns = Turns(order)
        one, two = workers(play, turns)
        payment = paid("o-1")

        (begun,), (heard,) = await turns.run(one.handle(placed("o-1")), two.handle(payment))
        if heard.status == "retry":
            heard = await play.give(payment)
        await play.reply("cmd.stock.reserve")

        assert (begun.status, heard.status) == ("applied", "deferred"), order
        assert (await play.record("o-1")).state == "done", order


async def test_two_runtimes_race_on_one_file(tmp_path: Path) -> None:
    """Of fifty orders, each placed by two different events, every one starts once."""
    bus = MemoryBus()
    async with SqliteStore(tmp_path / "s.db") as left, SqliteStore(tmp_path / "s.db") as right:
        crew = [Runtime([Order], store=store, bus=bus) for store in (left, right)]
        orders = [f"o-{number}" for number in range(50)]

        found = await asyncio.gather(
            *(
                worker.handle(*[placed(order, id=f"{order}-{at}") for order in orders])
                for at, worker in enumerate(crew)
            )
        )

    statuses = sorted(sorted(one.status for one in pair) for pair in zip(*found, strict=True))
    assert statuses == [["applied", "dead"]] * 50
    sent = {one.id for one in bus.published if one.type == "cmd.stock.reserve"}
    assert len(sent) == 50


# -- what callers do with outcomes ----------------------------------------------------------


async def test_a_caller_that_publishes_by_itself_confirms() -> None:
    """What an event of a stranger gave rise to can be confirmed by its outcome."""
    play = await unpaid()
    [outcome] = await play.runtime.handle(one := paid("o-1"), publish=False)
    assert [sent.type for sent in outcome.sent] == ["notif.order.paid"]

    await play.runtime.confirm(outcome)

    [again] = await play.runtime.handle(one, publish=False)
    assert (again.status, again.sent) == ("duplicate", ())


async def test_what_is_sent_names_its_cause() -> None:
    """Subject of the process, causation of the stranger's event."""
    play = await unpaid()

    await play.give(paid("o-1", subject="payments/7", id="pay-1"))

    told_of = play.command("notif.order.paid")
    assert told_of.subject == "t.order/1.0.0/o-1"
    assert told_of.extensions["causationid"] == "pay-1"


async def test_a_deleted_process_hears_nothing() -> None:
    """What comes late for it changes nothing, and starts nothing."""
    play = await unpaid()
    await play.runtime.delete("t.order/1.0.0/o-1", force=True)

    assert told(await play.give(paid("o-1"))) == ("ignored", "deleted")


async def test_a_dead_letter_is_redriven() -> None:
    """The event of a stranger is applied after a fix, with its own subject, as any other."""
    play = await unpaid()
    await play.give(paid("o-1", "a lot", subject="payments/7", processid="o-1", id="bad"))  # type: ignore[arg-type]

    class Mended(Order, name="t.order"):
        @on("payment.received", at=Order.unpaid, to=Order.done, process=order_id)
        def paid(self, paid: Loose) -> None:  # type: ignore[override]
            self.cents = len(str(paid.cents))

    play.cold(Mended)
    [outcome] = await play.runtime.redrive("t.order/1.0.0/o-1")

    assert (*told(outcome), outcome.state) == ("applied", "paid", "done")
    assert (await play.memory("o-1"))["cents"] == len("a lot")


@dataclass
class Loose:
    order: str
    cents: int | str


async def test_a_process_at_hand_hears_a_stranger() -> None:
    """It may be sent what its content says is for it, and nothing else."""
    play = await unpaid()

    async with play.runtime.process("t.order/1.0.0/o-1") as process:
        with pytest.raises(InvalidEvent, match=r"it is for t\.order/1\.0\.0/o-2"):
            await process.send(paid("o-2"))
        await process.send(paid("o-1", 3, subject="payments/7"))
        assert process.state == "done"

    assert [told(one) for one in process.outcomes] == [("applied", "paid")]
    assert (await play.memory("o-1"))["cents"] == 3
