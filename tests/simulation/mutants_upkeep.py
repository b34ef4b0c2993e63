"""Mutants of what is asked without an event: cancel, delete, sweep, redrive."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

UPKEEP: tuple[Mutant, ...] = (
    Mutant(
        "starts forgotten with their life",
        "a start that was redelivered after its process was deleted begins another",
        (
            Edit(
                "xorca.engine.tombstones",
                "was_started",
                "return record.past is not None and",
                "return False and",
            ),
        ),
    ),
    Mutant(
        "deleted before it is sent",
        "a process is deleted with what it decided still unsent",
        (Edit("xorca.runtime.removing", "Removal.alter", "if record.outbox and", "if False and"),),
    ),
    Mutant(
        "redriven and still known",
        "the letter goes, and its event is taken for one that was seen",
        (Edit("xorca.engine.redrive", "open_letter", "if key in record.inbox", "if False"),),
    ),
    Mutant(
        "marked and not sent",
        "a sweep notes what it found as sent",
        (
            Edit(
                "xorca.runtime.sweeping",
                "Sweeper._publish",
                "if events and await self._tried(found, self._send(events)):",
                "if events:",
            ),
        ),
    ),
    Mutant(
        "cancelled with its backlog",
        "what a fan-out had yet to send is dropped when the process is cancelled",
        (
            Edit(
                "xorca.engine.cancelling",
                "cancel_process",
                "or not release_all(commit, entry, room=room)",
                "",
            ),
        ),
    ),
)
