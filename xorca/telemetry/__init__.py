"""What processes and services tell of themselves: log lines, metrics, spans.

Give one of these to a ``Runtime`` or a ``Fleet`` as ``telemetry=``. Each is imported when it
is first asked for, so that nobody pays for what they do not use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xorca.telemetry.emf import EmfTelemetry
    from xorca.telemetry.hook import Attributes, Span, Telemetry
    from xorca.telemetry.json_lines import JsonFormatter
    from xorca.telemetry.memory import MemoryTelemetry
    from xorca.telemetry.otel import OtelTelemetry

__all__ = [
    "Attributes",
    "EmfTelemetry",
    "JsonFormatter",
    "MemoryTelemetry",
    "OtelTelemetry",
    "Span",
    "Telemetry",
]

_HOMES = {
    "Attributes": "hook",
    "EmfTelemetry": "emf",
    "JsonFormatter": "json_lines",
    "MemoryTelemetry": "memory",
    "OtelTelemetry": "otel",
    "Span": "hook",
    "Telemetry": "hook",
}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'xorca.telemetry' has no attribute {name!r}")
    return getattr(import_module(f"xorca.telemetry.{_HOMES[name]}"), name)
