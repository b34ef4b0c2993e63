"""A message of Service Bus, Event Hubs or a Storage queue: its properties and its body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from xorca.handlers.azure_functions.bodies import read_body
from xorca.handlers.azure_functions.sources import as_uri
from xorca.handlers.trigger import Member, Origin, is_binary, read_attributes

_PREFIXES: Final = ("cloudevents:", "cloudevents_", "ce-", "ce_")
_STRUCTURED: Final = "application/cloudevents"


def read_message(
    body: bytes | str,
    origin: Origin,
    *,
    content_type: str | None,
    properties: Mapping[str, object],
    native: bool,
) -> list[Member]:
    """Read a message, in binary mode where its properties are those of an event.

    The content type decides between the two; where it is that of CloudEvents, the properties
    only repeat what is in the body.
    """
    kind = (content_type or "").strip().lower()
    if kind.startswith(_STRUCTURED):
        return read_body(body, origin, native=native)
    attributes = attributes_of(properties)
    if not is_binary(attributes):
        return read_body(body, origin, native=native)
    if content_type:
        attributes["content-type"] = content_type
    return read_attributes(attributes, body, origin)


def attributes_of(properties: Mapping[str, object]) -> dict[str, str]:
    """Give the attributes among application properties, as ``ce-`` names.

    The AMQP binding of CloudEvents writes ``cloudEvents:id``, or ``cloudEvents_id`` where a
    client takes no colon.
    """
    found: dict[str, str] = {}
    for name, value in properties.items():
        lower = name.lower()
        prefix = next((each for each in _PREFIXES if lower.startswith(each)), None)
        if prefix is not None and value is not None:
            found[f"ce-{lower.removeprefix(prefix)}"] = _text(value)
    if "ce-source" in found:
        found["ce-source"] = as_uri(found["ce-source"])
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
