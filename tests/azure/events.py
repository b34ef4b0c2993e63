"""Events for the processes of ``machines``."""

from __future__ import annotations

import json

from tests.azure.machines import Opened, Tally
from xorca.events import Event, from_cloudevent

SUBJECT = "tally/1.0.0/hot"


def started(process_id: str = "hot") -> Event:
    """Give the start event of a process."""
    event = Tally.start_event(
        Opened(), process_id=process_id, id=f"start-{process_id}", source="/test"
    )
    return from_cloudevent(event)


def tick(token: str, subject: str = SUBJECT) -> Event:
    """Give an event that counts."""
    return Event(
        id=f"tick-{token}",
        source="/test",
        type="evt.tally.tick",
        subject=subject,
        data=json.dumps({"token": token}).encode(),
        datacontenttype="application/json",
    )
