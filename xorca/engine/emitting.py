"""From what a handler returns to events with ids, times and bytes that never change."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from xorca.dsl.plan import Edge, EmitPlan
from xorca.engine.record import Record
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event

JSON = "application/json"
TRACE = ("traceparent", "tracestate")
MAX_EMIT = 1_000_000
"""The largest data of one emitted event in bytes, a little under what the reader takes."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """What a handler decided to send under one name: JSON texts, one an event.

    ``skipped`` marks a conditional one that was not sent.
    """

    plan: EmitPlan
    data: tuple[bytes, ...]
    skipped: bool = False


def decide(edge: Edge, result: Any) -> tuple[Decided, ...]:
    """Check what a handler returned against what it declared.

    Raises:
        HandlerError: it returned something else.
    """
    emits = edge.emits
    if not emits:
        if result is not None:
            raise _wrong(edge, f"returned {type(result).__qualname__} but emits nothing")
        return ()
    if len(emits) == 1:
        (emit,) = emits
        if emit.kind == "one":  # as nearly always
            return (Decided(emit, (_encode(edge, emit, result),)),)
        return (_decide_one(edge, emit, result),)
    if not issubclass(type(result), tuple):
        raise _wrong(edge, f"returned {type(result).__qualname__}, not a tuple of {len(emits)}")
    if len(result) != len(emits):
        raise _wrong(edge, f"returned {len(result)} items, not a tuple of {len(emits)}")
    return tuple(_decide_one(edge, emit, item) for emit, item in zip(emits, result, strict=True))


def _decide_one(edge: Edge, emit: EmitPlan, value: Any) -> Decided:
    if emit.kind == "one":
        return Decided(emit, (_encode(edge, emit, value),))
    if emit.kind == "optional" and value is None:
        return Decided(emit, (), skipped=True)
    if emit.kind == "many":
        if not issubclass(type(value), list):
            raise _wrong(edge, f"returned {type(value).__qualname__} for {emit.name!r}, not a list")
        return Decided(emit, tuple(_encode(edge, emit, item) for item in value))
    return Decided(emit, (_encode(edge, emit, value),))


def _encode(edge: Edge, emit: EmitPlan, value: Any) -> bytes:
    try:
        data = emit.codec.encode(value)
    except PayloadError as exc:
        raise _wrong(edge, f"returned what {emit.name!r} cannot carry: {exc}") from exc
    if len(data) > MAX_EMIT:
        size = f"{len(data):,} bytes for {emit.name!r}, more than {MAX_EMIT:,}"
        raise _wrong(edge, f"returned {size}; store it elsewhere and send a reference")
    return data


def _wrong(edge: Edge, what: str) -> HandlerError:
    return HandlerError(f"{edge.handler!r} {what} ({edge.place})", reason="return-type")


class _Wire(msgspec.Struct):
    """An emitted event in the order of members that ``Event.to_json`` writes."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    causationid: str
    sequence: str
    data: msgspec.Raw


_encode_wire = msgspec.json.Encoder().encode


class Emitter:
    """Make the events of one commit."""

    __slots__ = ("_record", "_revision", "_source", "_time")

    def __init__(self, record: Record, *, revision: int, at: float) -> None:
        self._record = record
        self._source = f"/xorca/{record.name}/{record.version}"
        self._time = rfc3339(at)
        self._revision = str(revision)

    def event(
        self, emit_id: str, name: str, data: bytes, *, cause: str, trace: dict[str, str]
    ) -> Event:
        """Make an event; ``evt.*`` answers whoever started the process, the rest is ours."""
        if name.startswith("evt."):
            origin = self._record.origin
            return self.reply(emit_id, name, data, (origin.id, origin.subject or None), trace)
        return self.reply(emit_id, name, data, (cause, self._record.subject), trace)

    def reply(
        self,
        emit_id: str,
        name: str,
        data: bytes,
        to: tuple[str, str | None],
        trace: dict[str, str],
    ) -> Event:
        """Make an event with the causation and the subject of ``to``."""
        causation, subject = to
        extensions: dict[str, str | int | bool] = {
            "causationid": causation,
            "sequence": self._revision,
        }
        wire = None
        if trace:
            extensions.update(trace)
        elif subject is not None:
            wire = self._wire(emit_id, name, data, causation, subject)
        return Event(
            id=emit_id,
            source=self._source,
            type=name,
            subject=subject,
            time=self._time,
            data=data,
            datacontenttype=JSON,
            extensions=extensions,
            wire=wire,
        )

    def _wire(self, emit_id: str, name: str, data: bytes, causation: str, subject: str) -> bytes:
        """Write in one go what ``Event.to_json`` would put together."""
        source, time, revision = self._source, self._time, self._revision
        raw = msgspec.Raw(data)
        return _encode_wire(
            _Wire("1.0", emit_id, source, name, subject, time, JSON, causation, revision, raw)
        )


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=64)
def rfc3339(at: float) -> str:
    """Give a time in UTC with milliseconds, as CloudEvents write it."""
    milliseconds = round(at * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


_NO_TRACE: dict[str, str] = {}


def trace_of(event: Event) -> dict[str, str]:
    """Give the trace context that an event carries."""
    extensions = event.extensions
    if "traceparent" not in extensions and "tracestate" not in extensions:
        return _NO_TRACE
    return {name: str(extensions[name]) for name in TRACE if name in extensions}
