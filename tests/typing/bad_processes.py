"""A function that cannot find a process by the payload is refused."""

from __future__ import annotations

from datetime import timedelta

from payloads import BUY, CHARGED, FAILED, PACKED, Failure, Order, Parcel, Receipt

from xorca import Final, Orchestrator, State, after, all_of, on, start


def order_of(order: Order) -> str:
    return order.sku


def cents_of(order: Order) -> int:
    return order.cents


def number_of(receipt: Receipt) -> int:
    return receipt.number


def receipt_of(receipt: Receipt) -> str:
    return str(receipt.number)


def maybe_of(receipt: Receipt) -> str | None:
    return str(receipt.number) or None


async def late_of(receipt: Receipt) -> str:
    return str(receipt.number)


def of_two(one: Receipt, other: Receipt) -> str:
    return str(one.number + other.number)


class Processes(Orchestrator, name="typing.bad.processes"):
    """Every function that finds no process."""

    one = State()
    done = Final()

    def method_of(self, receipt: Receipt) -> str:
        return str(receipt.number)

    @start(BUY, to=one, process=cents_of)  # E: an id is a text
    def number(self, order: Order) -> None: ...

    @start(BUY, to=one, process=receipt_of)  # E: of another payload
    def other(self, order: Order) -> None: ...

    @start("order.placed", to=one, process="order_of")  # E: it is called
    def text(self, order: Order) -> None: ...

    @start("order.placed", to=one, process=of_two)  # E: it is called with the payload alone
    def two(self, order: Order) -> None: ...

    @on(CHARGED, at=one, to=done, process=number_of)  # E: an id is a text
    def numbered(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=order_of)  # E: of another payload
    def other_payload(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=maybe_of)  # E: every event has its process
    def perhaps(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=late_of)  # E: it decides at once
    def late(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=of_two)  # E: it is called with the payload alone
    def twice(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=method_of)  # E: there is no self yet
    def selfish(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, process=lambda receipt: receipt.cents)  # E: no such field
    def no_field(self, receipt: Receipt) -> None: ...

    @on(CHARGED, FAILED, at=one, to=done, process=receipt_of)  # E: the failure is not taken
    def half(self, got: Receipt | Failure) -> None: ...

    @on("payment.*", at=one, to=done, process=number_of)  # E: an id is a text, always
    def pattern(self, receipt: Receipt) -> None: ...

    @on(all_of(CHARGED, PACKED), at=one, to=done, process=number_of)  # E: an id is a text
    def joined(self, receipt: Receipt, parcel: Parcel) -> None: ...

    @after(timedelta(hours=1), at=one, to=done, process=order_of)  # E: a deadline has no content
    def too_late(self) -> None: ...
