"""Strangers on the stage of a test."""

from __future__ import annotations

import pytest

from tests.unit.orders import Order, Paid, Placed, order_id
from xorca import Orchestrator, emit, end, on, start
from xorca_contrib.testing import Orchestra, XorcaTestError


class Shop(Orchestrator, name="t.shop"):
    """Tells the world of what it sold."""

    @start(to=end)
    @emit("order.placed")
    def sell(self, what: Placed) -> Placed:
        return what


class Parcels(Orchestrator, name="t.parcels"):
    """Hears the shop alone."""

    @start("order.placed", process=order_id)
    @emit("cmd.parcel.pack")
    def begin(self, what: Placed) -> Placed:
        return what

    @on("evt.parcel.pack.success", to=end)
    def packed(self) -> None: ...


async def test_a_stranger_speaks_to_a_process(orchestra: Orchestra) -> None:
    """An event without a subject of ours is delivered to the process that it is for."""
    orchestra.serve(Order)
    await orchestra.deliver(orchestra.event("order.placed", Placed("o-1")))
    process = orchestra.process(Order, "o-1")
    await process.answer("evt.stock.reserve.success")

    await orchestra.deliver(orchestra.event("payment.received", Paid("o-1", 9), subject="pay/1"))

    assert process.ended
    assert process.memory.cents == 9
    await process.assert_idempotent()


async def test_a_worker_is_lost_over_a_stranger(orchestra: Orchestra) -> None:
    """Its event comes again to another one."""
    orchestra.serve(Order)
    await orchestra.deliver(orchestra.event("order.placed", Placed("o-1")))
    process = orchestra.process(Order)
    await process.answer("evt.stock.reserve.success")

    process.crash(before="save")
    await orchestra.deliver(orchestra.event("payment.received", Paid("o-1")))

    assert process.ended


async def test_one_orchestrator_is_a_stranger_to_another(orchestra: Orchestra) -> None:
    """What one tells goes to the process of the other that it is for."""
    orchestra.serve(Parcels)

    await orchestra.start(Shop, Placed("o-1"))

    assert orchestra.process(Parcels).process_id == "o-1"


async def test_a_stranger_that_nobody_understands(orchestra: Orchestra) -> None:
    """A test is told when what one tells cannot be brought to its process."""
    orchestra.serve(Parcels)

    with pytest.raises(XorcaTestError, match="process-raised"):
        await orchestra.start(Shop, Placed("raises"))


async def test_a_process_is_started_with_its_payload_alone(orchestra: Orchestra) -> None:
    """The process id is what the payload says."""

    class Own(Orchestrator, name="t.own"):
        @start(process=order_id)
        @emit("cmd.stock.reserve")
        def begin(self, what: Placed) -> Placed:
            return what

        @on("evt.stock.reserve.success", to=end)
        def done(self) -> None: ...

    process = await orchestra.start(Own, Placed("o-7"))

    assert process.process_id == "o-7"
