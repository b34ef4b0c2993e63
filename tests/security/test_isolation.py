"""One bad event, or one noisy process, stops no other (T17)."""

from __future__ import annotations

import pytest

from tests.security.programs import Order, Purchase
from tests.unit.support import event, stage, starting, told
from xorca import Orchestrator, end, start
from xorca.engine.ids import storage_key


class Poison(Orchestrator, name="sec.poison"):
    """It raises what the item says."""

    @start(to=end)
    def begin(self, order: Order) -> None:
        if order.item == "memory":
            raise MemoryError
        if order.item == "recursion":
            raise RecursionError
        if order.item != "good":
            raise ValueError(order.item)


@pytest.mark.parametrize(
    ("item", "verdict"),
    [
        ("bad", ("dead", "handler-raised")),
        ("memory", ("retry", "resources")),
        ("recursion", ("retry", "resources")),
    ],
)
async def test_the_good_ones_of_a_batch_are_done(item: str, verdict: tuple[str, str]) -> None:
    """Good, poison, good: only the poison is dead-lettered, or must come again."""
    play = stage(Poison)
    batch = [starting(Poison, Order(one), pid) for pid, one in (("a", "good"), ("b", item))]
    batch.append(starting(Poison, Order("good"), "c"))

    outcomes = await play.runtime.handle(*batch)

    assert [told(one) for one in outcomes] == [
        ("applied", "begin"),
        verdict,
        ("applied", "begin"),
    ]


async def test_a_poison_event_blocks_not_its_own_process() -> None:
    """The events behind it are applied, in the same batch and after it."""
    play = stage(Purchase)
    await play.start(Order("x"))
    bad = event("evt.bank.pay.success", {"no": 1}, subject=play.subject())
    good = event("evt.bank.pay.success", {"receipt": "r"}, subject=play.subject())

    outcomes = await play.runtime.handle(bad, good)

    assert [told(one) for one in outcomes] == [("dead", "payload"), ("applied", "paid")]


async def test_a_damaged_record_stops_no_other_process() -> None:
    """Its events must come again; those of others in the batch are done."""
    play = stage(Purchase)
    for pid in "abc":
        await play.start(Order("x"), pid)
    key = storage_key("sec.purchase", "b")
    stored = await play.store.load(key)
    await play.store.save(key, stored.body[:-9] + b"x" + stored.body[-8:], expect=stored.tag)
    play.cold()

    outcomes = await play.runtime.handle(
        *(
            event("evt.bank.pay.success", {"receipt": pid}, subject=play.subject(pid))
            for pid in "abc"
        )
    )

    assert [told(one) for one in outcomes] == [
        ("applied", "paid"),
        ("retry", "record"),
        ("applied", "paid"),
    ]


async def test_a_noisy_process_stops_no_other() -> None:
    """A thousand junk events for one, in one batch with one for another."""
    play = stage(Purchase)
    for pid in "ab":
        await play.start(Order("x"), pid)
    junk = [event("evt.cat.fed", subject=play.subject("a")) for _ in range(1_000)]
    good = event("evt.bank.pay.success", {"receipt": "r"}, subject=play.subject("b"))

    outcomes = await play.runtime.handle(*junk, good)

    assert {one.status for one in outcomes[:-1]} == {"dead"}
    assert told(outcomes[-1]) == ("applied", "paid")
