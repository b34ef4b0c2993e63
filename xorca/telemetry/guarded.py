"""Telemetry that may fail: what it raises is logged once, and stops no event."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from xorca.errors import ConfigurationError
from xorca.telemetry.hook import Attributes, Span, Telemetry
from xorca.telemetry.lines import say

_T = TypeVar("_T")
_VERBS = ("count", "record", "span", "flush")

TRACE = ("traceparent", "tracestate")
_LONGEST = 1024


class Guarded:
    """Pass everything on, and see to it that nothing comes back but what was asked for."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Take it; raises ConfigurationError if it is none."""
        missing = [verb for verb in _VERBS if not callable(getattr(telemetry, verb, None))]
        if missing:
            raise ConfigurationError(
                f"telemetry={telemetry!r} has no {', '.join(missing)}: give an object with the"
                " verbs of xorca.telemetry.Telemetry, OtelTelemetry() for example"
            )
        self._telemetry = telemetry
        self._told = False

    def count(self, name: str, value: int, attributes: Attributes) -> None:
        """Add to a counter."""
        self.tried(lambda: self._telemetry.count(name, value, attributes))

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Note a measurement."""
        self.tried(lambda: self._telemetry.record(name, value, attributes))

    def span(
        self, name: str, context: Mapping[str, str], attributes: Attributes
    ) -> GuardedSpan | None:
        """Begin a span; None if there is none, or it failed."""
        span = self.tried(lambda: self._telemetry.span(name, context, attributes))
        return None if span is None else GuardedSpan(self, span)

    def flush(self) -> None:
        """Write what was gathered."""
        self.tried(self._telemetry.flush)

    def tried(self, call: Callable[[], _T]) -> _T | None:
        """Call; None if it fails, with a word in the log the first time."""
        try:
            return call()
        except Exception as exc:  # whatever it is, the event was handled
            if not self._told:
                self._told = True
                kind = type(self._telemetry).__qualname__
                message = f"{kind} fails, and is not complained of again"
                say(logging.WARNING, "telemetry.failed", message, error=exc)
            return None


class GuardedSpan:
    """A span that may fail; its context is looked at once, and taken if events can carry it."""

    def __init__(self, owner: Guarded, span: Span) -> None:
        self._owner, self._span = owner, span
        self.context: dict[str, str] = owner.tried(lambda: _carried(span.context)) or {}

    @contextmanager
    def current(self) -> Generator[None]:
        """Be the current span for a block, if that can be had."""
        entered = self._owner.tried(self._span.current)
        if entered is None or self._owner.tried(lambda: _entered(entered.__enter__)) is None:
            yield
            return
        try:
            yield
        finally:
            self._owner.tried(lambda: entered.__exit__(None, None, None))

    def end(self, attributes: Attributes, *, error: str = "") -> None:
        """End the span."""
        self._owner.tried(lambda: self._span.end(attributes, error=error))


def _entered(enter: Callable[[], object]) -> bool:
    enter()
    return True


def _carried(context: Mapping[str, object]) -> dict[str, str]:
    """Give what an event can carry: a stored event must be one that everybody can read."""
    given = ((name, context.get(name)) for name in TRACE)
    return {name: value for name, value in given if isinstance(value, str) and _is_fit(value)}


def _is_fit(value: str) -> bool:
    return 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable()
