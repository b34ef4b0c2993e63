"""One commit in the making by the steps of a class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from xorca.dsl.machine import CompiledMachine
from xorca.dsl.orchestrator import Orchestrator, Scene, machine_of, plan_of
from xorca.dsl.plan import Edge, Plan
from xorca.engine.commit import HISTORY, TIMER_TYPE, Arm, Commit, Limits
from xorca.engine.inbox import Sides
from xorca.engine.record import Record, Timer, kept_until
from xorca.events import Event

if TYPE_CHECKING:
    from xorca.engine.tokens import TokenKeys

__all__ = ["HISTORY", "TIMER_TYPE", "Arm", "Commit", "Definition", "Draft", "Limits"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A class with what it was compiled to, and the keys of the tokens that it gives."""

    cls: type[Orchestrator]
    plan: Plan
    machine: CompiledMachine
    tokens: TokenKeys | None = None

    @classmethod
    def of(cls, orchestrator: type[Orchestrator], tokens: TokenKeys | None = None) -> Definition:
        """Take a compiled class; raises ConfigurationError for one without a name."""
        return cls(orchestrator, plan_of(orchestrator), machine_of(orchestrator), tokens)


class Draft(Commit):
    """A commit of a process whose class is at hand, so that its handlers can run."""

    __slots__ = ("acting", "definition", "given", "muted", "plan")
    acting: Edge | None
    """The edge whose handler runs, None while a guard does; not there before the first."""
    given: int
    """How many tokens this commit has given; not there before the first."""
    muted: Event | None
    """The event of which nothing is noted unless it has an effect; there if there was one."""

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
        scene = Scene(self.process_id, record.subject, self.now, event, record.attempt, self)
        object.__setattr__(made, "_scene", scene)
        return made, memory

    def token(self, name: str, expires: timedelta | None, *, whole_life: bool) -> str:
        """Give a token for an event to the handler that runs."""
        from xorca.engine.tokens_given import give_token  # only who gives tokens needs it

        return give_token(self, name, expires=expires, whole_life=whole_life)

    def retain(self) -> None:
        """Note until when the record is kept, now that the process is over."""
        if self.plan.retain is not None:
            self.record.keep_until = kept_until(self.at, self.plan.retain)

    def arm(self, edge: Edge) -> None:
        """Set the deadline of an edge, from now."""
        assert edge.delay is not None  # only @after edges come here
        due = self.now + edge.delay
        visit = 0 if edge.whole_life else self.record.visit
        self.record.timers[edge.trigger] = Timer(due.timestamp(), visit)
        self.rearm(edge.trigger)
