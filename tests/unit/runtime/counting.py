"""An orchestrator that shows what was lost or doubled: it counts, and sends every count."""

from __future__ import annotations

from tests.unit.support import Number, Stage, Text, data_of, event
from xorca import Orchestrator, emit, end, on, start, stay
from xorca.events import Event


class Counter(Orchestrator, name="t.counter"):
    """It adds what it hears, and tells the sum each time."""

    total: int = 0
    seen: list[int] = []

    @start
    @emit("cmd.count.begin")
    def counting(self) -> Text:
        return Text("")

    @on("evt.number.said", at=counting, to=stay)
    @emit("notif.total")
    def add(self, number: Number) -> Number:
        if number.value == 13:
            raise ValueError("unlucky")
        if number.value == 99:
            raise MemoryError
        if number.value == 98:
            raise RecursionError
        self.total += number.value
        self.seen.append(number.value)
        return Number(self.total)

    @on("evt.count.begin.success", to=end)
    def done(self) -> None: ...


def number(value: int, *, pid: str = "p", id: str | None = None) -> Event:
    """Make an event that adds a number."""
    subject = f"t.counter/1.0.0/{pid}"
    return event("evt.number.said", Number(value), subject=subject, id=id or f"n{value}-{pid}")


def totals(play: Stage) -> list[int]:
    """Give every total that was sent, each id once, in order of first sending."""
    first: dict[str, int] = {}
    for one in play.sent("notif.total"):
        value = data_of(one)["value"]
        assert first.setdefault(one.id, value) == value
    return list(first.values())
