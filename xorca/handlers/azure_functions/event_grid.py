"""Events of the Event Grid schema as CloudEvents, by the mapping that Event Grid itself has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from xorca.errors import InvalidEvent
from xorca.events import read_event
from xorca.handlers.azure_functions.sources import as_uri
from xorca.handlers.trigger import Member, Origin

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_SAME: Final = ("id", "subject", "data")
_RENAMED: Final = {"topic": "source", "eventType": "type", "eventTime": "time"}
_EXTENSIONS: Final = {"dataVersion": "dataversion"}


def is_native(members: Mapping[str, object]) -> bool:
    """Tell whether an object is an event of the Event Grid schema."""
    return "specversion" not in members and "eventType" in members and "id" in members


def converted(members: Mapping[str, msgspec.Raw], origin: Origin) -> Member:
    """Give the CloudEvent of an event of the Event Grid schema.

    ``topic`` is its source, ``eventType`` its type, ``eventTime`` its time. One whose subject
    is empty is refused: nobody is meant by it.
    """
    event: dict[str, object] = {"specversion": "1.0"}
    event |= {name: members[name] for name in _SAME if name in members}
    event |= {new: members[old] for old, new in _RENAMED.items() if old in members}
    event |= {new: members[old] for old, new in _EXTENSIONS.items() if _says(members.get(old))}
    try:
        event["source"] = _source(members.get("topic"))
        return read_event(_encode(event))
    except InvalidEvent as error:
        return origin.refuse_for(error)


def _says(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw) not in (b'""', b"null")


def _source(topic: msgspec.Raw | None) -> object:
    try:
        found: object = None if topic is None else _decode(topic)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if not found:
        raise InvalidEvent(
            "the event of the Event Grid schema has no topic, which would be its source: let"
            " Event Grid deliver it, which sets the topic, or send CloudEvents",
            reason="missing-attribute",
        )
    return as_uri(found) if isinstance(found, str) else found
