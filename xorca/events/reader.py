"""The strict reader: everything that comes from outside passes here.

What breaks a rule raises InvalidEvent. Its ``reason`` is one of ``malformed``,
``too-large``, ``too-deep``, ``missing-attribute``, ``invalid-attribute``,
``duplicate-attribute``, ``invalid-data`` and ``unsupported``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xorca.errors import InvalidEvent
from xorca.events.binary import read_binary
from xorca.events.envelope import Event
from xorca.events.limits import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from xorca.events.sdk import from_cloudevent
from xorca.events.structured import read_batch, read_event

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_BATCH_EVENTS",
    "MAX_EVENT_BYTES",
    "from_cloudevent",
    "read_batch",
    "read_binary",
    "read_event",
    "read_http",
]

_STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"


def read_http(headers: Mapping[str, str], body: bytes) -> list[Event | InvalidEvent]:
    """Read the events of an HTTP request, in whichever mode they were sent.

    Raises:
        InvalidEvent: the request as a whole holds no events; a bad member of a batch is
            given in its place instead.
    """
    names = {name.lower(): value for name, value in headers.items()}
    content_type = names.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _STRUCTURED:
        return [read_event(body)]
    if media_type == _BATCH:
        return read_batch(body)
    if "ce-specversion" in names and not media_type.startswith("application/cloudevents"):
        return [read_binary(headers, body)]
    raise InvalidEvent(
        f"the request holds no event: its content type is {content_type[:60]!r} and it has no "
        f"header ce-specversion; send {_STRUCTURED}, {_BATCH}, or ce- headers",
        reason="unsupported",
    )
