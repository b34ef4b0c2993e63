"""Metrics as lines of CloudWatch's embedded metric format, without an agent."""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from xorca.errors import ConfigurationError
from xorca.telemetry.hook import Attributes
from xorca.telemetry.names import Unit, unit_of

DIMENSIONS = ("orchestrator", "fleet")
"""The attributes that are dimensions; the values of the others become part of the name."""

_UNITS: dict[Unit, str] = {"count": "Count", "seconds": "Seconds", "bytes": "Bytes"}
_NAMESPACE = re.compile(r"[\w.\-/#:]{1,255}", re.ASCII)
_MOST_METRICS, _MOST_VALUES = 100, 100
_LONGEST_NAME, _LONGEST_VALUE = 255, 1024

Who = tuple[str, str]
_Part = dict[str, tuple[Unit, list[float]]]


class EmfTelemetry:
    """Gather metrics, and write them at each flush: one line for each orchestrator or fleet.

    CloudWatch Logs makes metrics of such lines; on Lambda, whatever is written to standard
    output goes there. ``xorca.events`` with the status ``applied`` is ``xorca.events.applied``.
    There are no spans.

    Args:
        namespace: The namespace in CloudWatch.
        write: Takes a line with its end; standard output by default.
        now: Gives the time in seconds since 1970.

    Raises:
        ConfigurationError: CloudWatch takes no such namespace.
    """

    def __init__(
        self,
        namespace: str = "xorca",
        *,
        write: Callable[[str], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if _NAMESPACE.fullmatch(namespace) is None or namespace.startswith(("AWS/", ":")):
            raise ConfigurationError(
                f"namespace={namespace!r} is none that CloudWatch takes: up to 255 of"
                " a-z A-Z 0-9 . - _ / # :, not beginning with 'AWS/' or ':'"
            )
        self._namespace, self._write, self._now = namespace, write or _to_stdout, now
        self._gathered: dict[Who, _Metrics] = {}
        self._lock = Lock()

    def count(self, name: str, value: int, attributes: Attributes) -> None:
        """Add to a counter of the next line."""
        with self._lock:
            self._of(attributes).count(_name_of(name, attributes), value)

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Note a measurement for the next line."""
        with self._lock:
            self._of(attributes).record(_name_of(name, attributes), value, unit_of(name))

    def span(self, name: str, context: Mapping[str, str], attributes: Attributes) -> None:
        """Begin nothing: lines hold metrics only."""

    def flush(self) -> None:
        """Write what was gathered since the last time."""
        with self._lock:
            gathered, self._gathered = self._gathered, {}
        at = int(self._now() * 1000)
        for who, metrics in gathered.items():
            for part in metrics.parts():
                self._write(self._line(at, who, part) + "\n")

    def _of(self, attributes: Attributes) -> _Metrics:
        return self._gathered.setdefault(_who(attributes), _Metrics())

    def _line(self, at: int, who: Who, part: _Part) -> str:
        dimension, value = who
        names = [{"Name": name, "Unit": _UNITS[unit]} for name, (unit, _) in part.items()]
        directive = {"Namespace": self._namespace, "Dimensions": [[dimension]], "Metrics": names}
        line: dict[str, object] = {
            "_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]},
            dimension: value,
        }
        for name, (_, values) in part.items():
            line[name] = values[0] if len(values) == 1 else values
        return json.dumps(line, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class _Metrics:
    """What was gathered for one orchestrator or fleet."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._values: dict[str, tuple[Unit, list[float]]] = {}

    def count(self, name: str, value: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + value

    def record(self, name: str, value: float, unit: Unit) -> None:
        if math.isfinite(value):  # JSON has no others
            self._values.setdefault(name, (unit, []))[1].append(round(value, 9))

    def parts(self) -> Iterator[_Part]:
        """Give what fits one line each: so many metrics, so many values of each."""
        series: _Part = {name: ("count", [value]) for name, value in self._counts.items()}
        series |= self._values
        most = max((len(values) for _, values in series.values()), default=0)
        for at in range(0, most, _MOST_VALUES):
            left = [name for name, (_, values) in series.items() if len(values) > at]
            for first in range(0, len(left), _MOST_METRICS):
                part: _Part = {}
                for name in left[first : first + _MOST_METRICS]:
                    unit, values = series[name]
                    part[name] = unit, values[at : at + _MOST_VALUES]
                yield part


def _who(attributes: Attributes) -> Who:
    for name in DIMENSIONS:
        if name in attributes:
            return name, str(attributes[name])[:_LONGEST_VALUE]
    return "orchestrator", "none"


def _name_of(name: str, attributes: Attributes) -> str:
    rest = [str(value) for key, value in sorted(attributes.items()) if key not in DIMENSIONS]
    return ".".join([name, *rest])[:_LONGEST_NAME]


def _to_stdout(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()
