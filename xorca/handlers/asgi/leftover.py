"""What a process emitted and nobody is known to have, where no bus carries it."""

from __future__ import annotations

from xorca.engine.ids import parse_subject, storage_key
from xorca.engine.record import Record, unseal
from xorca.events import Event, read_event
from xorca.ports import Store


async def last_emitted(store: Store, subject: str) -> list[Event]:
    """Give the events of the newest revision that are in the outbox, in order."""
    record = await _record(store, subject)
    if record is None:
        return []
    newest = [out for out in record.outbox.values() if out.revision == record.revision]
    return [read_event(bytes(out.event)) for out in newest]


async def emitted_by(store: Store, subject: str, key: str) -> list[Event]:
    """Give what an event, by its key, led to and is in the outbox, in order."""
    record = await _record(store, subject)
    entry = None if record is None else record.inbox.get(key)
    if record is None or entry is None:
        return []
    found = [record.outbox.get(emit) for emit in entry.emits]
    return [read_event(bytes(out.event)) for out in found if out is not None]


async def _record(store: Store, subject: str) -> Record | None:
    parts = parse_subject(subject)
    stored = None if parts is None else await store.load(storage_key(parts.name, parts.process_id))
    return None if stored is None else unseal(stored.body, where=subject)
