"""Metrics and spans for OpenTelemetry; the one file that imports it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xorca.errors import MissingExtra
from xorca.telemetry.hook import Attributes
from xorca.telemetry.names import METRICS, Unit, unit_of

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

try:
    from opentelemetry import metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as exc:
    raise MissingExtra("OtelTelemetry", "opentelemetry-api", "otel") from exc

_UNITS: dict[Unit, str] = {"count": "1", "seconds": "s", "bytes": "By"}
_W3C = TraceContextTextMapPropagator()


class OtelTelemetry:
    """Tell an OpenTelemetry SDK; without one nothing is told, and traces pass through.

    The handling of an event is a span of the kind CONSUMER. Its parent is the context that
    the event carries, and what is emitted carries the context of the span.

    Args:
        tracer_provider: Where spans go; the global one by default.
        meter_provider: Where metrics go; the global one by default.

    Raises:
        MissingExtra: opentelemetry-api is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("xorca", tracer_provider=tracer_provider)
        self._meter = metrics.get_meter("xorca", meter_provider=meter_provider)
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, name: str, value: int, attributes: Attributes) -> None:
        """Add to a counter."""
        counter = self._counters.get(name)
        if counter is None:
            unit, about = _UNITS[unit_of(name)], METRICS.get(name, "")
            counter = self._counters[name] = self._meter.create_counter(name, unit, about)
        counter.add(value, attributes)

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Note a measurement in a histogram."""
        histogram = self._histograms.get(name)
        if histogram is None:
            unit, about = _UNITS[unit_of(name)], METRICS.get(name, "")
            histogram = self._histograms[name] = self._meter.create_histogram(name, unit, about)
        histogram.record(value, attributes)

    def span(self, name: str, context: Mapping[str, str], attributes: Attributes) -> OtelSpan:
        """Begin a span under the context of an event; one without begins a trace."""
        # An empty Context, for what is current here belongs to whoever called, not to the event.
        parent = _W3C.extract(context, context=Context())
        kind = trace.SpanKind.CONSUMER
        return OtelSpan(
            self._tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
        )

    def flush(self) -> None:
        """Do nothing: when to export is for the providers to say."""


class OtelSpan:
    """A span of OpenTelemetry."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.context: dict[str, str] = {}
        _W3C.inject(self.context, context=trace.set_span_in_context(span, Context()))

    @contextmanager
    def current(self) -> Generator[None]:
        """Be the current span for a block."""
        with trace.use_span(
            self._span, end_on_exit=False, record_exception=False, set_status_on_exception=False
        ):
            yield

    def end(self, attributes: Attributes, *, error: str = "") -> None:
        """End the span; with an error its status says so."""
        self._span.set_attributes(attributes)
        if error:
            self._span.set_status(trace.Status(trace.StatusCode.ERROR, error))
        self._span.end()
