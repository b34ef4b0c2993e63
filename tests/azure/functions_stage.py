"""A function app of one orchestrator, with rooms that can be turned off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import azure.functions as func

from tests.azure.host import Host
from tests.unit.support import HandClock
from xorca import Orchestrator, emit, end, on, start, stay
from xorca.errors import PublishFailed, Unavailable
from xorca.events import Event
from xorca.handlers.azure_functions import blueprint
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Runtime

STRUCTURED = "application/cloudevents+json"


@dataclass
class Item:
    name: str


class Basket(Orchestrator, name="shop.basket"):
    """Collect items, and end with the check-out."""

    items: int = 0

    @start("cmd.basket.open", process=lambda item: item.name)
    @emit("cmd.shelf.reserve")
    def opened(self, item: Item) -> Item:
        return item

    @on("evt.basket.added", at=opened, to=stay)
    def added(self, item: Item) -> None:
        if item.name == "poison":
            raise ValueError("nobody can take this")
        self.items += 1

    @on("evt.shelf.reserve.success", to=end)
    @emit("notif.basket.done")
    def done(self, item: Item) -> Item:
        return Item(f"{item.name}:{self.items}")


class SwitchedStore:
    """A MemoryStore that is away while it is off, and counts its loads and saves."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        self.limit = self.inner.limit
        self.off = False
        self.loads = self.saves = 0

    def _check(self) -> None:
        if self.off:
            raise Unavailable("the store is away")

    async def load(self, key: str) -> Stored | None:
        self._check()
        self.loads += 1
        return await self.inner.load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        self._check()
        self.saves += 1
        return await self.inner.save(key, body, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        self._check()
        return await self.inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        self._check()
        await self.inner.delete(key, expect=expect)


class SwitchedBus(MemoryBus):
    """A bus that takes nothing while it is off."""

    off = False

    async def publish(self, events: Sequence[Event]) -> None:
        if self.off:
            raise PublishFailed("the bus is away", failed=tuple(event.id for event in events))
        await super().publish(events)

    def types(self) -> list[str]:
        return [event.type for event in self.published]

    def letters(self) -> list[Any]:
        """Give the data of the dead letters."""
        found = [event for event in self.published if event.type == "sys.xorca.deadletter"]
        return [event.payload() for event in found]


class NotingClock(HandClock):
    """A clock that stands still, and notes for how long somebody slept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


class Stage:
    """A hosted app with every trigger, unless others are asked for."""

    def __init__(self, **options: Any) -> None:
        self.store, self.bus, self.clock = SwitchedStore(), SwitchedBus(), NotingClock()
        self.runtime = Runtime([Basket], store=self.store, bus=self.bus, clock=self.clock)
        wanted: dict[str, Any] = {
            "event_grid": True,
            "service_bus": "events",
            "storage_queue": "events",
            "http": "events",
            "sweep": "0 */5 * * * *",
            "pause": 0.0,
            **options,
        }
        app = func.FunctionApp()
        app.register_functions(blueprint(self.runtime, **wanted))
        self.host = Host(app)

    @classmethod
    def with_http_alone(cls) -> Self:
        """Give a stage whose runtime has no bus."""
        stage = cls()
        app = func.FunctionApp()
        app.register_functions(blueprint(Basket, store=stage.store, http="events"))
        stage.host = Host(app)
        return stage

    async def items(self, process: str = "a") -> int:
        """Give how many items a basket has."""
        found = await self.runtime.describe(f"shop.basket/1.0.0/{process}")
        assert found is not None
        return int(found.memory["items"])


def event(name: str, item: str, id: str, *, process: str | None = "a") -> dict[str, Any]:
    """Give an event as a JSON object; with a process it carries the subject of its basket."""
    members = {
        "specversion": "1.0",
        "id": id,
        "source": "/tests",
        "type": name,
        "data": {"name": item},
    }
    return members if process is None else {**members, "subject": f"shop.basket/1.0.0/{process}"}


def opening(process: str = "a") -> dict[str, Any]:
    return event("cmd.basket.open", process, f"open-{process}", process=None)


def adding(id: str, item: str = "pear", process: str = "a") -> dict[str, Any]:
    return event("evt.basket.added", item, id, process=process)


def body(members: Any) -> bytes:
    return json.dumps(members).encode()
