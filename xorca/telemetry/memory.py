"""Telemetry that stays in this process, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from xorca.telemetry.hook import Attributes


@dataclass(frozen=True, slots=True)
class Point:
    """One count or measurement."""

    name: str
    value: float
    attributes: Mapping[str, str | int | float]


@dataclass(slots=True)
class MemorySpan:
    """One span; ``ended`` tells whether it is over, ``error`` what went wrong."""

    name: str
    parent: Mapping[str, str]
    attributes: dict[str, str | int | float]
    ended: bool = False
    error: str = ""
    context: Mapping[str, str] = field(default_factory=dict[str, str])

    def current(self) -> AbstractContextManager[None]:
        """Do nothing: no others begin under it."""
        return nullcontext()

    def end(self, attributes: Attributes, *, error: str = "") -> None:
        """Note how it ended."""
        self.attributes.update(attributes)
        self.ended, self.error = True, error


class MemoryTelemetry:
    """Keep everything that is told, in order. Traces pass through it unchanged."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.spans: list[MemorySpan] = []
        self.flushes = 0

    def total(self, name: str, **attributes: str | float) -> float:
        """Give the sum of a counter, over the points that have these attributes."""
        return sum(self.values(name, **attributes))

    def values(self, name: str, **attributes: str | float) -> list[float]:
        """Give the values told under a name, of the points that have these attributes."""
        wanted = attributes.items()
        return [p.value for p in self.points if p.name == name and wanted <= p.attributes.items()]

    def count(self, name: str, value: int, attributes: Attributes) -> None:
        """Keep a count."""
        self.points.append(Point(name, value, dict(attributes)))

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Keep a measurement."""
        self.points.append(Point(name, value, dict(attributes)))

    def span(self, name: str, context: Mapping[str, str], attributes: Attributes) -> MemorySpan:
        """Keep a span."""
        made = MemorySpan(name, dict(context), dict(attributes))
        self.spans.append(made)
        return made

    def flush(self) -> None:
        """Count the flushes."""
        self.flushes += 1
