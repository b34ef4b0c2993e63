"""Processes to break and mend: an order that is asked for, with what can go wrong in it."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.support import Text
from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, on, start

broken: set[str] = set()
"""The handlers that raise, as before a fix is deployed."""


def work(name: str) -> None:
    """Raise while the handler of this name is broken."""
    if name in broken:
        raise ValueError(name)


class Order(Orchestrator, name="t.order"):
    """It asks for a price, then for two things at once, and may give up."""

    notes: list[str] = []

    asking = State()
    packing = State()
    done = Final()
    late = Final()

    @start(to=asking)
    @emit("cmd.price.get")
    def begin(self) -> Text:
        work("begin")
        return Text("how much")

    @on("evt.price.get.success", at=asking, to=packing)
    @emit("cmd.box.get", "cmd.label.get")
    def priced(self, price: Text) -> tuple[Text, Text]:
        work("priced")
        self.notes += [price.text]
        return Text("box"), Text("label")

    @on("evt.bell.rang", at=anywhere)
    @emit("notif.bell")
    def rang(self, bell: Text) -> Text:
        work("rang")
        self.notes += [bell.text]
        return bell

    @on("evt.stamp.came", at=packing)
    def stamped(self) -> None:
        self.notes += ["stamp"]

    @on(all_of("evt.box.get.success", "evt.label.get.success"), at=packing, to=done)
    @emit("notif.packed")
    def packed(self, box: Text, label: Text) -> Text:
        work("packed")
        return Text(f"{box.text} {label.text}")

    @after(timedelta(minutes=10), at=asking, to=asking)
    @emit("cmd.price.get")
    def slow(self) -> Text:
        work("slow")
        return Text("again")

    @after(timedelta(hours=2), to=late)
    @emit("notif.late")
    def too_late(self) -> Text:
        work("too_late")
        return Text("late")
