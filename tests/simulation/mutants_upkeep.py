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
    Mutant(
        "pruned on the word of a list",
        "what was over when it was listed is deleted, whatever it is by then",
        (
            Edit(
                "xorca.runtime.pruning",
                "Pruner._allow",
                "and self._is_over(summary_of(record))",
                "",
            ),
        ),
    ),
    Mutant(
        "cancelled and nobody told",
        "whoever started a process does not hear that it was cancelled",
        (
            Edit(
                "xorca.engine.cancelling",
                "_answer",
                'if not origin.type.startswith("cmd."):',
                "if True:",
            ),
        ),
    ),
    Mutant(
        "changed from the cache",
        "a cancel, a delete or a sweep trusts a cached record, whatever is stored",
        (
            Edit(
                "xorca.runtime.changing",
                "Changer._read",
                "if known is not None and known.tag == stored.tag:",
                "if known is not None:",
            ),
        ),
    ),
    Mutant(
        "redriven and still dead",
        "the letter of what was redriven stays, to be redriven again",
        (Edit("xorca.engine.redrive", "open_letter", "record.dead.remove(letter)", "pass"),),
    ),
)
