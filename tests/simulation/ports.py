"""The simulated ports of one worker: every call takes its time and may go wrong."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tests.simulation.faults import Fault
from tests.simulation.loop import Parked
from xorca.errors import Conflict, PublishFailed, RecordTooLarge, Unavailable
from xorca.events import Event
from xorca.ports import Listed, Page, Query, Stored, Summary, WakeUp
from xorca.providers.listing import matches

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
BEGIN_SECONDS = BEGIN.timestamp()
LATE = 40.0


class Wire:
    """The way from one worker to a port: takes time, loses things, kills the worker."""

    def __init__(self, world: World, worker: int) -> None:
        self.world, self.worker = world, worker
        self.loop = world.loop
        self.upset: dict[str, float] = {}

    async def call(
        self, verb: str, about: str, execute: Callable[[], Any], refuse: Any = Conflict
    ) -> Any:
        """Make a call of a port as the plan has it."""
        world = self.world
        if self.loop.is_over:
            raise asyncio.CancelledError
        fault = world.next_fault(self.worker, verb, about)
        await self.loop.pause(world.latency(), Parked(self.worker, verb, about))
        if fault is None:
            try:
                return execute()
            except Conflict:
                self.upset[about] = self.loop.now
                raise
        self.upset[about] = self.loop.now
        return await self._faulty(fault, execute, refuse)

    async def _faulty(self, fault: Fault, execute: Callable[[], Any], refuse: Any) -> Any:
        world = self.world
        if fault == "crash-before":
            await self._die()
        if fault in ("lost-request", "throttle"):
            raise Unavailable(f"simulated: {fault}")
        if fault == "late-request":
            self.loop.after(world.latency() * 20, lambda: _quietly(execute))
            raise Unavailable("simulated: late-request")
        if fault == "conflict":
            raise refuse("simulated: conflict")
        if fault == "pause":
            await self.loop.wait(LATE + 20 * world.random.random())
            return execute()
        execute()
        if fault == "crash-after":
            await self._die()
        if fault == "lost-response":
            raise Unavailable("simulated: lost-response")
        return execute()  # the SDK asks again, and its second answer counts

    async def _die(self) -> None:
        self.world.kill(self.worker)
        await self.loop.create_future()  # nothing of this worker goes on


def _quietly(execute: Callable[[], Any]) -> None:
    with suppress(Conflict):
        execute()


class Disk:
    """What is stored: one for the whole world, and atomic."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Stored, Summary | None]] = {}
        self.writes = 0


