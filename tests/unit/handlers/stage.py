"""Processes of two steps, their services, and rooms to run them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import time

from xorca import Orchestrator, after, emit, end, on, start
from xorca.errors import Unavailable
from xorca.events import Event, from_cloudevent
from xorca.fleet import Fleet
from xorca.ports import Query, Summary
from xorca.providers.channel import Delivery
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryChannel, MemoryStore

Room = MemoryStore | SqliteStore


@dataclass
class Text:
    text: str


class Steps(Orchestrator, name="steps"):
    """One step, another, and the end."""

    text: str = ""

    @start
    @emit("cmd.step.first")
    def first(self, given: Text) -> Text:
        self.text = given.text
        return given

    @on("evt.step.first.success")
    @emit("cmd.step.second")
    def second(self, found: Text) -> Text:
        self.text += found.text
        return found

    @on("evt.step.second.success", to=end)
    @emit("notif.steps.done")
    def done(self, found: Text) -> Text:
        return Text(self.text + found.text)

    @on("evt.*.error", "evt.*.timeout", to=end)
    def failed(self) -> None:
        """End it."""


class Parent(Orchestrator, name="parent"):
    """Asks another orchestrator as it would ask a service."""

    @start
    @emit("cmd.child.run")
    def asking(self, given: Text) -> Text:
        return given

    @on("evt.child.run.success", to=end)
    @emit("notif.parent.done")
    def done(self, found: Text) -> Text:
        return found


class Child(Orchestrator, name="child"):
    """Is asked by a command, and answers with an event."""

    @start("cmd.child.run")
    @emit("cmd.step.first")
    def working(self, given: Text) -> Text:
        return given

    @on("evt.step.first.success", to=end)
    @emit("evt.child.run.success")
    def done(self, found: Text) -> Text:
        return found


class Waiting(Orchestrator, name="waiting"):
    """Asks somebody who is not there, and gives up."""

    @start
    @emit("cmd.nobody.hears")
    def asking(self, given: Text) -> Text:
        return given

    @on("evt.nobody.hears.success", to=end)
    def answered(self) -> None:
        """End it."""

    @after(timedelta(milliseconds=50), to=end)
    @emit("notif.waiting.over")
    def over(self) -> Text:
        return Text("nobody")


def make_services() -> tuple[Fleet, list[str]]:
    """Give a fleet that serves both steps, and the list of what it served."""
    fleet, served = Fleet("/services"), list[str]()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        served.append(f"first {given.text}")
        return Text(given.text + "1")

    @fleet.serves("cmd.step.second")
    async def second(given: Text) -> Text:
        served.append(f"second {given.text}")
        return Text(given.text + "2")

    return fleet, served


def begin(cls: type[Orchestrator], number: int) -> Event:
    """Make the event that starts a process."""
    return from_cloudevent(
        cls.start_event(Text("x"), process_id=f"p-{number}", id=f"s-{number}", source="/tests")
    )


async def summaries(store: Room) -> list[Summary]:
    """Give what the store knows of its processes, up to a hundred."""
    page = await store.list(Query())
    return [item.summary for item in page.items if item.summary is not None]


def make_room(kind: str, folder: Path) -> Room:
    """Give a store of a kind."""
    return MemoryStore() if kind == "memory" else SqliteStore(folder / "state.db")


class FaultyChannel(MemoryChannel):
    """A channel that fails some calls of the verbs named in ``faults``."""

    def __init__(self, *, now: Callable[[], float] = time) -> None:
        super().__init__(now=now)
        self.faults: dict[str, int] = {}

    def _fail(self, verb: str) -> None:
        if self.faults.get(verb, 0) > 0:
            self.faults[verb] -= 1
            raise Unavailable(f"{verb} failed")

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = 30.0
    ) -> list[Delivery]:
        self._fail("receive")
        return await super().receive(group, limit=limit, visibility=visibility)

    async def publish(self, events: Sequence[Event]) -> None:
        self._fail("publish")
        await super().publish(events)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._fail("ack")
        await super().ack(deliveries)

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        self._fail("extend")
        await super().extend(deliveries, visibility=visibility)
