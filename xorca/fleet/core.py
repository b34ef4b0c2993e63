"""``Fleet``: services that take commands and answer with events."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from xorca.dsl.names import matches
from xorca.engine.letters import beginning_of, loose_letter
from xorca.errors import ConfigurationError, InvalidEvent, PortError
from xorca.events import Event, Topic
from xorca.events.attributes import check_identifier, check_source, check_text
from xorca.fleet.memory import Memory
from xorca.fleet.registration import Handler, Kind, name_of, names_around, read_handler, twice
from xorca.fleet.remembered import Place
from xorca.fleet.sender import Sender
from xorca.fleet.signatures import Serves
from xorca.fleet.watch import FleetWatch
from xorca.fleet.work import work_on
from xorca.ports import Bus, Clock, Store
from xorca.providers.clock import SystemClock
from xorca.runtime.handling import Handling
from xorca.runtime.intake import raise_retries, read_any
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import say

if TYPE_CHECKING:
    from xorca.telemetry.hook import Telemetry

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

DEFAULT_TIMEOUT = timedelta(minutes=5)
REMEMBER = timedelta(days=14)


class Fleet:
    """A group of services: each takes a command and answers it, exactly as it ends.

    Args:
        source: Who answers, a URI reference such as "/srvc/books"; ids are derived from it.
        bus: Where answers go. Without one, the caller publishes ``outcome.emitted``.
        clock: What stamps answers; the wall clock by default.
        name: The worker group; by default the source. Fleets of one name share the work.
        concurrency: How many events are worked on at once.
        store: Where it is remembered what was answered. With one, an event that comes again
            gets the same answer, byte for byte, and no handler runs again; two round trips
            an event. Whoever opened it closes it.
        remember: How long an answer is remembered at least.
        telemetry: Where counts, measurements and spans go; see ``xorca.telemetry``.

    Raises:
        ConfigurationError: the source is no URI reference, the concurrency below 1, the
            store is none, or ``remember`` is no time.
    """

    def __init__(
        self,
        source: str,
        *,
        bus: Bus | None = None,
        clock: Clock | None = None,
        name: str | None = None,
        concurrency: int = 32,
        store: Store | None = None,
        remember: timedelta = REMEMBER,
        telemetry: Telemetry | None = None,
    ) -> None:
        _check_source(source)
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency} would never work: give 1 or more")
        _check_memory(store, remember)
        self.source, self.bus, self.name, self.store = source, bus, name or source, store
        self._sender = Sender(source, clock or SystemClock())
        self.concurrency = concurrency
        self._served: dict[str, Handler] = {}
        self._observers: list[Handler] = []
        self._running: dict[tuple[str, str, str | None], asyncio.Future[Outcome]] = {}
        self._slots = _Slots(concurrency)
        self._watch = FleetWatch(self.name, self._served, telemetry)
        self._memory: Memory | None = None
        if store is not None:
            place = Place(source, self.name)
            self._memory = Memory(place, store, self._sender.clock, remember=remember)

    # -- registering ------------------------------------------------------------

    @overload
    def serves(self, name: Topic[A], /, *, timeout: timedelta = ...) -> Serves[A]: ...
    @overload
    def serves(self, name: str, /, *, timeout: timedelta = ...) -> Callable[[F], F]: ...

    def serves(self, name: str | Topic[Any], /, *, timeout: timedelta = DEFAULT_TIMEOUT) -> Any:
        """Answer this command with what the function returns or raises.

        Args:
            name: The command, ``cmd.<noun>.<verb>``.
            timeout: After this time the function is cancelled and ``.timeout`` answered.

        Raises:
            DefinitionError: the function cannot serve it, or another does already.
        """
        written = name_of("serves", name)

        def decorate(function: Any) -> Any:
            handler = self._read("serves", written, function, timeout)
            known = self._served.get(handler.name)
            if known is not None:
                raise twice(handler.name, known, handler)
            self._served[handler.name] = handler
            return function

        return decorate

    @overload
    def observes(self, pattern: Topic[A], /, *, timeout: timedelta = ...) -> Serves[A]: ...
    @overload
    def observes(self, pattern: str, /, *, timeout: timedelta = ...) -> Callable[[F], F]: ...

    def observes(
        self, pattern: str | Topic[Any], /, *, timeout: timedelta = DEFAULT_TIMEOUT
    ) -> Any:
        """Hear every event that fits the pattern, and answer nothing.

        Args:
            pattern: A dotted name; a segment ``*`` stands for one or more.
            timeout: After this time the function is cancelled.

        Raises:
            DefinitionError: the function cannot observe it.
        """
        written = name_of("observes", pattern)

        def decorate(function: Any) -> Any:
            self._observers.append(self._read("observes", written, function, timeout))
            return function

        return decorate

    def _read(self, kind: Kind, name: str, function: object, timeout: timedelta) -> Handler:
        frame = sys._getframe(2)  # of whoever decorates  # pyright: ignore[reportPrivateUsage]
        scope = names_around(function, frame)
        return read_handler(kind, name, function, timeout=timeout, scope=scope)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that are served here, in order."""
        return tuple(sorted(self._served))

    @property
    def services(self) -> tuple[Handler, ...]:
        """What serves commands, in order."""
        return tuple(self._served[name] for name in self.commands)

    @property
    def observers(self) -> tuple[Handler, ...]:
        """What observes events, in the order of registration."""
        return tuple(self._observers)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Everything that is heard here, as a subscription names it."""
        return tuple(sorted({*self._served, *(observer.name for observer in self._observers)}))

    # -- handling ---------------------------------------------------------------

    async def handle(
        self, *events: Any, publish: bool = True, raise_on_retry: bool = False
    ) -> list[Outcome]:
        """Serve commands and give one outcome each, in order.

        Args:
            events: CloudEvents of the SDK, or structured JSON as bytes or text.
            publish: Send the answers; otherwise the caller sends ``outcome.emitted``.
            raise_on_retry: Raise where an outcome is ``retry``, for callers whose broker
                redelivers the whole batch on an exception.

        Raises:
            UndeliveredError: as asked for; every other event of the batch was worked on.
        """
        work = (self._one(given, publish=publish) for given in events)
        found = await asyncio.gather(*work, return_exceptions=True)
        outcomes = [_checked(outcome) for outcome in found]
        self._watch.flush()
        if raise_on_retry:
            raise_retries(outcomes)
        return outcomes

    async def prune(self) -> int:
        """Forget the answers that were remembered long enough; give how many those were.

        It may run beside workers, and in several places at once.

        Raises:
            ConfigurationError: the fleet has no store.
            PortError: the store could not be used; calling again goes on.
        """
        if self._memory is None:
            raise ConfigurationError(
                f"Fleet({self.source!r}) remembers nothing: give it store=open_store(...)"
            )
        return await self._memory.prune()

    async def _one(self, given: Any, *, publish: bool) -> Outcome:
        try:
            event = read_any(given)
        except InvalidEvent as exc:
            body = beginning_of(given)
            letter = loose_letter(None, body=body, reason=exc.reason, cause=str(exc))
            malformed = Outcome(None, "dead", exc.reason, sent=(letter,), error=exc)
            return self._watch.told(await self._publish(malformed, publish=publish))
        served = self._served.get(event.type)
        observers = [each for each in self._observers if matches(each.name, event.type)]
        if served is None and not observers:
            foreign = Outcome(event, "foreign", "not-served", subject=event.subject)
            return self._watch.told(foreign, self._watch.seen())
        handling = self._watch.begin(event)
        work = partial(work_on, self._sent_by(handling), event, served=served, observers=observers)
        try:
            with self._watch.current(handling):
                outcome = await self._once(event, work, publish=publish)
        except Exception as exc:  # a fault of ours, or of the bus, must not touch other events
            message = f"{event.subject}: cannot work on {event.type}"
            say(logging.ERROR, "internal", message, {"subject": event.subject}, error=exc)
            outcome = Outcome(event, "retry", "internal", subject=event.subject, error=exc)
        except BaseException as exc:
            self._watch.abandon(handling, exc)
            raise
        return self._watch.told(outcome, handling)

    def _sent_by(self, handling: Handling | None) -> Sender:
        if handling is None or not handling.context:
            return self._sender
        return replace(self._sender, trace=handling.context)

    async def _once(
        self, event: Event, work: Callable[[], Awaitable[Outcome]], *, publish: bool
    ) -> Outcome:
        """Work on an event, or wait for whoever works on the same one already."""
        loop = asyncio.get_running_loop()
        key = (event.key, event.type, event.subject)
        running = self._running.get(key)
        if running is not None and running.get_loop() is loop:
            return await self._echo(event, await asyncio.shield(running), publish=publish)
        mine = self._running[key] = loop.create_future()
        outcome = Outcome(event, "retry", "interrupted", subject=event.subject)
        try:
            async with self._slots.here():
                memory = self._memory
                worked = await (work() if memory is None else memory.once(event, work))
            outcome = await self._publish(worked, publish=publish)
        finally:
            if self._running.get(key) is mine:  # else another loop has taken its place
                del self._running[key]
            mine.set_result(outcome)
        return outcome

    async def _echo(self, event: Event, first: Outcome, *, publish: bool) -> Outcome:
        """Give the outcome of a second delivery that came while the first was worked on.

        With a memory each of them carries the answer, so that each may be acknowledged by
        itself; without one, that is left to whoever has the first.
        """
        subject = event.subject
        if first.status == "retry":
            return Outcome(event, "retry", "in-flight", subject=subject, error=first.error)
        if self._memory is None:
            return Outcome(event, "duplicate", "in-flight", subject=subject, error=first.error)
        answered = Outcome(event, "duplicate", "remembered", subject=subject, sent=first.sent)
        return await self._publish(answered, publish=publish)

    async def _publish(self, outcome: Outcome, *, publish: bool) -> Outcome:
        bus = self._watch.bus(self.bus)
        if not (publish and outcome.sent and bus is not None):
            return outcome
        try:
            await bus.publish(outcome.sent)
        except PortError as exc:
            return Outcome(outcome.raw, "retry", "publish", subject=outcome.subject, error=exc)
        return outcome


class _Slots:
    """A bound on what runs at once; it serves one event loop after the other."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(size)

    def here(self) -> asyncio.Semaphore:
        """Give the semaphore of the running loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._free = loop, asyncio.Semaphore(self._size)
        return self._free


def _checked(found: Outcome | BaseException) -> Outcome:
    if isinstance(found, BaseException):
        raise found
    return found


def _check_memory(store: object, remember: object) -> None:
    if store is not None and not hasattr(store, "load"):
        raise ConfigurationError(f"store={store!r} is no store: write store=open_store(...)")
    if not isinstance(remember, timedelta) or remember <= timedelta(0):
        raise ConfigurationError(
            f"remember={remember!r} is no time to remember for: write"
            " remember=timedelta(days=14), longer than your broker redelivers"
        )


def _check_source(source: str) -> None:
    try:
        if not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"Fleet(source={source!r}): write source='/srvc/books'")
        check_identifier("source", source)
        check_text("source", source)
        check_source(source)
    except InvalidEvent as exc:
        raise ConfigurationError(f"Fleet(source={source[:60]!r}): {exc}") from None
