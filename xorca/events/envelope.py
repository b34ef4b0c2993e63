"""The envelope of an event as xorca holds it: checked once, serialised at most once."""

from __future__ import annotations

from binascii import b2a_base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from xorca.errors import PayloadError
from xorca.events.ids import event_key
from xorca.events.media import Media, media_of

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Event(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """A CloudEvent 1.0 whose attributes were checked and whose data is still bytes.

    ``data`` is the JSON text of the data where ``is_json`` is true (``None``: no data),
    else its raw bytes; ``wire`` is its structured JSON, once that was made. Treat it as frozen:
    it is shared between the record, the bus and the caller. Two events are equal when all that
    they say is.
    """

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    data: bytes | None = None
    is_json: bool = True
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: dict[str, str | int | bool] = {}
    wire: bytes | None = None
    _key: str = ""
    _cloudevent: CloudEvent | None = None

    @property
    def key(self) -> str:
        """The 16 characters that stand for (source, id)."""
        key = self._key
        if not key:
            key = self._key = event_key(self.source, self.id)
        return key

    def timestamp(self) -> datetime | None:
        """Give ``time`` as an aware datetime, None where the event has none.

        Digits after the microsecond are dropped; a leap second is the second after it.
        """
        return None if self.time is None else _moment(self.time.upper())

    def to_json(self) -> bytes:
        """Give the structured JSON form, always the same bytes."""
        wire = self.wire
        if wire is None:
            wire = self.wire = _encode(self._members())
        return wire

    def to_cloudevent(self) -> CloudEvent:
        """Give the event as the CloudEvents SDK's class, its JSON data parsed.

        Raises:
            PayloadError: the data holds a number that Python does not.
        """
        if self._cloudevent is None:
            self._cloudevent = self._as_cloudevent()
        return self._cloudevent

    def payload(self) -> Any:
        """Give the data as plain Python values (JSON), or its bytes.

        Raises:
            PayloadError: the data holds a number that Python does not.
        """
        if self.data is None or not self.is_json:
            return self.data
        try:
            return _decode(self.data)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise PayloadError(
                f"the data of event {self.id!r} cannot be read: {exc}; send JSON, and numbers "
                "that no float or integer holds as text"
            ) from exc

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((self.source, self.id))

    def __repr__(self) -> str:
        return (
            f"Event(type={self.type!r}, source={self.source!r}, id={self.id!r}, "
            f"subject={self.subject!r})"
        )

    def _fields(self) -> tuple[object, ...]:
        # The types of extension values count: True == 1, but the two are sent differently.
        kinds = {name: value.__class__ for name, value in self.extensions.items()}
        return (
            self.id,
            self.source,
            self.type,
            self.subject,
            self.time,
            self.data,
            self.is_json,
            self.datacontenttype,
            self.dataschema,
            self.extensions,
            kinds,
        )

    def _members(self) -> dict[str, object]:
        members = self._attributes()
        data = self.data
        if data is None:
            return members
        if self.is_json:
            members["data"] = msgspec.Raw(data)
            return members
        text = self._text(data)
        if text is None:
            members["data_base64"] = b2a_base64(data, newline=False).decode("ascii")
        else:
            members["data"] = text
        return members

    def _attributes(self) -> dict[str, object]:
        attributes: dict[str, object] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
        }
        if self.subject is not None:
            attributes["subject"] = self.subject
        if self.time is not None:
            attributes["time"] = self.time
        if self.datacontenttype is not None:
            attributes["datacontenttype"] = self.datacontenttype
        if self.dataschema is not None:
            attributes["dataschema"] = self.dataschema
        for name in sorted(self.extensions):
            attributes[name] = self.extensions[name]
        return attributes

    def _text(self, data: bytes) -> str | None:
        if media_of(self.datacontenttype) is not Media.TEXT:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None

    def _as_cloudevent(self) -> CloudEvent:
        from cloudevents.core.v1.event import CloudEvent

        attributes: dict[str, Any] = self._attributes()
        moment = self.timestamp()
        # The SDK invents a time where the key is absent: give it one, then take it away.
        attributes["time"] = moment or datetime.fromtimestamp(0, UTC)
        event = CloudEvent(attributes, self._python_data())
        if moment is None:
            del event.get_attributes()["time"]
        return event

    def _python_data(self) -> Any:
        if self.data is None or self.is_json:
            return self.payload()
        text = self._text(self.data)
        return self.data if text is None else text


def _moment(time: str) -> datetime:
    if time[17:19] != "60":
        return datetime.fromisoformat(time)
    moment = datetime.fromisoformat(f"{time[:17]}59{time[19:]}")
    try:
        return moment + timedelta(seconds=1)
    except OverflowError:
        return moment
