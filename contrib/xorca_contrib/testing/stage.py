"""Workers, what they keep, and the processes that come of it.

Events go in as bytes of structured JSON, as from any broker. ``Any`` stands for payloads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from cloudevents.core.v1.event import CloudEvent

from xorca import Orchestrator
from xorca.engine.ids import parse_subject, storage_key
from xorca.engine.routing import Refusal
from xorca.events import Event, from_cloudevent
from xorca.providers.memory import MemoryAlarm
from xorca.runtime import Outcome, Runtime, TokenKeys
from xorca_contrib.testing.clock import VirtualClock
from xorca_contrib.testing.making import Deliverable
from xorca_contrib.testing.process import Process
from xorca_contrib.testing.rooms import FragileStore, Fuse, Point, WatchedBus, WorkerLost
from xorca_contrib.testing.story import Line

TOKENS = TokenKeys({"test": b"a key that nobody need keep from a test"})
"""The keys of continuation tokens on a stage; a handler may give some as anywhere."""


class Stage:
    """One worker at a time over one store; ``queue`` is what was sent and not yet looked at.

    ``cast`` makes the Process of a record that is seen for the first time.
    """

    def __init__(self, clock: VirtualClock, cast: Callable[[bytes], Process]) -> None:
        self.queue: deque[tuple[Event, Any]] = deque()
        self.processes: dict[str, Process] = {}
        self.elsewhere: list[Line] = []
        self._clock = clock
        self._cast = cast
        self._fuse = Fuse()
        self._bus = WatchedBus(self._fuse)
        self._store = FragileStore(self._fuse)
        self._classes: list[type[Orchestrator]] = []
        self._runtime: Runtime | None = None

    @property
    def alarm(self) -> MemoryAlarm:
        """Where the deadlines wait."""
        return self._store.alarm

    @property
    def sent_count(self) -> int:
        """How many different events were sent by all processes."""
        return self._bus.count

    def serve(self, *classes: type[Orchestrator]) -> None:
        """Make classes known; a worker that runs is replaced by one that knows them."""
        new = [cls for cls in dict.fromkeys(classes) if cls not in self._classes]
        if new:
            self._classes += new
            self._runtime = None

    def crash(self, before: Point | None) -> None:
        """Lose the worker now, or before the next save or publish."""
        if before is None:
            self._runtime = None
        self._fuse.point = before

    def serves(self, event: Event) -> bool:
        """Tell whether an event is for one of the classes, or for a process of theirs."""
        route = self._worker().registry.route(event)
        return not isinstance(route, Refusal) or (route.status != "foreign" and route.name != "")

    def process_of(self, outcome: Outcome) -> Process | None:
        """Give the process that an outcome is about, None if there is none."""
        key = _key(outcome)
        return None if key is None else self.processes.get(key)

    async def hand_over(self, given: Deliverable) -> Outcome:
        """Give an event to the worker; if that is lost over it, to another one."""
        body = given if isinstance(given, bytes | str) else _event(given).to_json()
        remark = ""
        try:
            (outcome,) = await self._worker().handle(body)
        except WorkerLost as lost:
            self._runtime = None
            (outcome,) = await self._worker().handle(body)
            remark = f"the worker was lost before its {lost}; the event came again"
        await self._note(outcome, body, remark)
        return outcome

    async def resume(self, token: str, payload: Any) -> Outcome:
        """Let somebody bring a continuation token; what comes of it is noted like an event."""
        outcome = await self._worker().resume(token, payload)
        if outcome.raw is not None:
            await self._note(outcome, outcome.raw.to_json(), "")
        return outcome

    def _worker(self) -> Runtime:
        if self._runtime is None:
            self._runtime = Runtime(
                self._classes,
                store=self._store,
                bus=self._bus,
                alarm=self._store.alarm,
                clock=self._clock,
                random=Random(0),
                tokens=TOKENS,
            )
        return self._runtime

    async def _note(self, outcome: Outcome, body: bytes | str, remark: str) -> None:
        fresh = self._bus.take_fresh()
        process = await self._refreshed(outcome)
        if process is None:
            self.elsewhere.append(Line(self._clock.now(), outcome, remark=remark))
            self.queue.extend((event, event.payload()) for event in fresh)
            return
        payloads = process.take(outcome, body, fresh, remark=remark)
        self.queue.extend(zip(fresh, payloads, strict=True))

    async def _refreshed(self, outcome: Outcome) -> Process | None:
        key = _key(outcome)
        stored = None if key is None else await self._store.load(key)
        if key is None or stored is None:
            return None
        process = self.processes.get(key)
        if process is None:
            process = self.processes[key] = self._cast(stored.body)
        process.refresh(stored.body, self._worker().registry)
        return process


def _event(given: CloudEvent | Event) -> Event:
    return given if isinstance(given, Event) else from_cloudevent(given)


def _key(outcome: Outcome) -> str | None:
    parts = parse_subject(outcome.subject) if outcome.subject else None
    return None if parts is None else storage_key(parts.name, parts.process_id)
