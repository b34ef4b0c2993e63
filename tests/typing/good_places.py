"""``at=``, ``to=`` and ``when=`` in every spelling, and handlers that are inherited."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from payloads import CHARGE, CHARGED, FAILED, Failure, Order, Receipt

from xorca import (
    Final,
    Orchestrator,
    State,
    after,
    anywhere,
    emit,
    end,
    on,
    start,
    stay,
)


class Places(Orchestrator, name="typing.places"):
    """Every spelling of a place and of a guard."""

    one = State()
    two = State()
    done = Final()

    def is_large(self, receipt: Receipt) -> bool:
        return receipt.number > 1

    def is_patient(self) -> bool:
        return self.attempt < 3

    def is_any(self, payload: object) -> bool:
        return payload is not None

    @start(to=one)
    @emit(CHARGE)
    def begin(self, order: Order) -> Order:
        return order

    @on(CHARGED, at=one, to=two, when=is_large)
    def large(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=two, when=is_patient)
    def a_guard_of_self_alone(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=two, when=lambda self, receipt: receipt.number > 1)
    def large_too(self, receipt: Receipt) -> None: ...

    @on(CHARGED, FAILED, at=(one, two), to="done", when=is_any)
    def tuple_of_states(self, got: Receipt | Failure) -> None: ...

    @on(CHARGED, FAILED, at=one, when=lambda self, got: isinstance(got, Receipt))
    def lambda_of_either(self, got: Receipt | Failure) -> None: ...

    @on("evt.a.b.success", at=[one, "two", begin], to=end, when=is_large)
    def list_of_places(self, receipt: Receipt) -> None: ...

    @on("evt.a.c.success", at=begin, to=stay, early="ignore")
    def at_a_method(self, receipt: Receipt) -> None: ...

    @on("evt.a.d.success", at=anywhere, to=begin, early="reject")
    def to_a_method(self, receipt: Receipt) -> None: ...

    @after(timedelta(days=1), at=(one, two), to=done)
    def too_late(self) -> None: ...


class Heir(Places, name="typing.heir"):
    """Handlers are inherited, and may be written anew."""

    @on(CHARGED, at=Places.one, to=Places.done, when=Places.is_large)
    def large(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=Places.begin, to=Places.done)
    def again(self, receipt: Receipt) -> int:
        return receipt.number


def keeps_its_signature(heir: Heir) -> None:
    """What is inherited keeps its type."""
    assert_type(heir.begin(order=Order("a", 1)), Order)
    assert_type(heir.again(receipt=Receipt(1)), int)
    heir.large(receipt=Receipt(1))
