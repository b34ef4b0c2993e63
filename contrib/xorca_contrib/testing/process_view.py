"""A process as a test sees it: what it is, what it sent, what it remembers.

``Any`` stands for payloads, which may be of any type.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from xorca.dsl.plan import Plan
from xorca.engine.ids import parse_subject
from xorca.engine.record import ENDED, Record, Step, unseal
from xorca.engine.routing import Registry
from xorca.events import Event, read_event
from xorca.runtime import Outcome
from xorca_contrib.testing.awaiting import awaited_names
from xorca_contrib.testing.clock import VirtualClock
from xorca_contrib.testing.errors import XorcaTestError
from xorca_contrib.testing.story import Line, shown, told
from xorca_contrib.testing.views import DeadLetter, MemoryView, PayloadReader, Sent


class ProcessView:
    """One process, read from what is stored and never from a handler's object."""

    def __init__(self, body: bytes, clock: VirtualClock) -> None:
        self._clock = clock
        self._record: Record = unseal(body)
        self._plan: Plan | None = None
        self._lines: list[Line] = []
        self._bodies: list[bytes] = []
        self._sent: list[Sent] = []
        self._steps: list[Step] = []
        self._ids: dict[str, str] = {}
        self._errors: dict[str, Exception] = {}

    # -- what it is -------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of its orchestrator."""
        return self._record.name

    @property
    def version(self) -> str:
        """The version that it is on."""
        return self._record.version

    @property
    def subject(self) -> str:
        """``<name>/<version>/<process id>``."""
        return self._record.subject

    @property
    def process_id(self) -> str:
        """Its id, unique among the processes of its orchestrator's name."""
        parts = parse_subject(self._record.subject)
        return parts.process_id if parts is not None else ""

    @property
    def state(self) -> str:
        """The state that it is in; empty if its start failed."""
        return self._record.state

    @property
    def ended(self) -> bool:
        """Whether it has come to a final state."""
        return self._record.status == ENDED

    @property
    def memory(self) -> MemoryView:
        """Its attributes as they are stored."""
        return MemoryView(**self._known_plan().memory.codec.decode(bytes(self._record.memory)))

    # -- what it did ------------------------------------------------------------

    @property
    def sent(self) -> list[Sent]:
        """The pairs (name, payload) of all that it sent since its start, in order.

        What was sent again after a crash is there once; what tells of dead letters is in
        ``dead``.
        """
        return list(self._sent)

    @property
    def awaited(self) -> list[str]:
        """The commands that nobody has answered yet, each as often as it was sent."""
        return awaited_names(self._record)

    @property
    def timers(self) -> dict[str, timedelta]:
        """How long each ``@after`` handler still has to wait."""
        now = self._clock.now().timestamp()
        plan = self._known_plan()
        left: dict[str, timedelta] = {}
        for trigger, timer in sorted(self._record.timers.items(), key=lambda item: item[1].due):
            handler = plan.timers[trigger].handler
            left.setdefault(handler, timedelta(seconds=round(timer.due - now, 3)))
        return left

    @property
    def deferred(self) -> list[str]:
        """The names of events that came early and wait for their state."""
        return [read_event(bytes(early.event)).type for early in self._record.deferred]

    @property
    def dead(self) -> list[DeadLetter]:
        """Its dead letters, each with what the handler raised."""
        return [
            DeadLetter(dead.type, dead.reason, dead.cause, self._errors.get(dead.key))
            for dead in self._record.dead
        ]

    @property
    def history(self) -> list[tuple[str, str]]:
        """The pairs (event name, state after it) of all that was recorded, in order."""
        return [(step.event, step.state) for step in self._steps]

    @property
    def story(self) -> str:
        """All of it as text, with the tracebacks of handlers that raised."""
        record = self._record
        where = f"{'ended' if self.ended else record.status} at {record.state!r}"
        ending = f"memory {shown(vars(self.memory))}, awaited {shown(self.awaited)}"
        title = f"{self.subject}: {where}"
        return told(title, self._lines, since=self._clock.began, ending=ending)

    def __str__(self) -> str:
        return self.story

    def __repr__(self) -> str:
        return f"<Process {self.subject} {'ended' if self.ended else 'is'} at {self.state!r}>"

    # -- for the stage ------------------------------------------------------

    def refresh(self, body: bytes, registry: Registry) -> None:
        """Take what is stored now."""
        self._record = unseal(body)
        definition = registry.definition(self._record.name, self._record.version)
        self._plan = definition.plan if definition is not None else None
        last = self._steps[-1].revision if self._steps else 0
        self._steps += [step for step in self._record.history if step.revision > last]

    def take(
        self,
        outcome: Outcome,
        body: bytes | str,
        fresh: Sequence[Event],
        *,
        remark: str = "",
    ) -> list[Any]:
        """Note a delivery and what it made the process send; give the payloads of that."""
        reader = PayloadReader(self._known_plan())
        payloads = [reader.read(event, outcome.reason) for event in fresh]
        sent = [
            Sent(event.type, payload)
            for event, payload in zip(fresh, payloads, strict=True)
            if not event.type.startswith("sys.xorca.")
        ]
        if outcome.raw is not None and outcome.error is not None:
            self._errors[outcome.raw.key] = outcome.error
        self._ids |= {event.id.partition("-")[2]: event.id for event in fresh}
        self._sent += sent
        self._bodies.append(body.encode() if isinstance(body, str) else body)
        self._lines.append(Line(self._clock.now(), outcome, tuple(sent), remark))
        return payloads

    def _known_plan(self) -> Plan:
        if self._plan is None:
            raise XorcaTestError(
                f"{self.subject} is on a version that is not served: orchestra.serve(...) it"
            )
        return self._plan
