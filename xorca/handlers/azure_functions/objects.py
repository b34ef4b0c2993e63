"""What the Python worker hands to a function: the types of ``azure.functions``, by their shape.

They are told by what they have, so that nothing of the package is needed to read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol, cast, runtime_checkable

from xorca.errors import InvalidEvent
from xorca.handlers.azure_functions.bodies import read_body
from xorca.handlers.azure_functions.http import read_http_request
from xorca.handlers.azure_functions.messages import read_message
from xorca.handlers.trigger import Member, Origin, json_of


@runtime_checkable
class CloudEventBinding(Protocol):
    """``azure.functions.CloudEvent``."""

    id: str
    source: str
    type: str
    specversion: str
    subject: str | None
    time: datetime | None
    datacontenttype: str | None
    dataschema: str | None
    extension_attrs: dict[str, object]

    def get_json(self) -> object:
        """Give the data."""
        ...


@runtime_checkable
class EventGridBinding(Protocol):
    """``azure.functions.EventGridEvent``."""

    id: str
    topic: str | None
    subject: str | None
    event_type: str | None
    event_time: datetime | None
    data_version: str | None

    def get_json(self) -> object:
        """Give the data."""
        ...


@runtime_checkable
class RequestBinding(Protocol):
    """``azure.functions.HttpRequest``."""

    method: str
    url: str
    headers: Mapping[str, str]
    route_params: Mapping[str, str]

    def get_body(self) -> bytes:
        """Give the body."""
        ...


@runtime_checkable
class MessageBinding(Protocol):
    """A message of any queue: ``ServiceBusMessage``, ``QueueMessage``, ``EventHubEvent``."""

    def get_body(self) -> bytes:
        """Give the body."""
        ...


def is_binding(given: object) -> bool:
    """Tell whether this is one of the types that are read here."""
    return isinstance(given, (CloudEventBinding, EventGridBinding, MessageBinding))


def read_binding(given: object, origin: Origin, *, native: bool) -> list[Member]:
    """Read what the worker made of a trigger."""
    if isinstance(given, CloudEventBinding):
        return _read_members(members_of(given), origin, native=native)
    if isinstance(given, EventGridBinding):
        if given.event_type is None:
            return [origin.refuse("unsupported", _DROPPED)]
        return _read_members(members_of(given), origin, native=native)
    if isinstance(given, RequestBinding):
        return read_http_request(given.headers, given.get_body(), origin, native=native)
    if isinstance(given, MessageBinding):
        return _read_message(given, origin, native=native)
    text = f"a {type(given).__name__} is no trigger payload: pass what the function was given"
    return [origin.refuse("unsupported", text)]


def members_of(given: CloudEventBinding | EventGridBinding) -> dict[str, object]:
    """Give an event of Event Grid as the JSON object that it came as."""
    if isinstance(given, CloudEventBinding):
        return _cloud_event(given)
    return {
        "id": given.id,
        "topic": given.topic,
        "subject": given.subject,
        "eventType": given.event_type,
        "eventTime": _moment(given.event_time),
        "data": given.get_json(),
        "dataVersion": given.data_version,
    }


def _cloud_event(given: CloudEventBinding) -> dict[str, object]:
    return {
        "specversion": given.specversion,
        "id": given.id,
        "source": given.source,
        "type": given.type,
        "subject": given.subject,
        "time": _moment(given.time),
        "datacontenttype": given.datacontenttype,
        "dataschema": given.dataschema,
        **given.extension_attrs,
        "data": given.get_json(),
    }


def _read_members(members: dict[str, object], origin: Origin, *, native: bool) -> list[Member]:
    said = {name: value for name, value in members.items() if value is not None}
    try:
        return read_body(json_of(said), origin, native=native)
    except InvalidEvent as error:
        return [origin.refuse_for(error)]


def _read_message(given: MessageBinding, origin: Origin, *, native: bool) -> list[Member]:
    found = getattr(given, "message_id", None) or getattr(given, "id", None)
    origin = Origin(origin.place, found if isinstance(found, str) else None)
    content_type = getattr(given, "content_type", None)
    return read_message(
        given.get_body(),
        origin,
        content_type=content_type if isinstance(content_type, str) else None,
        properties=_properties(given),
        native=native,
    )


def _properties(given: MessageBinding) -> Mapping[str, object]:
    for name in ("application_properties", "user_properties"):
        found = getattr(given, name, None)
        if isinstance(found, Mapping) and found:
            return cast("Mapping[str, object]", found)
    metadata = getattr(given, "metadata", None)  # of Event Hubs
    if not isinstance(metadata, Mapping):
        return {}
    found = cast("Mapping[str, object]", metadata).get("Properties")
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}


def _moment(time: datetime | None) -> str | None:
    """Give a time as text; None where the binding has dropped the offset that it came with."""
    if time is None or time.tzinfo is None:
        return None
    return time.isoformat().replace("+00:00", "Z")


_DROPPED: Final = (
    "this azure-functions reads CloudEvents as events of the Event Grid schema and drops their"
    " type: install azure-functions 1.25 or newer"
)
