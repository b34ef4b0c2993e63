"""What other workers of a store did for a process that was started here."""

from __future__ import annotations

from dataclasses import dataclass

from xorca.engine.ids import parse_subject, storage_key
from xorca.engine.record import FAILED, Record, unseal
from xorca.events import Event
from xorca.ports import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a process is; ``ours`` tells whether it came of our start event."""

    state: str
    states: tuple[str, ...]
    ours: bool
    failed: bool
    dead: tuple[str, str, str] | None
    """Type, reason and cause of its first dead letter."""


async def progress_of(store: Store, subject: str, start: Event) -> Progress | None:
    """Read how far a process is; None if there is none yet."""
    parts = parse_subject(subject)
    assert parts is not None  # it was made here
    key = storage_key(parts.name, parts.process_id)
    stored = await store.load(key)
    return None if stored is None else _progress(unseal(stored.body, where=key), start)


def _progress(record: Record, start: Event) -> Progress:
    # What an earlier start left behind, one that failed, is older than this start.
    letter = next((one for one in record.dead if one.at >= record.started), None)
    return Progress(
        state=record.state,
        states=tuple(step.state for step in record.history if step.state),
        ours=(record.origin.source, record.origin.id) == (start.source, start.id),
        failed=record.status == FAILED,
        dead=None if letter is None else (letter.type, letter.reason, letter.cause),
    )
