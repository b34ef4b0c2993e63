"""The local worker: orchestrators and fleets over the channel of a local store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from xorca.dsl.orchestrator import Orchestrator
from xorca.dsl.plan import Plan
from xorca.errors import ConfigurationError
from xorca.fleet import Fleet
from xorca.handlers.local_groups import group_of, groups_of
from xorca.handlers.local_puller import Pace, Puller
from xorca.handlers.local_work import FleetWork, OrchestratorWork, Settler
from xorca.ports import Alarm, Store
from xorca.providers.channel import Channel
from xorca.runtime import Outcome, Runtime, TokenKeys
from xorca.runtime.intake import read_any
from xorca.telemetry.lines import say

BATCH, BATCHES = 64, 4
VISIBILITY = 10.0
"""How soon others take over what a killed worker had taken, in seconds."""

_LOOK = 0.05
"""How often a condition that nothing announces is looked at, in seconds."""


@runtime_checkable
class HasChannel(Protocol):
    """A store with a channel and an alarm of its own, as memory and SQLite are."""

    @property
    def channel(self) -> Channel:
        """Give what carries events between the workers of the store."""
        ...

    @property
    def alarm(self) -> Alarm:
        """Give what brings deadlines into the channel."""
        ...


class LocalWorker:
    """Run orchestrators and fleets in this process, over one local store.

    Every name of an orchestrator and every fleet is a durable group of the store's
    channel: what is published while no worker runs waits for the next one. Any number of
    workers, in any number of processes, may share a SQLite file.

    What a worker has taken stays its own as long as it works on it; what a killed worker had
    taken comes again after ten seconds at most. Whatever bus a fleet has, here it answers to
    the channel.

    Args:
        store: A MemoryStore or SqliteStore; whoever opened it closes it.
        orchestrators: The classes to run; several versions of one name side by side.
        fleets: The services to run.
        runtime: A Runtime made elsewhere, in place of ``orchestrators``.
        random: Where the jitter of pauses comes from.
        tokens: The keys of the continuation tokens that ``orchestrators`` give.

    Raises:
        ConfigurationError: the store has no channel, the runtime no bus, two fleets have one
            name, or both orchestrators and a runtime are given.
    """

    def __init__(
        self,
        store: Store,
        orchestrators: Iterable[type[Orchestrator]] = (),
        *,
        fleets: Iterable[Fleet] = (),
        runtime: Runtime | None = None,
        random: Random | None = None,
        tokens: TokenKeys | None = None,
    ) -> None:
        if not isinstance(store, HasChannel):
            raise ConfigurationError(
                f"{type(store).__name__} has no channel of its own, and a local worker needs one:"
                " open 'memory:' or 'sqlite:///./state.db', or join it with one:"
                " JoinedStore(store, channel=..., alarm=...)"
            )
        _check_lists(orchestrators, fleets)
        classes = tuple(orchestrators)
        _check(classes, runtime)
        if tokens is not None and runtime is not None:
            raise ConfigurationError("give tokens= to the Runtime that you made, not to its worker")
        self.channel = store.channel
        if classes:
            bus, alarm = store.channel, store.alarm
            runtime = Runtime(classes, store=store, bus=bus, alarm=alarm, tokens=tokens)
        self.runtime, self.fleets = runtime, tuple(fleets)
        self.groups = groups_of(_plans(self.runtime), self.fleets)
        self._random = random or Random()
        self._callbacks: list[Callable[[Outcome], None]] = []
        self._count, self._moved, self._running = 0, asyncio.Event(), False
        settler = Settler(self.channel, self._random, self._tell)
        self._pullers = [*self._orchestrator_pullers(settler), *self._fleet_pullers(settler)]

    def on_outcome(self, callback: Callable[[Outcome], None]) -> None:
        """Call this with every outcome, after it was settled; for displays and logs."""
        self._callbacks.append(callback)

    # -- life ---------------------------------------------------------------------

    async def start(self) -> None:
        """Subscribe the groups and begin to work.

        Raises:
            PortError, ConfigurationError: the store cannot be used.
        """
        if self._running:
            return
        self._moved = asyncio.Event()  # of the running loop, whichever it was before
        for group, patterns in self.groups.items():
            await self.channel.subscribe(group, patterns)
        for puller in self._pullers:
            puller.start()
        self._running = True

    async def stop(self) -> None:
        """Take nothing more, and return when what is in flight is done.

        Cancelled while it waits, it gives back what is in flight and ends at once.
        """
        self._running = False
        await asyncio.gather(*(puller.stop() for puller in self._pullers))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def send(self, *events: Any) -> None:
        """Publish events: CloudEvents of the SDK, or structured JSON as bytes or text.

        Raises:
            InvalidEvent: one is no CloudEvent 1.0; none was sent.
            PublishFailed: the channel did not accept them.
        """
        await self.channel.publish([read_any(event) for event in events])

    async def run_until(
        self, condition: Callable[[], bool] | asyncio.Event, *, timeout: float | None = None
    ) -> bool:
        """Work until the condition holds; False after ``timeout`` seconds."""
        holds = condition.is_set if isinstance(condition, asyncio.Event) else condition

        async def look() -> bool:
            return holds()

        return await self._until(look, timeout)

    async def run_until_idle(self, *, timeout: float | None = None) -> bool:
        """Work until nothing waits for these groups; False after ``timeout`` seconds.

        A process that waits for a deadline, or for somebody who is not here, is idle.
        """
        return await self._until(self._is_idle, timeout)

    async def _until(self, look: Callable[[], Awaitable[bool]], timeout: float | None) -> bool:
        if not self._running:
            raise ConfigurationError(
                "nothing works yet: use `async with LocalWorker(...) as worker`, or start()"
            )
        loop = asyncio.get_running_loop()
        end = float("inf") if timeout is None else loop.time() + timeout
        while not await look():
            left = end - loop.time()
            if left <= 0:
                return False
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _LOOK)):
                    await self._moved.wait()
        return True

    # -- parts ----------------------------------------------------------------------

    def _orchestrator_pullers(self, settler: Settler) -> Iterator[Puller]:
        if self.runtime is None:
            return
        for name in dict.fromkeys(plan.name for plan in _plans(self.runtime)):
            yield Puller(
                self.channel,
                group_of(name),
                OrchestratorWork(name, self.runtime, settler),
                pace=Pace(batch=BATCH, jobs=BATCHES, visibility=VISIBILITY),
                random=self._random,
            )

    def _fleet_pullers(self, settler: Settler) -> Iterator[Puller]:
        for fleet in self.fleets:
            yield Puller(
                self.channel,
                fleet.name,
                FleetWork(fleet, settler),
                pace=Pace(batch=1, jobs=fleet.concurrency, visibility=VISIBILITY),
                random=self._random,
            )

    def _tell(self, outcome: Outcome) -> None:
        self._count += 1
        self._moved.set()
        for callback in self._callbacks:
            try:
                callback(outcome)
            except Exception as exc:  # a display that fails must not stop the work
                message = f"on_outcome of {outcome.subject} failed"
                fields = {"subject": outcome.subject}
                say(logging.ERROR, "callback.failed", message, fields, error=exc)

    async def _is_idle(self) -> bool:
        """Look twice, for an event may move from a group looked at late to an earlier one."""
        if any(puller.busy for puller in self._pullers):
            return False
        count = self._count
        for group in (*self.groups, *self.groups):
            found = await self.channel.counts(group)
            if found.waiting or found.in_flight:
                return False
        return count == self._count


def _check_lists(orchestrators: object, fleets: object) -> None:
    if isinstance(orchestrators, type):
        name = orchestrators.__name__
        raise ConfigurationError(f"a LocalWorker takes a list: LocalWorker(store, [{name}])")
    if isinstance(fleets, Fleet):
        raise ConfigurationError("a LocalWorker takes a list: LocalWorker(..., fleets=[fleet])")


def _check(classes: tuple[type[Orchestrator], ...], runtime: Runtime | None) -> None:
    if classes and runtime is not None:
        raise ConfigurationError("give a LocalWorker orchestrators or a runtime, not both")
    if runtime is not None and runtime.bus is None:
        raise ConfigurationError(
            "the runtime has no bus, so nothing that it decides would be sent: make it with"
            " Runtime([...], store=store, bus=store.channel, alarm=store.alarm)"
        )


def _plans(runtime: Runtime | None) -> list[Plan]:
    return [] if runtime is None else [each.plan for each in runtime.registry.definitions]
