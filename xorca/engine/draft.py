"""One commit in the making by the steps of a class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xorca.dsl.machine import CompiledMachine
from xorca.dsl.orchestrator import Orchestrator, Scene, machine_of, plan_of
from xorca.dsl.plan import Edge, Plan
from xorca.engine.commit import HISTORY, TIMER_TYPE, Arm, Commit, Limits
from xorca.engine.inbox import Sides
from xorca.engine.record import Record, Timer
from xorca.events import Event

__all__ = ["HISTORY", "TIMER_TYPE", "Arm", "Commit", "Definition", "Draft", "Limits"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A class with what it was compiled to."""

    cls: type[Orchestrator]
    plan: Plan
    machine: CompiledMachine

    @classmethod
    def of(cls, orchestrator: type[Orchestrator]) -> Definition:
        """Take a compiled class; raises ConfigurationError for one without a name."""
        return cls(orchestrator, plan_of(orchestrator), machine_of(orchestrator))


class Draft(Commit):
    """A commit of a process whose class is at hand, so that its handlers can run."""

    __slots__ = ("definition", "plan")

    def __init__(
        self,
        definition: Definition,
        record: Record,
        now: datetime,
        limits: Limits,
        sides: Sides | None = None,
    ) -> None:
        Commit.__init__(self, record, now, limits, sides)
        self.definition = definition
        self.plan: Plan = definition.plan

    def instance(self, event: Event) -> tuple[Orchestrator, dict[str, Any]]:
        """Give a fresh object with the memory of the process, and that memory's dictionary."""
        cls, record = self.definition.cls, self.record
        made = cls.__new__(cls)
        memory = vars(made)
        codec = self.plan.memory.codec
        memory.update(codec.decode(record.memory))
        if len(memory) < len(codec.names):
            for name, value in cls._fresh().items():  # pyright: ignore[reportPrivateUsage]
                memory.setdefault(name, value)
        scene = Scene(self.process_id, record.subject, self.now, event, record.attempt)
        object.__setattr__(made, "_scene", scene)
        return made, memory

    def arm(self, edge: Edge) -> None:
        """Set the deadline of an edge, from now."""
        assert edge.delay is not None  # only @after edges come here
        due = self.now + edge.delay
        visit = 0 if edge.whole_life else self.record.visit
        self.record.timers[edge.trigger] = Timer(due.timestamp(), visit)
        self.rearm(edge.trigger)
