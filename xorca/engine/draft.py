"""One commit in the making: a record that is being changed, and what the commit will cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from xorca.dsl.machine import CompiledMachine
from xorca.dsl.orchestrator import Orchestrator, Scene, machine_of, plan_of
from xorca.dsl.plan import Edge, Plan
from xorca.engine.emitting import Emitter
from xorca.engine.ids import identity
from xorca.engine.inbox import Sides, settle_inbox
from xorca.engine.record import Entry, Out, Record, Step, Timer, raw
from xorca.events import Event

TIMER_TYPE = "sys.xorca.timer"
HISTORY = 16


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


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a record and of its parts. Bytes, counts, and seconds."""

    horizon: float = 14 * 86400.0
    defer_for: float = 3600.0
    deferred: int = 100
    kept_body: int = 8_192
    kept_bodies: int = 65_536
    dead: int = 20
    gathered: int = 16_384
    backlog: int = 65_536
    window: int = 100
    cascade: int = 10_000
    skew: float = 1.0


class Arm(msgspec.Struct, frozen=True):
    """A wake-up to be set after the commit."""

    timer: str
    event: Event
    due: datetime


class Draft:
    """A record on its way to the next revision. Everything here is undone by dropping it.

    ``changed`` tells whether there is something to save; ``fresh`` holds the events of this
    commit, ``arms`` and ``disarms`` the wake-ups to set and to take back after it.
    """

    __slots__ = (
        "_emitter", "arms", "at", "changed", "definition", "disarms", "fresh", "index",
        "limits", "mark", "now", "plan", "process_id", "record", "revision", "sides",
    )  # fmt: skip

    def __init__(
        self,
        definition: Definition,
        record: Record,
        now: datetime,
        limits: Limits,
        sides: Sides | None = None,
    ) -> None:
        self.definition = definition
        self.plan: Plan = definition.plan
        self.record = record
        self.now = now
        self.at: float = round(now.timestamp(), 3)
        self.limits = limits
        self.sides: Sides = sides or Sides()
        self.changed = False
        self.revision: int = record.revision + 1
        self.index = 0
        self.fresh: dict[str, Event] = {}
        self.arms: list[Arm] = []
        self.disarms: list[str] = []
        self._emitter: Emitter | None = None
        self.process_id, self.mark = identity(record.subject, record.name, record.incarnation)

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

    def next_id(self) -> str:
        """Give the id of the next emitted event of this commit."""
        emit_id = f"{self.mark}-{self.revision}-{self.index}"
        self.index += 1
        return emit_id

    def send(self, event: Event, entry: Entry) -> None:
        """Put an event into the outbox, as caused by the event that the entry stands for."""
        self.record.outbox[event.id] = Out(self.revision, raw(event.to_json()))
        self.fresh[event.id] = event
        entry.emits.append(event.id)
        self.changed = True

    @property
    def emitter(self) -> Emitter:
        """What makes the events of this commit."""
        if self._emitter is None:
            self._emitter = Emitter(self.record, revision=self.revision, at=self.at)
        return self._emitter

    def write_side(self, body: bytes) -> str:
        """Add a side object of this commit and give its name, which no other of it has.

        Two lists may hold the same items, and each drops what it has read.
        """
        return self.sides.write(body, salt=f"{self.mark}-{self.revision}-{len(self.sides.written)}")

    def known_out(self, emit_id: str) -> None:
        """Drop the body of an event that certainly left; no reason to save by itself.

        What this very commit decided has not left, whatever a reply says.
        """
        if emit_id not in self.fresh:
            self.record.outbox.pop(emit_id, None)

    def note(self, event_type: str) -> None:
        """Add a line to the history."""
        record = self.record
        record.history.append(Step(self.revision, self.at, event_type, record.state))
        if len(record.history) > HISTORY:
            del record.history[:-HISTORY]

    def unnote(self, event_type: str) -> None:
        """Take back the line of an event that was kept for a join and now completes it."""
        history = self.record.history
        if history and history[-1].revision == self.revision and history[-1].event == event_type:
            history.pop()

    def arm(self, edge: Edge) -> None:
        """Set the deadline of an edge, from now."""
        assert edge.delay is not None  # only @after edges come here
        due = self.now + edge.delay
        visit = 0 if edge.whole_life else self.record.visit
        self.record.timers[edge.trigger] = Timer(due.timestamp(), visit)
        self.rearm(edge.trigger)

    def rearm(self, name: str) -> None:
        """Set the wake-up of a timer, once more if need be."""
        timer = self.record.timers[name]
        due = self.now + timedelta(seconds=timer.due - self.at)
        self.arms.append(Arm(name, self.wake_up(name, timer), due))

    def wake_id(self, name: str, timer: Timer) -> str:
        """Give the id of the event that an alarm delivers for a timer."""
        return f"{self.mark}-timer-{timer.visit}-{name}"

    def wake_up(self, name: str, timer: Timer) -> Event:
        """Give the event that an alarm delivers for a timer; the same one every time."""
        record = self.record
        return Event(
            id=self.wake_id(name, timer),
            source=f"/xorca/{record.name}/{record.version}",
            type=TIMER_TYPE,
            subject=record.subject,
            data=b'{"timer":"%b","visit":%d}' % (name.encode(), timer.visit),
            datacontenttype="application/json",
        )

    def disarm(self, names: list[str]) -> None:
        """Forget timers; their wake-ups, should they come, find nothing."""
        for name in names:
            timer = self.record.timers.pop(name)
            self.disarms.append(self.wake_id(name, timer))
        if not self.arms:
            return
        gone = set(self.disarms)
        self.arms = [arm for arm in self.arms if arm.event.id not in gone]

    def finish(self) -> Record:
        """Give the record as it is to be saved."""
        record = self.record
        settle_inbox(record, self.sides, now=self.at, horizon=self.limits.horizon)
        record.revision = self.revision
        record.updated = self.at
        return record
