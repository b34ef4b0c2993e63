"""``process=`` takes a function of the payload, or of something wider, that gives a text."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NewType, assert_type

from payloads import BUY, CHARGED, FAILED, PACKED, Failure, Order, Parcel, Receipt

from xorca import Final, Orchestrator, State, all_of, anywhere, on, start

OrderId = NewType("OrderId", str)


def order_of(order: Order) -> str:
    return order.sku


def typed_order_of(order: Order) -> OrderId:
    return OrderId(order.sku)


def receipt_of(receipt: Receipt) -> str:
    return str(receipt.number)


def either_of(what: Receipt | Failure) -> str:
    return what.reason if isinstance(what, Failure) else str(what.number)


def whatever(what: object) -> str:
    return repr(what)


def part_of(what: Receipt | Parcel) -> str:
    return str(what)


class Processes(Orchestrator, name="typing.processes"):
    """Every spelling of a function that finds a process."""

    waiting = State()
    done = Final()

    @staticmethod
    def number_of(receipt: Receipt) -> str:
        return str(receipt.number)

    @start(BUY, to=waiting, process=order_of, on_existing="ignore")
    def by_topic(self, order: Order) -> int:
        return order.cents

    @start(BUY, to=waiting, process=typed_order_of)
    def by_a_type_of_ids(self, order: Order) -> None: ...

    @start(BUY, to=waiting, process=lambda order: order.sku)
    def by_lambda(self, order: Order) -> None: ...

    @start("order.placed", to=waiting, process=order_of)
    def by_text(self, order: Order) -> None: ...

    @start("order.placed", to=waiting, process=attrgetter("sku"))
    def by_getter(self, order: Order) -> None: ...

    @start(to=waiting, process=order_of)
    def by_itself(self, order: Order) -> None: ...

    @on(CHARGED, at=waiting, to=done, process=receipt_of)
    def charged(self, receipt: Receipt) -> int:
        return receipt.number

    @on(CHARGED, at=waiting, to=done, process=whatever)
    def charged_wider(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=waiting, to=done, process=number_of)
    def charged_static(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=waiting, to=done, process=lambda receipt: str(receipt.number))
    def charged_lambda(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=waiting, to=done, process=receipt_of)
    def charged_blind(self) -> None: ...

    @on(CHARGED, FAILED, at=anywhere, to=done, process=either_of)
    def either(self, got: Receipt | Failure) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done, process=part_of)
    def joined(self, receipt: Receipt, parcel: Parcel) -> None: ...

    @on("payment.*", at=waiting, to=done, process=receipt_of)
    def by_pattern(self, receipt: Receipt) -> None: ...


def keeps_its_signature(processes: Processes, payload: Any) -> None:
    """A handler keeps its type."""
    assert_type(processes.by_topic(order=Order("a", 1)), int)
    assert_type(processes.charged(receipt=Receipt(1)), int)
    processes.by_text(payload)
