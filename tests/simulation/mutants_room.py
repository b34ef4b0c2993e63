"""Mutants of what is done about a record that would be larger than its store takes."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

SUBJECT = "xorca.runtime.subject"

ROOM: tuple[Mutant, ...] = (
    Mutant(
        "half a batch for the whole",
        "the second part of a batch that has no room at once is told of and not applied",
        (
            Edit(
                SUBJECT,
                "SubjectWorker._halves",
                "await self._attempts(key, items[middle:], publish=publish)",
                '[_outcome(one, Verdict("applied"), None) for one in items[middle:]]',
            ),
        ),
    ),
    Mutant(
        "room without sending",
        "what a full record has yet to send is taken for sent, to make room",
        (
            Edit(
                SUBJECT,
                "SubjectWorker._empty",
                "await publish_all(self.bus, commit, warm.out)",
                "warm.out.update(commit.record.outbox)",
            ),
        ),
    ),
    Mutant(
        "room asked for again and again",
        "that nothing more can leave a full record is not noted, so that an event is put off for ever",
        (Edit(SUBJECT, "SubjectWorker._relieve", "work.emptied = True", "pass"),),
    ),
)