class SimStore:
    """A worker's Store over the common disk."""

    def __init__(self, wire: Wire, *, limit: int = 1_000_000) -> None:
        self.wire, self.limit = wire, limit
        self.disk, self.ledger = wire.world.disk, wire.world.ledger

    async def load(self, key: str) -> Stored | None:
        """Read the newest body."""
        return await self.wire.call("load", key, lambda: self._load(key))  # type: ignore[no-any-return]

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still that."""
        if len(body) > self.limit:
            raise RecordTooLarge("simulated: too large")
        return await self.wire.call("save", key, lambda: self._save(key, body, expect, summary))  # type: ignore[no-any-return]

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove."""
        await self.wire.call("delete", key, lambda: self._delete(key, expect))

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys."""
        return await self.wire.call("list", query.prefix, lambda: self._list(query, after, limit))  # type: ignore[no-any-return]

    def _load(self, key: str) -> Stored | None:
        row = self.disk.rows.get(key)
        if key.startswith("_fleet/"):
            self.wire.world.served.loaded(self.wire.worker, key, found=row is not None)
        return None if row is None else row[0]

    def _save(self, key: str, body: bytes, expect: str | None, summary: Summary | None) -> str:
        self._compare(key, expect)
        disk = self.disk
        disk.writes += 1
        disk.rows[key] = (Stored(bytes(body), f"t{disk.writes}"), summary)
        if key[0] == "_":
            self.ledger.side(key, body)
        else:
            self.ledger.committed(key, body, self.wire.loop.now)
        return f"t{disk.writes}"

    def _delete(self, key: str, expect: str | None) -> None:
        if expect is not None:
            self._compare(key, expect)
        if self.disk.rows.pop(key, None) is not None and key[0] != "_":
            self.ledger.removed(key, self.wire.loop.now + BEGIN_SECONDS)

    def _compare(self, key: str, expect: str | None) -> None:
        row = self.disk.rows.get(key)
        if (None if row is None else row[0].tag) != expect:
            raise Conflict("simulated: somebody was quicker")

    def _list(self, query: Query, after: str, limit: int) -> Page:
        keys = sorted(self.disk.rows)
        found: list[Listed] = []
        for key in keys[bisect_right(keys, after) :]:
            if key.startswith(query.prefix) and matches(query, self.disk.rows[key][1]):
                if len(found) == limit:
                    return Page(tuple(found), found[-1].key)
                found.append(Listed(key, self.disk.rows[key][1]))
        return Page(tuple(found), None)


class SimBus:
    """A worker's Bus."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def publish(self, events: Sequence[Event]) -> None:
        """Send; some of it only, where the fault is so."""
        emit = self.wire.world.ledger.emits.get(events[0].id)
        about = emit.life.key if emit is not None else events[0].subject or ""

        def partly(message: str) -> PublishFailed:
            self._send(events[: len(events) // 2])
            return PublishFailed(message, failed=tuple(e.id for e in events[len(events) // 2 :]))

        await self.wire.call("publish", about, lambda: self._send(events), partly)

    def _send(self, events: Sequence[Event]) -> None:
        for event in events:
            self.wire.world.take(self.wire.worker, event)


class SimAlarm:
    """A worker's Alarm."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver at a time, or a little later."""
        await self.wire.call("set", event.subject or "", lambda: self.arm(event, due), Unavailable)

    def arm(self, event: Event, due: datetime) -> None:
        """Do so."""
        self.wire.world.arm(event, (due - BEGIN).total_seconds())

    async def ride(
        self, wake_ups: Sequence[WakeUp], commit: Callable[[Callable[[], None]], Awaitable[T]]
    ) -> T:
        """Have a commit of the store set wake-ups."""

        def set_all() -> None:
            for event, due in wake_ups:
                self.arm(event, due)

        return await commit(set_all)

    async def cancel(self, event_id: str) -> None:
        """Forget, perhaps."""
        await self.wire.call(
            "cancel", event_id, lambda: self.wire.world.disarm(event_id), Unavailable
        )


class SimArmingStore(SimStore):
    """A worker's Store that sets the wake-ups of its alarm in the commit of a save."""

    save = SimStore.save

    def __init__(self, wire: Wire, alarm: SimAlarm, *, limit: int) -> None:
        super().__init__(wire, limit=limit)
        self.alarm = alarm

    async def save_arming(
        self,
        key: str,
        body: bytes,
        wake_ups: Sequence[WakeUp],
        *,
        expect: str | None,
        summary: Summary | None = None,
    ) -> str:
        """Save and set, or neither."""
        if len(body) > self.limit:
            raise RecordTooLarge("simulated: too large")

        async def commit(set_all: Callable[[], None]) -> str:
            def both() -> str:
                self.ledger.arming = {event.id for event, _ in wake_ups}
                try:
                    tag = self._save(key, body, expect, summary)
                finally:
                    self.ledger.arming = set()
                set_all()
                return tag

            return await self.wire.call("save", key, both)  # type: ignore[no-any-return]

        return await self.alarm.ride(wake_ups, commit)


class SimClock:
    """A worker's clock, wrong by some seconds."""

    def __init__(self, world: World, *, skew: float) -> None:
        self.loop, self.skew = world.loop, skew
        self._sleeps = world.sleeps

    def now(self) -> datetime:
        """Give the time."""
        return BEGIN + timedelta(seconds=self.loop.now + self.skew)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if self._sleeps:
            await self.loop.wait(seconds)
