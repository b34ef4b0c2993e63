"""A handler takes the payload of its topics, something wider, a list of them, or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_type

from payloads import (
    BOUGHT,
    BUY,
    CHARGED,
    FAILED,
    PACKED,
    RUSHED,
    Failure,
    Order,
    Parcel,
    Receipt,
    UrgentOrder,
)

from xorca import Final, Orchestrator, State, after, anywhere, end, on, start, stay


class Payloads(Orchestrator, name="typing.payloads", version="2.0.0"):
    """Every way to take a payload."""

    waiting = State()
    done = Final()

    total: int = 0

    @start(BUY, to=waiting, on_existing="ignore")
    def begin(self, order: Order) -> None:
        assert_type(order.cents, int)

    @start(BUY, to=waiting)
    def begin_blind(self) -> None: ...

    @on(CHARGED, at=waiting, to=done)
    def charged(self, receipt: Receipt) -> int:
        return receipt.number

    @on(CHARGED, at=waiting, to=done, first=True, early="defer")
    def nothing_taken(self) -> str:
        return "taken"

    @on(CHARGED, at=waiting, to=done)
    def all_charged(self, receipts: list[Receipt]) -> int:
        return sum(receipt.number for receipt in receipts)

    @on(CHARGED, each=True)
    def each_charged(self, receipt: Receipt) -> None:
        self.total += receipt.number

    @on(PACKED, at=waiting, to=done)
    def packed(self, parcel: Parcel) -> float:
        assert_type(parcel["weight"], float)
        return parcel["weight"]

    @on(RUSHED, at=waiting, to=done)
    def wider_class(self, order: Order) -> str:
        return order.sku

    @on(RUSHED, at=waiting, to=done)
    def widest(self, order: object) -> None: ...

    @on(RUSHED, at=waiting, to=done)
    def unchecked(self, order: Any) -> None: ...

    @on(CHARGED, at=waiting, to=done)
    def optional(self, receipt: Receipt | None) -> None: ...

    @on(CHARGED, FAILED, at=waiting, to=done)
    def either(self, answer: Receipt | Failure) -> Receipt | Failure:
        return assert_type(answer, Receipt | Failure)

    @on(CHARGED, FAILED, PACKED, at=waiting, to=done)
    def one_of_three(self, answer: Receipt | Failure | Parcel) -> None: ...

    @on(CHARGED, FAILED, PACKED, RUSHED, at=waiting, to=done)
    def one_of_four(self, answer: Receipt | Failure | Parcel | UrgentOrder) -> None: ...

    @on(CHARGED, FAILED, PACKED, RUSHED, BOUGHT, at=waiting, to=done)
    def one_of_five(self, answer: Receipt | Failure | Parcel | UrgentOrder) -> None: ...

    @on(CHARGED, at=waiting, to=done)
    @on(FAILED, at=waiting, to=done)
    def stacked(self, answer: Receipt | Failure) -> None: ...

    @on("evt.card.charge.success", at=waiting, to=done)
    def text(self, receipt: Receipt) -> Receipt:
        return receipt

    @on("evt.*.error", "evt.*.timeout", to=end)
    def texts(self, why: Failure) -> None: ...

    @on(CHARGED, "evt.other.thing.success", to=stay)
    def mixed(self, receipt: Receipt) -> None: ...

    @on("evt.card.charge.success", to=stay)
    def text_blind(self) -> None: ...

    @after(timedelta(minutes=5), at=anywhere, to=done)
    def too_late(self) -> Failure:
        return Failure("silence")

    @after(timedelta(minutes=5))
    @on("evt.card.charge.timeout", to=stay)
    def late_or_silent(self) -> None: ...


class Bare(Orchestrator, name="typing.bare"):
    """A start without a name."""

    @start
    def begin(self, order: Order) -> Order:
        return order

    @start
    def begin_blind(self) -> None: ...

    @start(to="waiting")
    def begin_elsewhere(self, order: Order) -> None: ...

    @start("cmd.order.buy")
    def begin_by_text(self, order: Order) -> None: ...


def keeps_its_signature(process: Payloads, bare: Bare) -> None:
    """A decorated method is called like any other, by position and by name."""
    assert_type(process.charged(Receipt(1)), int)
    assert_type(process.charged(receipt=Receipt(1)), int)
    assert_type(Payloads.charged(process, receipt=Receipt(1)), int)
    assert_type(process.nothing_taken(), str)
    assert_type(process.all_charged(receipts=[Receipt(1)]), int)
    assert_type(process.wider_class(order=Order("a", 1)), str)
    assert_type(process.either(Failure("no")), Receipt | Failure)
    assert_type(process.text(receipt=Receipt(1)), Receipt)
    assert_type(process.too_late(), Failure)
    assert_type(bare.begin(order=Order("a", 1)), Order)
    process.stacked(answer=Receipt(1))
    process.stacked(answer=Failure("no"))
    process.optional(None)
