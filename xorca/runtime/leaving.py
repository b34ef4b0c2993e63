"""What a commit has yet to send and to arm, by the record and by what this worker knows."""

from __future__ import annotations

from xorca.engine.commit import Arm, Commit
from xorca.events import Event, read_event

_NOTHING: set[str] = set()


def recall(commit: Commit, known: set[str]) -> None:
    """Take into the record what this worker knows to have left since it was saved."""
    record = commit.record
    for emit_id in known:
        record.outbox.pop(emit_id, None)
    for name, timer in record.timers.items():
        if not timer.set and commit.wake_id(name, timer) in known:
            timer.set = True


def unsent(commit: Commit, known: set[str]) -> list[Event]:
    """Give everything in the outbox that is not known to be out, in order of revision."""
    outbox, fresh = commit.record.outbox, commit.fresh
    if len(outbox) == len(fresh):  # nothing is left over from before
        return list(fresh.values())
    waiting = [key for key in outbox if key not in known]
    waiting.sort(key=lambda key: outbox[key].revision)
    return [fresh.get(key) or read_event(bytes(outbox[key].event)) for key in waiting]


def all_set(commit: Commit) -> bool:
    """Tell whether every wake-up is known to be set."""
    for timer in commit.record.timers.values():  # noqa: SIM110 - it is hot
        if not timer.set:
            return False
    return True


def arm_within(commit: Commit) -> None:
    """Take every wake-up that is not set into the commit, which then sets it or fails."""
    timers = commit.record.timers
    if commit.arms or not all_set(commit):
        for arm in unarmed(commit, _NOTHING):
            timer = timers.get(arm.timer)
            if timer is not None:  # else it fired in the very commit that set it
                timer.set = True


def unarmed(commit: Commit, known: set[str]) -> list[Arm]:
    """Give the wake-ups that are not known to be set."""
    due_now = {arm.timer for arm in commit.arms}
    for name, timer in commit.record.timers.items():
        if not timer.set and name not in due_now and commit.wake_id(name, timer) not in known:
            commit.rearm(name)
    return commit.arms
