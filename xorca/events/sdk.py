"""From the CloudEvents SDK's objects, which check less than the specification asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from json import JSONEncoder
from typing import Protocol

from xorca.errors import InvalidEvent
from xorca.events.attributes import invalid
from xorca.events.envelope import Event
from xorca.events.json_text import check_depth, checked_data, too_deep
from xorca.events.media import Media, media_of
from xorca.events.validation import check_size, checked_event


class SdkEvent(Protocol):
    """What xorca needs of an event of the SDK, whichever of its classes it is."""

    def get_attributes(self) -> Mapping[str, object]:
        """Give the attributes by name."""
        ...

    def get_data(self) -> object:
        """Give the data as Python values."""
        ...


def from_cloudevent(event: SdkEvent) -> Event:
    """Read an event of the CloudEvents SDK; the object itself is left as it is.

    Bytes are taken as they are (as JSON text where the type says JSON); text is a JSON
    string where the type says JSON.

    Raises:
        InvalidEvent: it is not a CloudEvent 1.0; ``reason`` says which kind of fault.
    """
    try:
        attributes, data = event.get_attributes(), event.get_data()
    except AttributeError:
        raise InvalidEvent(
            f"a CloudEvent is needed, not {type(event).__name__}: pass an event of the "
            "cloudevents package, or the bytes of structured JSON"
        ) from None
    read = checked_event({str(name): _plain(name, value) for name, value in attributes.items()})
    if data is not None:
        _set_data(read, data)
    check_size(read)
    return read


def _plain(name: str, value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    return _rfc3339(name, value) if isinstance(value, datetime) else value


def _rfc3339(name: str, moment: datetime) -> str:
    if moment.tzinfo is None:
        raise invalid(f"attribute {name[:64]!r} is a datetime without time zone: add one")
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _set_data(event: Event, data: object) -> None:
    media = media_of(event.datacontenttype)
    if isinstance(data, bytearray):
        data = bytes(data)
    if isinstance(data, bytes) and media is Media.JSON:
        event.data = checked_data(data)
    elif isinstance(data, bytes):
        event.data, event.is_json = data, False
    elif isinstance(data, str) and media is not Media.JSON:
        event.data, event.is_json = _utf8(data), False
    else:
        event.data = _utf8(_json_text(data))
        check_depth(event.data)


def _json_text(data: object) -> str:
    try:
        return _encoder.encode(data)
    except RecursionError:
        raise too_deep() from None
    except (TypeError, ValueError) as exc:
        raise InvalidEvent(
            f"the data cannot be written as JSON ({exc}): use plain values and finite numbers",
            reason="invalid-data",
        ) from exc


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidEvent(
            "the data holds a lone surrogate, which UTF-8 cannot carry: remove it",
            reason="invalid-data",
        ) from None


def _default(value: object) -> str:
    if isinstance(value, datetime):
        return _rfc3339("data", value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_encoder = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default)
