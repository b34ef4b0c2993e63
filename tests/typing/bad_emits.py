"""A return value that is not what the names promise is refused."""

from __future__ import annotations

from payloads import BOUGHT, CHARGE, CHARGED, FAILED, PACKED, Failure, Order, Parcel, Receipt

from xorca import Orchestrator, emit, end, on, start


class Emits(Orchestrator, name="typing.bad.emits"):
    """Every way to emit something else."""

    @start
    @emit(CHARGE)
    def other(self, order: Order) -> Receipt:  # E: payload of another topic
        return Receipt(order.cents)

    @start
    @emit(CHARGE)
    def others(self, order: Order) -> list[Receipt]:  # E: list of another payload
        return [Receipt(order.cents)]

    @start
    @emit(CHARGE)
    async def later(self, order: Order) -> Order:  # E: handlers are synchronous
        return order

    @start
    @emit(CHARGE)
    def too_many(self, order: Order) -> tuple[Order, Order]:  # E: one name, one value
        return order, order

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED)
    def swapped(self, receipt: Receipt) -> tuple[Failure, Receipt]:  # E: the order of the names
        return Failure(""), receipt

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED)
    def too_few(self, receipt: Receipt) -> Receipt:  # E: two names need a tuple
        return receipt

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED)
    def three_for_two(  # E: two names, three values
        self, receipt: Receipt
    ) -> tuple[Receipt, Failure, Failure]:
        return receipt, Failure(""), Failure("")

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED, PACKED)
    def third(self, receipt: Receipt) -> tuple[Receipt, Failure, Failure]:  # E: the third
        return receipt, Failure(""), Failure("")

    @on(CHARGED, to=end)
    @emit(BOUGHT, FAILED, PACKED, CHARGE)
    def fourth(self, receipt: Receipt) -> tuple[Receipt, Failure, Parcel, Receipt]:  # E: the fourth
        return receipt, Failure(""), {"weight": 1.0}, receipt

    @on(CHARGED, to=end)
    @emit("cmd.one", "cmd.two")
    def one_for_two_texts(self, receipt: Receipt) -> Receipt:  # E: two names need a tuple
        return receipt

    @on(CHARGED, to=end)
    @emit(BOUGHT, "cmd.two")
    def three_for_mixed(self, receipt: Receipt) -> tuple[int, int, int]:  # E: two names
        return 1, 2, receipt.number

    @on(CHARGED, to=end)
    @emit("cmd.one", "cmd.two", "cmd.three")
    def two_for_three_texts(self, receipt: Receipt) -> tuple[int, int]:  # E: three names
        return 1, receipt.number
