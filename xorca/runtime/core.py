"""``Runtime.handle``: events in, one outcome an event out."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from xorca.engine.letters import beginning_of, loose_letter
from xorca.engine.routing import Refusal
from xorca.errors import ConfigurationError, InvalidEvent, PortError
from xorca.runtime.attempt import Item
from xorca.runtime.handles import Handles
from xorca.runtime.intake import raise_retries, read_any
from xorca.runtime.outcome import Outcome
from xorca.runtime.repair import Repair
from xorca.runtime.resume import Resume
from xorca.runtime.upkeep import Upkeep
from xorca.telemetry.lines import log, say

__all__ = ["Runtime", "read_any"]

ORPHAN_DELIVERIES = 10


class Runtime(Handles, Upkeep, Repair, Resume):
    """Apply events to processes: at least once in, each applied once, nothing decided is lost.

    Args:
        orchestrators: The classes; several versions of one name stand side by side.
        store: Where records are kept.
        bus: Where emitted events go. Without one, the caller publishes ``outcome.emitted``.
        alarm: What delivers deadlines; needed by a class that has ``@after``.
        lease: Keeps other workers away from a process while it is worked on. A hint that
            spares work where many workers fight over one process; never needed for safety.
        clock: The time; the wall clock by default.
        limits: The bounds of a record and its parts.
        random: Where the jitter of retries comes from.
        tokens: The keys of continuation tokens, for classes that give some and for ``resume``.
        telemetry: Where counts, measurements and spans go; see ``xorca.telemetry``.

    Raises:
        ConfigurationError: a class has deadlines and there is no alarm.
        DefinitionError: two classes have one name and version, or start on one event.
    """

    async def handle(
        self, *events: Any, publish: bool = True, raise_on_retry: bool = False
    ) -> list[Outcome]:
        """Apply events and give one outcome each, in order.

        Args:
            events: CloudEvents of the SDK, or structured JSON as bytes or text.
            publish: Send what was emitted; otherwise the caller sends ``outcome.emitted``
                and may then call :meth:`confirm`.
            raise_on_retry: Raise where an outcome is ``retry``, for callers whose broker
                redelivers the whole batch on an exception.

        Raises:
            UndeliveredError: as asked for; every other event of the batch was worked on.
        """
        watched = self.telemetry is not None or log.isEnabledFor(logging.INFO)
        if len(events) == 1 and not watched:
            done = [await self._one(events[0], publish=publish)]
        else:
            done = await self._many(events, publish=publish)
        if raise_on_retry:
            raise_retries(done)
        return done

    async def _one(self, given: Any, *, publish: bool) -> Outcome:
        found = self._intake(0, given)
        if isinstance(found, Item):
            items = [found]
            try:
                (found,) = await self._worker.run(found.route.key, items, publish=publish)
            except Exception as exc:
                (found,) = _at_fault(items, exc)
            if found.status == "applied":
                return found
        outcome = await self._close(found, publish=publish)
        self._watch.tell_loud((outcome,))
        return outcome

    async def _many(self, events: tuple[Any, ...], *, publish: bool) -> list[Outcome]:
        found = [self._intake(position, given) for position, given in enumerate(events)]
        return await self._watch.handled(found, partial(self._all, publish=publish))

    async def _all(self, found: list[Item | Outcome], *, publish: bool) -> list[Outcome]:
        """Work on subjects side by side; the failure of one changes nothing for the others."""
        groups: dict[str, list[Item]] = {}
        for item in found:
            if isinstance(item, Item):
                groups.setdefault(item.route.key, []).append(item)
        work = [self._subject(key, items, publish=publish) for key, items in groups.items()]
        results: list[list[Outcome] | BaseException]
        if len(work) == 1:  # a task of its own costs more than it gives
            results = [await work[0]]
        else:
            results = await asyncio.gather(*work, return_exceptions=True)
        worked: dict[int, Outcome] = {}
        for items, result in zip(groups.values(), results, strict=True):
            if isinstance(result, BaseException):
                raise result
            worked.update((i.position, o) for i, o in zip(items, result, strict=True))
        return [
            await self._close(worked[at] if isinstance(one, Item) else one, publish=publish)
            for at, one in enumerate(found)
        ]

    async def confirm(self, outcome: Outcome) -> None:
        """Say that the events of an outcome were sent, by a caller that sends them itself.

        It spares their bodies in the next save, and a redelivery sends nothing again.
        """
        route = self.registry.route(outcome.raw) if outcome.raw is not None else None
        if route is not None and not isinstance(route, Refusal):
            self._worker.confirm(route.key, [event.id for event in outcome.sent])

    # -- intake -----------------------------------------------------------------

    def _intake(self, position: int, given: Any) -> Item | Outcome:
        try:
            event = read_any(given)
        except InvalidEvent as exc:
            body = beginning_of(given)
            letter = loose_letter(None, body=body, reason=exc.reason, cause=str(exc))
            return Outcome(None, "dead", exc.reason, sent=(letter,), error=exc)
        route = self.registry.route(event)
        if not isinstance(route, Refusal):
            return Item(position, event, route, route.definition is not None)
        if route.status != "dead":
            error = route.error
            return Outcome(event, route.status, route.reason, subject=event.subject, error=error)
        letter = loose_letter(event, body=b"", reason=route.reason, cause=route.cause)
        error = route.error or ConfigurationError(route.cause)
        return Outcome(
            event, "dead", route.reason, subject=event.subject, sent=(letter,), error=error
        )

    # -- work -------------------------------------------------------------------

    async def _subject(self, key: str, items: list[Item], *, publish: bool) -> list[Outcome]:
        if len(items) > 1:
            items.sort(key=lambda item: not item.starts)  # a start is stepped first
        try:
            return await self._worker.run(key, items, publish=publish)
        except Exception as exc:
            return _at_fault(items, exc)

    # -- what belongs to no record --------------------------------------------------

    async def _close(self, outcome: Outcome, *, publish: bool) -> Outcome:
        if outcome.status == "applied":
            return outcome
        if outcome.reason == "no-record":
            outcome = self._orphan(outcome)
        elif outcome.reason == "flood" and outcome.status == "dead":
            outcome = self._flooded(outcome)
        loose = outcome.status == "dead" and outcome.state is None and outcome.sent
        if not (loose and publish and self.bus is not None):
            return outcome
        try:
            await self.bus.publish(outcome.sent)
        except PortError as exc:
            return Outcome(outcome.raw, "retry", "publish", subject=outcome.subject, error=exc)
        return outcome

    def _flooded(self, outcome: Outcome) -> Outcome:
        """Tell of an event of which its record, flooded by its source, keeps nothing."""
        event = outcome.raw
        assert event is not None  # it had a source
        most, window = self.limits.noise, self.limits.noise_window
        cause = f"{most} events of its source were recorded without effect within {window:.0f} s"
        letter = loose_letter(event, body=b"", reason="flood", cause=cause)
        return Outcome(event, "dead", "flood", subject=outcome.subject, sent=(letter,))

    def _orphan(self, outcome: Outcome) -> Outcome:
        """Judge an event of our name without a record: its start may still be on its way."""
        event = outcome.raw
        assert event is not None  # it had a subject, or its content told one
        subject = (outcome.subject if outcome.state is None else event.subject) or ""
        name, version = subject.split("/")[:2]
        if self.registry.definition(name, version) is None:
            return Outcome(event, "foreign", "unknown-version", subject=subject)
        made = event.timestamp()
        age = 0.0 if made is None else (self.clock.now() - made).total_seconds()
        tries = self._orphans[event.key] = self._orphans.pop(event.key, 0) + 1
        if len(self._orphans) > 10_000:
            self._orphans.popitem(last=False)
        if age < self.limits.defer_for and tries < ORPHAN_DELIVERIES:
            return outcome
        cause = f"no process {subject!r} exists, and none was started in the meantime"
        letter = loose_letter(event, body=b"", reason="no-record", cause=cause)
        return Outcome(event, "dead", "no-record", subject=subject, sent=(letter,))


def _at_fault(items: list[Item], exc: Exception) -> list[Outcome]:
    """Say that a fault of ours stopped the work on a subject; it must not touch others."""
    route = items[0].route
    message, fields = f"cannot work on {route.key}", {"subject": route.subject}
    say(logging.ERROR, "internal", message, fields, error=exc)
    return [
        Outcome(item.event, "retry", "internal", subject=route.subject, error=exc) for item in items
    ]
