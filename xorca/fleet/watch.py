"""Watching the events of a fleet: who wants to know is told when one is done."""

from __future__ import annotations

import logging
from collections.abc import Container
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from xorca.events import Event
from xorca.runtime.handling import Handling
from xorca.runtime.outcome import Outcome
from xorca.runtime.telling import Who, count, count_letters, tell, tell_loud
from xorca.runtime.watch import abandon, context_of, end_span, event_attributes
from xorca.telemetry.lines import log

if TYPE_CHECKING:
    from xorca.ports import Bus
    from xorca.telemetry.guarded import Guarded
    from xorca.telemetry.hook import Telemetry


class FleetWatch:
    """What a fleet tells of its events; ``served`` are the commands that it answers."""

    def __init__(self, name: str, served: Container[str], telemetry: Telemetry | None) -> None:
        self._who: Who = {"fleet": name}
        self._served = served
        self._telemetry: Guarded | None = None
        if telemetry is not None:
            from xorca.telemetry.guarded import Guarded

            self._telemetry = Guarded(telemetry)

    def bus(self, bus: Bus | None) -> Bus | None:
        """Give a bus that is watched, where there is telemetry."""
        if self._telemetry is None or bus is None:
            return bus
        from xorca.runtime.watched_rooms import WatchedBus

        return WatchedBus(bus, self._telemetry, who=self._who)

    def begin(self, event: Event) -> Handling | None:
        """Begin to watch an event; None if nobody wants to know."""
        if self._telemetry is None:
            return Handling() if log.isEnabledFor(logging.INFO) else None
        verb = "serve" if event.type in self._served else "observe"
        attributes = {**event_attributes(event), "xorca.fleet": self._who["fleet"]}
        name = f"xorca.{verb} {event.type}"
        return Handling(self._telemetry.span(name, context_of(event), attributes))

    def seen(self) -> Handling | None:
        """Begin to watch an event that is for others: it has no span."""
        return Handling() if log.isEnabledFor(logging.INFO) else None

    def current(self, handling: Handling | None) -> AbstractContextManager[None]:
        """Be the span of an event for a block, so that those of its service are under it."""
        return nullcontext() if handling is None else handling.current()

    def told(self, outcome: Outcome, handling: Handling | None = None) -> Outcome:
        """Tell what became of an event, and give its outcome back."""
        if self._telemetry is not None:
            count(self._telemetry, outcome, self._who, handling)
            count_letters(self._telemetry, outcome, self._who, handling)
            self._count_answer(self._telemetry, outcome)
        if handling is None:
            tell_loud(outcome, self._who)
            return outcome
        tell(outcome, self._who, handling)
        end_span(outcome, handling)
        return outcome

    def abandon(self, handling: Handling | None, exc: BaseException) -> None:
        """End the span of an event that was broken off."""
        abandon((handling,), exc)

    def flush(self) -> None:
        """Write what was gathered."""
        if self._telemetry is not None:
            self._telemetry.flush()

    def _count_answer(self, telemetry: Guarded, outcome: Outcome) -> None:
        event = outcome.raw
        if event is None or event.type not in self._served:
            return
        if outcome.status != "applied" or not outcome.sent:
            return
        from xorca.telemetry import names

        answer = outcome.sent[-1].type.rpartition(".")[2]
        told = {**self._who, "command": event.type, "answer": answer}
        telemetry.count(names.COMMANDS, 1, told)
