"""Events as a test makes them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from cloudevents.core.v1.event import CloudEvent

from xorca.codec import encode_json
from xorca.events import Event
from xorca_contrib.testing.errors import XorcaTestError

SOURCE = "/xorca/test"

Deliverable: TypeAlias = CloudEvent | Event | bytes | str
"""What may be delivered: an event, or structured JSON, valid or not."""


def make_event(
    event_type: str,
    payload: object,
    *,
    id: str,
    at: datetime,
    subject: str | None = None,
    causationid: str | None = None,
) -> Event:
    """Make an event; a payload of None is no data.

    Raises:
        XorcaTestError: the payload has no JSON form.
    """
    return Event(
        id=id,
        source=SOURCE,
        type=event_type,
        subject=subject,
        time=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        data=_encoded(event_type, payload),
        datacontenttype=None if payload is None else "application/json",
        extensions={} if causationid is None else {"causationid": causationid},
    )


def _encoded(event_type: str, payload: object) -> bytes | None:
    if payload is None:
        return None
    try:
        return encode_json(payload)
    except (TypeError, ValueError, NotImplementedError) as exc:
        raise XorcaTestError(
            f"the payload of {event_type!r} has no JSON form ({exc}): give a dataclass, TypedDict,"
            " msgspec Struct, pydantic model, or plain JSON values"
        ) from exc
