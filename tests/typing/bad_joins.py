"""A join that does not take its parts, each in its place, is refused."""

from __future__ import annotations

from payloads import CHARGED, FAILED, PACKED, RUSHED, Failure, Order, Parcel, Receipt

from xorca import Orchestrator, all_of, end, on


class Joins(Orchestrator, name="typing.bad.joins"):
    """Every way to join wrongly."""

    @on(all_of(CHARGED, PACKED), to=end)
    def one(self, receipt: Receipt) -> None: ...  # E: two parts

    @on(all_of(CHARGED, PACKED), to=end)
    def swapped(self, parcel: Parcel, receipt: Receipt) -> None: ...  # E: the order of the names

    @on(all_of(CHARGED, PACKED), to=end)
    def three(self, receipt: Receipt, parcel: Parcel, more: Parcel) -> None: ...  # E: two parts

    @on(all_of(CHARGED, PACKED), to=end)
    def other(self, receipt: Receipt, order: Order) -> None: ...  # E: payload of another topic

    @on(all_of(CHARGED, PACKED), to=end)
    def lists(self, receipts: list[Parcel], parcel: Parcel) -> None: ...  # E: another payload

    @on(all_of(CHARGED, PACKED, FAILED), to=end)
    def two(self, receipt: Receipt, parcel: Parcel) -> None: ...  # E: three parts

    @on(all_of(CHARGED, PACKED, FAILED, RUSHED), to=end)
    def fourth(  # E: the fourth
        self, receipt: Receipt, parcel: Parcel, failure: Failure, last: Receipt
    ) -> None: ...

    @on(all_of("evt.a.b.success", "evt.a.c.success"), to=end)
    def one_of_two_texts(self, receipt: Receipt) -> None: ...  # E: two parts

    @on(all_of(all_of(CHARGED, PACKED), FAILED), to=end)  # E: joins are not nested
    def nested(self, receipt: Receipt, parcel: Parcel) -> None: ...
