"""An orchestrator that strangers speak to: they know orders, and nothing of its subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.unit.support import event
from xorca import Final, Orchestrator, State, emit, on, start
from xorca.events import Event


@dataclass
class Placed:
    order: str
    sku: str = ""


@dataclass
class Paid:
    order: str
    cents: int = 0


def order_id(what: Placed | Paid) -> str:
    """Give the process that an event of the shop is for."""
    if what.order == "raises":
        raise LookupError("a secret")
    if what.order == "exhausts":
        raise MemoryError
    return what.order


class Order(Orchestrator, name="t.order"):
    """It reserves what was ordered, and then takes the money, which may come early."""

    reserving = State()
    unpaid = State()
    done = Final()

    cents: int = 0

    @start("order.placed", to=reserving, process=order_id)
    @emit("cmd.stock.reserve")
    def place(self, placed: Placed) -> Placed:
        return placed

    @on("evt.stock.reserve.success", to=unpaid)
    def reserved(self) -> None: ...

    @on("payment.received", at=unpaid, to=done, process=order_id)
    @emit("notif.order.paid")
    def paid(self, paid: Paid) -> Paid:
        self.cents = paid.cents
        return paid


def placed(order: Any, *, subject: str | None = None, **options: Any) -> Event:
    """Make the event by which the shop tells of an order."""
    return event("order.placed", {"order": order}, subject=subject, source="/shop", **options)


def paid(order: Any, cents: int = 5, *, subject: str | None = None, **options: Any) -> Event:
    """Make the event by which the bank tells of a payment."""
    data = {"order": order, "cents": cents}
    return event("payment.received", data, subject=subject, source="/bank", **options)
