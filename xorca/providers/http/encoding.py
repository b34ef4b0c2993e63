"""CloudEvents as HTTP messages: binary, structured and batch mode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from xorca.errors import PayloadError
from xorca.events import Event
from xorca.providers.arguments import sized_json

Mode = Literal["binary", "structured", "batch"]
MODES: Final[tuple[Mode, ...]] = ("binary", "structured", "batch")

_STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
_EVENTS: Final = "application/cloudevents"
_NOT_PLAIN: Final = re.compile(r'[^\x21-\x7e]|["%]')
_BATCH_EVENTS: Final = 100
_BATCH_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """The headers and the body that carry some events; always the same for the same events."""

    events: tuple[Event, ...]
    headers: dict[str, str]
    body: bytes


def messages_of(events: Sequence[Event], mode: Mode) -> list[Message]:
    """Give what carries the events, in order.

    Raises:
        PayloadError: an event is larger than any reader takes.
    """
    if mode == "batch":
        return [_batch(part) for part in _parts(events)]
    build = _binary if mode == "binary" else _structured
    return [build(event) for event in events]


def _structured(event: Event) -> Message:
    return Message((event,), {"content-type": _STRUCTURED}, sized_json(event))


def _batch(events: Sequence[Event]) -> Message:
    body = b"[" + b",".join(event.to_json() for event in events) + b"]"
    return Message(tuple(events), {"content-type": _BATCH}, body)


def halves(message: Message) -> tuple[Message, ...]:
    """Cut a batch in two; nothing for what is no batch, or one of a single event."""
    middle = len(message.events) // 2
    if not middle:
        return ()
    return _batch(message.events[:middle]), _batch(message.events[middle:])


def _parts(events: Sequence[Event]) -> list[list[Event]]:
    parts: list[list[Event]] = []
    room = 0
    for event in events:
        size = len(sized_json(event)) + 1
        if not parts or size > room or len(parts[-1]) == _BATCH_EVENTS:
            parts.append([])
            room = _BATCH_BYTES
        parts[-1].append(event)
        room -= size
    return parts


def _binary(event: Event) -> Message:
    if (event.datacontenttype or "").strip().lower().startswith(_EVENTS):
        return _structured(event)  # its data would be taken for the event
    sized_json(event)
    headers = {"ce-specversion": "1.0", "ce-id": _header(event.id)}
    headers |= {"ce-source": _header(event.source), "ce-type": _header(event.type)}
    for name in ("subject", "time", "dataschema"):
        value: str | None = getattr(event, name)
        if value is not None:
            headers[f"ce-{name}"] = _header(value)
    for name in sorted(event.extensions):
        headers[f"ce-{name}"] = _header(_text(event.extensions[name]))
    if event.datacontenttype is not None:
        headers["content-type"] = _checked(event)
    return Message((event,), headers, event.data or b"")


def _text(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _header(value: str) -> str:
    """Percent-encode what a header cannot carry, as the HTTP binding of CloudEvents says."""
    return _NOT_PLAIN.sub(_escaped, value)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _checked(event: Event) -> str:
    """Give the content type, which a header carries as it is or not at all."""
    value = event.datacontenttype or ""
    if not value.isascii() or not value.isprintable():
        raise PayloadError(
            f"the datacontenttype of event {event.id!r} cannot be a header: write it in ASCII, or"
            ' send with mode="structured"'
        )
    return value
