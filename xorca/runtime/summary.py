"""What a store may index of a record."""

from __future__ import annotations

from xorca.engine.record import Record
from xorca.ports import Summary


def summary_of(record: Record) -> Summary:
    """Give what a store may index of a record."""
    dues = [timer.due for timer in record.timers.values()]
    dues += [deferred.expires for deferred in record.deferred]
    return Summary(
        subject=record.subject,
        name=record.name,
        version=record.version,
        status=record.status,
        state=record.state,
        revision=record.revision,
        updated=record.updated,
        due=min(dues) if dues else record.keep_until or None,
        pending=bool(record.outbox) or not all(timer.set for timer in record.timers.values()),
    )
