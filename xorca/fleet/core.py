"""``Fleet``: services that take commands and answer with events."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar, overload

from xorca.dsl.names import matches, wire_name
from xorca.engine.letters import loose_letter
from xorca.engine.verdict import Status
from xorca.errors import ConfigurationError, InvalidEvent, PortError
from xorca.events import Event, Topic
from xorca.events.attributes import check_identifier, check_source, check_text
from xorca.fleet.registration import Handler, Kind, read_handler, twice
from xorca.fleet.sender import Sender
from xorca.fleet.signatures import Serves
from xorca.fleet.work import work_on
from xorca.ports import Bus, Clock
from xorca.providers.clock import SystemClock
from xorca.runtime.intake import raise_retries, read_any
from xorca.runtime.outcome import Outcome

log = logging.getLogger("xorca")

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

DEFAULT_TIMEOUT = timedelta(minutes=5)


class Fleet:
    """A group of services: each takes a command and answers it, exactly as it ends.

    Args:
        source: Who answers, a URI reference such as "/srvc/books"; ids are derived from it.
        bus: Where answers go. Without one, the caller publishes ``outcome.emitted``.
        clock: What stamps answers; the wall clock by default.
        name: The worker group; by default the source. Fleets of one name share the work.
        concurrency: How many events are worked on at once.

    Raises:
        ConfigurationError: the source is no URI reference, or the concurrency below 1.
    """

    def __init__(
        self,
        source: str,
        *,
        bus: Bus | None = None,
        clock: Clock | None = None,
        name: str | None = None,
        concurrency: int = 32,
    ) -> None:
        _check_source(source)
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency} would never work: give 1 or more")
        self.source, self.bus, self.name = source, bus, name or source
        self._sender = Sender(source, clock or SystemClock())
        self.concurrency = concurrency
        self._served: dict[str, Handler] = {}
        self._observers: list[Handler] = []
        self._running: dict[tuple[str, str], asyncio.Future[Outcome]] = {}
        self._slots = _Slots(concurrency)

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

        def decorate(function: Any) -> Any:
            handler = self._read("serves", name, function, timeout)
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

        def decorate(function: Any) -> Any:
            self._observers.append(self._read("observes", pattern, function, timeout))
            return function

        return decorate

    def _read(
        self, kind: Kind, name: str | Topic[Any], function: object, timeout: timedelta
    ) -> Handler:
        # The frame of whoever decorates: a payload class may be local to a function.
        scope = sys._getframe(2).f_locals  # pyright: ignore[reportPrivateUsage]
        return read_handler(kind, wire_name(name), function, timeout=timeout, scope=scope)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that are served here, in order."""
        return tuple(sorted(self._served))

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
        if raise_on_retry:
            raise_retries(outcomes)
        return outcomes

    async def _one(self, given: Any, *, publish: bool) -> Outcome:
        try:
            event = read_any(given)
        except InvalidEvent as exc:
            body = given if isinstance(given, bytes) else repr(given).encode()
            letter = loose_letter(None, body=body, reason=exc.reason, cause=str(exc))
            malformed = Outcome(None, "dead", exc.reason, sent=(letter,), error=exc)
            return await self._publish(malformed, publish=publish)
        served = self._served.get(event.type)
        observers = [each for each in self._observers if matches(each.name, event.type)]
        if served is None and not observers:
            return Outcome(event, "foreign", "not-served", subject=event.subject)
        try:
            return await self._once(event, served, observers, publish=publish)
        except Exception as exc:  # a fault of ours, or of the bus, must not touch other events
            log.error("%s: cannot work on %s", event.subject, event.type, exc_info=exc)
            return Outcome(event, "retry", "internal", subject=event.subject, error=exc)

    async def _once(
        self, event: Event, served: Handler | None, observers: list[Handler], *, publish: bool
    ) -> Outcome:
        """Work on an event, or wait for whoever works on the same one already."""
        loop = asyncio.get_running_loop()
        key = (event.key, event.type)
        running = self._running.get(key)
        if running is not None and running.get_loop() is loop:
            return _echo(event, await asyncio.shield(running))
        mine = self._running[key] = loop.create_future()
        outcome = Outcome(event, "retry", "interrupted", subject=event.subject)
        try:
            async with self._slots.here():
                worked = await work_on(self._sender, event, served=served, observers=observers)
            outcome = await self._publish(worked, publish=publish)
        finally:
            del self._running[key]
            mine.set_result(outcome)
        return outcome

    async def _publish(self, outcome: Outcome, *, publish: bool) -> Outcome:
        if not (publish and outcome.sent and self.bus is not None):
            return outcome
        try:
            await self.bus.publish(outcome.sent)
        except PortError as exc:
            log.warning("%s: its answer must be sent again: %s", outcome.subject, exc)
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


def _echo(event: Event, outcome: Outcome) -> Outcome:
    """Give the outcome of a second delivery that came while the first was worked on."""
    status: Status = "retry" if outcome.status == "retry" else "duplicate"
    return Outcome(event, status, "in-flight", subject=event.subject, error=outcome.error)


def _check_source(source: str) -> None:
    try:
        check_identifier("source", source)
        check_text("source", source)
        check_source(source)
    except InvalidEvent as exc:
        raise ConfigurationError(f"Fleet(source={source[:60]!r}): {exc}") from None
