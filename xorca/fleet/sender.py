"""Who sends: the source of a fleet's events, and the clock that stamps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xorca.engine.emitting import rfc3339, trace_of
from xorca.events import Event
from xorca.ports import Clock


@dataclass(frozen=True, slots=True)
class Sender:
    """The source of what is sent, and its clock.

    ``trace`` is the trace context that is sent; empty for that of the event at hand.
    """

    source: str
    clock: Clock
    trace: Mapping[str, str] = field(default_factory=dict[str, str])

    def time(self) -> str:
        """Give the present as events carry it."""
        return rfc3339(self.clock.now().timestamp())

    def caused_by(self, event: Event) -> dict[str, str | int | bool]:
        """Give the extensions of what an event causes: its trace context and causation."""
        return {**(self.trace or trace_of(event)), "causationid": event.id}
