"""Events as HTTP: binary, structured or a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from xorca.events import Event
from xorca.handlers.asgi.answers import Whole

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

# Printable ASCII but for the quotation mark and the percent sign, as the HTTP binding asks.
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_MOST: Final = 6_000
"""What the headers of one event may come to; servers and clients refuse more than 8 kB."""


class Mode(Enum):
    """How one event is written."""

    BINARY = "binary"
    STRUCTURED = "structured"
    BATCH = "batch"


def events_response(
    events: Sequence[Event], mode: Mode, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Give a response of some events; several are a batch whatever the mode."""
    said = dict(headers or {})
    if len(events) != 1 or mode is Mode.BATCH:
        body = b"[%b]" % b",".join(event.to_json() for event in events)
        return Whole(body, 200, {"content-type": BATCH, **said})
    (event,) = events
    attributes = binary_headers(event) if mode is Mode.BINARY else None
    if attributes is None:
        return Whole(event.to_json(), 200, {"content-type": STRUCTURED, **said})
    return Whole(event.data or b"", 200, {**attributes, **said})


def binary_headers(event: Event) -> dict[str, str] | None:
    """Give the headers of an event in binary mode; None where headers cannot carry it."""
    headers = {f"ce-{name}": quote(_text(value), safe=_PLAIN) for name, value in _attributes(event)}
    content = event.datacontenttype
    if content is None and event.data is not None and event.is_json:
        content = "application/json"
    if content is not None:
        headers["Content-Type"] = content
    size = sum(len(name) + len(value) for name, value in headers.items())
    plain = content is None or (content.isascii() and content.isprintable())
    taken = content is not None and content.lower().startswith("application/cloudevents")
    return headers if plain and not taken and size <= _MOST else None


def _attributes(event: Event) -> list[tuple[str, str | int | bool]]:
    found: list[tuple[str, str | int | bool | None]] = [
        ("specversion", "1.0"),
        ("id", event.id),
        ("source", event.source),
        ("type", event.type),
        ("subject", event.subject),
        ("time", event.time),
        ("dataschema", event.dataschema),
        *sorted(event.extensions.items()),
    ]
    return [(name, value) for name, value in found if value is not None]


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
