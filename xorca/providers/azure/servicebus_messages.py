"""An event as a message of Service Bus."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from xorca.events import Event
from xorca.providers.arguments import sized_json

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage

CONTENT_TYPE: Final = "application/cloudevents+json"
_LONGEST: Final = 128


def message_of(event: Event, *, sessions: bool) -> ServiceBusMessage:
    """Give the message of an event: its id is the event's, so that duplicates can be detected.

    Raises:
        PayloadError: the event is larger than any event may be.
    """
    return _message(event, _fitting(event.id), sessions)


def wake_up_of(event: Event, *, sessions: bool) -> ServiceBusMessage:
    """Give a message with an id of its own.

    A wake-up that came early is set again under its id, and a queue that detects duplicates
    would drop it.
    """
    return _message(event, f"{_fitting(event.id)[:95]}-{uuid4().hex}", sessions)


def sessions_of(events: Sequence[Event]) -> list[list[Event]]:
    """Give the events session by session, those of each in their order."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(_session_of(event), []).append(event)
    return list(found.values())


def _session_of(event: Event) -> str:
    """Give the subject; an event without one stands in no order, and is a session by itself."""
    return _fitting(event.subject or event.id)


def _message(event: Event, message_id: str, sessions: bool) -> ServiceBusMessage:
    from azure.servicebus import ServiceBusMessage

    found: dict[str | bytes, int | float | bytes | bool | str | UUID] = {
        "type": event.type,
        "source": event.source,
    }
    if event.subject is not None:
        found["subject"] = event.subject
    return ServiceBusMessage(
        sized_json(event),
        message_id=message_id,
        session_id=_session_of(event) if sessions else None,
        content_type=CONTENT_TYPE,
        application_properties=found,
    )


def _fitting(text: str) -> str:
    """Give an id as it is, or a hash of one that is longer than Service Bus takes."""
    return text if len(text) <= _LONGEST else sha256(text.encode()).hexdigest()
