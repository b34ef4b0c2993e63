"""Ending a process from outside: nothing of it runs on, and what was decided is sent."""

from __future__ import annotations

import msgspec

from xorca.engine.commit import Commit
from xorca.engine.gathering import clear_baskets
from xorca.engine.record import ACTIVE, CANCELLED, Entry
from xorca.engine.sending import release_all

CANCELLED_LINE = "cancelled"
"""What the history says in place of an event."""


def cancel_process(commit: Commit, reason: str, *, room: int) -> str:
    """Cancel a process that is active; give the status that the record has then.

    Where a fan-out left more behind than ``room`` bytes of events, as much of it is released
    as goes into one record, and the process is still active: commit, and cancel again.

    Raises:
        NeedSides: some of what is to be sent lies in side objects.
    """
    record, entry = commit.record, Entry(commit.at)
    if record.status != ACTIVE or not release_all(commit, entry, room=room):
        return record.status
    _answer(commit, reason, entry)
    record.status, record.reason = CANCELLED, reason
    commit.disarm(list(record.timers))
    clear_baskets(record, commit.sides)
    record.awaited, record.deferred, record.skipped = {}, [], []
    commit.note(CANCELLED_LINE)
    commit.changed = True
    return CANCELLED


def _answer(commit: Commit, reason: str, entry: Entry) -> None:
    """Tell whoever started the process by a command that it comes to nothing."""
    origin = commit.record.origin
    if not origin.type.startswith("cmd."):
        return
    name = f"evt.{origin.type[4:]}.error"
    data = msgspec.json.encode({"reason": CANCELLED, "cause": reason})
    told = commit.emitter.event(
        commit.next_id(), name, data, cause=origin.id, trace=dict(origin.trace)
    )
    commit.send(told, entry)
