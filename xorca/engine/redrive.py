"""Redriving: a dead letter is opened, and its events are stepped as if they came now.

All of it happens in one commit: the letter goes, its events are not dead any more, and
whatever the step makes of them is recorded. One that fails again makes a new letter.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from xorca.engine.commit import Commit
from xorca.engine.record import Dead, Entry, Record
from xorca.events import Event, read_event

UNPROVABLE = "stale-unprovable"


def find_letter(record: Record, key: str) -> Dead | None:
    """Give the dead letter of an event, if the event itself was kept."""
    return next((dead for dead in record.dead if dead.key == key and dead.events), None)


def events_of(letter: Dead) -> list[Event]:
    """Give what a letter kept: the other parts of a join first, the letter's own event last.

    So what the join emits belongs to the same event as when it failed.
    """
    own, *others = [read_event(bytes(kept)) for kept in letter.events]
    return [*others, own]


def open_letter(record: Record, letter: Dead) -> dict[str, Entry]:
    """Take a letter out of a record, and its events out of the inbox; give their entries."""
    record.dead.remove(letter)
    keys = [event.key for event in events_of(letter)]
    return {key: record.inbox.pop(key) for key in keys if key in record.inbox}


@contextmanager
def as_new(record: Record, letter: Dead) -> Generator[None]:
    """Hide which events were seen, for a step of those that a letter kept.

    They were proven new when they died, and nothing was done with them since. What died
    because it could not be proven new still cannot. Nor is it held against their source.
    """
    hidden = record.seen, record.answered, record.pages, record.floor
    noise, record.noise = record.noise, {}
    if letter.reason != UNPROVABLE:
        record.seen, record.answered, record.pages, record.floor = "", "", [], 0.0
    try:
        yield
    finally:
        record.seen, record.answered, record.pages, record.floor = hidden
        record.noise = noise


def close_letter(commit: Commit, before: Mapping[str, Entry]) -> None:
    """Have the events stay known, and what told of the letter stay theirs while it is not out."""
    record = commit.record
    for key, old in before.items():
        entry = record.inbox.setdefault(key, Entry(commit.at, answered=old.answered))
        entry.emits[:0] = [emit for emit in old.emits if emit in record.outbox]
    commit.changed = True
