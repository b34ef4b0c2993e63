"""CloudEvents: the envelope, identities, topics, and the strict reader."""

from xorca.events.envelope import Event
from xorca.events.ids import derived_id, event_key
from xorca.events.limits import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from xorca.events.reader import from_cloudevent, read_batch, read_binary, read_event, read_http
from xorca.events.topic import Topic

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
