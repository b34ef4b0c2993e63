"""The processes that are pruned: they end at once, or wait for ever."""

from __future__ import annotations

import json
from datetime import timedelta

from xorca import Final, Orchestrator, State, emit, on, start
from xorca.events import Event

NAME = "stress.done"
KEPT = timedelta(seconds=1)


class Done(Orchestrator, name=NAME, retain=KEPT):
    """One start ends it and tells so; by the other it waits, and counts what it hears."""

    count: int = 0

    waiting = State()
    done = Final()

    @start("cmd.stress.finish", to=done)
    @emit("notif.stress.done")
    def finish(self) -> str:
        return self.process_id

    @start("cmd.stress.wait", to=waiting)
    def wait(self) -> None: ...

    @on("evt.stress.tick", at=waiting)
    def tick(self) -> None:
        self.count += 1

    @on("evt.stress.stop", at=waiting, to=done)
    def stop(self) -> None: ...


def begin(kind: str, process_id: str, id: str) -> Event:
    """Make a start: ``finish`` or ``wait``."""
    return _event(f"cmd.stress.{kind}", id, processid=process_id)


def tick(process_id: str, id: str) -> Event:
    """Make an event for a process that waits."""
    return _event("evt.stress.tick", id, subject=subject_of(process_id))


def subject_of(process_id: str) -> str:
    """Give the subject of a process."""
    return f"{NAME}/1.0.0/{process_id}"


def _event(name: str, id: str, *, subject: str | None = None, **extensions: str) -> Event:
    return Event(
        id=id,
        source="/stress",
        type=name,
        subject=subject,
        data=json.dumps(None).encode(),
        datacontenttype="application/json",
        extensions=dict(extensions),
    )
