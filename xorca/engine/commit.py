"""A record that is being changed, and what the commit of it will cause; no class is needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import msgspec

from xorca.engine.emitting import Emitter
from xorca.engine.ids import identity
from xorca.engine.inbox import Sides, settle_inbox
from xorca.engine.record import Entry, Out, Record, Step, Timer, raw
from xorca.errors import ConfigurationError
from xorca.events import Event

TIMER_TYPE = "sys.xorca.timer"
HISTORY = 16
_LEAST = {"window": 1, "cascade": 1}


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a record and of its parts. Bytes, counts, and seconds.

    Raises:
        ConfigurationError: one is no number, or below what can be worked with.
    """

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
    noise: int = 200
    noise_window: float = 3600.0

    def __post_init__(self) -> None:
        given: dict[str, object] = asdict(self)
        for name, value in given.items():
            least = _LEAST.get(name, 0)
            if type(value) not in (int, float) or not value >= least:  # type: ignore[operator]
                raise ConfigurationError(
                    f"Limits({name}={value!r}) is no number of at least {least}:"
                    " write a number, or leave it out"
                )


def noted(now: datetime) -> float:
    """Give a time as records note it, so that what was just saved is never in the future."""
    return round(now.timestamp() * 1000) / 1000  # a third of what rounding to 3 places costs


class Arm(msgspec.Struct, frozen=True):
    """A wake-up to be set after the commit."""

    timer: str
    event: Event
    due: datetime


class Commit:
    """A record on its way to the next revision. Everything here is undone by dropping it.

    ``changed`` tells whether there is something to save; ``fresh`` holds the events of this
    commit, ``arms`` and ``disarms`` the wake-ups to set and to take back after it. ``trace`` is
    what is emitted carries as its trace context, in place of that of the event that caused it.
    """

    __slots__ = (
        "_emitter", "arms", "at", "changed", "disarms", "fresh", "index", "limits", "mark",
        "now", "process_id", "record", "revision", "sides", "trace",
    )  # fmt: skip

    def __init__(
        self, record: Record, now: datetime, limits: Limits, sides: Sides | None = None
    ) -> None:
        self.record = record
        self.now = now
        self.at: float = noted(now)
        self.limits = limits
        self.sides: Sides = sides or Sides()
        self.changed = False
        self.revision: int = record.revision + 1
        self.index = 0
        self.fresh: dict[str, Event] = {}
        self.arms: list[Arm] = []
        self.disarms: list[str] = []
        self._emitter: Emitter | None = None
        self.trace: dict[str, str] | None = None
        self.process_id, self.mark = identity(record.subject, record.name, record.incarnation)

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

    def rearm(self, name: str, *, later: float = 0.0) -> None:
        """Set the wake-up of a timer, once more if need be, so many seconds after it is due."""
        timer = self.record.timers[name]
        due = self.now + timedelta(seconds=timer.due - self.at + later)
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

    def disarm_visit(self, visit: int) -> None:
        """Forget the timers of a visit that is over."""
        timers = self.record.timers
        self.disarm([name for name, timer in timers.items() if timer.visit == visit])

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
