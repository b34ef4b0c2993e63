"""What a sweep does to a record: no class is needed for it, and no handler runs."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime

from xorca.engine.commit import Commit, Limits
from xorca.engine.record import ACTIVE, DELETED, Record
from xorca.engine.settling import expire_deferred
from xorca.engine.tombstones import sides_of


class Sweep(Commit):
    """A record as a sweep finds it.

    ``rested`` tells whether it was left alone since ``before``, so that nobody is likely to be
    about to send what it holds. ``unmarked`` is how much of what is stored is not known there
    to be out, and ``expired`` how many deferred events this commit gives up.
    """

    __slots__ = ("expired", "rested", "unmarked")

    def __init__(self, record: Record, now: datetime, limits: Limits, *, before: float) -> None:
        Commit.__init__(self, record, now, limits)
        self.rested: bool = record.updated <= before
        self.unmarked = unmarked(record)
        self.expired = 0

    def finish(self) -> Record:
        """Give the record to be saved; noting what is out is no news of the process."""
        updated = self.record.updated
        record = Commit.finish(self)
        if not self.fresh:
            record.updated = updated
        return record

    def settle(self) -> None:
        """Give up what waited too long, and have the wake-ups set anew that should have come."""
        record, waiting = self.record, len(self.record.deferred)
        if record.status != ACTIVE:
            return
        expire_deferred(self)
        self.expired = waiting - len(record.deferred)
        for name, timer in record.timers.items():
            if timer.due <= self.at and not self._is_dead(name):
                self.rearm(name)

    def _is_dead(self, name: str) -> bool:
        """Tell whether a wake-up came, and only a redrive can do its work."""
        record = self.record
        entry = record.inbox.get(self.wake_up(name, record.timers[name]).key)
        return entry is not None and entry.dead

    def note_out(self, out: AbstractSet[str]) -> None:
        """Note which events and wake-ups are known to be out."""
        record = self.record
        for emit_id in [emit_id for emit_id in record.outbox if emit_id in out]:
            del record.outbox[emit_id]
        for name, timer in record.timers.items():
            timer.set = timer.set or self.wake_id(name, timer) in out
        self.changed = unmarked(record) < self.unmarked


class Collection(Sweep):
    """A record whose side objects are looked through; its own content stays as it is.

    A side object is named after the commit that writes it, and no later one refers to it
    unless that commit did. So the objects that were there before this commit, and that the
    record does not refer to, can only be wanted by a commit of this very revision; when this
    one is saved, that one is refused, and writes its objects anew under other names.
    """

    __slots__ = ()

    def finish(self) -> Record:
        """Give the record to be saved: nothing but its revision is new."""
        self.record.revision = self.revision
        return self.record

    def drop(self, names: AbstractSet[str]) -> None:
        """Have those of some side objects deleted that the record does not refer to."""
        over = self.record.status != ACTIVE and self.rested
        unused = names - {*sides_of(self.record)} if over else set[str]()
        self.sides.dropped.extend(sorted(unused))
        self.changed = bool(unused)


def unmarked(record: Record) -> int:
    """Count the events and wake-ups of a record that are not known to be out."""
    return len(record.outbox) + sum(not timer.set for timer in record.timers.values())


def resting_time(status: str, *, least: float, horizon: float) -> float:
    """Give for how long a process must be over before its side objects are looked through."""
    return least if status == DELETED else max(least, horizon)
