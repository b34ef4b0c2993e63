"""Watching events on their way: who wants to know is told when they are done.

Without telemetry, and with the log above INFO, nothing is watched; then only what is in
trouble is told of.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from xorca.runtime.attempt import Item
from xorca.runtime.handling import Handling
from xorca.runtime.outcome import Outcome
from xorca.runtime.telling import (
    LOUD,
    Who,
    count,
    count_letters,
    span_attributes,
    tell,
    tell_loud,
)
from xorca.telemetry.lines import log

if TYPE_CHECKING:
    from xorca.events import Event
    from xorca.ports import Bus, Store
    from xorca.runtime.cache import Cache
    from xorca.runtime.swept import Swept
    from xorca.telemetry.guarded import Guarded, GuardedSpan
    from xorca.telemetry.hook import Telemetry

_Given = TypeVar("_Given", Item, "Item | Outcome")


class Watch:
    """What a Runtime tells of its events; ``names`` are those of its orchestrators."""

    def __init__(self, names: Iterable[str], telemetry: Telemetry | None) -> None:
        self._names = frozenset(names)
        self.telemetry: Guarded | None = None
        if telemetry is not None:
            from xorca.telemetry.guarded import Guarded

            self.telemetry = Guarded(telemetry)

    @property
    def on(self) -> bool:
        """Whether anybody wants to know more than what goes wrong."""
        return self.telemetry is not None or log.isEnabledFor(logging.INFO)

    async def handled(
        self,
        found: list[_Given],
        work: Callable[[list[_Given]], Awaitable[list[Outcome]]],
    ) -> list[Outcome]:
        """Work on events, and tell of each when all are done."""
        if not self.on:
            outcomes = await work(found)
            self.tell_loud(outcomes)
            return outcomes
        handlings = [self._begin(one) for one in found]
        given = [_watched(one, each) for one, each in zip(found, handlings, strict=True)]
        try:
            outcomes = await self._work(given, handlings, work)
        except BaseException as exc:
            abandon(handlings, exc)
            raise
        for outcome, handling in zip(outcomes, handlings, strict=True):
            self._end(outcome, handling)
        if self.telemetry is not None:
            self.telemetry.flush()
        return outcomes

    def tell_loud(self, outcomes: Iterable[Outcome]) -> None:
        """Tell of what is in trouble, where nothing was watched."""
        for outcome in outcomes:
            tell_loud(outcome, self._who(outcome))

    def swept(self, name: str, done: Swept) -> None:
        """Tell what a sweep did."""
        if self.telemetry is None:
            return
        from xorca.telemetry import names

        who: Who = {"orchestrator": name} if name in self._names else {}
        for metric, value in (
            (names.SWEEP_LOOKED, done.looked),
            (names.SWEEP_PUBLISHED, done.published),
            (names.SWEEP_ARMED, done.armed),
            (names.SWEEP_FAILURES, done.failures),
            (names.EXPIRED, done.expired),
        ):
            if value:
                self.telemetry.count(metric, value, who)
        if done.expired:
            told = {**who, "reason": "never-accepted"}
            self.telemetry.count(names.DEAD_LETTERS, done.expired, told)
        self.telemetry.flush()

    # -- what is watched ----------------------------------------------------------

    def store(self, store: Store) -> Store:
        """Give a store that is watched, where there is telemetry."""
        if self.telemetry is None:
            return store
        from xorca.runtime.watched_rooms import WatchedStore

        return WatchedStore(store, self.telemetry)

    def bus(self, bus: Bus | None) -> Bus | None:
        """Give a bus that is watched, where there is telemetry."""
        if self.telemetry is None or bus is None:
            return bus
        from xorca.runtime.watched_rooms import WatchedBus

        return WatchedBus(bus, self.telemetry)

    def cache(self) -> Cache:
        """Make a cache, a watched one where there is telemetry."""
        if self.telemetry is None:
            from xorca.runtime.cache import Cache

            return Cache()
        from xorca.runtime.watched_rooms import WatchedCache

        return WatchedCache(self.telemetry)

    # -- one event ------------------------------------------------------------------

    async def _work(
        self,
        given: list[_Given],
        handlings: Sequence[Handling | None],
        work: Callable[[list[_Given]], Awaitable[list[Outcome]]],
    ) -> list[Outcome]:
        alone = handlings[0] if len(handlings) == 1 else None
        if alone is None or alone.span is None:
            return await work(given)
        with alone.current():  # so that what the rooms do is seen to belong to it
            return await work(given)

    def _begin(self, one: Item | Outcome) -> Handling | None:
        if not isinstance(one, Item):
            return None
        return Handling(self._span(one.event, one.route.name))

    def _span(self, event: Event, name: str) -> GuardedSpan | None:
        if self.telemetry is None:
            return None
        attributes = {**event_attributes(event), "xorca.orchestrator": name}
        return self.telemetry.span(f"xorca.handle {event.type}", context_of(event), attributes)

    def _end(self, outcome: Outcome, handling: Handling | None) -> None:
        who = self._who(outcome)
        if self.telemetry is not None:
            if handling is None and outcome.status == "dead" and outcome.raw is not None:
                handling = Handling(self._span(outcome.raw, str(who.get("orchestrator", ""))))
            count(self.telemetry, outcome, who, handling)
            count_letters(self.telemetry, outcome, who, handling)
        tell(outcome, who, handling)
        if handling is not None:
            end_span(outcome, handling)

    def _who(self, outcome: Outcome) -> Who:
        name = (outcome.subject or "").partition("/")[0]
        return {"orchestrator": name} if name in self._names else {}


def _watched(one: _Given, handling: Handling | None) -> _Given:
    if handling is None or not isinstance(one, Item):
        return one
    return msgspec.structs.replace(one, handling=handling)


def abandon(handlings: Iterable[Handling | None], exc: BaseException) -> None:
    """End the spans of what was broken off, by a worker that is stopped for example."""
    for handling in handlings:
        if handling is not None and handling.span is not None:
            kind = type(exc).__qualname__
            handling.span.end({"error.type": kind}, error="interrupted")


def end_span(outcome: Outcome, handling: Handling) -> None:
    """End the span of an event, if it has one."""
    if handling.span is not None:
        error = (outcome.reason or outcome.status) if outcome.status in LOUD else ""
        handling.span.end(span_attributes(outcome, handling), error=error)


def event_attributes(event: Event) -> dict[str, str | int | float]:
    """Give the attributes of a span by which its event is known."""
    found = {
        "cloudevents.event_id": event.id,
        "cloudevents.event_source": event.source,
        "cloudevents.event_type": event.type,
    }
    if event.subject is not None:
        found["cloudevents.event_subject"] = event.subject
    return {**found}


def context_of(event: Event) -> dict[str, str]:
    """Give the trace context that an event carries."""
    from xorca.engine.emitting import trace_of

    return trace_of(event)
