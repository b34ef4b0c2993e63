"""The effects after a commit: wake-ups are set, what is not needed any more is taken back."""

from __future__ import annotations

import logging

from xorca.engine.commit import Commit
from xorca.engine.ids import side_key
from xorca.errors import PortError
from xorca.ports import Alarm, Bus, Store
from xorca.runtime.leaving import unarmed, unsent
from xorca.telemetry.lines import say


async def arm_all(alarm: Alarm | None, commit: Commit, known: set[str]) -> None:
    """Set every wake-up that is not known to be set."""
    if alarm is None:
        return
    for arm in unarmed(commit, known):
        await alarm.set(arm.event, arm.due)
        known.add(arm.event.id)


async def publish_all(bus: Bus | None, commit: Commit, known: set[str]) -> None:
    """Publish everything in the outbox that is not known to be out."""
    waiting = unsent(commit, known)
    if bus is None or not waiting:
        return
    await bus.publish(waiting)
    known.update(event.id for event in waiting)


async def tidy(store: Store, alarm: Alarm | None, key: str, commit: Commit) -> None:
    """Take back wake-ups and side objects that are not needed; failing is harmless."""
    try:
        if alarm is not None:
            for event_id in commit.disarms:
                await alarm.cancel(event_id)
        for name in commit.sides.dropped:
            await store.delete(side_key(key, name))
    except PortError as exc:
        subject = commit.record.subject
        message, fields = f"{subject}: left something behind", {"subject": subject}
        say(logging.INFO, "tidy.failed", message, fields, error=exc)
