"""A join takes every part in the order of its names, or nothing."""

from __future__ import annotations

from typing import assert_type

from payloads import (
    BOUGHT,
    CHARGED,
    FAILED,
    PACKED,
    RUSHED,
    Failure,
    Parcel,
    Receipt,
    UrgentOrder,
)

from xorca import Final, Orchestrator, State, all_of, on


class Joins(Orchestrator, name="typing.joins"):
    """Every way to join."""

    waiting = State()
    done = Final()

    def both_good(self, receipt: Receipt, parcel: Parcel) -> bool:
        return receipt.number > 0 and parcel["weight"] > 0

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def two(self, receipt: Receipt, parcel: Parcel) -> Receipt:
        return receipt

    @on(all_of(CHARGED, PACKED), at=waiting, to=done, when=both_good)
    def two_guarded(self, receipt: Receipt, parcel: Parcel) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def conditional(self, receipt: Receipt | None, parcel: Parcel | None) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def fan_out_first(self, receipts: list[Receipt], parcel: Parcel) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def fan_out_last(self, receipt: Receipt, parcels: list[Parcel]) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def fan_outs(self, receipts: list[Receipt], parcels: list[Parcel]) -> None: ...

    @on(all_of(CHARGED, PACKED), at=waiting, to=done)
    def nothing_taken(self) -> None: ...

    @on(all_of(CHARGED, PACKED, FAILED), at=waiting, to=done)
    def three(self, receipt: Receipt, parcel: Parcel, failure: Failure) -> str:
        return failure.reason

    @on(all_of(CHARGED, PACKED, FAILED), at=waiting, to=done)
    def three_with_list(
        self, receipt: Receipt, parcels: list[Parcel], failure: Failure
    ) -> None: ...

    @on(all_of(CHARGED, PACKED, FAILED, RUSHED), at=waiting, to=done)
    def four(
        self, receipt: Receipt, parcel: Parcel, failure: Failure, order: UrgentOrder
    ) -> None: ...

    @on(all_of(CHARGED, PACKED, FAILED, RUSHED, BOUGHT), at=waiting, to=done)
    def five(
        self,
        receipt: Receipt,
        parcel: Parcel,
        failure: Failure,
        order: UrgentOrder,
        bought: Receipt,
    ) -> None: ...

    @on(all_of("evt.a.b.success", "evt.a.c.success"), at=waiting, to=done)
    def texts(self, receipt: Receipt, parcel: Parcel) -> Parcel:
        return parcel

    @on(all_of(CHARGED, "evt.a.c.success"), at=waiting, to=done)
    def mixed(self, receipt: Receipt, parcel: Parcel) -> None: ...

    @on(all_of("evt.a", "evt.b", "evt.c", "evt.d", "evt.e", "evt.f"), at=waiting, to=done)
    def six(self, a: int, b: int, c: int, d: int, e: int, f: int) -> None: ...

    @on(CHARGED, all_of(CHARGED, PACKED), to=done)
    def join_beside_a_name(self) -> None: ...

    @on(all_of(CHARGED, PACKED), CHARGED, to=done)
    def name_beside_a_join(self) -> None: ...

    @on("evt.a", CHARGED, all_of(CHARGED, PACKED), to=done)
    def join_beside_names(self) -> None: ...


def keeps_its_signature(process: Joins) -> None:
    """A join is called like any other method."""
    assert_type(process.two(receipt=Receipt(1), parcel={"weight": 1.0}), Receipt)
    assert_type(process.three(Receipt(1), {"weight": 1.0}, failure=Failure("")), str)
    assert_type(process.texts(Receipt(1), {"weight": 1.0}), Parcel)
    process.conditional(None, None)
