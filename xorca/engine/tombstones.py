"""What is left of a deleted process, so that nothing that was sent to it does anything.

A tombstone keeps who it was, and the keys of its starts; memory, inbox and dead letters are
gone. Another start begins a new life in its place, and takes the keys along.
"""

from __future__ import annotations

from xorca.engine.commit import Commit, noted
from xorca.engine.ids import parse_subject
from xorca.engine.inbox import KEY, packed_has
from xorca.engine.record import DELETED, Origin, Past, Record
from xorca.engine.verdict import Verdict
from xorca.events import Event, event_key

STARTS = 1024
"""How many starts of a process id are remembered; the oldest go first."""


def entomb(commit: Commit) -> None:
    """Replace a record by its tombstone; its side objects are dropped after the commit."""
    record = commit.record
    past = record.past or Past()
    past.sides = [*past.sides, *sides_of(record)]
    if record.version not in past.versions:
        past.versions.append(record.version)
    stone = commit.record = Record(
        format=record.format,
        subject=record.subject,
        name=record.name,
        version=record.version,
        incarnation=record.incarnation,
        revision=record.revision,
        status=DELETED,
        state="",
        started=record.started,
        updated=commit.at,
        origin=Origin("", "", ""),
        floor=_last_seen(record),
        keep_until=round(commit.at + commit.limits.horizon, 3),
        past=past,
    )
    note_start(stone, event_key(record.origin.source, record.origin.id))
    for key, entry in record.inbox.items():
        if entry.dead:  # a start that failed, perhaps, or was refused
            note_start(stone, key)
    commit.sides.dropped.extend(past.sides)
    commit.changed = True


def sides_of(record: Record) -> list[str]:
    """Give the names of the side objects that a record refers to."""
    pages = [page.name for page in record.pages]
    kept = [name for basket in record.baskets.values() for name in basket.spilled]
    return [*pages, *kept, *(name for log in record.backlog.values() for name in log.spilled)]


def _last_seen(record: Record) -> float:
    """Give the time before which a repetition cannot be told from something new any more."""
    entries = [entry.at for entry in record.inbox.values()]
    pages = [page.until for page in record.pages]
    return max([record.floor, record.seen_until, *entries, *pages])


def note_start(record: Record, key: str) -> None:
    """Remember a start that is over: it begins no life of this process id, should it come."""
    past = record.past = record.past or Past()
    if not packed_has(past.starts, key):
        past.starts = (past.starts + key)[-STARTS * KEY :]


def was_started(record: Record, key: str) -> bool:
    """Tell whether a start is over."""
    return record.past is not None and packed_has(record.past.starts, key)


def elsewhere(record: Record, subject: str) -> Verdict | None:
    """Judge an event of another subject than the record's: it may be for an earlier life."""
    parts = parse_subject(subject)
    if record.past is None or parts is None or parts.version not in record.past.versions:
        return None
    return Verdict("ignored", DELETED if record.status == DELETED else "stale")


def may_be_seen(record: Record, event: Event) -> bool:
    """Tell whether a deleted process may have heard an event, as far as its time tells.

    It may have been heard within the millisecond in which it was made.
    """
    made = event.timestamp()
    if record.status != DELETED or made is None:
        return False
    return noted(made) <= record.floor
