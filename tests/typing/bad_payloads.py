"""A payload that is not the topic's is refused."""

from __future__ import annotations

from datetime import timedelta

from payloads import BUY, CHARGED, FAILED, RUSH, RUSHED, Failure, Order, Receipt, UrgentOrder

from xorca import Orchestrator, after, end, on, start


class Payloads(Orchestrator, name="typing.bad.payloads"):
    """Every way to take a wrong payload."""

    @start(BUY)
    def begin(self, receipt: Receipt) -> None: ...  # E: payload of another topic

    @start(BUY)
    def begin_many(self, orders: list[Order]) -> None: ...  # E: a process has one start event

    @start(BUY)
    def begin_twice(self, order: Order, other: Order) -> None: ...  # E: one payload

    @start
    def bare(self, order: Order, other: Order) -> None: ...  # E: one payload

    @start(RUSH)
    def begin_wide(self, order: Order) -> None: ...

    @on(CHARGED, to=end)
    def other(self, order: Order) -> None: ...  # E: payload of another topic

    @on(BUY, to=end)
    def narrower(self, order: UrgentOrder) -> None: ...  # E: the topic promises less

    @on(CHARGED, to=end)
    def others(self, orders: list[Order]) -> None: ...  # E: list of another payload

    @on(CHARGED, FAILED, to=end)
    def half(self, receipt: Receipt) -> None: ...  # E: the failure is not taken

    @on(CHARGED, FAILED, RUSHED, to=end)
    def two_thirds(self, got: Receipt | Failure) -> None: ...  # E: the order is not taken

    @on(CHARGED, to=end)
    @on(FAILED, to=end)
    def stacked(self, receipt: Receipt) -> None: ...  # E: the failure is not taken

    @on(CHARGED, to=end)
    def two(self, receipt: Receipt, more: Receipt) -> None: ...  # E: one payload

    @on("evt.card.charge.success", to=end)
    def two_by_text(self, receipt: Receipt, more: Receipt) -> None: ...  # E: one payload

    @after(timedelta(hours=1), to=end)
    def late(self, receipt: Receipt) -> None: ...  # E: a deadline has no payload

    @on(CHARGED, to=end)
    def good(self, receipt: Receipt) -> int:
        return receipt.number


def called_wrongly(process: Payloads) -> None:
    """A decorated method is still checked where it is called."""
    process.good(receipt=Receipt(1))
    process.good(receipt=Order("a", 1))  # E: payload of another topic
    process.good()  # E: the payload is missing
    process.begin_wide(order=Receipt(1))  # E: payload of another topic
