"""A small stage for processes: a store, a bus and a clock, and the events that go between."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from xorca import Orchestrator, Outcome, Runtime
from xorca.engine.ids import storage_key
from xorca.engine.record import Record, unseal
from xorca.events import Event
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Limits

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
_numbers = itertools.count()


@dataclass
class Text:
    """A payload of one text."""

    text: str


@dataclass
class Number:
    """A payload of one number."""

    value: int


class HandClock:
    """A clock that stands still; sleeping moves it."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> datetime:
        """Give the time that was set."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


def event(
    name: str,
    data: Any = None,
    *,
    subject: str | None,
    id: str | None = None,
    source: str = "/service",
    cause: str | None = None,
    time: str | None = None,
    **extensions: Any,
) -> Event:
    """Make an event; without an id it gets one of its own."""
    if cause is not None:
        extensions["causationid"] = cause
    return Event(
        id=id or f"event-{next(_numbers)}",
        source=source,
        type=name,
        subject=subject,
        time=time,
        data=None if data is None else msgspec.json.encode(data),
        datacontenttype="application/json",
        extensions=extensions,
    )


def answer(
    command: Event,
    data: Any = None,
    verdict: str = "success",
    *,
    id: str | None = None,
    causation: bool = True,
) -> Event:
    """Answer a command as a service does: same subject, and its id as the causation."""
    name = f"evt.{command.type[4:]}.{verdict}"
    cause = command.id if causation else None
    return event(name, data, subject=command.subject, id=id, cause=cause)


def starting(cls: type[Orchestrator], payload: Any = None, pid: str = "p", **options: Any) -> Event:
    """Make the start event of a class, as ``handle`` reads it."""
    from xorca.runtime.core import read_any

    return read_any(cls.start_event(payload, process_id=pid, **options))


@dataclass
class Stage:
    """Classes on a Runtime over memory rooms, with a clock set by hand."""

    classes: tuple[type[Orchestrator], ...]
    store: Any = field(default_factory=MemoryStore)
    bus: Any = field(default_factory=MemoryBus)
    clock: HandClock = field(default_factory=HandClock)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.runtime = self.worker()

    def worker(self, *classes: type[Orchestrator]) -> Runtime:
        """Give a Runtime that remembers nothing, over the same store and bus."""
        return Runtime(
            classes or self.classes,
            store=self.store,
            bus=self.bus,
            alarm=getattr(self.store, "alarm", None),
            clock=self.clock,
            limits=self.limits,
        )

    def cold(self, *classes: type[Orchestrator]) -> None:
        """Go on with a worker that remembers nothing."""
        self.runtime = self.worker(*classes)

    async def start(self, payload: Any = None, pid: str = "p", **options: Any) -> Outcome:
        """Start a process of the first class."""
        return await self.give(starting(self.classes[0], payload, pid, **options))

    async def give(self, one: Event) -> Outcome:
        """Handle one event."""
        (outcome,) = await self.runtime.handle(one)
        return outcome

    async def say(self, name: str, data: Any = None, pid: str = "p", **options: Any) -> Outcome:
        """Handle an event for a process of the first class that answers no command."""
        return await self.give(event(name, data, subject=self.subject(pid), **options))

    async def reply(self, name: str, data: Any = None, verdict: str = "success") -> Outcome:
        """Answer the last command of a name."""
        return await self.give(answer(self.command(name), data, verdict))

    def subject(self, pid: str = "p") -> str:
        """Give the subject of a process of the first class."""
        plan = self.classes[0].__xorca_plan__
        assert plan is not None
        return f"{plan.name}/{plan.version}/{pid}"

    def command(self, name: str) -> Event:
        """Give the last published event of a name."""
        return self.sent(name)[-1]

    def sent(self, name: str | None = None) -> list[Event]:
        """Give what was published, of one name or all, duplicates included."""
        return [one for one in self.bus.published if name is None or one.type == name]

    def names(self) -> list[str]:
        """Give the names of what was published, in order."""
        return [one.type for one in self.bus.published]

    def key(self, pid: str = "p") -> str:
        """Give the storage key of a process of the first class."""
        plan = self.classes[0].__xorca_plan__
        assert plan is not None
        return storage_key(plan.name, pid)

    async def body(self, pid: str = "p") -> bytes:
        """Give the stored bytes of a process."""
        stored = await self.store.load(self.key(pid))
        assert stored is not None
        return bytes(stored.body)

    async def record(self, pid: str = "p") -> Record:
        """Give the stored record of a process."""
        return unseal(await self.body(pid))

    async def memory(self, pid: str = "p") -> dict[str, Any]:
        """Give the stored memory of a process."""
        record = await self.record(pid)
        return msgspec.json.decode(bytes(record.memory))  # type: ignore[no-any-return]


def stage(*classes: type[Orchestrator], **options: Any) -> Stage:
    """Give a stage for some classes."""
    return Stage(classes, **options)


def told(outcome: Outcome) -> tuple[str, str]:
    """Give status and reason, which most tests are about."""
    return outcome.status, outcome.reason


def data_of(one: Event) -> Any:
    """Give the data of an event as plain values."""
    return None if one.data is None else msgspec.json.decode(one.data)
