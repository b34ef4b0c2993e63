"""What a Runtime and a Fleet call while they work, where somebody wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

Attributes: TypeAlias = Mapping[str, str | int | float]
"""What a value or a span is about. The names are few, and so are the values of a metric's."""


class Span(Protocol):
    """The handling of one event, as part of a trace."""

    @property
    def context(self) -> Mapping[str, str]:
        """Give ``traceparent`` and ``tracestate`` for what is emitted.

        Empty: it carries the context of the event that was handled.
        """
        ...

    def current(self) -> AbstractContextManager[None]:
        """Be the span under which others begin, for a block; may be entered repeatedly."""
        ...

    def end(self, attributes: Attributes, *, error: str = "") -> None:
        """End the span; ``error`` is a stable word for what went wrong."""
        ...


class Telemetry(Protocol):
    """Where counts, measurements and spans go.

    Nothing here may block or wait. What it raises is logged once, and stops no event.
    """

    def count(self, name: str, value: int, attributes: Attributes) -> None:
        """Add to a counter."""
        ...

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Note a measurement: seconds, or bytes, as the name says."""
        ...

    def span(self, name: str, context: Mapping[str, str], attributes: Attributes) -> Span | None:
        """Begin a span under the trace context of an event; None for no tracing."""
        ...

    def flush(self) -> None:
        """Write what was gathered; called once at the end of each ``handle``."""
        ...
