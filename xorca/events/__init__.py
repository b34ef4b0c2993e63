"""CloudEvents: the envelope, identities, topics, and the strict reader."""

from typing import TYPE_CHECKING

from xorca.events.envelope import Event
from xorca.events.ids import derived_id, event_key
from xorca.events.limits import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from xorca.events.topic import Topic

if TYPE_CHECKING:
    from xorca.events.reader import from_cloudevent, read_batch, read_binary, read_event, read_http

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_BATCH_EVENTS",
    "MAX_EVENT_BYTES",
    "Event",
    "Topic",
    "derived_id",
    "event_key",
    "from_cloudevent",
    "read_batch",
    "read_binary",
    "read_event",
    "read_http",
]

_READER = ("from_cloudevent", "read_batch", "read_binary", "read_event", "read_http")


def __getattr__(name: str) -> object:
    """Import the reader when something is read; defining orchestrators needs none of it."""
    if name not in _READER:
        raise AttributeError(f"module 'xorca.events' has no attribute {name!r}")
    from xorca.events import reader

    return getattr(reader, name)
