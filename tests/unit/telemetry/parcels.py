"""A process that sends a parcel, with the stage on which it is watched."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from tests.unit.support import HandClock
from xorca import Final, Orchestrator, Runtime, State, emit, on, start
from xorca.events import Event
from xorca.fleet import Call, Fleet
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Limits
from xorca.telemetry import MemoryTelemetry, Telemetry

SECRET = "hunter2-4711-0815"
TRACE_ID, SPAN_ID = "ab" * 16, "cd" * 8
CONTEXT = f"00-{TRACE_ID}-{SPAN_ID}-01"

broken: list[str] = []
"""For whom nothing can be packed until that is mended."""


@dataclass
class Parcel:
    to: str

    def __post_init__(self) -> None:
        if self.to.startswith("nowhere"):
            raise ValueError(f"no address: {self.to}")


class Sending(Orchestrator, name="t.sending"):
    """It packs, ships what was packed, and is done when that has arrived."""

    packing = State()
    shipping = State()
    done = Final()
    to: str = ""

    @start(to=packing)
    @emit("cmd.parcel.pack")
    def begin(self, parcel: Parcel) -> Parcel:
        if parcel.to.startswith("raises") or parcel.to in broken:
            raise RuntimeError(f"cannot pack for {parcel.to}")
        self.to = parcel.to
        return parcel

    @on("evt.parcel.pack.success", at=packing, to=shipping)
    @emit("cmd.parcel.ship", "notif.parcel.packed")
    def packed(self) -> tuple[Parcel, Parcel]:
        return Parcel(self.to), Parcel(self.to)

    @on("evt.parcel.arrived", at=shipping, to=done)
    @emit("notif.parcel.sent")
    def arrived(self, parcel: Parcel) -> Parcel:
        if parcel.to.startswith("raises"):
            raise RuntimeError(f"cannot find {parcel.to}")
        return parcel


@dataclass
class Depot:
    """A store and a bus that several workers share, and what they told."""

    store: Any = field(default_factory=MemoryStore)
    bus: Any = field(default_factory=MemoryBus)
    clock: HandClock = field(default_factory=HandClock)
    told: MemoryTelemetry = field(default_factory=MemoryTelemetry)

    def worker(self, telemetry: Telemetry | None = None, **limits: Any) -> Runtime:
        """Give a worker that remembers nothing, watched by what the depot has."""
        return Runtime(
            [Sending],
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            limits=Limits(**limits),
            telemetry=self.told if telemetry is None else telemetry,
        )

    def last(self, name: str) -> Event:
        """Give the last published event of a name."""
        return [one for one in self.bus.published if one.type == name][-1]


def packers(telemetry: Telemetry | None = None, **options: Any) -> Fleet:
    """Give the services that pack and ship."""
    fleet = Fleet("/srvc/parcels", telemetry=telemetry, **options)

    @fleet.serves("cmd.parcel.pack")
    async def pack(parcel: Parcel, call: Call) -> None:
        call.emit("notif.parcel.wrapped")
        if parcel.to.startswith("breaks"):
            raise RuntimeError(f"cannot wrap {parcel.to}")

    @fleet.observes("notif.parcel.*")
    async def hear(parcel: Parcel | None) -> None:
        if parcel is not None and parcel.to.startswith("breaks"):
            raise RuntimeError(f"cannot hear {parcel.to}")

    return fleet


def handled(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    """Give the fields of the entries that tell of a handled event."""
    return [vars(one) for one in records if vars(one).get("what") == "event.handled"]
