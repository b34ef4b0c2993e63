"""Structured mode: one event, or a batch of them, in the JSON format of CloudEvents 1.0."""

from __future__ import annotations

from binascii import a2b_base64

import msgspec

from xorca.errors import InvalidEvent
from xorca.events.batch import split_batch
from xorca.events.envelope import Event
from xorca.events.fast import read_usual
from xorca.events.json_text import check_depth, checked_data, parse_members
from xorca.events.limits import MAX_BATCH_BYTES, MAX_EVENT_BYTES
from xorca.events.media import Media, media_of
from xorca.events.validation import check_count, check_size, checked_event, too_large

_decode = msgspec.json.Decoder().decode
_decode_text = msgspec.json.Decoder(str).decode


def read_event(body: bytes | str) -> Event:
    """Read one event in structured JSON.

    Raises:
        InvalidEvent: it is not one CloudEvent 1.0; ``reason`` says which kind of fault.
    """
    body = as_bytes(body)
    if len(body) > MAX_EVENT_BYTES:
        raise too_large(len(body))
    return read_usual(body) or read_exactly(body)


def read_exactly(body: bytes) -> Event:
    """Read one event of fair size by every rule, or say which rule it breaks."""
    members = parse_members(body)
    _check_names_differ(body, members)
    data = members.pop("data", None)
    encoded = members.pop("data_base64", None)
    check_count(len(members))
    values = _values(members)
    # Raw control characters are no JSON, and so can come by an escape or as DEL only.
    plain = body.isascii() and b"\\" not in body and b"\x7f" not in body
    event = checked_event(values, plain=plain)
    _set_data(event, data, encoded)
    return event


def read_batch(body: bytes | str) -> list[Event | InvalidEvent]:
    """Read a batch; a bad member is given as an InvalidEvent in its place.

    Raises:
        InvalidEvent: the body is no JSON array, or too large.
    """
    return [_read_member(member) for member in split_batch(as_bytes(body))]


def as_bytes(body: object) -> bytes:
    """Give the body as bytes.

    Raises:
        InvalidEvent: it is neither bytes nor text that UTF-8 can carry.
    """
    if isinstance(body, bytes):
        return body
    if isinstance(body, bytearray):
        return bytes(body)
    if isinstance(body, memoryview):
        return body.tobytes()
    if not isinstance(body, str):
        raise InvalidEvent(
            f"an event is read from bytes or text, not from {type(body).__name__}: "
            "pass the body as it was received"
        )
    if len(body) > MAX_BATCH_BYTES:  # and more bytes: it need not be copied to be refused
        raise too_large(len(body))
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise InvalidEvent(
            "the text holds a lone surrogate, which UTF-8 cannot carry: pass the bytes instead"
        ) from None


def _read_member(member: bytes) -> Event | InvalidEvent:
    try:
        return read_event(member)
    except InvalidEvent as error:
        return error


def _values(members: dict[str, msgspec.Raw]) -> dict[str, object]:
    values: dict[str, object] = {}
    name = ""
    try:
        for name, raw in members.items():
            values[name] = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidEvent(
            f"attribute {name[:64]!r} has a value that cannot be read: send text, a boolean "
            "or a 32-bit integer",
            reason="invalid-attribute",
        ) from None
    return values


def _check_names_differ(body: bytes, members: dict[str, msgspec.Raw]) -> None:
    # A member that was overwritten by another of the same name left its quotes in the body.
    quotes = 2 * len(members) + b"".join(members.values()).count(b'"')
    if body.count(b'"') != quotes:
        raise InvalidEvent(
            "the event names an attribute twice, or has a name with a quotation mark: "
            "send each attribute once",
            reason="duplicate-attribute",
        )


def _set_data(event: Event, data: msgspec.Raw | None, encoded: msgspec.Raw | None) -> None:
    media = media_of(event.datacontenttype)
    if encoded is not None and bytes(encoded) != b"null":
        if data is not None and bytes(data) != b"null":
            raise InvalidEvent(
                "the event has both 'data' and 'data_base64': send one of them",
                reason="invalid-data",
            )
        _set_encoded(event, encoded, media)
    elif data is not None:
        _set_plain(event, bytes(data), media)


def _set_plain(event: Event, data: bytes, media: Media) -> None:
    if media is Media.JSON or not data.startswith(b'"'):
        check_depth(data)
        event.data = data
        return
    event.data, event.is_json = _decode_text(data).encode(), False
    check_size(event)


def _set_encoded(event: Event, encoded: msgspec.Raw, media: Media) -> None:
    try:
        data = a2b_base64(_decode_text(encoded), strict_mode=True)
    except (msgspec.DecodeError, ValueError):
        raise InvalidEvent(
            "'data_base64' is no text in base64 (RFC 4648 section 4, padded): encode it anew",
            reason="invalid-data",
        ) from None
    if media is Media.JSON:
        event.data = checked_data(data)
        return
    event.data, event.is_json = data, False
    check_size(event)
