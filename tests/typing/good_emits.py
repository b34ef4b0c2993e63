"""A method returns what it emits: a value, None for no event, a list for a fan-out."""

from __future__ import annotations

from typing import assert_type

from payloads import BOUGHT, CHARGE, CHARGED, FAILED, PACKED, Failure, Order, Parcel, Receipt

from xorca import Orchestrator, emit, end, on, start


class Emits(Orchestrator, name="typing.emits"):
    """Every way to emit."""

    @start
    @emit(CHARGE)
    def one(self, order: Order) -> Order:
        return order

    @start("cmd.a.b")
    @emit(CHARGE)
    def conditional(self, order: Order) -> Order | None:
        return order if order.cents else None

    @start("cmd.a.c")
    @emit(CHARGE)
    def fan_out(self, order: Order) -> list[Order]:
        return [order, order]

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED)
    def two(self, receipt: Receipt) -> tuple[Receipt, Failure]:
        return receipt, Failure("none")

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED)
    def either(self, receipt: Receipt) -> tuple[Receipt | None, Failure | None]:
        return receipt, None

    @on(CHARGED, to=end)
    @emit(CHARGE, FAILED)
    def fan_out_and_one(self, receipt: Receipt) -> tuple[list[Order], Failure]:
        return [Order("a", receipt.number)], Failure("none")

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED, PACKED)
    def three(self, receipt: Receipt) -> tuple[Receipt, Failure | None, Parcel]:
        return receipt, None, {"weight": 1.0}

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED, PACKED, CHARGE)
    def four(self, receipt: Receipt) -> tuple[Receipt, Failure, Parcel, list[Order]]:
        return receipt, Failure(""), {"weight": 1.0}, []

    @emit(BOUGHT)
    @on(CHARGED, to=end)
    def other_order(self, receipt: Receipt) -> Receipt:
        return receipt

    @on(CHARGED, to=end)
    @emit("notif.a.b")
    def text(self, receipt: Receipt) -> int:
        return receipt.number

    @on(CHARGED, to=end)
    @emit("notif.a.b", "notif.a.c")
    def two_texts(self, receipt: Receipt) -> tuple[int, str]:
        return receipt.number, ""

    @on(CHARGED, to=end)
    @emit(BOUGHT, "notif.a.c")
    def mixed(self, receipt: Receipt) -> tuple[Receipt, str]:
        return receipt, ""

    @on(CHARGED, to=end)
    @emit("notif.a", "notif.b", "notif.c", "notif.d", "notif.e", "notif.f")
    def six(self, receipt: Receipt) -> tuple[int, int, int, int, int, int]:
        return 1, 2, 3, 4, 5, receipt.number


def keeps_its_return_type(process: Emits) -> None:
    """A decorated method returns what it says, not what its topics would allow."""
    assert_type(process.one(Order("a", 1)), Order)
    assert_type(process.conditional(order=Order("a", 1)), Order | None)
    assert_type(process.fan_out(order=Order("a", 1)), list[Order])
    assert_type(process.two(receipt=Receipt(1)), tuple[Receipt, Failure])
    assert_type(process.either(Receipt(1)), tuple[Receipt | None, Failure | None])
    assert_type(process.fan_out_and_one(Receipt(1)), tuple[list[Order], Failure])
    assert_type(process.other_order(receipt=Receipt(1)), Receipt)
    assert_type(process.text(receipt=Receipt(1)), int)
    assert_type(process.two_texts(Receipt(1)), tuple[int, str])
    assert_type(process.mixed(Receipt(1)), tuple[Receipt, str])
